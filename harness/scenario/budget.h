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
    unsigned long long total;
    struct cond freed;
};

/* Waits for a place and for the rate, then takes the place. 0, ERR_CANCEL or ERR_TIMEOUT. */
int budget_take(struct budget *b, nsec deadline, struct error *err);
void budget_give(struct budget *b);

#endif
