/* STATUS (RFC 9051, section 6.3.11; RFC 8438 SIZE; RFC 7162 HIGHESTMODSEQ; RFC 9208 DELETED,
   DELETED-STORAGE; RFC 7889 APPENDLIMIT). */
#include "imapd_session.h"

static bool spoilt(const struct mailbox *m, enum fault_id fault)
{
    return fault_on(m->account->store->faults, fault);
}

static uint64_t count_messages(const struct mailbox *m)
{
    return m->messages.n + spoilt(m, FAULT_IMAP_STATUS_MESSAGES);
}

static uint64_t count_recent(const struct mailbox *m)
{
    return m->messages.n - mailbox_lower_bound(m, m->first_recent);
}

static uint64_t next_uid(const struct mailbox *m)
{
    return m->uidnext;
}

static uint64_t uidvalidity(const struct mailbox *m)
{
    return m->uidvalidity;
}

static uint64_t count_unseen(const struct mailbox *m)
{
    uint64_t n = 0;
    array_each (msg, &m->messages)
        n += !((*msg)->flags & FLAG_SEEN);
    if (spoilt(m, FAULT_IMAP_STATUS_UNSEEN))
        return m->messages.n - n;
    return n || !spoilt(m, FAULT_IMAP_STATUS_NEGATIVE) ? n : (uint64_t)-1;
}

static uint64_t highest_modseq(const struct mailbox *m)
{
    return m->highest_modseq;
}

static uint64_t deleted_storage(const struct mailbox *m)
{
    uint64_t n = 0;
    array_each (msg, &m->messages)
        n += (*msg)->flags & FLAG_DELETED ? message_size(*msg) : 0;
    return n;
}

static uint64_t size(const struct mailbox *m)
{
    return m->octets - (spoilt(m, FAULT_IMAP_STATUS_SIZE) ? deleted_storage(m) : 0);
}

static uint64_t count_deleted(const struct mailbox *m)
{
    uint64_t n = 0;
    array_each (msg, &m->messages)
        n += ((*msg)->flags & FLAG_DELETED) != 0;
    if (spoilt(m, FAULT_IMAP_STATUS_DELETED))
        return m->messages.n - n;
    return n;
}

static uint64_t append_limit(const struct mailbox *m)
{
    return m->account->store->append_limit;
}

static const struct {
    const char *name;
    uint64_t (*value)(const struct mailbox *m);
} items[] = {
    { "MESSAGES", count_messages },
    { "RECENT", count_recent },
    { "UIDNEXT", next_uid },
    { "UIDVALIDITY", uidvalidity },
    { "UNSEEN", count_unseen },
    { "HIGHESTMODSEQ", highest_modseq },
    { "SIZE", size },
    { "DELETED", count_deleted },
    { "DELETED-STORAGE", deleted_storage },
    { "APPENDLIMIT", append_limit },
};

/* status-att *(SP status-att) */
bool imapd_is_status_list(struct imapd_session *s, const struct imap_value *list,
                          unsigned *ret_items)
{
    unsigned wanted = 0;
    bool right = list->kind == IMAP_LIST && list->n_items > 0;
    for (size_t i = 0; right && i < list->n_items; i++) {
        unsigned found = 0;
        for (size_t j = 0; j < COUNT(items); j++)
            if (imap_is_atom(&list->items[i], items[j].name))
                found = 1U << j;
        wanted |= found;
        right = found;
        if (right && items[__builtin_ctz(found)].value == highest_modseq)
            imapd_enable_condstore(s);
    }
    if (!right)
        return imapd_bad(s, "STATUS takes a list of known items"), false;
    *ret_items = wanted;
    return true;
}

void imapd_send_status(struct imapd_session *s, struct mailbox *m, unsigned wanted)
{
    const char *space = "";
    if (faulty(s, FAULT_IMAP_STATUS_EMPTY))
        wanted = 0;
    if (faulty(s, FAULT_IMAP_STATUS_ITEM))
        wanted &= ~(1U << (31 - __builtin_clz(wanted | 1)));
    imapd_send(s, S("* STATUS "));
    imapd_add_name(s, imapd_out(s), m->name);
    imapd_send(s, S(" ("));
    for (size_t i = 0; i < COUNT(items); i++)
        if (wanted >> i & 1) {
            imapd_sendf(s, "%s%s %lld", space, items[i].name, (long long)items[i].value(m));
            space = " ";
        }
    imapd_send(s, faulty(s, FAULT_IMAP_STATUS_TRAILING_SPACE) ? S(") \r\n") : S(")\r\n"));
    if (faulty(s, FAULT_IMAP_STATUS_RECENT))
        mailbox_claim_recent(m);
}

void imapd_status(struct imapd_session *s)
{
    struct mailbox *m;
    unsigned wanted;
    slice name;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name) ||
        !imapd_is_status_list(s, &s->cmd.args[1], &wanted))
        return;
    if (faulty(s, FAULT_IMAP_STATUS_MISSING_OK) && !account_mailbox(s->account, name))
        return imapd_ok(s, "STATUS completed");
    if (!imapd_mailbox(s, &s->cmd.args[0], false, &m))
        return;
    imapd_send_status(s, m, wanted);
    if (faulty(s, FAULT_IMAP_STATUS_DESELECTS) && s->view.mailbox != m)
        view_close(s);
    imapd_ok(s, "STATUS completed");
}
