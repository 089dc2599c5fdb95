/* A server's reading of one SMTP or LMTP command line (RFC 5321 4.1.1, and the extensions named
   at each verb). */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "smtp_path.h"

enum {
    SMTP_COMMAND_OCTETS = 512,      /* RFC 5321 4.5.3.1.4, without extensions; CRLF included */
    SMTP_COMMAND_LIMIT = 16 * 1024, /* what a server of ours reads (RFC 4954 4 wants 12288) */
    SMTP_PARAMS_MAX = 32,
};

enum smtp_verb {
    SMTP_VERB_UNKNOWN,
    SMTP_EHLO,
    SMTP_HELO,
    SMTP_LHLO, /* RFC 2033 4.1 */
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT, /* RFC 3030 2 */
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_QUIT,
    SMTP_VRFY,
    SMTP_EXPN,
    SMTP_HELP,
    SMTP_STARTTLS, /* RFC 3207 4 */
    SMTP_AUTH,     /* RFC 4954 4 */
    SMTP_ETRN,     /* RFC 1985; its argument is not looked into */
    SMTP_VERBS
};
/* "MAIL"; "" for SMTP_VERB_UNKNOWN. */
const char *smtp_verb_name(enum smtp_verb verb);

struct smtp_param {
    slice keyword;
    slice value; /* as sent (xtext is not decoded); p == NULL when there is no "=" */
};

struct smtp_command {
    enum smtp_verb verb;
    slice verb_text; /* as sent */
    slice args;      /* after the verb and one space, without blanks at the end */
    /* MAIL, RCPT */
    struct smtp_path path;
    struct smtp_param *params; /* in the arena */
    size_t n_params;
    /* EHLO, HELO, LHLO: the domain or address literal */
    slice domain;
    /* AUTH; initial.p == NULL when there is no initial response, "=" is an empty one */
    slice mechanism, initial;
    /* BDAT */
    uint64_t chunk_size;
    bool chunk_last;
    /* The first thing wrong; error.rule == NULL when the command is right. Unknown verbs are not
       an error here: that is a 500, which the caller sees from the verb. */
    struct grammar_error error;
};

enum smtp_command_flags {
    SMTP_COMMAND_UTF8 = SMTP_PATH_UTF8,             /* SMTPUTF8 is offered */
    SMTP_COMMAND_ANY_LENGTH = SMTP_PATH_ANY_LENGTH, /* as in smtp_path.h */
    SMTP_COMMAND_LENIENT = 16,                      /* spaces after FROM: and TO: are skipped */
};

/* `line` has no line end. Whatever it holds, *ret is filled; with an error the fields of the
   arguments are whatever could be read before it. Blanks at the end are tolerated (RFC 5321
   4.1.1). UTF-8 stands only where RFC 6531 allows it; whether this MAIL has the SMTPUTF8
   parameter is the caller's to see. */
void smtp_command_parse(slice line, unsigned flags, struct arena *a, struct smtp_command *ret);
/* By keyword in any case of letters; NULL when absent. */
const struct smtp_param *smtp_command_param(const struct smtp_command *c, slice keyword);

#endif
