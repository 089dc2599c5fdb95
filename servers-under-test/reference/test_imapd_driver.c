#include "test_imapd_driver.h"
#include "array.h"
#include "buf.h"
#include "deflate_stream.h"
#include "imap_frame.h"
#include "imap_grammar.h"
#include "shape_stream.h"
#include "stream.h"
#include "tls.h"
#include <stdio.h>

enum { CONNECTIONS_MAX = 4 };

struct connection {
    struct stream *client, *server;
    struct task *task;
    struct reference *ref;
    struct tls_context *context;
    struct buf in;
    struct buf unchecked; /* what came and was not yet held against the grammar */
    struct imap_framer framer;
};

struct drive {
    const struct transcript *t;
    bool one_by_one; /* the client's octets travel one at a time */
    bool rev2;
    size_t line;
    struct reference *ref;
    struct account *alice;
    struct connection conns[CONNECTIONS_MAX];
};

static const char *name_of(const struct transcript *t)
{
    return t->name ? t->name : t->fault;
}

static void serve(void *arg)
{
    struct connection *c = arg;
    reference_serve(c->ref, SERVICE_IMAP, c->server, "127.0.0.1");
}

static void wrong(struct drive *d, const char *what, slice got)
{
    ck_abort_msg("%s, line %zu \"%s\": %s \"%.*s\"", name_of(d->t), d->line, d->t->lines[d->line],
                 what, SLICE_ARG(got));
}

/* Every response of a server without a fault conforms to the grammar. */
static void check_grammar(struct drive *d, struct connection *c, slice came)
{
    struct imap_grammar_options options = { .rev2 = d->rev2, .utf8 = d->rev2 };
    struct imap_grammar_error error;
    struct imap_frame frame;
    buf_add(&c->unchecked, came);
    while (!d->t->fault &&
           imap_framer_scan(&c->framer, buf_slice(&c->unchecked), &frame) != IMAP_FRAME_MORE) {
        slice unit = slice_sub(buf_slice(&c->unchecked), 0, frame.length);
        if (!imap_grammar_check(unit, &options, &error))
            ck_abort_msg("%s: %s, %s: %.*s", name_of(d->t), error.rule, error.text,
                         SLICE_ARG(unit));
        buf_shift(&c->unchecked, frame.length);
    }
}

/* One line without its CRLF into *ret. 0: the end came; -1: nothing came in time. */
static int read_line(struct drive *d, struct connection *c, nsec deadline, slice *ret)
{
    for (;;) {
        size_t end = slice_find(buf_slice(&c->in), S("\r\n"));
        if (end != SIZE_MAX) {
            *ret = slice_sub(buf_slice(&c->in), 0, end);
            return 1;
        }
        ssize_t n = stream_read(c->client, buf_room(&c->in, 4096), 4096, deadline);
        if (n == IO_TIMEOUT)
            return -1;
        if (n <= 0)
            return c->in.n ? (wrong(d, "ended in", buf_slice(&c->in)), 0) : 0;
        buf_claim(&c->in, (size_t)n);
        check_grammar(d, c, slice_make(c->in.p + c->in.n - n, (size_t)n));
    }
}

static void drop_line(struct connection *c, slice line)
{
    buf_shift(&c->in, line.n + 2);
}

/* "~" is any text. Greedy with backtracking over one wildcard at a time is enough here. */
static bool matches(slice pattern, slice text)
{
    size_t p = 0, i = 0, star = SIZE_MAX, from = 0;
    while (i < text.n) {
        if (p < pattern.n && pattern.p[p] == '~') {
            star = p++;
            from = i;
        } else if (p < pattern.n && pattern.p[p] == text.p[i]) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '~')
        p++;
    return p == pattern.n;
}

static void expect(struct drive *d, struct connection *c, slice pattern)
{
    slice line;
    int result = read_line(d, c, now() + SECONDS(10), &line);
    if (result <= 0)
        wrong(d, result ? "nothing came" : "the connection ended", S(""));
    if (!matches(pattern, line))
        wrong(d, "got", line);
    drop_line(c, line);
}

static void expect_silence(struct drive *d, struct connection *c)
{
    slice line;
    int result = read_line(d, c, now() + SECONDS(1), &line);
    if (result >= 0)
        wrong(d, result ? "got" : "the connection ended", result ? line : S(""));
}

static void expect_end(struct drive *d, struct connection *c)
{
    slice line = S("");
    int result = read_line(d, c, now() + SECONDS(10), &line);
    if (result)
        wrong(d, "instead of the end got", result > 0 ? line : S("nothing"));
}

static void send_text(struct drive *d, struct connection *c, slice text)
{
    if (stream_write_slice(c->client, text, now() + SECONDS(10)) < 0)
        wrong(d, "cannot send", text);
}

enum { LONG_LINE = 9901 };

static void add_variable(struct drive *d, struct buf *out, char name)
{
    const struct mailbox *m = account_mailbox(d->alice, strchr("WF", name) ? S("w") : S("INBOX"));
    if (strchr("VWEF", name))
        buf_addf(out, "%u", m->uidvalidity + (strchr("EF", name) != NULL));
    for (int i = 0; name == 'L' && i < LONG_LINE; i++)
        buf_addc(out, 'x');
    if (name == '0')
        buf_addc(out, 0);
}

/* Text with its variables filled in. */
static void fill(struct drive *d, const char *text, struct buf *ret)
{
    for (; *text; text++)
        if (*text == '$' && text[1] && strchr("VWEFL0", text[1]))
            add_variable(d, ret, *++text);
        else
            buf_addc(ret, *text);
}

/* A command whose answer does not matter but for its OK. */
static void execute(struct drive *d, struct connection *c, slice command)
{
    slice line = S("");
    send_text(d, c, S("x "));
    send_text(d, c, command);
    send_text(d, c, S("\r\n"));
    while (read_line(d, c, now() + SECONDS(10), &line) == 1) {
        bool tagged = slice_starts(line, S("x "));
        if (tagged && !slice_starts(line, S("x OK")))
            wrong(d, "got", line);
        drop_line(c, line);
        if (tagged)
            return;
    }
    wrong(d, "no OK", S(""));
}

static void log_in(struct drive *d, struct connection *c)
{
    slice line;
    int greeted = d->t->raw > 1 ? 0 : read_line(d, c, now() + SECONDS(10), &line);
    if (greeted != 1 && d->t->raw < 2)
        wrong(d, "no greeting", S(""));
    if (greeted == 1)
        drop_line(c, line);
    if (d->t->raw)
        return;
    send_text(d, c, S("login LOGIN alice secret\r\n"));
    expect(d, c, S("login OK ~"));
}

static struct connection *connection(struct drive *d, size_t number)
{
    struct connection *c = &d->conns[number];
    if (c->client)
        return c;
    struct stream *ends[2];
    pair_open(ends);
    c->client = ends[0];
    if (d->one_by_one)
        c->client =
            shape_open(c->client, &(struct shape) { .every = 1 }, &(struct shape) { .every = 1 });
    c->server = ends[1];
    c->ref = d->ref;
    buf_init(&c->in, BUF_OURS);
    buf_init(&c->unchecked, BUF_OURS);
    imap_framer_init(&c->framer, IMAP_FRAME_RESPONSES);
    c->task = task_spawn(serve, c);
    log_in(d, c);
    return c;
}

static void compress_client(struct connection *c)
{
    c->client = deflate_open(c->client, buf_slice(&c->in), 6, 0);
    buf_clear(&c->in);
}

static void secure_client(struct drive *d, struct connection *c)
{
    struct tls_client_config config = { .ca_pem = reference_ca_pem(d->ref) };
    struct tls_options options = { .verify = TLS_VERIFY_CHAIN };
    struct error err = { 0 };
    ck_assert_int_eq(tls_client_context_new(&config, &err, &c->context), 0);
    if (tls_open_client(c->client, c->context, &options, now() + SECONDS(10), &err, &c->client) < 0)
        wrong(d, "no TLS:", slice_of(err.text));
}

static void play_line(struct drive *d, const char *text)
{
    size_t number = 0;
    if (ascii_is_digit(*text))
        number = (size_t)(*text++ - '1');
    ck_assert_uint_lt(number, CONNECTIONS_MAX);
    struct connection *c = connection(d, number);
    auto_buf filled;
    buf_init(&filled, BUF_OURS);
    fill(d, strlen(text) > 3 ? text + 3 : "", &filled);
    slice rest = buf_slice(&filled);
    nsec pause = 0;
    if (!strncmp(text, "C: ", 3)) {
        send_text(d, c, rest);
        send_text(d, c, S("\r\n"));
    } else if (!strncmp(text, "X: ", 3))
        execute(d, c, rest);
    else if (!strncmp(text, "R: ", 3))
        send_text(d, c, rest);
    else if (!strncmp(text, "S: ", 3))
        expect(d, c, rest);
    else if (!strcmp(text, "S-"))
        expect_silence(d, c);
    else if (!strcmp(text, "Z!"))
        compress_client(c);
    else if (!strcmp(text, "T!"))
        secure_client(d, c);
    else if (!strcmp(text, "SX"))
        expect_end(d, c);
    else if (!strncmp(text, "W: ", 3) && duration_parse(rest, &pause))
        task_sleep(now() + pause);
    else
        ck_abort_msg("%s: what does \"%s\" mean?", name_of(d->t), text);
}

static void hang_up(struct connection *c)
{
    if (!c->client)
        return;
    stream_close(c->client);
    task_join(c->task);
    tls_context_free(c->context);
    buf_release(&c->in);
    buf_release(&c->unchecked);
}

static void drive(void *arg)
{
    struct drive *d = arg;
    struct reference_account alice = { .user = "alice", .password = "secret" };
    struct reference_options o = { .accounts = &alice, .n_accounts = 1 };
    struct error err;
    if (!d->t->strict)
        fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    if (d->t->fault)
        ck_assert_msg(fault_add(&o.faults, slice_of(d->t->fault)), "%s?", d->t->fault);
    ck_assert_int_eq(reference_new(&o, &err, &d->ref), 0);
    d->alice = store_account(reference_store(d->ref), S("alice"));
    if (d->t->setup)
        d->t->setup(d->alice);
    for (d->line = 0; d->t->lines[d->line]; d->line++)
        d->rev2 |=
            slice_find_nocase(slice_of(d->t->lines[d->line]), S("ENABLE IMAP4rev2")) != SIZE_MAX;
    for (d->line = 0; d->t->lines[d->line]; d->line++)
        play_line(d, d->t->lines[d->line]);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        hang_up(&d->conns[i]);
    reference_free(d->ref);
}

void transcript_run(const struct transcript *t)
{
    struct drive d = { .t = t };
    sched_main(CLOCK_VIRTUAL, drive, &d);
}

void transcript_run_one_by_one(const struct transcript *t)
{
    /* What comes behind STARTTLS in the same segment is what that transcript is about. */
    if (t->strict)
        return;
    struct drive d = { .t = t, .one_by_one = true };
    sched_main(CLOCK_VIRTUAL, drive, &d);
}

void three_messages(struct account *alice)
{
    static const char *const texts[] = {
        "From: a@example.test\r\nSubject: one\r\n\r\n1234567890\r\n",
        "From: b@example.test\r\nSubject: two\r\n\r\n12345678901234567890\r\n",
        "From: c@example.test\r\nSubject: three\r\n\r\n123456789012345678901234567890\r\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct new_message n = { .bytes = slice_of(texts[i]),
                                 .flags = i == 1 ? FLAG_SEEN : 0,
                                 .internal_date = 1700000000 + (int64_t)i * 86400 };
        ck_assert_int_eq(mailbox_append(account_inbox(alice), &n, NULL), STORE_OK);
    }
}

void three_messages_and_w(struct account *alice)
{
    three_messages(alice);
    ck_assert_int_eq(account_create(alice, S("w"), SPECIAL_NONE, NULL), STORE_OK);
}
