/* Any octets as a stream: the same units come out whole, octet by octet and in pieces. */
#include "buf.h"
#include "fuzz_replay.h"
#include "imap_frame.h"
#include <assert.h>

enum { LINE = 200, LITERAL = 300, UNIT = 1000, OCTETS = 4000 };

static void start(struct imap_framer *f, enum imap_frame_side side)
{
    imap_framer_init(f, side);
    f->line_max = LINE;
    f->literal_max = LITERAL;
    f->unit_max = UNIT;
}

/* Writes what the framer says about all of `in`, which comes in pieces of `step` octets. */
static void transcript(slice in, enum imap_frame_side side, size_t step, struct buf *out)
{
    struct imap_framer f;
    size_t from = 0, have = 0;
    start(&f, side);
    for (;;) {
        struct imap_frame frame;
        enum imap_frame_status s = imap_framer_scan(&f, slice_sub(in, from, have), &frame);
        if (s == IMAP_FRAME_MORE) {
            if (have == in.n)
                return;
            have = have + step < in.n ? have + step : in.n;
            continue;
        }
        assert(frame.length <= have - from);
        /* At a line's limit the octets seen depend on the pieces. */
        bool over = s == IMAP_FRAME_LIMIT && frame.limit != IMAP_LIMIT_LITERAL;
        buf_addf(out, "%d %zu %d;", (int)s, over ? 0 : frame.length, over ? 0 : (int)frame.limit);
        if (s == IMAP_FRAME_LIMIT)
            return;
        if (s == IMAP_FRAME_COMPLETE) {
            assert(frame.length && in.p[from + frame.length - 1] == '\n');
            buf_addf(out, "%zu %zu %zu;", frame.n_literals, frame.bare_lf, frame.bare_cr);
            from += frame.length;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = { 1, 2, 3, 7, 64 };
    slice in = slice_sub(slice_make(data, size), 0, OCTETS);
    for (int side = 0; side < 2; side++) {
        auto_buf whole;
        buf_init(&whole, BUF_OURS);
        transcript(in, (enum imap_frame_side)side, OCTETS, &whole);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            auto_buf pieces;
            buf_init(&pieces, BUF_OURS);
            transcript(in, (enum imap_frame_side)side, steps[i], &pieces);
            assert(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
        }
    }
    return 0;
}
