#include "array.h"
#include "task_private.h"
#include <assert.h>

static ARRAY(struct task *) heap;

static bool before(const struct task *a, const struct task *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void place(struct task *t, size_t slot)
{
    heap.v[slot] = t;
    t->slot = slot;
}

static void sift(struct task *t, size_t slot)
{
    for (; slot && before(t, heap.v[(slot - 1) / 2]); slot = (slot - 1) / 2)
        place(heap.v[(slot - 1) / 2], slot);
    for (size_t kid; (kid = 2 * slot + 1) < heap.n; slot = kid) {
        if (kid + 1 < heap.n && before(heap.v[kid + 1], heap.v[kid]))
            kid++;
        if (!before(heap.v[kid], t))
            break;
        place(heap.v[kid], slot);
    }
    place(t, slot);
}

void timer_add(struct task *t)
{
    static uint64_t order;
    assert(t->slot == SIZE_MAX);
    t->order = order++;
    *array_push(&heap) = t;
    sift(t, heap.n - 1);
}

void timer_remove(struct task *t)
{
    size_t slot = t->slot;
    if (slot == SIZE_MAX)
        return;
    assert(heap.v[slot] == t);
    t->slot = SIZE_MAX;
    struct task *last = heap.v[--heap.n];
    if (last != t)
        sift(last, slot);
}

nsec timer_next(void)
{
    return heap.n ? heap.v[0]->deadline : NEVER;
}

void timer_fire(nsec until)
{
    while (heap.n && heap.v[0]->deadline <= until)
        task_wake(heap.v[0], WAKE_TIMEOUT);
}

void timer_release(void)
{
    assert(heap.n == 0);
    array_release(&heap);
}
