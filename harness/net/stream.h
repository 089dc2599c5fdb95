/* A byte stream with a peer, that blocks only its task. Layers (TLS, deflate, tap, shape) are
   streams over a stream: closing the top one closes and frees all below.

   Results: > 0 bytes, 0 (write: all of it went down; read: clean end), < 0 one of the IO_ codes.
   After any negative result but IO_TIMEOUT or IO_CANCEL of a read, the stream is only good for
   stream_error(), stream_cause(), stream_reset() and stream_close(). A write that timed out or was
   cancelled may have sent a part: nothing more may be written then (a task that can be cancelled
   between two commands shields its writes, see task_shield()).

   One task may read while another writes; two tasks that write are put in order whole write by
   whole write. Two tasks must not read at once. Deadlines are absolute. Only tasks use streams. */
#ifndef STREAM_H
#define STREAM_H

#include "error.h"
#include "slice.h"
#include "task.h"
#include <sys/types.h>

enum {
    IO_TIMEOUT = -1, /* the deadline passed */
    IO_CANCEL = -2,  /* this task was cancelled */
    IO_ERROR = -3,   /* reset, broken pipe, any other errno */
    IO_TLS = -4,     /* TLS alert, bad record, end without close_notify */
    IO_LIMIT = -5    /* a limit of ours was hit (deflate bomb) */
};

/* Why a stream ended or failed, as exactly as can be told. */
enum stream_cause {
    CAUSE_NONE,      /* nothing yet */
    CAUSE_END,       /* clean end: FIN, or close_notify in TLS */
    CAUSE_RESET,     /* RST */
    CAUSE_TRUNCATED, /* FIN in TLS without close_notify */
    CAUSE_ALERT,     /* the peer sent a fatal TLS alert */
    CAUSE_TLS,       /* any other TLS failure */
    CAUSE_DEFLATE,   /* what came is no deflate stream */
    CAUSE_LIMIT,
    CAUSE_TIMEOUT,
    CAUSE_CANCEL,
    CAUSE_CUT,   /* the shaper cut it on purpose, or we reset it */
    CAUSE_SYSTEM /* another errno */
};
/* "end", "reset", "truncated", ... */
const char *stream_cause_name(enum stream_cause cause);

struct stream;
struct stream_ops {
    const char *kind; /* "socket", "memory", "tls", ... */
    ssize_t (*read)(struct stream *s, void *data, size_t n, nsec deadline);
    int (*write)(struct stream *s, const void *data, size_t n, nsec deadline);
    int (*half_close)(struct stream *s, nsec deadline);
    void (*reset)(struct stream *s);
    void (*close)(struct stream *s);
};
/* The head of every kind of stream. */
struct stream {
    const struct stream_ops *ops;
    struct stream *under; /* NULL at the bottom */
    enum stream_cause cause;
    char *failure; /* owned; NULL while nothing failed */
};

/* At most n bytes, at least one unless it is the end. n > 0. */
ssize_t stream_read(struct stream *s, void *data, size_t n, nsec deadline);
/* All n bytes or an error. n == 0 does nothing. */
int stream_write(struct stream *s, const void *data, size_t n, nsec deadline);
int stream_write_slice(struct stream *s, slice data, nsec deadline);
/* Ends our direction (close_notify when TLS, then FIN); reading goes on. 0 or < 0. */
int stream_half_close(struct stream *s, nsec deadline);
/* Drops the connection at once, with RST where there is one. Calls under way fail. The stream is
   still to be closed. */
void stream_reset(struct stream *s);
/* Ends both directions properly (TLS: close_notify, waiting a second at most to send it) and frees
   s and all below. No other task may be inside a call on s. NULL is fine. */
void stream_close(struct stream *s);

/* One sentence on the last failure, without full stop: "connection reset by peer", "closed
   without close_notify". "no failure" when there was none. Valid until the next call on s. */
const char *stream_error(const struct stream *s);
enum stream_cause stream_cause(const struct stream *s);
/* Turns a negative result of s into a struct error with the sentence; returns the error code. */
int stream_error_set(const struct stream *s, int result, struct error *err);

/* Sockets (any SOCK_STREAM). Takes fd over and makes it non-blocking. */
struct stream *fd_stream_open(int fd);
/* "127.0.0.1 port 143", of a socket stream or of the one at the bottom of a stack; "memory" or
   "unix socket" for others. */
void stream_peer_name(const struct stream *s, char text[80]);
void stream_local_name(const struct stream *s, char text[80]);

/* Two ends in memory, no descriptor; works on the virtual clock. Each direction holds at most
   PAIR_BUFFER_MAX bytes: a writer waits for its reader. */
enum { PAIR_BUFFER_MAX = 1 << 20 };
void pair_open(struct stream *ret_end[2]);

/* For implementers of streams. stream_fail records cause and sentence and returns code;
   stream_fail_under copies those of s->under; stream_wake maps a wait's outcome: 0 for WAKE_READY,
   else IO_TIMEOUT / IO_CANCEL with cause and sentence recorded. stream_half_close_under and
   stream_reset_under are the ops of layers that have nothing to add. stream_release frees what the
   head owns. */
int stream_fail(struct stream *s, int code, enum stream_cause cause, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int stream_fail_under(struct stream *s, int code);
int stream_fail_errno(struct stream *s, int errno_value);
int stream_wake(struct stream *s, enum wake wake);
int stream_half_close_under(struct stream *s, nsec deadline);
void stream_reset_under(struct stream *s);
void stream_release(struct stream *s);

/* A turn that one task takes at a time. All zero is a free one. */
struct turn {
    bool taken;
    struct cond freed;
};
enum wake turn_take(struct turn *t, nsec deadline);
void turn_give(struct turn *t);

#endif
