/* Modified UTF-7, the encoding of international mailbox names in IMAP4rev1 (RFC 3501 5.1.3). */
#ifndef UTF7_H
#define UTF7_H

#include "buf.h"

/* Decodes into UTF-8. False, nothing added, when `name` breaks a rule of 5.1.3: an octet outside of
   printable US-ASCII, an unfinished or superfluous shift, BASE64 of printable US-ASCII, bits left
   over, a lone surrogate. Also false when `out` is full. */
bool utf7_decode(slice name, struct buf *out);
/* Encodes UTF-8. False, nothing added, when `utf8` is not valid UTF-8 or `out` is full. Controls
   such as TAB are encoded too. */
bool utf7_encode(slice utf8, struct buf *out);
/* Whether utf7_decode would take it. */
bool utf7_is_valid(slice name);

#endif
