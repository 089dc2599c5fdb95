#include "html_parts.h"
#include "markup.h"
#include "printable.h"
#include "text_block.h"
#include <stdio.h>

/* What the page shows of one transcript and of one text. */
enum { FIRST_EVENTS = 60, LAST_EVENTS = 240, EVENT_BYTES = 6000, WINDOW = 1000 };

void html_outcome(struct buf *out, enum outcome o)
{
    buf_addf(out, "<span class=\"o o%d\"><span aria-hidden=\"true\">%s</span> %s</span>", (int)o,
             outcome_symbol(o), outcome_name(o));
}

void html_anchor(struct buf *out, const struct result *r)
{
    markup_add_attribute(out, "id", r->id);
}

void html_link(struct buf *out, const struct result *r)
{
    auto_buf id;
    buf_init(&id, BUF_OURS);
    printable_add_text(&id, slice_of(r->id)); /* as the anchor has it */
    buf_adds(out, " href=\"#");
    for (size_t i = 0; i < id.n; i++)
        if (ascii_is_alnum(id.p[i]) || strchr("-._/", id.p[i]))
            buf_addc(out, id.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)id.p[i]);
    buf_addc(out, '"');
}

bool html_has_evidence(const struct result *r)
{
    return r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_SKIP &&
           r->outcome != OUTCOME_NOT_RUN;
}

/* ---- place ---- */

static void add_marked(struct buf *out, slice text, size_t from, size_t to)
{
    markup_slice(out, slice_sub(text, 0, from));
    buf_adds(out, "<mark>");
    markup_slice(out, slice_sub(text, from, to));
    buf_adds(out, "</mark>");
    markup_slice(out, slice_skip(text, to));
}

static void add_carets(struct buf *out, const struct result_failure *f, size_t start, size_t length)
{
    int gutter = snprintf(NULL, 0, "%d", f->line);
    buf_addf(out, "\n<span class=\"n\">%*s</span> %*s<span class=\"caret\">", gutter, "",
             (int)start, "");
    while (length--)
        buf_addc(out, '^');
    buf_adds(out, "</span>");
}

static void add_source(struct buf *out, const struct result_failure *f)
{
    slice line = slice_of(f->source_line);
    size_t start, length;
    bool marked = block_caret(f, &start, &length);
    buf_addf(out, "<pre class=\"source\"><span class=\"n\">%d</span> ", f->line);
    if (marked) {
        add_marked(out, line, utf8_offset(line, start), utf8_offset(line, start + length));
        add_carets(out, f, start, length);
    } else {
        markup_slice(out, line);
    }
    buf_adds(out, "</pre>\n");
}

static void add_place(struct buf *out, const struct result *r)
{
    auto_buf place;
    buf_init(&place, BUF_OURS);
    block_place(r, &place);
    if (place.n) {
        buf_adds(out, "<p class=\"place\"><code>");
        markup_text(out, place.p);
        buf_adds(out, "</code></p>\n");
    }
    if (r->failure && r->failure->source_line && r->failure->line > 0)
        add_source(out, r->failure);
}

/* ---- facts ---- */

static void add_fact(struct buf *out, const char *name, const char *element, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "<dt>%s</dt><dd>", name);
    if (element)
        buf_addf(out, "<%s>", element);
    markup_text(out, text);
    if (element)
        buf_addf(out, "</%s>", element);
    buf_adds(out, "</dd>\n");
}

static void add_hint(struct buf *out, const char *wanted)
{
    buf_adds(out, " <span class=\"hint\">");
    if (wanted) {
        buf_adds(out, "wanted at the mark: <code>");
        markup_text(out, wanted);
        buf_adds(out, "</code></span>");
    } else {
        buf_adds(out, "nothing more was wanted</span>");
    }
}

static void add_actual(struct buf *out, const struct result_failure *f)
{
    auto_buf shown;
    size_t offset, length;
    buf_init(&shown, BUF_OURS);
    actual_window(f, WINDOW, &shown, &offset, &length);
    buf_adds(out, "<dt>Actual</dt><dd><code>");
    if (f->difference)
        add_marked(out, buf_slice(&shown), offset, offset + length);
    else
        markup_text(out, shown.p);
    buf_adds(out, "</code>");
    if (f->difference) {
        add_hint(out, f->difference->wanted);
    }
    buf_adds(out, "</dd>\n");
}

static void add_failure(struct buf *out, const struct result_failure *f)
{
    add_fact(out, "Step", NULL, f->step);
    array_each (e, &f->expected)
        add_fact(out, e == f->expected.v ? "Expected" : "or", "code", *e);
    if (f->actual)
        add_actual(out, f);
    else if (f->expected.n)
        add_fact(out, "Actual", NULL, "nothing");
}

static void add_clauses(struct buf *out, const struct result *r)
{
    array_each (c, &r->clauses) {
        auto_buf reference;
        buf_init(&reference, BUF_OURS);
        clause_reference(c, &reference);
        buf_adds(out, "<dt>Clause</dt><dd><strong>");
        markup_text(out, reference.p);
        buf_adds(out, "</strong> ");
        markup_text(out, c->says);
        buf_adds(out, "</dd>\n");
    }
}

static void add_baseline(struct buf *out, const struct result_baseline *b)
{
    if (!b)
        return;
    buf_adds(out, "<dt>Baseline</dt><dd>");
    markup_text(out, b->reason ? b->reason : "no reason given");
    if (b->issue) {
        buf_adds(out, ", ");
        markup_text(out, b->issue);
    }
    if (b->expires) {
        buf_adds(out, ", expires ");
        markup_text(out, b->expires);
    }
    buf_adds(out, "</dd>\n");
}

static void add_facts(struct buf *out, const struct result *r)
{
    buf_adds(out, "<dl class=\"facts\">\n");
    if (r->failure)
        add_failure(out, r->failure);
    add_clauses(out, r);
    if (r->failure)
        add_fact(out, "Why it matters", NULL, r->failure->why);
    if (r->failure)
        add_fact(out, "Reason", NULL, r->baseline ? NULL : r->reason);
    add_baseline(out, r->baseline);
    if (r->failure)
        array_each (note, &r->failure->more)
            add_fact(out, "Note", NULL, *note);
    add_fact(out, "Run again", "code", r->rerun);
    buf_adds(out, "</dl>\n");
}

/* ---- transcript ---- */

static void add_event(struct buf *out, const struct result_event *e)
{
    static const char *const spoken[][2] = { [EVENT_SENT] = { "sent", "sent in TLS" },
                                             [EVENT_RECEIVED] = { "received", "received in TLS" },
                                             [EVENT_NOTE] = { "note", "note" } };
    slice text = slice_of(e->text ? e->text : ""), shown = utf8_cut(text, EVENT_BYTES);
    buf_addf(out, "<tr class=\"e%d\"><td>%.3f</td><td>", (int)e->kind, (double)e->at / 1e9);
    markup_text(out, e->device);
    buf_addf(out, "</td><td><span title=\"%s\">", spoken[e->kind][e->tls]);
    markup_text(out, event_arrow(e));
    buf_adds(out, "</span></td><td>");
    markup_slice(out, shown);
    if (shown.n < text.n)
        buf_addf(out, "… (%zu more octets)", text.n - shown.n);
    buf_adds(out, "</td></tr>\n");
}

static void add_transcript(struct buf *out, const struct result *r)
{
    size_t n = r->transcript.n;
    buf_addf(out,
             "<details%s><summary>Transcript, %zu entries</summary>\n"
             "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Transcript\">\n"
             "<table class=\"wire\"><thead><tr><th scope=\"col\">Seconds</th>"
             "<th scope=\"col\">Device</th><th scope=\"col\">Way</th><th scope=\"col\">Text</th>"
             "</tr></thead><tbody>\n",
             r->outcome == OUTCOME_XFAIL ? "" : " open", n);
    for (size_t i = 0; i < n; i++) {
        if (i == FIRST_EVENTS && n > FIRST_EVENTS + LAST_EVENTS) {
            i = n - LAST_EVENTS;
            buf_addf(out,
                     "<tr><td colspan=\"4\">… %zu left out; the JSON report has them</td></tr>\n",
                     n - FIRST_EVENTS - LAST_EVENTS);
        }
        add_event(out, &r->transcript.v[i]);
    }
    buf_adds(out, "</tbody></table></div></details>\n");
}

void html_evidence(struct buf *out, const struct result *r, bool with_transcript)
{
    char took[32];
    buf_adds(out, "<article class=\"check\"");
    html_anchor(out, r);
    buf_adds(out, ">\n<h3>");
    html_outcome(out, r->outcome);
    buf_adds(out, " <a");
    html_link(out, r);
    buf_adds(out, ">");
    markup_text(out, r->id);
    buf_addf(out, "</a> <span class=\"time\">%s</span></h3>\n<p class=\"title\">",
             duration_text(r->duration, took));
    markup_text(out, r->title);
    buf_adds(out, "</p>\n<p class=\"message\">");
    markup_text(out, block_message(r));
    buf_adds(out, "</p>\n");
    add_place(out, r);
    add_facts(out, r);
    if (with_transcript && r->transcript.n)
        add_transcript(out, r);
    buf_adds(out, "</article>\n");
}
