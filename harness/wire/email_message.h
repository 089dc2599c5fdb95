/* Messages for tests, made to order: equal options give equal bytes, whatever the time and place.
   Header lines and, unless asked otherwise, body lines end in CRLF. */
#ifndef EMAIL_MESSAGE_H
#define EMAIL_MESSAGE_H

#include "buf.h"

/* How the text ends; in a multipart that is the text part, not the message. */
enum email_ending {
    EMAIL_END_CRLF,  /* "text CRLF", the usual */
    EMAIL_END_NONE,  /* "text", no line end */
    EMAIL_END_BLANK, /* "text CRLF CRLF" */
    EMAIL_END_DOT,   /* "CRLF . CRLF" : the last line is one dot */
    EMAIL_END_DOTS,  /* the last lines start with dots: "..", ".x", "." */
    EMAIL_END_CR,    /* a lone CR is the last octet */
    EMAIL_END_LF,    /* a lone LF is */
    EMAIL_ENDINGS
};
/* "crlf", "none", "blank", "dot", "dots", "cr", "lf": the words of scenarios. */
const char *email_ending_name(enum email_ending ending);
bool email_ending_by_name(slice name, enum email_ending *ret);

/* What the text is made of. */
enum email_charset {
    EMAIL_ASCII,
    EMAIL_UTF8,   /* 8bit UTF-8 */
    EMAIL_LATIN1, /* 8bit ISO-8859-1 */
    EMAIL_BINARY, /* octets 0 to 255 but CR and LF, binary */
    EMAIL_CHARSETS
};
const char *email_charset_name(enum email_charset charset);
bool email_charset_by_name(slice name, enum email_charset *ret);

enum {
    EMAIL_SIZE_MAX = 1 << 30,
    EMAIL_NESTING_MAX = 1000,
};

/* All zero is a short plain message. Empty slices take the default; header values are put in as
   they are, so they may break the rules on purpose. */
struct email_options {
    slice message_id; /* with or without angle brackets; made from the seed when empty */
    slice subject, from, to, cc, date;
    slice extra_headers; /* whole lines with CRLF, put before the MIME fields */
    uint64_t seed;       /* other seeds give other text */
    size_t size;         /* octets of the whole message, exactly; 0: as `lines` gives. When the
                            rest alone is longer, the text is left at its smallest */
    size_t lines;        /* text lines when size == 0; 0: 3. What `ending` adds is not counted */
    size_t line_length;  /* octets of the first text line without its end, which no other line
                            passes; 0: 72. The others have 72 or fewer */
    enum email_ending ending;
    enum email_charset charset;
    slice body;            /* given text in place of made text, as it is; `lines` and
                                `line_length` do not count then */
    size_t attachment;     /* octets of a base64 attachment; 0: none */
    bool has_attachment;   /* an attachment even when it has no octets */
    slice attachment_name; /* "data.bin" */
    slice attachment_type; /* "application/octet-stream" */
    unsigned nesting;      /* multipart/mixed around the text, that many deep */
    unsigned forwarded;    /* message/rfc822 around the whole, that many deep */
    bool no_mime;          /* no MIME fields, no attachment, no nesting */
};

/* Appends the message. False when *out is full. */
bool email_message_build(const struct email_options *options, struct buf *out);

#endif
