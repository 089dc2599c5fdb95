#include "budget.h"

int budget_take(struct budget *b, nsec deadline, struct error *err)
{
    while (b->open >= b->max) {
        enum wake w = cond_wait(&b->freed, deadline);
        if (w == WAKE_CANCEL)
            return error_set(err, ERR_CANCEL, "cancelled while waiting for a free connection");
        if (w == WAKE_TIMEOUT)
            return error_set(err, ERR_INTERNAL,
                             "no connection became free: all %u that the target file allows are in "
                             "use",
                             b->max);
    }
    b->open++;
    b->total++;
    if (b->rate > 0) {
        nsec at = b->next > now() ? b->next : now();
        b->next = at + (nsec)(1e9 / b->rate);
        if (at > now() && task_sleep(at) == WAKE_CANCEL) {
            budget_give(b);
            return error_set(err, ERR_CANCEL, "cancelled while keeping to the rate");
        }
    }
    return 0;
}

void budget_give(struct budget *b)
{
    b->open--;
    cond_broadcast(&b->freed);
}
