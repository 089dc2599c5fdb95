#include "arena.h"
#include "fault.h"
#include "imap_fetch.h"
#include "imap_grammar.h"
#include "imap_lex.h"
#include "test_imap_golden.h"

static bool parse(struct arena *a, const char *att, const struct faults *faults,
                  struct fetch_items *ret, const char **ret_why)
{
    struct imap_value top;
    slice copy = arena_dup(a, slice_of(att));
    return imap_lex(copy, 0, a, &top, NULL) && top.n_items == 1 &&
           fetch_parse(a, &top.items[0], faults, ret, ret_why);
}

static const struct {
    const char *att;
    size_t n; /* 0: refused */
    bool seen, body;
} parses[] = {
    { "ALL", 4, false, true },
    { "fast", 3, false, false },
    { "FULL", 5, false, true },
    { "(ALL)", 0 },
    { "(FLAGS FAST)", 0 },
    { "FLAGS", 1, false, false },
    { "(UID FLAGS UID)", 2, false, false },
    { "()", 0 },
    { "( FLAGS)", 0 },
    { "(FLAGS )", 0 },
    { "(FLAGS  UID)", 0 },
    { "(FLAGS (UID))", 0 },
    { "\"FLAGS\"", 0 },
    { "ENVELOPE", 1, false, true },
    { "RFC822", 1, true, true },
    { "rfc822.header", 1, false, true },
    { "RFC822.TEXT", 1, true, true },
    { "RFC822.PEEK", 0 },
    { "RFC822.SIZE", 1, false, false },
    { "BODY", 1, false, true },
    { "BODYSTRUCTURE", 1, false, true },
    { "BODYSTRUCTURES", 0 },
    { "BODY[]", 1, true, true },
    { "BODY.PEEK[]", 1, false, true },
    { "body.peek[header]", 1, false, true },
    { "BODY.PEEK", 0 },
    { "(BODY.PEEK[] BODY[TEXT])", 2, true, true },
    { "(BODY[] BODY.PEEK[])", 1, true, true },
    { "BODY[TEXT]<0.10>", 1, true, true },
    { "BODY[]<0.0>", 0 },
    { "BODY[]<0>", 0 },
    { "BODY[]<0.1", 0 },
    { "BODY[]<.1>", 0 },
    { "BODY[]<1.>", 0 },
    { "BODY[]<-1.5>", 0 },
    { "BODY[]<9223372036854775807.9223372036854775807>", 1, true, true },
    { "BODY[]<9223372036854775808.1>", 0 },
    { "BODY[]x", 0 },
    { "BODY[1.MIME]", 1, true, true },
    { "BODY[MIME]", 0 },
    { "HEADER[]", 0 },
    { "BINARY[1]", 1, true, true },
    { "BINARY.PEEK[1.2]<3.4>", 1, false, true },
    { "BINARY[]", 1, true, true },
    { "BINARY[1.TEXT]", 0 },
    { "BINARY", 0 },
    { "BINARY.SIZE[2]", 1, false, true },
    { "BINARY.SIZE[2]<0.1>", 0 },
    { "(MODSEQ SAVEDATE INTERNALDATE)", 3, false, false },
    { "X-GM-MSGID", 0 },
};

START_TEST(items_are_parsed_by_the_grammar)
{
    auto_arena a = { 0 };
    struct fetch_items items = { .n = 77 };
    const char *why = NULL;
    bool ok = parse(&a, parses[_i].att, NULL, &items, &why);
    ck_assert_msg(ok == (parses[_i].n > 0), "%s: %s", parses[_i].att, ok ? "taken" : why);
    if (ok) {
        ck_assert_uint_eq(items.n, parses[_i].n);
        ck_assert_int_eq(items.sets_seen, parses[_i].seen);
        ck_assert_int_eq(items.needs_body, parses[_i].body);
    } else {
        ck_assert_uint_eq(items.n, 77);
        ck_assert(why && why[0]);
    }
}
END_TEST

START_TEST(too_many_items_are_refused)
{
    auto_arena a = { 0 };
    auto_buf text;
    struct fetch_items items;
    const char *why = NULL;
    buf_init(&text, BUF_OURS);
    buf_addc(&text, '(');
    for (int i = 1; i <= FETCH_ITEMS_MAX; i++)
        buf_addf(&text, "%sBODY[%d]", i > 1 ? " " : "", i);
    buf_addc(&text, ')');
    ck_assert(parse(&a, text.p, NULL, &items, &why));
    fetch_items_add(&items, FETCH_UID);
    fetch_items_add(&items, FETCH_UID);
    ck_assert_uint_eq(items.n, FETCH_ITEMS_MAX + 1);
    ck_assert_int_eq(items.v[0].kind, FETCH_UID);
    buf_truncate(&text, text.n - 1);
    buf_adds(&text, " BODY[101])");
    ck_assert(!parse(&a, text.p, NULL, &items, &why));
}
END_TEST

/* --- rendering --- */

static struct fetch_message message_of(slice octets)
{
    return (struct fetch_message) {
        .seq = 7,
        .uid = 42,
        .modseq = 12345678901,
        .octets = octets,
        .size = octets.n,
        .internal_date = 1583227230, /* 3-Mar-2020 09:20:30 UTC */
        .zone = -330,
        .flags = S("\\Seen $Junk"),
    };
}

static enum fetch_outcome render(const char *att, slice octets, const struct fetch_options *options,
                                 struct buf *out)
{
    auto_arena a = { 0 };
    struct fetch_items items;
    const char *why;
    struct fetch_message message = message_of(octets);
    ck_assert_msg(parse(&a, att, options->faults, &items, &why), "%s", att);
    return fetch_render(&items, &message, options, out);
}

static bool is_conforming(const struct buf *out, struct imap_grammar_error *err)
{
    const struct imap_grammar_options grammar = { .utf8 = true, .rev2 = true };
    return imap_grammar_check(buf_slice(out), &grammar, err);
}

/* "* 7 FETCH (ITEM value)\r\n" with the value from the YAML file, or one of "ITEM-or". */
static void check_golden(const char *name, const char *item, const char *key, bool rev2)
{
    const struct fetch_options options = { .utf8 = true, .rev2 = rev2 };
    slice octets = golden_read(name, ".eml"), yaml = golden_read(name, ".yaml");
    autofree char *or_key = xprintf("%s-or", key);
    auto_buf got;
    buf_init(&got, BUF_OURS);
    ck_assert_int_eq(render(item, octets, &options, &got), FETCH_DONE);
    for (int at = -1;; at++) {
        auto_buf value;
        buf_init(&value, BUF_OURS);
        if (!golden_value(yaml, at < 0 ? key : or_key, at, &value))
            ck_abort_msg("%s: got %s", name, got.p);
        autofree char *want = xprintf("* 7 FETCH (%s %s)\r\n", item, value.p);
        if (slice_eq_str(buf_slice(&got), want))
            break;
        ck_assert_msg(!rev2, "%s:\n got %s want %s", name, got.p, want);
    }
    struct imap_grammar_error err;
    ck_assert_msg(is_conforming(&got, &err), "%s: %s: %s", name, err.rule, err.text);
    free((char *)octets.p);
    free((char *)yaml.p);
}

START_TEST(golden_messages_have_their_structures)
{
    ck_assert_uint_gt(n_goldens, 25);
    for (size_t i = 0; i < n_goldens; i++)
        for (int rev2 = 0; rev2 < 2; rev2++) {
            check_golden(golden_names[i], "BODY", "body", rev2);
            check_golden(golden_names[i], "BODYSTRUCTURE", "bodystructure", rev2);
            check_golden(golden_names[i], "ENVELOPE", "envelope", rev2);
        }
}
END_TEST

START_TEST(golden_messages_have_their_sizes)
{
    for (size_t i = 0; i < n_goldens; i++) {
        slice octets = golden_read(golden_names[i], ".eml");
        slice yaml = golden_read(golden_names[i], ".yaml");
        auto_buf size;
        buf_init(&size, BUF_OURS);
        ck_assert(golden_value(yaml, "size", -1, &size));
        ck_assert_msg((size_t)atoi(size.p) == octets.n, "%s", golden_names[i]);
        for (size_t j = 0; j < octets.n; j++)
            ck_assert_msg(octets.p[j] != '\n' || (j && octets.p[j - 1] == '\r'), "%s: bare LF",
                          golden_names[i]);
        free((char *)octets.p);
        free((char *)yaml.p);
    }
}
END_TEST

/* Without UTF-8 a string with it goes as a literal; the reply conforms all the same. */
START_TEST(eight_bit_strings_are_literals_without_utf8)
{
    const struct fetch_options options = { .utf8 = false };
    slice octets = golden_read("utf8-header", ".eml");
    auto_buf got;
    buf_init(&got, BUF_OURS);
    ck_assert_int_eq(render("ENVELOPE", octets, &options, &got), FETCH_DONE);
    ck_assert(slice_find(buf_slice(&got), S("\"Tue, 3 Mar 2020 10:20:30 +0100\" {7}\r\nGr\xC3\xBC"
                                            "\xC3\x9F"
                                            "e ((")) != SIZE_MAX);
    const struct imap_grammar_options grammar = { 0 };
    ck_assert(imap_grammar_check(buf_slice(&got), &grammar, NULL));
    free((char *)octets.p);
}
END_TEST

static const char small[] = "Subject: a\r\nX: 1\r\nsubject: b\r\n\r\nline one\r\nline two\r\n";

static const struct {
    const char *att, *want; /* without "* 7 FETCH (" and ")" CRLF */
} renders[] = {
    { "UID", "UID 42" },
    { "FLAGS", "FLAGS (\\Seen $Junk)" },
    { "INTERNALDATE", "INTERNALDATE \" 3-Mar-2020 03:50:30 -0530\"" },
    { "RFC822.SIZE", "RFC822.SIZE 52" },
    { "MODSEQ", "MODSEQ (12345678901)" },
    { "SAVEDATE", "SAVEDATE NIL" },
    { "(UID FLAGS)", "UID 42 FLAGS (\\Seen $Junk)" },
    { "BODY[TEXT]", "BODY[TEXT] {20}\r\nline one\r\nline two\r\n" },
    { "body.peek[text]", "BODY[TEXT] {20}\r\nline one\r\nline two\r\n" },
    { "RFC822.TEXT", "RFC822.TEXT {20}\r\nline one\r\nline two\r\n" },
    { "BODY[1]", "BODY[1] {20}\r\nline one\r\nline two\r\n" },
    { "BODY[1.1]", "BODY[1.1] NIL" },
    { "BODY[2]", "BODY[2] NIL" },
    { "BODY[2]<0.5>", "BODY[2]<0> NIL" },
    { "BODY[HEADER]", "BODY[HEADER] {32}\r\nSubject: a\r\nX: 1\r\nsubject: b\r\n\r\n" },
    { "BODY[1.MIME]", "BODY[1.MIME] {32}\r\nSubject: a\r\nX: 1\r\nsubject: b\r\n\r\n" },
    { "RFC822.HEADER", "RFC822.HEADER {32}\r\nSubject: a\r\nX: 1\r\nsubject: b\r\n\r\n" },
    { "BODY[HEADER.FIELDS (SUBJECT)]",
      "BODY[HEADER.FIELDS (SUBJECT)] {26}\r\nSubject: a\r\nsubject: b\r\n\r\n" },
    { "BODY[HEADER.FIELDS.NOT (\"Subject\")]",
      "BODY[HEADER.FIELDS.NOT (Subject)] {8}\r\nX: 1\r\n\r\n" },
    { "BODY[HEADER.FIELDS (Y)]", "BODY[HEADER.FIELDS (Y)] {2}\r\n\r\n" },
    { "BODY[HEADER.FIELDS (x {1}\r\ny)]", "BODY[HEADER.FIELDS (x y)] {8}\r\nX: 1\r\n\r\n" },
    { "BODY[HEADER.FIELDS (X)]<3.2>", "BODY[HEADER.FIELDS (X)]<3> {2}\r\n1\r" },
    { "BODY[TEXT]<0.4>", "BODY[TEXT]<0> {4}\r\nline" },
    { "BODY[TEXT]<5.3>", "BODY[TEXT]<5> {3}\r\none" },
    { "BODY[TEXT]<0.2000>", "BODY[TEXT]<0> {20}\r\nline one\r\nline two\r\n" },
    { "BODY[TEXT]<15.100>", "BODY[TEXT]<15> {5}\r\ntwo\r\n" },
    { "BODY[TEXT]<20.1>", "BODY[TEXT]<20> \"\"" },
    { "BODY[TEXT]<9999999999.1>", "BODY[TEXT]<9999999999> \"\"" },
    { "BINARY[1]", "BINARY[1] {20}\r\nline one\r\nline two\r\n" },
    { "BINARY.PEEK[1]<5.3>", "BINARY[1]<5> {3}\r\none" },
    { "BINARY.SIZE[1]", "BINARY.SIZE[1] 20" },
    { "BINARY.SIZE[]", "BINARY.SIZE[] 52" },
    { "BINARY[2]", "BINARY[2] NIL" },
};

START_TEST(items_are_rendered)
{
    const struct fetch_options options = { 0 };
    struct imap_grammar_error err;
    autofree char *want = xprintf("* 7 FETCH (%s)\r\n", renders[_i].want);
    auto_buf got;
    buf_init(&got, BUF_OURS);
    ck_assert_int_eq(render(renders[_i].att, slice_of(small), &options, &got), FETCH_DONE);
    ck_assert_slice(buf_slice(&got), slice_of(want));
    ck_assert_msg(is_conforming(&got, &err), "%s: %s", err.rule, err.text);
}
END_TEST

START_TEST(save_date_is_shown_in_utc)
{
    auto_arena a = { 0 };
    const struct fetch_options options = { 0 };
    struct fetch_message message = message_of(S(""));
    struct fetch_items items;
    const char *why;
    auto_buf got;
    buf_init(&got, BUF_OURS);
    message.has_save_date = true;
    message.save_date = 1583227230;
    ck_assert(parse(&a, "SAVEDATE", NULL, &items, &why));
    ck_assert_int_eq(fetch_render(&items, &message, &options, &got), FETCH_DONE);
    ck_assert_str_eq(got.p, "* 7 FETCH (SAVEDATE \" 3-Mar-2020 09:20:30 +0000\")\r\n");
}
END_TEST

/* Messages without a body or an empty line: what a header fetch ends with (RFC 9051 6.4.5.1). */
START_TEST(headers_without_an_empty_line_get_none)
{
    const struct fetch_options options = { 0 };
    static const struct {
        const char *message, *want;
    } rows[] = {
        { "A: 1\r\nB: 2\r\n", "{6}\r\nA: 1\r\n" },
        { "A: 1\r\n\r\n", "{8}\r\nA: 1\r\n\r\n" },
        { "B: 1\r\n\r\n", "{2}\r\n\r\n" },
        { "B: 1\r\n", "\"\"" },
        { "", "\"\"" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        autofree char *want =
            xprintf("* 7 FETCH (BODY[HEADER.FIELDS (A)] %s BODY[TEXT] \"\")\r\n", rows[i].want);
        auto_buf got;
        buf_init(&got, BUF_OURS);
        ck_assert_int_eq(render("(BODY.PEEK[HEADER.FIELDS (A)] BODY.PEEK[TEXT])",
                                slice_of(rows[i].message), &options, &got),
                         FETCH_DONE);
        ck_assert_slice(buf_slice(&got), slice_of(want));
    }
}
END_TEST

static const struct {
    const char *name, *att;
    enum fetch_outcome outcome;
    const char *want;
    size_t n;
} binaries[] = {
#define ROW(name, att, outcome, want)                                                              \
    {                                                                                              \
        name, att, outcome, want, sizeof want - 1                                                  \
    }
    ROW("binary", "BINARY[1]", FETCH_DONE, "BINARY[1] {9}\r\nGr\xC3\xBC\xC3\x9F\x65\r\n"),
    ROW("binary", "BINARY[2]", FETCH_DONE, "BINARY[2] ~{6}\r\n\0\0\0\xFF\0\1"),
    ROW("binary", "BINARY[2]<3.1>", FETCH_DONE, "BINARY[2]<3> {1}\r\n\xFF"),
    ROW("binary", "(BINARY.SIZE[1] BINARY.SIZE[2])", FETCH_DONE,
        "BINARY.SIZE[1] 9 BINARY.SIZE[2] 6"),
    ROW("alternative", "BINARY[2]", FETCH_DONE,
        "BINARY[2] {37}\r\n<p>The price is <b>20\xC2\xA0\xE2\x82\xAC</b>.</p>\r\n"),
    ROW("forwarded", "(UID BINARY[2])", FETCH_NO_PART, ""),
    ROW("unknown-encoding", "(UID BINARY[1])", FETCH_UNKNOWN_CTE, ""),
    ROW("unknown-encoding", "BINARY.SIZE[1]", FETCH_UNKNOWN_CTE, ""),
    ROW("unknown-encoding", "BODY[1]", FETCH_DONE, "BODY[1] {8}\r\nq1w2e3\r\n"),
#undef ROW
};

START_TEST(binary_is_decoded)
{
    const struct fetch_options options = { 0 };
    slice octets = golden_read(binaries[_i].name, ".eml");
    auto_buf got, want;
    buf_init(&got, BUF_OURS);
    buf_init(&want, BUF_OURS);
    ck_assert_int_eq(render(binaries[_i].att, octets, &options, &got), binaries[_i].outcome);
    if (binaries[_i].outcome == FETCH_DONE) {
        buf_adds(&want, "* 7 FETCH (");
        buf_add(&want, slice_make(binaries[_i].want, binaries[_i].n));
        buf_adds(&want, ")\r\n");
    }
    ck_assert_slice(buf_slice(&got), buf_slice(&want));
    buf_release(&want);
    free((char *)octets.p);
}
END_TEST

START_TEST(text_in_base64_gets_crlf)
{
    const struct fetch_options options = { 0 };
    auto_buf got;
    buf_init(&got, BUF_OURS);
    render("BINARY[1]", S("Content-Transfer-Encoding: base64\r\n\r\nYQpiDQo=\r\n"), &options, &got);
    ck_assert_str_eq(got.p, "* 7 FETCH (BINARY[1] {6}\r\na\r\nb\r\n)\r\n");
}
END_TEST

/* NUL cannot stand in a literal (CHAR8). */
START_TEST(nul_never_leaves_outside_literal8)
{
    const struct fetch_options options = { 0 };
    static const char message[] = "Subject: a\0b\r\n\r\nc\0d\r\n";
    auto_buf got;
    buf_init(&got, BUF_OURS);
    render("(ENVELOPE BODY[])", slice_make(message, sizeof message - 1), &options, &got);
    ck_assert(slice_find_char(buf_slice(&got), '\0') == SIZE_MAX);
    ck_assert(slice_find(buf_slice(&got), S("c\x80"
                                            "d\r\n)")) != SIZE_MAX);
}
END_TEST

/* --- faults --- */

enum breaks { GRAMMAR, CONTENT }; /* what a client can see it by */

static const struct {
    enum fault_id fault;
    const char *name, *att;
    enum breaks breaks;
    const char *shows; /* a piece of the faulty answer */
} faulty[] = {
#define ROW(FAULT, ...)                                                                            \
    {                                                                                              \
        FAULT_IMAP_##FAULT, __VA_ARGS__                                                            \
    }
    ROW(FETCH_VALUE_MISSING, "simple", "BODY[TEXT]", GRAMMAR, "(BODY[TEXT])"),
    ROW(FETCH_ITEM_LEFT_OUT, "simple", "(UID FLAGS)", CONTENT, "(UID 42)"),
    ROW(FETCH_PARTIAL_LABEL_COUNT, "simple", "BODY[TEXT]<0.5>", GRAMMAR, "BODY[TEXT]<0.5> {5}"),
    ROW(FETCH_PARTIAL_LABEL_MISSING, "simple", "BODY[TEXT]<0.5>", CONTENT, "(BODY[TEXT] {5}"),
    ROW(FETCH_PARTIAL_PAST_END, "simple", "BODY[TEXT]<999.5>", CONTENT, "BODY[TEXT]<999> {60}"),
    ROW(FETCH_PARTIAL_ONE_BASED, "simple", "BODY[TEXT]<1.4>", CONTENT, "{4}\r\nHell)"),
    ROW(FETCH_FIELDS_NO_BLANK, "simple", "BODY[HEADER.FIELDS (Subject)]", CONTENT,
        "{18}\r\nSubject: Harbour\r\n)"),
    ROW(FETCH_FIELDS_NOT_IGNORED, "simple", "BODY[HEADER.FIELDS.NOT (Subject)]", CONTENT,
        "{20}\r\nSubject: Harbour\r\n\r\n)"),
    ROW(FETCH_FIELDS_CASE, "simple", "BODY[HEADER.FIELDS (SUBJECT)]", CONTENT, "{2}\r\n\r\n)"),
    ROW(FETCH_LITERAL_LENGTH, "simple", "BODY[TEXT]", GRAMMAR, "{61}\r\n"),
    ROW(FETCH_SIZE_WRONG, "no-fields", "RFC822.SIZE", CONTENT, "RFC822.SIZE 31)"),
    ROW(FETCH_TEXT_CUT, "simple", "BODY[TEXT]", CONTENT, "Monday.\r\n\r\n)"),
    ROW(FETCH_PART_IS_WHOLE, "alternative", "BODY.PEEK[1]", CONTENT, "BODY[1] {4"),
    ROW(FETCH_BARE_LF, "no-fields", "BODY[]", CONTENT, "{31}\r\nX-Odd: yes\n\n"),
    ROW(FETCH_MIME_OF_MESSAGE, "alternative", "BODY[2.MIME]", CONTENT, "\r\nDate: Tue"),
    ROW(FETCH_NESTED_HEADER_OUTER, "forwarded", "BODY[2.HEADER]", CONTENT, "Subject: Fwd: Ferry"),
    ROW(FETCH_NESTED_FLAT, "forwarded", "BODY[2.1]", CONTENT, "BODY[2.1] NIL"),
    ROW(FETCH_BINARY_ENCODED, "binary", "BINARY[2]", CONTENT, "BINARY[2] {10}\r\nAAAA/wAB\r\n"),
    ROW(FETCH_BINARY_SIZE, "binary", "BINARY.SIZE[2]", CONTENT, "BINARY.SIZE[2] 10"),
    ROW(FETCH_UID_MISSING, "simple", "(UID FLAGS)", CONTENT, "FETCH (FLAGS ("),
    ROW(FETCH_TRAILING_SPACE, "simple", "UID", GRAMMAR, "UID 42 )"),
    ROW(FETCH_RFC822_AS_BODY, "simple", "RFC822.TEXT", CONTENT, "(BODY[TEXT] {"),
    ROW(FETCH_ZERO_SEQUENCE, "simple", "UID", GRAMMAR, "* 0 FETCH"),
    ROW(FETCH_DATE_SHIFTED, "simple", "INTERNALDATE", CONTENT, "04:50:30 -0530"),
    ROW(FETCH_DATE_UNPADDED, "simple", "INTERNALDATE", GRAMMAR, "\"3-Mar-2020"),
    ROW(FETCH_UNKNOWN_ITEM, "simple", "(UID X-NONE)", CONTENT, "(UID 42)"),
    ROW(FETCH_MODSEQ_BARE, "simple", "MODSEQ", GRAMMAR, "MODSEQ 12345678901"),
    ROW(FETCH_MISSING_PART_OK, "simple", "BODY[9]", CONTENT, "BODY[9] {60}"),
    ROW(FETCH_UNKNOWN_CTE, "unknown-encoding", "BINARY[1]", CONTENT, "BINARY[1] {8}\r\nq1w2e3"),
    ROW(FETCH_CALENDAR_EMPTY, "calendar", "BODY[2]", CONTENT, "BODY[2] \"\""),
    ROW(FETCH_BOUNDARY, "calendar", "BODY[TEXT]", CONTENT, "\r\n--?al\r\n"),
    ROW(ENVELOPE_FIELD_MISSING, "simple", "ENVELOPE", GRAMMAR, "NIL NIL \"<plain"),
    ROW(ENVELOPE_SWAPPED, "simple", "ENVELOPE", CONTENT, "(\"ada\" NIL \"Ada Nord\" "),
    ROW(ENVELOPE_SPACE, "groups", "ENVELOPE", GRAMMAR, "\"one.example\") (NIL NIL \"list\""),
    ROW(ENVELOPE_PARENTHESES, "simple", "ENVELOPE", GRAMMAR, "ENVELOPE ((\"Tue"),
    ROW(ENVELOPE_NIL_IN_LIST, "simple", "ENVELOPE", GRAMMAR, "(NIL (\"Ada Nord\""),
    ROW(ENVELOPE_EMPTY_LIST, "simple", "ENVELOPE", GRAMMAR, ") () () NIL"),
    ROW(ENVELOPE_NO_DEFAULT, "simple", "ENVELOPE", CONTENT, "\"one.example\")) NIL NIL (("),
    ROW(ENVELOPE_UNESCAPED, "quoted-subject", "ENVELOPE", GRAMMAR, "\"He said \"no\" \\o/\""),
    ROW(ENVELOPE_GROUP, "groups", "ENVELOPE", CONTENT, "((\"Bo Lind\" NIL"),
    ROW(ENVELOPE_FOLDED, "folded", "ENVELOPE", GRAMMAR, "\r\n"),
    ROW(STRUCTURE_CHILDLESS, "alternative", "BODY", GRAMMAR, "BODY (\"ALTERNATIVE\")"),
    ROW(STRUCTURE_NO_LINES, "simple", "BODY", GRAMMAR, "\"7BIT\" 60)"),
    ROW(STRUCTURE_LINES_WRONG, "simple", "BODY", CONTENT, "\"7BIT\" 60 6)"),
    ROW(STRUCTURE_LINES_EXTRA, "attachment", "BODY", GRAMMAR, "\"BASE64\" 100 2)"),
    ROW(STRUCTURE_SIZE, "attachment", "BODY", CONTENT, "\"BASE64\" 71)"),
    ROW(STRUCTURE_NIL_ENCODING, "no-mime", "BODY", GRAMMAR, "NIL NIL NIL 35 1"),
    ROW(STRUCTURE_SPACE, "alternative", "BODY", GRAMMAR, ") (\"TEXT\" \"HTML\""),
    ROW(STRUCTURE_DISPOSITION, "attachment", "BODYSTRUCTURE", GRAMMAR, "NIL \"INLINE\" NIL"),
    ROW(STRUCTURE_SUBTYPE, "simple", "BODY", GRAMMAR, "(\"TEXT\" (\"CHARSET\""),
    ROW(STRUCTURE_NIL_TYPE, "no-mime", "BODY", GRAMMAR, "(NIL NIL ("),
    ROW(STRUCTURE_MESSAGE, "forwarded", "BODY", GRAMMAR, "\"7BIT\" 242)"),
    ROW(STRUCTURE_NIL_PARAMETER, "simple", "BODY", GRAMMAR, "(\"CHARSET\" NIL)"),
    ROW(STRUCTURE_EXTENSION, "simple", "BODY", GRAMMAR, "60 5 NIL NIL NIL NIL)"),
    ROW(STRUCTURE_NOT_DECODED, "long-parameters", "BODY", CONTENT, "(\"NAME*0\" \"long \""),
#undef ROW
};

START_TEST(each_fault_shows)
{
    struct faults faults = { 0 };
    fault_set(&faults, faulty[_i].fault);
    const struct fetch_options options = { .faults = &faults, .utf8 = true, .rev2 = true };
    slice octets = golden_read(faulty[_i].name, ".eml");
    auto_buf got;
    buf_init(&got, BUF_OURS);
    ck_assert_int_eq(render(faulty[_i].att, octets, &options, &got), FETCH_DONE);
    ck_assert_msg(slice_find(buf_slice(&got), slice_of(faulty[_i].shows)) != SIZE_MAX, "%s", got.p);
    ck_assert_msg(is_conforming(&got, NULL) == (faulty[_i].breaks == CONTENT), "%s", got.p);
    free((char *)octets.p);
}
END_TEST

START_TEST(faults_of_the_command)
{
    auto_arena a = { 0 };
    struct fetch_items items;
    const char *why;
    struct faults faults = { 0 };
    fault_set(&faults, FAULT_IMAP_FETCH_MACROS_REFUSED);
    ck_assert(!parse(&a, "ALL", &faults, &items, &why));
    fault_set(&faults, FAULT_IMAP_FETCH_PEEK_SETS_SEEN);
    ck_assert(parse(&a, "BODY.PEEK[]", &faults, &items, &why));
    ck_assert(items.sets_seen);
    fault_set(&faults, FAULT_IMAP_FETCH_BODY_KEEPS_UNSEEN);
    ck_assert(parse(&a, "BODY[]", &faults, &items, &why));
    ck_assert(!items.sets_seen);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, items_are_parsed_by_the_grammar, 0, COUNT(parses));
    tcase_add_test(t, too_many_items_are_refused);
    tcase_add_test(t, golden_messages_have_their_structures);
    tcase_add_test(t, golden_messages_have_their_sizes);
    tcase_add_test(t, eight_bit_strings_are_literals_without_utf8);
    tcase_add_loop_test(t, items_are_rendered, 0, COUNT(renders));
    tcase_add_test(t, save_date_is_shown_in_utc);
    tcase_add_test(t, headers_without_an_empty_line_get_none);
    tcase_add_loop_test(t, binary_is_decoded, 0, COUNT(binaries));
    tcase_add_test(t, text_in_base64_gets_crlf);
    tcase_add_test(t, nul_never_leaves_outside_literal8);
    tcase_add_loop_test(t, each_fault_shows, 0, COUNT(faulty));
    tcase_add_test(t, faults_of_the_command);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    golden_list(argv[1]);
    int status = run_tests("imap_fetch", add);
    golden_release();
    return status;
}
