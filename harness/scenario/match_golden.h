/* A value that a server computes from a golden message, against the one that is expected of it
   (docs/golden-messages.md): $msg1.golden.body, .bodystructure and .envelope. Compared is what they
   mean: media types, names of parameters, encodings, dispositions and languages in letters of
   either case, parameters in any order, extension data as far as the server sends it (it may stop
   anywhere: RFC 3501 7.4.2 and 9); all other strings octet by octet. */
#ifndef MATCH_GOLDEN_H
#define MATCH_GOLDEN_H

#include "imap_lex.h"

enum golden_kind { GOLDEN_BODY, GOLDEN_BODYSTRUCTURE, GOLDEN_ENVELOPE, GOLDEN_KINDS };
/* The names in NAME.yaml, which are those of the variables behind ".golden.", too. */
extern const char *const golden_parts[GOLDEN_KINDS];

/* Is it the name of such a variable ("msg1.golden.envelope")? */
bool golden_variable(slice name, enum golden_kind *ret);

/* The first difference of the alternative that got furthest. */
struct golden_difference {
    const struct imap_value *got; /* the value that differs, or the list that ends too early */
    slice wanted;                 /* what the alternative has there; empty: nothing more */
    size_t depth;                 /* values that matched before */
};

/* `alternatives`: IMAP text, one alternative to a line. What *ret_difference points to is the
   arena's, the received value's and the text's. */
bool golden_matches(enum golden_kind kind, slice alternatives, const struct imap_value *got,
                    struct arena *arena, struct golden_difference *ret_difference);

#endif
