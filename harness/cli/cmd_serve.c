/* mailassay serve: the reference servers on loopback, for people who test clients. */
#include "commands.h"
#include "own_target.h"
#include "serve_fleet.h"
#include "state_folder.h"
#include "task.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct text_list faults, words, ports;
    const char *profile, *state, *address, *journal, *password_file;
    uint64_t next_hop;
    bool clear_login;
} args;

static const struct option_row rows[] = {
    { "profile", 0, "NAME|FILE", "play the ports of this provider (mailassay profiles)",
      OPTION_TEXT, &args.profile },
    { "fault", 'f', "NAME", "a defect to have (repeat for several; mailassay list --faults)",
      OPTION_LIST, &args.faults },
    { "port", 'p', "SERVICE=PORT",
      "the port of a service (a free one without); with --profile HOST:PORT=PORT", OPTION_LIST,
      &args.ports },
    { "address", 0, "ADDRESS", "listen there (127.0.0.1)", OPTION_TEXT, &args.address },
    { "clear-login", 0, NULL, "take passwords without TLS, too, for clients that know no better",
      OPTION_FLAG, &args.clear_login },
    { "state", 0, "FOLDER", "where target.yaml, ca.pem and the passwords go (and resolve)",
      OPTION_TEXT, &args.state },
    { "journal", 0, "FILE", "keep the mail in this file over restarts", OPTION_TEXT,
      &args.journal },
    { "next-hop", 0, "PORT", "relay to this port of 127.0.0.1, where a run listens (a free one)",
      OPTION_NUMBER, &args.next_hop },
    { "password-file", 0, "FILE", "one password for all accounts, from this file", OPTION_TEXT,
      &args.password_file },
};
static const struct command_line line = {
    "serve", "[SERVICE]...",
    "Starts the reference servers (all of them, or the services named: smtp smtp-alt submission\n"
    "submissions lmtp pop3 pop3s imap imaps) until interrupted. They share one store; the "
    "accounts\n"
    "are alice, bob and carol. Prints the target file that they are, once they listen. With "
    "--profile:\nservers that stand for all published ports of that provider.",
    rows, COUNT(rows)
};

const struct command_line *serve_line(void)
{
    return &line;
}

struct serving {
    struct own_target own;
    struct own_options options;
    struct state_folder folder;
    struct error err;
    int status;
    sigset_t signals;
};

static int parse_port(struct own_options *o, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    uint64_t port;
    const struct service *s =
        equals ? service_find(slice_make(text, (size_t)(equals - text))) : NULL;
    if (!s || !slice_to_u64(slice_of(equals + 1), 65535, &port))
        return error_set(err, ERR_USAGE, "--port is SERVICE=PORT, not \"%s\"", text);
    o->ports[s->id] = (uint16_t)port;
    return 0;
}

static int parse_fault(struct own_options *o, const char *name, struct error *err)
{
    if (fault_add(&o->faults, slice_of(name)))
        return 0;
    const char *near = fault_nearest(slice_of(name));
    return error_set(err, ERR_USAGE, "no fault is called \"%s\"%s%s%s", name,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int parse_service(struct own_options *o, const char *name, struct error *err)
{
    const struct service *s = service_find(slice_of(name));
    if (!s)
        return error_set(err, ERR_USAGE, "no service is called \"%s\"", name);
    o->only[s->id] = true;
    return 0;
}

static int read_password(struct own_options *o, struct error *err)
{
    static char text[256];
    FILE *f = args.password_file ? fopen(args.password_file, "re") : NULL;
    if (!args.password_file)
        return 0;
    if (!f || !fgets(text, sizeof text, f) || !(text[strcspn(text, "\r\n")] = '\0', text[0])) {
        if (f)
            fclose(f);
        return error_set(err, ERR_FILE, "cannot read a password from %s", args.password_file);
    }
    fclose(f);
    o->password = text;
    return 0;
}

/* A port that is free now, for the run that will listen there. */
static uint16_t free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &n) == 0;
    if (fd >= 0)
        close(fd);
    return good ? ntohs(a.sin_port) : 0;
}

static int parse_common(struct own_options *o, struct error *err)
{
    int r = read_password(o, err);
    for (size_t i = 0; i < args.faults.n && r == 0; i++)
        r = parse_fault(o, args.faults.v[i], err);
    return r;
}

static int parse_all(struct own_options *o, struct error *err)
{
    int r = parse_common(o, err);
    for (size_t i = 0; i < args.ports.n && r == 0; i++)
        r = parse_port(o, args.ports.v[i], err);
    for (size_t i = 0; i < args.words.n && r == 0; i++)
        r = parse_service(o, args.words.v[i], err);
    o->loopback = true;
    o->next_hop_port = args.next_hop ? (uint16_t)args.next_hop : free_port();
    if (args.next_hop > 65535)
        return error_set(err, ERR_USAGE, "--next-hop is a port, 1 to 65535");
    o->address = args.address;
    o->journal = args.journal;
    o->clear_login = args.clear_login;
    return r;
}

/* ---- what is written for clients ---- */

static void describe(struct serving *s, struct buf *out)
{
    const struct target *t = &s->own.target;
    buf_addf(out, "name: %s\nhost: %s\nservices:\n", t->name,
             s->options.address ? s->options.address : "127.0.0.1");
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (t->services[i].present)
            buf_addf(out, "  %s: {port: %u, tls: %s}\n", services[i].name, t->services[i].port,
                     tls_mode_names[t->services[i].tls]);
    buf_adds(out, "tls: {ca: ");
    state_folder_add_path(&s->folder, "ca", ".pem", out);
    buf_addf(out, ", name: %s}\naccounts:\n", t->tls_name);
    for (size_t i = 0; i < t->n_accounts; i++) {
        buf_addf(out, "  - {user: %s, address: %s, password: {file: ", t->accounts[i].user,
                 t->accounts[i].address);
        state_folder_add_path(&s->folder, t->accounts[i].user, ".password", out);
        buf_adds(out, "}}\n");
    }
    buf_addf(out, "outside: %s\nnext-hop: %s\ndisposable: true\n", t->outside, t->next_hop);
    if (!s->options.address || !strchr(s->options.address, ':'))
        buf_adds(out, "source: 127.0.0.5\n"); /* the way to ::1 begins elsewhere */
    buf_addf(out, "limits: {connections: %u}\n", t->max_connections);
}

/* Where `mailassay ports` finds what would be on the standard ports of this host. */
static void describe_routes(struct serving *s, struct buf *out)
{
    const struct target *t = &s->own.target;
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (t->services[i].present)
            buf_addf(out, "%s:%u %s:%u\n", t->tls_name, services[i].port,
                     s->options.address ? s->options.address : "127.0.0.1", t->services[i].port);
}

static int publish(struct serving *s)
{
    const struct target *t = &s->own.target;
    auto_buf text, routes;
    buf_init(&text, BUF_OURS);
    buf_init(&routes, BUF_OURS);
    describe(s, &text);
    describe_routes(s, &routes);
    int r = state_folder_write(&s->folder, "ca.pem", slice_of(t->ca_pem), &s->err);
    for (size_t i = 0; i < t->n_accounts && r == 0; i++) {
        autofree char *name = xprintf("%s.password", t->accounts[i].user);
        autofree char *content = xprintf("%s\n", t->accounts[i].password);
        r = state_folder_write(&s->folder, name, slice_of(content), &s->err);
    }
    if (r == 0)
        r = state_folder_write(&s->folder, "resolve", buf_slice(&routes), &s->err);
    if (r == 0)
        r = state_folder_write(&s->folder, "target.yaml", buf_slice(&text), &s->err);
    if (r == 0) {
        printf("# %s/target.yaml\n%s", s->folder.path, text.p);
        printf("# mailassay ports %s --resolve-file %s/resolve --cacert %s/ca.pem\n", t->tls_name,
               s->folder.path, s->folder.path);
        fflush(stdout);
    }
    return r;
}

static void serve_main(void *arg)
{
    struct serving *s = arg;
    int signo;
    int r = own_target_open(&s->own, &s->options, &s->err);
    if (r == 0)
        r = publish(s);
    if (r == 0)
        task_wait_signal(&s->signals, NEVER, &signo);
    own_target_close(&s->own);
    s->status = r < 0 ? say_error(&s->err) : EXIT_GOOD;
}

static int serve_profile(struct own_options *o, struct error *err)
{
    int r = parse_common(o, err);
    if (r == 0 && (args.words.n || args.journal || args.next_hop))
        r = error_set(err, ERR_USAGE,
                      "--profile says which services there are, and keeps no mail: it takes no "
                      "service, --journal or --next-hop");
    struct serve_fleet fleet = { .profile = args.profile,
                                 .state = args.state,
                                 .address = args.address,
                                 .password = o->password,
                                 .ports = &args.ports,
                                 .faults = o->faults,
                                 .clear_login = args.clear_login };
    return r < 0 ? say_error(err) : serve_fleet(&fleet);
}

int cmd_serve(int argc, char **argv)
{
    static struct serving s;
    struct own_shared shared;
    int r = options_parse(&line, argc, argv, &args.words, &s.err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&s.err);
    if (args.profile)
        return serve_profile(&s.options, &s.err);
    if (parse_all(&s.options, &s.err) < 0 || state_folder_open(args.state, &s.folder, &s.err) < 0)
        return say_error(&s.err);
    hold_signals(&s.signals);
    own_shared_init(&shared);
    s.options.shared = &shared;
    sched_main(CLOCK_REAL, serve_main, &s);
    own_shared_release(&shared);
    array_release(&args.words);
    array_release(&args.faults);
    array_release(&args.ports);
    return s.status;
}
