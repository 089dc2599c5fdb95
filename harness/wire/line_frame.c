#include "line_frame.h"

void line_frame_init(struct line_frame *f, size_t limit)
{
    *f = (struct line_frame) { .limit = limit, .bare_cr = NO_OFFSET, .nul = NO_OFFSET };
}

/* Notes the first NUL and the first CR without LF among octets [from, to) of the line. A CR in the
   last place is not judged: what follows it is not known. */
static void note_oddities(struct line_frame *f, slice buffer, size_t from, size_t to)
{
    const char *nul = memchr(buffer.p + from, '\0', to - from);
    if (nul && f->nul == NO_OFFSET)
        f->nul = (size_t)(nul - buffer.p);
    for (size_t i = from; i + 1 < to && f->bare_cr == NO_OFFSET; i++) {
        const char *cr = memchr(buffer.p + i, '\r', to - 1 - i);
        if (!cr)
            break;
        i = (size_t)(cr - buffer.p);
        if (buffer.p[i + 1] != '\n')
            f->bare_cr = i;
    }
}

static void finish(struct line_frame *f, slice buffer, size_t lf, struct line *ret)
{
    bool crlf = lf > 0 && buffer.p[lf - 1] == '\r';
    *ret = (struct line) {
        .text = slice_sub(buffer, 0, crlf ? lf - 1 : lf),
        .octets = lf + 1,
        .bare_lf = crlf ? NO_OFFSET : lf,
        .bare_cr = f->bare_cr,
        .nul = f->nul,
    };
    line_frame_init(f, f->limit);
}

enum frame line_frame_next(struct line_frame *f, slice buffer, struct line *ret)
{
    size_t end = buffer.n < f->limit ? buffer.n : f->limit;
    if (end > f->scanned) {
        const char *lf = memchr(buffer.p + f->scanned, '\n', end - f->scanned);
        size_t to = lf ? (size_t)(lf - buffer.p) + 1 : end;
        /* The last octet of the earlier piece may be a CR that waits for its successor. */
        note_oddities(f, buffer, f->scanned ? f->scanned - 1 : 0, to);
        f->scanned = to;
        if (lf) {
            finish(f, buffer, to - 1, ret);
            return FRAME_READY;
        }
    }
    return f->scanned >= f->limit ? FRAME_LIMIT : FRAME_MORE;
}
