#include "mime_header.h"
#include "header_lex.h"

/* Octets of the line at the start of s, its LF included. */
static size_t line_octets(slice s)
{
    size_t lf = slice_find_char(s, '\n');
    return lf == SIZE_MAX ? s.n : lf + 1;
}

static bool is_empty_line(slice s)
{
    return slice_starts(s, S("\n")) || slice_starts(s, S("\r\n"));
}

static slice without_line_end(slice s)
{
    if (s.n && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

/* field = field-name ":" unstructured CRLF, continued by lines that start with white space. */
static size_t field_octets(slice s)
{
    size_t n = line_octets(s);
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
        n += line_octets(slice_skip(s, n));
    return n;
}

bool mime_field_next(slice header, slice *rest, struct mime_field *ret)
{
    if (!rest->n || is_empty_line(*rest))
        return false;
    slice raw = slice_sub(*rest, 0, field_octets(*rest));
    slice value = without_line_end(raw);
    slice name = slice_sub(value, 0, slice_find_char(value, ':'));
    *ret = (struct mime_field) { .raw = raw, .value = value, .offset = header.n - rest->n };
    *rest = slice_skip(*rest, raw.n);
    /* obs-optional = field-name *WSP ":": blanks stand before the colon only. */
    slice bare = slice_trim(name);
    bool blank_first = name.n && lex_is_space(name.p[0]);
    if (name.n < value.n && bare.n && !blank_first && slice_find_char(bare, ' ') == SIZE_MAX &&
        slice_find_char(name, '\n') == SIZE_MAX) {
        ret->name = bare;
        ret->value = slice_skip(value, name.n + 1);
    }
    return true;
}

bool mime_field_find(slice header, slice name, struct mime_field *ret)
{
    slice rest = header;
    struct mime_field field;
    while (mime_field_next(header, &rest, &field))
        if (slice_eq_nocase(field.name, name)) {
            *ret = field;
            return true;
        }
    return false;
}

size_t mime_header_octets(slice part)
{
    slice rest = part;
    while (rest.n) {
        bool last = is_empty_line(rest);
        rest = slice_skip(rest, line_octets(rest));
        if (last)
            break;
    }
    return part.n - rest.n;
}

slice mime_unfold(slice value, struct arena *a)
{
    size_t n = 0;
    if (slice_find_char(value, '\n') == SIZE_MAX)
        return slice_trim(value);
    char *text = arena_alloc(a, value.n);
    for (size_t i = 0; i < value.n; i++) {
        bool crlf = value.p[i] == '\r' && i + 1 < value.n && value.p[i + 1] == '\n';
        if (!crlf && value.p[i] != '\n')
            text[n++] = value.p[i];
    }
    return slice_trim((slice) { text, n });
}

slice mime_header_value(slice header, slice name, struct arena *a)
{
    struct mime_field field;
    if (!mime_field_find(header, name, &field))
        return (slice) { 0 };
    slice value = mime_unfold(field.value, a);
    return value.p ? value : S("");
}
