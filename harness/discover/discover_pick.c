/* What a client picks that follows RFC 6186 section 3.4 and RFC 8314 section 5.1. */
#include "discover_private.h"

enum outcome discover_outcome(const struct discovery *d, const struct profile_service *row)
{
    array_each (e, &d->endpoints)
        if (same_endpoint(e->row, row) && e->row->tls == row->tls)
            return e->outcome;
    return OUTCOME_NOT_RUN;
}

/* Guesses count only when something was seen to work there. */
static bool is_candidate(const struct discovery *d, const struct discover_source *s,
                         const struct profile_service *row)
{
    if (s->state != DISCOVER_FOUND)
        return false;
    enum outcome o = discover_outcome(d, row);
    return s->id != DISCOVER_GUESS || o == OUTCOME_PASS || o == OUTCOME_WARN;
}

static int rank_of_outcome(enum outcome o)
{
    return o == OUTCOME_FAIL ? 2 : o == OUTCOME_ERROR ? 1 : 0;
}

/* Less is better: does it work, the protocol, TLS, the source, the source's own order. */
struct rank {
    int works, protocol, tls, source;
    unsigned priority;
};

static struct rank rank_of(const struct discovery *d, const struct discover_source *s, size_t i)
{
    const struct profile_service *row = &s->profile.services[i];
    enum mail_protocol first = d->pop_preferred ? PROTOCOL_POP3 : PROTOCOL_IMAP;
    return (struct rank) { rank_of_outcome(discover_outcome(d, row)), row->protocol != first,
                           TLS_MODE_IMPLICIT - (int)row->tls, (int)s->id, s->priority[i] };
}

static bool is_better(struct rank a, struct rank b)
{
    const int x[] = { a.works, a.protocol, a.tls, a.source };
    const int y[] = { b.works, b.protocol, b.tls, b.source };
    for (size_t i = 0; i < COUNT(x); i++)
        if (x[i] != y[i])
            return x[i] < y[i];
    return a.priority < b.priority;
}

static struct discover_pick pick(const struct discovery *d, bool incoming)
{
    struct discover_pick best = { 0 };
    struct rank best_rank = { 0 };
    for (int k = 0; k < DISCOVER_SOURCES; k++) {
        const struct discover_source *s = &d->sources[k];
        for (size_t i = 0; i < s->profile.n_services; i++) {
            const struct profile_service *row = &s->profile.services[i];
            if ((row->protocol != PROTOCOL_SMTP) != incoming || !is_candidate(d, s, row))
                continue;
            struct rank rank = rank_of(d, s, i);
            if (best.row && !is_better(rank, best_rank))
                continue;
            best = (struct discover_pick) { row, s->id, NULL };
            best_rank = rank;
        }
    }
    return best;
}

static unsigned least_priority(const struct discover_source *s, enum mail_protocol protocol)
{
    unsigned least = UINT32_MAX;
    for (size_t i = 0; i < s->profile.n_services; i++)
        if (s->profile.services[i].protocol == protocol && s->priority[i] < least)
            least = s->priority[i];
    return least;
}

static const char *why_of(const struct discovery *d, const struct discover_pick *p, bool incoming)
{
    if (!p->row)
        return NULL;
    if (p->row->tls == TLS_MODE_NONE)
        return "nothing with TLS is published: a client warns that the password can be read on the "
               "way";
    if (rank_of_outcome(discover_outcome(d, p->row)) == 2)
        return "it was seen not to work as published, and neither does anything else";
    if (incoming && d->pop_preferred && p->row->protocol == PROTOCOL_POP3)
        return "the priorities of the SRV records put POP3 before IMAP (RFC 6186 section 3.4)";
    return NULL;
}

void discover_choose(struct discovery *d)
{
    const struct discover_source *srv = &d->sources[DISCOVER_SRV];
    d->pop_preferred = srv->state == DISCOVER_FOUND &&
                       least_priority(srv, PROTOCOL_POP3) < least_priority(srv, PROTOCOL_IMAP) &&
                       least_priority(srv, PROTOCOL_IMAP) != UINT32_MAX;
    d->incoming = pick(d, true);
    d->outgoing = pick(d, false);
    d->incoming.why = why_of(d, &d->incoming, true);
    d->outgoing.why = why_of(d, &d->outgoing, false);
}

bool discover_found(const struct discovery *d)
{
    for (int k = 0; k < DISCOVER_SOURCES; k++) {
        const struct discover_source *s = &d->sources[k];
        for (size_t i = 0; i < s->profile.n_services; i++)
            if (is_candidate(d, s, &s->profile.services[i]))
                return true;
    }
    return false;
}
