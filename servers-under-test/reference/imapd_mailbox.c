/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. */
#include "imapd_session.h"

/* create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"  (RFC 6154, section 6) */
static bool special_use_of(struct imapd_session *s, const struct imap_value *list,
                           enum special_use *ret)
{
    if (list->kind != IMAP_LIST || list->n_items != 2 || !imap_is_atom(&list->items[0], "USE") ||
        list->items[1].kind != IMAP_LIST)
        return imapd_bad(s, "CREATE knows the parameter USE only"), false;
    const struct imap_value *uses = &list->items[1];
    enum special_use use = SPECIAL_NONE;
    for (size_t i = 0; i < uses->n_items; i++) {
        if (uses->items[i].kind != IMAP_ATOM || uses->items[i].text.p[0] != '\\')
            return imapd_bad(s, "A special use was expected"), false;
        use = special_use_by_name(uses->items[i].text);
        /* \All and \Flagged are views over other mailboxes, which this store does not have. */
        if (use == SPECIAL_NONE || use == SPECIAL_ALL || use == SPECIAL_FLAGGED || i > 0)
            return imapd_no(s, "[USEATTR] No mailbox can be created for that use"), false;
    }
    *ret = use;
    return true;
}

void imapd_create(struct imapd_session *s)
{
    slice name;
    enum special_use use = SPECIAL_NONE;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name))
        return;
    if (s->cmd.n_args == 2 && !special_use_of(s, &s->cmd.args[1], &use))
        return;
    enum store_result result = account_create(s->account, name, use, NULL);
    if (result != STORE_OK)
        return imapd_no_store(s, result, false);
    imapd_ok(s, "CREATE completed");
}

void imapd_delete(struct imapd_session *s)
{
    slice name;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name))
        return;
    struct mailbox *m = account_mailbox(s->account, name);
    enum store_result result = account_delete(s->account, name);
    if (result != STORE_OK)
        return imapd_no_store(s, result, false);
    if (m == s->view.mailbox)
        view_close(s);
    imapd_ok(s, "DELETE completed");
}

void imapd_rename(struct imapd_session *s)
{
    slice from, to;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &from) ||
        !imapd_mailbox_name(s, &s->cmd.args[1], &to))
        return;
    enum store_result result = account_rename(s->account, from, to);
    if (result != STORE_OK)
        return imapd_no_store(s, result, false);
    imapd_ok(s, "RENAME completed");
}

static void set_subscribed(struct imapd_session *s, bool subscribed)
{
    slice name;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name))
        return;
    if (name.n == 0 || name.n > STORE_NAME_MAX || slice_find_char(name, 0) != SIZE_MAX)
        return imapd_no_store(s, STORE_BAD_NAME, false);
    if (s->account->subscriptions.n >= STORE_MAILBOXES_MAX && subscribed)
        return imapd_no_store(s, STORE_LIMIT, false);
    account_subscribe(s->account, name, subscribed);
    imapd_ok(s, "%s completed", s->cmd.row->name);
}

void imapd_subscribe(struct imapd_session *s)
{
    set_subscribed(s, true);
}

void imapd_unsubscribe(struct imapd_session *s)
{
    set_subscribed(s, false);
}
