/* Removing what a play brought. Runs shielded: an interrupted run cleans up, too. */
#include "given.h"
#include <stdio.h>

static nsec soon(void)
{
    return now() + SECONDS(20);
}

static void left_behind(struct play *p, unsigned account, const char *what, const struct error *err)
{
    struct run *run = p->session->run;
    autofree char *text =
        xprintf("%s of %s: %s", what, p->session->target->accounts[account].user, err->text);
    *array_push(&run->left_behind) = session_text(p->session, slice_of(text));
}

void given_delivered(struct play *p, slice address, slice message_id)
{
    const struct target *t = p->session->target;
    for (unsigned i = 0; i < t->n_accounts; i++) {
        if (!t->accounts[i].address || !slice_eq_nocase(address, slice_of(t->accounts[i].address)))
            continue;
        slice id = arena_dup(&p->arena, message_id);
        __typeof__(p->brought.deliveries.v) d = array_push(&p->brought.deliveries);
        d->account = i;
        d->id = id;
    }
}

static int by_length(const void *a, const void *b)
{
    size_t x = ((const slice *)a)->n, y = ((const slice *)b)->n;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Every mailbox that begins with the play's prefix. */
static int list_mailboxes(struct play *p, struct imap_client *c, struct error *err,
                          slice **ret_names, size_t *ret_n)
{
    auto_buf pattern;
    buf_init(&pattern, BUF_OURS);
    buf_addf(&pattern, "%s*", p->prefix);
    return imap_list(c, buf_slice(&pattern), &p->arena, soon(), err, ret_names, ret_n);
}

/* Children first. A level of hierarchy that was never made itself goes with them, and then there is
   nothing left to delete. */
static int remove_mailboxes(struct play *p, struct imap_client *c, struct error *err)
{
    slice *names;
    size_t n;
    int r = list_mailboxes(p, c, err, &names, &n);
    if (r < 0)
        return r;
    qsort(names, n, sizeof *names, by_length);
    for (size_t i = 0; i < n; i++) {
        struct imap_result out = { 0 };
        struct imap_piece pieces[] = { { IMAP_TEXT, S("UNSUBSCRIBE ") },
                                       { IMAP_ASTRING, names[i] } };
        if (imap_command(c, pieces, 2, soon(), err, &out) == 0)
            imap_result_release(&out);
        int deleted = imap_delete(c, names[i], soon(), err);
        r = deleted < 0 ? deleted : r;
    }
    struct error ignored;
    return r < 0 && list_mailboxes(p, c, &ignored, &names, &n) == 0 && !n ? 0 : r;
}

static int expunge_uids(struct imap_client *c, const struct imap_result *found, struct error *err)
{
    int r = 0;
    for (const struct unit *u = found->first; u && r == 0; u = u->next) {
        if (!u->imap || !imap_response_is(u->imap, "SEARCH"))
            continue;
        for (size_t i = 0; i < u->imap->values.n_items && r == 0; i++)
            r = imap_uid_store(c, u->imap->values.items[i].text, S("+FLAGS.SILENT (\\Deleted)"),
                               soon(), err);
    }
    return r;
}

/* Mail that arrived in INBOX is found by its Message-ID: nothing else is touched. */
static int remove_delivery(struct imap_client *c, slice id, struct error *err)
{
    struct imap_piece pieces[] = { { IMAP_TEXT, S("UID SEARCH HEADER Message-ID ") },
                                   { IMAP_ASTRING, id } };
    auto_imap_result found = { 0 };
    int r = imap_command(c, pieces, 2, soon(), err, &found);
    return r < 0 ? r : expunge_uids(c, &found, err);
}

static int remove_deliveries(struct play *p, unsigned account, struct imap_client *c,
                             struct error *err)
{
    struct imap_mailbox box;
    bool any = false;
    int r = 0;
    for (size_t i = 0; r == 0 && i < p->brought.deliveries.n; i++) {
        if (p->brought.deliveries.v[i].account != account)
            continue;
        if (!any)
            r = imap_select(c, S("INBOX"), false, soon(), err, &box);
        any = true;
        if (r == 0)
            r = remove_delivery(c, p->brought.deliveries.v[i].id, err);
    }
    if (!any || r < 0)
        return r;
    /* Without UIDPLUS an EXPUNGE would take what others have marked in the meantime. */
    if (caps_has(session_caps(&c->caps), S("UIDPLUS")) || p->session->target->disposable)
        return imap_expunge(c, soon(), err);
    return error_set(err, ERR_USAGE, "the server has no UIDPLUS, so it stays marked \\Deleted");
}

static int empty_inbox(struct imap_client *c, struct error *err)
{
    struct imap_mailbox box;
    int r = imap_select(c, S("INBOX"), false, soon(), err, &box);
    if (r < 0 || !box.exists)
        return r;
    r = imap_uid_store(c, S("1:*"), S("+FLAGS.SILENT (\\Deleted)"), soon(), err);
    return r < 0 ? r : imap_expunge(c, soon(), err);
}

static bool account_has_deliveries(const struct play *p, unsigned account)
{
    for (size_t i = 0; i < p->brought.deliveries.n; i++)
        if (p->brought.deliveries.v[i].account == account)
            return true;
    return false;
}

static void remove_from_account(struct play *p, unsigned account)
{
    const struct brought *b = &p->brought;
    struct device d;
    struct error err = { 0 };
    if (!b->mailboxes[account] && !b->inbox[account] && !account_has_deliveries(p, account))
        return;
    if (given_device(p, &d, DEVICE_IMAP, account + 1, &err) < 0) {
        left_behind(p, account, "mail", &err);
        return;
    }
    struct imap_client *c = &d.client.imap;
    if (b->mailboxes[account] && remove_mailboxes(p, c, &err) < 0)
        left_behind(p, account, "mailboxes", &err);
    if (b->inbox[account] && empty_inbox(c, &err) < 0)
        left_behind(p, account, "messages in INBOX", &err);
    else if (!b->inbox[account] && remove_deliveries(p, account, c, &err) < 0)
        left_behind(p, account, "delivered mail", &err);
    imap_logout(c, now() + SECONDS(2), &err);
    device_close(&d);
    vars_release(&d.vars);
}

/* Without IMAP: all of INBOX goes by POP3, which only a disposable target allowed in. */
static void remove_by_pop3(struct play *p, unsigned account)
{
    struct device d;
    struct error err = { 0 };
    struct pop3_drop drop = { 0 };
    if (!p->brought.inbox[account])
        return;
    int r = given_device(p, &d, DEVICE_POP3, account + 1, &err);
    if (r == 0) {
        r = pop3_stat(&d.client.pop3, soon(), &err, &drop);
        for (uint64_t i = 1; r == 0 && i <= drop.messages; i++)
            r = pop3_dele(&d.client.pop3, i, soon(), &err);
        if (r == 0)
            r = pop3_quit(&d.client.pop3, soon(), &err);
        device_close(&d);
        vars_release(&d.vars);
    }
    if (r < 0)
        left_behind(p, account, "messages", &err);
}

void given_remove(struct play *p)
{
    const struct target *t = p->session->target;
    bool imap = t->services[SERVICE_IMAP].present || t->services[SERVICE_IMAPS].present;
    bool was = task_shield(true);
    const char *skip = p->skip;
    for (unsigned i = 0; i < t->n_accounts; i++) {
        if (imap)
            remove_from_account(p, i);
        else
            remove_by_pop3(p, i);
    }
    p->skip = skip;
    array_release(&p->brought.deliveries);
    task_shield(was);
}
