/* What the tests of streams say to each other; every step is asserted. */
#ifndef TEST_STREAM_TALK_H
#define TEST_STREAM_TALK_H

#include "stream.h"
#include "testing.h"

enum { TALK_SECONDS = 60 };

static inline void say(struct stream *s, slice data)
{
    int r = stream_write_slice(s, data, now() + SECONDS(TALK_SECONDS));
    ck_assert_msg(r == 0, "write: %s", stream_error(s));
}

/* Exactly these bytes come next, in pieces of any size. */
static inline void expect(struct stream *s, slice want)
{
    char data[256];
    size_t n = 0;
    while (n < want.n) {
        ssize_t got = stream_read(s, data + n, want.n - n, now() + SECONDS(TALK_SECONDS));
        ck_assert_msg(got > 0, "read: %zd, %s", got, stream_error(s));
        n += (size_t)got;
    }
    ck_assert_slice(slice_make(data, n), want);
}

static inline void expect_failure(struct stream *s, int code, enum stream_cause cause,
                                  const char *text)
{
    char byte;
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(TALK_SECONDS)), code);
    ck_assert_str_eq(stream_cause_name(stream_cause(s)), stream_cause_name(cause));
    ck_assert_str_eq(stream_error(s), text);
}

static inline void expect_end(struct stream *s)
{
    char byte;
    ck_assert_int_eq(stream_read(s, &byte, 1, now() + SECONDS(TALK_SECONDS)), 0);
    ck_assert_int_eq(stream_cause(s), CAUSE_END);
}

#endif
