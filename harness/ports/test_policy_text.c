#include "array.h"
#include "buf.h"
#include "fuzz_replay.h"
#include "mta_sts.h"
#include "testing.h"

/* `why` is a part of the reason; NULL: it is good, and `id` its id. */
static const struct {
    slice text;
    const char *id, *why;
} records[] = {
    { S("v=STSv1; id=20160831085700Z;"), "20160831085700Z", NULL },
    { S("v=STSv1;id=a"), "a", NULL },
    { S("v=STSv1 ; \t id=abcdefghijklmnopqrstuvwxyz012345"), "abcdefghijklmnopqrstuvwxyz012345",
      NULL },
    { S("v=STSv1; x-y.z=1; id=1; id=2"), "1", NULL },
    { S("v=STSv1; id=1 ;  "), "1", NULL },
    { S("v=STSv1"), NULL, "no \";\"" },
    { S("v=STSv1;"), NULL, "nothing but its version" },
    { S("v=STSv1; "), NULL, "nothing but its version" },
    { S("v=STSv2; id=1"), NULL, "does not begin" },
    { S("V=STSv1; id=1"), NULL, "does not begin" },
    { S(" v=STSv1; id=1"), NULL, "does not begin" },
    { S("v=STSv1; ID=1"), NULL, "no id=" },
    { S("v=STSv1; id="), NULL, "without a value" },
    { S("v=STSv1; id= 1"), NULL, "without a value" },
    { S("v=STSv1; id=1-2"), NULL, "1 to 32 letters" },
    { S("v=STSv1; id=abcdefghijklmnopqrstuvwxyz0123456"), NULL, "1 to 32 letters" },
    { S("v=STSv1; id=1 "), NULL, "ends in a blank" },
    { S("v=STSv1; id=1;; a=b"), NULL, "empty field" },
    { S("v=STSv1; id"), NULL, "no NAME=VALUE" },
    { S("v=STSv1; i d=1"), NULL, "no NAME=VALUE" },
    { S("v=STSv1; id=1; a=b=c"), NULL, "another field" },
    { S("v=STSv1; id=1\xC3\xBC"), NULL, "printable ASCII" },
    { S("v=STSv1; id=1\0"), NULL, "printable ASCII" },
    { S(""), NULL, "does not begin" },
};

START_TEST(test_record)
{
    char why[TXT_WHY_MAX] = "";
    slice id = S("untouched");
    bool good = sts_record_parse(records[_i].text, &id, why);
    ck_assert_int_eq(good, records[_i].id != NULL);
    if (good)
        ck_assert_slice(id, slice_of(records[_i].id));
    else
        ck_assert_msg(strstr(why, records[_i].why), "%s", why);
    ck_assert(good || slice_eq(id, S("untouched")));
    fuzz_replay(records[_i].text);
}
END_TEST

/* `uris`: joined by a blank. */
static const struct {
    slice text;
    const char *uris, *why;
} reports[] = {
    { S("v=TLSRPTv1;rua=mailto:reports@example.test"), "mailto:reports@example.test", NULL },
    { S("v=TLSRPTv1; rua=https://reporting.example.test/v1/tlsrpt;"),
      "https://reporting.example.test/v1/tlsrpt", NULL },
    { S("v=TLSRPTv1; x=1; rua=mailto:a@b.test , https://c.test/?d=e"),
      "mailto:a@b.test https://c.test/?d=e", NULL },
    { S("v=TLSRPTv1; rua=MAILTO:a@b.test?subject=x"), "MAILTO:a@b.test?subject=x", NULL },
    { S("v=TLSRPTv1; x=1"), NULL, "no rua=" },
    { S("v=TLSRPTv1; rua=a@b.test"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=mailto:"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=mailto:a"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=mailto:a@?b"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=http://c.test/"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=https://"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=mailto:a@b.test,"), NULL, "neither mailto" },
    { S("v=TLSRPTv1; rua=mailto:a!b@c.test"), NULL, "\"!\" that is not encoded" },
    { S("v=TLSRPTv1; rua=mailto:a b@c.test"), NULL, "not encoded" },
    { S("v=TLSRPTv1; x=a=b; rua=mailto:a@b.test"), NULL, "holds \"=\"" },
    { S("v=TLSRPTv1"), NULL, "no \";\"" },
    { S("v=STSv1; rua=mailto:a@b.test"), NULL, "does not begin" },
};

START_TEST(test_reports)
{
    char why[TXT_WHY_MAX] = "";
    struct tlsrpt r;
    auto_buf joined;
    buf_init(&joined, 1000);
    bool good = tlsrpt_parse(reports[_i].text, &r, why);
    ck_assert_msg(good == (reports[_i].uris != NULL), "%s", why);
    for (size_t i = 0; good && i < r.n; i++)
        buf_addf(&joined, "%s%.*s", i ? " " : "", SLICE_ARG(r.uris[i]));
    if (good)
        ck_assert_str_eq(joined.p, reports[_i].uris);
    else
        ck_assert_msg(strstr(why, reports[_i].why), "%s", why);
    fuzz_replay(reports[_i].text);
}
END_TEST

#define GOOD "version: STSv1\nmode: enforce\nmx: mail.example.test\nmax_age: 604800\n"

static const struct {
    slice text;
    const char *why; /* NULL: good */
    enum sts_mode mode;
    uint64_t max_age;
    size_t n_mx, blank_line;
    const char *repeated;
} texts[] = {
    { S(GOOD), NULL, STS_ENFORCE, 604800, 1, 0, "" },
    { S("version: STSv1\r\nmode: testing\r\nmx: a.test\r\nmx: *.b.test\r\nmax_age: 0"), NULL,
      STS_TESTING, 0, 2, 0, "" },
    { S("version:STSv1\nmode:\tnone \t\nmax_age: 31557600\n"), NULL, STS_NONE, 31557600, 0, 0, "" },
    { S("max_age: 1\nmx: a\nmode: enforce\nversion: STSv1\n"), NULL, STS_ENFORCE, 1, 1, 0, "" },
    { S(GOOD "note: h\xC3\xA9 llo: x\n"), NULL, STS_ENFORCE, 604800, 1, 0, "" },
    { S(GOOD "\n"), NULL, STS_ENFORCE, 604800, 1, 5, "" },
    { S(GOOD "mode: none\n"), NULL, STS_ENFORCE, 604800, 1, 0, "mode" },
    { S(GOOD "max_age: x\n"), NULL, STS_ENFORCE, 604800, 1, 0, "max_age" },
    { S(""), "no \"version\"", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmode: enforce\nmax_age: 1\n"), "no \"mx\"", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmx: a\nmax_age: 1\n"), "no \"mode\"", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmx: a\nmode: enforce\n"), "no \"max_age\"", 0, 0, 0, 0, "" },
    { S("mode: enforce\nmx: a\nmax_age: 1\n"), "no \"version\"", 0, 0, 0, 0, "" },
    { S("version: STSv2\n"), "line 1: the version", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmode: Enforce\n"), "line 2: the mode", 0, 0, 0, 0, "" },
    { S("Version: STSv1\n"), "no \"version\"", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmax_age: 31557601\n"), "line 2: max_age", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmax_age: -1\n"), "line 2: max_age", 0, 0, 0, 0, "" },
    { S("version: STSv1\nmax_age: 00000000001\n"), "line 2: max_age", 0, 0, 0, 0, "" },
    { S("mx: *\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: *.\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: a.*.test\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: *a.test\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: a.test.\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: .a.test\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: -a.test\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: a.test, b.test\n"), "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx: b\xC3\xBC"
        "cher.test\n"),
      "line 1: mx", 0, 0, 0, 0, "" },
    { S("mx:\n"), "without a value", 0, 0, 0, 0, "" },
    { S("<html>\n"), "line 1: this is no", 0, 0, 0, 0, "" },
    { S("version STSv1\n"), "line 1: this is no", 0, 0, 0, 0, "" },
    { S(" version: STSv1\n"), "line 1: this is no", 0, 0, 0, 0, "" },
    { S(GOOD "x: a\x01\n"), "line 5: a control", 0, 0, 0, 0, "" },
};

START_TEST(test_policy)
{
    char why[TXT_WHY_MAX] = "";
    struct sts_policy p;
    bool good = sts_policy_parse(texts[_i].text, &p, why);
    ck_assert_msg(good == !texts[_i].why, "%s", why);
    if (good) {
        ck_assert_int_eq(p.mode, texts[_i].mode);
        ck_assert_uint_eq(p.max_age, texts[_i].max_age);
        ck_assert_uint_eq(p.n_mx, texts[_i].n_mx);
        ck_assert_uint_eq(p.blank_line, texts[_i].blank_line);
        ck_assert_slice(p.repeated, slice_of(texts[_i].repeated));
    } else {
        ck_assert_msg(strstr(why, texts[_i].why), "%s", why);
    }
    fuzz_replay(texts[_i].text);
}
END_TEST

START_TEST(test_limits)
{
    char why[TXT_WHY_MAX] = "";
    struct sts_policy p;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_adds(&text, "version: STSv1\nmode: enforce\nmax_age: 1\n");
    for (int i = 0; i < STS_MX_MAX; i++)
        buf_addf(&text, "mx: mx%d.example.test\n", i);
    ck_assert_msg(sts_policy_parse(buf_slice(&text), &p, why), "%s", why);
    ck_assert_uint_eq(p.n_mx, STS_MX_MAX);
    buf_adds(&text, "mx: one.too.many\n");
    ck_assert(!sts_policy_parse(buf_slice(&text), &p, why) && strstr(why, "256"));
    buf_clear(&text);
    buf_adds(&text, GOOD);
    while (text.n <= STS_POLICY_OCTETS)
        buf_adds(&text, "x: y\n");
    ck_assert(!sts_policy_parse(buf_slice(&text), &p, why) && strstr(why, "64 kilobytes"));
    buf_clear(&text);
    buf_adds(&text, "v=STSv1");
    for (int i = 0; i <= TXT_FIELDS_MAX; i++)
        buf_addf(&text, ";a%d=b", i);
    slice id;
    ck_assert(!sts_record_parse(buf_slice(&text), &id, why) && strstr(why, "32 fields"));
    buf_clear(&text);
    buf_adds(&text, "v=TLSRPTv1;rua=mailto:a@b.test");
    for (int i = 0; i < TLSRPT_URIS_MAX; i++)
        buf_adds(&text, ",mailto:a@b.test");
    struct tlsrpt r;
    ck_assert(!tlsrpt_parse(buf_slice(&text), &r, why) && strstr(why, "16 addresses"));
}
END_TEST

static const struct {
    slice pattern;
    const char *host;
    bool covers;
} patterns[] = {
    { S("mail.example.test"), "mail.example.test", true },
    { S("MAIL.example.test"), "mail.Example.test", true },
    { S("*.example.test"), "mail.example.test", true },
    { S("*.example.test"), "example.test", false },
    { S("*.example.test"), "foo.bar.example.test", false },
    { S("*.example.test"), ".example.test", false },
    { S("example.test"), "mail.example.test", false },
    { S("*.test"), "test", false },
    { S("mail.example.test"), "*.example.test", false },
};

START_TEST(test_pattern)
{
    ck_assert_int_eq(sts_pattern_covers(patterns[_i].pattern, patterns[_i].host),
                     patterns[_i].covers);
}
END_TEST

START_TEST(test_versions)
{
    ck_assert(txt_has_version(S("v=STSv1;"), S("v=STSv1")));
    ck_assert(!txt_has_version(S("v=STSv1"), S("v=STSv1")));
    ck_assert(!txt_has_version(S("v=STSv10;"), S("v=STSv1")));
    ck_assert(!txt_has_version(S("v=spf1 -all"), S("v=STSv1")));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, test_record, 0, COUNT(records));
    tcase_add_loop_test(t, test_reports, 0, COUNT(reports));
    tcase_add_loop_test(t, test_policy, 0, COUNT(texts));
    tcase_add_test(t, test_limits);
    tcase_add_loop_test(t, test_pattern, 0, COUNT(patterns));
    tcase_add_test(t, test_versions);
}

int main(void)
{
    return run_tests("policy text", add);
}
