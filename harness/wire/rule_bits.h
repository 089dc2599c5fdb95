/* For tests: a set of rules as bits, so that a table row can name all findings it expects. */
#ifndef RULE_BITS_H
#define RULE_BITS_H

#include "grammar_error.h"

#define BIT(NAME) ((uint64_t)1 << RULE_##NAME)
_Static_assert(WIRE_RULES <= 64, "one bit for each rule");

static inline uint64_t rule_bit(const char *id)
{
    for (int i = 0; id && i < WIRE_RULES; i++)
        if (strcmp(wire_rules[i].id, id) == 0)
            return (uint64_t)1 << i;
    return 0;
}

static inline uint64_t rule_bits(const struct grammar_errors *errors)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < errors->n; i++)
        bits |= rule_bit(errors->v[i].rule);
    return bits;
}

#endif
