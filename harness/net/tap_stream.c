#include "tap_stream.h"
#include "alloc.h"
#include <stdlib.h>

struct tap {
    struct stream base;
    void (*fn)(void *arg, enum tap_direction, slice data, nsec at);
    void *arg;
    bool ended; /* the peer's end was shown */
};

static struct tap *self_of(struct stream *s)
{
    return (struct tap *)s;
}

static ssize_t tap_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct tap *t = self_of(s);
    ssize_t got = stream_read(s->under, data, n, deadline);
    if (got > 0 || (got == 0 && !t->ended))
        t->fn(t->arg, TAP_RECEIVED, slice_make(data, (size_t)got), now());
    t->ended = t->ended || got == 0;
    return got < 0 ? stream_fail_under(s, (int)got) : got;
}

static int tap_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct tap *t = self_of(s);
    t->fn(t->arg, TAP_SENT, slice_make(data, n), now());
    int r = stream_write(s->under, data, n, deadline);
    return r < 0 ? stream_fail_under(s, r) : r;
}

static int tap_half_close(struct stream *s, nsec deadline)
{
    struct tap *t = self_of(s);
    t->fn(t->arg, TAP_SENT, S(""), now());
    return stream_half_close_under(s, deadline);
}

static void tap_close(struct stream *s)
{
    stream_close(s->under);
    stream_release(s);
    free(s);
}

struct stream *tap_open(struct stream *under,
                        void (*fn)(void *arg, enum tap_direction, slice data, nsec at), void *arg)
{
    static const struct stream_ops ops = { "tap",          tap_read,           tap_write,
                                           tap_half_close, stream_reset_under, tap_close };
    struct tap *t = NEW(struct tap);
    t->base.ops = &ops;
    t->base.under = under;
    t->fn = fn;
    t->arg = arg;
    return &t->base;
}
