/* The model, judging, exit codes, escaping. */
#include "markup.h"
#include "printable.h"
#include "result.h"
#include "sample_run.h"
#include "testing.h"

/* ---- escaping ---- */

static const struct {
    const char *bytes;
    size_t n;
    const char *shown;
} escapes[] = {
#define ROW(bytes, shown)                                                                          \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, shown                                                            \
    }
    ROW("plain \\Seen", "plain \\Seen"),
    ROW("a\r\nb", "a\\r\\nb"),
    ROW("\t\x00\x01\x1b\x7f", "\\t\\x00\\x01\\x1B\\x7F"),
    ROW("\xc3\xbc \xe2\x82\xac \xf0\x9f\x93\xa7", "ü € 📧"),
    ROW("\xff\xc3(", "\\xFF\\xC3("),
    ROW("\xc0\xaf", "\\xC0\\xAF"),                   /* overlong */
    ROW("\xed\xa0\x80", "\\xED\\xA0\\x80"),          /* surrogate */
    ROW("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"), /* past U+10FFFF */
    ROW("\xe2\x82", "\\xE2\\x82"),                   /* cut short */
    ROW("\xc2\x9b"
        "2J",
        "\\u{009B}2J"),
    ROW("\xe2\x80\xae"
        "x",
        "\\u{202E}x"),
    ROW("\xef\xbb\xbf", "\\u{FEFF}"),
    ROW("\xef\xbf\xbf", "\\u{FFFF}"),
    ROW("\xef\xbf\xbd", "\xef\xbf\xbd"),
#undef ROW
};

START_TEST(printable_text_holds_nothing_that_steers)
{
    auto_buf once, twice;
    buf_init(&once, BUF_OURS);
    buf_init(&twice, BUF_OURS);
    printable_add(&once, slice_make(escapes[_i].bytes, escapes[_i].n));
    ck_assert_str_eq(once.p, escapes[_i].shown);
    printable_add(&twice, buf_slice(&once));
    ck_assert_str_eq(twice.p, escapes[_i].shown);
}
END_TEST

START_TEST(every_octet_becomes_printable)
{
    for (int c = 0; c < 256; c++) {
        char octet = (char)c;
        auto_buf out;
        buf_init(&out, BUF_OURS);
        printable_add(&out, slice_make(&octet, 1));
        for (size_t i = 0; i < out.n; i++)
            ck_assert(out.p[i] >= 0x20 && out.p[i] < 0x7f);
        ck_assert_uint_ge(out.n, 1);
    }
}
END_TEST

START_TEST(lines_keep_crlf_as_a_line_break)
{
    auto_run run;
    run_init(&run);
    ck_assert_str_eq(run_lines(&run, S("a\r\nb\n\r\n")), "a\nb\\n");
    ck_assert_str_eq(run_lines(&run, S("\r\n")), "");
    ck_assert_str_eq(run_text(&run, S("a\r\n")), "a\\r\\n");
    ck_assert_str_eq(run_text(&run, S("")), "");
    ck_assert_str_eq(run_textf(&run, "%s %d", "\x01", 7), "\\x01 7");
}
END_TEST

START_TEST(characters_are_counted_and_never_cut)
{
    slice text = S("aü€b");
    ck_assert_uint_eq(utf8_count(text), 4);
    ck_assert_uint_eq(utf8_offset(text, 2), 3);
    ck_assert_uint_eq(utf8_offset(text, 9), text.n);
    ck_assert_slice(utf8_cut(text, 5), S("aü"));
    ck_assert_slice(utf8_cut(text, 6), S("aü€"));
    ck_assert_uint_eq(utf8_count(S("\xff\xff")), 2);
}
END_TEST

START_TEST(markup_escapes_for_text_and_attribute)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    markup_text(&out, "a<b> & \"c\" ]]> </script>\n\x01\xff");
    ck_assert_str_eq(out.p, "a&lt;b&gt; &amp; &quot;c&quot; ]]&gt; &lt;/script&gt;\n\\x01\\xFF");
    buf_clear(&out);
    markup_add_attribute(&out, "name", "\"1\n2\"");
    ck_assert_str_eq(out.p, " name=\"&quot;1&#10;2&quot;\"");
    buf_clear(&out);
    markup_add_attribute(&out, "name", NULL);
    markup_text(&out, NULL);
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(a_difference_moves_with_the_escapes_before_it)
{
    auto_run run;
    run_init(&run);
    struct result *r = run_add(&run, "x/y");
    struct result_failure *f = result_fail(&run, r, "first");
    ck_assert_ptr_eq(result_fail(&run, r, "second"), f);
    ck_assert_str_eq(f->message, "first");
    failure_actual(&run, f,
                   S("\x01\xff"
                     "abc def\r\n"),
                   6, 9, "ghi");
    ck_assert_str_eq(f->actual, "\\x01\\xFFabc def");
    ck_assert_uint_eq(f->difference->offset, 12);
    ck_assert_uint_eq(f->difference->length, 3);
    failure_actual(&run, f, S("abc"), SIZE_MAX, 0, NULL);
    ck_assert_ptr_null(f->difference);
}
END_TEST

/* ---- outcomes ---- */

START_TEST(names_of_outcomes_and_levels_parse_back)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome o = OUTCOME_COUNT;
        ck_assert(outcome_parse(slice_of(outcome_name((enum outcome)i)), &o));
        ck_assert_int_eq((int)o, i);
        ck_assert_str_ne(outcome_meaning(o), "");
        ck_assert_str_ne(outcome_symbol(o), "");
    }
    enum level l = LEVEL_NONE;
    ck_assert(level_parse(S("should"), &l));
    ck_assert_int_eq(l, LEVEL_SHOULD);
    ck_assert(!level_parse(S(""), &l));
    ck_assert(!outcome_parse(S("green"), &(enum outcome) { 0 }));
    ck_assert_int_eq(level_failed(LEVEL_MUST), OUTCOME_FAIL);
    ck_assert_int_eq(level_failed(LEVEL_SHOULD), OUTCOME_WARN);
    ck_assert_int_eq(level_failed(LEVEL_MAY), OUTCOME_NOTE);
    ck_assert_int_eq(level_failed(LEVEL_NOTE), OUTCOME_NOTE);
}
END_TEST

#define NO_ENTRY OUTCOME_COUNT
static const struct {
    const char *what;
    enum outcome raw;
    bool strict;
    enum outcome expects; /* of the baseline's entry */
    const char *match, *expires;
    enum outcome outcome;
} judgements[] = {
    { "pass", OUTCOME_PASS, false, NO_ENTRY, NULL, NULL, OUTCOME_PASS },
    { "warn", OUTCOME_WARN, false, NO_ENTRY, NULL, NULL, OUTCOME_WARN },
    { "strict warn", OUTCOME_WARN, true, NO_ENTRY, NULL, NULL, OUTCOME_FAIL },
    { "strict note", OUTCOME_NOTE, true, NO_ENTRY, NULL, NULL, OUTCOME_NOTE },
    { "expected", OUTCOME_FAIL, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_XFAIL },
    { "expected by default", OUTCOME_FAIL, false, OUTCOME_NOT_RUN, NULL, NULL, OUTCOME_XFAIL },
    { "expected warn", OUTCOME_WARN, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_XFAIL },
    { "expected strict warn", OUTCOME_WARN, true, OUTCOME_FAIL, NULL, NULL, OUTCOME_XFAIL },
    { "right message", OUTCOME_FAIL, false, OUTCOME_FAIL, "went wrong", NULL, OUTCOME_XFAIL },
    { "other message", OUTCOME_FAIL, false, OUTCOME_FAIL, "EXPUNGE", NULL, OUTCOME_FAIL },
    { "last day", OUTCOME_FAIL, false, OUTCOME_FAIL, NULL, "2026-11-22", OUTCOME_XFAIL },
    { "expired", OUTCOME_FAIL, false, OUTCOME_FAIL, NULL, "2026-11-21", OUTCOME_FAIL },
    { "unexpected pass", OUTCOME_PASS, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_XPASS },
    { "expired, passes", OUTCOME_PASS, false, OUTCOME_FAIL, NULL, "2026-11-21", OUTCOME_PASS },
    { "skip stays", OUTCOME_SKIP, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_SKIP },
    { "error stays", OUTCOME_ERROR, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_ERROR },
    { "error expected", OUTCOME_ERROR, false, OUTCOME_ERROR, NULL, NULL, OUTCOME_XFAIL },
    { "flaky expected", OUTCOME_FLAKY, false, OUTCOME_FLAKY, NULL, NULL, OUTCOME_XFAIL },
    { "flaky passes", OUTCOME_PASS, false, OUTCOME_FLAKY, NULL, NULL, OUTCOME_PASS },
    { "flaky fails", OUTCOME_FAIL, false, OUTCOME_FLAKY, NULL, NULL, OUTCOME_FAIL },
    { "not run", OUTCOME_NOT_RUN, false, OUTCOME_FAIL, NULL, NULL, OUTCOME_NOT_RUN },
};

START_TEST(outcome_follows_from_strictness_and_baseline)
{
    auto_run run;
    run_init(&run);
    run.started = SECONDS(1795359001);
    run.settings.strict = judgements[_i].strict;
    struct result *r = run_add(&run, "x/y");
    r->raw = judgements[_i].raw;
    result_fail(&run, r, "something went wrong");
    struct result_baseline entry = { .expects = judgements[_i].expects,
                                     .match = judgements[_i].match,
                                     .expires = judgements[_i].expires };
    if (judgements[_i].expects != NO_ENTRY)
        r->baseline = &entry;
    for (int again = 0; again < 2; again++) {
        result_judge(&run, r);
        ck_assert_msg(r->outcome == judgements[_i].outcome, "%s: got %s", judgements[_i].what,
                      outcome_name(r->outcome));
    }
    if (r->outcome == OUTCOME_XFAIL || r->outcome == OUTCOME_XPASS)
        ck_assert_ptr_nonnull(r->reason);
}
END_TEST

/* ---- exit codes ---- */

static const struct {
    const char *
        outcomes; /* p f w n s x X l(flaky) . (not run) and errors: e network, i internal, d file */
    enum error_code error;
    bool interrupted, fail_on_flaky, strict;
    int code;
} exits[] = {
    { "pp", ERR_NONE, false, false, false, 0 },  { "pwns", ERR_NONE, false, false, false, 0 },
    { "px", ERR_NONE, false, false, false, 0 },  { "pl", ERR_NONE, false, false, false, 0 },
    { "x", ERR_NONE, false, false, false, 0 },   { "pf", ERR_NONE, false, false, false, 1 },
    { "pX", ERR_NONE, false, false, false, 1 },  { "pl", ERR_NONE, false, true, false, 1 },
    { "pw", ERR_NONE, false, false, true, 1 },   { "fe", ERR_NONE, false, false, false, 1 },
    { "fi", ERR_NONE, false, false, false, 1 },  { "f.", ERR_NETWORK, false, false, false, 1 },
    { "f.", ERR_NONE, false, false, false, 1 },  { "", ERR_USAGE, false, false, false, 2 },
    { "", ERR_FILE, false, false, false, 3 },    { "pd", ERR_NONE, false, false, false, 3 },
    { "", ERR_NONE, false, false, false, 4 },    { "ss", ERR_NONE, false, false, false, 4 },
    { "", ERR_NETWORK, false, false, false, 5 }, { "..", ERR_LOGIN, false, false, false, 5 },
    { "ss", ERR_TLS, false, false, false, 5 },   { "pp.", ERR_RATE, false, false, false, 5 },
    { "pe", ERR_NONE, false, false, false, 5 },  { "ee", ERR_NONE, false, false, false, 5 },
    { "se", ERR_NONE, false, false, false, 5 },  { "ed", ERR_NONE, false, false, false, 5 },
    { "pei", ERR_NONE, false, false, false, 6 }, { "p", ERR_INTERNAL, false, false, false, 6 },
    { "p.", ERR_NONE, false, false, false, 6 },  { "p.", ERR_NONE, true, false, false, 130 },
    { "f.", ERR_NONE, true, false, false, 130 }, { "", ERR_NONE, true, false, false, 130 },
};

static enum outcome outcome_of(char c)
{
    static const char letters[] = ".pfwnsxXl";
    const char *p = strchr(letters, c);
    return p ? (enum outcome)(p - letters) : OUTCOME_ERROR;
}

static void add_by_letter(struct run *run, char c)
{
    struct result *r = run_add(run, "x/y");
    r->raw = outcome_of(c);
    r->error = r->raw != OUTCOME_ERROR ? ERR_NONE
               : c == 'i'              ? ERR_INTERNAL
               : c == 'd'              ? ERR_FILE
                                       : ERR_NETWORK;
}

START_TEST(exit_code_of_every_row)
{
    auto_run run;
    run_init(&run);
    run.interrupted = exits[_i].interrupted;
    run.settings.fail_on_flaky = exits[_i].fail_on_flaky;
    run.settings.strict = exits[_i].strict;
    if (exits[_i].error)
        error_set(&run.error, exits[_i].error, "the run failed");
    for (const char *p = exits[_i].outcomes; *p; p++)
        add_by_letter(&run, *p);
    run_finish(&run, SECONDS(1));
    ck_assert_msg(run.exit_code == exits[_i].code, "\"%s\": got %d, want %d", exits[_i].outcomes,
                  run.exit_code, exits[_i].code);
    auto_buf verdict;
    buf_init(&verdict, BUF_OURS);
    run_verdict(&run, &verdict);
    bool sounds_good = slice_starts(buf_slice(&verdict), S("Conformant")) ||
                       slice_starts(buf_slice(&verdict), S("No new failure"));
    ck_assert_msg(sounds_good == !exits[_i].code, "\"%s\" exits %d: %s", exits[_i].outcomes,
                  exits[_i].code, verdict.p);
}
END_TEST

/* ---- counts and sentences ---- */

START_TEST(counts_and_summary_of_the_sample)
{
    auto_run run;
    sample_run(&run);
    struct run_counts c = run_count(&run);
    ck_assert_int_eq(c.total, 12);
    ck_assert_int_eq(c.must, 7);
    ck_assert_int_eq(c.must_passed, 4);
    ck_assert_int_eq(c.should, 1);
    ck_assert_int_eq(c.should_passed, 0);
    auto_buf out;
    buf_init(&out, BUF_OURS);
    run_summary(&run, &out);
    ck_assert_str_eq(out.p, "12 checks: 2 passed, 2 failed, 1 warning, 1 note, 1 xfail, 1 xpass, "
                            "1 flaky, 1 error, 1 skipped, 1 not run · 12 connections · 6.20 s · "
                            "seed 4711");
    buf_clear(&out);
    ck_assert_uint_eq(run_weaknesses(&run, &out), 7);
    ck_assert_uint_ne(slice_find(buf_slice(&out), S("loopback")), SIZE_MAX);
    ck_assert_ptr_eq(run_find(&run, "pop3/uidl/unique-id-persists"), run.results.v[5]);
    ck_assert_ptr_null(run_find(&run, "pop3/uidl"));
}
END_TEST

START_TEST(a_run_that_is_not_whole_says_why)
{
    static const struct {
        const char *sample, *why;
    } rows[] = { { "sample", "1 of 12 checks did not run" },
                 { "dead", "127.0.0.1:10993 refused the connection" },
                 { "empty", "nothing was tested: no check was selected" },
                 { "clean", NULL } };
    auto_run run;
    auto_buf why;
    buf_init(&why, BUF_OURS);
    ck_assert(sample_by_name(rows[_i].sample, &run));
    ck_assert(run_is_incomplete(&run, &why) == (rows[_i].why != NULL));
    ck_assert_str_eq(why.p, rows[_i].why ? rows[_i].why : "");
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_loop_test(t, printable_text_holds_nothing_that_steers, 0, COUNT(escapes));
    tcase_add_test(t, every_octet_becomes_printable);
    tcase_add_test(t, lines_keep_crlf_as_a_line_break);
    tcase_add_test(t, characters_are_counted_and_never_cut);
    tcase_add_test(t, markup_escapes_for_text_and_attribute);
    tcase_add_test(t, a_difference_moves_with_the_escapes_before_it);
    tcase_add_test(t, names_of_outcomes_and_levels_parse_back);
    tcase_add_loop_test(t, outcome_follows_from_strictness_and_baseline, 0, COUNT(judgements));
    tcase_add_loop_test(t, exit_code_of_every_row, 0, COUNT(exits));
    tcase_add_test(t, counts_and_summary_of_the_sample);
    tcase_add_loop_test(t, a_run_that_is_not_whole_says_why, 0, 4);
}

int main(void)
{
    return run_tests("result", add_tests);
}
