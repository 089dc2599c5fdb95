/* The connections of a visit: each is counted, has a place in the budget until it is closed, and
   remembers the first octets that came. For port_*.c only. */
#ifndef PORT_LINK_H
#define PORT_LINK_H

#include "port_visit.h"

enum { LINK_FIRST_MAX = 512 };

/* Dials. Notes the reach of the row, and a refusal after others worked as a limit of rate. ERR_LIMIT
   when the row has had its connections; ERR_RATE when the row was told to go away before. */
int port_link_open(const struct port_options *options, struct port_facts *facts,
                   const char *question, struct error *err, struct stream **ret);
/* The first octets since it was opened, or since port_link_forget(); and when the first came. */
slice port_link_first(const struct stream *link);
nsec port_link_first_at(const struct stream *link);
void port_link_forget(struct stream *link);
/* At its end, tells `way` (which must live as long) how it ended, and, when `fall_back` is not NULL,
   says NOOP in clear to see whether the server goes on in clear after a handshake that failed. */
void port_link_watch(struct stream *link, struct port_way *way, enum seen *fall_back,
                     enum port_protocol protocol);

unsigned port_connections_left(const struct port_options *options, const struct port_facts *facts);
nsec port_timeout(const struct port_options *options);
/* The server limits us: the row goes no further. */
void port_rate_limited(struct port_facts *facts, const char *said);

#endif
