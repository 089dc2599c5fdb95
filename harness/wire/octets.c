#include "octets.h"

bool octets_take_number(slice *rest, size_t octets, uint32_t *ret)
{
    uint32_t value = 0;
    if (rest->n < octets)
        return false;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | (unsigned char)rest->p[i];
    *rest = slice_skip(*rest, octets);
    *ret = value;
    return true;
}

bool octets_take(slice *rest, size_t n, slice *ret)
{
    if (rest->n < n)
        return false;
    *ret = slice_sub(*rest, 0, n);
    *rest = slice_skip(*rest, n);
    return true;
}

bool octets_take_vector(slice *rest, size_t octets, slice *ret)
{
    slice after = *rest;
    uint32_t n;
    if (!octets_take_number(&after, octets, &n) || !octets_take(&after, n, ret))
        return false;
    *rest = after;
    return true;
}

static void store(char *p, size_t octets, uint32_t value)
{
    for (size_t i = octets; i-- > 0; value >>= 8)
        p[i] = (char)(value & 0xff);
}

void octets_put_number(struct buf *b, size_t octets, uint32_t value)
{
    char bytes[4];
    store(bytes, octets, value);
    buf_add(b, slice_make(bytes, octets));
}

size_t octets_put_begin(struct buf *b, size_t octets)
{
    octets_put_number(b, octets, 0);
    return b->n;
}

void octets_put_end(struct buf *b, size_t octets, size_t begun)
{
    /* Nothing to mend in a buffer that could not take the length itself. */
    if (b->overflow || begun < octets || begun > b->n)
        return;
    store(b->p + begun - octets, octets, (uint32_t)(b->n - begun));
}

void octets_put_vector(struct buf *b, size_t octets, slice content)
{
    octets_put_number(b, octets, (uint32_t)content.n);
    buf_add(b, content);
}
