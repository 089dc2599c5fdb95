/* The reference servers on sockets: one listener for each service. Real clock only. */
#ifndef REFERENCE_LISTEN_H
#define REFERENCE_LISTEN_H

#include "reference.h"

struct reference_port {
    enum service_id service;
    const char *address; /* numeric; NULL: 127.0.0.1 */
    uint16_t port;       /* 0: a free one */
};

struct reference_ports;
/* Called by a task. Opens all or none of them; ERR_NETWORK names the one that failed. */
int reference_listen(struct reference *ref, const struct reference_port *ports, size_t n,
                     struct error *err, struct reference_ports **ret);
/* The port on which the i-th of them listens. */
uint16_t reference_ports_number(const struct reference_ports *p, size_t i);
/* Stops listening, ends every connection and frees p. NULL is fine. */
void reference_ports_close(struct reference_ports *p);

#endif
