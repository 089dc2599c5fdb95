#include "vars.h"

void vars_release(struct vars *v)
{
    array_release(&v->list);
    arena_release(&v->arena);
}

void vars_set(struct vars *v, slice name, slice value)
{
    slice name_copy = arena_dup(&v->arena, name), value_copy = arena_dup(&v->arena, value);
    *array_push(&v->list) = (struct binding) { name_copy, value_copy };
}

void vars_set_text(struct vars *v, const char *name, const char *value)
{
    vars_set(v, slice_of(name), slice_of(value));
}

bool vars_get(const struct vars *v, slice name, slice *ret)
{
    for (; v; v = v->outer)
        for (size_t i = v->list.n; i-- > 0;)
            if (slice_eq(v->list.v[i].name, name)) {
                *ret = v->list.v[i].value;
                return true;
            }
    return false;
}

static bool is_name_char(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '-';
}

/* The length of the name at the start of s: words joined by single dots. */
static size_t name_length(slice s)
{
    size_t n = 0;
    while (n < s.n && (is_name_char(s.p[n]) ||
                       (s.p[n] == '.' && n && n + 1 < s.n && ascii_is_alpha(s.p[n + 1]))))
        n++;
    while (n && s.p[n - 1] == '-')
        n--;
    return n;
}

static bool take_plain(slice *rest, size_t n, slice plain, struct var_piece *ret)
{
    *ret = (struct var_piece) { .plain = plain };
    *rest = slice_skip(*rest, n);
    return true;
}

bool var_piece_next(slice *rest, struct var_piece *ret)
{
    if (!rest->n)
        return false;
    size_t at = slice_find_char(*rest, '$');
    if (at != 0) {
        size_t n = at == SIZE_MAX ? rest->n : at;
        return take_plain(rest, n, slice_sub(*rest, 0, n), ret);
    }
    slice after = slice_skip(*rest, 1);
    if (after.n && after.p[0] == '$')
        return take_plain(rest, 2, S("$"), ret);
    bool braces = after.n && after.p[0] == '{';
    slice inside = slice_skip(after, braces);
    size_t n = name_length(inside);
    if (!n || (braces && (n == inside.n || inside.p[n] != '}')))
        return take_plain(rest, 1, slice_sub(*rest, 0, 1), ret);
    *ret = (struct var_piece) { .name = slice_sub(inside, 0, n) };
    *rest = slice_skip(*rest, 1 + n + (braces ? 2u : 0u));
    return true;
}

bool var_is_only(slice text, slice *ret_name)
{
    struct var_piece piece;
    slice rest = text;
    if (!var_piece_next(&rest, &piece) || !piece.name.n || rest.n)
        return false;
    *ret_name = piece.name;
    return true;
}

bool vars_expand(const struct vars *v, slice text, struct buf *out, slice *ret_missing)
{
    struct var_piece piece;
    slice rest = text, value;
    while (var_piece_next(&rest, &piece)) {
        if (!piece.name.n) {
            buf_add(out, piece.plain);
        } else if (vars_get(v, piece.name, &value)) {
            buf_add(out, value);
        } else {
            *ret_missing = piece.name;
            return false;
        }
    }
    return true;
}
