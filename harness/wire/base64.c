#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
enum { LINE_GROUPS = 19 }; /* 76 characters */

/* One to three octets to four characters. */
static void encode_group(const char *in, size_t n, char *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < n ? (unsigned char)in[i] : 0);
    for (size_t i = 0; i < 4; i++)
        out[i] = i <= n ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
}

bool base64_encode(slice s, struct buf *out)
{
    size_t groups = s.n / 3 + (s.n % 3 != 0);
    char *room = groups > SIZE_MAX / 4 ? NULL : buf_room(out, 4 * groups);
    if (!room)
        return false;
    for (size_t i = 0; i < groups; i++) {
        slice group = slice_sub(s, 3 * i, 3 * i + 3);
        encode_group(group.p, group.n, room + 4 * i);
    }
    buf_claim(out, 4 * groups);
    return true;
}

bool base64_encode_lines(slice s, struct buf *out)
{
    while (s.n) {
        if (!base64_encode(slice_sub(s, 0, 3 * LINE_GROUPS), out) || !buf_add(out, S("\r\n")))
            return false;
        s = slice_skip(s, 3 * LINE_GROUPS);
    }
    return true;
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Checks all of s; *ret_padding is the number of "=" at its end. */
static bool check(slice s, size_t *ret_padding, struct grammar_error *err)
{
    size_t padding = 0;
    while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < s.n - padding; i++)
        if (value_of(s.p[i]) < 0)
            return grammar_error_set(err, RULE_BASE64, i, "octet 0x%02X is not of base64",
                                     (unsigned char)s.p[i]);
    if (s.n % 4)
        return grammar_error_set(err, RULE_BASE64, s.n,
                                 "%zu characters are no whole groups of four", s.n);
    int unused = padding == 2 ? 15 : padding == 1 ? 3 : 0;
    if (padding && (value_of(s.p[s.n - 1 - padding]) & unused))
        return grammar_error_set(err, RULE_BASE64, s.n - 1 - padding,
                                 "the unused bits before the padding are not zero");
    *ret_padding = padding;
    return true;
}

bool base64_decode(slice s, struct buf *out, struct grammar_error *err)
{
    size_t padding = 0;
    if (!check(s, &padding, err))
        return false;
    size_t n = s.n / 4 * 3 - padding;
    char *room = buf_room(out, n);
    if (!room)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *group = s.p + i / 3 * 4;
        size_t j = i % 3; /* octet j of a group is of characters j and j + 1 */
        unsigned pair = (unsigned)value_of(group[j]) << 6 | (unsigned)value_of(group[j + 1]);
        room[i] = (char)(pair >> (4 - 2 * j) & 255);
    }
    buf_claim(out, n);
    return true;
}
