#include "array.h"
#include "fuzz_replay.h"
#include "buf.h"
#include "rule_bits.h"
#include "smtp_reply.h"
#include "testing.h"
#include <stdio.h>

/* Framing: how many octets of the bytes are the first reply; 0 when more must come. */
static const struct {
    const char *raw;
    size_t octets;
} frames[] = {
    { "250 OK\r\n", 8 },
    { "250 OK\r\n250 next\r\n", 8 },
    { "250\r\n", 5 },
    { "250 \r\n", 6 },
    { "250-a\r\n250-b\r\n250 c\r\n", 21 },
    { "250-a\r\n250\r\n", 12 },
    { "250-a\r\n", 0 },
    { "250-a\r\n250-b\r\n250 c\r", 0 },
    { "250 OK", 0 },
    { "", 0 },
    { "250-a\n250 b\n", 12 },
    { "250-a\r\n550 b\r\n", 14 }, /* another code, but the end all the same */
    { "hello\r\n", 7 },           /* no code: a reply of its own */
    { "12-x\r\n", 6 },
    { "2500-x\r\n", 8 },
    { "250-a\r\nhello\r\n250 b\r\n", 21 }, /* no code inside: more was promised */
    { "\r\n", 2 },
};

START_TEST(reply_is_framed_at_every_split)
{
    slice all = slice_of(frames[_i].raw);
    for (size_t split = 0; split <= all.n; split++) {
        struct smtp_reply_frame f;
        size_t octets = 0;
        smtp_reply_frame_init(&f);
        enum frame got = smtp_reply_frame_next(&f, slice_sub(all, 0, split), &octets);
        if (got == FRAME_MORE)
            got = smtp_reply_frame_next(&f, all, &octets);
        ck_assert_int_eq(got, frames[_i].octets ? FRAME_READY : FRAME_MORE);
        ck_assert_uint_eq(octets, frames[_i].octets);
    }
}
END_TEST

START_TEST(reply_is_framed_octet_by_octet)
{
    struct smtp_reply_frame f;
    size_t octets = 0;
    smtp_reply_frame_init(&f);
    for (size_t n = 0; n <= strlen(frames[_i].raw) && !octets; n++) {
        enum frame got = smtp_reply_frame_next(&f, slice_make(frames[_i].raw, n), &octets);
        ck_assert_int_eq(got, n && n == frames[_i].octets ? FRAME_READY : FRAME_MORE);
    }
    ck_assert_uint_eq(octets, frames[_i].octets);
}
END_TEST

START_TEST(endless_reply_hits_the_limit)
{
    auto_buf b;
    struct smtp_reply_frame f;
    size_t octets;
    buf_init(&b, BUF_OURS);
    smtp_reply_frame_init(&f);
    enum frame got = FRAME_MORE;
    while (got == FRAME_MORE && b.n < 2 * SMTP_REPLY_LIMIT) {
        buf_add(&b, S("250-more\r\n"));
        got = smtp_reply_frame_next(&f, buf_slice(&b), &octets);
    }
    ck_assert_int_eq(got, FRAME_LIMIT);
    ck_assert_uint_le(b.n, SMTP_REPLY_LIMIT + 10);
    smtp_reply_frame_init(&f);
    memset(b.p, 'x', b.n);
    ck_assert_int_eq(smtp_reply_frame_next(&f, buf_slice(&b), &octets), FRAME_LIMIT);
}
END_TEST

/* Parsing */
static const struct {
    const char *raw;
    unsigned flags;
    int code;
    const char *enhanced; /* of the reply, NULL for none */
    size_t n_lines;
    uint64_t rules;
} rows[] = {
    { "250 OK\r\n", 0, 250, NULL, 1, 0 },
    { "250\r\n", 0, 250, NULL, 1, 0 },
    { "250 \r\n", 0, 250, NULL, 1, 0 },
    { "220 mx.example ESMTP\r\n", 0, 220, NULL, 1, 0 },
    { "354 go\tahead ~\r\n", 0, 354, NULL, 1, 0 },
    { "250-a\r\n250-\r\n250 c\r\n", 0, 250, NULL, 3, 0 },
    { "250 2.1.0 Ok\r\n", 0, 250, "2.1.0", 1, 0 },
    { "250 2.1.0 Ok\r\n", SMTP_REPLY_ENHANCED, 250, "2.1.0", 1, 0 },
    { "250 2.1.0\r\n", SMTP_REPLY_ENHANCED, 250, "2.1.0", 1, 0 },
    { "550 5.7.999 no\r\n", SMTP_REPLY_ENHANCED, 550, "5.7.999", 1, 0 },
    { "354 go\r\n", SMTP_REPLY_ENHANCED, 354, NULL, 1, 0 }, /* none in 3xx */
    { "334 \r\n", SMTP_REPLY_ENHANCED, 334, NULL, 1, 0 },
    { "550-5.1.1 no\r\n550 5.1.1 such\r\n", SMTP_REPLY_ENHANCED, 550, "5.1.1", 2, 0 },
    /* Without the extension, text that looks like a code is only text. */
    { "250 5.1.1 apples\r\n", 0, 250, NULL, 1, 0 },
    { "250 2.0.example\r\n", 0, 250, NULL, 1, 0 },
    { "250 2.01.1 x\r\n", 0, 250, NULL, 1, 0 },
    { "250-2.1.0 a\r\n250 b\r\n", 0, 250, "2.1.0", 2, 0 },
    { "251 <\xC3\xA9@example.org>\r\n", SMTP_REPLY_UTF8, 251, NULL, 1, 0 },
    { "250-mx.example caf\xE9 \x01\r\n250 SIZE\r\n", SMTP_REPLY_TO_EHLO, 250, NULL, 2, 0 },
    { "299 x\r\n", 0, 299, NULL, 1, BIT(SMTP_REPLY_CODE) },
    /* RFC 5321 4.2, 4.2.1 */
    { "199 x\r\n", 0, 199, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "650 x\r\n", 0, 650, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "260 x\r\n", 0, 260, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "000 x\r\n", 0, 0, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "25 x\r\n", 0, 0, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "OK\r\n", 0, 0, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "\r\n", 0, 0, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { " 250 x\r\n", 0, 0, NULL, 1, BIT(SMTP_REPLY_CODE) },
    { "250-a\r\nb\r\n250 c\r\n", 0, 250, NULL, 3, BIT(SMTP_REPLY_CODE) },
    { "250OK\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_SEPARATOR) },
    { "250\tOK\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_SEPARATOR) },
    { "2500 OK\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_SEPARATOR) },
    { "250_OK\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_SEPARATOR) },
    { "250-a\r\n550 b\r\n", 0, 550, NULL, 2, BIT(SMTP_REPLY_SAME_CODE) },
    { "250-a\r\n251-b\r\n250 c\r\n", 0, 250, NULL, 3, BIT(SMTP_REPLY_SAME_CODE) },
    { "250 caf\xC3\xA9\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_TEXT) },
    { "250 \x1B[1mOK\r\n", 0, 250, NULL, 1, BIT(SMTP_REPLY_TEXT) },
    { "250-a\r\n250 caf\xE9\r\n", SMTP_REPLY_TO_EHLO, 250, NULL, 2, BIT(SMTP_REPLY_TEXT) },
    { "250 caf\xE9\r\n", SMTP_REPLY_UTF8, 250, NULL, 1, BIT(SMTP_REPLY_UTF8) },
    { "250 \x7F\r\n", SMTP_REPLY_UTF8, 250, NULL, 1, BIT(SMTP_REPLY_TEXT) },
    { "250 OK\n", 0, 250, NULL, 1, BIT(SMTP_LINE_END) },
    { "250-a\n250 OK\r\n", 0, 250, NULL, 2, BIT(SMTP_LINE_END) },
    { "250 O\rK\r\n", 0, 250, NULL, 1, BIT(SMTP_LINE_END) },
    { "250 OK\r\r\n", 0, 250, NULL, 1, BIT(SMTP_LINE_END) },
    { "250 OK", 0, 250, NULL, 1, BIT(SMTP_LINE_END) },
    /* RFC 2034 4, RFC 3463 2 */
    { "250 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_MISSING) },
    { "250\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_MISSING) },
    { "550-5.1.1 no\r\n550 such\r\n", SMTP_REPLY_ENHANCED, 550, "5.1.1", 2,
      BIT(SMTP_ENHANCED_MISSING) },
    { "550-5.1.1 no\r\n550 5.1.2 such\r\n", SMTP_REPLY_ENHANCED, 550, "5.1.1", 2,
      BIT(SMTP_ENHANCED_SAME) },
    { "250 5.1.0 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_CLASS) },
    { "450 5.1.0 no\r\n", SMTP_REPLY_ENHANCED, 450, NULL, 1, BIT(SMTP_ENHANCED_CLASS) },
    { "250 2.1 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_SYNTAX) },
    { "250 2.01.0 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_SYNTAX) },
    { "250 2.1.0000 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_SYNTAX) },
    { "250 2.1.0Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_SYNTAX) },
    { "250 3.1.0 Ok\r\n", SMTP_REPLY_ENHANCED, 250, NULL, 1, BIT(SMTP_ENHANCED_SYNTAX) },
};

START_TEST(reply_is_read)
{
    auto_arena a = { 0 };
    struct smtp_reply reply;
    smtp_reply_parse(slice_of(rows[_i].raw), rows[_i].flags, &a, &reply);
    ck_assert_int_eq(reply.code, rows[_i].code);
    ck_assert_int_eq(reply.class, rows[_i].code / 100);
    ck_assert_uint_eq(reply.n_lines, rows[_i].n_lines);
    const char *first = reply.errors.n ? reply.errors.v[0].text : "nothing found";
    ck_assert_msg(rule_bits(&reply.errors) == rows[_i].rules, "%s: %s", rows[_i].raw, first);
    char text[40] = "";
    if (reply.enhanced.class)
        snprintf(text, sizeof text, "%d.%d.%d", reply.enhanced.class, reply.enhanced.subject,
                 reply.enhanced.detail);
    ck_assert_str_eq(text, rows[_i].enhanced ? rows[_i].enhanced : "");
}
END_TEST

START_TEST(lines_have_text_and_message)
{
    auto_arena a = { 0 };
    struct smtp_reply reply;
    smtp_reply_parse(S("550-5.1.1  no\r\n550 5.1.1 such user\r\n"), 0, &a, &reply);
    ck_assert_slice(reply.lines[0].text, S("5.1.1  no"));
    ck_assert_slice(reply.lines[0].message, S("no"));
    ck_assert_slice(reply.lines[1].raw, S("550 5.1.1 such user"));
    ck_assert_slice(reply.lines[1].message, S("such user"));
    ck_assert_uint_eq(reply.lines[1].offset, 15);
    ck_assert_slice(smtp_reply_text(&reply, &a), S("5.1.1  no\n5.1.1 such user"));
    smtp_reply_parse(S("250OK\r\n"), 0, &a, &reply);
    ck_assert_slice(reply.lines[0].text, S("OK"));
    ck_assert_uint_eq(reply.errors.v[0].offset, 3);
    ck_assert_str_eq(reply.errors.v[0].rule, "rfc5321/4.2/reply-separator");
    smtp_reply_parse(S(""), 0, &a, &reply);
    ck_assert_uint_eq(reply.n_lines, 1);
    ck_assert_int_eq(reply.code, 0);
}
END_TEST

static const struct {
    const char *code;
    size_t octets; /* of the line, with its CRLF */
    uint64_t rules;
} lengths[] = {
    { "250 ", 512, 0 },   { "250 ", 513, BIT(SMTP_REPLY_LINE_LENGTH) },  { "334 ", 513, 0 },
    { "334 ", 12288, 0 }, { "334 ", 12289, BIT(SMTP_AUTH_LINE_LENGTH) },
};

START_TEST(line_length_is_checked)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct smtp_reply reply;
    buf_init(&b, BUF_OURS);
    buf_adds(&b, lengths[_i].code);
    while (b.n < lengths[_i].octets - 2)
        buf_addc(&b, 'x');
    buf_add(&b, S("\r\n"));
    smtp_reply_parse(buf_slice(&b), 0, &a, &reply);
    ck_assert_uint_eq(rule_bits(&reply.errors), lengths[_i].rules);
}
END_TEST

/* EHLO */
static const struct {
    const char *raw, *domain;
    size_t n_keywords;
    uint64_t rules;
} ehlos[] = {
    { "250 mx.example\r\n", "mx.example", 0, 0 },
    { "250-mx.example greets you\r\n250 HELP\r\n", "mx.example", 1, 0 },
    { "250-[192.0.2.1] hi\r\n250 HELP\r\n", "[192.0.2.1]", 1, 0 },
    { "250-localhost\r\n250-8BITMIME\r\n250-X-Y\r\n250 size 10 a=b\r\n", "localhost", 3, 0 },
    { "250-mx.example\r\n250 AUTH=PLAIN LOGIN\r\n", "mx.example", 1, BIT(SMTP_EHLO_KEYWORD) },
    { "250-mx.example\r\n250 -X\r\n", "mx.example", 1, BIT(SMTP_EHLO_KEYWORD) },
    { "250-mx.example\r\n250 A_B\r\n", "mx.example", 1, BIT(SMTP_EHLO_KEYWORD) },
    { "250-mx.example\r\n250-\r\n250 SIZE\r\n", "mx.example", 2, BIT(SMTP_EHLO_KEYWORD) },
    { "250-mx.example\r\n250 SIZE  10\r\n", "mx.example", 1, BIT(SMTP_EHLO_PARAM) },
    { "250-mx.example\r\n250 SIZE \r\n", "mx.example", 1, BIT(SMTP_EHLO_PARAM) },
    { "250-mx.example\r\n250 SIZE 1\t2\r\n", "mx.example", 1, BIT(SMTP_EHLO_PARAM) },
    { "250-mx_1.example\r\n250 SIZE\r\n", "mx_1.example", 1, BIT(SMTP_EHLO_DOMAIN) },
    { "250-mx.example.\r\n250 SIZE\r\n", "mx.example.", 1, BIT(SMTP_EHLO_DOMAIN) },
    { "250-\r\n250 SIZE\r\n", "", 1, BIT(SMTP_EHLO_DOMAIN) },
    { "250\r\n", "", 0, BIT(SMTP_EHLO_DOMAIN) },
    { "250-[1.2.3]\r\n250 SIZE\r\n", "[1.2.3]", 1, BIT(SMTP_EHLO_DOMAIN) },
};

START_TEST(ehlo_is_read)
{
    auto_arena a = { 0 };
    struct smtp_reply reply;
    struct smtp_ehlo ehlo;
    smtp_reply_parse(slice_of(ehlos[_i].raw), SMTP_REPLY_TO_EHLO, &a, &reply);
    smtp_ehlo_parse(&reply, &a, &ehlo);
    ck_assert_slice(ehlo.domain, slice_of(ehlos[_i].domain));
    ck_assert_uint_eq(ehlo.n_keywords, ehlos[_i].n_keywords);
    ck_assert_uint_eq(rule_bits(&ehlo.errors), ehlos[_i].rules);
}
END_TEST

START_TEST(keywords_are_found_by_token)
{
    auto_arena a = { 0 };
    struct smtp_reply reply;
    struct smtp_ehlo ehlo;
    smtp_reply_parse(S("250-mx.example hello\r\n250-AUTH=LOGIN\r\n250-XSTARTTLS\r\n"
                       "250-SIZE 100\r\n250 Auth PLAIN SCRAM-SHA-256\r\n"),
                     0, &a, &reply);
    smtp_ehlo_parse(&reply, &a, &ehlo);
    ck_assert_slice(ehlo.greet, S("hello"));
    const struct smtp_ehlo_keyword *auth = smtp_ehlo_find(&ehlo, S("AUTH"));
    ck_assert_ptr_eq(auth, &ehlo.keywords[3]);
    ck_assert_slice(auth->args, S("PLAIN SCRAM-SHA-256"));
    ck_assert(smtp_ehlo_has_param(auth, S("scram-sha-256")));
    ck_assert(!smtp_ehlo_has_param(auth, S("SCRAM-SHA-1")));
    ck_assert(!smtp_ehlo_has_param(auth, S("SCRAM")));
    ck_assert(!smtp_ehlo_has_param(NULL, S("PLAIN")));
    ck_assert_ptr_null(smtp_ehlo_find(&ehlo, S("STARTTLS")));
    ck_assert_ptr_null(smtp_ehlo_find(&ehlo, S("SIZ")));
    ck_assert_slice(smtp_ehlo_find(&ehlo, S("SIZE"))->params[0], S("100"));
    ck_assert_uint_eq(ehlo.errors.v[0].offset, 26);
}
END_TEST

START_TEST(fuzz_target_takes_rows)
{
    fuzz_replay(slice_of(rows[_i].raw));
    if (_i < (int)COUNT(ehlos))
        fuzz_replay(slice_of(ehlos[_i].raw));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, reply_is_framed_at_every_split, 0, COUNT(frames));
    tcase_add_loop_test(cases, reply_is_framed_octet_by_octet, 0, COUNT(frames));
    tcase_add_test(cases, endless_reply_hits_the_limit);
    tcase_add_loop_test(cases, reply_is_read, 0, COUNT(rows));
    tcase_add_test(cases, lines_have_text_and_message);
    tcase_add_loop_test(cases, line_length_is_checked, 0, COUNT(lengths));
    tcase_add_loop_test(cases, ehlo_is_read, 0, COUNT(ehlos));
    tcase_add_test(cases, keywords_are_found_by_token);
    tcase_add_loop_test(cases, fuzz_target_takes_rows, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("smtp_reply", add);
}
