/* The tokens that structured header fields share (RFC 5322 3.2): white space, comments, quoted
   strings. Each takes what it reads off *rest. Folded values are fine: CR and LF count as space. */
#ifndef HEADER_LEX_H
#define HEADER_LEX_H

#include "arena.h"
#include "slice.h"

/* Space, tab, CR, LF. */
bool lex_is_space(char c);
/* CFWS; comments may nest to any depth, and one without its end takes all that is left. Returns
   whether anything was skipped. *ret_comment, unless NULL, is set to the text of the last comment,
   as lex_quoted gives text, and is left alone when there is none. */
bool lex_skip(slice *rest, struct arena *a, slice *ret_comment);
/* *rest starts with a quote: takes the quoted string and gives its text without quotes, quoting
   backslashes and the line ends of folding. False when its closing quote is missing; all is taken
   then, too. */
bool lex_quoted(slice *rest, struct arena *a, slice *ret);
/* Octets up to the first space or one of `stops`; may be none. */
slice lex_until(slice *rest, const char *stops);
bool lex_char(slice *rest, char c);

#endif
