/* For mime.c: the fields of one part's header. */
#ifndef MIME_FIELDS_H
#define MIME_FIELDS_H

#include "mime.h"

/* Fills type to n_languages of *part. Returns oddities (enum mime_oddity). in_digest: the default
   type is message/rfc822 (RFC 2046 5.1.5). */
unsigned mime_fields_read(slice header, struct arena *a, bool in_digest, struct mime_part *part);

#endif
