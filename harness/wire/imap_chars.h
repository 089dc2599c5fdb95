/* Character classes and literal headers that the IMAP lexer, framer and grammar share (RFC 9051
   9, ATOM-CHAR and literal). */
#ifndef IMAP_CHARS_H
#define IMAP_CHARS_H

#include "slice.h"

/* any CHAR except atom-specials: ( ) { SP CTL % * " \ ] */
static inline bool imap_is_atom_char(char c)
{
    return c > ' ' && c < 0x7f && !memchr("(){%*\"\\]", c, 8);
}
/* ATOM-CHAR / resp-specials */
static inline bool imap_is_astring_char(char c)
{
    return c == ']' || imap_is_atom_char(c);
}
/* any ASTRING-CHAR except "+" */
static inline bool imap_is_tag_char(char c)
{
    return c != '+' && imap_is_astring_char(c);
}

struct imap_literal {
    size_t header;   /* octets of the header, from "~" or "{" to its CRLF or LF, all in all */
    uint64_t length; /* UINT64_MAX when it is above 2^63-1 */
    bool nonsync;    /* {n+} */
    bool eight;      /* ~{n} */
};

/* A literal header at `at`: ["~"] "{" 1*DIGIT ["+"] "}" and CRLF or LF. */
bool imap_literal_at(slice in, size_t at, struct imap_literal *ret);
/* A literal header at the end of `line`, which has its CRLF or LF. */
bool imap_literal_at_end(slice line, struct imap_literal *ret);

#endif
