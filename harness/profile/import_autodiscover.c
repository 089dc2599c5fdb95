/* Answers of Autodiscover in plain old XML (POX), as Outlook reads them for POP, IMAP and SMTP. */
#include "import_private.h"

static const struct {
    const char *type;
    enum mail_protocol protocol;
    enum service_role role;
    uint16_t port, implicit; /* when none is said: in clear text or with STARTTLS, in TLS */
} types[] = { { "IMAP", PROTOCOL_IMAP, ROLE_ACCESS, 143, 993 },
              { "POP3", PROTOCOL_POP3, ROLE_ACCESS, 110, 995 },
              { "SMTP", PROTOCOL_SMTP, ROLE_SUBMISSION, 25, 465 } };

static const struct {
    const char *word;
    bool derive; /* by the port */
    enum tls_mode mode;
} encryptions[] = { { "None", false, TLS_MODE_NONE },
                    { "SSL", false, TLS_MODE_IMPLICIT },
                    { "TLS", false, TLS_MODE_STARTTLS },
                    { "Auto", true, TLS_MODE_STARTTLS } };

/* "on" and "off"; `missing` when it is not there, or neither. */
static bool read_switch(struct importing *g, const struct xml_node *protocol, const char *name,
                        bool missing)
{
    const struct xml_node *node = import_only(g, protocol, name);
    if (!node)
        return missing;
    if (slice_eq_nocase(node->text, S("on")) || slice_eq_nocase(node->text, S("true")))
        return true;
    if (slice_eq_nocase(node->text, S("off")) || slice_eq_nocase(node->text, S("false")))
        return false;
    import_say(g, IMPORT_WARN, node->text_place, "%s is on or off, not \"%s\"; %s is taken", name,
               xml_quote(node->text, &g->im->arena), missing ? "on" : "off");
    return missing;
}

static enum tls_mode mode_of_port(uint16_t port)
{
    const struct service *s = service_at_port(port);
    return s && s->implicit_tls ? TLS_MODE_IMPLICIT : TLS_MODE_STARTTLS;
}

/* The kind of TLS that Encryption says; false when it says none that is known. */
static bool read_encryption(struct importing *g, const struct xml_node *node, bool ssl_there,
                            bool ssl, uint16_t port, enum tls_mode *ret)
{
    size_t i = 0;
    while (i < COUNT(encryptions) && !slice_eq_nocase(node->text, slice_of(encryptions[i].word)))
        i++;
    if (i == COUNT(encryptions)) {
        import_say(g, IMPORT_WARN, node->text_place,
                   "Encryption is None, SSL, TLS or Auto, not \"%s\"; SSL counts",
                   xml_quote(node->text, &g->im->arena));
        return false;
    }
    *ret = encryptions[i].derive ? mode_of_port(port) : encryptions[i].mode;
    if (encryptions[i].derive)
        import_say(g, IMPORT_NOTE, node->text_place,
                   "Encryption Auto leaves TLS to the client; by the port it is taken for %s",
                   *ret == TLS_MODE_IMPLICIT ? "implicit TLS" : "STARTTLS");
    if (ssl_there && ssl != (*ret != TLS_MODE_NONE))
        import_say(g, IMPORT_WARN, node->text_place,
                   "SSL is %s and Encryption is %s: clients that know only SSL do otherwise",
                   ssl ? "on" : "off", encryptions[i].word);
    return true;
}

/* Encryption wins over SSL, which is on when it is not there. */
static enum tls_mode read_mode(struct importing *g, const struct xml_node *protocol, uint16_t port)
{
    const struct xml_node *node = import_only(g, protocol, "Encryption");
    const struct xml_node *switched = xml_child(protocol, "SSL");
    bool ssl = read_switch(g, protocol, "SSL", true);
    enum tls_mode mode = ssl ? TLS_MODE_IMPLICIT : TLS_MODE_NONE;
    if (node && !read_encryption(g, node, switched != NULL, ssl, port, &mode))
        node = NULL;
    const struct xml_node *says = node ? node : switched;
    g->mode_at = says ? says->text_place : protocol->at;
    g->word[TLS_MODE_IMPLICIT] = node ? "Encryption SSL" : "SSL on";
    g->word[TLS_MODE_NONE] = node ? "Encryption None" : "SSL off";
    return mode;
}

/* 0 when none is said: it goes by the kind of TLS then. */
static uint16_t read_port(struct importing *g, const struct xml_node *protocol, bool *ret_said)
{
    const struct xml_node *node = import_only(g, protocol, "Port");
    *ret_said = node && !slice_eq(node->text, S("0"));
    return *ret_said ? import_port(g, node) : 0;
}

/* The form of the name that the mail is fetched with, as far as it was said before. */
static enum username_form form_of_access(const struct importing *g)
{
    for (size_t i = 0; i < g->ret->n_services; i++)
        if (g->ret->services[i].role == ROLE_ACCESS)
            return g->ret->services[i].username;
    return USERNAME_UNKNOWN;
}

static enum username_form read_login(struct importing *g, const struct xml_node *protocol,
                                     enum service_role role)
{
    const struct xml_node *login = import_only(g, protocol, "LoginName");
    if (read_switch(g, protocol, "DomainRequired", false)) {
        const struct xml_node *domain = xml_child(protocol, "DomainName");
        import_say(g, IMPORT_NOTE, protocol->at,
                   "DomainRequired is on: the login name is DOMAIN\\NAME%s%s",
                   domain ? ", with the domain " : "",
                   domain ? xml_quote(domain->text, &g->im->arena) : "");
        return USERNAME_OTHER;
    }
    if (login && login->text.n)
        return import_username(g, login);
    if (role == ROLE_SUBMISSION && read_switch(g, protocol, "UsePOPAuth", false))
        return form_of_access(g);
    import_say(g, IMPORT_NOTE, protocol->at,
               "LoginName is not said: Outlook then takes the local part of the address");
    return USERNAME_LOCAL_PART;
}

/* SPA is NTLM, which no profile speaks of. */
static unsigned read_spa(struct importing *g, const struct xml_node *protocol)
{
    if (!xml_child(protocol, "SPA"))
        import_say(g, IMPORT_WARN, protocol->at,
                   "SPA is not said and counts as on then: Outlook logs in by NTLM; say SPA off, "
                   "which is taken here");
    if (!read_switch(g, protocol, "SPA", false))
        return AUTH_PASSWORD;
    import_say(g, IMPORT_NOTE, xml_child(protocol, "SPA")->text_place,
               "SPA is on: logins by NTLM are not looked for on the server");
    return 0;
}

static void read_protocol(struct importing *g, const struct xml_node *protocol)
{
    const struct xml_node *type = import_only(g, protocol, "Type");
    slice word = type ? type->text : xml_attribute(protocol, "Type");
    size_t i = 0;
    while (i < COUNT(types) && !slice_eq_nocase(word, slice_of(types[i].type)))
        i++;
    if (!word.n) {
        import_say(g, IMPORT_WARN, protocol->at, "a <Protocol> without a Type: left out");
        return;
    }
    if (i == COUNT(types)) {
        import_say(g, IMPORT_NOTE, protocol->at,
                   "type \"%s\" is none of IMAP, POP3 and SMTP: left out",
                   xml_quote(word, &g->im->arena));
        return;
    }
    struct profile_service row = { .protocol = types[i].protocol, .role = types[i].role };
    const struct xml_node *server = import_only(g, protocol, "Server");
    import_begin(g);
    if (!server)
        import_say(g, IMPORT_WRONG, protocol->at, "Server is missing");
    row.host = server ? import_host(g, server) : NULL;
    bool port_said;
    row.port = read_port(g, protocol, &port_said);
    row.tls = read_mode(g, protocol, row.port);
    if (!port_said) {
        row.port = row.tls == TLS_MODE_IMPLICIT ? types[i].implicit : types[i].port;
        import_say(g, IMPORT_NOTE, protocol->at, "no port is said: %u is taken", row.port);
    }
    bool auth = read_switch(g, protocol, "AuthRequired", true);
    row.auth = auth ? read_spa(g, protocol) : AUTH_NONE;
    row.username = auth ? read_login(g, protocol, row.role) : USERNAME_UNKNOWN;
    row.at = server ? server->text_place : protocol->at;
    if (row.host && row.port)
        import_add(g, &row);
}

/* "Ask there instead." */
static bool read_redirect(struct importing *g, const struct xml_node *account)
{
    slice action = xml_text(account, "Action");
    slice url = xml_text(account, "RedirectUrl"), address = xml_text(account, "RedirectAddr");
    struct arena *a = &g->im->arena;
    if (slice_eq_nocase(action, S("redirectUrl")) && url.n) {
        g->im->redirect_url = arena_str(a, url);
        import_refuse(g, account->at, "the answer holds no settings, only: ask at %s",
                      xml_quote(url, a));
        return true;
    }
    if (slice_eq_nocase(action, S("redirectAddr")) && address.n) {
        g->im->redirect_address = arena_str(a, address);
        import_refuse(g, account->at, "the answer holds no settings, only: ask for %s",
                      xml_quote(address, a));
        return true;
    }
    if (slice_starts_nocase(action, S("redirect"))) {
        import_refuse(g, account->at,
                      "the answer holds no settings, only Action %s without the address to go to",
                      xml_quote(action, a));
        return true;
    }
    return false;
}

static void read_error(struct importing *g, const struct xml_node *error)
{
    slice code = xml_text(error, "ErrorCode"), message = xml_text(error, "Message");
    struct arena *a = &g->im->arena;
    g->im->refusal = arena_printf(a, "error %s: %s", code.n ? xml_quote(code, a) : "(no code)",
                                  message.n ? xml_quote(message, a) : "no message");
    import_refuse(g, error->at, "the answer holds no settings but %s", g->im->refusal);
}

void import_autodiscover(struct importing *g, const struct xml_node *root)
{
    const struct xml_node *response = xml_child(root, "Response");
    const struct xml_node *account = xml_child(response, "Account");
    const struct xml_node *error = xml_child(response, "Error");
    g->word[TLS_MODE_STARTTLS] = "Encryption TLS";
    if (error) {
        read_error(g, error);
        return;
    }
    if (!account) {
        import_refuse(g, response ? response->at : root->at,
                      xml_child(root, "Request") ? "this is a request, not an answer"
                                                 : "there is no <Account> in <Response>");
        return;
    }
    if (read_redirect(g, account))
        return;
    for (const struct xml_node *p = xml_child(account, "Protocol"); p; p = xml_next(p))
        read_protocol(g, p);
}
