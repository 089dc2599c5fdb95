/* Who may use which account, and how many connections, now. A check that works in its own mailboxes shares an account with
   others; one that touches all of it (INBOX, POP3, restart) has it alone. Leases are given in the
   order of asking, so that verdicts do not depend on how many checks run at once. Connections are
   leased with them: a check never waits for one while it holds others, so nobody waits for ever. */
#ifndef LEASE_H
#define LEASE_H

#include "target.h"
#include "task.h"

struct leases {
    unsigned shared[TARGET_MAX_ACCOUNTS];
    bool exclusive[TARGET_MAX_ACCOUNTS];
    unsigned seats, seats_taken; /* connections */
    uint64_t next_ticket, serving;
    struct cond changed;
};

struct lease {
    unsigned accounts; /* 1 to this one */
    bool exclusive;
    unsigned seats; /* at most leases.seats */
};
/* Waits for all of it at once. False when cancelled. */
bool lease_take(struct leases *l, const struct lease *wanted);
void lease_give(struct leases *l, const struct lease *taken);

#endif
