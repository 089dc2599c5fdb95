#include "import_private.h"
#include "printable.h"
#include <idn2.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- findings ---- */

struct place import_whole(const struct importing *g)
{
    return (struct place) { g->shown, 0, 0, 0 };
}

static void add_problem(struct importing *g, struct place at, const char *text)
{
    struct problems *p = g->im->problems;
    at.file = arena_str(&p->arena, slice_of(at.file ? at.file : g->shown));
    problem_add(p, at, "%s", text);
    g->refused = true;
}

void import_say(struct importing *g, enum import_grade grade, struct place at, const char *format,
                ...)
{
    struct import *im = g->im;
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (grade == IMPORT_WRONG && !im->lenient)
        add_problem(g, at, text);
    if (im->findings.n == IMPORT_FINDINGS_MAX)
        return;
    at.file = arena_str(&im->arena, slice_of(at.file ? at.file : g->shown));
    *array_push(&im->findings) =
        (struct import_finding) { grade, at, arena_str(&im->arena, slice_of(text)) };
}

void import_refuse(struct importing *g, struct place at, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_problem(g, at, text);
}

const struct xml_node *import_only(struct importing *g, const struct xml_node *parent,
                                   const char *name)
{
    const struct xml_node *first = xml_child(parent, name);
    const struct xml_node *second = first ? xml_next(first) : NULL;
    if (second)
        import_say(g, IMPORT_WARN, second->at,
                   "a second <%s> in <%.*s>: clients take the first or the last, as they like",
                   name, SLICE_ARG(parent->name));
    return first;
}

/* ---- placeholders: %EMAILADDRESS% and its like ---- */

struct placeholder {
    const char *name;
    enum { PART_ADDRESS, PART_LOCAL, PART_DOMAIN, PART_NAME } part;
};
static const struct placeholder placeholders[] = { { "EMAILADDRESS", PART_ADDRESS },
                                                   { "EMAILLOCALPART", PART_LOCAL },
                                                   { "EMAILDOMAIN", PART_DOMAIN },
                                                   { "REALNAME", PART_NAME } };

static const struct placeholder *placeholder_find(slice name)
{
    for (size_t i = 0; i < COUNT(placeholders); i++)
        if (slice_eq_str(name, placeholders[i].name))
            return &placeholders[i];
    return NULL;
}

static const char *placeholder_at(const void *ctx, size_t i)
{
    return placeholders[i].name;
}

/* Adds what it stands for. False when that is not known. */
static bool add_part(const struct importing *g, int part, struct buf *out)
{
    bool address = part == PART_ADDRESS;
    if ((address || part == PART_LOCAL) && !g->local.p)
        return false;
    if ((address || part == PART_DOMAIN) && !g->domain.p)
        return false;
    if (part == PART_NAME)
        return false;
    if (address || part == PART_LOCAL)
        buf_add(out, g->local);
    if (address)
        buf_addc(out, '@');
    if (address || part == PART_DOMAIN)
        buf_add(out, g->domain);
    return true;
}

static void say_bad_placeholder(struct importing *g, struct place at, slice rest, bool closed)
{
    struct arena *a = &g->im->arena;
    if (!closed && slice_starts(rest, S("EMAILADDRESS")))
        import_say(g, IMPORT_WARN, at,
                   "\"%%EMAILADDRESS\" without its closing percent sign: clients send it as it "
                   "stands; write %%EMAILADDRESS%%");
    else if (!closed)
        import_say(g, IMPORT_WARN, at, "a percent sign that begins no placeholder: \"%%%s\"",
                   xml_quote(rest, a));
    else {
        const char *near = nearest_of(rest, COUNT(placeholders), placeholder_at, NULL);
        import_say(g, IMPORT_WARN, at, "clients know no placeholder \"%%%s%%\"%s%s%s",
                   xml_quote(rest, a), near ? "; is %" : "", near ? near : "",
                   near ? "% meant?" : "");
    }
}

/* Replaces what can be; *ret_known is false when something that is not known stood there. */
static void replace(struct importing *g, const struct xml_node *node, struct buf *out,
                    bool *ret_known)
{
    slice rest = node->text;
    *ret_known = true;
    for (;;) {
        size_t at = slice_find_char(rest, '%');
        if (at == SIZE_MAX)
            break;
        buf_add(out, slice_sub(rest, 0, at));
        rest = slice_skip(rest, at + 1);
        size_t end = slice_find_char(rest, '%');
        slice name = slice_sub(rest, 0, end);
        const struct placeholder *p = end == SIZE_MAX ? NULL : placeholder_find(name);
        if (!p) {
            say_bad_placeholder(g, node->text_place, name, end != SIZE_MAX);
            buf_addc(out, '%');
            if (end != SIZE_MAX) { /* its closing sign begins nothing new */
                buf_add(out, slice_sub(rest, 0, end + 1));
                rest = slice_skip(rest, end + 1);
            }
            continue;
        }
        if (!add_part(g, p->part, out)) {
            *ret_known = false;
            buf_addf(out, "%%%s%%", p->name);
        }
        rest = slice_skip(rest, end + 1);
    }
    buf_add(out, rest);
}

/* ---- hosts ---- */

enum { LABEL_MAX = 63, HOST_MAX = 253 };

/* Letters, digits and hyphens; underscores are met. */
static bool is_host_char(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* What lies beyond ASCII as A-labels (RFC 5891). Unchanged when it cannot be: is_host_name() then
   says no. */
static void to_ascii(struct buf *host)
{
    char *ascii = NULL;
    bool plain = true;
    for (size_t i = 0; i < host->n; i++)
        plain &= (unsigned char)host->p[i] < 0x80;
    if (plain || idn2_to_ascii_8z(host->p, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != 0)
        return;
    buf_clear(host);
    buf_adds(host, ascii);
    idn2_free(ascii);
}

slice import_domain(slice domain, struct arena *arena)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_add(&text, slice_ends(domain, S(".")) ? slice_sub(domain, 0, domain.n - 1) : domain);
    to_ascii(&text);
    for (size_t i = 0; i < text.n; i++)
        text.p[i] = ascii_lower(text.p[i]);
    return arena_dup(arena, buf_slice(&text));
}

static bool is_host_name(slice text)
{
    slice label;
    if (!text.n || text.n > HOST_MAX)
        return false;
    while (slice_cut(&text, '.', &label)) {
        if (!label.n || label.n > LABEL_MAX)
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_host_char(label.p[i]))
                return false;
    }
    return true;
}

static bool is_ipv4(slice text)
{
    uint64_t number;
    slice part;
    size_t n = 0;
    while (slice_cut(&text, '.', &part)) {
        if (!slice_to_u64(part, 255, &number))
            return false;
        n++;
    }
    return n == 4;
}

static const char *why_no_host(slice text)
{
    size_t colon = slice_find_char(text, ':');
    if (!text.n)
        return "the host name is empty";
    if (slice_find(text, S("://")) != SIZE_MAX)
        return "a URL stands where a host name belongs";
    if (slice_find_char(text, '@') != SIZE_MAX)
        return "an address stands where a host name belongs";
    if (colon != SIZE_MAX)
        return "a host name has no colon; the port has an element of its own";
    return "this is no host name";
}

const char *import_host(struct importing *g, const struct xml_node *node)
{
    struct arena *a = &g->im->arena;
    bool known;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    replace(g, node, &text, &known);
    to_ascii(&text);
    slice host = buf_slice(&text);
    if (!known) {
        import_say(g, IMPORT_WRONG, node->text_place,
                   "the host name \"%s\" depends on the e-mail address, which is not known here: "
                   "name an address (me@example.org) in place of the host or file",
                   xml_quote(node->text, a));
        return NULL;
    }
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host = slice_sub(host, 0, host.n - 1);
    if (!is_host_name(host)) {
        import_say(g, IMPORT_WRONG, node->text_place, "%s: \"%s\"", why_no_host(host),
                   xml_quote(host, a));
        return NULL;
    }
    if (is_ipv4(host))
        import_say(g, IMPORT_WARN, node->text_place,
                   "the host is an IP address, which few certificates carry: \"%.*s\"",
                   SLICE_ARG(host));
    char *lower = arena_str(&g->ret->arena, host);
    for (char *p = lower; *p; p++)
        *p = ascii_lower(*p);
    return lower;
}

/* ---- ports ---- */

uint16_t import_port(struct importing *g, const struct xml_node *node)
{
    uint64_t port = 0;
    g->port_at = node->text_place;
    if (slice_to_u64(node->text, 65535, &port) && port)
        return (uint16_t)port;
    import_say(g, IMPORT_WRONG, node->text_place, "a port is a number from 1 to 65535, not \"%s\"",
               xml_quote(node->text, &g->im->arena));
    return 0;
}

/* ---- user names ---- */

/* The text with its domain, when it has one, as import_domain() writes it. */
static slice address_of(const struct importing *g, slice text)
{
    const char *at = memrchr(text.p, '@', text.n);
    if (!at)
        return text;
    struct arena *a = &g->im->arena;
    slice domain = import_domain(slice_skip(text, (size_t)(at + 1 - text.p)), a);
    return slice_of(arena_printf(a, "%.*s@%.*s", (int)(at - text.p), text.p, SLICE_ARG(domain)));
}

/* What the text is once the placeholders are replaced. */
static enum username_form username_by_value(struct importing *g, const struct xml_node *node)
{
    bool known;
    auto_buf text, address;
    buf_init(&text, BUF_OURS);
    buf_init(&address, BUF_OURS);
    size_t said = g->im->findings.n;
    replace(g, node, &text, &known);
    if (g->local.p && slice_eq_nocase(buf_slice(&text), g->local))
        return USERNAME_LOCAL_PART;
    if (add_part(g, PART_ADDRESS, &address) &&
        slice_eq_nocase(address_of(g, buf_slice(&text)), buf_slice(&address)))
        return USERNAME_ADDRESS;
    if (said == g->im->findings.n)
        import_say(g, IMPORT_NOTE, node->text_place,
                   "the user name \"%s\" is neither the address nor its local part",
                   xml_quote(buf_slice(&text), &g->im->arena));
    return USERNAME_OTHER;
}

enum username_form import_username(struct importing *g, const struct xml_node *node)
{
    slice text = node->text;
    if (!text.n) {
        import_say(g, IMPORT_WARN, node->at, "the user name is empty");
        return USERNAME_UNKNOWN;
    }
    if (slice_eq(text, S("%EMAILADDRESS%")) || slice_eq(text, S("%EMAILLOCALPART%@%EMAILDOMAIN%")))
        return USERNAME_ADDRESS;
    if (slice_eq(text, S("%EMAILLOCALPART%")))
        return USERNAME_LOCAL_PART;
    /* Without the address, a written-out name tells little. */
    if (!g->local.p && slice_find_char(text, '%') == SIZE_MAX)
        return slice_find_char(text, '@') != SIZE_MAX ? USERNAME_ADDRESS : USERNAME_UNKNOWN;
    return username_by_value(g, node);
}

/* ---- rows ---- */

static const char *protocol_of(const struct profile_service *row)
{
    return row->protocol == PROTOCOL_SMTP ? "submission" : mail_protocol_name(row->protocol);
}

/* The standard port that was probably meant, when one is only a digit away; 0: none. */
static unsigned near_port(const struct profile_service *row)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        int distance = (int)services[i].port - (int)row->port;
        bool near = distance == 1 || distance == -1 || distance == 10 || distance == -10;
        if (near && services[i].protocol == row->protocol && services[i].role == row->role)
            return services[i].port;
    }
    return 0;
}

static void suspect_port(struct importing *g, const struct profile_service *row,
                         const struct service *standard)
{
    struct place at = g->port_at.line ? g->port_at : row->at;
    unsigned near = standard ? 0 : near_port(row);
    if (!standard && near)
        import_say(g, IMPORT_WARN, at, "port %u is no port of %s; is %u meant?", row->port,
                   protocol_of(row), near);
    else if (!standard)
        import_say(g, IMPORT_NOTE, at, "port %u is none of the standard ports of %s", row->port,
                   protocol_of(row));
    else if (standard->protocol != row->protocol)
        import_say(g, IMPORT_WARN, at, "port %u is that of %s, not of %s", row->port,
                   mail_protocol_name(standard->protocol), protocol_of(row));
    else if (standard->role == ROLE_MX)
        import_say(g, IMPORT_NOTE, at,
                   "port %u is for mail between servers, and many networks block it; submission "
                   "has 465 and 587",
                   row->port);
}

static void suspect_mode(struct importing *g, const struct profile_service *row,
                         const struct service *standard)
{
    struct place at = g->mode_at.line ? g->mode_at : row->at;
    if (row->tls == TLS_MODE_NONE)
        import_say(g, IMPORT_WARN, at,
                   row->auth == AUTH_NONE
                       ? "without TLS the mail can be read on the way (RFC 8314 section 3)"
                       : "without TLS the password can be read on the way (RFC 8314 section 3)");
    if (!standard || standard->protocol != row->protocol || g->tls_was_derived)
        return;
    if (standard->implicit_tls && row->tls != TLS_MODE_IMPLICIT)
        import_say(g, IMPORT_WARN, at,
                   "port %u is TLS from the first byte, but %s is said: clients wait for a "
                   "greeting that never comes; say %s, or port %u",
                   row->port, g->word[row->tls], g->word[TLS_MODE_IMPLICIT],
                   row->protocol == PROTOCOL_IMAP   ? 143
                   : row->protocol == PROTOCOL_POP3 ? 110
                                                    : 587);
    if (!standard->implicit_tls && row->tls == TLS_MODE_IMPLICIT)
        import_say(g, IMPORT_WARN, at,
                   "port %u begins in clear text, but %s is said: clients fail with \"wrong "
                   "version number\"; say %s, or port %u",
                   row->port, g->word[TLS_MODE_IMPLICIT], g->word[TLS_MODE_STARTTLS],
                   row->protocol == PROTOCOL_IMAP   ? 993
                   : row->protocol == PROTOCOL_POP3 ? 995
                                                    : 465);
}

static void suspect_login(struct importing *g, const struct profile_service *row)
{
    if (row->auth == AUTH_NONE)
        import_say(g, IMPORT_WARN, row->at, "%s without a login",
                   row->role == ROLE_ACCESS ? "fetching mail" : "submission");
}

/* The line of the source, when it can be shown. */
static const char *line_of(const struct importing *g, struct place at)
{
    enum { LONGEST = 200 };
    slice rest = g->source, line = { NULL, 0 };
    for (unsigned n = 0; n < at.line; n++)
        if (!slice_line(&rest, &line))
            return NULL;
    if (!at.line || line.n > LONGEST)
        return NULL;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != '\t' && (line.p[i] < ' ' || line.p[i] > '~'))
            return NULL;
    return arena_str(&g->im->arena, line);
}

void import_begin(struct importing *g)
{
    g->port_at = g->mode_at = (struct place) { 0 };
}

void import_add(struct importing *g, struct profile_service *row)
{
    const struct service *standard = service_at_port(row->port);
    if (g->ret->n_services == PROFILE_SERVICES_MAX) {
        if (!g->too_many_was_said)
            import_say(g, IMPORT_WRONG, row->at, "there are more than %d servers",
                       PROFILE_SERVICES_MAX);
        g->too_many_was_said = true;
        return;
    }
    suspect_port(g, row, standard);
    suspect_mode(g, row, standard);
    suspect_login(g, row);
    row->source_line = line_of(g, row->at);
    profile_add(g->ret, row);
}

void import_add_domain(struct importing *g, slice domain)
{
    enum { DOMAINS_MAX = 1000 };
    struct profile *p = g->ret;
    domain = import_domain(domain, &p->arena);
    if (!p->domains)
        p->domains = arena_new_n(&p->arena, const char *, DOMAINS_MAX);
    if (p->n_domains < DOMAINS_MAX && is_host_name(domain))
        p->domains[p->n_domains++] = arena_str(&p->arena, domain);
}
