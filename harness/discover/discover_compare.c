/* Where sources contradict one another. Two sources agree about a service in one TLS mode when they
   share an endpoint; one may list more than the other. */
#include "discover_private.h"
#include <strings.h>

bool source_is_published(const struct discover_source *s)
{
    return s->state == DISCOVER_FOUND && s->id != DISCOVER_GUESS;
}

bool source_has(const struct discover_source *s, enum mail_protocol protocol)
{
    for (size_t i = 0; i < s->profile.n_services; i++)
        if (s->profile.services[i].protocol == protocol)
            return true;
    return false;
}

bool discover_is_weak(enum discover_id id)
{
    return id == DISCOVER_PROFILE || id == DISCOVER_AUTOCONFIG_MX;
}

struct pair {
    struct discovery *d;
    const struct discover_source *a, *b;
    enum mail_protocol protocol;
};

static void contradict(const struct pair *p, enum outcome outcome,
                       const struct profile_service *row_a, const struct profile_service *row_b,
                       const char *text)
{
    const struct profile_service *placed = row_b && row_b->at.line ? row_b : row_a;
    if (outcome == OUTCOME_FAIL && (discover_is_weak(p->a->id) || discover_is_weak(p->b->id)))
        outcome = OUTCOME_WARN;
    struct discover_contradiction *c = array_push(&p->d->contradictions);
    *c = (struct discover_contradiction) {
        .protocol = p->protocol, .a = p->a->id, .b = p->b->id, .outcome = outcome, .text = text
    };
    if (placed && placed->at.line) {
        c->at = placed->at;
        c->source_line = placed->source_line;
    }
}

static const struct profile_service *first_row(const struct discover_source *s,
                                               enum mail_protocol protocol, enum tls_mode mode)
{
    for (size_t i = 0; i < s->profile.n_services; i++)
        if (s->profile.services[i].protocol == protocol && s->profile.services[i].tls == mode)
            return &s->profile.services[i];
    return NULL;
}

/* ---- host and port, in one mode ---- */

/* What differs, in a word. */
static const char *difference(const struct profile_service *a, const struct profile_service *b)
{
    bool host = strcasecmp(a->host, b->host) != 0;
    if (host && a->port != b->port)
        return "host and port differ";
    return host ? "the hosts differ" : "the ports differ";
}

static void compare_mode(const struct pair *p, enum tls_mode mode)
{
    const struct profile_service *a = first_row(p->a, p->protocol, mode);
    const struct profile_service *b = first_row(p->b, p->protocol, mode);
    struct arena *arena = &p->d->arena;
    if (!a || !b)
        return;
    for (size_t i = 0; i < p->a->profile.n_services; i++)
        for (size_t k = 0; k < p->b->profile.n_services; k++) {
            const struct profile_service *x = &p->a->profile.services[i];
            const struct profile_service *y = &p->b->profile.services[k];
            if (x->protocol == p->protocol && x->tls == mode && y->tls == mode &&
                same_endpoint(x, y))
                return;
        }
    contradict(p, OUTCOME_FAIL, a, b,
               arena_printf(arena, "%s %s: %s say%s %s:%u, %s say%s %s:%u; %s",
                            protocol_text(p->protocol), tls_mode_ways[mode],
                            discover_words(p->a->id), p->a->id == DISCOVER_SRV ? "" : "s", a->host,
                            a->port, discover_words(p->b->id), p->b->id == DISCOVER_SRV ? "" : "s",
                            b->host, b->port, difference(a, b)));
}

/* ---- one endpoint, two stories ---- */

static const char *form_text(enum username_form form)
{
    return form == USERNAME_OTHER ? "name of another form" : username_form_text(form);
}

static const char *why_not_both(const struct pair *p, const struct profile_service *a,
                                const struct profile_service *b)
{
    if (a->tls == TLS_MODE_IMPLICIT || b->tls == TLS_MODE_IMPLICIT)
        return "a port has one of the two";
    const struct discover_source *clear = a->tls == TLS_MODE_NONE ? p->a : p->b;
    return arena_printf(&p->d->arena, "who goes by %s sends passwords that everybody can read",
                        discover_words(clear->id));
}

static void compare_rows(const struct pair *p, const struct profile_service *a,
                         const struct profile_service *b)
{
    struct arena *arena = &p->d->arena;
    unsigned both = a->auth & b->auth;
    if (a->tls != b->tls)
        contradict(
            p, OUTCOME_FAIL, a, b,
            arena_printf(arena, "%s at %s:%u: %s by %s, %s by %s; %s", protocol_text(p->protocol),
                         a->host, a->port, tls_mode_words[a->tls], discover_words(p->a->id),
                         tls_mode_words[b->tls], discover_words(p->b->id), why_not_both(p, a, b)));
    if (a->username != b->username && a->username != USERNAME_UNKNOWN &&
        b->username != USERNAME_UNKNOWN)
        contradict(p, OUTCOME_FAIL, a, b,
                   arena_printf(arena, "%s at %s:%u: the user name is the %s by %s, the %s by %s",
                                protocol_text(p->protocol), a->host, a->port,
                                form_text(a->username), discover_words(p->a->id),
                                form_text(b->username), discover_words(p->b->id)));
    if (a->auth && b->auth && !both) {
        char one[128], other[128];
        contradict(p, OUTCOME_WARN, a, b,
                   arena_printf(arena, "%s at %s:%u: %s wants %s, %s wants %s",
                                protocol_text(p->protocol), a->host, a->port,
                                discover_words(p->a->id), profile_auth_text(a->auth, one),
                                discover_words(p->b->id), profile_auth_text(b->auth, other)));
    }
}

static void compare_endpoints(const struct pair *p)
{
    for (size_t i = 0; i < p->a->profile.n_services; i++)
        for (size_t k = 0; k < p->b->profile.n_services; k++) {
            const struct profile_service *a = &p->a->profile.services[i];
            const struct profile_service *b = &p->b->profile.services[k];
            if (a->protocol == p->protocol && same_endpoint(a, b))
                compare_rows(p, a, b);
        }
}

/* ---- "not offered" against an offer ---- */

static void compare_refusal(const struct pair *p, const struct discover_source *refuses,
                            const struct discover_source *offers)
{
    for (enum tls_mode mode = TLS_MODE_NONE; mode <= TLS_MODE_IMPLICIT; mode++) {
        const struct profile_service *row = first_row(offers, p->protocol, mode);
        if (!row || !(refuses->refused[p->protocol] & 1 << mode))
            continue;
        contradict(p, OUTCOME_FAIL, NULL, row,
                   arena_printf(&p->d->arena, "%s %s: %s %s not offered, %s says %s:%u",
                                protocol_text(p->protocol), tls_mode_ways[mode],
                                discover_words(refuses->id),
                                refuses->id == DISCOVER_SRV ? "say that it is (target \".\")"
                                                            : "says that it is",
                                discover_words(offers->id), row->host, row->port));
    }
}

/* One knows implicit TLS, whose clients are better off. */
static void compare_best(const struct pair *p)
{
    const struct profile_service *a = first_row(p->a, p->protocol, TLS_MODE_IMPLICIT);
    const struct profile_service *b = first_row(p->b, p->protocol, TLS_MODE_IMPLICIT);
    const struct discover_source *knows = a ? p->a : p->b, *lacks = a ? p->b : p->a;
    const struct profile_service *row = a ? a : b;
    if (!a == !b || lacks->refused[p->protocol] & 1 << TLS_MODE_IMPLICIT ||
        !source_has(lacks, p->protocol))
        return;
    contradict(p, OUTCOME_WARN, a, b,
               arena_printf(&p->d->arena,
                            "%s: %s %s implicit TLS (%s:%u), %s %s not: clients of the latter get "
                            "less than there is (RFC 8314 section 4.5.2)",
                            protocol_text(p->protocol), discover_words(knows->id),
                            knows->id == DISCOVER_SRV ? "name" : "names", row->host, row->port,
                            discover_words(lacks->id), lacks->id == DISCOVER_SRV ? "do" : "does"));
}

static void compare_pair(struct discovery *d, enum discover_id a, enum discover_id b,
                         enum mail_protocol protocol)
{
    struct pair p = { d, &d->sources[a], &d->sources[b], protocol };
    for (enum tls_mode mode = TLS_MODE_NONE; mode <= TLS_MODE_IMPLICIT; mode++)
        compare_mode(&p, mode);
    compare_endpoints(&p);
    compare_refusal(&p, p.a, p.b);
    compare_refusal(&p, p.b, p.a);
    compare_best(&p);
}

void discover_compare(struct discovery *d)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    for (size_t i = 0; i < COUNT(protocols); i++)
        for (int a = 0; a < DISCOVER_SOURCES; a++)
            for (int b = a + 1; b < DISCOVER_SOURCES; b++)
                if (source_is_published(&d->sources[a]) && source_is_published(&d->sources[b]))
                    compare_pair(d, (enum discover_id)a, (enum discover_id)b, protocols[i]);
}
