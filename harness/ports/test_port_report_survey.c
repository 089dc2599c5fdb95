/* The tables of what an enumeration found. */
#include "port_report.h"
#include "testing.h"
#include <string.h>

static struct port_facts *facts_of_a_port(void)
{
    static struct port_facts f;
    static const struct port_spec where = { .host = "mail.test", .port = 993, .name = "imaps" };
    port_facts_init(&f, &where);
    return &f;
}

static const char *cell(const struct matrix *m, size_t row, size_t column)
{
    return m->rows.v[row].cells.v[column].text;
}

START_TEST(each_version_has_its_suites_in_order)
{
    static const struct {
        const char *of, *name;
    } wanted[] = {
        { "TLS 1.3", "TLS_AES_256_GCM_SHA384" },
        { "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
        { "TLS 1.2", "TLS_RSA_WITH_AES_128_CBC_SHA" },
        { "SSL 2.0", "" },
        { "group", "x25519" },
        { "group", "DHE of TLS 1.2, 2048 bits" },
    };
    struct port_facts *f = facts_of_a_port();
    struct tls_survey *s = &f->survey;
    struct run run;
    run_init(&run);
    s->version[SURVEY_TLS13] = s->version[SURVEY_TLS12] = s->version[SURVEY_SSL2] = SURVEY_ACCEPTED;
    *array_push(&s->suites[SURVEY_TLS13].list) = 0x1302;
    *array_push(&s->suites[SURVEY_TLS12].list) = 0xc030;
    *array_push(&s->suites[SURVEY_TLS12].list) = 0x002f;
    *array_push(&s->groups) = 0x001d;
    s->dhe_bits = 2048;
    port_report_survey(f, 1, &run);
    ck_assert_uint_eq(run.matrices.n, 1);
    const struct matrix *m = &run.matrices.v[0];
    ck_assert_str_eq(m->title, "Versions and cipher suites of mail.test:993");
    ck_assert_uint_eq(m->rows.n, COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        ck_assert_str_eq(cell(m, i, 0), wanted[i].of);
        ck_assert_str_eq(cell(m, i, 1), wanted[i].name);
    }
    run_release(&run);
    port_facts_release(f);
}
END_TEST

START_TEST(without_an_enumeration_there_is_no_table)
{
    struct port_facts *f = facts_of_a_port();
    struct run run;
    run_init(&run);
    f->survey.version[SURVEY_TLS12] = SURVEY_ACCEPTED;
    port_report_survey(f, 1, &run);
    ck_assert_uint_eq(run.matrices.n, 0);
    run_release(&run);
    port_facts_release(f);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, each_version_has_its_suites_in_order);
    tcase_add_test(t, without_an_enumeration_there_is_no_table);
}

int main(void)
{
    return run_tests("report of a survey", add);
}
