/* Replay of the journal: reads records and does again what they say. */
#include "hash.h"
#include "store_internal.h"
#include "store_journal.h"
#include <stdio.h>

enum {
    FIELDS_MAX = 12,
    HASH_DIGITS = 16,
};

struct fields {
    slice v[FIELDS_MAX];
    size_t n;
};

/* LENGTH ":" and that many bytes plus `extra`. Negative: wrong; 0: the end comes first; 1: taken. */
static int take_counted(slice *rest, size_t extra, slice *ret)
{
    size_t colon = slice_find_char(slice_sub(*rest, 0, 20), ':');
    if (colon == SIZE_MAX) {
        for (size_t i = 0; i < rest->n && i < 20; i++)
            if (!ascii_is_digit(rest->p[i]))
                return -1;
        return rest->n < 20 ? 0 : -1;
    }
    uint64_t n;
    if (!slice_to_u64(slice_sub(*rest, 0, colon), JOURNAL_OCTETS_MAX, &n))
        return -1;
    if (rest->n < colon + 1 + n + extra)
        return 0;
    *ret = slice_sub(*rest, colon + 1, colon + 1 + n);
    *rest = slice_skip(*rest, colon + 1 + n);
    return 1;
}

/* One record's payload off *rest, with the meaning of take_counted. */
static int take_record(slice *rest, slice *ret)
{
    slice after = *rest, payload;
    int taken = take_counted(&after, HASH_DIGITS + 1, &payload);
    if (taken <= 0)
        return taken;
    char hash[HASH_DIGITS + 2];
    snprintf(hash, sizeof hash, "%016llx\n", (unsigned long long)hash_bytes(payload));
    if (!slice_eq_str(slice_sub(after, 0, HASH_DIGITS + 1), hash))
        return after.n == HASH_DIGITS + 1 ? 0 : -1;
    *ret = payload;
    *rest = slice_skip(after, HASH_DIGITS + 1);
    return 1;
}

static bool split(slice payload, struct fields *ret)
{
    struct fields f = { 0 };
    while (payload.n) {
        if (f.n == FIELDS_MAX || take_counted(&payload, 0, &f.v[f.n]) != 1)
            return false;
        f.n++;
    }
    *ret = f;
    return true;
}

/* Numbers were written by us; a wrong one reads as 0. */
static int64_t number(const struct fields *f, size_t i)
{
    slice s = f->v[i];
    bool negative = slice_starts(s, S("-"));
    uint64_t n = 0;
    slice_to_u64(slice_skip(s, negative), INT64_MAX, &n);
    return negative ? -(int64_t)n : (int64_t)n;
}

static struct mailbox *mailbox_of(struct store *st, const struct fields *f)
{
    int64_t id = number(f, 1);
    array_each (a, &st->accounts)
        array_each (m, &(*a)->mailboxes)
            if ((*m)->id == id)
                return *m;
    return NULL;
}

static bool replay_account(struct store *st, const struct fields *f)
{
    store_new_account(st, f->v[1], f->v[2], f->v[3]);
    return true;
}

static bool replay_alias(struct store *st, const struct fields *f)
{
    struct account *a = store_account(st, f->v[1]);
    if (a)
        *array_push(&a->aliases) = xslicedup(f->v[2]);
    return a;
}

static bool replay_quota(struct store *st, const struct fields *f)
{
    struct account *a = store_account(st, f->v[1]);
    if (!a)
        return false;
    a->storage_limit = (uint64_t)number(f, 2);
    a->message_limit = (uint64_t)number(f, 3);
    return true;
}

static bool replay_subscribe(struct store *st, const struct fields *f)
{
    struct account *a = store_account(st, f->v[1]);
    if (a)
        account_set_subscribed(a, f->v[2], number(f, 3));
    return a;
}

static bool replay_mailbox(struct store *st, const struct fields *f)
{
    struct account *a = store_account(st, f->v[1]);
    int64_t special = number(f, 5);
    if (!a || special < 0 || special >= SPECIAL_COUNT)
        return false;
    account_add_mailbox(a, f->v[2], (uint32_t)number(f, 3), (uint32_t)number(f, 4),
                        (enum special_use)special);
    return true;
}

static bool replay_delete(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    if (m)
        account_drop_mailbox(m->account, m);
    return m;
}

static bool replay_rename(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    if (!m)
        return false;
    free(m->name);
    m->name = xslicedup(f->v[2]);
    account_sort_mailboxes(m->account);
    return true;
}

static bool replay_recent(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    if (m)
        m->first_recent = (uint32_t)number(f, 2);
    return m;
}

/* uid modseq flags keywords, from field 2 on. */
static void read_state(struct mailbox *m, const struct fields *f, struct message *msg)
{
    msg->uid = (uint32_t)number(f, 2);
    msg->modseq = (uint64_t)number(f, 3);
    msg->flags = (unsigned)number(f, 4);
    msg->keywords = 0;
    slice rest = f->v[5], name;
    while (slice_cut(&rest, ' ', &name)) {
        int bit = mailbox_keyword(m, name, true);
        if (bit >= 0)
            msg->keywords |= (uint64_t)1 << bit;
    }
}

static bool replay_message(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    if (!m)
        return false;
    struct message values = { .unique = (uint64_t)number(f, 6),
                              .internal_date = number(f, 7),
                              .internal_zone = (int)number(f, 8),
                              .save_date = number(f, 9) };
    read_state(m, f, &values);
    values.body = body_new(f->v[10]);
    mailbox_push(m, &values);
    return true;
}

static bool replay_flags(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    struct message *msg = m ? mailbox_by_uid(m, (uint32_t)number(f, 2)) : NULL;
    if (!msg)
        return false;
    read_state(m, f, msg);
    if (m->highest_modseq < msg->modseq)
        m->highest_modseq = msg->modseq;
    return true;
}

static bool replay_expunge(struct store *st, const struct fields *f)
{
    struct mailbox *m = mailbox_of(st, f);
    uint32_t uid = (uint32_t)number(f, 2);
    if (!m || !mailbox_by_uid(m, uid))
        return false;
    mailbox_remove(m, mailbox_lower_bound(m, uid), (uint64_t)number(f, 3));
    return true;
}

static const struct {
    const char *verb;
    size_t n_fields;
    bool (*replay)(struct store *st, const struct fields *f);
} verbs[] = {
    { "account", 4, replay_account },  { "alias", 3, replay_alias },
    { "quota", 4, replay_quota },      { "subscribe", 4, replay_subscribe },
    { "mailbox", 6, replay_mailbox },  { "delete", 2, replay_delete },
    { "rename", 3, replay_rename },    { "recent", 3, replay_recent },
    { "message", 11, replay_message }, { "flags", 6, replay_flags },
    { "expunge", 4, replay_expunge },
};

static bool replay(struct store *st, slice payload)
{
    struct fields f;
    if (!split(payload, &f) || f.n == 0)
        return false;
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (slice_eq_str(f.v[0], verbs[i].verb))
            return f.n == verbs[i].n_fields && verbs[i].replay(st, &f);
    return false;
}

int journal_replay(struct store *st, slice all, size_t *ret_good, struct error *err)
{
    slice header = JOURNAL_HEADER;
    if (all.n < header.n && slice_starts(header, all)) {
        *ret_good = 0;
        return 0;
    }
    if (!slice_starts(all, header))
        return error_set(err, ERR_FILE, "not a journal of this program");
    slice rest = slice_skip(all, header.n), payload;
    int taken;
    while (rest.n && (taken = take_record(&rest, &payload)) != 0)
        if (taken < 0 || !replay(st, payload))
            return error_set(err, ERR_FILE, "a wrong record before octet %zu", all.n - rest.n);
    *ret_good = all.n - rest.n;
    return 0;
}
