/* The logins that a profile publishes, looked for among what a server offers. */
#include "port_expect_private.h"

static const char *const mechanisms[] = { "PLAIN",
                                          "LOGIN",
                                          "XOAUTH2",
                                          "OAUTHBEARER",
                                          "CRAM-MD5",
                                          "DIGEST-MD5",
                                          "SCRAM-SHA-1",
                                          "SCRAM-SHA-256",
                                          "SCRAM-SHA-512",
                                          "SCRAM-SHA-1-PLUS",
                                          "SCRAM-SHA-256-PLUS",
                                          "SCRAM-SHA-512-PLUS",
                                          "EXTERNAL",
                                          "GSSAPI",
                                          "NTLM" };

enum { NEEDS_MAX = 10 };
static const struct kind {
    unsigned bits; /* of enum profile_auth: any of them is this kind */
    const char *name;
    const char *needs[NEEDS_MAX]; /* one of these mechanisms */
    bool command;                 /* ... or LOGIN (IMAP), USER (POP3) */
} kinds[] = {
    { AUTH_PASSWORD | AUTH_APP_PASSWORD, "a password", { "PLAIN", "LOGIN" }, true },
    { AUTH_OAUTH2, "OAuth2", { "XOAUTH2", "OAUTHBEARER" }, false },
    { AUTH_ENCRYPTED_PASSWORD,
      "an encrypted password",
      { "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
        "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS" },
      false },
    { AUTH_CLIENT_CERTIFICATE, "a client certificate", { "EXTERNAL" }, false },
};

/* LOGIN and USER, which are no mechanisms. */
static const char *login_command(const struct profile_service *s, const struct capabilities *caps)
{
    if (s->protocol == PROTOCOL_IMAP)
        return caps_has(caps, S("LOGINDISABLED")) ? NULL : "the LOGIN command";
    return s->protocol == PROTOCOL_POP3 && caps_has(caps, S("USER")) ? "USER" : NULL;
}

static bool offers(const struct kind *k, const struct profile_service *s,
                   const struct port_facts *f, const struct capabilities *caps)
{
    for (size_t i = 0; i < NEEDS_MAX && k->needs[i]; i++)
        if (caps_has_mechanism(caps, slice_of(k->needs[i])))
            return true;
    /* EXTERNAL is often offered only to those who showed one. */
    if (k->bits == AUTH_CLIENT_CERTIFICATE && f->tls.client_certificate_requested)
        return true;
    if (k->bits == AUTH_ENCRYPTED_PASSWORD && f->apop)
        return true;
    return k->command && login_command(s, caps);
}

static void add_offered(const struct profile_service *s, const struct port_facts *f,
                        const struct capabilities *caps, struct buf *out)
{
    const char *command = login_command(s, caps), *comma = "";
    size_t before = out->n;
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (caps_has_mechanism(caps, slice_of(mechanisms[i]))) {
            buf_addf(out, "%s%s", comma, mechanisms[i]);
            comma = ", ";
        }
    if (f->apop) {
        buf_addf(out, "%sAPOP", comma);
        comma = ", ";
    }
    if (command)
        buf_addf(out, "%s%s", comma, command);
    if (out->n == before)
        buf_adds(out, "none");
}

static void add_needs(const struct kind *k, const struct profile_service *s, struct buf *out)
{
    buf_adds(out, k->needs[0]);
    for (size_t i = 1; i < NEEDS_MAX && k->needs[i]; i++)
        buf_addf(out, "%s%s", i + 1 < NEEDS_MAX && k->needs[i + 1] ? ", " : " or ", k->needs[i]);
    if (k->command && s->protocol != PROTOCOL_SMTP)
        buf_addf(out, ", or %s", s->protocol == PROTOCOL_IMAP ? "the LOGIN command" : "USER");
    if (k->bits == AUTH_ENCRYPTED_PASSWORD && s->protocol == PROTOCOL_POP3)
        buf_adds(out, ", or APOP");
}

static bool missing(const struct kind *k, const struct profile_service *s,
                    const struct port_facts *f, const char *name, const struct capabilities *caps,
                    struct held *ret)
{
    ret->outcome = OUTCOME_FAIL;
    buf_addf(&ret->text, "%s offers no login with %s%s: that needs ", name, k->name,
             s->tls == TLS_MODE_NONE ? "" : " in TLS");
    add_needs(k, s, &ret->text);
    buf_adds(&ret->text, ", and it offers ");
    add_offered(s, f, caps, &ret->text);
    buf_adds(&ret->text, "; enable it on the server, or publish the logins that there are");
    buf_adds(&ret->actual, "logins: ");
    add_offered(s, f, caps, &ret->actual);
    return false;
}

static bool missing_all(const struct profile_service *s, const struct port_facts *f,
                        const char *name, const struct capabilities *caps, struct held *ret)
{
    char auth[128];
    bool oauth =
        caps_has_mechanism(caps, S("XOAUTH2")) || caps_has_mechanism(caps, S("OAUTHBEARER"));
    ret->outcome = OUTCOME_FAIL;
    buf_addf(&ret->text, "%s offers none of the logins that are needed (%s); it offers ", name,
             profile_auth_text(s->auth, auth));
    add_offered(s, f, caps, &ret->text);
    buf_addf(&ret->text, "; enable one of them on the server%s",
             oauth ? ", unless the client knows this provider's OAuth2" : "");
    buf_adds(&ret->actual, "logins: ");
    add_offered(s, f, caps, &ret->actual);
    return false;
}

/* A server that cannot list its capabilities (POP3 without CAPA) was at least tried. */
static bool without_list(const struct profile_service *s, const struct port_facts *f,
                         const char *name, struct held *ret)
{
    bool password = (s->auth & kinds[0].bits) != 0;
    if (password && f->login_in_tls == SEEN_YES)
        return true;
    ret->outcome = OUTCOME_ERROR;
    buf_addf(&ret->text, "which logins %s offers could not be found out", name);
    return false;
}

bool port_hold_logins(const struct profile_service *s, const struct port_facts *f, const char *name,
                      bool any_auth, struct held *ret)
{
    const struct capabilities *caps = s->tls == TLS_MODE_NONE ? &f->clear_caps : &f->tls_caps;
    bool any = false;
    if (!s->auth || s->auth == AUTH_NONE)
        return true;
    if (!caps->known)
        return without_list(s, f, name, ret);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!(s->auth & kinds[i].bits))
            continue;
        bool offered = offers(&kinds[i], s, f, caps);
        any |= offered;
        if (!offered && !any_auth)
            return missing(&kinds[i], s, f, name, caps, ret);
    }
    return any || missing_all(s, f, name, caps, ret);
}
