#include "fuzz_replay.h"
#include "smtp_reply.h"
#include <assert.h>

/* The same end must be found whether the bytes come at once or one by one. */
static size_t frame_by_octet(slice buffer)
{
    struct smtp_reply_frame f;
    size_t octets;
    smtp_reply_frame_init(&f);
    for (size_t n = 1; n <= buffer.n; n++)
        if (smtp_reply_frame_next(&f, slice_sub(buffer, 0, n), &octets) == FRAME_READY)
            return octets;
    return 0;
}

static void read_reply(slice raw, unsigned flags)
{
    auto_arena a = { 0 };
    struct smtp_reply reply;
    struct smtp_ehlo ehlo;
    smtp_reply_parse(raw, flags, &a, &reply);
    assert(reply.n_lines >= 1 && reply.errors.n <= GRAMMAR_ERRORS_MAX);
    for (size_t i = 0; i < reply.errors.n; i++)
        assert(reply.errors.v[i].rule && reply.errors.v[i].offset <= raw.n);
    smtp_ehlo_parse(&reply, &a, &ehlo);
    assert(ehlo.n_keywords == reply.n_lines - 1);
    for (size_t i = 0; i < ehlo.errors.n; i++)
        assert(ehlo.errors.v[i].offset <= raw.n);
    smtp_reply_text(&reply, &a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice buffer = slice_make(data, size);
    struct smtp_reply_frame f;
    size_t octets = 0;
    smtp_reply_frame_init(&f);
    enum frame got = smtp_reply_frame_next(&f, buffer, &octets);
    assert(got != FRAME_READY || (octets && octets <= size && data[octets - 1] == '\n'));
    if (size < 2000 && got != FRAME_LIMIT)
        assert(frame_by_octet(buffer) == octets);
    for (unsigned flags = 0; flags < 8; flags++)
        read_reply(got == FRAME_READY ? slice_sub(buffer, 0, octets) : buffer, flags);
    return 0;
}
