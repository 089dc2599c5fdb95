/* Text as SEARCH compares it: decoded, in UTF-8, case folded. */
#ifndef IMAP_SEARCH_TEXT_H
#define IMAP_SEARCH_TEXT_H

#include "buf.h"

enum {
    SEARCH_TEXT_MAX = 256 << 20, /* octets of one decoded text; what is behind is not searched */
};

/* Appends `text` with the encoded words of RFC 2047 decoded into UTF-8. White space between two
   encoded words goes (RFC 2047 6.2). A word that cannot be decoded, or whose charset we do not
   know, stays as it is. */
void search_words_decode(slice text, struct buf *out);

/* Unicode simple case folding, in place of every letter of: Basic Latin, Latin-1, Latin Extended-A,
   Latin Extended Additional, Greek, Cyrillic, Armenian, fullwidth Latin. One code point becomes one
   code point. Octets that are not UTF-8 stay as they are. */
void search_fold(slice utf8, struct buf *out);

#endif
