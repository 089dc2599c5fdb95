#include "port_report.h"
#include "matrix.h"
#include "printable.h"
#include "text_block.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { QUIET = -1, VERBOSE = 1, INDENT = 2, NAME_COLUMNS = 18 };

/* ---- the table ---- */

/* A cell sums up some columns: the worst of them speaks. */
static const struct {
    const char *heading, *columns[4];
} cells[] = {
    { "speaks", { "mode" } },
    { "TLS", { "new-versions", "old-versions" } },
    { "certificate", { "chain", "name", "key" } },
    { "clear login", { "login-in-clear" } },
    { "TLS first", { "tls-required" } },
};

/* From what is quietest in a table to what must be seen. */
static int weight(enum outcome o)
{
    static const int weights[OUTCOME_COUNT] = {
        [OUTCOME_SKIP] = 1, [OUTCOME_PASS] = 2,  [OUTCOME_NOTE] = 3,
        [OUTCOME_WARN] = 4, [OUTCOME_ERROR] = 5, [OUTCOME_FAIL] = 6
    };
    return weights[o];
}

static void add_cell(struct run *run, struct matrix_row *row, const struct port_judging *j,
                     const char *const columns[4])
{
    struct port_verdict worst = { .outcome = OUTCOME_NOT_RUN };
    bool first_skipped = false;
    for (size_t i = 0; i < 4 && columns[i]; i++) {
        struct port_verdict v;
        port_judge(j, port_column_find(slice_of(columns[i])), &v);
        first_skipped |= !i && v.outcome == OUTCOME_SKIP;
        if (!i || weight(v.outcome) > weight(worst.outcome))
            worst = v;
    }
    /* "refused" of old versions would stand under "TLS", which nobody saw. */
    bool void_here =
        worst.outcome == OUTCOME_SKIP || (first_skipped && worst.outcome == OUTCOME_PASS);
    matrix_cell(run, row, void_here ? OUTCOME_NOT_RUN : worst.outcome,
                void_here ? S("-") : slice_of(worst.short_text));
}

static bool several_hosts(const struct port_facts *rows, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(rows[i].spec.host, rows[0].spec.host) != 0)
            return true;
    return false;
}

static bool several_families(const struct port_facts *rows, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (rows[i].spec.family != rows[0].spec.family)
            return true;
    return false;
}

static void add_name(struct run *run, struct matrix_row *row, const struct port_facts *f,
                     bool hosts, bool families)
{
    const char *v6 = families ? f->spec.family == AF_INET6 ? " v6" : " v4" : "";
    const char *text =
        hosts ? run_textf(run, "%s:%u%s", f->spec.host, f->spec.port, v6)
              : run_textf(run, "%u %s%s", f->spec.port, f->spec.name ? f->spec.name : "", v6);
    matrix_cell(run, row, OUTCOME_NOT_RUN, slice_of(text));
}

/* Every verdict on this port: the worst, and how many of what counts. */
static void add_verdict(struct run *run, struct matrix_row *row, const struct port_judging *j)
{
    int by[OUTCOME_COUNT] = { 0 };
    enum outcome worst = OUTCOME_NOT_RUN;
    for (size_t i = 0; i < n_port_columns; i++) {
        struct port_verdict v;
        port_judge(j, &port_columns[i], &v);
        by[v.outcome]++;
        worst = weight(v.outcome) > weight(worst) ? v.outcome : worst;
    }
    const char *text = by[OUTCOME_FAIL] ? run_textf(run, "%d fail", by[OUTCOME_FAIL])
                       : by[OUTCOME_ERROR] && by[OUTCOME_PASS]
                           ? run_textf(run, "%d unclear", by[OUTCOME_ERROR])
                       : by[OUTCOME_ERROR] ? "no answer"
                       : by[OUTCOME_WARN]  ? run_textf(run, "%d warn", by[OUTCOME_WARN])
                                           : outcome_name(worst);
    matrix_cell(run, row, worst, slice_of(text));
}

void port_report_table(const struct port_facts *rows, size_t n, const struct port_policy *policy,
                       int64_t now, struct run *run)
{
    bool hosts = several_hosts(rows, n), families = several_families(rows, n);
    struct matrix *m = run_matrix(run, run_textf(run, "Ports, policy %s", policy->name));
    matrix_column(m, "port");
    for (size_t i = 0; i < COUNT(cells); i++)
        matrix_column(m, cells[i].heading);
    matrix_column(m, "conn");
    matrix_column(m, "verdict");
    for (size_t i = 0; i < n; i++) {
        struct port_judging j = { &rows[i], policy, rows, n, now };
        struct matrix_row *row = matrix_row(m);
        add_name(run, row, &rows[i], hosts, families);
        for (size_t k = 0; k < COUNT(cells); k++)
            add_cell(run, row, &j, cells[k].columns);
        matrix_cell(run, row, OUTCOME_NOT_RUN, slice_of(run_textf(run, "%u", rows[i].connections)));
        add_verdict(run, row, &j);
    }
}

/* ---- the findings ---- */

/* The worst first. */
static const enum outcome order[] = { OUTCOME_FAIL,  OUTCOME_XPASS, OUTCOME_ERROR,
                                      OUTCOME_FLAKY, OUTCOME_WARN,  OUTCOME_NOTE,
                                      OUTCOME_XFAIL, OUTCOME_PASS,  OUTCOME_SKIP };

/* What one line can say for several questions that have no answer; NULL for all others. */
static const char *shared_reason(const struct result *r)
{
    slice message = slice_of(block_message(r));
    if (r->outcome == OUTCOME_ERROR &&
        slice_starts(message, S("the server had enough of us before")))
        return "the server had enough of us before they were asked";
    if (r->outcome != OUTCOME_SKIP || !r->reason)
        return NULL;
    return strstr(r->reason, "--full") ? "asked with --full" : r->reason;
}

/* What the lines of unanswered questions say needs no finding of its own. */
static bool is_finding(const struct result *r, int verbosity)
{
    if (verbosity >= VERBOSE)
        return true;
    bool summed_up = verbosity != QUIET && shared_reason(r);
    return r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_SKIP && !summed_up;
}

static void put_clause(const struct style *s, const struct result *r)
{
    if (!r->clauses.n || r->outcome == OUTCOME_PASS || r->outcome == OUTCOME_SKIP ||
        r->outcome == OUTCOME_ERROR)
        return;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    clause_reference(&r->clauses.v[0], &text);
    if (r->clauses.v[0].says)
        buf_addf(&text, ": %s", r->clauses.v[0].says);
    style_spaces(s, INDENT + 10);
    style_prose(s, INDENT + 10, text.p);
}

/* "ports/993/sni" is the column sni of port 993. */
static slice column_of(const struct result *r)
{
    slice id = slice_of(r->id);
    size_t n = id.n;
    while (n && id.p[n - 1] != '/')
        n--;
    size_t label = slice_find_char(slice_skip(id, n), '[');
    return slice_sub(id, n, label == SIZE_MAX ? id.n : n + label);
}

static slice row_of(const struct result *r)
{
    slice id = slice_of(r->id), column = column_of(r);
    return slice_starts(id, S("ports/")) && id.n > column.n + 7
               ? slice_sub(id, 6, (size_t)(column.p - id.p) - 1)
               : S("");
}

/* "993 v6" of "ports/993/sni[v6]", which may have an address in brackets behind it, too. */
static void add_row(const struct result *r, struct buf *out)
{
    slice row = row_of(r), column = column_of(r);
    buf_addf(out, "%s%.*s", out->n ? ", " : "", SLICE_ARG(row));
    for (const char *c = column.p + column.n; row.n && *c; c++)
        if (*c != ']')
            buf_addc(out, *c == '[' ? ' ' : *c);
}

static bool same_finding(const struct result *a, const struct result *b)
{
    return a->outcome == b->outcome && slice_eq(column_of(a), column_of(b)) &&
           strcmp(block_message(a), block_message(b)) == 0;
}

/* The ports of all findings like results[i]; false when an earlier one was like it. */
static bool rows_like(const struct run *run, size_t i, struct buf *out)
{
    const struct result *r = run->results.v[i];
    for (size_t k = 0; k < run->results.n; k++) {
        if (!same_finding(run->results.v[k], r))
            continue;
        if (k < i)
            return false;
        add_row(run->results.v[k], out);
    }
    return true;
}

static void put_finding(const struct style *s, const struct run *run, size_t i, int verbosity)
{
    const struct result *r = run->results.v[i];
    const char *message = block_message(r);
    auto_buf where, head;
    buf_init(&where, BUF_OURS);
    buf_init(&head, BUF_OURS);
    if (!rows_like(run, i, &where))
        return;
    slice column = column_of(r);
    buf_addf(&head, "%.*s", SLICE_ARG(column));
    style_spaces(s, INDENT);
    style_outcome(s, r->outcome);
    style_paint(s, BOLD, head.p);
    style_spaces(s, column.n < NAME_COLUMNS ? NAME_COLUMNS - column.n : 1);
    style_prose(s, INDENT + 10 + NAME_COLUMNS, where.n ? where.p : r->id);
    style_spaces(s, INDENT + 10);
    style_prose(s, INDENT + 10, *message ? message : r->title ? r->title : "");
    put_clause(s, r);
    if (verbosity > VERBOSE && r->transcript.n)
        block_transcript(s, r, INDENT + 10);
}

/* ---- what was not asked ---- */

static bool same_reason(const struct result *a, const struct result *b)
{
    const char *x = shared_reason(a), *y = shared_reason(b);
    return a->outcome == b->outcome && x && y && strcmp(x, y) == 0;
}

/* One line for each reason, and one for all that --full would ask. */
static void put_unanswered(const struct style *s, const struct run *run)
{
    for (size_t i = 0; i < run->results.n; i++) {
        const struct result *r = run->results.v[i];
        size_t like = 0, before = 0;
        for (size_t k = 0; k < run->results.n; k++) {
            like += same_reason(run->results.v[k], r);
            before += k < i && same_reason(run->results.v[k], r);
        }
        if (!like || before)
            continue;
        auto_buf text;
        buf_init(&text, BUF_OURS);
        buf_addf(&text, "%zu %s: %s", like, like == 1 ? "question" : "questions", shared_reason(r));
        style_spaces(s, INDENT);
        style_outcome(s, r->outcome);
        style_prose(s, INDENT + 10, text.p);
    }
}

static void put_lines(const struct style *s, const struct run *run)
{
    auto_buf lines;
    buf_init(&lines, BUF_OURS);
    run_weaknesses(run, &lines);
    slice rest = buf_slice(&lines), line;
    while (slice_line(&rest, &line)) {
        autofree char *one = xslicedup(line);
        style_spaces(s, INDENT);
        style_paint(s, YELLOW, "! ");
        style_prose(s, INDENT + 2, one);
    }
}

void port_report_text(const struct style *s, const struct run *run, int verbosity)
{
    auto_buf verdict;
    buf_init(&verdict, BUF_OURS);
    array_each (m, &run->matrices) {
        /* Those behind the first are long lists. */
        if (verbosity == QUIET || (m != run->matrices.v && verbosity < VERBOSE))
            break;
        style_paint(s, BOLD, run->target.name ? run->target.name : "");
        buf_addf(s->out, " · %s\n", m->title);
        matrix_text(s, m);
        buf_addc(s->out, '\n');
    }
    for (size_t k = 0; k < COUNT(order); k++)
        for (size_t i = 0; i < run->results.n; i++)
            if (run->results.v[i]->outcome == order[k] && is_finding(run->results.v[i], verbosity))
                put_finding(s, run, i, verbosity);
    if (verbosity != QUIET && verbosity < VERBOSE)
        put_unanswered(s, run);
    run_verdict(run, &verdict);
    buf_addc(s->out, '\n');
    if (run->error.code && !strstr(verdict.p, run->error.text)) {
        style_paint(s, RED, "error: ");
        style_put(s, run->error.text);
        buf_addc(s->out, '\n');
    }
    style_paint(s, run->exit_code ? RED : GREEN, verdict.p);
    buf_addc(s->out, '\n');
    put_lines(s, run);
    run_summary(run, s->out);
    buf_addc(s->out, '\n');
}

/* ---- monitoring ---- */

static const struct result *first_with(const struct run *run, enum outcome o)
{
    array_each (r, &run->results)
        if ((*r)->outcome == o)
            return *r;
    return NULL;
}

static int days_left(const struct port_facts *rows, size_t n)
{
    int least = -1;
    for (size_t i = 0; i < n; i++) {
        int days, seconds;
        if (!rows[i].tls.certificate ||
            ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(rows[i].tls.certificate)) != 1)
            continue;
        days = days < 0 ? 0 : days;
        least = least < 0 || days < least ? days : least;
    }
    return least;
}

/* A bar would begin the figures. */
static void add_plain(struct buf *out, const char *text)
{
    auto_buf shown;
    buf_init(&shown, BUF_OURS);
    printable_add(&shown, slice_of(text));
    for (size_t i = 0; i < shown.n; i++)
        buf_addc(out, shown.p[i] == '|' ? '/' : shown.p[i]);
}

int port_report_nagios(const struct port_facts *rows, size_t n, const struct run *run,
                       struct buf *out)
{
    static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
    struct run_counts c = run_count(run);
    bool failed = c.by[OUTCOME_FAIL] || c.by[OUTCOME_XPASS];
    auto_buf gap;
    buf_init(&gap, BUF_OURS);
    bool unknown = run_is_incomplete(run, &gap) || c.by[OUTCOME_ERROR];
    int status = failed ? 2 : unknown ? 3 : c.by[OUTCOME_WARN] ? 1 : 0;
    const struct result *r = first_with(run, status == 2   ? OUTCOME_FAIL
                                             : status == 3 ? OUTCOME_ERROR
                                                           : OUTCOME_WARN);
    buf_addf(out, "PORTS %s - %s: ", words[status], run->target.name ? run->target.name : "");
    if (status && r && !(status == 3 && run->interrupted))
        add_plain(out, block_message(r));
    else if (status)
        add_plain(out, gap.p);
    else
        buf_addf(out, "%zu ports, %d questions answered well", n, c.by[OUTCOME_PASS]);
    buf_addf(out, " | ports=%zu failed=%d;;0 warned=%d;0 connections=%d time=%.3fs", n,
             c.by[OUTCOME_FAIL], c.by[OUTCOME_WARN], run->connections, (double)run->duration / 1e9);
    int days = days_left(rows, n);
    if (days >= 0)
        buf_addf(out, " days_left=%d;14:;0:", days);
    buf_addc(out, '\n');
    return status;
}
