/* Every column of every row, as results of a run. */
#include "clause.h"
#include "port_column_private.h"
#include <sys/socket.h>

/* A row that is not open, or is no mail server, has nothing for the other columns to look at. */
static bool has_a_server(const struct port_facts *f)
{
    static const bool none[MISMATCHES] = {
        [MISMATCH_UNTRIED] = true,    [MISMATCH_NOTHING_LISTENS] = true,
        [MISMATCH_FILTERED] = true,   [MISMATCH_NO_ADDRESS] = true,
        [MISMATCH_NO_ROUTE] = true,   [MISMATCH_RATE_LIMITED] = true,
        [MISMATCH_BROKEN] = true,     [MISMATCH_CLOSES] = true,
        [MISMATCH_REFUSES_US] = true, [MISMATCH_SILENT] = true,
        [MISMATCH_HTTP] = true,       [MISMATCH_OTHER_PROTOCOL] = true,
        [MISMATCH_NO_MAIL] = true,
    };
    return !none[port_mismatch(f)];
}

/* Errors of ours, and of the network: no question has an answer. What else a port may be, the first
   column tells. */
static bool is_error(enum mismatch m)
{
    return m == MISMATCH_RATE_LIMITED || m == MISMATCH_BROKEN;
}

void port_judge(const struct port_judging *j, const struct port_column *column,
                struct port_verdict *ret)
{
    const struct port_facts *f = j->facts;
    *ret = (struct port_verdict) { .column = column, .outcome = OUTCOME_NOT_RUN };
    bool is_mode = column == &port_columns[0];
    if (!(column->roles & 1u << f->spec.role)) {
        find(ret, OUTCOME_SKIP, NULL, "", "this is not asked of a port of this kind");
    } else if (!is_mode && !has_a_server(f)) {
        auto_buf text;
        buf_init(&text, BUF_OURS);
        port_mismatch_text(f, &text);
        find(ret, is_error(port_mismatch(f)) ? OUTCOME_ERROR : OUTCOME_SKIP, NULL, "", "%s",
             text.p);
    } else {
        column->judge(j, ret);
    }
    if (ret->outcome == OUTCOME_NOT_RUN)
        find(ret, OUTCOME_SKIP, NULL, "", "there was nothing to judge by");
    if (f->interrupted && ret->outcome == OUTCOME_ERROR)
        snprintf(ret->text, sizeof ret->text, "interrupted before it was known");
    if (!ret->clause)
        ret->clause = column->clauses[0];
}

/* ---- results ---- */

struct judge_run {
    const struct port_facts *rows;
    size_t n;
    const struct clauses *clauses;
    struct run *run;
    bool several_hosts;
};

/* The same host and port once by IPv4 and once by IPv6: the latter is marked. */
static bool has_twin(const struct judge_run *r, const struct port_facts *f)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct port_spec *s = &r->rows[i].spec;
        if (s->port == f->spec.port && s->family != f->spec.family &&
            strcmp(s->host, f->spec.host) == 0)
            return true;
    }
    return false;
}

static const char *result_id(const struct judge_run *r, const struct port_facts *f,
                             const struct port_column *c)
{
    const char *family = f->spec.family == AF_INET6 && has_twin(r, f) ? "[v6]" : "";
    const char *id =
        r->several_hosts
            ? run_textf(r->run, "ports/%s:%u/%s%s", f->spec.host, f->spec.port, c->name, family)
            : run_textf(r->run, "ports/%u/%s%s", f->spec.port, c->name, family);
    /* Several addresses of one host. */
    return run_find(r->run, id) && f->spec.address
               ? run_textf(r->run, "%s[%s]", id, f->spec.address)
               : id;
}

static void add_clause(const struct judge_run *r, struct result *result, const char *id)
{
    const struct clause *known = r->clauses ? clause_find(r->clauses, slice_of(id)) : NULL;
    slice rest = slice_of(id), rfc, section;
    struct result_clause c = { .id = id };
    if (known) {
        c = (struct result_clause) { run_text(r->run, slice_of(known->id)),
                                     run_text(r->run, slice_of(known->rfc)),
                                     run_text(r->run, slice_of(known->section)), known->level,
                                     run_text(r->run, slice_of(known->says)) };
    } else if (slice_cut(&rest, '/', &rfc) && slice_cut(&rest, '/', &section)) {
        c.rfc = run_text(r->run, rfc);
        c.section = run_text(r->run, section);
    }
    /* The strongest of a result is the least of the levels that is one. */
    if (c.level != LEVEL_NONE && (result->level == LEVEL_NONE || c.level < result->level))
        result->level = c.level;
    result_add_clause(result, c);
}

static bool is_finding(enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_WARN || o == OUTCOME_NOTE;
}

static void add_clauses(const struct judge_run *r, struct result *result,
                        const struct port_column *column, const struct port_verdict *v)
{
    if (is_finding(v->outcome)) {
        if (*v->clause)
            add_clause(r, result, v->clause);
        else
            result->level = LEVEL_NOTE; /* no RFC says it */
        return;
    }
    for (size_t i = 0; i < COLUMN_CLAUSES_MAX && column->clauses[i]; i++)
        add_clause(r, result, column->clauses[i]);
}

enum { EVIDENCE_EVENTS_MAX = 150 };

static void add_transcript(const struct judge_run *r, struct result *result,
                           const struct port_column *column, const struct port_facts *f)
{
    static const enum event_kind kinds[] = { EVENT_SENT, EVENT_RECEIVED, EVENT_NOTE };
    size_t n = f->transcript ? transcript_count(f->transcript) : 0, left_out = 0;
    nsec start = n ? transcript_at(f->transcript, 0)->at : 0;
    for (size_t i = 0; i < n; i++) {
        const struct transcript_entry *e = transcript_at(f->transcript, i);
        if (!port_column_asks(column, e->device))
            continue;
        if (result->transcript.n < EVIDENCE_EVENTS_MAX)
            result_event(r->run, result, e->at - start, run_text(r->run, slice_of(e->device)),
                         kinds[e->direction], e->in_tls, e->head);
        else
            left_out++;
    }
    if (left_out)
        result_event(r->run, result, 0, NULL, EVENT_NOTE, false,
                     slice_of(run_textf(r->run, "%zu more lines are left out", left_out)));
}

/* What was seen stands before the first "; ", the fix behind it. */
static void add_failure(const struct judge_run *r, struct result *result,
                        const struct port_column *column, const struct port_verdict *v)
{
    slice text = slice_of(v->text);
    size_t fix = slice_find(text, S("; "));
    struct result_failure *failure = result_fail(r->run, result, "%s", v->text);
    *array_push(&failure->expected) = column->title;
    failure_actual(r->run, failure, fix == SIZE_MAX ? text : slice_sub(text, 0, fix), SIZE_MAX,
                   SIZE_MAX, NULL);
    failure->why = column->why;
}

static void add_result(const struct judge_run *r, const struct port_judging *j,
                       const struct port_column *column)
{
    const struct port_facts *f = j->facts;
    struct port_verdict v;
    port_judge(j, column, &v);
    struct result *result = run_add(r->run, result_id(r, f, column));
    result->family = "ports";
    result->title = column->title;
    result->raw = v.outcome;
    add_clauses(r, result, column, &v);
    if (is_finding(v.outcome))
        add_failure(r, result, column, &v);
    else
        result->reason = run_text(r->run, slice_of(v.text));
    if (v.outcome == OUTCOME_ERROR)
        result->error = f->interrupted ? ERR_CANCEL : port_error_code(f);
    if (v.outcome == OUTCOME_FAIL || v.outcome == OUTCOME_WARN)
        add_transcript(r, result, column, f);
    if (column != &port_columns[0])
        return;
    result->duration = f->took;
    result->connections = (int)f->connections;
}

void port_judge_all(const struct port_facts *rows, size_t n, const struct port_policy *policy,
                    const struct clauses *clauses, int64_t now, struct run *run)
{
    struct judge_run r = { rows, n, clauses, run, false };
    for (size_t i = 1; i < n; i++)
        r.several_hosts |= strcmp(rows[i].spec.host, rows[0].spec.host) != 0;
    for (size_t i = 0; i < n; i++) {
        struct port_judging j = { &rows[i], policy, rows, n, now };
        size_t columns = has_a_server(&rows[i]) ? n_port_columns : 1;
        for (size_t c = 0; c < columns; c++)
            if (port_columns[c].roles & 1u << rows[i].spec.role)
                add_result(&r, &j, &port_columns[c]);
    }
}
