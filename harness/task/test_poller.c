#include "task.h"
#include "testing.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the tasks of a test did, in order. */
static char trace[256];

static void note(const char *what)
{
    strcat(trace, what);
    strcat(trace, " ");
}

static int pair[2];

static void pair_make(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
}

static void pair_drop(void)
{
    task_close_fd(pair[0]);
    task_close_fd(pair[1]);
}

static void fill(int fd)
{
    static const char data[4096];
    while (write(fd, data, sizeof data) > 0)
        ;
}

static void drain(int fd)
{
    char data[4096];
    while (read(fd, data, sizeof data) > 0)
        ;
}

static void wait_in(void *arg)
{
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + SECONDS(20)), WAKE_READY);
    note("in");
}

static void wait_out(void *arg)
{
    ck_assert_int_eq(task_wait_fd(pair[0], POLLOUT, now() + SECONDS(20)), WAKE_READY);
    note("out");
}

/* One task reads and another writes on the same socket whose send buffer is full. */
static void two_on_one(void *arg)
{
    bool out_first = *(bool *)arg;
    pair_make();
    fill(pair[0]);
    struct task *reader = task_spawn(wait_in, NULL), *writer = task_spawn(wait_out, NULL);
    task_sleep(now() + MILLIS(5));
    for (int i = 0; i < 2; i++) {
        if (out_first == (i == 0))
            drain(pair[1]);
        else
            ck_assert_int_eq(write(pair[1], "x", 1), 1);
        task_sleep(now() + MILLIS(20));
    }
    task_join(reader);
    task_join(writer);
    pair_drop();
}

START_TEST(two_tasks_wait_for_one_descriptor)
{
    bool out_first = _i;
    sched_main(CLOCK_REAL, two_on_one, &out_first);
    ck_assert_str_eq(trace, out_first ? "out in " : "in out ");
}
END_TEST

/* The wait that ends by its deadline must not take the other's with it. */
static void timeout_beside(void *arg)
{
    pair_make();
    fill(pair[0]);
    struct task *writer = task_spawn(wait_out, NULL);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + MILLIS(5)), WAKE_TIMEOUT);
    drain(pair[1]);
    task_join(writer);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + MILLIS(5)), WAKE_TIMEOUT);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, NEVER), WAKE_READY);
    pair_drop();
}

START_TEST(a_timeout_leaves_the_other_waiter_alone)
{
    sched_main(CLOCK_REAL, timeout_beside, NULL);
    ck_assert_str_eq(trace, "out ");
}
END_TEST

static void close_under_waiter(void *arg)
{
    pair_make();
    struct task *reader = task_spawn(wait_in, NULL);
    task_sleep(now() + MILLIS(5));
    int old = pair[0];
    task_close_fd(pair[0]);
    task_join(reader);
    task_close_fd(pair[1]);
    task_close_fd(-1);
    /* The number is used again, by a socket that never was waited for. */
    pair_make();
    ck_assert_int_eq(pair[0], old);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + MILLIS(5)), WAKE_TIMEOUT);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + SECONDS(20)), WAKE_READY);
    close(pair[0]); /* behind our back: still no harm */
    close(pair[1]);
    pair_make();
    ck_assert_int_eq(task_wait_fd(pair[0], POLLOUT, now() + SECONDS(20)), WAKE_READY);
    pair_drop();
}

START_TEST(closing_a_descriptor_forgets_it)
{
    sched_main(CLOCK_REAL, close_under_waiter, NULL);
    ck_assert_str_eq(trace, "in ");
}
END_TEST

static void hang_up(void *arg)
{
    pair_make();
    struct task *reader = task_spawn(wait_in, NULL);
    task_sleep(now() + MILLIS(1));
    task_close_fd(pair[1]);
    task_join(reader);
    task_close_fd(pair[0]);
    int file = open("/proc/self/exe", O_RDONLY);
    ck_assert_int_eq(task_wait_fd(file, POLLIN, NEVER), WAKE_READY);
    task_close_fd(file);
}

START_TEST(a_hang_up_and_a_regular_file_are_ready)
{
    sched_main(CLOCK_REAL, hang_up, NULL);
}
END_TEST

static bool stop_spinning;

static void spin(void *arg)
{
    while (!stop_spinning)
        task_yield();
}

static void spin_main(void *arg)
{
    pair_make();
    struct task *a = task_spawn(spin, NULL), *b = task_spawn(spin, NULL);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(task_wait_fd(pair[0], POLLIN, now() + SECONDS(20)), WAKE_READY);
    ck_assert_int_eq(task_sleep(now() + MILLIS(5)), WAKE_TIMEOUT);
    stop_spinning = true;
    task_join(a);
    task_join(b);
    pair_drop();
}

START_TEST(busy_tasks_starve_neither_descriptors_nor_timers)
{
    sched_main(CLOCK_REAL, spin_main, NULL);
}
END_TEST

static void signals_main(void *arg)
{
    int signo = 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    ck_assert_int_eq(task_wait_signal(&set, now() + MILLIS(5), &signo), WAKE_TIMEOUT);
    ck_assert_int_eq(signo, 0);
    kill(getpid(), SIGTERM); /* between two waits: kept */
    ck_assert_int_eq(task_wait_signal(&set, now() + SECONDS(20), &signo), WAKE_READY);
    ck_assert_int_eq(signo, SIGTERM);
    kill(getpid(), SIGUSR1);
    ck_assert_int_eq(task_wait_signal(&set, NEVER, &signo), WAKE_READY);
    ck_assert_int_eq(signo, SIGUSR1);
    task_cancel(task_self());
    ck_assert_int_eq(task_wait_signal(&set, NEVER, &signo), WAKE_CANCEL);
}

START_TEST(signals_are_waited_for)
{
    sched_main(CLOCK_REAL, signals_main, NULL);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_loop_test(c, two_tasks_wait_for_one_descriptor, 0, 2);
    tcase_add_test(c, a_timeout_leaves_the_other_waiter_alone);
    tcase_add_test(c, closing_a_descriptor_forgets_it);
    tcase_add_test(c, a_hang_up_and_a_regular_file_are_ready);
    tcase_add_test(c, busy_tasks_starve_neither_descriptors_nor_timers);
    tcase_add_test(c, signals_are_waited_for);
}

int main(void)
{
    return run_tests("poller", add);
}
