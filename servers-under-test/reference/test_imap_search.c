#include "arena.h"
#include "fault.h"
#include "imap_date.h"
#include "imap_grammar.h"
#include "imap_lex.h"
#include "imap_search.h"
#include "test_imap_golden.h"

/* A box of golden messages. The zones of 1 and 2 put them on another day in UTC. */
static const struct boxed {
    const char *name;
    uint32_t uid;
    uint64_t modseq;
    const char *date, *flags;
    bool recent, saved;
} boxed[] = {
    { "simple", 11, 101, "01-Feb-2020 23:30:00 -0500", " \\Seen ", false, false },
    { "encoded-words", 12, 105, "02-Feb-2020 00:30:00 +0200", " \\Flagged \\Answered $Junk ", false,
      false },
    { "attachment", 15, 103, "03-Feb-2020 12:00:00 +0000", " ", true, false },
    { "eight-bit", 20, 104, "04-Feb-2020 12:00:00 +0000", " \\Deleted \\Seen $Forwarded ", true,
      false },
    { "latin1", 21, 102, "05-Feb-2020 12:00:00 +0000", " \\Draft ", false, true },
    { "forwarded", 30, 110, "06-Feb-2020 12:00:00 +0000", " ", false, true },
    { "groups", 31, 107, "07-Feb-2020 12:00:00 +0000", " ", false, false },
    { "no-mime", 40, 90, "08-Feb-2020 12:00:00 +0000", " ", false, false },
    { "no-fields", 41, 91, "09-Feb-2020 12:00:00 +0000", " ", false, false },
};

struct opened {
    slice octets;
    const struct boxed *boxed;
};

static bool has_flag(void *data, slice name)
{
    const struct opened *o = data;
    autofree char *padded = xprintf(" %.*s ", SLICE_ARG(name));
    return slice_find_nocase(slice_of(o->boxed->flags), slice_of(padded)) != SIZE_MAX;
}

static slice octets(void *data)
{
    return ((const struct opened *)data)->octets;
}

static bool matches(const struct search_program *p, size_t i)
{
    const struct search_box box = { COUNT(boxed), 41, 1581249610 }; /* 9-Feb-2020 12:00:10 */
    struct opened o = { golden_read(boxed[i].name, ".eml"), &boxed[i] };
    struct imap_datetime t;
    ck_assert(imap_datetime_parse(slice_of(boxed[i].date), &t));
    const struct search_message message = {
        .seq = (uint32_t)i + 1,
        .uid = boxed[i].uid,
        .modseq = boxed[i].modseq,
        .size = o.octets.n,
        .internal_date = imap_datetime_unix(&t),
        .zone = t.zone,
        .recent = boxed[i].recent,
        .saved = boxed[i].saved,
        .has_save_date = true,
        .save_date = imap_datetime_unix(&t),
        .has_flag = has_flag,
        .octets = octets,
        .data = &o,
    };
    bool found = search_match(p, &box, &message);
    free((char *)o.octets.p);
    return found;
}

static bool parse(struct arena *a, slice args, const struct search_options *options,
                  struct search_program **ret, struct search_failure *ret_failure)
{
    struct imap_value top;
    ck_assert_msg(imap_lex(args, 0, a, &top, NULL), "%.*s", SLICE_ARG(args));
    return search_parse(a, top.items, top.n_items, options, ret, ret_failure);
}

/* The whole untagged answer; a failed parse gives its text in brackets. */
static void answer(const char *args, bool uid, const struct search_options *options,
                   struct buf *out)
{
    auto_arena a = { 0 };
    struct search_program *p;
    struct search_failure failure;
    struct search_results results = { 0 };
    if (!parse(&a, slice_of(args), options, &p, &failure)) {
        buf_addf(out, "%s %s%s", failure.verdict == SEARCH_BAD ? "BAD" : "NO", failure.code,
                 failure.text);
        return;
    }
    for (size_t i = 0; i < COUNT(boxed); i++)
        if (matches(p, i))
            search_add(&results, (uint32_t)i + 1, boxed[i].uid, boxed[i].modseq);
    search_render(p, &results, S("A1"), uid, out);
    search_results_release(&results);
}

/* --- keys --- */

static const struct {
    const char *args, *want; /* the numbers after "* SEARCH" */
} keys[] = {
    { "ALL", " 1 2 3 4 5 6 7 8 9" },
    { "all", " 1 2 3 4 5 6 7 8 9" },
    { "NOT ALL", "" },
    { "1", " 1" },
    { "2:4,7", " 2 3 4 7" },
    { "4:2", " 2 3 4" },
    { "*", " 9" },
    { "8:*", " 8 9" },
    { "*:8", " 8 9" },
    { "20:*", " 9" },
    { "100", "" },
    { "UID 12:20", " 2 3 4" },
    { "UID 20:12", " 2 3 4" },
    { "UID *", " 9" },
    { "UID 999:*", " 9" },
    { "$", " 5 6" },
    { "UID $", " 5 6" },
    { "NOT $", " 1 2 3 4 7 8 9" },
    { "OR $ 1", " 1 5 6" },
    { "(OR $ 1) UNSEEN", " 5 6" },
    { "SEEN", " 1 4" },
    { "UNSEEN", " 2 3 5 6 7 8 9" },
    { "ANSWERED", " 2" },
    { "UNANSWERED 1:3", " 1 3" },
    { "FLAGGED", " 2" },
    { "UNFLAGGED 1:3", " 1 3" },
    { "DELETED", " 4" },
    { "UNDELETED 3:5", " 3 5" },
    { "DRAFT", " 5" },
    { "UNDRAFT 4:6", " 4 6" },
    { "RECENT", " 3 4" },
    { "NEW", " 3" },
    { "OLD", " 1 2 5 6 7 8 9" },
    { "KEYWORD $Junk", " 2" },
    { "KEYWORD $junk", " 2" },
    { "UNKEYWORD $Junk 1:3", " 1 3" },
    { "KEYWORD NIL", "" },
    { "SEEN DELETED", " 4" },
    { "OR SEEN FLAGGED", " 1 2 4" },
    { "NOT SEEN NOT FLAGGED", " 3 5 6 7 8 9" },
    { "NOT (SEEN DELETED)", " 1 2 3 5 6 7 8 9" },
    { "OR (SEEN DELETED) (OR DRAFT FLAGGED)", " 2 4 5" },
    { "NOT NOT DRAFT", " 5" },
    { "((DRAFT))", " 5" },
    /* the day in the zone in which the date was given */
    { "ON 1-Feb-2020", " 1" },
    { "ON \"2-Feb-2020\"", " 2" },
    { "ON 02-feb-2020", " 2" },
    { "BEFORE 2-Feb-2020", " 1" },
    { "SINCE 2-Feb-2020", " 2 3 4 5 6 7 8 9" },
    { "SINCE 9-Feb-2020", " 9" },
    { "BEFORE 1-Feb-2020", "" },
    { "SENTON 2-Mar-2020", " 8" },
    { "SENTBEFORE 3-Mar-2020", " 8" },
    { "SENTSINCE 3-Mar-2020", " 1 2 3 4 5 6 7" },
    { "SENTON 1-Jan-1970", "" },
    { "SAVEDON 1-Feb-2020", " 2" },
    { "SAVEDBEFORE 3-Feb-2020", " 1 2" },
    { "SAVEDSINCE 8-Feb-2020", " 8 9" },
    { "SAVEDATESUPPORTED 1:2", " 1 2" },
    { "YOUNGER 10", " 9" },
    { "YOUNGER 9", "" },
    { "OLDER 10 8:9", " 8 9" },
    { "OLDER 11 8:9", " 8" },
    { "LARGER 33 SMALLER 35", " 9" },
    { "LARGER 34 9", "" },
    { "SMALLER 34", "" },
    { "MODSEQ 107", " 6 7 (MODSEQ 110)" },
    { "MODSEQ 104 UID 1:21", " 2 4 (MODSEQ 105)" },
    { "MODSEQ \"/flags/\\\\draft\" all 110", " 6 (MODSEQ 110)" },
    { "MODSEQ 0 1", " 1 (MODSEQ 101)" },
    { "MODSEQ 111", "" },
    { "FROM ada", " 1 3 4 5 6 7 8" },
    { "FROM \"Ada Nord\"", " 1 3 4 5 6" },
    { "FROM \"nord, ada\"", " 7" },
    { "FROM \"ada@ONE.example\"", " 1 3 4 5 6 7 8" },
    { "FROM \"<ada@one\"", " 1 3 4 5 6 7 8" },
    { "FROM \"J\xC3\xB8rgen\"", " 2" },
    { "FROM \"J\xC3\x98RGEN S\xC3\xB8\"", " 2" },
    { "FROM \"\" 8:9", " 8" },
    { "TO bo@", " 1 3 4 5 6 7 8" },
    { "TO crew", " 7" },
    { "TO \"andr\xC3\x89\"", " 2" },
    { "CC undisclosed", " 7" },
    { "CC \"\"", " 7" },
    { "BCC \"[192.0.2.1]\"", " 7" },
    { "BCC eve", " 7" },
    { "SUBJECT harbour", " 1" },
    { "SUBJECT \"gr\xC3\xBC\xC3\x9F"
      "e aus k\xC3\xB6ln\"",
      " 2" },
    { "SUBJECT \"\" 8:9", " 8" },
    { "SUBJECT Ferry", " 6" },
    { "HEADER X-Odd \"\"", " 9" },
    { "HEADER x-odd YES", " 9" },
    { "HEADER Sender office", " 7" },
    { "HEADER Message-ID <plain@one.example>", " 1" },
    { "HEADER \"Content-Type\" \"boundary\"", " 3 6" },
    { "HEADER Subject gr\xC3\xBC", " 2" },
    { "HEADER None \"\"", "" },
    { "BODY harbour", " 1" },
    { "BODY \"k\xC3\xB8\"", "" },
    { "BODY \"K\xC3\xB6penhavn \xE2\x80\x93 m\xC3\xA5ndag\"", " 2" },
    { "BODY \"GR\xC3\x9C\xC3\x9F"
      "E\"",
      " 4" },
    { "BODY \"\xD0\x9F\xD0\xA0\xD0\x98\xD0\x92\xD0\x95\xD0\xA2\"", " 4" },
    { "BODY \"\xCE\x93\xCE\x95\xCE\x99\xCE\x86\"", " 4" },
    { "BODY \"CAF\xC3\x89 cr\xC3\xA8me\"", " 5" },
    { "BODY ferry", " 6" },
    { "BODY \"subject\"", " 6" },
    { "BODY \"Message-ID: <plain@\"", "" },
    { "BODY JVBER", "" },
    { "TEXT subject 1:2", " 1 2" },
    { "TEXT \"Message-ID: <plain@\"", " 1" },
    { "TEXT \"filename=ferry\"", " 6" },
    { "TEXT ferry", " 6" },
    { "TEXT {5}\r\nFERRY", " 6" },
    { "CHARSET UTF-8 BODY {5}\r\n\xC3\x89 cr", " 5" },
    { "CHARSET utf-8 BODY \"\xC3\xA9 cr\"", " 5" },
    { "CHARSET \"ISO-8859-1\" BODY {4}\r\n\xE9 cr", " 5" },
    { "CHARSET US-ASCII SUBJECT menu", " 5" },
    { "SUBJECT NIL", "" },
};

START_TEST(keys_find_their_messages)
{
    const struct search_options options = { 0 };
    const struct imap_grammar_options grammar = { 0 };
    struct imap_grammar_error err;
    autofree char *want = xprintf("* SEARCH%s\r\n", keys[_i].want);
    auto_buf got;
    buf_init(&got, BUF_OURS);
    answer(keys[_i].args, false, &options, &got);
    ck_assert_msg(slice_eq_str(buf_slice(&got), want), "%s: got %s want %s", keys[_i].args, got.p,
                  want);
    ck_assert_msg(imap_grammar_check(buf_slice(&got), &grammar, &err), "%s: %s", err.rule,
                  err.text);
}
END_TEST

/* CHARSET UTF-8 with an upper case letter beyond ASCII finds the lower case one. */
START_TEST(a_literal_in_utf8_is_folded)
{
    const struct search_options options = { 0 };
    auto_buf got;
    buf_init(&got, BUF_OURS);
    answer("CHARSET UTF-8 BODY {6}\r\nF\xC3\x89 cr", false, &options, &got);
    ck_assert_str_eq(got.p, "* SEARCH 5\r\n");
}
END_TEST

static const char *const refused[] = {
    "",
    "NONE",
    "()",
    "SEEN ()",
    "SEEN  UNSEEN",
    "( SEEN)",
    "(SEEN )",
    "NOT",
    "OR SEEN",
    "OR",
    "\"SEEN\"",
    "FROM",
    "FROM (a)",
    "FROM ~{1}\r\na",
    "HEADER",
    "HEADER Subject",
    "ON",
    "ON 30-Feb-2020",
    "ON 2020-02-01",
    "SINCE yesterday",
    "LARGER",
    "LARGER -1",
    "LARGER 1K",
    "LARGER \"1\"",
    "LARGER 9223372036854775808",
    "KEYWORD",
    "KEYWORD \\Seen",
    "KEYWORD \"a\"",
    "UNKEYWORD (a)",
    "UID",
    "UID 0",
    "UID a",
    "0",
    "1:",
    "1,,2",
    "-1",
    "MODSEQ",
    "MODSEQ a",
    "MODSEQ \"/flags/\\\\draft\" 1",
    "MODSEQ \"x\" all 1",
    "MODSEQ \"/flags/\\\\draft\" all",
    "OLDER 0",
    "YOUNGER",
    "CHARSET",
    "CHARSET UTF-8",
    "CHARSET (UTF-8) ALL",
    "CHARSET UTF-8 CHARSET UTF-8 ALL",
    "CHARSET UTF-8 SUBJECT {1}\r\n\xFF",
    "RETURN",
    "RETURN ALL",
    "RETURN (MIN)",
    "RETURN (NONE) ALL",
    "RETURN (MIN (MAX)) ALL",
    "RETURN ( MIN) ALL",
    "CHARSET UTF-8 RETURN (MIN) ALL",
    "SEEN RETURN (MIN)",
};

START_TEST(what_is_no_program_is_bad)
{
    auto_arena a = { 0 };
    const struct search_options options = { 0 };
    struct search_program *p = NULL;
    struct search_failure failure;
    ck_assert_msg(!parse(&a, slice_of(refused[_i]), &options, &p, &failure), "%s", refused[_i]);
    ck_assert_msg(failure.verdict == SEARCH_BAD, "%s", refused[_i]);
    ck_assert(failure.text[0] && !failure.code[0] && !failure.clears_saved);
    ck_assert_ptr_null(p);
}
END_TEST

START_TEST(unknown_charsets_are_refused_with_no)
{
    auto_arena a = { 0 };
    const struct search_options options = { 0 }, utf8 = { .utf8 = true };
    struct search_program *p;
    struct search_failure failure;
    ck_assert(!parse(&a, S("CHARSET KOI8-R ALL"), &options, &p, &failure));
    ck_assert_int_eq(failure.verdict, SEARCH_BADCHARSET);
    ck_assert_str_eq(failure.code, "[BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] ");
    ck_assert(!failure.clears_saved);
    ck_assert(!parse(&a, S("RETURN (SAVE) CHARSET KOI8-R ALL"), &options, &p, &failure));
    ck_assert(failure.clears_saved);
    ck_assert(!parse(&a, S("CHARSET UTF-8 ALL"), &utf8, &p, &failure));
    ck_assert_int_eq(failure.verdict, SEARCH_BAD);
}
END_TEST

START_TEST(nesting_and_keys_are_limited)
{
    auto_arena a = { 0 };
    const struct search_options options = { 0 };
    struct search_program *p;
    struct search_failure failure;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    for (int i = 0; i < SEARCH_NESTING_MAX; i++)
        buf_adds(&text, "NOT ");
    buf_adds(&text, "SEEN");
    ck_assert(parse(&a, buf_slice(&text), &options, &p, &failure));
    ck_assert(matches(p, 0));
    buf_clear(&text);
    for (int i = 0; i <= SEARCH_NESTING_MAX; i++)
        buf_adds(&text, "NOT ");
    buf_adds(&text, "SEEN");
    ck_assert(!parse(&a, buf_slice(&text), &options, &p, &failure));
    ck_assert_int_eq(failure.verdict, SEARCH_LIMIT);
    buf_clear(&text);
    for (int i = 0; i < SEARCH_KEYS_MAX; i++)
        buf_adds(&text, i ? " 1" : "1");
    ck_assert(parse(&a, buf_slice(&text), &options, &p, &failure));
    buf_adds(&text, " 1");
    ck_assert(!parse(&a, buf_slice(&text), &options, &p, &failure));
    ck_assert_int_eq(failure.verdict, SEARCH_LIMIT);
}
END_TEST

/* --- answers --- */

static const struct {
    const char *args;
    bool uid, rev2;
    const char *want;
} answers[] = {
    { "1:3", true, false, "* SEARCH 11 12 15\r\n" },
    { "NOT ALL", true, false, "* SEARCH\r\n" },
    { "1:3", false, true, "* ESEARCH (TAG \"A1\") ALL 1:3\r\n" },
    { "1:3", true, true, "* ESEARCH (TAG \"A1\") UID ALL 11:12,15\r\n" },
    { "NOT ALL", false, true, "* ESEARCH (TAG \"A1\")\r\n" },
    { "RETURN () 1:3", false, false, "* ESEARCH (TAG \"A1\") ALL 1:3\r\n" },
    { "RETURN (ALL) 1:3", false, false, "* ESEARCH (TAG \"A1\") ALL 1:3\r\n" },
    { "return (min max) UID 12:30", true, false, "* ESEARCH (TAG \"A1\") UID MIN 12 MAX 30\r\n" },
    { "RETURN (COUNT) SEEN", false, false, "* ESEARCH (TAG \"A1\") COUNT 2\r\n" },
    { "RETURN (COUNT MIN) SEEN", false, false, "* ESEARCH (TAG \"A1\") MIN 1 COUNT 2\r\n" },
    { "RETURN (MIN MAX ALL COUNT) NOT ALL", false, false, "* ESEARCH (TAG \"A1\") COUNT 0\r\n" },
    { "RETURN (MIN MAX ALL) NOT ALL", false, false, "* ESEARCH (TAG \"A1\")\r\n" },
    { "RETURN (MIN) CHARSET UTF-8 SEEN", false, false, "* ESEARCH (TAG \"A1\") MIN 1\r\n" },
    { "RETURN (SAVE) SEEN", false, false, "" },
    { "RETURN (SAVE COUNT) SEEN", false, false, "* ESEARCH (TAG \"A1\") COUNT 2\r\n" },
    { "RETURN (ALL) MODSEQ 104", false, false,
      "* ESEARCH (TAG \"A1\") ALL 2,4,6:7 MODSEQ 110\r\n" },
    { "RETURN (MIN) MODSEQ 104", false, false, "* ESEARCH (TAG \"A1\") MIN 2 MODSEQ 105\r\n" },
    { "RETURN (MAX) MODSEQ 104", false, false, "* ESEARCH (TAG \"A1\") MAX 7 MODSEQ 107\r\n" },
    { "RETURN (MIN MAX) MODSEQ 104", false, false,
      "* ESEARCH (TAG \"A1\") MIN 2 MAX 7 MODSEQ 107\r\n" },
    { "RETURN (MIN COUNT) MODSEQ 104", false, false,
      "* ESEARCH (TAG \"A1\") MIN 2 COUNT 4 MODSEQ 110\r\n" },
    { "RETURN (COUNT) MODSEQ 999", false, false, "* ESEARCH (TAG \"A1\") COUNT 0\r\n" },
};

START_TEST(answers_have_what_was_asked_for)
{
    const struct search_options options = { .rev2 = answers[_i].rev2 };
    const struct imap_grammar_options grammar = { 0 };
    struct imap_grammar_error err;
    auto_buf got;
    buf_init(&got, BUF_OURS);
    answer(answers[_i].args, answers[_i].uid, &options, &got);
    ck_assert_slice(buf_slice(&got), slice_of(answers[_i].want));
    ck_assert_msg(!got.n || imap_grammar_check(buf_slice(&got), &grammar, &err), "%s: %s", err.rule,
                  err.text);
}
END_TEST

static const struct {
    const char *args, *kept; /* sequence numbers */
} saves[] = {
    { "RETURN (SAVE) ALL", "123" },         { "RETURN (SAVE ALL) ALL", "123" },
    { "RETURN (SAVE MIN) ALL", "1" },       { "RETURN (SAVE MAX) ALL", "3" },
    { "RETURN (SAVE MIN MAX) ALL", "13" },  { "RETURN (SAVE MIN COUNT) ALL", "123" },
    { "RETURN (SAVE MIN ALL) ALL", "123" },
};

START_TEST(saved_results_depend_on_the_options)
{
    auto_arena a = { 0 };
    const struct search_options options = { 0 };
    struct search_program *p;
    struct search_failure failure;
    ck_assert(parse(&a, slice_of(saves[_i].args), &options, &p, &failure));
    for (uint32_t n = 0; n <= 3; n++) {
        struct search_results results = { 0 };
        auto_buf got;
        buf_init(&got, BUF_OURS);
        for (uint32_t i = 1; i <= n; i++)
            search_add(&results, i, i, i);
        search_keep_saved(p, &results);
        for (size_t i = 0; i < results.n; i++)
            buf_addf(&got, "%u", (unsigned)results.v[i].seq);
        if (n == 3)
            ck_assert_str_eq(got.p, saves[_i].kept);
        else
            ck_assert_uint_le(results.n, n);
        search_results_release(&results);
    }
}
END_TEST

/* --- faults --- */

static const struct {
    enum fault_id fault;
    const char *args;
    bool uid;
    const char *want;
} faulty[] = {
#define ROW(FAULT, ...)                                                                            \
    {                                                                                              \
        FAULT_IMAP_SEARCH_##FAULT, __VA_ARGS__                                                     \
    }
    ROW(SINCE, "SINCE 8-Feb-2020", false, "* SEARCH 9\r\n"),
    ROW(BEFORE, "BEFORE 2-Feb-2020", false, "* SEARCH 1 2\r\n"),
    ROW(ON, "ON 2-Feb-2020", false, "* SEARCH 3\r\n"),
    ROW(DATE_ZONE, "ON 2-Feb-2020", false, "* SEARCH 1\r\n"),
    ROW(SENT, "SENTSINCE 9-Feb-2020", false, "* SEARCH 9\r\n"),
    ROW(HEADER_EXACT, "SUBJECT harb", false, "* SEARCH\r\n"),
    ROW(HEADER_EMPTY, "HEADER X-Odd \"\"", false, "* SEARCH\r\n"),
    ROW(NOT, "NOT SEEN", false, "* SEARCH 1 4\r\n"),
    ROW(OR, "OR SEEN DELETED", false, "* SEARCH 4\r\n"),
    ROW(AND, "SEEN FLAGGED", false, "* SEARCH 1 2 4\r\n"),
    ROW(LARGER, "SMALLER 34", false, "* SEARCH 9\r\n"),
    ROW(KEYWORD, "KEYWORD $Junk 1:2", false, "* SEARCH 1 2\r\n"),
    ROW(MISSES_LAST, "1:3", false, "* SEARCH 1 2\r\n"),
    ROW(UID_IS_SEQ, "1:3", true, "* SEARCH 1 2 3\r\n"),
    ROW(UID_ZERO, "1:3", true, "* SEARCH 0 11 12 15\r\n"),
    ROW(NO_TAG, "RETURN (ALL) 1", false, "* ESEARCH ALL 1\r\n"),
    ROW(NO_UID, "RETURN (ALL) 1", true, "* ESEARCH (TAG \"A1\") ALL 11\r\n"),
    ROW(RETURN_EMPTY, "RETURN () 1:3", false, "* ESEARCH (TAG \"A1\") COUNT 3\r\n"),
    ROW(NOT_EXTENDED, "RETURN (MIN) 1:3", false, "* SEARCH 1 2 3\r\n"),
    ROW(EMPTY_MIN, "RETURN (MIN MAX) NOT ALL", false, "* ESEARCH (TAG \"A1\") MIN 0 MAX 0\r\n"),
    ROW(COUNT, "RETURN (COUNT) 1:3", false, "* ESEARCH (TAG \"A1\") COUNT 4\r\n"),
    ROW(NO_COUNT, "RETURN (COUNT) NOT ALL", false, "* ESEARCH (TAG \"A1\")\r\n"),
    ROW(SILENT, "NOT ALL", false, ""),
    ROW(CHARSET_BARE, "CHARSET X ALL", false, "NO The charset is not supported"),
    ROW(CHARSET_BAD, "CHARSET X ALL", false, "BAD The charset is not supported"),
    ROW(UTF8_REFUSED, "CHARSET UTF-8 ALL", false,
        "NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] The charset is not supported"),
    ROW(WORDS_RAW, "SUBJECT aus", false, "* SEARCH\r\n"),
    ROW(BODY_RAW, "BODY ndag", false, "* SEARCH\r\n"),
    ROW(CASE, "SUBJECT harbour", false, "* SEARCH\r\n"),
    ROW(TRAILING_SPACE, "1", false, "* SEARCH 1 \r\n"),
    ROW(TEXT_BODY_ONLY, "TEXT \"Subject: Harbour\"", false, "* SEARCH\r\n"),
    ROW(BODY_HEADER, "BODY \"Subject: Harbour\"", false, "* SEARCH 1\r\n"),
    ROW(NO_MODSEQ, "MODSEQ 107", false, "* SEARCH 6 7\r\n"),
    ROW(MODSEQ_STRICT, "MODSEQ 107", false, "* SEARCH 6 (MODSEQ 110)\r\n"),
    ROW(SAVE_ANSWERS, "RETURN (SAVE) 1", false, "* ESEARCH (TAG \"A1\")\r\n"),
    ROW(REVERSED, "3:1", false, "* SEARCH\r\n"),
    ROW(STAR, "*", false, "BAD Invalid set"),
    ROW(DATE_NOTHING, "SINCE 1-Feb-2020", false, "* SEARCH\r\n"),
    ROW(HIDES_DELETED, "SEEN", false, "* SEARCH 1\r\n"),
    ROW(DATA_IN_LIST, "RETURN (COUNT) SEEN", false, "* ESEARCH (TAG \"A1\") ( COUNT 2)\r\n"),
    ROW(PARENTHESES, "(SEEN)", false, "BAD Unknown search key"),
    ROW(OPTION_IGNORED, "RETURN (X-NONE ALL) 1", false, "* ESEARCH (TAG \"A1\") ALL 1\r\n"),
#undef ROW
};

START_TEST(each_fault_shows)
{
    struct faults faults = { 0 };
    const struct search_options options = { .faults = &faults }, clean = { 0 };
    auto_buf got, good;
    buf_init(&got, BUF_OURS);
    buf_init(&good, BUF_OURS);
    fault_set(&faults, faulty[_i].fault);
    answer(faulty[_i].args, faulty[_i].uid, &options, &got);
    answer(faulty[_i].args, faulty[_i].uid, &clean, &good);
    ck_assert_str_eq(got.p, faulty[_i].want);
    ck_assert_msg(!slice_eq(buf_slice(&got), buf_slice(&good)), "no difference");
}
END_TEST

START_TEST(fault_of_saving)
{
    auto_arena a = { 0 };
    struct faults faults = { 0 };
    const struct search_options options = { .faults = &faults };
    struct search_program *p;
    struct search_failure failure;
    struct search_results results = { 0 };
    fault_set(&faults, FAULT_IMAP_SEARCH_SAVE_MIN_ALL);
    ck_assert(parse(&a, S("RETURN (SAVE MIN) ALL"), &options, &p, &failure));
    search_add(&results, 1, 1, 1);
    search_add(&results, 2, 2, 2);
    search_keep_saved(p, &results);
    ck_assert_uint_eq(results.n, 2);
    search_results_release(&results);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, keys_find_their_messages, 0, COUNT(keys));
    tcase_add_test(t, a_literal_in_utf8_is_folded);
    tcase_add_loop_test(t, what_is_no_program_is_bad, 0, COUNT(refused));
    tcase_add_test(t, unknown_charsets_are_refused_with_no);
    tcase_add_test(t, nesting_and_keys_are_limited);
    tcase_add_loop_test(t, answers_have_what_was_asked_for, 0, COUNT(answers));
    tcase_add_loop_test(t, saved_results_depend_on_the_options, 0, COUNT(saves));
    tcase_add_loop_test(t, each_fault_shows, 0, COUNT(faulty));
    tcase_add_test(t, fault_of_saving);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    golden_list(argv[1]);
    int status = run_tests("imap_search", add);
    golden_release();
    return status;
}
