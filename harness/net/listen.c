#include "listen.h"
#include "alloc.h"
#include "resolve.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, NO_DESCRIPTOR_MILLIS = 50 };

struct connection {
    struct connection *next, *previous; /* while it is served; then next in the list of the ended */
    struct listener *listener;
    struct stream *stream;
    struct task *task;
};

struct listener {
    struct listen_options options;
    int fd;
    uint16_t port;
    bool closing;
    size_t n; /* connections that are served */
    struct connection *served, *ended;
    struct cond changed;
    struct task *acceptor, *reaper;
};

static void serve(void *arg)
{
    struct connection *c = arg;
    struct listener *l = c->listener;
    l->options.serve(l->options.arg, c->stream);
    if (c->previous)
        c->previous->next = c->next;
    else
        l->served = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = l->ended;
    l->ended = c;
    l->n--;
    cond_broadcast(&l->changed);
}

/* Joins the tasks of connections that have ended, until the listener closes and none is left. */
static void reap(void *arg)
{
    struct listener *l = arg;
    while (!l->closing || l->n || l->ended) {
        struct connection *c = l->ended;
        if (!c) {
            cond_wait(&l->changed, NEVER);
            continue;
        }
        l->ended = c->next;
        task_join(c->task);
        free(c);
    }
}

static void start_connection(struct listener *l, int fd)
{
    int on = 1;
    if (l->n >= LISTEN_CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = NEW(struct connection);
    c->listener = l;
    c->stream = fd_stream_open(fd);
    c->next = l->served;
    if (c->next)
        c->next->previous = c;
    l->served = c;
    l->n++;
    c->task = task_spawn_named("connection", serve, c);
}

static void accept_all(void *arg)
{
    struct listener *l = arg;
    enum wake wake = WAKE_READY;
    while (wake != WAKE_CANCEL) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            start_connection(l, fd);
        else if (errno == EAGAIN)
            wake = task_wait_fd(l->fd, POLLIN, NEVER);
        else if (errno != EINTR && errno != ECONNABORTED)
            /* Out of descriptors or memory: the backlog waits until some are free. */
            wake = task_sleep(now() + MILLIS(NO_DESCRIPTOR_MILLIS));
    }
}

/* A listening socket, or -1 with errno set. */
static int socket_open(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage a = { 0 };
    socklen_t n = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &n);
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

int listener_open(const struct listen_options *options, struct error *err, struct listener **ret)
{
    const char *address = options->address ? options->address : "127.0.0.1";
    struct addrinfo *a;
    int r = resolve_numeric(address, options->port, 0, err, &a);
    if (r < 0)
        return r;
    int fd = socket_open(a), failure = errno;
    resolve_free(a);
    if (fd < 0)
        return error_set(err, ERR_NETWORK, "cannot listen on %s port %u: %s", address,
                         options->port, strerror(failure));
    struct listener *l = NEW(struct listener);
    l->options = *options;
    l->fd = fd;
    l->port = port_of(fd);
    l->acceptor = task_spawn(accept_all, l);
    l->reaper = task_spawn(reap, l);
    *ret = l;
    return 0;
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}

size_t listener_connections(const struct listener *l)
{
    return l->n;
}

void listener_suspend(struct listener *l)
{
    bool was = task_shield(true);
    if (l->acceptor) {
        task_cancel(l->acceptor);
        task_join(l->acceptor);
        l->acceptor = NULL;
    }
    for (struct connection *c = l->served; c; c = c->next)
        task_cancel(c->task);
    while (l->n)
        cond_wait(&l->changed, NEVER);
    task_shield(was);
}

void listener_resume(struct listener *l)
{
    l->acceptor = task_spawn(accept_all, l);
}

void listener_close(struct listener *l)
{
    if (!l)
        return;
    listener_suspend(l);
    task_close_fd(l->fd);
    l->closing = true;
    cond_broadcast(&l->changed);
    task_join(l->reaper);
    assert(!l->served && !l->ended);
    free(l);
}
