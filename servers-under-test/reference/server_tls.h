/* The TLS side of a reference server: its authority, certificate and contexts, as its faults want
   them. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "buf.h"
#include "certs.h"
#include "reference.h"
#include "tls.h"

struct server_tls {
    const struct ca *ca;          /* NULL with a context of the caller's */
    struct ca *own_ca;            /* owned; NULL when the caller gave one */
    struct tls_context *context;  /* for every handshake */
    bool borrowed;                /* the context is the caller's */
    struct tls_context *nameless; /* for clients that send no server name, by fault; or NULL */
    struct tls_context *ipv6;     /* for clients that come over IPv6, by fault; or NULL */
    const char *host_name;        /* borrowed */
    const char *const *names;     /* more of them; borrowed; NULL: none */
    bool name_required, only_known_names, any_name, own_name_refused; /* faults of server names */
    struct tls_options options;
    struct buf leaf; /* DER of the certificate; empty with a context of the caller's */
};

/* `t` must not move afterwards. ERR_TLS when OpenSSL refuses. */
int server_tls_init(struct server_tls *t, const struct reference_options *options,
                    const char *host_name, struct error *err);
void server_tls_release(struct server_tls *t);
/* What to shake hands with, for a client of that address. Users' clients that send a server name
   which is unknown here are refused (RFC 9325 section 3.7), other servers are not (RFC 8461 section
   7.1). */
struct tls_context *server_tls_context(const struct server_tls *t, enum service_role role,
                                       const char *peer, struct tls_options *options);
/* The one of an instance; in reference.c. */
const struct server_tls *reference_tls(const struct reference *ref);

#endif
