#include "alloc.h"
#include "stream.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* After so many calls in a row that did not have to wait, the others get a turn. */
enum { CALLS_IN_A_ROW = 16, DRAIN_MAX = 1 << 20 };

struct fd_stream {
    struct stream base;
    int fd; /* -1 after a reset */
    unsigned calls;
    struct turn writing;
};

static struct fd_stream *self_of(struct stream *s)
{
    return (struct fd_stream *)s;
}

static void be_fair(struct fd_stream *f)
{
    if (++f->calls % CALLS_IN_A_ROW == 0)
        task_yield();
}

static int fail_reset_by_us(struct fd_stream *f)
{
    return stream_fail(&f->base, IO_ERROR, CAUSE_CUT, "reset by us");
}

static ssize_t fd_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct fd_stream *f = self_of(s);
    be_fair(f);
    while (f->fd >= 0) {
        ssize_t got = recv(f->fd, data, n, 0);
        if (got >= 0)
            return got;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return stream_fail_errno(s, errno);
        int r = stream_wake(s, task_wait_fd(f->fd, POLLIN, deadline));
        if (r < 0)
            return r;
    }
    return fail_reset_by_us(f);
}

static int write_all(struct fd_stream *f, slice data, nsec deadline)
{
    while (f->fd >= 0) {
        ssize_t put = send(f->fd, data.p, data.n, MSG_NOSIGNAL);
        if (put >= 0) {
            data = slice_skip(data, (size_t)put);
            if (!data.n)
                return 0;
        } else if (errno == EAGAIN) {
            int r = stream_wake(&f->base, task_wait_fd(f->fd, POLLOUT, deadline));
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return stream_fail_errno(&f->base, errno);
        }
    }
    return fail_reset_by_us(f);
}

static int fd_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct fd_stream *f = self_of(s);
    int r = stream_wake(s, turn_take(&f->writing, deadline));
    if (r < 0)
        return r;
    r = write_all(f, slice_make(data, n), deadline);
    turn_give(&f->writing);
    return r;
}

static int fd_half_close(struct stream *s, nsec deadline)
{
    struct fd_stream *f = self_of(s);
    if (f->fd < 0)
        return fail_reset_by_us(f);
    return shutdown(f->fd, SHUT_WR) < 0 ? stream_fail_errno(s, errno) : 0;
}

static void fd_reset(struct stream *s)
{
    struct fd_stream *f = self_of(s);
    int fd = f->fd;
    if (fd < 0)
        return;
    struct linger none = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    f->fd = -1;
    task_close_fd(fd);
}

/* The kernel answers RST instead of FIN when bytes that came are left unread (TLS tickets, for
   one); the peer would take our proper end for a break. */
static void drain(int fd)
{
    char data[4096];
    shutdown(fd, SHUT_WR);
    for (size_t n = 0; n < DRAIN_MAX && recv(fd, data, sizeof data, MSG_DONTWAIT) > 0;)
        n += sizeof data;
}

static void fd_close(struct stream *s)
{
    if (self_of(s)->fd >= 0)
        drain(self_of(s)->fd);
    task_close_fd(self_of(s)->fd);
    stream_release(s);
    free(s);
}

static const struct stream_ops fd_ops = { "socket",      fd_read,  fd_write,
                                          fd_half_close, fd_reset, fd_close };

struct stream *fd_stream_open(int fd)
{
    struct fd_stream *f = NEW(struct fd_stream);
    f->base.ops = &fd_ops;
    f->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return &f->base;
}

static void address_text(const struct sockaddr_storage *a, char text[80])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)a;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, 80, "%s port %u", host, ntohs(in->sin_port));
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)a;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(text, 80, "%s port %u", host, ntohs(in->sin6_port));
    } else {
        snprintf(text, 80, "%s", a->ss_family == AF_UNIX ? "unix socket" : "unknown");
    }
}

static void name_of(const struct stream *s, char text[80],
                    int (*ask)(int, struct sockaddr *, socklen_t *))
{
    while (s->under)
        s = s->under;
    if (s->ops != &fd_ops) {
        snprintf(text, 80, "%s", s->ops->kind);
        return;
    }
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t n = sizeof address;
    if (ask(((const struct fd_stream *)s)->fd, (struct sockaddr *)&address, &n) < 0)
        address.ss_family = AF_UNSPEC;
    address_text(&address, text);
}

void stream_peer_name(const struct stream *s, char text[80])
{
    name_of(s, text, getpeername);
}

void stream_local_name(const struct stream *s, char text[80])
{
    name_of(s, text, getsockname);
}
