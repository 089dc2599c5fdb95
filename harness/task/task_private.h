/* Shared by the files of this folder only. */
#ifndef TASK_PRIVATE_H
#define TASK_PRIVATE_H

#include "task.h"
#include <ucontext.h>

/* A stack of STACK_SIZE bytes with a guard page below: running over it faults. */
struct stack {
    char *base;
    unsigned valgrind_id;
};
struct stack stack_take(void);
/* Keeps it for the next task, or unmaps it when enough are kept. */
void stack_give(struct stack s);
void stack_pool_drain(void);

struct task {
    ucontext_t context;
    void *fake_stack;
    struct stack stack;
    const char *name;
    void (*fn)(void *);
    void *arg;
    struct task *next, *previous; /* in the ready queue or in the list of `on` */
    struct task *all_next, *all_previous;
    struct cond *on; /* what it waits for, if anything */
    struct cond ended;
    struct task *joins; /* for the report of a deadlock */
    int fd;             /* while it waits for one, else -1 */
    short events;
    enum wake why;
    bool waiting, cancelled, shielded, done;
    nsec deadline;
    uint64_t order; /* of equal deadlines, the earlier waiter first */
    size_t slot;    /* in the timer heap, SIZE_MAX when not there */
};

/* The running scheduler's state. */
struct scheduler {
    bool running;
    enum clock_kind clock;
    nsec virtual_now;
    ucontext_t context;
    void *fake_stack;
    const void *stack;
    size_t stack_size;
    struct task *current, *all;
    struct cond ready; /* a queue of tasks */
    size_t live;
};
extern struct scheduler scheduler;

void list_append(struct cond *list, struct task *t);
void list_remove(struct cond *list, struct task *t);
/* Ends t's wait, if it is in one. */
void task_wake(struct task *t, enum wake why);
/* The one place where tasks wait. */
enum wake task_suspend(struct cond *on, nsec deadline);
void task_run(struct task *t);
/* Frees a task that has ended. */
void task_discard(struct task *t);
_Noreturn void task_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Timers: a heap by deadline. */
void timer_add(struct task *t);
void timer_remove(struct task *t);
/* NEVER when there is none. */
nsec timer_next(void);
void timer_fire(nsec until);
void timer_release(void);

/* Descriptors. */
void poller_init(void);
void poller_fini(void);
/* Waits up to `timeout` (NEVER: without end) and wakes whom it concerns. */
void poller_poll(nsec timeout);
/* Tasks that wait for descriptors. */
size_t poller_waiting(void);

#endif
