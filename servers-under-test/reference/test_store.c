#include "fault.h"
#include "store.h"
#include "testing.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t fixed_wall(void)
{
    return 1700000000;
}

static struct store *open_store(const char *journal)
{
    struct store_options o = { .journal = journal, .first_uidvalidity = 100, .wall = fixed_wall };
    struct store *st = NULL;
    struct error err = { 0 };
    ck_assert_msg(store_open(&o, &st, &err) == 0, "%s", err.text);
    return st;
}

static struct account *alice(struct store *st)
{
    return store_add_account(st, "alice", "secret", "alice@example.test");
}

static struct message *add(struct mailbox *m, const char *text)
{
    struct message *msg = NULL;
    struct new_message n = { .bytes = slice_of(text) };
    ck_assert_int_eq(mailbox_append(m, &n, &msg), STORE_OK);
    return msg;
}

static struct mailbox *create(struct account *a, const char *name)
{
    struct mailbox *m = NULL;
    ck_assert_int_eq(account_create(a, slice_of(name), SPECIAL_NONE, &m), STORE_OK);
    return m;
}

START_TEST(accounts_and_addresses)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    account_add_alias(a, "postmaster@example.test");
    ck_assert_ptr_eq(store_account(st, S("alice")), a);
    ck_assert_ptr_null(store_account(st, S("Alice")));
    ck_assert_ptr_eq(store_account_by_address(st, S("ALICE@Example.TEST")), a);
    ck_assert_ptr_eq(store_account_by_address(st, S("postmaster@example.test")), a);
    ck_assert_ptr_null(store_account_by_address(st, S("bob@example.test")));
    ck_assert_ptr_eq(store_add_account(st, "alice", "new", "a@b.test"), a);
    ck_assert_str_eq(a->password, "new");
    ck_assert_uint_eq(a->mailboxes.n, 1);
    store_free(st);
}
END_TEST

START_TEST(flags_and_special_uses_by_name)
{
    ck_assert_uint_eq(flag_by_name(S("\\seen")), FLAG_SEEN);
    ck_assert_uint_eq(flag_by_name(S("\\Recent")), 0);
    ck_assert_str_eq(flag_name(FLAG_DELETED), "\\Deleted");
    ck_assert_ptr_null(flag_name((enum message_flag)3));
    ck_assert_int_eq(special_use_by_name(S("\\SENT")), SPECIAL_SENT);
    ck_assert_int_eq(special_use_by_name(S("")), SPECIAL_NONE);
    ck_assert_str_eq(special_use_name(SPECIAL_JUNK), "\\Junk");
}
END_TEST

static const struct {
    const char *name;
    enum store_result result;
} creations[] = {
    { "a", STORE_OK },           { "a/", STORE_OK },
    { "a/b/c", STORE_OK },       { "inbox", STORE_EXISTS },
    { "Inbox/", STORE_EXISTS },  { "inbox/sub", STORE_OK },
    { "", STORE_BAD_NAME },      { "/", STORE_BAD_NAME },
    { "/a", STORE_BAD_NAME },    { "a//b", STORE_BAD_NAME },
    { "a//", STORE_BAD_NAME },   { "a\tb", STORE_BAD_NAME },
    { "a\x7f", STORE_BAD_NAME }, { "gr\xc3\xbc\xc3\x9f", STORE_OK },
};

START_TEST(names_that_can_be_created)
{
    struct store *st = open_store(NULL);
    ck_assert_int_eq(account_create(alice(st), slice_of(creations[_i].name), SPECIAL_NONE, NULL),
                     creations[_i].result);
    store_free(st);
}
END_TEST

START_TEST(create_makes_missing_levels)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    create(a, "x/y/z/");
    ck_assert_ptr_nonnull(account_mailbox(a, S("x")));
    ck_assert_ptr_nonnull(account_mailbox(a, S("x/y")));
    ck_assert_ptr_nonnull(account_mailbox(a, S("x/y/z")));
    ck_assert_str_eq(a->mailboxes.v[0]->name, "INBOX");
    ck_assert(account_has_children(a, S("x")));
    ck_assert(!account_has_children(a, S("x/y/z")));
    create(a, "inbox/Kid");
    ck_assert_str_eq(account_mailbox(a, S("INBOX/Kid"))->name, "INBOX/Kid");
    store_free(st);
}
END_TEST

START_TEST(uidvalidity_rises_when_a_name_is_made_again)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    uint32_t first = create(a, "box")->uidvalidity;
    ck_assert_int_eq(account_delete(a, S("box")), STORE_OK);
    uint32_t second = create(a, "box")->uidvalidity;
    ck_assert_uint_gt(second, first);
    ck_assert_int_eq(account_rename(a, S("box"), S("other")), STORE_OK);
    ck_assert_uint_eq(account_mailbox(a, S("other"))->uidvalidity, second);
    ck_assert_uint_gt(create(a, "box")->uidvalidity, second);
    store_free(st);
}
END_TEST

START_TEST(delete_keeps_children_and_subscription)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    struct mailbox *m = create(a, "p");
    create(a, "p/c");
    add(m, "text");
    account_subscribe(a, S("p"), true);
    ck_assert_int_eq(account_delete(a, S("p")), STORE_OK);
    ck_assert(m->gone);
    ck_assert_uint_eq(m->messages.n, 0);
    ck_assert(account_has_name(a, S("p")));
    ck_assert_ptr_null(account_mailbox(a, S("p")));
    ck_assert(account_is_subscribed(a, S("p")));
    ck_assert_int_eq(account_delete(a, S("p")), STORE_HAS_CHILDREN);
    ck_assert_int_eq(account_delete(a, S("p/c")), STORE_OK);
    ck_assert_int_eq(account_delete(a, S("p")), STORE_NO_MAILBOX);
    ck_assert_int_eq(account_delete(a, S("iNbOx")), STORE_CANNOT);
    store_free(st);
}
END_TEST

START_TEST(rename_moves_children)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    create(a, "p/c/d");
    create(a, "px");
    ck_assert_int_eq(account_rename(a, S("p"), S("new/q")), STORE_OK);
    ck_assert_ptr_nonnull(account_mailbox(a, S("new/q/c/d")));
    ck_assert_ptr_nonnull(account_mailbox(a, S("new")));
    ck_assert_ptr_nonnull(account_mailbox(a, S("px")));
    ck_assert(!account_has_name(a, S("p")));
    ck_assert_int_eq(account_rename(a, S("none"), S("z")), STORE_NO_MAILBOX);
    ck_assert_int_eq(account_rename(a, S("px"), S("new/q")), STORE_EXISTS);
    ck_assert_int_eq(account_rename(a, S("px"), S("inbox")), STORE_EXISTS);
    ck_assert_int_eq(account_rename(a, S("px"), S("px/y")), STORE_CANNOT);
    ck_assert_int_eq(account_rename(a, S("px"), S("a//b")), STORE_BAD_NAME);
    store_free(st);
}
END_TEST

START_TEST(rename_inbox_moves_messages)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    struct mailbox *inbox = account_inbox(a);
    create(a, "INBOX/kid");
    struct message *msg = add(inbox, "one");
    message_set_flags(msg, FLAG_SEEN, 0);
    add(inbox, "two");
    ck_assert_int_eq(account_rename(a, S("Inbox"), S("old")), STORE_OK);
    ck_assert_ptr_eq(account_inbox(a), inbox);
    ck_assert_uint_eq(inbox->messages.n, 0);
    ck_assert_uint_eq(inbox->uidnext, 3);
    struct mailbox *old = account_mailbox(a, S("old"));
    ck_assert_uint_eq(old->messages.n, 2);
    ck_assert_uint_eq(old->messages.v[0]->flags, FLAG_SEEN);
    ck_assert_slice(message_bytes(old->messages.v[1]), S("two"));
    ck_assert_ptr_nonnull(account_mailbox(a, S("INBOX/kid")));
    store_free(st);
}
END_TEST

START_TEST(uids_rise_and_expunge_is_logged)
{
    struct store *st = open_store(NULL);
    struct mailbox *m = account_inbox(alice(st));
    add(m, "a");
    struct message *b = message_ref(add(m, "b"));
    ck_assert_uint_eq(b->uid, 2);
    ck_assert_uint_eq(m->highest_modseq, 3);
    uint64_t change = m->change;
    ck_assert(message_expunge(b));
    ck_assert(!message_expunge(b));
    ck_assert(!message_set_flags(b, FLAG_SEEN, 0));
    ck_assert_uint_gt(m->change, change);
    ck_assert(b->expunged);
    ck_assert_slice(message_bytes(b), S("b"));
    ck_assert_uint_eq(m->expunged.n, 1);
    ck_assert_uint_eq(m->expunged.v[0].uid, 2);
    ck_assert_uint_eq(m->expunged.v[0].modseq, 4);
    ck_assert_uint_eq(add(m, "c")->uid, 3);
    ck_assert_ptr_null(mailbox_by_uid(m, 2));
    ck_assert_uint_eq(mailbox_lower_bound(m, 2), 1);
    ck_assert_uint_eq(mailbox_lower_bound(m, 4), 2);
    message_unref(b);
    store_free(st);
}
END_TEST

START_TEST(flag_changes_raise_the_modseq_only_when_they_change)
{
    struct store *st = open_store(NULL);
    struct mailbox *m = account_inbox(alice(st));
    struct message *msg = add(m, "a");
    uint64_t before = msg->modseq;
    ck_assert(message_set_flags(msg, 0, 0));
    ck_assert_uint_eq(msg->modseq, before);
    ck_assert(message_set_flags(msg, FLAG_SEEN, 0));
    ck_assert_uint_eq(msg->modseq, before + 1);
    ck_assert_uint_eq(m->highest_modseq, before + 1);
    store_free(st);
}
END_TEST

START_TEST(copies_share_bytes_and_map_keywords)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    struct mailbox *from = account_inbox(a), *to = create(a, "to");
    mailbox_keyword(to, S("Other"), true);
    slice keywords[] = { S("$Junk"), S("Work") };
    struct new_message n = { .bytes = S("x"),
                             .flags = FLAG_FLAGGED,
                             .keywords = keywords,
                             .n_keywords = 2,
                             .internal_date = 5,
                             .internal_zone = 60 };
    struct message *msg, *copy;
    ck_assert_int_eq(mailbox_append(from, &n, &msg), STORE_OK);
    ck_assert_int_eq(mailbox_copy(to, msg, &copy), STORE_OK);
    ck_assert_ptr_eq(msg->body, copy->body);
    ck_assert_uint_eq(copy->flags, FLAG_FLAGGED);
    ck_assert_uint_eq(copy->keywords, 6);
    ck_assert_int_eq(copy->internal_date, 5);
    ck_assert_int_eq(copy->internal_zone, 60);
    ck_assert_uint_ne(copy->unique, msg->unique);
    ck_assert_int_eq(mailbox_keyword(to, S("work"), false), 2);
    ck_assert_int_eq(mailbox_keyword(to, S("none"), false), -1);
    ck_assert_int_eq(mailbox_keyword(to, S("a b"), true), -1);
    store_free(st);
}
END_TEST

START_TEST(limits)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    struct mailbox *m = account_inbox(a);
    st->append_limit = 4;
    struct new_message n = { .bytes = S("12345") };
    ck_assert_int_eq(mailbox_append(m, &n, NULL), STORE_TOO_BIG);
    account_set_quota(a, 6, 2);
    n.bytes = S("1234");
    ck_assert_int_eq(mailbox_append(m, &n, NULL), STORE_OK);
    ck_assert_int_eq(mailbox_append(m, &n, NULL), STORE_OVER_QUOTA);
    n.bytes = S("");
    ck_assert_int_eq(mailbox_append(m, &n, NULL), STORE_OK);
    ck_assert_int_eq(mailbox_append(m, &n, NULL), STORE_OVER_QUOTA);
    uint64_t octets, messages;
    account_usage(a, &octets, &messages);
    ck_assert_uint_eq(octets, 4);
    ck_assert_uint_eq(messages, 2);
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++) {
        char text[20];
        snprintf(text, sizeof text, "k%d", i);
        ck_assert_int_eq(mailbox_keyword(m, slice_of(text), true), i);
    }
    ck_assert_int_eq(mailbox_keyword(m, S("more"), true), -1);
    store_free(st);
}
END_TEST

START_TEST(pop3_lock_is_exclusive)
{
    struct store *st = open_store(NULL);
    struct account *a = alice(st);
    int one, two;
    ck_assert(account_lock(a, &one));
    ck_assert(account_lock(a, &one));
    ck_assert(!account_lock(a, &two));
    account_unlock(a, &two);
    ck_assert(!account_lock(a, &two));
    account_unlock(a, &one);
    ck_assert(account_lock(a, &two));
    store_free(st);
}
END_TEST

START_TEST(recent_goes_to_one_session)
{
    struct store *st = open_store(NULL);
    struct mailbox *m = account_inbox(alice(st));
    add(m, "a");
    add(m, "b");
    ck_assert_uint_eq(mailbox_claim_recent(m), 1);
    ck_assert_uint_eq(mailbox_claim_recent(m), 3);
    add(m, "c");
    ck_assert_uint_eq(mailbox_claim_recent(m), 3);
    store_free(st);
}
END_TEST

/* --- journal --- */

static void temporary(char path[64])
{
    snprintf(path, 64, "/tmp/test_store.%d.journal", (int)getpid());
    unlink(path);
}

static size_t file_size(const char *path)
{
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    return (size_t)s.st_size;
}

static void fill(struct store *st)
{
    struct account *a = alice(st);
    account_add_alias(a, "al@example.test");
    account_set_quota(a, 100000, STORE_NO_LIMIT);
    struct mailbox *inbox = account_inbox(a), *m = create(a, "dir/box");
    slice keyword = S("$Forwarded");
    struct new_message n = { .bytes = slice_make("a\0b\r\n", 5),
                             .keywords = &keyword,
                             .n_keywords = 1,
                             .internal_date = -5,
                             .internal_zone = -90 };
    struct message *msg;
    ck_assert_int_eq(mailbox_append(inbox, &n, &msg), STORE_OK);
    message_set_flags(msg, FLAG_SEEN | FLAG_DRAFT, msg->keywords);
    ck_assert_int_eq(mailbox_copy(m, msg, NULL), STORE_OK);
    message_expunge(add(inbox, "gone"));
    mailbox_claim_recent(inbox);
    account_subscribe(a, S("dir"), true);
    account_rename(a, S("dir"), S("folder"));
    create(a, "dir");
    account_delete(a, S("dir"));
}

static void check_filled(struct store *st, uint32_t uidvalidity, const char *uidl)
{
    struct account *a = store_account(st, S("alice"));
    ck_assert_ptr_nonnull(a);
    ck_assert_str_eq(a->password, "secret");
    ck_assert_ptr_eq(store_account_by_address(st, S("al@example.test")), a);
    ck_assert_uint_eq(a->storage_limit, 100000);
    ck_assert(a->message_limit == STORE_NO_LIMIT);
    ck_assert(account_is_subscribed(a, S("dir")));
    ck_assert_uint_eq(a->mailboxes.n, 3);
    struct mailbox *inbox = account_inbox(a);
    ck_assert_uint_eq(inbox->messages.n, 1);
    ck_assert_uint_eq(inbox->uidnext, 3);
    ck_assert_uint_eq(inbox->first_recent, 3);
    ck_assert_uint_eq(inbox->highest_modseq, 5);
    ck_assert_uint_eq(inbox->expunged.n, 1);
    ck_assert_uint_eq(inbox->octets, 5);
    struct message *msg = inbox->messages.v[0];
    ck_assert_slice(message_bytes(msg), slice_make("a\0b\r\n", 5));
    ck_assert_uint_eq(msg->flags, FLAG_SEEN | FLAG_DRAFT);
    ck_assert_int_eq(mailbox_keyword(inbox, S("$Forwarded"), false), 0);
    ck_assert_uint_eq(msg->keywords, 1);
    ck_assert_int_eq(msg->internal_date, -5);
    ck_assert_int_eq(msg->internal_zone, -90);
    ck_assert_int_eq(msg->save_date, 1700000000);
    char text[32];
    ck_assert_str_eq(message_uidl(msg, text), uidl);
    struct mailbox *m = account_mailbox(a, S("folder/box"));
    ck_assert_uint_eq(m->messages.n, 1);
    ck_assert_uint_eq(m->uidvalidity, uidvalidity);
    ck_assert_uint_gt(create(a, "dir")->uidvalidity, uidvalidity + 1);
    char newer[32];
    ck_assert_str_gt(message_uidl(add(m, "later"), newer), uidl);
}

START_TEST(journal_survives_a_restart)
{
    char path[64], uidl[32];
    temporary(path);
    struct store *st = open_store(path);
    fill(st);
    struct account *a = store_account(st, S("alice"));
    uint32_t uidvalidity = account_mailbox(a, S("folder/box"))->uidvalidity;
    message_uidl(account_inbox(a)->messages.v[0], uidl);
    ck_assert_int_eq(store_journal_check(st, NULL), 0);
    store_free(st);

    st = open_store(path);
    check_filled(st, uidvalidity, uidl);
    store_free(st);
    unlink(path);
}
END_TEST

/* Whatever the octet at which writing stopped, the store opens and goes on writing. */
START_TEST(journal_cut_anywhere)
{
    char path[64];
    temporary(path);
    struct store *st = open_store(path);
    account_subscribe(alice(st), S("news"), true);
    add(account_inbox(store_account(st, S("alice"))), "0123456789 some text\r\n");
    store_free(st);
    size_t size = file_size(path);
    char *all = xcalloc(size, 1);
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(read(fd, all, size), (ssize_t)size);
    close(fd);
    for (size_t cut = 0; cut < size; cut++) {
        fd = open(path, O_WRONLY | O_TRUNC);
        ck_assert_int_eq(write(fd, all, cut), (ssize_t)cut);
        close(fd);
        st = open_store(path);
        add(account_inbox(alice(st)), "after");
        store_free(st);
        st = open_store(path);
        struct mailbox *inbox = account_inbox(store_account(st, S("alice")));
        ck_assert_uint_ge(inbox->messages.n, 1);
        ck_assert_slice(message_bytes(inbox->messages.v[inbox->messages.n - 1]), S("after"));
        store_free(st);
    }
    free(all);
    unlink(path);
}
END_TEST

START_TEST(journal_that_is_wrong_is_an_error)
{
    char path[64];
    temporary(path);
    struct store *st = open_store(path);
    fill(st);
    store_free(st);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, "X", 1, 60), 1);
    close(fd);
    struct store_options o = { .journal = path };
    struct error err;
    ck_assert_int_eq(store_open(&o, &st, &err), ERR_FILE);
    fd = open(path, O_RDWR | O_TRUNC);
    ck_assert_int_eq(write(fd, "something else, long enough", 27), 27);
    close(fd);
    ck_assert_int_eq(store_open(&o, &st, &err), ERR_FILE);
    ck_assert(slice_find(slice_of(err.text), S("not a journal")) != SIZE_MAX);
    unlink(path);
    o.journal = "/nonexistent/journal";
    ck_assert_int_eq(store_open(&o, &st, &err), ERR_FILE);
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_test(cases, accounts_and_addresses);
    tcase_add_test(cases, flags_and_special_uses_by_name);
    tcase_add_loop_test(cases, names_that_can_be_created, 0, COUNT(creations));
    tcase_add_test(cases, create_makes_missing_levels);
    tcase_add_test(cases, uidvalidity_rises_when_a_name_is_made_again);
    tcase_add_test(cases, delete_keeps_children_and_subscription);
    tcase_add_test(cases, rename_moves_children);
    tcase_add_test(cases, rename_inbox_moves_messages);
    tcase_add_test(cases, uids_rise_and_expunge_is_logged);
    tcase_add_test(cases, flag_changes_raise_the_modseq_only_when_they_change);
    tcase_add_test(cases, copies_share_bytes_and_map_keywords);
    tcase_add_test(cases, limits);
    tcase_add_test(cases, pop3_lock_is_exclusive);
    tcase_add_test(cases, recent_goes_to_one_session);
    tcase_add_test(cases, journal_survives_a_restart);
    tcase_add_test(cases, journal_cut_anywhere);
    tcase_add_test(cases, journal_that_is_wrong_is_an_error);
}

int main(void)
{
    return run_tests("store", add_tests);
}
