#include "imap_fetch_decode.h"
#include "array.h"

int decode_hex(const char *p)
{
    int value = 0;
    for (size_t i = 0; i < 2; i++) {
        char c = ascii_lower(p[i]);
        if (ascii_is_digit(c))
            value = value * 16 + c - '0';
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + c - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* A "=" ends a group, not the data: encoders that join base64 texts leave some in the middle. */
void decode_base64(slice body, struct buf *out)
{
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < body.n; i++) {
        int value = base64_value(body.p[i]);
        if (body.p[i] == '=')
            have = 0;
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_addc(out, (char)(bits >> have));
        }
    }
}

/* One line without its end: true when a soft line break ends it (RFC 2045 6.7, rules 1, 3, 5). */
static bool decode_qp_line(slice line, struct buf *out)
{
    while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    bool soft = line.n && line.p[line.n - 1] == '=';
    line.n -= soft;
    for (size_t i = 0; i < line.n; i++) {
        int value = line.p[i] == '=' && i + 2 < line.n ? decode_hex(line.p + i + 1) : -1;
        buf_addc(out, value < 0 ? line.p[i] : (char)value);
        i += value < 0 ? 0 : 2;
    }
    return soft;
}

void decode_quoted_printable(slice body, struct buf *out)
{
    while (body.n) {
        size_t lf = slice_find_char(body, '\n');
        size_t n = lf == SIZE_MAX ? body.n : lf;
        bool crlf = lf != SIZE_MAX && n && body.p[n - 1] == '\r';
        bool soft = decode_qp_line(slice_sub(body, 0, n - crlf), out);
        if (lf != SIZE_MAX && !soft)
            buf_adds(out, crlf ? "\r\n" : "\n");
        body = slice_skip(body, lf == SIZE_MAX ? body.n : lf + 1);
    }
}

static void decode_identity(slice body, struct buf *out)
{
    buf_add(out, body);
}

static const struct {
    const char *name;
    void (*decode)(slice body, struct buf *out);
} encodings[] = {
    { "", decode_identity },     { "7bit", decode_identity },
    { "8bit", decode_identity }, { "binary", decode_identity },
    { "base64", decode_base64 }, { "quoted-printable", decode_quoted_printable },
};

bool content_decode(slice encoding, slice body, struct buf *out)
{
    for (size_t i = 0; i < COUNT(encodings); i++)
        if (slice_eq_nocase(slice_trim(encoding), slice_of(encodings[i].name))) {
            encodings[i].decode(body, out);
            return true;
        }
    return false;
}

static void latin1_to_utf8(slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80)
            buf_addc(out, (char)(0xC0 | c >> 6));
        buf_addc(out, c < 0x80 ? (char)c : (char)(0x80 | (c & 0x3F)));
    }
}

static const struct {
    const char *name;
    void (*convert)(slice text, struct buf *out);
} charsets[] = {
    { "", decode_identity },      { "us-ascii", decode_identity },
    { "ascii", decode_identity }, { "utf-8", decode_identity },
    { "utf8", decode_identity },  { "iso-8859-1", latin1_to_utf8 },
    { "latin1", latin1_to_utf8 }, { "windows-1252", latin1_to_utf8 },
};

bool charset_to_utf8(slice charset, slice text, struct buf *out)
{
    for (size_t i = 0; i < COUNT(charsets); i++)
        if (slice_eq_nocase(charset, slice_of(charsets[i].name))) {
            charsets[i].convert(text, out);
            return true;
        }
    return false;
}

bool charset_is_known(slice charset)
{
    for (size_t i = 0; i < COUNT(charsets); i++)
        if (slice_eq_nocase(charset, slice_of(charsets[i].name)))
            return true;
    return false;
}
