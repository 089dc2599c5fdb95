/* mailassay selftest: the whole library against the clean reference servers, then every check
   against the faults that it says prove it (design section 6). */
#include "commands.h"
#include "invariant.h"
#include "own_target.h"
#include "port_column.h"
#include "selftest_ports.h"
#include "session.h"
#include <string.h>
#include <unistd.h>

static struct {
    bool loopback, matrix, no_faults;
    int verbose;
    struct text_list words, excludes;
    uint64_t seed;
} args;

static const struct option_row rows[] = {
    { "loopback", 0, NULL,
      "over sockets and in real time, instead of in memory on the virtual clock", OPTION_FLAG,
      &args.loopback },
    { "matrix", 'm', NULL, "print the kill matrix: each fault, the check that it fails, and how",
      OPTION_FLAG, &args.matrix },
    { "clean-only", 0, NULL, "only the clean servers, no faults", OPTION_FLAG, &args.no_faults },
    { "exclude", 'x', "SELECTOR", "leave these out", OPTION_LIST, &args.excludes },
    { "seed", 0, "N", "fixes everything random (1)", OPTION_NUMBER, &args.seed },
    { "verbose", 'v', NULL, "name every check; twice: transcripts of what is wrong", OPTION_COUNT,
      &args.verbose },
};
static const struct command_line line = {
    "selftest", "[SELECTOR]...",
    "Runs the library (and the columns of the port matrix: \"ports\") against the clean reference\n"
    "servers, where every check must pass, then "
    "every\n"
    "check against each fault that it names, where it must fail. A fault that no check names, a "
    "check\n"
    "without a fault, and a fault that is survived make it fail.",
    rows, COUNT(rows)
};

const struct command_line *selftest_line(void)
{
    return &line;
}

struct selftest {
    struct library library;
    struct own_shared shared;
    struct planned_list plan; /* every variant that was selected */
    struct arena arena;
    struct proof_counts counts;
    unsigned unnamed;
    bool *fault_seen; /* named by a check or an invariant */
    nsec began;
    struct error err;
    bool whole; /* nothing was left out by selectors */
    bool checks_wanted, columns_wanted;
    struct text_list columns; /* of the port matrix; none: all */
};

/* ---- one run against one server ---- */

enum verdict { VERDICT_PASS, VERDICT_SKIP, VERDICT_FAIL, VERDICT_ERROR };

struct trial {
    enum verdict verdict;
    char text[520];
    bool invariant_broken; /* of the one that was asked for */
};

static void print_transcript(const struct result *r)
{
    static const char *const marks[2][3] = { { "->", "<-", "--" }, { "~>", "<~", "--" } };
    for (size_t i = 0; i < r->transcript.n; i++) {
        const struct result_event *e = &r->transcript.v[i];
        printf("      %8.3f %-8s %s %s\n", (double)e->at / 1e9, e->device, marks[e->tls][e->kind],
               e->text);
    }
}

static void judge(const struct result *r, struct trial *t)
{
    switch (r->raw) {
    case OUTCOME_PASS:
        t->verdict = VERDICT_PASS;
        break;
    case OUTCOME_SKIP:
        t->verdict = VERDICT_SKIP;
        break;
    case OUTCOME_FAIL:
    case OUTCOME_WARN:
    case OUTCOME_NOTE:
        t->verdict = VERDICT_FAIL;
        break;
    default:
        t->verdict = VERDICT_ERROR;
        break;
    }
    snprintf(t->text, sizeof t->text, "%s",
             r->failure  ? r->failure->message
             : r->reason ? r->reason
                         : "");
}

/* A server of its own for every trial: no trial can spoil another. */
static void try_once(struct selftest *st, const struct planned *planned,
                     const struct faults *faults, const char *invariant, bool show,
                     struct trial *ret)
{
    struct own_target own;
    struct run run;
    struct session_options options = { .jobs = 1,
                                       .seed = args.seed ? args.seed : 1,
                                       .slow = !args.loopback };
    struct session session = { .library = &st->library, .options = &options, .run = &run };
    struct own_options own_options = { .shared = &st->shared,
                                       .faults = *faults,
                                       .loopback = args.loopback };
    run_init(&run);
    *ret = (struct trial) { .verdict = VERDICT_ERROR };
    int r = own_target_open(&own, &own_options, &st->err);
    if (r == 0) {
        session.target = &own.target;
        session.next_hop = own.next_hop;
        *array_push(&session.plan) = *planned;
        r = session_open(&session, &st->err);
    }
    if (r == 0) {
        session_run(&session);
        judge(run.results.v[0], ret);
        const struct result *rule = invariant ? run_find(&run, invariant) : NULL;
        for (size_t i = 1; i < run.results.n; i++)
            if (run.results.v[i]->raw != OUTCOME_PASS) {
                if (!invariant && faults_empty(faults))
                    judge(run.results.v[i], ret);
                if (run.results.v[i] == rule) {
                    judge(rule, ret);
                    ret->invariant_broken = true;
                }
            }
        if (show)
            print_transcript(run.results.v[0]);
    } else {
        snprintf(ret->text, sizeof ret->text, "%s", st->err.text);
    }
    session_close(&session);
    own_target_close(&own);
    array_release(&session.plan);
    run_release(&run);
}

/* ---- the clean servers ---- */

static const char *const verdict_names[] = { "pass", "skip", "FAIL", "error" };

/* A check passes when at least one variant does and none does anything worse than skip. */
static void clean_check(struct selftest *st, size_t first, size_t end)
{
    struct faults none = { 0 };
    bool any = false, good = true;
    for (size_t i = first; i < end; i++) {
        struct trial t;
        try_once(st, &st->plan.v[i], &none, NULL, false, &t);
        any |= t.verdict == VERDICT_PASS;
        bool bad = t.verdict == VERDICT_FAIL || t.verdict == VERDICT_ERROR;
        good &= !bad;
        if (bad || args.verbose)
            printf("%-5s %s %s\n", verdict_names[t.verdict], st->plan.v[i].id, t.text);
        if (bad && args.verbose > 1)
            try_once(st, &st->plan.v[i], &none, NULL, true, &t);
    }
    if (!any && good)
        printf("SKIP  %s: no variant of it ran\n", st->plan.v[first].check->id);
    st->counts.checks++;
    st->counts.passed += any && good;
    fflush(stdout);
}

/* ---- the faults ---- */

static void print_kill(const char *fault, const char *by, const struct trial *t, bool killed)
{
    if (!killed)
        printf("SURVIVED %-44s %s: %s%s%s\n", fault, by, verdict_names[t->verdict],
               t->text[0] ? ": " : "", t->text);
    else if (args.matrix || args.verbose)
        printf("killed   %-44s %s: %s\n", fault, by, t->text);
    fflush(stdout);
}

static void prove_check(struct selftest *st, size_t first, size_t end)
{
    const struct check *c = st->plan.v[first].check;
    const struct fault_row *rows_of_faults = fault_rows(&(size_t) { 0 });
    for (size_t f = 0; f < c->n_faults; f++) {
        struct faults faults = { 0 };
        struct trial t = { 0 }, worst = { .verdict = VERDICT_PASS };
        bool killed = false;
        size_t i;
        fault_set(&faults, c->faults[f]);
        st->fault_seen[c->faults[f]] = true;
        for (i = first; i < end && !killed; i++) {
            try_once(st, &st->plan.v[i], &faults, NULL, false, &t);
            killed = t.verdict == VERDICT_FAIL;
            if (t.verdict > worst.verdict)
                worst = t;
        }
        st->counts.faults++;
        st->counts.killed += killed;
        st->counts.survived += !killed;
        print_kill(rows_of_faults[c->faults[f]].name, c->id, killed ? &t : &worst, killed);
        if (!killed && args.verbose > 1)
            try_once(st, &st->plan.v[i - 1], &faults, NULL, true, &t);
    }
    st->counts.unproved += c->n_faults == 0;
    if (!c->n_faults)
        printf("UNPROVED %s names no fault\n", c->id);
}

static bool is_selected(const struct selftest *st, const struct check *c, size_t *ret_first)
{
    for (size_t i = 0; i < st->plan.n; i++)
        if (st->plan.v[i].check == c) {
            *ret_first = i;
            return true;
        }
    return false;
}

static void prove_invariant(struct selftest *st, const struct invariant *rule)
{
    struct faults faults = { 0 };
    struct trial t = { 0 };
    size_t n, first = 0;
    const struct fault_row *all = fault_rows(&n);
    const struct check *proof = library_find(&st->library, slice_of(rule->proof));
    if (!st->whole && (!proof || !is_selected(st, proof, &first)))
        return;
    st->counts.checks++;
    st->counts.passed++; /* a clean run that breaks a rule fails the check that showed it */
    if (!proof || !is_selected(st, proof, &first) || !fault_add(&faults, slice_of(rule->fault))) {
        printf("UNPROVED %s: there is no check %s or no fault %s\n", rule->id, rule->proof,
               rule->fault);
        st->counts.unproved++;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, rule->fault) == 0)
            st->fault_seen[i] = true;
    try_once(st, &st->plan.v[first], &faults, rule->id, false, &t);
    st->counts.faults++;
    st->counts.killed += t.invariant_broken;
    st->counts.survived += !t.invariant_broken;
    print_kill(rule->fault, rule->id, &t, t.invariant_broken);
}

static void unnamed_faults(struct selftest *st)
{
    size_t n;
    const struct fault_row *all = fault_rows(&n);
    for (size_t i = 0; st->whole && i < n; i++)
        if (!st->fault_seen[i]) {
            printf("UNNAMED  %s: no check names this fault\n", all[i].name);
            st->unnamed++;
        }
}

/* ---- all of it ---- */

static size_t end_of_check(const struct selftest *st, size_t first)
{
    size_t end = first;
    while (end < st->plan.n && st->plan.v[end].check == st->plan.v[first].check)
        end++;
    return end;
}

/* Real time is too slow for checks in which a long time passes: the virtual clock proves them. */
static bool is_left_out(const struct selftest *st, size_t first)
{
    return args.loopback && st->plan.v[first].check->slow;
}

static void faults_seen(struct selftest *st, const struct check *c)
{
    for (size_t f = 0; f < c->n_faults; f++)
        st->fault_seen[c->faults[f]] = true;
}

/* A library of somebody's own may come without policies, and so without columns. */
static bool has_policies(struct selftest *st)
{
    const char *path = arena_printf(&st->arena, "%s/policies", st->library.root);
    return access(path, R_OK) == 0;
}

/* The columns of the port matrix live on the virtual clock, where silence costs nothing. */
static void prove_ports(struct selftest *st)
{
    struct ports_selftest t = { .shared = &st->shared,
                                .library = &st->library,
                                .columns = st->columns.n ? &st->columns : NULL,
                                .clean_only = args.no_faults,
                                .matrix = args.matrix,
                                .verbose = args.verbose };
    bool named = st->columns.n || !st->checks_wanted;
    ports_faults_named(st->fault_seen);
    if (!named && !has_policies(st))
        return;
    if (st->columns_wanted && !args.loopback && ports_selftest(&t, &st->counts, &st->err) < 0) {
        printf("FAIL  ports: %s\n", st->err.text);
        st->counts.checks++;
    }
}

static void selftest_main(void *arg)
{
    struct selftest *st = arg;
    size_t n;
    prove_ports(st);
    const struct invariant *rules = invariant_rows(&n);
    for (size_t i = 0; i < st->plan.n; i = end_of_check(st, i))
        if (!is_left_out(st, i))
            clean_check(st, i, end_of_check(st, i));
    if (args.no_faults)
        return;
    for (size_t i = 0; i < st->plan.n; i = end_of_check(st, i))
        if (is_left_out(st, i))
            faults_seen(st, st->plan.v[i].check);
        else
            prove_check(st, i, end_of_check(st, i));
    for (size_t i = 0; i < n; i++)
        prove_invariant(st, &rules[i]);
    unnamed_faults(st);
}

static nsec clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return SECONDS(t.tv_sec) + t.tv_nsec;
}

static int conclude(const struct selftest *st)
{
    if (st->unnamed)
        printf("%u faults are named by no check\n", st->unnamed);
    printf(
        "selftest: %u checks, %u passed, %u faults, %u killed, %u survived, %u unproved, %.1f s\n",
        st->counts.checks, st->counts.passed, st->counts.faults, st->counts.killed,
        st->counts.survived, st->counts.unproved, (double)(clock_now() - st->began) / 1e9);
    bool good = st->counts.checks && st->counts.passed == st->counts.checks &&
                !st->counts.survived && !st->counts.unproved && !st->unnamed;
    return good ? EXIT_GOOD : st->counts.checks ? EXIT_FAILED : EXIT_NOTHING;
}

/* Takes "ports" and "ports/COLUMN" out of the words, which are no selectors of the library. */
static int take_columns(struct selftest *st, struct error *err)
{
    size_t kept = 0;
    bool all = !args.words.n;
    for (size_t i = 0; i < args.words.n; i++) {
        slice word = slice_of(args.words.v[i]);
        bool named = slice_starts(word, S("ports/"));
        const struct port_column *c = named ? port_column_find(slice_skip(word, 6)) : NULL;
        all |= slice_eq_str(word, "ports");
        if (named && !c)
            return error_set(err, ERR_USAGE, "no column is called \"%s\" (mailassay list ports)",
                             args.words.v[i]);
        if (c)
            *array_push(&st->columns) = c->name;
        else if (!slice_eq_str(word, "ports"))
            args.words.v[kept++] = args.words.v[i];
    }
    st->columns_wanted = all || st->columns.n;
    st->checks_wanted = !args.words.n || kept;
    args.words.n = kept;
    if (all)
        st->columns.n = 0;
    return 0;
}

int cmd_selftest(int argc, char **argv)
{
    static struct selftest st;
    struct text_list selectors = { 0 };
    size_t n;
    int r = options_parse(&line, argc, argv, &args.words, &st.err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&st.err);
    fault_rows(&n);
    st.fault_seen = xcalloc(n, sizeof *st.fault_seen);
    st.began = clock_now();
    st.whole = !args.words.n && !args.excludes.n;
    int status = take_columns(&st, &st.err) < 0 ? say_error(&st.err) : EXIT_GOOD;
    if (!status)
        status = open_library(&st.library, &args.words, &selectors);
    struct selection s = { selectors.v, selectors.n, args.excludes.v, args.excludes.n, LEVEL_NONE };
    if (!status && st.checks_wanted &&
        library_select(&st.library, &s, &st.arena, &st.plan, &st.err) < 0)
        status = say_error(&st.err);
    if (!status) {
        own_shared_init(&st.shared);
        sched_main(args.loopback ? CLOCK_REAL : CLOCK_VIRTUAL, selftest_main, &st);
        own_shared_release(&st.shared);
        status = conclude(&st);
    }
    free(st.fault_seen);
    array_release(&st.plan);
    array_release(&selectors);
    array_release(&st.columns);
    array_release(&args.words);
    array_release(&args.excludes);
    arena_release(&st.arena);
    library_release(&st.library);
    return status;
}
