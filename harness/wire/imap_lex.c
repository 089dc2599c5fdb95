#include "imap_lex.h"
#include "array.h"
#include "imap_chars.h"

struct lexer {
    slice in;
    size_t at;
    unsigned flags;
    unsigned depth, in_code;
    size_t count;
    struct arena *a;
    ARRAY(struct imap_value) stack; /* values of the lists that are open, the outermost first */
    struct imap_lex_error error;
};

static bool lex_fail(struct lexer *lx, enum imap_lex_fault fault, size_t offset)
{
    if (!lx->error.fault)
        lx->error = (struct imap_lex_error) { fault, offset };
    return false;
}

static bool lex_push(struct lexer *lx, enum imap_kind kind, slice text, size_t from, bool nonsync)
{
    if (++lx->count > IMAP_VALUES_MAX)
        return lex_fail(lx, IMAP_LEX_COUNT, from);
    struct imap_value *v = array_push(&lx->stack);
    *v =
        (struct imap_value) { kind, nonsync, text, NULL, 0, slice_sub(lx->in, from, lx->at), from };
    return true;
}

/* Moves the values above `base` off the stack into one array of the arena. */
static void lex_collect(struct lexer *lx, size_t base, struct imap_value *ret)
{
    ret->n_items = lx->stack.n - base;
    if (!ret->n_items)
        return;
    ret->items = arena_new_n(lx->a, struct imap_value, ret->n_items);
    memcpy(ret->items, lx->stack.v + base, ret->n_items * sizeof *ret->items);
    lx->stack.n = base;
}

static slice unescape(struct arena *a, slice s)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        i += s.p[i] == '\\' && i + 1 < s.n;
        out[n++] = s.p[i];
    }
    return (slice) { out, n };
}

/* Where the quoted string that starts at `at` ends: the offset of its closing quote, or SIZE_MAX.
   *ret_escapes says whether it holds a backslash. */
static size_t quoted_end(slice in, size_t at, bool *ret_escapes)
{
    *ret_escapes = false;
    for (size_t i = at + 1; i < in.n && in.p[i] != '\r' && in.p[i] != '\n'; i++) {
        if (in.p[i] == '"')
            return i;
        if (in.p[i] == '\\') {
            *ret_escapes = true;
            i++;
        }
    }
    return SIZE_MAX;
}

static bool lex_quoted(struct lexer *lx)
{
    bool escapes;
    size_t from = lx->at, end = quoted_end(lx->in, from, &escapes);
    if (end == SIZE_MAX)
        return lex_fail(lx, IMAP_LEX_UNTERMINATED, from);
    slice text = slice_sub(lx->in, from + 1, end);
    lx->at = end + 1;
    return lex_push(lx, IMAP_QUOTED, escapes ? unescape(lx->a, text) : text, from, false);
}

static bool lex_literal(struct lexer *lx, const struct imap_literal *literal)
{
    size_t from = lx->at, start = from + literal->header, room = lx->in.n - start;
    size_t n = literal->length < room ? (size_t)literal->length : room;
    lx->at = start + n;
    enum imap_kind kind = literal->eight ? IMAP_LITERAL8 : IMAP_LITERAL;
    if (!lex_push(lx, kind, slice_sub(lx->in, start, start + n), from, literal->nonsync))
        return false;
    return literal->length <= room || lex_fail(lx, IMAP_LEX_LITERAL, from);
}

/* Whether an atom of this name may go on with a section in brackets. */
static bool takes_section(slice name)
{
    static const char *const names[] = { "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK",
                                         "BINARY.SIZE" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_eq_nocase(name, slice_of(names[i])))
            return true;
    return false;
}

/* The octet after the ")" of the header list whose "(" is at `at`, SIZE_MAX when it is none: names
   and strings, no further list. */
static size_t header_list_end(slice in, size_t at)
{
    struct imap_literal literal;
    for (size_t i = at + 1; i < in.n; i++) {
        bool escapes;
        if (in.p[i] == ')')
            return i + 1;
        if (in.p[i] == '"') {
            i = quoted_end(in, i, &escapes);
            if (i == SIZE_MAX)
                return SIZE_MAX;
        } else if (imap_literal_at(in, i, &literal)) {
            if (literal.length > in.n - i - literal.header)
                return SIZE_MAX;
            i += literal.header + (size_t)literal.length - 1;
        } else if (memchr("(\r\n", in.p[i], 3)) {
            return SIZE_MAX;
        }
    }
    return SIZE_MAX;
}

static size_t skip_spaces(slice in, size_t i)
{
    while (i < in.n && in.p[i] == ' ')
        i++;
    return i;
}

/* The octet after the "]" of the section whose "[" is at `at`: a word and perhaps a header list.
   SIZE_MAX when that is not what stands there: then the bracket is an ordinary character. */
static size_t section_end(slice in, size_t at)
{
    size_t i = at + 1;
    while (i < in.n && !memchr("] ()\"\r\n{", in.p[i], 8))
        i++;
    size_t list = skip_spaces(in, i);
    if (list > at + 1 && list < in.n && in.p[list] == '(') {
        i = header_list_end(in, list);
        if (i == SIZE_MAX)
            return SIZE_MAX;
        i = skip_spaces(in, i);
    }
    return i < in.n && in.p[i] == ']' ? i + 1 : SIZE_MAX;
}

static bool ends_atom(const struct lexer *lx, size_t i)
{
    struct imap_literal literal;
    char c = lx->in.p[i];
    if (memchr(" ()\r\n\"", c, 6))
        return true;
    if (c == ']')
        return lx->in_code > 0;
    return (c == '{' || c == '~') && imap_literal_at(lx->in, i, &literal);
}

/* Steps over the character at i of the atom that began at `from`, or over a whole section. */
static size_t atom_step(const struct lexer *lx, size_t from, size_t i)
{
    if (lx->in.p[i] != '[' || !takes_section(slice_sub(lx->in, from, i)))
        return i + 1;
    size_t end = section_end(lx->in, i);
    return end == SIZE_MAX ? i + 1 : end;
}

static bool lex_atom(struct lexer *lx)
{
    size_t from = lx->at, i = from;
    while (i < lx->in.n && !ends_atom(lx, i))
        i = atom_step(lx, from, i);
    lx->at = i;
    slice text = slice_sub(lx->in, from, i);
    bool nil = slice_eq_nocase(text, S("NIL"));
    return lex_push(lx, nil ? IMAP_NIL : IMAP_ATOM, text, from, false);
}

static bool lex_items(struct lexer *lx, char close);

static bool lex_list(struct lexer *lx, enum imap_kind kind)
{
    size_t from = lx->at, base = lx->stack.n;
    if (lx->depth >= IMAP_NESTING_MAX)
        return lex_fail(lx, IMAP_LEX_DEEP, from);
    lx->depth++;
    lx->in_code += kind == IMAP_CODE;
    lx->at++;
    bool ok = lex_items(lx, kind == IMAP_CODE ? ']' : ')');
    lx->in_code -= kind == IMAP_CODE;
    lx->depth--;
    struct imap_value list = { .kind = kind, .text = { lx->in.p + from, 0 }, .offset = from };
    lex_collect(lx, base, &list);
    list.raw = slice_sub(lx->in, from, lx->at);
    *array_push(&lx->stack) = list;
    if (++lx->count > IMAP_VALUES_MAX)
        return lex_fail(lx, IMAP_LEX_COUNT, from);
    /* The stray or missing end of a list is told at the list that lacks it. */
    return ok;
}

static bool lex_value(struct lexer *lx)
{
    struct imap_literal literal;
    char c = lx->in.p[lx->at];
    if (c == '"')
        return lex_quoted(lx);
    if (c == '(')
        return lex_list(lx, IMAP_LIST);
    if (c == '[' && (lx->flags & IMAP_LEX_CODE))
        return lex_list(lx, IMAP_CODE);
    if (imap_literal_at(lx->in, lx->at, &literal))
        return lex_literal(lx, &literal);
    return lex_atom(lx);
}

/* Whether only the end of the unit's last line is left. */
static bool at_end(const struct lexer *lx)
{
    slice rest = slice_skip(lx->in, lx->at);
    return !rest.n || slice_eq(rest, S("\r\n")) || slice_eq(rest, S("\n"));
}

/* The values up to `close`, which is taken too; 0 stands for the end of the unit. */
static bool lex_items(struct lexer *lx, char close)
{
    size_t open_at = lx->at ? lx->at - 1 : 0;
    for (;;) {
        while (lx->at < lx->in.n && lx->in.p[lx->at] == ' ')
            lx->at++;
        if (at_end(lx))
            return !close || lex_fail(lx, IMAP_LEX_UNTERMINATED, open_at);
        char c = lx->in.p[lx->at];
        if (close && c == close) {
            lx->at++;
            return true;
        }
        bool bracket = c == ']' && (lx->in_code || (lx->flags & IMAP_LEX_CODE));
        if (c == ')' || bracket)
            return lex_fail(lx, IMAP_LEX_STRAY, lx->at);
        if (c == '\r' || c == '\n')
            return lex_fail(lx, IMAP_LEX_LINE, lx->at);
        if (!lex_value(lx))
            return false;
    }
}

bool imap_lex_part(slice unit, size_t from, size_t to, unsigned flags, struct arena *a,
                   struct imap_value *ret, struct imap_lex_error *ret_error)
{
    struct lexer lx = { .in = slice_sub(unit, 0, to), .at = from, .flags = flags, .a = a };
    struct imap_value top = { .kind = IMAP_LIST, .offset = from };
    top.raw = slice_sub(unit, from, to);
    top.text = slice_sub(top.raw, 0, 0);
    bool ok = lex_items(&lx, 0);
    lex_collect(&lx, 0, &top);
    array_release(&lx.stack);
    *ret = top;
    if (!ok && ret_error)
        *ret_error = lx.error;
    return ok;
}

bool imap_lex(slice unit, unsigned flags, struct arena *a, struct imap_value *ret,
              struct imap_lex_error *ret_error)
{
    return imap_lex_part(unit, 0, unit.n, flags, a, ret, ret_error);
}

const char *imap_lex_fault_text(enum imap_lex_fault fault)
{
    static const char *const texts[] = {
        [IMAP_LEX_OK] = "nothing is wrong",
        [IMAP_LEX_UNTERMINATED] = "a parenthesis, bracket or quote is not closed",
        [IMAP_LEX_STRAY] = "a parenthesis or bracket closes nothing",
        [IMAP_LEX_LITERAL] = "a literal is shorter than announced",
        [IMAP_LEX_LINE] = "a line ends in the middle",
        [IMAP_LEX_DEEP] = "lists are nested too deep",
        [IMAP_LEX_COUNT] = "there are too many values",
    };
    return texts[fault];
}

bool imap_is_atom(const struct imap_value *v, const char *text)
{
    return (v->kind == IMAP_ATOM || v->kind == IMAP_NIL) &&
           slice_eq_nocase(v->text, slice_of(text));
}

bool imap_to_number(const struct imap_value *v, uint64_t max, uint64_t *ret)
{
    return v->kind == IMAP_ATOM && slice_to_u64(v->text, max, ret);
}

const struct imap_value *imap_pair(const struct imap_value *list, const char *name)
{
    for (size_t i = 0; i + 1 < list->n_items; i += 2)
        if (imap_is_string(&list->items[i]) && slice_eq_nocase(list->items[i].text, slice_of(name)))
            return &list->items[i + 1];
    return NULL;
}

static bool is_text(const struct imap_value *v)
{
    return v->kind == IMAP_QUOTED || v->kind == IMAP_LITERAL || v->kind == IMAP_LITERAL8;
}

bool imap_value_eq(const struct imap_value *a, const struct imap_value *b)
{
    if (is_text(a) || is_text(b))
        return is_text(a) && is_text(b) && slice_eq(a->text, b->text);
    if (a->kind != b->kind || a->n_items != b->n_items)
        return false;
    if (a->kind == IMAP_ATOM && !slice_eq_nocase(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->n_items; i++)
        if (!imap_value_eq(&a->items[i], &b->items[i]))
            return false;
    return true;
}
