#include "array.h"
#include "match_golden.h"
#include "testing.h"

#define TEXT "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 24 1 NIL NIL NIL NIL)"
#define PDF                                                                                        \
    "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a.pdf\" \"X\" \"1\") \"<id@x>\" NIL \"BASE64\" 100 "     \
    "\"md5\" (\"ATTACHMENT\" (\"FILENAME\" \"a.pdf\")) (\"en\" \"de\") \"https://x/\")"
#define INNER "(\"D\" \"S\" ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL NIL \"<i@x>\")"

static const struct {
    enum golden_kind kind;
    const char *want, *got;
    bool yes;
    const char *differs; /* what came where they part */
} rows[] = {
    { GOLDEN_BODYSTRUCTURE, TEXT, TEXT, true, NULL },
    /* letters of either case, but not in strings that are data */
    { GOLDEN_BODYSTRUCTURE, TEXT,
      "(\"text\" \"plain\" (\"charset\" \"US-ASCII\") NIL NIL \"7bit\" 24 1 NIL NIL NIL NIL)", true,
      NULL },
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"NAME\" \"A.PDF\" \"X\" \"1\") \"<id@x>\" NIL \"BASE64\" 100)",
      false, "(\"NAME\" \"A.PDF\" \"X\" \"1\")" },
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a.pdf\" \"X\" \"1\") \"<ID@x>\" NIL \"BASE64\" 100)",
      false, "\"<ID@x>\"" },
    /* parameters in any order, none missing, none more */
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"x\" \"1\" \"name\" \"a.pdf\") \"<id@x>\" NIL \"BASE64\" 100)",
      true, NULL },
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a.pdf\") \"<id@x>\" NIL \"BASE64\" 100)", false,
      "(\"NAME\" \"a.pdf\")" },
    { GOLDEN_BODYSTRUCTURE, TEXT,
      "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\" \"A\" \"b\") NIL NIL \"7BIT\" 24 1)", false,
      "(\"CHARSET\" \"us-ascii\" \"A\" \"b\")" },
    { GOLDEN_BODYSTRUCTURE, TEXT, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 24 1)", false, "NIL" },
    /* extension data may stop anywhere, and has no fifth field */
    { GOLDEN_BODYSTRUCTURE, TEXT,
      "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 24 1)", true, NULL },
    { GOLDEN_BODYSTRUCTURE, TEXT,
      "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 24 1 NIL)", true, NULL },
    { GOLDEN_BODYSTRUCTURE, TEXT,
      "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 24 1 NIL NIL NIL NIL "
      "\"more\")",
      false, "\"more\"" },
    { GOLDEN_BODY, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1)",
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1 NIL)", false, "NIL" },
    /* disposition and language */
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a.pdf\" \"X\" \"1\") \"<id@x>\" NIL \"BASE64\" 100 "
      "\"md5\" (\"attachment\" (\"filename\" \"a.pdf\")) (\"EN\" \"de\") \"https://x/\")",
      true, NULL },
    { GOLDEN_BODYSTRUCTURE, PDF,
      "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a.pdf\" \"X\" \"1\") \"<id@x>\" NIL \"BASE64\" 100 "
      "\"md5\" \"attachment\")",
      false, "\"attachment\"" },
    { GOLDEN_BODYSTRUCTURE, "(" TEXT " \"MIXED\" (\"BOUNDARY\" \"b\") NIL \"en\" NIL)",
      "(" TEXT " \"mixed\" (\"boundary\" \"b\") NIL (\"en\"))", true, NULL },
    /* multiparts */
    { GOLDEN_BODYSTRUCTURE, "(" TEXT PDF " \"MIXED\")", "(" TEXT PDF " \"Mixed\")", true, NULL },
    { GOLDEN_BODYSTRUCTURE, "(" TEXT PDF " \"MIXED\")", "(" TEXT " \"MIXED\")", false,
      "\"MIXED\"" },
    { GOLDEN_BODYSTRUCTURE, "(" TEXT " \"MIXED\")", "(\"MIXED\")", false, "\"MIXED\"" },
    { GOLDEN_BODYSTRUCTURE, "(" TEXT " \"MIXED\")", "(" TEXT PDF " \"MIXED\")", false, PDF },
    { GOLDEN_BODYSTRUCTURE, "(" TEXT " \"MIXED\")", "(" TEXT ")", false, "(" TEXT ")" },
    /* fields that are too few or too many for the type */
    { GOLDEN_BODY, "(\"IMAGE\" \"GIF\" NIL NIL NIL \"BASE64\" 22)",
      "(\"IMAGE\" \"GIF\" NIL NIL NIL \"BASE64\" 22 1)", false, "1" },
    { GOLDEN_BODY, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1)",
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2)", false,
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2)" },
    { GOLDEN_BODY, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1)", "NIL", false, "NIL" },
    /* a message within */
    { GOLDEN_BODY, "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 50 " INNER " " TEXT " 7)",
      "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 50 " INNER
      " (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 24 1) 7)",
      true, NULL },
    { GOLDEN_BODY, "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 50 " INNER " " TEXT " 7)",
      "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 50 7)", false, "7" },
    /* envelopes: literals are strings, NIL is not the empty string, case counts */
    { GOLDEN_ENVELOPE, INNER,
      "(\"D\" {1}\r\nS ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL NIL \"<i@x>\")", true, NULL },
    { GOLDEN_ENVELOPE, INNER,
      "(\"D\" \"s\" ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL NIL \"<i@x>\")", false, "\"s\"" },
    { GOLDEN_ENVELOPE, INNER,
      "(\"D\" \"S\" ((NIL NIL \"a\" \"b\")) \"\" NIL NIL NIL NIL NIL \"<i@x>\")", false, "\"\"" },
    { GOLDEN_ENVELOPE, INNER, "(\"D\" \"S\" ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL \"<i@x>\")",
      false, "\"<i@x>\"" },
    { GOLDEN_ENVELOPE, INNER, "(" INNER ")", false, INNER },
    /* alternatives: any of them; the one that got furthest is told */
    { GOLDEN_BODY,
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1)\n(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 "
      "2)",
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 2)", true, NULL },
    { GOLDEN_BODY,
      "(\"IMAGE\" \"GIF\" NIL NIL NIL \"7BIT\" 2)\n(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 2)",
      "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 3)", false, "3" },
};

START_TEST(values)
{
    auto_arena arena = { 0 };
    struct imap_value got;
    struct golden_difference d = { 0 };
    ck_assert(imap_lex(slice_of(rows[_i].got), 0, &arena, &got, NULL));
    bool yes = golden_matches(rows[_i].kind, slice_of(rows[_i].want), &got.items[0], &arena, &d);
    ck_assert_msg(yes == rows[_i].yes, "%s / %s", rows[_i].want, rows[_i].got);
    if (!yes)
        ck_assert_msg(slice_eq_str(d.got->raw, rows[_i].differs), "%s: differs at %.*s",
                      rows[_i].got, SLICE_ARG(d.got->raw));
}
END_TEST

START_TEST(names)
{
    enum golden_kind kind = GOLDEN_KINDS;
    ck_assert(golden_variable(S("msg12.golden.bodystructure"), &kind));
    ck_assert_int_eq(kind, GOLDEN_BODYSTRUCTURE);
    ck_assert(!golden_variable(S("msg1.body"), &kind));
    ck_assert(!golden_variable(S("msg1.golden.size"), &kind));
    ck_assert(!golden_variable(S("msg1.golden."), &kind));
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_loop_test(cases, values, 0, COUNT(rows));
    tcase_add_test(cases, names);
}

int main(void)
{
    return run_tests("match_golden", add_tests);
}
