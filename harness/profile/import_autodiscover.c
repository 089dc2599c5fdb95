/* Answers of Autodiscover in plain old XML (POX), as Outlook reads them for POP, IMAP and SMTP. */
#include "import_private.h"

static const struct {
    const char *type;
    enum mail_protocol protocol;
    enum service_role role;
    uint16_t port; /* when none is said */
} types[] = { { "IMAP", PROTOCOL_IMAP, ROLE_ACCESS, 143 },
              { "POP3", PROTOCOL_POP3, ROLE_ACCESS, 110 },
              { "SMTP", PROTOCOL_SMTP, ROLE_SUBMISSION, 25 } };

static const struct {
    const char *word;
    bool derive; /* by the port */
    enum tls_mode mode;
} encryptions[] = { { "None", false, TLS_MODE_NONE },
                    { "SSL", false, TLS_MODE_IMPLICIT },
                    { "TLS", false, TLS_MODE_STARTTLS },
                    { "Auto", true, TLS_MODE_STARTTLS } };

/* "on" and "off"; `missing` when it is not there. */
static bool read_switch(struct importing *g, const struct xml_node *protocol, const char *name,
                        bool missing)
{
    const struct xml_node *node = import_only(g, protocol, name);
    if (!node)
        return missing;
    if (slice_eq_nocase(node->text, S("on")) || slice_eq_nocase(node->text, S("true")))
        return true;
    if (!slice_eq_nocase(node->text, S("off")) && !slice_eq_nocase(node->text, S("false")))
        import_say(g, IMPORT_WARN, node->text_place, "%s is on or off, not \"%s\"", name,
                   xml_quote(node->text, &g->im->arena));
    return false;
}

static enum tls_mode mode_of_port(uint16_t port)
{
    const struct service *s = service_at_port(port);
    return s && s->implicit_tls ? TLS_MODE_IMPLICIT : TLS_MODE_STARTTLS;
}

/* Encryption wins over SSL, which is on when it is not there. */
static enum tls_mode read_mode(struct importing *g, const struct xml_node *protocol, uint16_t port)
{
    const struct xml_node *node = import_only(g, protocol, "Encryption");
    const struct xml_node *says = node ? node : xml_child(protocol, "SSL");
    bool ssl = read_switch(g, protocol, "SSL", true);
    g->mode_at = says ? says->text_place : protocol->at;
    g->word[TLS_MODE_IMPLICIT] = node ? "Encryption SSL" : "SSL on";
    g->word[TLS_MODE_NONE] = node ? "Encryption None" : "SSL off";
    if (!node)
        return ssl ? TLS_MODE_IMPLICIT : TLS_MODE_NONE;
    for (size_t i = 0; i < COUNT(encryptions); i++) {
        if (!slice_eq_nocase(node->text, slice_of(encryptions[i].word)))
            continue;
        enum tls_mode mode = encryptions[i].derive ? mode_of_port(port) : encryptions[i].mode;
        if (xml_child(protocol, "SSL") && ssl != (mode != TLS_MODE_NONE))
            import_say(g, IMPORT_WARN, node->text_place,
                       "SSL is %s and Encryption is %s: clients that know only SSL do otherwise",
                       ssl ? "on" : "off", encryptions[i].word);
        return mode;
    }
    import_say(g, IMPORT_WARN, node->text_place,
               "Encryption is None, SSL, TLS or Auto, not \"%s\"; SSL counts",
               xml_quote(node->text, &g->im->arena));
    return ssl ? TLS_MODE_IMPLICIT : TLS_MODE_NONE;
}

static uint16_t read_port(struct importing *g, const struct xml_node *protocol, uint16_t standard)
{
    const struct xml_node *node = import_only(g, protocol, "Port");
    if (node && !slice_eq(node->text, S("0")))
        return import_port(g, node);
    import_say(g, IMPORT_NOTE, protocol->at, "no port is said: %u is taken", standard);
    return standard;
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

static void read_protocol(struct importing *g, const struct xml_node *protocol)
{
    const struct xml_node *type = import_only(g, protocol, "Type");
    slice word = type ? type->text : xml_attribute(protocol, "Type");
    size_t i = 0;
    while (i < COUNT(types) && !slice_eq_nocase(word, slice_of(types[i].type)))
        i++;
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
    row.port = read_port(g, protocol, types[i].port);
    row.tls = read_mode(g, protocol, row.port);
    bool auth = read_switch(g, protocol, "AuthRequired", true);
    bool spa = read_switch(g, protocol, "SPA", false);
    row.auth = !auth ? AUTH_NONE : spa ? AUTH_ENCRYPTED_PASSWORD : AUTH_PASSWORD;
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
