#include "testing.h"
#include "array.h"
#include "trace.h"

#define SENT "From: a\r\nSubject: s\r\n\r\nbody\r\n"

static const struct {
    const char *sent, *got;
    bool equal;
} rows[] = {
    { SENT, SENT, true },
    { SENT, "Return-Path: <a>\r\nReceived: from x\r\n\tby y; now\r\n" SENT, true },
    { SENT, "X-Extra: 1\r\n" SENT, true },
    { SENT, "X-Other: 1\r\n" SENT, false },
    { SENT, "From: a\r\nReceived: x\r\nSubject: s\r\n\r\nbody\r\n", false },
    { SENT, "From: a\r\nSubject: s\r\n\r\nbody", false },
    { SENT, SENT "\r\n", false },
    { "A: b\r\n\r\nno end", "A: b\r\n\r\nno end\r\n", true },
    { "A: b\r\n\r\nno end", "A: b\r\n\r\nno end\r\n\r\n", false },
    { "Received: mine\r\nA: b\r\n\r\n", "Received: new\r\nReceived: mine\r\nA: b\r\n\r\n", true },
};

START_TEST(trace_headers_in_front_do_not_count)
{
    slice stripped, extra = S("X-Extra");
    size_t at;
    ck_assert_int_eq(
        trace_equal(slice_of(rows[_i].sent), slice_of(rows[_i].got), &extra, 1, &stripped, &at),
        rows[_i].equal);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, trace_headers_in_front_do_not_count, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("trace", add);
}
