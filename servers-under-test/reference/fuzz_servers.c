/* Whatever octets come on a connection, every server ends its session, and in an orderly way. The
   first octet chooses the service, the next two a fault (beyond the table: none). */
#include "fault.h"
#include "next_hop.h"
#include "server_tls.h"
#include "store.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct reference *ref;
    enum service_id service;
    slice input;
    struct stream *server;
};

static void serve(void *arg)
{
    struct run *r = arg;
    reference_serve(r->ref, r->service, r->server, "2001:db8::7");
}

/* Sends everything, ends, and reads to the server's end. */
static void converse(void *arg)
{
    struct run *r = arg;
    struct stream *ends[2];
    char text[4096];
    pair_open(ends);
    r->server = ends[1];
    struct task *t = task_spawn(serve, r);
    ssize_t n = stream_read(ends[0], text, sizeof text, now() + SECONDS(60));
    (void)n;
    if (stream_write_slice(ends[0], r->input, now() + SECONDS(60)) == 0)
        stream_half_close(ends[0], now() + SECONDS(60));
    while (stream_read(ends[0], text, sizeof text, now() + SECONDS(4000)) > 0)
        ;
    stream_close(ends[0]);
    task_join(t);
}

/* Making certificates for each input would cost more than all the rest. */
static struct tls_context *shared_context(void)
{
    static struct server_tls tls;
    if (!tls.context)
        assert(server_tls_init(&tls, &(struct reference_options) { 0 }, "localhost", NULL) == 0);
    return tls.context;
}

struct whole {
    const uint8_t *data;
    size_t size;
};

static void run(void *arg)
{
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL },
                                                         { "bob", "pw", NULL, NULL } };
    const struct whole *w = arg;
    struct next_hop *hop = next_hop_new();
    struct reference_options o = { .accounts = accounts,
                                   .n_accounts = 2,
                                   .tls = shared_context(),
                                   .anonymous = true,
                                   .size_max = 65536,
                                   .dial_next_hop = next_hop_dial,
                                   .dial_arg = hop };
    fault_set(&o.faults, FAULT_TLS_IMPLICIT_PLAIN);
    fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    unsigned fault = w->data[1] | (unsigned)w->data[2] << 8;
    if (fault < FAULT_COUNT)
        fault_set(&o.faults, (enum fault_id)fault);
    struct run r = { .service = (enum service_id)(w->data[0] % SERVICE_COUNT),
                     .input = slice_make(w->data + 3, w->size - 3) };
    assert(reference_new(&o, NULL, &r.ref) == 0);
    struct new_message m = { .bytes = S("Subject: x\r\n\r\n.\r\n") };
    mailbox_append(account_inbox(reference_find_user(r.ref, S("alice"))), &m, NULL);
    converse(&r);
    reference_free(r.ref);
    next_hop_free(hop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct whole w = { data, size };
    if (size > 3)
        sched_main(CLOCK_VIRTUAL, run, &w);
    return 0;
}
