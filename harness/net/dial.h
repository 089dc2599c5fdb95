/* Connecting to host and port over TCP, without blocking other tasks. Real clock only. */
#ifndef DIAL_H
#define DIAL_H

#include "stream.h"

/* Why there was no connection, of the last address tried. */
enum dial_failure {
    DIAL_FAILED,     /* anything else: the sentence says what */
    DIAL_REFUSED,    /* RST: nothing listens there */
    DIAL_TIMEOUT,    /* no answer */
    DIAL_NO_ADDRESS, /* the name has none in this family, or cannot be looked up */
    DIAL_NO_ROUTE    /* network or host unreachable from here */
};

struct dial_options {
    const char *host; /* IPv4 or IPv6 address, or a name; names are looked up in a helper thread */
    uint16_t port;
    const char *source;             /* numeric source address; NULL: the system's choice */
    int family;                     /* AF_INET, AF_INET6; 0: either, in the resolver's order */
    enum dial_failure *ret_failure; /* set when dialling fails; NULL: not wanted */
};

/* Tries the addresses of the host in order until one answers or the deadline passes. On success
   a socket stream with TCP_NODELAY, the caller's. Errors: ERR_NETWORK ("connection refused by
   127.0.0.1 port 143"), ERR_TIMEOUT, ERR_CANCEL. With several addresses the sentence is about the
   last one tried. */
int dial(const struct dial_options *options, nsec deadline, struct error *err, struct stream **ret);

#endif
