/* The presentation language of TLS (RFC 8446 section 3): numbers in network order and vectors with
   a length in front. Reading is bounded by the slice; writing by the buffer's maximum. */
#ifndef TLS_BYTES_H
#define TLS_BYTES_H

#include "buf.h"

/* Takes a number of 1 to 4 octets off *rest. False, nothing taken, when there are not so many. */
bool tls_take_number(slice *rest, size_t octets, uint32_t *ret);
static inline bool tls_take_u8(slice *rest, uint32_t *ret)
{
    return tls_take_number(rest, 1, ret);
}
static inline bool tls_take_u16(slice *rest, uint32_t *ret)
{
    return tls_take_number(rest, 2, ret);
}
/* Takes n octets off *rest. */
bool tls_take(slice *rest, size_t n, slice *ret);
/* Takes a vector with a length of `octets` octets in front, the length included. */
bool tls_take_vector(slice *rest, size_t octets, slice *ret);

/* Appends a number of 1 to 4 octets. What the buffer cannot hold sets its `overflow`. */
void tls_put_number(struct buf *b, size_t octets, uint32_t value);
static inline void tls_put_u8(struct buf *b, uint32_t value)
{
    tls_put_number(b, 1, value);
}
static inline void tls_put_u16(struct buf *b, uint32_t value)
{
    tls_put_number(b, 2, value);
}
/* Begins a vector with a length of `octets` octets: returns where, for tls_put_end(). */
size_t tls_put_begin(struct buf *b, size_t octets);
/* Ends the vector: writes its length. */
void tls_put_end(struct buf *b, size_t octets, size_t begun);
/* A whole vector. */
void tls_put_vector(struct buf *b, size_t octets, slice content);

#endif
