/* Thunderbird's clientConfig 1.1. What several elements of one name mean is the clients' business;
   the first is taken, as Thunderbird does. */
#include "import_private.h"

static const struct {
    const char *type;
    enum mail_protocol protocol;
    bool incoming;
} server_types[] = { { "imap", PROTOCOL_IMAP, true },
                     { "pop3", PROTOCOL_POP3, true },
                     { "smtp", PROTOCOL_SMTP, false } };

/* Other protocols: right, but not ours. */
static const char *const foreign_types[] = { "exchange", "ews",  "activesync", "graph",
                                             "jmap",     "nntp", NULL };

/* What clients know in the places where servers and their settings stand. A name that is nearly one
   of these is a slip of the pen; others are somebody's extension. */
static const char *const provider_elements[] = {
    "domain",        "displayName", "displayShortName", "incomingServer", "outgoingServer",
    "documentation", "enable",      "instruction",      "identity",       "inputField"
};
static const char *const server_elements[] = {
    "hostname",       "port", "socketType",  "username",      "password",
    "authentication", "pop3", "restriction", "addThisServer", "useGlobalPreferredServer"
};

static const struct {
    const char *word;
    enum tls_mode mode;
} socket_types[] = { { "SSL", TLS_MODE_IMPLICIT },
                     { "STARTTLS", TLS_MODE_STARTTLS },
                     { "plain", TLS_MODE_NONE } };

static const struct {
    const char *word;
    unsigned auth;
} authentications[] = { { "password-cleartext", AUTH_PASSWORD },
                        { "plain", AUTH_PASSWORD }, /* of version 1.0 */
                        { "password-encrypted", AUTH_ENCRYPTED_PASSWORD },
                        { "secure", AUTH_ENCRYPTED_PASSWORD }, /* of version 1.0 */
                        { "NTLM", 0 },
                        { "GSSAPI", 0 },
                        { "client-IP-address", AUTH_NONE },
                        { "SMTP-after-POP", AUTH_NONE },
                        { "TLS-client-cert", AUTH_CLIENT_CERTIFICATE },
                        { "OAuth2", AUTH_OAUTH2 },
                        { "none", AUTH_NONE } };

static bool is_among(slice word, const char *const *list)
{
    while (*list && !slice_eq_nocase(word, slice_of(*list)))
        list++;
    return *list != NULL;
}

static bool read_type(struct importing *g, const struct xml_node *server, bool incoming,
                      enum mail_protocol *ret)
{
    struct arena *a = &g->im->arena;
    slice type = xml_attribute(server, "type");
    for (size_t i = 0; i < COUNT(server_types); i++)
        if (slice_eq_nocase(type, slice_of(server_types[i].type)) &&
            server_types[i].incoming == incoming) {
            *ret = server_types[i].protocol;
            return true;
        }
    if (is_among(type, foreign_types))
        import_say(g, IMPORT_NOTE, server->at,
                   "a server of the type \"%s\", which is none of IMAP, POP3 and SMTP: left out",
                   xml_quote(type, a));
    else if (!type.p)
        import_say(g, IMPORT_WRONG, server->at, "the attribute \"type\" is missing");
    else
        import_say(g, IMPORT_WRONG, server->at, "the type of an %s, not \"%s\"",
                   incoming ? "<incomingServer> is imap or pop3" : "<outgoingServer> is smtp",
                   xml_quote(type, a));
    return false;
}

static bool read_socket_type(struct importing *g, const struct xml_node *server, enum tls_mode *ret)
{
    const struct xml_node *node = import_only(g, server, "socketType");
    if (!node) {
        import_say(g, IMPORT_WRONG, server->at,
                   "socketType is missing: nobody can tell whether TLS comes first");
        return false;
    }
    for (size_t i = 0; i < COUNT(socket_types); i++)
        if (slice_eq_nocase(node->text, slice_of(socket_types[i].word))) {
            g->mode_at = node->text_place;
            *ret = socket_types[i].mode;
            return true;
        }
    import_say(g, IMPORT_WRONG, node->text_place,
               "socketType is SSL, STARTTLS or plain, not \"%s\"",
               xml_quote(node->text, &g->im->arena));
    return false;
}

static unsigned read_authentication(struct importing *g, const struct xml_node *server)
{
    unsigned auth = 0;
    const struct xml_node *node = xml_child(server, "authentication");
    if (!node)
        import_say(g, IMPORT_NOTE, server->at, "how to log in (authentication) is not said");
    for (; node; node = xml_next(node)) {
        size_t i = 0;
        while (i < COUNT(authentications) &&
               !slice_eq_nocase(node->text, slice_of(authentications[i].word)))
            i++;
        if (i < COUNT(authentications) && !authentications[i].auth)
            import_say(g, IMPORT_NOTE, node->text_place,
                       "logins by %s are not looked for on the server", authentications[i].word);
        if (i < COUNT(authentications))
            auth |= authentications[i].auth;
        else
            import_say(g, IMPORT_WARN, node->text_place, "unknown authentication \"%s\"",
                       xml_quote(node->text, &g->im->arena));
    }
    return auth;
}

static void suspect_elements(struct importing *g, const struct xml_node *parent,
                             const char *const *known, size_t n)
{
    for (const struct xml_node *e = parent->first; e; e = e->next) {
        const char *near = nearest_word(e->name, known, n);
        bool alike = near && ascii_lower(near[0]) == ascii_lower(e->name.p[0]);
        if (alike && !slice_eq_str(e->name, near))
            import_say(g, IMPORT_WARN, e->at, "clients know no element <%s>; is <%s> meant?",
                       xml_quote(e->name, &g->im->arena), near);
    }
}

/* "Use the server that the user has already": there need not be one here. */
static bool is_left_to_the_user(struct importing *g, const struct xml_node *server)
{
    const struct xml_node *preferred = xml_child(server, "useGlobalPreferredServer");
    if (!preferred || !slice_eq(preferred->text, S("true")))
        return false;
    import_say(g, IMPORT_NOTE, preferred->at,
               "useGlobalPreferredServer: clients submit by the server that the user has already, "
               "if there is one");
    return !xml_child(server, "hostname");
}

static void read_server(struct importing *g, const struct xml_node *server, bool incoming)
{
    struct profile_service row = { .role = incoming ? ROLE_ACCESS : ROLE_SUBMISSION };
    if (!read_type(g, server, incoming, &row.protocol))
        return;
    suspect_elements(g, server, server_elements, COUNT(server_elements));
    if (xml_child(server, "password"))
        import_say(g, IMPORT_WARN, xml_child(server, "password")->at,
                   "a password stands here, for everybody who gets the file");
    if (!incoming && is_left_to_the_user(g, server))
        return;
    import_begin(g);
    const struct xml_node *host = import_only(g, server, "hostname");
    const struct xml_node *port = import_only(g, server, "port");
    const struct xml_node *user = import_only(g, server, "username");
    bool good = read_socket_type(g, server, &row.tls);
    if (!host || !port)
        import_say(g, IMPORT_WRONG, server->at, "%s is missing", host ? "port" : "hostname");
    row.host = host ? import_host(g, host) : NULL;
    row.port = port ? import_port(g, port) : 0;
    row.auth = read_authentication(g, server);
    if (user)
        row.username = import_username(g, user);
    else if (!(row.auth & AUTH_NONE))
        import_say(g, IMPORT_NOTE, server->at, "which user name to log in with is not said");
    row.at = host ? host->text_place : server->at;
    if (good && row.host && row.port)
        import_add(g, &row);
}

/* Without an address, a document for one domain alone is for that one. */
static void take_only_domain(struct importing *g, const struct xml_node *provider)
{
    const struct xml_node *only = xml_child(provider, "domain");
    if (!g->domain.p && only && !xml_next(only) && slice_find_char(only->text, '%') == SIZE_MAX)
        g->domain = import_domain(only->text, &g->im->arena);
}

static void read_domains(struct importing *g, const struct xml_node *provider)
{
    bool mine = false, any = false;
    const struct xml_node *node = xml_child(provider, "domain");
    struct place at = node ? node->text_place : provider->at;
    for (; node; node = xml_next(node)) {
        slice domain = import_domain(node->text, &g->im->arena);
        bool placeholder = slice_eq(node->text, S("%EMAILDOMAIN%"));
        any = true;
        mine |= placeholder || !g->domain.p || slice_eq(domain, g->domain);
        import_add_domain(g, placeholder && g->domain.p ? g->domain : domain);
    }
    if (any && !mine)
        import_say(g, IMPORT_NOTE, at, "%.*s is not among the domains that this is for",
                   SLICE_ARG(g->domain));
}

static bool is_server(const struct xml_node *node)
{
    return xml_is(node, "incomingServer") || xml_is(node, "outgoingServer");
}

/* Thunderbird takes nothing of a document that lacks one of these. */
static void suspect_provider(struct importing *g, const struct xml_node *provider)
{
    static const char *const needed[] = { "domain", "incomingServer", "outgoingServer" };
    if (!xml_attribute(provider, "id").n)
        import_say(g, IMPORT_WARN, provider->at,
                   "<emailProvider> has no id: Thunderbird refuses the document");
    for (size_t i = 0; i < COUNT(needed); i++)
        if (!xml_child(provider, needed[i]))
            import_say(g, IMPORT_WARN, provider->at,
                       "there is no <%s> in <emailProvider>: Thunderbird refuses the document",
                       needed[i]);
}

static void read_provider(struct importing *g, const struct xml_node *provider)
{
    slice id = xml_attribute(provider, "id"), title = xml_text(provider, "displayName");
    struct arena *a = &g->ret->arena;
    g->ret->name = xml_quote(id, a);
    g->ret->title = xml_quote(title.n ? title : id, a);
    take_only_domain(g, provider);
    read_domains(g, provider);
    suspect_elements(g, provider, provider_elements, COUNT(provider_elements));
    for (const struct xml_node *s = provider->first; s; s = s->next)
        if (is_server(s))
            read_server(g, s, xml_is(s, "incomingServer"));
    suspect_provider(g, provider);
}

/* They belong into <emailProvider>. */
static void say_misplaced(struct importing *g, const struct xml_node *root)
{
    for (const struct xml_node *s = root->first; s; s = s->next)
        if (is_server(s))
            import_say(g, IMPORT_WARN, s->at,
                       "<%.*s> stands outside <emailProvider>, where no client looks: left out",
                       SLICE_ARG(s->name));
}

void import_autoconfig(struct importing *g, const struct xml_node *root)
{
    const struct xml_node *provider = xml_child(root, "emailProvider");
    slice version = xml_attribute(root, "version");
    g->word[TLS_MODE_NONE] = "socketType plain";
    g->word[TLS_MODE_STARTTLS] = "socketType STARTTLS";
    g->word[TLS_MODE_IMPLICIT] = "socketType SSL";
    if (!version.p)
        import_say(g, IMPORT_NOTE, root->at, "clientConfig says no version; 1.1 is taken");
    else if (!slice_eq_str(version, "1.1") && !slice_eq_str(version, "1.0"))
        import_say(g, IMPORT_NOTE, root->at, "version \"%s\" of clientConfig is read as 1.1",
                   xml_quote(version, &g->im->arena));
    if (!provider) {
        import_refuse(g, root->at, "there is no <emailProvider> in <clientConfig>");
        return;
    }
    read_provider(g, provider);
    say_misplaced(g, root);
    if (xml_next(provider))
        import_say(g, IMPORT_NOTE, xml_next(provider)->at,
                   "a second <emailProvider>: left out, as clients do");
}
