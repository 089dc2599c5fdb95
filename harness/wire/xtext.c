/* xtext, RFC 3461 4. */
#include "hex.h"
#include "smtp_path.h"

/* xchar = any ASCII character between "!" (33) and "~" (126) inclusive, except "+" and "=" */
static bool is_xchar(char c)
{
    return c >= 33 && c <= 126 && c != '+' && c != '=';
}

void xtext_encode(slice s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_xchar(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "+%02X", (unsigned char)s.p[i]);
    }
}

/* hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits */
static int hexchar(slice s)
{
    if (s.n < 3 || s.p[0] != '+' || s.p[1] >= 'a' || s.p[2] >= 'a')
        return -1;
    int high = hex_value(s.p[1]), low = hex_value(s.p[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool xtext_decode(slice s, struct buf *out, struct grammar_error *err)
{
    char text[ESCAPED_MAX];
    size_t before = out->n;
    for (size_t i = 0; i < s.n; i++) {
        int octet = is_xchar(s.p[i]) ? s.p[i] : hexchar(slice_skip(s, i));
        if (octet < 0 || !buf_addc(out, (char)octet)) {
            buf_truncate(out, before);
            return grammar_error_set(err, RULE_XTEXT, i, "\"%s\" is no xtext",
                                     escape_text(slice_skip(s, i), text));
        }
        i += s.p[i] == '+' ? 2 : 0;
    }
    return true;
}
