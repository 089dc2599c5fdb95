/* The grammar of IMAP server responses: RFC 3501, RFC 9051 and the extensions of imap_grammar.c,
   checked to the letter: one space where the ABNF has SP, numbers in their range, ten fields in an
   ENVELOPE. Where RFC 3501, its errata and RFC 9051 differ, either form conforms; comments say
   where. A false accusation is the worst a checker can do: what the ABNF derives in some way and no
   sentence of an RFC forbids is accepted. */
#ifndef IMAP_GRAMMAR_H
#define IMAP_GRAMMAR_H

#include "slice.h"

struct imap_grammar_options {
    bool utf8; /* ENABLE UTF8=ACCEPT (RFC 6855) or LANGUAGE (RFC 5255) took place */
    bool rev2; /* ENABLE IMAP4rev2 took place, or the server offers no IMAP4rev1: UTF-8 as well */
};

/* The rule "unknown-response": an untagged response whose name no RFC we know defines, but whose
   shape is fine. A client must ignore it (RFC 3501 2.2.2), and we report it. */
extern const char IMAP_RULE_UNKNOWN[];
/* The rule "resp-text": no space behind a response code, as in `* OK [CLOSED]` at the end of the line.
   The ABNF wants the space, yet examples of RFC 9051 and RFC 7162 leave it out, and such a line can
   also be derived as text alone: worth a note, not a failure. */
extern const char IMAP_RULE_RESP_TEXT[];
/* The rule "limit": a limit of ours, no violation. */
extern const char IMAP_RULE_LIMIT[];

struct imap_grammar_error {
    const char *rule; /* the ABNF rule that is broken, "nz-number"; a static string; NULL: none */
    size_t offset;    /* in the unit, where it breaks */
    char text[160];   /* for people: what was expected and what stands there, one phrase */
};

/* Checks one complete response with its final CRLF. The first violation, in reading order, goes to
   *ret_error (may be NULL); false then. options NULL: all false. */
bool imap_grammar_check(slice unit, const struct imap_grammar_options *options,
                        struct imap_grammar_error *ret_error);

#endif
