/* mailassay ports: the port/TLS matrix of a host, a domain or a profile. */
#include "clause.h"
#include "commands.h"
#include "dns_policy.h"
#include "port_expect.h"
#include "port_report.h"
#include "port_rows.h"
#include "port_visit.h"
#include "ports_account.h"
#include "ports_subject.h"
#include "run_output.h"
#include "step_table.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST_OPEN = 8 };

static struct {
    struct text_list words, ports, routes, reports, connect_to;
    const char *policy, *expect, *format, *cacert, *source, *route_file, *colour;
    const char *resolver, *anchor, *target;
    bool quick, full, ipv4, ipv6, strict, no_progress;
    int verbose, quiet;
    uint64_t most_open, rate, most_connections;
    nsec timeout, pace;
} args = { .policy = "rfc9325", .most_open = MOST_OPEN };

static const struct option_row rows[] = {
    { "ports", 'p', "LIST",
      "these ports: 25,993, service names, or SERVICE=PORT (the eight usual ones)", OPTION_LIST,
      &args.ports },
    { "quick", 0, NULL, "at most 5 connections a port (what happens without --full)", OPTION_FLAG,
      &args.quick },
    { "full", 0, NULL, "every version, cipher suite, group and signature scheme, too", OPTION_FLAG,
      &args.full },
    { "policy", 0, "NAME|FILE", "thresholds: rfc9325, ncsc-2025-05, mozilla-intermediate (rfc9325)",
      OPTION_TEXT, &args.policy },
    { "expect", 'e', "PROFILE|FILE",
      "what must be there: a profile, or an autoconfig, Autodiscover or mobileconfig file",
      OPTION_TEXT, &args.expect },
    { "target", 't', "FILE",
      "a target file: its account answers what needs a login, its services are the rows when "
      "nothing else is named",
      OPTION_TEXT, &args.target },
    { "ipv4", '4', NULL, "only IPv4", OPTION_FLAG, &args.ipv4 },
    { "ipv6", '6', NULL, "only IPv6", OPTION_FLAG, &args.ipv6 },
    { "resolve", 0, "HOST:PORT:ADDRESS[:PORT]", "reach a port elsewhere (repeat for several)",
      OPTION_LIST, &args.routes },
    { "resolve-file", 0, "FILE", "lines of HOST:PORT ADDRESS:PORT, as serve --profile writes them",
      OPTION_TEXT, &args.route_file },
    { "resolver", 0, "ADDRESS[@PORT]|system",
      "ask the DNS: a name with MX records is a domain then, and its policies are judged",
      OPTION_TEXT, &args.resolver },
    { "trust-anchor", 0, "FILE", "DS or DNSKEY records that DNSSEC begins at", OPTION_TEXT,
      &args.anchor },
    { "connect-to", 0, "HOST:PORT:ADDRESS:PORT", "reach a web host elsewhere (MTA-STS, autoconfig)",
      OPTION_LIST, &args.connect_to },
    { "cacert", 0, "FILE", "trust these certificates (PEM), not the system's", OPTION_TEXT,
      &args.cacert },
    { "source-address", 0, "ADDRESS", "connect from this address", OPTION_TEXT, &args.source },
    { "timeout", 0, "TIME", "of a connection and of an answer (10s)", OPTION_DURATION,
      &args.timeout },
    { "pace", 0, "TIME", "pause between two connections to one port", OPTION_DURATION, &args.pace },
    { "max-open", 0, "N", "connections open at once (8)", OPTION_NUMBER, &args.most_open },
    { "max-connections", 0, "N", "connections to one port in all (5; no limit with --full)",
      OPTION_NUMBER, &args.most_connections },
    { "rate", 0, "N", "new connections in a second (no limit)", OPTION_NUMBER, &args.rate },
    { "strict", 0, NULL, "a SHOULD that does not hold is a failure", OPTION_FLAG, &args.strict },
    { "format", 0, "table|json|nagios", "what goes to standard output (table)", OPTION_TEXT,
      &args.format },
    { "report", 'r', "FORMAT=PATH",
      "write a report: json, junit, junit-strict, tap, html, text, markdown (repeat for several)",
      OPTION_LIST, &args.reports },
    { "verbose", 'v', NULL, "name every question; twice: transcripts", OPTION_COUNT,
      &args.verbose },
    { "quiet", 'q', NULL, "findings and the summary only", OPTION_COUNT, &args.quiet },
    { "color", 0, "auto|always|never", "colours on the terminal", OPTION_TEXT, &args.colour },
    { "no-progress", 0, NULL, "no progress on stderr", OPTION_FLAG, &args.no_progress },
};
static const struct command_line line = {
    "ports", "HOST|DOMAIN|EMAIL|PROFILE",
    "Looks at the mail ports of a host (25 2525 587 465 110 995 143 993; 24 and 4190 on demand) "
    "and\n"
    "says what each really speaks: TLS mode, whether TLS is mandatory, passwords in clear, "
    "versions,\n"
    "certificate, injection behind STARTTLS. With a profile, an address or a domain: the hosts "
    "that\n"
    "it names. --expect makes published settings a test. Hands over no password and no mail.\n"
    "Every option can come from the environment as MAILASSAY_OPTION.",
    rows, COUNT(rows)
};

const struct command_line *ports_line(void)
{
    return &line;
}

struct job {
    struct arena arena;
    struct problems problems;
    struct clauses clauses;
    struct port_policy policy;
    struct ports_subject subject;
    struct library library; /* with --target only */
    struct target target;
    struct ports_lookup lookup;
    struct port_options options;
    struct port_network network;
    struct budget budget;
    struct tls_context *tls;
    struct port_facts *facts;
    size_t n_facts;
    struct run run;
    struct run_output output;
    struct error err;
    const char *typed, *again; /* the command line; without its reports, which another look keeps */
    sigset_t signals;
};

/* ---- the run ---- */

static void say_row(void *ctx, const struct port_facts *f)
{
    if (!args.no_progress)
        fprintf(stderr, "mailassay: %s port %u: %u connection%s\n", f->spec.host, f->spec.port,
                f->connections, f->connections == 1 ? "" : "s");
}

static void describe_target(struct job *j)
{
    bool loopback = j->n_facts > 0;
    for (size_t i = 0; i < j->n_facts; i++) {
        const struct port_facts *f = &j->facts[i];
        const char *a = f->spec.address;
        loopback &= a && (strncmp(a, "127.", 4) == 0 || strcmp(a, "::1") == 0);
        *array_push(&j->run.target.services) =
            (struct result_service) { run_text(&j->run, slice_of(f->spec.name ? f->spec.name : "")),
                                      run_text(&j->run, slice_of(f->spec.host)), f->spec.port,
                                      tls_mode_names[f->spec.mode] };
        j->run.connections += (int)f->connections;
        j->run.rate_limited |= f->reach == REACH_RATE_LIMITED;
    }
    j->run.target.loopback = loopback;
    j->run.target.source_address = j->network.source;
}

static void make_facts(struct job *j)
{
    struct port_rows *r = &j->subject.rows;
    j->facts = r->list.n ? arena_new_n(&j->arena, struct port_facts, r->list.n) : NULL;
    for (j->n_facts = 0; j->n_facts < r->list.n; j->n_facts++)
        port_facts_init(&j->facts[j->n_facts], &r->list.v[j->n_facts]);
}

static int judge_domain(struct job *j, int64_t when)
{
    struct dns_policy_options options = { .dns = j->lookup.dns,
                                          .clauses = &j->clauses,
                                          .timeout = j->options.timeout,
                                          .now = when,
                                          .ca_file = args.cacert,
                                          .connect_to = j->lookup.connect_to };
    return dns_policy_judge(&options, j->subject.domain, j->facts, j->n_facts, &j->run);
}

static void say_no_ipv6(struct job *j)
{
    struct result *r = run_add(&j->run, "ports/ipv6");
    r->family = "ports";
    r->title = "The IPv6 addresses are looked at, too";
    r->raw = OUTCOME_SKIP;
    r->reason = "this machine has no way to IPv6, so the host's IPv6 addresses were not looked at";
}

/* What was asked for and not done is no success. */
static void say_left_out(struct job *j)
{
    struct result *r = run_add(&j->run, "ports/left-out");
    r->family = "ports";
    r->title = "All ports that were asked for are looked at";
    r->raw = OUTCOME_ERROR;
    r->error = ERR_LIMIT;
    r->reason = run_textf(&j->run,
                          "one look takes %d ports, and %u more were asked for; look at them apart",
                          PORT_ROWS_MAX, j->subject.rows.left_out);
}

/* Whether a name is a domain decides whether its policies are judged, so that they were not is no
   silent matter. */
static void say_undecided(struct job *j)
{
    const struct error *why = &j->subject.undecided;
    struct result *r = run_add(&j->run, "ports/dns/mx");
    r->family = "ports";
    r->title = "The domain says who takes its mail";
    r->raw = OUTCOME_ERROR;
    r->error = why->code;
    r->reason = run_textf(&j->run,
                          "nobody knows whether %s is a domain, so it was taken for a host and no "
                          "policy was judged: %s",
                          args.words.v[0], why->text);
}

/* What a domain publishes is looked for; where it could not be had, ports may be missing. */
static void say_unseen(struct job *j)
{
    for (int i = 0; i < DISCOVER_SOURCES; i++) {
        const struct discover_source *s = &j->subject.discovery.sources[i];
        bool unseen = s->state == DISCOVER_BROKEN || s->state == DISCOVER_BLOCKED ||
                      s->state == DISCOVER_UNKNOWN;
        if (!unseen || s->id == DISCOVER_SRV) /* which has a policy of its own */
            continue;
        struct result *r =
            run_add(&j->run, run_textf(&j->run, "ports/published/%s", discover_name(s->id)));
        r->family = "ports";
        r->title = "The ports that the domain publishes are looked at";
        r->raw = OUTCOME_SKIP;
        r->reason =
            run_textf(&j->run, "%s could not be read (%s), so what it may name was not looked at",
                      discover_words(s->id), s->said);
    }
}

static int judge(struct job *j)
{
    int64_t when = (int64_t)time(NULL);
    int r = 0;
    port_judge_all(j->facts, j->n_facts, &j->policy, &j->clauses, when, &j->run);
    if (j->subject.rows.no_ipv6_route)
        say_no_ipv6(j);
    if (j->subject.rows.left_out)
        say_left_out(j);
    if (j->subject.expected)
        port_expect(j->subject.expected, j->facts, j->n_facts, &j->run);
    if (j->subject.domain) {
        r = judge_domain(j, when);
        say_unseen(j);
    } else if (j->subject.undecided.code) {
        say_undecided(j);
    }
    array_each (result, &j->run.results)
        if ((*result)->raw != OUTCOME_PASS && (*result)->raw != OUTCOME_SKIP)
            (*result)->rerun = j->again; /* long, where many ports are named */
    port_report_table(j->facts, j->n_facts, &j->policy, when, &j->run);
    port_report_survey(j->facts, j->n_facts, &j->run);
    return r;
}

/* Closed ports alone are no verdict on anything. */
static bool nothing_open(const struct job *j)
{
    for (size_t i = 0; i < j->n_facts; i++)
        if (j->facts[i].reach == REACH_OPEN)
            return false;
    return !j->run.interrupted;
}

static int say_nothing_open(struct job *j)
{
    const char *word = args.words.n ? args.words.v[0] : "";
    bool addresses = false, connected = false,
         plain = strpbrk(word, "ghijklmnopqrstuvwxyz") && !strchr(word, '@');
    for (size_t i = 0; i < j->n_facts; i++) {
        addresses |= j->facts[i].reach != REACH_NO_ADDRESS;
        connected |= j->facts[i].address != NULL;
    }
    const char *hint = plain && !args.resolver && !j->subject.expected
                           ? "; if it is a domain, say --resolver system"
                           : "";
    if (!addresses && j->subject.domain)
        return error_set(&j->err, ERR_NETWORK, "no server of %s has an address", j->subject.domain);
    if (!addresses)
        return error_set(&j->err, ERR_NETWORK, "%s has no address%s", j->run.target.name, hint);
    if (connected)
        return error_set(&j->err, ERR_RATE, "%s takes connections, and had enough of us",
                         j->run.target.name);
    if (j->n_facts == 1)
        return error_set(&j->err, ERR_NETWORK, "port %u of %s does not answer%s",
                         j->facts[0].spec.port, j->facts[0].spec.host, hint);
    return error_set(&j->err, ERR_NETWORK, "none of the %zu ports of %s answers%s", j->n_facts,
                     j->run.target.name, hint);
}

/* Which rows there are. */
static int open_subject(struct job *j)
{
    if (args.words.n)
        return ports_subject_open(&j->subject, args.words.v[0], args.expect, &args.ports,
                                  &j->lookup, &j->problems, &j->err);
    ports_account_rows(&j->target, &j->subject.rows);
    return args.ports.n ? ports_subject_keep(&j->subject, args.target, &args.ports, &j->err) : 0;
}

static int ask_account(struct job *j)
{
    if (!args.target || j->run.interrupted)
        return 0;
    int r = target_resolve_passwords(&j->target, &j->err);
    return r < 0
               ? r
               : ports_account_ask(&j->library, &j->target, j->facts, j->n_facts, &j->run, &j->err);
}

static int look(struct job *j)
{
    int r = open_subject(j);
    if (r < 0)
        return r;
    port_rows_resolve(&j->subject.rows, j->lookup.family, j->options.timeout);
    make_facts(j);
    port_visit_all(&j->options, j->facts, j->n_facts, say_row, j);
    describe_target(j);
    r = ask_account(j);
    if (r == 0)
        r = judge(j);
    if (r < 0)
        return r;
    if (!j->n_facts)
        return error_set(&j->err, ERR_NETWORK, "nothing says where the mail of %s is served",
                         j->run.target.name);
    return nothing_open(j) ? say_nothing_open(j) : 0;
}

static void look_and_judge(void *arg)
{
    struct job *j = arg;
    if (look(j) < 0)
        j->run.error = j->err;
}

static void ports_main(void *arg)
{
    struct job *j = arg;
    nsec began = now();
    run_interruptible(&j->signals, look_and_judge, j, &j->run.interrupted);
    run_finish(&j->run, now() - began);
}

/* ---- before and after ---- */

static int check_arguments(struct error *err)
{
    static const char *const formats[] = { "table", "json", "nagios" };
    if (args.words.n != 1 && (args.words.n || !args.target))
        return error_set(err, ERR_USAGE,
                         "one host, domain, address or profile is wanted; see "
                         "\"mailassay ports --help\"");
    if (args.quick && args.full)
        return error_set(err, ERR_USAGE, "--quick and --full exclude each other");
    if (args.ipv4 && args.ipv6)
        return error_set(err, ERR_USAGE,
                         "--ipv4 and --ipv6 exclude each other; without them both "
                         "are looked at");
    bool known = !args.format;
    for (size_t i = 0; i < COUNT(formats); i++)
        known |= args.format && strcmp(args.format, formats[i]) == 0;
    return known ? 0
                 : error_set(err, ERR_USAGE, "--format is table, json or nagios, not \"%s\"",
                             args.format);
}

static void set_options(struct job *j)
{
    j->budget.max = args.most_open ? (unsigned)args.most_open : 1;
    j->budget.rate = (double)args.rate;
    /* Many servers trust their own address: the target's source says where not to come from. */
    j->network.source = args.source ? args.source : j->target.source;
    j->options = (struct port_options) {
        .dialer = { port_dial_network, &j->network },
        .tls = j->tls,
        .budget = &j->budget,
        .full = args.full,
        .max_connections = (unsigned)args.most_connections,
        .timeout = args.timeout ? args.timeout : SECONDS(10),
        .pace = args.pace,
    };
    j->lookup.timeout = j->options.timeout;
    j->lookup.family = args.ipv4 ? AF_INET : args.ipv6 ? AF_INET6 : 0;
}

static void describe_run(struct job *j)
{
    const char *word = args.words.n ? args.words.v[0] : args.target ? args.target : "";
    const char *name = !args.words.n && j->target.name ? j->target.name : word;
    run_describe(&j->run, name, j->typed, args.strict);
    j->run.settings.jobs = (int)j->budget.max;
    j->output.verbosity = args.quiet ? -1 : args.verbose;
    j->output.colour = args.colour;
}

static int open_target(struct job *j)
{
    if (!args.target)
        return 0;
    if (!target_load(args.target, &j->target, &j->problems) ||
        !library_load(&j->library, library_root(&j->arena)))
        return error_set(&j->err, ERR_FILE, "the target file is not valid");
    return 0;
}

static int open_dns(struct job *j)
{
    bool system = args.resolver && strcmp(args.resolver, "system") == 0;
    struct dns_config config = { .resolver = system ? NULL : args.resolver,
                                 .trust_anchor = args.anchor };
    const char **connect_to = arena_new_n(&j->arena, const char *, args.connect_to.n + 1);
    if (args.connect_to.n)
        memcpy(connect_to, args.connect_to.v, args.connect_to.n * sizeof *connect_to);
    j->lookup.ca_file = args.cacert;
    j->lookup.connect_to = connect_to;
    if (!args.resolver && !(args.words.n && ports_subject_wants_dns(&j->subject, args.words.v[0])))
        return 0;
    return dns_open(&config, &j->err, &j->lookup.dns);
}

static int prepare(struct job *j)
{
    struct tls_client_config config = { 0 };
    const char *root = library_root(&j->arena);
    int r = check_arguments(&j->err);
    if (r == 0 && !root)
        r = error_set(&j->err, ERR_FILE,
                      "the scenarios were not found; set MAILASSAY_SCENARIOS to their folder");
    if (r == 0) {
        clauses_load(&j->clauses, arena_printf(&j->arena, "%s/clauses", root), &j->problems);
        r = port_policy_load(root, args.policy, &j->policy, &j->problems, &j->err);
    }
    if (r == 0)
        r = open_target(j);
    config.ca_file = args.cacert ? args.cacert : j->target.ca_file;
    if (r == 0)
        r = tls_client_context_new(&config, &j->err, &j->tls);
    for (size_t i = 0; r == 0 && i < args.routes.n; i++)
        r = port_route_parse(&j->subject.rows, args.routes.v[i], &j->err);
    if (r == 0 && args.route_file)
        r = port_routes_load(&j->subject.rows, args.route_file, &j->err);
    if (r == 0)
        r = run_output_prepare(&j->output, &args.reports, &j->err);
    if (r == 0)
        r = ports_subject_read(&j->subject, root, &j->problems, &j->err);
    if (r == 0)
        r = open_dns(j);
    set_options(j);
    describe_run(j);
    return r;
}

static bool for_monitoring(void)
{
    return args.format && strcmp(args.format, "nagios") == 0;
}

/* A monitoring plug-in has four statuses, and says in one line why it knows nothing. */
static int unknown_for_monitoring(const char *why)
{
    enum { NAGIOS_UNKNOWN = 3 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_adds(&text, "PORTS UNKNOWN - ");
    for (const char *c = why; *c; c++)
        buf_addc(&text, *c == '|' ? '/' : *c == '\n' ? ' ' : *c);
    buf_addc(&text, '\n');
    (void)write_stdout(buf_slice(&text));
    return NAGIOS_UNKNOWN;
}

static int say_and_tell_monitoring(const struct error *err)
{
    int status = say_error(err);
    return for_monitoring() ? unknown_for_monitoring(err->text) : status;
}

static int say_problems_and_tell_monitoring(const struct job *j)
{
    int status = say_problems(&j->problems);
    return for_monitoring() ? unknown_for_monitoring("a file is not valid, see stderr") : status;
}

static int write_result(struct job *j)
{
    int status = j->run.exit_code;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (run_output_save(&j->output, &j->run, &status))
        return for_monitoring() ? unknown_for_monitoring("a report could not be written") : status;
    if (for_monitoring()) {
        int own = port_report_nagios(j->facts, j->n_facts, &j->run, &text);
        status = status == EXIT_OURS ? 3 : own;
    } else if (args.format && strcmp(args.format, "json") == 0) {
        struct report_options o = { 0 };
        if (report_json(&j->run, &o, &text, &j->err) < 0)
            return say_error(&j->err);
    } else {
        struct style s = { &text, wants_colour(stdout, args.colour), terminal_width() };
        port_report_text(&s, &j->run, j->output.verbosity);
    }
    int own = write_stdout(buf_slice(&text));
    return own ? own : status;
}

static void release(struct job *j)
{
    for (size_t i = 0; i < j->n_facts; i++)
        port_facts_release(&j->facts[i]);
    ports_subject_release(&j->subject);
    dns_close(j->lookup.dns);
    target_release(&j->target);
    library_release(&j->library);
    port_policy_release(&j->policy);
    tls_context_free(j->tls);
    run_release(&j->run);
    clauses_release(&j->clauses);
    problems_release(&j->problems);
    arena_release(&j->arena);
    array_release(&args.words);
    array_release(&args.ports);
    array_release(&args.routes);
    array_release(&args.connect_to);
    array_release(&args.reports);
}

static const char *without_reports(struct arena *arena, int argc, char **argv)
{
    char **kept = arena_new_n(arena, char *, (size_t)argc + 1);
    int n = 0;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "--report") == 0)
            i++;
        else if (strncmp(argv[i], "-r", 2) != 0 && strncmp(argv[i], "--report=", 9) != 0)
            kept[n++] = argv[i];
    return command_text(arena, "ports", n, kept);
}

/* Of a command line that could not be read: monitoring takes the status of one for an alarm. */
static int say_wrong_words(int argc, char **argv, const struct error *err)
{
    const char *set = getenv("MAILASSAY_FORMAT");
    bool asked = set && strcmp(set, "nagios") == 0;
    for (int i = 0; i < argc; i++)
        asked |= strcmp(argv[i], "--format=nagios") == 0 ||
                 (strcmp(argv[i], "nagios") == 0 && i && strcmp(argv[i - 1], "--format") == 0);
    int status = say_error(err);
    return asked ? unknown_for_monitoring(err->text) : status;
}

int cmd_ports(int argc, char **argv)
{
    static struct job j;
    int r = options_parse(&line, argc, argv, &args.words, &j.err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_wrong_words(argc, argv, &j.err);
    run_init(&j.run);
    j.typed = command_text(&j.arena, "ports", argc, argv);
    j.again = without_reports(&j.arena, argc, argv);
    target_init(&j.target);
    library_init(&j.library, &step_kinds);
    r = prepare(&j);
    int status = r == 0                               ? EXIT_GOOD
                 : r == ERR_FILE && j.problems.list.n ? say_problems_and_tell_monitoring(&j)
                                                      : say_and_tell_monitoring(&j.err);
    if (r == 0) {
        hold_signals(&j.signals);
        sched_main(CLOCK_REAL, ports_main, &j);
        bool wrong_words = j.run.error.code == ERR_USAGE || j.run.error.code == ERR_FILE;
        status = j.problems.list.n ? say_problems_and_tell_monitoring(&j)
                 : wrong_words     ? say_and_tell_monitoring(&j.run.error)
                                   : write_result(&j);
    }
    release(&j);
    return status;
}
