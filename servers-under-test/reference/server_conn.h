/* One connection of a reference server: the stream, what was read and not yet used, what is to be
   sent, and TLS with its faults. smtpd, pop3d and imapd are written on it. */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "buf.h"
#include "reference.h"
#include "stream.h"

enum {
    SERVER_INPUT_MAX = 4 << 20,     /* octets read ahead and not yet used */
    SERVER_LINE_DROP_MAX = 1 << 20, /* octets of a line too long that are read and dropped */
    SERVER_HANDSHAKE_SECONDS = 60,
    SERVER_WRITE_SECONDS = 300
};

struct server_conn {
    struct reference *ref;
    const struct service *service;
    const struct faults *faults;
    struct stream *stream; /* owned; imapd may put a deflate stream on top */
    struct stream *tls;    /* the TLS layer, for tls_info() and channel bindings; NULL in clear */
    char peer[80];
    struct buf in;        /* read from the stream, not yet used; starts at `used` */
    size_t used;          /* octets of `in` that are used up */
    struct buf out;       /* to be sent by the next flush */
    bool lf_ends_line;    /* a fault: a bare LF ends a line as well */
    bool segment_is_line; /* a fault: what one read brings is a line, ended or not */
    bool broken;          /* a write failed: nothing can be sent any more */
};

/* With lines: the result of asking for one. */
enum server_line {
    LINE_OK,
    LINE_LONG,    /* longer than max: read to its end and dropped */
    LINE_END,     /* the peer ended its direction, or the connection broke */
    LINE_TIMEOUT, /* the deadline passed */
    LINE_CANCEL   /* this task was cancelled: leave without another word */
};

/* reference_serve() does these two. init takes the stream over; begin does the handshake of a
   service with implicit TLS. False when the connection is over before it began. */
void server_conn_init(struct server_conn *c, struct reference *ref, const struct service *service,
                      struct stream *stream, const char *peer);
bool server_conn_begin(struct server_conn *c);
void server_conn_close(struct server_conn *c);

static inline bool server_fault(const struct server_conn *c, enum fault_id id)
{
    return fault_on(c->faults, id);
}

/* The bytes read and not yet used; valid until the next fill. */
slice server_conn_pending(const struct server_conn *c);
void server_conn_use(struct server_conn *c, size_t n);
/* Sends what waits in `out`, then waits for more bytes. LINE_OK when some came. */
enum server_line server_conn_fill(struct server_conn *c, nsec deadline);

/* The next line without its CRLF, and only CRLF ends one: a bare CR or LF stays in the text.
   The output is flushed before waiting, so replies to pipelined commands travel together. The line
   is valid until the next call that reads. `max` counts the CRLF. */
enum server_line server_conn_line(struct server_conn *c, size_t max, nsec deadline,
                                  slice *ret_line);
/* Takes exactly n octets (they may span fills); a part of them at a time, 1 to n octets in *ret. */
enum server_line server_conn_some(struct server_conn *c, size_t n, nsec deadline, slice *ret);

/* Adds to the output. */
void server_conn_send(struct server_conn *c, slice data);
void server_conn_sendf(struct server_conn *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sends the output. False when the connection is broken. */
bool server_conn_flush(struct server_conn *c);

/* Whether to list STARTTLS / STLS among the capabilities now. */
bool server_conn_offers_starttls(const struct server_conn *c);
/* What to do with a STARTTLS command, faults considered. An argument is the protocol's to refuse,
   unless server_fault(c, FAULT_TLS_STARTTLS_ARGUMENT). */
enum starttls_answer {
    STARTTLS_GO,
    STARTTLS_ACTIVE, /* TLS is on already: 503, BAD, -ERR */
    STARTTLS_NONE    /* not available: 454, NO, -ERR */
};
enum starttls_answer server_conn_starttls_answer(const struct server_conn *c);
/* After the STARTTLS command: sends `go_ahead` (a whole line with CRLF), drops every byte that the
   client sent in clear behind its command (RFC 9051 section 6.2.1), and does the handshake.
   False: the connection is over; close it without another word. The protocol then forgets all it
   learned before, unless server_fault(c, FAULT_TLS_STARTTLS_KEEPS_STATE). */
bool server_conn_starttls(struct server_conn *c, slice go_ahead);

/* Are passwords in the clear fine on this connection: in TLS, or by fault? */
bool server_conn_allows_passwords(const struct server_conn *c);
/* Is this SASL mechanism among those that the instance has? */
bool server_conn_has_mechanism(const struct server_conn *c, slice mechanism);
/* Are passwords by LOGIN and USER taken on this connection now? */
bool server_conn_takes_passwords(const struct server_conn *c);
/* reference_login(), with the faults that let anybody in. */
struct account *server_conn_login(const struct server_conn *c, slice user, slice password);

#endif
