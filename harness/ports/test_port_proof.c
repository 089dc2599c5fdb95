/* The columns on reference servers in memory: without a fault every column that can be judged
   passes, and every fault that a column names makes it speak up. */
#include "port_column.h"
#include "test_port_driver.h"
#include <time.h>

static const int ports[] = { 25, 587, 465, 110, 995, 143, -993 };

struct judged {
    struct port_policy policy;
    struct port_verdict worst[64]; /* of each column, over the rows */
    size_t passed[64];
};

static int weight(enum outcome o)
{
    static const int weights[OUTCOME_COUNT] = {
        [OUTCOME_SKIP] = 1,  [OUTCOME_PASS] = 2, [OUTCOME_NOTE] = 3,
        [OUTCOME_ERROR] = 4, [OUTCOME_WARN] = 5, [OUTCOME_FAIL] = 6,
    };
    return weights[o];
}

static void look(struct port_facts *rows, size_t n, void *arg)
{
    struct judged *judged = arg;
    for (size_t c = 0; c < n_port_columns; c++)
        for (size_t i = 0; i < n; i++) {
            if (!(port_columns[c].roles & 1u << rows[i].spec.role))
                continue;
            struct port_judging j = { &rows[i], &judged->policy, rows, n, (int64_t)time(NULL) };
            struct port_verdict v;
            port_judge(&j, &port_columns[c], &v);
            judged->passed[c] += v.outcome == OUTCOME_PASS;
            if (weight(v.outcome) > weight(judged->worst[c].outcome))
                judged->worst[c] = v;
        }
}

static void judge(const char *fault, bool full, struct judged *judged)
{
    struct problems problems = { 0 };
    struct error err = { 0 };
    int r = port_policy_load(TEST_SCENARIOS, "rfc9325", &judged->policy, &problems, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    visit_ports(&(struct visiting) { .fault = fault, .full = full }, ports, COUNT(ports), look,
                judged);
    port_policy_release(&judged->policy);
    problems_release(&problems);
}

START_TEST(clean_servers_are_not_accused)
{
    struct judged judged = { 0 };
    judge(NULL, _i, &judged);
    for (size_t c = 0; c < n_port_columns; c++) {
        const struct port_column *column = &port_columns[c];
        enum outcome o = judged.worst[c].outcome;
        bool fine = o == OUTCOME_PASS || (o == OUTCOME_SKIP && (column->account || !_i));
        ck_assert_msg(fine, "%s: %s: %s", column->name, outcome_name(o), judged.worst[c].text);
        ck_assert_msg(judged.passed[c] || column->account || column->full ||
                          column->number[1] == '0',
                      "%s passes nowhere", column->name);
    }
}
END_TEST

START_TEST(every_fault_is_seen)
{
    const struct port_column *c = &port_columns[_i];
    for (size_t k = 0; k < COLUMN_FAULTS_MAX && c->proved_by[k]; k++) {
        struct judged judged = { 0 };
        judge(c->proved_by[k], c->full, &judged);
        const struct port_verdict *v = &judged.worst[_i];
        if (!c->full && weight(v->outcome) <= weight(OUTCOME_PASS)) {
            judged = (struct judged) { 0 };
            judge(c->proved_by[k], true, &judged);
        }
        if (c->account && v->outcome == OUTCOME_SKIP)
            continue; /* the selftest has an account to prove it with */
        ck_assert_msg(weight(v->outcome) > weight(OUTCOME_PASS) && v->outcome != OUTCOME_ERROR,
                      "%s does not see %s: %s: %s", c->name, c->proved_by[k],
                      outcome_name(v->outcome), v->text);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, clean_servers_are_not_accused, 0, 2);
    tcase_add_loop_test(t, every_fault_is_seen, 0, (int)n_port_columns);
}

int main(void)
{
    return run_tests("port_proof", add);
}
