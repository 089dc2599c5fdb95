#include "header_lex.h"

bool lex_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool lex_char(slice *rest, char c)
{
    if (!rest->n || rest->p[0] != c)
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* s without quoting backslashes and without CR and LF, which are the invisible part of folding. */
static slice plain(slice s, struct arena *a)
{
    size_t n = 0;
    if (slice_find_char(s, '\\') == SIZE_MAX && slice_find_char(s, '\r') == SIZE_MAX &&
        slice_find_char(s, '\n') == SIZE_MAX)
        return s;
    char *text = arena_alloc(a, s.n);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' || s.p[i] == '\n')
            continue;
        i += s.p[i] == '\\' && i + 1 < s.n;
        text[n++] = s.p[i];
    }
    return (slice) { text, n };
}

/* comment = "(" *([FWS] ccontent) [FWS] ")" ; ccontent = ctext / quoted-pair / comment */
static slice take_comment(slice *rest)
{
    size_t depth = 0, i = 0;
    for (; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '\\')
            i++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
    }
    slice inside = slice_sub(*rest, 1, i);
    *rest = slice_skip(*rest, i + 1);
    return inside;
}

bool lex_skip(slice *rest, struct arena *a, slice *ret_comment)
{
    size_t before = rest->n;
    while (rest->n && (lex_is_space(rest->p[0]) || rest->p[0] == '(')) {
        if (rest->p[0] != '(') {
            *rest = slice_skip(*rest, 1);
            continue;
        }
        slice inside = take_comment(rest);
        if (ret_comment)
            *ret_comment = slice_trim(plain(inside, a));
    }
    return rest->n != before;
}

bool lex_quoted(slice *rest, struct arena *a, slice *ret)
{
    size_t i = 1;
    while (i < rest->n && rest->p[i] != '"')
        i += rest->p[i] == '\\' ? 2 : 1;
    bool closed = i < rest->n;
    *ret = plain(slice_sub(*rest, 1, i), a);
    *rest = slice_skip(*rest, i + 1);
    return closed;
}

slice lex_until(slice *rest, const char *stops)
{
    size_t i = 0;
    while (i < rest->n && !lex_is_space(rest->p[i]) && !(rest->p[i] && strchr(stops, rest->p[i])))
        i++;
    slice word = slice_sub(*rest, 0, i);
    *rest = slice_skip(*rest, i);
    return word;
}
