#include "imap_section.h"
#include "fault.h"
#include "mime.h"
#include "test_imap_golden.h"

static const struct {
    const char *text, *shown; /* NULL: refused */
} parses[] = {
    { "", "" },
    { "1", "1" },
    { "1.2.3", "1.2.3" },
    { "4294967295", "4294967295" },
    { "4294967296", NULL },
    { "0", NULL },
    { "01", NULL },
    { "1.0", NULL },
    { "1.", NULL },
    { ".1", NULL },
    { "1..2", NULL },
    { "1 2", NULL },
    { "header", "HEADER" },
    { "TEXT", "TEXT" },
    { "Text.1", NULL },
    { "HEADER ", NULL },
    { "1.HEADER", "1.HEADER" },
    { "1HEADER", NULL },
    { "1.2.text", "1.2.TEXT" },
    { "MIME", NULL },
    { "1.mime", "1.MIME" },
    { "BODY", NULL },
    { "HEADER.FIELDS", NULL },
    { "HEADER.FIELDS ()", NULL },
    { "HEADER.FIELDS (From)", "HEADER.FIELDS (From)" },
    { "HEADER.FIELDS  (From)", NULL },
    { "HEADER.FIELDS(From)", NULL },
    { "HEADER.FIELDS (From) ", NULL },
    { "HEADER.FIELDS ( From)", NULL },
    { "HEADER.FIELDS (From To", NULL },
    { "HEADER.FIELDS (From  To)", NULL },
    { "HEADER.FIELDS (From (To))", NULL },
    { "HEADER.FIELDS From", NULL },
    { "HEADER.FIELDS (From ~{2}\r\nTo)", NULL },
    { "header.fields.not (From \"To\" {2}\r\nCc NIL)", "HEADER.FIELDS.NOT (From To Cc \"NIL\")" },
    { "2.HEADER.FIELDS.NOT (A)", "2.HEADER.FIELDS.NOT (A)" },
    { "HEADER.FIELDS (\"a b\" \"\")", "HEADER.FIELDS (\"a b\" \"\")" },
    { "TEXT (From)", NULL },
};

START_TEST(sections_are_parsed_by_the_grammar)
{
    auto_arena a = { 0 };
    auto_buf shown;
    struct section s;
    buf_init(&shown, BUF_OURS);
    bool ok = section_parse(&a, slice_of(parses[_i].text), &s);
    ck_assert_msg(ok == (parses[_i].shown != NULL), "%s", parses[_i].text);
    if (ok) {
        section_render(&s, &shown);
        ck_assert_str_eq(shown.p, parses[_i].shown);
    }
}
END_TEST

START_TEST(limits_of_a_section)
{
    auto_arena a = { 0 };
    auto_buf text;
    struct section s;
    buf_init(&text, BUF_OURS);
    for (int i = 0; i < SECTION_DEPTH_MAX; i++)
        buf_adds(&text, i ? ".1" : "1");
    ck_assert(section_parse(&a, buf_slice(&text), &s));
    ck_assert_uint_eq(s.depth, SECTION_DEPTH_MAX);
    buf_adds(&text, ".1");
    ck_assert(!section_parse(&a, buf_slice(&text), &s));
    buf_clear(&text);
    for (int i = 0; i < SECTION_FIELDS_MAX; i++)
        buf_adds(&text, i ? " x" : "HEADER.FIELDS (x");
    buf_addc(&text, ')');
    ck_assert(section_parse(&a, buf_slice(&text), &s));
    ck_assert_uint_eq(s.n_fields, SECTION_FIELDS_MAX);
    buf_truncate(&text, text.n - 1);
    buf_adds(&text, " x)");
    ck_assert(!section_parse(&a, buf_slice(&text), &s));
}
END_TEST

static const struct {
    const char *message, *section;
    const char *starts, *ends; /* of the octets; NULL: NIL */
    size_t n;                  /* octets; SIZE_MAX: as many as there are */
} octets[] = {
    { "nested", "1", "Part one.\r\n", "", 11 },
    { "nested", "2", "AAECAwQFBgc=\r\n", "", 14 },
    { "nested", "2.MIME", "Content-Type: application/octet-stream\r\n", "base64\r\n\r\n",
      SIZE_MAX },
    { "nested", "3", "Date: Sun, 1 Mar 2020 12:00:03", "\r\n--b3--\r\n", SIZE_MAX },
    { "nested", "3.HEADER", "Date: Sun, 1 Mar 2020 12:00:03", "boundary=b3\r\n\r\n", SIZE_MAX },
    { "nested", "3.HEADER.FIELDS (subject)", "Subject: Inner 3\r\n\r\n", "", 20 },
    { "nested", "3.HEADER.FIELDS.NOT (date from message-id mime-version content-type)",
      "Subject: Inner 3\r\n\r\n", "", 20 },
    { "nested", "3.TEXT", "--b3\r\n", "--b3--\r\n", SIZE_MAX },
    { "nested", "3.MIME", "Content-Type: message/rfc822\r\n\r\n", "", 32 },
    { "nested", "3.1", "Part three one.\r\n", "", 17 },
    { "nested", "3.1.MIME", "Content-Type: text/plain; charset=us-ascii\r\n\r\n", "", 46 },
    { "nested", "3.2", "CAkKCwwNDg8=\r\n", "", 14 },
    { "nested", "4", "--b4\r\n", "--b4--\r\n", SIZE_MAX },
    { "nested", "4.1", "R0lGODlhAQABAAAAACw=\r\n", "", 22 },
    { "nested", "4.1.MIME", "Content-Type: image/gif\r\n", "\r\n\r\n", 62 },
    { "nested", "4.2.HEADER", "Date: Sun, 1 Mar 2020 12:00:04", "boundary=b42\r\n\r\n", SIZE_MAX },
    { "nested", "4.2.TEXT", "--b42\r\n", "--b42--\r\n", SIZE_MAX },
    { "nested", "4.2.1", "Part four two one.\r\n", "", 20 },
    { "nested", "4.2.2", "--b422\r\n", "--b422--\r\n", SIZE_MAX },
    { "nested", "4.2.2.1", "Plain words.\r\n", "", 14 },
    { "nested", "4.2.2.2", "<bold>Rich words.</bold>\r\n", "", 26 },
    { "nested", "", "Date: Tue, 3 Mar 2020", "--b0--\r\n", SIZE_MAX },
    { "nested", "HEADER", "Date: Tue, 3 Mar 2020", "boundary=b0\r\n\r\n", SIZE_MAX },
    { "nested", "TEXT", "--b0\r\n", "--b0--\r\n", SIZE_MAX },
    { "nested", "5", NULL, NULL, 0 },
    { "nested", "1.1", NULL, NULL, 0 },
    { "nested", "1.HEADER", NULL, NULL, 0 },
    { "nested", "1.TEXT", NULL, NULL, 0 },
    { "nested", "4.HEADER", NULL, NULL, 0 },
    { "nested", "3.3", NULL, NULL, 0 },
    { "nested", "4.2.2.3", NULL, NULL, 0 },
    { "forwarded", "2.1", "The ferry leaves at nine.\r\n", "", 27 },
    { "forwarded", "2.1.MIME", "Date: Sun, 1 Mar 2020", "\r\n\r\n", SIZE_MAX },
    { "forwarded", "2.1.1", NULL, NULL, 0 },
    { "forwarded", "2.2", NULL, NULL, 0 },
    { "message-only", "1", "Date: Sun, 1 Mar 2020", "nine.\r\n", 242 },
    { "message-only", "1.HEADER", "Date: Sun, 1 Mar 2020", "\r\n\r\n", SIZE_MAX },
    { "message-only", "1.TEXT", "The ferry leaves at nine.\r\n", "", 27 },
    { "message-only", "1.1", "The ferry leaves at nine.\r\n", "", 27 },
    { "message-only", "HEADER.FIELDS (subject)", "Subject: Message only\r\n\r\n", "", 25 },
    { "attachment", "TEXT", "This is the preamble.\r\n", "This is the epilogue.\r\n", SIZE_MAX },
    { "part-no-newline", "2", "Cut", "", 3 },
    { "no-final-newline", "TEXT", "First line.\r\nLast line without an end", "", 37 },
    { "empty-body", "TEXT", "", "", 0 },
    { "empty-body", "HEADER", "Date: ", "\r\n\r\n", SIZE_MAX },
    { "header-only", "HEADER", "Date: ", "us-ascii\r\n", SIZE_MAX },
    { "header-only", "TEXT", "", "", 0 },
    { "header-only", "HEADER.FIELDS (x)", "", "", 0 },
    { "bare-parts", "1", "Text of a part without a header.\r\n", "", 34 },
    { "bare-parts", "1.MIME", "\r\n", "", 2 },
    { "bare-parts", "2", "", "", 0 },
    { "folded", "HEADER.FIELDS (from)", "From: Ada Nord\r\n <ada@one.example>\r\n\r\n", "", 38 },
};

START_TEST(sections_name_octets)
{
    auto_arena a = { 0 };
    struct mime_message message;
    struct section s;
    slice got = S("?");
    slice raw = golden_read(octets[_i].message, ".eml");
    mime_parse(raw, &a, &message);
    ck_assert(section_parse(&a, slice_of(octets[_i].section), &s));
    bool found = section_octets(&a, &s, &message, NULL, &got);
    ck_assert_msg(found == (octets[_i].starts != NULL), "%s[%s]", octets[_i].message,
                  octets[_i].section);
    if (found) {
        ck_assert_msg(slice_starts(got, slice_of(octets[_i].starts)) &&
                          slice_ends(got, slice_of(octets[_i].ends)) &&
                          (octets[_i].n == SIZE_MAX || got.n == octets[_i].n),
                      "%s[%s]: %zu octets: %.*s", octets[_i].message, octets[_i].section, got.n,
                      SLICE_ARG(got));
    }
    free((char *)raw.p);
}
END_TEST

static slice octets_of(struct arena *a, const struct mime_message *message, const char *section)
{
    struct section s;
    slice got = { NULL, 0 };
    ck_assert(section_parse(a, slice_of(section), &s));
    section_octets(a, &s, message, NULL, &got);
    return got;
}

/* Whatever the message: HEADER and TEXT are the message, FIELDS and FIELDS.NOT are its header. */
START_TEST(sections_add_up)
{
    for (size_t i = 0; i < n_goldens; i++) {
        auto_arena a = { 0 };
        struct mime_message m;
        slice raw = golden_read(golden_names[i], ".eml");
        mime_parse(raw, &a, &m);
        slice header = octets_of(&a, &m, "HEADER"), text = octets_of(&a, &m, "TEXT");
        slice some = octets_of(&a, &m, "HEADER.FIELDS (date subject)");
        slice rest = octets_of(&a, &m, "HEADER.FIELDS.NOT (date subject)");
        size_t blank = slice_ends(header, S("\r\n\r\n")) ? 2 : 0;
        ck_assert_msg(header.n + text.n == raw.n, "%s", golden_names[i]);
        ck_assert_msg(some.n + rest.n == header.n + blank, "%s", golden_names[i]);
        ck_assert_slice(octets_of(&a, &m, ""), raw);
        free((char *)raw.p);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, sections_are_parsed_by_the_grammar, 0, COUNT(parses));
    tcase_add_test(t, limits_of_a_section);
    tcase_add_loop_test(t, sections_name_octets, 0, COUNT(octets));
    tcase_add_test(t, sections_add_up);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    golden_list(argv[1]);
    int status = run_tests("imap_section", add);
    golden_release();
    return status;
}
