#include "dns_record.h"
#include "fuzz_replay.h"
#include <assert.h>

static void check_text(const char *text, size_t max)
{
    size_t n = text ? strlen(text) : 0;
    assert(n <= max);
    for (size_t i = 0; i < n; i++)
        assert(text[i] > ' ' && text[i] < 0x7F && text[i] == ascii_lower(text[i]));
}

/* The first octet chooses the type, the rest is RDATA. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = { DNS_A,   DNS_AAAA, DNS_CNAME, DNS_MX,
                                           DNS_TXT, DNS_SRV,  DNS_TLSA,  DNS_CAA };
    auto_arena a = { 0 };
    struct dns_record r;
    if (!size)
        return 0;
    slice rdata = slice_make(data + 1, size - 1);
    if (dns_record_parse(types[data[0] % 8], rdata, &a, &r)) {
        assert(slice_eq(r.raw, rdata));
        check_text(r.host, 4 * DNS_NAME_WIRE_MAX);
        check_text(r.address, 45);
        check_text(r.tag, 255);
        assert(r.text.n <= rdata.n && r.association.n <= rdata.n);
    }
    check_text(dns_name(slice_make(data, size), &a), DNS_NAME_TEXT_MAX);
    return 0;
}
