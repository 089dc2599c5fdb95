/* How many connections the target gets from us, and how fast: a polite guest (design section 7). */
#ifndef BUDGET_H
#define BUDGET_H

#include "clock.h"
#include "error.h"
#include "task.h"

struct budget {
    unsigned open, max;
    double rate; /* new ones per second; 0: no limit */
    nsec next;   /* when the next may begin */
    struct cond freed;
};

/* Waits for a place and for the rate, then takes the place. 0 or ERR_CANCEL. Checks have leased the
   places of their devices (lease.h), so what is waited for is the end of a plain session. */
int budget_take(struct budget *b, struct error *err);
void budget_give(struct budget *b);

#endif
