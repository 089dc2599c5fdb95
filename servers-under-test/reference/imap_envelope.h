/* The ENVELOPE of a message (RFC 9051 7.5.2, RFC 3501 7.4.2) as IMAP text. */
#ifndef IMAP_ENVELOPE_H
#define IMAP_ENVELOPE_H

#include "buf.h"
#include "slice.h"

struct faults;
struct mime_envelope;

enum {
    ENVELOPE_ADDRESSES_MAX = 5000, /* addresses shown of one field; the others are left out */
};

/* Appends the ten fields in parentheses. Sender and Reply-To take From when absent or empty. `utf8`
   allows UTF-8 in quoted strings (otherwise such text is a literal). Encoded words stay encoded. */
void envelope_render(const struct mime_envelope *envelope, bool utf8, const struct faults *faults,
                     struct buf *out);

#endif
