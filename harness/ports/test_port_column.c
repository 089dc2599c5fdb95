/* What each column makes of facts: a table of made-up ones, for each outcome that it can give.
   Columns that look at certificates are in test_port_certificate.c. */
#include "port_column.h"
#include "clause.h"
#include "port_report.h"
#include "testing.h"
#include <sys/socket.h>

#define SUITES(...)                                                                                \
    {                                                                                              \
        .list = {                                                                                  \
            .v = (uint16_t[]) { __VA_ARGS__ },                                                     \
            .n = sizeof((uint16_t[]) { __VA_ARGS__ }) / sizeof(uint16_t)                           \
        }                                                                                          \
    }
#define NUMBERS(...)                                                                               \
    {                                                                                              \
        .v = (uint16_t[]) { __VA_ARGS__ },                                                         \
        .n = sizeof((uint16_t[]) { __VA_ARGS__ }) / sizeof(uint16_t)                               \
    }
#define CAPS(...)                                                                                  \
    {                                                                                              \
        .known = true, .list = {                                                                   \
            .v = (struct capability[]) { __VA_ARGS__ },                                            \
            .n = sizeof((struct capability[]) { __VA_ARGS__ }) / sizeof(struct capability)         \
        }                                                                                          \
    }
#define OPEN_CLEAR .reach = REACH_OPEN, .speaks = SPEAKS_CLEAR
#define OPEN_TLS .reach = REACH_OPEN, .speaks = SPEAKS_TLS
#define TLS_13 .up = true, .version = TLS1_3_VERSION, .version_name = "TLS 1.3"
#define TLS_12 .up = true, .version = TLS1_2_VERSION, .version_name = "TLS 1.2"
#define CLEAR_IMAP OPEN_CLEAR, .tls = { TLS_13 }
#define YES SURVEY_ACCEPTED
#define NO SURVEY_REFUSED
#define UNCLEAR SURVEY_UNCLEAR

struct column_case {
    const char *column;
    uint16_t port;
    struct port_facts facts; /* besides spec */
    enum outcome outcome;
    const char *clause; /* that decided; NULL: not looked at */
    const char *says;   /* part of the sentence */
    const char *policy; /* NULL: rfc9325 */
};

static const struct column_case cases[] = {
#include "test_port_column_cases.def"
};

static struct port_spec spec_of(uint16_t port)
{
    const struct port_standard *s = port_standard(port);
    return (struct port_spec) { .host = "mail.example.test",
                                .port = port,
                                .protocol = s->protocol,
                                .role = s->role,
                                .mode = s->mode,
                                .name = s->name };
}

static void load_policy(const char *name, struct port_policy *p)
{
    struct problems problems = { 0 };
    struct error err = { 0 };
    int r = port_policy_load(TEST_SCENARIOS, name, p, &problems, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    problems_release(&problems);
}

START_TEST(facts_are_judged)
{
    const struct column_case *t = &cases[_i];
    const struct port_column *c = port_column_find(slice_of(t->column));
    struct port_facts f = t->facts;
    struct port_policy policy;
    struct port_verdict v;
    ck_assert_ptr_nonnull(c);
    f.spec = spec_of(t->port);
    load_policy(t->policy ? t->policy : "rfc9325", &policy);
    struct port_judging j = { &f, &policy, &f, 1, 1800000000 };
    port_judge(&j, c, &v);
    ck_assert_msg(v.outcome == t->outcome, "%s at %u: %s: %s", t->column, t->port,
                  outcome_name(v.outcome), v.text);
    ck_assert_msg(!t->clause || strcmp(v.clause, t->clause) == 0, "%s: %s", v.clause, v.text);
    ck_assert_msg(strstr(v.text, t->says) != NULL, "%s: %s", t->column, v.text);
    ck_assert_msg(strlen(v.short_text) <= 12, "%s", v.short_text);
    bool finding = v.outcome == OUTCOME_FAIL || v.outcome == OUTCOME_WARN;
    ck_assert_msg(!finding || strstr(v.text, "; "), "no fix: %s", v.text);
    port_policy_release(&policy);
}
END_TEST

/* Facts that say nothing never pass, whatever the role, but for what the mode alone decides. */
START_TEST(nothing_asked_passes_nothing)
{
    static const uint16_t ports[] = { 25, 587, 465, 143, 993, 24, 4190 };
    const struct port_column *c = &port_columns[_i];
    struct port_policy policy;
    load_policy("rfc9325", &policy);
    for (size_t i = 0; i < COUNT(ports); i++) {
        struct port_facts f = { .reach = REACH_OPEN };
        struct port_verdict v;
        f.spec = spec_of(ports[i]);
        f.speaks = f.spec.mode == TLS_MODE_IMPLICIT ? SPEAKS_TLS : SPEAKS_CLEAR;
        struct port_judging j = { &f, &policy, &f, 1, 1800000000 };
        port_judge(&j, c, &v);
        bool by_mode = strcmp(c->name, "mode") == 0 ||
                       (strcmp(c->name, "tls-required") == 0 && f.speaks == SPEAKS_TLS);
        ck_assert_msg(v.outcome == OUTCOME_SKIP || (by_mode && v.outcome == OUTCOME_PASS),
                      "%s at %u: %s: %s", c->name, ports[i], outcome_name(v.outcome), v.text);
    }
    port_policy_release(&policy);
}
END_TEST

/* The reason is that of the question, and of what ended all questions where it has none of its own. */
START_TEST(reasons_belong_to_the_question)
{
    static const struct {
        const char *column, *says;
    } rows[] = {
        { "closure", "is sent: after LOGOUT nothing happened" },
        { "injection", "inside TLS: after STARTTLS nothing came" },
        { "login", "log in inside TLS: AUTHENTICATE PLAIN: (no answer)" },
        { "weak-suites", "are taken: weak cipher suites: no answer" },
        { "suites", "are good: old versions: no answer; no more was asked" },
    };
    static const char *const visit[] = { "AUTHENTICATE PLAIN: (no answer)",
                                         "after LOGOUT nothing happened",
                                         "after STARTTLS nothing came" };
    static const char *const survey[] = { "weak cipher suites: no answer",
                                          "old versions: no answer; no more was asked" };
    struct port_facts f = { OPEN_CLEAR, .tls = { TLS_13, .close_notify = SEEN_UNCLEAR },
                            .injection = INJECTION_UNCLEAR, .login_in_tls = SEEN_UNCLEAR,
                            .survey = { .weak_suites = UNCLEAR,
                                        .version = { [SURVEY_TLS12] = UNCLEAR } } };
    struct port_policy policy;
    struct port_verdict v;
    f.spec = spec_of(143);
    for (size_t i = 0; i < COUNT(visit); i++)
        *array_push(&f.unclear) = visit[i];
    for (size_t i = 0; i < COUNT(survey); i++)
        *array_push(&f.survey.unclear) = survey[i];
    load_policy("rfc9325", &policy);
    struct port_judging j = { &f, &policy, &f, 1, 1800000000 };
    for (size_t i = 0; i < COUNT(rows); i++) {
        port_judge(&j, port_column_find(slice_of(rows[i].column)), &v);
        ck_assert_msg(v.outcome == OUTCOME_ERROR && strstr(v.text, rows[i].says), "%s: %s",
                      rows[i].column, v.text);
    }
    array_release(&f.unclear);
    array_release(&f.survey.unclear);
    port_policy_release(&policy);
}
END_TEST

/* ---- rows beside one another ---- */

static struct port_facts row(uint16_t port, enum port_reach reach, enum port_speaks speaks)
{
    return (struct port_facts) { .spec = spec_of(port), .reach = reach, .speaks = speaks };
}

static struct port_verdict judge_first(const struct port_facts *rows, size_t n, const char *column)
{
    struct port_policy policy;
    struct port_verdict v;
    load_policy("rfc9325", &policy);
    struct port_judging j = { rows, &policy, rows, n, 1800000000 };
    port_judge(&j, port_column_find(slice_of(column)), &v);
    port_policy_release(&policy);
    return v;
}

START_TEST(a_closed_implicit_port_beside_starttls)
{
    struct port_facts rows[] = { row(993, REACH_REFUSED, SPEAKS_UNKNOWN),
                                 row(143, REACH_OPEN, SPEAKS_CLEAR) };
    struct port_verdict v = judge_first(rows, 2, "mode");
    ck_assert_int_eq(v.outcome, OUTCOME_WARN);
    ck_assert_str_eq(v.clause, "rfc8314/4/implicit-tls-offered");
    ck_assert_msg(strstr(v.text, "nothing listens on port 993, while IMAP"), "%s", v.text);
    rows[0].reach = REACH_FILTERED; /* not ours to judge: a firewall may let others in */
    ck_assert_int_eq(judge_first(rows, 2, "mode").outcome, OUTCOME_SKIP);
    rows[0].reach = REACH_REFUSED;
    rows[1].spec.host = "other.example.test";
    ck_assert_int_eq(judge_first(rows, 2, "mode").outcome, OUTCOME_SKIP);
}
END_TEST

START_TEST(a_family_that_nobody_serves_is_noted)
{
    struct port_facts rows[] = { row(993, REACH_OPEN, SPEAKS_TLS),
                                 row(993, REACH_REFUSED, SPEAKS_UNKNOWN) };
    rows[0].spec.family = AF_INET;
    rows[1].spec.family = AF_INET6;
    struct port_verdict v = judge_first(rows, 2, "parity");
    ck_assert_int_eq(v.outcome, OUTCOME_NOTE);
    ck_assert_msg(strstr(v.text, "address for IPv6, and nothing listens there on port 993"), "%s",
                  v.text);
    rows[1].reach = REACH_NO_ROUTE; /* that is about us */
    ck_assert_int_eq(judge_first(rows, 2, "parity").outcome, OUTCOME_SKIP);
    rows[1].reach = REACH_REFUSED;
    rows[1].spec.host = "other.example.test";
    ck_assert_int_eq(judge_first(rows, 2, "parity").outcome, OUTCOME_SKIP);
}
END_TEST

START_TEST(no_tls_at_all_is_a_failure)
{
    struct port_facts rows[] = { row(143, REACH_OPEN, SPEAKS_CLEAR),
                                 row(993, REACH_REFUSED, SPEAKS_UNKNOWN) };
    rows[0].starttls_offered = SEEN_NO;
    struct port_verdict v = judge_first(rows, 2, "starttls");
    ck_assert_int_eq(v.outcome, OUTCOME_FAIL);
    ck_assert_str_eq(v.clause, "rfc8314/4/tls-available");
    rows[1].reach = REACH_OPEN;
    ck_assert_int_eq(judge_first(rows, 2, "starttls").outcome, OUTCOME_WARN);
}
END_TEST

START_TEST(versions_differ_from_port_to_port)
{
    struct port_facts rows[] = { row(993, REACH_OPEN, SPEAKS_TLS),
                                 row(465, REACH_OPEN, SPEAKS_TLS) };
    struct port_policy policy;
    struct port_verdict v;
    X509 *certificate = X509_new();
    for (size_t i = 0; i < 2; i++)
        rows[i].tls = (struct port_tls_facts) { TLS_13, .certificate = certificate };
    load_policy("rfc9325", &policy);
    struct port_judging j = { &rows[1], &policy, rows, 2, 1800000000 };
    port_judge(&j, port_column_find(S("T25")), &v);
    ck_assert_int_eq(v.outcome, OUTCOME_PASS);
    rows[1].tls.version = TLS1_2_VERSION;
    rows[1].tls.version_name = "TLS 1.2";
    port_judge(&j, port_column_find(S("parity")), &v);
    ck_assert_int_eq(v.outcome, OUTCOME_NOTE);
    ck_assert_msg(strstr(v.text, "TLS 1.2 is spoken here and TLS 1.3 on port 993"), "%s", v.text);
    port_policy_release(&policy);
    X509_free(certificate);
}
END_TEST

/* ---- the table ---- */

START_TEST(the_table_is_whole)
{
    const struct port_column *c = &port_columns[_i];
    struct clauses clauses = { 0 };
    struct problems problems = { 0 };
    char number[16];
    snprintf(number, sizeof number, "T%02d", _i + 1);
    ck_assert_str_eq(c->number, number);
    ck_assert(c->title[0] && c->why[0] && c->roles && c->judge && c->clauses[0]);
    ck_assert_ptr_eq(port_column_find(slice_of(c->name)), c);
    ck_assert_ptr_eq(port_column_find(slice_of(c->number)), c);
    ck_assert_ptr_null(port_column_find(S("nothing")));
    ck_assert(clauses_load(&clauses, TEST_SCENARIOS "/clauses", &problems));
    for (size_t i = 0; i < COLUMN_CLAUSES_MAX && c->clauses[i]; i++)
        ck_assert_msg(clause_find(&clauses, slice_of(c->clauses[i])), "%s", c->clauses[i]);
    clauses_release(&clauses);
    problems_release(&problems);
}
END_TEST

START_TEST(clauses_of_verdicts_exist)
{
    struct clauses clauses = { 0 };
    struct problems problems = { 0 };
    ck_assert(clauses_load(&clauses, TEST_SCENARIOS "/clauses", &problems));
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(!cases[i].clause || clause_find(&clauses, slice_of(cases[i].clause)), "%s",
                      cases[i].clause);
    clauses_release(&clauses);
    problems_release(&problems);
}
END_TEST

/* ---- results ---- */

static void judge_into(struct port_facts *rows, size_t n, struct run *run)
{
    struct port_policy policy;
    struct clauses clauses = { 0 };
    struct problems problems = { 0 };
    load_policy("rfc9325", &policy);
    ck_assert(clauses_load(&clauses, TEST_SCENARIOS "/clauses", &problems));
    port_judge_all(rows, n, &policy, &clauses, 1800000000, run);
    clauses_release(&clauses);
    problems_release(&problems);
    port_policy_release(&policy);
}

START_TEST(results_carry_clause_failure_and_transcript)
{
    struct port_facts f = row(993, REACH_OPEN, SPEAKS_TLS);
    auto_run run;
    run_init(&run);
    f.tls = (struct port_tls_facts) { TLS_13 };
    f.survey.old_versions = SURVEY_ACCEPTED;
    f.survey.old_version = 0x0301;
    f.connections = 5;
    f.transcript = transcript_new(NULL);
    transcript_sent(f.transcript, "session", true, 1, S("a0 NOOP\r\n"));
    transcript_sent(f.transcript, "old versions", false, 3, S("a1 CAPABILITY\r\n"));
    judge_into(&f, 1, &run);
    transcript_free(f.transcript);
    const struct result *r = run_find(&run, "ports/993/old-versions");
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->raw, OUTCOME_FAIL);
    ck_assert_int_eq(r->level, LEVEL_MUST);
    ck_assert_uint_eq(r->clauses.n, 1);
    ck_assert_str_eq(r->clauses.v[0].id, "rfc8996/4/no-tls-1-0");
    ck_assert_str_eq(r->clauses.v[0].section, "4");
    ck_assert_str_eq(r->failure->actual, "TLS 1.0 is taken");
    ck_assert_str_eq(r->failure->expected.v[0], "TLS 1.1 and older are refused");
    ck_assert(strstr(r->failure->message, "set the lowest version") && r->failure->why);
    ck_assert_uint_eq(r->transcript.n, 1);
    ck_assert_str_eq(r->transcript.v[0].text, "a1 CAPABILITY");
    ck_assert_int_eq(r->transcript.v[0].at, 2);
    const struct result *mode = run_find(&run, "ports/993/mode");
    ck_assert(mode->raw == OUTCOME_PASS && mode->connections == 5 && !mode->failure);
    ck_assert_uint_ge(mode->clauses.n, 2);
    ck_assert(run_find(&run, "ports/993/alpn")->reason != NULL);
    ck_assert_ptr_null(run_find(&run, "ports/993/requiretls"));
    run_finish(&run, 1);
    ck_assert_int_eq(run.exit_code, 1);
}
END_TEST

START_TEST(rows_without_a_server_are_one_result)
{
    struct port_facts rows[] = { row(143, REACH_REFUSED, SPEAKS_UNKNOWN),
                                 row(993, REACH_RATE_LIMITED, SPEAKS_UNKNOWN) };
    auto_run run;
    run_init(&run);
    judge_into(rows, 2, &run);
    ck_assert_uint_eq(run.results.n, 2);
    ck_assert_int_eq(run.results.v[0]->raw, OUTCOME_SKIP);
    ck_assert_int_eq(run.results.v[1]->raw, OUTCOME_ERROR);
    ck_assert_int_eq(run.results.v[1]->error, ERR_RATE);
    run_finish(&run, 1);
    ck_assert_int_eq(run.exit_code, 5);
}
END_TEST

/* "993, 993 v6", or nobody knows which address to look at. */
START_TEST(findings_tell_families_apart)
{
    struct port_facts rows[2];
    auto_run run;
    auto_buf text;
    run_init(&run);
    buf_init(&text, BUF_OURS);
    for (size_t i = 0; i < 2; i++) {
        rows[i] = row(993, REACH_OPEN, SPEAKS_CLEAR);
        rows[i].spec.family = i ? AF_INET6 : AF_INET;
    }
    judge_into(rows, 2, &run);
    run_finish(&run, 1);
    struct style s = { &text, false, 100 };
    port_report_text(&s, &run, 0);
    ck_assert_msg(strstr(text.p, "993, 993 v6\n") != NULL, "%s", text.p);
}
END_TEST

START_TEST(ids_tell_hosts_and_families_apart)
{
    struct port_facts rows[4];
    auto_run run;
    run_init(&run);
    for (size_t i = 0; i < 4; i++) {
        rows[i] = row(993, REACH_REFUSED, SPEAKS_UNKNOWN);
        rows[i].spec.family = i % 2 ? AF_INET6 : AF_INET;
        rows[i].spec.host = i < 2 ? "a.test" : "b.test";
    }
    judge_into(rows, 2, &run);
    ck_assert(run_find(&run, "ports/993/mode") && run_find(&run, "ports/993/mode[v6]"));
    run_release(&run);
    run_init(&run);
    judge_into(rows, 4, &run);
    ck_assert(run_find(&run, "ports/a.test:993/mode") &&
              run_find(&run, "ports/b.test:993/mode[v6]"));
    run_release(&run);
    run_init(&run);
    judge_into(rows + 1, 1, &run); /* IPv6 alone is not marked */
    ck_assert_ptr_nonnull(run_find(&run, "ports/993/mode"));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, facts_are_judged, 0, COUNT(cases));
    tcase_add_test(t, reasons_belong_to_the_question);
    tcase_add_loop_test(t, nothing_asked_passes_nothing, 0, (int)n_port_columns);
    tcase_add_test(t, a_closed_implicit_port_beside_starttls);
    tcase_add_test(t, a_family_that_nobody_serves_is_noted);
    tcase_add_test(t, no_tls_at_all_is_a_failure);
    tcase_add_test(t, versions_differ_from_port_to_port);
    tcase_add_loop_test(t, the_table_is_whole, 0, (int)n_port_columns);
    tcase_add_test(t, clauses_of_verdicts_exist);
    tcase_add_test(t, results_carry_clause_failure_and_transcript);
    tcase_add_test(t, rows_without_a_server_are_one_result);
    tcase_add_test(t, ids_tell_hosts_and_families_apart);
    tcase_add_test(t, findings_tell_families_apart);
}

int main(void)
{
    return run_tests("port_column", add);
}
