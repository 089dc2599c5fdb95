#include "array.h"
#include "fuzz_replay.h"
#include "rule_bits.h"
#include "smtp_command.h"
#include "testing.h"

#define UTF8 SMTP_COMMAND_UTF8
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define D50 "dddddddddddddddddddddddddddddddddddddddddddddddddd"

static const struct {
    const char *line;
    unsigned flags;
    enum smtp_verb verb;
    uint64_t rule;
} rows[] = {
    { "EHLO client.example", 0, SMTP_EHLO, 0 },
    { "ehlo client.example  \t", 0, SMTP_EHLO, 0 }, /* blanks at the end are tolerated */
    { "EHLO [192.0.2.1]", 0, SMTP_EHLO, 0 },
    { "EHLO [192.0.2.1] my laptop", 0, SMTP_EHLO, 0 },
    { "EHLO [IPv6:2001:db8::1]", 0, SMTP_EHLO, 0 },
    { "HELO localhost", 0, SMTP_HELO, 0 },
    { "LHLO a", 0, SMTP_LHLO, 0 },
    { "EHLO", 0, SMTP_EHLO, BIT(SMTP_DOMAIN) },
    { "EHLO my_host", 0, SMTP_EHLO, BIT(SMTP_DOMAIN) },
    { "EHLO host-", 0, SMTP_EHLO, BIT(SMTP_DOMAIN) },
    { "EHLO host.", 0, SMTP_EHLO, BIT(SMTP_DOMAIN) },
    { "EHLO a..b", 0, SMTP_EHLO, BIT(SMTP_DOMAIN) },
    { "EHLO [192.0.2.256]", 0, SMTP_EHLO, BIT(SMTP_ADDRESS_LITERAL) },
    { "EHLO [192.0.2.1", 0, SMTP_EHLO, BIT(SMTP_ADDRESS_LITERAL) },
    { "EHLO host and more", 0, SMTP_EHLO, BIT(SMTP_COMMAND_SYNTAX) },
    { "EHLO  host", 0, SMTP_EHLO, BIT(SMTP_COMMAND_SYNTAX) },

    { "MAIL FROM:<>", 0, SMTP_MAIL, 0 },
    { "mail from:<a@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<a.b+c=d@example.org> SIZE=1000 BODY=8BITMIME", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<@r1.example,@r2.example:a@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<\"a b\\\"c\"@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<\"\"@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<a@[192.0.2.1]> AUTH=<> SMTPUTF8", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<a@b> X-", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<\xC3\xA9@\xC3\xBC.example> SMTPUTF8", UTF8, SMTP_MAIL, 0 },
    { "MAIL FROM:<\"\xC3\xA9 x\"@b>", UTF8, SMTP_MAIL, 0 },
    { "MAIL FROM: <a@b>", SMTP_COMMAND_LENIENT, SMTP_MAIL, 0 },
    { "MAIL FROM: <a@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SPACE) },
    { "MAIL FROM :<a@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SPACE) },
    { "MAIL", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SYNTAX) },
    { "MAIL <a@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SYNTAX) },
    { "MAIL FROM<a@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SYNTAX) },
    { "MAIL TO:<a@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SYNTAX) },
    { "MAIL FROM:", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:a@b", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<a@b", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<a>", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<Postmaster>", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<a@b>SIZE=1", 0, SMTP_MAIL, BIT(SMTP_COMMAND_SYNTAX) },
    { "MAIL FROM:<a@b> SIZE=", 0, SMTP_MAIL, BIT(SMTP_PARAM) },
    { "MAIL FROM:<a@b> =1", 0, SMTP_MAIL, BIT(SMTP_PARAM) },
    { "MAIL FROM:<a@b> -A=1", 0, SMTP_MAIL, BIT(SMTP_PARAM) },
    { "MAIL FROM:<a@b> A=1=2", 0, SMTP_MAIL, BIT(SMTP_PARAM) },
    { "MAIL FROM:<a@b>  SIZE=1", 0, SMTP_MAIL, BIT(SMTP_PARAM) },
    { "MAIL FROM:<.a@b>", 0, SMTP_MAIL, BIT(SMTP_LOCAL_PART) },
    { "MAIL FROM:<a.@b>", 0, SMTP_MAIL, BIT(SMTP_LOCAL_PART) },
    { "MAIL FROM:<a..c@b>", 0, SMTP_MAIL, BIT(SMTP_LOCAL_PART) },
    { "MAIL FROM:<@b>", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<\"a@b>", 0, SMTP_MAIL, BIT(SMTP_LOCAL_PART) },
    { "MAIL FROM:<a b@c>", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<a@b_c>", 0, SMTP_MAIL, BIT(SMTP_PATH) },
    { "MAIL FROM:<a@-b>", 0, SMTP_MAIL, BIT(SMTP_DOMAIN) },
    { "MAIL FROM:<a@[1.2.3]>", 0, SMTP_MAIL, BIT(SMTP_ADDRESS_LITERAL) },
    { "MAIL FROM:<\xC3\xA9@b>", 0, SMTP_MAIL, BIT(SMTP_COMMAND_LINE) },
    { "MAIL FROM:<\xE9@b>", UTF8, SMTP_MAIL, BIT(SMTP_COMMAND_LINE) },
    { "MAIL FROM:<a@b>\rRSET", 0, SMTP_MAIL, BIT(SMTP_COMMAND_LINE) },
    { "MAIL FROM:<" X64 "@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<x" X64 "@b>", 0, SMTP_MAIL, BIT(SMTP_LOCAL_PART_LENGTH) },
    { "MAIL FROM:<\"" X64 "\"@b>", 0, SMTP_MAIL, 0 },
    { "MAIL FROM:<x" X64 "@b>", SMTP_COMMAND_ANY_LENGTH, SMTP_MAIL, 0 },
    { "MAIL FROM:<a@" D50 "." D50 "." D50 "." D50 "." D50 ".dd>", 0, SMTP_MAIL,
      BIT(SMTP_DOMAIN_LENGTH) },
    { "MAIL FROM:<abcd@" D50 "." D50 "." D50 "." D50
      ".ddddddddddddddddddddddddddddddddddddddddddddd>",
      0, SMTP_MAIL, 0 },
    { "MAIL FROM:<abcde@" D50 "." D50 "." D50 "." D50
      ".dddddddddddddddddddddddddddddddddddddddddddddd>",
      0, SMTP_MAIL, BIT(SMTP_PATH_LENGTH) },

    { "RCPT TO:<a@b>", 0, SMTP_RCPT, 0 },
    { "RCPT TO:<Postmaster>", 0, SMTP_RCPT, 0 },
    { "rcpt to:<POSTMASTER> NOTIFY=NEVER", 0, SMTP_RCPT, 0 },
    { "RCPT TO:<postmaster@b>", 0, SMTP_RCPT, 0 },
    { "RCPT TO:<>", 0, SMTP_RCPT, BIT(SMTP_LOCAL_PART) },
    { "RCPT TO:<Postmasters>", 0, SMTP_RCPT, BIT(SMTP_PATH) },
    { "RCPT FROM:<a@b>", 0, SMTP_RCPT, BIT(SMTP_COMMAND_SYNTAX) },

    { "DATA", 0, SMTP_DATA, 0 },
    { "Data ", 0, SMTP_DATA, 0 },
    { "DATA now", 0, SMTP_DATA, BIT(SMTP_COMMAND_SYNTAX) },
    { "RSET", 0, SMTP_RSET, 0 },
    { "RSET x", 0, SMTP_RSET, BIT(SMTP_COMMAND_SYNTAX) },
    { "QUIT", 0, SMTP_QUIT, 0 },
    { "STARTTLS", 0, SMTP_STARTTLS, 0 },
    { "STARTTLS x", 0, SMTP_STARTTLS, BIT(SMTP_COMMAND_SYNTAX) },
    { "NOOP", 0, SMTP_NOOP, 0 },
    { "NOOP any thing", 0, SMTP_NOOP, 0 },
    { "HELP", 0, SMTP_HELP, 0 },
    { "VRFY bob", 0, SMTP_VRFY, 0 },
    { "VRFY", 0, SMTP_VRFY, BIT(SMTP_COMMAND_SYNTAX) },
    { "EXPN staff", 0, SMTP_EXPN, 0 },
    { "ETRN example.org", 0, SMTP_ETRN, 0 },
    { "BDAT 100", 0, SMTP_BDAT, 0 },
    { "BDAT 0 LAST", 0, SMTP_BDAT, 0 },
    { "BDAT 86 last", 0, SMTP_BDAT, 0 },
    { "BDAT", 0, SMTP_BDAT, BIT(SMTP_COMMAND_SYNTAX) },
    { "BDAT x", 0, SMTP_BDAT, BIT(SMTP_COMMAND_SYNTAX) },
    { "BDAT -1", 0, SMTP_BDAT, BIT(SMTP_COMMAND_SYNTAX) },
    { "BDAT 99999999999999999999", 0, SMTP_BDAT, BIT(SMTP_COMMAND_SYNTAX) },
    { "BDAT 1 FIRST", 0, SMTP_BDAT, BIT(SMTP_COMMAND_SYNTAX) },
    { "AUTH PLAIN", 0, SMTP_AUTH, 0 },
    { "AUTH PLAIN =", 0, SMTP_AUTH, 0 },
    { "AUTH scram-sha-256 biws", 0, SMTP_AUTH, 0 },
    { "AUTH", 0, SMTP_AUTH, BIT(SMTP_COMMAND_SYNTAX) },
    { "AUTH PL,AIN", 0, SMTP_AUTH, BIT(SMTP_COMMAND_SYNTAX) },
    { "AUTH ABCDEFGHIJKLMNOPQRSTU", 0, SMTP_AUTH, BIT(SMTP_COMMAND_SYNTAX) },
    { "AUTH PLAIN a b", 0, SMTP_AUTH, BIT(SMTP_COMMAND_SYNTAX) },

    { "XYZZY  anything", 0, SMTP_VERB_UNKNOWN, 0 },
    { "MAILFROM:<a@b>", 0, SMTP_VERB_UNKNOWN, BIT(SMTP_COMMAND_VERB) },
    { "", 0, SMTP_VERB_UNKNOWN, BIT(SMTP_COMMAND_VERB) },
    { " NOOP", 0, SMTP_VERB_UNKNOWN, BIT(SMTP_COMMAND_VERB) },
    { "\x16\x03\x01", 0, SMTP_VERB_UNKNOWN, BIT(SMTP_COMMAND_LINE) },
};

START_TEST(command_is_read)
{
    auto_arena a = { 0 };
    struct smtp_command c;
    smtp_command_parse(slice_of(rows[_i].line), rows[_i].flags, &a, &c);
    ck_assert_int_eq(c.verb, rows[_i].verb);
    ck_assert_msg(rule_bit(c.error.rule) == rows[_i].rule, "%s: %s %s", rows[_i].line,
                  c.error.rule ? c.error.rule : "accepted", c.error.text);
    if (c.verb)
        ck_assert(slice_eq_nocase(c.verb_text, slice_of(smtp_verb_name(c.verb))));
}
END_TEST

START_TEST(nul_is_refused)
{
    auto_arena a = { 0 };
    struct smtp_command c;
    smtp_command_parse(slice_make("NOOP\0x", 6), 0, &a, &c);
    ck_assert_str_eq(c.error.rule, "rfc5321/4.1.1/command-line");
    ck_assert_uint_eq(c.error.offset, 4);
    smtp_command_parse(slice_make("MAIL FROM:<a\0b@c>", 17), 0, &a, &c);
    ck_assert_uint_eq(c.error.offset, 12);
}
END_TEST

START_TEST(arguments_are_given)
{
    auto_arena a = { 0 };
    struct smtp_command c;
    smtp_command_parse(S("MAIL FROM:<@r:\"A b\"@[1.2.3.4]> SIZE=12 smtputf8"), 0, &a, &c);
    ck_assert_slice(c.path.raw, S("<@r:\"A b\"@[1.2.3.4]>"));
    ck_assert_slice(c.path.route, S("@r"));
    ck_assert_slice(c.path.mailbox, S("\"A b\"@[1.2.3.4]"));
    ck_assert_slice(c.path.local, S("\"A b\""));
    ck_assert_slice(c.path.domain, S("[1.2.3.4]"));
    ck_assert(c.path.literal && !c.path.null && !c.path.postmaster);
    ck_assert_uint_eq(c.n_params, 2);
    ck_assert_slice(smtp_command_param(&c, S("size"))->value, S("12"));
    ck_assert_ptr_null(smtp_command_param(&c, S("SMTPUTF8"))->value.p);
    ck_assert_ptr_null(smtp_command_param(&c, S("BODY")));

    smtp_command_parse(S("BDAT 12 LAST"), 0, &a, &c);
    ck_assert(c.chunk_last);
    ck_assert_uint_eq(c.chunk_size, 12);
    smtp_command_parse(S("AUTH PLAIN ="), 0, &a, &c);
    ck_assert_slice(c.mechanism, S("PLAIN"));
    ck_assert_slice(c.initial, S("="));
    smtp_command_parse(S("AUTH LOGIN"), 0, &a, &c);
    ck_assert_ptr_null(c.initial.p);
    smtp_command_parse(S("EHLO [1.2.3.4] x"), 0, &a, &c);
    ck_assert_slice(c.domain, S("[1.2.3.4]"));
    smtp_command_parse(S("MAIL FROM:<>"), 0, &a, &c);
    ck_assert(c.path.null && !c.path.mailbox.n);
    smtp_command_parse(S("NOOP a  b"), 0, &a, &c);
    ck_assert_slice(c.args, S("a  b"));
}
END_TEST

START_TEST(error_says_where)
{
    auto_arena a = { 0 };
    struct smtp_command c;
    smtp_command_parse(S("RCPT TO:<a@b..c>"), 0, &a, &c);
    ck_assert_uint_eq(c.error.offset, 13);
    smtp_command_parse(S("EHLO a_b"), 0, &a, &c);
    ck_assert_uint_eq(c.error.offset, 6);
    smtp_command_parse(S("MAIL FROM:<a@b> SIZE= X"), 0, &a, &c);
    ck_assert_uint_eq(c.error.offset, 16);
}
END_TEST

static const struct {
    const char *literal;
    bool valid;
} literals[] = {
    { "[0.0.0.0]", true },
    { "[255.255.255.255]", true },
    { "[001.002.003.004]", true }, /* Snum = 1*3DIGIT */
    { "[IPv6:::]", true },
    { "[ipv6:::1]", true },
    { "[IPv6:1:2:3:4:5:6:7:8]", true },
    { "[IPv6:2001:DB8::a]", true },
    { "[IPv6:1::2:3:4:5:6]", true },
    { "[IPv6:::ffff:192.0.2.1]", true },
    { "[IPv6:1:2:3:4:5:6:192.0.2.1]", true },
    { "[X400:c=gb;a=x]", true },
    { "[]", false },
    { "[1.2.3.4.5]", false },
    { "[1.2.3.]", false },
    { "[1.2.3.1234]", false },
    { "1.2.3.4", false },
    { "[IPv6:]", false },
    { "[IPv6:1:2:3:4:5:6:7]", false },
    { "[IPv6:1:2:3:4:5:6:7:8:9]", false },
    { "[IPv6:1::2:3:4:5:6:7]", false }, /* :: is at least two groups */
    { "[IPv6:1::2::3]", false },
    { "[IPv6:12345::]", false },
    { "[IPv6:g::]", false },
    { "[IPv6:192.0.2.1::]", false },
    { "[IPv6:1:2:3:4:5:6:7:192.0.2.1]", false },
    { "[2001:db8::1 ]", false },
    { "[tag-:x]", false },
    { "[tag:]", false },
    { "[tag:a[b]", false },
};

START_TEST(literal_is_checked)
{
    struct grammar_error err = { 0 };
    ck_assert_int_eq(smtp_literal_valid(slice_of(literals[_i].literal), &err), literals[_i].valid);
    ck_assert_int_eq(err.rule == NULL, literals[_i].valid);
}
END_TEST

START_TEST(quoted_forms_of_a_mailbox_are_equal)
{
    auto_arena a = { 0 };
    const char *same[] = { "a.b@x.example", "\"a.b\"@X.example", "\"\\a.\\b\"@x.EXAMPLE" };
    const char *other[] = { "A.b@x.example", "\"a.b \"@x.example", "a.b@y.example" };
    struct smtp_path first, path;
    ck_assert(smtp_mailbox_parse(slice_of(same[0]), 0, &first, NULL));
    for (size_t i = 0; i < COUNT(same); i++) {
        ck_assert(smtp_mailbox_parse(slice_of(same[i]), 0, &path, NULL));
        ck_assert(smtp_path_eq(&first, &path));
        ck_assert_slice(smtp_local_plain(path.local, &a), S("a.b"));
        ck_assert(smtp_mailbox_parse(slice_of(other[i]), 0, &path, NULL));
        ck_assert(!smtp_path_eq(&first, &path));
    }
    ck_assert_slice(smtp_local_plain(S("\"\\\\\\\"\""), &a), S("\\\""));
    ck_assert(!smtp_mailbox_parse(S("a@b "), 0, &path, NULL));
}
END_TEST

static const struct {
    const char *plain, *xtext;
} xtexts[] = {
    { "", "" },
    { "rfc822;a@b", "rfc822;a@b" },
    { "a+b=c", "a+2Bb+3Dc" },
    { "a b\xFF", "a+20b+FF" },
};

START_TEST(xtext_goes_both_ways)
{
    auto_buf out, back;
    buf_init(&out, 100);
    buf_init(&back, 100);
    xtext_encode(slice_of(xtexts[_i].plain), &out);
    ck_assert_slice(buf_slice(&out), slice_of(xtexts[_i].xtext));
    ck_assert(xtext_decode(buf_slice(&out), &back, NULL));
    ck_assert_slice(buf_slice(&back), slice_of(xtexts[_i].plain));
}
END_TEST

START_TEST(bad_xtext_is_refused)
{
    const char *bad[] = { "a b", "a+", "a+2", "a+2b", "a+G0", "a=b", "\xC3\xA9" };
    auto_buf out;
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct grammar_error err = { 0 };
        ck_assert(!xtext_decode(slice_of(bad[i]), &out, &err));
        ck_assert_uint_eq(rule_bit(err.rule), BIT(XTEXT));
        ck_assert_uint_eq(out.n, 0);
    }
}
END_TEST

START_TEST(fuzz_target_takes_rows)
{
    fuzz_replay(slice_of(rows[_i].line));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, command_is_read, 0, COUNT(rows));
    tcase_add_test(cases, nul_is_refused);
    tcase_add_test(cases, arguments_are_given);
    tcase_add_test(cases, error_says_where);
    tcase_add_loop_test(cases, literal_is_checked, 0, COUNT(literals));
    tcase_add_test(cases, quoted_forms_of_a_mailbox_are_equal);
    tcase_add_loop_test(cases, xtext_goes_both_ways, 0, COUNT(xtexts));
    tcase_add_test(cases, bad_xtext_is_refused);
    tcase_add_loop_test(cases, fuzz_target_takes_rows, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("smtp_command", add);
}
