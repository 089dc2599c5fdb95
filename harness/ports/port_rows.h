/* Which rows a matrix has: the standard ports of a host, the rows of a profile, and where they are
   really reached. */
#ifndef PORT_ROWS_H
#define PORT_ROWS_H

#include "array.h"
#include "port.h"
#include "problem.h"

enum { PORT_ROWS_MAX = 200 };

/* "imap.example.test:993 is reached at 127.0.0.1 port 40123": for fleets on loopback. */
struct port_route {
    const char *host;
    uint16_t port;
    const char *address;
    uint16_t dial_port;
};

struct port_rows {
    struct arena arena;
    ARRAY(struct port_spec) list;
    ARRAY(struct port_route) routes;
    unsigned left_out;  /* rows beyond PORT_ROWS_MAX */
    bool no_ipv6_route; /* a host has IPv6 addresses that cannot be reached from this machine */
};
void port_rows_release(struct port_rows *r);

/* Copies; the same host, port and family once only. False at PORT_ROWS_MAX, and counted. */
bool port_rows_add(struct port_rows *r, const struct port_spec *spec);

/* The rows of a host. `ports` holds words: a standard port ("993"), a service name ("imaps"), or
   SERVICE=PORT ("imaps=1993"); none: the default ones. ERR_USAGE names the word that is wrong. */
int port_rows_of_host(struct port_rows *r, const char *host, const char *const *ports,
                      size_t n_ports, struct error *err);

/* A route: "HOST:PORT:ADDRESS" or "HOST:PORT:ADDRESS:PORT" (an IPv6 address in brackets).
   ERR_USAGE. */
int port_route_parse(struct port_rows *r, const char *text, struct error *err);
/* A file of them, "HOST:PORT ADDRESS:PORT" on each line, with empty lines and # comments.
   ERR_FILE with the file, line and column. */
int port_routes_load(struct port_rows *r, const char *path, struct error *err);

/* A route to where a resolver of ours says that the host is; none to an IPv6 address that cannot be
   reached from here (no_ipv6_route). */
void port_rows_route(struct port_rows *r, const char *host, uint16_t port, const char *address);

/* Gives every row the address it is reached at: by route, or looked up for each family that is wanted
   (AF_INET, AF_INET6; 0: both), which makes two rows of one. Called by a task. A host without any
   address stays one row of family 0. */
void port_rows_resolve(struct port_rows *r, int family, nsec timeout);

#endif
