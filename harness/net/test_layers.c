#include "alloc.h"
#include "array.h"
#include "buf.h"
#include "certs.h"
#include "deflate_stream.h"
#include "shape_stream.h"
#include "tap_stream.h"
#include "test_stream_talk.h"
#include "tls.h"
#include <stdio.h>
#include <zlib.h>

static struct stream *end[2];

static void close_both(void)
{
    stream_close(end[0]);
    stream_close(end[1]);
}

static void run(void (*fn)(void *), const void *arg)
{
    sched_main(CLOCK_VIRTUAL, fn, (void *)arg);
}

/* --- tap --- */

static struct buf seen;

static void record(void *arg, enum tap_direction direction, slice data, nsec at)
{
    buf_addf(&seen, "%s%d:%s%.*s ", (const char *)arg, (int)(at / SECONDS(1)),
             direction == TAP_SENT ? ">" : "<", SLICE_ARG(data));
}

static void tap_task(void *arg)
{
    pair_open(end);
    end[0] = tap_open(end[0], record, (void *)"c");
    say(end[0], S("USER"));
    expect(end[1], S("USER"));
    task_sleep(now() + SECONDS(2));
    say(end[1], S("+OK"));
    expect(end[0], S("+OK"));
    ck_assert_int_eq(stream_half_close(end[0], NEVER), 0);
    expect_end(end[1]);
    stream_close(end[1]);
    for (int i = 0; i < 2; i++)
        expect_end(end[0]);
    ck_assert_int_eq(stream_write_slice(end[0], S("x"), NEVER), IO_ERROR);
    ck_assert_str_eq(stream_error(end[0]), stream_error(end[0]->under));
    stream_close(end[0]);
}

START_TEST(a_tap_shows_what_passes_and_when)
{
    buf_init(&seen, BUF_OURS);
    run(tap_task, NULL);
    ck_assert_slice(buf_slice(&seen), S("c0:>USER c2:<+OK c2:> c2:< c2:>x "));
    buf_release(&seen);
}
END_TEST

/* --- shapes --- */

static slice const text = { "a1 LOGIN alice secret\r\n", 23 };

/* Reads until the end and notes the size of each piece, as "1 1 21 " does. */
static void read_pieces(void *arg)
{
    char data[64];
    size_t n = 0;
    for (ssize_t got; (got = stream_read(end[1], data + n, sizeof data - n, NEVER)) > 0;) {
        n += (size_t)got;
        buf_addf(&seen, "%zd ", got);
    }
    ck_assert_slice(slice_make(data, n), text);
}

static void shaped_task(void *arg)
{
    const struct shape *shapes = arg;
    pair_open(end);
    end[0] = shape_open(end[0], &shapes[0], NULL);
    end[1] = shape_open(end[1], NULL, &shapes[1]);
    struct task *reader = task_spawn(read_pieces, NULL);
    say(end[0], text);
    ck_assert_int_eq(stream_half_close(end[0], NEVER), 0);
    task_join(reader);
    buf_addf(&seen, "at %d", (int)(now() / SECONDS(1)));
    close_both();
}

static const struct shape_case {
    struct shape shapes[2]; /* of the writer, of the reader */
    const char *pieces;
} shape_cases[] = {
    { { { 0 }, { 0 } }, "23 at 0" },
    { { { .every = 10 }, { 0 } }, "10 10 3 at 0" },
    { { { .every = 1 }, { 0 } }, "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 at 0" },
    { { { 0 }, { .every = 10 } }, "10 10 3 at 0" },
    { { { .split_at = 5, .every = 10 }, { 0 } }, "5 10 8 at 0" },
    { { { .every = 10, .delay = SECONDS(2) }, { 0 } }, "10 10 3 at 6" },
    { { { 0 }, { .every = 20, .delay = SECONDS(1) } }, "20 3 at 3" },
};

START_TEST(shapes_cut_into_pieces)
{
    buf_init(&seen, BUF_OURS);
    run(shaped_task, shape_cases[_i].shapes);
    ck_assert_str_eq(seen.p, shape_cases[_i].pieces);
    buf_release(&seen);
}
END_TEST

START_TEST(a_split_can_be_at_every_offset)
{
    struct shape shapes[2] = { { .split_at = (size_t)_i } };
    char want[32];
    buf_init(&seen, BUF_OURS);
    run(shaped_task, shapes);
    snprintf(want, sizeof want, "%d %d at 0", _i, (int)text.n - _i);
    ck_assert_str_eq(seen.p, want);
    buf_release(&seen);
}
END_TEST

static void expect_cut(struct stream *s)
{
    char byte;
    ck_assert_int_eq(stream_write_slice(s, S("x"), NEVER), IO_ERROR);
    ck_assert_int_eq(stream_cause(s), CAUSE_CUT);
    ck_assert_int_eq(stream_read(s, &byte, 1, NEVER), IO_ERROR);
    ck_assert_int_eq(stream_cause(s), CAUSE_CUT);
}

static void cut_task(void *arg)
{
    const struct shape shape = { .cut_after = 8, .cut_reset = arg };
    char data[64];
    pair_open(end);
    end[0] = shape_open(end[0], &shape, NULL);
    ck_assert_int_eq(stream_write_slice(end[0], text, NEVER), IO_ERROR);
    ck_assert_str_eq(stream_error(end[0]), "cut by the shaper after 8 bytes");
    expect_cut(end[0]);
    if (!arg) {
        expect(end[1], S("a1 LOGIN"));
        expect_end(end[1]);
    } else {
        ck_assert_int_eq(stream_read(end[1], data, sizeof data, NEVER), IO_ERROR);
        ck_assert_int_eq(stream_cause(end[1]), CAUSE_RESET);
    }
    close_both();
}

static void cut_read_task(void *arg)
{
    const struct shape shape = { .cut_after = 8 };
    pair_open(end);
    end[0] = shape_open(end[0], NULL, &shape);
    say(end[1], text);
    expect(end[0], S("a1 LOGIN"));
    expect_end((expect_cut(end[0]), end[1]));
    close_both();
}

START_TEST(a_cut_breaks_the_connection)
{
    run(cut_task, NULL);
    run(cut_task, "reset");
    run(cut_read_task, NULL);
}
END_TEST

static void slow_task(void *arg)
{
    const struct shape shape = { .every = 1, .delay = SECONDS(1) };
    pair_open(end);
    end[0] = shape_open(end[0], &shape, NULL);
    ck_assert_int_eq(stream_write_slice(end[0], text, now() + MILLIS(3500)), IO_TIMEOUT);
    ck_assert_int_eq(now(), MILLIS(3500));
    expect(end[1], S("a1 "));
    close_both();
}

START_TEST(a_delay_counts_against_the_deadline)
{
    run(slow_task, NULL);
}
END_TEST

/* --- deflate --- */

static const struct deflate_case {
    bool tls, trickle;
    int level;
} deflate_cases[] = {
    { false, false, 6 }, { false, false, 0 }, { false, true, 6 },
    { true, false, -1 }, { true, true, 9 },
};

static struct ca *authority;

static void tls_server(void *arg)
{
    auto_identity id = identity_of_kind(authority, CERT_GOOD, "localhost");
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem) };
    struct tls_context *context;
    ck_assert_int_eq(tls_server_context_new(&config, NULL, &context), 0);
    ck_assert_int_eq(tls_open_server(end[1], context, NULL, NEVER, NULL, &end[1]), 0);
    tls_context_free(context);
}

static void add_tls(void)
{
    struct tls_context *context;
    struct tls_client_config config = { .ca_pem = ca_pem(authority) };
    struct task *server = task_spawn(tls_server, NULL);
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &context), 0);
    ck_assert_int_eq(tls_open_client(end[0], context, NULL, NEVER, NULL, &end[0]), 0);
    task_join(server);
    tls_context_free(context);
}

enum { BULK = 400000 };

static void read_bulk(void *arg)
{
    char data[3000];
    size_t n = 0, wrong = 0;
    while (n < BULK) {
        ssize_t got = stream_read(end[1], data, sizeof data, NEVER);
        ck_assert_msg(got > 0, "%s", stream_error(end[1]));
        for (ssize_t i = 0; i < got; i++, n++)
            wrong += data[i] != (char)(n * n >> 7);
    }
    ck_assert_uint_eq(wrong, 0);
}

static void send_bulk(void)
{
    autofree char *data = xcalloc(BULK, 1);
    for (size_t i = 0; i < BULK; i++)
        data[i] = (char)(i * i >> 7);
    struct task *reader = task_spawn(read_bulk, NULL);
    say(end[0], slice_make(data, BULK));
    task_join(reader);
}

static void deflate_task(void *arg)
{
    const struct deflate_case *c = arg;
    const struct shape one = { .every = 1 };
    pair_open(end);
    for (int i = 0; c->trickle && i < 2; i++)
        end[i] = shape_open(end[i], &one, &one);
    if (c->tls)
        add_tls();
    for (int i = 0; i < 2; i++)
        end[i] = deflate_open(end[i], S(""), c->level, 0);
    for (int i = 0; i < 20; i++) {
        say(end[0], S("a1 FETCH 1:* (FLAGS)\r\n"));
        expect(end[1], S("a1 FETCH 1:* (FLAGS)\r\n")); /* each write is whole at the peer */
        say(end[1], S("* 1 FETCH (FLAGS (\\Seen))\r\na1 OK\r\n"));
        expect(end[0], S("* 1 FETCH (FLAGS (\\Seen))\r\na1 OK\r\n"));
    }
    if (!c->trickle)
        send_bulk();
    stream_close(end[0]);
    expect_end(end[1]);
    stream_close(end[1]);
}

START_TEST(deflate_passes_each_write_whole)
{
    run(deflate_task, &deflate_cases[_i]);
}
END_TEST

/* Packs `data` as a peer would, ending the stream when told to. */
static void pack(slice data, int flush, struct buf *ret)
{
    z_stream z = { 0 };
    unsigned char out[70000];
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)data.p;
    z.avail_in = (unsigned)data.n;
    z.next_out = out;
    z.avail_out = sizeof out;
    deflate(&z, flush);
    ck_assert_uint_gt(z.avail_out, 0);
    buf_init(ret, BUF_OURS);
    buf_add(ret, slice_make(out, sizeof out - z.avail_out));
    deflateEnd(&z);
}

/* The bytes that came with the answer to COMPRESS, split between reader and stream anywhere. */
static void leftover_task(void *arg)
{
    auto_buf packed;
    pack(text, Z_SYNC_FLUSH, &packed);
    for (size_t split = 0; split <= packed.n; split++) {
        pair_open(end);
        say(end[1], slice_skip(buf_slice(&packed), split));
        end[0] = deflate_open(end[0], slice_sub(buf_slice(&packed), 0, split), 6, 0);
        expect(end[0], text);
        close_both();
    }
}

START_TEST(deflate_takes_what_was_read_before)
{
    run(leftover_task, NULL);
}
END_TEST

enum { BOMB = 40 << 20 };

static void bomb_task(void *arg)
{
    size_t allowance = *(size_t *)arg;
    autofree char *zeros = xcalloc(BOMB, 1);
    auto_buf packed;
    char data[4096];
    size_t n = 0;
    ssize_t got;
    pack(slice_make(zeros, BOMB), Z_SYNC_FLUSH, &packed);
    ck_assert_uint_lt(packed.n, BOMB / 900);
    pair_open(end);
    say(end[1], buf_slice(&packed));
    end[0] = deflate_open(end[0], S(""), 6, allowance);
    while ((got = stream_read(end[0], data, sizeof data, 0)) > 0)
        n += (size_t)got;
    ck_assert_int_eq(got, IO_LIMIT);
    ck_assert_int_eq(stream_cause(end[0]), CAUSE_LIMIT);
    size_t most = packed.n * DEFLATE_RATIO + (allowance ? allowance : DEFLATE_ALLOWANCE);
    ck_assert_uint_le(n, most);
    ck_assert(slice_find(slice_of(stream_error(end[0])), S("compressed bytes unpack to more")) !=
              SIZE_MAX);
    close_both();
}

START_TEST(a_deflate_bomb_is_stopped)
{
    size_t allowance = _i ? 100000 : 0;
    run(bomb_task, &allowance);
}
END_TEST

static void garbage_task(void *arg)
{
    char data[256];
    ssize_t got;
    pair_open(end);
    say(end[1], S("* BYE this is no deflate\r\n"));
    end[0] = deflate_open(end[0], S(""), 6, 0);
    while ((got = stream_read(end[0], data, sizeof data, 0)) > 0)
        ; /* the first bits happen to mean something */
    ck_assert_int_eq(got, IO_ERROR);
    ck_assert_int_eq(stream_cause(end[0]), CAUSE_DEFLATE);
    ck_assert(slice_starts(slice_of(stream_error(end[0])), S("bad compressed data: ")));
    close_both();
}

static void finished_task(void *arg)
{
    auto_buf packed;
    pack(text, Z_FINISH, &packed);
    pair_open(end);
    say(end[1], buf_slice(&packed));
    end[0] = deflate_open(end[0], S(""), 6, 0);
    expect(end[0], text);
    expect_end(end[0]);
    expect_end(end[0]);
    close_both();
}

START_TEST(bad_data_and_the_end_of_deflate_are_told_apart)
{
    run(garbage_task, NULL);
    run(finished_task, NULL);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_test(c, a_tap_shows_what_passes_and_when);
    tcase_add_loop_test(c, shapes_cut_into_pieces, 0, COUNT(shape_cases));
    tcase_add_loop_test(c, a_split_can_be_at_every_offset, 1, 23);
    tcase_add_test(c, a_cut_breaks_the_connection);
    tcase_add_test(c, a_delay_counts_against_the_deadline);
    tcase_add_loop_test(c, deflate_passes_each_write_whole, 0, COUNT(deflate_cases));
    tcase_add_test(c, deflate_takes_what_was_read_before);
    tcase_add_loop_test(c, a_deflate_bomb_is_stopped, 0, 2);
    tcase_add_test(c, bad_data_and_the_end_of_deflate_are_told_apart);
}

int main(void)
{
    authority = ca_new("Test authority");
    int failed = run_tests("layers", add);
    ca_free(authority);
    return failed;
}
