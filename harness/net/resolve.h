/* Host names to addresses. getaddrinfo() blocks, so names are looked up in a helper thread; numeric
   addresses need none. */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "clock.h"
#include "error.h"
#include <netdb.h>

/* TCP addresses of host, in the system's order; family as in struct dial_options. Free them with
   resolve_free(). Errors: ERR_NETWORK ("cannot look up x.test: ..."), ERR_TIMEOUT, ERR_CANCEL. */
int resolve(const char *host, uint16_t port, int family, nsec deadline, struct error *err,
            struct addrinfo **ret);
/* The same for an IPv4 or IPv6 address only; never waits. ERR_USAGE when it is none. */
int resolve_numeric(const char *address, uint16_t port, int family, struct error *err,
                    struct addrinfo **ret);
/* Is it an IPv4 or IPv6 address, as inet_pton(3) reads it: no brackets, no zone? */
bool is_numeric_address(const char *host);
/* NULL is fine. */
void resolve_free(struct addrinfo *addresses);

#endif
