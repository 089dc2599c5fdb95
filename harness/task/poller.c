#include "array.h"
#include "task.h"
#include "task_private.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

_Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT, "poll and epoll name the same bits");

enum { EVENTS_AT_ONCE = 256, MAX_WAIT_MS = 3600 * 1000 };

/* Who waits for one descriptor. Allocated apart: tasks point at it, so it must not move. */
struct waiters {
    struct cond tasks;
    bool known; /* is it in the epoll set? */
};

static struct {
    int epoll;
    size_t waiting;
    ARRAY(struct waiters *) by_fd;
} poller = { .epoll = -1 };

void poller_init(void)
{
    poller.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller.epoll < 0)
        task_abort("cannot create an epoll descriptor: %s", strerror(errno));
}

void poller_fini(void)
{
    assert(poller.waiting == 0);
    array_each (w, &poller.by_fd)
        free(*w);
    array_release(&poller.by_fd);
    close(poller.epoll);
    poller.epoll = -1;
}

size_t poller_waiting(void)
{
    return poller.waiting;
}

static struct waiters *waiters_of(int fd)
{
    while (poller.by_fd.n <= (size_t)fd)
        (void)array_push(&poller.by_fd);
    struct waiters **w = &poller.by_fd.v[fd];
    if (!*w)
        *w = NEW(struct waiters);
    return *w;
}

/* Asks for what all waiters of fd want, once. 0 or an errno. */
static int arm(int fd, struct waiters *w, short more)
{
    struct epoll_event e = { .events = EPOLLONESHOT | (uint32_t)more, .data.fd = fd };
    for (const struct task *t = w->tasks.first; t; t = t->next)
        e.events |= (uint32_t)t->events;
    int op = w->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(poller.epoll, op, fd, &e) == 0) {
        w->known = true;
        return 0;
    }
    if (errno == ENOENT && w->known) { /* closed behind our back, and the number used again */
        w->known = false;
        return arm(fd, w, more);
    }
    return errno;
}

enum wake task_wait_fd(int fd, short events, nsec deadline)
{
    struct task *t = task_self();
    assert(t && fd >= 0);
    assert(scheduler.clock == CLOCK_REAL && "descriptors need the real clock");
    struct waiters *w = waiters_of(fd);
    int failure = arm(fd, w, events);
    if (failure == EPERM) /* a regular file: never blocks */
        return task_is_cancelled() ? WAKE_CANCEL : WAKE_READY;
    if (failure)
        task_abort("%s cannot wait for descriptor %d: %s", t->name, fd, strerror(failure));
    t->fd = fd;
    t->events = events;
    poller.waiting++;
    enum wake why = task_suspend(&w->tasks, deadline);
    poller.waiting--;
    t->fd = -1;
    return why;
}

void task_close_fd(int fd)
{
    if (fd < 0)
        return;
    if ((size_t)fd < poller.by_fd.n && poller.by_fd.v[fd]) {
        struct waiters *w = poller.by_fd.v[fd];
        cond_broadcast(&w->tasks);
        /* Explicit, because a duplicate of fd elsewhere would keep it in the set. */
        if (w->known && poller.epoll >= 0)
            epoll_ctl(poller.epoll, EPOLL_CTL_DEL, fd, NULL);
        w->known = false;
    }
    close(fd);
}

static void deliver(int fd, uint32_t events)
{
    struct waiters *w = poller.by_fd.v[fd];
    for (struct task *t = w->tasks.first, *next; t; t = next) {
        next = t->next;
        if (events & ((uint32_t)t->events | EPOLLERR | EPOLLHUP))
            task_wake(t, WAKE_READY);
    }
    int failure = w->tasks.first ? arm(fd, w, 0) : 0;
    if (failure)
        task_abort("cannot go on waiting for descriptor %d: %s", fd, strerror(failure));
}

void poller_poll(nsec timeout)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    nsec ms = timeout == NEVER ? -1 : timeout / MILLIS(1) + (timeout % MILLIS(1) != 0);
    int n =
        epoll_wait(poller.epoll, events, EVENTS_AT_ONCE, ms > MAX_WAIT_MS ? MAX_WAIT_MS : (int)ms);
    if (n < 0 && errno != EINTR)
        task_abort("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++)
        deliver(events[i].data.fd, events[i].events);
}

enum wake task_wait_signal(const sigset_t *set, nsec deadline, int *ret_signo)
{
    sigprocmask(SIG_BLOCK, set, NULL);
    int fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        task_abort("signalfd: %s", strerror(errno));
    struct signalfd_siginfo info;
    enum wake why = WAKE_READY;
    while (why == WAKE_READY && read(fd, &info, sizeof info) != sizeof info)
        why = task_wait_fd(fd, POLLIN, deadline);
    if (why == WAKE_READY)
        *ret_signo = (int)info.ssi_signo;
    task_close_fd(fd);
    return why;
}
