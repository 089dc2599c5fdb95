#include "smtp_client.h"
#include "client_steps.h"
#include <stdio.h>

void smtp_client_init(struct smtp_client *s, struct conn *conn, const char *helo)
{
    *s = (struct smtp_client) { .conn = conn, .helo = xstrdup(helo ? helo : "[127.0.0.1]") };
    s->caps.state = conn_in_tls(conn) ? CAPS_TLS : CAPS_CLEAR;
}

void smtp_client_release(struct smtp_client *s)
{
    session_capabilities_release(&s->caps);
    unit_free(s->last);
    free(s->helo);
    *s = (struct smtp_client) { 0 };
}

int smtp_take(struct smtp_client *s, nsec deadline, const char *waiting_for, struct error *err)
{
    return client_take(s->conn, deadline, waiting_for, err, &s->last);
}

int smtp_command(struct smtp_client *s, slice line, nsec deadline, struct error *err)
{
    char verb[16], waiting_for[40];
    int result = client_send_line(s->conn, line, deadline, err);
    if (result < 0)
        return result;
    snprintf(waiting_for, sizeof waiting_for, "the reply to %s", client_verb(line, verb));
    return smtp_take(s, deadline, waiting_for, err);
}

/* 421 closes the channel, whatever for; of the others the status code or the text must say that it
   is about how many or how fast we are (RFC 3463 section 3.4, 3.8). */
bool smtp_says_rate(const struct smtp_reply *reply)
{
    if (reply->code == 421)
        return true;
    if (reply->class != 4)
        return false;
    const struct smtp_enhanced *e = &reply->enhanced;
    /* Too many recipients of one message: a limit of size (RFC 5321 section 4.5.3.1.10). */
    if (reply->code == 452 && slice_find_nocase(reply->raw, S("too many recipients")) != SIZE_MAX)
        return false;
    bool busy = (e->subject == 3 && e->detail == 2) || (e->subject == 7 && e->detail == 28);
    return busy || client_text_says_rate(reply->raw);
}

static int refused(const struct smtp_client *s, enum error_code code, const char *what,
                   struct error *err)
{
    const struct smtp_reply *reply = s->last->smtp;
    return client_refused(s->conn, smtp_says_rate(reply) ? ERR_RATE : code, what, reply->raw, err);
}

int smtp_command_expect(struct smtp_client *s, slice line, int class, enum error_code code,
                        nsec deadline, struct error *err)
{
    char verb[16];
    int result = smtp_command(s, line, deadline, err);
    if (result < 0 || s->last->smtp->class == class)
        return result;
    return refused(s, code, client_verb(line, verb), err);
}

int smtp_greeting(struct smtp_client *s, nsec deadline, struct error *err)
{
    int result = smtp_take(s, deadline, "the greeting", err);
    if (result < 0 || s->last->smtp->code == 220)
        return result;
    return refused(s, ERR_REFUSED, "our connection", err);
}

static void store_capabilities(struct smtp_client *s)
{
    struct capabilities *caps = session_caps(&s->caps);
    struct smtp_ehlo ehlo;
    auto_arena a = { 0 };
    smtp_ehlo_parse(s->last->smtp, &a, &ehlo);
    capabilities_reset(caps);
    for (size_t i = 0; i < ehlo.n_keywords; i++)
        capabilities_add(caps, ehlo.keywords[i].name, ehlo.keywords[i].args);
    s->extended = true;
    unsigned flags = conn_flags(s->conn) & ~(unsigned)SMTP_REPLY_ENHANCED;
    if (caps_has(caps, S("ENHANCEDSTATUSCODES")))
        flags |= SMTP_REPLY_ENHANCED;
    conn_set_flags(s->conn, flags);
}

static int hello(struct smtp_client *s, const char *verb, nsec deadline, struct error *err)
{
    autofree char *line = xprintf("%s %s", verb, s->helo);
    return smtp_command(s, slice_of(line), deadline, err);
}

int smtp_hello(struct smtp_client *s, nsec deadline, struct error *err)
{
    bool lmtp = conn_protocol(s->conn) == PROTOCOL_LMTP;
    int result = hello(s, lmtp ? "LHLO" : "EHLO", deadline, err);
    if (result < 0)
        return result;
    if (s->last->smtp->code == 250) {
        store_capabilities(s);
        return 0;
    }
    if (lmtp || s->last->smtp->class != 5)
        return refused(s, ERR_REFUSED, lmtp ? "LHLO" : "EHLO", err);
    capabilities_reset(session_caps(&s->caps));
    s->extended = false;
    result = hello(s, "HELO", deadline, err);
    if (result < 0 || s->last->smtp->code == 250)
        return result;
    return refused(s, ERR_REFUSED, "HELO", err);
}

int smtp_start_tls(struct smtp_client *s, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err)
{
    int result = smtp_command_expect(s, S("STARTTLS"), 2, ERR_REFUSED, deadline, err);
    if (result < 0)
        return result;
    conn_set_flags(s->conn, 0);
    result = conn_start_tls(s->conn, context, options, deadline, leftover, err);
    if (result < 0)
        return result;
    session_caps_enter(&s->caps, CAPS_TLS);
    return smtp_hello(s, deadline, err);
}

int smtp_login(struct smtp_client *s, const struct credentials *who, nsec deadline,
               struct error *err)
{
    if (!session_caps(&s->caps)->known) {
        int result = smtp_hello(s, deadline, err);
        if (result < 0)
            return result;
    }
    const struct capabilities *caps = session_caps(&s->caps);
    struct credentials with = *who;
    if (!with.mechanism.n)
        with.mechanism = sasl_choose(caps, who, conn_in_tls(s->conn));
    if (!with.mechanism.n)
        return error_set(err, ERR_LOGIN, "the server offers no way to log in that we can use");
    struct sasl_options options = { .who = &with };
    int result = sasl_login(s->conn, S(""), &options, caps, deadline, NULL, err);
    if (result < 0)
        return result;
    session_caps_enter(&s->caps, CAPS_LOGIN);
    return smtp_hello(s, deadline, err);
}

int smtp_quit(struct smtp_client *s, nsec deadline, struct error *err)
{
    return smtp_command_expect(s, S("QUIT"), 2, ERR_REFUSED, deadline, err);
}

int smtp_begin(struct smtp_client *s, const struct session_plan *plan, nsec deadline,
               struct error *err)
{
    int result = smtp_greeting(s, deadline, err);
    if (result == 0)
        result = smtp_hello(s, deadline, err);
    if (result == 0 && plan->context && !conn_in_tls(s->conn))
        result = smtp_start_tls(s, plan->context, plan->tls, deadline, plan->leftover, err);
    if (result == 0 && plan->who)
        result = smtp_login(s, plan->who, deadline, err);
    return result;
}
