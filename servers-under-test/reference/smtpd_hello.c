#include "smtpd_session.h"

/* What EHLO and LHLO list. */
struct offer {
    const char *line;        /* NULL: the function writes it */
    enum fault_id hidden_by; /* FAULT_COUNT: none */
    bool (*offered)(const struct smtpd *s);
    void (*write)(const struct smtpd *s, struct buf *out);
};

static bool not_lmtp_fault(const struct smtpd *s, enum fault_id id)
{
    return !smtpd_is(s, ROLE_LMTP) || !smtpd_fault(s, id);
}

static bool offers_pipelining(const struct smtpd *s)
{
    return not_lmtp_fault(s, FAULT_LMTP_NO_PIPELINING);
}

static bool offers_enhanced(const struct smtpd *s)
{
    return not_lmtp_fault(s, FAULT_LMTP_NO_ENHANCED);
}

/* What is relayed goes on as DATA, so binary is for our own mailboxes only. */
static bool offers_binary(const struct smtpd *s)
{
    return !smtpd_is(s, ROLE_SUBMISSION);
}

static bool offers_starttls(const struct smtpd *s)
{
    return server_conn_offers_starttls(s->c);
}

/* RFC 8689 section 2: in TLS only. What submission relays goes on without it. */
static bool offers_requiretls(const struct smtpd *s)
{
    return !smtpd_is(s, ROLE_SUBMISSION) &&
           (s->c->tls || smtpd_fault(s, FAULT_SMTP_REQUIRETLS_IN_CLEAR));
}

static void write_size(const struct smtpd *s, struct buf *out)
{
    buf_addf(out, "SIZE %llu", (unsigned long long)reference_settings(s->c->ref)->size_max);
}

static void write_auth(const struct smtpd *s, struct buf *out)
{
    buf_adds(out, "AUTH ");
    sasl_server_mechanisms(s->c, out);
}

static bool lists_auth(const struct smtpd *s)
{
    return smtpd_offers_auth(s) && !(s->user && smtpd_fault(s, FAULT_SMTP_AUTH_LOST_BY_EHLO));
}

static bool lists_malformed(const struct smtpd *s)
{
    return smtpd_fault(s, FAULT_SMTP_EHLO_KEYWORD_MALFORMED);
}

static const struct offer offers[] = {
    { "PIPELINING", FAULT_COUNT, offers_pipelining, NULL },
    { NULL, FAULT_COUNT, NULL, write_size },
    { "8BITMIME", FAULT_SMTP_UTF8_WITHOUT_8BITMIME, NULL, NULL },
    { "SMTPUTF8", FAULT_COUNT, NULL, NULL },
    { "CHUNKING", FAULT_COUNT, NULL, NULL },
    { "BINARYMIME", FAULT_COUNT, offers_binary, NULL },
    { "DSN", FAULT_COUNT, NULL, NULL },
    { "ENHANCEDSTATUSCODES", FAULT_COUNT, offers_enhanced, NULL },
    { "STARTTLS", FAULT_COUNT, offers_starttls, NULL },
    { NULL, FAULT_COUNT, lists_auth, write_auth },
    { "REQUIRETLS", FAULT_COUNT, offers_requiretls, NULL },
    { "EXPN", FAULT_COUNT, NULL, NULL },
    { "AUTH=PLAIN LOGIN\nLITERAL+", FAULT_COUNT, lists_malformed, NULL },
    { "HELP", FAULT_COUNT, NULL, NULL },
};

static void write_offers(const struct smtpd *s, struct buf *out)
{
    for (size_t i = 0; i < COUNT(offers); i++) {
        const struct offer *o = &offers[i];
        if (o->hidden_by != FAULT_COUNT && smtpd_fault(s, o->hidden_by))
            continue;
        if (o->offered && !o->offered(s))
            continue;
        buf_addc(out, '\n');
        if (o->write)
            o->write(s, out);
        else
            buf_adds(out, o->line);
    }
}

static void reply_hello(struct smtpd *s, const struct smtp_command *command)
{
    auto_buf lines;
    buf_init(&lines, BUF_OURS);
    if (!smtpd_fault(s, FAULT_SMTP_EHLO_NO_DOMAIN) || command->verb == SMTP_HELO)
        buf_addf(&lines, "%s ", reference_host_name(s->c->ref));
    buf_addf(&lines, "greets %.*s", SLICE_ARG(slice_sub(command->domain, 0, 255)));
    if (s->extended || smtpd_fault(s, FAULT_SMTP_HELO_EXTENDED))
        write_offers(s, &lines);
    smtpd_reply_lines(s, 250, NULL, buf_slice(&lines));
}

static bool refused_by_fault(struct smtpd *s, const struct smtp_command *command)
{
    if (command->verb == SMTP_EHLO && smtpd_fault(s, FAULT_SMTP_EHLO_REFUSED))
        smtpd_refuse(s, 500, NULL, "unknown command");
    else if (command->verb == SMTP_EHLO && s->helo && smtpd_fault(s, FAULT_SMTP_EHLO_SECOND_IS_503))
        smtpd_refuse(s, 503, NULL, "you said EHLO before");
    else if (command->verb == SMTP_HELO && smtpd_fault(s, FAULT_SMTP_HELO_REFUSED))
        smtpd_refuse(s, 502, NULL, "not implemented");
    else if (command->domain.n > 64 && smtpd_fault(s, FAULT_SMTP_DOMAIN_SHORT))
        smtpd_refuse(s, 501, NULL, "domain too long");
    else
        return false;
    return true;
}

/* A client that sends more before it has seen what we offer guesses (RFC 2920 section 3.1: EHLO
   is the last command of a group). */
static bool talks_on(const struct smtpd *s)
{
    return server_conn_pending(s->c).n && !smtpd_fault(s, FAULT_SMTP_PIPELINING_EHLO) &&
           !smtpd_fault(s, FAULT_SMTP_PIPELINING_DROPS) &&
           !smtpd_fault(s, FAULT_TLS_STARTTLS_KEEPS_PLAINTEXT);
}

void smtpd_hello(struct smtpd *s, const struct smtp_command *command)
{
    if (refused_by_fault(s, command))
        return;
    if (command->verb != SMTP_HELO && talks_on(s)) {
        smtpd_refuse(s, 503, NULL, "wait for the reply to %s", smtp_verb_name(command->verb));
        return;
    }
    if (!(s->helo && smtpd_fault(s, FAULT_SMTP_EHLO_KEEPS_SENDER))) {
        s->state = STATE_READY;
        smtpd_reset(s);
    }
    if (s->helo && smtpd_fault(s, FAULT_SMTP_AUTH_LOST_BY_EHLO))
        s->user = NULL;
    free(s->helo);
    s->helo = xslicedup(command->domain);
    s->extended = command->verb != SMTP_HELO;
    reply_hello(s, command);
}
