#include "server_conn.h"
#include "server_tls.h"
#include "tls.h"
#include "tls_mimic.h"
#include <stdarg.h>
#include <stdio.h>

enum { READ_SIZE = 16 * 1024, LINGER_SECONDS = 1 };

void server_conn_init(struct server_conn *c, struct reference *ref, const struct service *service,
                      struct stream *stream, const char *peer)
{
    *c = (struct server_conn) {
        .ref = ref, .service = service, .faults = reference_faults(ref), .stream = stream
    };
    snprintf(c->peer, sizeof c->peer, "%s", peer ? peer : "127.0.0.1");
    buf_init(&c->in, SERVER_INPUT_MAX);
    buf_init(&c->out, BUF_OURS);
}

static bool handshake(struct server_conn *c)
{
    const struct server_tls *tls = reference_tls(c->ref);
    nsec deadline = now() + SECONDS(SERVER_HANDSHAKE_SECONDS);
    if (server_fault(c, FAULT_TLS_HANDSHAKE_SILENT)) {
        task_sleep(deadline);
        return false;
    }
    struct tls_options options;
    struct tls_context *context = server_tls_context(tls, c->service->role, c->peer, &options);
    if (tls_mimic_wanted(c->faults) &&
        !tls_mimic(&c->stream, c->faults, buf_slice(&tls->leaf), &options, deadline))
        return false;
    if (tls_open_server(c->stream, context, &options, deadline, NULL, &c->tls) < 0)
        return false;
    c->stream = c->tls;
    return true;
}

bool server_conn_begin(struct server_conn *c)
{
    enum fault_id other = c->service->implicit_tls ? FAULT_TLS_IMPLICIT_PLAIN : FAULT_TLS_PLAIN_TLS;
    if (c->service->implicit_tls != server_fault(c, other))
        return handshake(c);
    return true;
}

static bool flush(struct server_conn *c, nsec seconds)
{
    if (!c->broken && c->out.n) {
        nsec deadline = now() + SECONDS(seconds);
        c->broken = stream_write_slice(c->stream, buf_slice(&c->out), deadline) < 0;
    }
    buf_clear(&c->out);
    return !c->broken;
}

/* Closing a socket that has unread input sends RST, and the last reply would be lost with it. So
   end our direction first and read on for a moment. */
static void linger(struct server_conn *c)
{
    char waste[READ_SIZE];
    nsec deadline = now() + SECONDS(LINGER_SECONDS);
    if (stream_half_close(c->stream, deadline) < 0)
        return;
    while (stream_read(c->stream, waste, sizeof waste, deadline) > 0)
        ;
}

void server_conn_close(struct server_conn *c)
{
    /* A server that shuts down still says its last word, but waits for nobody. */
    bool cancelled = task_is_cancelled(), was = task_shield(true);
    bool sent = flush(c, cancelled ? LINGER_SECONDS : SERVER_WRITE_SECONDS);
    if (c->tls && server_fault(c, FAULT_TLS_NO_CLOSE_NOTIFY))
        tls_set_truncate(c->tls);
    else if (sent && !cancelled)
        linger(c);
    stream_close(c->stream);
    task_shield(was);
    buf_release(&c->in);
    buf_release(&c->out);
}

slice server_conn_pending(const struct server_conn *c)
{
    return slice_skip(buf_slice(&c->in), c->used);
}

void server_conn_use(struct server_conn *c, size_t n)
{
    c->used += n;
    if (c->used >= c->in.n) {
        buf_clear(&c->in);
        c->used = 0;
    }
}

static enum server_line line_of_result(ssize_t n)
{
    if (n > 0)
        return LINE_OK;
    return n == IO_TIMEOUT ? LINE_TIMEOUT : n == IO_CANCEL ? LINE_CANCEL : LINE_END;
}

enum server_line server_conn_fill(struct server_conn *c, nsec deadline)
{
    if (!server_conn_flush(c))
        return task_is_cancelled() ? LINE_CANCEL : LINE_END;
    if (c->used) {
        buf_shift(&c->in, c->used);
        c->used = 0;
    }
    char *room = buf_room(&c->in, READ_SIZE);
    if (!room)
        return LINE_END;
    ssize_t n = stream_read(c->stream, room, READ_SIZE, deadline);
    if (n > 0)
        buf_claim(&c->in, (size_t)n);
    return line_of_result(n);
}

/* Length of the first line with its end, 0 when it is not complete. *ret_text is without the end.
   `from` octets were searched before in vain. */
static size_t line_length(const struct server_conn *c, slice pending, size_t from, size_t *ret_text)
{
    size_t back = from ? from - 1 : 0;
    slice rest = slice_skip(pending, back);
    if (c->segment_is_line && pending.n && slice_find_char(pending, '\n') == SIZE_MAX) {
        *ret_text = pending.n;
        return pending.n;
    }
    size_t at = c->lf_ends_line ? slice_find_char(rest, '\n') : slice_find(rest, S("\r\n"));
    if (at == SIZE_MAX)
        return 0;
    at += back;
    if (!c->lf_ends_line) {
        *ret_text = at;
        return at + 2;
    }
    *ret_text = at && pending.p[at - 1] == '\r' ? at - 1 : at;
    return at + 1;
}

/* Reads and drops the rest of a line that is too long. */
static enum server_line drop_line(struct server_conn *c, nsec deadline)
{
    size_t dropped = 0, text;
    for (;;) {
        slice pending = server_conn_pending(c);
        size_t length = line_length(c, pending, 0, &text);
        if (length) {
            server_conn_use(c, length);
            return LINE_LONG;
        }
        /* The last octet stays: it may be the CR of the CRLF. */
        size_t n = pending.n ? pending.n - 1 : 0;
        server_conn_use(c, n);
        dropped += n;
        if (dropped > SERVER_LINE_DROP_MAX)
            return LINE_END;
        enum server_line got = server_conn_fill(c, deadline);
        if (got != LINE_OK)
            return got;
    }
}

enum server_line server_conn_line(struct server_conn *c, size_t max, nsec deadline, slice *ret_line)
{
    size_t searched = 0, text;
    for (;;) {
        slice pending = server_conn_pending(c);
        size_t length = line_length(c, pending, searched, &text);
        if (length > max || (!length && pending.n > max))
            return drop_line(c, deadline);
        if (length) {
            *ret_line = slice_sub(pending, 0, text);
            /* Not server_conn_use(): the bytes must stay where they are until the next read. */
            c->used += length;
            return LINE_OK;
        }
        searched = pending.n;
        enum server_line got = server_conn_fill(c, deadline);
        if (got != LINE_OK)
            return got;
    }
}

enum server_line server_conn_some(struct server_conn *c, size_t n, nsec deadline, slice *ret)
{
    if (!server_conn_pending(c).n) {
        enum server_line got = server_conn_fill(c, deadline);
        if (got != LINE_OK)
            return got;
    }
    *ret = slice_sub(server_conn_pending(c), 0, n);
    c->used += ret->n;
    return LINE_OK;
}

void server_conn_send(struct server_conn *c, slice data)
{
    buf_add(&c->out, data);
}

void server_conn_sendf(struct server_conn *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = NULL;
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n >= 0)
        buf_add(&c->out, slice_make(text, (size_t)n));
    free(text);
}

bool server_conn_flush(struct server_conn *c)
{
    return flush(c, SERVER_WRITE_SECONDS);
}

bool server_conn_offers_starttls(const struct server_conn *c)
{
    if (server_fault(c, FAULT_TLS_STARTTLS_NOT_OFFERED) ||
        server_fault(c, FAULT_TLS_STARTTLS_HIDDEN))
        return false;
    return !c->tls || server_fault(c, FAULT_TLS_STARTTLS_STILL_OFFERED);
}

enum starttls_answer server_conn_starttls_answer(const struct server_conn *c)
{
    if (c->tls && !server_fault(c, FAULT_TLS_STARTTLS_TWICE))
        return STARTTLS_ACTIVE;
    if (server_fault(c, FAULT_TLS_STARTTLS_NOT_OFFERED) ||
        server_fault(c, FAULT_TLS_STARTTLS_REFUSED))
        return STARTTLS_NONE;
    return STARTTLS_GO;
}

/* One more line in the protocol's own form. */
static slice stray_line(const struct server_conn *c)
{
    switch (c->service->protocol) {
    case PROTOCOL_POP3:
        return S("+OK ready\r\n");
    case PROTOCOL_IMAP:
        return S("* OK ready\r\n");
    default:
        return S("220 2.0.0 ready\r\n");
    }
}

bool server_conn_starttls(struct server_conn *c, slice go_ahead)
{
    server_conn_send(c, go_ahead);
    if (server_fault(c, FAULT_TLS_STARTTLS_EXTRA_PLAINTEXT))
        server_conn_send(c, stray_line(c));
    if (!server_conn_flush(c))
        return false;
    if (!server_fault(c, FAULT_TLS_STARTTLS_KEEPS_PLAINTEXT))
        server_conn_use(c, server_conn_pending(c).n);
    if (!handshake(c))
        return server_fault(c, FAULT_TLS_STARTTLS_FALLS_BACK);
    if (server_fault(c, FAULT_TLS_STARTTLS_SECOND_GREETING))
        server_conn_send(c, stray_line(c));
    return true;
}

bool server_conn_allows_passwords(const struct server_conn *c)
{
    if (server_fault(c, FAULT_TLS_LOGIN_REFUSED))
        return false;
    return c->tls || reference_settings(c->ref)->clear_login ||
           server_fault(c, FAULT_TLS_LOGIN_IN_CLEAR) ||
           server_fault(c, FAULT_TLS_STARTTLS_AFTER_LOGIN);
}

bool server_conn_has_mechanism(const struct server_conn *c, slice mechanism)
{
    slice rest = slice_of(reference_settings(c->ref)->mechanisms), name;
    if (!rest.p)
        return true;
    while (slice_cut(&rest, ' ', &name))
        if (slice_eq_nocase(name, mechanism))
            return true;
    return false;
}

bool server_conn_takes_passwords(const struct server_conn *c)
{
    return server_conn_allows_passwords(c) &&
           (server_conn_has_mechanism(c, S("PLAIN")) || server_conn_has_mechanism(c, S("LOGIN")));
}

struct account *server_conn_login(const struct server_conn *c, slice user, slice password)
{
    /* imapd has a fault of its own for this. */
    static const enum fault_id any_password[] = { [PROTOCOL_SMTP] = FAULT_SMTP_AUTH_ANY_PASSWORD,
                                                  [PROTOCOL_LMTP] = FAULT_SMTP_AUTH_ANY_PASSWORD,
                                                  [PROTOCOL_POP3] = FAULT_POP3_PASS_ANY };
    struct account *a = reference_login(c->ref, user, password);
    if (!a && c->service->protocol != PROTOCOL_IMAP &&
        server_fault(c, any_password[c->service->protocol]))
        a = reference_find_user(c->ref, user);
    return a;
}
