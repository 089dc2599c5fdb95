/* One connection of one device. A reader task frames what arrives, dates it and queues whole units
   (an SMTP reply, a POP3 response, an IMAP response with its literals) from connect to close; the
   script takes them with a deadline. So a push is dated when it came, however late it is looked
   for, and the server never waits for a script that does not look.

   All calls are made by tasks. Deadlines are absolute. Several tasks may wait in conn_next(). */
#ifndef CONN_H
#define CONN_H

#include "arena.h"
#include "error.h"
#include "grammar_error.h"
#include "line_frame.h"
#include "service.h"
#include "stream.h"
#include "tls.h"
#include "transcript.h"

struct imap_response;
struct smtp_reply;
struct pop3_reply;

enum {
    CONN_UNIT_MAX = 64 << 20,     /* bytes of one unit */
    CONN_INBOX_UNITS = 100000,    /* units that nobody took yet */
    CONN_INBOX_BYTES = 256 << 20, /* and their bytes */
    CONN_LEFTOVER_MAX = 64 << 10, /* plaintext reported after the go-ahead for TLS */
};
#define CONN_TOTAL_MAX ((uint64_t)16 << 30) /* bytes from connect to close */

/* One complete answer or push, owned by who took it. */
struct unit {
    struct unit *next;
    nsec at;         /* when its last byte was read */
    uint64_t number; /* counts from 1 over the connection */
    bool in_tls;
    slice raw; /* with its line ends; in the arena */
    struct arena arena;
    /* One of these by protocol, in the arena, its slices pointing into raw. */
    struct imap_response *imap;
    struct smtp_reply *smtp; /* LMTP too */
    struct pop3_reply *pop3;
    /* All that is wrong with it, line ends included; offsets are in raw. For IMAP at most one, and
       its rule is the name of the ABNF rule that is broken; IMAP_RULE_UNKNOWN and IMAP_RULE_LIMIT
       are no violations (see unit_is_valid). */
    struct grammar_errors errors;
    size_t bare_lf, bare_cr; /* IMAP: offset of the first outside of literals, or NO_OFFSET */
    bool unexpected;         /* POP3: an answer to no command */
};
void unit_free(struct unit *u);
/* No violation of the grammar of its protocol. */
bool unit_is_valid(const struct unit *u);
#define auto_unit __attribute__((cleanup(unit_free_at))) struct unit *
void unit_free_at(struct unit **u);

/* How a connection came to its end. */
enum conn_end {
    CONN_OPEN,          /* it has not */
    CONN_FIN,           /* clean: FIN, in TLS close_notify */
    CONN_RESET,         /* RST */
    CONN_TLS_TRUNCATED, /* FIN in TLS without close_notify */
    CONN_TLS_ALERT,     /* the peer sent a fatal alert */
    CONN_TLS_BROKEN,    /* any other failure of TLS, or bad deflate data */
    CONN_TOO_MUCH,      /* a limit of ours was hit: conn_end_text() says which */
    CONN_FAILED,        /* another error of the network */
    CONN_OURS,          /* we closed, reset or broke it */
};
/* "closed", "reset", "closed without close_notify", ... */
const char *conn_end_name(enum conn_end end);

enum conn_result {
    CONN_UNIT,      /* *ret is the next unit */
    CONN_TIMEOUT,   /* nothing came before the deadline */
    CONN_CLOSED,    /* the connection has ended and nothing is left: conn_ended() says how */
    CONN_CANCELLED, /* this task was cancelled */
};

/* What a POP3 reply will look like; it cannot be told from its bytes. */
enum conn_expect {
    EXPECT_LINE,  /* one line */
    EXPECT_MULTI, /* when +OK: lines up to a single dot (RFC 1939 section 3) */
    EXPECT_AUTH,  /* "+ " challenges, then one line (RFC 5034) */
};

struct conn;
struct conn_options {
    enum mail_protocol protocol;
    const char *device;            /* its name in the transcript; copied; NULL: the protocol's */
    struct transcript *transcript; /* borrowed; may be NULL */
    /* Called for every unit as it arrives, before it can be taken, by the reader task: must not
       wait. May be NULL. */
    void (*seen)(void *ctx, struct conn *c, const struct unit *u);
    void *ctx;
    struct stream *tls; /* the TLS layer of the stream when it has one already (for conn_tls_info);
                           NULL: the stream is in clear */
    /* 0 means the constant. */
    size_t unit_max, inbox_units, inbox_bytes;
    uint64_t total_max;
};

/* Starts reading. The connection owns `stream` from now on. */
struct conn *conn_open(struct stream *stream, const struct conn_options *options);
/* Ends it properly if it has not ended, and frees it and every unit that was not taken. Other tasks
   must have left it. NULL is fine. */
void conn_close(struct conn *c);

/* The next unit, in order of arrival. Units that came before the end are given out before
   CONN_CLOSED. *ret is the caller's; untouched unless CONN_UNIT. */
enum conn_result conn_next(struct conn *c, nsec deadline, struct unit **ret);
/* As conn_next(), but the unit stays, and stays the connection's: valid until it is taken. */
enum conn_result conn_peek(struct conn *c, nsec deadline, const struct unit **ret);
/* The queued units in order, without waiting; NULL when there is none. Follow ->next. */
const struct unit *conn_queue(const struct conn *c);
/* As an error value: ERR_TIMEOUT, ERR_CANCEL, ERR_LIMIT, or ERR_NETWORK / ERR_TLS with how it
   ended. `waiting_for` completes the sentence "... while waiting for <the greeting>". */
int conn_result_error(const struct conn *c, enum conn_result result, const char *waiting_for,
                      struct error *err);

/* Sends all bytes and writes them in the transcript as one entry: give it whole commands. 0, or
   ERR_NETWORK, ERR_TIMEOUT, ERR_CANCEL, ERR_TLS. After a failure nothing more can be sent, but what
   the server said can still be taken. */
int conn_send(struct conn *c, slice bytes, nsec deadline, struct error *err);
/* POP3: the form of the replies to come, one per command, in order, called before the command is
   sent. The greeting is expected already. Other protocols: does nothing. */
void conn_expect(struct conn *c, enum conn_expect kind);

/* The last reply was a challenge, so the next line is no command but answers it. */
bool conn_challenged(const struct conn *c);

/* The same as conn_expect() by reading POP3 commands, one or several whole lines: LIST, UIDL (without argument),
   RETR, TOP, CAPA and AUTH have their forms, anything else one line. Not for lines of an AUTH
   dialogue. */
void conn_expect_commands(struct conn *c, slice commands);
/* What the parser must know of the session, for every unit from now on: for SMTP and LMTP bits of
   enum smtp_reply_flags, for POP3 of enum pop3_reply_flags, for IMAP CONN_IMAP_UTF8 and
   CONN_IMAP_REV2 (imap_grammar.h), which are set by what the server says, too. SMTP_REPLY_TO_EHLO, POP3_MULTILINE and POP3_IN_AUTH are not the
   caller's: they are seen from what is sent, and no reply is held to ENHANCED before EHLO. */
enum conn_imap_flags { CONN_IMAP_UTF8 = 1, CONN_IMAP_REV2 = 2 };
void conn_set_flags(struct conn *c, unsigned flags);
unsigned conn_flags(const struct conn *c);

/* Starts TLS as client; called when the go-ahead for STARTTLS was taken. Stops the reader, waits
   CONN_TLS_PAUSE for more plaintext, then shakes hands and reads on in TLS. Plaintext that came
   after the go-ahead (units not yet taken, bytes, whatever) is dropped and appended to
   `leftover`, which may be NULL, whatever the outcome: any byte is a finding (RFC 9051 section
   6.2.1, RFC 3207 section 6). 0, or ERR_TLS, ERR_NETWORK, ERR_TIMEOUT, ERR_CANCEL; the connection
   has then ended (in clear it is never used again). */
#define CONN_TLS_PAUSE MILLIS(50)
int conn_start_tls(struct conn *c, struct tls_context *context, const struct tls_options *options,
                   nsec deadline, struct buf *leftover, struct error *err);
/* Starts deflate both ways; called when the go-ahead for COMPRESS was taken (RFC 4978). Units that
   were framed after the go-ahead are put back as compressed bytes. 0 or ERR_CANCEL. */
int conn_start_compress(struct conn *c, struct error *err);

/* Ends our direction; reading goes on. */
int conn_half_close(struct conn *c, nsec deadline, struct error *err);
/* RST. What came before can still be taken. */
void conn_reset(struct conn *c);
/* Closes properly; what came before can still be taken. In TLS, `truncate` leaves out
   close_notify. */
void conn_disconnect(struct conn *c, bool truncate);

enum conn_end conn_ended(const struct conn *c);
/* One sentence on the end, without full stop; "" while open. */
const char *conn_end_text(const struct conn *c);
/* When it ended; 0 while open. */
nsec conn_ended_at(const struct conn *c);
/* Bytes of a unit that is not complete: of interest when the connection has ended. */
slice conn_tail(const struct conn *c);
/* POP3: offset in conn_tail() of a line of one dot that is not the end of the response because of
   a bare LF; NO_OFFSET when there is none. It tells why the response never ended. */
size_t conn_false_end(const struct conn *c);

enum mail_protocol conn_protocol(const struct conn *c);
struct transcript *conn_transcript(const struct conn *c);
/* The top of its stack of streams; borrowed. NULL once it is closed. */
struct stream *conn_stream(const struct conn *c);
bool conn_in_tls(const struct conn *c);
bool conn_compressed(const struct conn *c);
/* Borrowed, as tls_info(). NULL in clear. After a failed conn_start_tls(): see
   tls_options.ret_failed. */
const struct tls_info *conn_tls_info(const struct conn *c);
/* The TLS layer, for tls_channel_binding() and tls_session(). NULL in clear. */
struct stream *conn_tls_stream(const struct conn *c);
uint64_t conn_units(const struct conn *c);
uint64_t conn_bytes_received(const struct conn *c);

#endif
