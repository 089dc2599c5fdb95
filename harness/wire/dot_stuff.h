/* The transparency of SMTP DATA (RFC 5321 4.5.2) and of POP3 multi-line responses (RFC 1939 3).
   A line ends at CRLF and at nothing else: "LF . LF", "LF . CRLF", "CR . CR" and so on are data. */
#ifndef DOT_STUFF_H
#define DOT_STUFF_H

#include "buf.h"
#include "line_frame.h"

/* All zero is the start of a message: it is a line start. */
struct dot_encoder {
    enum { DOT_LINE_START, DOT_IN_LINE, DOT_AFTER_CR } state;
};
/* Appends the stuffed form of one piece of the message. False when *out is full. */
bool dot_encode(struct dot_encoder *e, slice piece, struct buf *out);
/* Appends the end of data: ".CRLF", after a CRLF if the message did not end in one. */
bool dot_encode_end(struct dot_encoder *e, struct buf *out);
/* Both at once. */
bool dot_encode_all(slice message, struct buf *out);

/* All zero is the start of the data: ".CRLF" there is the end at once. */
struct dot_decoder {
    enum { DOT_BOL, DOT_DOT, DOT_DOT_CR, DOT_TEXT, DOT_CR, DOT_END } state;
    uint64_t octets; /* of raw data taken, the end included */
    bool unstuffed;  /* a line started with a dot that another dot did not follow */
};
/* Takes raw data up to and including CRLF.CRLF. FRAME_READY: the end was in this piece, the first
   *ret_used octets of which belong to the data; FRAME_MORE: all of it does; FRAME_LIMIT: *out is
   full (it has what fitted, call no more). Un-stuffed data, with the CRLF before the final dot, is
   appended to *out; out may be NULL when only the end is wanted. */
enum frame dot_decode(struct dot_decoder *d, slice piece, struct buf *out, size_t *ret_used);

#endif
