/* The ENVELOPE of a message (RFC 9051 7.5.2, RFC 3501 7.4.2) as IMAP text. */
#ifndef IMAP_ENVELOPE_H
#define IMAP_ENVELOPE_H

#include "buf.h"
#include "slice.h"

struct faults;

enum {
    ENVELOPE_ADDRESSES_MAX = 5000, /* addresses shown of one field; the others are left out */
};

/* Appends the ten fields in parentheses. `header` is the header of the message with or without its
   final blank line. Sender and Reply-To take From when absent or empty. `utf8` allows UTF-8 in
   quoted strings. Encoded words stay encoded. */
void envelope_render(slice header, bool utf8, const struct faults *faults, struct buf *out);

#endif
