/* What the tests of TLS share: a client and a server session over an in-memory pair. */
#ifndef TEST_TLS_SESSION_H
#define TEST_TLS_SESSION_H

#include "alloc.h"
#include "array.h"
#include "certs.h"
#include "shape_stream.h"
#include "test_stream_talk.h"
#include "tls.h"

/* One authority for all tests of a process; made before libcheck forks. */
static struct ca *authority;

struct session {
    enum cert_kind kind;
    struct tls_server_config server_config;
    struct tls_context *shared; /* in place of one made from server_config */
    struct tls_options client, server;
    bool trickle;  /* one byte at a time below TLS */
    bool insecure; /* the client has no roots */
    slice client_chain, client_key;
    void (*serve)(struct stream *);
    void (*talk)(struct stream *); /* only after a good handshake */
    int client_result, server_result;
    struct error client_error, server_error;
};

static inline void server_task(void *arg)
{
    struct session *x = ((void **)arg)[0];
    struct stream *under = ((void **)arg)[1], *s = NULL;
    auto_identity id = identity_of_kind(authority, x->kind, "mail.example.test");
    struct tls_server_config config = x->server_config;
    struct tls_context *context = x->shared;
    config.chain_pem = slice_of(id.chain_pem);
    config.key_pem = slice_of(id.key_pem);
    if (!context)
        ck_assert_int_eq(tls_server_context_new(&config, NULL, &context), 0);
    x->server_result =
        tls_open_server(under, context, &x->server, now() + SECONDS(60), &x->server_error, &s);
    if (s && x->serve)
        x->serve(s);
    stream_close(s ? s : under);
    if (context != x->shared)
        tls_context_free(context);
}

static inline void client_side(struct session *x, struct stream *under)
{
    struct stream *s = NULL;
    struct tls_context *context;
    struct tls_client_config config = { .ca_pem = x->insecure ? S("") : ca_pem(authority),
                                        .insecure = x->insecure,
                                        .chain_pem = x->client_chain,
                                        .key_pem = x->client_key };
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &context), 0);
    x->client_result =
        tls_open_client(under, context, &x->client, now() + SECONDS(60), &x->client_error, &s);
    if (s && x->talk)
        x->talk(s);
    stream_close(s ? s : under);
    tls_context_free(context);
}

static inline void session_task(void *arg)
{
    struct session *x = arg;
    struct stream *end[2];
    struct shape one = { .every = 1 };
    pair_open(end);
    if (x->trickle)
        for (int i = 0; i < 2; i++)
            end[i] = shape_open(end[i], &one, &one);
    struct task *server = task_spawn(server_task, ((void *[]) { x, end[1] }));
    client_side(x, end[0]);
    task_join(server);
}

static inline void session_run(struct session *x)
{
    sched_main(CLOCK_VIRTUAL, session_task, x);
}

static inline void expect_close_notify(struct stream *s)
{
    expect_end(s);
    ck_assert(tls_info(s)->close_notify_received);
}

#endif
