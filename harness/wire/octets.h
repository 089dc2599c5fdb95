/* What binary protocols are made of (TLS, RFC 8446 section 3; DNS, RFC 1035 section 3): numbers in
   network order, and vectors with a length in front. Reading is bounded by the slice; writing by the
   buffer's maximum. */
#ifndef OCTETS_H
#define OCTETS_H

#include "buf.h"

/* Takes a number of 1 to 4 octets off *rest. False, nothing taken, when there are not so many. */
bool octets_take_number(slice *rest, size_t octets, uint32_t *ret);
static inline bool octets_take_u8(slice *rest, uint32_t *ret)
{
    return octets_take_number(rest, 1, ret);
}
static inline bool octets_take_u16(slice *rest, uint32_t *ret)
{
    return octets_take_number(rest, 2, ret);
}
/* Takes n octets off *rest. */
bool octets_take(slice *rest, size_t n, slice *ret);
/* Takes a vector with a length of `octets` octets in front, the length included. */
bool octets_take_vector(slice *rest, size_t octets, slice *ret);

/* Appends a number of 1 to 4 octets. What the buffer cannot hold sets its `overflow`. */
void octets_put_number(struct buf *b, size_t octets, uint32_t value);
static inline void octets_put_u8(struct buf *b, uint32_t value)
{
    octets_put_number(b, 1, value);
}
static inline void octets_put_u16(struct buf *b, uint32_t value)
{
    octets_put_number(b, 2, value);
}
/* Begins a vector with a length of `octets` octets: returns where, for octets_put_end(). */
size_t octets_put_begin(struct buf *b, size_t octets);
/* Ends the vector: writes its length. */
void octets_put_end(struct buf *b, size_t octets, size_t begun);
/* A whole vector. */
void octets_put_vector(struct buf *b, size_t octets, slice content);

#endif
