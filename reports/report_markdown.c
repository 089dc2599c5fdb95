/* A short summary for the page of a CI job (GitHub's step summary takes 1 MiB): the verdict, what
   weakens it, counts, and each failure with its evidence behind a fold. */
#include "markup.h"
#include "matrix.h"
#include "report.h"
#include "text_block.h"
#include <stdio.h>

enum { LARGEST = 1000000 };

/* Text of others goes into HTML elements, where no Markdown is read. A bar would end a table cell. */
static void add_code(struct buf *out, const char *text)
{
    auto_buf escaped;
    buf_init(&escaped, BUF_OURS);
    markup_attribute(&escaped, text);
    buf_adds(out, "<code>");
    for (size_t i = 0; i < escaped.n; i++)
        if (escaped.p[i] == '|')
            buf_adds(out, "&#124;");
        else
            buf_addc(out, escaped.p[i]);
    buf_adds(out, "</code>");
}

static void add_head(struct buf *out, const struct run *run)
{
    auto_buf verdict, weak;
    buf_init(&verdict, BUF_OURS);
    buf_init(&weak, BUF_OURS);
    run_verdict(run, &verdict);
    run_weaknesses(run, &weak);
    buf_addf(out, "## %s ", run->exit_code ? "✖" : "✔");
    markup_text(out, verdict.p);
    buf_adds(out, "\n\nTarget ");
    add_code(out, run->target.name ? run->target.name : "unnamed");
    buf_adds(out, ". ");
    run_summary(run, out);
    buf_adds(out, "\n\n");
    slice rest = buf_slice(&weak), line;
    while (slice_line(&rest, &line)) {
        buf_adds(out, "- ");
        markup_slice(out, line);
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
}

static bool is_listed(enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_XPASS || o == OUTCOME_ERROR || o == OUTCOME_FLAKY ||
           o == OUTCOME_WARN;
}

static void add_row(struct buf *out, const struct result *r)
{
    buf_addf(out, "| %s %s | ", outcome_symbol(r->outcome), outcome_name(r->outcome));
    add_code(out, r->id);
    buf_adds(out, " | ");
    add_code(out, block_message(r));
    buf_adds(out, " |\n");
}

static void add_table(struct buf *out, const struct run *run)
{
    bool any = false;
    for (int pass = 0; pass < 2; pass++) /* what broke the run first */
        array_each (r, &run->results) {
            enum outcome o = (*r)->outcome;
            bool breaks = o == OUTCOME_FAIL || o == OUTCOME_XPASS || o == OUTCOME_ERROR;
            if (!is_listed(o) || breaks == (pass == 1))
                continue;
            if (!any)
                buf_adds(out, "| Outcome | Check | What happened |\n|---|---|---|\n");
            any = true;
            add_row(out, *r);
        }
    buf_adds(out, any ? "\n" : "");
}

static void add_evidence(struct buf *out, const struct result *r, bool with_transcript)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    block_write(&(struct style) { &text, false, 100 }, r, with_transcript);
    buf_adds(out, "<details><summary>");
    add_code(out, r->id);
    buf_adds(out, "</summary>\n\n<pre>");
    markup_slice(out, buf_slice(&text));
    buf_adds(out, "</pre></details>\n\n");
}

static void add_failures(struct buf *out, const struct run *run, enum transcripts transcripts)
{
    size_t left_out = 0;
    array_each (r, &run->results) {
        if ((*r)->outcome != OUTCOME_FAIL && (*r)->outcome != OUTCOME_ERROR)
            continue;
        auto_buf one;
        buf_init(&one, BUF_OURS);
        add_evidence(&one, *r, report_wants_transcript(transcripts, *r));
        if (out->n + one.n > LARGEST)
            left_out++;
        else
            buf_add(out, buf_slice(&one));
    }
    if (left_out)
        buf_addf(out, "%zu more failures left out here; the other reports have them.\n", left_out);
}

int report_markdown(const struct run *run, const struct report_options *options, struct buf *out,
                    struct error *err)
{
    add_head(out, run);
    array_each (m, &run->matrices)
        matrix_markdown(out, m);
    add_table(out, run);
    add_failures(out, run, options->transcripts ? options->transcripts : TRANSCRIPTS_FAILED);
    return 0;
}
