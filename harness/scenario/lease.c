#include "lease.h"

static bool is_free(const struct leases *l, unsigned n, bool exclusive)
{
    for (unsigned i = 0; i < n; i++)
        if (l->exclusive[i] || (exclusive && l->shared[i]))
            return false;
    return true;
}

bool lease_take(struct leases *l, unsigned n, bool exclusive)
{
    uint64_t ticket = l->next_ticket++;
    bool good = true;
    /* A cancelled waiter keeps its place until its turn, so that the tickets stay in order. */
    while (l->serving != ticket || (good && !is_free(l, n, exclusive))) {
        bool was = task_shield(!good);
        if (cond_wait(&l->changed, NEVER) == WAKE_CANCEL)
            good = false;
        task_shield(was);
    }
    for (unsigned i = 0; good && i < n; i++) {
        l->exclusive[i] = exclusive;
        l->shared[i] += !exclusive;
    }
    l->serving++;
    cond_broadcast(&l->changed);
    return good;
}

void lease_give(struct leases *l, unsigned n, bool exclusive)
{
    for (unsigned i = 0; i < n; i++) {
        if (exclusive)
            l->exclusive[i] = false;
        else
            l->shared[i]--;
    }
    cond_broadcast(&l->changed);
}
