/* For people: on the terminal, in a log. Failures with their evidence where they happened, again in
   one line each at the end, then the verdict and one summary line. */
#include "matrix.h"
#include "printable.h"
#include <stdio.h>
#include "report.h"
#include "text_block.h"

enum { VERBOSE = 1, VERY_VERBOSE = 2, QUIET = -1, WIDTH = 100, INDENT = 2, OUTCOME_COLUMNS = 10 };

struct text {
    struct style style;
    const struct run *run;
    int verbosity;
    enum transcripts transcripts;
};

static void line_end(const struct text *t)
{
    buf_addc(t->style.out, '\n');
}

/* One empty line between parts, none at the top. */
static void part_end(const struct text *t)
{
    if (t->style.out->n && !slice_ends(buf_slice(t->style.out), S("\n\n")))
        line_end(t);
}

/* ---- header ---- */

static void put_services(const struct text *t)
{
    auto_buf list;
    buf_init(&list, BUF_OURS);
    array_each (s, &t->run->target.services)
        buf_addf(&list, "%s%s %s:%d%s%s", list.n ? ", " : "", s->name, s->host, s->port,
                 strcmp(s->tls, "none") ? " " : "", strcmp(s->tls, "none") ? s->tls : "");
    if (list.n) {
        style_spaces(&t->style, 8);
        style_prose(&t->style, 8, list.p);
    }
}

static void put_header(const struct text *t)
{
    char started[32];
    const struct run *run = t->run;
    style_paint(&t->style, BOLD, "mailassay");
    buf_addf(t->style.out, " %s · %s%s · %s\n", run->tool_version ? run->tool_version : "",
             run->suite_version ? "suite " : "", run->suite_version ? run->suite_version : "",
             utc_text(run->started / SECONDS(1), started));
    buf_adds(t->style.out, "target  ");
    style_paint(&t->style, BOLD, run->target.name ? run->target.name : "unnamed");
    if (run->target.software) {
        buf_adds(t->style.out, " · ");
        style_put(&t->style, run->target.software);
    }
    line_end(t);
    put_services(t);
}

static void put_matrices(const struct text *t)
{
    array_each (m, &t->run->matrices) {
        part_end(t);
        style_paint(&t->style, BOLD, m->title);
        line_end(t);
        matrix_text(&t->style, m);
    }
}

/* ---- checks ---- */

static bool is_shown(const struct text *t, const struct result *r)
{
    return t->verbosity >= VERBOSE || r->outcome != OUTCOME_PASS;
}

static bool has_block(const struct text *t, const struct result *r)
{
    switch (r->outcome) {
    case OUTCOME_PASS:
    case OUTCOME_SKIP:
    case OUTCOME_NOT_RUN:
        return false;
    case OUTCOME_XFAIL:
        return t->verbosity >= VERBOSE;
    default:
        return true;
    }
}

static void put_check_line(const struct text *t, const struct result *r)
{
    enum { ID_COLUMNS = 57, TIME_COLUMNS = 10, REASON = INDENT + OUTCOME_COLUMNS };
    char took[32], padded[48];
    size_t id = utf8_count(slice_of(r->id));
    duration_text(r->duration, took);
    snprintf(padded, sizeof padded, "%*s", TIME_COLUMNS, took);
    style_spaces(&t->style, INDENT);
    style_outcome(&t->style, r->outcome);
    style_put(&t->style, r->id);
    style_spaces(&t->style, id < ID_COLUMNS ? ID_COLUMNS - id : 1);
    style_paint(&t->style, DIM, padded);
    line_end(t);
    if (r->reason && !has_block(t, r)) {
        style_spaces(&t->style, REASON);
        style_prose(&t->style, REASON, r->reason);
    }
}

static void put_check(const struct text *t, const struct result *r)
{
    if (!is_shown(t, r))
        return;
    put_check_line(t, r);
    if (has_block(t, r)) {
        if (r->title) {
            style_spaces(&t->style, INDENT + OUTCOME_COLUMNS);
            style_prose(&t->style, INDENT + OUTCOME_COLUMNS, r->title);
        }
        line_end(t);
        block_write(&t->style, r, report_wants_transcript(t->transcripts, r));
        line_end(t);
    } else if (report_wants_transcript(t->transcripts, r)) {
        block_transcript(&t->style, r, INDENT + OUTCOME_COLUMNS);
    }
}

static bool same_family(const struct result *a, const struct result *b)
{
    const char *x = a->family ? a->family : "", *y = b->family ? b->family : "";
    return !strcmp(x, y);
}

/* Results [from, to) are one family's in a row. */
static void put_family_line(const struct text *t, size_t from, size_t to)
{
    int by[OUTCOME_COUNT] = { 0 };
    for (size_t i = from; i < to; i++)
        by[t->run->results.v[i]->outcome]++;
    const char *family = t->run->results.v[from]->family;
    part_end(t);
    style_paint(&t->style, BOLD, family ? family : "checks");
    const char *separator = "  ";
    for (size_t o = OUTCOME_PASS; o <= OUTCOME_COUNT; o++) {
        enum outcome it = o == OUTCOME_COUNT ? OUTCOME_NOT_RUN : (enum outcome)o;
        if (by[it])
            buf_addf(t->style.out, "%s%d %s", separator, by[it], outcome_name(it));
        if (by[it])
            separator = ", ";
    }
    line_end(t);
}

/* ---- skips: those of one family with one reason are one line ---- */

static bool same_skip(const struct result *a, const struct result *b)
{
    return a->outcome == OUTCOME_SKIP && b->outcome == OUTCOME_SKIP && a->reason && b->reason &&
           strcmp(a->reason, b->reason) == 0;
}

/* How many of v[from, to) are skipped for the reason of v[i]; *ret_first is the first of them. */
static size_t skips_like(struct result *const *v, size_t from, size_t to, size_t i,
                         size_t *ret_first)
{
    size_t n = 0;
    for (size_t k = from; k < to; k++) {
        if (!same_skip(v[i], v[k]))
            continue;
        if (!n++)
            *ret_first = k;
    }
    return n;
}

static void put_skips(const struct text *t, const struct result *r, size_t n)
{
    autofree char *many = xprintf("%zu checks (-v names them)", n);
    style_spaces(&t->style, INDENT);
    style_outcome(&t->style, OUTCOME_SKIP);
    style_put(&t->style, many);
    line_end(t);
    style_spaces(&t->style, INDENT + OUTCOME_COLUMNS);
    style_prose(&t->style, INDENT + OUTCOME_COLUMNS, r->reason);
}

static void put_family(const struct text *t, struct result *const *v, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t first = i, n = skips_like(v, from, to, i, &first);
        if (t->verbosity >= VERBOSE || n < 2)
            put_check(t, v[i]);
        else if (first == i)
            put_skips(t, v[i], n);
    }
}

static void put_families(const struct text *t)
{
    size_t n = t->run->results.n;
    struct result **v = t->run->results.v;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && same_family(v[from], v[to]);)
            to++;
        put_family_line(t, from, to);
        put_family(t, v, from, to);
    }
}

/* ---- end ---- */

static bool breaks_the_run(const struct run *run, enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_XPASS || o == OUTCOME_ERROR ||
           (o == OUTCOME_FLAKY && run->settings.fail_on_flaky);
}

static void put_failure_line(const struct text *t, const struct result *r)
{
    auto_buf place;
    buf_init(&place, BUF_OURS);
    block_place(r, &place);
    style_spaces(&t->style, INDENT);
    style_outcome(&t->style, r->outcome);
    style_put(&t->style, r->id);
    style_spaces(&t->style, 2);
    buf_add(t->style.out, buf_slice(&place));
    buf_adds(t->style.out, place.n ? ": " : "");
    style_put(&t->style, block_message(r));
    line_end(t);
}

static void put_failures(const struct text *t)
{
    bool first = true;
    array_each (r, &t->run->results) {
        if (!breaks_the_run(t->run, (*r)->outcome))
            continue;
        if (first) {
            part_end(t);
            buf_adds(t->style.out, "Failures:\n");
            first = false;
        }
        put_failure_line(t, *r);
    }
}

static void put_remark(const struct text *t, const char *text)
{
    style_spaces(&t->style, INDENT);
    style_paint(&t->style, YELLOW, "! ");
    style_prose(&t->style, INDENT + 2, text);
}

static void put_weaknesses(const struct text *t)
{
    auto_buf lines;
    buf_init(&lines, BUF_OURS);
    run_weaknesses(t->run, &lines);
    slice rest = buf_slice(&lines), line;
    while (slice_line(&rest, &line)) {
        autofree char *one = xslicedup(line);
        put_remark(t, one);
    }
    array_each (left, &t->run->left_behind) {
        autofree char *one = xprintf("Left behind on the target: %s", *left);
        put_remark(t, one);
    }
}

static void put_end(const struct text *t)
{
    auto_buf verdict;
    int code = t->run->exit_code;
    buf_init(&verdict, BUF_OURS);
    run_verdict(t->run, &verdict);
    part_end(t);
    if (t->run->error.code && !strstr(verdict.p, t->run->error.text)) {
        style_paint(&t->style, RED, "error: ");
        style_put(&t->style, t->run->error.text);
        line_end(t);
    }
    style_paint(&t->style, code ? RED : GREEN, verdict.p);
    line_end(t);
    put_weaknesses(t);
    line_end(t);
    run_summary(t->run, t->style.out);
    line_end(t);
}

static enum transcripts transcripts_of(const struct report_options *options)
{
    if (options->transcripts)
        return options->transcripts;
    return options->verbosity >= VERY_VERBOSE ? TRANSCRIPTS_ALL : TRANSCRIPTS_FAILED;
}

int report_text(const struct run *run, const struct report_options *options, struct buf *out,
                struct error *err)
{
    int width = options->width ? options->width : WIDTH;
    struct text t = {
        { out, options->colour, width }, run, options->verbosity, transcripts_of(options)
    };
    if (t.verbosity > QUIET) {
        put_header(&t);
        put_matrices(&t);
        put_families(&t);
    }
    put_failures(&t);
    put_end(&t);
    return 0;
}
