/* mailassay profiles: what providers offer and clients require. */
#include "commands.h"
#include "profile_words.h"
#include "run_output.h"
#include "style.h"
#include <jansson.h>
#include <string.h>

static struct {
    bool json;
    const char *colour;
    struct text_list words;
} args;

static const struct option_row rows[] = {
    { "json", 0, NULL, "as JSON", OPTION_FLAG, &args.json },
    { "color", 0, "auto|always|never", "colours on the terminal", OPTION_TEXT, &args.colour },
};
static const struct command_line line = {
    "profiles", "[NAME|FILE]",
    "Lists the bundled profiles, or shows one (or a file of your own) in full: settings, user "
    "name,\n"
    "logins, traps, and where the facts are from. An address or a domain finds its provider, too.\n"
    "\"mailassay ports NAME\" looks whether they hold, \"mailassay serve --profile NAME\" plays "
    "them.",
    rows, COUNT(rows)
};

const struct command_line *profiles_line(void)
{
    return &line;
}

/* ---- the list ---- */

enum { NAME_WIDTH = 15, PORTS_WIDTH = 19 };

/* "993, 143 STARTTLS" */
static void add_ports(const struct profile *p, enum mail_protocol protocol, enum service_role role,
                      struct buf *out)
{
    static const char *const marks[] = {
        [TLS_MODE_NONE] = " clear", [TLS_MODE_STARTTLS] = " STARTTLS", [TLS_MODE_IMPLICIT] = ""
    };
    for (size_t i = 0; i < p->n_services; i++) {
        const struct profile_service *s = &p->services[i];
        char one[32] = "TLS";
        if (s->protocol != protocol || s->role != role)
            continue;
        if (s->port)
            snprintf(one, sizeof one, "%u%s", s->port, marks[s->tls]);
        else if (s->tls != TLS_MODE_IMPLICIT)
            snprintf(one, sizeof one, "%s", marks[s->tls] + 1);
        /* Two hosts with the same port are one word. */
        if (slice_find(buf_slice(out), slice_of(one)) == SIZE_MAX || (s->port && !out->n))
            buf_addf(out, "%s%s", out->n ? ", " : "", one);
    }
    if (!out->n)
        buf_adds(out, p->not_offered & 1u << protocol ? "none" : "");
}

static unsigned auth_of(const struct profile *p)
{
    unsigned all = 0;
    for (size_t i = 0; i < p->n_services; i++)
        all |= p->services[i].auth;
    return all;
}

static void list_row(const struct style *s, const struct profile *p)
{
    static const struct {
        enum mail_protocol protocol;
        enum service_role role;
    } columns[] = { { PROTOCOL_IMAP, ROLE_ACCESS },
                    { PROTOCOL_POP3, ROLE_ACCESS },
                    { PROTOCOL_SMTP, ROLE_SUBMISSION } };
    char auth[128];
    style_column(s, BOLD, p->name, NAME_WIDTH);
    for (size_t i = 0; i < COUNT(columns); i++) {
        auto_buf ports;
        buf_init(&ports, BUF_OURS);
        add_ports(p, columns[i].protocol, columns[i].role, &ports);
        style_column(s, PLAIN, ports.p, PORTS_WIDTH);
    }
    style_put(s, auth_of(p) ? profile_auth_text(auth_of(p), auth) : "");
    buf_addc(s->out, '\n');
}

static void list_kind(const struct style *s, const struct profile_list *list,
                      enum profile_kind kind, const char *title)
{
    static const char *const heads[] = { "IMAP", "POP3", "submission" };
    style_column(s, DIM, title, NAME_WIDTH);
    for (size_t i = 0; i < COUNT(heads); i++)
        style_column(s, DIM, heads[i], PORTS_WIDTH);
    style_paint(s, DIM, "login");
    buf_addc(s->out, '\n');
    array_each (p, &list->list)
        if ((*p)->kind == kind)
            list_row(s, *p);
}

static void list_all(const struct style *s, const struct profile_list *list)
{
    list_kind(s, list, PROFILE_OFFERS, "provider");
    buf_addc(s->out, '\n');
    list_kind(s, list, PROFILE_REQUIRES, "client needs");
    buf_adds(s->out, "\nPorts are of implicit TLS where nothing else is said. \"mailassay profiles "
                     "NAME\" shows one.\n");
}

/* ---- one ---- */

static const char *group_name(const struct profile_service *s)
{
    return s->role == ROLE_SUBMISSION ? "submission"
           : s->role == ROLE_MX       ? "mx"
                                      : mail_protocol_name(s->protocol);
}

static void show_field(const struct style *s, const char *name, const char *text)
{
    enum { FIELD = 12 };
    style_column(s, DIM, name, FIELD);
    style_prose(s, FIELD, text);
}

static void show_services(const struct style *s, const struct profile *p)
{
    char where[320], auth[128];
    for (size_t i = 0; i < p->n_services; i++) {
        const struct profile_service *row = &p->services[i];
        auto_buf text;
        buf_init(&text, BUF_OURS);
        buf_adds(&text, profile_service_text(row, where));
        if (row->username != USERNAME_UNKNOWN && row->auth != AUTH_NONE)
            buf_addf(&text, "; user: %s", username_form_text(row->username));
        if (row->auth)
            buf_addf(&text, "; login: %s", profile_auth_text(row->auth, auth));
        show_field(s, group_name(row), text.p);
    }
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    for (size_t i = 0; i < COUNT(protocols); i++)
        if (p->not_offered & 1u << protocols[i])
            show_field(
                s, protocols[i] == PROTOCOL_SMTP ? "submission" : mail_protocol_name(protocols[i]),
                "not offered");
}

static void show(const struct style *s, const struct profile *p)
{
    auto_buf domains;
    buf_init(&domains, BUF_OURS);
    for (size_t i = 0; i < p->n_domains; i++)
        buf_addf(&domains, "%s%s", i ? ", " : "", p->domains[i]);
    style_paint(s, BOLD, p->title ? p->title : p->name);
    buf_adds(s->out, p->kind == PROFILE_REQUIRES ? " needs\n" : "\n");
    show_services(s, p);
    if (p->n_domains)
        show_field(s, "domains", domains.p);
    for (size_t i = 0; i < p->n_notes; i++)
        show_field(s, i ? "" : "mind", p->notes[i]);
    if (p->source)
        show_field(s, "source", p->source);
    if (p->checked)
        show_field(s, "checked", p->checked);
}

/* ---- JSON ---- */

static json_t *json_texts(const char *const *texts, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *json_auth(unsigned auth)
{
    json_t *list = json_array();
    for (size_t i = 0; auth >> i; i++)
        if (auth >> i & 1)
            json_array_append_new(list, json_string(profile_auth_words[i]));
    return list;
}

static json_t *json_service(const struct profile_service *s)
{
    static const char *const users[] = { NULL, "address", "local-part", "other" };
    return json_pack("{s:s, s:s, s:s?, s:i, s:s, s:s?, s:o}", "protocol",
                     mail_protocol_name(s->protocol), "role", service_role_name(s->role), "host",
                     s->host, "port", (int)s->port, "tls", tls_mode_names[s->tls], "user",
                     users[s->username], "auth", json_auth(s->auth));
}

static json_t *json_profile(const struct profile *p)
{
    json_t *list = json_array(), *refused = json_array();
    static const struct {
        enum mail_protocol protocol;
        const char *name;
    } names[] = { { PROTOCOL_IMAP, "imap" },
                  { PROTOCOL_POP3, "pop3" },
                  { PROTOCOL_SMTP, "submission" } };
    for (size_t i = 0; i < p->n_services; i++)
        json_array_append_new(list, json_service(&p->services[i]));
    for (size_t i = 0; i < COUNT(names); i++)
        if (p->not_offered & 1u << names[i].protocol)
            json_array_append_new(refused, json_string(names[i].name));
    return json_pack("{s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:s?, s:s?}", "name", p->name, "title",
                     p->title, "kind", p->kind == PROFILE_OFFERS ? "offers" : "requires", "domains",
                     json_texts(p->domains, p->n_domains), "services", list, "notOffered", refused,
                     "notes", json_texts(p->notes, p->n_notes), "source", p->source, "checked",
                     p->checked);
}

static int print_json(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    buf_addf(&out, "%s\n", text ? text : "");
    free(text);
    json_decref(value);
    return text ? write_stdout(buf_slice(&out)) : EXIT_OURS;
}

static int list_json(const struct profile_list *list)
{
    json_t *all = json_array();
    array_each (p, &list->list)
        json_array_append_new(all, json_profile(*p));
    return print_json(all);
}

/* ---- the command ---- */

static int run(struct profile_words *w)
{
    const struct profile *p = NULL;
    const char *word = args.words.n ? args.words.v[0] : NULL;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    struct style style = { &text, wants_colour(stdout, args.colour), terminal_width() };
    if (word && !(p = profile_of_domain(&w->bundled, slice_of(word)))) {
        int status = profile_words_find(w, word, &p);
        if (status)
            return status;
    }
    if (args.json)
        return p ? print_json(json_profile(p)) : list_json(&w->bundled);
    if (p)
        show(&style, p);
    else
        list_all(&style, &w->bundled);
    return write_stdout(buf_slice(&text));
}

int cmd_profiles(int argc, char **argv)
{
    struct profile_words w = { 0 };
    struct error err;
    int r = options_parse(&line, argc, argv, &args.words, &err);
    if (!r && args.words.n > 1)
        r = error_set(&err, ERR_USAGE, "one profile at a time");
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    int status = profile_words_open(&w);
    if (!status)
        status = run(&w);
    profile_words_release(&w);
    array_release(&args.words);
    return status;
}
