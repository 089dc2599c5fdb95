/* mailassay run: scenarios against a target. */
#include "baseline.h"
#include "commands.h"
#include "listen.h"
#include "next_hop.h"
#include "progress.h"
#include "run_output.h"
#include "session.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run_arguments {
    struct text_list targets, excludes, reports, words;
    const char *baseline, *colour, *source, *cacert, *name, *password_file, *password_command;
    const char *level, *shape;
    bool strict, insecure, starttls, fail_on_flaky, slow, keep, no_progress, disposable;
    int verbose, quiet;
    uint64_t jobs, seed;
    nsec timeout;
};
#define NO_SEED UINT64_MAX
static struct run_arguments args = { .seed = NO_SEED };

static const struct option_row rows[] = {
    { "target", 't', "FILE|URL",
      "target file, or URL such as imaps://me@host (repeat for several services)", OPTION_LIST,
      &args.targets },
    { "starttls", 0, NULL, "upgrade the clear services given as URLs with STARTTLS", OPTION_FLAG,
      &args.starttls },
    { "password-file", 0, "FILE", "password of the account given in URLs", OPTION_TEXT,
      &args.password_file },
    { "password-command", 0, "COMMAND", "a command that prints it", OPTION_TEXT,
      &args.password_command },
    { "cacert", 0, "FILE", "trust these certificates (PEM)", OPTION_TEXT, &args.cacert },
    { "tls-name", 0, "NAME", "the host name that certificates must carry", OPTION_TEXT,
      &args.name },
    { "insecure", 'k', NULL, "do not verify certificates (the report says so)", OPTION_FLAG,
      &args.insecure },
    { "source-address", 0, "ADDRESS", "connect from this address", OPTION_TEXT, &args.source },
    { "disposable", 0, NULL, "everything in the accounts may be deleted", OPTION_FLAG,
      &args.disposable },
    { "exclude", 'x', "SELECTOR", "leave these checks out", OPTION_LIST, &args.excludes },
    { "level", 0, "must|should|may", "run only checks of at least this level", OPTION_TEXT,
      &args.level },
    { "strict", 0, NULL, "a SHOULD that does not hold is a failure", OPTION_FLAG, &args.strict },
    { "baseline", 'b', "FILE", "expected failures", OPTION_TEXT, &args.baseline },
    { "fail-on-flaky", 0, NULL, "a flaky check is a failure", OPTION_FLAG, &args.fail_on_flaky },
    { "jobs", 'j', "N", "checks at once (1)", OPTION_NUMBER, &args.jobs },
    { "timeout", 0, "TIME", "of a step that says nothing else (10s)", OPTION_DURATION,
      &args.timeout },
    { "shape", 0, "SHAPE", "network shape: bytes, split=N or slow=TIME", OPTION_TEXT, &args.shape },
    { "slow", 0, NULL, "run checks that let a long time pass, too", OPTION_FLAG, &args.slow },
    { "seed", 0, "N", "fixes everything random", OPTION_NUMBER, &args.seed },
    { "keep-mail", 0, NULL, "do not remove what was brought", OPTION_FLAG, &args.keep },
    { "report", 'r', "FORMAT=PATH",
      "write a report: json, junit, junit-strict, tap, html, text, markdown (repeat for several)",
      OPTION_LIST, &args.reports },
    { "verbose", 'v', NULL, "name every check; twice: transcripts of all", OPTION_COUNT,
      &args.verbose },
    { "quiet", 'q', NULL, "failures and the summary only", OPTION_COUNT, &args.quiet },
    { "color", 0, "auto|always|never", "colours on the terminal", OPTION_TEXT, &args.colour },
    { "no-progress", 0, NULL, "no progress on stderr", OPTION_FLAG, &args.no_progress },
};
static const struct command_line line = {
    "run", "[-t TARGET]... [SELECTOR|FILE]...",
    "Runs the bundled scenarios that the selectors name (all without one) against the target.\n"
    "Selectors: a family (imap), a file (imap/idle), the id of a check, rfc9051, rfc9051:7.5.1,\n"
    "tag:WORD, level:must, proved-by:FAULT, * as a wildcard, or the path of a scenario file.\n"
    "Every option can come from the environment as MAILASSAY_OPTION.",
    rows, COUNT(rows)
};

const struct command_line *run_line(void)
{
    return &line;
}

/* ---- the target ---- */

static void say_password_source(struct target *t)
{
    if (!t->n_accounts)
        return;
    if (args.password_file) {
        t->accounts[0].source = PASSWORD_FILE;
        t->accounts[0].source_text = args.password_file;
    } else if (args.password_command) {
        t->accounts[0].source = PASSWORD_COMMAND;
        t->accounts[0].source_text = args.password_command;
    }
}

static int open_target(struct target *t, struct problems *problems, struct error *err)
{
    int r = 0;
    if (!args.targets.n)
        return error_set(err, ERR_USAGE, "no target; say -t FILE or -t URL (see docs/targets.md)");
    for (size_t i = 0; i < args.targets.n && r == 0; i++) {
        if (target_is_url(args.targets.v[i]))
            r = target_add_url(t, args.targets.v[i], err);
        else if (!target_load(args.targets.v[i], t, problems))
            return error_set(err, ERR_FILE, "the target file is not valid");
    }
    for (int i = 0; i < SERVICE_COUNT && args.starttls; i++)
        if (t->services[i].present && t->services[i].tls == TLS_MODE_NONE)
            t->services[i].tls = TLS_MODE_STARTTLS;
    say_password_source(t);
    if (args.cacert)
        t->ca_file = args.cacert;
    if (args.name)
        t->tls_name = args.name;
    if (args.source)
        t->source = args.source;
    t->insecure |= args.insecure;
    t->disposable |= args.disposable;
    if (args.targets.n && target_is_url(args.targets.v[0]))
        t->name = args.targets.v[0];
    return r;
}

/* ---- options of the session ---- */

static int parse_shape(const char *text, struct run_shape *ret, struct error *err)
{
    uint64_t n;
    if (strcmp(text, "bytes") == 0)
        ret->bytes = true;
    else if (strncmp(text, "split=", 6) == 0 && slice_to_u64(slice_of(text + 6), 1 << 20, &n) && n)
        ret->split = (size_t)n;
    else if (strncmp(text, "slow=", 5) != 0 || !duration_parse(slice_of(text + 5), &ret->slow))
        return error_set(err, ERR_USAGE, "--shape is bytes, split=N or slow=TIME, not \"%s\"",
                         text);
    return 0;
}

static int parse_level(enum level *ret, struct error *err)
{
    if (!args.level)
        return 0;
    if (level_parse(slice_of(args.level), ret) && *ret != LEVEL_NONE)
        return 0;
    return error_set(err, ERR_USAGE, "--level is must, should or may, not \"%s\"", args.level);
}

/* How this run is typed again for one check: the same target and the same network, in the shell's
   words. A command for a password may show it, so it is left to the reader. */
static const char *rerun_text(struct arena *arena, uint64_t seed)
{
    static const char *const matter[] = { "starttls",   "password-file", "cacert",
                                          "tls-name",   "insecure",      "source-address",
                                          "disposable", "shape",         "slow" };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    for (size_t i = 0; i < args.targets.n; i++) {
        buf_adds(&text, i ? " -t " : "-t ");
        add_quoted(&text, args.targets.v[i]);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool flag = rows[i].kind == OPTION_FLAG;
        bool matters = false;
        for (size_t k = 0; k < COUNT(matter); k++)
            matters |= strcmp(rows[i].name, matter[k]) == 0;
        if (!matters)
            continue;
        if (flag ? !*(bool *)rows[i].store : !*(const char **)rows[i].store)
            continue;
        buf_addf(&text, " --%s%s", rows[i].name, flag ? "" : " ");
        if (!flag)
            add_quoted(&text, *(const char **)rows[i].store);
    }
    buf_addf(&text, " --seed %llu", (unsigned long long)seed);
    return arena_str(arena, buf_slice(&text));
}

/* ---- running ---- */

struct job {
    struct session session;
    struct session_options options;
    struct target target;
    struct library library;
    struct run run;
    struct baseline baseline;
    struct progress progress;
    struct run_output output;
    struct arena arena;
    nsec began;
    struct error err;
    struct task *main;
    bool finished;
    sigset_t signals;
};

static void on_done(void *ctx, const struct result *r)
{
    struct job *j = ctx;
    if (strcmp(r->family, "invariant") != 0) /* they are no part of the plan that is counted */
        progress_done(&j->progress, r, now() - j->began);
}

static void watch_signals(void *arg)
{
    struct job *j = arg;
    int signo;
    if (task_wait_signal(&j->signals, NEVER, &signo) == WAKE_READY && !j->finished) {
        progress_say(&j->progress, "interrupted: cleaning up (once more: leave it as it is)");
        session_interrupt(&j->session);
        if (task_wait_signal(&j->signals, NEVER, &signo) == WAKE_READY && !j->finished)
            _exit(EXIT_INTERRUPTED); /* a target that hangs must not hold anybody */
    }
}

static void serve_hop(void *arg, struct stream *s)
{
    next_hop_serve(arg, s);
}

/* Listens where the target file says that the target relays to. */
static int open_next_hop(struct job *j, struct listener **ret)
{
    const char *where = j->target.next_hop;
    uint64_t port;
    *ret = NULL;
    if (!where)
        return 0;
    const char *colon = strrchr(where, ':');
    if (!colon || !slice_to_u64(slice_of(colon + 1), 65535, &port))
        return error_set(&j->err, ERR_FILE, "next-hop is ADDRESS:PORT, not \"%s\"", where);
    const char *address = arena_str(&j->arena, slice_make(where, (size_t)(colon - where)));
    j->session.next_hop = next_hop_new();
    struct listen_options options = {
        .address = address, .port = (uint16_t)port, .serve = serve_hop, .arg = j->session.next_hop
    };
    return listener_open(&options, &j->err, ret);
}

static void run_main(void *arg)
{
    struct job *j = arg;
    struct session *s = &j->session;
    struct listener *hop = NULL;
    struct task *watcher = task_spawn_named("signals", watch_signals, j);
    j->began = now();
    int r = open_next_hop(j, &hop);
    if (r == 0 && j->target.reset && j->target.disposable)
        r = target_command(j->target.reset, &j->err);
    if (r == 0)
        r = session_open(s, &j->err);
    if (r == 0) {
        baseline_apply(&j->baseline, s->run);
        progress_begin(&j->progress, &j->progress.options, (int)s->plan.n);
        session_run(s);
        baseline_apply(&j->baseline, s->run); /* the invariants' results have come only now */
        progress_end(&j->progress);
    } else {
        s->run->error = j->err;
    }
    j->finished = true;
    task_cancel(watcher);
    task_join(watcher);
    listener_close(hop);
    next_hop_free(s->next_hop);
    run_finish(s->run, now() - j->began);
}

static void describe(struct job *j, enum level level)
{
    run_init(&j->run);
    j->run.tool_version = MAILASSAY_VERSION;
    j->run.suite_version = MAILASSAY_VERSION;
    j->run.started = (nsec)time(NULL) * SECONDS(1);
    j->run.settings.level = level;
    j->run.settings.strict = args.strict;
    j->run.settings.fail_on_flaky = args.fail_on_flaky;
    j->run.baseline_file = args.baseline;
    j->options.seed = args.seed != NO_SEED ? args.seed : (uint64_t)time(NULL) % 1000000;
    j->options.rerun = rerun_text(&j->arena, j->options.seed);
    j->run.command_line = run_textf(&j->run, "mailassay run %s", j->options.rerun);
    /* More workers than checks have nothing to do. */
    size_t most = j->session.plan.n ? j->session.plan.n : 1;
    j->options.jobs = args.jobs < most ? (unsigned)(args.jobs ? args.jobs : 1) : (unsigned)most;
    j->options.timeout = args.timeout;
    j->options.slow = args.slow;
    j->options.keep = args.keep;
    j->options.shape_text = args.shape;
    j->options.done = on_done;
    j->options.ctx = j;
    j->session.library = &j->library;
    j->session.target = &j->target;
    j->session.options = &j->options;
    j->session.run = &j->run;
    j->progress.options = (struct progress_options) { .out = args.no_progress ? NULL : stderr,
                                                      .terminal = is_terminal(stderr),
                                                      .colour = wants_colour(stderr, args.colour) };
}

static int prepare(struct job *j)
{
    enum level level = LEVEL_NONE;
    struct text_list selectors = { 0 };
    int status = open_library(&j->library, &args.words, &selectors);
    int r = status ? 0 : parse_level(&level, &j->err);
    if (!status && r == 0)
        r = open_target(&j->target, &j->library.problems, &j->err);
    if (!status && r == 0 && args.shape)
        r = parse_shape(args.shape, &j->options.shape, &j->err);
    if (!status && r == 0)
        r = run_output_prepare(&j->output, &args.reports, &j->err);
    if (!status && r == 0 && args.baseline &&
        !baseline_load(&j->baseline, args.baseline, &j->library))
        r = error_set(&j->err, ERR_FILE, "the baseline is not valid");
    if (r == ERR_FILE && j->library.problems.list.n)
        status = say_problems(&j->library.problems);
    struct selection selection = { selectors.v, selectors.n, args.excludes.v, args.excludes.n,
                                   level };
    if (!status && r == 0)
        r = library_select(&j->library, &selection, &j->arena, &j->session.plan, &j->err);
    array_release(&selectors);
    if (status || r < 0)
        return status ? status : say_error(&j->err);
    describe(j, level);
    return 0;
}

static void release(struct job *j)
{
    session_close(&j->session);
    array_release(&j->session.plan);
    run_release(&j->run);
    baseline_release(&j->baseline);
    target_release(&j->target);
    library_release(&j->library);
    arena_release(&j->arena);
    array_release(&args.targets);
    array_release(&args.excludes);
    array_release(&args.reports);
    array_release(&args.words);
}

int cmd_run(int argc, char **argv)
{
    static struct job j;
    int r = options_parse(&line, argc, argv, &args.words, &j.err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&j.err);
    target_init(&j.target);
    int status = prepare(&j);
    if (!status) {
        hold_signals(&j.signals);
        sched_main(CLOCK_REAL, run_main, &j);
        j.output.verbosity = args.quiet ? -1 : args.verbose;
        j.output.colour = args.colour;
        status = run_output_write(&j.output, &j.run);
    }
    release(&j);
    return status;
}
