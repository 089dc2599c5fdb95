#include "imap_chars.h"

static uint64_t length_of(slice digits)
{
    uint64_t n;
    return slice_to_u64(digits, INT64_MAX, &n) ? n : UINT64_MAX;
}

bool imap_literal_at(slice in, size_t at, struct imap_literal *ret)
{
    size_t i = at;
    bool eight = i < in.n && in.p[i] == '~';
    i += eight;
    if (i >= in.n || in.p[i] != '{')
        return false;
    size_t first = ++i;
    while (i < in.n && ascii_is_digit(in.p[i]))
        i++;
    slice digits = slice_sub(in, first, i);
    bool nonsync = i < in.n && in.p[i] == '+';
    i += nonsync;
    if (!digits.n || i >= in.n || in.p[i] != '}')
        return false;
    i++;
    if (i < in.n && in.p[i] == '\r')
        i++;
    if (i >= in.n || in.p[i] != '\n')
        return false;
    *ret = (struct imap_literal) { i + 1 - at, length_of(digits), nonsync, eight };
    return true;
}

bool imap_literal_at_end(slice line, struct imap_literal *ret)
{
    size_t i = line.n;
    i -= i && line.p[i - 1] == '\n';
    i -= i && line.p[i - 1] == '\r';
    if (!i || line.p[i - 1] != '}')
        return false;
    i--;
    i -= i && line.p[i - 1] == '+';
    while (i && ascii_is_digit(line.p[i - 1]))
        i--;
    if (!i || line.p[i - 1] != '{')
        return false;
    i--;
    i -= i && line.p[i - 1] == '~';
    return imap_literal_at(line, i, ret);
}
