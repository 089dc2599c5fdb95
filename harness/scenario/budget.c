#include "budget.h"

int budget_take(struct budget *b, struct error *err)
{
    while (b->open >= b->max)
        if (cond_wait(&b->freed, NEVER) == WAKE_CANCEL)
            return error_set(err, ERR_CANCEL, "cancelled while waiting for a free connection");
    b->open++;
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
