/* What must never be shown: passwords, tokens, any other value that is given. Every text that
   leaves the program passes through secrets_mask(): transcripts, reports, error sentences. Mask
   before a report escapes the text for its own format (XML, JSON), not after.

   A secret is found raw (ASCII letters in either case, as some servers echo a command in capitals),
   in the quoted form of IMAP strings, and inside base64: whole tokens, at any of the three
   alignments, in the standard and the URL alphabet, also when a token is folded over lines. */
#ifndef SECRETS_H
#define SECRETS_H

#include "array.h"
#include "buf.h"

enum {
    SECRETS_MAX = 1000,            /* values in one registry; a further one aborts */
    SECRETS_LENGTH_MAX = 64 << 10, /* bytes of one value; a longer one is known by its start */
};

/* What stands in place of a secret. */
#define SECRETS_MARK S("***")

struct secrets {
    ARRAY(slice) values; /* owned; what is searched for, quoted forms included */
    bool first[256];     /* bytes that a value begins with, in either case */
    size_t shortest, longest;
};

/* An all-zero struct secrets is a valid empty one. */
void secrets_release(struct secrets *s);
/* Copies the value. Empty ones and known ones are left out. */
void secrets_add(struct secrets *s, slice value);

/* Appends `in` to `out`, each secret replaced by SECRETS_MARK. `s` may be NULL (nothing is secret).
   False when `out` overflowed. */
bool secrets_mask(const struct secrets *s, slice in, struct buf *out);
/* Does `in` hold one? */
bool secrets_found(const struct secrets *s, slice in);

/* The places themselves, in order and not overlapping: for callers that mask parts of one text
   apart from each other. */
struct secrets_span {
    size_t from, to;
};
struct secrets_spans {
    struct secrets_span *v;
    size_t n, cap;
};
void secrets_find(const struct secrets *s, slice in, struct secrets_spans *spans);
void secrets_spans_release(struct secrets_spans *spans);
/* Appends the bytes [from, to) of `in` to `out`; each span that reaches into them becomes one
   mark. */
bool secrets_mask_part(const struct secrets_spans *spans, slice in, size_t from, size_t to,
                       struct buf *out);

#endif
