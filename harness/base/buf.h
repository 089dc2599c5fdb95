/* A growable byte buffer with a maximum. Invariants: p is never NULL after buf_init and p[n] is
   NUL; n <= max. What would pass the maximum is dropped whole and `overflow` is set, which the
   owner turns into a verdict. Content may hold NUL. */
#ifndef BUF_H
#define BUF_H

#include "slice.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
#define auto_buf __attribute__((cleanup(buf_release))) struct buf
/* For text that only we make: no maximum to speak of (1 GiB). */
#define BUF_OURS ((size_t)1 << 30)

/* Each returns false when the maximum would be passed (nothing is added then). */
bool buf_add(struct buf *b, slice s);
bool buf_addc(struct buf *b, char c);
bool buf_adds(struct buf *b, const char *text);
bool buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for n more bytes at the end, to be filled and then claimed with buf_claim. NULL when that
   passes the maximum. */
char *buf_room(struct buf *b, size_t n);
void buf_claim(struct buf *b, size_t n);

/* Drops the first n bytes. */
void buf_shift(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t n);
void buf_clear(struct buf *b);

/* The content; valid until the buffer changes. */
static inline slice buf_slice(const struct buf *b)
{
    return (slice) { b->p, b->n };
}
/* Passes the bytes (malloc'ed, NUL-terminated) to the caller; the buffer is empty afterwards. */
char *buf_take(struct buf *b);

#endif
