#include "match.h"
#include "imap_date.h"
#include "imap_response.h"
#include "imap_set.h"
#include "match_golden.h"

/* How the values of a list are held against the pattern's. */
enum style {
    STYLE_ORDERED, /* one by one; extra ones need "..." */
    STYLE_WORDS,   /* one by one; extra ones are ignored */
    STYLE_PAIRS,   /* name and value, in any order, extra ones ignored */
    STYLE_SET,     /* in any order, extra ones ignored */
    STYLE_FLAGS,   /* in any order and no others, but \Recent */
    STYLE_NUMBERS, /* all of them together are one set of numbers */
};

/* Where which style holds. `parent` is the name of the response, code or data item. */
static const struct {
    const char *parent;
    enum style list; /* of a list below the parent */
    enum style rest; /* of the values behind the name itself */
} styles[] = {
    { "FETCH", STYLE_PAIRS, STYLE_ORDERED },    { "UIDFETCH", STYLE_PAIRS, STYLE_ORDERED },
    { "STATUS", STYLE_PAIRS, STYLE_ORDERED },   { "FLAGS", STYLE_SET, STYLE_ORDERED },
    { "LIST", STYLE_SET, STYLE_ORDERED },       { "LSUB", STYLE_SET, STYLE_ORDERED },
    { "CAPABILITY", STYLE_SET, STYLE_SET },     { "ENABLED", STYLE_SET, STYLE_SET },
    { "SEARCH", STYLE_PAIRS, STYLE_NUMBERS },   { "SORT", STYLE_PAIRS, STYLE_ORDERED },
    { "ESEARCH", STYLE_ORDERED, STYLE_PAIRS },  { "PERMANENTFLAGS", STYLE_SET, STYLE_ORDERED },
    { "BADCHARSET", STYLE_SET, STYLE_ORDERED }, { "ID", STYLE_PAIRS, STYLE_ORDERED },
};

static size_t style_row(slice parent)
{
    for (size_t i = 0; i < COUNT(styles); i++)
        if (slice_eq_nocase(parent, slice_of(styles[i].parent)))
            return i;
    return SIZE_MAX;
}

static enum style list_style(slice parent)
{
    size_t row = style_row(parent);
    return row == SIZE_MAX ? STYLE_ORDERED : styles[row].list;
}

static enum style rest_style(slice parent)
{
    size_t row = style_row(parent);
    return row == SIZE_MAX ? STYLE_ORDERED : styles[row].rest;
}

/* Remembers the place of the first difference of the attempt that got furthest. */
static bool differs(struct match *m, size_t depth, const struct imap_value *v, slice wanted,
                    size_t end)
{
    if (depth >= m->depth) {
        m->depth = depth;
        m->offset = v ? v->offset : end;
        m->length = v ? v->raw.n : 0;
        m->wanted = wanted;
    }
    return false;
}

static bool match_value(struct match *m, const struct pattern *p, const struct imap_value *v,
                        slice parent, size_t *depth);

static bool sets_equal(slice a, slice b)
{
    auto_arena arena = { 0 };
    struct imap_set x, y;
    if (!imap_set_parse(a, &arena, &x) || !imap_set_parse(b, &arena, &y) || imap_set_has_star(&x) ||
        imap_set_has_star(&y))
        return false;
    imap_set_normalise(&x, 0, &arena, &x);
    imap_set_normalise(&y, 0, &arena, &y);
    return imap_set_equal(&x, &y);
}

static slice captured_text(const struct imap_value *v)
{
    return imap_is_string(v) ? v->text : v->raw;
}

/* A data item with its section: the names of fields in it may be quoted or not (header-list). */
static bool sections_equal(slice a, slice b)
{
    size_t i = 0, k = 0;
    if (slice_find_char(a, '[') == SIZE_MAX)
        return false;
    for (;; i++, k++) {
        i += i < a.n && a.p[i] == '"';
        k += k < b.n && b.p[k] == '"';
        if (i >= a.n || k >= b.n)
            return i >= a.n && k >= b.n;
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[k]))
            return false;
    }
}

/* The same moment, whatever the zone in which it is written. */
static bool moments_equal(slice a, slice b)
{
    struct imap_datetime x, y;
    return imap_datetime_parse(a, &x) && imap_datetime_parse(b, &y) &&
           imap_datetime_unix(&x) == imap_datetime_unix(&y);
}

static bool text_equal(const struct imap_value *v, slice want, bool quoted, slice parent)
{
    if (!imap_is_string(v))
        return slice_eq(v->raw, want);
    if (slice_eq_nocase(parent, S("INTERNALDATE")) && moments_equal(v->text, want))
        return true;
    if (v->kind == IMAP_ATOM && !quoted)
        return slice_eq_nocase(v->text, want) || sets_equal(v->text, want) ||
               sections_equal(v->text, want);
    if (v->kind == IMAP_NIL)
        return !quoted && slice_eq_nocase(v->text, want);
    return slice_eq(v->text, want);
}

/* "$3" as a message number. */
static bool is_message_number(slice name, uint64_t *ret)
{
    return slice_to_u64(name, UINT32_MAX, ret);
}

static void capture(struct match *m, slice name, slice value)
{
    autofree char *size_name = xprintf("%.*s.size", SLICE_ARG(name));
    autofree char *size = xprintf("%zu", value.n);
    vars_set(m->vars, name, value);
    vars_set_text(m->vars, size_name, size);
}

static bool match_golden(struct match *m, enum golden_kind kind, slice alternatives,
                         const struct imap_value *v, size_t depth)
{
    struct golden_difference d;
    auto_arena arena = { 0 };
    return golden_matches(kind, alternatives, v, &arena, &d) ||
           differs(m, depth + 1 + d.depth, d.got, d.wanted, 0);
}

static bool match_text(struct match *m, const struct pattern *p, const struct imap_value *v,
                       slice parent, size_t depth)
{
    slice name, value;
    uint64_t k, number;
    enum golden_kind kind;
    if (p->kind == PATTERN_WORD && slice_eq_nocase(p->text, S("NIL")))
        return v->kind == IMAP_NIL || imap_is_atom(v, "NIL");
    if (var_is_only(p->text, &name)) {
        if (m->number_now && is_message_number(name, &k))
            return imap_to_number(v, UINT32_MAX, &number) && number == m->number_now(m->ctx, k);
        if (!vars_get(m->vars, name, &value)) {
            if (golden_variable(name, &kind))
                return m->missing = name, false;
            capture(m, name, captured_text(v));
            return true;
        }
        if (golden_variable(name, &kind))
            return match_golden(m, kind, value, v, depth);
        return text_equal(v, value, v->kind == IMAP_QUOTED, parent);
    }
    auto_buf want;
    buf_init(&want, BUF_OURS);
    if (!vars_expand(m->vars, p->text, &want, &m->missing))
        return false;
    return text_equal(v, buf_slice(&want), p->kind == PATTERN_STRING, parent);
}

static bool has_rest(const struct pattern *p, size_t from)
{
    for (size_t i = from; i < p->n; i++)
        if (p->items[i].kind == PATTERN_REST)
            return true;
    return false;
}

static bool match_ordered(struct match *m, const struct pattern *p, size_t from,
                          const struct imap_value *list, size_t at, slice parent, bool extra,
                          size_t *depth)
{
    size_t end = list->offset + list->raw.n;
    for (size_t i = from; i < p->n; i++, at++) {
        if (p->items[i].kind == PATTERN_REST)
            return true;
        if (at >= list->n_items)
            return differs(m, *depth, NULL, p->items[i].text, end);
        if (!match_value(m, &p->items[i], &list->items[at], parent, depth))
            return false;
    }
    if (at < list->n_items && !extra)
        return differs(m, *depth, &list->items[at], (slice) { NULL, 0 }, end);
    return true;
}

/* Finds a value that matches pattern item i and was not used before. */
static bool match_somewhere(struct match *m, const struct pattern *p, const struct imap_value *list,
                            size_t at, bool *used, size_t step, slice parent, size_t *depth)
{
    for (; at + step <= list->n_items; at += 1) {
        size_t mark = vars_mark(m->vars), inner = *depth;
        if (used[at] || (step == 2 && used[at + 1]))
            continue;
        bool good = match_value(m, p, &list->items[at], parent, &inner);
        if (good && step == 2)
            good = match_value(m, p + 1, &list->items[at + 1], list->items[at].text, &inner);
        if (good) {
            used[at] = true;
            used[at + step - 1] = true;
            *depth = inner;
            return true;
        }
        vars_rewind(m->vars, mark);
    }
    return differs(m, *depth, NULL, p->text, list->offset + list->raw.n);
}

static bool flag_may_stay(const struct imap_value *v)
{
    return imap_is_atom(v, "\\Recent");
}

/* A word that a value follows. The UID of ESEARCH stands alone (RFC 4731 3.1). */
static bool is_pair_name(const struct pattern *p, slice parent)
{
    bool alone = slice_eq_nocase(parent, S("ESEARCH")) && slice_eq_nocase(p->text, S("UID"));
    return p->kind == PATTERN_WORD && !alone;
}

static bool match_unordered(struct match *m, const struct pattern *p, size_t from,
                            const struct imap_value *list, size_t at, enum style style,
                            slice parent, size_t *depth)
{
    bool *used = xcalloc(list->n_items + 1, sizeof *used);
    bool good = true;
    size_t i = from;
    while (i < p->n && good) {
        bool pair = style == STYLE_PAIRS && is_pair_name(&p->items[i], parent) && i + 1 < p->n &&
                    p->items[i + 1].kind != PATTERN_REST;
        if (p->items[i].kind != PATTERN_REST)
            good = match_somewhere(m, &p->items[i], list, at, used, pair ? 2 : 1, parent, depth);
        i += pair ? 2 : 1;
    }
    for (size_t v = at; good && style == STYLE_FLAGS && !has_rest(p, from) && v < list->n_items;
         v++)
        if (!used[v] && !flag_may_stay(&list->items[v]))
            good = differs(m, *depth, &list->items[v], (slice) { NULL, 0 }, 0);
    free(used);
    return good;
}

/* The numbers from `at` on, as one set; false when something else stands among them. */
static bool gather_numbers(const struct imap_value *list, size_t at, struct buf *out)
{
    uint64_t number;
    for (; at < list->n_items; at++) {
        if (list->items[at].kind == IMAP_LIST)
            continue;
        if (!imap_to_number(&list->items[at], UINT32_MAX, &number))
            return false;
        buf_addf(out, "%s%llu", out->n ? "," : "", (unsigned long long)number);
    }
    return true;
}

static bool match_numbers(struct match *m, const struct pattern *p, size_t from,
                          const struct imap_value *list, size_t at, size_t *depth)
{
    auto_buf got, want;
    buf_init(&got, BUF_OURS);
    buf_init(&want, BUF_OURS);
    size_t end = list->offset + list->raw.n;
    for (size_t i = from; i < p->n; i++) {
        if (p->items[i].kind != PATTERN_WORD)
            return match_ordered(m, p, from, list, at, S("SEARCH"), false, depth);
        if (want.n)
            buf_addc(&want, ',');
        size_t mark = want.n;
        if (!vars_expand(m->vars, p->items[i].text, &want, &m->missing)) {
            /* A capture: one number for each name. */
            m->missing = (slice) { NULL, 0 };
            buf_truncate(&want, mark);
            return match_ordered(m, p, from, list, at, S("SEARCH"), false, depth);
        }
    }
    const struct imap_value *first = at < list->n_items ? &list->items[at] : NULL;
    if (!gather_numbers(list, at, &got))
        return differs(m, *depth, first, buf_slice(&want), end);
    if ((!got.n && !want.n) || sets_equal(buf_slice(&got), buf_slice(&want)))
        return true;
    return differs(m, *depth, first, from < p->n ? p->items[from].text : (slice) { NULL, 0 }, end);
}

static bool match_list(struct match *m, const struct pattern *p, size_t from,
                       const struct imap_value *list, size_t at, enum style style, slice parent,
                       size_t *depth)
{
    if (style == STYLE_NUMBERS)
        return match_numbers(m, p, from, list, at, depth);
    if (style == STYLE_ORDERED || style == STYLE_WORDS)
        return match_ordered(m, p, from, list, at, parent, style == STYLE_WORDS, depth);
    return match_unordered(m, p, from, list, at, style, parent, depth);
}

static bool match_value(struct match *m, const struct pattern *p, const struct imap_value *v,
                        slice parent, size_t *depth)
{
    bool good;
    char why[200];
    switch (p->kind) {
    case PATTERN_ANY:
    case PATTERN_REST:
        good = true;
        break;
    case PATTERN_REGEX:
        good = match_regex(p->text, captured_text(v), m->vars, why) == 1;
        break;
    case PATTERN_LIST:
        good = v->kind == IMAP_LIST;
        if (good) {
            /* FLAGS inside FETCH is exact, the untagged FLAGS response is not; only the first
               has a pair name as its parent and comes here with depth already counted. */
            enum style style = slice_eq_nocase(parent, S("FLAGS")) && *depth >= 3
                                   ? STYLE_FLAGS
                                   : list_style(parent);
            ++*depth;
            return match_list(m, p, 0, v, 0, style, parent, depth);
        }
        break;
    case PATTERN_CODE:
        good = v->kind == IMAP_CODE && v->n_items && p->n;
        if (good) {
            slice name = v->items[0].text;
            ++*depth;
            if (!match_value(m, &p->items[0], &v->items[0], parent, depth))
                return false;
            return match_list(m, p, 1, v, 1, rest_style(name), name, depth);
        }
        break;
    default:
        good = match_text(m, p, v, parent, *depth);
        break;
    }
    if (!good)
        return differs(m, *depth, v, p->text, 0);
    ++*depth;
    return true;
}

/* The index of the response's name among the values: behind a number when there is one. */
static size_t name_index(const struct imap_value *values)
{
    uint64_t number;
    return values->n_items > 1 && imap_to_number(&values->items[0], UINT32_MAX, &number) ? 1 : 0;
}

static bool match_status(struct match *m, const struct pattern *p, const struct imap_value *v,
                         size_t *depth)
{
    if (!p->n || !match_value(m, &p->items[0], &v->items[0], S(""), depth))
        return false;
    if (p->n == 1)
        return true;
    if (v->n_items < 2)
        return differs(m, *depth, NULL, p->items[1].text, v->offset + v->raw.n);
    return match_value(m, &p->items[1], &v->items[1], S(""), depth);
}

/* A regular expression alone is held against the whole line, spaces and all. */
static bool match_line(struct match *m, const struct pattern *p, const struct subject *subject)
{
    char why[200];
    return match_regex(p->text, subject->text, m->vars, why) == 1 ||
           differs(m, 0, NULL, p->text, 0);
}

bool match_subject(struct match *m, const struct pattern *pattern, const struct subject *subject)
{
    const struct imap_value *v = &subject->values;
    size_t mark = vars_mark(m->vars), depth = 0, name = name_index(v);
    bool good;
    m->depth = 0;
    m->missing = (slice) { NULL, 0 };
    if (subject->line && pattern->n == 1 && pattern->items[0].kind == PATTERN_REGEX) {
        good = match_line(m, &pattern->items[0], subject);
    } else if (!v->n_items) {
        good = !pattern->n;
    } else if (subject->words) {
        good = match_list(m, pattern, 0, v, 0, STYLE_WORDS, S(""), &depth);
    } else if (subject->imap_status) {
        good = match_status(m, pattern, v, &depth);
    } else if (pattern->n <= name) {
        good = differs(m, 0, &v->items[0],
                       pattern->n ? pattern->items[0].text : (slice) { NULL, 0 }, 0);
    } else {
        slice parent = v->items[name].text;
        good = true;
        for (size_t i = 0; i <= name && good; i++)
            good = match_value(m, &pattern->items[i], &v->items[i], S(""), &depth);
        if (good)
            good =
                match_list(m, pattern, name + 1, v, name + 1, rest_style(parent), parent, &depth);
    }
    if (!good)
        vars_rewind(m->vars, mark);
    return good;
}
