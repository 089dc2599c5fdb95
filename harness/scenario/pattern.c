#include "pattern.h"
#include "vars.h"

struct parser {
    slice text;
    size_t at;
    struct arena *arena;
    size_t depth;
    const char *why;
};

enum { PATTERN_DEPTH = 50 };

static char peek(const struct parser *p)
{
    return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static bool parse_items(struct parser *p, char end, struct pattern *ret);

/* A quoted string: a backslash protects the next character, as in IMAP. */
static bool parse_string(struct parser *p, struct pattern *ret)
{
    char *out = arena_alloc(p->arena, p->text.n - p->at + 1);
    size_t n = 0;
    ret->kind = PATTERN_STRING;
    for (p->at++; p->at < p->text.n; p->at++) {
        char c = p->text.p[p->at];
        if (c == '"') {
            p->at++;
            ret->text = slice_make(out, n);
            return true;
        }
        if (c == '\\' && p->at + 1 < p->text.n)
            c = p->text.p[++p->at];
        out[n++] = c;
    }
    p->why = "a quote is not closed";
    return false;
}

/* A word ends at a space or parenthesis; brackets inside it belong to it with all they hold, as in
   BODY[HEADER.FIELDS (SUBJECT)]<0>. */
static void parse_word(struct parser *p, struct pattern *ret)
{
    size_t start = p->at, brackets = 0;
    for (; p->at < p->text.n; p->at++) {
        char c = p->text.p[p->at];
        if (c == '[')
            brackets++;
        else if (c == ']' && brackets)
            brackets--;
        else if (!brackets && (c == ' ' || c == '(' || c == ')' || c == ']'))
            break;
    }
    ret->text = slice_sub(p->text, start, p->at);
    ret->kind = PATTERN_WORD;
    if (slice_eq_str(ret->text, "$_"))
        ret->kind = PATTERN_ANY;
    else if (slice_eq_str(ret->text, "..."))
        ret->kind = PATTERN_REST;
}

/* /re/ up to the next slash that is not escaped; spaces may stand inside. */
static bool parse_regex(struct parser *p, struct pattern *ret)
{
    size_t start = ++p->at;
    for (; p->at < p->text.n; p->at++) {
        if (p->text.p[p->at] == '\\' && p->at + 1 < p->text.n)
            p->at++;
        else if (p->text.p[p->at] == '/')
            break;
    }
    if (p->at >= p->text.n) {
        p->why = "a regular expression is not closed by a slash";
        return false;
    }
    ret->kind = PATTERN_REGEX;
    ret->text = slice_sub(p->text, start, p->at++);
    return true;
}

/* A slash begins a regular expression only when another one follows: "/" alone is a word. */
static bool begins_regex(const struct parser *p)
{
    slice after = slice_skip(p->text, p->at + 1);
    return peek(p) == '/' && after.n > 1 && after.p[0] != ' ' &&
           slice_find_char(after, '/') != SIZE_MAX;
}

static bool parse_one(struct parser *p, struct pattern *ret)
{
    ret->offset = p->at;
    bool good = true;
    if (peek(p) == '"') {
        good = parse_string(p, ret);
    } else if (peek(p) == '(' || peek(p) == '[') {
        char end = peek(p) == '(' ? ')' : ']';
        ret->kind = end == ')' ? PATTERN_LIST : PATTERN_CODE;
        p->at++;
        good = parse_items(p, end, ret);
    } else if (begins_regex(p)) {
        good = parse_regex(p, ret);
    } else {
        parse_word(p, ret);
        if (p->at == ret->offset) {
            p->why = "a parenthesis or bracket closes nothing";
            good = false;
        }
    }
    ret->length = p->at - ret->offset;
    return good;
}

static bool parse_items(struct parser *p, char end, struct pattern *ret)
{
    ARRAY(struct pattern) items = { 0 };
    bool good = ++p->depth < PATTERN_DEPTH;
    if (!good)
        p->why = "nested too deep";
    while (good) {
        while (peek(p) == ' ')
            p->at++;
        if (p->at == p->text.n || peek(p) == end)
            break;
        good = parse_one(p, array_push(&items));
    }
    p->depth--;
    if (good && end && peek(p) != end) {
        p->why = "a parenthesis or bracket is not closed";
        good = false;
    }
    p->at += good && end;
    ret->items = arena_new_n(p->arena, struct pattern, items.n + 1);
    if (items.n)
        memcpy(ret->items, items.v, items.n * sizeof *items.v);
    ret->n = items.n;
    array_release(&items);
    return good;
}

bool pattern_parse(slice text, struct arena *arena, struct pattern *ret, size_t *ret_offset,
                   const char **ret_why)
{
    struct parser p = { .text = text, .arena = arena };
    *ret = (struct pattern) { .kind = PATTERN_LIST, .length = text.n };
    if (parse_items(&p, '\0', ret))
        return true;
    *ret_offset = p.at;
    *ret_why = p.why;
    return false;
}

void pattern_variables(const struct pattern *p, void (*fn)(void *ctx, slice name), void *ctx)
{
    struct var_piece piece;
    slice rest =
        p->kind == PATTERN_WORD || p->kind == PATTERN_STRING ? p->text : (slice) { NULL, 0 };
    while (var_piece_next(&rest, &piece))
        if (piece.name.n)
            fn(ctx, piece.name);
    for (size_t i = 0; i < p->n; i++)
        pattern_variables(&p->items[i], fn, ctx);
}
