#include "array.h"
#include "email_message.h"
#include "mail_date.h"
#include "mime.h"
#include "testing.h"

static slice built(const struct email_options *options, struct buf *b)
{
    buf_init(b, BUF_OURS);
    ck_assert(email_message_build(options, b));
    return buf_slice(b);
}

static slice body_of(slice message)
{
    return slice_skip(message, mime_header_octets(message));
}

static size_t longest_line(slice s)
{
    size_t longest = 0;
    slice line;
    while (slice_line(&s, &line))
        longest = line.n > longest ? line.n : longest;
    return longest;
}

static size_t count_lines(slice s)
{
    size_t n = 0;
    slice line;
    while (slice_line(&s, &line))
        n++;
    return n;
}

START_TEST(plain_message_is_proper)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct email_options options = { 0 };
    struct mime_message m;
    struct mail_date date;
    slice message = built(&options, &b);
    mime_parse(message, &a, &m);
    ck_assert(mail_date_parse(m.root->envelope->date, &date));
    ck_assert_int_eq(date.weekday, mail_date_weekday(date.year, date.month, date.day));
    ck_assert_uint_eq(m.root->envelope->from.n, 1);
    ck_assert(slice_starts(m.root->envelope->message_id, S("<")));
    ck_assert_slice(m.root->subtype, S("plain"));
    ck_assert_uint_eq(m.root->lines, 3);
    ck_assert_uint_eq(longest_line(message), 72);
    ck_assert(slice_ends(message, S("\r\n")));
}
END_TEST

START_TEST(equal_options_give_equal_messages)
{
    auto_buf x, y, z;
    struct email_options options = { .seed = 7, .size = 5000, .attachment = 100 };
    slice first = built(&options, &x);
    ck_assert_slice(built(&options, &y), first);
    options.seed = 8;
    ck_assert(!slice_eq(built(&options, &z), first));
}
END_TEST

START_TEST(size_is_exact)
{
    static const size_t line_lengths[] = { 0, 1, 2, 3, 4, 998, 5000 };
    for (int charset = 0; charset < EMAIL_CHARSETS; charset++)
        for (size_t i = 0; i < COUNT(line_lengths); i++) {
            auto_buf b;
            struct email_options options = {
                .size = 600 + (size_t)_i,
                .line_length = line_lengths[i],
                .charset = (enum email_charset)charset,
                .ending = (enum email_ending)(_i % EMAIL_ENDINGS),
            };
            slice message = built(&options, &b);
            ck_assert_uint_eq(message.n, options.size);
            if (options.ending == EMAIL_END_CRLF && line_lengths[i])
                ck_assert_uint_le(longest_line(body_of(message)), line_lengths[i]);
        }
}
END_TEST

START_TEST(size_counts_all_parts)
{
    auto_buf b, c;
    struct email_options options = {
        .size = 20000, .attachment = 1000, .nesting = 3, .forwarded = 2
    };
    ck_assert_uint_eq(built(&options, &b).n, 20000);
    options.size = 10; /* less than the rest needs */
    ck_assert_uint_gt(built(&options, &c).n, 1000);
}
END_TEST

START_TEST(lines_are_counted)
{
    auto_buf b;
    struct email_options options = { .lines = 10, .line_length = 2000 };
    slice body = body_of(built(&options, &b)), first;
    ck_assert_uint_eq(count_lines(body), 10);
    slice rest = body;
    ck_assert(slice_line(&rest, &first));
    ck_assert_uint_eq(first.n, 2000);
    ck_assert_uint_eq(longest_line(rest), 72);
}
END_TEST

START_TEST(ending_is_as_asked)
{
    static const char *const ends[EMAIL_ENDINGS] = {
        "\r\n", "", "\r\n\r\n", "\r\n.\r\n", "\r\n..\r\n.x\r\n.\r\n", "\r", "\n",
    };
    auto_buf b;
    struct email_options options = { .ending = (enum email_ending)_i };
    slice message = built(&options, &b);
    ck_assert(slice_ends(message, slice_of(ends[_i])));
    char before = message.p[message.n - strlen(ends[_i]) - 1];
    ck_assert(ascii_is_alpha(before));
}
END_TEST

START_TEST(names_go_both_ways)
{
    enum email_ending ending;
    enum email_charset charset;
    for (int i = 0; i < EMAIL_ENDINGS; i++) {
        ck_assert(email_ending_by_name(slice_of(email_ending_name((enum email_ending)i)), &ending));
        ck_assert_int_eq(ending, i);
    }
    for (int i = 0; i < EMAIL_CHARSETS; i++) {
        slice name = slice_of(email_charset_name((enum email_charset)i));
        ck_assert(email_charset_by_name(name, &charset));
        ck_assert_int_eq(charset, i);
    }
    ck_assert(!email_ending_by_name(S("dott"), &ending));
    ck_assert(!email_charset_by_name(S(""), &charset));
}
END_TEST

START_TEST(charset_is_in_the_octets)
{
    auto_buf b;
    struct email_options options = { .lines = 200, .charset = (enum email_charset)_i };
    slice body = body_of(built(&options, &b));
    bool high = false;
    for (size_t i = 0; i < body.n; i++)
        high = high || (body.p[i] & 0x80);
    ck_assert_int_eq(high, _i != EMAIL_ASCII);
    ck_assert_int_eq(slice_find_char(body, '\0') != SIZE_MAX, _i == EMAIL_BINARY);
}
END_TEST

START_TEST(given_fields_are_put_in)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct email_options options = {
        .message_id = S("x@y"),
        .subject = S("=?utf-8?Q?=C3=A9?="),
        .from = S("f@x"),
        .to = S("t@x, u@x"),
        .cc = S("g:;"),
        .date = S("Fri, 21 Nov 1997 09:55:06 -0600"),
        .extra_headers = S("X-One: 1\r\nX-Two: 2\r\n"),
        .body = S("given\n.\n"),
    };
    slice message = built(&options, &b);
    struct mime_envelope e;
    mime_envelope_parse(message, &a, &e);
    ck_assert_slice(e.message_id, S("<x@y>"));
    ck_assert_slice(e.subject, options.subject);
    ck_assert_slice(e.date, options.date);
    ck_assert_uint_eq(e.to.n, 2);
    ck_assert_uint_eq(e.cc.n, 2);
    ck_assert_slice(mime_header_value(message, S("X-Two"), &a), S("2"));
    ck_assert_slice(body_of(message), S("given\n.\n"));
}
END_TEST

START_TEST(attachment_and_nesting_are_parts)
{
    auto_arena a = { 0 };
    auto_buf b, plain;
    struct mime_message m;
    struct email_options options = { .attachment = 1000,
                                     .attachment_name = S("x.pdf"),
                                     .attachment_type = S("application/pdf"),
                                     .nesting = 2,
                                     .forwarded = 1,
                                     .message_id = S("<outer@y>"),
                                     .ending = EMAIL_END_NONE };
    mime_parse(built(&options, &b), &a, &m);
    ck_assert_uint_eq(m.oddities, 0);
    ck_assert_uint_eq(m.n_parts, 5);
    ck_assert(m.root->is_message);
    ck_assert_slice(m.root->envelope->message_id, S("<outer@y>"));
    const struct mime_part *file = mime_part_at(&m, (uint32_t[]) { 1, 1, 2 }, 3);
    ck_assert_slice(file->subtype, S("pdf"));
    ck_assert_slice(mime_param_find(&file->disposition_params, S("filename")), S("x.pdf"));
    ck_assert_uint_eq(file->octets, 1336 + 2 * 18 - 2 + 2);
    options = (struct email_options) { .no_mime = true };
    slice message = built(&options, &plain);
    ck_assert_uint_eq(slice_find(message, S("MIME")), SIZE_MAX);
    ck_assert_uint_eq(slice_find(message, S("Content-")), SIZE_MAX);
}
END_TEST

START_TEST(full_buffer_is_said)
{
    auto_buf b;
    struct email_options options = { .size = 1000 };
    buf_init(&b, 999);
    ck_assert(!email_message_build(&options, &b));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, plain_message_is_proper);
    tcase_add_test(cases, equal_options_give_equal_messages);
    tcase_add_loop_test(cases, size_is_exact, 0, 150);
    tcase_add_test(cases, size_counts_all_parts);
    tcase_add_test(cases, lines_are_counted);
    tcase_add_loop_test(cases, ending_is_as_asked, 0, EMAIL_ENDINGS);
    tcase_add_test(cases, names_go_both_ways);
    tcase_add_loop_test(cases, charset_is_in_the_octets, 0, EMAIL_CHARSETS);
    tcase_add_test(cases, given_fields_are_put_in);
    tcase_add_test(cases, attachment_and_nesting_are_parts);
    tcase_add_test(cases, full_buffer_is_said);
}

int main(void)
{
    return run_tests("email_message", add);
}
