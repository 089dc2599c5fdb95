/* Whether what is published works: a visit to each endpoint, held against what is said of it. */
#include "discover_private.h"
#include "port_expect.h"
#include "port_rows.h"
#include "port_visit.h"
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

static struct discover_endpoint *known(struct discovery *d, const struct profile_service *row)
{
    array_each (e, &d->endpoints)
        if (same_endpoint(e->row, row) && e->row->tls == row->tls)
            return e;
    return NULL;
}

/* Another source says the same: what it says of logins must hold, too. */
static void join_logins(struct profile_service *first, const struct profile_service *row)
{
    first->auth |= row->auth;
    if (first->at.line)
        return;
    first->at = row->at;
    first->source_line = row->source_line;
}

static void add_endpoint(struct discovery *d, struct discover_source *s,
                         const struct profile_service *row)
{
    struct discover_endpoint *e = known(d, row);
    if (e && !discover_is_weak(s->id))
        join_logins(e->row, row);
    if (e)
        return;
    if (d->endpoints.n == DISCOVER_VISITS_MAX) {
        source_find(d, s, IMPORT_NOTE, row->at, "%s:%u was not visited: %d others were", row->host,
                    row->port, DISCOVER_VISITS_MAX);
        return;
    }
    struct profile_service *own = arena_new(&d->arena, struct profile_service);
    *own = *row;
    *array_push(&d->endpoints) = (struct discover_endpoint) { .row = own, .source = s->id };
}

/* Everything that is published; the guesses for what is published by nobody. */
static void collect(struct discovery *d)
{
    bool fetch = false, submit = false;
    for (int k = 0; k < DISCOVER_SOURCES; k++) {
        struct discover_source *s = &d->sources[k];
        for (size_t i = 0; s->state == DISCOVER_FOUND && i < s->profile.n_services; i++) {
            const struct profile_service *row = &s->profile.services[i];
            bool submits = row->protocol == PROTOCOL_SMTP;
            if (k == DISCOVER_GUESS && (submits ? submit : fetch))
                continue;
            submit |= submits && k != DISCOVER_GUESS;
            fetch |= !submits && k != DISCOVER_GUESS;
            add_endpoint(d, s, row);
        }
    }
}

/* ---- where they are ---- */

static bool has_route(const struct port_rows *rows, const struct profile_service *row)
{
    array_each (r, &rows->routes)
        if (r->port == row->port && slice_eq_nocase(slice_of(r->host), slice_of(row->host)))
            return true;
    return false;
}

/* Looked up by the resolver that all else was asked of. False, with a finding, when there is no
   address to visit. */
static bool add_route(struct discovery *d, struct port_rows *rows, struct discover_endpoint *e)
{
    const char *address;
    struct error err;
    struct discover_source *s = &d->sources[e->source];
    if (has_route(rows, e->row) || !d->options.dns)
        return true; /* without a resolver of ours, the system's is asked later */
    int n = discover_addresses(d, e->row->host, &address, 1, &err);
    if (n > 0)
        *array_push(&rows->routes) =
            (struct port_route) { e->row->host, e->row->port, address, e->row->port };
    else if (n == 0 && e->source != DISCOVER_SRV && e->source != DISCOVER_GUESS)
        source_find(d, s, IMPORT_WRONG, e->row->at, "%s has no address", e->row->host);
    else if (n < 0)
        source_find(d, s, IMPORT_WARN, e->row->at, "%s could not be looked up: %s", e->row->host,
                    err.text);
    if (n <= 0)
        e->outcome = n == 0 ? OUTCOME_FAIL : OUTCOME_ERROR;
    return n > 0;
}

/* All endpoints as one profile, whose rows are the ones to visit. */
static int make_rows(struct discovery *d, const struct discover_checking *how, struct profile *all,
                     struct port_rows *rows, struct error *err)
{
    struct port_spec specs[PROFILE_SERVICES_MAX];
    for (const char *const *r = how->routes; r && *r; r++) {
        int code = port_route_parse(rows, *r, err);
        if (code < 0)
            return code;
    }
    all->name = d->domain;
    all->origin = "discover";
    array_each (e, &d->endpoints)
        if (add_route(d, rows, e))
            profile_add(all, e->row);
    size_t n = port_rows_of_profile(all, specs, PROFILE_SERVICES_MAX);
    for (size_t i = 0; i < n && i < PROFILE_SERVICES_MAX; i++)
        port_rows_add(rows, &specs[i]);
    port_rows_resolve(rows, d->options.dns ? 0 : AF_INET, d->options.timeout);
    return 0;
}

/* ---- what came of it ---- */

/* The name of its result: of several expectations of one port the later ones have a number. */
static const char *result_id(struct discovery *d, const struct discover_endpoint *of)
{
    unsigned number = 1;
    for (const struct discover_endpoint *e = d->endpoints.v; e < of; e++)
        number += e->row->port == of->row->port && strcasecmp(e->row->host, of->row->host) == 0;
    const char *id = arena_printf(&d->arena, "ports/expect/%s:%u", of->row->host, of->row->port);
    return number == 1 ? id : arena_printf(&d->arena, "%s#%u", id, number);
}

static void take_results(struct discovery *d, const struct run *run)
{
    array_each (e, &d->endpoints) {
        const struct result *r = run_find(run, result_id(d, e));
        e->id = r ? r->id : NULL;
        if (r)
            e->outcome = r->raw;
    }
}

/* A mismatch becomes a skip. Its sentence would speak of what is published. */
static void excuse(struct run *run, struct result *r)
{
    struct result_failure *f = r->failure;
    r->raw = OUTCOME_SKIP;
    r->error = ERR_NONE;
    r->reason = f ? run_textf(run, "a guess that does not work: %s", f->actual) : r->reason;
    r->failure = NULL;
    if (f) {
        array_release(&f->expected);
        array_release(&f->more);
    }
}

/* Guesses are nobody's promise: what does not answer there is no failure. */
static void soften_guesses(struct discovery *d, struct run *run)
{
    array_each (e, &d->endpoints) {
        struct result *r = e->id ? run_find(run, e->id) : NULL;
        if (!r || e->source != DISCOVER_GUESS)
            continue;
        if (r->raw != OUTCOME_PASS) {
            excuse(run, r);
            e->outcome = OUTCOME_SKIP;
        }
    }
}

static bool is_loopback(const char *address)
{
    return address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
}

static void visit(struct discovery *d, const struct discover_checking *how,
                  const struct profile *all, struct port_rows *rows, struct run *run)
{
    size_t n = rows->list.n;
    struct port_facts *facts = xcalloc(n, sizeof *facts);
    for (size_t i = 0; i < n; i++)
        port_facts_init(&facts[i], &rows->list.v[i]);
    port_visit_all(how->ports, facts, n, NULL, NULL);
    port_expect(all, facts, n, run);
    run->target.loopback = true;
    for (size_t i = 0; i < n; i++) {
        run->target.loopback &= is_loopback(facts[i].spec.address);
        run->connections += (int)facts[i].connections;
        run->rate_limited |= facts[i].reach == REACH_RATE_LIMITED;
        port_facts_release(&facts[i]);
    }
    free(facts);
    take_results(d, run);
    soften_guesses(d, run);
}

int discover_check(struct discovery *d, const struct discover_checking *how, struct run *run,
                   struct error *err)
{
    struct profile all = { 0 };
    struct port_rows rows = { 0 };
    collect(d);
    int r = make_rows(d, how, &all, &rows, err);
    if (r == 0 && rows.list.n)
        visit(d, how, &all, &rows, run);
    port_rows_release(&rows);
    profile_release(&all);
    return r;
}
