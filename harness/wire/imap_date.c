#include "imap_date.h"
#include <assert.h>
#include <stdio.h>

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Exactly n digits off *rest. */
static bool take_digits(slice *rest, size_t n, int *ret)
{
    uint64_t value;
    if (rest->n < n || !slice_to_u64(slice_sub(*rest, 0, n), 9999, &value))
        return false;
    *ret = (int)value;
    *rest = slice_skip(*rest, n);
    return true;
}

static bool take_char(slice *rest, char c)
{
    if (!rest->n || rest->p[0] != c)
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

static bool take_month(slice *rest, int *ret)
{
    for (int i = 0; i < 12; i++)
        if (slice_starts_nocase(*rest, slice_of(months[i]))) {
            *ret = i + 1;
            *rest = slice_skip(*rest, 3);
            return true;
        }
    return false;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool exists(const struct imap_date *d)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int last = days[d->month - 1] + (d->month == 2 && is_leap(d->year));
    return d->day >= 1 && d->day <= last;
}

/* "-" date-month "-" date-year */
static bool take_month_year(slice *rest, struct imap_date *d)
{
    return take_char(rest, '-') && take_month(rest, &d->month) && take_char(rest, '-') &&
           take_digits(rest, 4, &d->year) && exists(d);
}

/* zone = ("+" / "-") 4DIGIT ; hhmm */
static bool take_zone(slice *rest, int *ret)
{
    int hours, minutes;
    bool west = rest->n && rest->p[0] == '-';
    if (!west && !(rest->n && rest->p[0] == '+'))
        return false;
    *rest = slice_skip(*rest, 1);
    if (!take_digits(rest, 2, &hours) || !take_digits(rest, 2, &minutes) || minutes > 59)
        return false;
    *ret = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT */
static bool take_time(slice *rest, struct imap_datetime *t)
{
    return take_digits(rest, 2, &t->hour) && take_char(rest, ':') &&
           take_digits(rest, 2, &t->minute) && take_char(rest, ':') &&
           take_digits(rest, 2, &t->second) && t->hour < 24 && t->minute < 60 && t->second <= 60;
}

/* date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
   date-day-fixed = (SP DIGIT) / 2DIGIT */
bool imap_datetime_parse(slice text, struct imap_datetime *ret)
{
    struct imap_datetime t = { 0 };
    size_t day_digits = take_char(&text, ' ') ? 1 : 2;
    if (!take_digits(&text, day_digits, &t.date.day) || !take_month_year(&text, &t.date) ||
        !take_char(&text, ' ') || !take_time(&text, &t) || !take_char(&text, ' ') ||
        !take_zone(&text, &t.zone) || text.n)
        return false;
    *ret = t;
    return true;
}

/* date-text = date-day "-" date-month "-" date-year
   date-day  = 1*2DIGIT */
bool imap_date_parse(slice text, struct imap_date *ret)
{
    struct imap_date d = { 0 };
    size_t day_digits = text.n > 1 && ascii_is_digit(text.p[1]) ? 2 : 1;
    if (!take_digits(&text, day_digits, &d.day) || !take_month_year(&text, &d) || text.n)
        return false;
    *ret = d;
    return true;
}

static void check_date(const struct imap_date *d)
{
    assert(d->year >= 0 && d->year <= 9999 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
           d->day <= 31);
}

char *imap_date_format(const struct imap_date *d, char text[IMAP_DATE_TEXT])
{
    check_date(d);
    snprintf(text, IMAP_DATE_TEXT, "%u-%s-%04u", (unsigned)d->day % 100, months[d->month - 1],
             (unsigned)d->year % 10000);
    return text;
}

char *imap_datetime_format(const struct imap_datetime *t, char text[IMAP_DATETIME_TEXT])
{
    unsigned zone = (unsigned)(t->zone < 0 ? -t->zone : t->zone);
    check_date(&t->date);
    assert(t->hour >= 0 && t->hour < 24 && t->minute >= 0 && t->minute < 60 && t->second >= 0 &&
           t->second <= 60 && zone < 100 * 60);
    snprintf(text, IMAP_DATETIME_TEXT, "%2u-%s-%04u %02u:%02u:%02u %c%02u%02u",
             (unsigned)t->date.day % 100, months[t->date.month - 1], (unsigned)t->date.year % 10000,
             (unsigned)t->hour % 100, (unsigned)t->minute % 100, (unsigned)t->second % 100,
             t->zone < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
    return text;
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day comes last. */
static int64_t days_of(const struct imap_date *d)
{
    int64_t year = d->year - (d->month <= 2), month = (d->month + 9) % 12;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * month + 2) / 5 + d->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct imap_date date_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    struct imap_date d = { .day = (int)(of_year - (153 * month + 2) / 5 + 1),
                           .month = (int)(month < 10 ? month + 3 : month - 9) };
    d.year = (int)(year + era * 400 + (d.month <= 2));
    return d;
}

int64_t imap_datetime_unix(const struct imap_datetime *t)
{
    return days_of(&t->date) * 86400 + t->hour * 3600 + t->minute * 60 + t->second - t->zone * 60;
}

struct imap_datetime imap_datetime_from_unix(int64_t seconds, int zone)
{
    seconds += zone * 60;
    int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
    int rest = (int)(seconds - days * 86400);
    return (struct imap_datetime) { .date = date_of(days),
                                    .hour = rest / 3600,
                                    .minute = rest / 60 % 60,
                                    .second = rest % 60,
                                    .zone = zone };
}

static int int_cmp(int a, int b)
{
    return (a > b) - (a < b);
}

int imap_date_cmp(const struct imap_date *a, const struct imap_date *b)
{
    int order = int_cmp(a->year, b->year);
    if (!order)
        order = int_cmp(a->month, b->month);
    return order ? order : int_cmp(a->day, b->day);
}
