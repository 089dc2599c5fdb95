#include "array.h"
#include "fault.h"
#include "imap_fetch.h"
#include "imap_fetch_args.h"

/* Data items without a section. */
static const struct {
    const char *name;
    enum fetch_kind kind;
    bool needs_body, sets_seen;
} plain_items[] = {
    { "ENVELOPE", FETCH_ENVELOPE, true, false },
    { "FLAGS", FETCH_FLAGS, false, false },
    { "INTERNALDATE", FETCH_INTERNALDATE, false, false },
    { "RFC822", FETCH_RFC822, true, true },
    { "RFC822.HEADER", FETCH_RFC822_HEADER, true, false },
    { "RFC822.SIZE", FETCH_RFC822_SIZE, false, false },
    { "RFC822.TEXT", FETCH_RFC822_TEXT, true, true },
    { "BODY", FETCH_BODY, true, false },
    { "BODYSTRUCTURE", FETCH_BODYSTRUCTURE, true, false },
    { "UID", FETCH_UID, false, false },
    { "MODSEQ", FETCH_MODSEQ, false, false },
    { "SAVEDATE", FETCH_SAVEDATE, false, false },
};

/* Data items with one. */
static const struct {
    const char *name;
    enum fetch_kind kind;
    bool peek;
} section_items[] = {
    { "BODY", FETCH_BODY_SECTION, false },      { "BODY.PEEK", FETCH_BODY_SECTION, true },
    { "BINARY", FETCH_BINARY, false },          { "BINARY.PEEK", FETCH_BINARY, true },
    { "BINARY.SIZE", FETCH_BINARY_SIZE, true },
};

static const struct {
    const char *name, *items;
} macros[] = {
    { "ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE" },
    { "FAST", "FLAGS INTERNALDATE RFC822.SIZE" },
    { "FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY" },
};

struct parser {
    struct arena *a;
    const struct faults *faults;
    struct fetch_items items;
    const char *why;
};

static bool fail(struct parser *p, const char *why)
{
    p->why = why;
    return false;
}

static bool same_section(const struct section *a, const struct section *b)
{
    if (a->text != b->text || a->depth != b->depth || a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->depth; i++)
        if (a->part[i] != b->part[i])
            return false;
    for (size_t i = 0; i < a->n_fields; i++)
        if (!slice_eq(a->fields[i], b->fields[i]))
            return false;
    return true;
}

static bool same_item(const struct fetch_item *a, const struct fetch_item *b)
{
    return a->kind == b->kind && a->partial == b->partial && a->origin == b->origin &&
           a->count == b->count && same_section(&a->section, &b->section);
}

static bool keep(struct parser *p, const struct fetch_item *item)
{
    struct fetch_items *items = &p->items;
    for (size_t i = 0; i < items->n; i++)
        if (same_item(&items->v[i], item))
            return true;
    if (items->n == FETCH_ITEMS_MAX)
        return fail(p, "Too many data items");
    items->v[items->n++] = *item;
    return true;
}

static bool parse_plain(struct parser *p, slice name)
{
    for (size_t i = 0; i < COUNT(plain_items); i++) {
        if (!slice_eq_nocase(name, slice_of(plain_items[i].name)))
            continue;
        struct fetch_item item = { .kind = plain_items[i].kind };
        p->items.needs_body |= plain_items[i].needs_body;
        p->items.sets_seen |=
            plain_items[i].sets_seen && !fault_on(p->faults, FAULT_IMAP_FETCH_BODY_KEEPS_UNSEEN);
        p->items.needs_body |= fault_on(p->faults, FAULT_IMAP_FETCH_SIZE_WRONG);
        p->items.modseq |= item.kind == FETCH_MODSEQ;
        return keep(p, &item);
    }
    return fault_on(p->faults, FAULT_IMAP_FETCH_UNKNOWN_ITEM) || fail(p, "Unknown data item");
}

/* partial = "<" number64 "." nz-number64 ">" */
static bool parse_partial(slice text, struct fetch_item *item)
{
    slice origin;
    if (text.n < 2 || text.p[0] != '<' || text.p[text.n - 1] != '>')
        return false;
    text = slice_sub(text, 1, text.n - 1);
    item->partial = true;
    return slice_cut(&text, '.', &origin) && slice_to_u64(origin, INT64_MAX, &item->origin) &&
           text.p && slice_to_u64(text, INT64_MAX, &item->count) && text.p[0] != '0';
}

static bool find_section_item(slice name, struct fetch_item *item)
{
    for (size_t i = 0; i < COUNT(section_items); i++)
        if (slice_eq_nocase(name, slice_of(section_items[i].name))) {
            item->kind = section_items[i].kind;
            item->peek = section_items[i].peek;
            return true;
        }
    return false;
}

static bool seen_by(const struct parser *p, const struct fetch_item *item)
{
    if (fault_on(p->faults, FAULT_IMAP_FETCH_BODY_KEEPS_UNSEEN))
        return false;
    return !item->peek || (item->kind == FETCH_BODY_SECTION &&
                           fault_on(p->faults, FAULT_IMAP_FETCH_PEEK_SETS_SEEN));
}

/* fetch-att = "BODY" section [partial] / "BODY.PEEK" section [partial] /
               "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary */
static bool parse_section_item(struct parser *p, slice text, size_t open)
{
    struct fetch_item item = { .kind = FETCH_KINDS };
    size_t close = text.n;
    while (close > open && text.p[close - 1] != ']')
        close--;
    if (close == open || !find_section_item(slice_sub(text, 0, open), &item))
        return fail(p, "Unknown data item");
    if (!section_parse(p->a, slice_sub(text, open + 1, close - 1), &item.section) ||
        (item.kind != FETCH_BODY_SECTION && item.section.text != SECTION_ALL))
        return fail(p, "Invalid section");
    if (close < text.n &&
        (item.kind == FETCH_BINARY_SIZE || !parse_partial(slice_skip(text, close), &item)))
        return fail(p, "Invalid partial specifier");
    p->items.needs_body = true;
    p->items.sets_seen |= seen_by(p, &item);
    return keep(p, &item);
}

static bool parse_item(struct parser *p, const struct imap_value *v)
{
    if (v->kind != IMAP_ATOM)
        return fail(p, "A data item is expected");
    size_t open = slice_find_char(v->text, '[');
    return open == SIZE_MAX ? parse_plain(p, v->text) : parse_section_item(p, v->text, open);
}

static bool parse_list(struct parser *p, const struct imap_value *list)
{
    if (!list->n_items)
        return fail(p, "The list of data items is empty");
    if (!args_are_spaced(list, 1))
        return fail(p, "One space is expected between data items");
    for (size_t i = 0; i < list->n_items; i++)
        if (!parse_item(p, &list->items[i]))
            return false;
    return true;
}

/* False when the atom is no macro; *ret_ok then is untouched. */
static bool parse_macro(struct parser *p, const struct imap_value *v, bool *ret_ok)
{
    slice rest, name;
    for (size_t i = 0; i < COUNT(macros); i++) {
        if (!imap_is_atom(v, macros[i].name))
            continue;
        *ret_ok =
            !fault_on(p->faults, FAULT_IMAP_FETCH_MACROS_REFUSED) || fail(p, "Unknown data item");
        for (rest = slice_of(macros[i].items); *ret_ok && slice_cut(&rest, ' ', &name);)
            *ret_ok = parse_plain(p, name);
        return true;
    }
    return false;
}

/* fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att /
           "(" fetch-att *(SP fetch-att) ")") */
bool fetch_parse(struct arena *a, const struct imap_value *att, const struct faults *faults,
                 struct fetch_items *ret, const char **ret_why)
{
    struct parser p = { .a = a, .faults = faults };
    bool ok;
    /* fetch_items_add() may need a few more. */
    p.items.v = arena_new_n(a, struct fetch_item, FETCH_ITEMS_MAX + FETCH_KINDS);
    if (att->kind == IMAP_LIST)
        ok = parse_list(&p, att);
    else if (!parse_macro(&p, att, &ok))
        ok = parse_item(&p, att);
    if (ok)
        *ret = p.items;
    else
        *ret_why = p.why;
    return ok;
}

void fetch_items_add(struct fetch_items *items, enum fetch_kind kind)
{
    for (size_t i = 0; i < items->n; i++)
        if (items->v[i].kind == kind)
            return;
    memmove(items->v + 1, items->v, items->n * sizeof *items->v);
    items->v[0] = (struct fetch_item) { .kind = kind };
    items->n++;
}
