#include "profile.h"
#include "testing.h"
#include <stdio.h>
#include <unistd.h>

static const char *scenarios;

static bool load(const char *text, struct profile *ret, struct problems *p)
{
    char path[] = "/tmp/mailassay-test-XXXXXX.yaml";
    int fd = mkstemps(path, 5);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    bool good = profile_load(path, "mine.yaml", ret, p);
    unlink(path);
    return good;
}

START_TEST(a_file_gives_the_whole_profile)
{
    struct profile p = { 0 };
    struct problems problems = { 0 };
    ck_assert(load("name: Mine\ndomains: [example.test, x.test]\nsource: me\nchecked: 2024-02-29\n"
                   "user: address\nauth: [oauth2, app-password]\noffers:\n"
                   "  imap:\n    - {host: imap.example.test, port: 993, tls: implicit}\n"
                   "    - {host: 192.0.2.1, port: 143, tls: starttls, auth: password}\n"
                   "  submission: {host: '::1', port: 587, tls: none, user: local-part}\n"
                   "  mx: {host: mx.example.test, port: 25, tls: starttls, auth: none}\n"
                   "not-offered: [pop3]\nnotes: [one, two]\n",
                   &p, &problems));
    ck_assert_int_eq(p.kind, PROFILE_OFFERS);
    ck_assert(strncmp(p.name, "mailassay-test-", 15) == 0 && !strchr(p.name, '.'));
    ck_assert_str_eq(p.title, "Mine");
    ck_assert_str_eq(p.domains[1], "x.test");
    ck_assert_str_eq(p.checked, "2024-02-29");
    ck_assert_str_eq(p.source, "me");
    ck_assert_str_eq(p.notes[1], "two");
    ck_assert_uint_eq(p.not_offered, 1u << PROTOCOL_POP3);
    ck_assert_uint_eq(p.n_services, 4);
    const struct profile_service *s = p.services;
    ck_assert_str_eq(s[0].host, "imap.example.test");
    ck_assert_uint_eq(s[0].auth, AUTH_OAUTH2 | AUTH_APP_PASSWORD);
    ck_assert_int_eq(s[0].tls, TLS_MODE_IMPLICIT);
    ck_assert_int_eq(s[0].username, USERNAME_ADDRESS);
    ck_assert_str_eq(s[0].at.file, "mine.yaml");
    ck_assert_uint_eq(s[0].at.line, 9);
    ck_assert_str_eq(s[0].source_line, "    - {host: imap.example.test, port: 993, tls: implicit}");
    ck_assert_uint_eq(s[1].auth, AUTH_PASSWORD);
    ck_assert_int_eq(s[2].tls, TLS_MODE_NONE);
    ck_assert_int_eq(s[2].role, ROLE_SUBMISSION);
    ck_assert_int_eq(s[2].username, USERNAME_LOCAL_PART);
    ck_assert_int_eq(s[3].role, ROLE_MX);
    profile_release(&p);
    ck_assert_ptr_null(p.services);
    problems_release(&problems);
}
END_TEST

START_TEST(a_client_profile_names_no_hosts)
{
    struct profile p = { 0 };
    struct problems problems = { 0 };
    char text[320];
    ck_assert(load("name: C\nrequires:\n  imap: [{port: 143, tls: starttls}, {tls: implicit}]\n",
                   &p, &problems));
    ck_assert_int_eq(p.kind, PROFILE_REQUIRES);
    ck_assert_ptr_null(p.services[1].host);
    ck_assert_str_eq(profile_service_text(&p.services[0], text), "port 143, STARTTLS");
    ck_assert_str_eq(profile_service_text(&p.services[1], text), "any port, implicit TLS");
    profile_release(&p);
    problems_release(&problems);
}
END_TEST

#define ROW "{host: h.test, port: 993, tls: implicit}"
#define IMAP "name: a\noffers: {imap: {host: h.test, port: 993, tls: implicit"
static const struct {
    const char *text;
    unsigned line, column;
    const char *says;
} mistakes[] = {
    { "- a\n", 1, 1, "a profile must be a mapping" },
    { "name: a\n", 1, 1, "needs \"offers\"" },
    { "offers: {imap: " ROW "}\n", 1, 1, "needs \"name\"" },
    { "name: a\noffrs: {imap: " ROW "}\n", 1, 1, "needs \"offers\"" },
    { IMAP "}}\nnote: x\n", 3, 1, "did you mean \"notes\"" },
    { IMAP ", hots: x}}\n", 2, 57, "did you mean \"host\"" },
    { "name: a\noffers: {imaps: " ROW "}\n", 2, 10, "unknown service \"imaps\"; did you mean" },
    { "name: a\noffers: {smtp: " ROW "}\n", 2, 10, "did you mean \"submission\"?" },
    { "name: a\nuser: email\noffers: {imap: " ROW "}\n", 2, 7, "did you mean \"address\"?" },
    { "name: a\nauth: plain\noffers: {imap: " ROW "}\n", 2, 7, "did you mean \"password\"?" },
    { "name: a\noffers: {}\n", 2, 9, "names no service" },
    { "name: a\noffers: {imap: {port: 993, tls: implicit}}\n", 2, 16, "needs \"host\"" },
    { "name: a\noffers: {imap: {host: h.test, tls: implicit}}\n", 2, 16, "needs \"port\"" },
    { "name: a\noffers: {imap: {host: h.test, port: 1}}\n", 2, 16, "needs \"tls\"" },
    { "name: a\noffers: {imap: {host: h.test, port: 0, tls: none}}\n", 2, 37, "1 to 65535" },
    { "name: a\noffers: {imap: {host: h.test, port: 65536, tls: none}}\n", 2, 37, "65535" },
    { "name: a\noffers: {imap: {host: h.test, port: 1, tls: implict}}\n", 2, 45,
      "unknown tls \"implict\"; did you mean \"implicit\"" },
    { "name: a\noffers: {imap: {host: h_-.test, port: 1, tls: none}}\n", 2, 23, "no host name" },
    { "name: a\noffers: {imap: {host: 1.2.3.999, port: 1, tls: none}}\n", 2, 23, "no host name" },
    { "name: a\noffers: {imap: {host: 'h:993', port: 1, tls: none}}\n", 2, 23, "of its own" },
    { "name: a\noffers: {imap: {host: 'imap://h', port: 1, tls: none}}\n", 2, 23, "no URL" },
    { "name: a\noffers: {imap: {host: m\xc3\xbcll.test, port: 1, tls: none}}\n", 2, 23, "xn--" },
    { "name: a\noffers: {imap: {host: '', port: 1, tls: none}}\n", 2, 23, "is empty" },
    { IMAP ", auth: oauth}}\n", 2, 63, "unknown auth \"oauth\"; did you mean \"oauth2\"" },
    { IMAP ", auth: [none, password]}}\n", 2, 63, "excludes every other" },
    { IMAP ", auth: []}}\n", 2, 63, "auth is an empty list" },
    { "name: a\noffers: {imap: " ROW ", pop3: []}\n", 2, 64, "pop3 is an empty list" },
    { IMAP ", user: adress}}\n", 2, 63, "did you mean \"address\"" },
    { "name: a\noffers: {imap: [" ROW ", " ROW "]}\n", 2, 59, "stands twice" },
    { "name: a\noffers: {mx: " ROW "}\n", 2, 45, "no implicit TLS" },
    { "name: a\nrequires: {imap: " ROW "}\n", 2, 19, "unknown key \"host\" in a row of requires" },
    { IMAP "}}\nrequires: {imap: {tls: none}}\n", 3, 11, "not both" },
    { IMAP "}}\nnot-offered: imap\n", 3, 14, "imap is offered, in line 2" },
    { IMAP "}}\nnot-offered: [pop]\n", 3, 15, "did you mean \"pop3\"" },
    { IMAP "}}\nnot-offered: mx\n", 3, 14, "imap, pop3 and submission" },
    { "name: a\nrequires: {imap: {tls: none}}\nnot-offered: pop3\n", 3, 14, "a provider's" },
    { IMAP "}}\nchecked: 2026-02-29\n", 3, 10, "a day, such as" },
    { IMAP "}}\nchecked: 2026-13-01\n", 3, 10, "a day, such as" },
    { IMAP "}}\nchecked: 2026-00-01\n", 3, 10, "a day, such as" },
    { IMAP "}}\nchecked: 12.03.2026\n", 3, 10, "a day, such as" },
    { IMAP "}}\ndomains: [a b]\n", 3, 11, "no host name" },
    { IMAP "}}\nnotes: {a: b}\n", 3, 8, "a single value" },
    { IMAP "}}\nnotes: \"\\x07\"\n", 3, 8, "control character" },
    { "name: [a]\noffers: {imap: " ROW "}\n", 1, 7, "a single value" },
};

START_TEST(mistakes_have_their_place)
{
    struct profile p = { .n_notes = 77 };
    struct problems problems = { 0 };
    ck_assert(!load(mistakes[_i].text, &p, &problems));
    const struct problem *first = &problems.list.v[0];
    for (size_t i = 0; i < problems.list.n && !strstr(first->text, mistakes[_i].says); i++)
        first = &problems.list.v[i];
    ck_assert_msg(strstr(first->text, mistakes[_i].says), "%s", problems.list.v[0].text);
    ck_assert_msg(first->at.line == mistakes[_i].line && first->at.column == mistakes[_i].column,
                  "%s at %u:%u", first->text, first->at.line, first->at.column);
    ck_assert_uint_eq(p.n_notes, 77);
    auto_buf out;
    buf_init(&out, BUF_OURS);
    problems_render(&problems, &out);
    ck_assert_ptr_nonnull(strstr(out.p, "mine.yaml:"));
    problems_release(&problems);
}
END_TEST

START_TEST(rows_have_a_limit)
{
    struct profile p = { 0 };
    struct profile_service s = { .host = "h", .port = 1 };
    for (int i = 0; i < PROFILE_SERVICES_MAX; i++)
        ck_assert(profile_add(&p, &s));
    ck_assert(!profile_add(&p, &s));
    ck_assert_uint_eq(p.n_services, PROFILE_SERVICES_MAX);
    profile_release(&p);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    struct profile p = { 0 };
    struct problems problems = { 0 };
    struct profile_list list = { 0 };
    ck_assert(!profile_load("/nonexistent/x.yaml", "x.yaml", &p, &problems));
    ck_assert(!profiles_load("/nonexistent", &list, &problems));
    ck_assert_uint_eq(problems.list.n, 2);
    profiles_release(&list);
    problems_release(&problems);
}
END_TEST

START_TEST(texts)
{
    char text[320], auth[128];
    struct profile_service s = { .host = "h.test", .port = 25, .tls = TLS_MODE_NONE };
    ck_assert_str_eq(profile_service_text(&s, text), "h.test:25, clear text");
    s.host = NULL;
    s.port = 0;
    s.tls = TLS_MODE_STARTTLS;
    ck_assert_str_eq(profile_service_text(&s, text), "any port, STARTTLS");
    ck_assert_str_eq(profile_auth_text(0, auth), "not said");
    ck_assert_str_eq(profile_auth_text(AUTH_APP_PASSWORD | AUTH_OAUTH2, auth),
                     "app password, OAuth2");
    ck_assert_str_eq(profile_auth_text(63, auth),
                     "password, app password, OAuth2, encrypted password, client certificate, "
                     "no login");
    ck_assert_str_eq(username_form_text(USERNAME_LOCAL_PART), "local part of the address");
}
END_TEST

/* ---- the bundled ones ---- */

static struct profile_list bundled;

static void open_bundled(void)
{
    struct problems problems = { 0 };
    bool good = profiles_load(scenarios, &bundled, &problems);
    auto_buf out;
    buf_init(&out, BUF_OURS);
    problems_render(&problems, &out);
    ck_assert_msg(good, "%s", out.p);
    problems_release(&problems);
}

static void close_bundled(void)
{
    profiles_release(&bundled);
}

START_TEST(bundled_profiles_say_where_their_facts_are_from)
{
    open_bundled();
    ck_assert_uint_gt(bundled.list.n, 0);
    array_each (p, &bundled.list) {
        ck_assert_msg((*p)->source && (*p)->checked, "%s", (*p)->name);
        ck_assert_msg((*p)->n_notes, "%s", (*p)->name);
        for (size_t i = 0; i < (*p)->n_services; i++)
            ck_assert_msg((*p)->kind == PROFILE_REQUIRES || (*p)->services[i].auth, "%s",
                          (*p)->name);
        for (size_t i = 0; i < (*p)->n_domains; i++)
            ck_assert_ptr_eq(profile_of_domain(&bundled, slice_of((*p)->domains[i])), *p);
    }
    close_bundled();
}
END_TEST

START_TEST(found_by_name_and_by_domain)
{
    open_bundled();
    const struct profile *gmail = profile_find(&bundled, S("GMail"));
    ck_assert_ptr_nonnull(gmail);
    ck_assert_ptr_eq(profile_of_domain(&bundled, S("me@googlemail.com")), gmail);
    ck_assert_ptr_eq(profile_of_domain(&bundled, S("GMAIL.COM.")), gmail);
    ck_assert_ptr_null(profile_of_domain(&bundled, S("me@sub.gmail.com")));
    ck_assert_ptr_null(profile_of_domain(&bundled, S("")));
    ck_assert_ptr_null(profile_find(&bundled, S("gmai")));
    ck_assert_str_eq(profile_nearest(&bundled, S("gmai")), "gmail");
    ck_assert_ptr_null(profile_nearest(&bundled, S("qqqqqqqqqqqqqqqqqqqq")));
    close_bundled();
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_file_gives_the_whole_profile);
    tcase_add_test(t, a_client_profile_names_no_hosts);
    tcase_add_loop_test(t, mistakes_have_their_place, 0, COUNT(mistakes));
    tcase_add_test(t, rows_have_a_limit);
    tcase_add_test(t, a_file_that_is_not_there);
    tcase_add_test(t, texts);
    tcase_add_test(t, bundled_profiles_say_where_their_facts_are_from);
    tcase_add_test(t, found_by_name_and_by_domain);
}

int main(int argc, char **argv)
{
    scenarios = argv[1];
    return run_tests("profile", add);
}
