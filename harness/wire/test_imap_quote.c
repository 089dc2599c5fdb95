#include "alloc.h"
#include "array.h"
#include "imap_lex.h"
#include "imap_quote.h"
#include "testing.h"

static const struct {
    slice text;
    unsigned flags;
    enum imap_form form;
    slice sent;
} rows[] = {
    { S("INBOX"), 0, IMAP_FORM_ATOM, S("INBOX") },
    { S("[Gmail]/x&y"), 0, IMAP_FORM_ATOM, S("[Gmail]/x&y") },
    { S("INBOX"), IMAP_QUOTE_STRING, IMAP_FORM_QUOTED, S("\"INBOX\"") },
    { S(""), 0, IMAP_FORM_QUOTED, S("\"\"") },
    { S("nil"), 0, IMAP_FORM_QUOTED, S("\"nil\"") },
    { S("a b"), 0, IMAP_FORM_QUOTED, S("\"a b\"") },
    { S("a\"b\\c"), 0, IMAP_FORM_QUOTED, S("\"a\\\"b\\\\c\"") },
    { S("a*"), 0, IMAP_FORM_QUOTED, S("\"a*\"") },
    { S("a%"), 0, IMAP_FORM_QUOTED, S("\"a%\"") },
    { S("a{1}"), 0, IMAP_FORM_QUOTED, S("\"a{1}\"") },
    { S("a(b)"), 0, IMAP_FORM_QUOTED, S("\"a(b)\"") },
    { S("a\tb\x7f"), 0, IMAP_FORM_QUOTED, S("\"a\tb\x7f\"") },
    { S("a\r\nb"), 0, IMAP_FORM_LITERAL, S("{4}\r\na\r\nb") },
    { S("a\nb"), IMAP_QUOTE_NONSYNC, IMAP_FORM_LITERAL, S("{3+}\r\na\nb") },
    { S("caf\xc3\xa9"), 0, IMAP_FORM_LITERAL, S("{5}\r\ncaf\xc3\xa9") },
    { S("caf\xc3\xa9"), IMAP_QUOTE_UTF8, IMAP_FORM_QUOTED, S("\"caf\xc3\xa9\"") },
    { S("caf\xe9"), IMAP_QUOTE_UTF8, IMAP_FORM_LITERAL, S("{4}\r\ncaf\xe9") },
    { S("a\0b"), 0, IMAP_FORM_LITERAL8, S("~{3}\r\na\0b") },
};

START_TEST(row_has_its_form)
{
    auto_buf out;
    auto_arena a = { 0 };
    struct imap_value v;
    buf_init(&out, BUF_OURS);
    ck_assert_int_eq(imap_form_of(rows[_i].text, rows[_i].flags), rows[_i].form);
    ck_assert(imap_string_add(&out, rows[_i].text, rows[_i].flags));
    ck_assert_slice(buf_slice(&out), rows[_i].sent);
    /* What the tokenizer reads is what was sent. */
    ck_assert(imap_lex(buf_slice(&out), 0, &a, &v, NULL));
    ck_assert_uint_eq(v.n_items, 1);
    ck_assert_slice(v.items[0].text, rows[_i].text);
}
END_TEST

START_TEST(long_strings_are_literals)
{
    char text[IMAP_QUOTED_MAX + 1];
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(imap_form_of(slice_make(text, sizeof text), 0), IMAP_FORM_LITERAL);
    ck_assert_int_eq(imap_form_of(slice_make(text, sizeof text - 1), 0), IMAP_FORM_ATOM);
}
END_TEST

START_TEST(nstrings_and_full_buffers)
{
    auto_buf out, small;
    buf_init(&out, BUF_OURS);
    ck_assert(imap_nstring_add(&out, (slice) { NULL, 0 }, 0));
    ck_assert(imap_nstring_add(&out, S(""), 0));
    ck_assert(imap_nstring_add(&out, S("x"), 0));
    ck_assert(imap_literal_add(&out, S("y"), true));
    ck_assert_slice(buf_slice(&out), S("NIL\"\"\"x\"{1+}\r\ny"));
    buf_init(&small, 4);
    ck_assert(!imap_quoted_add(&small, S("abc")));
    ck_assert(!imap_literal_add(&small, S("abc"), false));
    ck_assert_uint_eq(small.n, 0);
    ck_assert(imap_quoted_add(&small, S("ab")));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, row_has_its_form, 0, COUNT(rows));
    tcase_add_test(cases, long_strings_are_literals);
    tcase_add_test(cases, nstrings_and_full_buffers);
}

int main(void)
{
    return run_tests("imap_quote", add);
}
