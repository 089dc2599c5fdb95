/* Date-times of header fields (RFC 5322 3.3 and the obsolete forms of 4.3). */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "slice.h"

struct mail_date {
    int year, month, day;     /* month and day from 1 */
    int hour, minute, second; /* second may be 60 */
    int zone;                 /* minutes east of UTC */
    bool zone_unknown;        /* "-0000" or an obsolete zone without meaning: UTC is assumed */
    int weekday;              /* 0 is Sunday, as written; -1 when it is not written */
};

/* Comments and folding are skipped; the day of the week may be left out and is not compared; the
   seconds and the zone may be left out; the hour may have one digit; years of two and three digits
   are read as RFC 5322 4.3 says. What follows the zone is not looked at. False, *ret untouched, for
   anything else and for days and times that do not exist. */
bool mail_date_parse(slice text, struct mail_date *ret);
/* "Fri, 21 Nov 1997 09:55:06 -0600"; the day of the week is computed. Returns `text`. */
enum { MAIL_DATE_TEXT = 64 };
char *mail_date_format(const struct mail_date *d, char text[MAIL_DATE_TEXT]);
/* Seconds since 1970-01-01 00:00 UTC. */
int64_t mail_date_unix(const struct mail_date *d);
/* The date at that many seconds, in a zone. */
void mail_date_from_unix(int64_t seconds, int zone, struct mail_date *ret);
/* 0 is Sunday. */
int mail_date_weekday(int year, int month, int day);
bool mail_date_exists(int year, int month, int day);

#endif
