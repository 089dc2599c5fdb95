/* What a mail client demands, held against all rows: alternatives, one of which must hold. */
#include "port_expect_private.h"
#include <stdio.h>

struct demand {
    const struct profile_service *first; /* the first row of its group */
    bool met, failed, unknown, missing;
    struct buf said; /* one sentence for each row that does not do, a line each */
};

bool is_same_group(const struct profile_service *a, const struct profile_service *b)
{
    return a->protocol == b->protocol && a->role == b->role;
}

static bool concerns(const struct profile_service *s, const struct port_facts *f)
{
    return f->spec.protocol == port_protocol_of(s) && f->spec.role == s->role &&
           (!s->port || s->port == f->spec.port);
}

/* Of alternatives the one that is of the port's own mode tells best what is wrong. */
static bool tells_best(const struct expecting *e, const struct profile_service *s,
                       const struct port_facts *f)
{
    for (size_t k = 0; k < e->p->n_services && s->tls != f->spec.mode; k++) {
        const struct profile_service *o = &e->p->services[k];
        if (is_same_group(o, s) && concerns(o, f) && o->tls == f->spec.mode)
            return false;
    }
    return true;
}

static void hold_demand(struct expecting *e, const struct profile_service *s,
                        const struct port_facts *f, struct demand *d)
{
    struct held h;
    held_init(&h);
    port_hold(s, f, f->spec.host, true, &h);
    bool fails = h.outcome == OUTCOME_FAIL, refused = f->reach == REACH_REFUSED;
    d->met |= h.outcome == OUTCOME_PASS;
    d->unknown |= h.outcome == OUTCOME_ERROR;
    d->missing |= fails && refused;
    d->failed |= fails && !refused;
    if (h.text.n && h.outcome != OUTCOME_NOT_RUN && tells_best(e, s, f))
        buf_addf(&d->said, "%s\n", h.text.p);
    held_release(&h);
}

static void hold_group(struct expecting *e, struct demand *d)
{
    for (size_t k = 0; k < e->p->n_services; k++) {
        const struct profile_service *s = &e->p->services[k];
        if (!is_same_group(s, d->first))
            continue;
        for (size_t i = 0; i < e->n; i++)
            if (concerns(s, &e->rows[i]))
                hold_demand(e, s, &e->rows[i], d);
    }
}

static void add_alternatives(const struct expecting *e, const struct profile_service *first,
                             struct buf *out)
{
    const char *separator = "";
    char wanted[80], port[32] = "";
    for (size_t k = 0; k < e->p->n_services; k++) {
        const struct profile_service *s = &e->p->services[k];
        if (!is_same_group(s, first))
            continue;
        if (s->port)
            snprintf(port, sizeof port, " on port %u", s->port);
        buf_addf(out, "%s%s%s", separator, port_wanted_text(s, wanted), s->port ? port : "");
        separator = " or ";
    }
}

/* IMAP and POP3 stand for each other: who needs one of them does not need both. */
static bool other_access(const struct expecting *e, const struct profile_service *s)
{
    if (s->role != ROLE_ACCESS)
        return false;
    enum port_protocol other = s->protocol == PROTOCOL_IMAP ? PORT_POP3 : PORT_IMAP;
    bool demanded = false, there = false;
    for (size_t k = 0; k < e->p->n_services; k++)
        demanded |= port_protocol_of(&e->p->services[k]) == other;
    for (size_t i = 0; i < e->n; i++)
        there |= e->rows[i].spec.protocol == other && e->rows[i].reach == REACH_OPEN;
    return demanded && there;
}

static const char *group_name(const struct profile_service *s)
{
    return s->role == ROLE_SUBMISSION     ? "submission"
           : s->role == ROLE_MX           ? "mx"
           : s->protocol == PROTOCOL_IMAP ? "imap"
                                          : "pop3";
}

static void fail_demand(struct expecting *e, struct result *r, struct demand *d, const char *wanted)
{
    autofree char *message =
        d->failed
            ? xprintf("%s needs %s, and nothing here fits: %s", e->p->title, wanted, d->said.p)
            : xprintf("%s needs %s, and nothing listens for it", e->p->title, wanted);
    message[strcspn(message, "\n")] = '\0';
    expecting_failure(e, r, message, d->first->at, d->first->source_line, wanted,
                      d->failed ? "see below" : "connection refused");
    slice rest = buf_slice(&d->said), line;
    while (slice_line(&rest, &line))
        *array_push(&r->failure->more) = run_text(e->run, line);
}

static void judge_demand(struct expecting *e, struct result *r, struct demand *d,
                         const char *wanted)
{
    if (d->met)
        return;
    if ((!d->failed && !d->missing) || d->unknown) {
        slice said = buf_slice(&d->said), first = { NULL, 0 };
        slice_line(&said, &first);
        expecting_error(e, r, ERR_NETWORK,
                        first.n ? first
                                : S("no port of this kind was visited; name one with --ports"));
    } else if (!d->failed && other_access(e, d->first)) {
        r->raw = OUTCOME_SKIP;
        r->reason = run_textf(e->run, "%s is not offered here, and the other way to fetch mail is",
                              mail_protocol_name(d->first->protocol));
    } else {
        fail_demand(e, r, d, wanted);
    }
}

void expect_group(struct expecting *e, const struct profile_service *first)
{
    struct demand d = { .first = first };
    auto_buf wanted, title;
    buf_init(&d.said, 16384);
    buf_init(&wanted, BUF_OURS);
    buf_init(&title, BUF_OURS);
    add_alternatives(e, first, &wanted);
    buf_addf(&title, "What %s needs is there: %s", e->p->title, wanted.p);
    struct result *r = expecting_result(e, group_name(first), title.p, first->at);
    hold_group(e, &d);
    judge_demand(e, r, &d, wanted.p);
    buf_release(&d.said);
}
