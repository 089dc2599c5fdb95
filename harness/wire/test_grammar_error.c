#include "array.h"
#include "grammar_error.h"
#include "testing.h"

START_TEST(rule_ids_are_clause_ids_and_unique)
{
    for (int i = 0; i < WIRE_RULES; i++) {
        slice id = slice_of(wire_rules[i].id);
        ck_assert(slice_starts(id, S("rfc")));
        ck_assert_ptr_eq(wire_rule_by_id(id), &wire_rules[i]);
        ck_assert_uint_ne(slice_find_char(id, '/'), SIZE_MAX);
        ck_assert_uint_gt(strlen(wire_rules[i].text), 20);
    }
    ck_assert_ptr_null(wire_rule_by_id(S("rfc0000/1/none")));
}
END_TEST

START_TEST(first_finding_wins)
{
    struct grammar_error err = { 0 };
    ck_assert(!grammar_error_set(&err, RULE_BASE64, 3, "x %d", 1));
    ck_assert(!grammar_error_set(&err, RULE_XTEXT, 4, "y"));
    ck_assert(!grammar_error_set(NULL, RULE_XTEXT, 4, "y"));
    ck_assert_str_eq(err.rule, "rfc4648/4/base64");
    ck_assert_uint_eq(err.offset, 3);
    ck_assert_str_eq(err.text, "x 1");
}
END_TEST

START_TEST(list_has_one_finding_per_rule)
{
    auto_arena a = { 0 };
    struct grammar_errors errors = { 0 };
    struct grammar_error err = { 0 };
    grammar_errors_copy(&errors, &a, &err, 0);
    ck_assert_uint_eq(errors.n, 0);
    for (int i = 0; i < WIRE_RULES; i++)
        grammar_errors_add(&errors, &a, (enum wire_rule)(i / 2), (size_t)i, "finding %d", i);
    ck_assert_uint_eq(errors.n, GRAMMAR_ERRORS_MAX);
    ck_assert_uint_eq(grammar_errors_find(&errors, RULE_SMTP_REPLY_SEPARATOR)->offset, 2);
    ck_assert_ptr_null(grammar_errors_find(&errors, RULE_BASE64));
    errors.n = 0;
    grammar_error_set(&err, RULE_BASE64, 3, "x");
    grammar_errors_copy(&errors, &a, &err, 10);
    ck_assert_uint_eq(errors.v[0].offset, 13);
}
END_TEST

START_TEST(octets_are_escaped_and_cut)
{
    char text[ESCAPED_MAX], many[100];
    ck_assert_str_eq(escape_text(slice_make("a\0\r\\\xff", 5), text), "a\\x00\\x0D\\x5C\\xFF");
    memset(many, '\n', sizeof many);
    ck_assert_uint_eq(strlen(escape_text(slice_make(many, sizeof many), text)), 60 * 4 + 3);
    ck_assert_str_eq(escape_text((slice) { 0 }, text), "");
}
END_TEST

static const struct {
    const char *text;
    bool valid;
} encodings[] = {
    { "", true },
    { "plain", true },
    { "\xC3\xA9", true },
    { "\xE2\x82\xAC \xF0\x9F\x93\xA7", true },
    { "\xF4\x8F\xBF\xBF", true },
    { "\xC3", false },
    { "\xE2\x82", false },
    { "\x80", false },
    { "\xC0\x80", false },         /* overlong */
    { "\xE0\x80\xAF", false },     /* overlong */
    { "\xED\xA0\x80", false },     /* surrogate */
    { "\xF4\x90\x80\x80", false }, /* beyond U+10FFFF */
    { "\xF5\x80\x80\x80", false },
    { "\xE9t\xE9", false }, /* Latin-1 */
};

START_TEST(utf8_is_checked)
{
    ck_assert_int_eq(utf8_is_valid(slice_of(encodings[_i].text)), encodings[_i].valid);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, rule_ids_are_clause_ids_and_unique);
    tcase_add_test(cases, first_finding_wins);
    tcase_add_test(cases, list_has_one_finding_per_rule);
    tcase_add_test(cases, octets_are_escaped_and_cut);
    tcase_add_loop_test(cases, utf8_is_checked, 0, COUNT(encodings));
}

int main(void)
{
    return run_tests("grammar_error", add);
}
