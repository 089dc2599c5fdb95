#include "smtpd.h"
#include "smtpd_session.h"
#include "store.h"

enum { LINE_READ_MAX = SMTP_COMMAND_LIMIT };

void smtpd_reset(struct smtpd *s)
{
    smtp_transaction_reset(&s->t);
    if (s->state != STATE_START)
        s->state = STATE_READY;
}

nsec smtpd_deadline(const struct smtpd *s)
{
    nsec limit = reference_settings(s->c->ref)->idle_limit;
    if (!limit)
        limit = SECONDS(SMTPD_IDLE_SECONDS);
    if (smtpd_fault(s, FAULT_SMTP_TIMEOUT_SHORT))
        limit = SECONDS(60);
    return now() + limit;
}

void smtpd_input_ended(struct smtpd *s, enum server_line how)
{
    s->closing = true;
    if (how == LINE_CANCEL)
        smtpd_reply(s, 421, "4.3.2", "%s shutting down", reference_host_name(s->c->ref));
    if (how == LINE_TIMEOUT && !smtpd_fault(s, FAULT_SMTP_TIMEOUT_SILENT))
        smtpd_reply(s, 421, "4.4.2", "%s idle for too long, closing",
                    reference_host_name(s->c->ref));
}

/* --- small commands --- */

static void run_noop(struct smtpd *s, const struct smtp_command *command)
{
    if (command->args.n && smtpd_fault(s, FAULT_SMTP_NOOP_ARGUMENT)) {
        smtpd_refuse(s, 501, "5.5.4", "NOOP has no argument");
        return;
    }
    smtpd_reply(s, 250, "2.0.0", "ok");
    if (smtpd_fault(s, FAULT_SMTP_REPLY_TWO))
        smtpd_reply(s, 250, "2.0.0", "ok");
}

static void run_rset(struct smtpd *s, const struct smtp_command *command)
{
    if (smtpd_fault(s, FAULT_SMTP_RSET_REFUSED)) {
        smtpd_refuse(s, 500, "5.5.1", "unknown command");
        return;
    }
    if (!smtpd_fault(s, FAULT_SMTP_RSET_KEEPS_SENDER))
        smtpd_reset(s);
    smtpd_reply(s, 250, "2.0.0", "ok");
}

static void run_quit(struct smtpd *s, const struct smtp_command *command)
{
    if (!smtpd_fault(s, FAULT_SMTP_QUIT_NO_221))
        smtpd_reply(s, 221, "2.0.0", "%s closing", reference_host_name(s->c->ref));
    s->closing = !smtpd_fault(s, FAULT_SMTP_QUIT_STAYS);
}

static void run_help(struct smtpd *s, const struct smtp_command *command)
{
    if (smtpd_fault(s, FAULT_SMTP_HELP_UNKNOWN))
        smtpd_refuse(s, 500, "5.5.1", "unknown command");
    else
        smtpd_reply(s, 214, "2.0.0", "see RFC 5321");
}

/* "<user@domain>", "user@domain" or "user". */
static bool vrfy_knows(const struct smtpd *s, slice who)
{
    if (who.n >= 2 && who.p[0] == '<')
        who = slice_sub(who, 1, who.n - 1);
    size_t at = slice_find_char(who, '@');
    slice domain = at == SIZE_MAX ? slice_of(reference_domain(s->c->ref)) : slice_skip(who, at + 1);
    return reference_find_mailbox(s->c->ref, slice_sub(who, 0, at), domain) != NULL;
}

/* 252 tells nothing and promises nothing (RFC 5321 section 3.5.3). */
static void run_vrfy(struct smtpd *s, const struct smtp_command *command)
{
    bool known = vrfy_knows(s, command->args);
    if (smtpd_fault(s, FAULT_SMTP_VRFY_REFUSED))
        smtpd_refuse(s, 500, "5.5.1", "unknown command");
    else if (smtpd_fault(s, FAULT_SMTP_VRFY_LIES) ||
             (known && smtpd_fault(s, FAULT_SMTP_VRFY_TELLS)))
        smtpd_reply(s, 250, "2.1.5", "<%.*s@%s>", SLICE_ARG(slice_sub(command->args, 0, 64)),
                    reference_domain(s->c->ref));
    else if (smtpd_fault(s, FAULT_SMTP_VRFY_TELLS))
        smtpd_reply(s, 550, "5.1.1", "no such user");
    else
        smtpd_reply(s, 252, "2.1.5", "send some mail, it will be tried");
}

/* No lists here; section 7.3 asks for 252 of those who do not tell. */
static void run_expn(struct smtpd *s, const struct smtp_command *command)
{
    if (smtpd_fault(s, FAULT_SMTP_EXPN_LIES))
        smtpd_reply(s, 250, "2.1.5", "<%.*s@%s>", SLICE_ARG(slice_sub(command->args, 0, 64)),
                    reference_domain(s->c->ref));
    else
        smtpd_reply(s, 252, "2.1.5", "send some mail, it will be tried");
}

/* --- the table --- */

enum {
    BEFORE_TLS = 1,  /* allowed where TLS is required and not on (RFC 3207 section 4) */
    BEFORE_AUTH = 2, /* allowed where a login is required (RFC 4954 section 6) */
    FOR_SMTP = 4,    /* not in LMTP */
    FOR_LMTP = 8,
    FOR_ALL = FOR_SMTP | FOR_LMTP
};

static const struct row {
    unsigned states, flags;
    void (*run)(struct smtpd *s, const struct smtp_command *command);
} rows[SMTP_VERBS] = {
    [SMTP_EHLO] = { STATE_ANY, BEFORE_TLS | BEFORE_AUTH | FOR_SMTP, smtpd_hello },
    [SMTP_HELO] = { STATE_ANY, BEFORE_AUTH | FOR_SMTP, smtpd_hello },
    [SMTP_LHLO] = { STATE_ANY, FOR_LMTP, smtpd_hello },
    [SMTP_MAIL] = { STATE_READY, FOR_ALL, smtpd_mail },
    [SMTP_RCPT] = { STATE_MAIL | STATE_RCPT, FOR_ALL, smtpd_rcpt },
    [SMTP_DATA] = { STATE_RCPT, FOR_ALL, smtpd_data },
    [SMTP_BDAT] = { STATE_RCPT | STATE_BDAT, FOR_ALL, smtpd_bdat },
    [SMTP_RSET] = { STATE_ANY, BEFORE_AUTH | FOR_ALL, run_rset },
    [SMTP_NOOP] = { STATE_ANY, BEFORE_TLS | BEFORE_AUTH | FOR_ALL, run_noop },
    [SMTP_QUIT] = { STATE_ANY, BEFORE_TLS | BEFORE_AUTH | FOR_ALL, run_quit },
    [SMTP_VRFY] = { STATE_ANY, FOR_ALL, run_vrfy },
    [SMTP_EXPN] = { STATE_ANY, FOR_ALL, run_expn },
    [SMTP_HELP] = { STATE_ANY, BEFORE_AUTH | FOR_ALL, run_help },
    [SMTP_STARTTLS] = { STATE_GREETED, BEFORE_TLS | BEFORE_AUTH | FOR_ALL, smtpd_starttls },
    [SMTP_AUTH] = { STATE_ANY, BEFORE_AUTH | FOR_SMTP, smtpd_auth },
};

/* Each row makes a refusal by order go away. */
static const struct {
    enum fault_id fault;
    enum smtp_verb verb;
    unsigned states; /* where the command is accepted besides */
} order_faults[] = {
    { FAULT_SMTP_RCPT_BEFORE_MAIL, SMTP_RCPT, STATE_READY },
    { FAULT_SMTP_MAIL_NESTED, SMTP_MAIL, STATE_MAIL | STATE_RCPT },
    { FAULT_SMTP_DATA_BEFORE_RCPT, SMTP_DATA, STATE_MAIL },
    { FAULT_SMTP_BDAT_THEN_DATA, SMTP_DATA, STATE_BDAT },
};

static unsigned states_of(const struct smtpd *s, enum smtp_verb verb)
{
    unsigned states = rows[verb].states;
    for (size_t i = 0; i < COUNT(order_faults); i++)
        if (order_faults[i].verb == verb && smtpd_fault(s, order_faults[i].fault))
            states |= order_faults[i].states;
    if (verb == SMTP_DATA && smtpd_is(s, ROLE_LMTP) && smtpd_fault(s, FAULT_LMTP_NO_RECIPIENTS))
        states |= STATE_MAIL;
    return states;
}

static bool is_supported(const struct smtpd *s, enum smtp_verb verb)
{
    bool lmtp = smtpd_is(s, ROLE_LMTP);
    bool hello = verb == SMTP_EHLO || verb == SMTP_HELO;
    if (lmtp && hello && smtpd_fault(s, FAULT_LMTP_EHLO_ACCEPTED))
        return true;
    return rows[verb].run && rows[verb].flags & (lmtp ? FOR_LMTP : FOR_SMTP);
}

/* Why the command may not be given now; false in *ret: it may. */
static bool is_refused(struct smtpd *s, const struct smtp_command *command,
                       struct smtp_outcome *ret)
{
    enum smtp_verb verb = command->verb;
    if (verb == SMTP_ETRN || (verb == SMTP_EXPN && smtpd_fault(s, FAULT_SMTP_EXPN_LISTED)) ||
        (verb == SMTP_BDAT && smtpd_fault(s, FAULT_SMTP_BDAT_REFUSED)))
        return !smtp_outcome_set(ret, 502, "5.5.1", "%s is not implemented", smtp_verb_name(verb));
    if (!is_supported(s, verb))
        return !smtp_outcome_set(ret, 500, "5.5.1", "unknown command");
    if (verb == SMTP_MAIL && smtpd_is(s, ROLE_SUBMISSION) &&
        smtpd_fault(s, FAULT_SUBMISSION_MAIL_IN_CLEAR))
        return false;
    if (smtpd_needs_tls(s) && !(rows[verb].flags & BEFORE_TLS))
        return !smtp_outcome_set(ret, 530, "5.7.0", "must issue a STARTTLS command first");
    if (smtpd_needs_auth(s) && !(rows[verb].flags & BEFORE_AUTH))
        return !smtp_outcome_set(ret, 530, "5.7.0", "authentication required");
    bool too_early = s->state == STATE_START && rows[verb].run != smtpd_hello &&
                     smtpd_fault(s, FAULT_SMTP_EHLO_FIRST);
    if (too_early || !(states_of(s, verb) & s->state))
        return !smtp_outcome_set(ret, 503, "5.5.1", "bad sequence of commands");
    return false;
}

/* --- one command --- */

/* A browser that was tricked into talking to us must not get its text executed as mail commands
   (RFC 5321 section 7.8 leaves the closing to us). */
static bool is_http(slice verb)
{
    static const char *const verbs[] = { "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT" };
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (slice_eq_str(verb, verbs[i]))
            return true;
    return false;
}

static void run_unknown(struct smtpd *s, const struct smtp_command *command)
{
    if (is_http(command->verb_text) && !smtpd_fault(s, FAULT_SMTP_HTTP)) {
        smtpd_reply(s, 421, "4.7.0", "%s does not speak HTTP", reference_host_name(s->c->ref));
        s->closing = true;
    } else if (smtpd_fault(s, FAULT_SMTP_UNKNOWN_ACCEPTED)) {
        smtpd_reply(s, 250, "2.0.0", "ok");
    } else {
        smtpd_refuse(s, 500, "5.5.2", "unknown command");
    }
}

static bool is_lower(slice verb)
{
    return verb.n && verb.p[0] >= 'a' && verb.p[0] <= 'z';
}

/* An EHLO without a domain, arguments where there are none, and a chunk size that is none:
   tolerated by fault. */
static bool tolerates(const struct smtpd *s, const struct smtp_command *command)
{
    if (command->verb == SMTP_EHLO && !command->args.n)
        return smtpd_fault(s, FAULT_SMTP_EHLO_NO_ARGUMENT);
    if (command->verb == SMTP_BDAT)
        return smtpd_fault(s, FAULT_SMTP_BDAT_SIZE);
    if (command->verb == SMTP_RSET || command->verb == SMTP_DATA || command->verb == SMTP_QUIT)
        return smtpd_fault(s, FAULT_SMTP_EXTRA_ARGUMENT);
    return command->verb == SMTP_STARTTLS && smtpd_fault(s, FAULT_TLS_STARTTLS_ARGUMENT);
}

static bool is_small(enum smtp_verb verb)
{
    return verb == SMTP_NOOP || verb == SMTP_VRFY || verb == SMTP_EXPN || verb == SMTP_HELP;
}

static void run(struct smtpd *s, const struct smtp_command *command)
{
    struct smtp_outcome refusal;
    bool bad = command->error.rule && !tolerates(s, command);
    if (command->verb == SMTP_VERB_UNKNOWN ||
        (is_lower(command->verb_text) && smtpd_fault(s, FAULT_SMTP_VERB_CASE))) {
        run_unknown(s, command);
    } else if (command->verb == SMTP_AUTH && smtpd_auth_tells(s, command)) {
        return;
    } else if (is_refused(s, command, &refusal)) {
        if (command->verb != SMTP_BDAT || bad || smtpd_bdat_eat(s, command))
            smtpd_refuse(s, refusal.code, refusal.enhanced, "%s", refusal.text);
    } else if (bad) {
        smtpd_refuse_syntax(s, command);
    } else {
        rows[command->verb].run(s, command);
    }
}

static unsigned parse_flags(const struct smtpd *s)
{
    return SMTP_COMMAND_UTF8 |
           (smtpd_fault(s, FAULT_SMTP_SPACE_ACCEPTED) ? SMTP_COMMAND_LENIENT : 0);
}

static void run_line(struct smtpd *s, slice line)
{
    struct smtp_command command;
    /* Later reads move the input, so the command needs a copy of its own. */
    slice copy = arena_dup(&s->arena, line);
    if (smtpd_fault(s, FAULT_SMTP_ADDRESS_STRIPPED))
        for (size_t i = 0; i < copy.n; i++)
            ((char *)copy.p)[i] &= 0x7F;
    smtp_command_parse(copy, parse_flags(s), &s->arena, &command);
    size_t limit = smtpd_fault(s, FAULT_SMTP_LINE_SHORT) ? 256 : SMTPD_LINE_MAX;
    if (copy.n + 2 > limit && command.verb != SMTP_AUTH)
        smtpd_refuse(s, 500, "5.5.2", "line too long");
    else
        run(s, &command);
    if ((s->last_code >= 500 && smtpd_fault(s, FAULT_SMTP_BAD_COMMAND_RESETS)) ||
        (is_small(command.verb) && smtpd_fault(s, FAULT_SMTP_COMMAND_RESETS)))
        smtpd_reset(s);
    if (smtpd_fault(s, FAULT_SMTP_PIPELINING_DROPS) && !s->closing)
        server_conn_use(s->c, server_conn_pending(s->c).n);
}

static void next_command(struct smtpd *s)
{
    slice line;
    enum server_line got = server_conn_line(s->c, LINE_READ_MAX, smtpd_deadline(s), &line);
    arena_release(&s->arena);
    if (got == LINE_OK)
        run_line(s, line);
    else if (got == LINE_LONG && !smtpd_fault(s, FAULT_SMTP_LINE_LONG_DROPS))
        smtpd_refuse(s, 500, "5.5.2", "line too long");
    else
        smtpd_input_ended(s, got);
}

static void greet(struct smtpd *s)
{
    int code = smtpd_fault(s, FAULT_SMTP_GREETING_CODE) ? 250 : 220;
    bool nameless = smtpd_fault(s, FAULT_SMTP_GREETING_NO_DOMAIN);
    smtpd_reply(s, code, NULL, "%s%s%s service ready",
                nameless ? "" : reference_host_name(s->c->ref), nameless ? "" : " ",
                smtpd_is(s, ROLE_LMTP) ? "LMTP" : "ESMTP");
}

void smtpd_serve(struct server_conn *c)
{
    struct smtpd s = { .c = c, .state = STATE_START };
    c->lf_ends_line = server_fault(c, FAULT_SMTP_LF_ENDS_LINE);
    c->segment_is_line = server_fault(c, FAULT_SMTP_SEGMENT_IS_LINE);
    smtp_transaction_init(&s.t);
    greet(&s);
    while (!s.closing)
        next_command(&s);
    smtp_transaction_release(&s.t);
    arena_release(&s.arena);
    free(s.helo);
}
