/* Stackful tasks on one thread: protocol code is written as the conversation reads, waiting is a
   function call with an absolute deadline (nsec of now(), or NEVER).

   Structured use: whoever spawns a task joins it. A task runs until it waits; nothing else runs
   between two waits, so no locks are needed. Never wait inside an OpenSSL call, and never block the
   thread (no sleep, no blocking read, no getaddrinfo): every other task would stand still.

   Cancellation is sticky: after task_cancel() the current wait and every later one of that task
   return WAKE_CANCEL at once. Clean-up that must still wait uses task_shield() with a deadline of
   its own. Joins are never cancelled. */
#ifndef TASK_H
#define TASK_H

#include "clock.h"
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct task;
/* Something that tasks wait for. All zero is a valid one that nobody waits for. */
struct cond {
    struct task *first, *last;
};

enum wake { WAKE_READY, WAKE_TIMEOUT, WAKE_CANCEL };
/* CLOCK_VIRTUAL: when every task waits, the time jumps to the next deadline. It works with conds
   and timers alone; waiting for a descriptor or a signal under it is a bug and aborts. */
enum clock_kind { CLOCK_REAL, CLOCK_VIRTUAL };

/* One scheduler at a time per process. init, spawn, run, fini; the whole may be repeated. */
void sched_init(enum clock_kind clock);
/* Returns when every task has ended. When all wait and nothing can wake them (no timer, no
   descriptor), aborts after printing the names of the waiting tasks: that is a bug. */
void sched_run(void);
/* Frees what the scheduler holds, ended tasks that nobody joined included. */
void sched_fini(void);
/* init, spawn fn(arg), run, fini. Returns 0. */
int sched_main(enum clock_kind clock, void (*fn)(void *), void *arg);

/* The scheduler's monotonic clock: real (CLOCK_MONOTONIC), or virtual, starting at 0. Outside a
   scheduler it is the real one. */
nsec now(void);
enum clock_kind sched_clock(void);

/* Starts fn(arg) as a task that runs when the caller next waits. Its name in reports is the text
   of `fn`. Running out of memory maps for stacks aborts with a sentence. */
#define task_spawn(fn, arg) task_spawn_named(#fn, (fn), (arg))
struct task *task_spawn_named(const char *name, void (*fn)(void *), void *arg);
/* `name` is borrowed: a literal, or text that outlives the task. */
void task_set_name(struct task *t, const char *name);
/* The running task; NULL outside of any. */
struct task *task_self(void);
/* Waits until t has ended, then frees it. Called by a task; NULL is fine. */
void task_join(struct task *t);
/* Has t ended? It still must be joined. */
bool task_is_done(const struct task *t);

void task_cancel(struct task *t);
/* Is a cancellation of the running task pending, and not shielded off? */
bool task_is_cancelled(void);
/* Takes a pending cancellation of the running task back. True when there was one. */
bool task_uncancel(void);
/* While on, the running task's waits ignore a cancellation, pending or new; it is not lost.
   Returns the former state, to be restored:
       bool was = task_shield(true);  ...clean up with a deadline...  task_shield(was); */
bool task_shield(bool on);

/* WAKE_READY after a broadcast. As with any condition, test what you wait for in a loop. */
enum wake cond_wait(struct cond *c, nsec deadline);
void cond_broadcast(struct cond *c);
/* WAKE_TIMEOUT when the time has come, WAKE_CANCEL when cancelled. */
enum wake task_sleep(nsec deadline);
/* Lets every other task that is ready run once. Not a point of cancellation. */
void task_yield(void);

/* Waits until fd is ready for `events` (POLLIN, POLLOUT) or has an error or hang-up. Several tasks
   may wait for the same fd, each for its own events. fd should be non-blocking. A regular file is
   always ready. */
enum wake task_wait_fd(int fd, short events, nsec deadline);
/* Closes fd and forgets it. Tasks that still wait for it wake with WAKE_READY and must look at
   their own state before they use its number again. Every fd that was ever waited for is closed
   by this call. fd < 0 is fine. */
void task_close_fd(int fd);

/* Waits for one of the signals in `set`. They must be blocked for the process before sched_init(),
   since every task carries a signal mask of its own, made when it is spawned; what comes between
   two calls then stays pending and none is lost. *ret_signo is set with WAKE_READY only. */
enum wake task_wait_signal(const sigset_t *set, nsec deadline, int *ret_signo);

#endif
