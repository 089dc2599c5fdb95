/* The importers on corpus/: what each file gives stands in corpus/expected.txt, section by section
   ("== NAME"). A file without a section fails the test, so does a section without a file.
   "test_import corpus --print" writes what is given now, to be read before it is kept. */
#include "fuzz_replay.h"
#include "import.h"
#include "import_xml.h"
#include "testing.h"
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <time.h>

static const char *corpus;
#define EMAIL "me@example.test"

static slice read_whole(struct arena *a, const char *name)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    FILE *f = fopen(arena_printf(a, "%s/%s", corpus, name), "re");
    assert(f); /* no test may be under way here */
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&text, slice_make(part, n));
    fclose(f);
    return arena_dup(a, buf_slice(&text));
}

static int is_input(const struct dirent *d)
{
    return d->d_name[0] != '.' && strcmp(d->d_name, "expected.txt") != 0;
}

/* ---- what an import gives, as text ---- */

static void show_problems(const struct problems *p, struct buf *out)
{
    for (size_t i = 0; i < p->list.n; i++)
        buf_addf(out, "error %u:%u %s\n", p->list.v[i].at.line, p->list.v[i].at.column,
                 p->list.v[i].text);
}

static void show_findings(const struct import *im, struct buf *out)
{
    static const char *const grades[] = { "note", "warn", "wrong" };
    for (size_t i = 0; i < im->findings.n; i++) {
        const struct import_finding *f = &im->findings.v[i];
        buf_addf(out, "%s %u:%u %s\n", grades[f->grade], f->at.line, f->at.column, f->text);
    }
}

static void show_profile(const struct profile *p, struct buf *out)
{
    char auth[128];
    buf_addf(out, "%s \"%s\" \"%s\"", p->origin, p->name, p->title);
    for (size_t i = 0; i < p->n_domains; i++)
        buf_addf(out, "%s %s", i ? "" : " for", p->domains[i]);
    for (size_t i = 0; i < p->n_services; i++) {
        const struct profile_service *s = &p->services[i];
        buf_addf(out, "\n%u:%u+%u %s %s:%u %s, %s, %s", s->at.line, s->at.column, s->at.length,
                 mail_protocol_name(s->protocol), s->host, s->port, tls_mode_names[s->tls],
                 username_form_text(s->username), profile_auth_text(s->auth, auth));
    }
    buf_addc(out, '\n');
}

static void import_as_text(slice bytes, const char *name, const char *email, struct buf *out)
{
    struct problems problems = { 0 };
    struct profile p = { 0 };
    struct import im = { .email = email, .problems = &problems };
    bool good = import_bytes(&im, bytes, name, &p);
    assert(good == (problems.list.n == 0));
    if (good)
        show_profile(&p, out);
    show_problems(&problems, out);
    show_findings(&im, out);
    profile_release(&p);
    import_release(&im);
    problems_release(&problems);
}

/* ---- the corpus ---- */

static slice section_of(slice expected, const char *name)
{
    char head[200];
    int n = snprintf(head, sizeof head, "== %s\n", name);
    size_t at = slice_find(expected, slice_make(head, (size_t)n));
    if (at == SIZE_MAX)
        return (slice) { NULL, 0 };
    slice rest = slice_skip(expected, at + (size_t)n);
    size_t end = slice_find(rest, S("\n== "));
    return slice_sub(rest, 0, end == SIZE_MAX ? rest.n : end + 1);
}

/* Every file's section; counts those that are not as expected. */
static int import_all(slice expected, struct buf *all)
{
    auto_arena a = { 0 };
    struct dirent **names;
    int n = scandir(corpus, &names, is_input, alphasort), bad = 0;
    for (int i = 0; i < n; i++) {
        auto_buf got;
        buf_init(&got, BUF_OURS);
        const char *name = names[i]->d_name;
        import_as_text(read_whole(&a, name), name, EMAIL, &got);
        slice want = section_of(expected, name);
        buf_addf(all, "== %s\n%s", name, got.p);
        if (expected.n && !slice_eq(buf_slice(&got), want)) {
            printf("# %s gave\n%s# and not\n%.*s", name, got.p, SLICE_ARG(want));
            bad++;
        }
        free(names[i]);
    }
    free(names);
    fflush(stdout);
    return bad;
}

START_TEST(every_file_of_the_corpus_gives_what_is_expected)
{
    auto_arena a = { 0 };
    auto_buf all;
    buf_init(&all, BUF_OURS);
    slice expected = read_whole(&a, "expected.txt");
    ck_assert_uint_gt(expected.n, 0);
    ck_assert_int_eq(import_all(expected, &all), 0);
    /* No section too many, none out of order. */
    ck_assert_slice(buf_slice(&all), expected);
}
END_TEST

/* ---- one octet at a time ---- */

static void show_tree(const struct xml_node *node, unsigned depth, struct buf *out)
{
    buf_addf(out, "%*s%.*s %u:%u+%u %u:%u+%u \"%.*s\"", (int)depth, "", SLICE_ARG(node->name),
             node->at.line, node->at.column, node->at.length, node->text_place.line,
             node->text_place.column, node->text_place.length, SLICE_ARG(node->text));
    for (size_t i = 0; i < node->n_attributes; i++)
        buf_addf(out, " %.*s=\"%.*s\"", SLICE_ARG(node->attributes[i].name),
                 SLICE_ARG(node->attributes[i].value));
    buf_addc(out, '\n');
    for (const struct xml_node *c = node->first; c; c = c->next)
        show_tree(c, depth + 1, out);
}

static void parse_as_text(slice bytes, size_t step, struct buf *out)
{
    auto_arena a = { 0 };
    struct problems problems = { 0 };
    const struct xml_node *root = xml_parse_in_steps(bytes, step, "x", &a, &problems);
    ck_assert_int_eq(!root, problems.list.n > 0);
    if (root)
        show_tree(root, 0, out);
    show_problems(&problems, out);
    problems_release(&problems);
}

START_TEST(pieces_make_no_difference)
{
    static const size_t steps[] = { 1, 2, 7, 64 };
    auto_arena a = { 0 };
    struct dirent **names;
    int n = scandir(corpus, &names, is_input, alphasort);
    for (int i = 0; i < n; i++) {
        slice bytes = read_whole(&a, names[i]->d_name);
        auto_buf whole;
        buf_init(&whole, BUF_OURS);
        parse_as_text(bytes, XML_SIZE_MAX, &whole);
        for (size_t k = 0; k < COUNT(steps); k++) {
            auto_buf pieces;
            buf_init(&pieces, BUF_OURS);
            parse_as_text(bytes, steps[k], &pieces);
            ck_assert_msg(slice_eq(buf_slice(&pieces), buf_slice(&whole)),
                          "%s by %zu: %s\nwhole: %s", names[i]->d_name, steps[k], pieces.p,
                          whole.p);
        }
        free(names[i]);
    }
    free(names);
}
END_TEST

/* ---- too much ---- */

static void servers(struct buf *out, size_t n)
{
    buf_adds(out, "<clientConfig version='1.1'><emailProvider id='x'>\n");
    for (size_t i = 0; i < n; i++)
        buf_addf(out,
                 "<incomingServer type='imap'><hostname>h%zu.test</hostname><port>993</port>"
                 "<socketType>SSL</socketType></incomingServer>\n",
                 i);
    buf_adds(out, "</emailProvider></clientConfig>\n");
}

static void expect_error(const struct buf *text, const char *sentence)
{
    auto_buf got;
    buf_init(&got, BUF_OURS);
    import_as_text(buf_slice(text), "big.xml", EMAIL, &got);
    ck_assert_msg(strstr(got.p, sentence) && slice_starts(buf_slice(&got), S("error ")),
                  "%.500s\nlacks: %s", got.p, sentence);
}

START_TEST(more_servers_than_fit)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    servers(&text, PROFILE_SERVICES_MAX);
    struct profile p = { 0 };
    struct problems problems = { 0 };
    ck_assert(profile_import_bytes(buf_slice(&text), "x", NULL, &p, &problems));
    ck_assert_uint_eq(p.n_services, PROFILE_SERVICES_MAX);
    profile_release(&p);
    problems_release(&problems);
    buf_clear(&text);
    servers(&text, PROFILE_SERVICES_MAX + 1);
    expect_error(&text, "there are more than 64 servers");
    buf_clear(&text);
    servers(&text, 4000);
    expect_error(&text, "there are too many elements");
    buf_clear(&text);
    servers(&text, 10000);
    expect_error(&text, "it is larger than 1048576 octets");
}
END_TEST

/* What must not take a time that grows with the square of the size. */
static const struct {
    const char *piece, *end, *sentence;
} long_rows[] = {
    { " \n", "</clientConfig>", "there is no <emailProvider>" },
    { "password ", "</clientConfig>", "there is no <emailProvider>" },
    { "password</key", "", "no well-formed XML" },
    { "<![CDATA[<password>]]>", "</clientConfig>", "there is no <emailProvider>" },
    { "<!-- x --><?x?>", "</clientConfig>", "there is no <emailProvider>" },
};

START_TEST(much_of_a_kind_takes_no_time)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    clock_t began = clock();
    buf_adds(&text, "<clientConfig>");
    while (text.n < XML_SIZE_MAX - 100)
        buf_adds(&text, long_rows[_i].piece);
    buf_adds(&text, long_rows[_i].end);
    expect_error(&text, long_rows[_i].sentence);
    ck_assert_int_lt((clock() - began) / CLOCKS_PER_SEC, 5);
}
END_TEST

/* ---- the entry points ---- */

START_TEST(a_missing_file_is_a_problem)
{
    struct profile p = { 0 };
    struct problems problems = { 0 };
    ck_assert(!profile_import("/nonexistent/autoconfig.xml", EMAIL, &p, &problems));
    ck_assert_uint_eq(problems.list.n, 1);
    ck_assert_ptr_nonnull(strstr(problems.list.v[0].text, "No such file"));
    problems_release(&problems);
}
END_TEST

START_TEST(a_file_gives_rows_with_places_and_notes)
{
    auto_arena a = { 0 };
    struct profile p = { 0 };
    struct problems problems = { 0 };
    const char *path = arena_printf(&a, "%s/suspicious-autoconfig.xml", corpus);
    ck_assert(profile_import(path, EMAIL, &p, &problems));
    problems_release(&problems); /* the profile does not need it any more */
    ck_assert_uint_eq(p.n_services, 6);
    ck_assert_str_eq(p.services[0].at.file, path);
    ck_assert_uint_eq(p.services[0].at.line, 5);
    ck_assert_str_eq(p.services[0].source_line, "      <hostname>imap.example.test</hostname>");
    ck_assert_uint_gt(p.n_notes, 8);
    ck_assert_str_eq(p.path, path);
    profile_release(&p);
}
END_TEST

START_TEST(a_lenient_import_leaves_out_what_is_wrong)
{
    struct profile p = { 0 };
    struct problems problems = { 0 };
    struct import im = { .email = EMAIL, .lenient = true, .problems = &problems };
    slice text = S("<clientConfig version='1.1'><emailProvider id='x'>"
                   "<incomingServer type='imap'><hostname>a.test</hostname><port>0</port>"
                   "<socketType>SSL</socketType></incomingServer>"
                   "<incomingServer type='imap'><hostname>b.test</hostname><port>993</port>"
                   "<socketType>SSL</socketType></incomingServer>"
                   "</emailProvider></clientConfig>");
    ck_assert(import_bytes(&im, text, "x", &p));
    ck_assert_uint_eq(p.n_services, 1);
    ck_assert_str_eq(p.services[0].host, "b.test");
    ck_assert_int_eq(im.findings.v[0].grade, IMPORT_WRONG);
    profile_release(&p);
    import_release(&im);
    problems_release(&problems);
}
END_TEST

/* Lines with a secret in them, and what carets may show of it: none of "hunter2". */
static const char *const password_rows[] = {
    "<plist><dict><key>IncomingPassword</key><string>hunter2</string>",
    "<plist><dict><key>IncomingPassword</key> <string>password-hunter2</string><key>X</key>",
    "<plist><dict><key>Password </key\n ><string><![CDATA[</dict><key>hunter2]]></string></dict>",
    "<plist><dict><key>OutgoingPassword</key><data>\nhunter2\n</data></dict>",
    "<clientConfig><password>hunter2</password>",
    "<clientConfig><t:password x='y'>my&lt;password&gt;hunter2</t:password>",
    "<clientConfig><password><![CDATA[</hunter2>]]></password>",
    "<clientConfig><password\n>hunter2",
};

START_TEST(passwords_are_never_shown)
{
    auto_arena a = { 0 };
    auto_buf shown;
    buf_init(&shown, BUF_OURS);
    struct profile p = { 0 };
    struct problems problems = { 0 };
    /* A mistake in each line shows all of them. */
    const char *text = arena_printf(&a, "%s<?x?>", password_rows[_i]);
    ck_assert(!profile_import_bytes(slice_of(text), "x", EMAIL, &p, &problems));
    for (unsigned line = 1; line < 5; line++)
        problem_add(&problems, (struct place) { "x", line, 1, 1 }, "wrong");
    problems_render(&problems, &shown);
    ck_assert_ptr_nonnull(strstr(shown.p, "assword"));
    ck_assert_msg(!strstr(shown.p, "hunter2"), "%s", shown.p);
    problems_release(&problems);
}
END_TEST

START_TEST(lines_that_only_speak_of_passwords_are_shown)
{
    auto_buf shown;
    buf_init(&shown, BUF_OURS);
    struct profile p = { 0 };
    struct problems problems = { 0 };
    slice text =
        S("<clientConfig>\n<authentication>password</authentication>\n"
          "<authentication>password-cleartext</authentication><hostname>a.test</hostname>\n"
          "<password>x</password><port>0</port>\n");
    ck_assert(!profile_import_bytes(text, "x", EMAIL, &p, &problems));
    for (unsigned line = 2; line < 5; line++)
        problem_add(&problems, (struct place) { "x", line, 1, 1 }, "wrong");
    problems_render(&problems, &shown);
    ck_assert_ptr_nonnull(strstr(shown.p, ">password</authentication>"));
    ck_assert_ptr_nonnull(strstr(shown.p, ">password-cleartext</authentication><hostname>a.test<"));
    ck_assert_ptr_nonnull(strstr(shown.p, "<password>*</password><port>0</port>"));
    problems_release(&problems);
}
END_TEST

static const struct {
    const char *host, *email, *want; /* NULL: refused */
} placeholder_rows[] = {
    { "imap.%EMAILDOMAIN%", "me@example.test", "imap.example.test" },
    { "imap.%EMAILDOMAIN%", "example.test", "imap.example.test" },
    { "imap.%EMAILDOMAIN%", NULL, NULL },
    { "%EMAILLOCALPART%.%EMAILDOMAIN%", "me@example.test", "me.example.test" },
    { "%EMAILLOCALPART%.%EMAILDOMAIN%", "example.test", NULL },
    { "%EMAILDOMAIN", "example.test", NULL },
    { "%%", "example.test", NULL },
    { "imap.b\xc3\xbc"
      "cher.test",
      NULL, "imap.xn--bcher-kva.test" },
    { "imap.\xc2\x9b"
      "31m.test",
      NULL, NULL },
    { "imap.\xe2\x80\xae"
      "moc.test",
      NULL, NULL },
};

START_TEST(placeholders_in_host_names)
{
    auto_arena a = { 0 };
    struct profile p = { 0 };
    struct problems problems = { 0 };
    const char *want = placeholder_rows[_i].want;
    const char *text =
        arena_printf(&a,
                     "<clientConfig version='1.1'><emailProvider id='x'><incomingServer "
                     "type='imap'><hostname>%s</hostname><port>993</port><socketType>SSL"
                     "</socketType></incomingServer></emailProvider></clientConfig>",
                     placeholder_rows[_i].host);
    bool good =
        profile_import_bytes(slice_of(text), "x", placeholder_rows[_i].email, &p, &problems);
    ck_assert_int_eq(good, want != NULL);
    if (good)
        ck_assert_str_eq(p.services[0].host, want);
    profile_release(&p);
    problems_release(&problems);
}
END_TEST

/* One domain in all its spellings. */
#define BUECHER                                                                                    \
    "b\xc3\xbc"                                                                                    \
    "cher.test"
#define ALL_BUECHER "xn--bcher-kva.test"
static const struct {
    const char *email, *user;
    enum username_form form;
} idn_rows[] = {
    { "me@" BUECHER, "me@" BUECHER, USERNAME_ADDRESS },
    { "me@" BUECHER, "ME@" ALL_BUECHER, USERNAME_ADDRESS },
    { "ME@B\xc3\x9c"
      "CHER.test",
      "me@" BUECHER, USERNAME_ADDRESS },
    { "me@" ALL_BUECHER ".", "me@" BUECHER, USERNAME_ADDRESS },
    { "me@" ALL_BUECHER, "%EMAILLOCALPART%@" BUECHER, USERNAME_ADDRESS },
    { "me@" ALL_BUECHER, "me", USERNAME_LOCAL_PART },
    { ALL_BUECHER, "%EMAILADDRESS%", USERNAME_ADDRESS },
    { NULL, "%EMAILADDRESS%", USERNAME_ADDRESS },
};

START_TEST(spellings_of_a_domain_are_one)
{
    auto_arena a = { 0 };
    struct profile p = { 0 };
    struct problems problems = { 0 };
    struct import im = { .email = idn_rows[_i].email, .problems = &problems };
    const char *text = arena_printf(
        &a,
        "<clientConfig version='1.1'><emailProvider id='x'><domain>" BUECHER "</domain>"
        "<incomingServer type='imap'><hostname>imap.%%EMAILDOMAIN%%</hostname><port>993</port>"
        "<socketType>SSL</socketType><username>%s</username><authentication>OAuth2"
        "</authentication></incomingServer><outgoingServer type='smtp'><hostname>smtp." BUECHER
        "</hostname><port>465</port><socketType>SSL</socketType><username>%%EMAILADDRESS%%"
        "</username><authentication>OAuth2</authentication></outgoingServer></emailProvider>"
        "</clientConfig>",
        idn_rows[_i].user);
    ck_assert(import_bytes(&im, slice_of(text), "x", &p));
    ck_assert_uint_eq(im.findings.n, 0);
    ck_assert_str_eq(p.domains[0], ALL_BUECHER);
    ck_assert_str_eq(p.services[0].host, "imap." ALL_BUECHER);
    ck_assert_int_eq(p.services[0].username, idn_rows[_i].form);
    profile_release(&p);
    import_release(&im);
    problems_release(&problems);
}
END_TEST

static const struct {
    slice start;
    bool foreign;
} foreign_rows[] = {
    { { "<?xml version", 13 }, true },  { { "\xef\xbb\xbf<a/>", 7 }, true },
    { { " \n<plist>", 9 }, true },      { { "\x30\x82\x01\x02\x06", 5 }, true },
    { { "bplist00", 8 }, true },        { { "-----BEGIN PKCS7-----", 21 }, true },
    { { "name: gmail\n", 12 }, false }, { { "", 0 }, false },
};

START_TEST(foreign_formats_are_told_from_yaml)
{
    ck_assert_int_eq(import_is_foreign(foreign_rows[_i].start), foreign_rows[_i].foreign);
}
END_TEST

START_TEST(a_redirect_says_where_to)
{
    auto_arena a = { 0 };
    struct profile p = { 0 };
    struct problems problems = { 0 };
    struct import im = { .email = EMAIL, .problems = &problems };
    ck_assert(!import_bytes(&im, read_whole(&a, "redirect-url.xml"), "x", &p));
    ck_assert_str_eq(im.redirect_url, "https://other.example.test/autodiscover/autodiscover.xml");
    import_release(&im);
    im = (struct import) { .email = EMAIL, .problems = &problems };
    ck_assert(!import_bytes(&im, read_whole(&a, "redirect-address.xml"), "x", &p));
    ck_assert_str_eq(im.redirect_address, "me@other.example.test");
    import_release(&im);
    im = (struct import) { .email = EMAIL, .problems = &problems };
    ck_assert(!import_bytes(&im, read_whole(&a, "web-page.xml"), "x", &p));
    ck_assert(im.is_web_page);
    import_release(&im);
    problems_release(&problems);
}
END_TEST

/* ---- the fuzz target ---- */

static const char *const seeds[] = {
    "good-prefix.xml",    "duplicate-elements.xml",  "suspicious-autodiscover.xml",
    "redirect-url.xml",   "suspicious.mobileconfig", "hostile-defaults.xml",
    "signed.mobileconfig"
};

START_TEST(fuzz)
{
    auto_arena a = { 0 };
    fuzz_replay(read_whole(&a, seeds[_i]));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_file_of_the_corpus_gives_what_is_expected);
    tcase_add_test(t, pieces_make_no_difference);
    tcase_add_test(t, more_servers_than_fit);
    tcase_add_loop_test(t, much_of_a_kind_takes_no_time, 0, COUNT(long_rows));
    tcase_add_test(t, a_missing_file_is_a_problem);
    tcase_add_test(t, a_file_gives_rows_with_places_and_notes);
    tcase_add_test(t, a_lenient_import_leaves_out_what_is_wrong);
    tcase_add_loop_test(t, passwords_are_never_shown, 0, COUNT(password_rows));
    tcase_add_test(t, lines_that_only_speak_of_passwords_are_shown);
    tcase_add_loop_test(t, placeholders_in_host_names, 0, COUNT(placeholder_rows));
    tcase_add_loop_test(t, spellings_of_a_domain_are_one, 0, COUNT(idn_rows));
    tcase_add_loop_test(t, foreign_formats_are_told_from_yaml, 0, COUNT(foreign_rows));
    tcase_add_test(t, a_redirect_says_where_to);
    tcase_add_loop_test(t, fuzz, 0, COUNT(seeds));
}

int main(int argc, char **argv)
{
    corpus = argc > 1 ? argv[1] : "corpus";
    if (argc > 2 && strcmp(argv[2], "--print") == 0) {
        auto_buf all;
        buf_init(&all, BUF_OURS);
        import_all((slice) { NULL, 0 }, &all);
        fputs(all.p, stdout);
        return 0;
    }
    return run_tests("import", add);
}
