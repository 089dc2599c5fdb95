/* Bytes from a peer as text that no terminal, browser or XML reader stumbles over: valid UTF-8 stays;
   CR, LF, TAB, other control characters, DEL and octets that are not UTF-8 become \r, \n, \t, \xNN;
   characters that steer a terminal or reorder text (C1, bidirectional marks, line separators,
   noncharacters) become \u{NNNN}. The result holds no control character at all, but for the line
   breaks that printable_add_lines() keeps, and adding it again changes nothing. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include "buf.h"

/* Length in bytes (1 to 4) and value of the UTF-8 character at the start of s; 0 when there is none. */
size_t utf8_decode(slice s, uint32_t *ret);
/* How many characters (code points) the text has; an octet that is not UTF-8 counts as one. */
size_t utf8_count(slice s);
/* The byte offset of character number `index`, or s.n when s has fewer. */
size_t utf8_offset(slice s, size_t index);
/* The longest start of s with at most `max` bytes that does not cut a character. */
slice utf8_cut(slice s, size_t max);

void printable_add(struct buf *out, slice bytes);
/* As above, and CRLF becomes a line break; one at the very end is dropped. */
void printable_add_lines(struct buf *out, slice bytes);
/* For text that is in the model already: line breaks (LF) stay. */
void printable_add_text(struct buf *out, slice text);

#endif
