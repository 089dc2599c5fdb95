/* Messages of a mailbox: UIDs, flags, mod-sequences, the expunge log. */
#include "fault.h"
#include "store.h"
#include "store_internal.h"
#include "store_journal.h"
#include <assert.h>
#include <stdio.h>

void mailbox_touch(struct mailbox *m)
{
    m->change++;
    cond_broadcast(&m->changed);
}

/* --- references --- */

struct message *message_ref(struct message *msg)
{
    msg->refs++;
    return msg;
}

static void body_unref(struct message_body *body)
{
    assert(body->refs > 0);
    if (--body->refs)
        return;
    free((char *)body->bytes.p);
    free(body);
}

void message_unref(struct message *msg)
{
    assert(msg->refs > 0);
    if (--msg->refs)
        return;
    body_unref(msg->body);
    free(msg);
}

struct message_body *body_new(slice bytes)
{
    struct message_body *body = NEW(struct message_body);
    body->refs = 1;
    body->bytes = slice_make(xslicedup(bytes), bytes.n);
    return body;
}

/* --- the array --- */

size_t mailbox_lower_bound(const struct mailbox *m, uint32_t uid)
{
    size_t low = 0, high = m->messages.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->messages.v[middle]->uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct message *mailbox_by_uid(const struct mailbox *m, uint32_t uid)
{
    size_t i = mailbox_lower_bound(m, uid);
    return i < m->messages.n && m->messages.v[i]->uid == uid ? m->messages.v[i] : NULL;
}

struct message *mailbox_push(struct mailbox *m, const struct message *values)
{
    struct message *msg = NEW(struct message);
    *msg = *values;
    msg->refs = 1;
    msg->mailbox = m;
    *array_push(&m->messages) = msg;
    m->octets += message_size(msg);
    if (m->uidnext <= msg->uid)
        m->uidnext = msg->uid + 1;
    if (m->highest_modseq < msg->modseq)
        m->highest_modseq = msg->modseq;
    struct store *st = m->account->store;
    if (st->next_unique <= msg->unique)
        st->next_unique = msg->unique + 1;
    mailbox_touch(m);
    msg->change = m->change;
    return msg;
}

void mailbox_remove(struct mailbox *m, size_t index, uint64_t modseq)
{
    struct message *msg = m->messages.v[index];
    array_remove(&m->messages, index);
    m->octets -= message_size(msg);
    msg->expunged = true;
    msg->modseq = modseq;
    if (m->highest_modseq < modseq)
        m->highest_modseq = modseq;
    if (fault_on(m->account->store->faults, FAULT_SYNC_UID_REUSED) && msg->uid + 1 == m->uidnext)
        m->uidnext = msg->uid;
    *array_push(&m->expunged) = (struct expunged) { msg->uid, modseq };
    mailbox_touch(m);
    message_unref(msg);
}

/* --- append and copy --- */

bool mailbox_fits(const struct mailbox *m, uint64_t n, uint64_t octets)
{
    const struct account *a = m->account;
    if (fault_on(a->store->faults, FAULT_IMAP_QUOTA_OVER))
        return true;
    uint64_t used_octets, used_messages;
    account_usage(a, &used_octets, &used_messages);
    if (a->message_limit != STORE_NO_LIMIT && used_messages + n > a->message_limit)
        return false;
    return a->storage_limit == STORE_NO_LIMIT || used_octets + octets <= a->storage_limit;
}

/* Everything that is the same for each way into a mailbox. */
static void new_values(const struct mailbox *m, struct message *values)
{
    const struct store *st = m->account->store;
    values->uid = m->uidnext;
    values->modseq = m->highest_modseq + 1;
    values->unique = st->next_unique;
    values->save_date = st->wall();
}

enum store_result mailbox_append(struct mailbox *m, const struct new_message *n,
                                 struct message **ret)
{
    const struct store *st = m->account->store;
    if (m->gone)
        return STORE_GONE;
    if (n->bytes.n > st->append_limit)
        return STORE_TOO_BIG;
    if (!mailbox_fits(m, 1, n->bytes.n))
        return STORE_OVER_QUOTA;
    struct message values = { .flags = n->flags & FLAGS_ALL,
                              .internal_date = n->internal_date ? n->internal_date : st->wall(),
                              .internal_zone = n->internal_date ? n->internal_zone : 0 };
    for (size_t i = 0; i < n->n_keywords; i++) {
        int bit = mailbox_keyword(m, n->keywords[i], true);
        if (bit < 0)
            return STORE_LIMIT;
        values.keywords |= (uint64_t)1 << bit;
    }
    new_values(m, &values);
    values.body = body_new(n->bytes);
    struct message *msg = mailbox_push(m, &values);
    journal_message(msg);
    if (ret)
        *ret = msg;
    return STORE_OK;
}

/* The same keywords under the numbers that `to` has for them; those beyond its limit are lost. */
static uint64_t map_keywords(struct mailbox *to, const struct message *msg)
{
    const struct mailbox *from = msg->mailbox;
    uint64_t mapped = 0;
    for (size_t i = 0; i < from->keywords.n; i++) {
        if (!(msg->keywords >> i & 1))
            continue;
        int bit = mailbox_keyword(to, slice_of(from->keywords.v[i]), true);
        if (bit >= 0)
            mapped |= (uint64_t)1 << bit;
    }
    return mapped;
}

enum store_result mailbox_copy(struct mailbox *to, const struct message *msg, struct message **ret)
{
    if (to->gone)
        return STORE_GONE;
    struct message values = { .flags = msg->flags,
                              .keywords = map_keywords(to, msg),
                              .internal_date = msg->internal_date,
                              .internal_zone = msg->internal_zone,
                              .body = msg->body };
    new_values(to, &values);
    msg->body->refs++;
    struct message *copy = mailbox_push(to, &values);
    journal_message(copy);
    if (ret)
        *ret = copy;
    return STORE_OK;
}

/* --- change --- */

bool message_set_flags(struct message *msg, unsigned flags, uint64_t keywords)
{
    if (msg->expunged)
        return false;
    flags &= FLAGS_ALL;
    const struct faults *faults = msg->mailbox->account->store->faults;
    bool same = msg->flags == flags && msg->keywords == keywords;
    if (same && !fault_on(faults, FAULT_SYNC_MODSEQ_SPURIOUS))
        return true;
    msg->flags = flags;
    msg->keywords = keywords;
    if (!fault_on(faults, FAULT_SYNC_MODSEQ_STUCK))
        msg->modseq = ++msg->mailbox->highest_modseq;
    journal_flags(msg);
    mailbox_touch(msg->mailbox);
    msg->change = msg->mailbox->change;
    return true;
}

bool message_expunge(struct message *msg)
{
    if (msg->expunged)
        return false;
    struct mailbox *m = msg->mailbox;
    size_t index = mailbox_lower_bound(m, msg->uid);
    assert(index < m->messages.n && m->messages.v[index] == msg);
    message_ref(msg);
    mailbox_remove(m, index, m->highest_modseq + 1);
    journal_expunge(msg);
    message_unref(msg);
    return true;
}

uint32_t mailbox_claim_recent(struct mailbox *m)
{
    uint32_t first = m->first_recent;
    if (first == m->uidnext)
        return first;
    m->first_recent = m->uidnext;
    journal_recent(m);
    return first;
}

/* --- names and identities --- */

/* flag-keyword = atom (RFC 9051, section 9): printable ASCII without ( ) { % * " \ ] and space. */
static bool is_keyword(slice name)
{
    if (name.n == 0 || name.n > STORE_KEYWORD_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] >= 0x7f || strchr("(){%*\"\\]", name.p[i]))
            return false;
    return true;
}

int mailbox_keyword(struct mailbox *m, slice name, bool create)
{
    for (size_t i = 0; i < m->keywords.n; i++)
        if (slice_eq_nocase(name, slice_of(m->keywords.v[i])))
            return (int)i;
    if (!create || m->keywords.n == STORE_KEYWORDS_MAX || !is_keyword(name))
        return -1;
    *array_push(&m->keywords) = xslicedup(name);
    return (int)m->keywords.n - 1;
}

char *message_uidl(const struct message *msg, char text[32])
{
    snprintf(text, 32, "m%016llx", (unsigned long long)msg->unique);
    return text;
}
