#include "progress.h"
#include "printable.h"
#include "text_block.h"

enum { BAR = 24, WIDTH = 80, TENTHS = 10 };

static void write_out(const struct progress *p, const struct buf *text)
{
    fwrite(text->p, 1, text->n, p->options.out);
    fflush(p->options.out);
}

static void clear_bar(struct progress *p, struct buf *text)
{
    if (p->visible)
        buf_adds(text, "\r\033[K");
    p->visible = false;
}

void progress_begin(struct progress *p, const struct progress_options *options, int total)
{
    *p = (struct progress) { .options = *options, .total = total };
    if (!p->options.width)
        p->options.width = WIDTH;
}

/* "12 of 41 checks, 1 failed, 2 errors" */
static void add_counts(const struct progress *p, struct buf *text)
{
    buf_addf(text, "%d of %d checks", p->done, p->total);
    if (p->failed)
        buf_addf(text, ", %d failed", p->failed);
    if (p->errors)
        buf_addf(text, ", %d %s", p->errors, p->errors == 1 ? "error" : "errors");
}

static void draw_bar(struct progress *p, const char *id, nsec at)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    int full = p->total > 0 ? BAR * p->done / p->total : 0;
    buf_addc(&text, '[');
    for (int i = 0; i < BAR; i++)
        buf_addc(&text, i < full ? '#' : '-');
    buf_adds(&text, "] ");
    add_counts(p, &text);
    buf_adds(&text, "  ");
    printable_add(&text, slice_of(id));
    buf_truncate(&text, utf8_offset(buf_slice(&text), (size_t)p->options.width - 1));

    auto_buf line;
    buf_init(&line, BUF_OURS);
    buf_adds(&line, "\r\033[K");
    buf_add(&line, buf_slice(&text));
    write_out(p, &line);
    p->visible = true;
    p->drawn = at;
}

void progress_running(struct progress *p, const char *id, nsec at)
{
    if (p->options.out && p->options.terminal && (!p->visible || at - p->drawn >= MILLIS(100)))
        draw_bar(p, id, at);
}

static bool is_loud(enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_XPASS || o == OUTCOME_ERROR;
}

static void add_failure(struct progress *p, const struct result *r, struct buf *text)
{
    struct style style = { text, p->options.colour, p->options.width };
    style_outcome(&style, r->outcome);
    style_put(&style, r->id);
    buf_adds(text, ": ");
    style_put(&style, block_message(r));
    buf_addc(text, '\n');
}

/* In a log: a line whenever another tenth is done. */
static void add_tenth(struct progress *p, nsec at, struct buf *text)
{
    char took[32];
    int tenths = p->total > 0 ? TENTHS * p->done / p->total : TENTHS;
    if (tenths <= p->lines)
        return;
    p->lines = tenths;
    add_counts(p, text);
    buf_addf(text, ", %s\n", duration_text(at, took));
}

void progress_done(struct progress *p, const struct result *r, nsec at)
{
    p->done++;
    p->failed += r->outcome == OUTCOME_FAIL || r->outcome == OUTCOME_XPASS;
    p->errors += r->outcome == OUTCOME_ERROR;
    p->skipped += r->outcome == OUTCOME_SKIP;
    if (!p->options.out)
        return;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (is_loud(r->outcome)) {
        clear_bar(p, &text);
        add_failure(p, r, &text);
    }
    if (!p->options.terminal)
        add_tenth(p, at, &text);
    write_out(p, &text);
    progress_running(p, r->id, at);
}

void progress_say(struct progress *p, const char *said)
{
    if (!p->options.out)
        return;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    clear_bar(p, &text);
    printable_add(&text, slice_of(said));
    buf_addc(&text, '\n');
    write_out(p, &text);
}

void progress_end(struct progress *p)
{
    if (!p->options.out)
        return;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    clear_bar(p, &text);
    write_out(p, &text);
}
