#include "own_target.h"
#include "dial.h"
#include "listen.h"
#include "next_hop.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <unistd.h>

enum { ACCOUNTS = 3, PASSWORD_BYTES = 9, QUOTA_OCTETS = 1 << 30, QUOTA_MESSAGES = 100000 };
static const char *const users[ACCOUNTS] = { "alice", "bob", "carol" };

void own_shared_init(struct own_shared *s)
{
    struct error err;
    s->ca = ca_new("mailassay test authority");
    struct reference_options options = { .ca = s->ca };
    if (reference_new(&options, &err, &s->model) < 0)
        s->model = NULL; /* then each makes its own */
}

void own_shared_release(struct own_shared *s)
{
    reference_free(s->model);
    ca_free(s->ca);
    *s = (struct own_shared) { 0 };
}

/* ---- connections in memory ---- */

struct served {
    struct served *next;
    struct own_target *own;
    struct stream *stream;
    enum service_id service;
    const char *peer; /* the client's address */
    struct task *task;
};

static void serve_memory(void *arg)
{
    struct served *s = arg;
    reference_serve(s->own->reference, s->service, s->stream, s->peer);
}

static void serve_next_hop_memory(void *arg)
{
    struct served *s = arg;
    next_hop_serve(s->own->next_hop, s->stream);
}

static struct stream *serve_end(struct own_target *o, enum service_id service, const char *peer,
                                void (*serve)(void *))
{
    struct stream *ends[2];
    struct served *s = NEW(struct served);
    pair_open(ends);
    *s = (struct served) {
        .next = o->served, .own = o, .stream = ends[1], .service = service, .peer = peer
    };
    o->served = s;
    s->task = task_spawn_named("server", serve, s);
    return ends[0];
}

struct stream *own_target_connect(struct own_target *o, enum service_id service, const char *peer)
{
    return serve_end(o, service, peer, serve_memory);
}

static int dial_memory(void *ctx, enum service_id service, const char *source, nsec deadline,
                       struct stream **ret, struct error *err)
{
    struct own_target *o = ctx;
    (void)source;
    (void)deadline;
    if (!o->reference)
        return error_set(err, ERR_NETWORK, "connection refused: the server is stopped");
    *ret = own_target_connect(o, service, "127.0.0.5");
    return 0;
}

static int dial_next_hop(void *arg, nsec deadline, struct error *err, struct stream **ret)
{
    struct own_target *o = arg;
    if (o->options.next_hop_port) {
        struct dial_options options = { .host = "127.0.0.1", .port = o->options.next_hop_port };
        return dial(&options, deadline, err, ret);
    }
    *ret = serve_end(o, SERVICE_SMTP, "127.0.0.1", serve_next_hop_memory);
    return 0;
}

static void join_served(struct own_target *o)
{
    while (o->served) {
        struct served *s = o->served;
        o->served = s->next;
        task_cancel(s->task);
        task_join(s->task);
        free(s);
    }
}

/* ---- sockets ---- */

struct port_arg {
    struct own_target *own;
    enum service_id service;
};

static void serve_socket(void *arg, struct stream *s)
{
    struct port_arg *p = arg;
    reference_serve(p->own->reference, p->service, s, "127.0.0.5");
}

static int listen_all(struct own_target *o, struct error *err)
{
    int r = 0;
    o->port_args = xcalloc(SERVICE_COUNT, sizeof *o->port_args);
    for (int i = 0; i < SERVICE_COUNT && r == 0; i++) {
        struct target_service *s = &o->target.services[i];
        o->port_args[i] = (struct port_arg) { o, (enum service_id)i };
        struct listen_options options = {
            .address = s->host, .port = s->port, .serve = serve_socket, .arg = &o->port_args[i]
        };
        if (!s->present)
            continue;
        r = listener_open(&options, err, &o->listeners[i]);
        if (r == 0)
            s->port = listener_port(o->listeners[i]);
    }
    return r;
}

/* ---- the target ---- */

static bool wanted(const struct own_options *o, int service)
{
    bool any = false;
    for (int i = 0; i < SERVICE_COUNT; i++)
        any |= o->only[i];
    return !any || o->only[service];
}

static void describe(struct own_target *o)
{
    struct target *t = &o->target;
    const struct own_options *options = &o->options;
    target_init(t);
    t->name = "mailassay reference servers";
    for (int i = 0; i < SERVICE_COUNT; i++) {
        uint16_t port = options->loopback ? options->ports[i] : services[i].port;
        t->services[i] = (struct target_service) {
            wanted(options, i), options->address ? options->address : "127.0.0.1", port,
            services[i].implicit_tls ? TLS_MODE_IMPLICIT : TLS_MODE_STARTTLS
        };
    }
    t->outside = "someone@elsewhere.example";
    t->disposable = true;
    t->accounts_work = true;
    t->max_connections = 200;
}

static const char *random_password(struct arena *arena)
{
    unsigned char bytes[PASSWORD_BYTES];
    auto_buf text;
    buf_init(&text, 64);
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        buf_addf(&text, "%02x", bytes[i]);
    return arena_str(arena, buf_slice(&text));
}

static void make_accounts(struct own_target *o)
{
    struct target *t = &o->target;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        struct target_account *a = &t->accounts[t->n_accounts++];
        a->user = users[i];
        a->password = o->options.password ? o->options.password : random_password(&t->arena);
        a->address = arena_printf(&t->arena, "%s@mailassay.test", users[i]);
    }
}

static bool has_tls_fault(const struct faults *faults)
{
    size_t n;
    const struct fault_row *rows = fault_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (fault_on(faults, (enum fault_id)i) && strcmp(rows[i].protocol, "tls") == 0)
            return true;
    return false;
}

static struct tls_context *shared_context(const struct own_target *o)
{
    const struct reference *model = o->options.shared->model;
    return model && !has_tls_fault(&o->options.faults) ? reference_tls_context(model) : NULL;
}

static int start_reference(struct own_target *o, struct error *err)
{
    struct reference_account accounts[ACCOUNTS];
    for (size_t i = 0; i < ACCOUNTS; i++)
        accounts[i] = (struct reference_account) { .user = o->target.accounts[i].user,
                                                   .password = o->target.accounts[i].password,
                                                   .address = o->target.accounts[i].address };
    struct reference_options options = { .faults = o->options.faults,
                                         .accounts = accounts,
                                         .n_accounts = ACCOUNTS,
                                         .journal_path = o->options.journal ? o->options.journal
                                                                            : o->journal_made,
                                         .ca = o->options.shared->ca,
                                         .quota_octets = QUOTA_OCTETS,
                                         .quota_messages = QUOTA_MESSAGES,
                                         .tls = shared_context(o),
                                         .clear_login = o->options.clear_login,
                                         .dial_next_hop = dial_next_hop,
                                         .dial_arg = o };
    return reference_new(&options, err, &o->reference);
}

static int restart(void *ctx, struct error *err)
{
    struct own_target *o = ctx;
    join_served(o);
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (o->listeners[i])
            listener_suspend(o->listeners[i]);
    reference_free(o->reference);
    o->reference = NULL;
    int r = start_reference(o, err);
    for (int i = 0; r == 0 && i < SERVICE_COUNT; i++)
        if (o->listeners[i])
            listener_resume(o->listeners[i]);
    return r;
}

/* A restart keeps the mail, so there must be a journal even when nobody asked for one. */
static int make_journal(struct own_target *o, struct error *err)
{
    char path[] = "/tmp/mailassay-journal-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        return error_set(err, ERR_INTERNAL, "cannot make a journal file in /tmp");
    close(fd);
    o->journal_made = xstrdup(path);
    return 0;
}

int own_target_open(struct own_target *o, const struct own_options *options, struct error *err)
{
    *o = (struct own_target) { .options = *options };
    describe(o);
    make_accounts(o);
    o->next_hop = next_hop_new();
    o->target.next_hop = options->next_hop_port ? arena_printf(&o->target.arena, "127.0.0.1:%u",
                                                               options->next_hop_port)
                                                : "(in this process)";
    int r = options->journal ? 0 : make_journal(o, err);
    if (r == 0)
        r = start_reference(o, err);
    if (r == 0)
        o->target.ca_pem = arena_str(&o->target.arena, ca_pem(options->shared->ca));
    o->target.tls_name = "mail.mailassay.test";
    o->target.restart = restart;
    if (r == 0 && options->loopback) {
        o->target.source = "127.0.0.5";
        r = listen_all(o, err);
    } else {
        o->target.dial = dial_memory;
    }
    o->target.restart_ctx = o;
    if (!options->loopback)
        o->target.dial_ctx = o;
    return r;
}

void own_target_close(struct own_target *o)
{
    for (int i = 0; i < SERVICE_COUNT; i++)
        listener_close(o->listeners[i]);
    join_served(o);
    reference_free(o->reference);
    next_hop_free(o->next_hop);
    if (o->journal_made)
        unlink(o->journal_made);
    free(o->journal_made);
    free(o->port_args);
    target_release(&o->target);
}
