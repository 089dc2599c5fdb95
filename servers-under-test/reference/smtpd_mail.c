/* MAIL and RCPT with their parameters. */
#include "smtpd_session.h"
#include "store.h"

enum {
    ENVID_MAX = 100,     /* RFC 3461 section 4.4 */
    ORCPT_MAX = 500,     /* RFC 3461 section 4.2 */
    SIZE_DIGITS_MAX = 20 /* RFC 1870 section 4 */
};

/* One transaction parameter: how to accept it. *why is filled with a refusal when it returns
   false. `params` collects those that are passed on to the next hop. */
struct parameter {
    const char *keyword;
    bool (*accept)(struct smtpd *s, slice value, struct smtp_outcome *why);
    bool passed_on;
};

static bool bad_value(struct smtp_outcome *why, const char *keyword)
{
    return smtp_outcome_set(why, 501, "5.5.4", "%s has another syntax", keyword);
}

/* size-value = 1*20DIGIT */
static bool take_size(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    uint64_t max = reference_settings(s->c->ref)->size_max;
    uint64_t size = 0;
    bool digits = value.n > 0 && value.n <= SIZE_DIGITS_MAX;
    for (size_t i = 0; i < value.n && digits; i++)
        digits = ascii_is_digit(value.p[i]);
    if (smtpd_fault(s, FAULT_SMTP_SIZE_UNKNOWN))
        return smtp_outcome_set(why, 555, "5.5.4", "parameter not supported");
    if (!digits)
        return smtpd_fault(s, FAULT_SMTP_SIZE_MALFORMED) || bad_value(why, "SIZE");
    /* Twenty digits may be more than 64 bits hold; that is certainly too big. */
    bool fits = slice_to_u64(value, max, &size);
    if (!fits && !smtpd_fault(s, FAULT_SMTP_SIZE_IGNORED))
        return smtp_outcome_set(why, 552, "5.3.4", "message larger than %llu octets",
                                (unsigned long long)max);
    return true;
}

/* body-value = "7BIT" / "8BITMIME" / "BINARYMIME" */
static bool take_body(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    if (slice_eq_nocase(value, S("7BIT"))) {
        s->t.body = SMTP_BODY_7BIT;
        return true;
    }
    if (slice_eq_nocase(value, S("8BITMIME"))) {
        s->t.body = SMTP_BODY_8BIT;
        if (smtpd_fault(s, FAULT_SMTP_8BITMIME_REFUSED))
            return smtp_outcome_set(why, 555, "5.5.4", "BODY is not supported");
        return true;
    }
    if (slice_eq_nocase(value, S("BINARYMIME")) && !smtpd_is(s, ROLE_SUBMISSION)) {
        s->t.body = SMTP_BODY_BINARY;
        return true;
    }
    return bad_value(why, "BODY");
}

static bool take_smtputf8(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    s->t.utf8 = true;
    if (smtpd_fault(s, FAULT_SMTP_UTF8_UNKNOWN))
        return smtp_outcome_set(why, 555, "5.5.4", "parameter not supported");
    return !value.p || smtpd_fault(s, FAULT_SMTP_UTF8_VALUE) || bad_value(why, "SMTPUTF8");
}

static bool is_xtext(slice value)
{
    auto_buf plain;
    buf_init(&plain, BUF_OURS);
    return value.n && xtext_decode(value, &plain, NULL);
}

/* RFC 4954 section 5: xtext of a mailbox, or "<>". Only somebody trusted could use it; it is read
   and has no effect. */
static bool take_auth(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    if (!smtpd_offers_auth(s))
        return smtp_outcome_set(why, 555, "5.5.4", "AUTH is not supported");
    auto_buf plain;
    buf_init(&plain, BUF_OURS);
    struct smtp_path path;
    bool ok = slice_eq_str(value, "<>") ||
              (value.n && xtext_decode(value, &plain, NULL) &&
               smtp_mailbox_parse(buf_slice(&plain), SMTP_PATH_UTF8, &path, NULL));
    return ok || bad_value(why, "AUTH");
}

/* requiretls-param = "REQUIRETLS" (RFC 8689 section 2). Mail for our own mailboxes goes no further, so
   there is nothing more to require. */
static bool take_requiretls(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    bool known = s->c->tls && !smtpd_is(s, ROLE_SUBMISSION);
    if (!known || smtpd_fault(s, FAULT_SMTP_REQUIRETLS_REFUSED))
        return smtp_outcome_set(why, 555, "5.5.4", "parameter not supported");
    return !value.p || bad_value(why, "REQUIRETLS");
}

static bool refuse_dsn(struct smtpd *s, struct smtp_outcome *why)
{
    return !smtpd_fault(s, FAULT_SMTP_DSN_REFUSED) ||
           smtp_outcome_set(why, 555, "5.5.4", "parameter not supported");
}

static bool take_ret(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    bool ok = slice_eq_nocase(value, S("FULL")) || slice_eq_nocase(value, S("HDRS")) ||
              smtpd_fault(s, FAULT_SMTP_DSN_MALFORMED);
    return refuse_dsn(s, why) && (ok || bad_value(why, "RET"));
}

static bool take_envid(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    bool ok = (value.n <= ENVID_MAX && is_xtext(value)) || smtpd_fault(s, FAULT_SMTP_DSN_MALFORMED);
    return refuse_dsn(s, why) && (ok || bad_value(why, "ENVID"));
}

/* notify-esmtp-value = "NEVER" / ( notify-list-element *( "," notify-list-element ) ) */
static bool take_notify(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    static const char *const words[] = { "SUCCESS", "FAILURE", "DELAY", "NEVER" };
    bool never_mixed = smtpd_fault(s, FAULT_SMTP_DSN_NEVER_MIXED);
    bool alone = slice_find_char(value, ',') == SIZE_MAX;
    slice rest = value, word;
    bool ok = value.n > 0;
    while (ok && slice_cut(&rest, ',', &word)) {
        size_t i = 0;
        while (i < COUNT(words) && !slice_eq_nocase(word, slice_of(words[i])))
            i++;
        ok = i < 3 || (i == 3 && (alone || never_mixed));
    }
    return refuse_dsn(s, why) && (ok || bad_value(why, "NOTIFY"));
}

/* original-recipient-address = addr-type ";" xtext */
static bool take_orcpt(struct smtpd *s, slice value, struct smtp_outcome *why)
{
    slice rest = value, type;
    bool ok = value.n && value.n <= ORCPT_MAX && slice_cut(&rest, ';', &type) && type.n && rest.p &&
              (is_xtext(rest) || (s->t.utf8 && utf8_is_valid(rest)));
    return refuse_dsn(s, why) && (ok || bad_value(why, "ORCPT"));
}

static const struct parameter mail_parameters[] = {
    { "SIZE", take_size, false },
    { "BODY", take_body, false },
    { "SMTPUTF8", take_smtputf8, false },
    { "AUTH", take_auth, false },
    { "REQUIRETLS", take_requiretls, false },
    { "RET", take_ret, true },
    { "ENVID", take_envid, true },
    { NULL, NULL, false },
};
static const struct parameter rcpt_parameters[] = {
    { "NOTIFY", take_notify, true },
    { "ORCPT", take_orcpt, true },
    { NULL, NULL, false },
};

static bool take_parameter(struct smtpd *s, const struct parameter *list,
                           const struct smtp_param *p, struct buf *passed_on,
                           struct smtp_outcome *why)
{
    while (list->keyword && !slice_eq_nocase(p->keyword, slice_of(list->keyword)))
        list++;
    /* After HELO there are no extensions, and so no parameters. */
    if (!list->keyword || !s->extended)
        return smtpd_fault(s, FAULT_SMTP_PARAMETER_UNKNOWN) ||
               smtp_outcome_set(why, 555, "5.5.4", "parameter not supported");
    if (list->passed_on)
        buf_addf(passed_on, " %.*s=%.*s", SLICE_ARG(p->keyword), SLICE_ARG(p->value));
    return list->accept(s, p->value, why);
}

/* `passed_on` gets those for the next hop, each with a space in front. */
static bool take_parameters(struct smtpd *s, const struct parameter *list,
                            const struct smtp_command *command, struct buf *passed_on,
                            struct smtp_outcome *why)
{
    for (size_t i = 0; i < command->n_params; i++) {
        const struct smtp_param *p = &command->params[i];
        if (smtp_command_param(command, p->keyword) != p &&
            !smtpd_fault(s, FAULT_SMTP_PARAMETER_TWICE))
            return smtp_outcome_set(why, 501, "5.5.4", "a parameter stands twice");
        if (!take_parameter(s, list, p, passed_on, why))
            return false;
    }
    return true;
}

static bool is_ascii(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] & 0x80)
            return false;
    return true;
}

/* What is wrong with an address as such. */
static bool check_address(struct smtpd *s, const struct smtp_path *path, struct smtp_outcome *why)
{
    if (path->local.n > 32 && smtpd_fault(s, FAULT_SMTP_LOCAL_PART_SHORT))
        return smtp_outcome_set(why, 501, "5.1.7", "local part too long");
    if (path->route.n && smtpd_fault(s, FAULT_SMTP_PATH_ROUTE))
        return smtp_outcome_set(why, 501, "5.1.3", "that is no address");
    if (is_ascii(path->raw))
        return true;
    if (smtpd_fault(s, FAULT_SMTP_UTF8_REFUSED))
        return smtp_outcome_set(why, 553, "5.6.7", "address not allowed");
    /* RFC 6531 section 3.5 */
    return s->t.utf8 || smtpd_fault(s, FAULT_SMTP_ADDRESS_8BIT) ||
           smtp_outcome_set(why, 553, "5.6.7", "that address needs SMTPUTF8");
}

static bool check_mail(struct smtpd *s, const struct smtp_command *command, struct buf *passed_on,
                       struct smtp_outcome *why)
{
    if (command->path.null && smtpd_fault(s, FAULT_SMTP_NULL_SENDER_REFUSED))
        return smtp_outcome_set(why, 550, "5.1.7", "a sender is required");
    return take_parameters(s, mail_parameters, command, passed_on, why) &&
           check_address(s, &command->path, why);
}

void smtpd_mail(struct smtpd *s, const struct smtp_command *command)
{
    struct smtp_outcome why;
    auto_buf passed_on;
    buf_init(&passed_on, BUF_OURS);
    smtp_transaction_reset(&s->t);
    if (!check_mail(s, command, &passed_on, &why)) {
        smtpd_reset(s);
        smtpd_refuse(s, why.code, why.enhanced, "%s", why.text);
        return;
    }
    s->t.sender = arena_dup(&s->t.arena, command->path.mailbox);
    s->t.params = arena_dup(&s->t.arena, buf_slice(&passed_on));
    s->state = STATE_MAIL;
    smtpd_reply(s, 250, "2.1.0", "sender ok");
}

/* --- RCPT --- */

static bool is_our_domain(const struct smtpd *s, slice domain)
{
    slice ours = slice_of(reference_domain(s->c->ref));
    return smtpd_fault(s, FAULT_SMTP_DOMAIN_CASE) ? slice_eq(domain, ours)
                                                  : slice_eq_nocase(domain, ours);
}

/* The mailbox of an address at our own domain; NULL when there is none. */
static struct account *local_account(struct smtpd *s, const struct smtp_path *path, slice local)
{
    size_t n;
    const struct reference_account *accounts = reference_accounts(s->c->ref, &n);
    if (slice_starts(path->local, S("\"")) && smtpd_fault(s, FAULT_SMTP_LOCAL_PART_QUOTED))
        return NULL;
    bool postmaster = path->postmaster || slice_eq_nocase(local, S("postmaster"));
    if (postmaster)
        return n && !smtpd_fault(s, FAULT_SMTP_POSTMASTER_REFUSED)
                   ? reference_find_user(s->c->ref, slice_of(accounts[0].user))
                   : NULL;
    return reference_find_mailbox(s->c->ref, local, path->domain);
}

/* Old routing tricks, by fault. */
static bool is_tricked(const struct smtpd *s, const struct smtp_path *path, slice local, bool ours)
{
    if (ours && slice_find_char(local, '%') != SIZE_MAX)
        return smtpd_fault(s, FAULT_SMTP_RELAY_PERCENT);
    if (ours && slice_find_char(local, '@') != SIZE_MAX)
        return smtpd_fault(s, FAULT_SMTP_RELAY_QUOTED);
    if (ours && slice_find_char(local, '!') != SIZE_MAX)
        return smtpd_fault(s, FAULT_SMTP_RELAY_BANG);
    if (path->literal)
        return smtpd_fault(s, FAULT_SMTP_RELAY_LITERAL);
    return !ours && path->route.n && smtpd_fault(s, FAULT_SMTP_RELAY_ROUTE);
}

/* May this client send to other domains? */
static bool may_relay(const struct smtpd *s)
{
    if (smtpd_fault(s, FAULT_SMTP_RELAY_OPEN))
        return true;
    if (smtpd_fault(s, FAULT_SUBMISSION_RELAY_REFUSED))
        return false;
    return smtpd_is(s, ROLE_SUBMISSION) && !smtpd_needs_auth(s) && !smtpd_needs_tls(s) &&
           reference_settings(s->c->ref)->dial_next_hop;
}

static bool check_target(struct smtpd *s, const struct smtp_path *path, struct account **ret,
                         struct smtp_outcome *why)
{
    slice local = smtp_local_plain(path->local, &s->arena);
    bool ours = path->postmaster || is_our_domain(s, path->domain);
    *ret = NULL;
    if (is_tricked(s, path, local, ours))
        return true;
    if (!ours)
        return may_relay(s) || smtp_outcome_set(why, 550, "5.7.1", "relaying denied");
    *ret = local_account(s, path, local);
    return *ret || smtp_outcome_set(why, 550, "5.1.1", "no such user here");
}

static bool check_room(const struct smtpd *s, struct smtp_outcome *why)
{
    size_t max = smtpd_fault(s, FAULT_SMTP_RECIPIENTS_FEW) ? 10 : SMTPD_RECIPIENTS_MAX;
    return s->t.recipients.n < max || smtp_outcome_set(why, 452, "4.5.3", "too many recipients");
}

static void add_recipient(struct smtpd *s, slice address, struct account *account,
                          const struct buf *passed_on, bool refused)
{
    struct smtp_recipient *r = array_push(&s->t.recipients);
    r->address = arena_dup(&s->t.arena, address);
    r->params = arena_dup(&s->t.arena, buf_slice(passed_on));
    r->account = account;
    r->refused = refused;
}

/* Two faults must remember what was refused. */
static void refuse_recipient(struct smtpd *s, const struct smtp_command *command,
                             const struct smtp_outcome *why)
{
    auto_buf none;
    buf_init(&none, BUF_OURS);
    if (smtpd_fault(s, FAULT_SMTP_RCPT_REFUSED_ENDS) ||
        (smtpd_is(s, ROLE_LMTP) && smtpd_fault(s, FAULT_LMTP_REPLY_FOR_REFUSED)))
        add_recipient(s, command->path.mailbox, NULL, &none, true);
    smtpd_reply_outcome(s, why);
    if (smtpd_fault(s, FAULT_SMTP_RCPT_REFUSED_CLOSES))
        s->closing = true;
}

void smtpd_rcpt(struct smtpd *s, const struct smtp_command *command)
{
    struct smtp_outcome why = { 0 };
    struct account *account = NULL;
    auto_buf passed_on;
    buf_init(&passed_on, BUF_OURS);
    const struct smtp_path *path = &command->path;
    if (!check_room(s, &why) || !take_parameters(s, rcpt_parameters, command, &passed_on, &why) ||
        !check_address(s, path, &why) || !check_target(s, path, &account, &why)) {
        refuse_recipient(s, command, &why);
        return;
    }
    slice address = path->mailbox.n ? path->mailbox : path->local;
    add_recipient(s, address, account, &passed_on, false);
    s->state = STATE_RCPT;
    smtpd_reply(s, 250, "2.1.5", "recipient ok");
}
