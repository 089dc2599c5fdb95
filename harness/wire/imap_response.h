/* One server response, parsed (RFC 9051 7). Strict and useful at once: the grammar is checked to
   the letter, and whatever it says the response is taken apart as far as it has a meaning. */
#ifndef IMAP_RESPONSE_H
#define IMAP_RESPONSE_H

#include "imap_grammar.h"
#include "imap_lex.h"

enum imap_response_kind {
    IMAP_TAGGED,       /* tag OK|NO|BAD ... */
    IMAP_STATUS,       /* * OK|NO|BAD|BYE|PREAUTH ... */
    IMAP_CONTINUATION, /* + ... */
    IMAP_DATA,         /* * name ... or * number name ... */
    IMAP_GARBAGE,      /* none of these: only raw and text (the line) are set */
};

enum imap_status {
    IMAP_NO_STATUS, /* of DATA, CONTINUATION and GARBAGE */
    IMAP_OK,
    IMAP_NO,
    IMAP_BAD,
    IMAP_BYE,
    IMAP_PREAUTH,
};

struct imap_response {
    enum imap_response_kind kind;
    enum imap_status status;
    slice raw; /* the unit, with its line end */
    slice tag; /* of TAGGED; else empty */

    /* Of TAGGED, STATUS and CONTINUATION. */
    bool has_code;
    slice code;                  /* name of the response code, as received: "COPYUID" */
    slice code_raw;              /* all between the brackets */
    struct imap_value code_args; /* LIST of the values after the name */
    slice text;                  /* behind the code and its space; of a CONTINUATION maybe base64 */

    /* Of DATA. */
    slice name;               /* as received: "FETCH" */
    bool has_number;          /* a number stood before the name */
    uint32_t number;          /* 0 when it did not fit 32 bits; the grammar then objects */
    struct imap_value values; /* LIST of the values after the name */
};

/* `unit` is one complete response from the framer; it must live as long as *ret, which points into
   it and into the arena. options may be NULL.
   0: it conforms and *ret_error is zeroed. -1: it does not, *ret_error says where and why.
   *ret is filled in both cases (after a tree error with the values before it). */
int imap_response_parse(slice unit, const struct imap_grammar_options *options, struct arena *a,
                        struct imap_response *ret, struct imap_grammar_error *ret_error);

/* As imap_response_parse, without the grammar: for text that we know, such as patterns. */
void imap_response_read(slice unit, struct arena *a, struct imap_response *ret);

/* Untagged data of this name, in any case. */
bool imap_response_is(const struct imap_response *r, const char *name);
/* The code has this name, in any case. */
bool imap_response_has_code(const struct imap_response *r, const char *name);
/* A data item of a FETCH (or UIDFETCH) response, "UID" or "BODY[TEXT]"; of a STATUS response,
   "MESSAGES". NULL when it is not there. */
const struct imap_value *imap_response_item(const struct imap_response *r, const char *name);
/* "OK", "NO", ...; "" for IMAP_NO_STATUS. */
const char *imap_status_name(enum imap_status status);

#endif
