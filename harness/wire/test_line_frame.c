#include "array.h"
#include "line_frame.h"
#include "testing.h"

#define NONE NO_OFFSET
/* Raw octets, NUL included. */
#define RAW(text) text, sizeof(text) - 1

static const struct {
    const char *raw;
    size_t n;
    enum frame got;
    const char *text;
    size_t octets, bare_lf, bare_cr, nul;
} rows[] = {
    { RAW("abc\r\nnext"), FRAME_READY, "abc", 5, NONE, NONE, NONE },
    { RAW("\r\n"), FRAME_READY, "", 2, NONE, NONE, NONE },
    { RAW("\n"), FRAME_READY, "", 1, 0, NONE, NONE },
    { RAW("abc\nx"), FRAME_READY, "abc", 4, 3, NONE, NONE },
    { RAW("a\rb\r\n"), FRAME_READY, "a\rb", 5, NONE, 1, NONE },
    { RAW("a\r\r\n"), FRAME_READY, "a\r", 4, NONE, 1, NONE },
    { RAW("\r\r\r\n"), FRAME_READY, "\r\r", 4, NONE, 0, NONE },
    { RAW("a\rb\n"), FRAME_READY, "a\rb", 4, 3, 1, NONE },
    { RAW("a\0b\0\r\n"), FRAME_READY, NULL, 6, NONE, NONE, 1 },
    { RAW("abc"), FRAME_MORE, NULL, 0, 0, 0, 0 },
    { RAW("abc\r"), FRAME_MORE, NULL, 0, 0, 0, 0 },
    { RAW(""), FRAME_MORE, NULL, 0, 0, 0, 0 },
};

static void check_row(int i, const struct line *line)
{
    if (rows[i].text)
        ck_assert_slice(line->text, slice_of(rows[i].text));
    ck_assert_uint_eq(line->octets, rows[i].octets);
    ck_assert_uint_eq(line->bare_lf, rows[i].bare_lf);
    ck_assert_uint_eq(line->bare_cr, rows[i].bare_cr);
    ck_assert_uint_eq(line->nul, rows[i].nul);
}

START_TEST(line_is_framed_at_once)
{
    struct line_frame f;
    struct line line;
    line_frame_init(&f, 1000);
    ck_assert_int_eq(line_frame_next(&f, slice_make(rows[_i].raw, rows[_i].n), &line),
                     rows[_i].got);
    if (rows[_i].got == FRAME_READY)
        check_row(_i, &line);
}
END_TEST

START_TEST(line_is_framed_at_every_split)
{
    slice all = slice_make(rows[_i].raw, rows[_i].n);
    for (size_t split = 0; split <= all.n; split++) {
        struct line_frame f;
        struct line line;
        line_frame_init(&f, 1000);
        enum frame got = line_frame_next(&f, slice_sub(all, 0, split), &line);
        if (got == FRAME_MORE)
            got = line_frame_next(&f, all, &line);
        ck_assert_int_eq(got, rows[_i].got);
        if (got == FRAME_READY)
            check_row(_i, &line);
    }
}
END_TEST

START_TEST(line_is_framed_octet_by_octet)
{
    struct line_frame f;
    struct line line;
    line_frame_init(&f, 1000);
    for (size_t n = 0; n <= rows[_i].n; n++) {
        enum frame got = line_frame_next(&f, slice_make(rows[_i].raw, n), &line);
        if (got == FRAME_MORE)
            continue;
        ck_assert_int_eq(rows[_i].got, FRAME_READY);
        ck_assert_uint_eq(n, rows[_i].octets);
        check_row(_i, &line);
        return;
    }
    ck_assert_int_eq(rows[_i].got, FRAME_MORE);
}
END_TEST

START_TEST(lines_follow_each_other)
{
    struct line_frame f;
    struct line line;
    slice rest = S("one\r\n\r\ntwo\nrest");
    const char *want[] = { "one", "", "two" };
    line_frame_init(&f, 100);
    for (size_t i = 0; i < COUNT(want); i++) {
        ck_assert_int_eq(line_frame_next(&f, rest, &line), FRAME_READY);
        ck_assert_slice(line.text, slice_of(want[i]));
        rest = slice_skip(rest, line.octets);
    }
    ck_assert_int_eq(line_frame_next(&f, rest, &line), FRAME_MORE);
}
END_TEST

START_TEST(limit_counts_the_line_end)
{
    struct line_frame f;
    struct line line;
    line_frame_init(&f, 5);
    ck_assert_int_eq(line_frame_next(&f, S("abc\r\n"), &line), FRAME_READY);
    line_frame_init(&f, 5);
    ck_assert_int_eq(line_frame_next(&f, S("abcd\r\n"), &line), FRAME_LIMIT);
    ck_assert_int_eq(line_frame_next(&f, S("abcd\r\nmore"), &line), FRAME_LIMIT);
    line_frame_init(&f, 5);
    ck_assert_int_eq(line_frame_next(&f, S("abcd"), &line), FRAME_MORE);
    ck_assert_int_eq(line_frame_next(&f, S("abcde"), &line), FRAME_LIMIT);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, line_is_framed_at_once, 0, COUNT(rows));
    tcase_add_loop_test(cases, line_is_framed_at_every_split, 0, COUNT(rows));
    tcase_add_loop_test(cases, line_is_framed_octet_by_octet, 0, COUNT(rows));
    tcase_add_test(cases, lines_follow_each_other);
    tcase_add_test(cases, limit_counts_the_line_end);
}

int main(void)
{
    return run_tests("line_frame", add);
}
