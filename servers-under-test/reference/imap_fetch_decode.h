/* Content transfer encodings (RFC 2045 6) and the charsets that we turn into UTF-8, for BINARY,
   for parameters (RFC 2231) and for SEARCH. Lenient: mail is searched as it is, not as it should
   be. */
#ifndef IMAP_FETCH_DECODE_H
#define IMAP_FETCH_DECODE_H

#include "buf.h"

/* Appends the decoded body. Encodings: none (empty), 7bit, 8bit, binary, base64,
   quoted-printable, in any case. Octets outside the base64 alphabet are skipped (RFC 2045 6.8),
   "=" without two hex digits stays as it is. False, nothing appended, for another encoding. */
bool content_decode(slice encoding, slice body, struct buf *out);

/* The two decoders, also for the B and Q words of RFC 2047. */
void decode_base64(slice body, struct buf *out);
void decode_quoted_printable(slice body, struct buf *out);
/* Two hex digits at p, in any case; -1 when they are not. */
int decode_hex(const char *p);

/* Appends the text as UTF-8. Known are US-ASCII, UTF-8, ISO-8859-1 and windows-1252's common part
   with it, in any case of letters; the empty name is US-ASCII. False, nothing appended, for other
   charsets. Octets that the charset does not have are taken as they are. */
bool charset_to_utf8(slice charset, slice text, struct buf *out);
bool charset_is_known(slice charset);

#endif
