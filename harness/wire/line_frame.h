/* Framing of lines in a growing buffer. A line ends at LF; anything but CRLF is noted, never
   hidden: whether a bare LF, a bare CR or a NUL is a fault is for the reader of the line to say.
   No octet is looked at twice, however small the pieces are in which the data comes. */
#ifndef LINE_FRAME_H
#define LINE_FRAME_H

#include "slice.h"

/* What each framer of the wire layer says about the start of a buffer. */
enum frame {
    FRAME_MORE,  /* the unit is not complete: read more and call again */
    FRAME_READY, /* the unit is complete */
    FRAME_LIMIT, /* no end within the limit. The verdict is the caller's; the framer stays here */
};

#define NO_OFFSET SIZE_MAX

struct line {
    slice text;    /* without its CRLF or LF; points into the buffer */
    size_t octets; /* with it: what to take off the buffer */
    /* Offsets in the line of the first of each, NO_OFFSET when there is none. */
    size_t bare_lf; /* the LF that ends the line has no CR before it */
    size_t bare_cr; /* a CR that no LF follows */
    size_t nul;
};

struct line_frame {
    size_t limit;   /* octets of a line, its end included */
    size_t scanned; /* octets of the current line that were looked at */
    size_t bare_cr, nul;
};

void line_frame_init(struct line_frame *f, size_t limit);
/* `buffer` starts at the current line and has what it had at the last call, plus what came since.
   FRAME_READY: *ret is the line and the framer is ready for the next one; call again with the
   buffer from ret->octets on. A line of exactly `limit` octets is ready, not over the limit. */
enum frame line_frame_next(struct line_frame *f, slice buffer, struct line *ret);

#endif
