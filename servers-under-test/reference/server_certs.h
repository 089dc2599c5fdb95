/* The certificate of a reference server with its OCSP response, as its faults want them. */
#ifndef SERVER_CERTS_H
#define SERVER_CERTS_H

#include "certs.h"
#include "reference.h"

struct server_certificate {
    struct identity identity; /* the chain as it is sent, and the key */
    struct buf staple;        /* DER; empty: none is sent */
};
/* Signed by an intermediate authority under `ca`, unless a fault says otherwise. */
void server_certificate_make(const struct ca *ca, const struct reference_options *options,
                             const char *host_name, struct server_certificate *ret);
void server_certificate_release(struct server_certificate *c);

#endif
