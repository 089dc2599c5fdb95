/* POP3's three ways in: AUTH (RFC 5034), APOP and USER/PASS (RFC 1939 section 7). */
#include "client_steps.h"
#include "pop3_client.h"
#include <openssl/evp.h>

/* APOP name digest: MD5 of timestamp and secret, in lower case hexadecimal. */
static int apop(struct pop3_client *p, const struct credentials *who, nsec deadline,
                struct error *err)
{
    if (!p->timestamp)
        return error_set(err, ERR_LOGIN, "APOP: the greeting had no timestamp");
    auto_buf text = { 0 }, line = { 0 };
    buf_init(&text, BUF_OURS);
    buf_init(&line, BUF_OURS);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    buf_adds(&text, p->timestamp);
    buf_add(&text, who->password);
    if (!EVP_Digest(text.p, text.n, digest, &n, EVP_md5(), NULL))
        return error_set(err, ERR_INTERNAL, "APOP: this OpenSSL has no MD5");
    buf_addf(&line, "APOP %.*s ", SLICE_ARG(who->user));
    for (unsigned i = 0; i < n; i++)
        buf_addf(&line, "%02x", digest[i]);
    return pop3_command_ok(p, buf_slice(&line), ERR_LOGIN, deadline, err);
}

static int user_pass(struct pop3_client *p, const struct credentials *who, nsec deadline,
                     struct error *err)
{
    if (!conn_in_tls(p->conn) && !who->allow_clear)
        return error_set(err, ERR_USAGE,
                         "PASS would show the password on a connection without TLS");
    autofree char *user = xprintf("USER %.*s", SLICE_ARG(who->user));
    autofree char *pass = xprintf("PASS %.*s", SLICE_ARG(who->password));
    int result = pop3_command_ok(p, slice_of(user), ERR_LOGIN, deadline, err);
    if (result < 0)
        return result;
    return pop3_command_ok(p, slice_of(pass), ERR_LOGIN, deadline, err);
}

/* A server that has no CAPA, or tells nothing of logins in it, knows USER at least. */
static slice choose(struct pop3_client *p, const struct credentials *who)
{
    const struct capabilities *caps = session_caps(&p->caps);
    bool in_tls = conn_in_tls(p->conn);
    slice mechanism = sasl_choose(caps, who, in_tls);
    if (mechanism.n || !who->password.n)
        return mechanism;
    if (p->timestamp)
        return S("APOP");
    bool offered = caps_has(caps, S("USER")) || !caps_has(caps, S("SASL"));
    return offered && (in_tls || who->allow_clear) ? S("USER") : (slice) { 0 };
}

static int login_by(struct pop3_client *p, const struct credentials *who, nsec deadline,
                    struct error *err)
{
    if (slice_eq_nocase(who->mechanism, S("APOP")))
        return apop(p, who, deadline, err);
    if (slice_eq_nocase(who->mechanism, S("USER")))
        return user_pass(p, who, deadline, err);
    struct sasl_options options = { .who = who };
    struct sasl_outcome outcome = { 0 };
    int result =
        sasl_login(p->conn, S(""), &options, session_caps(&p->caps), deadline, &outcome, err);
    p->in_use = outcome.in_use;
    return result;
}

int pop3_login(struct pop3_client *p, const struct credentials *who, nsec deadline,
               struct error *err)
{
    struct secrets *secrets = transcript_secrets(conn_transcript(p->conn));
    struct credentials with = *who;
    if (secrets)
        secrets_add(secrets, who->password);
    if (!session_caps(&p->caps)->known) {
        int result = pop3_capa(p, deadline, err);
        if (result < 0)
            return result;
    }
    if (!with.mechanism.n)
        with.mechanism = choose(p, who);
    if (!with.mechanism.n)
        return error_set(err, ERR_LOGIN, "the server offers no way to log in that we can use");
    int result = login_by(p, &with, deadline, err);
    if (result < 0)
        return result;
    session_caps_enter(&p->caps, CAPS_LOGIN);
    return pop3_capa(p, deadline, err);
}
