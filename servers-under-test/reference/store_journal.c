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
    buf_init(&all, JOURNAL_OCTETS_MAX);
    int failed = read_all(j->fd, &all);
    if (failed)
        return error_set(err, ERR_FILE, "%s", strerror(-failed));
    size_t good = 0;
    int code = journal_replay(st, buf_slice(&all), &good, err);
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
