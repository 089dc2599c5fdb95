#include "task.h"
#include "alloc.h"
#include "fiber.h"
#include "task_private.h"
#include <assert.h>
#include <stdlib.h>

void list_append(struct cond *list, struct task *t)
{
    t->next = NULL;
    t->previous = list->last;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
}

void list_remove(struct cond *list, struct task *t)
{
    if (t->previous)
        t->previous->next = t->next;
    else
        list->first = t->next;
    if (t->next)
        t->next->previous = t->previous;
    else
        list->last = t->previous;
    t->next = t->previous = NULL;
}

static void switch_to_scheduler(void)
{
    struct task *t = scheduler.current;
    fiber_leave(t->done ? NULL : &t->fake_stack, scheduler.stack, scheduler.stack_size);
    swapcontext(&t->context, &scheduler.context);
    fiber_enter(t->fake_stack, &scheduler.stack, &scheduler.stack_size);
}

/* Runs t until it waits or ends. */
void task_run(struct task *t)
{
    scheduler.current = t;
    fiber_leave(&scheduler.fake_stack, t->stack.base, STACK_SIZE);
    swapcontext(&scheduler.context, &t->context);
    fiber_enter(scheduler.fake_stack, NULL, NULL);
    scheduler.current = NULL;
    if (!t->done)
        return;
    stack_give(t->stack);
    t->stack.base = NULL;
    scheduler.live--;
    cond_broadcast(&t->ended);
}

static void task_main(void)
{
    fiber_enter(NULL, &scheduler.stack, &scheduler.stack_size);
    struct task *t = scheduler.current;
    t->fn(t->arg);
    t->done = true;
    switch_to_scheduler();
}

struct task *task_spawn_named(const char *name, void (*fn)(void *), void *arg)
{
    assert(scheduler.running);
    struct task *t = NEW(struct task);
    t->name = name;
    t->fn = fn;
    t->arg = arg;
    t->fd = -1;
    t->slot = SIZE_MAX;
    t->stack = stack_take();
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = t->stack.base;
    t->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&t->context, task_main, 0);
    /* From here on the size is read by ASan alone, which would wipe the red zones of the whole
       stack at every switch and then miss overruns of what lives across a wait. */
    t->context.uc_stack.ss_size = 0;
    t->all_next = scheduler.all;
    if (scheduler.all)
        scheduler.all->all_previous = t;
    scheduler.all = t;
    scheduler.live++;
    list_append(&scheduler.ready, t);
    return t;
}

void task_discard(struct task *t)
{
    assert(t->done && !t->ended.first);
    if (t->all_previous)
        t->all_previous->all_next = t->all_next;
    else
        scheduler.all = t->all_next;
    if (t->all_next)
        t->all_next->all_previous = t->all_previous;
    free(t);
}

void task_set_name(struct task *t, const char *name)
{
    t->name = name;
}

struct task *task_self(void)
{
    return scheduler.current;
}

bool task_is_done(const struct task *t)
{
    return t->done;
}

static bool cancellable(const struct task *t)
{
    return !t->shielded && !t->joins;
}

enum wake task_suspend(struct cond *on, nsec deadline)
{
    struct task *t = scheduler.current;
    assert(t && "only a task can wait");
    if (t->cancelled && cancellable(t))
        return WAKE_CANCEL;
    t->on = on;
    if (on)
        list_append(on, t);
    t->deadline = deadline;
    if (deadline != NEVER)
        timer_add(t);
    t->waiting = true;
    switch_to_scheduler();
    return t->why;
}

void task_wake(struct task *t, enum wake why)
{
    if (!t->waiting)
        return;
    t->waiting = false;
    t->why = why;
    timer_remove(t);
    if (t->on)
        list_remove(t->on, t);
    t->on = NULL;
    list_append(&scheduler.ready, t);
}

void task_join(struct task *t)
{
    if (!t)
        return;
    struct task *self = scheduler.current;
    assert(self && self != t && !t->ended.first && "a task is joined once, by another");
    self->joins = t;
    while (!t->done)
        task_suspend(&t->ended, NEVER);
    self->joins = NULL;
    task_discard(t);
}

void task_cancel(struct task *t)
{
    t->cancelled = true;
    if (cancellable(t))
        task_wake(t, WAKE_CANCEL);
}

bool task_is_cancelled(void)
{
    struct task *t = scheduler.current;
    return t && t->cancelled && cancellable(t);
}

bool task_uncancel(void)
{
    assert(scheduler.current);
    bool was = scheduler.current->cancelled;
    scheduler.current->cancelled = false;
    return was;
}

bool task_shield(bool on)
{
    assert(scheduler.current);
    bool was = scheduler.current->shielded;
    scheduler.current->shielded = on;
    return was;
}

enum wake cond_wait(struct cond *c, nsec deadline)
{
    return task_suspend(c, deadline);
}

void cond_broadcast(struct cond *c)
{
    while (c->first)
        task_wake(c->first, WAKE_READY);
}

enum wake task_sleep(nsec deadline)
{
    return task_suspend(NULL, deadline);
}

void task_yield(void)
{
    assert(scheduler.current);
    list_append(&scheduler.ready, scheduler.current);
    switch_to_scheduler();
}
