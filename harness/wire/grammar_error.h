/* What a parser of the wire layer finds wrong with the peer's bytes. A finding is data about the
   peer, never an error of ours: parsers go on and give what they could read.
   Every rule has a stable id (document/section/name, the shape of a clause id), a level and a
   sentence in our words; wire_rules.def is the whole list. */
#ifndef GRAMMAR_ERROR_H
#define GRAMMAR_ERROR_H

#include "arena.h"
#include "slice.h"

enum wire_rule {
#define RULE(NAME, id, level, text) RULE_##NAME,
#include "wire_rules.def"
#undef RULE
    WIRE_RULES
};

enum rule_level { RULE_MUST, RULE_SHOULD };

struct wire_rule_info {
    const char *id; /* "rfc5321/4.2/reply-code" */
    enum rule_level level;
    const char *text; /* the requirement, one sentence */
};
/* Indexed by enum wire_rule, WIRE_RULES rows. */
extern const struct wire_rule_info wire_rules[];
/* NULL when no rule has this id. */
const struct wire_rule_info *wire_rule_by_id(slice id);

/* rule == NULL: nothing is wrong. */
struct grammar_error {
    const char *rule; /* an id of wire_rules */
    size_t offset;    /* in octets, from the first octet of the parsed unit */
    char text[200];   /* what is wrong, with the offending octets escaped; for people */
};

/* The findings of one unit. One rule is kept once for a unit, at its first place. */
struct grammar_errors {
    struct grammar_error *v; /* in the arena; NULL while n == 0 */
    size_t n;
};
enum { GRAMMAR_ERRORS_MAX = 16 };

/* Fills *err unless err is NULL or already holds an earlier finding. Returns false, so that
   `return grammar_error_set(...)` reads well in a parser that gives bool. */
bool grammar_error_set(struct grammar_error *err, enum wire_rule rule, size_t offset,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
void grammar_errors_add(struct grammar_errors *errors, struct arena *a, enum wire_rule rule,
                        size_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Copies one found by a bool parser, with `base` added to its offset. */
void grammar_errors_copy(struct grammar_errors *errors, struct arena *a,
                         const struct grammar_error *err, size_t base);
const struct grammar_error *grammar_errors_find(const struct grammar_errors *errors,
                                                enum wire_rule rule);

/* At most 60 octets of s, the unprintable ones as \xHH, "..." when cut. Writes into `text`, which
   it returns. */
enum { ESCAPED_MAX = 260 };
char *escape_text(slice s, char text[ESCAPED_MAX]);

/* True for well-formed UTF-8 (RFC 3629 4: no overlong forms, surrogates, or beyond U+10FFFF). */
bool utf8_is_valid(slice s);
/* The octets of the well-formed UTF-8 sequence at the start of s, 0 when there is none. */
size_t utf8_sequence(slice s);

#endif
