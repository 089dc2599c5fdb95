#include "stream.h"
#include "alloc.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *stream_cause_name(enum stream_cause cause)
{
    static const char *const names[] = {
        [CAUSE_NONE] = "none",           [CAUSE_END] = "end",     [CAUSE_RESET] = "reset",
        [CAUSE_TRUNCATED] = "truncated", [CAUSE_ALERT] = "alert", [CAUSE_TLS] = "tls",
        [CAUSE_DEFLATE] = "deflate",     [CAUSE_LIMIT] = "limit", [CAUSE_TIMEOUT] = "timeout",
        [CAUSE_CANCEL] = "cancel",       [CAUSE_CUT] = "cut",     [CAUSE_SYSTEM] = "system",
    };
    return names[cause];
}

ssize_t stream_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    assert(n > 0);
    if (task_is_cancelled())
        return stream_wake(s, WAKE_CANCEL);
    ssize_t got = s->ops->read(s, data, n, deadline);
    if (got == 0)
        s->cause = CAUSE_END;
    return got;
}

int stream_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    return n ? s->ops->write(s, data, n, deadline) : 0;
}

int stream_write_slice(struct stream *s, slice data, nsec deadline)
{
    return stream_write(s, data.p, data.n, deadline);
}

int stream_half_close(struct stream *s, nsec deadline)
{
    return s->ops->half_close(s, deadline);
}

void stream_reset(struct stream *s)
{
    s->ops->reset(s);
    stream_fail(s, IO_ERROR, CAUSE_CUT, "reset by us");
}

void stream_close(struct stream *s)
{
    if (s)
        s->ops->close(s);
}

const char *stream_error(const struct stream *s)
{
    return s->failure ? s->failure : s->cause == CAUSE_END ? "closed by the peer" : "no failure";
}

enum stream_cause stream_cause(const struct stream *s)
{
    return s->cause;
}

int stream_error_set(const struct stream *s, int result, struct error *err)
{
    static const enum error_code codes[] = {
        [-IO_TIMEOUT] = ERR_TIMEOUT, [-IO_CANCEL] = ERR_CANCEL, [-IO_ERROR] = ERR_NETWORK,
        [-IO_TLS] = ERR_TLS,         [-IO_LIMIT] = ERR_LIMIT,
    };
    enum error_code code = result < 0 ? codes[-result] : ERR_NETWORK;
    return error_set(err, code, "%s", stream_error(s));
}

int stream_fail(struct stream *s, int code, enum stream_cause cause, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    free(s->failure); /* only now: it may be among the arguments */
    s->failure = text;
    s->cause = cause;
    return code;
}

int stream_fail_under(struct stream *s, int code)
{
    return stream_fail(s, code, s->under->cause, "%s", stream_error(s->under));
}

int stream_fail_errno(struct stream *s, int errno_value)
{
    bool reset = errno_value == ECONNRESET || errno_value == EPIPE;
    char text[128];
    return stream_fail(s, IO_ERROR, reset ? CAUSE_RESET : CAUSE_SYSTEM, "%s",
                       errno_value == ECONNRESET ? "connection reset by peer"
                                                 : strerror_r(errno_value, text, sizeof text));
}

int stream_wake(struct stream *s, enum wake wake)
{
    if (wake == WAKE_READY)
        return 0;
    if (wake == WAKE_TIMEOUT)
        return stream_fail(s, IO_TIMEOUT, CAUSE_TIMEOUT, "no answer in time");
    return stream_fail(s, IO_CANCEL, CAUSE_CANCEL, "cancelled");
}

int stream_half_close_under(struct stream *s, nsec deadline)
{
    int r = stream_half_close(s->under, deadline);
    return r < 0 ? stream_fail_under(s, r) : r;
}

void stream_reset_under(struct stream *s)
{
    stream_reset(s->under);
}

void stream_release(struct stream *s)
{
    free(s->failure);
    s->failure = NULL;
}

enum wake turn_take(struct turn *t, nsec deadline)
{
    while (t->taken) {
        enum wake wake = cond_wait(&t->freed, deadline);
        if (wake != WAKE_READY)
            return wake;
    }
    t->taken = true;
    return WAKE_READY;
}

void turn_give(struct turn *t)
{
    assert(t->taken);
    t->taken = false;
    cond_broadcast(&t->freed);
}
