#include "sasl_client.h"
#include "base64.h"
#include "client_steps.h"
#include "imap_client.h"
#include "pop3_client.h"
#include "sasl_mechanism.h"
#include "smtp_client.h"
#include <stdio.h>

enum answer { ANSWER_CHALLENGE, ANSWER_YES, ANSWER_NO };

/* How a protocol carries the exchange. */
struct carrier {
    const char *service; /* the GSSAPI service name (RFC 4954 section 3 and its like) */
    const char *command;
    size_t line_max; /* octets of a command line with CRLF; longer: no initial response; 0: none */
    const char *initial_needs; /* a capability, or NULL */
    /* Reads the unit; false when it is not of the exchange. */
    bool (*read)(const struct unit *u, slice tag, enum answer *ret, slice *ret_text);
};

static bool smtp_read(const struct unit *u, slice tag, enum answer *ret, slice *ret_text)
{
    const struct smtp_reply *r = u->smtp;
    *ret = r->code == 334 ? ANSWER_CHALLENGE : r->class == 2 ? ANSWER_YES : ANSWER_NO;
    *ret_text = r->lines[0].text;
    return true;
}

static bool pop3_read(const struct unit *u, slice tag, enum answer *ret, slice *ret_text)
{
    const struct pop3_reply *r = u->pop3;
    *ret = r->status == POP3_CONTINUE ? ANSWER_CHALLENGE
           : r->status == POP3_OK     ? ANSWER_YES
                                      : ANSWER_NO;
    *ret_text = r->text;
    return true;
}

static bool imap_read(const struct unit *u, slice tag, enum answer *ret, slice *ret_text)
{
    const struct imap_response *r = u->imap;
    *ret_text = r->text;
    if (r->kind == IMAP_CONTINUATION) {
        *ret = ANSWER_CHALLENGE;
        return true;
    }
    *ret = r->status == IMAP_OK ? ANSWER_YES : ANSWER_NO;
    return (r->kind == IMAP_TAGGED && slice_eq(r->tag, tag)) || r->status == IMAP_BYE;
}

static const struct carrier carriers[] = {
    [PROTOCOL_SMTP] = { "smtp", "AUTH", 512, NULL, smtp_read },
    [PROTOCOL_LMTP] = { "smtp", "AUTH", 512, NULL, smtp_read },
    [PROTOCOL_POP3] = { "pop", "AUTH", 255, NULL, pop3_read },
    [PROTOCOL_IMAP] = { "imap", "AUTHENTICATE", 0, "SASL-IR", imap_read },
};

struct exchange {
    struct conn *c;
    const struct carrier *carrier;
    const struct sasl_mechanism *mechanism;
    const struct sasl_options *options;
    slice tag;
    nsec deadline;
    struct sasl_session *session;
    struct sasl_outcome *outcome;
    struct unit *last;
    struct buf token, wire; /* a token, and its form on the wire */
    unsigned round;
    bool ready;      /* the token was made before it was asked for */
    bool overridden; /* the caller's token took the place of ours at least once */
};

static const struct sasl_override *override_of(const struct exchange *x)
{
    for (size_t i = 0; i < x->options->n_overrides; i++)
        if (x->options->overrides[i].round == x->round)
            return &x->options->overrides[i];
    return NULL;
}

/* x->wire becomes what goes out for x->token in this round. */
static void to_wire(struct exchange *x, bool initial)
{
    const struct sasl_override *o = override_of(x);
    slice bytes = o ? o->bytes : buf_slice(&x->token);
    buf_clear(&x->wire);
    x->round++;
    x->overridden |= o != NULL;
    if (o && o->cancel) {
        buf_adds(&x->wire, "*");
    } else if (o && o->verbatim) {
        buf_add(&x->wire, bytes);
    } else if (initial && !bytes.n) {
        buf_adds(&x->wire, "="); /* RFC 4954 section 4, RFC 4959 section 3, RFC 5034 section 4 */
    } else {
        base64_encode(bytes, &x->wire);
    }
}

static int send_wire(struct exchange *x, struct error *err)
{
    auto_buf line = { 0 };
    buf_init(&line, BUF_OURS);
    buf_add(&line, buf_slice(&x->wire));
    buf_adds(&line, "\r\n");
    return conn_send(x->c, buf_slice(&line), x->deadline, err);
}

/* Does the first token go with the command? */
static bool wants_initial(const struct exchange *x, const struct capabilities *caps)
{
    const char *needs = x->carrier->initial_needs;
    switch (x->options->initial) {
    case SASL_INITIAL_SEND:
        return true;
    case SASL_INITIAL_NEVER:
        return false;
    default:
        return x->mechanism->client_first && (!needs || (caps && caps_has(caps, slice_of(needs))));
    }
}

static void make_first_token(struct exchange *x)
{
    const char *why;
    bool login = slice_eq_str(slice_of(x->mechanism->name), "LOGIN");
    x->ready = x->mechanism->client_first || (login && x->options->initial == SASL_INITIAL_SEND);
    if (x->ready)
        sasl_session_step(x->session, S(""), &x->token, &why);
}

static int send_command(struct exchange *x, const struct capabilities *caps, struct error *err)
{
    size_t max = x->carrier->line_max;
    auto_buf line = { 0 };
    buf_init(&line, BUF_OURS);
    if (conn_protocol(x->c) == PROTOCOL_IMAP)
        buf_addf(&line, "%.*s ", SLICE_ARG(x->tag));
    buf_addf(&line, "%s %s", x->carrier->command, x->mechanism->name);
    make_first_token(x);
    size_t whole = line.n + 1 + (x->token.n + 2) / 3 * 4 + 2;
    bool fits = !max || whole <= max || x->options->initial == SASL_INITIAL_SEND;
    if (wants_initial(x, caps) && fits) {
        to_wire(x, true);
        x->ready = false;
        buf_addc(&line, ' ');
        buf_add(&line, buf_slice(&x->wire));
    }
    conn_expect(x->c, EXPECT_AUTH);
    buf_adds(&line, "\r\n");
    return conn_send(x->c, buf_slice(&line), x->deadline, err);
}

static int take_answer(struct exchange *x, struct error *err, enum answer *ret, slice *ret_text)
{
    do {
        int result = client_take(x->c, x->deadline, "the answer to our login", err, &x->last);
        if (result < 0)
            return result;
    } while (!x->carrier->read(x->last, x->tag, ret, ret_text));
    return 0;
}

static void keep_server_error(struct exchange *x, slice said)
{
    auto_buf masked = { 0 };
    buf_init(&masked, BUF_OURS);
    secrets_mask(transcript_secrets(conn_transcript(x->c)), said, &masked);
    snprintf(x->outcome->server_error, sizeof x->outcome->server_error, "%s", masked.p);
}

/* "*" ends the exchange (RFC 4954 section 4, RFC 9051 section 6.2.2, RFC 5034 section 4); what the
   server says to it does not matter any more. */
static int give_up(struct exchange *x, const char *why, struct error *err)
{
    enum answer answer;
    slice text;
    if (conn_send(x->c, S("*\r\n"), x->deadline, NULL) == 0)
        take_answer(x, NULL, &answer, &text);
    return error_set(err, ERR_LOGIN, "%s: the server's challenge makes no sense to us: %s",
                     x->mechanism->name, why);
}

/* The mechanism's answer to a challenge into x->token. False, *ret_why, when it has none. */
static bool answer_challenge(struct exchange *x, slice text, const char **ret_why)
{
    auto_buf plain = { 0 };
    buf_init(&plain, SASL_TOKEN_MAX);
    bool is_base64 = base64_decode(text, &plain, NULL);
    x->outcome->bad_base64 |= !is_base64;
    if (x->ready) { /* the server had nothing to ask: what it said does not matter */
        x->ready = false;
        return true;
    }
    if (!is_base64) {
        *ret_why = "it is no base64";
        return false;
    }
    slice challenge = buf_slice(&plain);
    if (x->mechanism->mutual && slice_starts(challenge, S("e=")))
        keep_server_error(x, challenge);
    if (sasl_session_step(x->session, challenge, &x->token, ret_why))
        return true;
    x->outcome->bad_challenge = !x->outcome->server_error[0];
    return false;
}

static int dialogue(struct exchange *x, struct error *err, enum answer *ret)
{
    for (unsigned i = 0; i < SASL_ROUNDS_MAX; i++) {
        const char *why = "";
        slice text;
        int result = take_answer(x, err, ret, &text);
        if (result < 0 || *ret != ANSWER_CHALLENGE)
            return result;
        x->outcome->challenges++;
        if (!answer_challenge(x, text, &why) && !override_of(x))
            return give_up(x, why, err);
        to_wire(x, false);
        result = send_wire(x, err);
        if (result < 0)
            return result;
    }
    return error_set(err, ERR_LIMIT, "%s: the server sent more than %d challenges",
                     x->mechanism->name, SASL_ROUNDS_MAX);
}

static int conclude(struct exchange *x, enum answer answer, struct error *err)
{
    struct sasl_outcome *o = x->outcome;
    slice oauth = sasl_session_server_error(x->session);
    if (oauth.n)
        keep_server_error(x, oauth);
    o->accepted = answer == ANSWER_YES;
    o->refused = answer == ANSWER_NO;
    o->in_use = o->refused && x->last->pop3 && pop3_says_in_use(x->last->pop3);
    o->mutual = o->accepted && x->mechanism->mutual && sasl_session_done(x->session);
    o->channel_bound = o->accepted && sasl_session_bound(x->session);
    if (o->refused) {
        autofree char *what = xprintf("login by %s", x->mechanism->name);
        return client_refused(x->c, client_says_rate(x->last) ? ERR_RATE : ERR_LOGIN, what,
                              x->last->raw, err);
    }
    if (x->mechanism->mutual && !o->mutual && !x->overridden)
        return error_set(err, ERR_LOGIN, "%s: the server took our login without proving itself",
                         x->mechanism->name);
    return 0;
}

static int exchange(struct exchange *x, const struct capabilities *caps, struct error *err)
{
    enum answer answer;
    int result = send_command(x, caps, err);
    if (result == 0)
        result = dialogue(x, err, &answer);
    return result == 0 ? conclude(x, answer, err) : result;
}

static int prepare(struct exchange *x, struct error *err)
{
    const struct credentials *who = x->options->who;
    struct secrets *secrets = transcript_secrets(conn_transcript(x->c));
    if (secrets) {
        secrets_add(secrets, who->password);
        secrets_add(secrets, who->token);
    }
    x->mechanism = sasl_mechanism_find(who->mechanism);
    if (!x->mechanism)
        return error_set(err, ERR_USAGE, "%.*s is no SASL mechanism that we speak",
                         SLICE_ARG(who->mechanism));
    if (x->mechanism->in_clear && !conn_in_tls(x->c) && !who->allow_clear)
        return error_set(err, ERR_USAGE, "%s would show the secret on a connection without TLS",
                         x->mechanism->name);
    x->carrier = &carriers[conn_protocol(x->c)];
    return sasl_session_new(x->mechanism, x->options, x->carrier->service, conn_tls_stream(x->c),
                            err, &x->session);
}

int sasl_login(struct conn *c, slice tag, const struct sasl_options *options,
               const struct capabilities *caps, nsec deadline, struct sasl_outcome *outcome,
               struct error *err)
{
    struct sasl_outcome unseen;
    struct exchange x = { .c = c, .tag = tag, .options = options, .deadline = deadline };
    x.outcome = outcome ? outcome : &unseen;
    *x.outcome = (struct sasl_outcome) { 0 };
    int result = prepare(&x, err);
    if (result < 0)
        return result;
    buf_init(&x.token, SASL_TOKEN_MAX);
    buf_init(&x.wire, BUF_OURS);
    result = exchange(&x, caps, err);
    sasl_session_free(x.session);
    unit_free(x.last);
    buf_release(&x.token);
    buf_release(&x.wire);
    return result;
}
