#include "array.h"
#include "imap_set.h"
#include "testing.h"

static const struct {
    slice text, written, normal; /* normal with * = 9 */
    uint64_t count;              /* of the normal one */
} good[] = {
    { S("1"), S("1"), S("1"), 1 },
    { S("*"), S("*"), S("9"), 1 },
    { S("1:3,5,*"), S("1:3,5,*"), S("1:3,5,9"), 5 },
    { S("5:2"), S("5:2"), S("2:5"), 4 },
    { S("7:7"), S("7"), S("7"), 1 },
    { S("12:*"), S("12:*"), S("9:12"), 4 },
    { S("*:4,5:7"), S("*:4,5:7"), S("4:9"), 6 },
    { S("3,2,1,2,10"), S("3,2,1,2,10"), S("1:3,10"), 4 },
    { S("1:3,2:8,20:30,25,31"), S("1:3,2:8,20:30,25,31"), S("1:8,20:31"), 20 },
    { S("4294967295,1:4294967295"), S("4294967295,1:4294967295"), S("1:4294967295"), UINT32_MAX },
    { S("4294967294,4294967295"), S("4294967294,4294967295"), S("4294967294:4294967295"), 2 },
};

START_TEST(good_sets)
{
    auto_arena a = { 0 };
    auto_buf out;
    struct imap_set set, normal, again;
    buf_init(&out, BUF_OURS);
    ck_assert(imap_set_parse(good[_i].text, &a, &set));
    ck_assert(imap_set_format(&set, &out));
    ck_assert_slice(buf_slice(&out), good[_i].written);
    imap_set_normalise(&set, 9, &a, &normal);
    buf_clear(&out);
    ck_assert(imap_set_format(&normal, &out));
    ck_assert_slice(buf_slice(&out), good[_i].normal);
    ck_assert_uint_eq(imap_set_count(&normal), good[_i].count);
    ck_assert(!imap_set_has_star(&normal));
    ck_assert(imap_set_parse(good[_i].normal, &a, &again));
    ck_assert(imap_set_equal(&normal, &again));
}
END_TEST

static const char *const bad[] = {
    "",    "0",   "1,",  ",1",  "1,,2", "1:",           ":1",  "1:2:3", "01",       "1:0",
    "a",   "1 ",  " 1",  "1-2", "**",   "4294967296",   "-1",  "1.5",   "1:*:2",    "$",
    "1,$", "1;2", "1:a", "+1",  "0x1",  "4294967296:1", "1,0", "*1",    "\xc2\xb9",
};

START_TEST(bad_sets)
{
    auto_arena a = { 0 };
    struct imap_set set = { (void *)1, 77 };
    ck_assert_msg(!imap_set_parse(slice_of(bad[_i]), &a, &set), "%s", bad[_i]);
    ck_assert_uint_eq(set.n, 77);
}
END_TEST

START_TEST(star_in_an_empty_mailbox_names_nothing)
{
    auto_arena a = { 0 };
    struct imap_set set, normal;
    ck_assert(imap_set_parse(S("1:*,*,3"), &a, &set));
    ck_assert(imap_set_has_star(&set));
    imap_set_normalise(&set, 0, &a, &normal);
    ck_assert_uint_eq(normal.n, 1);
    ck_assert(imap_set_contains(&normal, 3));
    ck_assert(!imap_set_contains(&normal, 1));
}
END_TEST

START_TEST(contains_finds_each_number_and_no_other)
{
    auto_arena a = { 0 };
    struct imap_set set;
    static const uint32_t numbers[] = { 40, 3, 4, 5, 0, 9, 3, 41, 20 };
    static const bool want[50] = {
        [3] = 1, [4] = 1, [5] = 1, [9] = 1, [20] = 1, [40] = 1, [41] = 1
    };
    imap_set_of(numbers, COUNT(numbers), &a, &set);
    ck_assert_uint_eq(set.n, 4);
    for (uint32_t i = 0; i < 50; i++)
        ck_assert(imap_set_contains(&set, i) == want[i]);
    imap_set_of(numbers, 0, &a, &set);
    ck_assert_uint_eq(set.n, 0);
    ck_assert(!imap_set_contains(&set, 1));
}
END_TEST

START_TEST(expand_keeps_the_order_written)
{
    static const uint32_t want[] = { 1202, 1175, 1176, 1177, 5, 4294967294, 4294967295 };
    auto_arena a = { 0 };
    struct imap_set set;
    uint32_t *numbers;
    size_t n;
    ck_assert(imap_set_parse(S("1202,1177:1175,5,4294967294:4294967295"), &a, &set));
    ck_assert(imap_set_expand(&set, &a, &numbers, &n));
    ck_assert_uint_eq(n, COUNT(want));
    ck_assert_mem_eq(numbers, want, sizeof want);
}
END_TEST

START_TEST(expand_has_limits)
{
    auto_arena a = { 0 };
    struct imap_set set;
    uint32_t *numbers = NULL;
    size_t n = 0;
    ck_assert(imap_set_parse(S("1:1048576"), &a, &set));
    ck_assert(imap_set_expand(&set, &a, &numbers, &n));
    ck_assert_uint_eq(n, IMAP_SET_NUMBERS_MAX);
    ck_assert(imap_set_parse(S("1:1048577"), &a, &set));
    ck_assert(!imap_set_expand(&set, &a, &numbers, &n));
    ck_assert(imap_set_parse(S("1:*"), &a, &set));
    ck_assert(!imap_set_expand(&set, &a, &numbers, &n));
    auto_buf b;
    buf_init(&b, BUF_OURS);
    for (int i = 0; i < IMAP_SET_RANGES_MAX; i++)
        buf_adds(&b, "7,");
    ck_assert(!imap_set_parse(buf_slice(&b), &a, &set));
    buf_truncate(&b, b.n - 1);
    ck_assert(imap_set_parse(buf_slice(&b), &a, &set));
    buf_adds(&b, ",7");
    ck_assert(!imap_set_parse(buf_slice(&b), &a, &set));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, good_sets, 0, COUNT(good));
    tcase_add_loop_test(cases, bad_sets, 0, COUNT(bad));
    tcase_add_test(cases, star_in_an_empty_mailbox_names_nothing);
    tcase_add_test(cases, contains_finds_each_number_and_no_other);
    tcase_add_test(cases, expand_keeps_the_order_written);
    tcase_add_test(cases, expand_has_limits);
}

int main(void)
{
    return run_tests("imap_set", add);
}
