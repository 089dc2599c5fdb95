/* TXT records made of fields, as those of MTA-STS and of TLS reporting are: "v=STSv1; id=1". Pure. */
#ifndef TXT_FIELDS_H
#define TXT_FIELDS_H

#include "slice.h"

enum { TXT_FIELDS_MAX = 32, TXT_WHY_MAX = 160 };

struct txt_field {
    slice name, value; /* borrowed from the text */
};
struct txt_fields {
    struct txt_field v[TXT_FIELDS_MAX];
    size_t n;
};

/* The fields behind the version ("v=STSv1"). False when the text does not begin with the version, or
   is not well formed; why then says so in words that can follow "the record". Values are any octets
   but controls, ";" and blanks at their ends. */
bool txt_fields_parse(slice text, slice version, struct txt_fields *ret, char why[TXT_WHY_MAX]);
/* The first field of that name (case counts), or NULL. */
const struct txt_field *txt_field(const struct txt_fields *f, const char *name);
/* What unknown fields may be: no "=", ";", blank or control in the value. */
bool txt_extension_is_good(const struct txt_field *f);
/* Is the record one that is not discarded: does it begin with the version and ";"? */
bool txt_has_version(slice text, slice version);

/* s without the spaces and tabs at its ends. */
slice txt_trim(slice s);
/* 1 to 32 letters, digits, "_", "-" and ".", the first a letter or digit. */
bool txt_name_is_good(slice name);

enum { TLSRPT_URIS_MAX = 16 };
struct tlsrpt {
    slice uris[TLSRPT_URIS_MAX];
    size_t n;
};
/* The record of RFC 8460 section 3. */
bool tlsrpt_parse(slice text, struct tlsrpt *ret, char why[TXT_WHY_MAX]);

#endif
