#include "conn_private.h"

const char *conn_end_name(enum conn_end end)
{
    static const char *const names[] = {
        [CONN_OPEN] = "open",
        [CONN_FIN] = "closed",
        [CONN_RESET] = "reset",
        [CONN_TLS_TRUNCATED] = "closed without close_notify",
        [CONN_TLS_ALERT] = "TLS alert",
        [CONN_TLS_BROKEN] = "broken TLS",
        [CONN_TOO_MUCH] = "too much data",
        [CONN_FAILED] = "network failure",
        [CONN_OURS] = "closed by us",
    };
    return names[end];
}

struct conn *conn_open(struct stream *stream, const struct conn_options *o)
{
    struct conn *c = NEW(struct conn);
    c->framing = conn_framing_of(o->protocol);
    c->protocol = o->protocol;
    c->device = xstrdup(o->device ? o->device : mail_protocol_name(o->protocol));
    c->transcript = o->transcript;
    c->seen = o->seen;
    c->ctx = o->ctx;
    c->unit_max = o->unit_max ? o->unit_max : CONN_UNIT_MAX;
    c->inbox_units = o->inbox_units ? o->inbox_units : CONN_INBOX_UNITS;
    c->inbox_bytes = o->inbox_bytes ? o->inbox_bytes : CONN_INBOX_BYTES;
    c->total_max = o->total_max ? o->total_max : CONN_TOTAL_MAX;
    c->stream = stream;
    c->tls = o->tls;
    c->last = &c->first;
    /* A read is asked for only below the limit, hence room for one more. */
    buf_init(&c->in, c->unit_max + (64 << 10));
    c->framing->init(c);
    if (c->protocol == PROTOCOL_POP3)
        conn_expect(c, EXPECT_LINE);
    conn_reader_start(c);
    return c;
}

void conn_close(struct conn *c)
{
    if (!c)
        return;
    conn_disconnect(c, false);
    conn_inbox_clear(c);
    buf_release(&c->in);
    array_release(&c->expected);
    free(c->device);
    free(c);
}

enum conn_result conn_peek(struct conn *c, nsec deadline, const struct unit **ret)
{
    for (;;) {
        if (task_is_cancelled())
            return CONN_CANCELLED;
        if (c->first) {
            *ret = c->first;
            return CONN_UNIT;
        }
        if (c->end != CONN_OPEN)
            return CONN_CLOSED;
        if (cond_wait(&c->changed, deadline) == WAKE_TIMEOUT)
            return CONN_TIMEOUT;
    }
}

enum conn_result conn_next(struct conn *c, nsec deadline, struct unit **ret)
{
    const struct unit *next;
    enum conn_result result = conn_peek(c, deadline, &next);
    if (result != CONN_UNIT)
        return result;
    struct unit *u = c->first;
    c->first = u->next;
    if (!c->first)
        c->last = &c->first;
    c->queued--;
    c->queued_bytes -= u->raw.n;
    u->next = NULL;
    *ret = u;
    return CONN_UNIT;
}

const struct unit *conn_queue(const struct conn *c)
{
    return c->first;
}

static enum error_code end_error(enum conn_end end)
{
    switch (end) {
    case CONN_TLS_TRUNCATED:
    case CONN_TLS_ALERT:
    case CONN_TLS_BROKEN:
        return ERR_TLS;
    case CONN_TOO_MUCH:
        return ERR_LIMIT;
    default:
        return ERR_NETWORK;
    }
}

int conn_result_error(const struct conn *c, enum conn_result result, const char *waiting_for,
                      struct error *err)
{
    switch (result) {
    case CONN_UNIT:
        return 0;
    case CONN_TIMEOUT:
        return error_set(err, ERR_TIMEOUT, "no answer in time while waiting for %s", waiting_for);
    case CONN_CANCELLED:
        return error_set(err, ERR_CANCEL, "cancelled while waiting for %s", waiting_for);
    case CONN_CLOSED:
        break;
    }
    return error_set(err, end_error(c->end), "%s, while waiting for %s", c->end_text, waiting_for);
}

/* An SMTP server may answer EHLO with any text in its first line (RFC 5321 section 4.1.1.1). */
static bool is_hello(slice bytes)
{
    static const char *const verbs[] = { "EHLO", "HELO", "LHLO" };
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (slice_starts_nocase(bytes, slice_of(verbs[i])) &&
            (bytes.n == 4 || bytes.p[4] == ' ' || bytes.p[4] == '\r' || bytes.p[4] == '\n'))
            return true;
    return false;
}

int conn_send(struct conn *c, slice bytes, nsec deadline, struct error *err)
{
    if (!c->stream || c->cannot_send)
        return error_set(err, ERR_NETWORK, "cannot send: %s",
                         c->end != CONN_OPEN ? c->end_text : c->cannot_send);
    if (task_is_cancelled())
        return error_set(err, ERR_CANCEL, "cancelled before a command was sent");
    if (is_hello(bytes))
        c->hello_sent = true;
    transcript_sent(c->transcript, c->device, c->tls != NULL, now(), bytes);
    int result = stream_write_slice(c->stream, bytes, deadline);
    if (result < 0) {
        c->cannot_send = "an earlier command could not be sent";
        result = stream_error_set(c->stream, result, err);
        error_prefix(err, "sending");
        return result;
    }
    return 0;
}

void conn_expect(struct conn *c, enum conn_expect kind)
{
    if (c->protocol == PROTOCOL_POP3)
        *array_push(&c->expected) = kind;
}

static enum conn_expect command_expect(slice line)
{
    static const struct {
        const char *verb;
        enum conn_expect bare, with_argument;
    } table[] = {
        { "CAPA", EXPECT_MULTI, EXPECT_MULTI }, { "LIST", EXPECT_MULTI, EXPECT_LINE },
        { "UIDL", EXPECT_MULTI, EXPECT_LINE },  { "RETR", EXPECT_LINE, EXPECT_MULTI },
        { "TOP", EXPECT_LINE, EXPECT_MULTI },   { "AUTH", EXPECT_MULTI, EXPECT_AUTH },
        { "LANG", EXPECT_MULTI, EXPECT_LINE }, /* RFC 6856 section 3.2 */
    };
    slice rest = slice_trim(line), verb = { 0 };
    slice_cut(&rest, ' ', &verb);
    bool bare = slice_is_empty(slice_trim(rest));
    for (size_t i = 0; i < COUNT(table); i++)
        if (slice_eq_nocase(verb, slice_of(table[i].verb)))
            return bare ? table[i].bare : table[i].with_argument;
    return EXPECT_LINE;
}

void conn_expect_commands(struct conn *c, slice commands)
{
    slice line;
    while (slice_line(&commands, &line))
        conn_expect(c, command_expect(line));
}

void conn_set_flags(struct conn *c, unsigned flags)
{
    c->flags = flags;
}

bool conn_challenged(const struct conn *c)
{
    return c->challenged;
}

unsigned conn_flags(const struct conn *c)
{
    return c->flags;
}
