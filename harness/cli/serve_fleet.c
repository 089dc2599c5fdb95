#include "serve_fleet.h"
#include "commands.h"
#include "fleet.h"
#include "profile_words.h"
#include "state_folder.h"
#include "task.h"
#include <signal.h>
#include <string.h>

struct serving {
    const struct serve_fleet *options;
    const struct profile *profile;
    struct fleet_options fleet_options;
    ARRAY(struct fleet_port) ports;
    struct fleet *fleet;
    struct state_folder folder;
    struct arena arena;
    struct error err;
    sigset_t signals;
    int status;
};

/* HOST:PORT=PORT, an IPv6 host in brackets. */
static bool parse_port(struct serving *s, const char *text, struct fleet_port *ret)
{
    const char *equals = strrchr(text, '=');
    slice left = slice_make(text, equals ? (size_t)(equals - text) : 0), host = left;
    uint64_t published, port;
    size_t colon = SIZE_MAX;
    for (size_t i = 0; i < left.n; i++)
        colon = left.p[i] == ':' ? i : colon;
    if (!equals || colon == SIZE_MAX ||
        !slice_to_u64(slice_skip(left, colon + 1), 65535, &published) ||
        !slice_to_u64(slice_of(equals + 1), 65535, &port))
        return false;
    host = slice_sub(left, 0, colon);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = slice_sub(host, 1, host.n - 1);
    *ret = (struct fleet_port) { arena_str(&s->arena, host), (uint16_t)published, (uint16_t)port };
    return true;
}

static int parse_ports(struct serving *s)
{
    for (size_t i = 0; i < s->options->ports->n; i++) {
        struct fleet_port p;
        if (!parse_port(s, s->options->ports->v[i], &p))
            return error_set(&s->err, ERR_USAGE,
                             "--port with --profile is HOST:PORT=PORT, such as "
                             "imap.example.org:993=10993, not \"%s\"",
                             s->options->ports->v[i]);
        *array_push(&s->ports) = p;
    }
    return 0;
}

/* ---- what is written for clients ---- */

/* The first row of each service. */
static const struct fleet_row *first_row(const struct serving *s, const struct service *service)
{
    size_t n;
    const struct fleet_row *rows = fleet_rows(s->fleet, &n);
    for (size_t i = 0; i < n; i++) {
        const struct profile_service *p = rows[i].service;
        if (p && p->protocol == service->protocol && p->role == service->role &&
            (p->tls == TLS_MODE_IMPLICIT) == service->implicit_tls &&
            service->id != SERVICE_SMTP_ALT)
            return &rows[i];
    }
    return NULL;
}

static void describe(const struct serving *s, struct buf *out)
{
    size_t n;
    const struct fleet_account *accounts = fleet_accounts(s->fleet, &n);
    const char *address = s->options->address ? s->options->address : "127.0.0.1";
    autofree char *name = xprintf("fleet of %s", s->profile->name);
    buf_adds(out, "name: ");
    yaml_add_quoted(out, name);
    buf_addf(out, "\nhost: %s\nservices:\n", address);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct fleet_row *row = first_row(s, &services[i]);
        if (row)
            buf_addf(out, "  %s: {port: %u, tls: %s}\n", services[i].name, row->port,
                     tls_mode_names[row->service->tls]);
    }
    buf_adds(out, "tls: {ca: ");
    state_folder_add_path(&s->folder, "ca", ".pem", out);
    buf_addf(out, ", name: \"%s\"}\naccounts:\n", s->profile->services[0].host);
    for (size_t i = 0; i < n; i++) {
        buf_addf(out, "  - {user: \"%s\", address: \"%s\", password: {file: ", accounts[i].user,
                 accounts[i].address);
        state_folder_add_path(&s->folder, accounts[i].user, ".password", out);
        buf_adds(out, "}}\n");
    }
    buf_adds(out, "disposable: true\n");
    if (!strchr(address, ':')) /* the way to ::1 begins elsewhere */
        buf_adds(out, "source: 127.0.0.5\n");
}

static int write_passwords(struct serving *s)
{
    size_t n;
    const struct fleet_account *accounts = fleet_accounts(s->fleet, &n);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        autofree char *name = xprintf("%s.password", accounts[i].user);
        autofree char *text = xprintf("%s\n", accounts[i].password);
        r = state_folder_write(&s->folder, name, slice_of(text), &s->err);
    }
    return r;
}

static int publish(struct serving *s)
{
    auto_buf target, resolve;
    buf_init(&target, BUF_OURS);
    buf_init(&resolve, BUF_OURS);
    describe(s, &target);
    buf_addf(&resolve, "# %s: what is published, and where it is reached here\n",
             s->profile->title);
    fleet_resolve_text(s->fleet, &resolve);
    int r = state_folder_write(&s->folder, "ca.pem", fleet_ca_pem(s->fleet), &s->err);
    if (r == 0)
        r = write_passwords(s);
    if (r == 0)
        r = state_folder_write(&s->folder, "resolve", buf_slice(&resolve), &s->err);
    /* The last one: whoever waits for it finds the others. */
    if (r == 0)
        r = state_folder_write(&s->folder, "target.yaml", buf_slice(&target), &s->err);
    if (r == 0) {
        printf("%s# mailassay ports %s --resolve-file %s/resolve --cacert %s/ca.pem\n", resolve.p,
               s->options->profile, s->folder.path, s->folder.path);
        fflush(stdout);
    }
    return r;
}

static void serve_main(void *arg)
{
    struct serving *s = arg;
    int signo;
    int r = fleet_open(&s->fleet_options, &s->err, &s->fleet);
    if (r == 0)
        r = publish(s);
    if (r == 0)
        task_wait_signal(&s->signals, NEVER, &signo);
    fleet_close(s->fleet);
    s->status = r < 0 ? say_error(&s->err) : EXIT_GOOD;
}

static int prepare(struct serving *s, const struct serve_fleet *o)
{
    int r = parse_ports(s);
    if (r == 0 && s->profile->kind == PROFILE_OFFERS)
        r = state_folder_open(o->state, &s->folder, &s->err);
    s->fleet_options = (struct fleet_options) { .profile = s->profile,
                                                .faults = o->faults,
                                                .loopback = true,
                                                .address = o->address,
                                                .password = o->password,
                                                .clear_login = o->clear_login,
                                                .ports = s->ports.v,
                                                .n_ports = s->ports.n };
    return r;
}

int serve_fleet(const struct serve_fleet *o)
{
    struct serving s = { .options = o };
    struct profile_words words;
    int status = profile_words_open(&words);
    if (status == 0)
        status = profile_words_find(&words, o->profile, &s.profile);
    if (status == 0) {
        if (prepare(&s, o) < 0) {
            status = say_error(&s.err);
        } else {
            hold_signals(&s.signals);
            sched_main(CLOCK_REAL, serve_main, &s);
            status = s.status;
        }
    }
    array_release(&s.ports);
    arena_release(&s.arena);
    profile_words_release(&words);
    return status;
}
