/* What the port matrix can only learn with an account: whether SCRAM with channel binding works, and
   what the Received: field of a message says. Checks of the library answer that; their outcomes
   become facts of the rows. */
#ifndef PORTS_ACCOUNT_H
#define PORTS_ACCOUNT_H

#include "library.h"
#include "port_rows.h"
#include "port_facts.h"

/* The services of the target as rows, under the name that their certificate must carry. */
void ports_account_rows(const struct target *target, struct port_rows *rows);

/* Plays those checks against the target, whose rows are those of the same service name. Connections
   and mail left behind are added to `run`. Called by a task. Errors as session_open(). */
int ports_account_ask(struct library *library, struct target *target, struct port_facts *rows,
                      size_t n, struct run *run, struct error *err);

#endif
