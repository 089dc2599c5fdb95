/* COMPRESS=DEFLATE (RFC 4978): raw deflate both ways, each write ends in a sync flush. */
#ifndef DEFLATE_STREAM_H
#define DEFLATE_STREAM_H

#include "stream.h"

/* One byte of deflate gives at most 1032 of data, so a ratio is no limit by itself: what is limited
   is the output without any pause, i.e. from one read of the lower stream. */
enum { DEFLATE_BURST_MAX = 16 << 20 };

/* Over `under`, which the new stream owns. `leftover` are compressed bytes that the caller has read
   already (copied). level -1..9 as zlib's. Reads fail with IO_LIMIT beyond `burst_max` bytes out of
   one read below (0 means DEFLATE_BURST_MAX), with IO_ERROR and CAUSE_DEFLATE on bad data. */
struct stream *deflate_open(struct stream *under, slice leftover, int level, size_t burst_max);

#endif
