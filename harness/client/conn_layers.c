/* What happens to the stack of streams below a connection: TLS, deflate, the end; and its facts. */
#include "conn_private.h"
#include "deflate_stream.h"

/* A server that injects plaintext behind its go-ahead may do so a moment later. Reading on for a
   while tells it from a failed handshake. */
static int drain_plaintext(struct conn *c, nsec deadline, struct buf *leftover)
{
    nsec until = now() + CONN_TLS_PAUSE;
    if (until > deadline)
        until = deadline;
    for (;;) {
        char data[4096];
        ssize_t n = stream_read(c->stream, data, sizeof data, until);
        if (n == IO_TIMEOUT)
            return 0;
        if (n <= 0)
            return n == 0 ? IO_ERROR : (int)n;
        slice bytes = { data, (size_t)n };
        transcript_received(c->transcript, c->device, false, now(), bytes);
        c->received += bytes.n;
        buf_add(leftover, slice_sub(bytes, 0, leftover->max - leftover->n));
        if (leftover->n == leftover->max)
            return 0;
    }
}

static int ended_before_tls(struct conn *c, struct error *err)
{
    return error_set(err, ERR_NETWORK, "%s, before TLS could start",
                     c->end == CONN_OPEN ? "not connected" : c->end_text);
}

static int collect_leftover(struct conn *c, nsec deadline, struct buf *leftover, struct error *err)
{
    slice partial = buf_slice(&c->in);
    transcript_received(c->transcript, c->device, false, now(), partial);
    conn_unread(c, leftover);
    int result = drain_plaintext(c, deadline, leftover);
    if (result == IO_CANCEL)
        return error_set(err, ERR_CANCEL, "cancelled before TLS started");
    if (result < 0) {
        conn_set_end_of_stream(c, stream_cause(c->stream) == CAUSE_END ? 0 : result);
        return ended_before_tls(c, err);
    }
    return 0;
}

static int shake_hands(struct conn *c, struct tls_context *context,
                       const struct tls_options *options, nsec deadline, struct error *err)
{
    struct stream *tls;
    struct error why = { 0 };
    transcript_note(c->transcript, c->device, false, now(), "TLS starts");
    int result = tls_open_client(c->stream, context, options, deadline, &why, &tls);
    if (result < 0) {
        conn_set_end(c, result == ERR_TLS ? CONN_TLS_BROKEN : CONN_FAILED, "TLS failed: %s",
                     why.text);
        c->cannot_send = "TLS failed";
        if (err)
            *err = why;
        return result;
    }
    c->stream = c->tls = tls;
    const struct tls_info *info = tls_info(tls);
    transcript_note(c->transcript, c->device, true, now(), "TLS is on: %s, %s", info->version,
                    info->cipher);
    return 0;
}

int conn_start_tls(struct conn *c, struct tls_context *context, const struct tls_options *options,
                   nsec deadline, struct buf *leftover, struct error *err)
{
    auto_buf plain = { 0 };
    buf_init(&plain, CONN_LEFTOVER_MAX);
    conn_reader_stop(c);
    if (!c->stream || c->end != CONN_OPEN)
        return ended_before_tls(c, err);
    int result = collect_leftover(c, deadline, &plain, err);
    if (leftover)
        buf_add(leftover, buf_slice(&plain));
    if (result == 0)
        result = shake_hands(c, context, options, deadline, err);
    c->hello_sent = false;
    conn_reader_start(c);
    return result;
}

int conn_start_compress(struct conn *c, struct error *err)
{
    auto_buf compressed = { 0 };
    buf_init(&compressed, c->inbox_bytes + c->unit_max);
    if (task_is_cancelled())
        return error_set(err, ERR_CANCEL, "cancelled before compression started");
    conn_reader_stop(c);
    if (!c->stream || c->end != CONN_OPEN)
        return error_set(err, ERR_NETWORK, "%s, before compression could start", c->end_text);
    conn_unread(c, &compressed);
    c->stream = deflate_open(c->stream, buf_slice(&compressed), -1, 0);
    c->compressed = true;
    transcript_note(c->transcript, c->device, c->tls != NULL, now(), "compression starts");
    conn_reader_start(c);
    return 0;
}

int conn_half_close(struct conn *c, nsec deadline, struct error *err)
{
    if (!c->stream || c->cannot_send)
        return error_set(err, ERR_NETWORK, "cannot half-close: %s",
                         c->end != CONN_OPEN ? c->end_text : c->cannot_send);
    c->cannot_send = "our direction was closed";
    transcript_note(c->transcript, c->device, c->tls != NULL, now(), "we end our direction");
    int result = stream_half_close(c->stream, deadline);
    return result < 0 ? stream_error_set(c->stream, result, err) : 0;
}

void conn_reset(struct conn *c)
{
    conn_reader_stop(c);
    conn_set_end(c, CONN_OURS, "reset by us");
    if (c->stream)
        stream_reset(c->stream);
}

void conn_disconnect(struct conn *c, bool truncate)
{
    conn_reader_stop(c);
    conn_set_end(c, CONN_OURS, "closed by us");
    if (c->tls && truncate)
        tls_set_truncate(c->tls);
    stream_close(c->stream);
    c->stream = c->tls = NULL;
}

enum conn_end conn_ended(const struct conn *c)
{
    return c->end;
}

const char *conn_end_text(const struct conn *c)
{
    return c->end_text;
}

nsec conn_ended_at(const struct conn *c)
{
    return c->ended_at;
}

slice conn_tail(const struct conn *c)
{
    return buf_slice(&c->in);
}

size_t conn_false_end(const struct conn *c)
{
    return c->protocol == PROTOCOL_POP3 && c->begun ? c->frame.pop3.false_end : NO_OFFSET;
}

enum mail_protocol conn_protocol(const struct conn *c)
{
    return c->protocol;
}

struct transcript *conn_transcript(const struct conn *c)
{
    return c->transcript;
}

struct stream *conn_stream(const struct conn *c)
{
    return c->stream;
}

bool conn_in_tls(const struct conn *c)
{
    return c->tls != NULL;
}

bool conn_compressed(const struct conn *c)
{
    return c->compressed;
}

const struct tls_info *conn_tls_info(const struct conn *c)
{
    return c->tls ? tls_info(c->tls) : NULL;
}

struct stream *conn_tls_stream(const struct conn *c)
{
    return c->tls;
}

uint64_t conn_units(const struct conn *c)
{
    return c->units;
}

uint64_t conn_bytes_received(const struct conn *c)
{
    return c->received;
}
