/* One SMTP or LMTP reply: finding its end in a growing buffer, then reading it (RFC 5321 4.2,
   RFC 2034, RFC 3463). Slices of results point into the bytes that were given. */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "grammar_error.h"
#include "line_frame.h"

enum {
    SMTP_REPLY_LINE_LIMIT = 64 * 1024,  /* octets of one line that we read; the RFC's is 512 */
    SMTP_REPLY_LIMIT = 1024 * 1024,     /* octets of one reply */
    SMTP_REPLY_LINE_OCTETS = 512,       /* RFC 5321 4.5.3.1.5 */
    SMTP_CHALLENGE_LINE_OCTETS = 12288, /* RFC 4954 4, 334 replies */
};

struct smtp_reply_frame {
    struct line_frame line;
    size_t start; /* of the current line in the reply */
    bool many;    /* an earlier line promised more */
};
void smtp_reply_frame_init(struct smtp_reply_frame *f);
/* As line_frame_next, for a whole reply; *ret_octets is set on FRAME_READY. The end is the first
   line that has no "-" after its code. A line without a code is a reply of its own, but inside a
   multi-line reply it belongs to that reply: the promise of more holds. */
enum frame smtp_reply_frame_next(struct smtp_reply_frame *f, slice buffer, size_t *ret_octets);

/* What the reader of a reply knows about the session. */
enum smtp_reply_flags {
    SMTP_REPLY_UTF8 = 1,     /* SMTPUTF8 was asked for in this transaction: UTF-8 text is legal */
    SMTP_REPLY_ENHANCED = 2, /* ENHANCEDSTATUSCODES is offered and this is neither the greeting
                                nor a reply to HELO, EHLO or LHLO: status codes are required */
    SMTP_REPLY_TO_EHLO = 4,  /* the first line may hold any octet but CR and LF */
};

/* class == 0: none. "5.1.10" is { 5, 1, 10 }. */
struct smtp_enhanced {
    int class, subject, detail;
};

struct smtp_reply_line {
    slice raw;     /* without its CRLF */
    slice text;    /* after the code and its separator; empty when there is none */
    slice message; /* text without the status code and the blanks behind it */
    size_t offset; /* of the line in the reply */
    int code;      /* of this line, 0 when it has none */
    struct smtp_enhanced enhanced;
};

struct smtp_reply {
    slice raw; /* with every CRLF */
    int code;  /* of the last line that has one: 100 to 999 (also those outside the grammar);
                   0 when no line has one */
    int class; /* code / 100 */
    struct smtp_enhanced enhanced; /* of the first line that has a valid one */
    struct smtp_reply_line *lines; /* never none */
    size_t n_lines;
    struct grammar_errors errors;
};

/* Reads a complete reply, as framed. Whatever the bytes are, *ret is filled. A code without any
   text and without the space is accepted (RFC 5321 4.2: clients must be prepared for it). A status
   code counts only when its class agrees with the reply code; without SMTP_REPLY_ENHANCED text that
   merely looks like one is never an error. */
void smtp_reply_parse(slice raw, unsigned flags, struct arena *a, struct smtp_reply *ret);
/* The texts of all lines, with a newline between each, in the arena. */
slice smtp_reply_text(const struct smtp_reply *reply, struct arena *a);

/* The reply to EHLO or LHLO (RFC 5321 4.1.1.1). */
struct smtp_ehlo_keyword {
    slice name;    /* the whole token, as sent: "AUTH=PLAIN" is a name of its own */
    slice args;    /* what follows the first space */
    slice *params; /* args, cut at each space; empty ones left out */
    size_t n_params;
};
struct smtp_ehlo {
    slice domain, greet; /* of the first line */
    struct smtp_ehlo_keyword *keywords;
    size_t n_keywords;
    struct grammar_errors errors; /* offsets are in the whole reply */
};
void smtp_ehlo_parse(const struct smtp_reply *reply, struct arena *a, struct smtp_ehlo *ret);
/* By whole token in any case of letters; NULL when it is not offered. */
const struct smtp_ehlo_keyword *smtp_ehlo_find(const struct smtp_ehlo *ehlo, slice name);
/* One parameter by whole token in any case of letters ("PLAIN" of AUTH). k may be NULL. */
bool smtp_ehlo_has_param(const struct smtp_ehlo_keyword *k, slice param);

#endif
