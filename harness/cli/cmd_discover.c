/* mailassay discover: what is published about the mail settings of an address or domain. */
#include "clause.h"
#include "commands.h"
#include "discover.h"
#include "port_visit.h"
#include "run_output.h"
#include "style.h"
#include <string.h>
#include <time.h>

enum { MOST_OPEN = 8 };

static struct {
    struct text_list words, connect_to, reports;
    const char *autoconfig, *autodiscover, *mobileconfig;
    const char *resolver, *anchor, *cacert, *source, *colour;
    bool offline, no_check, no_guess, no_address, json, strict;
    int verbose, quiet;
    nsec timeout;
} args;

static const struct option_row rows[] = {
    { "autoconfig", 0, "FILE", "compare this autoconfig file (clientConfig), too", OPTION_TEXT,
      &args.autoconfig },
    { "autodiscover", 0, "FILE", "compare this Autodiscover answer (POX), too", OPTION_TEXT,
      &args.autodiscover },
    { "mobileconfig", 0, "FILE", "compare this .mobileconfig, too", OPTION_TEXT,
      &args.mobileconfig },
    { "offline", 0, NULL, "only files and bundled profiles: nothing is asked, nothing visited",
      OPTION_FLAG, &args.offline },
    { "no-check", 0, NULL, "do not visit the servers that are published", OPTION_FLAG,
      &args.no_check },
    { "no-guess", 0, NULL, "do not try imap.DOMAIN and its like", OPTION_FLAG, &args.no_guess },
    { "no-address", 0, NULL, "send the address nowhere, not even to hosts of its domain",
      OPTION_FLAG, &args.no_address },
    { "resolver", 0, "ADDRESS[@PORT]", "ask this DNS server, not the system's", OPTION_TEXT,
      &args.resolver },
    { "trust-anchor", 0, "FILE", "DS or DNSKEY records that DNSSEC begins at", OPTION_TEXT,
      &args.anchor },
    { "connect-to", 0, "HOST:PORT:ADDRESS:PORT",
      "reach a host and port elsewhere, web and mail (repeat for several)", OPTION_LIST,
      &args.connect_to },
    { "cacert", 0, "FILE", "trust these certificates (PEM), not the system's", OPTION_TEXT,
      &args.cacert },
    { "source-address", 0, "ADDRESS", "visit the mail servers from this address", OPTION_TEXT,
      &args.source },
    { "timeout", 0, "TIME", "of a question, a fetch and an answer (10s)", OPTION_DURATION,
      &args.timeout },
    { "strict", 0, NULL, "a SHOULD that does not hold is a failure", OPTION_FLAG, &args.strict },
    { "json", 0, NULL, "the answer as JSON on standard output", OPTION_FLAG, &args.json },
    { "report", 'r', "FORMAT=PATH",
      "write a report: json, junit, junit-strict, tap, html, text, markdown (repeat for several)",
      OPTION_LIST, &args.reports },
    { "verbose", 'v', NULL, "name what holds, too", OPTION_COUNT, &args.verbose },
    { "quiet", 'q', NULL, "findings and the verdict only", OPTION_COUNT, &args.quiet },
    { "color", 0, "auto|always|never", "colours on the terminal", OPTION_TEXT, &args.colour },
};
static const struct command_line line = {
    "discover", "EMAIL|DOMAIN",
    "Finds the mail settings of an address as mail clients do: SRV records, autoconfig (also by "
    "MX),\n"
    "Autodiscover, a mobileconfig file, the bundled profiles and the usual names; says where they\n"
    "contradict one another, what a client picks, and whether what they say works. The address "
    "goes\n"
    "to hosts of its own domain only (docs/discover.md).\n"
    "Exit status: 0 found and consistent, 1 contradictions or settings that do not work, 4 "
    "nothing\n"
    "found, 5 could not look. Every option can come from the environment as MAILASSAY_OPTION.",
    rows, COUNT(rows)
};

const struct command_line *discover_line(void)
{
    return &line;
}

struct job {
    struct arena arena;
    struct problems problems;
    struct clauses clauses;
    struct profile_list profiles;
    struct discover_options options;
    struct discovery discovery;
    struct port_options ports;
    struct port_network network;
    struct budget budget;
    struct tls_context *tls;
    struct dns *dns;
    struct run run;
    struct run_output output;
    struct error err;
    const char *typed; /* the command line */
    sigset_t signals;
};

/* ---- the run ---- */

static void look(void *arg)
{
    struct job *j = arg;
    struct discover_checking how = { &j->ports, j->options.connect_to };
    int r = discover_look(&j->options, &j->problems, &j->err, &j->discovery);
    if (r == 0)
        discover_compare(&j->discovery);
    if (r == 0 && !args.no_check && !args.offline)
        r = discover_check(&j->discovery, &how, &j->run, &j->err);
    if (r < 0) {
        j->run.error = j->err;
        return;
    }
    discover_choose(&j->discovery);
    discover_judge(&j->discovery, &j->clauses, &j->run);
}

static void discover_main(void *arg)
{
    struct job *j = arg;
    nsec began = now();
    run_interruptible(&j->signals, look, j, &j->run.interrupted);
    run_finish(&j->run, now() - began);
}

/* ---- before and after ---- */

static const char *const *as_list(struct arena *arena, const struct text_list *list)
{
    const char **v = arena_new_n(arena, const char *, list->n + 1);
    if (list->n)
        memcpy(v, list->v, list->n * sizeof *v);
    return v;
}

static void set_options(struct job *j)
{
    j->options = (struct discover_options) {
        .subject = args.words.v[0],
        .dns = j->dns,
        .profiles = &j->profiles,
        .autoconfig_file = args.autoconfig,
        .autodiscover_file = args.autodiscover,
        .mobileconfig_file = args.mobileconfig,
        .offline = args.offline,
        .no_address = args.no_address,
        .no_guess = args.no_guess,
        .ca_file = args.cacert,
        .connect_to = as_list(&j->arena, &args.connect_to),
        .timeout = args.timeout ? args.timeout : SECONDS(10),
    };
    j->budget.max = MOST_OPEN;
    j->network.source = args.source;
    j->ports = (struct port_options) { .dialer = { port_dial_network, &j->network },
                                       .tls = j->tls,
                                       .budget = &j->budget,
                                       .timeout = j->options.timeout };
}

static void describe_run(struct job *j)
{
    run_describe(&j->run, args.words.v[0], j->typed, args.strict);
    j->output.verbosity = args.quiet ? -1 : args.verbose;
    j->output.colour = args.colour;
}

static int prepare(struct job *j)
{
    struct tls_client_config tls = { .ca_file = args.cacert };
    struct dns_config dns = { .resolver = args.resolver, .trust_anchor = args.anchor };
    const char *root = library_root(&j->arena);
    if (args.words.n != 1)
        return error_set(&j->err, ERR_USAGE,
                         "one address or domain is wanted; see \"mailassay discover --help\"");
    if (!root)
        return error_set(&j->err, ERR_FILE,
                         "the scenarios were not found; set MAILASSAY_SCENARIOS to their folder");
    clauses_load(&j->clauses, arena_printf(&j->arena, "%s/clauses", root), &j->problems);
    if (!profiles_load(root, &j->profiles, &j->problems))
        return error_set(&j->err, ERR_FILE, "a bundled profile is not valid");
    int r = tls_client_context_new(&tls, &j->err, &j->tls);
    if (r == 0 && !args.offline)
        r = dns_open(&dns, &j->err, &j->dns);
    if (r == 0)
        r = run_output_prepare(&j->output, &args.reports, &j->err);
    set_options(j);
    describe_run(j);
    return r;
}

static int write_result(struct job *j)
{
    int status = j->run.exit_code;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (j->run.error.code == ERR_USAGE)
        return say_error(&j->run.error);
    if (run_output_save(&j->output, &j->run, &status))
        return status;
    struct style s = { &text, wants_colour(stdout, args.colour), terminal_width() };
    if (args.json)
        discover_json(&j->discovery, &j->run, &text);
    else
        discover_text(&s, &j->discovery, &j->run, j->output.verbosity);
    int own = write_stdout(buf_slice(&text));
    return own ? own : status;
}

static void release(struct job *j)
{
    discovery_release(&j->discovery);
    dns_close(j->dns);
    tls_context_free(j->tls);
    profiles_release(&j->profiles);
    run_release(&j->run);
    clauses_release(&j->clauses);
    problems_release(&j->problems);
    arena_release(&j->arena);
    array_release(&args.words);
    array_release(&args.connect_to);
    array_release(&args.reports);
}

int cmd_discover(int argc, char **argv)
{
    static struct job j;
    int r = options_parse(&line, argc, argv, &args.words, &j.err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&j.err);
    run_init(&j.run);
    j.typed = command_text(&j.arena, "discover", argc, argv);
    r = prepare(&j);
    int status = r == 0                               ? EXIT_GOOD
                 : r == ERR_FILE && j.problems.list.n ? say_problems(&j.problems)
                                                      : say_error(&j.err);
    if (r == 0) {
        hold_signals(&j.signals);
        sched_main(CLOCK_REAL, discover_main, &j);
        status = j.problems.list.n ? say_problems(&j.problems) : write_result(&j);
    }
    release(&j);
    return status;
}
