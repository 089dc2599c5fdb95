/* Borrowed bytes. A slice never owns what it points at and need not end in NUL: wire data may
   hold NUL and 8-bit octets. Pass it by value. {NULL, 0} is the empty slice. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct slice {
    const char *p;
    size_t n;
} slice;

/* The slice of a string literal, its final NUL left out. */
#define S(literal) ((slice) { "" literal, sizeof(literal) - 1 })
/* printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s) (int)(s).n, (s).p

static inline slice slice_of(const char *text)
{
    return (slice) { text, text ? strlen(text) : 0 };
}

static inline slice slice_make(const void *p, size_t n)
{
    return (slice) { p, n };
}

static inline bool slice_is_empty(slice s)
{
    return s.n == 0;
}

/* Bytes [from, to) of s; both ends are clamped to its length. */
slice slice_sub(slice s, size_t from, size_t to);
/* s without its first n bytes (all of them if n is larger). */
slice slice_skip(slice s, size_t n);

bool slice_eq(slice a, slice b);
/* As slice_eq, with ASCII letters equal in either case; every other octet must be identical. */
bool slice_eq_nocase(slice a, slice b);
bool slice_eq_str(slice a, const char *text);
bool slice_starts(slice s, slice prefix);
bool slice_starts_nocase(slice s, slice prefix);
bool slice_ends(slice s, slice suffix);
/* memcmp order, a shorter prefix first. */
int slice_cmp(slice a, slice b);

/* Offset of the first c / needle, or SIZE_MAX when there is none. */
size_t slice_find_char(slice s, char c);
size_t slice_find(slice s, slice needle);
size_t slice_find_nocase(slice s, slice needle);

/* s without the space, tab, CR and LF at both ends. */
slice slice_trim(slice s);

/* Takes the bytes up to the first `sep` off *rest into *ret and skips the separator. Without a
   separator the whole rest is taken. False, and *ret untouched, once *rest is exhausted
   (rest->p == NULL): "a,,b" gives "a", "", "b"; an empty slice with p != NULL gives one "". */
bool slice_cut(slice *rest, char sep, slice *ret);

/* Takes one line off *rest, without its CRLF or LF. False when *rest is empty. */
bool slice_line(slice *rest, slice *ret);

/* Decimal digits only, all of s, no sign, at most `max`. False and *ret untouched otherwise. */
bool slice_to_u64(slice s, uint64_t max, uint64_t *ret);

/* ASCII only, whatever the locale. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}
static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ascii_is_alnum(char c)
{
    return ascii_is_digit(c) || ascii_is_alpha(c);
}

#endif
