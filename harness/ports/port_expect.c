#include "port_expect.h"
#include "port_expect_private.h"
#include <stdio.h>

#define WHY                                                                                        \
    "People type what is published, and programs read it: where the server differs, mail clients " \
    "do not connect, or ask for the password again and again."

/* ---- which rows ---- */

static void row_of_service(const struct profile_service *s, struct port_spec *ret)
{
    const struct port_standard *standard = port_standard(s->port);
    bool usual = standard && standard->protocol == port_protocol_of(s);
    *ret = (struct port_spec) { .host = s->host,
                                .port = s->port,
                                .protocol = port_protocol_of(s),
                                .role = s->role,
                                .mode = s->tls,
                                .name = usual ? standard->name : NULL };
}

/* Hosts where a client would look for a protocol that is not offered: those of the other services
   for access, or all of them. */
static bool may_be_guessed(const struct profile_service *s, const struct port_standard *port)
{
    return s->host && (port->role == ROLE_ACCESS) == (s->role == ROLE_ACCESS);
}

static bool has_row(const struct port_spec *rows, size_t n, const char *host, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].port == port && same_host(rows[i].host, host))
            return true;
    return false;
}

static bool is_refused(const struct profile *p, const struct port_standard *port)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    for (size_t i = 0; i < COUNT(protocols); i++) {
        struct profile_service s = { .protocol = protocols[i] };
        if (p->not_offered & 1u << protocols[i] && port_protocol_of(&s) == port->protocol)
            return port->role != ROLE_MX;
    }
    return false;
}

size_t port_rows_of_profile(const struct profile *p, struct port_spec *ret, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_services; i++, n++)
        if (n < max)
            row_of_service(&p->services[i], &ret[n]);
    for (size_t k = 0; k < n_port_standards; k++) {
        const struct port_standard *port = &port_standards[k];
        if (port->optional || !is_refused(p, port))
            continue;
        for (size_t i = 0; i < p->n_services; i++) {
            const struct profile_service *s = &p->services[i];
            if (!may_be_guessed(s, port) || has_row(ret, n < max ? n : max, s->host, port->port))
                continue;
            if (n < max)
                ret[n] = (struct port_spec) { .host = s->host,
                                              .port = port->port,
                                              .protocol = port->protocol,
                                              .role = port->role,
                                              .mode = port->mode,
                                              .name = port->name };
            n++;
        }
    }
    return n;
}

/* ---- results ---- */

struct result *expecting_result(struct expecting *e, const char *id, const char *title,
                                struct place at)
{
    const char *unique = run_textf(e->run, "ports/expect/%s", id);
    for (int i = 2; run_find(e->run, unique); i++)
        unique = run_textf(e->run, "ports/expect/%s#%d", id, i);
    struct result *r = run_add(e->run, unique);
    r->family = "ports";
    r->title = run_text(e->run, slice_of(title));
    r->level = LEVEL_MUST;
    if (at.file) {
        r->file = run_text(e->run, slice_of(at.file));
        r->line = (int)at.line;
    }
    r->raw = OUTCOME_PASS;
    return r;
}

void expecting_failure(struct expecting *e, struct result *r, const char *message, struct place at,
                       const char *source_line, const char *expected, const char *actual)
{
    slice text = slice_of(message);
    struct result_failure *f = result_fail(e->run, r, "%s", run_text(e->run, text));
    r->raw = OUTCOME_FAIL;
    f->file = r->file;
    f->line = (int)at.line;
    f->column = (int)at.column;
    f->length = (int)at.length;
    if (source_line)
        f->source_line = run_text(e->run, slice_of(source_line));
    *array_push(&f->expected) = run_text(e->run, slice_of(expected));
    f->actual = run_text(e->run, slice_of(actual));
    f->why = WHY;
}

void expecting_error(struct expecting *e, struct result *r, enum error_code code, slice reason)
{
    r->raw = OUTCOME_ERROR;
    r->error = code ? code : ERR_NETWORK;
    r->reason = run_text(e->run, reason);
}

/* ---- offers ---- */

/* How much an outcome says, when there is one from each address family. */
static int weight(enum outcome o)
{
    return o == OUTCOME_FAIL ? 4 : o == OUTCOME_PASS ? 3 : o == OUTCOME_ERROR ? 2 : 1;
}

static bool is_exactly(const struct profile_service *s, const struct port_facts *f)
{
    return f->spec.port == s->port && same_host(s->host, f->spec.host);
}

static bool visits_host(const struct expecting *e, const char *host)
{
    for (size_t i = 0; i < e->n; i++)
        if (same_host(e->rows[i].spec.host, host))
            return true;
    return false;
}

/* The server may be looked at under another name than the published one (a new server, say): then
   the port decides, and the certificate must carry the published name all the same. */
static bool stands_for(const struct expecting *e, const struct profile_service *s,
                       const struct port_facts *f, bool elsewhere)
{
    if (!elsewhere)
        return is_exactly(s, f);
    return f->spec.port == s->port && f->spec.protocol == port_protocol_of(s);
}

static void keep_weightier(struct held *best, struct held *other)
{
    if (weight(other->outcome) <= weight(best->outcome))
        return;
    held_release(best);
    *best = *other;
    held_init(other);
}

/* Holds the service against every row that stands for it. False when there is none. */
static bool hold_service(const struct expecting *e, const struct profile_service *s,
                         struct held *best)
{
    bool elsewhere = !visits_host(e, s->host), any = false;
    best->outcome = OUTCOME_NOT_RUN;
    for (size_t i = 0; i < e->n; i++) {
        struct held h;
        if (!stands_for(e, s, &e->rows[i], elsewhere))
            continue;
        any = true;
        held_init(&h);
        port_hold(s, &e->rows[i], s->host ? s->host : e->rows[i].spec.host, false, &h);
        keep_weightier(best, &h);
        if (best->outcome == OUTCOME_NOT_RUN && !best->text.n)
            buf_add(&best->text, buf_slice(&h.text));
        held_release(&h);
    }
    return any;
}

static void expect_service(struct expecting *e, const struct profile_service *s)
{
    char wanted[80], title[512], id[300];
    struct held h;
    held_init(&h);
    port_wanted_text(s, wanted);
    const char *host = s->host ? s->host : "any host";
    snprintf(id, sizeof id, "%.255s:%u", host, s->port);
    snprintf(title, sizeof title, "%.255s port %u is %s, as published", host, s->port, wanted);
    struct result *r = expecting_result(e, id, title, s->at);
    if (!hold_service(e, s, &h))
        buf_addf(&h.text, "%s was not visited in this run", id);
    if (h.outcome == OUTCOME_FAIL) {
        autofree char *expected = xprintf("%s: %s", id, wanted);
        expecting_failure(e, r, h.text.p, s->at, s->source_line, expected, h.actual.p);
    } else if (h.outcome != OUTCOME_PASS) {
        expecting_error(e, r, h.error, buf_slice(&h.text));
    }
    held_release(&h);
}

/* ---- not offered ---- */

static bool is_access(const struct port_facts *f, enum mail_protocol protocol)
{
    struct profile_service s = { .protocol = protocol };
    bool mx = f->spec.role == ROLE_MX;
    enum port_protocol wanted = port_protocol_of(&s);
    if (f->reach == REACH_OPEN && f->protocol_known)
        return f->protocol_seen == wanted && !mx;
    return f->spec.protocol == wanted && !mx;
}

static void expect_silence(struct expecting *e, enum mail_protocol protocol)
{
    const char *name = mail_protocol_name(protocol);
    const struct port_facts *answers = NULL, *unclear = NULL;
    bool looked = false;
    for (size_t i = 0; i < e->n; i++) {
        const struct port_facts *f = &e->rows[i];
        if (!is_access(f, protocol))
            continue;
        looked = true;
        if (f->reach == REACH_OPEN && f->protocol_known)
            answers = f;
        else if (f->reach != REACH_REFUSED && f->reach != REACH_FILTERED &&
                 f->reach != REACH_NO_ADDRESS && f->reach != REACH_NO_ROUTE)
            unclear = f;
    }
    char id[32], title[120];
    snprintf(id, sizeof id, "no-%s", protocol == PROTOCOL_SMTP ? "submission" : name);
    snprintf(title, sizeof title, "%s is not offered, as published", name);
    struct result *r = expecting_result(e, id, title, e->p->not_offered_at);
    if (answers) {
        autofree char *message =
            xprintf("%s:%u answers as %s, which is published as not offered; switch it off, or "
                    "publish it",
                    answers->spec.host, answers->spec.port, name);
        expecting_failure(e, r, message, e->p->not_offered_at, NULL, "no answer", name);
    } else if (unclear || !looked) {
        autofree char *reason = looked ? xprintf("what %s:%u is could not be found out",
                                                 unclear->spec.host, unclear->spec.port)
                                       : xprintf("no port of %s was visited in this run", name);
        expecting_error(e, r, ERR_NETWORK, slice_of(reason));
    }
}

static bool is_first_of_group(const struct profile *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (is_same_group(&p->services[k], &p->services[i]))
            return false;
    return true;
}

void port_expect(const struct profile *p, const struct port_facts *rows, size_t n, struct run *run)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    struct expecting e = { p, rows, n, run };
    for (size_t i = 0; i < p->n_services; i++) {
        if (p->kind == PROFILE_OFFERS)
            expect_service(&e, &p->services[i]);
        else if (is_first_of_group(p, i))
            expect_group(&e, &p->services[i]);
    }
    for (size_t i = 0; i < COUNT(protocols); i++)
        if (p->not_offered & 1u << protocols[i])
            expect_silence(&e, protocols[i]);
}
