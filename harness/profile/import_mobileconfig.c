/* Apple's configuration profiles: payloads of type com.apple.mail.managed in a property list. */
#include "import_private.h"
#include <stdio.h>

/* The value of a key of a <dict>: the element behind <key>NAME</key>. NULL: none. */
static const struct xml_node *value_of(struct importing *g, const struct xml_node *dict,
                                       const char *name)
{
    const struct xml_node *found = NULL;
    for (const struct xml_node *k = dict ? dict->first : NULL; k; k = k->next) {
        if (!xml_is(k, "key") || !slice_eq_str(k->text, name))
            continue;
        if (!k->next || xml_is(k->next, "key")) {
            import_say(g, IMPORT_WRONG, k->at, "the key %s has no value", name);
            continue;
        }
        if (found)
            import_say(g, IMPORT_WARN, k->at, "a second %s: the first counts here", name);
        else
            found = k->next;
    }
    return found;
}

static bool has_key(const struct xml_node *dict, const char *prefix, const char *rest)
{
    char name[80];
    snprintf(name, sizeof name, "%s%s", prefix, rest);
    for (const struct xml_node *k = dict->first; k; k = k->next)
        if (xml_is(k, "key") && slice_eq_str(k->text, name))
            return true;
    return false;
}

/* NULL when there is none, or it is no string (said already). */
static const struct xml_node *string_of(struct importing *g, const struct xml_node *dict,
                                        const char *prefix, const char *rest)
{
    char name[80];
    snprintf(name, sizeof name, "%s%s", prefix, rest);
    const struct xml_node *v = value_of(g, dict, name);
    if (!v || xml_is(v, "string"))
        return v;
    import_say(g, IMPORT_WRONG, v->at, "%s is a <%.*s>, not a <string>", name,
               SLICE_ARG(slice_sub(v->name, 0, 30)));
    return NULL;
}

static bool is_true(struct importing *g, const struct xml_node *dict, const char *name)
{
    const struct xml_node *v = value_of(g, dict, name);
    if (v && !xml_is(v, "true") && !xml_is(v, "false"))
        import_say(g, IMPORT_WRONG, v->at, "%s is a <%.*s>, not <true/> or <false/>", name,
                   SLICE_ARG(slice_sub(v->name, 0, 30)));
    return v && xml_is(v, "true");
}

static const struct {
    const char *word;
    unsigned auth;
} authentications[] = { { "EmailAuthPassword", AUTH_PASSWORD },
                        { "EmailAuthCRAMMD5", AUTH_ENCRYPTED_PASSWORD },
                        { "EmailAuthNTLM", AUTH_ENCRYPTED_PASSWORD },
                        { "EmailAuthHTTPMD5", AUTH_ENCRYPTED_PASSWORD },
                        { "EmailAuthNone", AUTH_NONE } };

static unsigned read_auth(struct importing *g, const struct xml_node *dict, const char *prefix)
{
    const struct xml_node *v = string_of(g, dict, prefix, "Authentication");
    if (!v)
        return 0;
    for (size_t i = 0; i < COUNT(authentications); i++)
        if (slice_eq_str(v->text, authentications[i].word))
            return authentications[i].auth;
    import_say(g, IMPORT_WARN, v->text_place, "unknown authentication \"%s\"",
               xml_quote(v->text, &g->im->arena));
    return 0;
}

/* One boolean stands for two kinds of TLS: the port must tell which. */
static enum tls_mode mode_of(struct importing *g, bool ssl, const char *name, uint16_t port,
                             struct place at)
{
    const struct service *s = service_at_port(port);
    if (!ssl) {
        if (s && s->implicit_tls)
            import_say(g, IMPORT_WARN, at,
                       "port %u is TLS from the first byte, but %s is not true: clients wait for "
                       "a greeting that never comes",
                       port, name);
        return TLS_MODE_NONE;
    }
    bool implicit = !s || s->implicit_tls;
    import_say(g, IMPORT_NOTE, at,
               "%s cannot say which kind of TLS is meant; by port %u it is taken for %s", name,
               port, implicit ? "implicit TLS" : "STARTTLS");
    return implicit ? TLS_MODE_IMPLICIT : TLS_MODE_STARTTLS;
}

static uint16_t standard_port(enum mail_protocol protocol, bool ssl)
{
    if (protocol == PROTOCOL_IMAP)
        return ssl ? 993 : 143;
    if (protocol == PROTOCOL_POP3)
        return ssl ? 995 : 110;
    return 587;
}

static uint16_t read_port(struct importing *g, const struct xml_node *dict, const char *prefix,
                          uint16_t standard, struct place at)
{
    char name[80];
    snprintf(name, sizeof name, "%sPortNumber", prefix);
    const struct xml_node *v = value_of(g, dict, name);
    if (v && !xml_is(v, "integer"))
        import_say(g, xml_is(v, "string") ? IMPORT_WARN : IMPORT_WRONG, v->at,
                   "%s is a <%.*s>, not an <integer>", name, SLICE_ARG(slice_sub(v->name, 0, 30)));
    if (v)
        return xml_is(v, "integer") || xml_is(v, "string") ? import_port(g, v) : 0;
    if (has_key(dict, name, "")) /* without a value, which was said */
        return 0;
    import_say(g, IMPORT_NOTE, at, "%s is not there: %u is taken", name, standard);
    return standard;
}

static void read_server(struct importing *g, const struct xml_node *dict, const char *prefix,
                        enum mail_protocol protocol)
{
    char ssl_name[80];
    bool outgoing = protocol == PROTOCOL_SMTP;
    struct profile_service row = { .protocol = protocol,
                                   .role = outgoing ? ROLE_SUBMISSION : ROLE_ACCESS };
    const struct xml_node *host = string_of(g, dict, prefix, "HostName");
    const struct xml_node *user = string_of(g, dict, prefix, "Username");
    import_begin(g);
    if (!host) {
        if (!has_key(dict, prefix, "HostName"))
            import_say(g, IMPORT_WRONG, dict->at, "%sHostName is missing", prefix);
        return;
    }
    row.at = host->text_place;
    row.host = import_host(g, host);
    snprintf(ssl_name, sizeof ssl_name, "%sUseSSL", prefix);
    bool ssl = is_true(g, dict, ssl_name);
    row.port = read_port(g, dict, prefix, standard_port(protocol, ssl), row.at);
    if (row.port)
        row.tls = mode_of(g, ssl, ssl_name, row.port, row.at);
    row.auth = read_auth(g, dict, prefix);
    if (user && user->text.n)
        row.username = import_username(g, user);
    if (row.host && row.port)
        import_add(g, &row);
}

/* A profile is made for one person, whose address it may hold: the user names are that person's. */
static void take_address(struct importing *g, const struct xml_node *dict)
{
    const struct xml_node *address = string_of(g, dict, "EmailAddress", "");
    size_t at = address ? slice_find_char(address->text, '@') : SIZE_MAX;
    if (at == SIZE_MAX || slice_find_char(address->text, '%') != SIZE_MAX)
        return;
    g->local = slice_sub(address->text, 0, at);
    g->domain = import_domain(slice_skip(address->text, at + 1), &g->im->arena);
}

static void say_password(struct importing *g, const struct xml_node *dict, const char *name)
{
    const struct xml_node *password = value_of(g, dict, name);
    if (password && password->text.n)
        import_say(g, IMPORT_NOTE, password->at,
                   "%s stands here, for everybody who gets the file (it is shown nowhere)", name);
}

static void read_accounts(struct importing *g, const struct xml_node *dict)
{
    const struct xml_node *type = value_of(g, dict, "EmailAccountType");
    const struct xml_node *title = value_of(g, dict, "EmailAccountDescription");
    if (title && !g->ret->title)
        g->ret->title = xml_quote(title->text, &g->ret->arena);
    if (type && slice_eq(type->text, S("EmailTypeIMAP")))
        read_server(g, dict, "IncomingMailServer", PROTOCOL_IMAP);
    else if (type && slice_eq(type->text, S("EmailTypePOP")))
        read_server(g, dict, "IncomingMailServer", PROTOCOL_POP3);
    else if (type)
        import_say(g, IMPORT_WRONG, type->text_place,
                   "EmailAccountType is EmailTypeIMAP or EmailTypePOP, not \"%s\"",
                   xml_quote(type->text, &g->im->arena));
    else
        import_say(g, IMPORT_WRONG, dict->at, "EmailAccountType is missing");
    read_server(g, dict, "OutgoingMailServer", PROTOCOL_SMTP);
    say_password(g, dict, "IncomingPassword");
    say_password(g, dict, "OutgoingPassword");
}

static void read_mail(struct importing *g, const struct xml_node *dict)
{
    slice local = g->local, domain = g->domain;
    take_address(g, dict);
    read_accounts(g, dict);
    g->local = local;
    g->domain = domain;
}

/* Accounts with mail in them that this does not read. */
static const struct {
    const char *type, *what;
} other_accounts[] = { { "com.apple.eas.account", "Exchange ActiveSync" },
                       { "com.apple.ews.account", "Exchange Web Services" },
                       { "com.apple.google-oauth", "Google" } };

static bool is_mail(struct importing *g, const struct xml_node *payload)
{
    const struct xml_node *type =
        xml_is(payload, "dict") ? value_of(g, payload, "PayloadType") : NULL;
    for (size_t i = 0; type && i < COUNT(other_accounts); i++)
        if (slice_eq_str(type->text, other_accounts[i].type))
            import_say(g, IMPORT_NOTE, payload->at, "an account of %s: left out",
                       other_accounts[i].what);
    return type && slice_eq(type->text, S("com.apple.mail.managed"));
}

void import_mobileconfig(struct importing *g, const struct xml_node *root)
{
    const struct xml_node *dict = xml_child(root, "dict");
    const struct xml_node *content = value_of(g, dict, "PayloadContent");
    bool any = false;
    g->tls_was_derived = true;
    if (value_of(g, dict, "EncryptedPayloadContent")) {
        import_refuse(g, dict->at, "the profile is encrypted for one device and cannot be read");
        return;
    }
    for (const struct xml_node *p = content ? content->first : NULL; p; p = p->next)
        if (is_mail(g, p)) {
            any = true;
            read_mail(g, p);
        }
    if (!any && !g->refused)
        import_refuse(g, dict ? dict->at : root->at,
                      "there is no payload of type com.apple.mail.managed: no mail settings");
}
