/* AUTH (RFC 4954) and STARTTLS (RFC 3207). */
#include "base64.h"
#include "smtpd_session.h"

bool smtpd_needs_tls(const struct smtpd *s)
{
    if (smtpd_is(s, ROLE_MX) && smtpd_fault(s, FAULT_SMTP_MX_NEEDS_TLS))
        return !s->c->tls;
    return smtpd_is(s, ROLE_SUBMISSION) && !s->c->tls && !s->c->service->implicit_tls &&
           !server_conn_allows_passwords(s->c) && !smtpd_fault(s, FAULT_SUBMISSION_NO_TLS);
}

bool smtpd_needs_auth(const struct smtpd *s)
{
    if (!smtpd_is(s, ROLE_SUBMISSION) || s->user || smtpd_fault(s, FAULT_SUBMISSION_NO_AUTH))
        return false;
    return s->c->tls || !smtpd_fault(s, FAULT_SUBMISSION_NO_TLS);
}

bool smtpd_offers_auth(const struct smtpd *s)
{
    return smtpd_is(s, ROLE_SUBMISSION) && sasl_server_offers_any(s->c);
}

/* --- STARTTLS --- */

/* What was said in clear may have been said by somebody else (RFC 3207 section 4.2). */
static void forget(struct smtpd *s)
{
    if (smtpd_fault(s, FAULT_TLS_STARTTLS_KEEPS_STATE))
        return;
    s->state = STATE_START;
    smtpd_reset(s);
    free(take(s->helo));
    s->extended = false;
    if (!smtpd_fault(s, FAULT_TLS_STARTTLS_AFTER_LOGIN))
        s->user = NULL;
}

void smtpd_starttls(struct smtpd *s, const struct smtp_command *command)
{
    enum starttls_answer answer = server_conn_starttls_answer(s->c);
    if (answer == STARTTLS_ACTIVE) {
        smtpd_refuse(s, 503, "5.5.1", "TLS is on already");
    } else if (answer == STARTTLS_NONE) {
        bool for_now = smtpd_fault(s, FAULT_TLS_STARTTLS_REFUSED);
        smtpd_refuse(s, for_now ? 454 : 502, for_now ? "4.7.0" : "5.5.1", "TLS not available");
    } else if (!s->extended || (s->user && !smtpd_fault(s, FAULT_TLS_STARTTLS_AFTER_LOGIN))) {
        smtpd_refuse(s, 503, "5.5.1", "bad sequence of commands");
    } else if (server_conn_starttls(s->c, S("220 2.0.0 ready to start TLS\r\n"))) {
        if (s->c->tls)
            forget(s);
    } else {
        s->closing = true;
    }
}

/* --- AUTH --- */

/* One response of the client. False: it was refused, or the connection ended. */
struct exchange {
    struct smtpd *s;
    struct sasl_server *sasl;
    struct buf message, challenge;
};

static bool decode(struct exchange *x, slice text)
{
    if (sasl_server_decode(text, smtpd_fault(x->s, FAULT_SMTP_AUTH_BASE64), &x->message))
        return true;
    smtpd_refuse(x->s, 501, "5.5.2", "that is not base64");
    return false;
}

static bool read_response(struct exchange *x)
{
    struct smtpd *s = x->s;
    slice line;
    size_t max = smtpd_fault(s, FAULT_SMTP_AUTH_LINE_SHORT) ? 512 : SASL_MESSAGE_MAX + 2;
    enum server_line got = server_conn_line(s->c, max, smtpd_deadline(s), &line);
    if (got == LINE_LONG) {
        smtpd_refuse(s, 500, "5.5.6", "authentication exchange line is too long");
        return false;
    }
    if (got != LINE_OK) {
        smtpd_input_ended(s, got);
        return false;
    }
    if (slice_eq_str(line, "*")) {
        if (smtpd_fault(s, FAULT_SMTP_AUTH_CANCEL))
            smtpd_refuse(s, 535, "5.7.8", "authentication credentials invalid");
        else
            smtpd_refuse(s, 501, "5.0.0", "authentication cancelled");
        return false;
    }
    return decode(x, line);
}

static void send_challenge(struct exchange *x)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (smtpd_fault(x->s, FAULT_SMTP_AUTH_CHALLENGE_TEXT))
        buf_adds(&text, "please go on.");
    else
        base64_encode(buf_slice(&x->challenge), &text);
    smtpd_reply(x->s, 334, NULL, "%s", text.p);
}

static bool is_known_user(const struct exchange *x)
{
    struct buf copy = x->message;
    slice rest = buf_slice(&copy), part;
    while (slice_cut(&rest, '\0', &part))
        if (part.n && reference_find_user(x->s->c->ref, part))
            return true;
    return false;
}

static void refuse_login(struct exchange *x)
{
    struct smtpd *s = x->s;
    if (++s->auth_failures >= SMTPD_AUTH_FAILURES_MAX ||
        smtpd_fault(s, FAULT_SMTP_AUTH_FAILURE_CLOSES)) {
        smtpd_reply(s, 421, "4.7.0", "%s too many failed logins", reference_host_name(s->c->ref));
        s->closing = true;
    } else if (smtpd_fault(s, FAULT_SMTP_AUTH_TELLS) && !is_known_user(x)) {
        smtpd_refuse(s, 535, "5.7.8", "no such user");
    } else {
        smtpd_refuse(s, 535, "5.7.8", "authentication credentials invalid");
    }
}

static void conclude(struct exchange *x, enum sasl_step step)
{
    if (step == SASL_DONE) {
        x->s->user = sasl_server_account(x->sasl);
        smtpd_reply(x->s, 235, "2.7.0", "authentication succeeded");
    } else if (step == SASL_MALFORMED) {
        smtpd_refuse(x->s, 501, "5.5.2", "that is no message of this mechanism");
    } else {
        refuse_login(x);
    }
}

/* initial.p == NULL: none; "=" is an empty one (RFC 4954 section 4). */
static void converse(struct exchange *x, slice initial)
{
    bool has = initial.p != NULL;
    if (has && slice_eq_str(initial, "="))
        initial = S("");
    if (has && !decode(x, initial))
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
    conclude(x, step);
}

static bool may_auth(struct smtpd *s, const struct smtp_command *command)
{
    bool in_mail = s->state != STATE_READY && s->state != STATE_START;
    if (!smtpd_offers_auth(s))
        smtpd_refuse(s, 502, "5.5.1", "AUTH is not available here");
    else if (in_mail && smtpd_fault(s, FAULT_SMTP_AUTH_IN_MAIL))
        return true;
    else if (s->user && !smtpd_fault(s, FAULT_SMTP_AUTH_TWICE))
        smtpd_refuse(s, 503, "5.5.1", "already authenticated");
    else if (in_mail)
        smtpd_refuse(s, 503, "5.5.1", "not in a transaction");
    else if (!s->extended)
        smtpd_refuse(s, 503, "5.5.1", "send EHLO first");
    else if (command->initial.p && smtpd_fault(s, FAULT_SMTP_AUTH_NO_INITIAL))
        smtpd_refuse(s, 501, "5.5.4", "no initial response, please");
    else if (!command->initial.p && smtpd_fault(s, FAULT_SMTP_AUTH_NEEDS_INITIAL) &&
             slice_eq_nocase(command->mechanism, S("PLAIN")))
        smtpd_refuse(s, 501, "5.5.4", "PLAIN needs an initial response");
    else
        return true;
    return false;
}

void smtpd_auth(struct smtpd *s, const struct smtp_command *command)
{
    if (!may_auth(s, command))
        return;
    struct exchange x = { .s = s, .sasl = sasl_server_new(s->c, command->mechanism) };
    if (!x.sasl) {
        bool faulty = smtpd_fault(s, FAULT_SMTP_AUTH_UNKNOWN_500);
        smtpd_refuse(s, faulty ? 500 : 504, "5.5.4", "mechanism not offered");
        return;
    }
    buf_init(&x.message, SASL_MESSAGE_MAX);
    buf_init(&x.challenge, SASL_MESSAGE_MAX);
    converse(&x, command->initial);
    buf_release(&x.message);
    buf_release(&x.challenge);
    sasl_server_free(x.sasl);
}

/* authzid NUL authcid NUL passwd, in base64 */
static bool plain_is_right(const struct smtpd *s, slice text)
{
    auto_buf plain;
    buf_init(&plain, SASL_MESSAGE_MAX);
    slice as, user;
    if (!text.p || !base64_decode(text, &plain, NULL))
        return false;
    slice rest = buf_slice(&plain);
    return slice_cut(&rest, '\0', &as) && slice_cut(&rest, '\0', &user) && rest.p &&
           reference_login(s->c->ref, user, rest);
}

bool smtpd_auth_tells(struct smtpd *s, const struct smtp_command *command)
{
    if (!smtpd_fault(s, FAULT_TLS_LOGIN_TELLS_IN_CLEAR) || s->c->tls ||
        !slice_eq_nocase(command->mechanism, S("PLAIN")))
        return false;
    if (plain_is_right(s, command->initial))
        smtpd_refuse(s, 530, "5.7.0", "must issue a STARTTLS command first");
    else
        smtpd_refuse(s, 535, "5.7.8", "authentication credentials invalid");
    return true;
}
