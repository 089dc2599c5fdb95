/* STARTTLS, AUTHENTICATE, LOGIN. */
#include "base64.h"
#include "imapd_session.h"
#include "sasl_server.h"

/* --- STARTTLS --- */

static void forget_everything(struct imapd_session *s)
{
    s->bad_commands = 0;
    s->account = NULL;
    s->state = STATE_GREETED;
}

static bool may_begin_tls(struct imapd_session *s)
{
    if (s->cmd.n_args && !faulty(s, FAULT_TLS_STARTTLS_ARGUMENT))
        return imapd_bad(s, "STARTTLS takes no argument"), false;
    if (s->state != STATE_GREETED && !faulty(s, FAULT_TLS_STARTTLS_AFTER_LOGIN))
        return imapd_bad(s, "STARTTLS comes before login"), false;
    switch (server_conn_starttls_answer(s->conn)) {
    case STARTTLS_GO:
        return true;
    case STARTTLS_ACTIVE:
        return imapd_bad(s, "TLS is active already"), false;
    case STARTTLS_NONE:
        return imapd_no(s, "TLS is not available"), false;
    }
    return false;
}

void imapd_starttls(struct imapd_session *s)
{
    if (!may_begin_tls(s))
        return;
    char *line =
        arena_printf(&s->arena, "%.*s OK Begin TLS negotiation now\r\n", SLICE_ARG(s->cmd.tag));
    /* RFC 9051, section 6.2.1: nothing sent in clear may count inside TLS. */
    if (!faulty(s, FAULT_TLS_STARTTLS_KEEPS_PLAINTEXT))
        buf_clear(&s->input);
    if (!server_conn_starttls(s->conn, slice_of(line)))
        s->state = STATE_LOGOUT;
    else if (s->state == STATE_GREETED && !faulty(s, FAULT_TLS_STARTTLS_KEEPS_STATE))
        forget_everything(s);
}

/* --- logging in --- */

static void logged_in(struct imapd_session *s, struct account *account)
{
    auto_buf list;
    buf_init(&list, BUF_OURS);
    s->account = account;
    s->state = STATE_LOGGED_IN;
    s->uidvalidity_at_login = s->store->next_uidvalidity;
    imapd_add_capabilities(s, &list);
    if (faulty(s, FAULT_IMAP_RESPONSE_CODE_MALFORMED))
        return imapd_ok(s, "[Error=\"(none]\" x] Logged in");
    imapd_ok(s, "[%s] Logged in", list.p);
}

static void refused(struct imapd_session *s)
{
    if (faulty(s, FAULT_IMAP_LOGIN_NOT_CONNECTED))
        imapd_ok(s, "Logged in");
    else if (faulty(s, FAULT_IMAP_LOGIN_FAILURE_BAD))
        imapd_bad(s, "Wrong user name or password");
    else
        imapd_no(s, "%sWrong user name or password",
                 faulty(s, FAULT_IMAP_LOGIN_NO_CODE) ? "" : "[AUTHENTICATIONFAILED] ");
}

void imapd_login(struct imapd_session *s)
{
    slice user, password;
    if (!imapd_astring(s, &s->cmd.args[0], &user) || !imapd_astring(s, &s->cmd.args[1], &password))
        return;
    if (!server_conn_allows_passwords(s->conn))
        return imapd_no(s, "[PRIVACYREQUIRED] Begin TLS first");
    if (!server_conn_takes_passwords(s->conn))
        return imapd_no(s, "[CANNOT] Passwords are not taken here");
    struct account *account = server_conn_login(s->conn, user, password);
    if (!account && faulty(s, FAULT_IMAP_LOGIN_ANY_PASSWORD))
        account = reference_find_user(s->conn->ref, user);
    if (account)
        logged_in(s, account);
    else
        refused(s);
}

/* --- AUTHENTICATE --- */

/* Sends a challenge and takes the answer, decoded, into `ret`. False: the reply is set or the
   connection is over. */
static bool ask(struct imapd_session *s, const struct buf *challenge, struct buf *ret)
{
    slice line;
    imapd_send(s, S("+ "));
    if (faulty(s, FAULT_IMAP_SASL_CHALLENGE_TEXT))
        imapd_send(s, S("Go ahead"));
    else
        base64_encode(buf_slice(challenge), imapd_out(s));
    imapd_send(s, S("\r\n"));
    enum read_outcome outcome = imapd_read_line(s, imapd_deadline(s), &line);
    if (outcome != READ_UNIT) {
        if (outcome != READ_END)
            imapd_bye(s, "The exchange was not finished");
        s->state = STATE_LOGOUT;
        return false;
    }
    if (slice_eq(line, S("*")) && faulty(s, FAULT_IMAP_SASL_CANCEL))
        return imapd_no(s, "AUTHENTICATE failed"), false;
    if (slice_eq(line, S("*")))
        return imapd_bad(s, "AUTHENTICATE cancelled"), false;
    buf_clear(ret);
    if (base64_decode(line, ret, NULL))
        return true;
    if (faulty(s, FAULT_IMAP_SASL_BAD_BASE64))
        return imapd_ok(s, "Logged in"), false;
    return imapd_bad(s, "The answer is not base64"), false;
}

static void finish(struct imapd_session *s, enum sasl_step step, struct account *account)
{
    if (step == SASL_DONE)
        logged_in(s, account);
    else if (step == SASL_MALFORMED)
        imapd_bad(s, "The answer is not what the mechanism allows");
    else
        refused(s);
}

static void exchange(struct imapd_session *s, struct sasl_server *sasl, const slice *initial)
{
    auto_buf challenge, answer;
    buf_init(&challenge, BUF_OURS);
    buf_init(&answer, SASL_MESSAGE_MAX);
    slice message;
    enum sasl_step step = sasl_server_step(sasl, initial, &challenge);
    while (step == SASL_CHALLENGE) {
        if (!ask(s, &challenge, &answer))
            return;
        message = buf_slice(&answer);
        step = sasl_server_step(sasl, &message, &challenge);
    }
    finish(s, step, step == SASL_DONE ? sasl_server_account(sasl) : NULL);
}

/* initial-resp = (base64 / "="), RFC 4959 */
static bool decode_initial(struct imapd_session *s, struct buf *ret)
{
    slice text = s->cmd.args[1].text;
    if (slice_eq(text, S("=")) || base64_decode(text, ret, NULL))
        return true;
    return imapd_bad(s, "The initial response is not base64"), false;
}

void imapd_authenticate(struct imapd_session *s)
{
    auto_buf initial;
    buf_init(&initial, SASL_MESSAGE_MAX);
    bool has_initial = s->cmd.n_args == 2;
    for (size_t i = 0; i < s->cmd.n_args; i++)
        if (s->cmd.args[i].kind != IMAP_ATOM)
            return imapd_bad(s, "AUTHENTICATE takes a mechanism and an initial response");
    if (has_initial && !decode_initial(s, &initial))
        return;
    struct sasl_server *sasl = sasl_server_new(s->conn, s->cmd.args[0].text);
    if (!sasl && faulty(s, FAULT_IMAP_SASL_UNKNOWN))
        return imapd_ok(s, "Logged in");
    if (!sasl)
        return imapd_no(s, "[CANNOT] This mechanism is not offered");
    slice message = buf_slice(&initial);
    exchange(s, sasl, has_initial ? &message : NULL);
    sasl_server_free(sasl);
}
