/* The task that reads one connection from its start to its end. */
#include "conn_private.h"
#include <stdarg.h>
#include <stdio.h>

/* One read takes at most this: the largest TLS record. */
enum { READ_SIZE = 16 << 10, KEEP_SIZE = 256 << 10 };

void conn_set_end(struct conn *c, enum conn_end end, const char *format, ...)
{
    if (c->end != CONN_OPEN)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(c->end_text, sizeof c->end_text, format, args);
    va_end(args);
    c->end = end;
    c->ended_at = now();
    transcript_received(c->transcript, c->device, c->tls != NULL, now(), buf_slice(&c->in));
    transcript_note(c->transcript, c->device, c->tls != NULL, now(), "%s", c->end_text);
    cond_broadcast(&c->changed);
}

void conn_set_end_of_stream(struct conn *c, int result)
{
    static const enum conn_end ends[] = {
        [CAUSE_NONE] = CONN_FAILED,        [CAUSE_END] = CONN_FIN,
        [CAUSE_RESET] = CONN_RESET,        [CAUSE_TRUNCATED] = CONN_TLS_TRUNCATED,
        [CAUSE_ALERT] = CONN_TLS_ALERT,    [CAUSE_TLS] = CONN_TLS_BROKEN,
        [CAUSE_DEFLATE] = CONN_TLS_BROKEN, [CAUSE_LIMIT] = CONN_TOO_MUCH,
        [CAUSE_TIMEOUT] = CONN_FAILED,     [CAUSE_CANCEL] = CONN_FAILED,
        [CAUSE_CUT] = CONN_OURS,           [CAUSE_SYSTEM] = CONN_FAILED,
    };
    enum conn_end end = result == 0 ? CONN_FIN : ends[stream_cause(c->stream)];
    conn_set_end(c, end, "%s", result == 0 ? "closed by the peer" : stream_error(c->stream));
}

/* A buffer that one huge response left behind is given back. */
static void buffer_trim(struct conn *c)
{
    if (c->in.n == 0 && c->in.cap > KEEP_SIZE) {
        size_t max = c->in.max;
        buf_release(&c->in);
        buf_init(&c->in, max);
    }
}

static bool read_once(struct conn *c)
{
    char *room = buf_room(&c->in, READ_SIZE);
    if (!room) {
        conn_set_end(c, CONN_TOO_MUCH, "the server sent a response of more than %zu bytes",
                     c->unit_max);
        return false;
    }
    ssize_t n = stream_read(c->stream, room, READ_SIZE, NEVER);
    if (n == IO_CANCEL)
        return false;
    if (n <= 0) {
        conn_set_end_of_stream(c, (int)n);
        return false;
    }
    buf_claim(&c->in, (size_t)n);
    c->received += (uint64_t)n;
    if (!conn_take_units(c))
        return false;
    buffer_trim(c);
    if (c->received <= c->total_max)
        return true;
    conn_set_end(c, CONN_TOO_MUCH, "the server sent more than %llu bytes on one connection",
                 (unsigned long long)c->total_max);
    return false;
}

/* Yields after each read, so that a server that never pauses cannot keep the script from taking
   what came. */
static void conn_reader(void *arg)
{
    struct conn *c = arg;
    while (read_once(c))
        task_yield();
}

void conn_reader_start(struct conn *c)
{
    if (!c->reader && c->stream && c->end == CONN_OPEN)
        c->reader = task_spawn(conn_reader, c);
}

void conn_reader_stop(struct conn *c)
{
    if (!c->reader)
        return;
    task_cancel(c->reader);
    task_join(c->reader);
    c->reader = NULL;
}

void conn_inbox_clear(struct conn *c)
{
    while (c->first) {
        struct unit *u = c->first;
        c->first = u->next;
        unit_free(u);
    }
    c->last = &c->first;
    c->queued = c->queued_bytes = 0;
}

void conn_unread(struct conn *c, struct buf *leftover)
{
    for (const struct unit *u = c->first; u; u = u->next)
        buf_add(leftover, u->raw);
    buf_add(leftover, buf_slice(&c->in));
    conn_inbox_clear(c);
    buf_clear(&c->in);
    c->framing->init(c);
}
