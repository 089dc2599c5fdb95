/* DATA and BDAT: taking a message and answering for it. */
#include "dot_stuff.h"
#include "smtpd_session.h"

/* Sequences that a fault takes for the end of data: what must stand in the raw octets, and how
   many of the octets taken so far are not content. */
static const struct false_end {
    enum fault_id fault;
    slice octets;
    size_t drop;
} false_ends[] = {
    { FAULT_SMTP_DATA_LF_DOT_LF, { "\n.\n", 3 }, 2 },
    { FAULT_SMTP_DATA_LF_DOT_CRLF, { "\n.\r\n", 4 }, 3 },
    { FAULT_SMTP_DATA_CR_DOT_CR, { "\r.\r", 3 }, 2 },
    { FAULT_SMTP_DATA_CRLF_DOT_LF, { "\r\n.\n", 4 }, 1 },
    { FAULT_SMTP_DATA_DOT_SPACE, { "\r\n. \r\n", 6 }, 3 },
    { FAULT_SMTP_DATA_NUL_DOT, { "\r\n\0.\r\n", 6 }, 4 },
};

struct data_reader {
    struct smtpd *s;
    struct dot_decoder decoder;
    const struct false_end *false_end; /* NULL without such a fault */
    char tail[6];                      /* the last raw octets, for false ends */
    size_t n_tail;
};

static void reader_init(struct data_reader *r, struct smtpd *s)
{
    *r = (struct data_reader) { .s = s };
    if (smtpd_fault(s, FAULT_SMTP_DATA_FIRST_DOT))
        r->decoder.state = DOT_TEXT;
    for (size_t i = 0; i < COUNT(false_ends); i++)
        if (smtpd_fault(s, false_ends[i].fault))
            r->false_end = &false_ends[i];
}

static bool ends_falsely(struct data_reader *r, char c)
{
    if (r->n_tail == sizeof r->tail)
        memmove(r->tail, r->tail + 1, --r->n_tail);
    r->tail[r->n_tail++] = c;
    return slice_ends(slice_make(r->tail, r->n_tail), r->false_end->octets);
}

/* Keeps at most what may be accepted; the rest of a message that is too big is only counted. */
static void check_size(struct smtpd *s)
{
    if (s->t.data.n <= reference_settings(s->c->ref)->size_max)
        return;
    s->t.too_big = true;
    buf_clear(&s->t.data);
}

/* As dot_decode, one octet at a time while a fault looks for other ends. */
static bool read_piece(struct data_reader *r, slice piece, size_t *ret_used)
{
    struct buf *data = &r->s->t.data;
    if (!r->false_end)
        return dot_decode(&r->decoder, piece, data, ret_used) == FRAME_READY;
    for (size_t i = 0; i < piece.n; i++) {
        size_t one;
        bool end = dot_decode(&r->decoder, slice_sub(piece, i, i + 1), data, &one) == FRAME_READY;
        *ret_used = i + 1;
        if (end)
            return true;
        if (ends_falsely(r, piece.p[i])) {
            buf_truncate(data, data->n > r->false_end->drop ? data->n - r->false_end->drop : 0);
            r->s->t.ended_by_fault = true;
            return true;
        }
    }
    return false;
}

/* False: the connection ended first, and nothing is delivered. */
static bool read_data(struct smtpd *s)
{
    struct data_reader r;
    reader_init(&r, s);
    for (;;) {
        size_t used = 0;
        bool end = read_piece(&r, server_conn_pending(s->c), &used);
        server_conn_use(s->c, used);
        check_size(s);
        if (end)
            return true;
        enum server_line got = server_conn_fill(s->c, smtpd_deadline(s));
        if (got != LINE_OK) {
            smtpd_input_ended(s, got);
            return false;
        }
    }
}

/* --- answering --- */

/* One answer for all: a refusal when any delivery failed, for then nothing was delivered. */
static const struct smtp_outcome *common_outcome(const struct smtpd *s)
{
    const struct smtp_outcome *first = NULL;
    array_each (r, &s->t.recipients) {
        if (r->refused)
            continue;
        if (r->outcome.code >= 400)
            return &r->outcome;
        first = first ? first : &r->outcome;
    }
    return first;
}

/* RFC 2033 section 4.2: a reply for each recipient that was accepted, in their order. */
static void answer_each(struct smtpd *s, bool chunked)
{
    bool once = smtpd_fault(s, chunked ? FAULT_LMTP_BDAT_ONE_REPLY : FAULT_LMTP_ONE_REPLY);
    array_each (r, &s->t.recipients) {
        if (r->refused)
            smtpd_reply(s, 550, "5.1.1", "no such user here");
        else
            smtpd_reply_outcome(s, &r->outcome);
        if (once)
            return;
    }
}

static void answer(struct smtpd *s, bool chunked)
{
    const struct smtp_outcome *all = common_outcome(s);
    if (smtpd_is(s, ROLE_LMTP) && s->t.recipients.n)
        answer_each(s, chunked);
    else if (all)
        smtpd_reply_outcome(s, all);
    else
        smtpd_reply(s, 554, "5.5.1", "no valid recipients");
}

static void finish(struct smtpd *s, bool chunked)
{
    struct smtp_outcome why;
    struct smtp_trace trace = { s->helo ? s->helo : "unknown", s->extended, s->user != NULL };
    smtp_alter(s->c, &s->t);
    if (smtp_message_fit(s->c, &s->t, &why)) {
        smtpd_deliver(s->c, &s->t, &trace);
    } else {
        array_each (r, &s->t.recipients)
            r->outcome = why;
    }
    answer(s, chunked);
    smtpd_reset(s);
}

/* --- DATA --- */

static bool any_refused(const struct smtpd *s)
{
    array_each (r, &s->t.recipients)
        if (r->refused)
            return true;
    return false;
}

static bool may_send_data(struct smtpd *s)
{
    if (s->t.body == SMTP_BODY_BINARY && !smtpd_fault(s, FAULT_SMTP_BINARYMIME_DATA)) {
        smtpd_refuse(s, 503, "5.5.1", "BODY=BINARYMIME needs BDAT");
        return false;
    }
    if (any_refused(s) && smtpd_fault(s, FAULT_SMTP_RCPT_REFUSED_ENDS)) {
        smtpd_refuse(s, 554, "5.5.1", "a recipient was refused");
        return false;
    }
    return true;
}

/* Whoever sends the message along with DATA does not know whether it will be taken, and text of
   the message would be executed as commands if it were not (RFC 2920 section 3.1). */
static bool talks_on(const struct smtpd *s)
{
    return server_conn_pending(s->c).n && !smtpd_fault(s, FAULT_SMTP_PIPELINING_DATA) &&
           !smtpd_fault(s, FAULT_SMTP_PIPELINING_DROPS);
}

void smtpd_data(struct smtpd *s, const struct smtp_command *command)
{
    if (!may_send_data(s))
        return;
    if (talks_on(s)) {
        smtpd_reply(s, 421, "4.7.0", "%s wait for the reply to DATA",
                    reference_host_name(s->c->ref));
        s->closing = true;
        return;
    }
    if (smtpd_fault(s, FAULT_SMTP_DATA_250))
        smtpd_reply(s, 250, "2.0.0", "ok");
    else
        smtpd_reply(s, 354, NULL, "end data with <CR><LF>.<CR><LF>");
    if (!read_data(s))
        return;
    if (smtpd_fault(s, FAULT_SMTP_PIPELINING_AFTER_DOT))
        server_conn_use(s->c, server_conn_pending(s->c).n);
    finish(s, false);
}

/* --- BDAT --- */

/* Takes the chunk's octets; into the message when `keep`. False: the session is over. */
static bool read_chunk(struct smtpd *s, uint64_t size, bool keep)
{
    while (size) {
        slice piece;
        size_t most = size < SERVER_INPUT_MAX ? (size_t)size : SERVER_INPUT_MAX;
        enum server_line got = server_conn_some(s->c, most, smtpd_deadline(s), &piece);
        if (got != LINE_OK) {
            smtpd_input_ended(s, got);
            return false;
        }
        size -= piece.n;
        if (!keep)
            continue;
        buf_add(&s->t.data, piece);
        check_size(s);
    }
    return true;
}

bool smtpd_bdat_eat(struct smtpd *s, const struct smtp_command *command)
{
    if (command->chunk_size <= SMTPD_CHUNK_MAX)
        return smtpd_fault(s, FAULT_SMTP_BDAT_NOT_EATEN) ||
               read_chunk(s, command->chunk_size, false);
    smtpd_reply(s, 421, "4.3.4", "%s will not read a chunk of that size",
                reference_host_name(s->c->ref));
    s->closing = true;
    return false;
}

void smtpd_bdat(struct smtpd *s, const struct smtp_command *command)
{
    uint64_t size = command->error.rule ? 0 : command->chunk_size;
    bool last = !command->error.rule && command->chunk_last;
    if (size > SMTPD_CHUNK_MAX) {
        smtpd_bdat_eat(s, command);
        return;
    }
    s->t.chunked = true;
    if (!read_chunk(s, size, true))
        return;
    if (smtpd_fault(s, FAULT_SMTP_BDAT_ADDS_CRLF))
        buf_adds(&s->t.data, "\r\n");
    s->state = STATE_BDAT;
    if (last) {
        finish(s, true);
    } else if (s->t.too_big) {
        smtpd_refuse(s, 552, "5.3.4", "message too large");
        smtpd_reset(s);
    } else {
        smtpd_reply(s, 250, "2.0.0", "%llu octets received", (unsigned long long)size);
    }
}
