#include "error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (!err)
        return code;
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
    if (!err)
        return;
    char rest[sizeof err->text], prefix[200];
    memcpy(rest, err->text, sizeof rest);
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    snprintf(err->text, sizeof err->text, "%s: %.*s", prefix,
             (int)(sizeof err->text - strlen(prefix) - 3), rest);
}

const char *error_code_name(enum error_code code)
{
    static const char *const names[] = { "none",    "usage",     "file",    "network",
                                         "timeout", "tls",       "login",   "rate limited",
                                         "limit",   "cancelled", "refused", "internal" };
    unsigned i = (unsigned)-(int)code;
    return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
