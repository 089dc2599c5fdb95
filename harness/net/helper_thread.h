/* A thread for a library call that blocks. Tasks wait for what it closes or writes; nothing of the
   scheduler may be used in it. */
#ifndef HELPER_THREAD_H
#define HELPER_THREAD_H

/* Starts fn(arg) in a detached thread that takes no signals: they belong to the scheduler's thread.
   0 or an errno. */
int helper_thread_start(void *(*fn)(void *), void *arg);

#endif
