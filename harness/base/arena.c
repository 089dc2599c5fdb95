#include "arena.h"
#include "alloc.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 4000, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    _Alignas(ALIGN) char data[];
};

void arena_release(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free(c);
    }
    a->used = 0;
}

static struct arena_chunk *chunk_new(struct arena *a, size_t size)
{
    if (size < CHUNK)
        size = CHUNK;
    struct arena_chunk *c = xcalloc(1, sizeof *c + size);
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_chunk *c = a->chunks;
    if (!c || c->size - c->used < size)
        c = chunk_new(a, size);
    void *p = c->data + c->used;
    c->used += size;
    a->used += size;
    return p;
}

slice arena_dup(struct arena *a, slice s)
{
    char *copy = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    return (slice) { copy, s.n };
}

char *arena_str(struct arena *a, slice s)
{
    return (char *)(uintptr_t)arena_dup(a, s).p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    autofree char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return arena_str(a, (slice) { text, n < 0 ? 0 : (size_t)n });
}
