#include "relay.h"
#include "dot_stuff.h"
#include "smtp_reply.h"
#include <stdarg.h>
#include <stdio.h>

struct relay {
    struct server_conn *c;
    struct smtp_transaction *t;
    struct smtp_outcome *ret;
    struct stream *stream;
    struct buf in;
    struct arena arena;
    struct smtp_ehlo offers; /* nothing after HELO */
    size_t reply_octets;     /* of the last reply, still in `in` */
    struct smtp_reply reply;
};

/* The connection is of no more use: try again later. */
static bool lost(struct relay *r, const char *why)
{
    return smtp_outcome_set(r->ret, 451, "4.4.2", "next hop: %s", why);
}

static bool read_reply(struct relay *r)
{
    struct smtp_reply_frame frame;
    smtp_reply_frame_init(&frame);
    buf_shift(&r->in, r->reply_octets);
    r->reply_octets = 0;
    nsec deadline = now() + SECONDS(RELAY_SECONDS);
    for (;;) {
        enum frame f = smtp_reply_frame_next(&frame, buf_slice(&r->in), &r->reply_octets);
        if (f == FRAME_LIMIT)
            return lost(r, "reply too long");
        if (f == FRAME_READY)
            break;
        char *room = buf_room(&r->in, 4096);
        ssize_t n = room ? stream_read(r->stream, room, 4096, deadline) : IO_LIMIT;
        if (n <= 0)
            return lost(r, n ? stream_error(r->stream) : "connection closed");
        buf_claim(&r->in, (size_t)n);
    }
    slice raw = slice_sub(buf_slice(&r->in), 0, r->reply_octets);
    smtp_reply_parse(arena_dup(&r->arena, raw), 0, &r->arena, &r->reply);
    return true;
}

static bool send_bytes(struct relay *r, slice bytes)
{
    nsec deadline = now() + SECONDS(RELAY_SECONDS);
    return stream_write_slice(r->stream, bytes, deadline) >= 0 || lost(r, stream_error(r->stream));
}

/* Sends a line and reads its reply. False when the connection is lost. */
static bool ask(struct relay *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool ask(struct relay *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *line = NULL;
    int n = vasprintf(&line, format, ap);
    va_end(ap);
    bool good = n >= 0 && send_bytes(r, slice_make(line, (size_t)n)) && read_reply(r);
    free(line);
    return good;
}

/* The next hop's refusal becomes ours. A reply that has no place here is a failure of its own. */
static bool expect(struct relay *r, int class)
{
    if (r->reply.class == class)
        return true;
    slice text = smtp_reply_text(&r->reply, &r->arena);
    bool permanent = r->reply.class == 5;
    return smtp_outcome_set(r->ret, permanent ? 550 : 451, permanent ? "5.0.0" : "4.0.0",
                            "next hop said %d %.*s", r->reply.code,
                            SLICE_ARG(slice_sub(text, 0, 80)));
}

static bool hello(struct relay *r)
{
    const char *name = reference_host_name(r->c->ref);
    if (!read_reply(r) || !expect(r, 2) || !ask(r, "EHLO %s\r\n", name))
        return false;
    if (r->reply.class == 2) {
        smtp_ehlo_parse(&r->reply, &r->arena, &r->offers);
        return true;
    }
    return ask(r, "HELO %s\r\n", name) && expect(r, 2);
}

static bool offers(const struct relay *r, slice keyword)
{
    return smtp_ehlo_find(&r->offers, keyword) != NULL;
}

static bool has_8bit(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] & 0x80)
            return true;
    return false;
}

static bool send_sender(struct relay *r, slice message)
{
    slice sender = r->t->sender;
    auto_buf rewritten;
    buf_init(&rewritten, BUF_OURS);
    if (server_fault(r->c, FAULT_SUBMISSION_SENDER)) {
        buf_addf(&rewritten, "postmaster@%s", reference_domain(r->c->ref));
        sender = buf_slice(&rewritten);
    }
    if (r->t->utf8 && !offers(r, S("SMTPUTF8")))
        return smtp_outcome_set(r->ret, 550, "5.6.7", "next hop does not offer SMTPUTF8");
    bool eight = has_8bit(message);
    if (eight && !offers(r, S("8BITMIME")))
        return smtp_outcome_set(r->ret, 554, "5.6.3", "next hop does not offer 8BITMIME");
    slice dsn = offers(r, S("DSN")) ? r->t->params : S("");
    return ask(r, "MAIL FROM:<%.*s>%s%s%.*s\r\n", SLICE_ARG(sender), eight ? " BODY=8BITMIME" : "",
               r->t->utf8 ? " SMTPUTF8" : "", SLICE_ARG(dsn)) &&
           expect(r, 2);
}

static bool send_recipients(struct relay *r)
{
    array_each (to, &r->t->recipients) {
        if (to->account || to->refused)
            continue;
        slice dsn = offers(r, S("DSN")) ? to->params : S("");
        if (!ask(r, "RCPT TO:<%.*s>%.*s\r\n", SLICE_ARG(to->address), SLICE_ARG(dsn)) ||
            !expect(r, 2))
            return false;
    }
    return true;
}

/* Some of the recipients are here and the others, by fault, forgotten. */
static bool forgets(const struct server_conn *c, const struct smtp_transaction *t)
{
    array_each (to, &t->recipients)
        if (to->account && !to->refused)
            return server_fault(c, FAULT_SUBMISSION_DROPS_RECIPIENT);
    return false;
}

static void stuff(const struct relay *r, slice message, struct buf *out)
{
    if (!server_fault(r->c, FAULT_SUBMISSION_NO_DOTS)) {
        dot_encode_all(message, out);
        return;
    }
    buf_add(out, message);
    if (!slice_ends(message, S("\r\n")))
        buf_adds(out, "\r\n");
    buf_adds(out, ".\r\n");
}

static bool send_content(struct relay *r, slice message)
{
    if (!ask(r, "DATA\r\n") || !expect(r, 3))
        return false;
    auto_buf data;
    buf_init(&data, BUF_OURS);
    stuff(r, message, &data);
    if (server_fault(r->c, FAULT_SUBMISSION_8BIT))
        for (size_t i = 0; i < data.n; i++)
            data.p[i] &= 0x7F;
    return send_bytes(r, buf_slice(&data)) && read_reply(r) && expect(r, 2);
}

static bool converse(struct relay *r, slice message)
{
    if (!hello(r) || !send_sender(r, message) || !send_recipients(r) || !send_content(r, message))
        return false;
    return smtp_outcome_set(r->ret, 250, "2.0.0", "relayed");
}

bool relay_message(struct server_conn *c, struct smtp_transaction *t, slice message,
                   struct smtp_outcome *ret)
{
    const struct reference_options *o = reference_settings(c->ref);
    struct relay r = { .c = c, .t = t, .ret = ret };
    struct error err = { 0 };
    if (forgets(c, t))
        return smtp_outcome_set(ret, 250, "2.0.0", "relayed");
    if (!o->dial_next_hop)
        return smtp_outcome_set(ret, 451, "4.4.1", "there is no next hop");
    if (o->dial_next_hop(o->dial_arg, now() + SECONDS(RELAY_SECONDS), &err, &r.stream) < 0)
        return smtp_outcome_set(ret, 451, "4.4.1", "next hop: %.100s", err.text);
    buf_init(&r.in, RELAY_REPLY_MAX);
    struct smtp_outcome after = { 0 };
    bool good = converse(&r, message);
    /* What follows the message has no say in its fate. */
    r.ret = &after;
    ask(&r, "QUIT\r\n");
    stream_close(r.stream);
    buf_release(&r.in);
    arena_release(&r.arena);
    return good;
}
