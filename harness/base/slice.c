#include "slice.h"

slice slice_sub(slice s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    /* Adding even 0 to NULL is undefined in C. */
    return (slice) { s.p ? s.p + from : NULL, to - from };
}

slice slice_skip(slice s, size_t n)
{
    return slice_sub(s, n, s.n);
}

bool slice_eq(slice a, slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_eq_nocase(slice a, slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

bool slice_eq_str(slice a, const char *text)
{
    return slice_eq(a, slice_of(text));
}

bool slice_starts(slice s, slice prefix)
{
    return s.n >= prefix.n && slice_eq(slice_sub(s, 0, prefix.n), prefix);
}

bool slice_starts_nocase(slice s, slice prefix)
{
    return s.n >= prefix.n && slice_eq_nocase(slice_sub(s, 0, prefix.n), prefix);
}

bool slice_ends(slice s, slice suffix)
{
    return s.n >= suffix.n && slice_eq(slice_skip(s, s.n - suffix.n), suffix);
}

int slice_cmp(slice a, slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

size_t slice_find_char(slice s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t slice_find(slice s, slice needle)
{
    if (!needle.n)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t slice_find_nocase(slice s, slice needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++)
        if (slice_eq_nocase(slice_sub(s, i, i + needle.n), needle))
            return i;
    return SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

slice slice_trim(slice s)
{
    while (s.n && is_blank(s.p[0]))
        s = slice_skip(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool slice_cut(slice *rest, char sep, slice *ret)
{
    if (!rest->p)
        return false;
    size_t at = slice_find_char(*rest, sep);
    if (at == SIZE_MAX) {
        *ret = *rest;
        *rest = (slice) { NULL, 0 };
    } else {
        *ret = slice_sub(*rest, 0, at);
        *rest = slice_skip(*rest, at + 1);
    }
    return true;
}

bool slice_line(slice *rest, slice *ret)
{
    if (!rest->n)
        return false;
    size_t at = slice_find_char(*rest, '\n');
    slice line = slice_sub(*rest, 0, at == SIZE_MAX ? rest->n : at);
    *rest = slice_skip(*rest, at == SIZE_MAX ? rest->n : at + 1);
    if (at != SIZE_MAX && line.n && line.p[line.n - 1] == '\r')
        line.n--;
    *ret = line;
    return true;
}

bool slice_to_u64(slice s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (value > (max - digit) / 10 || max < digit)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}
