/* Visits in memory, on the virtual clock: of reference servers, and of servers that follow a script. */
#ifndef TEST_PORT_DRIVER_H
#define TEST_PORT_DRIVER_H

#include "port_visit.h"
#include "testing.h"

#define TEST_HOST "mail.mailassay.test"

/* A server of one port that does what a script says, the same for each connection:
       "S: text"   sends the line and CRLF          "B: text"  sends just that
       "W: 300"    waits so many milliseconds       "C: WORD"  reads to a line that begins so
       "Q: 300"    waits, and ends with a complaint when something comes
       "A"         waits for anything               "L"        reads for ever
       "T"         TLS from here on                 "H"        the same as a web server, which takes HTTP
       "R"         refuses the connection           "X"        closes
   It ends with closing. */
struct script {
    const char *lines[24];
    const char *later[24]; /* for every connection after the first; empty: the same */
};

struct visiting {
    const char *fault;           /* of the reference servers; NULL: none */
    const char *faults[4];       /* more of them */
    const struct script *script; /* in place of them */
    bool full;
    unsigned max_connections;
    nsec timeout;
    nsec delay;        /* before each piece of octets, both ways */
    nsec interrupt_at; /* when the visits are cancelled; 0: never */
};

/* Visits the standard ports, `n` of them, and calls look() with the rows before they are released.
   Both families when `ports[i]` is negative: two rows then. */
void visit_ports(const struct visiting *how, const int *ports, size_t n,
                 void (*look)(struct port_facts *rows, size_t n, void *arg), void *arg);
/* One row of facts as lines "what: how". */
enum { FACTS_TEXT = 6000 };
const char *facts_text(const struct port_facts *f, char text[FACTS_TEXT]);

#endif
