#include "fault.h"
#include "testing.h"

START_TEST(names_are_unique_and_well_formed)
{
    size_t n;
    const struct fault_row *rows = fault_rows(&n);
    ck_assert_uint_gt(n, 4);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(rows[i].protocol[0], "%s: unknown protocol word", rows[i].name);
        ck_assert_msg(strncmp(rows[i].clause, "rfc", 3) == 0, "%s: clause", rows[i].name);
        ck_assert_msg(rows[i].says[0] && rows[i].says[strlen(rows[i].says) - 1] != '.', "%s",
                      rows[i].name);
        for (const char *p = rows[i].name; *p; p++)
            ck_assert_msg(ascii_is_alnum(*p) || *p == '.' || *p == '-', "%s", rows[i].name);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(rows[i].name, rows[j].name);
    }
}
END_TEST

START_TEST(add_finds_by_name)
{
    struct faults set = { 0 };
    ck_assert(faults_empty(&set));
    ck_assert(!fault_add(&set, S("smtp.ehlo.second-is-504")));
    ck_assert(faults_empty(&set));
    ck_assert(fault_add(&set, S("smtp.ehlo.second-is-503")));
    ck_assert(fault_on(&set, FAULT_SMTP_EHLO_SECOND_IS_503));
    ck_assert(!fault_on(&set, FAULT_POP3_DELE_IMMEDIATE));
    ck_assert(!faults_empty(&set));
}
END_TEST

START_TEST(nearest_helps_with_slips_only)
{
    ck_assert_str_eq(fault_nearest(S("pop3.dele.imediate")), "pop3.dele.immediate");
    ck_assert_str_eq(fault_nearest(S("smtp.ehlo.second-503")), "smtp.ehlo.second-is-503");
    ck_assert_ptr_null(fault_nearest(S("quite something else")));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, names_are_unique_and_well_formed);
    tcase_add_test(t, add_finds_by_name);
    tcase_add_test(t, nearest_helps_with_slips_only);
}

int main(void)
{
    return run_tests("fault", add);
}
