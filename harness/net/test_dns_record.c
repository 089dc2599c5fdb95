#include "array.h"
#include "buf.h"
#include "dns_record.h"
#include "fuzz_replay.h"
#include "testing.h"

#define L63                                                                                        \
    "\x3F"                                                                                         \
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct row {
    enum dns_type type;
    slice rdata;
    bool whole; /* every shorter RDATA is malformed */
    struct dns_record want;
} good[] = {
    { DNS_A, S("\x7F\0\0\x01"), true, { .address = "127.0.0.1" } },
    { DNS_AAAA, S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"), true, { .address = "::1" } },
    { DNS_CNAME, S("\2Mx\4Test\0"), true, { .host = "mx.test" } },
    { DNS_CNAME, S("\0"), true, { .host = "" } },
    { DNS_CNAME, S("\3a.b\4\x80 \\\0\0"), true, { .host = "a\\046b.\\128\\032\\092\\000" } },
    { DNS_MX, S("\0\x0A\2mx\4test\0"), true, { .priority = 10, .host = "mx.test" } },
    { DNS_MX, S("\0\0\0"), true, { .host = "" } },
    { DNS_SRV,
      S("\0\x05\0\x01\x03\xE1\4imap\4test\0"),
      true,
      { .priority = 5, .weight = 1, .port = 993, .host = "imap.test" } },
    { DNS_TXT, S("\7v=STSv1\4; id"), false, { .text = { "v=STSv1; id", 11 } } },
    { DNS_TXT, S("\0"), true, { .text = { "", 0 } } },
    { DNS_TXT, S("\3a\0b"), true, { .text = { "a\0b", 3 } } },
    { DNS_TLSA,
      S("\3\1\1\xAB\xCD"),
      false,
      { .usage = 3, .selector = 1, .matching = 1, .association = { "\xAB\xCD", 2 } } },
    { DNS_TLSA, S("\2\0\0"), true, { .usage = 2 } },
    { DNS_CAA,
      S("\x80\5Issueca.test"),
      false,
      { .flags = 128, .tag = "issue", .text = { "ca.test", 7 } } },
    { DNS_CAA, S("\0\5iodef"), true, { .tag = "iodef" } },
};

static void same_text(const char *got, const char *want)
{
    ck_assert(!got == !want);
    if (got)
        ck_assert_str_eq(got, want);
}

START_TEST(test_good)
{
    const struct row *row = &good[_i];
    auto_arena a = { 0 };
    struct dns_record r;
    ck_assert(dns_record_parse(row->type, row->rdata, &a, &r));
    same_text(r.host, row->want.host);
    same_text(r.address, row->want.address);
    same_text(r.tag, row->want.tag);
    ck_assert_slice(r.text, row->want.text);
    ck_assert_slice(r.association, row->want.association);
    ck_assert_uint_eq(r.priority, row->want.priority);
    ck_assert_uint_eq(r.weight, row->want.weight);
    ck_assert_uint_eq(r.port, row->want.port);
    ck_assert_uint_eq(r.flags, row->want.flags);
    ck_assert_uint_eq(r.usage * 100 + r.selector * 10 + r.matching,
                      row->want.usage * 100 + row->want.selector * 10 + row->want.matching);
}
END_TEST

START_TEST(test_truncated)
{
    const struct row *row = &good[_i];
    for (size_t n = 0; n < row->rdata.n; n++) {
        auto_arena a = { 0 };
        struct dns_record r = { .priority = 4711 };
        char *copy = malloc(n ? n : 1); // of its size, for the sanitizer
        memcpy(copy, row->rdata.p, n);
        bool ok = dns_record_parse(row->type, slice_make(copy, n), &a, &r);
        ck_assert_msg(!(ok && row->whole), "taken with %zu octets", n);
        ck_assert(ok || r.priority == 4711);
        free(copy);
    }
}
END_TEST

START_TEST(test_replay)
{
    const struct row *row = &good[_i];
    static const enum dns_type types[] = { DNS_A,   DNS_AAAA, DNS_CNAME, DNS_MX,
                                           DNS_TXT, DNS_SRV,  DNS_TLSA,  DNS_CAA };
    auto_buf input;
    buf_init(&input, 1000);
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i] == row->type)
            buf_addc(&input, (char)i);
    buf_add(&input, row->rdata);
    fuzz_replay(buf_slice(&input));
}
END_TEST

static const struct {
    enum dns_type type;
    slice rdata;
} bad[] = {
    { DNS_A, S("\x7F\0\0\x01\0") },
    { DNS_AAAA, S("\x7F\0\0\x01") },
    { DNS_MX, S("\0\x0A\2mx\4test\0\0") }, // one octet left over
    { DNS_MX, S("\0\x0A\xC0\x0C") },       // a compressed name
    { DNS_CNAME, S("\x40"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0") },
    { DNS_CNAME, S(L63 L63 L63 L63 "\0") }, // 257 octets
    { DNS_TXT, S("") },
    { DNS_TXT, S("\2ab\3cd") },
    { DNS_SRV, S("\0\0\0\0\0") },
    { DNS_CAA, S("\0\0ca.test") },
    { DNS_CAA, S("\0\5is ueca.test") },
    { (enum dns_type)6, S("\0") },
};

START_TEST(test_bad)
{
    auto_arena a = { 0 };
    struct dns_record r;
    ck_assert(!dns_record_parse(bad[_i].type, bad[_i].rdata, &a, &r));
}
END_TEST

START_TEST(test_longest_name)
{
    auto_arena a = { 0 };
    struct dns_record r;
    // 3 * 64 + 62 + 1 = 255 octets
    static const char wire[] =
        L63 L63 L63 "\x3D"
                    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi";
    ck_assert(dns_record_parse(DNS_CNAME, slice_make(wire, sizeof wire), &a, &r));
    ck_assert_uint_eq(strlen(r.host), 253);
}
END_TEST

START_TEST(test_order)
{
    struct dns_record r[] = { { .priority = 10, .weight = 1, .host = "d" },
                              { .priority = 10, .weight = 5, .host = "c" },
                              { .priority = 10, .weight = 1, .host = "b" },
                              { .priority = 0, .weight = 0, .host = "a" } };
    dns_records_sort(DNS_SRV, r, COUNT(r));
    ck_assert_str_eq(r[0].host, "a");
    ck_assert_str_eq(r[1].host, "c");
    ck_assert_str_eq(r[2].host, "b");
    ck_assert_str_eq(r[3].host, "d");
    ck_assert_str_eq(dns_type_name(DNS_TLSA), "TLSA");
}
END_TEST

static const struct {
    slice text;
    const char *want;
} names[] = {
    { S("Example.TEST"), "example.test" },
    { S("example.test."), "example.test" },
    { S("_25._tcp.mx.test"), "_25._tcp.mx.test" },
    { S("b\xC3\xBC"
        "cher.test"),
      "xn--bcher-kva.test" },
    { S("B\xC3\x9C"
        "CHER.test"),
      "xn--bcher-kva.test" },
    { S("xn--bcher-kva.test"), "xn--bcher-kva.test" },
    { S("a"), "a" },
    { S(""), NULL },
    { S("."), NULL },
    { S("a..test"), NULL },
    { S("a.test.."), NULL },
    { S(".test"), NULL },
    { S("-a.test"), NULL },
    { S("a-.test"), NULL },
    { S("a b.test"), NULL },
    { S("a@b.test"), NULL },
    { S("a\0b.test"), NULL },
    { S("b\xFC"
        "cher.test"),
      NULL }, // no UTF-8
    { S("127.0.0.1"), NULL },
    { S("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.test"), NULL },
};

START_TEST(test_name)
{
    auto_arena a = { 0 };
    same_text(dns_name(names[_i].text, &a), names[_i].want);
}
END_TEST

START_TEST(test_name_length)
{
    auto_arena a = { 0 };
    auto_buf text;
    buf_init(&text, 1000);
    for (int i = 0; i < 126; i++)
        buf_adds(&text, "a.");
    buf_addc(&text, 'b');
    ck_assert_uint_eq(text.n, 253);
    ck_assert_ptr_nonnull(dns_name(buf_slice(&text), &a));
    buf_addc(&text, 'b');
    ck_assert_ptr_null(dns_name(buf_slice(&text), &a));
    while (buf_adds(&text, "\xC3\xBC"))
        ;
    ck_assert_ptr_null(dns_name(buf_slice(&text), &a));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, test_good, 0, COUNT(good));
    tcase_add_loop_test(t, test_truncated, 0, COUNT(good));
    tcase_add_loop_test(t, test_replay, 0, COUNT(good));
    tcase_add_loop_test(t, test_bad, 0, COUNT(bad));
    tcase_add_test(t, test_longest_name);
    tcase_add_test(t, test_order);
    tcase_add_loop_test(t, test_name, 0, COUNT(names));
    tcase_add_test(t, test_name_length);
}

int main(void)
{
    return run_tests("dns record", add);
}
