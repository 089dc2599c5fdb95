/* Does what came match what was expected? By the protocol's grammar: words without regard to case,
   strings octet by octet, flags as sets, numbers as sets (docs/scenario-language.md section 9). */
#ifndef MATCH_H
#define MATCH_H

#include "imap_lex.h"
#include "pattern.h"
#include "vars.h"

/* What was received, as a list of values. `text` is what a report shows; offsets of values count in
   it. */
struct subject {
    struct imap_value values; /* a LIST */
    slice text;
    bool imap_status; /* an IMAP status: a code in it counts only when the pattern has one */
    bool words;       /* a line of SMTP or POP3: words behind the pattern's are ignored */
    bool line;        /* of POP3: a regular expression alone is held against all of it */
};

/* The state of one attempt, and how far the best one got: that is what a report shows. */
struct match {
    struct vars *vars; /* captures go here */
    /* The message that had number k (1...) when the command was sent: its number at the moment of
       the subject; 0 when it is gone. NULL where there are no message numbers. */
    uint32_t (*number_now)(void *ctx, uint64_t k);
    void *ctx;
    /* Filled on a mismatch: */
    size_t depth;  /* tokens that matched before it */
    size_t offset; /* in subject->text, of the first value that differs */
    size_t length; /* of that value; 0: at the end */
    slice wanted;  /* the pattern's text there; empty: nothing more was wanted */
    slice missing; /* a variable that is not bound, a mistake of the scenario */
};

/* Matches an untagged IMAP response or the words of a line. Captures stay only on success. */
bool match_subject(struct match *m, const struct pattern *pattern, const struct subject *subject);

struct imap_response;
/* The values of an IMAP response: [number] name values..., or status [code]. */
void subject_from_imap(const struct imap_response *r, struct arena *arena, struct subject *ret);
/* The words of a line of SMTP or POP3; further words than the pattern has are ignored. */
void subject_from_words(slice line, struct arena *arena, struct subject *ret);

/* Text against a PCRE2 expression; its named groups are bound. -1: the expression is wrong, with
   why in *ret_why (at most 200 bytes). */
int match_regex(slice regex, slice text, struct vars *vars, char ret_why[200]);

#endif
