/* A network that is slow, splits oddly or breaks: reshapes what passes, to find code that relies on
   how bytes are cut into segments. */
#ifndef SHAPE_STREAM_H
#define SHAPE_STREAM_H

#include "stream.h"

/* For one direction. All zero changes nothing. Counts are of bytes since the stream was opened.
   Between two pieces other tasks get a turn, so that a peer in this process sees them apart; a peer
   behind a socket may see them joined unless there is a delay. */
struct shape {
    size_t every;     /* at most this many bytes in one piece; 1: one byte at a time */
    size_t split_at;  /* one cut after exactly this many bytes, 0: none */
    nsec delay;       /* before each piece */
    size_t cut_after; /* the connection breaks after this many bytes; 0: never */
    bool cut_reset;   /* break with RST rather than with FIN */
};

/* Owns `under`. NULL for a direction changes nothing. After a cut both directions fail with
   IO_ERROR and CAUSE_CUT (a read under way when the peer ends), and the peer sees the end (or RST). */
struct stream *shape_open(struct stream *under, const struct shape *writes,
                          const struct shape *reads);

#endif
