#include "task.h"
#include "task_private.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Rounds of ready tasks between two looks at descriptors while tasks never stop being ready. */
enum { ROUNDS_PER_POLL = 16 };

struct scheduler scheduler;

_Noreturn void task_abort(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("mailassay: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    abort();
}

nsec now(void)
{
    if (scheduler.running && scheduler.clock == CLOCK_VIRTUAL)
        return scheduler.virtual_now;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return SECONDS(t.tv_sec) + t.tv_nsec;
}

enum clock_kind sched_clock(void)
{
    return scheduler.running ? scheduler.clock : CLOCK_REAL;
}

void sched_init(enum clock_kind clock)
{
    assert(!scheduler.running && "one scheduler at a time");
    scheduler = (struct scheduler) { .running = true, .clock = clock };
    if (clock == CLOCK_REAL)
        poller_init();
}

void sched_fini(void)
{
    assert(scheduler.running && scheduler.live == 0);
    while (scheduler.all)
        task_discard(scheduler.all);
    timer_release();
    stack_pool_drain();
    if (scheduler.clock == CLOCK_REAL)
        poller_fini();
    scheduler.running = false;
}

static void print_task(const struct task *t)
{
    if (t->joins)
        fprintf(stderr, "  %s: joins %s\n", t->name, t->joins->name);
    else if (t->fd >= 0)
        fprintf(stderr, "  %s: waits for descriptor %d\n", t->name, t->fd);
    else
        fprintf(stderr, "  %s: waits for %s\n", t->name,
                t->on ? "a condition" : "its cancellation");
}

static _Noreturn void report_deadlock(void)
{
    fprintf(stderr, "mailassay: deadlock: %zu task(s) wait and nothing can wake them:\n",
            scheduler.live);
    for (const struct task *t = scheduler.all; t; t = t->all_next)
        if (!t->done)
            print_task(t);
    abort();
}

/* Runs each task that is ready now once; those that become ready meanwhile have to wait. */
static void run_round(void)
{
    struct task *last = scheduler.ready.last;
    for (struct task *t = NULL; t != last;) {
        t = scheduler.ready.first;
        list_remove(&scheduler.ready, t);
        task_run(t);
    }
}

static void wait_virtual(void)
{
    nsec next = timer_next();
    if (next == NEVER)
        report_deadlock();
    if (next > scheduler.virtual_now)
        scheduler.virtual_now = next;
    timer_fire(scheduler.virtual_now);
}

static void wait_real(bool busy)
{
    nsec next = timer_next();
    if (!busy && next == NEVER && !poller_waiting())
        report_deadlock();
    nsec left = busy ? 0 : next == NEVER ? NEVER : next - now();
    poller_poll(left > 0 ? left : 0);
    timer_fire(now());
}

void sched_run(void)
{
    assert(scheduler.running && !scheduler.current);
    for (unsigned round = 0; scheduler.live; round++) {
        bool busy = scheduler.ready.first;
        if (busy)
            run_round();
        busy = scheduler.ready.first;
        if (!scheduler.live || (busy && scheduler.clock == CLOCK_VIRTUAL))
            continue;
        if (scheduler.clock == CLOCK_VIRTUAL)
            wait_virtual();
        else if (!busy || round % ROUNDS_PER_POLL == 0)
            wait_real(busy);
    }
}

int sched_main(enum clock_kind clock, void (*fn)(void *), void *arg)
{
    sched_init(clock);
    task_spawn_named("main", fn, arg);
    sched_run();
    sched_fini();
    return 0;
}
