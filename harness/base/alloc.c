#include "alloc.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("mailassay: out of memory\n", stderr);
        _Exit(6);
    }
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return checked(strdup(text));
}

char *xslicedup(slice s)
{
    char *copy = xcalloc(s.n + 1, 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    return copy;
}

char *xprintf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return checked(n < 0 ? NULL : text);
}

void autofree_release(void *p)
{
    free(*(void **)p);
}
