#include "pop3_client.h"
#include "client_steps.h"
#include <stdio.h>

void pop3_client_init(struct pop3_client *p, struct conn *conn)
{
    *p = (struct pop3_client) { .conn = conn };
    p->caps.state = conn_in_tls(conn) ? CAPS_TLS : CAPS_CLEAR;
}

void pop3_client_release(struct pop3_client *p)
{
    session_capabilities_release(&p->caps);
    unit_free(p->last);
    free(p->timestamp);
    *p = (struct pop3_client) { 0 };
}

static int take_reply(struct pop3_client *p, nsec deadline, const char *waiting_for,
                      struct error *err)
{
    return client_take(p->conn, deadline, waiting_for, err, &p->last);
}

int pop3_command(struct pop3_client *p, slice line, nsec deadline, struct error *err)
{
    char verb[16], waiting_for[40];
    conn_expect_commands(p->conn, line);
    int result = client_send_line(p->conn, line, deadline, err);
    if (result < 0)
        return result;
    snprintf(waiting_for, sizeof waiting_for, "the response to %s", client_verb(line, verb));
    return take_reply(p, deadline, waiting_for, err);
}

/* RFC 3206 section 4, RFC 2449 section 8.1. */
bool pop3_says_rate(const struct pop3_reply *reply)
{
    static const char *const codes[] = { "SYS/TEMP", "LOGIN-DELAY" };
    if (reply->status != POP3_ERR)
        return false;
    for (size_t i = 0; i < COUNT(codes); i++)
        if (slice_eq_nocase(reply->code, slice_of(codes[i])))
            return true;
    return client_text_says_rate(reply->text);
}

bool pop3_says_in_use(const struct pop3_reply *reply)
{
    return reply->status == POP3_ERR && slice_eq_nocase(reply->code, S("IN-USE"));
}

static int refused(struct pop3_client *p, enum error_code code, const char *what, struct error *err)
{
    const struct pop3_reply *reply = p->last->pop3;
    p->in_use = pop3_says_in_use(reply);
    return client_refused(p->conn, pop3_says_rate(reply) ? ERR_RATE : code, what, reply->first,
                          err);
}

int pop3_command_ok(struct pop3_client *p, slice line, enum error_code code, nsec deadline,
                    struct error *err)
{
    char verb[16];
    int result = pop3_command(p, line, deadline, err);
    if (result < 0 || p->last->pop3->status == POP3_OK)
        return result;
    return refused(p, code, client_verb(line, verb), err);
}

static void find_timestamp(struct pop3_client *p)
{
    slice timestamp = pop3_timestamp(p->last->pop3->text);
    if (!timestamp.n)
        return;
    free(p->timestamp);
    p->timestamp = xslicedup(timestamp);
}

int pop3_greeting(struct pop3_client *p, nsec deadline, struct error *err)
{
    int result = take_reply(p, deadline, "the greeting", err);
    if (result < 0)
        return result;
    if (p->last->pop3->status != POP3_OK)
        return refused(p, ERR_REFUSED, "our connection", err);
    find_timestamp(p);
    return 0;
}

int pop3_capa(struct pop3_client *p, nsec deadline, struct error *err)
{
    int result = pop3_command(p, S("CAPA"), deadline, err);
    if (result < 0)
        return result;
    struct capabilities *caps = session_caps(&p->caps);
    capabilities_reset(caps);
    if (p->last->pop3->status != POP3_OK)
        return 0;
    struct pop3_capa capa;
    auto_arena a = { 0 };
    pop3_capa_parse(p->last->pop3, &a, &capa);
    for (size_t i = 0; i < capa.n; i++)
        capabilities_add(caps, capa.v[i].name, capa.v[i].args);
    unsigned flags = conn_flags(p->conn) & ~(unsigned)POP3_RESP_CODES;
    conn_set_flags(p->conn, flags | (caps_has(caps, S("RESP-CODES")) ? POP3_RESP_CODES : 0));
    return 0;
}

int pop3_start_tls(struct pop3_client *p, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err)
{
    int result = pop3_command_ok(p, S("STLS"), ERR_REFUSED, deadline, err);
    if (result < 0)
        return result;
    conn_set_flags(p->conn, 0);
    result = conn_start_tls(p->conn, context, options, deadline, leftover, err);
    if (result < 0)
        return result;
    session_caps_enter(&p->caps, CAPS_TLS);
    return pop3_capa(p, deadline, err);
}

int pop3_begin(struct pop3_client *p, const struct session_plan *plan, nsec deadline,
               struct error *err)
{
    int result = pop3_greeting(p, deadline, err);
    if (result == 0)
        result = pop3_capa(p, deadline, err);
    if (result == 0 && plan->context && !conn_in_tls(p->conn))
        result = pop3_start_tls(p, plan->context, plan->tls, deadline, plan->leftover, err);
    if (result == 0 && plan->who)
        result = pop3_login(p, plan->who, deadline, err);
    return result;
}

static int odd_answer(const char *what, const struct grammar_error *why, struct error *err)
{
    return error_set(err, ERR_REFUSED, "the response to %s cannot be read: %s", what, why->text);
}

int pop3_stat(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_drop *ret)
{
    struct grammar_error why = { 0 };
    int result = pop3_command_ok(p, S("STAT"), ERR_REFUSED, deadline, err);
    if (result < 0)
        return result;
    return pop3_drop_parse(p->last->pop3->text, ret, &why) ? 0 : odd_answer("STAT", &why, err);
}

int pop3_list(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_scan **ret,
              size_t *ret_n)
{
    struct grammar_errors errors = { 0 };
    int result = pop3_command_ok(p, S("LIST"), ERR_REFUSED, deadline, err);
    if (result < 0)
        return result;
    *ret_n = pop3_scan_list(p->last->pop3, &p->last->arena, ret, &errors);
    return 0;
}

int pop3_uidl(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_uid **ret,
              size_t *ret_n)
{
    struct grammar_errors errors = { 0 };
    int result = pop3_command_ok(p, S("UIDL"), ERR_REFUSED, deadline, err);
    if (result < 0)
        return result;
    *ret_n = pop3_uid_list(p->last->pop3, &p->last->arena, ret, &errors);
    return 0;
}

static int numbered(struct pop3_client *p, const char *verb, uint64_t number, nsec deadline,
                    struct error *err)
{
    autofree char *line = xprintf("%s %llu", verb, (unsigned long long)number);
    return pop3_command_ok(p, slice_of(line), ERR_REFUSED, deadline, err);
}

int pop3_retr(struct pop3_client *p, uint64_t number, nsec deadline, struct buf *content,
              struct error *err)
{
    int result = numbered(p, "RETR", number, deadline, err);
    if (result < 0)
        return result;
    if (!pop3_reply_body(p->last->pop3, content))
        return error_set(err, ERR_LIMIT, "message %llu is longer than there is room for",
                         (unsigned long long)number);
    return 0;
}

int pop3_dele(struct pop3_client *p, uint64_t number, nsec deadline, struct error *err)
{
    return numbered(p, "DELE", number, deadline, err);
}

int pop3_rset(struct pop3_client *p, nsec deadline, struct error *err)
{
    return pop3_command_ok(p, S("RSET"), ERR_REFUSED, deadline, err);
}

int pop3_quit(struct pop3_client *p, nsec deadline, struct error *err)
{
    return pop3_command_ok(p, S("QUIT"), ERR_REFUSED, deadline, err);
}
