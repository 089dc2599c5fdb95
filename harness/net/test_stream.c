#include "alloc.h"
#include "array.h"
#include "test_stream_talk.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct stream *end[2];

/* --- every kind of transport behaves alike --- */

static void open_pair(void)
{
    pair_open(end);
}

static void open_unix(void)
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        end[i] = fd_stream_open(fds[i]);
}

static void open_tcp(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int door = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(door, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(listen(door, 1), 0);
    ck_assert_int_eq(getsockname(door, (struct sockaddr *)&a, &n), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&a, n), 0);
    end[0] = fd_stream_open(client);
    end[1] = fd_stream_open(accept(door, NULL, NULL));
    close(door);
}

static const struct transport {
    const char *name;
    enum clock_kind clock;
    void (*open)(void);
    bool resets; /* does the peer learn of an RST? */
} transports[] = {
    { "pair", CLOCK_VIRTUAL, open_pair, true },
    { "unix", CLOCK_REAL, open_unix, false },
    { "tcp", CLOCK_REAL, open_tcp, true },
};

static void close_both(void)
{
    stream_close(end[0]);
    stream_close(end[1]);
}

static void bytes_pass(const struct transport *t)
{
    char byte;
    say(end[0], S("a1 NOOP\r\n"));
    say(end[1], S("a1 OK\0 \xff\r\n"));
    expect(end[1], S("a1 NOOP\r\n"));
    expect(end[0], S("a1 OK\0 \xff\r\n"));
    ck_assert_int_eq(stream_write(end[0], NULL, 0, 0), 0);
    ck_assert_str_eq(stream_error(end[0]), "no failure");
    ck_assert_int_eq(stream_read(end[0], &byte, 1, now() + MILLIS(5)), IO_TIMEOUT);
    ck_assert_int_eq(stream_cause(end[0]), CAUSE_TIMEOUT);
    ck_assert_str_eq(stream_error(end[0]), "no answer in time");
}

static void half_close_leaves_the_other_half(const struct transport *t)
{
    say(end[0], S("last"));
    ck_assert_int_eq(stream_half_close(end[0], NEVER), 0);
    expect(end[1], S("last"));
    expect_failure(end[1], 0, CAUSE_END, "closed by the peer");
    expect_failure(end[1], 0, CAUSE_END, "closed by the peer");
    say(end[1], S("answer"));
    expect(end[0], S("answer"));
    ck_assert_int_eq(stream_write_slice(end[0], S("x"), NEVER), IO_ERROR);
}

static void closing_is_an_end_though_bytes_were_left_unread(const struct transport *t)
{
    say(end[0], S("bye"));
    say(end[1], S("nobody reads this"));
    task_sleep(now() + MILLIS(5));
    stream_close(end[0]);
    expect(end[1], S("bye"));
    expect_failure(end[1], 0, CAUSE_END, "closed by the peer");
    end[0] = NULL;
}

static void writing_to_a_closed_peer_fails(const struct transport *t)
{
    stream_close(end[0]);
    end[0] = NULL;
    int r = 0;
    for (int i = 0; i < 100 && r == 0; i++) {
        r = stream_write_slice(end[1], S("x"), now() + SECONDS(30));
        task_sleep(now() + MILLIS(1));
    }
    ck_assert_int_eq(r, IO_ERROR);
    ck_assert_int_eq(stream_cause(end[1]), CAUSE_RESET);
}

static void a_reset_is_told_from_an_end(const struct transport *t)
{
    stream_reset(end[0]);
    if (t->resets)
        expect_failure(end[1], IO_ERROR, CAUSE_RESET, "connection reset by peer");
    expect_failure(end[0], IO_ERROR, CAUSE_CUT, "reset by us");
    ck_assert_int_eq(stream_write_slice(end[0], S("x"), NEVER), IO_ERROR);
    ck_assert_int_eq(stream_write_slice(end[1], S("x"), NEVER), IO_ERROR);
    stream_reset(end[0]);
}

static void expect_own_reset(void *arg)
{
    expect_failure(end[0], IO_ERROR, CAUSE_CUT, "reset by us");
}

static void a_reset_ends_our_own_reader(const struct transport *t)
{
    struct task *reader = task_spawn(expect_own_reset, NULL);
    task_sleep(now() + MILLIS(5));
    stream_reset(end[0]);
    task_join(reader);
}

/* More than any buffer holds, both ways at once, on both ends. */
enum { BULK = 5000000 };

static void write_bulk(void *arg)
{
    autofree char *data = xcalloc(BULK, 1);
    for (size_t i = 0; i < BULK; i++)
        data[i] = (char)(i * 7 >> 2);
    ck_assert_int_eq(stream_write(arg, data, BULK, now() + SECONDS(30)), 0);
}

static void read_bulk(void *arg)
{
    char data[10000];
    size_t seen = 0, wrong = 0;
    while (seen < BULK) {
        ssize_t got = stream_read(arg, data, sizeof data, now() + SECONDS(30));
        ck_assert_int_gt(got, 0);
        for (ssize_t i = 0; i < got; i++, seen++)
            wrong += data[i] != (char)(seen * 7 >> 2);
    }
    ck_assert_uint_eq(wrong, 0);
}

static void bulk_passes_both_ways_at_once(const struct transport *t)
{
    struct task *tasks[4];
    for (int i = 0; i < 2; i++) {
        tasks[2 * i] = task_spawn(write_bulk, end[i]);
        tasks[2 * i + 1] = task_spawn(read_bulk, end[i]);
    }
    for (int i = 0; i < 4; i++)
        task_join(tasks[i]);
}

static void write_to_nobody(void *arg)
{
    autofree char *data = xcalloc(BULK, 1);
    ck_assert_int_eq(stream_write(end[0], data, BULK, now() + MILLIS(20)), IO_TIMEOUT);
}

static void a_writer_waits_for_its_reader_only_so_long(const struct transport *t)
{
    write_to_nobody(NULL);
    ck_assert_int_eq(stream_cause(end[0]), CAUSE_TIMEOUT);
}

/* Whole writes of two tasks do not mix, even when each has to wait half-way. */
static void write_letters(void *arg)
{
    autofree char *data = xcalloc(BULK, 1);
    memset(data, *(char *)arg, BULK);
    ck_assert_int_eq(stream_write(end[0], data, BULK, now() + SECONDS(30)), 0);
}

static void two_writers_take_turns(const struct transport *t)
{
    char letter[] = "ab", data[10000], last = 0;
    struct task *a = task_spawn(write_letters, &letter[0]);
    struct task *b = task_spawn(write_letters, &letter[1]);
    int changes = 0;
    for (size_t seen = 0; seen < 2 * (size_t)BULK;) {
        ssize_t got = stream_read(end[1], data, sizeof data, now() + SECONDS(30));
        ck_assert_int_gt(got, 0);
        for (ssize_t i = 0; i < got; i++, last = data[i - 1])
            changes += data[i] != last;
        seen += (size_t)got;
    }
    ck_assert_int_eq(changes, 2);
    task_join(a);
    task_join(b);
}

static void cancelled_reader(void *arg)
{
    char byte;
    ck_assert_int_eq(stream_read(end[0], &byte, 1, NEVER), IO_CANCEL);
    ck_assert_int_eq(stream_cause(end[0]), CAUSE_CANCEL);
    say(end[1], S("x")); /* a write that need not wait is done */
    ck_assert_int_eq(stream_read(end[0], &byte, 1, NEVER), IO_CANCEL);
}

static void a_cancelled_task_reads_no_more(const struct transport *t)
{
    struct task *reader = task_spawn(cancelled_reader, NULL);
    task_sleep(now() + MILLIS(1));
    task_cancel(reader);
    task_join(reader);
    expect(end[0], S("x")); /* nothing was lost */
}

static void (*const scenes[])(const struct transport *t) = {
    bytes_pass,
    half_close_leaves_the_other_half,
    closing_is_an_end_though_bytes_were_left_unread,
    writing_to_a_closed_peer_fails,
    a_reset_is_told_from_an_end,
    a_reset_ends_our_own_reader,
    bulk_passes_both_ways_at_once,
    a_writer_waits_for_its_reader_only_so_long,
    two_writers_take_turns,
    a_cancelled_task_reads_no_more,
};

struct run {
    const struct transport *transport;
    void (*scene)(const struct transport *t);
};

static void run_scene(void *arg)
{
    struct run *run = arg;
    run->transport->open();
    run->scene(run->transport);
    close_both();
}

START_TEST(transports_behave_alike)
{
    struct run run = { &transports[(size_t)_i / COUNT(scenes)],
                       scenes[(size_t)_i % COUNT(scenes)] };
    sched_main(run.transport->clock, run_scene, &run);
}
END_TEST

/* --- particulars --- */

static void names_task(void *arg)
{
    char peer[80], local[80];
    open_tcp();
    stream_peer_name(end[0], peer);
    stream_local_name(end[1], local);
    ck_assert_str_eq(peer, local);
    ck_assert(slice_starts(slice_of(peer), S("127.0.0.1 port ")));
    close_both();
    open_unix();
    stream_peer_name(end[0], peer);
    ck_assert_str_eq(peer, "unix socket");
    close_both();
    open_pair();
    stream_peer_name(end[0], peer);
    ck_assert_str_eq(peer, "memory");
    close_both();
    stream_close(NULL);
}

START_TEST(peers_have_names)
{
    sched_main(CLOCK_REAL, names_task, NULL);
}
END_TEST

static void limit_task(void *arg)
{
    autofree char *data = xcalloc(PAIR_BUFFER_MAX + 1, 1);
    open_pair();
    ck_assert_int_eq(stream_write(end[0], data, PAIR_BUFFER_MAX, 0), 0);
    ck_assert_int_eq(stream_write(end[0], data, 1, now() + SECONDS(5)), IO_TIMEOUT);
    ck_assert_int_eq(now(), SECONDS(5));
    ck_assert_int_eq(stream_read(end[1], data, 10, 0), 10);
    ck_assert_int_eq(stream_write(end[0], data, 10, 0), 0);
    close_both();
}

START_TEST(a_pair_holds_a_megabyte_each_way)
{
    sched_main(CLOCK_VIRTUAL, limit_task, NULL);
}
END_TEST

START_TEST(failures_become_errors)
{
    static const struct {
        int result;
        enum error_code code;
    } cases[] = {
        { IO_TIMEOUT, ERR_TIMEOUT }, { IO_CANCEL, ERR_CANCEL }, { IO_ERROR, ERR_NETWORK },
        { IO_TLS, ERR_TLS },         { IO_LIMIT, ERR_LIMIT },   { 0, ERR_NETWORK },
    };
    struct stream s = { 0 };
    struct error err;
    for (size_t i = 0; i < COUNT(cases); i++) {
        stream_fail(&s, cases[i].result, CAUSE_SYSTEM, "sentence %zu", i);
        ck_assert_int_eq(stream_error_set(&s, cases[i].result, &err), cases[i].code);
        ck_assert(slice_starts(slice_of(err.text), S("sentence ")));
    }
    stream_release(&s);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_loop_test(c, transports_behave_alike, 0, COUNT(transports) * COUNT(scenes));
    tcase_add_test(c, peers_have_names);
    tcase_add_test(c, a_pair_holds_a_megabyte_each_way);
    tcase_add_test(c, failures_become_errors);
}

int main(void)
{
    return run_tests("stream", add);
}
