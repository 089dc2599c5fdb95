#include "fiber.h"
#include "task_private.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD = 4096, POOL_MAX = 64 };

static struct stack pool[POOL_MAX];
static size_t pooled;

static struct stack stack_map(void)
{
    char *p = mmap(NULL, GUARD + STACK_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (p == MAP_FAILED || mprotect(p, GUARD, PROT_NONE) < 0)
        task_abort("no memory for the stack of a task (%s; see vm.max_map_count)", strerror(errno));
    return (struct stack) { p + GUARD, fiber_register(p + GUARD, STACK_SIZE) };
}

static void stack_unmap(struct stack s)
{
    fiber_deregister(s.valgrind_id);
    munmap(s.base - GUARD, GUARD + STACK_SIZE);
}

struct stack stack_take(void)
{
    if (!pooled)
        return stack_map();
    struct stack s = pool[--pooled];
    fiber_unpoison(s.base, STACK_SIZE);
    return s;
}

void stack_give(struct stack s)
{
    if (pooled < POOL_MAX)
        pool[pooled++] = s;
    else
        stack_unmap(s);
}

void stack_pool_drain(void)
{
    while (pooled)
        stack_unmap(pool[--pooled]);
}
