#include "fuzz_replay.h"
#include "tls_answer.h"
#include <assert.h>

/* The same hello must be found whether the bytes come at once or one by one. */
static void read_hello(slice bytes)
{
    auto_buf scratch;
    buf_init(&scratch, TLS_HELLO_MAX);
    struct tls_client_hello *h = calloc(1, sizeof *h);
    size_t octets = 0, by_octet = 0;
    enum frame got = tls_hello_read(bytes, &scratch, h, &octets);
    assert(got != FRAME_READY || (octets && octets <= bytes.n));
    assert(h->suites.n <= TLS_LIST_MAX && h->session_id.n <= UINT16_MAX);
    for (size_t n = 1; n <= bytes.n && n < 600; n++)
        if (tls_hello_read(slice_sub(bytes, 0, n), &scratch, h, &by_octet) == FRAME_READY)
            break;
    assert(bytes.n >= 600 || got != FRAME_READY || by_octet == octets);
    if (got == FRAME_READY) {
        auto_buf again;
        buf_init(&again, 2 * TLS_HELLO_MAX);
        assert(tls_hello_read(bytes, &scratch, h, &octets) == FRAME_READY);
        (void)tls_hello_newest(h);
        tls_hello_write(h, &again);
    }
    free(h);
}

static void answer_of(slice bytes, size_t step, struct tls_answer *ret)
{
    tls_answer_init(ret);
    for (size_t i = 0; i < bytes.n; i += step)
        tls_answer_feed(ret, slice_sub(bytes, i, i + step));
}

static void read_answer(slice bytes)
{
    struct tls_answer whole, octets;
    answer_of(bytes, bytes.n ? bytes.n : 1, &whole);
    answer_of(bytes, 1, &octets);
    assert(whole.state == octets.state && whole.alert == octets.alert);
    assert(whole.hello == octets.hello && whole.suite == octets.suite);
    assert(whole.flags == octets.flags && whole.group == octets.group);
    assert(whole.prime_bits == octets.prime_bits && whole.signature == octets.signature);
    assert(slice_eq(buf_slice(&whole.leaf), buf_slice(&octets.leaf)));
    tls_answer_release(&whole);
    tls_answer_release(&octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_hello(slice_make(data, size));
    read_answer(slice_make(data, size));
    return 0;
}
