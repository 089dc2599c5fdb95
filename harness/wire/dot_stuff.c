#include "dot_stuff.h"

/* Octets of s before its first CR: inside a line they are copied at once. */
static size_t until_cr(slice s)
{
    size_t cr = slice_find_char(s, '\r');
    return cr == SIZE_MAX ? s.n : cr;
}

bool dot_encode(struct dot_encoder *e, slice piece, struct buf *out)
{
    bool ok = true;
    while (piece.n && ok) {
        char c = piece.p[0];
        if (e->state == DOT_LINE_START && c == '.')
            ok = buf_addc(out, '.');
        size_t n = e->state == DOT_IN_LINE ? until_cr(piece) : 1;
        if (n > 1) {
            ok = buf_add(out, slice_sub(piece, 0, n));
        } else {
            n = 1;
            bool crlf = e->state == DOT_AFTER_CR && c == '\n';
            e->state = crlf ? DOT_LINE_START : c == '\r' ? DOT_AFTER_CR : DOT_IN_LINE;
            ok = ok && buf_addc(out, c);
        }
        piece = slice_skip(piece, n);
    }
    return ok;
}

bool dot_encode_end(struct dot_encoder *e, struct buf *out)
{
    /* A CR in the last place belongs to the message: the CRLF that must follow is not its own. */
    bool ok = e->state == DOT_LINE_START || buf_add(out, S("\r\n"));
    e->state = DOT_LINE_START;
    return ok && buf_add(out, S(".\r\n"));
}

bool dot_encode_all(slice message, struct buf *out)
{
    struct dot_encoder e = { 0 };
    return dot_encode(&e, message, out) && dot_encode_end(&e, out);
}

static bool put(struct buf *out, slice s)
{
    return !out || buf_add(out, s);
}

/* One octet. A dot at the start of a line is held back until it is known not to be the end, and is
   then dropped; with ".CR" the CR is held back too. */
static bool step(struct dot_decoder *d, char c, struct buf *out)
{
    if (d->state == DOT_DOT_CR) {
        if (c == '\n') {
            d->state = DOT_END;
            return true;
        }
        d->unstuffed = true;
        if (!put(out, S("\r")))
            return false;
        d->state = DOT_CR;
    } else if (d->state == DOT_BOL && c == '.') {
        d->state = DOT_DOT;
        return true;
    } else if (d->state == DOT_DOT) {
        if (c == '\r') {
            d->state = DOT_DOT_CR;
            return true;
        }
        d->unstuffed = d->unstuffed || c != '.';
    }
    bool crlf = d->state == DOT_CR && c == '\n';
    d->state = crlf ? DOT_BOL : c == '\r' ? DOT_CR : DOT_TEXT;
    return put(out, slice_make(&c, 1));
}

enum frame dot_decode(struct dot_decoder *d, slice piece, struct buf *out, size_t *ret_used)
{
    size_t used = 0;
    while (used < piece.n && d->state != DOT_END) {
        slice rest = slice_skip(piece, used);
        size_t n = d->state == DOT_TEXT ? until_cr(rest) : 0;
        if (!(n ? put(out, slice_sub(rest, 0, n)) : step(d, rest.p[0], out)))
            return FRAME_LIMIT;
        used += n ? n : 1;
        d->octets += n ? n : 1;
    }
    *ret_used = used;
    return d->state == DOT_END ? FRAME_READY : FRAME_MORE;
}
