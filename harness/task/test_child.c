#include "array.h"
#include "child.h"
#include "testing.h"
#include <stdio.h>
#include <unistd.h>

static const struct run_case {
    const char *shell;
    const char *out, *err;
    int exit_status, signo;
    const char *text;
} run_cases[] = {
    { "echo hello; echo oops >&2", "hello\n", "oops\n", 0, 0, "exited with status 0" },
    { "exit 3", "", "", 3, 0, "exited with status 3" },
    { "kill -9 $$", "", "", -1, 9, "was ended by signal 9 (Killed)" },
    { "cat", "", "", 0, 0, "exited with status 0" }, /* its input is empty */
    { "cd / && pwd", "/\n", "", 0, 0, "exited with status 0" },
    /* No descriptor of ours beyond 2, and no blocked signal. */
    { "for fd in 3 4 5 6 7 8 9; do test -e /proc/self/fd/$fd && echo $fd; done; "
      "exec grep SigBlk /proc/self/status",
      "SigBlk:\t0000000000000000\n", "", 0, 0, "exited with status 0" },
    /* What stays in the background is not waited for. */
    { "sleep 1000 & echo started; disown 2>/dev/null; kill $!", "started\n", "", 0, 0,
      "exited with status 0" },
};

static void run_task(void *arg)
{
    const struct run_case *c = arg;
    struct child_result r;
    struct error err = { 0 };
    char text[64];
    int failed =
        child_run(&(struct child_options) { .shell = c->shell }, now() + SECONDS(30), &err, &r);
    ck_assert_msg(failed == 0, "%s", err.text);
    ck_assert_slice(buf_slice(&r.out), slice_of(c->out));
    ck_assert_slice(buf_slice(&r.err), slice_of(c->err));
    ck_assert_int_eq(r.exit_status, c->exit_status);
    ck_assert_int_eq(r.signo, c->signo);
    ck_assert_str_eq(child_result_text(&r, text), c->text);
    child_result_release(&r);
}

START_TEST(commands_run_to_their_end)
{
    int extra = dup(0); /* something to inherit by mistake */
    sched_main(CLOCK_REAL, run_task, (void *)&run_cases[_i]);
    close(extra);
}
END_TEST

static void limits_task(void *arg)
{
    const char *const argv[] = { "head", "-c", "300000", "/dev/zero", NULL };
    struct child_result r;
    struct child_options o = { .argv = argv, .output_max = 1000, .directory = "/" };
    ck_assert_int_eq(child_run(&o, now() + SECONDS(30), NULL, &r), 0);
    ck_assert_uint_eq(r.out.n, 1000);
    ck_assert(r.out.overflow && !r.err.overflow);
    child_result_release(&r);
    o.output_max = 300000;
    ck_assert_int_eq(child_run(&o, now() + SECONDS(30), NULL, &r), 0);
    ck_assert_uint_eq(r.out.n, 300000);
    ck_assert(!r.out.overflow);
    child_result_release(&r);
}

START_TEST(output_is_kept_up_to_the_limit)
{
    sched_main(CLOCK_REAL, limits_task, NULL);
}
END_TEST

static void missing_task(void *arg)
{
    const char *const argv[] = { "no-such-program-here", NULL };
    struct child_result r;
    struct error err;
    ck_assert_int_eq(child_run(&(struct child_options) { .argv = argv }, NEVER, &err, &r),
                     ERR_INTERNAL);
    ck_assert_str_eq(err.text, "cannot run \"no-such-program-here\": No such file or directory");
}

START_TEST(a_missing_program_is_an_error)
{
    sched_main(CLOCK_REAL, missing_task, NULL);
}
END_TEST

static void timeout_task(void *arg)
{
    struct child_result r;
    struct error err;
    struct child_options o = { .shell = "sleep 1000 & sleep 1000" };
    nsec from = now();
    ck_assert_int_eq(child_run(&o, now() + MILLIS(30), &err, &r), ERR_TIMEOUT);
    ck_assert_str_eq(err.text, "\"sleep 1000 & sleep 1000\" did not end in time and was killed");
    ck_assert_int_lt(now() - from, SECONDS(30));
    task_cancel(task_self());
    ck_assert_int_eq(child_run(&o, NEVER, &err, &r), ERR_CANCEL);
}

START_TEST(a_deadline_or_cancellation_kills)
{
    sched_main(CLOCK_REAL, timeout_task, NULL);
}
END_TEST

/* Until its output starts with `want`. */
static void wait_output(struct child *c, slice want)
{
    for (nsec until = now() + SECONDS(30); !slice_starts(child_output(c), want);) {
        ck_assert_int_lt(now(), until);
        ck_assert_int_eq(child_wait(c, now() + MILLIS(10), NULL), WAKE_TIMEOUT);
    }
}

static void server_task(void *arg)
{
    struct child *c;
    struct child_result r;
    struct child_options o = { .shell =
                                   "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait" };
    ck_assert_int_eq(child_open(&o, NULL, &c), 0);
    wait_output(c, S("up\n"));
    child_kill(c, SIGTERM);
    ck_assert_int_eq(child_wait(c, now() + SECONDS(30), &r), WAKE_READY);
    ck_assert_slice(buf_slice(&r.out), S("up\nbye\n"));
    child_result_release(&r);
    ck_assert_int_eq(child_wait(c, NEVER, NULL), WAKE_READY); /* once more: at once */
    child_close(c);
    child_close(NULL);
}

START_TEST(a_server_is_started_and_stopped)
{
    sched_main(CLOCK_REAL, server_task, NULL);
}
END_TEST

/* A dead process may stay as a zombie for as long as its new parent likes. */
static bool runs(const char *pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (f)
        fclose(f);
    return state != 'Z';
}

static void close_task(void *arg)
{
    struct child *c;
    struct child_options o = { .shell = "sleep 1000 & echo $! end; wait" };
    char pid[32];
    slice line = { 0 }, rest;
    ck_assert_int_eq(child_open(&o, NULL, &c), 0);
    while (slice_find(child_output(c), S("end\n")) == SIZE_MAX)
        ck_assert_int_eq(child_wait(c, now() + MILLIS(10), NULL), WAKE_TIMEOUT);
    rest = child_output(c);
    ck_assert(slice_cut(&rest, ' ', &line));
    snprintf(pid, sizeof pid, "%.*s", SLICE_ARG(line));
    ck_assert(runs(pid));
    child_close(c);
    for (nsec until = now() + SECONDS(30); runs(pid); task_sleep(now() + MILLIS(5)))
        ck_assert_int_lt(now(), until);
}

START_TEST(closing_kills_the_whole_group)
{
    sched_main(CLOCK_REAL, close_task, NULL);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_loop_test(c, commands_run_to_their_end, 0, COUNT(run_cases));
    tcase_add_test(c, output_is_kept_up_to_the_limit);
    tcase_add_test(c, a_missing_program_is_an_error);
    tcase_add_test(c, a_deadline_or_cancellation_kills);
    tcase_add_test(c, a_server_is_started_and_stopped);
    tcase_add_test(c, closing_kills_the_whole_group);
}

int main(void)
{
    return run_tests("child", add);
}
