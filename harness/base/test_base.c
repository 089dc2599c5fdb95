#include "arena.h"
#include "array.h"
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "hash.h"
#include "testing.h"
#include <stdio.h>

START_TEST(slices_compare_without_regard_to_nul)
{
    slice a = slice_make("a\0b", 3), b = slice_make("a\0c", 3);
    ck_assert(!slice_eq(a, b));
    ck_assert_int_lt(slice_cmp(a, b), 0);
    ck_assert(slice_eq_nocase(S("InBoX"), S("INBOX")));
    ck_assert(!slice_eq_nocase(S("{"), S("[")));
    ck_assert(slice_starts_nocase(S("uid fetch"), S("UID ")));
    ck_assert(slice_ends(S("x.eml"), S(".eml")));
    ck_assert_uint_eq(slice_find(S("abcabc"), S("ca")), 2);
    ck_assert_uint_eq(slice_find_nocase(S("abCAbc"), S("ca")), 2);
    ck_assert_uint_eq(slice_find(S("abc"), S("x")), SIZE_MAX);
    ck_assert_slice(slice_trim(S(" \r\n x y\t")), S("x y"));
    ck_assert_slice(slice_sub(S("abc"), 2, 99), S("c"));
}
END_TEST

START_TEST(slice_cut_keeps_empty_fields)
{
    slice rest = S("a,,b,"), field;
    const char *want[] = { "a", "", "b", "" };
    for (size_t i = 0; i < COUNT(want); i++) {
        ck_assert(slice_cut(&rest, ',', &field));
        ck_assert_slice(field, slice_of(want[i]));
    }
    ck_assert(!slice_cut(&rest, ',', &field));
}
END_TEST

START_TEST(slice_line_takes_crlf_and_lf)
{
    slice rest = S("a\r\nb\n\rc"), line;
    ck_assert(slice_line(&rest, &line));
    ck_assert_slice(line, S("a"));
    ck_assert(slice_line(&rest, &line));
    ck_assert_slice(line, S("b"));
    ck_assert(slice_line(&rest, &line));
    ck_assert_slice(line, S("\rc"));
    ck_assert(!slice_line(&rest, &line));
}
END_TEST

static const struct {
    const char *text;
    uint64_t max, value;
    bool ok;
} numbers[] = {
    { "0", 9, 0, true },
    { "4294967295", UINT32_MAX, UINT32_MAX, true },
    { "4294967296", UINT32_MAX, 0, false },
    { "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
    { "18446744073709551616", UINT64_MAX, 0, false },
    { "99999999999999999999", UINT64_MAX, 0, false },
    { "", 9, 0, false },
    { "-1", 9, 0, false },
    { "+1", 9, 0, false },
    { "1 ", 9, 0, false },
    { "7", 5, 0, false },
};

START_TEST(slice_to_u64_refuses_what_is_not_a_number)
{
    uint64_t value = 42;
    ck_assert_int_eq(slice_to_u64(slice_of(numbers[_i].text), numbers[_i].max, &value),
                     numbers[_i].ok);
    ck_assert_uint_eq(value, numbers[_i].ok ? numbers[_i].value : 42);
}
END_TEST

START_TEST(buf_stops_at_its_maximum_and_says_so)
{
    auto_buf b;
    buf_init(&b, 5);
    ck_assert(buf_adds(&b, "abc"));
    ck_assert(!buf_adds(&b, "def"));
    ck_assert(b.overflow);
    ck_assert_slice(buf_slice(&b), S("abc"));
    ck_assert(buf_addf(&b, "%d", 12));
    ck_assert_slice(buf_slice(&b), S("abc12"));
    buf_shift(&b, 2);
    ck_assert_str_eq(b.p, "c12");
    autofree char *taken = buf_take(&b);
    ck_assert_str_eq(taken, "c12");
    ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(arena_pieces_are_zeroed_and_stay)
{
    auto_arena a = { 0 };
    char *first = arena_printf(&a, "n=%d", 1);
    for (int i = 0; i < 1000; i++) {
        int *number = arena_new(&a, int);
        ck_assert_int_eq(*number, 0);
        *number = i;
    }
    char *large = arena_alloc(&a, 100000);
    ck_assert_int_eq(large[99999], 0);
    ck_assert_str_eq(first, "n=1");
    ck_assert_uint_ge(a.used, 104000);
}
END_TEST

START_TEST(arrays_insert_and_remove)
{
    ARRAY(int) a = { 0 };
    for (int i = 0; i < 20; i++)
        *array_push(&a) = i;
    array_remove(&a, 3);
    *array_insert(&a, 0) = -1;
    ck_assert_uint_eq(a.n, 20);
    ck_assert_int_eq(a.v[0], -1);
    ck_assert_int_eq(a.v[4], 4);
    ck_assert_int_eq(a.v[19], 19);
    int sum = 0;
    array_each (it, &a)
        sum += *it;
    ck_assert_int_eq(sum, 190 - 3 - 1);
    array_release(&a);
}
END_TEST

START_TEST(hash_keeps_insertion_order)
{
    struct hash h = { 0 };
    static int values[200];
    char key[16];
    for (int i = 0; i < 200; i++)
        hash_put(&h, slice_make(key, (size_t)snprintf(key, sizeof key, "k%d", i)), &values[i]);
    hash_put(&h, S("k7"), &values[99]);
    ck_assert_uint_eq(h.n, 200);
    ck_assert_ptr_eq(hash_get(&h, S("k7")), &values[99]);
    ck_assert_ptr_eq(hash_get(&h, S("k199")), &values[199]);
    ck_assert_ptr_null(hash_get(&h, S("k200")));
    ck_assert_slice(h.entries[150].key, S("k150"));
    hash_release(&h);
}
END_TEST

static const struct {
    const char *text;
    nsec value; /* < 0: refused */
} durations[] = {
    { "500ms", MILLIS(500) },
    { "5s", SECONDS(5) },
    { "1.5s", MILLIS(1500) },
    { "2m", SECONDS(120) },
    { "1h", SECONDS(3600) },
    { "5", -1 },
    { "s", -1 },
    { "-1s", -1 },
    { "1.2.3s", -1 },
    { "999999999h", -1 },
    { "1.s", -1 },
};

START_TEST(durations_need_a_unit)
{
    nsec value = -1;
    duration_parse(slice_of(durations[_i].text), &value);
    ck_assert_int_eq(value, durations[_i].value);
}
END_TEST

START_TEST(errors_take_a_prefix_and_are_cut_to_fit)
{
    struct error err;
    ck_assert_int_eq(error_set(&err, ERR_TLS, "no %s", "chain"), ERR_TLS);
    error_prefix(&err, "imap://%s", "h");
    ck_assert_str_eq(err.text, "imap://h: no chain");
    ck_assert_str_eq(error_code_name(err.code), "tls");
    char longer[2000] = { 0 };
    memset(longer, 'x', sizeof longer - 1);
    error_set(&err, ERR_RATE, "%s", longer);
    error_prefix(&err, "p");
    ck_assert_uint_lt(strlen(err.text), sizeof err.text);
    ck_assert_int_eq(error_set(NULL, ERR_LOGIN, "x"), ERR_LOGIN);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, slices_compare_without_regard_to_nul);
    tcase_add_test(cases, slice_cut_keeps_empty_fields);
    tcase_add_test(cases, slice_line_takes_crlf_and_lf);
    tcase_add_loop_test(cases, slice_to_u64_refuses_what_is_not_a_number, 0, COUNT(numbers));
    tcase_add_test(cases, buf_stops_at_its_maximum_and_says_so);
    tcase_add_test(cases, arena_pieces_are_zeroed_and_stay);
    tcase_add_test(cases, arrays_insert_and_remove);
    tcase_add_test(cases, hash_keeps_insertion_order);
    tcase_add_loop_test(cases, durations_need_a_unit, 0, COUNT(durations));
    tcase_add_test(cases, errors_take_a_prefix_and_are_cut_to_fit);
}

int main(void)
{
    return run_tests("base", add);
}
