#include "helper_thread.h"
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

int helper_thread_start(void *(*fn)(void *), void *arg)
{
    sigset_t all, old;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int failure = pthread_create(&thread, &attributes, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return failure;
}
