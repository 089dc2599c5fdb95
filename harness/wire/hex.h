/* Octets as pairs of hexadecimal digits. */
#ifndef HEX_H
#define HEX_H

#include "buf.h"

/* Lower case, no separators. False when *out is full. */
bool hex_encode(slice s, struct buf *out);
/* Digits in either case; blanks and line ends may stand between pairs, not inside one. False, with
   nothing appended, for anything else. */
bool hex_decode(slice s, struct buf *out);
/* 0 to 15, -1 when c is no hexadecimal digit. */
int hex_value(char c);

#endif
