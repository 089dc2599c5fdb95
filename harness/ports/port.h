/* One endpoint of the port/TLS matrix: where it is, what it is for, and how connections to it are
   made. A row of the matrix is one endpoint in one address family. */
#ifndef PORT_H
#define PORT_H

#include "budget.h"
#include "stream.h"
#include "target.h"
#include "tls.h"

enum port_protocol { PORT_SMTP, PORT_LMTP, PORT_POP3, PORT_IMAP, PORT_SIEVE, PORT_PROTOCOLS };

struct port_spec {
    const char *host;    /* as the user gave it: the server name that is sent, and the name that the
                            certificate must carry */
    const char *address; /* numeric address to connect to; NULL: the host's */
    uint16_t port;       /* the published one ("993"), which is what reports say */
    uint16_t dial_port;  /* where it is really reached (a reference fleet); 0: port */
    int family;          /* AF_INET, AF_INET6; 0: whatever the dialler gives */
    enum port_protocol protocol;
    enum service_role role;
    enum tls_mode mode; /* what the port is for: implicit TLS, STARTTLS, or clear text alone */
    const char *name;   /* "imaps", "submission", "sieve"; for reports */
};

/* The standard rows: 25, 2525, 587, 465, 110, 995, 143, 993, and on demand 24 and 4190. NULL when
   the port is none of them. `optional`: not part of the default. */
struct port_standard {
    uint16_t port;
    enum port_protocol protocol;
    enum service_role role;
    enum tls_mode mode;
    const char *name;
    bool optional;
};
extern const struct port_standard port_standards[];
extern const size_t n_port_standards;
const struct port_standard *port_standard(uint16_t port);
const char *port_protocol_name(enum port_protocol p); /* "SMTP", ..., "ManageSieve" */

/* How connections are made: sockets, or reference servers in memory. dial gives a stream with
   nothing spoken yet. ERR_REFUSED when nothing listens there, ERR_TIMEOUT when nothing answers,
   ERR_USAGE when the host has no address in this family, ERR_NETWORK when it cannot be reached,
   ERR_INTERNAL for trouble on our side, ERR_CANCEL. */
struct port_dialer {
    int (*dial)(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
                struct stream **ret);
    void *ctx;
};
/* Over TCP; ctx is a struct port_network. */
struct port_network {
    const char *source; /* address to connect from; NULL: any */
};
int port_dial_network(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
                      struct stream **ret);

/* What all visits of a run share. */
struct port_options {
    struct port_dialer dialer;
    struct tls_context *tls; /* client context with the roots to trust; verification is by record */
    struct budget *budget;   /* open connections and rate */
    bool full;               /* enumerate */
    unsigned
        max_connections; /* per row; 0: PORT_QUICK_CONNECTIONS when quick, no limit when full */
    nsec timeout;        /* for connecting, and for each answer; 0: 10 s */
    nsec pace;           /* pause between two connections to a row; 0: none */
    nsec listen;         /* how long a port of implicit TLS is listened to before a word of
                                ours; 0: 250 ms */
};
enum { PORT_QUICK_CONNECTIONS = 5 };

#endif
