/* What the files of conn share. */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include "conn.h"
#include "imap_frame.h"
#include "pop3_reply.h"
#include "smtp_reply.h"

struct conn_framing;

struct conn {
    const struct conn_framing *framing;
    enum mail_protocol protocol;
    char *device;
    struct transcript *transcript;
    void (*seen)(void *ctx, struct conn *c, const struct unit *u);
    void *ctx;
    size_t unit_max, inbox_units, inbox_bytes;
    uint64_t total_max;

    struct stream *stream, *tls; /* the top; the TLS layer in it, or NULL */
    struct task *reader;         /* NULL while nobody reads */
    struct cond changed;         /* a unit came, the end came, delivery was resumed */
    bool compressed;
    const char *cannot_send; /* why nothing can be sent any more, or NULL */

    /* Bytes of units that are not complete, and where the framer stands in them. */
    struct buf in;
    union {
        struct smtp_reply_frame smtp;
        struct pop3_frame pop3;
        struct imap_framer imap;
    } frame;
    bool begun;                       /* pop3: the frame was made for the kind of this reply */
    unsigned flags;                   /* of the session, for the parser */
    bool hello_sent;                  /* smtp: the next reply is to EHLO, HELO or LHLO */
    ARRAY(enum conn_expect) expected; /* pop3, from next_expected on */
    size_t next_expected;
    bool challenged; /* pop3: the last reply was a challenge of an AUTH */

    struct unit *first, **last; /* the inbox */
    size_t queued, queued_bytes;
    uint64_t units, received;
    nsec ended_at;
    enum conn_end end;
    char end_text[300];
};

/* What differs by protocol. */
struct conn_framing {
    void (*init)(struct conn *c);
    /* *ret->length is set on FRAME_READY, bare_lf and bare_cr too. */
    enum frame (*next)(struct conn *c, slice buffer, struct imap_frame *ret);
    void (*parse)(struct conn *c, struct unit *u);
};
const struct conn_framing *conn_framing_of(enum mail_protocol protocol);

/* Frames all that c->in holds. False when a limit ended the connection. */
bool conn_take_units(struct conn *c);
void conn_set_end(struct conn *c, enum conn_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Notes the end that a result <= 0 of the stream means. */
void conn_set_end_of_stream(struct conn *c, int result);
void conn_reader_start(struct conn *c);
/* Cancels and joins it; what it read stays in c->in and the inbox. */
void conn_reader_stop(struct conn *c);
/* Moves everything that was received and not taken to `leftover`: raw units, then c->in. */
void conn_unread(struct conn *c, struct buf *leftover);
void conn_inbox_clear(struct conn *c);

#endif
