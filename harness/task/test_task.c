#include "array.h"
#include "fiber.h"
#include "task.h"
#include "testing.h"
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the tasks of a test did, in order. */
static char trace[256];

static void note(const char *what)
{
    strcat(trace, what);
    strcat(trace, " ");
}

static void note_arg(void *arg)
{
    note(arg);
}

/* --- spawn, join, yield --- */

static void spawn_two(void *arg)
{
    struct task *a = task_spawn(note_arg, (void *)"a"), *b = task_spawn(note_arg, (void *)"b");
    ck_assert(!task_is_done(a));
    note("main");
    task_join(b);
    ck_assert(task_is_done(a));
    task_join(a);
    task_join(NULL);
    note("joined");
}

START_TEST(tasks_run_in_the_order_of_their_spawning)
{
    sched_main(CLOCK_VIRTUAL, spawn_two, NULL);
    ck_assert_str_eq(trace, "main a b joined ");
}
END_TEST

static void yield_twice(void *arg)
{
    for (int i = 0; i < 2; i++) {
        note(arg);
        task_yield();
    }
}

static void yield_main(void *arg)
{
    struct task *a = task_spawn(yield_twice, (void *)"a"),
                *b = task_spawn(yield_twice, (void *)"b");
    task_join(a);
    task_join(b);
}

START_TEST(yield_gives_the_others_a_turn)
{
    sched_main(CLOCK_VIRTUAL, yield_main, NULL);
    ck_assert_str_eq(trace, "a b a b ");
}
END_TEST

static void leave_unjoined(void *arg)
{
    task_spawn(note_arg, (void *)"child");
}

START_TEST(a_task_that_nobody_joins_is_freed_in_the_end)
{
    sched_main(CLOCK_VIRTUAL, leave_unjoined, NULL);
    ck_assert_str_eq(trace, "child ");
}
END_TEST

enum { MANY = 10000 };

static void count_up(void *arg)
{
    task_sleep(now() + SECONDS(1));
    ++*(int *)arg;
}

static void spawn_many(void *arg)
{
    ARRAY(struct task *) tasks = { 0 };
    for (int i = 0; i < MANY; i++)
        *array_push(&tasks) = task_spawn(count_up, arg);
    array_each (t, &tasks)
        task_join(*t);
    array_release(&tasks);
}

START_TEST(ten_thousand_tasks_at_once)
{
    int count = 0;
    for (int round = 1; round <= 2; round++) {
        sched_main(CLOCK_VIRTUAL, spawn_many, &count);
        ck_assert_int_eq(count, round * MANY);
    }
}
END_TEST

static int descend(int depth)
{
    volatile char frame[1000];
    frame[depth % 1000] = (char)depth;
    return depth ? descend(depth - 1) + frame[depth % 1000] - (char)depth : 0;
}

static void descend_task(void *arg)
{
    int depth = *(int *)arg;
    ck_assert_int_eq(descend(depth), 0);
}

START_TEST(a_stack_holds_200_kilobytes)
{
    int depth = 190;
    sched_main(CLOCK_VIRTUAL, descend_task, &depth);
}
END_TEST

START_TEST(running_over_the_stack_faults)
{
    int depth = 1000000;
    sched_main(CLOCK_VIRTUAL, descend_task, &depth);
}
END_TEST

static void overrun_task(void *arg)
{
    char frame[10] = "";
    volatile int past = sizeof frame;
    task_yield();
    frame[past] = 1;
    ck_assert_int_eq(frame[0], 0);
}

START_TEST(asan_sees_an_overrun_of_what_lives_across_a_wait)
{
    sched_main(CLOCK_VIRTUAL, overrun_task, NULL);
}
END_TEST

/* --- clocks and timers --- */

static void sleep_and_note(void *arg)
{
    const char *name = arg;
    ck_assert_int_eq(task_sleep(MILLIS(name[1] - '0')), WAKE_TIMEOUT);
    ck_assert_int_eq(now(), MILLIS(name[1] - '0'));
    note(name);
}

static void sleepers(void *arg)
{
    static const char *const names[] = { "a5", "b1", "c9", "d5", "e3", "f1", "g7", "h5" };
    struct task *tasks[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++)
        tasks[i] = task_spawn(sleep_and_note, (void *)names[i]);
    for (size_t i = 0; i < COUNT(names); i++)
        task_join(tasks[i]);
}

START_TEST(timers_fire_in_order_and_equal_ones_as_they_came)
{
    sched_main(CLOCK_VIRTUAL, sleepers, NULL);
    ck_assert_str_eq(trace, "b1 f1 e3 a5 d5 h5 g7 c9 ");
}
END_TEST

static void thirty_minutes(void *arg)
{
    ck_assert_int_eq(now(), 0);
    ck_assert_int_eq(sched_clock(), CLOCK_VIRTUAL);
    task_sleep(now() + SECONDS(1800));
    ck_assert_int_eq(now(), SECONDS(1800));
    /* A deadline in the past does not turn time back. */
    ck_assert_int_eq(task_sleep(SECONDS(5)), WAKE_TIMEOUT);
    ck_assert_int_eq(now(), SECONDS(1800));
}

START_TEST(virtual_time_jumps)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    sched_main(CLOCK_VIRTUAL, thirty_minutes, NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    ck_assert_int_lt(to.tv_sec - from.tv_sec, 60);
    ck_assert_int_eq(sched_clock(), CLOCK_REAL);
    ck_assert_int_ge(now(), SECONDS(to.tv_sec));
}
END_TEST

/* Many timers set and taken back in a fixed disorder: the heap keeps its order. */
static void cancelled_sleeper(void *arg)
{
    nsec *at = arg;
    if (task_sleep(*at) == WAKE_TIMEOUT)
        ck_assert_int_eq(now(), *at);
    else
        *at = -1;
}

static void heap_main(void *arg)
{
    enum { N = 500 };
    static nsec at[N];
    struct task *tasks[N];
    unsigned x = 12345;
    for (int i = 0; i < N; i++) {
        x = x * 1103515245 + 12345;
        at[i] = MILLIS((x >> 8) % 1000 + 1);
        tasks[i] = task_spawn(cancelled_sleeper, &at[i]);
    }
    task_sleep(now()); /* until all of them sleep */
    int cancelled = 0, left = 0;
    for (int i = 0; i < N; i += 3, cancelled++)
        task_cancel(tasks[i]);
    for (int i = 0; i < N; i++) {
        task_join(tasks[i]);
        left += at[i] >= 0;
    }
    ck_assert_int_eq(left, N - cancelled);
}

START_TEST(timers_can_be_taken_back)
{
    sched_main(CLOCK_VIRTUAL, heap_main, NULL);
}
END_TEST

/* --- conditions --- */

static struct cond door;

static void wait_at_door(void *arg)
{
    ck_assert_int_eq(cond_wait(&door, now() + SECONDS(10)), WAKE_READY);
    note(arg);
}

static void door_main(void *arg)
{
    struct task *t[3];
    const char *names[] = { "a", "b", "c" };
    ck_assert_int_eq(cond_wait(&door, now() + SECONDS(2)), WAKE_TIMEOUT);
    ck_assert_int_eq(now(), SECONDS(2));
    for (int i = 0; i < 3; i++)
        t[i] = task_spawn(wait_at_door, (void *)names[i]);
    task_sleep(now() + SECONDS(1));
    cond_broadcast(&door);
    cond_broadcast(&door); /* nobody there: nothing */
    for (int i = 0; i < 3; i++)
        task_join(t[i]);
    ck_assert_int_eq(now(), SECONDS(3));
    ck_assert(!door.first && !door.last);
}

START_TEST(a_broadcast_wakes_all_in_order)
{
    sched_main(CLOCK_VIRTUAL, door_main, NULL);
    ck_assert_str_eq(trace, "a b c ");
}
END_TEST

/* --- cancellation --- */

static void cancelled_task(void *arg)
{
    ck_assert(!task_is_cancelled());
    ck_assert_int_eq(cond_wait(&door, NEVER), WAKE_CANCEL);
    ck_assert_int_eq(now(), SECONDS(1));
    ck_assert(task_is_cancelled());
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_CANCEL); /* sticky */
    ck_assert_int_eq(cond_wait(&door, now() + SECONDS(5)), WAKE_CANCEL);
    ck_assert_int_eq(now(), SECONDS(1));

    ck_assert(!task_shield(true));
    ck_assert(!task_is_cancelled());
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_TIMEOUT); /* clean-up waits */
    ck_assert_int_eq(now(), SECONDS(6));
    ck_assert(task_shield(false));
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_CANCEL); /* it was not lost */

    ck_assert(task_uncancel());
    ck_assert(!task_uncancel());
    ck_assert_int_eq(task_sleep(now() + SECONDS(1)), WAKE_TIMEOUT);
    ck_assert_int_eq(now(), SECONDS(7));
}

static void cancel_main(void *arg)
{
    struct task *t = task_spawn(cancelled_task, NULL);
    task_sleep(now() + SECONDS(1));
    task_cancel(t);
    task_join(t);
    ck_assert_int_eq(now(), SECONDS(7));
}

START_TEST(cancellation_is_sticky_and_can_be_shielded_off)
{
    sched_main(CLOCK_VIRTUAL, cancel_main, NULL);
}
END_TEST

static void shielded_task(void *arg)
{
    task_shield(true);
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_TIMEOUT);
    task_shield(false);
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_CANCEL);
}

static void shield_main(void *arg)
{
    struct task *t = task_spawn(shielded_task, NULL);
    task_sleep(now() + SECONDS(1));
    task_cancel(t); /* while it sleeps behind its shield */
    task_join(t);
    ck_assert_int_eq(now(), SECONDS(5));
}

START_TEST(a_shield_keeps_a_new_cancellation_off_too)
{
    sched_main(CLOCK_VIRTUAL, shield_main, NULL);
}
END_TEST

static void sleep_five(void *arg)
{
    ck_assert_int_eq(task_sleep(now() + SECONDS(5)), WAKE_TIMEOUT);
}

static void join_though_cancelled(void *arg)
{
    struct task *child = task_spawn(sleep_five, NULL);
    task_join(child);
    ck_assert_int_eq(now(), SECONDS(5));
    ck_assert(task_is_cancelled());
}

static void join_main(void *arg)
{
    struct task *t = task_spawn(join_though_cancelled, NULL);
    task_sleep(now() + SECONDS(1));
    task_cancel(t);
    task_join(t);
    ck_assert_int_eq(now(), SECONDS(5));
}

START_TEST(a_join_is_never_cancelled)
{
    sched_main(CLOCK_VIRTUAL, join_main, NULL);
}
END_TEST

static void never_runs_free(void *arg)
{
    ck_assert(task_is_cancelled());
    ck_assert_int_eq(task_sleep(NEVER), WAKE_CANCEL);
}

static void cancel_early(void *arg)
{
    struct task *t = task_spawn(never_runs_free, NULL);
    task_cancel(t);
    task_join(t);
}

START_TEST(a_task_can_be_cancelled_before_it_runs)
{
    sched_main(CLOCK_VIRTUAL, cancel_early, NULL);
}
END_TEST

/* --- bugs are reported --- */

/* Runs fn in a process of its own; returns what it wrote to stderr before it aborted. */
static char *abort_text(enum clock_kind clock, void (*fn)(void *))
{
    static char text[2000];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = { 0 };
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        sched_main(clock, fn, NULL);
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    text[n] = '\0';
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x", status);
    return text;
}

static void stuck_forever(void *arg)
{
    cond_wait(&door, NEVER);
}

static void wait_for_the_stuck(void *arg)
{
    struct task *a = task_spawn(stuck_forever, NULL);
    task_set_name(task_spawn(stuck_forever, NULL), "laptop");
    task_sleep(now() + MILLIS(1));
    task_join(a);
}

START_TEST(a_deadlock_names_its_tasks)
{
    const char *text = abort_text(_i ? CLOCK_REAL : CLOCK_VIRTUAL, wait_for_the_stuck);
    ck_assert_ptr_nonnull(strstr(text, "mailassay: deadlock: 3 task(s) wait and nothing can wake "
                                       "them:\n"
                                       "  laptop: waits for a condition\n"
                                       "  stuck_forever: waits for a condition\n"
                                       "  main: joins stuck_forever\n"));
}
END_TEST

static void wait_stdin(void *arg)
{
    task_wait_fd(0, POLLIN, NEVER);
}

START_TEST(descriptors_under_the_virtual_clock_are_a_bug)
{
    ck_assert_ptr_nonnull(
        strstr(abort_text(CLOCK_VIRTUAL, wait_stdin), "descriptors need the real clock"));
}
END_TEST

static void wait_closed(void *arg)
{
    task_wait_fd(999, POLLIN, NEVER);
}

START_TEST(a_closed_descriptor_is_a_bug)
{
    ck_assert_ptr_nonnull(strstr(abort_text(CLOCK_REAL, wait_closed),
                                 "main cannot wait for descriptor 999: Bad file descriptor"));
}
END_TEST

static void add(TCase *c)
{
    tcase_add_test(c, tasks_run_in_the_order_of_their_spawning);
    tcase_add_test(c, yield_gives_the_others_a_turn);
    tcase_add_test(c, a_task_that_nobody_joins_is_freed_in_the_end);
    tcase_add_test(c, ten_thousand_tasks_at_once);
    tcase_add_test(c, a_stack_holds_200_kilobytes);
    if (FIBER_ASAN)
        tcase_add_exit_test(c, asan_sees_an_overrun_of_what_lives_across_a_wait, 1);
    else /* ASan would report this in its own way */
        tcase_add_test_raise_signal(c, running_over_the_stack_faults, SIGSEGV);
    tcase_add_test(c, timers_fire_in_order_and_equal_ones_as_they_came);
    tcase_add_test(c, virtual_time_jumps);
    tcase_add_test(c, timers_can_be_taken_back);
    tcase_add_test(c, a_broadcast_wakes_all_in_order);
    tcase_add_test(c, cancellation_is_sticky_and_can_be_shielded_off);
    tcase_add_test(c, a_shield_keeps_a_new_cancellation_off_too);
    tcase_add_test(c, a_join_is_never_cancelled);
    tcase_add_test(c, a_task_can_be_cancelled_before_it_runs);
    tcase_add_loop_test(c, a_deadlock_names_its_tasks, 0, 2);
    tcase_add_test(c, descriptors_under_the_virtual_clock_are_a_bug);
    tcase_add_test(c, a_closed_descriptor_is_a_bug);
}

int main(void)
{
    return run_tests("task", add);
}
