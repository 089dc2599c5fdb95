#include "ports_account.h"
#include "client_steps.h"
#include "resolve.h"
#include "session.h"
#include <string.h>

enum { JOBS = 4 };

/* Which fact of which services a check is about. The services of a check that is asked of each
   stand first in its label. */
static const struct question {
    const char *check, *services[3];
    void (*tell)(struct port_facts *f, enum seen answer, const char *text);
} questions[];

/* ---- rows ---- */

void ports_account_rows(const struct target *target, struct port_rows *rows)
{
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct target_service *s = &target->services[i];
        const struct port_standard *standard = port_standard(services[i].port);
        if (!s->present || !standard)
            continue;
        struct port_spec spec = { .host = s->host,
                                  .port = s->port,
                                  .protocol = standard->protocol,
                                  .role = standard->role,
                                  .mode = s->tls,
                                  .name = standard->name };
        if (target->tls_name && is_numeric_address(s->host)) {
            spec.host = target->tls_name;
            spec.address = s->host;
            spec.family = strchr(s->host, ':') ? AF_INET6 : AF_INET;
        }
        port_rows_add(rows, &spec);
    }
}

/* ---- answers ---- */

static void tell_binding(struct port_facts *f, enum seen answer, const char *text)
{
    if (f->tls.binding == SEEN_NO)
        return;
    f->tls.binding = answer;
    f->tls.binding_text = port_facts_text(f, slice_of(text));
}

static void tell_trace(struct port_facts *f, enum seen answer, const char *text)
{
    f->trace_fits = answer;
    f->trace_text = port_facts_text(f, slice_of(text));
}

static const struct question questions[] = {
    { "tls/login/channel-binding", { NULL }, tell_binding },
    { "smtp/trace/with-says-tls", { "smtp" }, tell_trace },
    { "submission/relay/trace", { "submission", "submissions" }, tell_trace },
};

/* `id` is that of a check's variant, whose label begins with the service. */
static bool is_about(const struct question *q, const char *of, const struct port_facts *f)
{
    slice id = slice_of(of), label = S("");
    size_t bracket = slice_find_char(id, '[');
    if (!slice_eq_str(slice_sub(id, 0, bracket == SIZE_MAX ? id.n : bracket), q->check))
        return false;
    for (size_t i = 0; i < COUNT(q->services) && q->services[i]; i++)
        if (strcmp(q->services[i], f->spec.name) == 0)
            return true;
    slice rest = bracket == SIZE_MAX ? S("") : slice_skip(id, bracket + 1);
    return !q->services[0] && slice_cut(&rest, ',', &label) && slice_eq_str(label, f->spec.name);
}

/* A server that has had enough of us says nothing about what was asked. */
static bool is_about_us(const struct result *r)
{
    slice actual = slice_of(r->failure && r->failure->actual ? r->failure->actual : "");
    return slice_starts(actual, S("421")) || client_text_says_rate(actual);
}

static void take_answer(const struct result *r, const struct question *q, struct port_facts *f)
{
    const char *text = r->failure ? r->failure->message : r->reason ? r->reason : "";
    if (r->raw == OUTCOME_PASS)
        q->tell(f, SEEN_YES, "");
    else if (r->raw == OUTCOME_FAIL && !is_about_us(r))
        q->tell(f, SEEN_NO, text);
    else if (r->raw != OUTCOME_SKIP)
        q->tell(f, SEEN_UNCLEAR, text);
}

static void take_answers(const struct run *found, struct port_facts *rows, size_t n)
{
    array_each (r, &found->results)
        for (size_t q = 0; q < COUNT(questions); q++)
            for (size_t i = 0; i < n; i++)
                if (rows[i].spec.name && is_about(&questions[q], (*r)->id, &rows[i]))
                    take_answer(*r, &questions[q], &rows[i]);
}

static int select_checks(struct library *library, struct session *session, struct arena *arena,
                         struct error *err)
{
    const char *ids[COUNT(questions)];
    struct selection selection = { .include = ids, .n_include = COUNT(questions) };
    for (size_t i = 0; i < COUNT(questions); i++)
        ids[i] = questions[i].check;
    return library_select(library, &selection, arena, &session->plan, err);
}

static bool is_asked(const char *id, const struct port_facts *rows, size_t n)
{
    for (size_t q = 0; q < COUNT(questions); q++)
        for (size_t i = 0; i < n; i++)
            if (rows[i].spec.name && is_about(&questions[q], id, &rows[i]))
                return true;
    return false;
}

/* Nobody logs in at a port that is not looked at. */
static void keep_asked(struct session *session, const struct port_facts *rows, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < session->plan.n; i++)
        if (is_asked(session->plan.v[i].id, rows, n))
            session->plan.v[kept++] = session->plan.v[i];
    session->plan.n = kept;
}

int ports_account_ask(struct library *library, struct target *target, struct port_facts *rows,
                      size_t n, struct run *run, struct error *err)
{
    struct run found;
    struct arena arena = { 0 };
    struct session_options options = { .jobs = JOBS };
    struct session session = {
        .library = library, .target = target, .options = &options, .run = &found
    };
    run_init(&found);
    int r = select_checks(library, &session, &arena, err);
    keep_asked(&session, rows, n);
    if (r == 0 && session.plan.n)
        r = session_open(&session, err);
    if (r == 0 && session.plan.n) {
        session_run(&session);
        take_answers(&found, rows, n);
        run->connections += found.connections;
        array_each (left, &found.left_behind)
            *array_push(&run->left_behind) = run_text(run, slice_of(*left));
    }
    session_close(&session);
    array_release(&session.plan);
    run_release(&found);
    arena_release(&arena);
    return r;
}
