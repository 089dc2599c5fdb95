/* Visits: the conversations that find out what there is to know about one endpoint, in as few
   connections as can be. They never speak before the banner, hand over no password and no mail, and
   leave with QUIT or LOGOUT. */
#ifndef PORT_VISIT_H
#define PORT_VISIT_H

#include "port_facts.h"

/* Visits one row: fills *facts (initialised by the caller for that row). What could not be told is
   in the facts too, so there is no result. At most options->max_connections connections. The
   questions by connection, for the quick visit:
     1 greeting, offers, logins and work in clear, STARTTLS, certificate, offers in TLS, second
       STARTTLS, close_notify
     2 commands injected behind STARTTLS (implicit TLS: ALPN), resumption of the first session
     3 a hello of old versions only      4 a hello of weak suites only
     5 a TLS 1.2 hello without a server name: its certificate, and the hygiene extensions */
void port_visit(const struct port_options *options, struct port_facts *facts);

/* Visits all rows, several at once (options->budget decides how many); then compares the address
   families of one host and port (parity). `done` is called for each row as it ends; may be NULL. */
void port_visit_all(const struct port_options *options, struct port_facts *rows, size_t n,
                    void (*done)(void *ctx, const struct port_facts *row), void *ctx);

/* For the survey: a connection that waits for a ClientHello. ctx is a struct port_way. */
struct port_way {
    const struct port_options *options;
    struct port_facts *facts;
    /* Of the connection that was closed last: the alert in clear that came from the server (-1:
       none), and whether anything came. */
    int alert;
    bool answered;
};
int port_way_open(void *ctx, const char *question, nsec deadline, struct error *err,
                  struct stream **ret);

#endif
