/* BODY and BODYSTRUCTURE of a message (RFC 9051 7.5.2, RFC 3501 7.4.2) as IMAP text. */
#ifndef IMAP_BODYSTRUCTURE_H
#define IMAP_BODYSTRUCTURE_H

#include "buf.h"
#include "slice.h"

struct faults;
struct mime_message;
struct mime_part;

struct bodystructure_options {
    const struct faults *faults; /* NULL: none */
    bool extended; /* BODYSTRUCTURE: extension data follow (MD5 or parameters, disposition,
                      language, location) */
    bool utf8;     /* UTF-8 may stand in quoted strings */
    bool rev2;     /* RFC 2231 continuations and charsets of parameters are decoded, as RFC 9051
                      7.5.2 asks; IMAP4rev1 clients get parameters as the message has them */
};

/* Appends the structure of `part` of the message in parentheses. Media types, encodings and names
   of parameters are upper case as in the RFC's examples; values keep their case. A multipart
   without any part is shown as text/plain, because the grammar has no multipart without
   children. */
void bodystructure_render(const struct mime_message *message, const struct mime_part *part,
                          const struct bodystructure_options *options, struct buf *out);

#endif
