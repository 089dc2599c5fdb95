/* An environment failure: a code and one sentence for a person. It travels upwards by return
   value (negative) and is never a verdict about the server; verdicts are data. */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum error_code {
    ERR_NONE = 0,
    ERR_USAGE = -1,     /* wrong command line */
    ERR_FILE = -2,      /* a scenario, target, baseline or profile file is wrong */
    ERR_NETWORK = -3,   /* refused, reset, unreachable, unexpected end */
    ERR_TIMEOUT = -4,   /* our deadline passed */
    ERR_TLS = -5,       /* handshake or verification failed */
    ERR_LOGIN = -6,     /* the target refused our credentials */
    ERR_RATE = -7,      /* the target said that we are too many or too fast */
    ERR_LIMIT = -8,     /* a limit of ours on what the peer may send was hit */
    ERR_CANCEL = -9,    /* this task was cancelled */
    ERR_REFUSED = -10,  /* the target refused a command that setting up needs */
    ERR_INTERNAL = -11, /* our own fault: report not writable, bad state */
};

struct error {
    enum error_code code;
    char text[500];
};

/* Fills *err (which may be NULL) and returns the code, so that `return error_set(...)` reads
   well. The text is cut to fit and carries no final full stop or newline. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "prefix: " in front of the sentence. */
void error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "network", "timeout", ... for reports. */
const char *error_code_name(enum error_code code);

#endif
