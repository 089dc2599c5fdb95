/* Sequence sets and UID sets (RFC 9051 9: sequence-set, uid-set). */
#ifndef IMAP_SET_H
#define IMAP_SET_H

#include "arena.h"
#include "buf.h"
#include "slice.h"

enum {
    IMAP_SET_RANGES_MAX = 100000,   /* elements of one set as written */
    IMAP_SET_NUMBERS_MAX = 1 << 20, /* numbers that imap_set_expand gives at most */
};

/* What "*" is before it is resolved; no message has the number 0. */
enum { IMAP_STAR = 0 };

struct imap_range {
    uint32_t first, last; /* as written: "5:2" has first 5. Normal: first <= last, no star */
};

/* As parsed: ranges in the order written. *Normal*: ranges ascending, apart by at least one missing
   number, no star. The empty set has n == 0. */
struct imap_set {
    struct imap_range *ranges; /* in the arena */
    size_t n;
};

/* All of `text`: "2,4:7,9,12:*". "$" is not parsed here. False, *ret untouched, for anything that is
   no sequence-set, numbers of 0 or above 2^32-1, or more than IMAP_SET_RANGES_MAX ranges. */
bool imap_set_parse(slice text, struct arena *a, struct imap_set *ret);
/* True when "*" stands in it. */
bool imap_set_has_star(const struct imap_set *s);

/* The normal form. "*" stands for `max`, the largest number in use: "5:*" with max 3 is 3:5 (RFC
   3501 9, seq-range). With max 0, the empty mailbox, a range with "*" names nothing. */
void imap_set_normalise(const struct imap_set *s, uint32_t max, struct arena *a,
                        struct imap_set *ret);
/* The normal set of n numbers in any order, zeros ignored. */
void imap_set_of(const uint32_t *numbers, size_t n, struct arena *a, struct imap_set *ret);

/* Both sets normal. */
bool imap_set_equal(const struct imap_set *x, const struct imap_set *y);
bool imap_set_contains(const struct imap_set *s, uint32_t number);
/* Numbers in a set without star, doubles of a set that is not normal counted twice. */
uint64_t imap_set_count(const struct imap_set *s);

/* "1:3,5,*". False when the buffer is full. An empty set adds nothing. */
bool imap_set_format(const struct imap_set *s, struct buf *out);

/* Every number, in the order written, each range from its lower to its higher end (RFC 4315 4: this
   is how COPYUID's two sets pair up). The set has no star.
       struct imap_set_iter it = { 0 };
       while (imap_set_next(&set, &it, &number)) */
struct imap_set_iter {
    size_t range;
    uint32_t done; /* numbers given of that range */
};
bool imap_set_next(const struct imap_set *s, struct imap_set_iter *it, uint32_t *ret);

/* The same as an array in the arena. False, nothing done, for a star or when there would be more
   than IMAP_SET_NUMBERS_MAX. */
bool imap_set_expand(const struct imap_set *s, struct arena *a, uint32_t **ret, size_t *ret_n);

#endif
