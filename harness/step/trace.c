#include "trace.h"
#include "array.h"
#include "mime_header.h"

const char *const trace_fields[] = { "Return-Path",           "Received",           "Delivered-To",
                                     "X-Original-To",         "Envelope-To",        "X-Sieve",
                                     "Delivery-Date",         "X-Cyrus-Session-Id", "Received-SPF",
                                     "Authentication-Results" };

static bool is_trace(slice name, const slice *extra, size_t n_extra)
{
    for (size_t i = 0; i < COUNT(trace_fields); i++)
        if (slice_eq_nocase(name, slice_of(trace_fields[i])))
            return true;
    for (size_t i = 0; i < n_extra; i++)
        if (slice_eq_nocase(name, extra[i]))
            return true;
    return false;
}

/* `got` without the trace fields in front. */
static slice strip(slice got, const slice *extra, size_t n_extra)
{
    slice rest = got;
    struct mime_field field;
    size_t n = 0;
    while (mime_field_next(got, &rest, &field) && is_trace(field.name, extra, n_extra))
        n = field.offset + field.raw.n;
    return slice_skip(got, n);
}

bool trace_equal(slice sent, slice got, const slice *extra, size_t n_extra, slice *ret_stripped,
                 size_t *ret_at)
{
    /* A message may begin with a trace field of its own, which must not be stripped with the rest. */
    slice front = slice_sub(got, 0, got.n > sent.n ? got.n - sent.n : 0);
    bool whole = slice_ends(got, sent) && strip(front, extra, n_extra).n == 0;
    slice stripped = whole ? slice_skip(got, front.n) : strip(got, extra, n_extra);
    size_t i = 0;
    while (i < stripped.n && i < sent.n && stripped.p[i] == sent.p[i])
        i++;
    *ret_stripped = stripped;
    *ret_at = i;
    if (i == sent.n && i == stripped.n)
        return true;
    return i == sent.n && !slice_ends(sent, S("\r\n")) &&
           slice_eq(slice_skip(stripped, i), S("\r\n"));
}
