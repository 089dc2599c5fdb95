#include "shape_stream.h"
#include "alloc.h"
#include <stdlib.h>

struct direction {
    struct shape shape;
    size_t passed;
};

struct shaper {
    struct stream base;
    struct direction writes, reads;
    bool cut;
    struct turn writing;
};

static struct shaper *self_of(struct stream *s)
{
    return (struct shaper *)s;
}

static size_t up_to(size_t n, size_t passed, size_t border)
{
    return border > passed && n > border - passed ? border - passed : n;
}

/* How many of n bytes may go in one piece; at least one. */
static size_t piece_of(const struct direction *d, size_t n)
{
    const struct shape *s = &d->shape;
    if (s->every && n > s->every)
        n = s->every;
    n = up_to(n, d->passed, s->split_at);
    return up_to(n, d->passed, s->cut_after);
}

static int fail_cut(struct shaper *x, const struct direction *d)
{
    return stream_fail(&x->base, IO_ERROR, CAUSE_CUT, "cut by the shaper after %zu bytes",
                       d->passed);
}

/* Counts what has passed, and breaks the connection when that is due. */
static void count(struct shaper *x, struct direction *d, size_t n)
{
    d->passed += n;
    if (x->cut || !d->shape.cut_after || d->passed < d->shape.cut_after)
        return;
    x->cut = true;
    if (d->shape.cut_reset)
        stream_reset(x->base.under);
    else
        stream_half_close(x->base.under, now() + SECONDS(1));
}

/* The pause before a piece. Without one the others get a turn, so that a reader in this process
   sees piece by piece. */
static int pause_before(struct shaper *x, const struct direction *d, nsec deadline)
{
    if (!d->shape.delay) {
        if (d->passed)
            task_yield();
        return 0;
    }
    nsec until = now() + d->shape.delay;
    enum wake wake = task_sleep(until < deadline ? until : deadline);
    if (wake == WAKE_CANCEL || until > deadline)
        return stream_wake(&x->base, wake);
    return 0;
}

static ssize_t shape_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct shaper *x = self_of(s);
    if (x->cut)
        return fail_cut(x, &x->reads);
    int r = pause_before(x, &x->reads, deadline);
    if (r < 0)
        return r;
    ssize_t got = stream_read(s->under, data, piece_of(&x->reads, n), deadline);
    if (x->cut && got <= 0)
        return fail_cut(x, &x->reads);
    if (got < 0)
        return stream_fail_under(s, (int)got);
    count(x, &x->reads, (size_t)got);
    return got;
}

static int write_pieces(struct shaper *x, slice data, nsec deadline)
{
    struct direction *d = &x->writes;
    while (data.n) {
        if (x->cut)
            return fail_cut(x, d);
        slice piece = slice_sub(data, 0, piece_of(d, data.n));
        int r = pause_before(x, d, deadline);
        if (r < 0)
            return r;
        r = stream_write_slice(x->base.under, piece, deadline);
        if (r < 0)
            return stream_fail_under(&x->base, r);
        count(x, d, piece.n);
        data = slice_skip(data, piece.n);
    }
    return 0;
}

static int shape_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct shaper *x = self_of(s);
    int r = stream_wake(s, turn_take(&x->writing, deadline));
    if (r < 0)
        return r;
    r = write_pieces(x, slice_make(data, n), deadline);
    turn_give(&x->writing);
    return r;
}

static int shape_half_close(struct stream *s, nsec deadline)
{
    if (self_of(s)->cut)
        return fail_cut(self_of(s), &self_of(s)->writes);
    return stream_half_close_under(s, deadline);
}

static void shape_close(struct stream *s)
{
    stream_close(s->under);
    stream_release(s);
    free(s);
}

struct stream *shape_open(struct stream *under, const struct shape *writes,
                          const struct shape *reads)
{
    static const struct stream_ops ops = { "shape",          shape_read,         shape_write,
                                           shape_half_close, stream_reset_under, shape_close };
    struct shaper *x = NEW(struct shaper);
    x->base.ops = &ops;
    x->base.under = under;
    if (writes)
        x->writes.shape = *writes;
    if (reads)
        x->reads.shape = *reads;
    return &x->base;
}
