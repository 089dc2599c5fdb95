#include "test_tls_session.h"

static void serve_truncated(struct stream *s)
{
    say(s, S("half a li"));
    tls_set_truncate(s);
}

static void talk_truncated(struct stream *s)
{
    char byte;
    expect(s, S("half a li"));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(5)), IO_TLS);
        ck_assert_int_eq(stream_cause(s), CAUSE_TRUNCATED);
        ck_assert_str_eq(stream_error(s), "closed without close_notify");
    }
}

static void serve_reset(struct stream *s)
{
    task_sleep(now() + SECONDS(1)); /* or it would overtake our part of the handshake */
    stream_reset(s);
}

static void talk_reset(struct stream *s)
{
    char byte;
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(5)), IO_ERROR);
    ck_assert_int_eq(stream_cause(s), CAUSE_RESET);
}

/* Bytes that are no TLS record, in the place of one. */
static void serve_garbage(struct stream *s)
{
    ck_assert_int_eq(stream_write_slice(s->under, S("* BYE in clear text\r\n"), NEVER), 0);
    task_sleep(now() + SECONDS(1));
}

static void talk_garbage(struct stream *s)
{
    char byte;
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(5)), IO_TLS);
    ck_assert_int_eq(stream_cause(s), CAUSE_TLS);
    ck_assert_str_eq(stream_error(s), "TLS error: wrong version number");
    ck_assert_int_eq(stream_write_slice(s, S("x"), NEVER), IO_TLS);
}

/* The client sees garbage, and tells this server with an alert. */
static void serve_alerted(struct stream *s)
{
    char byte;
    ck_assert_int_eq(stream_write_slice(s->under, S("* BYE in clear text\r\n"), NEVER), 0);
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(5)), IO_TLS);
    ck_assert_int_eq(stream_cause(s), CAUSE_ALERT);
    ck_assert_str_eq(stream_error(s), "TLS alert from the peer: protocol version (70)");
}

static void serve_half_closed(struct stream *s)
{
    expect_close_notify(s);
    say(s, S("still here"));
}

static void talk_half_closed(struct stream *s)
{
    ck_assert_int_eq(stream_half_close(s, now() + SECONDS(5)), 0);
    expect(s, S("still here"));
    expect_close_notify(s);
}

static void serve_silence(struct stream *s)
{
    task_sleep(now() + SECONDS(60));
    say(s, S("late"));
}

static void talk_silence(struct stream *s)
{
    char byte;
    nsec from = now();
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(30)), IO_TIMEOUT);
    ck_assert_int_eq(now() - from, SECONDS(30));
    ck_assert_str_eq(stream_error(s), "no answer in time");
    expect(s, S("late")); /* a timeout of a read loses nothing */
}

static const struct end_case {
    void (*serve)(struct stream *), (*talk)(struct stream *);
} ends[] = {
    { serve_truncated, talk_truncated },     { serve_reset, talk_reset },
    { serve_garbage, talk_garbage },         { serve_alerted, talk_garbage },
    { serve_half_closed, talk_half_closed }, { serve_silence, talk_silence },
};

START_TEST(ends_are_told_apart)
{
    struct session x = { .client = { .verify = TLS_VERIFY_CHAIN,
                                     .max_version = _i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION },
                         .serve = ends[_i / 2].serve,
                         .talk = ends[_i / 2].talk };
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
}
END_TEST

/* --- what is no TLS --- */

static void clear_text_server(void *arg)
{
    struct stream *s = arg;
    ck_assert_int_eq(stream_write_slice(s, S("* OK [CAPABILITY IMAP4rev1] hello\r\n"), NEVER), 0);
    task_sleep(now() + SECONDS(1));
    stream_close(s);
}

static void silent_server(void *arg)
{
    task_sleep(now() + SECONDS(100));
    stream_close(arg);
}

static void closing_server(void *arg)
{
    char hello[1000];
    ck_assert_int_gt(stream_read(arg, hello, sizeof hello, NEVER), 0);
    stream_close(arg);
}

static const struct clear_case {
    void (*serve)(void *);
    int code;
    const char *sentence;
} clear_cases[] = {
    { clear_text_server, ERR_TLS, "TLS handshake failed: the peer does not speak TLS here" },
    { silent_server, ERR_TIMEOUT, "TLS handshake failed: no answer in time" },
    { closing_server, ERR_TLS, "TLS handshake failed: closed by the peer" },
};

static void clear_task(void *arg)
{
    const struct clear_case *c = arg;
    struct stream *end[2], *s;
    struct error err;
    struct tls_context *context;
    struct tls_client_config config = { .insecure = true };
    pair_open(end);
    struct task *server = task_spawn(c->serve, end[1]);
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &context), 0);
    int r = tls_open_client(end[0], context, NULL, now() + SECONDS(10), &err, &s);
    ck_assert_str_eq(err.text, c->sentence);
    ck_assert_int_eq(r, c->code);
    stream_close(end[0]); /* it stayed ours */
    task_join(server);
    tls_context_free(context);
}

START_TEST(a_peer_without_tls_is_named_so)
{
    sched_main(CLOCK_VIRTUAL, clear_task, (void *)&clear_cases[_i]);
}
END_TEST

/* --- load on one session --- */

enum { BULK = 3000000 };

static void bulk_writer(void *arg)
{
    autofree char *data = xcalloc(BULK, 1);
    for (size_t i = 0; i < BULK; i++)
        data[i] = (char)(i * 31 >> 3);
    ck_assert_int_eq(stream_write(arg, data, BULK, now() + SECONDS(60)), 0);
}

static void bulk_read(struct stream *s)
{
    char data[5000];
    size_t wrong = 0; /* counted, as an assertion of libcheck is too slow for every byte */
    for (size_t seen = 0; seen < BULK;) {
        ssize_t got = stream_read(s, data, sizeof data, now() + SECONDS(TALK_SECONDS));
        ck_assert_int_gt(got, 0);
        for (ssize_t i = 0; i < got; i++, seen++)
            wrong += data[i] != (char)(seen * 31 >> 3);
    }
    ck_assert_uint_eq(wrong, 0);
}

/* Both directions at once, more than any buffer holds: a writer waits while its reader reads. */
static void bulk_both_ways(struct stream *s)
{
    struct task *writer = task_spawn(bulk_writer, s);
    bulk_read(s);
    task_join(writer);
}

START_TEST(both_directions_carry_bulk_at_once)
{
    struct session x = { .client = { .verify = TLS_VERIFY_CHAIN },
                         .serve = bulk_both_ways,
                         .talk = bulk_both_ways };
    session_run(&x);
    ck_assert_int_eq(x.client_result, 0);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_loop_test(c, ends_are_told_apart, 0, 2 * COUNT(ends));
    tcase_add_loop_test(c, a_peer_without_tls_is_named_so, 0, COUNT(clear_cases));
    tcase_add_test(c, both_directions_carry_bulk_at_once);
}

int main(void)
{
    authority = ca_new("Test authority");
    int failed = run_tests("tls_ends", add);
    ca_free(authority);
    return failed;
}
