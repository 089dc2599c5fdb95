/* Growing arrays of values. `struct { T *v; size_t n, cap; }` all zero is an empty one:
       ARRAY(int) numbers = { 0 };
       *array_push(&numbers) = 7;
       array_release(&numbers);
   Elements move when the array grows: keep indexes, not pointers, across a push. */
#ifndef ARRAY_H
#define ARRAY_H

#include "alloc.h"
#include <stdlib.h>
#include <string.h>

#define ARRAY(type)                                                                                \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }

/* A pointer to a new zeroed last element. */
#define array_push(a)                                                                              \
    ({                                                                                             \
        if ((a)->n == (a)->cap)                                                                    \
            (a)->v = xrealloc((a)->v, ((a)->cap = (a)->cap ? 2 * (a)->cap : 8) * sizeof *(a)->v);  \
        memset(&(a)->v[(a)->n], 0, sizeof *(a)->v);                                                \
        &(a)->v[(a)->n++];                                                                         \
    })
#define array_remove(a, i) memmove(&(a)->v[i], &(a)->v[(i) + 1], (--(a)->n - (i)) * sizeof *(a)->v)
#define array_insert(a, i)                                                                         \
    ({                                                                                             \
        (void)array_push(a);                                                                       \
        memmove(&(a)->v[(i) + 1], &(a)->v[i], ((a)->n - 1 - (i)) * sizeof *(a)->v);                \
        memset(&(a)->v[i], 0, sizeof *(a)->v);                                                     \
        &(a)->v[i];                                                                                \
    })
#define array_release(a) (free((a)->v), (a)->v = NULL, (a)->n = (a)->cap = 0)
#define array_each(it, a)                                                                          \
    for (__typeof__(&*(a)->v) it = (a)->v; (size_t)(it - (a)->v) < (a)->n; it++)
/* Length of a fixed array. */
#define COUNT(fixed) (sizeof(fixed) / sizeof *(fixed))

#endif
