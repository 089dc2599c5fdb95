/* Strings of FETCH responses, with the faults that concern them. */
#ifndef IMAP_FETCH_STRING_H
#define IMAP_FETCH_STRING_H

#include "buf.h"

struct faults;

/* string of a header-derived value: quoted where that can carry it, else a literal. NUL, which no
   string may hold, becomes "?". */
void fetch_string_add(struct buf *out, slice text, bool utf8, const struct faults *faults);
/* nstring: NIL when text.p is NULL. */
void fetch_nstring_add(struct buf *out, slice text, bool utf8, const struct faults *faults);
/* The octets of a section: "" when there are none, else a literal. NUL becomes octet 80 hex, so
   that lengths stay (CHAR8, RFC 9051 9). */
void fetch_octets_add(struct buf *out, slice octets, const struct faults *faults);

#endif
