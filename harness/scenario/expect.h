/* Judging what came against what a step expects: expect, untagged, lines, only, in-order, without,
   where, body. */
#ifndef EXPECT_H
#define EXPECT_H

#include "play.h"

/* What came. */
struct reply {
    struct unit *completion;   /* tagged response or reply; NULL: none */
    enum conn_result result;   /* why there is none */
    struct unit *first, *stop; /* units before it: first up to (not with) stop */
};

/* Judges everything that the options of `map` say. `fallback` is the completion that is wanted when
   there is no "expect" ("OK"); NULL: none is looked at. `map` may be NULL. Captures are bound. */
enum step_result expect_reply(struct device *d, const struct step *s, const struct node *map,
                              const struct node *whole, const char *fallback, struct reply *reply);
/* The completion alone, against the alternatives of one node. */
enum step_result expect_completion(struct device *d, const struct step *s,
                                   const struct node *expect, const struct node *whole,
                                   const char *fallback, const struct reply *reply);
/* The same without the completion: of a pipeline, where each command has its own. */
enum step_result expect_rest(struct device *d, const struct step *s, const struct node *map,
                             struct reply *reply);
/* `where`: comparisons after all else. */
enum step_result expect_where(struct device *d, const struct step *s, const struct node *map);

/* Does one pattern match one unit (its untagged data, its line)? */
bool expect_unit_matches(struct device *d, slice pattern, const struct unit *u, struct match *m);
/* Has the server said that it has had enough of us (a 421, a BYE about limits)? Then what did not
   come is no failure. */
bool expect_said_enough(const struct device *d);

/* Validation of these options, for the protocol of the step's device: expect_check.c. */
void expect_check(struct step_check *c, const struct node *map);
/* The same without "expect": of a pipeline, where that has one entry for each command. */
void expect_check_rest(struct step_check *c, const struct node *map);
/* The value of "expect": patterns; when all are refusals, the check refuses. NULL is fine. */
void expect_check_completion(struct step_check *c, const struct node *n);
/* One scalar or a list of 1 to EXPECT_ITEMS_MAX, as expect_items(). */
enum { EXPECT_ITEMS_MAX = 64 };
size_t expect_check_items(struct step_check *c, const struct node *n, const char *what,
                          const struct node *ret[EXPECT_ITEMS_MAX]);
/* Of a step that reads nothing because it has no "expect": then the others mean nothing. */
void expect_check_unread(struct step_check *c, const struct node *map);

/* The texts of a node that is one or several scalars; how many, at most max. */
size_t expect_items(const struct node *n, const struct node *ret[], size_t max);

#endif
