/* What a scenario expects, in the protocol's own syntax: words, strings, lists and codes, with
   variables ($uid1), wildcards ($_ and ...) and regular expressions (/re/). */
#ifndef PATTERN_H
#define PATTERN_H

#include "problem.h"

enum pattern_kind {
    PATTERN_WORD,   /* an atom, number, set; may hold variables */
    PATTERN_STRING, /* "..." ; may hold variables */
    PATTERN_LIST,   /* ( ... ) */
    PATTERN_CODE,   /* [ ... ] */
    PATTERN_ANY,    /* $_ */
    PATTERN_REST,   /* ... */
    PATTERN_REGEX,  /* /re/ */
};

struct pattern {
    enum pattern_kind kind;
    slice text;            /* of word, string (unescaped) and regex (without slashes) */
    struct pattern *items; /* of list and code */
    size_t n;
    size_t offset, length; /* in the pattern's source text */
};

/* Parses `text` into a LIST of its words. False with *ret_offset and *ret_why on a parenthesis,
   bracket or quote that is not closed. All memory is the arena's, except that words point into
   `text`. */
bool pattern_parse(slice text, struct arena *arena, struct pattern *ret, size_t *ret_offset,
                   const char **ret_why);

/* Calls fn for each variable name in the pattern, in order. */
void pattern_variables(const struct pattern *p, void (*fn)(void *ctx, slice name), void *ctx);

#endif
