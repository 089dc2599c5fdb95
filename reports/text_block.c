#include "text_block.h"
#include "printable.h"
#include <stdio.h>

enum { LABEL = 13, WINDOW = 300, GUTTER = 5 };

const char *block_kind(enum outcome o)
{
    static const char *const kinds[OUTCOME_COUNT] = {
        [OUTCOME_FAIL] = "error",
        [OUTCOME_WARN] = "warning",
        [OUTCOME_NOTE] = "note",
        [OUTCOME_XFAIL] = "expected failure",
        [OUTCOME_XPASS] = "unexpected pass",
        [OUTCOME_FLAKY] = "flaky",
        [OUTCOME_ERROR] = "could not tell",
    };
    return kinds[o] ? kinds[o] : outcome_name(o);
}

const char *block_message(const struct result *r)
{
    return r->failure ? r->failure->message : r->reason ? r->reason : "";
}

void block_place(const struct result *r, struct buf *out)
{
    const struct result_failure *f = r->failure;
    const char *file = f && f->file ? f->file : r->file;
    int line = f && f->file ? f->line : r->line;
    if (!file)
        return;
    printable_add(out, slice_of(file));
    if (line)
        buf_addf(out, ":%d", line);
    if (line && f && f->file && f->column)
        buf_addf(out, ":%d", f->column);
}

/* "rfc9051" is shown as "RFC 9051"; another document as it is written. */
void clause_reference(const struct result_clause *c, struct buf *out)
{
    slice rfc = slice_of(c->rfc);
    if (slice_starts_nocase(rfc, S("rfc"))) {
        buf_adds(out, "RFC ");
        rfc = slice_trim(slice_skip(rfc, 3));
    }
    printable_add(out, rfc);
    if (c->section && *c->section)
        buf_addf(out, " §%s", c->section);
    if (c->level != LEVEL_NONE) {
        buf_adds(out, " (");
        for (const char *p = level_name(c->level); *p; p++)
            buf_addc(out, ascii_upper(*p));
        buf_addc(out, ')');
    }
}

/* ---- source and caret ---- */

static void bar(const struct style *s)
{
    style_spaces(s, GUTTER);
    style_paint(s, BLUE, "|");
}

static void carets(const struct style *s, enum colour colour, size_t n)
{
    auto_buf marks;
    buf_init(&marks, BUF_OURS);
    do
        buf_addc(&marks, '^');
    while (marks.n < n);
    style_paint(s, colour, marks.p);
}

bool block_caret(const struct result_failure *f, size_t *ret_start, size_t *ret_length)
{
    size_t all = f->source_line ? utf8_count(slice_of(f->source_line)) : 0;
    if (f->column < 1 || (size_t)f->column > all + 1)
        return false;
    size_t start = (size_t)f->column - 1, rest = all > start ? all - start : 1;
    *ret_start = start;
    *ret_length = f->length > 0 && (size_t)f->length < rest ? (size_t)f->length : rest;
    return true;
}

static void put_source(const struct style *s, const struct result_failure *f)
{
    char number[16];
    size_t start, length;
    snprintf(number, sizeof number, "%4d ", f->line);
    bar(s);
    buf_addc(s->out, '\n');
    style_paint(s, BLUE, number);
    style_paint(s, BLUE, "|");
    buf_addc(s->out, ' ');
    style_put(s, f->source_line);
    buf_addc(s->out, '\n');
    bar(s);
    if (block_caret(f, &start, &length)) {
        style_spaces(s, 1 + start);
        carets(s, RED, length);
        style_paint(s, RED, " expected here");
    }
    buf_addc(s->out, '\n');
}

static void put_place(const struct style *s, const struct result *r)
{
    auto_buf place;
    buf_init(&place, BUF_OURS);
    block_place(r, &place);
    if (!place.n)
        return;
    style_spaces(s, 2);
    style_paint(s, BLUE, "--> ");
    buf_add(s->out, buf_slice(&place));
    buf_addc(s->out, '\n');
    if (r->failure && r->failure->source_line && r->failure->line)
        put_source(s, r->failure);
}

/* ---- labelled lines ---- */

static void label(const struct style *s, const char *text)
{
    style_spaces(s, GUTTER - 2);
    style_paint(s, BLUE, "= ");
    style_column(s, PLAIN, text, LABEL - 2);
}

static void put_prose(const struct style *s, const char *name, const char *text)
{
    if (!text)
        return;
    label(s, name);
    style_prose(s, GUTTER + LABEL - 2, text);
}

/* For what must stay whole: protocol text and commands. */
static void put_verbatim(const struct style *s, const char *name, enum colour colour,
                         const char *text)
{
    if (!text)
        return;
    label(s, name);
    style_paint(s, colour, text);
    buf_addc(s->out, '\n');
}

static void put_expected(const struct style *s, const struct result_failure *f)
{
    array_each (e, &f->expected)
        put_verbatim(s, e == f->expected.v ? "expected" : "      or", YELLOW, *e);
}

void actual_window(const struct result_failure *f, size_t max, struct buf *out, size_t *ret_offset,
                   size_t *ret_length)
{
    slice all = slice_of(f->actual);
    size_t offset = f->difference ? f->difference->offset : 0;
    size_t from = all.n > max && offset > max / 2 ? offset - max / 2 : 0;
    while (from < all.n && ((unsigned char)all.p[from] & 0xc0) == 0x80)
        from++;
    slice shown = utf8_cut(slice_skip(all, from), max);
    if (from)
        buf_adds(out, "…");
    size_t start = out->n - from;
    printable_add(out, shown);
    if (from + shown.n < all.n)
        buf_adds(out, "…");
    *ret_offset = start + offset;
    *ret_length = f->difference ? f->difference->length : 0;
}

static void put_difference(const struct style *s, const struct result_difference *d, slice shown,
                           size_t offset, size_t length)
{
    style_spaces(s, GUTTER + LABEL - 2 + utf8_count(slice_sub(shown, 0, offset)));
    carets(s, RED, utf8_count(slice_sub(shown, offset, offset + length)));
    style_paint(s, RED, d->wanted ? " wanted " : " nothing more was wanted");
    if (d->wanted)
        style_paint(s, RED, d->wanted);
    buf_addc(s->out, '\n');
}

static void put_actual(const struct style *s, const struct result_failure *f)
{
    size_t offset, length;
    if (!f->actual) {
        if (f->expected.n)
            put_verbatim(s, "actual", GREEN, "nothing");
        return;
    }
    auto_buf shown;
    buf_init(&shown, BUF_OURS);
    actual_window(f, WINDOW, &shown, &offset, &length);
    put_verbatim(s, "actual", GREEN, shown.p);
    if (f->difference)
        put_difference(s, f->difference, buf_slice(&shown), offset, length);
}

static void put_clause(const struct style *s, const struct result_clause *c)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    clause_reference(c, &text);
    if (c->says)
        buf_addf(&text, ": %s", c->says);
    put_prose(s, "clause", text.p);
}

static void put_failure(const struct style *s, const struct result_failure *f)
{
    put_verbatim(s, "step", PLAIN, f->step);
    put_expected(s, f);
    put_actual(s, f);
}

static void put_baseline(const struct style *s, const struct result *r)
{
    if (!r->baseline)
        return;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_adds(&text, r->baseline->reason ? r->baseline->reason : "no reason given");
    if (r->baseline->issue)
        buf_addf(&text, " (%s)", r->baseline->issue);
    if (r->baseline->expires)
        buf_addf(&text, ", expires %s", r->baseline->expires);
    put_prose(s, "baseline", text.p);
}

void block_body(const struct style *s, const struct result *r, bool with_transcript)
{
    put_place(s, r);
    bar(s);
    buf_addc(s->out, '\n');
    if (r->failure)
        put_failure(s, r->failure);
    array_each (c, &r->clauses)
        put_clause(s, c);
    if (r->failure)
        put_prose(s, "why", r->failure->why);
    if (r->failure && r->reason && !r->baseline)
        put_prose(s, "reason", r->reason);
    put_baseline(s, r);
    if (r->failure)
        array_each (note, &r->failure->more)
            put_prose(s, "note", *note);
    if (with_transcript && r->transcript.n) {
        style_spaces(s, GUTTER - 2);
        style_paint(s, BLUE, "= ");
        buf_adds(s->out, "transcript\n");
        block_transcript(s, r, GUTTER + 2);
    }
    put_verbatim(s, "rerun", PLAIN, r->rerun);
}

void block_write(const struct style *s, const struct result *r, bool with_transcript)
{
    style_paint(s, outcome_colour(r->outcome), block_kind(r->outcome));
    style_paint(s, BOLD, ": ");
    style_paint(s, BOLD, block_message(r));
    buf_addc(s->out, '\n');
    block_body(s, r, with_transcript);
}
