#include "fuzz_replay.h"
#include "pop3_reply.h"
#include <assert.h>

enum { LIMIT = 1 << 20 };

static size_t frame_by_octet(slice buffer, bool multiline)
{
    struct pop3_frame f;
    size_t octets;
    pop3_frame_init(&f, multiline, LIMIT);
    for (size_t n = 1; n <= buffer.n; n++)
        if (pop3_frame_next(&f, slice_sub(buffer, 0, n), &octets) == FRAME_READY)
            return octets;
    return 0;
}

static void read_lists(const struct pop3_reply *reply, struct arena *a)
{
    struct pop3_scan *scans;
    struct pop3_uid *uids;
    struct pop3_capa capa;
    struct pop3_drop drop;
    struct grammar_errors errors = { 0 };
    pop3_scan_list(reply, a, &scans, &errors);
    pop3_uid_list(reply, a, &uids, &errors);
    for (size_t i = 0; i < errors.n; i++)
        assert(errors.v[i].offset <= reply->raw.n);
    pop3_capa_parse(reply, a, &capa);
    pop3_capa_has_param(pop3_capa_find(&capa, S("SASL")), S("PLAIN"));
    pop3_drop_parse(reply->text, &drop, NULL);
}

static void read_reply(slice raw, unsigned flags, bool framed)
{
    auto_arena a = { 0 };
    auto_buf body;
    struct pop3_reply reply;
    pop3_reply_parse(raw, flags, &a, &reply);
    assert(reply.body_offset <= raw.n);
    for (size_t i = 0; i < reply.errors.n; i++)
        assert(reply.errors.v[i].offset <= raw.n);
    buf_init(&body, LIMIT);
    assert(pop3_reply_body(&reply, &body) && body.n <= reply.body.n);
    read_lists(&reply, &a);
    /* What is un-stuffed and stuffed again is what came, if that was right. */
    auto_buf again;
    buf_init(&again, 2 * LIMIT);
    if (framed && reply.multiline && !grammar_errors_find(&reply.errors, RULE_POP3_STUFFING)) {
        assert(dot_encode_all(buf_slice(&body), &again));
        assert(slice_eq(buf_slice(&again), slice_skip(raw, reply.body_offset)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice buffer = slice_make(data, size);
    for (unsigned flags = 0; flags < 16; flags++) {
        bool multiline = flags & POP3_MULTILINE;
        struct pop3_frame f;
        size_t octets = 0;
        pop3_frame_init(&f, multiline, LIMIT);
        enum frame got = pop3_frame_next(&f, buffer, &octets);
        assert(got != FRAME_READY || (octets && octets <= size));
        if (flags < 2 && size < 2000)
            assert(frame_by_octet(buffer, multiline) == octets);
        bool framed = got == FRAME_READY;
        read_reply(framed ? slice_sub(buffer, 0, octets) : buffer, flags, framed);
    }
    return 0;
}
