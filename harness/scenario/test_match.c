#include "imap_response.h"
#include "match.h"
#include "testing.h"

static struct arena arena;
static struct vars vars;

static void reset(void)
{
    vars_release(&vars);
    arena_release(&arena);
    vars = (struct vars) { 0 };
    arena = (struct arena) { 0 };
}

static struct pattern pattern_of(const char *text)
{
    struct pattern p;
    size_t offset;
    const char *why = "";
    ck_assert_msg(pattern_parse(slice_of(text), &arena, &p, &offset, &why), "%s: %s", text, why);
    return p;
}

/* A response without its CRLF, against a pattern. */
static bool matches(const char *pattern, const char *response, struct match *m)
{
    struct pattern p = pattern_of(pattern);
    struct subject s;
    struct imap_response *r = arena_new(&arena, struct imap_response);
    imap_response_read(slice_of(arena_printf(&arena, "%s\r\n", response)), &arena, r);
    subject_from_imap(r, &arena, &s);
    *m = (struct match) { .vars = &vars };
    return match_subject(m, &p, &s);
}

static const struct {
    const char *pattern, *response;
    bool yes;
} rows[] = {
    { "2 EXISTS", "* 2 EXISTS", true },
    { "2 exists", "* 2 EXISTS", true },
    { "2 EXISTS", "* 3 EXISTS", false },
    { "2 EXISTS", "* 2 RECENT", false },
    { "$_ EXISTS", "* 3 EXISTS", true },
    /* FETCH: pairs in any order, others may be there */
    { "1 FETCH (UID 5 FLAGS (\\Seen))", "* 1 FETCH (FLAGS (\\Seen) MODSEQ (7) UID 5)", true },
    { "1 FETCH (UID 5)", "* 1 FETCH (UID 6)", false },
    { "1 FETCH (UID 5)", "* 2 FETCH (UID 5)", false },
    { "1 FETCH (RFC822.SIZE 5)", "* 1 FETCH (UID 5)", false },
    /* flags: a set, exactly; \Recent is ignored; ... allows more */
    { "1 FETCH (FLAGS (\\Seen \\Flagged))", "* 1 FETCH (FLAGS (\\flagged \\Recent \\SEEN))", true },
    { "1 FETCH (FLAGS (\\Seen))", "* 1 FETCH (FLAGS (\\Seen \\Deleted))", false },
    { "1 FETCH (FLAGS (\\Seen ...))", "* 1 FETCH (FLAGS (\\Deleted \\Seen))", true },
    { "1 FETCH (FLAGS ())", "* 1 FETCH (FLAGS (\\Recent))", true },
    { "1 FETCH (FLAGS ())", "* 1 FETCH (FLAGS (\\Seen))", false },
    { "FLAGS (\\Seen)", "* FLAGS (\\Answered \\Seen)", true },
    { "FLAGS (\\Junk)", "* FLAGS (\\Answered \\Seen)", false },
    /* strings: quoted and literal are one thing, octet by octet */
    { "1 FETCH (BODY[TEXT] \"a b\")", "* 1 FETCH (BODY[TEXT] {3}\r\na b)", true },
    { "1 FETCH (BODY[TEXT] \"a B\")", "* 1 FETCH (BODY[TEXT] {3}\r\na b)", false },
    { "1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] $_)",
      "* 1 FETCH (BODY[HEADER.FIELDS (Subject)] {2}\r\n\r\n)", true },
    { "1 FETCH (BODY[TEXT] NIL)", "* 1 FETCH (BODY[TEXT] \"NIL\")", false },
    { "1 FETCH (BODY[TEXT] NIL)", "* 1 FETCH (BODY[TEXT] nil)", true },
    { "1 FETCH (BODY[TEXT] /^a.c$/)", "* 1 FETCH (BODY[TEXT] \"abc\")", true },
    { "1 FETCH (BODY[TEXT] /^a.c$/)", "* 1 FETCH (BODY[TEXT] \"abcd\")", false },
    /* names of fields in a section may be quoted; a date-time is a moment */
    { "1 FETCH (BODY[HEADER.FIELDS (SUBJECT TO)] $_)",
      "* 1 FETCH (BODY[HEADER.FIELDS (\"Subject\" TO)] {2}\r\n\r\n)", true },
    { "1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] $_)",
      "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECTS)] {2}\r\n\r\n)", false },
    { "1 FETCH (INTERNALDATE \" 3-Mar-2020 10:20:30 +0100\")",
      "* 1 FETCH (INTERNALDATE \"03-Mar-2020 04:20:30 -0500\")", true },
    { "1 FETCH (INTERNALDATE \" 3-Mar-2020 10:20:30 +0100\")",
      "* 1 FETCH (INTERNALDATE \"03-Mar-2020 10:20:30 -0500\")", false },
    /* LIST */
    { "LIST (\\HasNoChildren) \"/\" work", "* LIST (\\Marked \\HasNoChildren) \"/\" \"work\"",
      true },
    { "LIST () NIL work", "* LIST () \"/\" work", false },
    { "LIST ... ", "* LIST () \"/\" work", true },
    /* STATUS, SEARCH, ESEARCH, VANISHED: pairs and sets of numbers */
    { "STATUS work (UIDNEXT 4 MESSAGES 2)", "* STATUS work (MESSAGES 2 UIDNEXT 4 UNSEEN 0)", true },
    { "STATUS work (MESSAGES 3)", "* STATUS work (MESSAGES 2)", false },
    { "SEARCH 3 1 2", "* SEARCH 1 2 3", true },
    { "SEARCH 1:3", "* SEARCH 1 2 3", true },
    { "SEARCH 1 2", "* SEARCH 1 2 3", false },
    { "SEARCH", "* SEARCH", true },
    { "SEARCH", "* SEARCH 1", false },
    { "SEARCH 1", "* SEARCH 1 (MODSEQ 9)", true },
    { "ESEARCH (TAG \"A1\") UID ALL 1,2,3", "* ESEARCH (TAG \"A1\") UID COUNT 3 ALL 1:3", true },
    { "ESEARCH (TAG \"A1\") UID ALL 1,2", "* ESEARCH (TAG \"A1\") UID ALL 1:3", false },
    { "VANISHED (EARLIER) 3,4,5", "* VANISHED (EARLIER) 3:5", true },
    { "VANISHED 3:5", "* VANISHED (EARLIER) 3:5", false },
    /* sets of words */
    { "CAPABILITY IDLE", "* CAPABILITY IMAP4rev1 IDLE MOVE", true },
    { "CAPABILITY IDL", "* CAPABILITY IMAP4rev1 IDLE MOVE", false },
    { "ENABLED QRESYNC", "* ENABLED CONDSTORE QRESYNC", true },
    /* status responses: a code counts when the pattern has one; text never */
    { "OK", "* OK [UIDVALIDITY 7] whatever", true },
    { "OK [UIDVALIDITY 7]", "* OK [UIDVALIDITY 7] whatever", true },
    { "OK [UIDVALIDITY 8]", "* OK [UIDVALIDITY 7] whatever", false },
    { "OK [READ-ONLY]", "* OK done", false },
    { "NO", "* OK done", false },
    { "OK [PERMANENTFLAGS (\\Seen)]", "* OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] limited",
      true },
    { "OK", "A1 OK done", true },
    { "OK [COPYUID 7 1:2 5,6]", "A1 OK [COPYUID 7 1,2 5:6] done", true },
    { "BYE", "* BYE see you", true },
    { "+", "+ go on", true },
    /* everything else in order; ... at the end */
    { "NAMESPACE ((\"\" \"/\")) NIL NIL", "* NAMESPACE ((\"\" \"/\")) NIL NIL", true },
    { "NAMESPACE ((\"\" \"/\")) NIL", "* NAMESPACE ((\"\" \"/\")) NIL NIL", false },
    { "NAMESPACE ((\"\" \"/\") ...) ...", "* NAMESPACE ((\"\" \"/\")) NIL NIL", true },
};

START_TEST(imap_responses)
{
    struct match m;
    ck_assert_msg(matches(rows[_i].pattern, rows[_i].response, &m) == rows[_i].yes, "%s / %s",
                  rows[_i].pattern, rows[_i].response);
    reset();
}
END_TEST

START_TEST(captures_bind_compare_and_are_undone)
{
    struct match m;
    slice value;
    ck_assert(matches("$n FETCH (UID $uid)", "* 3 FETCH (UID 9)", &m));
    ck_assert(vars_get(&vars, S("uid"), &value));
    ck_assert_slice(value, S("9"));
    ck_assert(matches("$n FETCH (UID $uid)", "* 3 FETCH (UID 9)", &m));
    ck_assert(!matches("$n FETCH (UID $uid)", "* 3 FETCH (UID 10)", &m));
    ck_assert(!matches("$n FETCH (BODY[] $body UID 7)", "* 3 FETCH (BODY[] \"x\" UID 9)", &m));
    ck_assert(!vars_get(&vars, S("body"), &value));
    ck_assert(matches("1 FETCH (BODY[] /id=(?<id>[0-9]+)/)", "* 1 FETCH (BODY[] \"id=42\")", &m));
    ck_assert(vars_get(&vars, S("id"), &value));
    ck_assert_slice(value, S("42"));
    reset();
}
END_TEST

START_TEST(the_first_token_that_differs_is_known)
{
    struct match m;
    ck_assert(!matches("1 FETCH (FLAGS (\\Seen))", "* 2 FETCH (FLAGS (\\Seen))", &m));
    ck_assert_uint_eq(m.offset, 2);
    ck_assert_slice(m.wanted, S("1"));
    ck_assert(!matches("OK [UIDVALIDITY 8]", "* OK [UIDVALIDITY 7] x", &m));
    ck_assert_slice(m.wanted, S("8"));
    ck_assert_uint_eq(m.offset, strlen("* OK [UIDVALIDITY "));
    reset();
}
END_TEST

static uint32_t moved_down(void *ctx, uint64_t k)
{
    (void)ctx;
    return k == 2 ? 0 : (uint32_t)(k > 2 ? k - 1 : k);
}

START_TEST(message_numbers_follow_an_expunge)
{
    struct pattern p = pattern_of("$3 EXPUNGE");
    struct subject s;
    struct imap_response r;
    imap_response_read(S("* 2 EXPUNGE\r\n"), &arena, &r);
    subject_from_imap(&r, &arena, &s);
    struct match m = { .vars = &vars, .number_now = moved_down };
    ck_assert(match_subject(&m, &p, &s));
    p = pattern_of("$2 EXPUNGE");
    ck_assert(!match_subject(&m, &p, &s));
    reset();
}
END_TEST

static const struct {
    const char *pattern, *line;
    bool yes;
} lines[] = {
    { "+OK 2 320", "+OK 2 320", true },
    { "+OK 2 320", "+OK 2 320 octets", true },
    { "+OK 2 320", "+OK 2", false },
    { "-ERR [IN-USE]", "-ERR [IN-USE] busy", true },
    { "-ERR [in-use]", "-ERR [IN-USE] busy", true },
    { "-ERR [AUTH]", "-ERR [IN-USE] busy", false },
    { "SIZE $n", "SIZE 1000", true },
    { "1 $_", "1 120", true },
    { "1 $_", "11 120", false },
    { "STARTTLS", "STARTTLS", true },
    { "STARTTLS", "XSECURITY=NONE,STARTTLS", false },
};

START_TEST(words_of_lines)
{
    struct pattern p = pattern_of(lines[_i].pattern);
    struct subject s;
    subject_from_words(slice_of(lines[_i].line), &arena, &s);
    struct match m = { .vars = &vars };
    ck_assert_msg(match_subject(&m, &p, &s) == lines[_i].yes, "%s / %s", lines[_i].pattern,
                  lines[_i].line);
    reset();
}
END_TEST

/* Of POP3: a regular expression alone sees the spaces, too; next to words it sees one of them. */
static const struct {
    const char *pattern, *line;
    bool yes;
} whole_lines[] = {
    { "/^1 \\S{1,70}$/", "1 abc", true },
    { "/^1 \\S{1,70}$/", "1  abc", false },
    { "/^1 \\S{1,70}$/", "1 abc more", false },
    { "1 /^b/", "1 abc", false },
    { "1 /^a/", "1 abc", true },
    { "/^$/", "", true },
    { "/^ /", " TOP", true },
};

START_TEST(regular_expressions_of_whole_lines)
{
    struct pattern p = pattern_of(whole_lines[_i].pattern);
    struct subject s;
    subject_from_words(slice_of(whole_lines[_i].line), &arena, &s);
    s.line = true;
    struct match m = { .vars = &vars };
    ck_assert_msg(match_subject(&m, &p, &s) == whole_lines[_i].yes, "%s / %s",
                  whole_lines[_i].pattern, whole_lines[_i].line);
    reset();
}
END_TEST

static const char *const unparsable[] = {
    "1 FETCH (", "1 FETCH )", "\"open", "[x", "a ]", "/abc/ ("
};

START_TEST(patterns_that_do_not_parse)
{
    struct pattern p;
    size_t offset;
    const char *why = NULL;
    ck_assert(!pattern_parse(slice_of(unparsable[_i]), &arena, &p, &offset, &why));
    ck_assert_ptr_nonnull(why);
    reset();
}
END_TEST

START_TEST(expressions_are_bounded_and_explained)
{
    char why[200];
    ck_assert_int_eq(
        match_regex(S("(a+)+$"), S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), NULL, why), 0);
    ck_assert_int_eq(match_regex(S("(a"), S("a"), NULL, why), -1);
    ck_assert_int_gt((int)strlen(why), 5);
}
END_TEST

static const struct {
    const char *text, *expanded, *missing;
} texts[] = {
    { "SELECT $box", "SELECT work", NULL }, { "${box}s $$5 $", "works $5 $", NULL },
    { "$msg1.size!", "12!", NULL },         { "$msg1.other", NULL, "msg1.other" },
    { "a$nobody", NULL, "nobody" },         { "$box-new", NULL, "box-new" },
    { "${box}-new", "work-new", NULL },
};

START_TEST(texts_with_variables)
{
    auto_buf out;
    slice missing = { NULL, 0 };
    buf_init(&out, BUF_OURS);
    vars_set_text(&vars, "box", "work");
    vars_set_text(&vars, "msg1.size", "12");
    bool good = vars_expand(&vars, slice_of(texts[_i].text), &out, &missing);
    ck_assert_int_eq(good, texts[_i].expanded != NULL);
    if (good)
        ck_assert_str_eq(out.p, texts[_i].expanded);
    else
        ck_assert_slice(missing, slice_of(texts[_i].missing));
    reset();
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, imap_responses, 0, COUNT(rows));
    tcase_add_test(cases, captures_bind_compare_and_are_undone);
    tcase_add_test(cases, the_first_token_that_differs_is_known);
    tcase_add_test(cases, message_numbers_follow_an_expunge);
    tcase_add_loop_test(cases, words_of_lines, 0, COUNT(lines));
    tcase_add_loop_test(cases, regular_expressions_of_whole_lines, 0, COUNT(whole_lines));
    tcase_add_loop_test(cases, patterns_that_do_not_parse, 0, COUNT(unparsable));
    tcase_add_test(cases, expressions_are_bounded_and_explained);
    tcase_add_loop_test(cases, texts_with_variables, 0, COUNT(texts));
}

int main(void)
{
    return run_tests("match", add);
}
