/* One whole message by SMTP or LMTP. */
#include "client_steps.h"
#include "dot_stuff.h"
#include "smtp_client.h"
#include <stdio.h>

struct delivery {
    struct smtp_client *s;
    const struct smtp_message *m;
    nsec deadline;
    struct smtp_recipient *fates;
    size_t accepted;
};

static void fate_text(struct delivery *d, struct smtp_recipient *fate)
{
    char said[ESCAPED_MAX];
    client_said(d->s->conn, d->s->last->smtp->raw, said);
    snprintf(fate->text, sizeof fate->text, "%.*s", (int)(sizeof fate->text - 1), said);
}

static int mail(struct delivery *d, struct error *err)
{
    const struct smtp_message *m = d->m;
    autofree char *line = xprintf("MAIL FROM:<%.*s>%s%.*s", SLICE_ARG(m->from),
                                  m->mail_params.n ? " " : "", SLICE_ARG(m->mail_params));
    return smtp_command_expect(d->s, slice_of(line), 2, ERR_REFUSED, d->deadline, err);
}

static int rcpt(struct delivery *d, size_t i, struct error *err)
{
    const struct smtp_message *m = d->m;
    autofree char *line = xprintf("RCPT TO:<%.*s>%s%.*s", SLICE_ARG(m->to[i]),
                                  m->rcpt_params.n ? " " : "", SLICE_ARG(m->rcpt_params));
    int result = smtp_command(d->s, slice_of(line), d->deadline, err);
    if (result < 0)
        return result;
    const struct smtp_reply *reply = d->s->last->smtp;
    d->fates[i].rcpt_code = reply->code;
    fate_text(d, &d->fates[i]);
    d->accepted += reply->class == 2;
    if (smtp_says_rate(reply))
        return client_refused(d->s->conn, ERR_RATE, "RCPT", reply->raw, err);
    return 0;
}

static int send_data(struct delivery *d, struct error *err)
{
    int result = smtp_command_expect(d->s, S("DATA"), 3, ERR_REFUSED, d->deadline, err);
    if (result < 0)
        return result;
    auto_buf stuffed = { 0 };
    buf_init(&stuffed, BUF_OURS);
    dot_encode_all(d->m->content, &stuffed);
    return conn_send(d->s->conn, buf_slice(&stuffed), d->deadline, err);
}

/* BDAT SP chunk-size [ SP "LAST" ] (RFC 3030 section 2); command and octets go in one write. */
static int send_chunk(struct delivery *d, slice chunk, bool last, struct error *err)
{
    auto_buf bytes = { 0 };
    buf_init(&bytes, BUF_OURS);
    buf_addf(&bytes, "BDAT %zu%s\r\n", chunk.n, last ? " LAST" : "");
    buf_add(&bytes, chunk);
    return conn_send(d->s->conn, buf_slice(&bytes), d->deadline, err);
}

static int send_bdat(struct delivery *d, struct error *err)
{
    slice rest = d->m->content;
    size_t size = d->m->chunk ? d->m->chunk : rest.n;
    while (rest.n > size) {
        int result = send_chunk(d, slice_sub(rest, 0, size), false, err);
        if (result == 0)
            result = smtp_take(d->s, d->deadline, "the reply to BDAT", err);
        if (result < 0)
            return result;
        if (d->s->last->smtp->class != 2)
            return client_refused(d->s->conn, ERR_REFUSED, "BDAT", d->s->last->raw, err);
        rest = slice_skip(rest, size);
    }
    return send_chunk(d, rest, true, err);
}

/* The reply after the data: one for all in SMTP, in LMTP one for each recipient that was accepted,
   in their order (RFC 2033 section 4.2). */
static int take_fates(struct delivery *d, struct error *err, size_t *ret_delivered)
{
    bool lmtp = conn_protocol(d->s->conn) == PROTOCOL_LMTP, taken = false;
    size_t delivered = 0;
    for (size_t i = 0; i < d->m->n_to; i++) {
        struct smtp_recipient *fate = &d->fates[i];
        if (fate->rcpt_code / 100 != 2)
            continue;
        if (lmtp || !taken) {
            int result = smtp_take(d->s, d->deadline, "the reply to the message", err);
            if (result < 0)
                return result;
        }
        taken = true;
        fate->data_code = d->s->last->smtp->code;
        fate_text(d, fate);
        delivered += d->s->last->smtp->class == 2;
    }
    *ret_delivered = delivered;
    return 0;
}

static int refused_now(struct delivery *d, const char *what, struct error *err)
{
    const struct smtp_reply *reply = d->s->last->smtp;
    return client_refused(d->s->conn, smtp_says_rate(reply) ? ERR_RATE : ERR_REFUSED, what,
                          reply->raw, err);
}

static int transaction(struct delivery *d, struct error *err)
{
    int result = mail(d, err);
    for (size_t i = 0; result == 0 && i < d->m->n_to; i++)
        result = rcpt(d, i, err);
    if (result < 0)
        return result;
    if (!d->accepted) {
        /* Leaves no transaction open; the last refusal is what counts. */
        result = refused_now(d, "every recipient", err);
        smtp_command(d->s, S("RSET"), d->deadline, NULL);
        return result;
    }
    result = d->m->how == SMTP_SEND_BDAT ? send_bdat(d, err) : send_data(d, err);
    size_t delivered = 0;
    if (result == 0)
        result = take_fates(d, err, &delivered);
    if (result < 0 || delivered)
        return result;
    return refused_now(d, "the message", err);
}

static bool has_line_end(slice s)
{
    return slice_find_char(s, '\r') != SIZE_MAX || slice_find_char(s, '\n') != SIZE_MAX ||
           slice_find_char(s, '\0') != SIZE_MAX;
}

int smtp_deliver(struct smtp_client *s, const struct smtp_message *m, nsec deadline,
                 struct smtp_recipient *ret, struct error *err)
{
    bool bad = has_line_end(m->from) || has_line_end(m->mail_params) ||
               has_line_end(m->rcpt_params) || !m->n_to || m->n_to > SMTP_CLIENT_RECIPIENTS_MAX;
    for (size_t i = 0; i < m->n_to && !bad; i++)
        bad = has_line_end(m->to[i]);
    if (bad)
        return error_set(err, ERR_USAGE, "no recipients, too many, or a path with a line end");
    struct delivery d = { .s = s, .m = m, .deadline = deadline };
    autofree struct smtp_recipient *fates = xcalloc(m->n_to, sizeof *fates);
    d.fates = ret ? ret : fates;
    memset(d.fates, 0, m->n_to * sizeof *d.fates);
    return transaction(&d, err);
}
