/* mailassay selftest: the whole library against the clean reference servers, then every check
   against the faults that it says prove it (design section 6). */
#include "commands.h"
#include "invariant.h"
#include "own_target.h"
#include "port_column.h"
#include "selftest_ports.h"
#include "selftest_trial.h"
#include <string.h>
#include <unistd.h>

/* Checks at once over sockets. */
enum { LOOPBACK_JOBS = 32 };

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
    struct trial_ground ground;
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

/* A piece of the work, done as a whole by one task. What it has to say is printed when all that
   stands before it is done, so the output does not depend on the number of tasks. */
struct piece {
    void (*fn)(struct selftest *st, struct piece *p);
    size_t first, end; /* variants of a check */
    const struct invariant *rule;
    struct buf out;
    bool done, passed, failed;
};

struct pieces {
    struct piece *v;
    size_t n, cap;
};

/* ---- the clean servers ---- */

/* Once more, for its transcript. */
static void show(struct selftest *st, size_t i, const struct faults *faults, struct piece *p)
{
    struct trial t;
    trial_run(&st->ground, &st->plan.v[i], faults, NULL, &p->out, &t);
}

static void clean_variant(struct selftest *st, struct piece *p)
{
    struct faults none = { 0 };
    struct trial t;
    trial_run(&st->ground, &st->plan.v[p->first], &none, NULL, NULL, &t);
    p->passed = t.verdict == TRIAL_PASS;
    p->failed = t.verdict == TRIAL_FAIL || t.verdict == TRIAL_ERROR;
    if (p->failed || args.verbose)
        buf_addf(&p->out, "%-5s %s %s\n", trial_verdict_names[t.verdict], st->plan.v[p->first].id,
                 t.text);
    if (p->failed && args.verbose > 1)
        show(st, p->first, &none, p);
}

/* A check passes when at least one variant does and none does anything worse than skip. */
static void clean_check(struct selftest *st, const struct piece *p, size_t n)
{
    bool passed = false, failed = false;
    for (size_t i = 0; i < n; i++) {
        passed |= p[i].passed;
        failed |= p[i].failed;
    }
    if (!passed && !failed)
        printf("SKIP  %s: no variant of it ran\n", st->plan.v[p->first].check->id);
    st->counts.checks++;
    st->counts.passed += passed && !failed;
}

/* ---- the faults ---- */

static void count_kill(struct selftest *st, const char *fault, const char *by,
                       const struct trial *t, bool killed, struct piece *p)
{
    st->counts.faults++;
    st->counts.killed += killed;
    st->counts.survived += !killed;
    if (!killed)
        buf_addf(&p->out, "SURVIVED %-44s %s: %s%s%s\n", fault, by, trial_verdict_names[t->verdict],
                 t->text[0] ? ": " : "", t->text);
    else if (args.matrix || args.verbose)
        buf_addf(&p->out, "killed   %-44s %s: %s\n", fault, by, t->text);
}

/* The first variant that fails kills the fault; when none does, the worst tells of all. */
static void prove_fault(struct selftest *st, enum fault_id fault, struct piece *p)
{
    struct faults faults = { 0 };
    struct trial t = { 0 }, worst = { .verdict = TRIAL_PASS };
    bool killed = false;
    size_t i;
    fault_set(&faults, fault);
    st->fault_seen[fault] = true;
    for (i = p->first; i < p->end && !killed; i++) {
        trial_run(&st->ground, &st->plan.v[i], &faults, NULL, NULL, &t);
        killed = t.verdict == TRIAL_FAIL;
        if (t.verdict > worst.verdict)
            worst = t;
    }
    count_kill(st, fault_rows(&(size_t) { 0 })[fault].name, st->plan.v[p->first].check->id,
               killed ? &t : &worst, killed, p);
    if (!killed && args.verbose > 1)
        show(st, i - 1, &faults, p);
}

static void prove_check(struct selftest *st, struct piece *p)
{
    const struct check *c = st->plan.v[p->first].check;
    for (size_t f = 0; f < c->n_faults; f++)
        prove_fault(st, c->faults[f], p);
    st->counts.unproved += c->n_faults == 0;
    if (!c->n_faults)
        buf_addf(&p->out, "UNPROVED %s names no fault\n", c->id);
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

static void prove_invariant(struct selftest *st, struct piece *p)
{
    const struct invariant *rule = p->rule;
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
        buf_addf(&p->out, "UNPROVED %s: there is no check %s or no fault %s\n", rule->id,
                 rule->proof, rule->fault);
        st->counts.unproved++;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, rule->fault) == 0)
            st->fault_seen[i] = true;
    trial_run(&st->ground, &st->plan.v[first], &faults, rule->id, NULL, &t);
    count_kill(st, rule->fault, rule->id, &t, t.invariant_broken, p);
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

static void add_piece(struct pieces *all, const struct piece *p)
{
    struct piece *added = array_push(all);
    *added = *p;
    buf_init(&added->out, BUF_OURS);
}

static void add_variants(struct selftest *st, struct pieces *all)
{
    for (size_t i = 0; i < st->plan.n; i++)
        if (!is_left_out(st, i))
            add_piece(all, &(struct piece) { .fn = clean_variant, .first = i, .end = i + 1 });
}

static void add_proofs(struct selftest *st, struct pieces *all)
{
    size_t end;
    for (size_t i = 0; i < st->plan.n; i = end) {
        end = end_of_check(st, i);
        if (is_left_out(st, i))
            faults_seen(st, st->plan.v[i].check);
        else
            add_piece(all, &(struct piece) { .fn = prove_check, .first = i, .end = end });
    }
}

static void add_invariants(struct pieces *all)
{
    size_t n;
    const struct invariant *rules = invariant_rows(&n);
    for (size_t i = 0; i < n; i++)
        add_piece(all, &(struct piece) { .fn = prove_invariant, .rule = &rules[i] });
}

struct crew {
    struct selftest *st;
    struct pieces todo;
    size_t taken;
    struct cond one_done;
};

static void work(void *arg)
{
    struct crew *crew = arg;
    while (crew->taken < crew->todo.n) {
        struct piece *p = &crew->todo.v[crew->taken++];
        p->fn(crew->st, p);
        p->done = true;
        cond_broadcast(&crew->one_done);
    }
}

static bool same_check(const struct crew *crew, const struct piece *a, const struct piece *b)
{
    const struct planned *plan = crew->st->plan.v;
    return b < crew->todo.v + crew->todo.n && a->fn == b->fn && !b->rule &&
           plan[a->first].check == plan[b->first].check;
}

static void print_in_order(struct crew *crew)
{
    const struct piece *begin = crew->todo.v;
    for (struct piece *p = crew->todo.v; p < crew->todo.v + crew->todo.n; p++) {
        while (!p->done)
            cond_wait(&crew->one_done, NEVER);
        fputs(p->out.p, stdout);
        buf_release(&p->out);
        if (!same_check(crew, begin, p + 1)) {
            if (p->fn == clean_variant)
                clean_check(crew->st, begin, (size_t)(p + 1 - begin));
            begin = p + 1;
        }
        fflush(stdout);
    }
}

/* In memory the checks take turns, as nobody ever waits; over sockets they mostly wait. */
static void work_through(struct crew *crew)
{
    struct task *workers[LOOPBACK_JOBS];
    size_t n = args.loopback ? COUNT(workers) : 1;
    for (size_t i = 0; i < n; i++)
        workers[i] = task_spawn(work, crew);
    print_in_order(crew);
    for (size_t i = 0; i < n; i++)
        task_join(workers[i]);
}

static void selftest_main(void *arg)
{
    struct selftest *st = arg;
    struct crew crew = { .st = st };
    prove_ports(st);
    add_variants(st, &crew.todo);
    if (!args.no_faults) {
        add_proofs(st, &crew.todo);
        add_invariants(&crew.todo);
    }
    work_through(&crew);
    array_release(&crew.todo);
    if (!args.no_faults)
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
        st.ground = (struct trial_ground) { &st.library, &st.shared, args.seed ? args.seed : 1,
                                            args.loopback };
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
