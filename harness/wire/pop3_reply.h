/* One POP3 response: finding its end in a growing buffer, then reading it (RFC 1939 3, RFC 2449
   3 and 8, RFC 5034). Slices of results point into the bytes that were given. */
#ifndef POP3_REPLY_H
#define POP3_REPLY_H

#include "buf.h"
#include "dot_stuff.h"
#include "grammar_error.h"
#include "line_frame.h"

enum {
    POP3_LINE_LIMIT = 64 * 1024, /* octets of a first line that we read */
    POP3_LINE_OCTETS = 512,      /* RFC 1939 3, RFC 2449 4 */
    POP3_UNIQUE_ID_MAX = 70,     /* RFC 1939 7 */
};

struct pop3_frame {
    struct line_frame line;
    struct dot_decoder end;
    size_t first; /* octets of the first line, 0 until it is complete */
    size_t done;  /* octets of the rest that were looked at */
    size_t limit;
    bool multiline;
    /* Offset of a line "." that ends in a bare LF, or of one that a bare LF stands before, both of
       which are data and not the end; NO_OFFSET when none was seen. It tells why a response that
       a server thinks complete never ends. */
    size_t false_end;
};
/* multiline: a +OK (in any case of letters) has lines up to CRLF.CRLF behind it, as the command
   says. limit: octets of the whole response. */
void pop3_frame_init(struct pop3_frame *f, bool multiline, size_t limit);
enum frame pop3_frame_next(struct pop3_frame *f, slice buffer, size_t *ret_octets);

enum pop3_status {
    POP3_OK,
    POP3_ERR,
    POP3_CONTINUE, /* "+ ": a SASL challenge, in text */
    POP3_UNKNOWN,
};
const char *pop3_status_name(enum pop3_status status);

enum pop3_reply_flags {
    POP3_MULTILINE = 1,  /* as for the frame */
    POP3_UTF8 = 2,       /* UTF8 or LANG (RFC 6856 2, 3) was used: text may be UTF-8 */
    POP3_RESP_CODES = 4, /* RESP-CODES is offered: "[" starts a response code */
    POP3_IN_AUTH = 8,    /* an AUTH is going on: "+" alone is a challenge of no octets */
};

struct pop3_reply {
    slice raw;
    enum pop3_status status;
    slice code;     /* of "[IN-USE]" the inside; p == NULL when there is none */
    slice text;     /* after the status and one space; with the response code */
    slice message;  /* after the response code and blanks, else as text */
    slice first;    /* the first line without its end */
    bool multiline; /* body follows */
    slice body;     /* still stuffed, up to the line of the final dot, which is left out */
    size_t body_offset;
    struct grammar_errors errors;
};
/* Reads a complete response, as framed. Whatever the bytes are, *ret is filled. */
void pop3_reply_parse(slice raw, unsigned flags, struct arena *a, struct pop3_reply *ret);
/* Appends the body un-stuffed: for RETR the message. False when *out is full. */
bool pop3_reply_body(const struct pop3_reply *reply, struct buf *out);
/* Takes the next line off *rest (start with reply->body): cut at CRLF only, without it, and
   un-stuffed. False at the end. */
bool pop3_body_line(slice *rest, slice *ret);

/* STAT: "2 320", and anything after one more space. `text` is reply->text. */
struct pop3_drop {
    uint64_t messages, octets;
};
bool pop3_drop_parse(slice text, struct pop3_drop *ret, struct grammar_error *err);
/* LIST line: "1 120", and anything after one more space. Of "+OK 1 120" give reply->text. */
struct pop3_scan {
    uint64_t number, octets;
};
bool pop3_scan_parse(slice line, struct pop3_scan *ret, struct grammar_error *err);
struct pop3_uid {
    uint64_t number;
    slice id;
};
bool pop3_uid_parse(slice line, struct pop3_uid *ret, struct grammar_error *err);

/* All lines of a LIST or UIDL body, in the arena; *errors gets what is wrong, with offsets in the
   whole response. Lines that cannot be read are left out. */
size_t pop3_scan_list(const struct pop3_reply *reply, struct arena *a, struct pop3_scan **ret,
                      struct grammar_errors *errors);
size_t pop3_uid_list(const struct pop3_reply *reply, struct arena *a, struct pop3_uid **ret,
                     struct grammar_errors *errors);

struct pop3_capability {
    slice name; /* the whole token, as sent */
    slice args; /* what follows the first space */
    slice *params;
    size_t n_params;
};
struct pop3_capa {
    struct pop3_capability *v;
    size_t n;
    struct grammar_errors errors;
};
void pop3_capa_parse(const struct pop3_reply *reply, struct arena *a, struct pop3_capa *ret);
/* By whole token in any case of letters; NULL when it is not offered. */
const struct pop3_capability *pop3_capa_find(const struct pop3_capa *capa, slice name);
bool pop3_capa_has_param(const struct pop3_capability *c, slice param);

/* The timestamp of a greeting that offers APOP, "<1896.697170952@dbc.mtview.ca.us>" (RFC 1939 section
   7); empty when there is none. */
slice pop3_timestamp(slice greeting);

#endif
