#include "lease.h"
#include <assert.h>

static bool is_free(const struct leases *l, const struct lease *w)
{
    for (unsigned i = 0; i < w->accounts; i++)
        if (l->exclusive[i] || (w->exclusive && l->shared[i]))
            return false;
    return l->seats_taken + w->seats <= l->seats;
}

bool lease_take(struct leases *l, const struct lease *w)
{
    uint64_t ticket = l->next_ticket++;
    bool good = true;
    assert(w->seats <= l->seats);
    /* A cancelled waiter keeps its place until its turn, so that the tickets stay in order. */
    while (l->serving != ticket || (good && !is_free(l, w))) {
        bool was = task_shield(!good);
        if (cond_wait(&l->changed, NEVER) == WAKE_CANCEL)
            good = false;
        task_shield(was);
    }
    for (unsigned i = 0; good && i < w->accounts; i++) {
        l->exclusive[i] = w->exclusive;
        l->shared[i] += !w->exclusive;
    }
    l->seats_taken += good ? w->seats : 0;
    l->serving++;
    cond_broadcast(&l->changed);
    return good;
}

void lease_give(struct leases *l, const struct lease *t)
{
    for (unsigned i = 0; i < t->accounts; i++) {
        if (t->exclusive)
            l->exclusive[i] = false;
        else
            l->shared[i]--;
    }
    l->seats_taken -= t->seats;
    cond_broadcast(&l->changed);
}
