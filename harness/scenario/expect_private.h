/* The parts of judging a reply, one file each; for expect*.c only. */
#ifndef EXPECT_PRIVATE_H
#define EXPECT_PRIVATE_H

#include "expect.h"

enum expect_rule {
    EXPECT_SOME,    /* these must come, others may */
    EXPECT_ONLY,    /* these and none else of the same kinds */
    EXPECT_ORDER,   /* these, in this order */
    EXPECT_WITHOUT, /* none of these */
};

/* What patterns are held against: untagged responses, or lines. */
struct candidate {
    struct subject subject;
    struct unit *unit;
    size_t merged_into; /* index of a candidate that joins several FETCHes; SIZE_MAX: none */
    bool merged, used;
};
struct candidates {
    struct candidate *v; /* the play's arena's */
    size_t n, room;
    struct device *device;
    struct reply *reply;
};
void candidates_from_reply(struct device *d, struct reply *reply, struct candidates *ret);
enum step_result candidates_judge(struct device *d, const struct step *s, const struct node *node,
                                  enum expect_rule rule, struct candidates *all);

/* Each of the codes must be in the completion or in an untagged status response. */
enum step_result expect_codes(struct device *d, const struct step *s, const struct node *codes,
                              const struct reply *reply);
enum step_result expect_body(struct device *d, const struct step *s, const struct node *body,
                             const struct unit *u);
void expect_check_where(struct step_check *c, const struct node *n);

#endif
