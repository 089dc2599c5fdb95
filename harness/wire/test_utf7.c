#include "array.h"
#include "testing.h"
#include "utf7.h"

static const struct {
    slice utf7, utf8;
} pairs[] = {
    { S(""), S("") },
    { S("INBOX"), S("INBOX") },
    { S("A&-B"), S("A&B") },
    { S("&-"), S("&") },
    { S("&-&-"), S("&&") },
    { S("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), S("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
                                              "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e") },
    { S("&Jjo-!"), S("\xe2\x98\xba!") },
    { S("Entw&APw-rfe"), S("Entw\xc3\xbcrfe") },
    { S("&AOk-&-&AOk-"), S("\xc3\xa9&\xc3\xa9") },
    { S("&2D3eAA-"), S("\xf0\x9f\x98\x80") },
    { S("&AAkADQAK-"), S("\t\r\n") },
    { S("&AH8-"), S("\x7f") },
    { S("&AAA-"), S("\0") },
    { S("&,,3,,g-"), S("\xef\xbf\xbd\xef\xbf\xbe") },
    { S("-a-b-"), S("-a-b-") },
    { S("&BB8EQAQ4BDIENQRC-"), S("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82") },
};

START_TEST(both_ways)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    ck_assert(utf7_decode(pairs[_i].utf7, &out));
    ck_assert_slice(buf_slice(&out), pairs[_i].utf8);
    buf_clear(&out);
    ck_assert(utf7_encode(pairs[_i].utf8, &out));
    ck_assert_slice(buf_slice(&out), pairs[_i].utf7);
    ck_assert(utf7_is_valid(pairs[_i].utf7));
}
END_TEST

static const struct {
    slice name;
    const char *why;
} bad[] = {
    { S("&"), "shift at the end" },
    { S("a&b"), "shift not closed" },
    { S("&U,BTFw"), "does not end in US-ASCII" },
    { S("&U,BTFw-&ZeVnLIqe-"), "superfluous shift (the RFC's example)" },
    { S("&AEE-"), "BASE64 of printable US-ASCII" },
    { S("&ACY-"), "BASE64 of &" },
    { S("&Jjo!"), "not closed" },
    { S("&Jj-"), "bits left over" },
    { S("&Jjp-"), "bits left over that are not zero" },
    { S("&JjoA-"), "a whole digit left over" },
    { S("&A-"), "one digit" },
    { S("&Jj/-"), "slash is not in the alphabet" },
    { S("&Jj==-"), "padding" },
    { S("&Jj o-"), "space" },
    { S("&2D0-"), "lone high surrogate" },
    { S("&3gA-"), "lone low surrogate" },
    { S("&2D3YPQ-"), "two high surrogates" },
    { S("&2D0AQQ-"), "high surrogate, then a letter" },
    { S("caf\xc3\xa9"), "8-bit" },
    { S("a\tb"), "control" },
    { S("a\x7f"), "DEL" },
    { S("a\0b"), "NUL" },
};

START_TEST(bad_names)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    buf_adds(&out, "before");
    ck_assert_msg(!utf7_decode(bad[_i].name, &out), "%s", bad[_i].why);
    ck_assert_slice(buf_slice(&out), S("before"));
    ck_assert(!utf7_is_valid(bad[_i].name));
}
END_TEST

START_TEST(bad_utf8_and_full_buffers)
{
    auto_buf out, small;
    buf_init(&out, BUF_OURS);
    ck_assert(!utf7_encode(S("a\xff"), &out));
    ck_assert(!utf7_encode(S("\xed\xa0\x80"), &out));
    ck_assert_uint_eq(out.n, 0);
    buf_init(&small, 3);
    ck_assert(!utf7_encode(S("\xc3\xa9"), &small));
    ck_assert_uint_eq(small.n, 0);
    ck_assert(!utf7_decode(S("abcd"), &small));
    ck_assert(utf7_decode(S("a&-c"), &small));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, both_ways, 0, COUNT(pairs));
    tcase_add_loop_test(cases, bad_names, 0, COUNT(bad));
    tcase_add_test(cases, bad_utf8_and_full_buffers);
}

int main(void)
{
    return run_tests("utf7", add);
}
