#include "selftest_trial.h"
#include "session.h"

const char *const trial_verdict_names[] = { "pass", "skip", "FAIL", "error" };

static void add_transcript(const struct result *r, struct buf *out)
{
    static const char *const marks[2][3] = { { "->", "<-", "--" }, { "~>", "<~", "--" } };
    for (size_t i = 0; i < r->transcript.n; i++) {
        const struct result_event *e = &r->transcript.v[i];
        buf_addf(out, "      %8.3f %-8s %s %s\n", (double)e->at / 1e9, e->device,
                 marks[e->tls][e->kind], e->text);
    }
}

static enum trial_verdict verdict_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
        return TRIAL_PASS;
    case OUTCOME_SKIP:
        return TRIAL_SKIP;
    case OUTCOME_FAIL:
    case OUTCOME_WARN:
    case OUTCOME_NOTE:
        return TRIAL_FAIL;
    default:
        return TRIAL_ERROR;
    }
}

static void judge(const struct result *r, struct trial *t)
{
    t->verdict = verdict_of(r->raw);
    snprintf(t->text, sizeof t->text, "%s",
             r->failure  ? r->failure->message
             : r->reason ? r->reason
                         : "");
}

/* The first result is the variant's own; the others are rules that were broken on the way. */
static void judge_all(const struct run *run, const char *invariant, bool clean, struct trial *t)
{
    judge(run->results.v[0], t);
    const struct result *rule = invariant ? run_find(run, invariant) : NULL;
    for (size_t i = 1; i < run->results.n; i++) {
        const struct result *r = run->results.v[i];
        if (r->raw == OUTCOME_PASS)
            continue;
        if ((!invariant && clean) || r == rule)
            judge(r, t);
        t->invariant_broken |= r == rule;
    }
}

void trial_run(const struct trial_ground *ground, const struct planned *planned,
               const struct faults *faults, const char *invariant, struct buf *transcript,
               struct trial *ret)
{
    struct own_target own;
    struct run run;
    struct error err = { 0 };
    struct session_options options = { .jobs = 1, .seed = ground->seed, .slow = !ground->loopback };
    struct session session = { .library = ground->library, .options = &options, .run = &run };
    struct own_options own_options = { .shared = ground->shared,
                                       .faults = *faults,
                                       .loopback = ground->loopback };
    run_init(&run);
    *ret = (struct trial) { .verdict = TRIAL_ERROR };
    int r = own_target_open(&own, &own_options, &err);
    if (r == 0) {
        session.target = &own.target;
        session.next_hop = own.next_hop;
        *array_push(&session.plan) = *planned;
        r = session_open(&session, &err);
    }
    if (r == 0) {
        session_run(&session);
        judge_all(&run, invariant, faults_empty(faults), ret);
        if (transcript)
            add_transcript(run.results.v[0], transcript);
    } else {
        snprintf(ret->text, sizeof ret->text, "%s", err.text);
    }
    session_close(&session);
    own_target_close(&own);
    array_release(&session.plan);
    run_release(&run);
}
