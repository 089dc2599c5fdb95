/* Base64 of RFC 4648 4: strict, no line ends, no other characters. */
#ifndef BASE64_H
#define BASE64_H

#include "buf.h"
#include "grammar_error.h"

/* False when *out is full. */
bool base64_encode(slice s, struct buf *out);
/* In lines of 76 characters, each with CRLF (RFC 2045 6.8). */
bool base64_encode_lines(slice s, struct buf *out);
/* False, with nothing appended and *err (may be NULL) saying where, unless all of s is canonical
   base64: whole groups of four, padding only at the end, unused bits zero (RFC 4648 3.5). Also
   false when *out is full: out->overflow tells. */
bool base64_decode(slice s, struct buf *out, struct grammar_error *err);

#endif
