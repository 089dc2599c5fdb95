/* Shows every byte that passes to a callback: the transcript. */
#ifndef TAP_STREAM_H
#define TAP_STREAM_H

#include "stream.h"

enum tap_direction { TAP_SENT, TAP_RECEIVED };
/* `at` is now() when the bytes came, or when they were handed down to be sent (they are shown
   before the write, so that a reply never precedes its command). Empty data with TAP_RECEIVED is
   the peer's end; with TAP_SENT our half-close. Must not wait. */

/* Owns `under`. */
struct stream *tap_open(struct stream *under,
                        void (*fn)(void *arg, enum tap_direction, slice data, nsec at), void *arg);

#endif
