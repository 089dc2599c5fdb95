#include "array.h"
#include "buf.h"
#include "imap_response.h"
#include "testing.h"

static const struct row {
    const char *rule; /* NULL: conforms */
    slice unit;
    bool utf8;
} rows[] = {
#define GOOD(text) { NULL, S(text "\r\n"), false },
#define UTF8(text) { NULL, S(text "\r\n"), true },
#define BAD(rule, text) { rule, S(text "\r\n"), false },
#define RAW(rule, text) { rule, S(text), false },
#include "imap_response_rows.def"
#undef GOOD
#undef UTF8
#undef BAD
#undef RAW
};

START_TEST(row_has_its_rule)
{
    const struct row *row = &rows[_i];
    struct imap_grammar_options options = { .rev2 = row->utf8 };
    struct imap_grammar_error error = { NULL };
    bool ok = imap_grammar_check(row->unit, &options, &error);
    ck_assert_msg(ok == !row->rule, "%.*s: %s: %s", SLICE_ARG(row->unit),
                  error.rule ? error.rule : "accepted", error.text);
    if (!ok) {
        ck_assert_msg(!strcmp(error.rule, row->rule), "%.*s: got %s, want %s (%s)",
                      SLICE_ARG(row->unit), error.rule, row->rule, error.text);
        ck_assert_uint_le(error.offset, row->unit.n);
        ck_assert_uint_gt(strlen(error.text), 10);
    }
    /* UTF-8 rows are violations while UTF-8 is not enabled. */
    if (row->utf8)
        ck_assert(!imap_grammar_check(row->unit, NULL, NULL));
}
END_TEST

/* A response that is cut anywhere breaks a rule, unless what is left is one itself. */
static void cut_anywhere(const struct row *row)
{
    for (size_t n = 0; n < row->unit.n; n++) {
        auto_arena a = { 0 };
        struct imap_response r;
        struct imap_grammar_error error;
        autofree char *copy = xslicedup(slice_sub(row->unit, 0, n));
        int result = imap_response_parse(slice_make(copy, n), NULL, &a, &r, &error);
        /* Cut behind a literal's header, a status line is whole: "{5}" is text then. */
        ck_assert(result == -1 || slice_ends(slice_sub(row->unit, 0, n), S("\r\n")));
        ck_assert((error.rule != NULL) == (result == -1));
        ck_assert_uint_le(error.offset, n);
    }
}

enum { GROUP = 20 }; /* rows in one test: a process each would take longer than the test itself */

START_TEST(row_cut_anywhere_is_no_crash)
{
    for (size_t i = (size_t)_i * GROUP; i < COUNT(rows) && i < ((size_t)_i + 1) * GROUP; i++)
        cut_anywhere(&rows[i]);
}
END_TEST

static const struct {
    slice unit;
    const char *rule;
    size_t offset;
    const char *text;
} places[] = {
    { S("* 0 FETCH (FLAGS ())\r\n"), "nz-number", 2,
      "expected a number that does not start with 0, found '0 FETCH (FLAGS ())'" },
    { S("* SEARCH 2 3 \r\n"), "mailbox-data", 12,
      "expected no space at the end of the line, found a space" },
    { S("* STATUS x (MESSAGES 1 )\r\n"), "status-att-list", 22,
      "expected no space before ')', found a space" },
    { S("* LIST () \"/\" a\tb\r\n"), "mailbox", 15,
      "expected no such character in an atom, found octet 0x09" },
    { S("* OK\r\n"), "resp-cond-state", 4, "expected a space, found the end of the line" },
    { S("* 1 FETCH (BODY[] {3}\r\na\0b)\r\n"), "CHAR8", 24,
      "expected no NUL in a literal, found octet 0x00" },
};

START_TEST(violation_has_its_place)
{
    struct imap_grammar_error error = { NULL };
    ck_assert(!imap_grammar_check(places[_i].unit, NULL, &error));
    ck_assert_str_eq(error.rule, places[_i].rule);
    ck_assert_uint_eq(error.offset, places[_i].offset);
    ck_assert_str_eq(error.text, places[_i].text);
}
END_TEST

START_TEST(tagged_status_has_code_and_text)
{
    auto_arena a = { 0 };
    struct imap_response r;
    struct imap_grammar_error error;
    slice unit = S("A1 ok [COPYUID 38505 304,319:320 3956:3958] Done [x]\r\n");
    ck_assert_int_eq(imap_response_parse(unit, NULL, &a, &r, &error), 0);
    ck_assert_ptr_null(error.rule);
    ck_assert_int_eq(r.kind, IMAP_TAGGED);
    ck_assert_int_eq(r.status, IMAP_OK);
    ck_assert_slice(r.tag, S("A1"));
    ck_assert(imap_response_has_code(&r, "copyuid"));
    ck_assert(!imap_response_has_code(&r, "COPY"));
    ck_assert_uint_eq(r.code_args.n_items, 3);
    ck_assert_slice(r.code_args.items[1].text, S("304,319:320"));
    ck_assert_uint_eq(r.code_args.items[1].offset, 21);
    ck_assert_slice(r.code_raw, S("COPYUID 38505 304,319:320 3956:3958"));
    ck_assert_slice(r.text, S("Done [x]"));
    ck_assert_str_eq(imap_status_name(r.status), "OK");
}
END_TEST

START_TEST(untagged_status_and_continuation)
{
    auto_arena a = { 0 };
    struct imap_response r;
    imap_response_read(S("* BYE bye [x] {5}\r\n"), &a, &r);
    ck_assert_int_eq(r.kind, IMAP_STATUS);
    ck_assert_int_eq(r.status, IMAP_BYE);
    ck_assert(!r.has_code);
    ck_assert_slice(r.text, S("bye [x] {5}"));
    imap_response_read(S("+ \r\n"), &a, &r);
    ck_assert_int_eq(r.kind, IMAP_CONTINUATION);
    ck_assert_slice(r.text, S(""));
    imap_response_read(S("+\r\n"), &a, &r);
    ck_assert_int_eq(r.kind, IMAP_CONTINUATION);
    imap_response_read(S("+ dGVzdA==\r\n"), &a, &r);
    ck_assert_slice(r.text, S("dGVzdA=="));
    imap_response_read(S("* OK [PERMANENTFLAGS (\\Seen \\*)]\n"), &a, &r);
    ck_assert(imap_response_has_code(&r, "PERMANENTFLAGS"));
    ck_assert_uint_eq(r.code_args.items[0].n_items, 2);
    ck_assert_slice(r.text, S(""));
    imap_response_read(S("A NO [BADCHARSET ({3}\r\n]]] \"]\")] no\r\n"), &a, &r);
    ck_assert_uint_eq(r.code_args.items[0].n_items, 2);
    ck_assert_slice(r.text, S("no"));
}
END_TEST

START_TEST(data_has_number_name_and_values)
{
    auto_arena a = { 0 };
    struct imap_response r;
    slice unit = S("* 12 FETCH (UID 7 BODY[HEADER.FIELDS (A)]<0> {3}\r\na)b FLAGS (\\Seen))\r\n");
    ck_assert_int_eq(imap_response_parse(unit, NULL, &a, &r, NULL), 0);
    ck_assert(imap_response_is(&r, "fetch"));
    ck_assert(r.has_number);
    ck_assert_uint_eq(r.number, 12);
    ck_assert_slice(imap_response_item(&r, "UID")->text, S("7"));
    ck_assert_slice(imap_response_item(&r, "BODY[HEADER.FIELDS (A)]<0>")->text, S("a)b"));
    ck_assert_uint_eq(imap_response_item(&r, "FLAGS")->n_items, 1);
    ck_assert_ptr_null(imap_response_item(&r, "ENVELOPE"));
    imap_response_read(S("* SEARCH\r\n"), &a, &r);
    ck_assert(!r.has_number);
    ck_assert_uint_eq(r.values.n_items, 0);
    ck_assert_ptr_null(imap_response_item(&r, "UID"));
    imap_response_read(S("* STATUS \"a b\" (MESSAGES 1 UNSEEN 2)\r\n"), &a, &r);
    ck_assert_slice(r.values.items[0].text, S("a b"));
    ck_assert_slice(imap_response_item(&r, "unseen")->text, S("2"));
}
END_TEST

START_TEST(violations_still_give_the_tree)
{
    auto_arena a = { 0 };
    struct imap_response r;
    struct imap_grammar_error error;
    slice unit = S("* 0 FETCH (FLAGS (\\Seen ) UID 0 ) \r\n");
    ck_assert_int_eq(imap_response_parse(unit, NULL, &a, &r, &error), -1);
    ck_assert(imap_response_is(&r, "FETCH"));
    ck_assert_slice(imap_response_item(&r, "UID")->text, S("0"));
    ck_assert_int_eq(imap_response_parse(S("* [COPYUID 1 2 3] x\r\n"), NULL, &a, &r, &error), -1);
    ck_assert_int_eq(r.kind, IMAP_DATA);
    ck_assert_int_eq(imap_response_parse(S("Server Unavailable.\r\n"), NULL, &a, &r, &error), -1);
    ck_assert_int_eq(r.kind, IMAP_GARBAGE);
    ck_assert_slice(r.text, S("Server Unavailable."));
    ck_assert_int_eq(imap_response_parse(S("* LIST (\\Marked \"/\" x\r\n"), NULL, &a, &r, &error),
                     -1);
    ck_assert_uint_eq(r.values.items[0].n_items, 3);
}
END_TEST

START_TEST(deep_bodies_hit_the_limit_and_no_rule)
{
    auto_arena a = { 0 };
    auto_buf b;
    buf_init(&b, BUF_OURS);
    buf_adds(&b, "* 1 FETCH (BODY ");
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '(');
    buf_adds(&b, "\r\n");
    struct imap_response r;
    struct imap_grammar_error error;
    ck_assert_int_eq(imap_response_parse(buf_slice(&b), NULL, &a, &r, &error), -1);
    ck_assert_ptr_eq(error.rule, IMAP_RULE_LIMIT);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, row_has_its_rule, 0, COUNT(rows));
    tcase_add_loop_test(cases, row_cut_anywhere_is_no_crash, 0, COUNT(rows) / GROUP + 1);
    tcase_add_loop_test(cases, violation_has_its_place, 0, COUNT(places));
    tcase_add_test(cases, tagged_status_has_code_and_text);
    tcase_add_test(cases, untagged_status_and_continuation);
    tcase_add_test(cases, data_has_number_name_and_values);
    tcase_add_test(cases, violations_still_give_the_tree);
    tcase_add_test(cases, deep_bodies_hit_the_limit_and_no_rule);
}

int main(void)
{
    return run_tests("imap_response", add);
}
