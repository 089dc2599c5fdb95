/* What becomes of a message or a command: a reply code, a status code (RFC 3463) and words. */
#ifndef SMTP_OUTCOME_H
#define SMTP_OUTCOME_H

#include <stdbool.h>

struct smtp_outcome {
    int code;             /* 250, 452, 550, ...; 0: none yet */
    const char *enhanced; /* "5.1.1"; a literal */
    char text[160];
};

/* Fills all three and returns false when the code is a refusal (400 and up). */
bool smtp_outcome_set(struct smtp_outcome *o, int code, const char *enhanced, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

#endif
