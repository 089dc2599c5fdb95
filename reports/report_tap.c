/* TAP version 13, because Debian 12's prove refuses 14. What prove would take for success although
   nothing was tested ("1..0", everything skipped) bails out. */
#include "printable.h"
#include "report.h"
#include "text_block.h"
#include <stdio.h>

static bool is_ok(const struct run *run, enum outcome o)
{
    switch (o) {
    case OUTCOME_PASS:
    case OUTCOME_WARN:
    case OUTCOME_NOTE:
    case OUTCOME_SKIP:
        return true;
    case OUTCOME_FLAKY:
        return !run->settings.fail_on_flaky;
    default:
        return false;
    }
}

/* '#' begins a directive and '\' escapes it. */
static void add_description(struct buf *out, const char *text)
{
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    printable_add(&clean, slice_of(text));
    for (size_t i = 0; i < clean.n; i++) {
        if (clean.p[i] == '#' || clean.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, clean.p[i]);
    }
}

/* ---- YAML diagnostics ---- */

static void add_quoted(struct buf *out, const char *text)
{
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    printable_add(&clean, slice_of(text));
    buf_addc(out, '"');
    for (size_t i = 0; i < clean.n; i++) {
        if (clean.p[i] == '"' || clean.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, clean.p[i]);
    }
    buf_adds(out, "\"\n");
}

static void add_value(struct buf *out, const char *key, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "  %s: ", key);
    add_quoted(out, text);
}

static void add_item(struct buf *out, const char *text)
{
    buf_adds(out, "    - ");
    add_quoted(out, text);
}

static void add_clauses(struct buf *out, const struct result *r)
{
    if (r->clauses.n)
        buf_adds(out, "  clauses:\n");
    array_each (c, &r->clauses) {
        auto_buf text;
        buf_init(&text, BUF_OURS);
        clause_reference(c, &text);
        if (c->says)
            buf_addf(&text, ": %s", c->says);
        add_item(out, text.p);
    }
}

static void add_transcript(struct buf *out, const struct result *r)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    block_transcript(&(struct style) { &text, false, 0 }, r, 0);
    slice rest = buf_slice(&text), line;
    buf_adds(out, "  transcript:\n");
    while (slice_line(&rest, &line)) {
        autofree char *one = xslicedup(line);
        add_item(out, one);
    }
}

static void add_failure(struct buf *out, const struct result_failure *f)
{
    add_value(out, "step", f->step);
    if (f->expected.n)
        buf_adds(out, "  expected:\n");
    array_each (e, &f->expected)
        add_item(out, *e);
    if (f->expected.n || f->actual)
        add_value(out, "actual", f->actual ? f->actual : "nothing");
    add_value(out, "why", f->why);
}

static void add_diagnostics(struct buf *out, const struct result *r, bool with_transcript)
{
    auto_buf place;
    buf_init(&place, BUF_OURS);
    block_place(r, &place);
    buf_adds(out, "  ---\n");
    add_value(out, "outcome", outcome_name(r->outcome));
    if (*block_message(r))
        add_value(out, "message", block_message(r));
    add_value(out, "at", place.p);
    if (r->failure)
        add_failure(out, r->failure);
    add_clauses(out, r);
    buf_addf(out, "  duration_ms: %.3f\n", (double)r->duration / 1e6);
    if (with_transcript && r->transcript.n)
        add_transcript(out, r);
    add_value(out, "rerun", r->rerun);
    buf_adds(out, "  ...\n");
}

/* ---- lines ---- */

static void add_directive(struct buf *out, const struct result *r)
{
    const char *word = r->outcome == OUTCOME_SKIP    ? "SKIP"
                       : r->outcome == OUTCOME_XFAIL ? "TODO"
                                                     : NULL;
    if (word) {
        buf_addf(out, " # %s ", word);
        add_description(out, r->reason ? r->reason : "no reason given");
    } else if (r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_FAIL) {
        buf_addf(out, " (%s)", outcome_name(r->outcome));
    }
}

static void add_line(struct buf *out, const struct run *run, size_t i, enum transcripts transcripts)
{
    const struct result *r = run->results.v[i];
    buf_addf(out, "%sok %zu - ", is_ok(run, r->outcome) ? "" : "not ", i + 1);
    add_description(out, r->id);
    add_directive(out, r);
    buf_addc(out, '\n');
    if (r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_SKIP)
        add_diagnostics(out, r, report_wants_transcript(transcripts, r));
}

static void add_bail_out(struct buf *out, const struct run *run)
{
    auto_buf why;
    buf_init(&why, BUF_OURS);
    if (!run_is_incomplete(run, &why))
        return;
    buf_adds(out, "Bail out! ");
    printable_add(out, buf_slice(&why));
    buf_addc(out, '\n');
}

int report_tap(const struct run *run, const struct report_options *options, struct buf *out,
               struct error *err)
{
    enum transcripts transcripts = options->transcripts ? options->transcripts : TRANSCRIPTS_FAILED;
    buf_adds(out, "TAP version 13\n");
    if (run->results.n)
        buf_addf(out, "1..%zu\n", run->results.n);
    for (size_t i = 0; i < run->results.n; i++)
        add_line(out, run, i, transcripts);
    buf_adds(out, "# ");
    run_summary(run, out);
    buf_addc(out, '\n');
    add_bail_out(out, run);
    return 0;
}
