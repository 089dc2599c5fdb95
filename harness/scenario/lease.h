/* Who may use which account now. A check that works in its own mailboxes shares an account with
   others; one that touches all of it (INBOX, POP3, restart) has it alone. Leases are given in the
   order of asking, so that verdicts do not depend on how many checks run at once. */
#ifndef LEASE_H
#define LEASE_H

#include "target.h"
#include "task.h"

struct leases {
    unsigned shared[TARGET_MAX_ACCOUNTS];
    bool exclusive[TARGET_MAX_ACCOUNTS];
    uint64_t next_ticket, serving;
    struct cond changed;
};

/* Waits for accounts 1 to n at once. False when cancelled. */
bool lease_take(struct leases *l, unsigned n, bool exclusive);
void lease_give(struct leases *l, unsigned n, bool exclusive);

#endif
