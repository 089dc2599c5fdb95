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
    if (faulty(s, FAULT_IMAP_CREATE_USE_FORGOTTEN))
        use = SPECIAL_NONE;
    if (faulty(s, FAULT_IMAP_CREATE_NOTHING))
        return imapd_ok(s, "CREATE completed");
    enum store_result result = account_create(s->account, name, use, NULL);
    if (result == STORE_EXISTS && faulty(s, FAULT_IMAP_CREATE_EXISTING_OK))
        result = STORE_OK;
    if (result != STORE_OK)
        return imapd_no_store(s, result, false);
    imapd_ok(s, "CREATE completed");
}

static struct mailbox *first_child(struct account *a, slice name)
{
    array_each (m, &a->mailboxes)
        if (slice_starts(slice_of((*m)->name), name) && (*m)->name[name.n] == STORE_SEPARATOR)
            return *m;
    return NULL;
}

/* With the faults of DELETE. */
static enum store_result delete_mailbox(struct imapd_session *s, slice name)
{
    struct mailbox *child;
    if (faulty(s, FAULT_IMAP_DELETE_KEEPS) && account_has_name(s->account, name))
        return STORE_OK;
    enum store_result result = account_delete(s->account, name);
    if (result == STORE_CANNOT && faulty(s, FAULT_IMAP_DELETE_INBOX_OK))
        result = STORE_OK;
    if (result == STORE_NO_MAILBOX && faulty(s, FAULT_IMAP_DELETE_MISSING_OK))
        result = STORE_OK;
    if (faulty(s, FAULT_IMAP_SUBSCRIBE_LOST))
        account_subscribe(s->account, name, false);
    while (faulty(s, FAULT_IMAP_DELETE_CHILDREN) && (child = first_child(s->account, name)))
        account_delete(s->account, slice_of(child->name));
    return result;
}

void imapd_delete(struct imapd_session *s)
{
    slice name;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name))
        return;
    struct mailbox *m = account_mailbox(s->account, name);
    enum store_result result = delete_mailbox(s, name);
    if (result != STORE_OK)
        return imapd_no_store(s, result, false);
    if (m && m->gone && m == s->view.mailbox)
        view_close(s);
    imapd_ok(s, "DELETE completed");
}

/* The faults of RENAME. */
static void spoil_rename(struct imapd_session *s, slice from, slice to)
{
    struct mailbox *m = account_mailbox(s->account, to);
    if (faulty(s, FAULT_IMAP_RENAME_KEEPS_OLD))
        account_create(s->account, from, SPECIAL_NONE, NULL);
    while (faulty(s, FAULT_IMAP_RENAME_LOSES) && m && m->messages.n)
        message_expunge(m->messages.v[0]);
}

void imapd_rename(struct imapd_session *s)
{
    slice from, to;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &from) ||
        !imapd_mailbox_name(s, &s->cmd.args[1], &to))
        return;
    enum store_result result = account_rename(s->account, from, to);
    if (result == STORE_OK)
        spoil_rename(s, from, to);
    if (result == STORE_EXISTS && faulty(s, FAULT_IMAP_RENAME_OVERWRITES))
        result = STORE_OK;
    if (result == STORE_NO_MAILBOX && faulty(s, FAULT_IMAP_RENAME_MISSING_OK))
        result = STORE_OK;
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
    if (!faulty(s, subscribed ? FAULT_IMAP_SUBSCRIBE_IGNORED : FAULT_IMAP_UNSUBSCRIBE_IGNORED))
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
