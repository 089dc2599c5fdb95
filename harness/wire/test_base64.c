#include "array.h"
#include "base64.h"
#include "hex.h"
#include "rule_bits.h"
#include "testing.h"

static const struct {
    const char *plain, *base64, *hex;
} rows[] = {
    /* RFC 4648 10 */
    { "", "", "" },
    { "f", "Zg==", "66" },
    { "fo", "Zm8=", "666f" },
    { "foo", "Zm9v", "666f6f" },
    { "foob", "Zm9vYg==", "666f6f62" },
    { "fooba", "Zm9vYmE=", "666f6f6261" },
    { "foobar", "Zm9vYmFy", "666f6f626172" },
    { "\xFF\xFE\xFB\xEF", "//777w==", "fffefbef" },
};

START_TEST(base64_goes_both_ways)
{
    auto_buf out, back;
    buf_init(&out, 100);
    buf_init(&back, 100);
    ck_assert(base64_encode(slice_of(rows[_i].plain), &out));
    ck_assert_slice(buf_slice(&out), slice_of(rows[_i].base64));
    ck_assert(base64_decode(buf_slice(&out), &back, NULL));
    ck_assert_slice(buf_slice(&back), slice_of(rows[_i].plain));
}
END_TEST

START_TEST(hex_goes_both_ways)
{
    auto_buf out, back;
    buf_init(&out, 100);
    buf_init(&back, 100);
    ck_assert(hex_encode(slice_of(rows[_i].plain), &out));
    ck_assert_slice(buf_slice(&out), slice_of(rows[_i].hex));
    ck_assert(hex_decode(buf_slice(&out), &back));
    ck_assert_slice(buf_slice(&back), slice_of(rows[_i].plain));
}
END_TEST

START_TEST(every_octet_comes_back)
{
    char all[259];
    auto_buf out, back;
    buf_init(&out, 1000);
    buf_init(&back, 1000);
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    for (size_t n = 0; n < 4; n++) {
        buf_clear(&out);
        buf_clear(&back);
        slice s = slice_make(all, sizeof all - n);
        ck_assert(base64_encode(s, &out));
        ck_assert(base64_decode(buf_slice(&out), &back, NULL));
        ck_assert_slice(buf_slice(&back), s);
    }
}
END_TEST

static const struct {
    const char *base64;
    size_t offset;
} bad[] = {
    { "Z", 1 },     { "Zg", 2 },     { "Zg=", 3 },      { "Zg===", 2 },    { "=", 1 },
    { "==", 2 },    { "====", 0 },   { "Zg==Zg==", 2 }, { "Zm9v\r\n", 4 }, { "Zm9v Zm9v", 4 },
    { "Zm-v", 2 },  { "Zm_v", 2 },   { "Z===", 1 },     { "Zh==", 1 },     { "Zm9=", 2 },
    { " Zm9v", 0 }, { "Zm9vYg", 6 }, { "Zm\xC3v", 2 },
};

START_TEST(bad_base64_is_refused)
{
    auto_buf out;
    struct grammar_error err = { 0 };
    buf_init(&out, 100);
    ck_assert(!base64_decode(slice_of(bad[_i].base64), &out, &err));
    ck_assert_uint_eq(out.n, 0);
    ck_assert_uint_eq(rule_bit(err.rule), BIT(BASE64));
    ck_assert_uint_eq(err.offset, bad[_i].offset);
}
END_TEST

START_TEST(lines_have_76_characters)
{
    auto_buf out;
    char zeros[58] = { 0 };
    buf_init(&out, 100);
    ck_assert(base64_encode_lines(slice_make(zeros, 57), &out));
    ck_assert_uint_eq(out.n, 78);
    buf_clear(&out);
    ck_assert(base64_encode_lines(slice_make(zeros, 58), &out));
    ck_assert_slice(slice_skip(buf_slice(&out), 76), S("\r\nAA==\r\n"));
    buf_clear(&out);
    ck_assert(base64_encode_lines(S(""), &out));
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(full_buffer_is_said)
{
    auto_buf out;
    buf_init(&out, 3);
    ck_assert(!base64_encode(S("f"), &out));
    ck_assert(!hex_encode(S("fo"), &out));
    ck_assert(!base64_decode(S("Zm9vYg=="), &out, NULL));
    ck_assert(!hex_decode(S("00000000"), &out));
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(hex_takes_spaces_between_pairs)
{
    const char *wrong[] = { "0", "0g", "0 d", "0d0", "0x0d", "0d,0a" };
    auto_buf out;
    buf_init(&out, 10);
    ck_assert(hex_decode(S(" 0D 0a\r\n\t7F "), &out));
    ck_assert_slice(buf_slice(&out), S("\r\n\x7F"));
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert(!hex_decode(slice_of(wrong[i]), &out));
    ck_assert_uint_eq(out.n, 3);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, base64_goes_both_ways, 0, COUNT(rows));
    tcase_add_loop_test(cases, hex_goes_both_ways, 0, COUNT(rows));
    tcase_add_test(cases, every_octet_comes_back);
    tcase_add_loop_test(cases, bad_base64_is_refused, 0, COUNT(bad));
    tcase_add_test(cases, lines_have_76_characters);
    tcase_add_test(cases, full_buffer_is_said);
    tcase_add_test(cases, hex_takes_spaces_between_pairs);
}

int main(void)
{
    return run_tests("base64", add);
}
