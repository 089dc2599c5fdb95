/* Masking: whatever the text, no secret and no base64 of one comes through, nothing else is lost,
   and masking in parts shows no more than masking at once. First octet: length of the secret. */
#include "base64.h"
#include "fuzz_replay.h"
#include "secrets.h"
#include <assert.h>

enum { SECRET_MIN = 4 }; /* a shorter one is found by chance in what stands around a mark */

static void check_base64(const struct secrets *s, slice before, slice secret, slice after)
{
    auto_buf plain, wire, out;
    buf_init(&plain, BUF_OURS);
    buf_init(&wire, BUF_OURS);
    buf_init(&out, BUF_OURS);
    buf_add(&plain, before);
    buf_add(&plain, secret);
    buf_add(&plain, after);
    base64_encode(buf_slice(&plain), &wire);
    secrets_mask(s, buf_slice(&wire), &out);
    assert(slice_eq(buf_slice(&out), SECRETS_MARK));
    buf_clear(&wire);
    buf_clear(&out);
    base64_encode_lines(buf_slice(&plain), &wire);
    secrets_mask(s, buf_slice(&wire), &out);
    assert(!secrets_found(s, buf_slice(&out)));
    assert(slice_find(buf_slice(&out), SECRETS_MARK) != SIZE_MAX);
}

static void check_parts(const struct secrets *s, slice text)
{
    struct secrets_spans spans = { 0 };
    auto_buf parts, whole;
    buf_init(&parts, BUF_OURS);
    buf_init(&whole, BUF_OURS);
    secrets_find(s, text, &spans);
    size_t covered = 0;
    for (size_t i = 0; i < spans.n; i++) {
        assert(spans.v[i].from < spans.v[i].to && spans.v[i].to <= text.n);
        assert(i == 0 || spans.v[i - 1].to < spans.v[i].from);
        covered += spans.v[i].to - spans.v[i].from;
    }
    secrets_mask_part(&spans, text, 0, text.n, &whole);
    assert(whole.n == text.n - covered + spans.n * SECRETS_MARK.n);
    for (size_t i = 0; i < text.n; i += 3)
        secrets_mask_part(&spans, text, i, i + 3 < text.n ? i + 3 : text.n, &parts);
    assert(parts.n >= text.n - covered);
    secrets_spans_release(&spans);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secrets s = { 0 };
    slice all = slice_make(data, size);
    size_t n = size ? data[0] % 32 : 0;
    slice secret = slice_sub(all, 1, 1 + n), text = slice_skip(all, 1 + n);
    secrets_add(&s, secret);
    check_parts(&s, text);
    /* With a mark beside it, the rest of a text may look like a secret that has the mark in it. */
    if (secret.n >= SECRET_MIN && slice_find_char(secret, '*') == SIZE_MAX)
        check_base64(&s, slice_sub(text, 0, text.n / 2), secret, slice_skip(text, text.n / 2));
    secrets_release(&s);
    return 0;
}
