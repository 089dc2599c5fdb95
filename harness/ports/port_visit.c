#include "port_visit_private.h"
#include <stdarg.h>

bool visit_goes_on(const struct visit *v)
{
    return v->facts->reach == REACH_OPEN && port_connections_left(v->options, v->facts) > 0 &&
           !task_is_cancelled();
}

void visit_unclear(struct port_facts *f, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n >= 0)
        *array_push(&f->unclear) = arena_str(&f->arena, slice_make(text, (size_t)n));
    free(text);
}

bool visit_lost(struct visit *v, struct talk *t, const char *what)
{
    if (t->answer == TALK_RATE)
        v->lost = true;
    else if (!talk_answered(t->answer)) {
        v->lost = true;
        visit_unclear(v->facts, "%s: %s", what,
                      t->answer == TALK_NONSENSE ? "what came is no reply of this protocol, or "
                                                   "longer than what we read"
                                                 : talk_said(t));
    }
    return v->lost;
}

void visit_broke_off(struct port_facts *f)
{
    if (f->reach == REACH_OPEN && f->unclear.n)
        f->broke_off = f->unclear.v[f->unclear.n - 1];
}

/* ---- the survey ---- */

static void note_leaf(struct port_facts *f, const struct port_way *way, slice leaf)
{
    enum { PROTOCOL_VERSION = 70 }; /* the alert */
    const unsigned char *der = (const unsigned char *)leaf.p;
    X509 *other = leaf.n ? d2i_X509(NULL, &der, (long)leaf.n) : NULL;
    if (other)
        f->tls.without_name = visit_compare(f, other);
    else if (way->alert >= 0 && way->alert != PROTOCOL_VERSION)
        f->tls.without_name = CERT_REFUSED;
    else
        f->tls.without_name = CERT_UNCLEAR;
    X509_free(other);
}

static void withdraw(struct visit *v, const char *why)
{
    survey_withdraw(&v->facts->survey, why);
    v->facts->tls.without_name = CERT_UNCLEAR;
    visit_unclear(v->facts, "no server name: %s", why);
    v->gave_up = true;
}

static struct survey_way survey_way_of(const struct visit *v, struct port_way *way)
{
    *way = (struct port_way) { .options = v->options, .facts = v->facts, .alert = -1 };
    return (struct survey_way) { .open = port_way_open,
                                 .ctx = way,
                                 .host = visit_server_name(v->facts),
                                 .timeout = port_timeout(v->options),
                                 .after_clear = v->facts->speaks == SPEAKS_CLEAR,
                                 .served = v->facts->tls.up };
}

static void survey(struct visit *v)
{
    struct port_way way;
    struct survey_way how = survey_way_of(v, &way);
    struct tls_survey *s = &v->facts->survey;
    slice leaf = S("");
    if (visit_goes_on(v))
        survey_ask_old_versions(&how, s);
    if (v->hangs && s->unanswered) {
        withdraw(v, "neither the first handshake nor another hello had an answer in time, so no "
                    "more was asked");
        return;
    }
    if (visit_goes_on(v))
        survey_ask_weak_suites(&how, s);
    if (visit_goes_on(v)) {
        survey_ask_tls12(&how, s, &leaf);
        note_leaf(v->facts, &way, leaf);
        /* Refused for the name that was missing: nothing is known of the version. */
        if (v->facts->tls.without_name == CERT_REFUSED &&
            s->version[SURVEY_TLS12] == SURVEY_REFUSED)
            s->version[SURVEY_TLS12] = SURVEY_NOT_ASKED;
    }
}

/* Closing without a word is a no only from a server that still speaks to others. (Behind STARTTLS it
   spoke before.) */
static void doubt_silence(struct visit *v)
{
    struct port_facts *f = v->facts;
    bool doubtful = f->speaks == SPEAKS_TLS && f->tls.up && !f->survey.answered;
    if (doubtful && f->reach == REACH_OPEN && f->survey.connections)
        withdraw(v, "since the first session no connection was answered, so that closing says "
                    "nothing");
}

static void enumerate(struct visit *v)
{
    struct port_way way;
    struct survey_way how = survey_way_of(v, &way);
    unsigned left = port_connections_left(v->options, v->facts);
    survey_enumerate(&how, v->options->max_connections ? left : 0, &v->facts->survey);
}

/* ---- a row ---- */

/* What our own TLS cannot agree with may still answer a hello. */
static void ask_further(struct visit *v)
{
    struct port_facts *f = v->facts;
    if (f->tls.up && visit_goes_on(v))
        visit_second(v);
    survey(v);
    if (v->options->full && f->tls.up)
        visit_extra(v);
    if (v->options->full && !v->gave_up && visit_goes_on(v))
        enumerate(v);
    doubt_silence(v);
}

void port_visit(const struct port_options *options, struct port_facts *facts)
{
    struct visit v = { .options = options, .facts = facts };
    nsec began = now();
    visit_session(&v);
    if (v.speaks_tls)
        ask_further(&v);
    SSL_SESSION_free(v.session);
    facts->took = now() - began;
    facts->interrupted = task_is_cancelled();
}

struct row_task {
    struct cond *ended;
    const struct port_options *options;
    struct port_facts *row;
    void (*done)(void *ctx, const struct port_facts *row);
    void *ctx;
    struct task *task;
};

static void visit_row(void *arg)
{
    struct row_task *r = arg;
    port_visit(r->options, r->row);
    if (r->done)
        r->done(r->ctx, r->row);
    cond_broadcast(r->ended);
}

/* Joins are never cancelled: a cancellation of ours is handed on first. */
static void join_rows(struct row_task *tasks, size_t n, struct cond *ended)
{
    bool cancelled = false;
    for (size_t i = 0; i < n; i++) {
        while (!cancelled && !task_is_done(tasks[i].task))
            cancelled = cond_wait(ended, NEVER) == WAKE_CANCEL;
        for (size_t k = i; cancelled && k < n; k++)
            task_cancel(tasks[k].task);
        task_join(tasks[i].task);
    }
}

void port_visit_all(const struct port_options *options, struct port_facts *rows, size_t n,
                    void (*done)(void *ctx, const struct port_facts *row), void *ctx)
{
    struct cond ended = { 0 };
    struct row_task *tasks = xcalloc(n ? n : 1, sizeof *tasks);
    for (size_t i = 0; i < n; i++) {
        tasks[i] = (struct row_task) { &ended, options, &rows[i], done, ctx, NULL };
        tasks[i].task = task_spawn_named("port", visit_row, &tasks[i]);
    }
    join_rows(tasks, n, &ended);
    free(tasks);
    visit_parity(rows, n);
}
