#include "deflate_stream.h"
#include "alloc.h"
#include "buf.h"
#include <stdlib.h>
#include <zlib.h>

enum { RAW = -MAX_WBITS, MEMORY_LEVEL = 8, INPUT_CHUNK = 4096, OUTPUT_CHUNK = 16 * 1024 };
/* Plaintext that is packed between two writes below. */
enum { WRITE_CHUNK = 256 * 1024 };

struct deflater {
    struct stream base;
    z_stream pack, unpack;
    unsigned char *input; /* what unpack reads from */
    uint64_t in, out;     /* bytes through unpack */
    size_t allowance;
    bool ended; /* the peer finished its deflate stream */
    struct turn writing;
};

static struct deflater *self_of(struct stream *s)
{
    return (struct deflater *)s;
}

static ssize_t fill(struct deflater *d, nsec deadline)
{
    ssize_t n = stream_read(d->base.under, d->input, INPUT_CHUNK, deadline);
    if (n > 0) {
        d->unpack.next_in = d->input;
        d->unpack.avail_in = (unsigned)n;
        d->in += (size_t)n;
    }
    return n < 0 ? stream_fail_under(&d->base, (int)n) : n;
}

static ssize_t unpacked(struct deflater *d, size_t n)
{
    d->out += n;
    if (d->out > d->in * DEFLATE_RATIO + d->allowance)
        return stream_fail(&d->base, IO_LIMIT, CAUSE_LIMIT,
                           "%llu compressed bytes unpack to more than %llu bytes",
                           (unsigned long long)d->in, (unsigned long long)d->out - n);
    return (ssize_t)n;
}

static ssize_t deflate_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct deflater *d = self_of(s);
    z_stream *z = &d->unpack;
    size_t room = n < OUTPUT_CHUNK ? n : OUTPUT_CHUNK;
    while (!d->ended) {
        z->next_out = data;
        z->avail_out = (unsigned)room;
        int r = inflate(z, Z_SYNC_FLUSH);
        d->ended = r == Z_STREAM_END;
        if (z->avail_out < room)
            return unpacked(d, room - z->avail_out);
        if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END)
            return stream_fail(s, IO_ERROR, CAUSE_DEFLATE, "bad compressed data: %s",
                               z->msg ? z->msg : "unexpected end");
        ssize_t got = d->ended || z->avail_in ? 1 : fill(d, deadline);
        if (got <= 0)
            return got;
    }
    return 0;
}

/* Packs `data` whole, up to a byte border that the peer can unpack. */
static void pack(z_stream *z, slice data, struct buf *ret)
{
    z->next_in = (unsigned char *)data.p;
    z->avail_in = (unsigned)data.n;
    do {
        z->next_out = (unsigned char *)buf_room(ret, OUTPUT_CHUNK);
        z->avail_out = OUTPUT_CHUNK;
        deflate(z, Z_SYNC_FLUSH);
        buf_claim(ret, OUTPUT_CHUNK - z->avail_out);
    } while (z->avail_out == 0);
}

static int write_packed(struct deflater *d, slice data, nsec deadline)
{
    while (data.n) {
        slice part = slice_sub(data, 0, WRITE_CHUNK);
        auto_buf packed;
        buf_init(&packed, BUF_OURS);
        pack(&d->pack, part, &packed);
        int r = stream_write_slice(d->base.under, buf_slice(&packed), deadline);
        if (r < 0)
            return stream_fail_under(&d->base, r);
        data = slice_skip(data, part.n);
    }
    return 0;
}

static int deflate_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct deflater *d = self_of(s);
    int r = stream_wake(s, turn_take(&d->writing, deadline));
    if (r < 0)
        return r;
    r = write_packed(d, slice_make(data, n), deadline);
    turn_give(&d->writing);
    return r;
}

static void deflate_close(struct stream *s)
{
    struct deflater *d = self_of(s);
    stream_close(s->under);
    deflateEnd(&d->pack);
    inflateEnd(&d->unpack);
    free(d->input);
    stream_release(s);
    free(d);
}

struct stream *deflate_open(struct stream *under, slice leftover, int level, size_t allowance)
{
    static const struct stream_ops ops = { "deflate",          deflate_read,
                                           deflate_write,      stream_half_close_under,
                                           stream_reset_under, deflate_close };
    struct deflater *d = NEW(struct deflater);
    d->base.ops = &ops;
    d->base.under = under;
    d->allowance = allowance ? allowance : DEFLATE_ALLOWANCE;
    if (deflateInit2(&d->pack, level, Z_DEFLATED, RAW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK ||
        inflateInit2(&d->unpack, RAW) != Z_OK)
        abort(); /* out of memory, or a level that zlib does not know */
    d->input = xcalloc(leftover.n > INPUT_CHUNK ? leftover.n : INPUT_CHUNK, 1);
    if (leftover.n)
        memcpy(d->input, leftover.p, leftover.n);
    d->unpack.next_in = d->input;
    d->unpack.avail_in = (unsigned)leftover.n;
    d->in = leftover.n;
    return &d->base;
}
