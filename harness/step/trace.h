/* Comparing a message with what arrived: octet for octet, but for the trace headers that delivery
   may put in front (RFC 5321 4.4) and those that a scenario declares. */
#ifndef TRACE_H
#define TRACE_H

#include "arena.h"
#include "slice.h"

/* Header fields that may be added: Return-Path, Received and what agents add on delivery. */
extern const char *const trace_fields[];

/* Equal but for trace fields, and for a final CRLF that transport adds to a message without one.
   *ret_at is the first octet of the stripped text that differs. */
bool trace_equal(slice sent, slice got, const slice *extra, size_t n_extra, slice *ret_stripped,
                 size_t *ret_at);

#endif
