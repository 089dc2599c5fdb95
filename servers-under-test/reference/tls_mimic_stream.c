#include "alloc.h"
#include "tls_mimic.h"
#include <stdlib.h>

struct replay {
    struct stream base;
    struct buf bytes;
    size_t used;
};

static ssize_t replay_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct replay *r = (struct replay *)s;
    slice left = slice_sub(buf_slice(&r->bytes), r->used, r->used + n);
    if (!left.n) {
        ssize_t got = stream_read(s->under, data, n, deadline);
        return got < 0 ? stream_fail_under(s, (int)got) : got;
    }
    memcpy(data, left.p, left.n);
    r->used += left.n;
    return (ssize_t)left.n;
}

static int replay_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    int r = stream_write(s->under, data, n, deadline);
    return r < 0 ? stream_fail_under(s, r) : r;
}

static void replay_close(struct stream *s)
{
    struct replay *r = (struct replay *)s;
    stream_close(s->under);
    buf_release(&r->bytes);
    stream_release(s);
    free(r);
}

static const struct stream_ops replay_ops = { "replay",           replay_read,
                                              replay_write,       stream_half_close_under,
                                              stream_reset_under, replay_close };

struct stream *tls_mimic_replay(struct stream *under, struct buf *bytes)
{
    struct replay *r = NEW(struct replay);
    r->base.ops = &replay_ops;
    r->base.under = under;
    r->bytes = *bytes;
    buf_init(bytes, bytes->max);
    return &r->base;
}
