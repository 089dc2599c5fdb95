#include "mail_date.h"
#include "header_lex.h"
#include <stdio.h>

static const char month_names[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_names[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* obs-zone that has a meaning, in minutes. */
static const struct {
    char name[4];
    int zone;
} zone_names[] = {
    { "UT", 0 },     { "GMT", 0 },    { "UTC", 0 },    { "EDT", -240 },
    { "EST", -300 }, { "CDT", -300 }, { "CST", -360 }, { "MDT", -360 },
    { "MST", -420 }, { "PDT", -420 }, { "PST", -480 },
};

static void skip(slice *rest)
{
    lex_skip(rest, NULL, NULL);
}

/* The index of the name that stands at the start, -1 when none does. */
static int take_name(slice *rest, const char names[][4], int n)
{
    size_t letters = 0;
    while (letters < rest->n && ascii_is_alpha(rest->p[letters]))
        letters++;
    for (int i = 0; i < n; i++)
        if (slice_eq_nocase(slice_sub(*rest, 0, letters), slice_of(names[i]))) {
            *rest = slice_skip(*rest, letters);
            return i;
        }
    return -1;
}

/* At least `min` and at most `max` digits, and no further one. */
static bool take_digits(slice *rest, size_t min, size_t max, size_t *ret_n, int *ret)
{
    size_t n = 0;
    uint64_t value;
    while (n < rest->n && ascii_is_digit(rest->p[n]))
        n++;
    if (n < min || n > max || !slice_to_u64(slice_sub(*rest, 0, n), 99999, &value))
        return false;
    *rest = slice_skip(*rest, n);
    *ret_n = n;
    *ret = (int)value;
    return true;
}

/* date = day month year ; RFC 5322 4.3 for years of two and three digits */
static bool take_date(slice *rest, struct mail_date *d)
{
    size_t n;
    skip(rest);
    if (!take_digits(rest, 1, 2, &n, &d->day))
        return false;
    skip(rest);
    d->month = take_name(rest, month_names, 12) + 1;
    skip(rest);
    if (!d->month || !take_digits(rest, 2, 4, &n, &d->year))
        return false;
    if (n == 2)
        d->year += d->year < 50 ? 2000 : 1900;
    else if (n == 3)
        d->year += 1900;
    return mail_date_exists(d->year, d->month, d->day);
}

/* time-of-day = hour ":" minute [ ":" second ] */
static bool take_time(slice *rest, struct mail_date *d)
{
    size_t n;
    skip(rest);
    if (!take_digits(rest, 1, 2, &n, &d->hour))
        return false;
    skip(rest);
    if (!lex_char(rest, ':'))
        return false;
    skip(rest);
    if (!take_digits(rest, 2, 2, &n, &d->minute))
        return false;
    skip(rest);
    if (lex_char(rest, ':')) {
        skip(rest);
        if (!take_digits(rest, 2, 2, &n, &d->second))
            return false;
    }
    return d->hour <= 23 && d->minute <= 59 && d->second <= 60;
}

/* zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone ; an unknown or missing one is as "-0000" */
static bool take_zone(slice *rest, struct mail_date *d)
{
    size_t n;
    int value;
    skip(rest);
    bool minus = rest->n && rest->p[0] == '-';
    if (minus || (rest->n && rest->p[0] == '+')) {
        *rest = slice_skip(*rest, 1);
        if (!take_digits(rest, 4, 4, &n, &value) || value % 100 > 59)
            return false;
        d->zone = (value / 100 * 60 + value % 100) * (minus ? -1 : 1);
        d->zone_unknown = minus && !value;
        return true;
    }
    slice word = lex_until(rest, "(,;");
    for (size_t i = 0; i < sizeof zone_names / sizeof *zone_names; i++)
        if (slice_eq_nocase(word, slice_of(zone_names[i].name))) {
            d->zone = zone_names[i].zone;
            return true;
        }
    d->zone_unknown = true;
    return !word.n || ascii_is_alpha(word.p[0]);
}

/* date-time = [ day-of-week "," ] date time [CFWS] */
bool mail_date_parse(slice text, struct mail_date *ret)
{
    struct mail_date d = { 0 };
    slice rest = text;
    skip(&rest);
    d.weekday = take_name(&rest, day_names, 7);
    skip(&rest);
    if (d.weekday >= 0 && !lex_char(&rest, ','))
        return false;
    if (!take_date(&rest, &d) || !take_time(&rest, &d) || !take_zone(&rest, &d))
        return false;
    *ret = d;
    return true;
}

char *mail_date_format(const struct mail_date *d, char text[MAIL_DATE_TEXT])
{
    int zone = d->zone < 0 ? -d->zone : d->zone;
    snprintf(text, MAIL_DATE_TEXT, "%s, %d %s %04d %02d:%02d:%02d %c%02d%02d",
             day_names[mail_date_weekday(d->year, d->month, d->day)], d->day,
             month_names[d->month - 1], d->year, d->hour, d->minute, d->second,
             d->zone < 0 || d->zone_unknown ? '-' : '+', zone / 60, zone % 60);
    return text;
}

/* Days since 1970-01-01: years are counted from March, so that a leap day is the last of its year,
   in eras of 400 years, which all have 146097 days. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t mail_date_unix(const struct mail_date *d)
{
    return days_of(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 +
           d->second - (int64_t)d->zone * 60;
}

void mail_date_from_unix(int64_t seconds, int zone, struct mail_date *ret)
{
    int64_t local = seconds + (int64_t)zone * 60;
    int64_t days = (local >= 0 ? local : local - 86399) / 86400;
    int left = (int)(local - days * 86400);
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = (int)(doe - (365 * yoe + yoe / 4 - yoe / 100)), mp = (5 * doy + 2) / 153;
    int month = mp < 10 ? mp + 3 : mp - 9;
    *ret = (struct mail_date) { .year = (int)(yoe + era * 400) + (month <= 2),
                                .month = month,
                                .day = doy - (153 * mp + 2) / 5 + 1,
                                .hour = left / 3600,
                                .minute = left / 60 % 60,
                                .second = left % 60,
                                .zone = zone };
    ret->weekday = mail_date_weekday(ret->year, ret->month, ret->day);
}

int mail_date_weekday(int year, int month, int day)
{
    int64_t days = days_of(year, month, day); /* 1970-01-01 was a Thursday */
    return (int)(((days + 4) % 7 + 7) % 7);
}

bool mail_date_exists(int year, int month, int day)
{
    static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1])
        return false;
    return month != 2 || day < 29 || leap;
}
