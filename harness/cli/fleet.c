#include "fleet.h"
#include "certs.h"
#include "dial.h"
#include "listen.h"
#include "port_expect.h"
#include "reference.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS_MAX = 4 * PROFILE_SERVICES_MAX };

/* Rows that are served alike share an instance, and with it a store. */
struct crew {
    unsigned auth;
    bool clear; /* no TLS at all */
    struct reference *reference;
};

struct post {
    struct fleet *fleet;
    struct reference *reference;
    enum service_id service;
    struct listener *listener;
    int closed_socket; /* bound and not listening: connections to it are refused; or -1 */
};

/* One connection in memory. */
struct visitor {
    struct visitor *next;
    const struct post *post;
    struct stream *stream;
    struct task *task;
};

struct fleet {
    struct fleet_options options;
    struct arena arena;
    struct ca *ca;
    const char **names; /* of the certificate, NULL-terminated */
    const char *domain;
    struct fleet_row *rows;
    struct post *posts; /* parallel to rows */
    size_t n;
    ARRAY(struct crew) crews;
    struct fleet_account *accounts;
    size_t n_accounts;
    struct visitor *visitors;
};

/* ---- from a row to an instance ---- */

static enum service_id service_of(const struct profile_service *s)
{
    bool implicit = s->tls == TLS_MODE_IMPLICIT;
    switch (s->protocol) {
    case PROTOCOL_IMAP:
        return implicit ? SERVICE_IMAPS : SERVICE_IMAP;
    case PROTOCOL_POP3:
        return implicit ? SERVICE_POP3S : SERVICE_POP3;
    case PROTOCOL_LMTP:
        return SERVICE_LMTP;
    default:
        return s->role == ROLE_MX ? SERVICE_SMTP
               : implicit         ? SERVICE_SUBMISSIONS
                                  : SERVICE_SUBMISSION;
    }
}

/* NULL: all that there are, for a profile that does not say. */
static const char *mechanisms_of(struct fleet *f, unsigned auth)
{
    static const struct {
        unsigned bits;
        const char *mechanisms;
    } kinds[] = {
        { AUTH_ENCRYPTED_PASSWORD,
          " SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5" },
        { AUTH_OAUTH2, " OAUTHBEARER XOAUTH2" },
        { AUTH_PASSWORD | AUTH_APP_PASSWORD, " PLAIN LOGIN" },
        { AUTH_CLIENT_CERTIFICATE, " EXTERNAL" },
    };
    const char *all = "";
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (auth & kinds[i].bits)
            all = arena_printf(&f->arena, "%s%s", all, kinds[i].mechanisms);
    return auth ? all + (all[0] == ' ') : NULL;
}

static int make_crew(struct fleet *f, struct crew *c, struct error *err)
{
    struct reference_account accounts[8];
    for (size_t i = 0; i < f->n_accounts; i++)
        accounts[i] = (struct reference_account) { .user = f->accounts[i].user,
                                                   .password = f->accounts[i].password,
                                                   .address = f->accounts[i].address };
    struct reference_options o = {
        .faults = f->options.faults,
        .host_name = f->names[0],
        .names = f->names + 1,
        .domain = f->domain,
        .accounts = f->n_accounts ? accounts : NULL,
        .n_accounts = f->n_accounts,
        .ca = f->ca,
        .mechanisms = mechanisms_of(f, c->auth),
        .client_certificates = c->auth & AUTH_CLIENT_CERTIFICATE,
        .clear_login = c->clear || f->options.clear_login,
    };
    if (c->clear)
        fault_set(&o.faults, FAULT_TLS_STARTTLS_NOT_OFFERED);
    return reference_new(&o, err, &c->reference);
}

static int crew_of(struct fleet *f, const struct profile_service *s, struct error *err,
                   struct reference **ret)
{
    bool clear = s->tls == TLS_MODE_NONE;
    array_each (c, &f->crews)
        if (c->auth == s->auth && c->clear == clear) {
            *ret = c->reference;
            return 0;
        }
    struct crew *c = array_push(&f->crews);
    *c = (struct crew) { .auth = s->auth, .clear = clear };
    int r = make_crew(f, c, err);
    *ret = c->reference;
    return r;
}

/* ---- what all share ---- */

static void collect_names(struct fleet *f)
{
    const struct profile *p = f->options.profile;
    size_t n = 0;
    f->names = arena_new_n(&f->arena, const char *, p->n_services + 1);
    for (size_t i = 0; i < p->n_services; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known |= slice_eq_nocase(slice_of(f->names[k]), slice_of(p->services[i].host));
        if (!known)
            f->names[n++] = p->services[i].host;
    }
    f->domain = p->n_domains ? p->domains[0] : "mailassay.test";
}

static bool has_local_parts(const struct profile *p)
{
    for (size_t i = 0; i < p->n_services; i++)
        if (p->services[i].username == USERNAME_LOCAL_PART)
            return true;
    return false;
}

/* A user with a local part for a name can log in by the address, too. */
static int make_accounts(struct fleet *f, struct error *err)
{
    static const char *const users[] = { "alice", "bob", "carol" };
    bool local = has_local_parts(f->options.profile);
    struct reference *source;
    struct reference_options o = { .domain = f->domain, .ca = f->ca };
    int r = reference_new(&o, err, &source);
    if (r < 0)
        return r;
    size_t n;
    const struct reference_account *made = reference_accounts(source, &n);
    f->accounts = arena_new_n(&f->arena, struct fleet_account, COUNT(users));
    for (f->n_accounts = 0; f->n_accounts < COUNT(users) && f->n_accounts < n; f->n_accounts++) {
        struct fleet_account *a = &f->accounts[f->n_accounts];
        const char *password =
            f->options.password ? f->options.password : made[f->n_accounts].password;
        a->address = arena_printf(&f->arena, "%s@%s", users[f->n_accounts], f->domain);
        a->user = local ? users[f->n_accounts] : a->address;
        a->password = arena_str(&f->arena, slice_of(password));
    }
    reference_free(source);
    return 0;
}

static const struct profile_service *service_at(const struct profile *p,
                                                const struct port_spec *spec)
{
    for (size_t i = 0; i < p->n_services; i++)
        if (p->services[i].port == spec->port &&
            slice_eq_nocase(slice_of(p->services[i].host), slice_of(spec->host)))
            return &p->services[i];
    return NULL;
}

static int make_rows(struct fleet *f, struct error *err)
{
    struct port_spec specs[ROWS_MAX];
    size_t n = port_rows_of_profile(f->options.profile, specs, ROWS_MAX);
    n = n < ROWS_MAX ? n : ROWS_MAX;
    f->rows = arena_new_n(&f->arena, struct fleet_row, n + 1);
    f->posts = arena_new_n(&f->arena, struct post, n + 1);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        struct fleet_row *row = &f->rows[f->n];
        struct post *post = &f->posts[f->n++];
        row->spec = specs[i];
        row->service = service_at(f->options.profile, &specs[i]);
        *post = (struct post) { .fleet = f, .closed_socket = -1 };
        if (!row->service)
            continue;
        post->service = service_of(row->service);
        r = crew_of(f, row->service, err, &post->reference);
    }
    return r;
}

/* ---- sockets ---- */

static void serve_socket(void *arg, struct stream *s)
{
    const struct post *post = arg;
    reference_serve(post->reference, post->service, s, "127.0.0.5");
}

static const char *listen_address(const struct fleet *f)
{
    return f->options.address ? f->options.address : "127.0.0.1";
}

/* A port that refuses for as long as the fleet lives. */
static int hold_closed(struct fleet *f, size_t i, struct error *err)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };
    bool is_six = inet_pton(AF_INET6, listen_address(f), &six.sin6_addr) == 1;
    struct sockaddr *a = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t n = is_six ? sizeof six : sizeof four;
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->posts[i].closed_socket = fd;
    if ((!is_six && inet_pton(AF_INET, listen_address(f), &four.sin_addr) != 1) || fd < 0 ||
        bind(fd, a, n) < 0 || getsockname(fd, a, &n) < 0)
        return error_set(err, ERR_NETWORK, "cannot reserve a port of %s", listen_address(f));
    f->rows[i].port = ntohs(is_six ? six.sin6_port : four.sin_port);
    return 0;
}

static uint16_t wanted_port(const struct fleet *f, const struct port_spec *spec)
{
    for (size_t i = 0; i < f->options.n_ports; i++)
        if (f->options.ports[i].published == spec->port &&
            slice_eq_nocase(slice_of(f->options.ports[i].host), slice_of(spec->host)))
            return f->options.ports[i].port;
    return 0;
}

static int listen_all(struct fleet *f, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < f->n && r == 0; i++) {
        struct post *post = &f->posts[i];
        struct listen_options o = { .address = f->options.address,
                                    .port = wanted_port(f, &f->rows[i].spec),
                                    .serve = serve_socket,
                                    .arg = post };
        if (!post->reference) {
            r = hold_closed(f, i, err);
            continue;
        }
        r = listener_open(&o, err, &post->listener);
        if (r == 0)
            f->rows[i].port = listener_port(post->listener);
        else
            error_prefix(err, "%s:%u", f->rows[i].spec.host, f->rows[i].spec.port);
    }
    return r;
}

/* ---- in memory ---- */

static void serve_memory(void *arg)
{
    struct visitor *v = arg;
    reference_serve(v->post->reference, v->post->service, v->stream, "127.0.0.5");
}

static struct stream *dial_memory(struct fleet *f, const struct post *post)
{
    struct stream *ends[2];
    struct visitor *v = NEW(struct visitor);
    pair_open(ends);
    *v = (struct visitor) { .next = f->visitors, .post = post, .stream = ends[1] };
    f->visitors = v;
    v->task = task_spawn_named("server", serve_memory, v);
    return ends[0];
}

static void join_visitors(struct fleet *f)
{
    while (f->visitors) {
        struct visitor *v = f->visitors;
        f->visitors = v->next;
        task_cancel(v->task);
        task_join(v->task);
        free(v);
    }
}

int fleet_dial(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
               struct stream **ret)
{
    struct fleet *f = ctx;
    for (size_t i = 0; i < f->n; i++) {
        const struct post *post = &f->posts[i];
        if (!post->reference || f->rows[i].spec.port != where->port ||
            !slice_eq_nocase(slice_of(f->rows[i].spec.host), slice_of(where->host)))
            continue;
        if (f->options.loopback)
            return dial(
                &(struct dial_options) { .host = listen_address(f), .port = f->rows[i].port },
                deadline, err, ret);
        *ret = dial_memory(f, post);
        return 0;
    }
    return error_set(err, ERR_REFUSED, "connection refused by %s port %u", where->host,
                     where->port);
}

/* ---- the whole ---- */

static int check_profile(const struct profile *p, struct error *err)
{
    if (p->kind == PROFILE_REQUIRES)
        return error_set(err, ERR_USAGE,
                         "%s is a client: its profile says what servers must offer, and there is "
                         "nothing to play",
                         p->name);
    for (size_t i = 0; i < p->n_services; i++)
        if (!p->services[i].host || !p->services[i].port)
            return error_set(err, ERR_USAGE, "%s does not name host and port of every service",
                             p->name);
    return p->n_services ? 0 : error_set(err, ERR_USAGE, "%s offers nothing", p->name);
}

static int check_ports(const struct fleet *f, struct error *err)
{
    for (size_t i = 0; i < f->options.n_ports; i++) {
        const struct fleet_port *p = &f->options.ports[i];
        struct port_spec spec = { .host = p->host, .port = p->published };
        if (!service_at(f->options.profile, &spec))
            return error_set(err, ERR_USAGE, "--port: %s has no %s:%u", f->options.profile->name,
                             p->host, p->published);
    }
    return 0;
}

int fleet_open(const struct fleet_options *options, struct error *err, struct fleet **ret)
{
    int r = check_profile(options->profile, err);
    if (r < 0)
        return r;
    struct fleet *f = NEW(struct fleet);
    f->options = *options;
    f->ca = ca_new("mailassay fleet authority");
    collect_names(f);
    r = check_ports(f, err);
    if (r == 0)
        r = make_accounts(f, err);
    if (r == 0)
        r = make_rows(f, err);
    if (r == 0 && options->loopback)
        r = listen_all(f, err);
    if (r < 0) {
        fleet_close(f);
        return r;
    }
    *ret = f;
    return 0;
}

void fleet_close(struct fleet *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++) {
        listener_close(f->posts[i].listener);
        if (f->posts[i].closed_socket >= 0)
            close(f->posts[i].closed_socket);
    }
    join_visitors(f);
    array_each (c, &f->crews)
        reference_free(c->reference);
    array_release(&f->crews);
    ca_free(f->ca);
    arena_release(&f->arena);
    free(f);
}

const struct fleet_row *fleet_rows(const struct fleet *f, size_t *ret_n)
{
    *ret_n = f->n;
    return f->rows;
}

const struct fleet_account *fleet_accounts(const struct fleet *f, size_t *ret_n)
{
    *ret_n = f->n_accounts;
    return f->accounts;
}

slice fleet_ca_pem(const struct fleet *f)
{
    return ca_pem(f->ca);
}

static void add_endpoint(struct buf *out, const char *host, uint16_t port)
{
    bool six = strchr(host, ':') != NULL;
    buf_addf(out, "%s%s%s:%u", six ? "[" : "", host, six ? "]" : "", port);
}

void fleet_resolve_text(const struct fleet *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++) {
        add_endpoint(out, f->rows[i].spec.host, f->rows[i].spec.port);
        buf_addc(out, ' ');
        add_endpoint(out, listen_address(f), f->rows[i].port);
        buf_addc(out, '\n');
    }
}
