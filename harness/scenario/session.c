#include "session.h"
#include "budget.h"
#include "invariant.h"
#include "lease.h"
#include <stdio.h>
#include <unistd.h>

const char *session_text(struct session *s, slice bytes)
{
    auto_buf masked;
    buf_init(&masked, BUF_OURS);
    secrets_mask(&s->secrets, bytes, &masked);
    return run_lines(s->run, buf_slice(&masked));
}

/* ---- setting up ---- */

static int open_tls(struct session *s, struct error *err)
{
    const struct target *t = s->target;
    struct tls_client_config config = { .ca_file = t->ca_pem ? NULL : t->ca_file,
                                        .ca_pem = slice_of(t->ca_pem),
                                        .insecure = t->insecure };
    struct tls_client_config lax = { .insecure = true };
    int r = tls_client_context_new(&config, err, &s->tls);
    return r < 0 ? r : tls_client_context_new(&lax, err, &s->tls_insecure);
}

/* Unique to the run, or fixed by the seed on the virtual clock. */
static void make_run_word(struct session *s)
{
    uint64_t salt = s->options->seed * 0x9e3779b97f4a7c15u;
    if (sched_clock() != CLOCK_VIRTUAL)
        salt ^= (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
    snprintf(s->run_word, sizeof s->run_word, "r%010llx",
             (unsigned long long)(salt & 0xffffffffff));
}

static void describe_target(struct session *s)
{
    struct run *run = s->run;
    const struct target *t = s->target;
    run->target.name = run_text(run, slice_of(t->name));
    run->target.loopback = target_is_loopback(t);
    run->target.insecure = t->insecure;
    run->target.source_address = t->source ? run_text(run, slice_of(t->source)) : NULL;
    for (int id = 0; id < SERVICE_COUNT; id++)
        if (t->services[id].present)
            *array_push(&run->target.services) = (struct result_service) {
                services[id].name, run_text(run, slice_of(t->services[id].host)),
                t->services[id].port, tls_mode_names[t->services[id].tls]
            };
}

static void describe_run(struct session *s)
{
    struct run *run = s->run;
    run->seed = s->options->seed;
    run->settings.jobs = (int)s->options->jobs;
    run->settings.shape = s->options->shape_text;
    run->settings.virtual_clock = sched_clock() == CLOCK_VIRTUAL;
    describe_target(s);
}

static void describe_check(struct session *s, const struct planned *planned)
{
    const struct check *c = planned->check;
    struct result *r = run_add(s->run, run_text(s->run, slice_of(planned->id)));
    r->family = c->family;
    r->file = c->file;
    r->line = (int)c->at.line;
    r->title = c->title;
    r->level = c->level;
    for (size_t i = 0; i < c->n_clauses; i++)
        result_add_clause(r, (struct result_clause) { c->clauses[i]->id, c->clauses[i]->rfc,
                                                      c->clauses[i]->section, c->clauses[i]->level,
                                                      c->clauses[i]->says });
}

int session_open(struct session *s, struct error *err)
{
    int r = target_resolve_passwords(s->target, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s->target->n_accounts; i++)
        if (s->target->accounts[i].password)
            secrets_add(&s->secrets, slice_of(s->target->accounts[i].password));
    s->budget = NEW(struct budget);
    s->budget->max = s->target->max_connections;
    s->budget->rate = s->target->rate;
    s->leases = NEW(struct leases);
    s->leases->seats = s->target->max_connections;
    make_run_word(s);
    describe_run(s);
    for (size_t i = 0; i < s->plan.n; i++)
        describe_check(s, &s->plan.v[i]);
    invariants_open(s);
    return open_tls(s, err);
}

void session_close(struct session *s)
{
    for (int k = 0; k < DEVICE_KINDS; k++) {
        capabilities_release(&s->probes[k].caps);
        capabilities_release(&s->probes[k].before);
    }
    invariants_close(s);
    tls_context_free(s->tls);
    tls_context_free(s->tls_insecure);
    free(s->namespace_prefix);
    free(s->separator);
    free(s->budget);
    free(s->leases);
    secrets_release(&s->secrets);
}

/* ---- running ---- */

/* Workers take plays in the order of the plan; results are told in that order, too. */
struct crew {
    struct session *s;
    size_t next, told, finished;
    bool *ready;
    struct task **workers;
};

static void tell(struct crew *c)
{
    const struct session_options *o = c->s->options;
    while (c->told < c->s->plan.n && c->ready[c->told]) {
        struct result *r = c->s->run->results.v[c->told++];
        result_judge(c->s->run, r);
        if (o->done)
            o->done(o->ctx, r);
    }
    if (o->progress)
        o->progress(o->ctx, c->finished, c->s->plan.n);
}

static void work(void *arg)
{
    struct crew *c = arg;
    struct session *s = c->s;
    while (c->next < s->plan.n && !s->interrupted) {
        size_t i = c->next++;
        play_run(s, &s->plan.v[i], s->run->results.v[i]);
        c->ready[i] = true;
        c->finished++;
        tell(c);
    }
}

/* The error that stands for the run: nothing at all could be reached. */
static int judge_reach(struct session *s)
{
    for (size_t i = 0; i < s->run->results.n; i++) {
        const struct result *r = s->run->results.v[i];
        if (r->raw != OUTCOME_ERROR && r->raw != OUTCOME_SKIP)
            return 0;
    }
    for (int k = 0; k < DEVICE_KINDS; k++)
        if (s->probes[k].done && s->probes[k].error.code) {
            s->run->error = s->probes[k].error;
            snprintf(s->run->error.text, sizeof s->run->error.text, "%s",
                     session_text(s, slice_of(s->probes[k].error.text)));
            return s->run->error.code;
        }
    return 0;
}

int session_run(struct session *s)
{
    unsigned jobs = s->options->jobs ? s->options->jobs : 1;
    struct crew crew = { .s = s };
    crew.ready = xcalloc(s->plan.n, sizeof *crew.ready);
    crew.workers = s->workers = xcalloc(jobs, sizeof *crew.workers);
    s->n_workers = jobs;
    for (unsigned i = 0; i < jobs; i++)
        crew.workers[i] = task_spawn_named("worker", work, &crew);
    for (unsigned i = 0; i < jobs; i++) {
        task_join(crew.workers[i]);
        crew.workers[i] = NULL; /* an interrupt must not reach what is gone */
    }
    s->n_workers = 0;
    s->workers = NULL;
    free(crew.workers);
    free(crew.ready);
    s->run->interrupted = s->interrupted;
    invariants_report(s);
    return judge_reach(s);
}

void session_interrupt(struct session *s)
{
    s->interrupted = true;
    for (unsigned i = 0; i < s->n_workers; i++)
        if (s->workers[i])
            task_cancel(s->workers[i]);
}
