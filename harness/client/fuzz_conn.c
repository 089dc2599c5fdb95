/* The connection against a peer that sends anything: all that came is in the units, the tail, or
   stopped at a limit, and the pieces in which it came make no difference. First octet: protocol
   and what POP3 commands are outstanding. */
#include "conn.h"
#include "fuzz_replay.h"
#include <assert.h>

enum { UNIT_LIMIT = 4000 };

static struct {
    slice bytes;
    unsigned how;
    size_t piece; /* octets of one write */
    struct stream *theirs;
    struct buf got; /* raw units, each with a mark behind it, then the tail */
} F;

static void peer(void *arg)
{
    for (slice rest = F.bytes; rest.n; rest = slice_skip(rest, F.piece)) {
        if (stream_write_slice(F.theirs, slice_sub(rest, 0, F.piece), NEVER) < 0)
            break;
        task_yield();
    }
    stream_close(F.theirs);
}

static void take_all(struct conn *c)
{
    struct unit *u;
    size_t n = 0;
    while (conn_next(c, NEVER, &u) == CONN_UNIT) {
        n += u->raw.n;
        buf_add(&F.got, u->raw);
        buf_adds(&F.got, "|");
        for (size_t i = 0; i < u->errors.n; i++)
            assert(u->errors.v[i].offset <= u->raw.n && u->errors.v[i].rule);
        unit_free(u);
    }
    n += conn_tail(c).n;
    buf_add(&F.got, conn_tail(c));
    assert(conn_ended(c) == CONN_FIN || conn_ended(c) == CONN_TOO_MUCH);
    assert(n == conn_bytes_received(c));
    assert(conn_ended(c) == CONN_TOO_MUCH || n == F.bytes.n);
}

static void converse(void *arg)
{
    struct stream *ends[2];
    pair_open(ends);
    F.theirs = ends[1];
    struct conn_options options = { .protocol = (enum mail_protocol)(F.how % 4),
                                    .unit_max = UNIT_LIMIT };
    struct conn *c = conn_open(ends[0], &options);
    for (unsigned i = 0; i < 3; i++)
        conn_expect(c, (enum conn_expect)((F.how >> (2 + 2 * i)) % 3));
    struct task *t = task_spawn(peer, NULL);
    take_all(c);
    conn_close(c);
    task_join(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = { SIZE_MAX, 1, 7 };
    auto_buf first;
    buf_init(&first, BUF_OURS);
    F.how = size ? data[0] : 0;
    F.bytes = slice_skip(slice_make(data, size), 1);
    for (size_t i = 0; i < 3; i++) {
        F.piece = pieces[i];
        buf_init(&F.got, BUF_OURS);
        sched_main(CLOCK_VIRTUAL, converse, NULL);
        if (i == 0)
            buf_add(&first, buf_slice(&F.got));
        assert(F.bytes.n > UNIT_LIMIT || slice_eq(buf_slice(&first), buf_slice(&F.got)));
        buf_release(&F.got);
    }
    return 0;
}
