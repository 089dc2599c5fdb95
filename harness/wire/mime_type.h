/* Field values of the shape "word; name=value; name=value": Content-Type (RFC 2045 5.1) and
   Content-Disposition (RFC 2183 2). Readable rather than strict: comments, folding, empty
   parameters and characters that should have been quoted are all taken. */
#ifndef MIME_TYPE_H
#define MIME_TYPE_H

#include "arena.h"
#include "slice.h"

enum { MIME_PARAMS_MAX = 64 }; /* of one field; more are left out */

struct mime_param {
    slice name;  /* as written; RFC 2231 names ("filename*0*") are kept so */
    slice value; /* without quotes; RFC 2231 values are kept encoded */
};
struct mime_params {
    struct mime_param *v; /* in the arena */
    size_t n;
};
/* The first of that name in any case of letters; p == NULL when absent. */
slice mime_param_find(const struct mime_params *params, slice name);

struct mime_type {
    slice type, subtype; /* as written */
    struct mime_params params;
};
/* A Content-Type value. False, *ret untouched, unless it starts with type "/" subtype. */
bool mime_type_parse(slice value, struct arena *a, struct mime_type *ret);
/* A Content-Disposition value: one token, and parameters. False when there is no token. */
bool mime_disposition_parse(slice value, struct arena *a, slice *ret_kind,
                            struct mime_params *ret_params);

#endif
