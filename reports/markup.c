#include "markup.h"
#include "printable.h"

static const char *entity(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>': /* also ends the CDATA end mark, which XML forbids in text */
        return "&gt;";
    case '"':
        return "&quot;";
    case '\n':
        return in_attribute ? "&#10;" : NULL;
    default:
        return NULL;
    }
}

static void add(struct buf *out, slice text, bool in_attribute)
{
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    printable_add_text(&clean, text);
    for (size_t i = 0; i < clean.n; i++) {
        const char *e = entity(clean.p[i], in_attribute);
        if (e)
            buf_adds(out, e);
        else
            buf_addc(out, clean.p[i]);
    }
}

void markup_text(struct buf *out, const char *text)
{
    add(out, slice_of(text), false);
}

void markup_slice(struct buf *out, slice text)
{
    add(out, text, false);
}

void markup_attribute(struct buf *out, const char *text)
{
    add(out, slice_of(text), true);
}

void markup_add_attribute(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(out, " %s=\"", name);
    markup_attribute(out, value);
    buf_addc(out, '"');
}
