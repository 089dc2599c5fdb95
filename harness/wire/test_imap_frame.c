#include "alloc.h"
#include "array.h"
#include "buf.h"
#include "imap_frame.h"
#include "testing.h"
#include <stdlib.h>

#define NONE IMAP_NOWHERE

static const struct row {
    enum imap_frame_side side;
    slice in;
    bool complete;
    size_t length, n_literals, bare_lf, bare_cr;
} rows[] = {
#define ROW(side, in, length, literals, lf, cr)                                                    \
    { IMAP_FRAME_##side, S(in), true, length, literals, lf, cr },
#define MORE(side, in) { IMAP_FRAME_##side, S(in), false, 0, 0, NONE, NONE },
#include "imap_frame_rows.def"
#undef ROW
#undef MORE
};

/* Scans a copy of exactly n octets, so that nothing can look behind the end. */
static enum imap_frame_status scan(struct imap_framer *f, slice in, size_t n,
                                   struct imap_frame *ret)
{
    autofree char *copy = xslicedup(slice_sub(in, 0, n));
    enum imap_frame_status status = imap_framer_scan(f, slice_make(copy, n), ret);
    while (status == IMAP_FRAME_CONTINUE)
        status = imap_framer_scan(f, slice_make(copy, n), ret);
    return status;
}

static void check_row(const struct row *row, enum imap_frame_status status,
                      const struct imap_frame *frame)
{
    if (!row->complete) {
        ck_assert_int_eq(status, IMAP_FRAME_MORE);
        return;
    }
    ck_assert_int_eq(status, IMAP_FRAME_COMPLETE);
    ck_assert_uint_eq(frame->length, row->length);
    ck_assert_uint_eq(frame->n_literals, row->n_literals);
    ck_assert_uint_eq(frame->bare_lf, row->bare_lf);
    ck_assert_uint_eq(frame->bare_cr, row->bare_cr);
    ck_assert_int_eq(frame->limit, IMAP_LIMIT_NONE);
}

START_TEST(whole)
{
    struct imap_framer f;
    struct imap_frame frame = { 0 };
    imap_framer_init(&f, rows[_i].side);
    check_row(&rows[_i], scan(&f, rows[_i].in, rows[_i].in.n, &frame), &frame);
}
END_TEST

START_TEST(byte_by_byte)
{
    const struct row *row = &rows[_i];
    struct imap_framer f;
    struct imap_frame frame = { 0 };
    imap_framer_init(&f, row->side);
    size_t end = row->complete ? row->length : row->in.n;
    enum imap_frame_status status = IMAP_FRAME_MORE;
    for (size_t n = 0; n <= end; n++) {
        ck_assert_int_eq(status, IMAP_FRAME_MORE);
        status = scan(&f, row->in, n, &frame);
    }
    check_row(row, status, &frame);
}
END_TEST

START_TEST(every_split)
{
    const struct row *row = &rows[_i];
    for (size_t cut = 0; cut <= row->in.n; cut++) {
        struct imap_framer f;
        struct imap_frame frame = { 0 };
        imap_framer_init(&f, row->side);
        enum imap_frame_status status = scan(&f, row->in, cut, &frame);
        if (status == IMAP_FRAME_MORE)
            status = scan(&f, row->in, row->in.n, &frame);
        check_row(row, status, &frame);
    }
}
END_TEST

START_TEST(units_follow_one_another)
{
    static const slice units[] = { { "* OK x {3}\r\n", 12 },
                                   { "* LIST () NIL {2}\r\n\r\n\r\n", 23 },
                                   { "* 1 EXISTS\n", 11 },
                                   { "A OK y\r\n", 8 } };
    slice rest = S("* OK x {3}\r\n* LIST () NIL {2}\r\n\r\n\r\n* 1 EXISTS\nA OK y\r\n");
    struct imap_framer f;
    struct imap_frame frame;
    imap_framer_init(&f, IMAP_FRAME_RESPONSES);
    for (size_t i = 0; i < COUNT(units); i++) {
        ck_assert_int_eq(imap_framer_scan(&f, rest, &frame), IMAP_FRAME_COMPLETE);
        ck_assert_slice(slice_sub(rest, 0, frame.length), units[i]);
        rest = slice_skip(rest, frame.length);
    }
    ck_assert_uint_eq(rest.n, 0);
    ck_assert_int_eq(imap_framer_scan(&f, rest, &frame), IMAP_FRAME_MORE);
}
END_TEST

START_TEST(server_stops_at_each_synchronising_literal)
{
    slice in = S("A1 LOGIN {3}\r\nabc {2+}\r\nde {1}\r\nf\r\n");
    struct imap_framer f;
    struct imap_frame frame;
    imap_framer_init(&f, IMAP_FRAME_COMMANDS);
    ck_assert_int_eq(imap_framer_scan(&f, in, &frame), IMAP_FRAME_CONTINUE);
    ck_assert_uint_eq(frame.length, 14);
    ck_assert_uint_eq(frame.literal, 3);
    ck_assert(frame.synchronising);
    ck_assert_int_eq(imap_framer_scan(&f, slice_sub(in, 0, 14), &frame), IMAP_FRAME_MORE);
    ck_assert_int_eq(imap_framer_scan(&f, in, &frame), IMAP_FRAME_CONTINUE);
    ck_assert_uint_eq(frame.length, 32);
    ck_assert_uint_eq(frame.n_literals, 3);
    ck_assert_int_eq(imap_framer_scan(&f, in, &frame), IMAP_FRAME_COMPLETE);
    ck_assert_uint_eq(frame.length, in.n);
}
END_TEST

START_TEST(server_refuses_a_literal_and_goes_on)
{
    slice in = S("A1 LOGIN {99999}\r\n");
    struct imap_framer f;
    struct imap_frame frame;
    imap_framer_init(&f, IMAP_FRAME_COMMANDS);
    f.literal_max = 1000;
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(imap_framer_scan(&f, in, &frame), IMAP_FRAME_LIMIT);
        ck_assert_int_eq(frame.limit, IMAP_LIMIT_LITERAL);
        ck_assert(frame.synchronising);
        ck_assert_uint_eq(frame.literal, 99999);
        ck_assert_uint_eq(frame.length, in.n);
    }
    imap_framer_reset(&f);
    ck_assert_int_eq(imap_framer_scan(&f, S("A2 NOOP\r\n"), &frame), IMAP_FRAME_COMPLETE);
    ck_assert_uint_eq(f.literal_max, 1000);
}
END_TEST

static const struct {
    slice in;
    size_t line_max, literal_max, unit_max;
    enum imap_frame_limit limit; /* of the input; NONE: complete */
} limits[] = {
    { S("* OK 34567\r\n"), 12, 99, 99, IMAP_LIMIT_NONE },
    { S("* OK 34567\r\n"), 11, 99, 99, IMAP_LIMIT_LINE },
    { S("* OK 34567"), 9, 99, 99, IMAP_LIMIT_LINE },
    { S("* LIST {3}\r\nabc\r\n"), 14, 3, 17, IMAP_LIMIT_NONE },
    { S("* LIST {3}\r\nabc\r\n"), 13, 3, 17, IMAP_LIMIT_LINE },
    { S("* LIST {3}\r\nabc\r\n"), 14, 2, 17, IMAP_LIMIT_LITERAL },
    { S("* LIST {3}\r\nabc\r\n"), 14, 3, 16, IMAP_LIMIT_UNIT },
    { S("* LIST {30}\r\nabc\r\n"), 99, 99, 40, IMAP_LIMIT_UNIT },
    { S("* LIST {9223372036854775807}\r\n"), 99, 99, 99, IMAP_LIMIT_LITERAL },
    { S("* LIST {9223372036854775808}\r\n"), 99, SIZE_MAX - 1, 99, IMAP_LIMIT_LITERAL },
    { S("* LIST {99999999999999999999999}\r\n"), 99, 99, 99, IMAP_LIMIT_LITERAL },
    { S("* LIST {9223372036854775807}\r\n"), 99, SIZE_MAX, SIZE_MAX / 2, IMAP_LIMIT_UNIT },
};

START_TEST(limits_are_told_whole_and_byte_by_byte)
{
    for (size_t step = 1; step <= limits[_i].in.n; step += limits[_i].in.n - 1) {
        struct imap_framer f;
        struct imap_frame frame = { 0 };
        imap_framer_init(&f, IMAP_FRAME_RESPONSES);
        f.line_max = limits[_i].line_max;
        f.literal_max = limits[_i].literal_max;
        f.unit_max = limits[_i].unit_max;
        enum imap_frame_status status = IMAP_FRAME_MORE;
        for (size_t n = step; n <= limits[_i].in.n && status == IMAP_FRAME_MORE; n += step)
            status = scan(&f, limits[_i].in, n, &frame);
        ck_assert_int_eq(frame.limit, limits[_i].limit);
        ck_assert_int_eq(status, limits[_i].limit ? IMAP_FRAME_LIMIT : IMAP_FRAME_COMPLETE);
    }
}
END_TEST

START_TEST(number_of_literals_is_limited)
{
    auto_buf b;
    struct imap_framer f;
    struct imap_frame frame;
    buf_init(&b, BUF_OURS);
    for (int i = 0; i <= IMAP_LITERALS_MAX; i++)
        buf_adds(&b, "{0}\r\n");
    imap_framer_init(&f, IMAP_FRAME_RESPONSES);
    ck_assert_int_eq(imap_framer_scan(&f, buf_slice(&b), &frame), IMAP_FRAME_LIMIT);
    ck_assert_int_eq(frame.limit, IMAP_LIMIT_COUNT);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, whole, 0, COUNT(rows));
    tcase_add_loop_test(cases, byte_by_byte, 0, COUNT(rows));
    tcase_add_loop_test(cases, every_split, 0, COUNT(rows));
    tcase_add_test(cases, units_follow_one_another);
    tcase_add_test(cases, server_stops_at_each_synchronising_literal);
    tcase_add_test(cases, server_refuses_a_literal_and_goes_on);
    tcase_add_loop_test(cases, limits_are_told_whole_and_byte_by_byte, 0, COUNT(limits));
    tcase_add_test(cases, number_of_literals_is_limited);
}

int main(void)
{
    return run_tests("imap_frame", add);
}
