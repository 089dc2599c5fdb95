#include "imap_search_text.h"
#include "array.h"
#include "grammar_error.h"
#include "imap_fetch_decode.h"

/* --- encoded words --- */

enum { WORD_MAX = 1000 }; /* octets; RFC 2047 2 says 75, longer ones are still decoded */

struct word {
    slice charset, text;
    char encoding; /* 'b' or 'q' */
    size_t length; /* octets of the whole word */
};

/* encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
   (RFC 2047 2, RFC 2231 5) */
static bool parse_word(slice s, struct word *ret)
{
    struct word w;
    slice rest, language, encoding;
    s = slice_sub(s, 0, WORD_MAX);
    if (!slice_starts(s, S("=?")))
        return false;
    rest = slice_skip(s, 2);
    if (!slice_cut(&rest, '?', &w.charset) || !slice_cut(&rest, '?', &encoding) || !rest.p)
        return false;
    size_t end = slice_find(rest, S("?="));
    if (!w.charset.n || encoding.n != 1 || end == SIZE_MAX)
        return false;
    w.text = slice_sub(rest, 0, end);
    w.encoding = ascii_lower(encoding.p[0]);
    w.length = (size_t)(rest.p - s.p) + end + 2;
    language = w.charset;
    slice_cut(&language, '*', &w.charset);
    if (slice_find_char(w.text, ' ') != SIZE_MAX || (w.encoding != 'b' && w.encoding != 'q'))
        return false;
    if (!charset_is_known(w.charset))
        return false;
    *ret = w;
    return true;
}

/* RFC 2047 4.2: "_" is a space, the rest as quoted-printable without line breaks. */
static void decode_q(slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        int value = text.p[i] == '=' && i + 2 < text.n ? decode_hex(text.p + i + 1) : -1;
        if (value >= 0) {
            buf_addc(out, (char)value);
            i += 2;
        } else {
            buf_addc(out, text.p[i] == '_' ? ' ' : text.p[i]);
        }
    }
}

static void decode_word(const struct word *w, struct buf *out)
{
    auto_buf octets;
    buf_init(&octets, w->text.n);
    if (w->encoding == 'b')
        decode_base64(w->text, &octets);
    else
        decode_q(w->text, &octets);
    charset_to_utf8(w->charset, buf_slice(&octets), out);
}

static size_t count_blanks(slice s)
{
    size_t n = 0;
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '\r' || s.p[n] == '\n'))
        n++;
    return n;
}

void search_words_decode(slice text, struct buf *out)
{
    bool after_word = false;
    while (text.n) {
        struct word w;
        size_t blanks = count_blanks(text);
        slice next = slice_skip(text, blanks);
        bool is_word = parse_word(next, &w);
        if (!(is_word && after_word))
            buf_add(out, slice_sub(text, 0, blanks));
        text = next;
        after_word = is_word;
        if (is_word) {
            decode_word(&w, out);
            text = slice_skip(text, w.length);
        } else if (text.n) {
            buf_addc(out, text.p[0]);
            text = slice_skip(text, 1);
        }
    }
}

/* --- case folding --- */

/* Every `step`th code point from first to last is a capital whose small letter is `delta` on. */
static const struct fold {
    uint32_t first, last, step;
    int32_t delta;
} folds[] = {
    { 'A', 'Z', 1, 32 },
    { 0xB5, 0xB5, 1, 0x3BC - 0xB5 },
    { 0xC0, 0xD6, 1, 32 },
    { 0xD8, 0xDE, 1, 32 },
    { 0x100, 0x12E, 2, 1 },
    { 0x132, 0x136, 2, 1 },
    { 0x139, 0x147, 2, 1 },
    { 0x14A, 0x176, 2, 1 },
    { 0x178, 0x178, 1, 0xFF - 0x178 },
    { 0x179, 0x17D, 2, 1 },
    { 0x17F, 0x17F, 1, 's' - 0x17F },
    { 0x386, 0x386, 1, 0x3AC - 0x386 },
    { 0x388, 0x38A, 1, 37 },
    { 0x38C, 0x38C, 1, 64 },
    { 0x38E, 0x38F, 1, 63 },
    { 0x391, 0x3A1, 1, 32 },
    { 0x3A3, 0x3AB, 1, 32 },
    { 0x3C2, 0x3C2, 1, 1 },
    { 0x3D8, 0x3EE, 2, 1 },
    { 0x400, 0x40F, 1, 80 },
    { 0x410, 0x42F, 1, 32 },
    { 0x460, 0x480, 2, 1 },
    { 0x48A, 0x4BE, 2, 1 },
    { 0x4C0, 0x4C0, 1, 15 },
    { 0x4C1, 0x4CD, 2, 1 },
    { 0x4D0, 0x52E, 2, 1 },
    { 0x531, 0x556, 1, 48 },
    { 0x1E00, 0x1E94, 2, 1 },
    { 0x1E9E, 0x1E9E, 1, 0xDF - 0x1E9E },
    { 0x1EA0, 0x1EFE, 2, 1 },
    { 0xFF21, 0xFF3A, 1, 32 },
};

static uint32_t fold_one(uint32_t c)
{
    for (size_t i = 0; i < COUNT(folds) && folds[i].first <= c; i++)
        if (c <= folds[i].last && (c - folds[i].first) % folds[i].step == 0)
            return (uint32_t)((int32_t)c + folds[i].delta);
    return c;
}

/* The code point of a well-formed sequence of n octets. */
static uint32_t decode_point(const char *p, size_t n)
{
    uint32_t c = (unsigned char)p[0] & (n == 2 ? 0x1F : n == 3 ? 0x0F : 0x07);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3F);
    return c;
}

/* Code points up to U+FFFF: folding gives no others. */
static void add_point(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_addc(out, (char)(0xC0 | c >> 6));
    } else {
        buf_addc(out, (char)(0xE0 | c >> 12));
        buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    buf_addc(out, (char)(0x80 | (c & 0x3F)));
}

void search_fold(slice utf8, struct buf *out)
{
    while (utf8.n) {
        size_t n = utf8_sequence(utf8);
        if (n == 1)
            buf_addc(out, ascii_lower(utf8.p[0]));
        else if (n == 2 || n == 3)
            add_point(out, fold_one(decode_point(utf8.p, n)));
        else
            buf_add(out, slice_sub(utf8, 0, n ? n : 1));
        utf8 = slice_skip(utf8, n ? n : 1);
    }
}
