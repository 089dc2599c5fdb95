/* The profile file: docs/profiles.md describes it for people, reports/schemas/profile.json for
   editors, and this reads it. */
#include "profile.h"
#include "resolve.h"

enum { HOST_MAX = 253, LABEL_MAX = 63 };

struct loader {
    struct profile *p;
    struct problems *problems;
    unsigned auth; /* of rows that say nothing themselves */
    enum username_form user;
};

static const char *const user_words[] = { "address", "local-part", "other" };

/* The groups of rows, by the names that they have in a file. */
static const struct group {
    const char *name;
    enum mail_protocol protocol;
    enum service_role role;
} groups[] = {
    { "imap", PROTOCOL_IMAP, ROLE_ACCESS },
    { "pop3", PROTOCOL_POP3, ROLE_ACCESS },
    { "submission", PROTOCOL_SMTP, ROLE_SUBMISSION },
    { "mx", PROTOCOL_SMTP, ROLE_MX },
};
static const char *const group_words[] = { "imap", "pop3", "submission", "mx" };

static const char *text_of(struct loader *l, const struct node *n, const char *what)
{
    if (!n || !node_is(n, NODE_SCALAR, what, l->problems))
        return NULL;
    slice text = slice_trim(n->text);
    if (!text.n) {
        problem_add(l->problems, n->at, "%s is empty", what);
        return NULL;
    }
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127) {
            problem_add(l->problems, n->at, "%s holds a control character", what);
            return NULL;
        }
    return arena_str(&l->p->arena, text);
}

/* ---- hosts and dates ---- */

static bool is_label(slice label)
{
    bool good =
        label.n > 0 && label.n <= LABEL_MAX && label.p[0] != '-' && label.p[label.n - 1] != '-';
    for (size_t i = 0; i < label.n && good; i++)
        good = ascii_is_alnum(label.p[i]) || label.p[i] == '-' || label.p[i] == '_';
    return good;
}

static bool is_host_name(slice name)
{
    slice rest = name, label;
    bool good = name.n > 0 && name.n <= HOST_MAX, digits = true;
    while (good && slice_cut(&rest, '.', &label)) {
        good = is_label(label);
        digits = true;
        for (size_t i = 0; i < label.n; i++)
            digits &= ascii_is_digit(label.p[i]);
    }
    /* A last label of digits alone would be an address, and a wrong one: right ones were taken. */
    return good && !digits;
}

static bool is_ascii(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 127)
            return false;
    return true;
}

static const char *host_of(struct loader *l, const struct node *n, const char *what, bool addresses)
{
    const char *text = text_of(l, n, what);
    slice s = slice_of(text);
    if (!text || is_host_name(s) || (addresses && is_numeric_address(text)))
        return text;
    if (!is_ascii(s))
        problem_add(l->problems, n->at, "%s is written in its ASCII form (xn--...)", what);
    else if (slice_find_char(s, '/') != SIZE_MAX)
        problem_add(l->problems, n->at, "%s is a name alone, no URL", what);
    else if (slice_find_char(s, ':') != SIZE_MAX)
        problem_add(l->problems, n->at, "%s is a name alone; the port has a key of its own", what);
    else
        problem_add(l->problems, n->at, "\"%s\" is no host name", text);
    return NULL;
}

/* YYYY-MM-DD, and a day that there is. */
static bool is_date(slice s)
{
    static const unsigned days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint64_t year, month, day;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' ||
        !slice_to_u64(slice_sub(s, 0, 4), 9999, &year) ||
        !slice_to_u64(slice_sub(s, 5, 7), 12, &month) ||
        !slice_to_u64(slice_sub(s, 8, 10), 31, &day) || !month || !day)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] - (month == 2 && !leap);
}

static const char *date_of(struct loader *l, const struct node *n)
{
    const char *text = text_of(l, n, "checked");
    if (!text || is_date(slice_of(text)))
        return text;
    problem_add(l->problems, n->at, "checked is a day, such as 2026-03-12, not \"%s\"", text);
    return NULL;
}

/* ---- rows ---- */

/* What people write for it elsewhere. */
static const char *meant_by(slice word, const char *const *words, size_t n)
{
    static const struct {
        const char *said, *meant;
    } synonyms[] = { { "smtp", "submission" },  { "smtps", "submission" }, { "ssl", "implicit" },
                     { "ssl/tls", "implicit" }, { "plain", "password" },   { "email", "address" } };
    for (size_t i = 0; i < COUNT(synonyms); i++)
        for (size_t k = 0; k < n && slice_eq_nocase(word, slice_of(synonyms[i].said)); k++)
            if (strcmp(words[k], synonyms[i].meant) == 0)
                return words[k];
    return nearest_word(word, words, n);
}

static void word_problem(struct loader *l, struct place at, slice word, const char *what,
                         const char *const *words, size_t n)
{
    auto_buf all;
    const char *near = meant_by(word, words, n);
    buf_init(&all, BUF_OURS);
    for (size_t i = 0; i < n; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", words[i]);
    problem_add(l->problems, at, "%s \"%.*s\"%s%s%s (there are: %s)", what, SLICE_ARG(word),
                near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "", all.p);
}

/* The index of a scalar in `words`; SIZE_MAX with a problem when it is none of them. */
static size_t word_of(struct loader *l, const struct node *n, const char *what,
                      const char *const *words, size_t count)
{
    if (!node_is(n, NODE_SCALAR, what, l->problems))
        return SIZE_MAX;
    for (size_t i = 0; i < count; i++)
        if (slice_eq_str(n->text, words[i]))
            return i;
    autofree char *unknown = xprintf("unknown %s", what);
    word_problem(l, n->at, n->text, unknown, words, count);
    return SIZE_MAX;
}

/* Calls `each` for every item of a list, or for the value that stands alone in place of one. */
static void each_of(struct loader *l, const struct node *n,
                    void (*each)(struct loader *l, const struct node *item, void *arg), void *arg)
{
    if (n->kind != NODE_LIST) {
        each(l, n, arg);
        return;
    }
    for (size_t i = 0; i < n->n; i++)
        each(l, n->items[i], arg);
}

/* An empty list would say nothing, and look as if it did. */
static void refuse_empty_list(struct loader *l, const struct node *n, const char *what)
{
    if (n->kind == NODE_LIST && !n->n)
        problem_add(l->problems, n->at, "%s is an empty list", what);
}

static void add_auth(struct loader *l, const struct node *item, void *arg)
{
    size_t i = word_of(l, item, "auth", profile_auth_words, PROFILE_AUTH_KINDS);
    if (i != SIZE_MAX)
        *(unsigned *)arg |= 1u << i;
}

static unsigned auth_of(struct loader *l, const struct node *n)
{
    unsigned auth = 0;
    if (!n)
        return l->auth;
    refuse_empty_list(l, n, "auth");
    each_of(l, n, add_auth, &auth);
    if (auth & AUTH_NONE && auth != AUTH_NONE)
        problem_add(l->problems, n->at, "auth: none excludes every other way to log in");
    return auth;
}

static enum username_form user_of(struct loader *l, const struct node *n)
{
    size_t i = n ? word_of(l, n, "user", user_words, COUNT(user_words)) : SIZE_MAX;
    return i == SIZE_MAX ? l->user : (enum username_form)(USERNAME_ADDRESS + i);
}

static uint16_t port_of(struct loader *l, const struct node *n)
{
    uint64_t port = 0;
    if (node_u64(n, 65535, "a port", &port, l->problems) && !port)
        problem_add(l->problems, n->at, "a port is 1 to 65535");
    return (uint16_t)port;
}

static void need(struct loader *l, const struct node *row, const char *key, const char *why)
{
    if (!node_get(row, key))
        problem_add(l->problems, row->at, "this needs \"%s\": %s", key, why);
}

static void refuse_twice(struct loader *l, const struct profile_service *s)
{
    bool twice = !s->host || !s->port; /* of a port that is none, that was said */
    for (size_t i = 0; i < l->p->n_services && !twice; i++) {
        const struct profile_service *o = &l->p->services[i];
        twice =
            o->host && o->port == s->port && slice_eq_nocase(slice_of(o->host), slice_of(s->host));
        if (twice)
            problem_add(l->problems, s->at, "%s:%u stands twice; it is first in line %u", s->host,
                        s->port, o->at.line);
    }
}

static enum tls_mode tls_of(struct loader *l, const struct node *n, const struct group *group)
{
    size_t mode = n ? word_of(l, n, "tls", tls_mode_names, TLS_MODES) : SIZE_MAX;
    if (mode == SIZE_MAX)
        return TLS_MODE_IMPLICIT;
    if (group->role == ROLE_MX && mode == TLS_MODE_IMPLICIT)
        problem_add(l->problems, n->at,
                    "mail between servers has no implicit TLS; say starttls or none");
    return (enum tls_mode)mode;
}

static void store_row(struct loader *l, struct profile_service *s)
{
    autofree char *line = NULL;
    slice text = problem_line(l->problems, s->at.file, s->at.line);
    s->source_line = line = xprintf("%.*s", SLICE_ARG(text));
    refuse_twice(l, s);
    if (!profile_add(l->p, s))
        problem_add(l->problems, s->at, "more than %d rows", PROFILE_SERVICES_MAX);
}

static void load_row(struct loader *l, const struct node *n, void *arg)
{
    static const char *const keys[] = { "port", "tls", "user", "auth", "host" };
    const struct group *group = arg;
    bool offers = l->p->kind == PROFILE_OFFERS;
    if (!node_is(n, NODE_MAP, group->name, l->problems))
        return;
    /* A client's demands name no host. */
    node_only_keys(n, keys, COUNT(keys) - !offers, offers ? "a row" : "a row of requires",
                   l->problems);
    need(l, n, "tls", "implicit, starttls or none");
    if (offers) {
        need(l, n, "host", "the name that is published");
        need(l, n, "port", "993, for instance");
    }
    struct profile_service s = { .protocol = group->protocol,
                                 .role = group->role,
                                 .tls = tls_of(l, node_get(n, "tls"), group),
                                 .auth = auth_of(l, node_get(n, "auth")),
                                 .username = user_of(l, node_get(n, "user")),
                                 .at = n->at };
    if (offers && node_get(n, "host"))
        s.host = host_of(l, node_get(n, "host"), "a host", true);
    if (node_get(n, "port"))
        s.port = port_of(l, node_get(n, "port"));
    store_row(l, &s);
}

static const struct group *group_of(struct loader *l, const struct node *n, const char *what)
{
    for (size_t i = 0; i < COUNT(groups); i++)
        if (n->kind == NODE_SCALAR && slice_eq_str(n->text, groups[i].name))
            return &groups[i];
    if (node_is(n, NODE_SCALAR, what, l->problems))
        word_problem(l, n->at, n->text, "unknown service", group_words, COUNT(group_words));
    return NULL;
}

static void load_services(struct loader *l, const struct node *n, const char *what)
{
    if (!node_is(n, NODE_MAP, what, l->problems))
        return;
    for (size_t i = 0; i < n->n; i++) {
        const struct group *group = group_of(l, n->keys[i], what);
        if (!group)
            continue;
        refuse_empty_list(l, n->items[i], group->name);
        each_of(l, n->items[i], load_row, (void *)group);
    }
    if (!n->n)
        problem_add(l->problems, n->at, "%s names no service", what);
}

static void load_not_offered(struct loader *l, const struct node *item, void *arg)
{
    const struct group *group = group_of(l, item, "not-offered");
    if (!group)
        return;
    if (group->role == ROLE_MX) {
        problem_add(l->problems, item->at, "not-offered is about imap, pop3 and submission");
        return;
    }
    l->p->not_offered |= 1u << group->protocol;
    for (size_t i = 0; i < l->p->n_services; i++)
        if (l->p->services[i].protocol == group->protocol &&
            l->p->services[i].role == group->role) {
            problem_add(l->problems, item->at, "%s is offered, in line %u", group->name,
                        l->p->services[i].at.line);
            return;
        }
}

/* ---- the file ---- */

static size_t load_words(struct loader *l, const struct node *n, const char *what,
                         const char *(*read)(struct loader *l, const struct node *item),
                         const char ***ret)
{
    size_t count = n->kind == NODE_LIST ? n->n : 1, used = 0;
    if (count > PROFILE_WORDS_MAX) {
        problem_add(l->problems, n->at, "more than %d %s", PROFILE_WORDS_MAX, what);
        return 0;
    }
    *ret = arena_new_n(&l->p->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *text = read(l, n->kind == NODE_LIST ? n->items[i] : n);
        if (text)
            (*ret)[used++] = text;
    }
    return used;
}

static const char *read_domain(struct loader *l, const struct node *item)
{
    return host_of(l, item, "a domain", false);
}

static const char *read_note(struct loader *l, const struct node *item)
{
    return text_of(l, item, "a note");
}

static void load_about(struct loader *l, const struct node *root)
{
    const struct node *n;
    struct profile *p = l->p;
    p->title = text_of(l, node_get(root, "name"), "name");
    if (!node_get(root, "name"))
        problem_add(l->problems, root->at, "a profile needs \"name\"");
    if ((n = node_get(root, "domains")))
        p->n_domains = load_words(l, n, "domains", read_domain, &p->domains);
    if ((n = node_get(root, "notes")))
        p->n_notes = load_words(l, n, "notes", read_note, &p->notes);
    p->source = text_of(l, node_get(root, "source"), "source");
    if ((n = node_get(root, "checked")))
        p->checked = date_of(l, n);
}

static void load_root(struct loader *l, const struct node *root)
{
    static const char *const keys[] = { "name", "domains", "source",      "checked",  "user",
                                        "auth", "offers",  "not-offered", "requires", "notes" };
    const struct node *offers = node_get(root, "offers"), *requires = node_get(root, "requires");
    const struct node *refused = node_get(root, "not-offered");
    node_only_keys(root, keys, COUNT(keys), "a profile", l->problems);
    load_about(l, root);
    l->auth = auth_of(l, node_get(root, "auth"));
    l->user = user_of(l, node_get(root, "user"));
    if (offers && requires)
        problem_add(l->problems, requires->at,
                    "a profile is a provider's (offers) or a client's (requires), not both");
    else if (offers)
        load_services(l, offers, "offers");
    else if (requires) {
        l->p->kind = PROFILE_REQUIRES;
        load_services(l, requires, "requires");
    } else
        problem_add(l->problems, root->at,
                    "a profile needs \"offers\" (of a provider) or \"requires\" (of a client)");
    if (!refused)
        return;
    l->p->not_offered_at = refused->at;
    l->p->not_offered_at.file = arena_str(&l->p->arena, slice_of(refused->at.file));
    each_of(l, refused, load_not_offered, NULL);
    if (l->p->kind == PROFILE_REQUIRES)
        problem_add(l->problems, refused->at, "not-offered belongs to a provider's profile");
}

static const char *name_of(struct profile *p, const char *path)
{
    slice name = slice_of(path);
    for (size_t at; (at = slice_find_char(name, '/')) != SIZE_MAX;)
        name = slice_skip(name, at + 1);
    name.n -= slice_ends(name, S(".yaml")) ? 5 : 0;
    return arena_str(&p->arena, name);
}

bool profile_is_one(const struct node *root)
{
    /* The last two: of a provider whose "offers" is misspelt. */
    return node_get(root, "offers") || node_get(root, "requires") || node_get(root, "domains") ||
           node_get(root, "not-offered");
}

bool profile_load(const char *path, const char *shown, struct profile *ret,
                  struct problems *problems)
{
    struct profile p = { .origin = "profile" };
    struct loader l = { .p = &p, .problems = problems };
    size_t before = problems->list.n;
    /* Problems outlive the profile, so the tree that they point into is theirs. */
    const struct node *root = node_load(path, shown, &problems->arena, problems);
    if (root && node_is(root, NODE_MAP, "a profile", problems)) {
        p.name = name_of(&p, path);
        p.path = arena_str(&p.arena, slice_of(path));
        load_root(&l, root);
    }
    if (problems->list.n > before) {
        profile_release(&p);
        return false;
    }
    *ret = p;
    return true;
}
