#include "match_golden.h"

const char *const golden_parts[GOLDEN_KINDS] = { "body", "bodystructure", "envelope" };

bool golden_variable(slice name, enum golden_kind *ret)
{
    size_t at = slice_find(name, S(".golden."));
    if (at == SIZE_MAX)
        return false;
    slice part = slice_skip(name, at + 8);
    for (int i = 0; i < GOLDEN_KINDS; i++)
        if (slice_eq_str(part, golden_parts[i])) {
            *ret = (enum golden_kind)i;
            return true;
        }
    return false;
}

/* One alternative being walked beside what came. */
struct walk {
    struct golden_difference difference;
    size_t depth;
    bool extended; /* BODYSTRUCTURE */
};

static bool differs(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    w->difference = (struct golden_difference) { got, want ? want->raw : S(""), w->depth };
    return false;
}

static bool same(struct walk *w)
{
    w->depth++;
    return true;
}

/* ---- values ---- */

static bool is_text(const struct imap_value *v)
{
    return v->kind == IMAP_QUOTED || v->kind == IMAP_LITERAL;
}

static bool string_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    bool good = is_text(want) ? is_text(got) && slice_eq(want->text, got->text)
                              : want->kind == got->kind && slice_eq_nocase(want->text, got->text);
    return good ? same(w) : differs(w, want, got);
}

static bool word_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    if (!is_text(want))
        return string_same(w, want, got);
    return is_text(got) && slice_eq_nocase(want->text, got->text) ? same(w) : differs(w, want, got);
}

/* Lists item by item with one comparison for all. */
static bool items_same(struct walk *w, const struct imap_value *want, const struct imap_value *got,
                       bool (*each)(struct walk *w, const struct imap_value *want,
                                    const struct imap_value *got))
{
    if (got->kind != IMAP_LIST)
        return differs(w, want, got);
    for (size_t i = 0; i < want->n_items && i < got->n_items; i++)
        if (!each(w, &want->items[i], &got->items[i]))
            return false;
    if (want->n_items == got->n_items)
        return same(w);
    return want->n_items < got->n_items ? differs(w, NULL, &got->items[want->n_items])
                                        : differs(w, &want->items[got->n_items], got);
}

static bool tree_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    return want->kind == IMAP_LIST ? items_same(w, want, got, tree_same)
                                   : string_same(w, want, got);
}

/* ---- parts of a body ---- */

static bool pair_same(const struct imap_value *want, const struct imap_value *got)
{
    bool charset = slice_eq_nocase(want[0].text, S("charset"));
    return is_text(&got[0]) && is_text(&got[1]) && slice_eq_nocase(want[0].text, got[0].text) &&
           (charset ? slice_eq_nocase(want[1].text, got[1].text)
                    : slice_eq(want[1].text, got[1].text));
}

/* body-fld-param = "(" string SP string *(SP string SP string) ")" / nil: a set of pairs. */
static bool params_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    if (want->kind != IMAP_LIST || got->kind != IMAP_LIST)
        return want->kind == got->kind ? same(w) : differs(w, want, got);
    for (size_t i = 0; i + 1 < want->n_items; i += 2) {
        size_t k = 0;
        while (k + 1 < got->n_items && !pair_same(&want->items[i], &got->items[k]))
            k += 2;
        if (k + 1 >= got->n_items)
            return differs(w, &want->items[i], got);
    }
    return want->n_items == got->n_items ? same(w) : differs(w, want, got);
}

/* body-fld-dsp = "(" string SP body-fld-param ")" / nil */
static bool disposition_same(struct walk *w, const struct imap_value *want,
                             const struct imap_value *got)
{
    if (want->kind != IMAP_LIST)
        return string_same(w, want, got);
    if (got->kind != IMAP_LIST || got->n_items != 2 || want->n_items != 2)
        return differs(w, want, got);
    return word_same(w, &want->items[0], &got->items[0]) &&
           params_same(w, &want->items[1], &got->items[1]);
}

/* body-fld-lang = nstring / "(" string *(SP string) ")" */
static bool language_same(struct walk *w, const struct imap_value *want,
                          const struct imap_value *got)
{
    bool one = want->kind == IMAP_LIST && want->n_items == 1;
    if (got->kind == IMAP_LIST && got->n_items == 1)
        got = &got->items[0];
    if (one)
        want = &want->items[0];
    return want->kind == IMAP_LIST ? items_same(w, want, got, word_same) : word_same(w, want, got);
}

/* ---- bodies ---- */

static bool body_same(struct walk *w, const struct imap_value *want, const struct imap_value *got);

enum { BASIC_FIELDS = 7, TEXT_FIELDS = 8, MESSAGE_FIELDS = 10, MOST_FIELDS = 10 };

static bool is_media(const struct imap_value *body, const char *type, const char *subtype)
{
    return body->n_items >= BASIC_FIELDS && slice_eq_nocase(body->items[0].text, slice_of(type)) &&
           (!subtype || slice_eq_nocase(body->items[1].text, slice_of(subtype)));
}

static size_t fields_of(const struct imap_value *body)
{
    if (is_media(body, "TEXT", NULL))
        return TEXT_FIELDS;
    bool message = is_media(body, "MESSAGE", "RFC822") || is_media(body, "MESSAGE", "GLOBAL");
    return message ? MESSAGE_FIELDS : BASIC_FIELDS;
}

/* body-ext-1part, body-ext-mpart: what the server sends of it, from value `at` on. */
static bool extension_same(struct walk *w, const struct imap_value *want,
                           const struct imap_value *got, size_t at,
                           bool (*const *fields)(struct walk *w, const struct imap_value *want,
                                                 const struct imap_value *got))
{
    enum { FIELDS = 4 };
    if (got->n_items > at && !w->extended)
        return differs(w, NULL, &got->items[at]);
    for (size_t i = 0; i < FIELDS && at + i < got->n_items; i++) {
        if (at + i >= want->n_items)
            return differs(w, NULL, &got->items[at + i]);
        if (!fields[i](w, &want->items[at + i], &got->items[at + i]))
            return false;
    }
    return got->n_items <= at + FIELDS ? same(w) : differs(w, NULL, &got->items[at + FIELDS]);
}

/* body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part] */
static bool part_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    static bool (*const fields[MOST_FIELDS])(struct walk * w, const struct imap_value *want,
                                             const struct imap_value *got) = {
        word_same, word_same,   params_same, string_same, string_same,
        word_same, string_same, tree_same,   body_same,   string_same,
    };
    static bool (*const extension[])(struct walk * w, const struct imap_value *want,
                                     const struct imap_value *got) = { string_same,
                                                                       disposition_same,
                                                                       language_same, string_same };
    size_t n = fields_of(want);
    for (size_t i = 0; i < n; i++) {
        if (i >= got->n_items)
            return differs(w, &want->items[i], got);
        if (!fields[i](w, &want->items[i], &got->items[i]))
            return false;
    }
    return extension_same(w, want, got, n, extension);
}

static size_t children_of(const struct imap_value *body)
{
    size_t n = 0;
    while (n < body->n_items && body->items[n].kind == IMAP_LIST)
        n++;
    return n;
}

/* body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
static bool multipart_same(struct walk *w, const struct imap_value *want,
                           const struct imap_value *got)
{
    static bool (*const extension[])(struct walk * w, const struct imap_value *want,
                                     const struct imap_value *got) = { params_same,
                                                                       disposition_same,
                                                                       language_same, string_same };
    size_t n = children_of(want);
    for (size_t i = 0; i < n; i++) {
        if (i >= got->n_items || got->items[i].kind != IMAP_LIST)
            return differs(w, &want->items[i], i < got->n_items ? &got->items[i] : got);
        if (!body_same(w, &want->items[i], &got->items[i]))
            return false;
    }
    if (n >= got->n_items)
        return differs(w, &want->items[n], got);
    return word_same(w, &want->items[n], &got->items[n]) &&
           extension_same(w, want, got, n + 1, extension);
}

/* body = "(" (body-type-1part / body-type-mpart) ")" */
static bool body_same(struct walk *w, const struct imap_value *want, const struct imap_value *got)
{
    if (want->kind != IMAP_LIST || got->kind != IMAP_LIST)
        return differs(w, want, got);
    return children_of(want) ? multipart_same(w, want, got) : part_same(w, want, got);
}

bool golden_matches(enum golden_kind kind, slice alternatives, const struct imap_value *got,
                    struct arena *arena, struct golden_difference *ret_difference)
{
    slice rest = alternatives, line;
    struct golden_difference best = { .got = got };
    bool any = false;
    while (slice_cut(&rest, '\n', &line)) {
        struct walk w = { .extended = kind == GOLDEN_BODYSTRUCTURE };
        struct imap_value want;
        if (!imap_lex(line, 0, arena, &want, NULL) || want.n_items != 1)
            continue;
        if (kind == GOLDEN_ENVELOPE ? tree_same(&w, &want.items[0], got)
                                    : body_same(&w, &want.items[0], got))
            return true;
        if (!any || w.difference.depth > best.depth)
            best = w.difference;
        any = true;
    }
    *ret_difference = best;
    return false;
}
