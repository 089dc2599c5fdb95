#include "test_mail_driver.h"
#include "array.h"
#include "base64.h"
#include "buf.h"
#include "next_hop.h"
#include "service.h"
#include "tls.h"
#include <ctype.h>
#include <stdio.h>

enum { CONNECTIONS_MAX = 4, READ_SIZE = 4096 };

struct connection {
    struct stream *client, *server;
    struct task *task;
    struct reference *ref;
    enum service_id service;
    struct buf in;
    struct buf reply; /* the last one of "M:" */
};

struct drive {
    const struct transcript *t;
    bool by_octet;
    size_t line;
    struct reference *ref;
    struct next_hop *hop;
    struct tls_context *trust;
    struct connection conns[CONNECTIONS_MAX];
};

static void wrong(struct drive *d, const char *what, slice got)
{
    ck_abort_msg("%s, line %zu \"%s\": %s \"%.*s\"", d->t->name, d->line, d->t->lines[d->line],
                 what, SLICE_ARG(got));
}

/* --- the two sides --- */

static void serve(void *arg)
{
    struct connection *c = arg;
    reference_serve(c->ref, c->service, c->server, "192.0.2.7");
}

static void begin_tls(struct drive *d, struct connection *c, bool works)
{
    struct tls_options options = { .sni = "mail.mailassay.test", .verify = TLS_VERIFY_RECORD };
    struct error err = { 0 };
    struct stream *top = NULL;
    int r = tls_open_client(c->client, d->trust, &options, now() + SECONDS(10), &err, &top);
    if ((r == 0) != works)
        wrong(d, "handshake:", slice_of(r < 0 ? err.text : "worked"));
    if (r == 0)
        c->client = top;
}

static void open_connection(struct drive *d, struct connection *c, const char *name)
{
    struct stream *ends[2];
    const struct service *service = service_find(slice_of(name));
    ck_assert_msg(service != NULL, "%s", name);
    pair_open(ends);
    c->client = ends[0];
    c->server = ends[1];
    c->ref = d->ref;
    c->service = service->id;
    buf_init(&c->in, BUF_OURS);
    buf_init(&c->reply, BUF_OURS);
    c->task = task_spawn(serve, c);
    bool plain = d->t->fault && strcmp(d->t->fault, "tls.implicit.speaks-plain") == 0;
    if (service->implicit_tls && !plain)
        begin_tls(d, c, true);
}

static void close_connection(struct connection *c)
{
    if (!c->client)
        return;
    stream_close(c->client);
    task_join(c->task);
    buf_release(&c->in);
    buf_release(&c->reply);
    *c = (struct connection) { 0 };
}

/* --- what came --- */

/* 1: some more came; 0: the end; -1: nothing in time. */
static int fill(struct connection *c, nsec deadline)
{
    ssize_t n = stream_read(c->client, buf_room(&c->in, READ_SIZE), READ_SIZE, deadline);
    if (n > 0)
        buf_claim(&c->in, (size_t)n);
    return n == IO_TIMEOUT ? -1 : n > 0;
}

/* The next line without its CRLF; valid until `in` changes. */
static slice next_line(struct drive *d, struct connection *c)
{
    for (;;) {
        size_t end = slice_find(buf_slice(&c->in), S("\r\n"));
        if (end != SIZE_MAX)
            return slice_sub(buf_slice(&c->in), 0, end);
        int got = fill(c, now() + SECONDS(3));
        if (got <= 0)
            wrong(d, got < 0 ? "no answer, only" : "ended after", buf_slice(&c->in));
    }
}

/* "~" is any text. */
static bool matches(slice pattern, slice text)
{
    size_t star = slice_find_char(pattern, '~');
    if (star == SIZE_MAX)
        return slice_eq(pattern, text);
    if (!slice_starts(text, slice_sub(pattern, 0, star)))
        return false;
    slice rest = slice_skip(pattern, star + 1);
    for (size_t from = star; from <= text.n; from++)
        if (matches(rest, slice_skip(text, from)))
            return true;
    return false;
}

static void expect_line(struct drive *d, struct connection *c, slice pattern)
{
    slice line = next_line(d, c);
    if (!matches(pattern, line))
        wrong(d, "got", line);
    buf_shift(&c->in, line.n + 2);
}

static void expect_bytes(struct drive *d, struct connection *c, slice bytes)
{
    while (c->in.n < bytes.n)
        if (fill(c, now() + SECONDS(3)) <= 0)
            wrong(d, "only", buf_slice(&c->in));
    if (!slice_starts(buf_slice(&c->in), bytes))
        wrong(d, "got", buf_slice(&c->in));
    buf_shift(&c->in, bytes.n);
}

static void expect_reply(struct drive *d, struct connection *c, slice code)
{
    buf_clear(&c->reply);
    for (bool more = true; more;) {
        slice line = next_line(d, c);
        if (!slice_starts(line, code))
            wrong(d, "got", line);
        more = line.n > 3 && line.p[3] == '-';
        buf_add(&c->reply, slice_skip(line, 4));
        buf_addc(&c->reply, '\n');
        buf_shift(&c->in, line.n + 2);
    }
}

static void check_reply_line(struct drive *d, struct connection *c, slice pattern, bool wanted)
{
    slice rest = buf_slice(&c->reply), line;
    bool found = false;
    while (slice_cut(&rest, '\n', &line))
        found |= matches(pattern, line);
    if (found != wanted)
        wrong(d, "the reply was", buf_slice(&c->reply));
}

/* A multi-line response of so many octets. */
static void expect_octets(struct drive *d, struct connection *c, slice number)
{
    uint64_t want;
    ck_assert(slice_to_u64(number, 1 << 20, &want));
    while (!slice_ends(buf_slice(&c->in), S("\r\n.\r\n")))
        if (fill(c, now() + SECONDS(3)) <= 0)
            wrong(d, "no end of", buf_slice(&c->in));
    if (c->in.n != want)
        ck_abort_msg("%s, line %zu: %zu octets", d->t->name, d->line, c->in.n);
    buf_clear(&c->in);
}

static void expect_nothing(struct drive *d, struct connection *c)
{
    if (c->in.n || fill(c, now() + SECONDS(1)) != -1)
        wrong(d, "got", buf_slice(&c->in));
}

static void expect_end(struct drive *d, struct connection *c)
{
    if (c->in.n || fill(c, now() + SECONDS(3)) != 0)
        wrong(d, "not ended:", buf_slice(&c->in));
}

/* --- mailboxes --- */

static struct mailbox *inbox(struct drive *d)
{
    return account_inbox(reference_find_user(d->ref, S("alice")));
}

static void check_count(struct drive *d, slice number)
{
    uint64_t want;
    ck_assert(slice_to_u64(number, 1000, &want));
    if (inbox(d)->messages.n != want)
        ck_abort_msg("%s, line %zu: %zu messages", d->t->name, d->line, inbox(d)->messages.n);
}

static void check_latest(struct drive *d, slice text, char how)
{
    struct mailbox *m = inbox(d);
    if (!m->messages.n)
        wrong(d, "INBOX is empty", S(""));
    slice bytes = message_bytes(m->messages.v[m->messages.n - 1]);
    bool found = how == '=' ? slice_ends(bytes, text) : slice_find(bytes, text) != SIZE_MAX;
    if (found == (how == '!'))
        wrong(d, "the message is", bytes);
}

static void check_hop(struct drive *d, slice text, bool wanted)
{
    if (!d->hop->mails.n)
        wrong(d, "nothing came to the next hop", S(""));
    const struct next_hop_mail *m = d->hop->mails.v[d->hop->mails.n - 1];
    auto_buf all;
    buf_init(&all, BUF_OURS);
    buf_addf(&all, "%s\n", m->from);
    array_each (to, &m->to)
        buf_addf(&all, "%s\n", *to);
    buf_add(&all, buf_slice(&m->raw));
    if ((slice_find(buf_slice(&all), text) != SIZE_MAX) != wanted)
        wrong(d, "the next hop got", buf_slice(&all));
}

/* --- one line of the table --- */

static void expand_one(char what, struct buf *out)
{
    auto_buf plain;
    buf_init(&plain, BUF_OURS);
    buf_add(&plain, S("\0alice\0"));
    buf_adds(&plain, ALICE_PASSWORD);
    if (what == 'P')
        base64_encode(buf_slice(&plain), out);
    else if (what == 'A')
        buf_adds(out, ALICE_PASSWORD);
    else if (what == 'X')
        buf_addf(out, "%0*d", 998, 0);
    else if (what == '0')
        buf_addc(out, '\0');
    for (int i = 0; what == 'B' && i < 2000; i++)
        buf_addf(out, "%0*d\r\n", 58, i);
    for (int i = 0; what == 'R' && i < 101; i++)
        buf_adds(out, "Received: x\r\n");
}

static slice expand(const char *text, struct buf *out)
{
    for (; *text; text++)
        if (*text == '$' && strchr("PAX0BR", text[1]))
            expand_one(*++text, out);
        else
            buf_addc(out, *text);
    return buf_slice(out);
}

static void send_text(const struct drive *d, struct connection *c, slice text)
{
    size_t step = d->by_octet ? 1 : text.n;
    for (size_t i = 0; i < text.n; i += step) {
        slice piece = slice_sub(text, i, i + step);
        ck_assert_int_ge(stream_write_slice(c->client, piece, now() + SECONDS(3)), 0);
        if (d->by_octet)
            task_yield();
    }
}

static void pass_time(slice text)
{
    nsec time;
    ck_assert(duration_parse(text, &time));
    task_sleep(now() + time);
}

static void run_step(struct drive *d, struct connection *c, char verb, char how, slice text)
{
    switch (verb) {
    case 'C':
        send_text(d, c, text);
        send_text(d, c, S("\r\n"));
        break;
    case 'R':
        send_text(d, c, text);
        break;
    case 'S':
        if (how == '-')
            expect_nothing(d, c);
        else if (how == 'X')
            expect_end(d, c);
        else
            expect_line(d, c, text);
        break;
    case 'G':
        expect_bytes(d, c, text);
        break;
    case 'E':
        expect_octets(d, c, text);
        break;
    case 'M':
        expect_reply(d, c, text);
        break;
    case 'L':
        check_reply_line(d, c, text, how == ':');
        break;
    case 'T':
        begin_tls(d, c, how == ':');
        break;
    case 'X':
        close_connection(c);
        break;
    case 'W':
        pass_time(text);
        break;
    case 'B':
        check_count(d, text);
        break;
    case 'I':
        check_latest(d, text, how);
        break;
    case 'N':
        check_hop(d, text, how == ':');
        break;
    default:
        wrong(d, "unknown step", text);
    }
}

static void run_line(struct drive *d, const char *line)
{
    size_t index = 0;
    if (isdigit((unsigned char)*line))
        index = (size_t)(*line++ - '1');
    struct connection *c = &d->conns[index];
    auto_buf text;
    buf_init(&text, BUF_OURS);
    const char *rest = line[1] && line[2] == ' ' ? line + 3 : "";
    slice expanded = expand(rest, &text);
    if (*line == 'O') {
        open_connection(d, c, text.p);
        return;
    }
    if (!c->client && strchr("CRSGMLT", *line))
        open_connection(d, c, d->t->service);
    run_step(d, c, *line, line[1], expanded);
}

/* --- the whole --- */

static void add_message(struct drive *d, const char *user, slice bytes)
{
    struct new_message m = { .bytes = bytes };
    struct account *a = reference_find_user(d->ref, slice_of(user));
    ck_assert_int_eq(mailbox_append(account_inbox(a), &m, NULL), STORE_OK);
}

/* bob has one with 8-bit text, carol one that is large and one whose last line does not end. */
static void add_messages(struct drive *d)
{
    for (int i = 1; i <= d->t->messages; i++) {
        auto_buf text;
        buf_init(&text, BUF_OURS);
        buf_addf(&text, "Subject: %d\r\nReceived: x\r\n\r\nline one\r\n.dot\r\nline 3\r\n", i);
        add_message(d, "alice", buf_slice(&text));
    }
    add_message(d, "bob", S("Subject: b\r\n\r\n\xc3\xa9\r\n"));
    add_message(d, "carol", S("Subject: c\r\n\r\nthe end"));
    auto_buf large;
    buf_init(&large, BUF_OURS);
    expand_one('B', &large);
    add_message(d, "carol", buf_slice(&large));
}

static void make_server(struct drive *d)
{
    static const struct reference_account accounts[] = { { "alice", ALICE_PASSWORD, NULL, NULL },
                                                         { "bob", "builder", NULL, NULL },
                                                         { "carol", "singer", NULL, NULL } };
    struct reference_options o = { .accounts = accounts, .n_accounts = COUNT(accounts) };
    d->hop = next_hop_new();
    o.dial_next_hop = next_hop_dial;
    o.dial_arg = d->hop;
    o.size_max = 100000;
    if (d->t->fault)
        ck_assert_msg(fault_add(&o.faults, slice_of(d->t->fault)), "no fault %s", d->t->fault);
    ck_assert_int_eq(reference_new(&o, NULL, &d->ref), 0);
    struct tls_client_config client = { .ca_pem = reference_ca_pem(d->ref) };
    ck_assert_int_eq(tls_client_context_new(&client, NULL, &d->trust), 0);
}

static void drive(void *arg)
{
    struct drive d = *(struct drive *)arg;
    make_server(&d);
    add_messages(&d);
    for (d.line = 0; d.line < COUNT(d.t->lines) && d.t->lines[d.line]; d.line++)
        run_line(&d, d.t->lines[d.line]);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        close_connection(&d.conns[i]);
    next_hop_free(d.hop);
    reference_free(d.ref);
    tls_context_free(d.trust);
}

void transcript_run(const struct transcript *t)
{
    sched_main(CLOCK_VIRTUAL, drive, &(struct drive) { .t = t });
}

void transcript_run_by_octet(const struct transcript *t)
{
    sched_main(CLOCK_VIRTUAL, drive, &(struct drive) { .t = t, .by_octet = true });
}

static bool is_covered(const struct transcript *list, size_t n, const char *fault)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].fault && strcmp(list[i].fault, fault) == 0)
            return true;
    return false;
}

/* Those that only the port matrix looks for are shown by its visits. */
static bool is_of_matrix(const char *name)
{
    static const char *const names[] = {
#define FAULT(id, name, clause, says) name,
#include "faults_ports.def"
#undef FAULT
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void transcripts_cover(const struct transcript *list, size_t n, const char *protocols)
{
    size_t n_rows;
    const struct fault_row *rows = fault_rows(&n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        slice rest = slice_of(protocols), word;
        bool ours = false;
        if (is_of_matrix(rows[i].name))
            continue;
        while (slice_cut(&rest, ' ', &word))
            ours |= slice_eq_str(word, rows[i].protocol);
        if (ours)
            ck_assert_msg(is_covered(list, n, rows[i].name), "%s has no transcript", rows[i].name);
    }
}
