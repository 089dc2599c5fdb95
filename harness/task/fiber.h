/* What sanitizers and valgrind must be told about stacks that are switched. Private to task. */
#ifndef FIBER_H
#define FIBER_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define FIBER_ASAN 0
#endif
#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

/* Red zones and fake frames make stacks several times as large under ASan. */
enum { STACK_SIZE = FIBER_ASAN ? 1024 * 1024 : 256 * 1024 };

/* Before leaving a stack for the one at `base`. `save` NULL: the left stack is finished. */
static inline void fiber_leave(void **save, const void *base, size_t size)
{
#if FIBER_ASAN
    __sanitizer_start_switch_fiber(save, base, size);
#else
    (void)save, (void)base, (void)size;
#endif
}

/* After arriving on a stack; tells where the one that was left lies. */
static inline void fiber_enter(void *saved, const void **ret_base, size_t *ret_size)
{
#if FIBER_ASAN
    __sanitizer_finish_switch_fiber(saved, ret_base, ret_size);
#else
    (void)saved, (void)ret_base, (void)ret_size;
#endif
}

/* A stack that is used again still carries the red zones of frames that never returned. */
static inline void fiber_unpoison(void *base, size_t size)
{
#if FIBER_ASAN
    __asan_unpoison_memory_region(base, size);
#else
    (void)base, (void)size;
#endif
}

static inline unsigned fiber_register(char *base, size_t size)
{
#ifdef HAVE_VALGRIND
    return VALGRIND_STACK_REGISTER(base, base + size);
#else
    (void)base, (void)size;
    return 0;
#endif
}

static inline void fiber_deregister(unsigned id)
{
#ifdef HAVE_VALGRIND
    VALGRIND_STACK_DEREGISTER(id);
#endif
    (void)id;
}

#endif
