#include "array.h"
#include "mail_date.h"
#include "testing.h"

static const int64_t span = 365 * 400; /* days */

static const struct {
    const char *text;
    int64_t seconds;
    const char *formatted;
} rows[] = {
    { "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, "Fri, 21 Nov 1997 09:55:06 -0600" },
    { "Thu, 1 Jan 1970 00:00:00 +0000", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
    { "1 Jan 1970 00:00 GMT", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
    { "Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, "Tue, 1 Jul 2003 10:52:37 +0200" },
    { "Thu, 13 Feb 1969 23:32:54 -0330", -27723426, "Thu, 13 Feb 1969 23:32:54 -0330" },
    { "21 Nov 97 09:55:06 GMT", 880106106, "Fri, 21 Nov 1997 09:55:06 +0000" },
    { "1 Jan 49 00:00:00 UT", 2493072000, "Fri, 1 Jan 2049 00:00:00 +0000" },
    { "1 Jan 50 00:00:00 UT", -631152000, "Sun, 1 Jan 1950 00:00:00 +0000" },
    { "1 Jan 103 00:00:00 UT", 1041379200, "Wed, 1 Jan 2003 00:00:00 +0000" },
    { "29 Feb 2000 12:00:00 EST", 951843600, "Tue, 29 Feb 2000 12:00:00 -0500" },
    { "31 Dec 2016 23:59:60 +0000", 1483228800, "Sat, 31 Dec 2016 23:59:60 +0000" },
    { "  FRI ,  21\r\n nov (x) 1997\t09 : 55 : 06\r\n -0600 (CST)", 880127706,
      "Fri, 21 Nov 1997 09:55:06 -0600" },
    { "Mon, 21 Nov 1997 9:55:06 PDT", 880131306, "Fri, 21 Nov 1997 09:55:06 -0700" },
    { "21 Nov 1997 09:55:06 -0000", 880106106, "Fri, 21 Nov 1997 09:55:06 -0000" },
    { "21 Nov 1997 09:55:06 X", 880106106, "Fri, 21 Nov 1997 09:55:06 -0000" },
    { "21 Nov 1997 09:55:06 CEST", 880106106, "Fri, 21 Nov 1997 09:55:06 -0000" },
    { "21 Nov 1997 09:55:06", 880106106, "Fri, 21 Nov 1997 09:55:06 -0000" },
    { "1 Jan 9999 00:00:00 +0000", 253370764800, "Fri, 1 Jan 9999 00:00:00 +0000" },
};

START_TEST(date_is_read)
{
    struct mail_date d, again;
    char text[MAIL_DATE_TEXT];
    ck_assert(mail_date_parse(slice_of(rows[_i].text), &d));
    ck_assert_int_eq(mail_date_unix(&d), rows[_i].seconds);
    ck_assert_str_eq(mail_date_format(&d, text), rows[_i].formatted);
    mail_date_from_unix(rows[_i].seconds, d.zone, &again);
    ck_assert_int_eq(mail_date_unix(&again), rows[_i].seconds);
    if (d.second < 60) {
        ck_assert_int_eq(again.day, d.day);
        ck_assert_int_eq(again.hour, d.hour);
    }
}
END_TEST

static const char *const bad[] = {
    "",
    "Fri",
    "Fri, 21 Nov",
    "21 Nov 1997",
    "Fri 21 Nov 1997 09:55:06 -0600",
    "32 Jan 2000 00:00:00 +0000",
    "0 Jan 2000 00:00:00 +0000",
    "29 Feb 1900 00:00:00 +0000",
    "30 Feb 2000 00:00:00 +0000",
    "31 Apr 2000 00:00:00 +0000",
    "21 Nox 1997 09:55:06 -0600",
    "21 November 1997 09:55:06 -0600",
    "21 Nov 7 09:55:06 -0600",
    "21 Nov 19977 09:55:06 -0600",
    "21 Nov 1997 24:00:00 -0600",
    "21 Nov 1997 09:60:00 -0600",
    "21 Nov 1997 09:55:61 -0600",
    "21 Nov 1997 09:5:06 -0600",
    "21 Nov 1997 0955 -0600",
    "21 Nov 1997 09:55:06 -060",
    "21 Nov 1997 09:55:06 -0660",
    "21 Nov 1997 09:55:06 -06000",
    "21 Nov 1997 09:55:06 6000",
    "21-Nov-1997 09:55:06 -0600",
};

START_TEST(bad_date_is_refused)
{
    struct mail_date d = { .year = 1 };
    ck_assert(!mail_date_parse(slice_of(bad[_i]), &d));
    ck_assert_int_eq(d.year, 1);
}
END_TEST

START_TEST(weekday_is_as_written)
{
    struct mail_date d;
    ck_assert(mail_date_parse(S("Mon, 21 Nov 1997 09:55:06 -0600"), &d));
    ck_assert_int_eq(d.weekday, 1);
    ck_assert_int_eq(mail_date_weekday(d.year, d.month, d.day), 5);
    ck_assert(mail_date_parse(S("21 Nov 1997 09:55:06 -0600"), &d));
    ck_assert_int_eq(d.weekday, -1);
}
END_TEST

/* Every day of 800 years follows the one before. */
START_TEST(days_follow_each_other)
{
    struct mail_date d, before;
    mail_date_from_unix(-span * 86400, 0, &before);
    for (int64_t day = 1 - span; day < span; day++) {
        mail_date_from_unix(day * 86400, 0, &d);
        ck_assert(mail_date_exists(d.year, d.month, d.day));
        ck_assert_int_eq(mail_date_unix(&d), day * 86400);
        ck_assert_int_eq(d.weekday, (before.weekday + 1) % 7);
        ck_assert(d.day == before.day + 1 || d.day == 1);
        before = d;
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, date_is_read, 0, COUNT(rows));
    tcase_add_loop_test(cases, bad_date_is_refused, 0, COUNT(bad));
    tcase_add_test(cases, weekday_is_as_written);
    tcase_add_test(cases, days_follow_each_other);
}

int main(void)
{
    return run_tests("mail_date", add);
}
