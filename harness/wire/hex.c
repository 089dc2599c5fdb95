#include "hex.h"

int hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_encode(slice s, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    char *room = s.n > SIZE_MAX / 2 ? NULL : buf_room(out, 2 * s.n);
    if (!room)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        *room++ = digits[(unsigned char)s.p[i] >> 4];
        *room++ = digits[(unsigned char)s.p[i] & 15];
    }
    buf_claim(out, 2 * s.n);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool hex_decode(slice s, struct buf *out)
{
    size_t before = out->n;
    for (size_t i = 0; i < s.n; i++) {
        if (is_blank(s.p[i]))
            continue;
        int high = hex_value(s.p[i]), low = i + 1 < s.n ? hex_value(s.p[i + 1]) : -1;
        if (high < 0 || low < 0 || !buf_addc(out, (char)(high * 16 + low))) {
            buf_truncate(out, before);
            return false;
        }
        i++;
    }
    return true;
}
