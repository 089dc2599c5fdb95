#include "store_journal.h"
#include "buf.h"
#include "hash.h"
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_HEADER S("mailassay journal 1\n")
enum {
    FIELDS_MAX = 12,
    HASH_DIGITS = 16,
};
#define JOURNAL_MAX ((size_t)1 << 30) /* octets of a journal that we read */

struct journal {
    int fd;
    char *path;
    int failed; /* errno of a failed write; nothing more is written then */
};

/* --- writing --- */

static void add_field(struct buf *b, slice field)
{
    buf_addf(b, "%zu:", field.n);
    buf_add(b, field);
}

static void add_text(struct buf *b, const char *text)
{
    add_field(b, slice_of(text));
}

static void add_number(struct buf *b, int64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    add_text(b, text);
}

static void write_all(struct journal *j, slice s)
{
    while (s.n && !j->failed) {
        ssize_t n = write(j->fd, s.p, s.n);
        if (n >= 0)
            s = slice_skip(s, (size_t)n);
        else if (errno != EINTR)
            j->failed = errno;
    }
}

static void write_record(struct journal *j, const struct buf *payload)
{
    auto_buf record;
    buf_init(&record, BUF_OURS);
    buf_addf(&record, "%zu:", payload->n);
    buf_add(&record, buf_slice(payload));
    buf_addf(&record, "%016llx\n", (unsigned long long)hash_bytes(buf_slice(payload)));
    write_all(j, buf_slice(&record));
}

/* Begins a record of this verb in *ret_b. False without a journal. */
static bool begin(const struct store *st, const char *verb, struct buf *ret_b)
{
    if (!st->journal)
        return false;
    buf_init(ret_b, BUF_OURS);
    add_text(ret_b, verb);
    return true;
}

static void end(const struct store *st, struct buf *b)
{
    write_record(st->journal, b);
    buf_release(b);
}

void journal_account(const struct account *a)
{
    struct buf b;
    if (!begin(a->store, "account", &b))
        return;
    add_text(&b, a->user);
    add_text(&b, a->password);
    add_text(&b, a->address);
    end(a->store, &b);
}

void journal_alias(const struct account *a, const char *address)
{
    struct buf b;
    if (!begin(a->store, "alias", &b))
        return;
    add_text(&b, a->user);
    add_text(&b, address);
    end(a->store, &b);
}

void journal_quota(const struct account *a)
{
    struct buf b;
    if (!begin(a->store, "quota", &b))
        return;
    add_text(&b, a->user);
    add_number(&b, (int64_t)a->storage_limit);
    add_number(&b, (int64_t)a->message_limit);
    end(a->store, &b);
}

void journal_subscribe(const struct account *a, slice name, bool subscribed)
{
    struct buf b;
    if (!begin(a->store, "subscribe", &b))
        return;
    add_text(&b, a->user);
    add_field(&b, name);
    add_number(&b, subscribed);
    end(a->store, &b);
}

void journal_mailbox(const struct mailbox *m)
{
    const struct store *st = m->account->store;
    struct buf b;
    if (!begin(st, "mailbox", &b))
        return;
    add_text(&b, m->account->user);
    add_text(&b, m->name);
    add_number(&b, m->id);
    add_number(&b, m->uidvalidity);
    add_number(&b, m->special);
    end(st, &b);
}

static bool begin_mailbox(const struct mailbox *m, const char *verb, struct buf *ret_b)
{
    if (!begin(m->account->store, verb, ret_b))
        return false;
    add_number(ret_b, m->id);
    return true;
}

static void end_mailbox(const struct mailbox *m, struct buf *b)
{
    end(m->account->store, b);
}

void journal_delete(const struct mailbox *m)
{
    struct buf b;
    if (begin_mailbox(m, "delete", &b))
        end_mailbox(m, &b);
}

void journal_rename(const struct mailbox *m)
{
    struct buf b;
    if (!begin_mailbox(m, "rename", &b))
        return;
    add_text(&b, m->name);
    end_mailbox(m, &b);
}

void journal_recent(const struct mailbox *m)
{
    struct buf b;
    if (!begin_mailbox(m, "recent", &b))
        return;
    add_number(&b, m->first_recent);
    end_mailbox(m, &b);
}

/* Keywords by name: their numbers are not kept over a restart. */
static void add_keywords(struct buf *b, const struct message *msg)
{
    auto_buf names;
    buf_init(&names, BUF_OURS);
    for (size_t i = 0; i < msg->mailbox->keywords.n; i++)
        if (msg->keywords >> i & 1)
            buf_addf(&names, "%s ", msg->mailbox->keywords.v[i]);
    add_field(b, slice_trim(buf_slice(&names)));
}

static void add_state(struct buf *b, const struct message *msg)
{
    add_number(b, msg->uid);
    add_number(b, (int64_t)msg->modseq);
    add_number(b, msg->flags);
    add_keywords(b, msg);
}

void journal_message(const struct message *msg)
{
    struct buf b;
    if (!begin_mailbox(msg->mailbox, "message", &b))
        return;
    add_state(&b, msg);
    add_number(&b, (int64_t)msg->unique);
    add_number(&b, msg->internal_date);
    add_number(&b, msg->internal_zone);
    add_number(&b, msg->save_date);
    add_field(&b, message_bytes(msg));
    end_mailbox(msg->mailbox, &b);
}

void journal_flags(const struct message *msg)
{
    struct buf b;
    if (!begin_mailbox(msg->mailbox, "flags", &b))
        return;
    add_state(&b, msg);
    end_mailbox(msg->mailbox, &b);
}

void journal_expunge(const struct message *msg)
{
    struct buf b;
    if (!begin_mailbox(msg->mailbox, "expunge", &b))
        return;
    add_number(&b, msg->uid);
    add_number(&b, (int64_t)msg->modseq);
    end_mailbox(msg->mailbox, &b);
}

int journal_check(struct journal *j, struct error *err)
{
    if (!j->failed)
        return 0;
    int failed = j->failed;
    j->failed = 0;
    return error_set(err, ERR_INTERNAL, "cannot write %s: %s", j->path, strerror(failed));
}

/* --- replay --- */

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
    if (!slice_to_u64(slice_sub(*rest, 0, colon), JOURNAL_MAX, &n))
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

/* Replays `all`; *ret_good is the length of what is whole. */
static int replay_all(struct store *st, slice all, size_t *ret_good, struct error *err)
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

/* --- opening --- */

static int read_all(int fd, struct buf *b)
{
    for (;;) {
        char *room = buf_room(b, 1 << 16);
        if (!room)
            return -EFBIG;
        ssize_t n = read(fd, room, 1 << 16);
        if (n == 0)
            return 0;
        if (n > 0)
            buf_claim(b, (size_t)n);
        else if (errno != EINTR)
            return -errno;
    }
}

static int load(struct store *st, struct journal *j, struct error *err)
{
    auto_buf all;
    buf_init(&all, JOURNAL_MAX);
    int failed = read_all(j->fd, &all);
    if (failed)
        return error_set(err, ERR_FILE, "%s", strerror(-failed));
    size_t good;
    int code = replay_all(st, buf_slice(&all), &good, err);
    if (code < 0)
        return code;
    if (good < all.n && ftruncate(j->fd, (off_t)good) < 0)
        return error_set(err, ERR_FILE, "cannot cut a torn record off: %s", strerror(errno));
    if (good == 0)
        write_all(j, JOURNAL_HEADER);
    return 0;
}

int journal_open(struct store *st, const char *path, struct error *err, struct journal **ret)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERR_FILE, "cannot open journal %s: %s", path, strerror(errno));
    struct journal *j = NEW(struct journal);
    j->fd = fd;
    j->path = xstrdup(path);
    int code = load(st, j, err);
    if (code < 0) {
        error_prefix(err, "journal %s", path);
        journal_close(j);
        return code;
    }
    *ret = j;
    return 0;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    close(j->fd);
    free(j->path);
    free(j);
}
