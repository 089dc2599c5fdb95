#include "dial.h"
#include "array.h"
#include "resolve.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Where one attempt goes, and how it is called in sentences. */
struct attempt {
    enum dial_failure *ret_failure;
    const struct addrinfo *address;
    const struct addrinfo *source;
    const char *source_name;
    char name[80];
};

static enum dial_failure failure_of(int errno_value)
{
    static const struct {
        int errno_value;
        enum dial_failure failure;
    } rows[] = {
        { ECONNREFUSED, DIAL_REFUSED },     { ETIMEDOUT, DIAL_TIMEOUT },
        { ENETUNREACH, DIAL_NO_ROUTE },     { EHOSTUNREACH, DIAL_NO_ROUTE },
        { EAFNOSUPPORT, DIAL_NO_ROUTE },    { EADDRNOTAVAIL, DIAL_NO_ROUTE },
        { EPROTONOSUPPORT, DIAL_NO_ROUTE },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].errno_value == errno_value)
            return rows[i].failure;
    return DIAL_FAILED;
}

static int fail(const struct attempt *a, int errno_value, struct error *err)
{
    *a->ret_failure = failure_of(errno_value);
    switch (errno_value) {
    case ECONNREFUSED:
        return error_set(err, ERR_NETWORK, "connection refused by %s", a->name);
    case ETIMEDOUT:
        return error_set(err, ERR_TIMEOUT, "no answer from %s in time", a->name);
    case ECANCELED:
        return error_set(err, ERR_CANCEL, "cancelled while connecting to %s", a->name);
    default:
        return error_set(err, ERR_NETWORK, "cannot reach %s: %s", a->name, strerror(errno_value));
    }
}

/* 0 or an errno. */
static int bind_source(int fd, const struct addrinfo *source)
{
    if (!source)
        return 0;
    int on = 1;
    /* The port is chosen at connect, so that many connections may share ports. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, source->ai_addr, source->ai_addrlen) < 0 ? errno : 0;
}

/* 0 or an errno, ETIMEDOUT and ECANCELED standing for the outcome of our wait. */
static int connect_within(int fd, const struct addrinfo *address, nsec deadline)
{
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    enum wake wake = task_wait_fd(fd, POLLOUT, deadline);
    if (wake != WAKE_READY)
        return wake == WAKE_TIMEOUT ? ETIMEDOUT : ECANCELED;
    int failure = 0;
    socklen_t n = sizeof failure;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &n) < 0 ? errno : failure;
}

static int try_address(const struct attempt *a, nsec deadline, struct error *err,
                       struct stream **ret)
{
    int on = 1;
    int fd = socket(a->address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(a, errno, err);
    int failure = bind_source(fd, a->source);
    if (failure) {
        task_close_fd(fd);
        return error_set(err, ERR_NETWORK, "cannot connect from %s: %s", a->source_name,
                         strerror(failure));
    }
    failure = connect_within(fd, a->address, deadline);
    if (failure) {
        task_close_fd(fd);
        return fail(a, failure, err);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *ret = fd_stream_open(fd);
    return 0;
}

static void name_attempt(struct attempt *a)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    getnameinfo(a->address->ai_addr, a->address->ai_addrlen, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(a->name, sizeof a->name, "%.60s port %.8s", host, port);
}

/* Each address gets its share of the time that is left. */
static nsec share_of(nsec deadline, const struct addrinfo *from)
{
    nsec rest = 0;
    for (; from; from = from->ai_next)
        rest++;
    return deadline == NEVER ? NEVER : now() + (deadline - now()) / rest;
}

static int try_all(const struct addrinfo *addresses, const struct attempt *model, nsec deadline,
                   struct error *err, struct stream **ret)
{
    int r = ERR_NETWORK;
    if (!addresses)
        return error_set(err, ERR_NETWORK, "the name has no address");
    for (const struct addrinfo *a = addresses; a && r != ERR_CANCEL; a = a->ai_next) {
        struct attempt attempt = *model;
        attempt.address = a;
        name_attempt(&attempt);
        r = try_address(&attempt, share_of(deadline, a), err, ret);
        if (r == 0)
            return 0;
    }
    return r;
}

int dial(const struct dial_options *options, nsec deadline, struct error *err, struct stream **ret)
{
    struct addrinfo *source = NULL, *addresses = NULL;
    enum dial_failure failure = DIAL_FAILED;
    int family = options->family;
    int r = 0;
    if (options->source)
        r = resolve_numeric(options->source, 0, family, err, &source);
    if (source)
        family = source->ai_family;
    if (r == 0 &&
        (r = resolve(options->host, options->port, family, deadline, err, &addresses)) < 0)
        failure = r == ERR_NETWORK ? DIAL_NO_ADDRESS : DIAL_FAILED;
    struct attempt model = { &failure, NULL, source, options->source, "" };
    if (r == 0)
        r = try_all(addresses, &model, deadline, err, ret);
    if (r < 0 && options->ret_failure)
        *options->ret_failure = failure;
    resolve_free(addresses);
    resolve_free(source);
    return r;
}
