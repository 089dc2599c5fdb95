#include "imap_set.h"
#include "array.h"
#include <stdlib.h>

/* seq-number = nz-number / "*"    Takes it off *rest. */
static bool take_number(slice *rest, uint32_t *ret)
{
    size_t n = 0;
    uint64_t value = 0;
    if (rest->n && rest->p[0] == '*') {
        *ret = IMAP_STAR;
        *rest = slice_skip(*rest, 1);
        return true;
    }
    while (n < rest->n && ascii_is_digit(rest->p[n]))
        n++;
    if (!n || rest->p[0] == '0' || !slice_to_u64(slice_sub(*rest, 0, n), UINT32_MAX, &value))
        return false;
    *ret = (uint32_t)value;
    *rest = slice_skip(*rest, n);
    return true;
}

/* seq-number / seq-range, where seq-range = seq-number ":" seq-number */
static bool take_range(slice *rest, struct imap_range *ret)
{
    if (!take_number(rest, &ret->first))
        return false;
    ret->last = ret->first;
    if (!rest->n || rest->p[0] != ':')
        return true;
    *rest = slice_skip(*rest, 1);
    return take_number(rest, &ret->last);
}

/* sequence-set = (seq-number / seq-range) ["," sequence-set] */
bool imap_set_parse(slice text, struct arena *a, struct imap_set *ret)
{
    size_t commas = 0, n = 0;
    for (size_t i = 0; i < text.n; i++)
        commas += text.p[i] == ',';
    if (!text.n || commas >= IMAP_SET_RANGES_MAX)
        return false;
    struct imap_range *ranges = arena_new_n(a, struct imap_range, commas + 1);
    for (;;) {
        if (!take_range(&text, &ranges[n++]))
            return false;
        if (!text.n)
            break;
        if (text.p[0] != ',')
            return false;
        text = slice_skip(text, 1);
    }
    *ret = (struct imap_set) { ranges, n };
    return true;
}

bool imap_set_has_star(const struct imap_set *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->ranges[i].first == IMAP_STAR || s->ranges[i].last == IMAP_STAR)
            return true;
    return false;
}

static int by_first(const void *x, const void *y)
{
    const struct imap_range *a = x, *b = y;
    return (a->first > b->first) - (a->first < b->first);
}

/* Sorts n ranges, each with first <= last, and joins those that touch. Returns how many are left. */
static size_t merge(struct imap_range *r, size_t n)
{
    size_t out = 0;
    qsort(r, n, sizeof *r, by_first);
    for (size_t i = 0; i < n; i++) {
        struct imap_range *last = out ? &r[out - 1] : NULL;
        if (last && (last->last == UINT32_MAX || r[i].first <= last->last + 1))
            last->last = r[i].last > last->last ? r[i].last : last->last;
        else
            r[out++] = r[i];
    }
    return out;
}

void imap_set_normalise(const struct imap_set *s, uint32_t max, struct arena *a,
                        struct imap_set *ret)
{
    struct imap_range *ranges = arena_new_n(a, struct imap_range, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t x = s->ranges[i].first, y = s->ranges[i].last;
        x = x == IMAP_STAR ? max : x;
        y = y == IMAP_STAR ? max : y;
        if (x && y)
            ranges[n++] = x < y ? (struct imap_range) { x, y } : (struct imap_range) { y, x };
    }
    *ret = (struct imap_set) { ranges, n ? merge(ranges, n) : 0 };
}

void imap_set_of(const uint32_t *numbers, size_t count, struct arena *a, struct imap_set *ret)
{
    struct imap_range *ranges = arena_new_n(a, struct imap_range, count + 1);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!numbers[i])
            continue;
        /* A rising run costs one range at once, so that sorted input stays small. */
        if (n && ranges[n - 1].last + 1 == numbers[i])
            ranges[n - 1].last = numbers[i];
        else
            ranges[n++] = (struct imap_range) { numbers[i], numbers[i] };
    }
    *ret = (struct imap_set) { ranges, n ? merge(ranges, n) : 0 };
}

bool imap_set_equal(const struct imap_set *x, const struct imap_set *y)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (x->ranges[i].first != y->ranges[i].first || x->ranges[i].last != y->ranges[i].last)
            return false;
    return true;
}

bool imap_set_contains(const struct imap_set *s, uint32_t number)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct imap_range *r = &s->ranges[middle];
        if (number >= r->first && number <= r->last)
            return true;
        if (number < r->first)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* Numbers in one range, written in either direction. */
static uint64_t range_count(const struct imap_range *r)
{
    return r->first < r->last ? (uint64_t)r->last - r->first + 1 : (uint64_t)r->first - r->last + 1;
}

uint64_t imap_set_count(const struct imap_set *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += range_count(&s->ranges[i]);
    return n;
}

static bool add_number(struct buf *out, uint32_t number)
{
    return number == IMAP_STAR ? buf_addc(out, '*') : buf_addf(out, "%u", number);
}

bool imap_set_format(const struct imap_set *s, struct buf *out)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct imap_range *r = &s->ranges[i];
        if (i && !buf_addc(out, ','))
            return false;
        if (!add_number(out, r->first))
            return false;
        if (r->last != r->first && !(buf_addc(out, ':') && add_number(out, r->last)))
            return false;
    }
    return true;
}

bool imap_set_next(const struct imap_set *s, struct imap_set_iter *it, uint32_t *ret)
{
    if (it->range >= s->n)
        return false;
    const struct imap_range *r = &s->ranges[it->range];
    *ret = (r->first < r->last ? r->first : r->last) + it->done;
    if (++it->done >= range_count(r)) {
        it->range++;
        it->done = 0;
    }
    return true;
}

bool imap_set_expand(const struct imap_set *s, struct arena *a, uint32_t **ret, size_t *ret_n)
{
    uint64_t count = imap_set_count(s);
    if (imap_set_has_star(s) || count > IMAP_SET_NUMBERS_MAX)
        return false;
    uint32_t *numbers = arena_new_n(a, uint32_t, (size_t)count + 1);
    struct imap_set_iter it = { 0 };
    size_t n = 0;
    while (imap_set_next(s, &it, &numbers[n]))
        n++;
    *ret = numbers;
    *ret_n = n;
    return true;
}
