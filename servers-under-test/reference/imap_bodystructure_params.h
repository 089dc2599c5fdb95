/* body-fld-param: parameters of Content-Type and Content-Disposition in BODYSTRUCTURE. */
#ifndef IMAP_BODYSTRUCTURE_PARAMS_H
#define IMAP_BODYSTRUCTURE_PARAMS_H

#include "buf.h"

struct bodystructure_options;
struct mime_params;

/* Appends the parenthesised list, or NIL when there is none. With options->rev2 the pieces of RFC
   2231 ("name*0", "name*1*") are joined: the result is "name", or "name*" in UTF-8 when a piece is
   encoded (RFC 9051 7.5.2). A name in a charset that we do not know, or whose pieces have a gap,
   stays as it is. */
void bodystructure_params_add(struct buf *out, const struct mime_params *params,
                              const struct bodystructure_options *options);

/* `text` in upper case as a string. */
void bodystructure_token_add(struct buf *out, slice text,
                             const struct bodystructure_options *options);

#endif
