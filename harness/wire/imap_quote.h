/* Strings for sending: the plainest form that can carry them (RFC 9051 4.3 and 9, astring). */
#ifndef IMAP_QUOTE_H
#define IMAP_QUOTE_H

#include "buf.h"

enum imap_form {
    IMAP_FORM_ATOM,
    IMAP_FORM_QUOTED,
    IMAP_FORM_LITERAL,
    IMAP_FORM_LITERAL8, /* it holds NUL: only where the grammar has literal8 */
};

enum imap_quote_flags {
    IMAP_QUOTE_UTF8 = 1,    /* UTF-8 may stand in quoted strings */
    IMAP_QUOTE_NONSYNC = 2, /* literals as {n+} */
    IMAP_QUOTE_STRING = 4,  /* string, not astring: never an atom */
};

enum { IMAP_QUOTED_MAX = 1000 }; /* longer strings go as literals (RFC 2683 3.2.1.5) */

/* An atom (1*ASTRING-CHAR) where that is possible, but never for NIL in any case, and quoted for
   the empty string. The same for mailbox names. */
enum imap_form imap_form_of(slice text, unsigned flags);

/* Each adds to `out`; false when it is full. */
bool imap_quoted_add(struct buf *out,
                     slice text); /* "..." with \" and \\; no CR, LF, NUL in text */
bool imap_literal_add(struct buf *out, slice text, bool nonsync);  /* {n}CRLF and the octets */
bool imap_string_add(struct buf *out, slice text, unsigned flags); /* imap_form_of's form */
/* nstring: NIL when text.p is NULL, else as imap_string_add with IMAP_QUOTE_STRING. */
bool imap_nstring_add(struct buf *out, slice text, unsigned flags);

#endif
