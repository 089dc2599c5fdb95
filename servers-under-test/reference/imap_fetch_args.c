#include "imap_fetch_args.h"

/* Recursion is bounded by IMAP_NESTING_MAX. */
static bool list_is_tight(const struct imap_value *list)
{
    size_t end = list->offset + 1;
    if (list->n_items) {
        const struct imap_value *last = &list->items[list->n_items - 1];
        if (list->items[0].offset != end)
            return false;
        end = last->offset + last->raw.n;
    }
    return end + 1 == list->offset + list->raw.n && args_are_spaced(list->items, list->n_items);
}

bool args_are_spaced(const struct imap_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i && v[i].offset != v[i - 1].offset + v[i - 1].raw.n + 1)
            return false;
        if (v[i].kind == IMAP_LIST && !list_is_tight(&v[i]))
            return false;
    }
    return true;
}

bool arg_astring(const struct imap_value *v, slice *ret)
{
    if (!imap_is_string(v) || v->kind == IMAP_LITERAL8)
        return false;
    *ret = v->text;
    return true;
}
