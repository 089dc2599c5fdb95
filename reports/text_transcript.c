#include "printable.h"
#include <stdio.h>
#include "text_block.h"

/* What a text report shows of one transcript. */
enum { FIRST_EVENTS = 40, LAST_EVENTS = 160, LINES = 14, LINE_BYTES = 500 };

const char *event_arrow(const struct result_event *e)
{
    static const char *const arrows[][2] = { [EVENT_SENT] = { "->", "~>" },
                                             [EVENT_RECEIVED] = { "<-", "<~" },
                                             [EVENT_NOTE] = { "--", "--" } };
    return arrows[e->kind][e->tls];
}

static size_t device_width(const struct result *r)
{
    enum { WIDEST = 16 };
    size_t width = 0;
    array_each (e, &r->transcript) {
        size_t n = e->device ? utf8_count(slice_of(e->device)) : 0;
        if (n > width)
            width = n;
    }
    return width < WIDEST ? width : WIDEST;
}

static void put_line(const struct style *s, enum colour colour, slice line)
{
    auto_buf text;
    slice shown = utf8_cut(line, LINE_BYTES);
    buf_init(&text, BUF_OURS);
    buf_add(&text, shown);
    if (shown.n < line.n)
        buf_addf(&text, "… (%zu more octets)", line.n - shown.n);
    style_paint(s, colour, text.p);
    buf_addc(s->out, '\n');
}

/* The lines of one unit, the later ones under the first; `column` is where they begin. */
static void put_lines(const struct style *s, const struct result_event *e, size_t column)
{
    static const enum colour colours[] = {
        [EVENT_SENT] = CYAN, [EVENT_RECEIVED] = PLAIN, [EVENT_NOTE] = DIM
    };
    slice rest = slice_of(e->text ? e->text : ""), line;
    size_t n = 0;
    while (slice_cut(&rest, '\n', &line)) {
        if (n)
            style_spaces(s, column);
        if (++n > LINES && rest.p) {
            buf_addf(s->out, "… (%zu more octets)\n", line.n + rest.n);
            return;
        }
        put_line(s, colours[e->kind], line);
    }
}

static void put_event(const struct style *s, const struct result_event *e, size_t indent,
                      size_t device)
{
    char at[32];
    int n = snprintf(at, sizeof at, "%8.3f s  ", (double)e->at / 1e9);
    style_spaces(s, indent);
    style_paint(s, DIM, at);
    style_column(s, PLAIN, e->device ? e->device : "", device);
    buf_addf(s->out, "  %s ", event_arrow(e));
    put_lines(s, e, indent + (size_t)n + device + sizeof "  -> " - 1);
}

/* True when e is the first of its device inside TLS and no note says so. */
static bool enters_tls(const struct result *r, const struct result_event *e)
{
    if (!e->tls || !e->device || e->kind == EVENT_NOTE)
        return false;
    for (const struct result_event *before = e; before-- > r->transcript.v;)
        if (before->device && !strcmp(before->device, e->device))
            return !before->tls && before->kind != EVENT_NOTE;
    return false;
}

void block_transcript(const struct style *s, const struct result *r, size_t indent)
{
    size_t n = r->transcript.n, device = device_width(r);
    for (size_t i = 0; i < n; i++) {
        const struct result_event *e = &r->transcript.v[i];
        if (i == FIRST_EVENTS && n > FIRST_EVENTS + LAST_EVENTS) {
            i = n - LAST_EVENTS - 1;
            style_spaces(s, indent);
            buf_addf(s->out, "… %zu lines left out, the JSON report has them …\n",
                     n - FIRST_EVENTS - LAST_EVENTS);
            continue;
        }
        if (enters_tls(r, e))
            put_event(
                s, &(struct result_event) { e->at, e->device, EVENT_NOTE, true, "TLS from here" },
                indent, device);
        put_event(s, e, indent, device);
    }
}
