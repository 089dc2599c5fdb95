/* Mailboxes of an account: names, hierarchy, subscriptions. */
#include "fault.h"
#include "hash.h"
#include "store.h"
#include "store_internal.h"
#include "store_journal.h"
#include <assert.h>

static bool is_inbox(slice name)
{
    return slice_eq(name, S("INBOX"));
}

char *name_canonical(slice name)
{
    if (name.n > 1 && name.p[name.n - 1] == STORE_SEPARATOR)
        name.n--;
    char *text = xslicedup(name);
    bool whole = name.n == 5 || (name.n > 5 && name.p[5] == STORE_SEPARATOR);
    if (whole && slice_starts_nocase(name, S("INBOX")))
        memcpy(text, "INBOX", 5);
    return text;
}

static bool name_is_valid(slice name)
{
    if (name.n == 0 || name.n > STORE_NAME_MAX)
        return false;
    size_t depth = 0;
    slice rest = name, level;
    while (slice_cut(&rest, STORE_SEPARATOR, &level))
        if (level.n == 0 || ++depth > STORE_DEPTH_MAX)
            return false;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
            return false;
    return name.p[name.n - 1] != STORE_SEPARATOR;
}

static bool is_below(slice name, slice parent)
{
    return name.n > parent.n + 1 && slice_starts(name, parent) &&
           name.p[parent.n] == STORE_SEPARATOR;
}

/* --- the sorted list --- */

static int compare_names(const void *a, const void *b)
{
    slice x = slice_of((*(struct mailbox *const *)a)->name);
    slice y = slice_of((*(struct mailbox *const *)b)->name);
    if (is_inbox(x) || is_inbox(y))
        return is_inbox(y) - is_inbox(x);
    return slice_cmp(x, y);
}

void account_sort_mailboxes(struct account *a)
{
    if (a->mailboxes.n)
        qsort(a->mailboxes.v, a->mailboxes.n, sizeof *a->mailboxes.v, compare_names);
}

struct mailbox *account_add_mailbox(struct account *a, slice name, uint32_t id,
                                    uint32_t uidvalidity, enum special_use use)
{
    struct mailbox *m = NEW(struct mailbox);
    m->account = a;
    m->id = id;
    m->name = xslicedup(name);
    m->uidvalidity = uidvalidity;
    m->uidnext = 1;
    m->highest_modseq = 1;
    m->first_recent = 1;
    m->special = use;
    if (a->store->next_uidvalidity <= uidvalidity)
        a->store->next_uidvalidity = uidvalidity + 1;
    if (a->store->next_mailbox_id <= id)
        a->store->next_mailbox_id = id + 1;
    *array_push(&a->mailboxes) = m;
    account_sort_mailboxes(a);
    return m;
}

void account_drop_mailbox(struct account *a, struct mailbox *m)
{
    for (size_t i = 0; i < a->mailboxes.n; i++)
        if (a->mailboxes.v[i] == m) {
            array_remove(&a->mailboxes, i);
            break;
        }
    *array_push(&a->gone) = m;
    m->gone = true;
    mailbox_touch(m);
}

void mailbox_free(struct mailbox *m)
{
    array_each (msg, &m->messages)
        message_unref(*msg);
    array_each (keyword, &m->keywords)
        free(*keyword);
    array_release(&m->messages);
    array_release(&m->expunged);
    array_release(&m->keywords);
    free(m->name);
    free(m);
}

static struct mailbox *find(const struct account *a, slice name)
{
    array_each (m, &a->mailboxes)
        if (slice_eq_str(name, (*m)->name))
            return *m;
    return NULL;
}

struct mailbox *account_mailbox(const struct account *a, slice name)
{
    autofree char *wanted = name_canonical(name);
    return find(a, slice_of(wanted));
}

struct mailbox *account_inbox(const struct account *a)
{
    struct mailbox *m = find(a, S("INBOX"));
    assert(m);
    return m;
}

static bool has_children(const struct account *a, slice name)
{
    array_each (m, &a->mailboxes)
        if (is_below(slice_of((*m)->name), name))
            return true;
    return false;
}

bool account_has_children(const struct account *a, slice name)
{
    autofree char *wanted = name_canonical(name);
    return has_children(a, slice_of(wanted));
}

bool account_has_name(const struct account *a, slice name)
{
    autofree char *wanted = name_canonical(name);
    return find(a, slice_of(wanted)) || has_children(a, slice_of(wanted));
}

/* --- create --- */

/* A fault: always the same one for a name, whatever had that name before. */
static uint32_t uidvalidity_of_name(slice name)
{
    return (uint32_t)(hash_bytes(name) & 0x3fffffff) + 1;
}

static struct mailbox *create_one(struct account *a, slice name, enum special_use use)
{
    struct store *st = a->store;
    uint32_t uidvalidity = st->next_uidvalidity;
    if (fault_on(st->faults, FAULT_SYNC_UIDVALIDITY_KEPT))
        uidvalidity = uidvalidity_of_name(name);
    struct mailbox *m = account_add_mailbox(a, name, st->next_mailbox_id, uidvalidity, use);
    journal_mailbox(m);
    return m;
}

/* RFC 9051, section 6.3.4: the levels above that are needed are created too. */
static void create_parents(struct account *a, slice name)
{
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == STORE_SEPARATOR && !find(a, slice_sub(name, 0, i)))
            create_one(a, slice_sub(name, 0, i), SPECIAL_NONE);
}

/* A fault of CREATE and RENAME. */
static bool misses_parents(const struct account *a, slice name)
{
    if (!fault_on(a->store->faults, FAULT_IMAP_CREATE_NO_PARENTS))
        return false;
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == STORE_SEPARATOR && !find(a, slice_sub(name, 0, i)))
            return true;
    return false;
}

enum store_result account_create(struct account *a, slice name, enum special_use use,
                                 struct mailbox **ret)
{
    autofree char *text = name_canonical(name);
    slice wanted = slice_of(text);
    if (wanted.n != name.n && wanted.n + 1 != name.n)
        return STORE_BAD_NAME; /* a NUL inside */
    if (!name_is_valid(wanted))
        return STORE_BAD_NAME;
    if (find(a, wanted))
        return STORE_EXISTS;
    if (a->mailboxes.n + STORE_DEPTH_MAX > STORE_MAILBOXES_MAX)
        return STORE_LIMIT;
    if (misses_parents(a, wanted))
        return STORE_NO_MAILBOX;
    create_parents(a, wanted);
    struct mailbox *m = create_one(a, wanted, use);
    if (ret)
        *ret = m;
    return STORE_OK;
}

/* --- delete --- */

static void empty(struct mailbox *m)
{
    while (m->messages.n)
        message_expunge(m->messages.v[m->messages.n - 1]);
}

enum store_result account_delete(struct account *a, slice name)
{
    autofree char *text = name_canonical(name);
    slice wanted = slice_of(text);
    if (is_inbox(wanted))
        return STORE_CANNOT;
    struct mailbox *m = find(a, wanted);
    if (!m)
        return has_children(a, wanted) ? STORE_HAS_CHILDREN : STORE_NO_MAILBOX;
    empty(m);
    journal_delete(m);
    account_drop_mailbox(a, m);
    return STORE_OK;
}

/* --- rename --- */

static void set_name(struct mailbox *m, char *name)
{
    free(m->name);
    m->name = name;
    journal_rename(m);
    mailbox_touch(m);
}

/* The name of `m` after renaming `from` to `to`, owned; NULL when it is not concerned. */
static char *renamed(const struct mailbox *m, slice from, slice to)
{
    slice name = slice_of(m->name);
    if (!slice_eq(name, from) && !is_below(name, from))
        return NULL;
    return xprintf("%.*s%s", SLICE_ARG(to), m->name + from.n);
}

static bool all_names_valid(const struct account *a, slice from, slice to)
{
    array_each (m, &a->mailboxes) {
        autofree char *name = renamed(*m, from, to);
        if (name && !name_is_valid(slice_of(name)))
            return false;
    }
    return true;
}

/* Children of INBOX stay: RFC 9051, section 6.3.6. */
static enum store_result rename_inbox(struct account *a, slice to)
{
    struct mailbox *inbox = account_inbox(a), *m = NULL;
    enum store_result result = account_create(a, to, SPECIAL_NONE, &m);
    if (result != STORE_OK || fault_on(a->store->faults, FAULT_IMAP_RENAME_INBOX_KEEPS))
        return result;
    while (inbox->messages.n) {
        struct message *msg = inbox->messages.v[0];
        mailbox_copy(m, msg, NULL);
        message_expunge(msg);
    }
    return STORE_OK;
}

enum store_result account_rename(struct account *a, slice from, slice to)
{
    autofree char *from_text = name_canonical(from), *to_text = name_canonical(to);
    slice source = slice_of(from_text), target = slice_of(to_text);
    if (!find(a, source) && !has_children(a, source))
        return STORE_NO_MAILBOX;
    if (!name_is_valid(target) || target.n + 1 < to.n)
        return STORE_BAD_NAME;
    if (account_has_name(a, target))
        return STORE_EXISTS;
    if (is_inbox(source))
        return rename_inbox(a, target);
    if (is_below(target, source))
        return STORE_CANNOT;
    if (!all_names_valid(a, source, target))
        return STORE_BAD_NAME;
    if (misses_parents(a, target))
        return STORE_NO_MAILBOX;
    create_parents(a, target);
    array_each (m, &a->mailboxes) {
        autofree char *name = renamed(*m, source, target);
        bool stays = fault_on(a->store->faults, FAULT_IMAP_RENAME_CHILDREN) &&
                     !slice_eq_str(source, (*m)->name);
        if (name && !stays)
            set_name(*m, take(name));
    }
    account_sort_mailboxes(a);
    return STORE_OK;
}

/* --- subscriptions --- */

static size_t subscription_index(const struct account *a, slice name)
{
    size_t i = 0;
    while (i < a->subscriptions.n && slice_cmp(slice_of(a->subscriptions.v[i]), name) < 0)
        i++;
    return i;
}

static bool is_subscribed(const struct account *a, slice name)
{
    size_t i = subscription_index(a, name);
    return i < a->subscriptions.n && slice_eq_str(name, a->subscriptions.v[i]);
}

void account_set_subscribed(struct account *a, slice name, bool subscribed)
{
    if (is_subscribed(a, name) == subscribed)
        return;
    size_t i = subscription_index(a, name);
    if (subscribed) {
        *array_insert(&a->subscriptions, i) = xslicedup(name);
    } else {
        free(a->subscriptions.v[i]);
        array_remove(&a->subscriptions, i);
    }
}

void account_subscribe(struct account *a, slice name, bool subscribed)
{
    autofree char *text = name_canonical(name);
    account_set_subscribed(a, slice_of(text), subscribed);
    journal_subscribe(a, slice_of(text), subscribed);
}

bool account_is_subscribed(const struct account *a, slice name)
{
    autofree char *text = name_canonical(name);
    return is_subscribed(a, slice_of(text));
}
