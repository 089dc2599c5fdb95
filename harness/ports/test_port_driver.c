#include "test_port_driver.h"
#include "certs.h"
#include <openssl/x509v3.h>
#include "reference.h"
#include "service.h"
#include "shape_stream.h"
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
    struct tls_context *script_tls, *web_tls;
    struct served *served[SERVED_MAX];
    size_t n_served;
    unsigned dialled;
    struct task *visitor;
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

static bool stay_quiet(struct stream *s, int millis)
{
    char c;
    ssize_t n = stream_read(s, &c, 1, now() + MILLIS(millis));
    if (n == IO_TIMEOUT)
        return true;
    stream_write_slice(s, S("599 you spoke first\r\n"), NEVER);
    return false;
}

static bool shake_hands(struct served *s, struct tls_context *as)
{
    struct stream *top;
    nsec deadline = now() + SECONDS(600);
    if (tls_open_server(s->stream, as, NULL, deadline, NULL, &top) < 0)
        return false;
    s->stream = top;
    return true;
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
    case 'A':
        return stream_read(s->stream, waste, sizeof waste, NEVER) > 0;
    case 'Q':
        return stay_quiet(s->stream, atoi(text));
    case 'T':
        return shake_hands(s, s->d->script_tls);
    case 'H':
        return shake_hands(s, s->d->web_tls);
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
    struct shape slow = { .delay = d->how->delay };
    *ret = slow.delay ? shape_open(ends[0], &slow, &slow) : ends[0];
    return 0;
}

/* ---- the visit ---- */

static void interrupt(void *arg)
{
    struct driver *d = arg;
    if (task_sleep(d->how->interrupt_at) == WAKE_TIMEOUT)
        task_cancel(d->visitor);
}

static struct tls_context *web_server(const struct ca *ca)
{
    static const char *const alpn[] = { "http/1.1", NULL };
    struct identity identity = identity_of_kind(ca, CERT_GOOD, TEST_HOST);
    struct tls_server_config config = { .chain_pem = slice_of(identity.chain_pem),
                                        .key_pem = slice_of(identity.key_pem),
                                        .alpn = alpn };
    struct tls_context *c;
    ck_assert_int_eq(tls_server_context_new(&config, NULL, &c), 0);
    identity_release(&identity);
    return c;
}

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
    d->web_tls = web_server(d->ca);
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
    d->visitor = task_self();
    struct task *interrupter =
        d->how->interrupt_at ? task_spawn_named("interrupter", interrupt, d) : NULL;
    port_visit_all(&options, rows, n, NULL, NULL);
    task_uncancel();
    if (interrupter)
        task_cancel(interrupter);
    task_join(interrupter);
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
    tls_context_free(d->web_tls);
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

static const char *const injection_names[] = { "not asked", "handshake failed", "discarded",
                                               "executed",  "refused",          "unclear" };
static const char *const certificate_names[] = { "not asked",    "same",    "other, fits",
                                                 "other, wrong", "refused", "unclear" };
static const char *const speaks_names[] = { "unknown", "clear", "TLS", "silence", "HTTP", "other" };

static const char *const survey_names[] = { "not asked", "refused", "accepted", "unclear" };

static void add_caps(struct buf *out, const char *what, const struct capabilities *caps)
{
    buf_addf(out, "%s: %s", what, caps->known ? "" : "not known");
    capabilities_text(caps, out);
    buf_addc(out, '\n');
}

static int days_until(const ASN1_TIME *t)
{
    int days = 0, seconds;
    ASN1_TIME_diff(&days, &seconds, NULL, t);
    return days + (seconds > 43200);
}

static bool has_partial_wildcard(X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const unsigned char *text =
            name->type == GEN_DNS ? ASN1_STRING_get0_data(name->d.dNSName) : NULL;
        found |= text && strchr((const char *)text, '*') && text[0] != '*';
    }
    GENERAL_NAMES_free(names);
    return found;
}

static void add_certificate(struct buf *out, const struct port_tls_facts *t)
{
    int digest = NID_undef;
    if (!t->certificate)
        return;
    X509_get_signature_info(t->certificate, &digest, NULL, NULL, NULL);
    buf_addf(out, "key bits: %d\nsigned with: %s\ndays left: %d\nchain of: %d\nchain: %d %s\n",
             EVP_PKEY_get_bits(X509_get0_pubkey(t->certificate)), OBJ_nid2sn(digest),
             days_until(X509_get0_notAfter(t->certificate)), sk_X509_num(t->chain), t->chain_code,
             t->chain_text);
    buf_addf(out, "name ok: %d\nDNS names: %d\npartial wildcard: %d\nmust staple: %d\n", t->name_ok,
             X509_get_ext_by_NID(t->certificate, NID_subject_alt_name, -1) >= 0,
             has_partial_wildcard(t->certificate), t->must_staple);
    buf_addf(out, "stapled: %s\nstaple: %d %s\n", seen_name(t->stapled), t->staple_good,
             t->staple_text);
}

static void add_tls(struct buf *out, const struct port_tls_facts *t)
{
    buf_addf(out, "TLS up: %d\nfailure: %s\nalert: %d\nsession: %s %s %s\nsignature: %s\n", t->up,
             t->failure, t->alert, t->version_name, t->cipher, t->group, t->signature);
    buf_addf(out, "extended master secret: %d\nclient certificate asked: %d\n",
             t->extended_master_secret, t->client_certificate_requested);
    add_certificate(out, t);
    buf_addf(out,
             "resumed: %s\nticket: %u\nearly data: %u\nclose_notify: %s\nhttp/1.1: %s\n"
             "chooses HTTP: %d\n",
             seen_name(t->resumed), t->ticket_lifetime, t->early_data, seen_name(t->close_notify),
             seen_name(t->alpn_foreign), t->chooses_http);
    buf_addf(out, "without name: %s\nunknown name: %s\n", certificate_names[t->without_name],
             certificate_names[t->unknown_name]);
}

static void add_dialogue(struct buf *out, const struct port_facts *f)
{
    add_caps(out, "offers in clear", &f->clear_caps);
    add_caps(out, "offers in TLS", &f->tls_caps);
    buf_addf(out, "STARTTLS offered: %s\nSTARTTLS works: %s\nSTARTTLS said: %s\nextra bytes: %d\n",
             seen_name(f->starttls_offered), seen_name(f->starttls_works), f->starttls_said,
             f->bytes_before_handshake);
    buf_addf(out, "STARTTLS listed in TLS: %s\nSTARTTLS taken in TLS: %s\n",
             seen_name(f->starttls_listed_in_tls), seen_name(f->starttls_taken_in_tls));
    buf_addf(out, "binding in clear: %d\n",
             caps_has_mechanism(&f->clear_caps, S("SCRAM-SHA-1-PLUS")));
    for (size_t i = 0; i < f->n_logins; i++)
        buf_addf(out, "%s: offered %s, taken %s: %s\n", f->logins[i].what,
                 seen_name(f->logins[i].offered), seen_name(f->logins[i].taken), f->logins[i].said);
    buf_addf(out,
             "other logins: %s\nLOGINDISABLED: %s\nwork in clear: %s\nwork said: %s\n"
             "login in TLS: %s\n",
             f->other_logins, seen_name(f->login_disabled), seen_name(f->work_in_clear),
             f->work_said, seen_name(f->login_in_tls));
    buf_addf(out, "injection: %s\ninjection said: %s\nfalls back: %s\n",
             injection_names[f->injection], f->injection_said, seen_name(f->falls_back));
    buf_addf(out, "REQUIRETLS in clear: %s\nREQUIRETLS in TLS: %s\nREQUIRETLS taken: %s\n",
             seen_name(f->requiretls_listed_in_clear), seen_name(f->requiretls_listed_in_tls),
             seen_name(f->requiretls_taken));
}

const char *facts_text(const struct port_facts *f, char text[FACTS_TEXT])
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    buf_addf(&out, "port: %u\nreach: %s\nerror: %s\naddress: %s\nconnections: %u\n", f->spec.port,
             port_reach_name(f->reach), f->error.text, f->address, f->connections);
    buf_addf(&out, "first: %s\nfirst text: %s\nspeaks: %s\nprotocol: %s\npreauth: %d\nAPOP: %d\n",
             first_bytes_name(f->first), f->first_text, speaks_names[f->speaks],
             f->protocol_known ? port_protocol_name(f->protocol_seen) : "not known",
             f->preauth + 2 * f->preauth_in_tls, f->apop);
    buf_addf(&out, "banner after: %lld ms\ntook: %lld ms\n", (long long)f->banner_after / 1000000,
             (long long)f->took / 1000000);
    add_dialogue(&out, f);
    add_tls(&out, &f->tls);
    buf_addf(&out, "old versions: %s 0x%04x\nweak suites: %s\n",
             survey_names[f->survey.old_versions], f->survey.old_version,
             survey_names[f->survey.weak_suites]);
    buf_addf(&out, "TLS 1.2: %s\n", survey_names[f->survey.version[SURVEY_TLS12]]);
    buf_addf(&out, "parity: %s\nparity text: %s\n", seen_name(f->parity), f->parity_text);
    buf_addf(&out, "foreign in TLS: %s\n", f->foreign_in_tls);
    if (f->broke_off)
        buf_addf(&out, "broke off: %s\n", f->broke_off);
    array_each (sentence, &f->unclear)
        buf_addf(&out, "unclear: %s\n", *sentence);
    snprintf(text, FACTS_TEXT, "%s", out.p);
    return text;
}
