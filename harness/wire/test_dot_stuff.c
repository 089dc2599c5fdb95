#include "array.h"
#include "dot_stuff.h"
#include "testing.h"

#define RAW(text) text, sizeof(text) - 1

static const struct {
    const char *message;
    size_t n;
    const char *stuffed;
} messages[] = {
    { RAW(""), ".\r\n" },
    { RAW("a\r\n"), "a\r\n.\r\n" },
    { RAW("a"), "a\r\n.\r\n" },
    { RAW("\r\n"), "\r\n.\r\n" },
    { RAW("."), "..\r\n.\r\n" },
    { RAW(".\r\n"), "..\r\n.\r\n" },
    { RAW("a\r\n.\r\nb\r\n"), "a\r\n..\r\nb\r\n.\r\n" },
    { RAW("..a\r\n.b.\r\n"), "...a\r\n..b.\r\n.\r\n" },
    { RAW("a\n.\nb"), "a\n.\nb\r\n.\r\n" }, /* a bare LF starts no line */
    { RAW("a\r.\rb"), "a\r.\rb\r\n.\r\n" },
    { RAW("a\r"), "a\r\r\n.\r\n" },
    { RAW("a\n"), "a\n\r\n.\r\n" },
    { RAW("a\r\r\n."), "a\r\r\n..\r\n.\r\n" },
    { RAW("a\r\n\n."), "a\r\n\n.\r\n.\r\n" },
};

START_TEST(message_is_stuffed_at_every_split)
{
    slice all = slice_make(messages[_i].message, messages[_i].n);
    for (size_t split = 0; split <= all.n; split++) {
        auto_buf out;
        struct dot_encoder e = { 0 };
        buf_init(&out, 100);
        ck_assert(dot_encode(&e, slice_sub(all, 0, split), &out));
        ck_assert(dot_encode(&e, slice_skip(all, split), &out));
        ck_assert(dot_encode_end(&e, &out));
        ck_assert_slice(buf_slice(&out), slice_of(messages[_i].stuffed));
    }
}
END_TEST

START_TEST(message_comes_back)
{
    auto_buf wire, out;
    struct dot_decoder d = { 0 };
    size_t used;
    slice message = slice_make(messages[_i].message, messages[_i].n);
    buf_init(&wire, 100);
    buf_init(&out, 100);
    ck_assert(dot_encode_all(message, &wire));
    ck_assert_int_eq(dot_decode(&d, buf_slice(&wire), &out, &used), FRAME_READY);
    ck_assert_uint_eq(used, wire.n);
    ck_assert(!d.unstuffed);
    /* All that is new is the CRLF that the last line lacked. */
    ck_assert(slice_starts(buf_slice(&out), message));
    ck_assert(out.n == message.n || slice_eq(slice_skip(buf_slice(&out), message.n), S("\r\n")));
}
END_TEST

/* Data as received: `used` octets belong to it when it is complete, else 0 and all is data so far.
   The end is CRLF.CRLF and nothing else (RFC 5321 4.1.1.4, 2.3.8). */
static const struct {
    const char *raw;
    size_t n, used;
    const char *text;
    size_t n_text;
    bool unstuffed;
} rows[] = {
    { RAW(".\r\n"), 3, RAW(""), false },
    { RAW("a\r\n.\r\nQUIT\r\n"), 6, RAW("a\r\n"), false },
    { RAW("\r\n.\r\n"), 5, RAW("\r\n"), false },
    { RAW("..\r\n.\r\n"), 7, RAW(".\r\n"), false },
    { RAW("...x\r\n.\r\n"), 9, RAW("..x\r\n"), false },
    { RAW(".a\r\n.\r\n"), 7, RAW("a\r\n"), true },
    { RAW("a\n.\nb"), 0, RAW("a\n.\nb"), false },               /* LF . LF */
    { RAW("a\n.\r\nb"), 0, RAW("a\n.\r\nb"), false },           /* LF . CRLF */
    { RAW("a\n.\rb"), 0, RAW("a\n.\rb"), false },               /* LF . CR */
    { RAW("a\r.\rb"), 0, RAW("a\r.\rb"), false },               /* CR . CR */
    { RAW("a\r.\nb"), 0, RAW("a\r.\nb"), false },               /* CR . LF */
    { RAW("a\r.\r\nb"), 0, RAW("a\r.\r\nb"), false },           /* CR . CRLF */
    { RAW("a\r\n.\nb"), 0, RAW("a\r\n\nb"), true },             /* CRLF . LF */
    { RAW("a\r\n.\rb"), 0, RAW("a\r\n\rb"), true },             /* CRLF . CR */
    { RAW("a\r\n.\r\r\nb"), 0, RAW("a\r\n\r\r\nb"), true },     /* CRLF . CRCRLF */
    { RAW("a\r\r\n.\r\r\nb"), 0, RAW("a\r\r\n\r\r\nb"), true }, /* CRCRLF . CRCRLF */
    { RAW("a\r\n. \r\nb"), 0, RAW("a\r\n \r\nb"), true },       /* CRLF . SP CRLF */
    { RAW("a\r\n.\0\r\nb"), 0, RAW("a\r\n\0\r\nb"), true },     /* CRLF . NUL CRLF */
    { RAW("a\r\n\0.\r\nb"), 0, RAW("a\r\n\0.\r\nb"), false },   /* CRLF NUL . CRLF */
    { RAW("a\r\r\n.\r\nb"), 7, RAW("a\r\r\n"), false },
    { RAW("a\r\n.\r.\r\n.\r\n"), 11, RAW("a\r\n\r.\r\n"), true },
    { RAW("a\r\n.\r"), 0, RAW("a\r\n"), false }, /* two octets are held back */
};

static void decode(size_t split, int i)
{
    auto_buf out;
    struct dot_decoder d = { 0 };
    slice all = slice_make(rows[i].raw, rows[i].n);
    size_t used, total = 0;
    buf_init(&out, 100);
    enum frame got = dot_decode(&d, slice_sub(all, 0, split), &out, &used);
    total = used;
    if (got == FRAME_MORE) {
        ck_assert_uint_eq(used, split);
        got = dot_decode(&d, slice_skip(all, split), &out, &used);
        total += used;
    }
    ck_assert_int_eq(got, rows[i].used ? FRAME_READY : FRAME_MORE);
    ck_assert_uint_eq(total, rows[i].used ? rows[i].used : rows[i].n);
    ck_assert_uint_eq(d.octets, total);
    ck_assert_int_eq(d.unstuffed, rows[i].unstuffed);
    ck_assert_slice(buf_slice(&out), slice_make(rows[i].text, rows[i].n_text));
}

START_TEST(data_is_decoded_at_every_split)
{
    for (size_t split = 0; split <= rows[_i].n; split++)
        decode(split, _i);
}
END_TEST

START_TEST(data_is_decoded_octet_by_octet)
{
    auto_buf out;
    struct dot_decoder d = { 0 };
    size_t used, total = 0;
    enum frame got = FRAME_MORE;
    buf_init(&out, 100);
    while (got == FRAME_MORE && total < rows[_i].n) {
        got = dot_decode(&d, slice_make(rows[_i].raw + total, 1), &out, &used);
        ck_assert_uint_eq(used, 1);
        total++;
    }
    ck_assert_uint_eq(total, rows[_i].used ? rows[_i].used : rows[_i].n);
    ck_assert_slice(buf_slice(&out), slice_make(rows[_i].text, rows[_i].n_text));
}
END_TEST

START_TEST(full_buffer_is_said)
{
    auto_buf out;
    struct dot_decoder d = { 0 };
    struct dot_encoder e = { 0 };
    size_t used;
    buf_init(&out, 4);
    ck_assert_int_eq(dot_decode(&d, S("abcd\r\n.\r\n"), &out, &used), FRAME_LIMIT);
    buf_clear(&out);
    ck_assert(!dot_encode(&e, S("abcde"), &out));
    ck_assert(!dot_encode_all(S("ab"), &out));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, message_is_stuffed_at_every_split, 0, COUNT(messages));
    tcase_add_loop_test(cases, message_comes_back, 0, COUNT(messages));
    tcase_add_loop_test(cases, data_is_decoded_at_every_split, 0, COUNT(rows));
    tcase_add_loop_test(cases, data_is_decoded_octet_by_octet, 0, COUNT(rows));
    tcase_add_test(cases, full_buffer_is_said);
}

int main(void)
{
    return run_tests("dot_stuff", add);
}
