/* Selectors, variants and baselines. */
#include "baseline.h"
#include "test_engine.h"

#define BODY "    devices: {phone: imap}\n    steps:\n      - phone: NOOP\n"
#define LIBRARY                                                                                    \
    CHECK("one", BODY)                                                                             \
    CHECK("two", "    tags: [quick]\n    level: should\n    each: {n: [1, 2]}\n" BODY)             \
    CHECK("three", "    level: note\n    each: [{n: a b, id: ab}, {n: c, id: c}]\n" BODY)          \
    CHECK("four", "    advertised: IDLE\n" BODY)

static const struct {
    const char *include[3], *exclude;
    enum level level;
    const char *selected; /* ids without "t/a/"; NULL: nothing is called so */
} rows[] = {
    { { NULL },
      NULL,
      LEVEL_NONE,
      "one two[1] two[2] three[ab] three[c] four[greeting] four[tls] four[login]" },
    { { "t" }, "four", LEVEL_NONE, "one two[1] two[2] three[ab] three[c]" },
    { { "t/a/" }, "t/a/t*", LEVEL_NONE, "one four[greeting] four[tls] four[login]" },
    { { "two" }, NULL, LEVEL_NONE, "two[1] two[2]" },
    { { "t/a/two[2]" }, NULL, LEVEL_NONE, "two[2]" },
    { { "two[2]", "one" }, NULL, LEVEL_NONE, "one two[2]" },
    { { "*[1]" }, NULL, LEVEL_NONE, "two[1]" },
    { { "tag:quick" }, "two[1]", LEVEL_NONE, "two[2]" },
    { { "level:note" }, NULL, LEVEL_NONE, "three[ab] three[c]" },
    { { "two", "one" }, NULL, LEVEL_MUST, "one" },
    { { "rfc9999" },
      "level:note",
      LEVEL_SHOULD,
      "one two[1] two[2] four[greeting] four[tls] four[login]" },
    { {
          "rfc9999:1",
      },
      "t/a/[!o]*",
      LEVEL_NONE,
      NULL },
    { { "rfc9999:2" }, NULL, LEVEL_NONE, NULL },
    { { "proved-by:pop3.noop*" },
      "t/a/t*",
      LEVEL_NONE,
      "one four[greeting] four[tls] four[login]" },
    { { "scenarios/t/a.yaml" }, "f*", LEVEL_NONE, "one two[1] two[2] three[ab] three[c]" },
    { { "on" }, NULL, LEVEL_NONE, NULL },
    { { "one" }, "twoo", LEVEL_NONE, NULL },
    { { "two[3]" }, NULL, LEVEL_NONE, NULL },
};

START_TEST(selectors_name_variants)
{
    size_t n = 0;
    struct planned_list plan = { 0 };
    struct error err = { 0 };
    auto_buf ids;
    buf_init(&ids, BUF_OURS);
    ck_assert_msg(engine_load(LIBRARY), "%s", engine_problems());
    while (rows[_i].include[n])
        n++;
    struct selection s = { rows[_i].include, n, &rows[_i].exclude, rows[_i].exclude != NULL,
                           rows[_i].level };
    int r = library_select(&E.library, &s, &E.arena, &plan, &err);
    for (size_t i = 0; i < plan.n; i++)
        buf_addf(&ids, "%s%s", i ? " " : "", plan.v[i].id + strlen("t/a/"));
    array_release(&plan);
    ck_assert_msg((r == 0) == (rows[_i].selected != NULL), "%s %s", err.text, ids.p);
    if (r == 0)
        ck_assert_str_eq(ids.p, rows[_i].selected);
    else
        ck_assert_int_eq(r, ERR_USAGE);
}
END_TEST

/* ---- baselines ---- */

static const struct {
    const char *text, *says;
} mistakes[] = {
    { "id: t/a/one\n", "a list of entries" },
    { "- {id: t/a/one, reason: r}\n", "needs \"match\"" },
    { "- {id: t/a/one, match: m, reason: ''}\n", "needs \"reason\"" },
    { "- {id: t/a/onne, match: m, reason: r}\n", "did you mean \"t/a/one\"" },
    { "- {id: t/a/one, match: m, reason: r, expires: soon}\n", "such as 2027-01-31" },
    { "- {id: t/a/one, match: m, reason: r, expires: 2027-1-1}\n", "such as 2027-01-31" },
    { "- {id: t/a/one, match: m, reason: r, outcome: warn}\n", "one of: fail" },
    { "- {id: t/a/one, match: m, reason: r}\n- {id: t/a/one, match: m, reason: r}\n",
      "a second entry" },
    { "- [x]\n", "a baseline entry" },
};

static bool load_baseline(struct baseline *b, const char *text)
{
    engine_file("baseline.yaml", text);
    return baseline_load(b, arena_printf(&E.arena, "%s/baseline.yaml", E.library.root), &E.library);
}

START_TEST(mistakes_of_a_baseline)
{
    struct baseline b = { 0 };
    ck_assert(engine_load(LIBRARY));
    ck_assert(!load_baseline(&b, mistakes[_i].text));
    ck_assert_msg(strstr(engine_problems(), mistakes[_i].says), "%s", engine_problems());
    baseline_release(&b);
}
END_TEST

START_TEST(an_entry_is_for_a_check_or_for_one_variant)
{
    struct baseline b = { 0 };
    ck_assert(engine_load(LIBRARY));
    ck_assert_msg(load_baseline(&b, "- {id: t/a/two, match: all, reason: r}\n"
                                    "- {id: 't/a/two[2]', match: one, reason: r}\n"
                                    "- {id: invariant/imap/grammar, match: rule, reason: r}\n"),
                  "%s", engine_problems());
    static const char *const ids[] = { "t/a/one", "t/a/two[1]", "t/a/two[2]",
                                       "invariant/imap/grammar" };
    static const char *const wanted[] = { NULL, "all", "one", "rule" };
    for (size_t i = 0; i < COUNT(ids); i++)
        run_add(&E.run, ids[i])->family = i < 3 ? "t" : "invariant";
    baseline_apply(&b, &E.run);
    for (size_t i = 0; i < COUNT(ids); i++) {
        const struct result_baseline *entry = E.run.results.v[i]->baseline;
        ck_assert_int_eq(entry != NULL, wanted[i] != NULL);
        if (entry)
            ck_assert_str_eq(entry->match, wanted[i]);
    }
    baseline_release(&b);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, engine_setup, engine_teardown);
    tcase_add_loop_test(cases, selectors_name_variants, 0, COUNT(rows));
    tcase_add_loop_test(cases, mistakes_of_a_baseline, 0, COUNT(mistakes));
    tcase_add_test(cases, an_entry_is_for_a_check_or_for_one_variant);
}

int main(void)
{
    return run_tests("select", add);
}
