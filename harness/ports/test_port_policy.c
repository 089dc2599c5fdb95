#include "port_policy.h"
#include "node.h"
#include "testing.h"
#include <stdio.h>
#include <unistd.h>

static const char *const names[] = { "rfc9325", "ncsc-2025-05", "mozilla-intermediate" };

static int load(const char *name, struct port_policy *p, struct problems *problems,
                struct error *err)
{
    return port_policy_load(TEST_SCENARIOS, name, p, problems, err);
}

START_TEST(bundled_policies_load)
{
    struct port_policy p;
    struct problems problems = { 0 };
    struct error err = { 0 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    int r = load(names[_i], &p, &problems, &err);
    problems_render(&problems, &text);
    ck_assert_msg(r == 0, "%s\n%s", err.text, text.p);
    ck_assert_str_eq(p.name, names[_i]);
    ck_assert(p.title[0] && p.source[0]);
    ck_assert_uint_ge(p.rsa_bits_fail, 2048);
    ck_assert_int_eq(p.version[SURVEY_TLS10], GRADE_FAIL);
    ck_assert_int_eq(p.version[SURVEY_TLS13], GRADE_GOOD);
    ck_assert_int_ge(p.version_missing[SURVEY_TLS13], GRADE_WARN);
    ck_assert_uint_eq(p.days_left_warn, 14);
    port_policy_release(&p);
    problems_release(&problems);
}
END_TEST

/* What each policy makes of a suite, in the order of `names`. */
static const struct {
    uint16_t id;
    bool encrypt_then_mac;
    enum policy_grade grades[3];
} suites[] = {
    { 0x1301, false, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
    { 0xC02F, false, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
    { 0xCCA8, false, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
    { 0xC027, false, { GRADE_WARN, GRADE_WARN, GRADE_WARN } }, /* ECDHE, CBC, SHA-256 */
    { 0xC027, true, { GRADE_GOOD, GRADE_WARN, GRADE_WARN } },
    { 0xC013, false, { GRADE_WARN, GRADE_FAIL, GRADE_WARN } }, /* ECDHE, CBC, SHA-1 */
    { 0x009E, false, { GRADE_WARN, GRADE_WARN, GRADE_WARN } }, /* DHE, GCM */
    { 0x009C, false, { GRADE_WARN, GRADE_FAIL, GRADE_WARN } }, /* RSA, GCM */
    { 0x000A, false, { GRADE_WARN, GRADE_FAIL, GRADE_FAIL } }, /* RSA, 3DES */
    { 0x0005, false, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } }, /* RC4 */
    { 0x0009, false, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } }, /* DES */
    { 0x0001, false, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } }, /* NULL, MD5 */
    { 0x0003, false, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } }, /* export */
    { 0x00A6, false, { GRADE_WARN, GRADE_FAIL, GRADE_FAIL } }, /* anonymous, GCM */
    { 0xC0A2, false, { GRADE_WARN, GRADE_FAIL, GRADE_WARN } }, /* DHE, CCM_8 */
    { 0xC0AE, false, { GRADE_NOTE, GRADE_FAIL, GRADE_WARN } }, /* ECDHE, CCM_8 */
    { 0xC05C, false, { GRADE_GOOD, GRADE_WARN, GRADE_WARN } }, /* ARIA-GCM */
};

START_TEST(suites_are_graded)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        struct port_policy p;
        struct problems problems = { 0 };
        struct error err = { 0 };
        char name[64];
        ck_assert_int_eq(load(names[i], &p, &problems, &err), 0);
        const struct tls_suite *suite = tls_suite_find(suites[_i].id);
        ck_assert_ptr_nonnull(suite);
        enum policy_grade got = policy_of_suite(&p, suite, tls_suite_name(suites[_i].id, name),
                                                suites[_i].encrypt_then_mac);
        ck_assert_msg(got == suites[_i].grades[i], "%s by %s: %d", name, names[i], got);
        port_policy_release(&p);
        problems_release(&problems);
    }
}
END_TEST

static const struct {
    const char *name;
    bool group;
    enum policy_grade grades[3];
} others[] = {
    { "x25519", true, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
    { "X25519MLKEM768", true, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
    { "secp521r1", true, { GRADE_GOOD, GRADE_GOOD, GRADE_WARN } },
    { "secp192r1", true, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } },
    { "ffdhe2048", true, { GRADE_GOOD, GRADE_FAIL, GRADE_WARN } },
    { "ffdhe3072", true, { GRADE_GOOD, GRADE_WARN, GRADE_WARN } },
    { "rsa_pkcs1_sha1", false, { GRADE_FAIL, GRADE_FAIL, GRADE_FAIL } },
    { "rsa_pkcs1_sha224", false, { GRADE_GOOD, GRADE_WARN, GRADE_GOOD } },
    { "ecdsa_secp256r1_sha256", false, { GRADE_GOOD, GRADE_GOOD, GRADE_GOOD } },
};

START_TEST(groups_and_signatures_are_graded)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        struct port_policy p;
        struct problems problems = { 0 };
        struct error err = { 0 };
        ck_assert_int_eq(load(names[i], &p, &problems, &err), 0);
        enum policy_grade got = others[_i].group ? policy_of_group(&p, others[_i].name)
                                                 : policy_of_signature(&p, others[_i].name);
        ck_assert_msg(got == others[_i].grades[i], "%s by %s: %d", others[_i].name, names[i], got);
        port_policy_release(&p);
        problems_release(&problems);
    }
}
END_TEST

/* An unknown number has a name only. */
START_TEST(unknown_suites_are_others)
{
    struct port_policy p;
    struct problems problems = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(load("mozilla-intermediate", &p, &problems, &err), 0);
    ck_assert_int_eq(policy_of_suite(&p, NULL, "0xfefe", false), GRADE_WARN);
    ck_assert_int_eq(policy_of_suite(&p, NULL, "TLS_AES_128_GCM_SHA256", false), GRADE_GOOD);
    port_policy_release(&p);
    problems_release(&problems);
}
END_TEST

/* ---- mistakes ---- */

#define HEAD "title: t\nsource: s\n"
#define REST                                                                                       \
    "versions: {}\ngroups: {}\nsignatures: {}\nkeys: {}\ncertificate: {}\nsessions: {}\nuse: {}\n"
static const struct {
    const char *text, *says;
} mistakes[] = {
    { HEAD REST "suites: {fial: {cipher: RC4}}\n", "did you mean \"fail\"" },
    { HEAD REST "suites: {fail: {ciphr: RC4}}\n", "did you mean \"cipher\"" },
    { HEAD REST "suites: {others: bad}\n", "one of: good, note, warn, fail" },
    { HEAD REST "suites: {bits-fail: many}\n", "a whole number" },
    { HEAD REST "suites: [a]\n", "must be a mapping" },
    { HEAD REST "suites: {fail: [RC4]}\n", "must be a mapping" },
    { HEAD REST "suites: {}\nsuits: {}\n", "did you mean \"suites\"" },
    { HEAD REST, "needs \"suites\"" },
    { "source: s\n" REST "suites: {}\n", "needs \"title\"" },
    { "title: t\nsource: [a]\n" REST "suites: {}\n", "needs \"source\"" },
    { "title: t\n  bad\n indent: [\n", "" },
    { HEAD "versions: {accepted: {TLS 1.O: fail}}\nsuites: {}\ngroups: {}\nsignatures: {}\n"
           "keys: {}\ncertificate: {}\nsessions: {}\nuse: {}\n",
      "did you mean \"TLS 1.0\"" },
};

START_TEST(mistakes_have_a_caret)
{
    char path[] = "/tmp/mailassay-policy-XXXXXX.yaml";
    int fd = mkstemps(path, 5);
    struct port_policy p = { 0 };
    struct problems problems = { 0 };
    struct error err = { 0 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, mistakes[_i].text, strlen(mistakes[_i].text)),
                     (ssize_t)strlen(mistakes[_i].text));
    close(fd);
    ck_assert_int_eq(load(path, &p, &problems, &err), ERR_FILE);
    unlink(path);
    problems_render(&problems, &text);
    ck_assert_uint_ge(problems.list.n, 1);
    ck_assert_msg(strstr(text.p, mistakes[_i].says) && strstr(text.p, "-->"), "%s", text.p);
    ck_assert_ptr_null(p.name);
    problems_release(&problems);
}
END_TEST

START_TEST(unknown_names_list_what_there_is)
{
    struct port_policy p;
    struct problems problems = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(load("rfc9352", &p, &problems, &err), ERR_USAGE);
    ck_assert_msg(strstr(err.text, "did you mean \"rfc9325\"") &&
                      strstr(err.text, "mozilla-intermediate, ncsc-2025-05, rfc9325"),
                  "%s", err.text);
    ck_assert_int_eq(port_policy_load("/nonexistent", "x", &p, &problems, &err), ERR_USAGE);
    ck_assert(strstr(err.text, "there are none") != NULL);
    ck_assert_int_eq(load("/nonexistent/policy.yaml", &p, &problems, &err), ERR_FILE);
    problems_release(&problems);
}
END_TEST

START_TEST(names_and_kinds)
{
    const char *const *found;
    auto_arena arena = { 0 };
    struct problems problems = { 0 };
    ck_assert_uint_eq(port_policy_names(TEST_SCENARIOS, &arena, &found), 3);
    ck_assert_str_eq(found[0], "mozilla-intermediate");
    ck_assert_uint_eq(port_policy_names("/nonexistent", &arena, &found), 0);
    ck_assert(
        port_policy_is_one(node_parse(S("versions: {}\nsuites: {}\n"), "x", &arena, &problems)));
    ck_assert(!port_policy_is_one(node_parse(S("topic: x\nsuites: {}\n"), "x", &arena, &problems)));
    problems_release(&problems);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, bundled_policies_load, 0, COUNT(names));
    tcase_add_loop_test(t, suites_are_graded, 0, COUNT(suites));
    tcase_add_loop_test(t, groups_and_signatures_are_graded, 0, COUNT(others));
    tcase_add_test(t, unknown_suites_are_others);
    tcase_add_loop_test(t, mistakes_have_a_caret, 0, COUNT(mistakes));
    tcase_add_test(t, unknown_names_list_what_there_is);
    tcase_add_test(t, names_and_kinds);
}

int main(void)
{
    return run_tests("port_policy", add);
}
