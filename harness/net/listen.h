/* A listening TCP socket and its connections: one task each. Real clock only. */
#ifndef LISTEN_H
#define LISTEN_H

#include "stream.h"

enum { LISTEN_CONNECTIONS_MAX = 20000 }; /* at once; further ones are closed unserved */

struct listen_options {
    const char *address; /* numeric; NULL: 127.0.0.1 */
    uint16_t port;       /* 0: a free one, see listener_port() */
    /* Runs in a task of its own for every connection, and owns the stream: it closes it before it
       returns. It is cancelled when the listener closes. */
    void (*serve)(void *arg, struct stream *s);
    void *arg;
};

struct listener;
/* Called by a task. Starts the accepting task. ERR_NETWORK: "127.0.0.1 port 25: permission
   denied". */
int listener_open(const struct listen_options *options, struct error *err, struct listener **ret);
uint16_t listener_port(const struct listener *l);
/* Connections being served now. */
size_t listener_connections(const struct listener *l);
/* A restart in two steps: cancels every connection's task and waits for their end; then serves
   again. Who connects in between waits. The port stays taken all the time: to close and to listen
   anew would lose it to any socket that the system gives a free port meanwhile. */
void listener_suspend(struct listener *l);
void listener_resume(struct listener *l);
/* Stops accepting, cancels every connection's task, joins them all, frees l. NULL is fine. */
void listener_close(struct listener *l);

#endif
