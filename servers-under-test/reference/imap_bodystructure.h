/* BODY and BODYSTRUCTURE of a message (RFC 9051 7.5.2, RFC 3501 7.4.2) as IMAP text. */
#ifndef IMAP_BODYSTRUCTURE_H
#define IMAP_BODYSTRUCTURE_H

#include "buf.h"
#include "slice.h"

struct faults;
struct mime_part;

/* Appends the structure of the part in parentheses; with `extended` the extension data of
   BODYSTRUCTURE follow (MD5 or parameters, disposition, language, location). Media types and
   encodings are upper case as in the RFC's examples; parameter values keep their case; RFC 2231
   continuations are joined. A multipart without any part is shown as text/plain because the grammar
   has no multipart without children. */
void bodystructure_render(const struct mime_part *part, bool extended, bool utf8,
                          const struct faults *faults, struct buf *out);

#endif
