#include "printable.h"

/* RFC 3629 section 4: UTF8-octets = *( UTF8-char ), with its overlong forms and surrogates left out */
size_t utf8_decode(slice s, uint32_t *ret)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (!s.n)
        return 0;
    unsigned char first = (unsigned char)s.p[0];
    size_t n = first < 0x80       ? 1
               : first >> 5 == 6  ? 2
               : first >> 4 == 14 ? 3
               : first >> 3 == 30 ? 4
                                  : 0;
    if (!n || n > s.n)
        return 0;
    uint32_t c = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s.p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
    }
    if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n;
}

static size_t step(slice s)
{
    uint32_t c;
    size_t n = utf8_decode(s, &c);
    return n ? n : 1;
}

size_t utf8_count(slice s)
{
    size_t count = 0;
    for (; s.n; s = slice_skip(s, step(s)))
        count++;
    return count;
}

size_t utf8_offset(slice s, size_t index)
{
    slice rest = s;
    while (index-- && rest.n)
        rest = slice_skip(rest, step(rest));
    return s.n - rest.n;
}

slice utf8_cut(slice s, size_t max)
{
    size_t n = 0;
    while (n < s.n && n + step(slice_skip(s, n)) <= max)
        n += step(slice_skip(s, n));
    return slice_sub(s, 0, n);
}

/* Characters above ASCII that must not reach a terminal or an XML reader as they are. */
static bool is_steering(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = { { 0x80, 0x9f },     { 0x061c, 0x061c }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
                   { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

static void add_escape(struct buf *out, unsigned char c)
{
    if (c == '\r')
        buf_adds(out, "\\r");
    else if (c == '\n')
        buf_adds(out, "\\n");
    else if (c == '\t')
        buf_adds(out, "\\t");
    else
        buf_addf(out, "\\x%02X", c);
}

/* Adds the first character of s and returns its length. */
static size_t add_one(struct buf *out, slice s)
{
    uint32_t c;
    size_t n = utf8_decode(s, &c);
    if (!n || c < 0x20 || c == 0x7f) {
        add_escape(out, (unsigned char)s.p[0]);
        return 1;
    }
    if (is_steering(c))
        buf_addf(out, "\\u{%04X}", (unsigned)c);
    else
        buf_add(out, slice_sub(s, 0, n));
    return n;
}

void printable_add(struct buf *out, slice bytes)
{
    while (bytes.n)
        bytes = slice_skip(bytes, add_one(out, bytes));
}

void printable_add_lines(struct buf *out, slice bytes)
{
    if (slice_ends(bytes, S("\r\n")))
        bytes.n -= 2;
    while (bytes.n) {
        bool end = slice_starts(bytes, S("\r\n"));
        if (end)
            buf_addc(out, '\n');
        bytes = slice_skip(bytes, end ? 2 : add_one(out, bytes));
    }
}

void printable_add_text(struct buf *out, slice text)
{
    while (text.n) {
        bool end = text.p[0] == '\n';
        if (end)
            buf_addc(out, '\n');
        text = slice_skip(text, end ? 1 : add_one(out, text));
    }
}
