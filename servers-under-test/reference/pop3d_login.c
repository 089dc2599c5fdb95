/* CAPA, STLS and the ways to log in. */
#include "base64.h"
#include "pop3d_session.h"

enum { FAULTY_CAPABILITY_LENGTH = 520 };

/* --- CAPA (RFC 2449) --- */

static bool offers_stls(const struct pop3d *s)
{
    return s->state == POP3D_AUTHORIZATION && server_conn_offers_starttls(s->c);
}

static bool offers_passwords(const struct pop3d *s)
{
    return server_conn_takes_passwords(s->c);
}

static bool offers_sasl(const struct pop3d *s)
{
    bool gone = s->state == POP3D_TRANSACTION && pop3d_fault(s, FAULT_POP3_CAPA_SASL_GONE);
    return sasl_server_offers_any(s->c) && !gone && !pop3d_fault(s, FAULT_POP3_SASL_UNLISTED);
}

static const struct {
    const char *line;
    bool (*offered)(const struct pop3d *s);
} capabilities[] = {
    { "TOP", NULL },
    { "UIDL", NULL },
    { "USER", offers_passwords },
    { "SASL ", offers_sasl }, /* and the mechanisms */
    { "STLS", offers_stls },
    { "RESP-CODES", NULL },
    { "AUTH-RESP-CODE", NULL },
    { "PIPELINING", NULL },
    { "EXPIRE NEVER", NULL },
    { "IMPLEMENTATION mailassay-reference", NULL },
};

static void list_capabilities(const struct pop3d *s, struct buf *out)
{
    for (size_t i = 0; i < COUNT(capabilities); i++) {
        if (capabilities[i].offered && !capabilities[i].offered(s))
            continue;
        buf_adds(out, pop3d_fault(s, FAULT_POP3_CAPA_INDENTED) ? " " : "");
        if (slice_starts(slice_of(capabilities[i].line), S("EXPIRE")) &&
            pop3d_fault(s, FAULT_POP3_CAPA_EXPIRE_BARE))
            buf_adds(out, "EXPIRE");
        else
            buf_adds(out, capabilities[i].line);
        if (capabilities[i].offered == offers_sasl)
            sasl_server_mechanisms(s->c, out);
        buf_adds(out, "\r\n");
    }
    if (pop3d_fault(s, FAULT_POP3_CAPA_LONG))
        buf_addf(out, "X-LONG %0*d\r\n", FAULTY_CAPABILITY_LENGTH, 0);
}

void pop3d_capa(struct pop3d *s, const struct pop3d_command *command)
{
    bool transaction = s->state == POP3D_TRANSACTION;
    if (pop3d_fault(s, FAULT_POP3_CAPA_REFUSED) ||
        (transaction && pop3d_fault(s, FAULT_POP3_CAPA_TRANSACTION))) {
        pop3d_err(s, NULL, "unknown command");
        return;
    }
    auto_buf out;
    buf_init(&out, BUF_OURS);
    list_capabilities(s, &out);
    pop3d_ok(s, "capabilities follow");
    if (pop3d_fault(s, FAULT_POP3_CAPA_HANGS))
        server_conn_send(s->c, buf_slice(&out));
    else
        pop3d_body(s, buf_slice(&out));
}

/* --- STLS (RFC 2595) --- */

void pop3d_stls(struct pop3d *s, const struct pop3d_command *command)
{
    enum starttls_answer answer = server_conn_starttls_answer(s->c);
    if (command->args.p && !pop3d_fault(s, FAULT_TLS_STARTTLS_ARGUMENT))
        pop3d_err(s, NULL, "STLS has no argument");
    else if (answer == STARTTLS_ACTIVE)
        pop3d_err(s, NULL, "TLS is on already");
    else if (answer == STARTTLS_NONE)
        pop3d_err(s, NULL, "TLS not available");
    else if (!server_conn_starttls(s->c, S("+OK begin TLS\r\n")))
        s->closing = true;
    else if (!pop3d_fault(s, FAULT_TLS_STARTTLS_KEEPS_STATE))
        free(take(s->user));
}

/* --- after a login --- */

static void refuse_login(struct pop3d *s, bool known)
{
    const char *code = pop3d_fault(s, FAULT_POP3_PASS_NO_CODE) ? NULL : "AUTH";
    if (!known && pop3d_fault(s, FAULT_POP3_PASS_TELLS))
        pop3d_err(s, code, "no such user");
    else
        pop3d_err(s, code, "authentication failed");
    s->closing |= ++s->failures >= POP3D_FAILURES_MAX;
}

/* --- USER and PASS --- */

static bool in_clear(const struct pop3d *s)
{
    return !server_conn_allows_passwords(s->c);
}

void pop3d_user(struct pop3d *s, const struct pop3d_command *command)
{
    if (in_clear(s) && !pop3d_fault(s, FAULT_TLS_LOGIN_TELLS_IN_CLEAR) &&
        !pop3d_fault(s, FAULT_TLS_STARTTLS_KEEPS_STATE)) {
        pop3d_err(s, NULL, "send STLS first");
        return;
    }
    if (!in_clear(s) && !server_conn_takes_passwords(s->c)) {
        pop3d_err(s, NULL, "passwords are not taken here");
        return;
    }
    if (pop3d_fault(s, FAULT_POP3_CAPA_USER_LIES)) {
        pop3d_err(s, NULL, "unknown command");
        return;
    }
    free(s->user);
    s->user = xslicedup(command->args);
    pop3d_ok(s, "send PASS");
}

/* The whole rest is the password: it may hold spaces (RFC 1939 section 7). */
static slice password_of(const struct pop3d *s, slice args)
{
    slice first = args, rest = args;
    if (pop3d_fault(s, FAULT_POP3_PASS_SPACES))
        slice_cut(&rest, ' ', &first);
    return first;
}

static void refuse_in_clear(struct pop3d *s, slice user, slice password)
{
    if (pop3d_fault(s, FAULT_TLS_LOGIN_TELLS_IN_CLEAR) &&
        !reference_login(s->c->ref, user, password))
        pop3d_err(s, "AUTH", "authentication failed");
    else
        pop3d_err(s, NULL, "send STLS first");
}

void pop3d_pass(struct pop3d *s, const struct pop3d_command *command)
{
    /* One attempt: a wrong password needs another USER. */
    autofree char *user = take(s->user);
    slice password = password_of(s, command->args);
    if (!user && pop3d_fault(s, FAULT_POP3_PASS_WITHOUT_USER)) {
        s->closing = true;
        return;
    }
    if (!user && in_clear(s)) {
        pop3d_err(s, NULL, "send STLS first");
        return;
    }
    if (!user) {
        pop3d_err(s, NULL, "send USER first");
        return;
    }
    if (in_clear(s)) {
        refuse_in_clear(s, slice_of(user), password);
        return;
    }
    struct account *account = server_conn_login(s->c, slice_of(user), password);
    if (account)
        pop3d_open(s, account);
    else
        refuse_login(s, reference_find_user(s->c->ref, slice_of(user)) != NULL);
}

/* --- AUTH (RFC 5034) --- */

struct exchange {
    struct pop3d *s;
    struct sasl_server *sasl;
    struct buf message, challenge;
};

static bool decode(struct exchange *x, slice text)
{
    if (sasl_server_decode(text, pop3d_fault(x->s, FAULT_POP3_SASL_BASE64), &x->message))
        return true;
    pop3d_err(x->s, NULL, "that is not base64");
    return false;
}

static void send_challenge(struct exchange *x)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    base64_encode(buf_slice(&x->challenge), &text);
    if (pop3d_fault(x->s, FAULT_POP3_SASL_BARE_PLUS))
        server_conn_send(x->s->c, S("+OK\r\n"));
    else if (pop3d_fault(x->s, FAULT_POP3_SASL_TEXT))
        server_conn_send(x->s->c, S("+ please go on.\r\n"));
    else
        server_conn_sendf(x->s->c, "+ %s\r\n", text.p);
}

/* False: it was refused, or the connection ended. */
static bool read_response(struct exchange *x)
{
    struct pop3d *s = x->s;
    slice line;
    enum server_line got = server_conn_line(s->c, SASL_MESSAGE_MAX + 2, pop3d_deadline(s), &line);
    if (got != LINE_OK && got != LINE_LONG) {
        s->closing = true;
        return false;
    }
    if (got == LINE_LONG)
        pop3d_err(s, NULL, "response too long");
    else if (!slice_eq_str(line, "*"))
        return decode(x, line);
    else if (pop3d_fault(s, FAULT_POP3_SASL_CANCEL))
        pop3d_ok(s, "cancelled");
    else
        pop3d_err(s, NULL, "cancelled");
    return false;
}

/* initial.p == NULL: none; "=" is an empty one. */
static void converse(struct exchange *x, slice initial)
{
    bool has = initial.p != NULL;
    if (has && !decode(x, slice_eq_str(initial, "=") ? S("") : initial))
        return;
    slice message = buf_slice(&x->message);
    enum sasl_step step = sasl_server_step(x->sasl, has ? &message : NULL, &x->challenge);
    while (step == SASL_CHALLENGE) {
        send_challenge(x);
        if (!read_response(x))
            return;
        message = buf_slice(&x->message);
        step = sasl_server_step(x->sasl, &message, &x->challenge);
    }
    if (step == SASL_DONE)
        pop3d_open(x->s, sasl_server_account(x->sasl));
    else if (step == SASL_MALFORMED)
        pop3d_err(x->s, NULL, "that is no message of this mechanism");
    else
        refuse_login(x->s, true);
}

void pop3d_auth(struct pop3d *s, const struct pop3d_command *command)
{
    slice initial = command->args, name;
    slice_cut(&initial, ' ', &name);
    struct exchange x = { .s = s, .sasl = sasl_server_new(s->c, name) };
    bool plain = slice_eq_nocase(name, S("PLAIN"));
    if (!x.sasl) {
        pop3d_err(s, NULL, in_clear(s) ? "send STLS first" : "mechanism not offered");
        return;
    }
    buf_init(&x.message, SASL_MESSAGE_MAX);
    buf_init(&x.challenge, SASL_MESSAGE_MAX);
    if (initial.p && pop3d_fault(s, FAULT_POP3_SASL_NO_INITIAL))
        pop3d_err(s, NULL, "no initial response, please");
    else if (!initial.p && plain && pop3d_fault(s, FAULT_POP3_SASL_NEEDS_INITIAL))
        pop3d_err(s, NULL, "PLAIN needs an initial response");
    else
        converse(&x, initial);
    buf_release(&x.message);
    buf_release(&x.challenge);
    sasl_server_free(x.sasl);
}
