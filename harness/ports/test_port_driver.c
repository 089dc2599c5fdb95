#include "test_port_driver.h"
#include "certs.h"
#include "reference.h"
#include "service.h"
#include <sys/socket.h>

enum { SERVED_MAX = 600, ROWS_MAX = 24 };

struct driver {
    const struct visiting *how;
    const int *ports;
    size_t n_ports;
    void (*look)(struct port_facts *rows, size_t n, void *arg);
    void *arg;
    struct reference *reference;
    struct ca *ca;
    struct tls_context *script_tls;
    struct served *served[SERVED_MAX];
    size_t n_served;
    unsigned dialled;
};

struct served {
    struct driver *d;
    struct stream *stream;
    enum service_id service;
    int family;
    const char *const *lines;
    struct task *task;
};

/* ---- scripted servers ---- */

static bool read_line_of(struct stream *s, const char *want)
{
    char line[2000], c;
    size_t n = 0;
    while (n < sizeof line && stream_read(s, &c, 1, now() + SECONDS(600)) == 1) {
        line[n++] = c;
        if (c == '\n') {
            if (slice_starts_nocase(slice_make(line, n), slice_of(want)))
                return true;
            n = 0;
        }
    }
    return false;
}

static bool do_line(struct served *s, const char *line)
{
    char waste[4096];
    const char *text = line[0] && line[1] ? line + 3 : "";
    nsec deadline = now() + SECONDS(600);
    switch (line[0]) {
    case 'S':
        return stream_write_slice(s->stream, slice_of(text), deadline) == 0 &&
               stream_write_slice(s->stream, S("\r\n"), deadline) == 0;
    case 'B':
        return stream_write_slice(s->stream, slice_of(text), deadline) == 0;
    case 'W':
        return task_sleep(now() + MILLIS(atoi(text))) == WAKE_TIMEOUT;
    case 'C':
        return read_line_of(s->stream, text);
    case 'L':
        while (stream_read(s->stream, waste, sizeof waste, NEVER) > 0)
            ;
        return false;
    case 'T': {
        struct stream *top;
        if (tls_open_server(s->stream, s->d->script_tls, NULL, deadline, NULL, &top) < 0)
            return false;
        s->stream = top;
        return true;
    }
    default:
        return false;
    }
}

static void serve_script(void *arg)
{
    struct served *s = arg;
    for (size_t i = 0; s->lines[i] && do_line(s, s->lines[i]); i++)
        ;
    stream_close(s->stream);
}

static void serve_reference(void *arg)
{
    struct served *s = arg;
    reference_serve(s->d->reference, s->service, s->stream,
                    s->family == AF_INET6 ? "2001:db8::5" : "192.0.2.5");
}

static int dial_driver(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
                       struct stream **ret)
{
    struct driver *d = ctx;
    const struct script *script = d->how->script;
    const char *const *lines = NULL;
    if (script)
        lines = d->dialled && script->later[0] ? script->later : script->lines;
    d->dialled++;
    if (lines && lines[0] && lines[0][0] == 'R')
        return error_set(err, ERR_REFUSED, "connection refused by the script");
    const struct service *service = service_at_port(where->port);
    if (!lines && !service)
        return error_set(err, ERR_REFUSED, "connection refused: nothing there");
    struct stream *ends[2];
    ck_assert(d->n_served < SERVED_MAX);
    struct served *s = d->served[d->n_served++] = NEW(struct served);
    pair_open(ends);
    *s = (struct served) { .d = d, .stream = ends[1], .family = where->family, .lines = lines };
    if (service)
        s->service = service->id;
    s->task = task_spawn_named("server", lines ? serve_script : serve_reference, s);
    *ret = ends[0];
    return 0;
}

/* ---- the visit ---- */

static void start_servers(struct driver *d)
{
    struct reference_options o = { .host_name = TEST_HOST };
    d->ca = ca_new("mailassay test authority");
    o.ca = d->ca;
    if (d->how->fault)
        ck_assert_msg(fault_add(&o.faults, slice_of(d->how->fault)), "%s", d->how->fault);
    for (size_t i = 0; i < COUNT(d->how->faults) && d->how->faults[i]; i++)
        ck_assert(fault_add(&o.faults, slice_of(d->how->faults[i])));
    ck_assert_int_eq(reference_new(&o, NULL, &d->reference), 0);
    d->script_tls = reference_tls_context(d->reference);
}

static size_t make_rows(const struct driver *d, struct port_facts *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_ports; i++) {
        int port = abs(d->ports[i]);
        const struct port_standard *s = port_standard((uint16_t)port);
        ck_assert_ptr_nonnull(s);
        struct port_spec spec = { .host = TEST_HOST,
                                  .port = s->port,
                                  .family = AF_INET,
                                  .protocol = s->protocol,
                                  .role = s->role,
                                  .mode = s->mode,
                                  .name = s->name };
        port_facts_init(&rows[n++], &spec);
        spec.family = AF_INET6;
        if (d->ports[i] < 0)
            port_facts_init(&rows[n++], &spec);
    }
    return n;
}

static void drive(void *arg)
{
    struct driver *d = arg;
    struct port_facts rows[ROWS_MAX];
    start_servers(d);
    struct tls_context *trust;
    struct tls_client_config config = { .ca_pem = ca_pem(d->ca) };
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &trust), 0);
    struct budget budget = { .max = 8 };
    struct port_options options = { .dialer = { dial_driver, d },
                                    .tls = trust,
                                    .budget = &budget,
                                    .full = d->how->full,
                                    .max_connections = d->how->max_connections,
                                    .timeout = d->how->timeout };
    size_t n = make_rows(d, rows);
    port_visit_all(&options, rows, n, NULL, NULL);
    ck_assert_uint_eq(budget.open, 0);
    d->look(rows, n, d->arg);
    for (size_t i = 0; i < n; i++)
        port_facts_release(&rows[i]);
    for (size_t i = 0; i < d->n_served; i++) {
        task_cancel(d->served[i]->task);
        task_join(d->served[i]->task);
        free(d->served[i]);
    }
    tls_context_free(trust);
    reference_free(d->reference);
    ca_free(d->ca);
}

void visit_ports(const struct visiting *how, const int *ports, size_t n,
                 void (*look)(struct port_facts *rows, size_t n, void *arg), void *arg)
{
    struct driver d = { .how = how, .ports = ports, .n_ports = n, .look = look, .arg = arg };
    sched_main(CLOCK_VIRTUAL, drive, &d);
}

/* ---- for messages ---- */

static void add_caps(struct buf *out, const char *what, const struct capabilities *caps)
{
    buf_addf(out, "%s%s: ", what, caps->known ? "" : " (not known)");
    capabilities_text(caps, out);
    buf_addc(out, '\n');
}

static void add_tls(struct buf *out, const struct port_tls_facts *t)
{
    buf_addf(out,
             "tls up %d failure %s alert %d %s %s group %s signed %s ems %d chain %d %s name %d "
             "asked %d stapled %s good %d (%s) must %d\n",
             t->up, t->failure, t->alert, t->version_name, t->cipher, t->group, t->signature,
             t->extended_master_secret, t->chain_code, t->chain_text, t->name_ok,
             t->client_certificate_requested, seen_name(t->stapled), t->staple_good, t->staple_text,
             t->must_staple);
    buf_addf(out, "resumed %s ticket %u early %u close_notify %s alpn %s no name %d unknown %d\n",
             seen_name(t->resumed), t->ticket_lifetime, t->early_data, seen_name(t->close_notify),
             seen_name(t->alpn_foreign), t->without_name, t->unknown_name);
}

const char *facts_text(const struct port_facts *f, char text[4000])
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    buf_addf(&out, "port %u %s, %u connections, %s: %s\n", f->spec.port, port_reach_name(f->reach),
             f->connections, f->error.text, f->address);
    buf_addf(&out, "first %s %s speaks %d protocol %s known %d preauth %d banner %lld took %lld\n",
             first_bytes_name(f->first), f->first_text, f->speaks,
             port_protocol_name(f->protocol_seen), f->protocol_known, f->preauth,
             (long long)f->banner_after, (long long)f->took);
    add_caps(&out, "clear", &f->clear_caps);
    add_caps(&out, "in TLS", &f->tls_caps);
    buf_addf(&out, "starttls offered %s works %s said %s before %d listed %s taken %s\n",
             seen_name(f->starttls_offered), seen_name(f->starttls_works), f->starttls_said,
             f->bytes_before_handshake, seen_name(f->starttls_listed_in_tls),
             seen_name(f->starttls_taken_in_tls));
    for (size_t i = 0; i < f->n_logins; i++)
        buf_addf(&out, "login %s offered %s taken %s: %s\n", f->logins[i].what,
                 seen_name(f->logins[i].offered), seen_name(f->logins[i].taken), f->logins[i].said);
    buf_addf(&out, "logindisabled %s work %s (%s) login in TLS %s injection %d (%s) back %s\n",
             seen_name(f->login_disabled), seen_name(f->work_in_clear), f->work_said,
             seen_name(f->login_in_tls), f->injection, f->injection_said, seen_name(f->falls_back));
    buf_addf(&out, "requiretls %s %s %s parity %s %s\n", seen_name(f->requiretls_listed_in_clear),
             seen_name(f->requiretls_listed_in_tls), seen_name(f->requiretls_taken),
             seen_name(f->parity), f->parity_text);
    add_tls(&out, &f->tls);
    array_each (sentence, &f->unclear)
        buf_addf(&out, "unclear: %s\n", *sentence);
    snprintf(text, 4000, "%s", out.p);
    return text;
}
