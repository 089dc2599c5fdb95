/* The bundled reference servers as a target: in memory on the virtual clock, or on loopback. */
#ifndef OWN_TARGET_H
#define OWN_TARGET_H

#include "certs.h"
#include "fault.h"
#include "reference.h"
#include "target.h"

struct next_hop;

/* What all of them in a process share, since making it costs time. */
struct own_shared {
    struct ca *ca;
    struct reference *model; /* its certificate serves all whose faults are not about TLS */
};
void own_shared_init(struct own_shared *s);
void own_shared_release(struct own_shared *s);

struct own_options {
    const struct own_shared *shared;
    struct faults faults;
    bool loopback;                 /* real sockets; otherwise in memory */
    const char *address;           /* to listen on; NULL: 127.0.0.1 */
    uint16_t ports[SERVICE_COUNT]; /* 0: a free one */
    bool only[SERVICE_COUNT];      /* when any is set: just these services */
    bool clear_login;              /* passwords are taken without TLS, too */
    const char *journal;           /* NULL: the store lives in memory only */
    const char *password;          /* of all accounts; NULL: a random one each */
    uint16_t next_hop_port;        /* relay there, on 127.0.0.1; 0: to a next hop in this process */
};

struct own_target {
    struct own_options options;
    struct target target; /* ready for a session */
    struct reference *reference;
    struct next_hop *next_hop;
    struct listener *listeners[SERVICE_COUNT];
    char *journal_made;    /* a file of ours that a restart needs */
    struct served *served; /* connections in memory */
    struct port_arg *port_args;
};

/* Starts it, inside a scheduler of the right clock. 0 or an error code. */
int own_target_open(struct own_target *o, const struct own_options *options, struct error *err);
/* A connection in memory from `peer`, a numeric address that is borrowed. */
struct stream *own_target_connect(struct own_target *o, enum service_id service, const char *peer);
/* Every client must have closed its connections. */
void own_target_close(struct own_target *o);

#endif
