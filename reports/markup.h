/* Escaping for XML and HTML. Both first make the text printable (printable.h), so that no character
   XML 1.0 forbids is left, and no invalid UTF-8. */
#ifndef MARKUP_H
#define MARKUP_H

#include "buf.h"

/* For the text between tags and for the value of an attribute in double quotes. Line breaks stay in
   text and become &#10; in an attribute. A NULL text adds nothing. */
void markup_text(struct buf *out, const char *text);
void markup_slice(struct buf *out, slice text);
void markup_attribute(struct buf *out, const char *text);
/* Adds  name="value", with the space before it; nothing when value is NULL. */
void markup_add_attribute(struct buf *out, const char *name, const char *value);

#endif
