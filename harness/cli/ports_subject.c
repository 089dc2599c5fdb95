#include "ports_subject.h"
#include "dns_policy.h"
#include "import.h"
#include "port_expect.h"
#include "resolve.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int ports_subject_read(struct ports_subject *s, const char *root, struct problems *problems,
                       struct error *err)
{
    if (profiles_load(root, &s->profiles, problems))
        return 0;
    return error_set(err, ERR_FILE, "a bundled profile is not valid");
}

void ports_subject_release(struct ports_subject *s)
{
    port_rows_release(&s->rows);
    discovery_release(&s->discovery);
    profiles_release(&s->profiles);
    profile_release(&s->imported);
    profile_release(&s->own);
}

/* ---- --expect ---- */

/* `email` stands for the placeholders of foreign formats. */
static bool read_file(const char *path, const char *email, struct profile *ret,
                      struct problems *problems)
{
    return import_is_foreign_file(path) ? profile_import(path, email, ret, problems)
                                        : profile_load(path, path, ret, problems);
}

static int read_expected(struct ports_subject *s, const char *word, const char *expect,
                         struct problems *problems, struct error *err)
{
    s->expected = profile_find(&s->profiles, slice_of(expect));
    if (s->expected)
        return 0;
    if (access(expect, R_OK) != 0) {
        const char *near = profile_nearest(&s->profiles, slice_of(expect));
        return error_set(err, ERR_USAGE, "--expect: \"%s\" is neither a profile nor a file%s%s%s",
                         expect, near ? "; did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "");
    }
    const char *email = strchr(word, '@') ? word : NULL; /* a host is not the domain of its users */
    if (!read_file(expect, email, &s->imported, problems))
        return error_set(err, ERR_FILE, "the file of --expect is not valid");
    s->expected = &s->imported;
    return 0;
}

/* ---- a profile ---- */

static void add_rows(struct ports_subject *s, const struct profile *p)
{
    struct port_spec specs[PROFILE_SERVICES_MAX];
    size_t n = port_rows_of_profile(p, specs, PROFILE_SERVICES_MAX);
    for (size_t i = 0; i < n && i < PROFILE_SERVICES_MAX; i++)
        port_rows_add(&s->rows, &specs[i]);
}

static int add_profile(struct ports_subject *s, const struct profile *p, struct error *err)
{
    if (p->kind == PROFILE_REQUIRES)
        return error_set(err, ERR_USAGE,
                         "%s is a client: it has no ports; say --expect %s and the host", p->name,
                         p->name);
    add_rows(s, p);
    s->expected = s->expected ? s->expected : p;
    return 0;
}

/* Settings in a file, held against what is there. */
static int add_file(struct ports_subject *s, const char *path, struct problems *problems,
                    struct error *err)
{
    if (!read_file(path, NULL, &s->own, problems))
        return error_set(err, ERR_FILE, "the file %s is not valid", path);
    return add_profile(s, &s->own, err);
}

/* A path, or a name that no host has. */
static bool is_file(const char *word)
{
    slice w = slice_of(word);
    return (strchr(word, '/') || slice_ends(w, S(".yaml")) || slice_ends(w, S(".xml")) ||
            slice_ends(w, S(".mobileconfig"))) &&
           access(word, R_OK) == 0;
}

/* ---- a domain ---- */

static int add_mx(struct ports_subject *s, const struct ports_lookup *lookup, struct error *err)
{
    struct mx_hosts mx;
    const struct port_standard *smtp = port_standard(25);
    int r = dns_mx_hosts(lookup->dns, s->domain, now() + lookup->timeout, err, &mx);
    if (r < 0)
        return r;
    for (size_t i = 0; i < mx.n; i++)
        port_rows_add(&s->rows, &(struct port_spec) { .host = mx.hosts[i],
                                                      .port = smtp->port,
                                                      .protocol = smtp->protocol,
                                                      .role = smtp->role,
                                                      .mode = smtp->mode,
                                                      .name = smtp->name });
    mx_hosts_release(&mx);
    return 0;
}

/* All that the domain publishes about its mail, and the usual names when it publishes nothing. */
static int add_published(struct ports_subject *s, const struct ports_lookup *lookup,
                         struct problems *problems, struct error *err)
{
    struct discover_options options = { .subject = s->domain,
                                        .dns = lookup->dns,
                                        .no_address = true,
                                        .ca_file = lookup->ca_file,
                                        .connect_to = lookup->connect_to,
                                        .timeout = lookup->timeout };
    bool published = false;
    int r = discover_look(&options, problems, err, &s->discovery);
    for (int i = 0; r == 0 && i < DISCOVER_SOURCES; i++) {
        const struct discover_source *source = &s->discovery.sources[i];
        if (source->state != DISCOVER_FOUND || (i == DISCOVER_GUESS && published))
            continue;
        add_rows(s, &source->profile);
        published |= i != DISCOVER_GUESS;
    }
    return r;
}

static bool has_route(const struct port_rows *rows, const struct port_spec *row)
{
    array_each (r, &rows->routes)
        if (r->port == row->port && slice_eq_nocase(slice_of(r->host), slice_of(row->host)))
            return true;
    return false;
}

/* Who says what is published says where it is, too. */
static void add_routes(struct ports_subject *s, const struct ports_lookup *lookup)
{
    static const struct {
        enum dns_type type;
        int other_family;
    } types[] = { { DNS_A, AF_INET6 }, { DNS_AAAA, AF_INET } };
    array_each (row, &s->rows.list) {
        if (row->address || has_route(&s->rows, row))
            continue;
        for (size_t i = 0; i < COUNT(types); i++) {
            struct dns_answer a;
            if (lookup->family == types[i].other_family ||
                dns_query(lookup->dns, row->host, types[i].type, now() + lookup->timeout, NULL,
                          &a) < 0)
                continue;
            if (a.n)
                port_rows_route(&s->rows, row->host, row->port, a.records[0].address);
            dns_answer_release(&a);
        }
    }
}

static int add_domain(struct ports_subject *s, const char *word, const struct ports_lookup *lookup,
                      struct problems *problems, struct error *err)
{
    const char *at = strrchr(word, '@');
    s->domain = dns_name(slice_of(at ? at + 1 : word), &s->rows.arena);
    if (!s->domain)
        return error_set(err, ERR_USAGE, "\"%s\" is no domain name", at ? at + 1 : word);
    int r = add_mx(s, lookup, err);
    if (r == 0)
        r = add_published(s, lookup, problems, err);
    if (r == 0 && s->expected && s->expected->kind == PROFILE_OFFERS)
        add_rows(s, s->expected); /* which is published elsewhere, or only to be */
    if (r == 0)
        add_routes(s, lookup);
    return r;
}

static bool has_mx(struct ports_subject *s, const char *name, const struct ports_lookup *lookup)
{
    struct mx_hosts mx;
    if (dns_mx_hosts(lookup->dns, name, now() + lookup->timeout, &s->undecided, &mx) < 0)
        return false;
    bool domain = (mx.n && !mx.implicit) || mx.null_mx || mx.trust == DNS_BOGUS;
    mx_hosts_release(&mx);
    return domain;
}

/* With a resolver a name that has MX records is a domain. */
static bool is_domain(struct ports_subject *s, const char *word, const struct ports_lookup *lookup)
{
    struct arena arena = { 0 };
    bool ask = lookup->dns && !is_numeric_address(word);
    const char *name = ask ? dns_name(slice_of(word), &arena) : NULL;
    bool domain = strchr(word, '@') || (name && has_mx(s, name, lookup));
    arena_release(&arena);
    return domain;
}

/* ---- the word ---- */

static const struct profile *profile_named(const struct ports_subject *s, const char *word)
{
    const struct profile *named = profile_find(&s->profiles, slice_of(word));
    return named ? named : profile_of_domain(&s->profiles, slice_of(word));
}

bool ports_subject_wants_dns(const struct ports_subject *s, const char *word)
{
    return strchr(word, '@') && !profile_named(s, word) && !is_file(word);
}

/* By its number, or by the name of its service, which may be served elsewhere. */
static bool is_wanted(const struct port_rows *wanted, const struct port_spec *row)
{
    array_each (r, &wanted->list) {
        const struct port_standard *standard = port_standard(r->port);
        bool named = standard && row->name && strcmp(standard->name, row->name) == 0;
        if (r->port == row->port || named)
            return true;
    }
    return false;
}

int ports_subject_keep(struct ports_subject *s, const char *word, const struct text_list *ports,
                       struct error *err)
{
    struct port_rows wanted = { 0 };
    size_t kept = 0;
    int r = port_rows_of_host(&wanted, word, ports->v, ports->n, err);
    for (size_t i = 0; i < s->rows.list.n && r == 0; i++)
        if (is_wanted(&wanted, &s->rows.list.v[i]))
            s->rows.list.v[kept++] = s->rows.list.v[i];
    port_rows_release(&wanted);
    if (r < 0)
        return r;
    bool none = s->rows.list.n && !kept;
    s->rows.list.n = kept;
    return none ? error_set(err, ERR_USAGE, "--ports: none of them is a port of %s", word) : 0;
}

int ports_subject_open(struct ports_subject *s, const char *word, const char *expect,
                       const struct text_list *ports, const struct ports_lookup *lookup,
                       struct problems *problems, struct error *err)
{
    int r = expect ? read_expected(s, word, expect, problems, err) : 0;
    if (r < 0)
        return r;
    const struct profile *named = profile_named(s, word);
    if (named)
        r = add_profile(s, named, err);
    else if (is_file(word))
        r = add_file(s, word, problems, err);
    else if (is_domain(s, word, lookup))
        r = add_domain(s, word, lookup, problems, err);
    else
        return port_rows_of_host(&s->rows, word, ports->v, ports->n, err);
    return r == 0 && ports->n ? ports_subject_keep(s, word, ports, err) : r;
}
