/* Memory of one lifetime: many small pieces, released together. Pieces are zeroed, aligned for
   any type, and never move. */
#ifndef ARENA_H
#define ARENA_H

#include "slice.h"

struct arena {
    struct arena_chunk *chunks;
    size_t used; /* bytes handed out in all, for limits */
};

/* An all-zero struct arena is a valid empty one. */
void arena_release(struct arena *a);
#define auto_arena __attribute__((cleanup(arena_release))) struct arena

void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_n(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

/* Copies. The slice's copy is followed by a NUL that its length does not count. */
slice arena_dup(struct arena *a, slice s);
char *arena_str(struct arena *a, slice s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
