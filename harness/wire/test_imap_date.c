#include "array.h"
#include "imap_date.h"
#include "testing.h"

static const struct {
    slice text;
    int64_t unix_time;
    const char *canonical; /* NULL: the same */
} datetimes[] = {
    { S("01-Jan-1970 00:00:00 +0000"), 0, " 1-Jan-1970 00:00:00 +0000" },
    { S("17-Jul-1996 02:44:25 -0700"), 837596665, NULL },
    { S(" 9-feb-2000 23:59:60 +0530"), 950121000, " 9-Feb-2000 23:59:60 +0530" },
    { S("29-Feb-2000 12:00:00 +0000"), 951825600, NULL },
    { S("31-Dec-1969 23:59:59 +0000"), -1, NULL },
    { S("13-Dec-1901 20:45:52 +0000"), -2147483648LL, NULL },
    { S("19-JAN-2038 03:14:08 -0000"), 2147483648LL, "19-Jan-2038 03:14:08 +0000" },
    { S("31-Dec-9999 23:59:59 +1400"), 253402250399LL, NULL },
    { S("22-Nov-2026 14:50:01 -0945"), 1795394101, NULL },
};

START_TEST(datetime_is_read_and_written)
{
    struct imap_datetime t;
    char text[IMAP_DATETIME_TEXT];
    ck_assert(imap_datetime_parse(datetimes[_i].text, &t));
    ck_assert_int_eq(imap_datetime_unix(&t), datetimes[_i].unix_time);
    imap_datetime_format(&t, text);
    slice want = datetimes[_i].canonical ? slice_of(datetimes[_i].canonical) : datetimes[_i].text;
    ck_assert_slice(slice_of(text), want);
    struct imap_datetime again = imap_datetime_from_unix(datetimes[_i].unix_time, t.zone);
    ck_assert_int_eq(imap_datetime_unix(&again), datetimes[_i].unix_time);
    if (t.second < 60) {
        ck_assert_int_eq(again.hour, t.hour);
        ck_assert_int_eq(imap_date_cmp(&again.date, &t.date), 0);
    }
}
END_TEST

static const char *const bad_datetimes[] = {
    "",
    "1-Jan-1970 00:00:00 +0000",
    "001-Jan-1970 00:00:00 +0000",
    "00-Jan-1970 00:00:00 +0000",
    "32-Jan-1970 00:00:00 +0000",
    "29-Feb-1900 00:00:00 +0000",
    "31-Apr-1970 00:00:00 +0000",
    "01-Foo-1970 00:00:00 +0000",
    "01-01-1970 00:00:00 +0000",
    "01-Jan-70 00:00:00 +0000",
    "01 Jan 1970 00:00:00 +0000",
    "01-Jan-1970  0:00:00 +0000",
    "01-Jan-1970 24:00:00 +0000",
    "01-Jan-1970 00:60:00 +0000",
    "01-Jan-1970 00:00:61 +0000",
    "01-Jan-1970 00:00 +0000",
    "01-Jan-1970 00:00:00",
    "01-Jan-1970 00:00:00 ",
    "01-Jan-1970 00:00:00 0000",
    "01-Jan-1970 00:00:00 +000",
    "01-Jan-1970 00:00:00 +0060",
    "01-Jan-1970 00:00:00 +00:00",
    "01-Jan-1970 00:00:00 GMT",
    "01-Jan-1970 00:00:00 +0000 ",
    "  1-Jan-1970 00:00:00 +0000",
    "-1-Jan-1970 00:00:00 +0000",
    "+1-Jan-1970 00:00:00 +0000",
    "Thu, 01 Jan 1970 00:00:00 +0000",
};

START_TEST(bad_datetime_is_refused)
{
    struct imap_datetime t = { .hour = 77 };
    ck_assert_msg(!imap_datetime_parse(slice_of(bad_datetimes[_i]), &t), "%s", bad_datetimes[_i]);
    ck_assert_int_eq(t.hour, 77);
}
END_TEST

START_TEST(dates)
{
    static const char *const bad[] = { "",           "1-Feb-94",    " 1-Feb-1994",   "001-Feb-1994",
                                       "0-Feb-1994", "30-Feb-1994", "1-Feb-1994 ",   "1-Feb-19940",
                                       "-Feb-1994",  "1/Feb/1994",  "\"1-Feb-1994\"" };
    struct imap_date d, e;
    char text[IMAP_DATE_TEXT];
    ck_assert(imap_date_parse(S("01-fEb-1994"), &d));
    ck_assert_str_eq(imap_date_format(&d, text), "1-Feb-1994");
    ck_assert(imap_date_parse(S("28-Feb-1994"), &e));
    ck_assert_int_lt(imap_date_cmp(&d, &e), 0);
    ck_assert(imap_date_parse(S("1-Jan-1995"), &d));
    ck_assert_int_gt(imap_date_cmp(&d, &e), 0);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!imap_date_parse(slice_of(bad[i]), &d), "%s", bad[i]);
}
END_TEST

/* Every day of 800 years, against counting. */
START_TEST(calendar_has_no_gap)
{
    struct imap_datetime last = imap_datetime_from_unix(-17987443200LL, 0); /* in 1400 */
    for (int64_t day = 1; day < 800 * 366; day++) {
        struct imap_datetime t = imap_datetime_from_unix(-17987443200LL + day * 86400, 0);
        ck_assert_int_eq(imap_datetime_unix(&t), -17987443200LL + day * 86400);
        bool next_day = t.date.day == last.date.day + 1 && t.date.month == last.date.month;
        bool next_month =
            t.date.day == 1 && last.date.day >= 28 &&
            (t.date.month == last.date.month + 1 ||
             (t.date.month == 1 && last.date.month == 12 && t.date.year == last.date.year + 1));
        ck_assert(next_day || next_month);
        last = t;
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, datetime_is_read_and_written, 0, COUNT(datetimes));
    tcase_add_loop_test(cases, bad_datetime_is_refused, 0, COUNT(bad_datetimes));
    tcase_add_test(cases, dates);
    tcase_add_test(cases, calendar_has_no_gap);
}

int main(void)
{
    return run_tests("imap_date", add);
}
