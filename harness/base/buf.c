#include "buf.h"
#include "alloc.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf) { .p = xcalloc(1, 1), .cap = 1, .max = max };
}

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf) { 0 };
}

char *buf_room(struct buf *b, size_t n)
{
    assert(b->p);
    if (n > b->max - b->n) {
        b->overflow = true;
        return NULL;
    }
    if (b->n + n + 1 > b->cap) {
        size_t cap = b->cap * 2;
        if (cap < b->n + n + 1)
            cap = b->n + n + 1;
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_claim(struct buf *b, size_t n)
{
    assert(b->n + n < b->cap);
    b->n += n;
    b->p[b->n] = '\0';
}

bool buf_add(struct buf *b, slice s)
{
    char *room = buf_room(b, s.n);
    if (!room)
        return false;
    if (s.n)
        memcpy(room, s.p, s.n);
    buf_claim(b, s.n);
    return true;
}

bool buf_addc(struct buf *b, char c)
{
    return buf_add(b, (slice) { &c, 1 });
}

bool buf_adds(struct buf *b, const char *text)
{
    return buf_add(b, slice_of(text));
}

bool buf_addf(struct buf *b, const char *format, ...)
{
    autofree char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    assert(n >= 0);
    return buf_add(b, (slice) { text, (size_t)n });
}

void buf_shift(struct buf *b, size_t n)
{
    assert(n <= b->n);
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

void buf_truncate(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->n = n;
    b->p[n] = '\0';
}

void buf_clear(struct buf *b)
{
    buf_truncate(b, 0);
    b->overflow = false;
}

char *buf_take(struct buf *b)
{
    char *p = b->p;
    size_t max = b->max;
    buf_init(b, max);
    return p;
}
