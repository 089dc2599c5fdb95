/* Memory that cannot fail: out of memory ends the process with one sentence (exit status 6). */
#ifndef ALLOC_H
#define ALLOC_H

#include "slice.h"
#include <stddef.h>

void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size);
/* Owned NUL-terminated copies; free() them. */
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xslicedup(slice s) __attribute__((malloc, returns_nonnull));
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2), malloc));

#define NEW(type) ((type *)xcalloc(1, sizeof(type)))

/* autofree char *x = ...; is freed at the end of its scope unless take()n. */
void autofree_release(void *p);
#define autofree __attribute__((cleanup(autofree_release)))
#define auto_with(release) __attribute__((cleanup(release)))
#define take(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

#endif
