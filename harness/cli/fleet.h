/* A fleet: reference servers that play every row of a provider's profile, in memory or on loopback,
   so that what is said about providers can be tried without them. Each published host and port has
   a listener of the right protocol and mode, which offers what the published logins need; the
   certificate carries all published names, signed by the fleet's own authority. Nothing listens
   where the profile says "not offered". */
#ifndef FLEET_H
#define FLEET_H

#include "fault.h"
#include "port.h"
#include "profile.h"

struct fleet_port {
    const char *host; /* as published */
    uint16_t published, port;
};

struct fleet_options {
    const struct profile *profile; /* borrowed while the fleet is open */
    struct faults faults;
    bool loopback;            /* real sockets; otherwise in memory, on any clock */
    const char *address;      /* to listen on; NULL: 127.0.0.1 */
    const char *password;     /* of all accounts; NULL: random ones */
    bool clear_login;         /* passwords are taken without TLS, too */
    struct fleet_port *ports; /* where to listen; those not named get a free port */
    size_t n_ports;
};

struct fleet_row {
    struct port_spec spec;                 /* published host and port */
    const struct profile_service *service; /* NULL: not offered, nothing listens */
    uint16_t port;                         /* where it is reached on loopback */
};

struct fleet_account {
    const char *user, *address, *password; /* the password is the OAuth2 token, too */
};

struct fleet;
/* Inside a scheduler: of the real clock with `loopback`. ERR_USAGE for a profile that cannot be
   played, with a sentence. */
int fleet_open(const struct fleet_options *options, struct error *err, struct fleet **ret);
/* Every client must have closed its connections. NULL is fine. */
void fleet_close(struct fleet *f);

const struct fleet_row *fleet_rows(const struct fleet *f, size_t *ret_n);
const struct fleet_account *fleet_accounts(const struct fleet *f, size_t *ret_n);
slice fleet_ca_pem(const struct fleet *f);
/* For struct port_dialer; ctx is the fleet. Every host and port that it does not play refuses. */
int fleet_dial(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
               struct stream **ret);
/* One line a row, for `mailassay ports --resolve-file`: "imap.gmail.com:993 127.0.0.1:40123". A host
   that is an IPv6 address stands in brackets. */
void fleet_resolve_text(const struct fleet *f, struct buf *out);

#endif
