/* From what was seen to what it means: outcomes under strictness and baseline, counts, exit code,
   and the sentences that say so. */
#include "result.h"

/* ---- one check ---- */

static bool is_expired(const struct run *run, const struct result_baseline *b)
{
    char today[32];
    enum { DATE = sizeof "2026-11-22" - 1 };
    return b->expires && strncmp(utc_text(run->started / SECONDS(1), today), b->expires, DATE) > 0;
}

static bool is_as_expected(enum outcome got, enum outcome expects)
{
    if (expects == OUTCOME_NOT_RUN || expects == OUTCOME_FAIL)
        return got == OUTCOME_FAIL || got == OUTCOME_WARN;
    return got == expects;
}

static bool message_matches(const struct result *r, const char *match)
{
    const char *message = r->failure ? r->failure->message : r->reason;
    return !match || (message && strstr(message, match));
}

/* Why this failure stays a failure although the baseline names the check; NULL when it does not. */
static const char *not_excused(struct run *run, const struct result *r)
{
    if (is_expired(run, r->baseline))
        return run_textf(run, "the baseline's entry expired on %s", r->baseline->expires);
    if (!message_matches(r, r->baseline->match))
        return run_textf(run, "the baseline expects another failure: \"%s\"", r->baseline->match);
    return NULL;
}

static const char *excuse(struct run *run, const struct result_baseline *b)
{
    const char *reason = b->reason ? b->reason : "no reason given";
    return b->issue ? run_textf(run, "%s (%s)", reason, b->issue) : reason;
}

static void judge_by_baseline(struct run *run, struct result *r)
{
    enum outcome expects = r->baseline->expects;
    if (is_as_expected(r->outcome, expects)) {
        const char *objection = not_excused(run, r);
        r->reason = objection ? objection : excuse(run, r->baseline);
        if (!objection)
            r->outcome = OUTCOME_XFAIL;
        return;
    }
    bool passed = r->outcome == OUTCOME_PASS || r->outcome == OUTCOME_NOTE;
    if (passed && expects != OUTCOME_FLAKY && !is_expired(run, r->baseline)) {
        r->outcome = OUTCOME_XPASS;
        r->reason = run_textf(run, "the baseline expects a failure: %s", excuse(run, r->baseline));
    }
}

void result_judge(struct run *run, struct result *r)
{
    r->outcome = r->raw;
    if (r->outcome == OUTCOME_WARN && run->settings.strict)
        r->outcome = OUTCOME_FAIL;
    if (r->baseline)
        judge_by_baseline(run, r);
}

void run_finish(struct run *run, nsec duration)
{
    array_each (r, &run->results)
        result_judge(run, *r);
    run->duration = duration;
    run->exit_code = result_exit_code(run);
}

/* ---- all checks ---- */

static bool has_verdict(enum outcome o)
{
    return o != OUTCOME_NOT_RUN && o != OUTCOME_SKIP && o != OUTCOME_ERROR;
}

static bool has_held(enum outcome o)
{
    return o == OUTCOME_PASS || o == OUTCOME_NOTE || o == OUTCOME_XPASS || o == OUTCOME_FLAKY;
}

struct run_counts run_count(const struct run *run)
{
    struct run_counts c = { 0 };
    array_each (it, &run->results) {
        const struct result *r = *it;
        c.total++;
        c.by[r->outcome]++;
        c.rules_held +=
            r->outcome == OUTCOME_PASS && r->family && strcmp(r->family, "invariant") == 0;
        c.must += r->level == LEVEL_MUST && has_verdict(r->outcome);
        c.must_passed += r->level == LEVEL_MUST && has_held(r->outcome);
        c.should += r->level == LEVEL_SHOULD && has_verdict(r->outcome);
        c.should_passed += r->level == LEVEL_SHOULD && has_held(r->outcome);
    }
    return c;
}

enum { EXIT_FAILED = 1, EXIT_USAGE, EXIT_FILE, EXIT_NOTHING, EXIT_TARGET, EXIT_OURS };

static int exit_of_error(enum error_code code)
{
    switch (code) {
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_FILE:
        return EXIT_FILE;
    case ERR_INTERNAL:
    case ERR_CANCEL:
        return EXIT_OURS;
    default:
        return EXIT_TARGET;
    }
}

static int exit_of_checks(const struct run *run)
{
    int code = 0;
    array_each (r, &run->results)
        if ((*r)->outcome == OUTCOME_ERROR && exit_of_error((*r)->error) > code)
            code = exit_of_error((*r)->error);
    return code;
}

int result_exit_code(const struct run *run)
{
    enum { INTERRUPTED = 130 };
    struct run_counts c = run_count(run);
    if (run->interrupted)
        return INTERRUPTED;
    if (c.by[OUTCOME_FAIL] || c.by[OUTCOME_XPASS] ||
        (run->settings.fail_on_flaky && c.by[OUTCOME_FLAKY]))
        return EXIT_FAILED;
    if (run->error.code)
        return exit_of_error(run->error.code);
    if (c.by[OUTCOME_ERROR])
        return exit_of_checks(run);
    if (c.by[OUTCOME_SKIP] + c.rules_held == c.total)
        return EXIT_NOTHING;
    return c.by[OUTCOME_NOT_RUN] ? EXIT_OURS : 0;
}

/* ---- sentences ---- */

static void add_number(struct buf *out, int n, const char *one, const char *many)
{
    buf_addf(out, "%d %s", n, n == 1 ? one : many);
}

void run_summary(const struct run *run, struct buf *out)
{
    static const struct {
        enum outcome outcome;
        const char *one, *many;
    } words[] = {
        { OUTCOME_PASS, "passed", "passed" },    { OUTCOME_FAIL, "failed", "failed" },
        { OUTCOME_WARN, "warning", "warnings" }, { OUTCOME_NOTE, "note", "notes" },
        { OUTCOME_XFAIL, "xfail", "xfail" },     { OUTCOME_XPASS, "xpass", "xpass" },
        { OUTCOME_FLAKY, "flaky", "flaky" },     { OUTCOME_ERROR, "error", "errors" },
        { OUTCOME_SKIP, "skipped", "skipped" },  { OUTCOME_NOT_RUN, "not run", "not run" }
    };
    struct run_counts c = run_count(run);
    char took[32];
    add_number(out, c.total, "check", "checks");
    const char *separator = ": ";
    for (size_t i = 0; i < COUNT(words); i++)
        if (c.by[words[i].outcome]) {
            buf_adds(out, separator);
            add_number(out, c.by[words[i].outcome], words[i].one, words[i].many);
            separator = ", ";
        }
    buf_adds(out, " · ");
    add_number(out, run->connections, "connection", "connections");
    buf_addf(out, " · %s · seed %llu", duration_text(run->duration, took),
             (unsigned long long)run->seed);
}

static void conformant(const struct run_counts *c, struct buf *out)
{
    int verdicts = c->total - c->by[OUTCOME_SKIP];
    int remarks = c->by[OUTCOME_WARN] + c->by[OUTCOME_NOTE] + c->by[OUTCOME_FLAKY];
    buf_adds(out, c->by[OUTCOME_XFAIL] ? "No new failure: "
                  : remarks            ? "Conformant with remarks: "
                                       : "Conformant: ");
    add_number(out, verdicts, "check ran, ", "checks ran, ");
    buf_addf(out, "%d of %d required held", c->must_passed, c->must);
    if (c->by[OUTCOME_XFAIL])
        add_number((buf_adds(out, ", "), out), c->by[OUTCOME_XFAIL], "failure was expected",
                   "failures were expected");
    if (remarks)
        add_number((buf_adds(out, ", "), out), remarks, "remark", "remarks");
}

bool run_is_incomplete(const struct run *run, struct buf *out)
{
    struct run_counts c = run_count(run);
    int missing = c.by[OUTCOME_NOT_RUN], skipped = c.by[OUTCOME_SKIP];
    if (run->error.code)
        buf_adds(out, run->error.text);
    else if (run->interrupted && missing)
        buf_addf(out, "interrupted, %d of %d checks did not run", missing, c.total);
    else if (run->interrupted)
        buf_adds(out, "interrupted before all was known");
    else if (!c.total)
        buf_adds(out, "nothing was tested: no check was selected");
    else if (skipped + c.rules_held == c.total)
        buf_addf(out, "nothing was tested: all %d selected checks were skipped", skipped);
    else if (missing)
        buf_addf(out, "%d of %d checks did not run", missing, c.total);
    else
        return false;
    return true;
}

void run_verdict(const struct run *run, struct buf *out)
{
    struct run_counts c = run_count(run);
    auto_buf gap;
    buf_init(&gap, BUF_OURS);
    int unexpected = c.by[OUTCOME_XPASS];
    if (c.by[OUTCOME_FAIL])
        buf_addf(out, "Not conformant: %d of %d checks failed", c.by[OUTCOME_FAIL], c.total);
    else if (unexpected)
        buf_addf(out, "The baseline is out of date: %d expected %s passed", unexpected,
                 unexpected == 1 ? "failure" : "failures");
    else if (run_is_incomplete(run, &gap))
        buf_addf(out, "Inconclusive: %s", gap.p);
    else if (c.by[OUTCOME_ERROR])
        buf_addf(out, "Inconclusive: %d of %d checks could not be judged", c.by[OUTCOME_ERROR],
                 c.total);
    else if (run->settings.fail_on_flaky && c.by[OUTCOME_FLAKY])
        buf_addf(out, "Not reliable: %d of %d checks passed only when tried again",
                 c.by[OUTCOME_FLAKY], c.total);
    else
        conformant(&c, out);
}

static void weak_counts(const struct run *run, struct buf *out)
{
    static const struct {
        enum outcome outcome;
        const char *one, *many;
    } weak[] = {
        { OUTCOME_SKIP, "check was skipped: nothing is said about what it tests",
          "checks were skipped: nothing is said about what they test" },
        { OUTCOME_ERROR, "check could not be judged", "checks could not be judged" },
        { OUTCOME_NOT_RUN, "check did not run", "checks did not run" },
        { OUTCOME_XFAIL, "known failure is excused by the baseline",
          "known failures are excused by the baseline" },
    };
    struct run_counts c = run_count(run);
    for (size_t i = 0; i < COUNT(weak); i++)
        if (c.by[weak[i].outcome]) {
            add_number(out, c.by[weak[i].outcome], weak[i].one, weak[i].many);
            buf_adds(out, ".\n");
        }
}

size_t run_weaknesses(const struct run *run, struct buf *out)
{
    size_t start = out->n, lines = 0;
    if (run->target.loopback)
        buf_adds(out, "The target is on loopback: many servers trust local peers, so what holds "
                      "here about clear-text logins may not hold from outside.\n");
    if (run->target.insecure)
        buf_adds(out, "Certificates were not verified (--insecure).\n");
    if (run->rate_limited)
        buf_adds(out, "The target limited our rate.\n");
    if (run->interrupted)
        buf_adds(out, "The run was interrupted.\n");
    if (run->settings.virtual_clock)
        buf_adds(out, "Time was virtual: durations say nothing about the server's speed.\n");
    if (run->settings.shape)
        buf_addf(out, "The network was shaped (%s).\n", run->settings.shape);
    weak_counts(run, out);
    for (size_t i = start; i < out->n; i++)
        lines += out->p[i] == '\n';
    return lines;
}
