/* The header section of a message or a part (RFC 5322 2.2): fields in order, folding, lookup. */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include "arena.h"
#include "slice.h"

struct mime_field {
    slice name;    /* as written, without blanks before the colon (RFC 5322 4.5.8) */
    slice value;   /* after the colon, still folded, without the final line end */
    slice raw;     /* the whole field with its line ends */
    size_t offset; /* of the field in the header */
};

/* Takes the next field off *rest (start with the header section). Lines end at CRLF or bare LF. A
   line without a name and a colon is given with an empty name and itself as the value. False at
   the empty line that ends the section, or at the end. Offsets are from the start of the slice
   that *rest had when offset 0 was meant: pass the whole header as `header`. */
bool mime_field_next(slice header, slice *rest, struct mime_field *ret);
/* The first field with this name in any case of letters. */
bool mime_field_find(slice header, slice name, struct mime_field *ret);
/* Octets of the header section at the start of `part`, its final empty line included; all of it
   when there is no empty line. */
size_t mime_header_octets(slice part);
/* Folding removed: each line end goes, the white space after it stays (RFC 5322 2.2.3). Blanks at
   both ends go too. Points into the value when it is not folded, else into the arena. */
slice mime_unfold(slice value, struct arena *a);
/* As mime_unfold of the first field of that name; p == NULL when there is none. */
slice mime_header_value(slice header, slice name, struct arena *a);

#endif
