#include "resolve.h"
#include "alloc.h"
#include "helper_thread.h"
#include "task.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One question. Shared by the asking task and the helper thread; the last to let go frees it, as
   the task may give up first. */
struct lookup {
    atomic_int owners;
    char *host;
    char port[8];
    struct addrinfo hints;
    struct addrinfo *found;
    int failure; /* of getaddrinfo */
    int done;    /* pipe end that the thread closes when it has the answer */
};

static void lookup_drop(struct lookup *l)
{
    if (atomic_fetch_sub(&l->owners, 1) != 1)
        return;
    resolve_free(l->found);
    free(l->host);
    free(l);
}

static void *lookup_thread(void *arg)
{
    struct lookup *l = arg;
    l->failure = getaddrinfo(l->host, l->port, &l->hints, &l->found);
    if (l->failure)
        l->found = NULL;
    int done = l->done;
    lookup_drop(l);
    close(done);
    return NULL;
}

bool is_numeric_address(const char *host)
{
    struct in6_addr room;
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1;
}

static struct addrinfo hints_of(int family, int flags)
{
    return (struct addrinfo) { .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags };
}

void resolve_free(struct addrinfo *addresses)
{
    if (addresses)
        freeaddrinfo(addresses);
}

int resolve_numeric(const char *address, uint16_t port, int family, struct error *err,
                    struct addrinfo **ret)
{
    char service[8];
    struct addrinfo hints = hints_of(family, AI_NUMERICHOST | AI_NUMERICSERV);
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, ret))
        return error_set(err, ERR_USAGE, "\"%s\" is not a numeric address%s", address,
                         family == AF_INET    ? " of IPv4"
                         : family == AF_INET6 ? " of IPv6"
                                              : "");
    return 0;
}

static int answer(struct lookup *l, struct error *err, struct addrinfo **ret)
{
    if (l->failure)
        return error_set(err, ERR_NETWORK, "cannot look up %s: %s", l->host,
                         gai_strerror(l->failure));
    *ret = l->found;
    l->found = NULL;
    return 0;
}

static int wait_answer(struct lookup *l, int fd, nsec deadline, struct error *err,
                       struct addrinfo **ret)
{
    switch (task_wait_fd(fd, POLLIN, deadline)) {
    case WAKE_READY:
        return answer(l, err, ret);
    case WAKE_TIMEOUT:
        return error_set(err, ERR_TIMEOUT, "looking up %s took too long", l->host);
    default:
        return error_set(err, ERR_CANCEL, "cancelled while looking up %s", l->host);
    }
}

int resolve(const char *host, uint16_t port, int family, nsec deadline, struct error *err,
            struct addrinfo **ret)
{
    if (resolve_numeric(host, port, family, NULL, ret) == 0)
        return 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, ERR_INTERNAL, "cannot look up %s: %s", host, strerror(errno));
    struct lookup *l = NEW(struct lookup);
    l->owners = 2;
    l->host = xstrdup(host);
    l->hints = hints_of(family, AI_NUMERICSERV | AI_ADDRCONFIG);
    l->done = ends[1];
    snprintf(l->port, sizeof l->port, "%u", port);
    int failure = helper_thread_start(lookup_thread, l), r;
    if (failure) {
        close(ends[1]);
        lookup_drop(l);
        r = error_set(err, ERR_INTERNAL, "cannot look up %s: %s", host, strerror(failure));
    } else {
        r = wait_answer(l, ends[0], deadline, err, ret);
    }
    lookup_drop(l);
    task_close_fd(ends[0]);
    return r;
}
