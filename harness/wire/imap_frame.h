/* Framing: which bytes of a growing buffer are one complete IMAP response or command. A unit is a
   line that ends in CRLF; when the line ends in a literal header {n}, {n+} or ~{n} the n octets
   after it and one more line belong to it, and so on (RFC 9051 4.3).

   Bare LF and bare CR outside of literals are violations that are reported, not obeyed silently:
   a bare LF still ends the line, so that a session goes on; a bare CR does not.

   In responses the human text of OK, NO, BAD, BYE, PREAUTH and "+" may end in "{5}" and announces
   nothing: the framer knows. (The one exception: [BADCHARSET ({5}, where RFC 3501 allows it.) */
#ifndef IMAP_FRAME_H
#define IMAP_FRAME_H

#include "slice.h"

enum {
    IMAP_LINE_MAX = 1 << 20,     /* octets of a unit outside of literals, for the client */
    IMAP_LITERAL_MAX = 64 << 20, /* octets of one literal, for the client */
    IMAP_UNIT_MAX = 128 << 20,   /* octets of a unit, all in all, for the client */
    IMAP_LITERALS_MAX = 10000,   /* literals in one unit, for either side */
};

enum imap_frame_side {
    IMAP_FRAME_RESPONSES,
    IMAP_FRAME_COMMANDS, /* stops at each synchronising literal header: IMAP_FRAME_CONTINUE */
};

enum imap_frame_status {
    IMAP_FRAME_MORE,     /* not complete: read more and scan again */
    IMAP_FRAME_COMPLETE, /* ret->length octets are one unit */
    IMAP_FRAME_CONTINUE, /* commands only: the client waits for "+ " before it sends the literal.
                            Scan again to go on, or imap_framer_reset() to refuse it: what came up
                            to ret->length is then all of the command */
    IMAP_FRAME_LIMIT, /* ret->limit was hit. For a synchronising literal a server can still refuse
                            it as above; in all other cases the connection cannot be read any more */
};

enum imap_frame_limit {
    IMAP_LIMIT_NONE,
    IMAP_LIMIT_LINE,
    IMAP_LIMIT_LITERAL, /* also a length of more than 20 digits or above 2^63-1 */
    IMAP_LIMIT_UNIT,
    IMAP_LIMIT_COUNT, /* IMAP_LITERALS_MAX */
};

/* No such place. */
#define IMAP_NOWHERE SIZE_MAX

struct imap_frame {
    size_t length;      /* octets from the start of the unit */
    size_t n_literals;  /* in the unit, that of CONTINUE or LIMIT included */
    uint64_t literal;   /* CONTINUE, LIMIT_LITERAL: announced length of the last literal */
    bool synchronising; /* CONTINUE, LIMIT_LITERAL: it was {n}, not {n+} */
    enum imap_frame_limit limit;
    size_t bare_lf, bare_cr; /* offset of the first in the unit, or IMAP_NOWHERE */
};

struct imap_framer {
    enum imap_frame_side side;
    size_t line_max, literal_max, unit_max; /* change them after init, before the first scan */
    /* Private: where we are in the current unit. */
    size_t at;         /* octets looked at */
    size_t line_start; /* of the current line, or of the literal before it */
    size_t outside;    /* octets outside of literals in the lines before this one */
    size_t n_literals;
    uint64_t skip; /* octets of the current literal still to come */
    bool in_literal, status_line;
    size_t bare_lf, bare_cr;
};

/* With the limits above. */
void imap_framer_init(struct imap_framer *f, enum imap_frame_side side);
/* Forgets the unit that was begun; limits stay. */
void imap_framer_reset(struct imap_framer *f);

/* `buffer` begins at the first octet of the current unit (the same octets as last time, and what
   has come since; it may move in memory). Octets looked at once are not looked at again.
   After COMPLETE the framer stands at the next unit: the caller drops ret->length octets before
   the next call. *ret is filled for every status but MORE, where it is untouched. */
enum imap_frame_status imap_framer_scan(struct imap_framer *f, slice buffer,
                                        struct imap_frame *ret);

#endif
