/* What every unit test shares: libcheck with TAP on stdout, so that meson counts each case. */
#ifndef TESTING_H
#define TESTING_H

#include "slice.h"
#include <check.h>
#include <stdlib.h>

#define ck_assert_slice(got, want)                                                                 \
    do {                                                                                           \
        slice got_ = (got), want_ = (want);                                                        \
        ck_assert_msg(slice_eq(got_, want_), "got \"%.*s\", want \"%.*s\"", SLICE_ARG(got_),       \
                      SLICE_ARG(want_));                                                           \
    } while (0)

/* Runs one suite made of one case that holds all tests; returns main()'s status. */
static inline int run_tests(const char *name, void (*add)(TCase *))
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, 60);
    add(cases);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner), ran = srunner_ntests_run(runner);
    srunner_free(runner);
    return failed || !ran;
}

#endif
