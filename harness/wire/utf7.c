#include "utf7.h"
#include "grammar_error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static int digit_value(char c)
{
    const char *at = c ? memchr(alphabet, c, 64) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

static bool is_direct(uint32_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool add_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t n = 0;
    if (c < 0x80) {
        bytes[n++] = (char)c;
    } else if (c < 0x800) {
        bytes[n++] = (char)(0xc0 | c >> 6);
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        bytes[n++] = (char)(0xe0 | c >> 12);
        bytes[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | c >> 18);
        bytes[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        bytes[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    }
    return buf_add(out, slice_make(bytes, n));
}

/* One UTF-16 unit of a shifted run. *high holds a high surrogate that waits for its low one. */
static bool add_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
    bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
    if (is_low != (*high != 0))
        return false;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        *high = unit;
        return true;
    }
    if (is_direct(unit))
        return false; /* it must represent itself */
    uint32_t c = is_low ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : unit;
    *high = 0;
    return add_utf8(out, c);
}

/* The BASE64 between "&" and "-": UTF-16 units, with fewer than six zero bits left over. */
static bool decode_run(slice run, struct buf *out)
{
    uint32_t bits = 0, high = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < run.n; i++) {
        int value = digit_value(run.p[i]);
        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0x3fffff;
        n_bits += 6;
        if (n_bits >= 16) {
            n_bits -= 16;
            if (!add_unit(out, bits >> n_bits & 0xffff, &high))
                return false;
        }
    }
    return n_bits < 6 && !(bits & ((1u << n_bits) - 1)) && !high;
}

static bool decode(slice name, struct buf *out)
{
    bool after_run = false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!is_direct((unsigned char)c))
            return false;
        if (c != '&') {
            after_run = false;
            if (!buf_addc(out, c))
                return false;
            continue;
        }
        size_t end = slice_find_char(slice_skip(name, i), '-');
        if (end == SIZE_MAX)
            return false; /* names end in US-ASCII */
        slice run = slice_sub(name, i + 1, i + end);
        if (run.n && after_run)
            return false; /* "-&" is a superfluous shift */
        if (run.n ? !decode_run(run, out) : !buf_addc(out, '&'))
            return false;
        after_run = run.n > 0;
        i += end;
    }
    return true;
}

bool utf7_decode(slice name, struct buf *out)
{
    size_t before = out->n;
    if (decode(name, out))
        return true;
    buf_truncate(out, before);
    return false;
}

bool utf7_is_valid(slice name)
{
    auto_buf scratch;
    buf_init(&scratch, BUF_OURS);
    return decode(name, &scratch);
}

/* The character at the start of s, which is valid UTF-8; *ret_n is its octets. */
static uint32_t take_utf8(slice s, size_t *ret_n)
{
    size_t n = utf8_sequence(s);
    uint32_t c = (unsigned char)s.p[0];
    *ret_n = n;
    if (n < 2)
        return c;
    c &= 0xffu >> (n + 1);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
    return c;
}

struct encoder {
    struct buf *out;
    uint32_t bits;
    unsigned n_bits;
    bool shifted;
};

static bool put_unit(struct encoder *e, uint32_t unit)
{
    e->bits = e->bits << 16 | unit;
    e->n_bits += 16;
    while (e->n_bits >= 6) {
        e->n_bits -= 6;
        if (!buf_addc(e->out, alphabet[e->bits >> e->n_bits & 0x3f]))
            return false;
    }
    e->bits &= (1u << e->n_bits) - 1;
    return true;
}

static bool shift_in(struct encoder *e)
{
    if (e->shifted)
        return true;
    e->shifted = true;
    e->bits = e->n_bits = 0;
    return buf_addc(e->out, '&');
}

static bool shift_out(struct encoder *e)
{
    if (!e->shifted)
        return true;
    e->shifted = false;
    if (e->n_bits && !buf_addc(e->out, alphabet[e->bits << (6 - e->n_bits) & 0x3f]))
        return false;
    return buf_addc(e->out, '-');
}

static bool encode_char(struct encoder *e, uint32_t c)
{
    if (is_direct(c))
        return shift_out(e) && buf_addc(e->out, (char)c) && (c != '&' || buf_addc(e->out, '-'));
    if (!shift_in(e))
        return false;
    if (c < 0x10000)
        return put_unit(e, c);
    c -= 0x10000;
    return put_unit(e, 0xd800 + (c >> 10)) && put_unit(e, 0xdc00 + (c & 0x3ff));
}

bool utf7_encode(slice utf8, struct buf *out)
{
    struct encoder e = { .out = out };
    size_t before = out->n;
    bool ok = utf8_is_valid(utf8);
    while (ok && utf8.n) {
        size_t n;
        ok = encode_char(&e, take_utf8(utf8, &n));
        utf8 = slice_skip(utf8, n);
    }
    if (ok && shift_out(&e))
        return true;
    buf_truncate(out, before);
    return false;
}
