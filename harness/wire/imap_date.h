/* The two date forms of IMAP (RFC 9051 9): date-time, as in INTERNALDATE and APPEND, and date, as
   in SEARCH. */
#ifndef IMAP_DATE_H
#define IMAP_DATE_H

#include "slice.h"

struct imap_date {
    int year, month, day; /* 0..9999, 1..12, 1..31 */
};

struct imap_datetime {
    struct imap_date date;
    int hour, minute, second; /* second may be 60 */
    int zone;                 /* minutes east of UTC */
};

enum { IMAP_DATE_TEXT = 12, IMAP_DATETIME_TEXT = 27 }; /* with the final NUL */

/* date-time without its quotes: "17-Jul-1996 02:44:25 -0700", a day below ten as " 1" or "01". The
   month's name in any case. False, *ret untouched, for anything else, or a day that the calendar
   does not have. */
bool imap_datetime_parse(slice text, struct imap_datetime *ret);
/* date-text: "1-Feb-1994" or "01-Feb-1994", without quotes. */
bool imap_date_parse(slice text, struct imap_date *ret);

/* Write the canonical form and return `text`. The fields are in their ranges. */
char *imap_datetime_format(const struct imap_datetime *t, char text[IMAP_DATETIME_TEXT]);
char *imap_date_format(const struct imap_date *d, char text[IMAP_DATE_TEXT]);

/* Seconds since 1970-01-01T00:00:00Z, negative before. Proleptic Gregorian calendar. */
int64_t imap_datetime_unix(const struct imap_datetime *t);
/* The same instant shown in a zone `zone` minutes east of UTC. */
struct imap_datetime imap_datetime_from_unix(int64_t seconds, int zone);
/* -1, 0, 1. */
int imap_date_cmp(const struct imap_date *a, const struct imap_date *b);

#endif
