#include "test_conn_driver.h"
#include "certs.h"
#include "deflate_stream.h"

struct scripted T;

static void peer_read_line(void)
{
    char c = 0;
    while (c != '\n' && stream_read(T.theirs, &c, 1, NEVER) == 1)
        ;
}

static void peer_tls(void)
{
    struct stream *tls;
    if (tls_open_server(T.theirs, T.server, NULL, NEVER, NULL, &tls) == 0)
        T.theirs = tls;
}

static void peer_say(const struct move *m)
{
    slice text = slice_of(m->text);
    for (size_t i = 0; m->verb == DRIP && i < text.n; i++) {
        task_sleep(now() + MILLIS(1));
        stream_write(T.theirs, text.p + i, 1, NEVER);
    }
    for (nsec i = 0; m->verb == FLOOD && i < m->at; i++)
        stream_write_slice(T.theirs, text, NEVER);
    if (m->verb == SAY)
        stream_write_slice(T.theirs, text, NEVER);
}

static void peer(void *arg)
{
    for (const struct move *m = T.moves; m->verb != DONE; m++) {
        switch (m->verb) {
        case WAIT:
            task_sleep(m->at);
            break;
        case READ:
            peer_read_line();
            break;
        case TLS:
            peer_tls();
            break;
        case DEFLATE:
            T.theirs = deflate_open(T.theirs, S(""), -1, 0);
            break;
        case RESET:
            stream_reset(T.theirs);
            break;
        case TRUNCATE:
            tls_set_truncate(T.theirs);
            __attribute__((fallthrough));
        case CLOSE:
            stream_close(T.theirs);
            T.theirs = NULL;
            return;
        default:
            peer_say(m);
        }
    }
    char c;
    while (stream_read(T.theirs, &c, 1, NEVER) == 1)
        ;
    stream_close(T.theirs);
    T.theirs = NULL;
}

static void count_seen(void *ctx, struct conn *c, const struct unit *u)
{
    ck_assert_ptr_eq(ctx, &T);
    ck_assert_int_eq(u->number, ++T.seen);
}

struct test {
    void (*fn)(struct conn *c);
    struct conn_options options;
    const struct move *moves;
};

static void run_test(void *arg)
{
    struct test *t = arg;
    struct stream *ends[2];
    pair_open(ends);
    T.mine = ends[0];
    T.theirs = ends[1];
    T.moves = t->moves;
    t->options.transcript = T.transcript;
    t->options.seen = count_seen;
    t->options.ctx = &T;
    struct task *p = task_spawn(peer, NULL);
    struct conn *c = conn_open(T.mine, &t->options);
    t->fn(c);
    conn_close(c);
    task_join(p);
}

void play_with(struct conn_options options, const struct move *moves, void (*fn)(struct conn *c))
{
    struct test t = { .fn = fn, .moves = moves, .options = options };
    sched_main(CLOCK_VIRTUAL, run_test, &t);
}

void play(enum mail_protocol protocol, const struct move *moves, void (*fn)(struct conn *c))
{
    play_with((struct conn_options) { .protocol = protocol }, moves, fn);
}

void conn_setup(void)
{
    secrets_add(&T.secrets, S("c4n4ry-secret"));
    T.transcript = transcript_new(&T.secrets);
}

void conn_teardown(void)
{
    transcript_free(T.transcript);
    secrets_release(&T.secrets);
    tls_context_free(T.server);
    tls_context_free(T.client);
    ca_free(T.ca);
}

void need_tls(void)
{
    T.ca = ca_new("test authority");
    auto_identity id = identity_of_kind(T.ca, CERT_GOOD, "mail.example.test");
    struct tls_server_config server = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem),
                                        .client_cert = T.client_cert,
                                        .client_ca_pem = ca_pem(T.ca) };
    struct tls_client_config client = { .ca_pem = ca_pem(T.ca) };
    ck_assert_int_eq(tls_server_context_new(&server, NULL, &T.server), 0);
    ck_assert_int_eq(tls_client_context_new(&client, NULL, &T.client), 0);
}

struct unit *next_unit(struct conn *c, nsec deadline)
{
    struct unit *u = NULL;
    ck_assert_int_eq(conn_next(c, deadline, &u), CONN_UNIT);
    return u;
}

void expect_raw(struct conn *c, const char *raw)
{
    auto_unit u = next_unit(c, NEVER);
    ck_assert_slice(u->raw, slice_of(raw));
}

void expect_end(struct conn *c, enum conn_end end)
{
    struct unit *u;
    ck_assert_int_eq(conn_next(c, NEVER, &u), CONN_CLOSED);
    ck_assert_str_eq(conn_end_name(conn_ended(c)), conn_end_name(end));
    ck_assert_str_ne(conn_end_text(c), "");
}

void send_text(struct conn *c, const char *text)
{
    struct error err = { 0 };
    ck_assert_msg(conn_send(c, slice_of(text), NEVER, &err) == 0, "%s", err.text);
}
