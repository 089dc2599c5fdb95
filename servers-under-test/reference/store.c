#include "store.h"
#include "fault.h"
#include "store_internal.h"
#include "store_journal.h"
#include <assert.h>
#include <stdio.h>
#include <time.h>

static const struct faults no_faults;

static const struct {
    enum message_flag flag;
    const char *name;
} flag_names[] = {
    { FLAG_ANSWERED, "\\Answered" }, { FLAG_FLAGGED, "\\Flagged" }, { FLAG_DELETED, "\\Deleted" },
    { FLAG_SEEN, "\\Seen" },         { FLAG_DRAFT, "\\Draft" },
};

const char *flag_name(enum message_flag flag)
{
    for (size_t i = 0; i < COUNT(flag_names); i++)
        if (flag_names[i].flag == flag)
            return flag_names[i].name;
    return NULL;
}

unsigned flag_by_name(slice name)
{
    for (size_t i = 0; i < COUNT(flag_names); i++)
        if (slice_eq_nocase(name, slice_of(flag_names[i].name)))
            return flag_names[i].flag;
    return 0;
}

static const char *const special_names[SPECIAL_COUNT] = {
    [SPECIAL_NONE] = "",           [SPECIAL_ALL] = "\\All",         [SPECIAL_ARCHIVE] = "\\Archive",
    [SPECIAL_DRAFTS] = "\\Drafts", [SPECIAL_FLAGGED] = "\\Flagged", [SPECIAL_JUNK] = "\\Junk",
    [SPECIAL_SENT] = "\\Sent",     [SPECIAL_TRASH] = "\\Trash",
};

const char *special_use_name(enum special_use use)
{
    return special_names[use];
}

enum special_use special_use_by_name(slice name)
{
    for (int i = SPECIAL_NONE + 1; i < SPECIAL_COUNT; i++)
        if (slice_eq_nocase(name, slice_of(special_names[i])))
            return (enum special_use)i;
    return SPECIAL_NONE;
}

static int64_t wall_time(void)
{
    return (int64_t)time(NULL);
}

int store_open(const struct store_options *o, struct store **ret, struct error *err)
{
    struct store *st = NEW(struct store);
    st->faults = o->faults ? o->faults : &no_faults;
    st->wall = o->wall ? o->wall : wall_time;
    st->append_limit = o->append_limit ? o->append_limit : STORE_APPEND_LIMIT;
    st->next_uidvalidity = o->first_uidvalidity ? o->first_uidvalidity : (uint32_t)st->wall();
    st->next_mailbox_id = 1;
    st->next_unique = 1;
    struct journal *journal = NULL;
    int code = o->journal ? journal_open(st, o->journal, err, &journal) : 0;
    if (code < 0) {
        store_free(st);
        return code;
    }
    st->journal = journal;
    *ret = st;
    return 0;
}

int store_journal_check(struct store *st, struct error *err)
{
    return st->journal ? journal_check(st->journal, err) : 0;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
}

static void account_free(struct account *a)
{
    array_each (m, &a->mailboxes)
        mailbox_free(*m);
    array_each (m, &a->gone)
        mailbox_free(*m);
    array_release(&a->mailboxes);
    array_release(&a->gone);
    free_texts(a->aliases.v, a->aliases.n);
    free_texts(a->subscriptions.v, a->subscriptions.n);
    array_release(&a->aliases);
    array_release(&a->subscriptions);
    free(a->user);
    free(a->password);
    free(a->address);
    free(a);
}

void store_free(struct store *st)
{
    if (!st)
        return;
    journal_close(st->journal);
    array_each (a, &st->accounts)
        account_free(*a);
    array_release(&st->accounts);
    free(st);
}

struct account *store_new_account(struct store *st, slice user, slice password, slice address)
{
    struct account *a = store_account(st, user);
    if (a) {
        free(a->password);
        free(a->address);
    } else {
        a = NEW(struct account);
        a->store = st;
        a->user = xslicedup(user);
        a->storage_limit = a->message_limit = STORE_NO_LIMIT;
        *array_push(&st->accounts) = a;
    }
    a->password = xslicedup(password);
    a->address = xslicedup(address);
    return a;
}

struct account *store_add_account(struct store *st, const char *user, const char *password,
                                  const char *address)
{
    struct account *a =
        store_new_account(st, slice_of(user), slice_of(password), slice_of(address));
    journal_account(a);
    if (!account_mailbox(a, S("INBOX")))
        account_create(a, S("INBOX"), SPECIAL_NONE, NULL);
    return a;
}

void account_add_alias(struct account *a, const char *address)
{
    array_each (alias, &a->aliases)
        if (slice_eq_nocase(slice_of(*alias), slice_of(address)))
            return;
    *array_push(&a->aliases) = xstrdup(address);
    journal_alias(a, address);
}

struct account *store_account(struct store *st, slice user)
{
    array_each (a, &st->accounts)
        if (slice_eq_str(user, (*a)->user))
            return *a;
    return NULL;
}

static bool has_address(const struct account *a, slice address)
{
    if (slice_eq_nocase(address, slice_of(a->address)))
        return true;
    array_each (alias, &a->aliases)
        if (slice_eq_nocase(address, slice_of(*alias)))
            return true;
    return false;
}

struct account *store_account_by_address(struct store *st, slice address)
{
    array_each (a, &st->accounts)
        if (has_address(*a, address))
            return *a;
    return NULL;
}

void account_set_quota(struct account *a, uint64_t storage_octets, uint64_t messages)
{
    a->storage_limit = storage_octets;
    a->message_limit = messages;
    journal_quota(a);
}

void account_usage(const struct account *a, uint64_t *ret_octets, uint64_t *ret_messages)
{
    uint64_t octets = 0, messages = 0;
    array_each (m, &a->mailboxes) {
        octets += (*m)->octets;
        messages += (*m)->messages.n;
    }
    *ret_octets = octets;
    *ret_messages = messages;
}

bool account_lock(struct account *a, const void *owner)
{
    assert(owner);
    if (a->pop3_owner && a->pop3_owner != owner)
        return false;
    a->pop3_owner = owner;
    return true;
}

void account_unlock(struct account *a, const void *owner)
{
    if (a->pop3_owner == owner)
        a->pop3_owner = NULL;
}
