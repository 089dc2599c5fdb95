#include "given.h"
#include "budget.h"
#include "smtp_client.h"
#include <stdio.h>

static nsec soon(void)
{
    return now() + SECONDS(20);
}

int given_device(struct play *p, struct device *d, enum device_kind kind, unsigned account,
                 struct error *err)
{
    struct device_plan *plan = arena_new(&p->arena, struct device_plan);
    *plan = (struct device_plan) { .name = "(set-up)", .kind = kind, .account = account };
    if (!device_resolve(d, p, plan))
        return error_set(err, ERR_USAGE, "%s", p->skip);
    d->quiet = true;
    int r =
        device_open(d, kind == DEVICE_SMTP || kind == DEVICE_LMTP ? STATE_HELLO : STATE_LOGIN, err);
    if (r < 0) {
        device_close(d);
        vars_release(&d->vars);
    }
    return r;
}

static void given_device_end(struct device *d)
{
    struct error ignored;
    if (d->conn && device_is_imap(d))
        imap_logout(&d->client.imap, now() + SECONDS(2), &ignored);
    else if (d->conn && device_protocol(d) == PROTOCOL_POP3)
        pop3_quit(&d->client.pop3, soon(), &ignored);
    device_close(d);
    vars_release(&d->vars);
}

/* ---- names ---- */

/* "" or, where users' mailboxes live below something ("INBOX."), that (RFC 2342). */
static int learn_namespace(struct play *p, struct device *d, struct error *err)
{
    struct session *s = p->session;
    if (s->namespace_prefix)
        return 0;
    slice prefix = { NULL, 0 };
    auto_imap_result out = { 0 };
    if (caps_has(device_caps(d), S("NAMESPACE"))) {
        int r = imap_command_ok(&d->client.imap, S("NAMESPACE"), ERR_NETWORK, soon(), err, &out);
        if (r < 0)
            return r;
        for (const struct unit *u = out.first; u; u = u->next) {
            if (!u->imap || !imap_response_is(u->imap, "NAMESPACE") || !u->imap->values.n_items)
                continue;
            const struct imap_value *personal = &u->imap->values.items[0];
            if (personal->kind == IMAP_LIST && personal->n_items &&
                personal->items[0].kind == IMAP_LIST && personal->items[0].n_items)
                prefix = personal->items[0].items[0].text;
        }
    }
    if (!s->namespace_prefix) /* another play may have asked at the same time */
        s->namespace_prefix = xslicedup(prefix);
    return 0;
}

/* A quoted character, or NIL in a flat namespace (RFC 3501 7.2.2). */
static slice separator_of(const struct imap_value *v)
{
    return v->kind == IMAP_QUOTED && v->text.n == 1 ? v->text : (slice) { NULL, 0 };
}

static int learn_separator(struct play *p, struct device *d, struct error *err)
{
    slice separator = { NULL, 0 };
    auto_imap_result out = { 0 };
    int r = imap_command_ok(&d->client.imap, S("LIST \"\" \"\""), ERR_NETWORK, soon(), err, &out);
    if (r < 0)
        return r;
    for (const struct unit *u = out.first; u; u = u->next)
        if (u->imap && imap_response_is(u->imap, "LIST") && u->imap->values.n_items > 1)
            separator = separator_of(&u->imap->values.items[1]);
    if (!p->session->separator)
        p->session->separator = xslicedup(separator);
    return 0;
}

static bool must_learn(const struct play *p)
{
    const struct session *s = p->session;
    const struct check *c = p->check;
    return ((c->n_mailboxes || c->uses_prefix) && !s->namespace_prefix) ||
           (c->uses_separator && !s->separator);
}

static int learn_names(struct play *p, struct error *err)
{
    struct device d;
    int r = given_device(p, &d, DEVICE_IMAP, 1, err);
    if (r < 0)
        return r;
    r = learn_namespace(p, &d, err);
    if (r == 0 && p->check->uses_separator && !p->session->separator)
        r = learn_separator(p, &d, err);
    given_device_end(&d);
    return r;
}

/* Numbers of one width: no prefix is the beginning of another, so that removing one play's
   mailboxes leaves those of the plays beside it. */
static void name_play(struct play *p)
{
    static const char plain[] = "";
    const char *base = p->session->namespace_prefix ? p->session->namespace_prefix : plain;
    snprintf(p->prefix, sizeof p->prefix, "%.40smailassay-%s-%06u", base, p->session->run_word,
             ++p->session->messages_made);
    vars_set_text(&p->vars, "prefix", p->prefix);
    if (p->session->separator)
        vars_set_text(&p->vars, "separator", p->session->separator);
}

/* ---- making ---- */

static int append(struct device *d, slice mailbox, const struct message *m, struct error *err)
{
    auto_buf date;
    buf_init(&date, BUF_OURS);
    if (m->date.n)
        buf_addf(&date, "\"%.*s\"", SLICE_ARG(m->date));
    return imap_append(&d->client.imap, mailbox, m->flags, buf_slice(&date), m->bytes, soon(), err,
                       NULL);
}

static int empty_inbox(struct device *d, struct error *err)
{
    struct imap_client *c = &d->client.imap;
    struct imap_mailbox box;
    int r = imap_select(c, S("INBOX"), false, soon(), err, &box);
    if (r < 0 || !box.exists)
        return r;
    r = imap_uid_store(c, S("1:*"), S("+FLAGS.SILENT (\\Deleted)"), soon(), err);
    return r < 0 ? r : imap_expunge(c, soon(), err);
}

static int make_messages(struct play *p, struct node *const *nodes, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct message m;
        int r = message_make(p, nodes[i], p->n_messages + 1, &m, err);
        if (r < 0)
            return r;
        p->messages[p->n_messages++] = m;
    }
    return 0;
}

/* A server that makes mailboxes for several connections at once may refuse the name that it has just
   made (Dovecot 2.3: ALREADYEXISTS). The name is this play's alone, so it is there. */
static int create(struct play *p, struct device *d, slice name, struct error *err)
{
    struct error ignored;
    slice *names;
    size_t n;
    int r = imap_create(&d->client.imap, name, soon(), err);
    if (r == 0 || r == ERR_CANCEL ||
        imap_list(&d->client.imap, name, &p->arena, soon(), &ignored, &names, &n) < 0)
        return r;
    return n == 1 && slice_eq(names[0], name) ? 0 : r;
}

static int make_mailbox(struct play *p, const struct mailbox_plan *plan, struct device *d,
                        struct error *err)
{
    size_t first = p->n_messages;
    const char *name =
        plan->name[0] ? arena_printf(&p->arena, "%s-%s", p->prefix, plan->name) : "INBOX";
    int r = make_messages(p, plan->messages, plan->n, err);
    if (r == 0 && plan->name[0]) {
        vars_set_text(&p->vars, plan->name, name);
        p->brought.mailboxes[plan->account - 1] = true;
        r = create(p, d, slice_of(name), err);
    } else if (r == 0) {
        p->brought.inbox[plan->account - 1] = true;
        r = empty_inbox(d, err);
    }
    for (size_t i = first; r == 0 && i < p->n_messages; i++)
        r = append(d, slice_of(name), &p->messages[i], err);
    return r;
}

/* Without IMAP: INBOX is emptied by POP3 and filled by LMTP or SMTP. */
static int fill_by_mail(struct play *p, const struct mailbox_plan *plan, struct error *err)
{
    const struct target *t = p->session->target;
    struct device pop, smtp;
    struct pop3_drop drop = { 0 };
    size_t first = p->n_messages;
    enum device_kind by = t->services[SERVICE_LMTP].present ? DEVICE_LMTP : DEVICE_SMTP;
    if (!t->accounts[plan->account - 1].address) {
        p->skip =
            arena_printf(&p->arena, "the target file gives no address of %s, to bring mail to",
                         t->accounts[plan->account - 1].user);
        return error_set(err, ERR_USAGE, "%s", p->skip);
    }
    int r = given_device(p, &pop, DEVICE_POP3, plan->account, err);
    if (r < 0)
        return r;
    r = pop3_stat(&pop.client.pop3, soon(), err, &drop);
    for (uint64_t i = 1; r == 0 && i <= drop.messages; i++)
        r = pop3_dele(&pop.client.pop3, i, soon(), err);
    given_device_end(&pop);
    if (r == 0)
        r = make_messages(p, plan->messages, plan->n, err);
    if (r < 0 || (r = given_device(p, &smtp, by, plan->account, err)) < 0)
        return r;
    slice to = slice_of(t->accounts[plan->account - 1].address);
    for (size_t i = first; r == 0 && i < p->n_messages; i++) {
        struct smtp_message m = {
            .from = to, .to = &to, .n_to = 1, .content = p->messages[i].bytes
        };
        r = smtp_deliver(&smtp.client.smtp, &m, soon(), NULL, err);
    }
    given_device_end(&smtp);
    p->brought.inbox[plan->account - 1] = true;
    return r;
}

static bool target_has_imap(const struct target *t)
{
    return t->services[SERVICE_IMAP].present || t->services[SERVICE_IMAPS].present;
}

static size_t count_messages(const struct check *c)
{
    size_t n = c->n_loose;
    for (size_t i = 0; i < c->n_mailboxes; i++)
        n += c->mailboxes[i].n;
    return n;
}

/* One connection per account serves all its mailboxes. */
static int make_for_account(struct play *p, unsigned account, struct error *err)
{
    const struct check *c = p->check;
    struct device d;
    bool open = false;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n_mailboxes; i++) {
        if (c->mailboxes[i].account != account)
            continue;
        if (!target_has_imap(p->session->target)) {
            if (c->mailboxes[i].name[0])
                p->skip = "the target has no IMAP service to make mailboxes with";
            r = p->skip ? ERR_USAGE : fill_by_mail(p, &c->mailboxes[i], err);
            continue;
        }
        if (!open)
            r = given_device(p, &d, DEVICE_IMAP, account, err);
        open = r == 0;
        if (r == 0)
            r = make_mailbox(p, &c->mailboxes[i], &d, err);
    }
    if (open)
        given_device_end(&d);
    return r;
}

int given_make(struct play *p, struct error *err)
{
    const struct check *c = p->check;
    int r = 0;
    p->messages = arena_new_n(&p->arena, struct message, count_messages(c) + 1);
    if (must_learn(p) && target_has_imap(p->session->target))
        r = learn_names(p, err);
    name_play(p);
    if (r == 0 && c->uses_separator && !(p->session->separator && p->session->separator[0])) {
        p->skip = "mailboxes of the target have no hierarchy";
        return ERR_USAGE;
    }
    for (unsigned account = 1; r == 0 && account <= c->accounts; account++) {
        r = make_for_account(p, account, err);
        if (c->uses_prefix)
            p->brought.mailboxes[account - 1] = true;
    }
    if (r == 0)
        r = make_messages(p, c->loose, c->n_loose, err);
    if (r < 0)
        error_prefix(err, "could not make what the check is given");
    return r;
}
