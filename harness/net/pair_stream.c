#include "alloc.h"
#include "buf.h"
#include "stream.h"
#include <assert.h>
#include <stdlib.h>

/* One direction, named after its reader's end. */
struct half {
    struct buf data;
    size_t taken; /* bytes at the front of data that were read already */
    bool ended;   /* nothing more will be written */
    bool gone;    /* nobody will read */
    struct cond changed;
};

struct pair {
    struct half half[2];
    const struct stream *reset_by; /* the end that dropped the connection */
    int open;                      /* ends */
};

struct pair_stream {
    struct stream base;
    struct pair *pair;
    int side;
    struct turn writing;
};

static struct pair_stream *self_of(struct stream *s)
{
    return (struct pair_stream *)s;
}

static struct half *incoming(struct pair_stream *p)
{
    return &p->pair->half[p->side];
}

static struct half *outgoing(struct pair_stream *p)
{
    return &p->pair->half[!p->side];
}

static int fail_reset(struct pair_stream *p)
{
    if (p->pair->reset_by == &p->base)
        return stream_fail(&p->base, IO_ERROR, CAUSE_CUT, "reset by us");
    return stream_fail(&p->base, IO_ERROR, CAUSE_RESET, "connection reset by peer");
}

static size_t available(const struct half *h)
{
    return h->data.n - h->taken;
}

static ssize_t pair_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct pair_stream *p = self_of(s);
    struct half *h = incoming(p);
    while (!available(h) && !h->ended && !p->pair->reset_by) {
        int r = stream_wake(s, cond_wait(&h->changed, deadline));
        if (r < 0)
            return r;
    }
    if (p->pair->reset_by)
        return fail_reset(p);
    if (n > available(h))
        n = available(h);
    if (n)
        memcpy(data, h->data.p + h->taken, n);
    h->taken += n;
    if (h->taken == h->data.n) {
        buf_release(&h->data); /* idle sessions hold no buffer */
        buf_init(&h->data, PAIR_BUFFER_MAX);
        h->taken = 0;
    }
    cond_broadcast(&h->changed);
    return (ssize_t)n;
}

/* Moves what fits; the front is dropped only when room is needed, to keep small reads cheap. */
static size_t half_fill(struct half *h, slice data)
{
    if (h->data.n + data.n > PAIR_BUFFER_MAX) {
        buf_shift(&h->data, h->taken);
        h->taken = 0;
    }
    slice part = slice_sub(data, 0, PAIR_BUFFER_MAX - h->data.n);
    if (part.n) {
        buf_add(&h->data, part);
        cond_broadcast(&h->changed);
    }
    return part.n;
}

static int write_all(struct pair_stream *p, slice data, nsec deadline)
{
    struct half *h = outgoing(p);
    for (;;) {
        if (p->pair->reset_by || h->gone)
            return fail_reset(p);
        if (h->ended)
            return stream_fail(&p->base, IO_ERROR, CAUSE_SYSTEM, "written to after its end");
        data = slice_skip(data, half_fill(h, data));
        if (!data.n)
            return 0;
        int r = stream_wake(&p->base, cond_wait(&h->changed, deadline));
        if (r < 0)
            return r;
    }
}

static int pair_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct pair_stream *p = self_of(s);
    int r = stream_wake(s, turn_take(&p->writing, deadline));
    if (r < 0)
        return r;
    r = write_all(p, slice_make(data, n), deadline);
    turn_give(&p->writing);
    return r;
}

static int pair_half_close(struct stream *s, nsec deadline)
{
    struct half *h = outgoing(self_of(s));
    h->ended = true;
    cond_broadcast(&h->changed);
    return 0;
}

static void pair_reset(struct stream *s)
{
    struct pair *pair = self_of(s)->pair;
    if (!pair->reset_by)
        pair->reset_by = s;
    for (int i = 0; i < 2; i++)
        cond_broadcast(&pair->half[i].changed);
}

static void pair_close(struct stream *s)
{
    struct pair_stream *p = self_of(s);
    struct pair *pair = p->pair;
    pair_half_close(s, NEVER);
    incoming(p)->gone = true;
    cond_broadcast(&incoming(p)->changed);
    if (--pair->open == 0) {
        for (int i = 0; i < 2; i++)
            buf_release(&pair->half[i].data);
        free(pair);
    }
    stream_release(s);
    free(s);
}

void pair_open(struct stream *ret_end[2])
{
    static const struct stream_ops ops = { "memory",        pair_read,  pair_write,
                                           pair_half_close, pair_reset, pair_close };
    struct pair *pair = NEW(struct pair);
    for (int i = 0; i < 2; i++) {
        struct pair_stream *p = NEW(struct pair_stream);
        p->base.ops = &ops;
        p->pair = pair;
        p->side = i;
        pair->open++;
        buf_init(&pair->half[i].data, PAIR_BUFFER_MAX);
        ret_end[i] = &p->base;
    }
}
