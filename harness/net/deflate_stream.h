/* COMPRESS=DEFLATE (RFC 4978): raw deflate both ways, each write ends in a sync flush. */
#ifndef DEFLATE_STREAM_H
#define DEFLATE_STREAM_H

#include "stream.h"

/* Deflate packs at most 1032 to 1. Mail stays far below that for long, so what is inflated may
   exceed DEFLATE_RATIO times what came in by no more than an allowance. */
enum { DEFLATE_RATIO = 200, DEFLATE_ALLOWANCE = 16 << 20 };

/* Over `under`, which the new stream owns. `leftover` are compressed bytes that the caller has read
   already (copied). level -1..9 as zlib's. `allowance` 0 means DEFLATE_ALLOWANCE.
   Reads fail with IO_LIMIT when it is used up, with IO_ERROR and CAUSE_DEFLATE on bad data. The end
   of the deflate stream inside the connection counts as the end. */
struct stream *deflate_open(struct stream *under, slice leftover, int level, size_t allowance);

#endif
