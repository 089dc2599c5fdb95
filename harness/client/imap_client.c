#include "imap_client.h"
#include "client_steps.h"
#include "imap_quote.h"
#include <assert.h>
#include <stdio.h>

void imap_client_init(struct imap_client *i, struct conn *conn, const char *prefix)
{
    *i = (struct imap_client) { .conn = conn };
    snprintf(i->prefix, sizeof i->prefix, "%s", prefix ? prefix : "A");
    i->caps.state = conn_in_tls(conn) ? CAPS_TLS : CAPS_CLEAR;
}

void imap_client_release(struct imap_client *i)
{
    session_capabilities_release(&i->caps);
    unit_free(i->greeting);
    *i = (struct imap_client) { 0 };
}

slice imap_next_tag(struct imap_client *i, char text[32])
{
    int n = snprintf(text, 32, "%s%u", i->prefix, ++i->tags);
    return (slice) { text, (size_t)n };
}

void imap_result_release(struct imap_result *r)
{
    while (r->first) {
        struct unit *u = r->first;
        r->first = u->next;
        unit_free(u);
    }
    unit_free(r->tagged);
    *r = (struct imap_result) { 0 };
}

/* RFC 9051 section 7.1, RFC 5530 section 3. */
bool imap_says_rate(const struct unit *u)
{
    static const char *const codes[] = { "LIMIT", "UNAVAILABLE", "INUSE" };
    const struct imap_response *r = u->imap;
    if (r->status != IMAP_NO && r->status != IMAP_BAD && r->status != IMAP_BYE)
        return false;
    for (size_t i = 0; i < COUNT(codes); i++)
        if (imap_response_has_code(r, codes[i]))
            return true;
    return client_text_says_rate(r->text);
}

static int refused(const struct imap_client *i, const struct unit *u, enum error_code code,
                   const char *what, struct error *err)
{
    return client_refused(i->conn, imap_says_rate(u) ? ERR_RATE : code, what, u->raw, err);
}

static void result_init(struct imap_result *r, slice tag)
{
    *r = (struct imap_result) { .sent_at = now() };
    r->end = &r->first;
    memcpy(r->tag, tag.p, tag.n);
}

static void result_add(struct imap_result *r, struct unit *u)
{
    *r->end = u;
    r->end = &u->next;
    r->n++;
}

/* The end before the tagged response: a BYE that came says more than the closing itself. */
static int ended_early(const struct imap_client *i, const struct imap_result *r,
                       enum conn_result how, const char *waiting_for, struct error *err)
{
    if (how == CONN_CLOSED)
        for (const struct unit *u = r->first; u; u = u->next)
            if (u->imap->status == IMAP_BYE)
                return refused(i, u, ERR_NETWORK, "going on", err);
    return conn_result_error(i->conn, how, waiting_for, err);
}

/* Takes units up to the tagged response or, when `plus`, to a continuation request. */
static int collect(struct imap_client *i, struct imap_result *r, bool plus, nsec deadline,
                   struct error *err, bool *ret_plus)
{
    for (;;) {
        char waiting_for[64];
        struct unit *u;
        enum conn_result result = conn_next(i->conn, deadline, &u);
        if (result != CONN_UNIT) {
            snprintf(waiting_for, sizeof waiting_for, "the tagged response to %s", r->tag);
            return ended_early(i, r, result, waiting_for, err);
        }
        const struct imap_response *got = u->imap;
        if (got->kind == IMAP_TAGGED && slice_eq(got->tag, slice_of(r->tag))) {
            r->tagged = u;
            r->status = got->status;
            return 0;
        }
        result_add(r, u);
        if (plus && got->kind == IMAP_CONTINUATION) {
            *ret_plus = true;
            return 0;
        }
        if (r->n == IMAP_CLIENT_UNITS_MAX)
            return error_set(err, ERR_LIMIT, "more than %d responses to one command",
                             IMAP_CLIENT_UNITS_MAX);
    }
}

void imap_result_take(struct imap_result *from, struct imap_result *to)
{
    *to = *from;
    if (!to->first)
        to->end = &to->first;
    *from = (struct imap_result) { 0 };
}

/* LITERAL- allows {n+} up to 4096 octets (RFC 7888 section 5). */
static bool may_skip_plus(struct imap_client *i, slice bytes)
{
    const struct capabilities *caps = session_caps(&i->caps);
    return caps_has(caps, S("LITERAL+")) ||
           (bytes.n <= 4096 && (caps_has(caps, S("LITERAL-")) || caps_has(caps, S("IMAP4rev2"))));
}

struct sending {
    struct imap_client *i;
    struct imap_result *r;
    nsec deadline;
    struct buf bytes;
    bool over; /* the tagged response came before the command was complete */
};

static int send_bytes(struct sending *s, struct error *err)
{
    int result = conn_send(s->i->conn, buf_slice(&s->bytes), s->deadline, err);
    buf_clear(&s->bytes);
    return result;
}

/* "{n}" CRLF, then the octets once the server has asked for them (RFC 9051 section 4.3). */
static int send_literal(struct sending *s, slice octets, const char *format, bool wait,
                        struct error *err)
{
    bool plus = false;
    buf_addf(&s->bytes, "%s%zu%s}\r\n", format, octets.n, wait ? "" : "+");
    if (wait) {
        int result = send_bytes(s, err);
        if (result == 0)
            result = collect(s->i, s->r, true, s->deadline, err, &plus);
        if (result < 0)
            return result;
        s->over = !plus;
    }
    buf_add(&s->bytes, octets);
    return 0;
}

static int send_piece(struct sending *s, const struct imap_piece *p, struct error *err)
{
    unsigned flags = conn_flags(s->i->conn) & CONN_IMAP_UTF8 ? IMAP_QUOTE_UTF8 : 0;
    enum imap_form form;
    switch (p->form) {
    case IMAP_TEXT:
        buf_add(&s->bytes, p->bytes);
        return 0;
    case IMAP_ASTRING:
        form = imap_form_of(p->bytes, flags);
        if (form == IMAP_FORM_ATOM || form == IMAP_FORM_QUOTED) {
            imap_string_add(&s->bytes, p->bytes, flags);
            return 0;
        }
        return send_literal(s, p->bytes, "{", !may_skip_plus(s->i, p->bytes), err);
    case IMAP_LITERAL_AUTO:
        return send_literal(s, p->bytes, "{", !may_skip_plus(s->i, p->bytes), err);
    case IMAP_LITERAL_NONSYNC:
        return send_literal(s, p->bytes, "{", false, err);
    case IMAP_LITERAL8_SYNC:
        return send_literal(s, p->bytes, "~{", true, err);
    default:
        return send_literal(s, p->bytes, "{", true, err);
    }
}

static int send_all(struct sending *s, const struct imap_piece *pieces, size_t n, struct error *err)
{
    buf_addf(&s->bytes, "%s ", s->r->tag);
    for (size_t k = 0; k < n; k++) {
        int result = send_piece(s, &pieces[k], err);
        if (result < 0 || s->over)
            return result;
    }
    buf_adds(&s->bytes, "\r\n");
    return send_bytes(s, err);
}

int imap_command(struct imap_client *i, const struct imap_piece *pieces, size_t n, nsec deadline,
                 struct error *err, struct imap_result *ret)
{
    char tag[32];
    bool plus = false;
    struct imap_result r;
    result_init(&r, imap_next_tag(i, tag));
    struct sending s = { .i = i, .r = &r, .deadline = deadline };
    buf_init(&s.bytes, BUF_OURS);
    int result = send_all(&s, pieces, n, err);
    if (result == 0 && !s.over)
        result = collect(i, &r, false, deadline, err, &plus);
    buf_release(&s.bytes);
    if (result < 0)
        imap_result_release(&r);
    else
        imap_result_take(&r, ret);
    return result;
}

int imap_command_line(struct imap_client *i, slice line, nsec deadline, struct error *err,
                      struct imap_result *ret)
{
    struct imap_piece piece = { IMAP_TEXT, line };
    return imap_command(i, &piece, 1, deadline, err, ret);
}

int imap_command_ok(struct imap_client *i, slice line, enum error_code code, nsec deadline,
                    struct error *err, struct imap_result *ret)
{
    struct imap_piece piece = { IMAP_TEXT, line };
    return imap_pieces_ok(i, &piece, 1, code, deadline, err, ret);
}

int imap_pieces_ok(struct imap_client *i, const struct imap_piece *pieces, size_t n,
                   enum error_code code, nsec deadline, struct error *err, struct imap_result *ret)
{
    char verb[16];
    auto_imap_result r = { 0 };
    int result = imap_command(i, pieces, n, deadline, err, &r);
    if (result < 0)
        return result;
    if (r.status != IMAP_OK)
        return refused(i, r.tagged, code, client_verb(pieces[0].bytes, verb), err);
    if (ret)
        imap_result_take(&r, ret);
    return 0;
}
