#include "fuzz_replay.h"
#include "mta_sts.h"
#include <assert.h>

static bool is_inside(slice part, const uint8_t *data, size_t size)
{
    return part.p >= (const char *)data && part.p + part.n <= (const char *)data + size;
}

static void check_why(bool good, const char *why)
{
    assert(good == (why[0] == '\0'));
    assert(memchr(why, '\0', TXT_WHY_MAX));
}

/* The text is read as each of the three. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice text = slice_make(data, size), id;
    char why[3][TXT_WHY_MAX] = { { 0 } };
    struct sts_policy policy;
    struct tlsrpt reports;
    bool good = sts_record_parse(text, &id, why[0]);
    check_why(good, why[0]);
    assert(!good || (id.n >= 1 && id.n <= 32 && is_inside(id, data, size)));
    good = tlsrpt_parse(text, &reports, why[1]);
    check_why(good, why[1]);
    assert(!good || (reports.n >= 1 && reports.n <= TLSRPT_URIS_MAX));
    for (size_t i = 0; good && i < reports.n; i++)
        assert(reports.uris[i].n && is_inside(reports.uris[i], data, size));
    good = sts_policy_parse(text, &policy, why[2]);
    check_why(good, why[2]);
    assert(!good || (policy.n_mx <= STS_MX_MAX && policy.max_age <= STS_MAX_AGE));
    for (size_t i = 0; good && i < policy.n_mx; i++) {
        assert(is_inside(policy.mx[i], data, size));
        sts_pattern_covers(policy.mx[i], "mx.example.test");
    }
    return 0;
}
