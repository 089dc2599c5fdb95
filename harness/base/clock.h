/* Times. A duration or a monotonic instant is an nsec; the monotonic clock itself is the
   scheduler's (task.h: now()), because it may be virtual. */
#ifndef CLOCK_H
#define CLOCK_H

#include "slice.h"
#include <time.h>

typedef int64_t nsec;
#define SECONDS(n) ((nsec)(n)*1000000000)
#define MILLIS(n) ((nsec)(n)*1000000)
#define NEVER INT64_MAX

/* "500ms", "5s", "2m", "1h": a decimal number (a fraction is allowed) and a unit. False and
   *ret untouched for anything else. */
bool duration_parse(slice text, nsec *ret);
/* Writes "12 ms", "5.04 s" or "3 m 20 s" into `text`, which it returns. */
char *duration_text(nsec d, char text[32]);
/* "2026-11-22T14:50:01Z" */
char *utc_text(time_t t, char text[32]);

#endif
