/* From a complete message to mailboxes and the next hop. */
#include "mail_date.h"
#include "mime_header.h"
#include "relay.h"
#include "smtp_transaction.h"
#include "smtpd_session.h"
#include "store.h"
#include "tls.h"

void smtp_transaction_init(struct smtp_transaction *t)
{
    *t = (struct smtp_transaction) { 0 };
    buf_init(&t->data, BUF_OURS);
}

void smtp_transaction_release(struct smtp_transaction *t)
{
    array_release(&t->recipients);
    arena_release(&t->arena);
    buf_release(&t->data);
}

void smtp_transaction_reset(struct smtp_transaction *t)
{
    smtp_transaction_release(t);
    smtp_transaction_init(t);
}

size_t smtp_transaction_accepted(const struct smtp_transaction *t)
{
    size_t n = 0;
    array_each (r, &t->recipients)
        n += !r->refused;
    return n;
}

/* --- is it fit? --- */

/* Of one message: what RFC 5321 sections 2.3.8 and 4.5.3.1.6 rule out. */
struct text_facts {
    bool bare, nul;
    size_t longest; /* octets of the longest line with its CRLF */
};

static struct text_facts text_facts(slice s)
{
    struct text_facts f = { 0 };
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool crlf = s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
        f.nul |= s.p[i] == '\0';
        f.bare |= !crlf && (s.p[i] == '\r' || s.p[i] == '\n');
        if (!crlf)
            continue;
        i++;
        if (i + 1 - start > f.longest)
            f.longest = i + 1 - start;
        start = i + 1;
    }
    if (s.n - start > f.longest)
        f.longest = s.n - start;
    return f;
}

static bool text_fit(const struct server_conn *c, const struct smtp_transaction *t,
                     struct smtp_outcome *ret)
{
    bool submission = c->service->role == ROLE_SUBMISSION;
    bool bare_ok = server_fault(c, FAULT_SMTP_DATA_BARE_LF) || t->ended_by_fault ||
                   (submission && server_fault(c, FAULT_SUBMISSION_BARE_LF));
    struct text_facts f = text_facts(buf_slice(&t->data));
    if (f.bare && !bare_ok)
        return smtp_outcome_set(ret, 550, "5.6.0", "message has a bare CR or LF");
    if (f.nul)
        return smtp_outcome_set(ret, 550, "5.6.0", "message has a NUL");
    if (f.longest > SMTPD_TEXT_LINE_MAX)
        return smtp_outcome_set(ret, 550, "5.6.0", "message has a line of more than %d octets",
                                SMTPD_TEXT_LINE_MAX);
    return true;
}

static size_t count_received(slice message)
{
    slice header = slice_sub(message, 0, mime_header_octets(message)), rest = header;
    struct mime_field field;
    size_t n = 0;
    while (mime_field_next(header, &rest, &field))
        n += slice_eq_nocase(field.name, S("Received"));
    return n;
}

bool smtp_message_fit(const struct server_conn *c, const struct smtp_transaction *t,
                      struct smtp_outcome *ret)
{
    if (t->too_big)
        return smtp_outcome_set(ret, 552, "5.3.4", "message larger than %llu octets",
                                (unsigned long long)reference_settings(c->ref)->size_max);
    if (t->data.n > 32 * 1024 && server_fault(c, FAULT_SMTP_DATA_SMALL))
        return smtp_outcome_set(ret, 552, "5.3.4", "message too large");
    if (t->body != SMTP_BODY_BINARY && !text_fit(c, t, ret))
        return false;
    if (count_received(buf_slice(&t->data)) > SMTPD_RECEIVED_MAX &&
        !server_fault(c, FAULT_SMTP_LOOP))
        return smtp_outcome_set(ret, 554, "5.4.6", "message loops");
    return true;
}

/* --- trace fields --- */

/* RFC 3848, and RFC 6531 section 4.3 for the UTF8 words. */
static void add_protocol_word(const struct server_conn *c, const struct smtp_transaction *t,
                              const struct smtp_trace *trace, struct buf *out)
{
    bool lmtp = c->service->role == ROLE_LMTP;
    if (server_fault(c, FAULT_SMTP_RECEIVED_PROTOCOL) || (!trace->extended && !lmtp)) {
        buf_adds(out, "SMTP");
        return;
    }
    buf_adds(out, t->utf8 ? (lmtp ? "UTF8LMTP" : "UTF8SMTP") : lmtp ? "LMTP" : "ESMTP");
    if (c->tls)
        buf_addc(out, 'S');
    if (trace->authenticated)
        buf_addc(out, 'A');
}

/* One recipient may be named, several must not: each would learn of the others. */
static void add_for(const struct server_conn *c, const struct smtp_transaction *t, struct buf *out)
{
    bool all = server_fault(c, FAULT_SMTP_RECEIVED_BCC);
    if (smtp_transaction_accepted(t) != 1 && !all)
        return;
    array_each (r, &t->recipients)
        if (!r->refused)
            buf_addf(out, "\r\n\tfor <%.*s>", SLICE_ARG(r->address));
}

static void add_received(const struct server_conn *c, const struct smtp_transaction *t,
                         const struct smtp_trace *trace, struct buf *out)
{
    char date[MAIL_DATE_TEXT];
    struct mail_date d;
    mail_date_from_unix(time(NULL), 0, &d);
    bool v6 = strchr(c->peer, ':') != NULL;
    buf_addf(out, "Received: from %s ([%s%s])\r\n\tby %s with ", trace->helo, v6 ? "IPv6:" : "",
             c->peer, reference_host_name(c->ref));
    add_protocol_word(c, t, trace, out);
    buf_addf(out, " id %llx", (unsigned long long)reference_store(c->ref)->next_unique);
    add_for(c, t, out);
    /* RFC 8314 section 4.3 */
    const struct tls_info *tls = c->tls ? tls_info(c->tls) : NULL;
    if (tls && tls->cipher)
        buf_addf(out, "\r\n\ttls %s", tls->cipher);
    buf_addf(out, ";\r\n\t%s\r\n", mail_date_format(&d, date));
}

/* RFC 6409 sections 8.2 and 8.3: what the client forgot. */
static void add_missing(const struct server_conn *c, slice header, struct buf *out)
{
    char date[MAIL_DATE_TEXT];
    struct mail_date d;
    struct mime_field field;
    mail_date_from_unix(time(NULL), 0, &d);
    if (!mime_field_find(header, S("Date"), &field))
        buf_addf(out, "Date: %s\r\n", mail_date_format(&d, date));
    if (!mime_field_find(header, S("Message-ID"), &field))
        buf_addf(out, "Message-ID: <%llx.%llx@%s>\r\n", (unsigned long long)time(NULL),
                 (unsigned long long)reference_store(c->ref)->next_unique,
                 reference_host_name(c->ref));
}

/* The message with our Received: field and, on submission, what it lacks. */
static void add_traced(const struct server_conn *c, const struct smtp_transaction *t,
                       const struct smtp_trace *trace, struct buf *out)
{
    slice message = buf_slice(&t->data);
    slice header = slice_sub(message, 0, mime_header_octets(message));
    bool last = server_fault(c, FAULT_SMTP_RECEIVED_LAST);
    bool none = server_fault(c, FAULT_SMTP_NO_RECEIVED);
    if (!last && !none)
        add_received(c, t, trace, out);
    if (c->service->role == ROLE_SUBMISSION)
        add_missing(c, header, out);
    slice fields = slice_ends(header, S("\r\n\r\n")) ? slice_sub(header, 0, header.n - 2) : header;
    buf_add(out, fields);
    if (last && !none)
        add_received(c, t, trace, out);
    buf_add(out, slice_skip(message, fields.n));
}

static void add_return_path(const struct server_conn *c, const struct smtp_transaction *t,
                            const struct smtp_recipient *r, struct buf *out)
{
    bool wrong = server_fault(c, FAULT_SMTP_RETURN_PATH_WRONG);
    if (!server_fault(c, FAULT_SMTP_NO_RETURN_PATH))
        buf_addf(out, "Return-Path: <%.*s>\r\n", SLICE_ARG(wrong ? r->address : t->sender));
}

/* --- delivery --- */

static bool store_message(const struct server_conn *c, const struct smtp_recipient *r, slice bytes,
                          struct smtp_outcome *ret)
{
    struct new_message m = { .bytes = bytes };
    enum store_result got = STORE_OK;
    int copies = server_fault(c, FAULT_SMTP_DATA_LOSES)   ? 0
                 : server_fault(c, FAULT_SMTP_DATA_TWICE) ? 2
                                                          : 1;
    for (int i = 0; i < copies && got == STORE_OK; i++)
        got = mailbox_append(account_inbox(r->account), &m, NULL);
    if (got == STORE_OK)
        return smtp_outcome_set(ret, 250, "2.0.0", "delivered");
    if (got == STORE_OVER_QUOTA)
        return smtp_outcome_set(ret, 452, "4.2.2", "mailbox is full");
    return smtp_outcome_set(ret, 552, "5.3.4", "message too large for the mailbox");
}

/* A recipient named twice gets one copy. */
static const struct smtp_recipient *earlier(const struct smtp_transaction *t,
                                            const struct smtp_recipient *r)
{
    for (const struct smtp_recipient *e = t->recipients.v; e < r; e++)
        if (e->account == r->account && slice_eq(e->address, r->address))
            return e;
    return NULL;
}

/* SMTP has one reply for all: when it cannot be had everywhere, it is delivered nowhere. LMTP
   answers for each. */
static bool all_have_room(const struct server_conn *c, struct smtp_transaction *t, size_t octets)
{
    const struct smtp_recipient *full = NULL;
    array_each (r, &t->recipients)
        if (r->account && !mailbox_fits(account_inbox(r->account), 1, octets))
            full = r;
    if (!full || c->service->role == ROLE_LMTP)
        return true;
    array_each (r, &t->recipients)
        smtp_outcome_set(&r->outcome, 452, "4.2.2", "a mailbox is full");
    return false;
}

static void deliver_local(struct server_conn *c, struct smtp_transaction *t, slice traced)
{
    array_each (r, &t->recipients) {
        const struct smtp_recipient *same = earlier(t, r);
        if (same)
            r->outcome = same->outcome;
        if (same || r->refused || !r->account)
            continue;
        auto_buf bytes;
        buf_init(&bytes, BUF_OURS);
        add_return_path(c, t, r, &bytes);
        buf_add(&bytes, traced);
        store_message(c, r, buf_slice(&bytes), &r->outcome);
    }
}

/* All that are relayed share one fate. True when there was nothing to relay, too. */
static bool relay_rest(struct server_conn *c, struct smtp_transaction *t, slice traced)
{
    struct smtp_outcome outcome = { 0 };
    bool any = false;
    array_each (r, &t->recipients)
        any |= !r->account && !r->refused;
    if (!any)
        return true;
    bool good = relay_message(c, t, traced, &outcome);
    array_each (r, &t->recipients)
        if (!r->refused && (!r->account || !good))
            r->outcome = outcome;
    return good;
}

void smtpd_deliver(struct server_conn *c, struct smtp_transaction *t,
                   const struct smtp_trace *trace)
{
    auto_buf traced;
    buf_init(&traced, BUF_OURS);
    add_traced(c, t, trace, &traced);
    /* First what may fail: a message must not be here and yet be refused. */
    if (all_have_room(c, t, traced.n) && relay_rest(c, t, buf_slice(&traced)))
        deliver_local(c, t, buf_slice(&traced));
}
