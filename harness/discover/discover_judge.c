/* What was found as results of a run: one for each source, for each kind of service that several
   sources publish, and for what RFC 8314 asks of those who publish. */
#include "clause.h"
#include "discover_private.h"

struct judging {
    struct discovery *d;
    const struct clauses *clauses;
    struct run *run;
    bool found;
};

static const char *why_it_matters = "people type an address and a password, and the rest comes "
                                    "from here: each client reads another source";

static void add_clause(const struct judging *j, struct result *r, const char *id)
{
    const struct clause *c = j->clauses ? clause_find(j->clauses, slice_of(id)) : NULL;
    struct result_clause own = { .id = id, .level = LEVEL_SHOULD };
    if (c)
        own = (struct result_clause) { c->id, c->rfc, c->section, c->level, c->says };
    result_add_clause(r, own);
}

static struct result *add_result(const struct judging *j, const char *id, enum level level,
                                 const char *title)
{
    struct result *r = run_add(j->run, run_textf(j->run, "discover/%s", id));
    r->family = "discover";
    r->title = title;
    r->level = level;
    r->raw = OUTCOME_PASS;
    return r;
}

static void set_failure(const struct judging *j, struct result *r, enum outcome outcome,
                        const char *text, struct place at, const char *source_line)
{
    struct result_failure *f = result_fail(j->run, r, "%s", run_text(j->run, slice_of(text)));
    r->raw = outcome;
    f->why = why_it_matters;
    if (!at.file || !at.line)
        return;
    f->file = r->file = run_text(j->run, slice_of(at.file));
    f->line = r->line = (int)at.line;
    f->column = (int)at.column;
    f->length = (int)at.length;
    f->source_line = source_line ? run_text(j->run, slice_of(source_line)) : NULL;
}

static void set_reason(const struct judging *j, struct result *r, enum outcome outcome,
                       const char *reason)
{
    r->raw = outcome;
    r->reason = run_text(j->run, slice_of(reason));
    r->error = outcome == OUTCOME_ERROR ? ERR_NETWORK : ERR_NONE;
}

/* ---- sources ---- */

static enum outcome outcome_of_grade(enum import_grade grade)
{
    return grade == IMPORT_WRONG  ? OUTCOME_FAIL
           : grade == IMPORT_WARN ? OUTCOME_WARN
                                  : OUTCOME_NOTE;
}

/* The worst finding is the failure, the others follow it. */
static void judge_findings(const struct judging *j, const struct discover_source *s,
                           struct result *r)
{
    const struct discover_finding *worst = NULL;
    array_each (f, &s->findings)
        if (!worst || f->grade > worst->grade)
            worst = f;
    if (!worst)
        return;
    set_failure(j, r, outcome_of_grade(worst->grade), worst->text, worst->at, NULL);
    array_each (f, &s->findings) {
        const char *text = f->at.line ? run_textf(j->run, "line %u: %s", f->at.line, f->text)
                                      : run_textf(j->run, "%s", f->text);
        if (f != worst)
            *array_push(&r->failure->more) = text;
    }
}

static void judge_guesses(const struct judging *j, const struct discover_source *s,
                          struct result *r)
{
    bool used = false, works = false;
    array_each (e, &j->d->endpoints)
        if (e->source == DISCOVER_GUESS) {
            used = true;
            works |= e->outcome == OUTCOME_PASS;
        }
    if (s->state == DISCOVER_UNKNOWN)
        set_reason(j, r, j->found ? OUTCOME_SKIP : OUTCOME_ERROR, s->said);
    else if (works)
        set_failure(j, r, OUTCOME_WARN,
                    "not everything is published, but the usual names work: publish SRV records "
                    "or autoconfig, so that clients need not guess",
                    (struct place) { 0 }, NULL);
    else if (used)
        set_reason(j, r, OUTCOME_SKIP,
                   run_textf(j->run, "%s; none of them works as mail server", s->said));
    else
        set_reason(j, r, OUTCOME_SKIP, s->said);
}

/* What could not be looked at may hold anything: no verdict. What only blocks the way is a remark as
   long as the settings are found elsewhere. */
static void judge_state(const struct judging *j, const struct discover_source *s, struct result *r)
{
    switch (s->state) {
    case DISCOVER_FOUND:
        judge_findings(j, s, r);
        if (!j->found && !r->failure) /* only that there is nothing: no success */
            set_reason(j, r, OUTCOME_SKIP, s->said);
        break;
    case DISCOVER_BROKEN:
        set_failure(j, r, OUTCOME_FAIL, s->said, (struct place) { 0 }, NULL);
        break;
    case DISCOVER_BLOCKED:
        if (j->found)
            set_failure(j, r, OUTCOME_WARN, s->said, (struct place) { 0 }, NULL);
        else
            set_reason(j, r, OUTCOME_ERROR, s->said);
        break;
    case DISCOVER_UNKNOWN:
        set_reason(j, r, OUTCOME_ERROR, s->said);
        break;
    default:
        set_reason(j, r, OUTCOME_SKIP, s->said ? s->said : "not asked");
    }
}

static void judge_source(const struct judging *j, const struct discover_source *s)
{
    const char *id = run_textf(j->run, "source/%s", discover_name(s->id));
    const char *title = run_textf(j->run, "What %s say%s can be used%s%s", discover_words(s->id),
                                  s->id == DISCOVER_SRV || s->id == DISCOVER_GUESS ? "" : "s",
                                  s->where ? ": " : "", s->where ? s->where : "");
    struct result *r = add_result(j, id, LEVEL_SHOULD, title);
    if (s->id == DISCOVER_GUESS)
        judge_guesses(j, s, r);
    else
        judge_state(j, s, r);
    if (s->id == DISCOVER_SRV) {
        add_clause(j, r, "rfc8314/4.5.2/srv-advertised");
        add_clause(j, r, "rfc6186/5/srv-leads-to-service");
        if (s->state == DISCOVER_ABSENT && j->found) {
            r->reason = NULL;
            set_failure(j, r, OUTCOME_WARN,
                        "there are no SRV records for mail: publish _imaps._tcp and "
                        "_submissions._tcp",
                        (struct place) { 0 }, NULL);
        }
    }
}

/* ---- agreement ---- */

static size_t publishers(const struct discovery *d, enum mail_protocol protocol)
{
    size_t n = 0;
    for (int k = 0; k < DISCOVER_SOURCES; k++) {
        const struct discover_source *s = &d->sources[k];
        bool says = s->refused[protocol] != 0 || source_has(s, protocol);
        n += says && source_is_published(s);
    }
    return n;
}

static void judge_agreement(const struct judging *j, enum mail_protocol protocol, const char *word)
{
    struct discovery *d = j->d;
    const struct discover_contradiction *worst = NULL;
    if (publishers(d, protocol) < 2)
        return;
    struct result *r =
        add_result(j, run_textf(j->run, "agree/%s", word), LEVEL_MUST,
                   run_textf(j->run, "All sources say the same about %s", protocol_text(protocol)));
    array_each (c, &d->contradictions)
        if (c->protocol == protocol &&
            (!worst || (c->outcome == OUTCOME_FAIL && worst->outcome != OUTCOME_FAIL)))
            worst = c;
    if (!worst)
        return;
    set_failure(j, r, worst->outcome, worst->text, worst->at, worst->source_line);
    array_each (c, &d->contradictions)
        if (c->protocol == protocol && c != worst)
            *array_push(&r->failure->more) = run_text(j->run, slice_of(c->text));
}

/* ---- what RFC 8314 asks of those who publish ---- */

/* Within one source: STARTTLS stands before implicit TLS of the same protocol. */
static const char *preference_fault(const struct judging *j, const struct discover_source *s)
{
    const struct profile *p = &s->profile;
    for (size_t i = 0; i < p->n_services; i++)
        for (size_t k = 0; k < p->n_services; k++) {
            const struct profile_service *a = &p->services[i], *b = &p->services[k];
            if (a->protocol != b->protocol || a->tls == TLS_MODE_IMPLICIT ||
                b->tls != TLS_MODE_IMPLICIT)
                continue;
            bool before = s->id == DISCOVER_SRV ? s->priority[i] < s->priority[k] : i < k;
            if (before)
                return run_textf(j->run, "%s: %s %s %s:%u before %s:%u, which has implicit TLS",
                                 protocol_text(a->protocol), discover_words(s->id),
                                 s->id == DISCOVER_SRV ? "put" : "puts", a->host, a->port, b->host,
                                 b->port);
        }
    return NULL;
}

static bool only_clear(const struct discovery *d, enum mail_protocol protocol)
{
    bool any = false;
    for (int k = 0; k < DISCOVER_GUESS; k++)
        for (size_t i = 0; i < d->sources[k].profile.n_services; i++) {
            const struct profile_service *row = &d->sources[k].profile.services[i];
            if (row->protocol != protocol || d->sources[k].state != DISCOVER_FOUND)
                continue;
            any = true;
            if (row->tls != TLS_MODE_NONE)
                return false;
        }
    return any;
}

static void say_preference(const struct judging *j, struct result *r, const char *text)
{
    if (r->failure)
        *array_push(&r->failure->more) = text;
    else
        set_failure(j, r, OUTCOME_WARN, text, (struct place) { 0 }, NULL);
}

static void judge_preference(const struct judging *j)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    struct result *r = add_result(j, "preference", LEVEL_SHOULD,
                                  "Implicit TLS is published in preference to STARTTLS");
    add_clause(j, r, "rfc8314/4.5.2/srv-implicit-tls-first");
    for (int k = 0; k < DISCOVER_GUESS; k++) {
        const struct discover_source *s = &j->d->sources[k];
        const char *fault = s->state == DISCOVER_FOUND ? preference_fault(j, s) : NULL;
        if (fault)
            say_preference(j, r, fault);
    }
    for (size_t i = 0; i < COUNT(protocols); i++)
        if (only_clear(j->d, protocols[i]))
            say_preference(
                j, r,
                run_textf(j->run, "%s is published without TLS only", protocol_text(protocols[i])));
}

static void judge_completeness(const struct judging *j)
{
    const struct discovery *d = j->d;
    struct result *r = add_result(j, "complete", LEVEL_SHOULD,
                                  "A client finds where to fetch mail and where to submit it");
    if (!d->incoming.row)
        set_failure(j, r, OUTCOME_WARN, "nowhere to fetch mail (IMAP, POP3) was found",
                    (struct place) { 0 }, NULL);
    if (!d->outgoing.row)
        set_failure(j, r, OUTCOME_WARN, "nowhere to submit mail was found", (struct place) { 0 },
                    NULL);
}

/* ---- the table ---- */

static void add_row(const struct judging *j, struct matrix *m, const struct discover_source *s,
                    const struct profile_service *row)
{
    static const char *const modes[] = { "clear text", "STARTTLS", "implicit" };
    static const char *const forms[] = { "-", "address", "local part", "other" };
    enum outcome o = discover_outcome(j->d, row);
    struct matrix_row *out = matrix_row(m);
    const char *cells[] = { protocol_text(row->protocol), discover_title(s->id),
                            run_textf(j->run, "%s:%u", row->host, row->port), modes[row->tls],
                            forms[row->username] };
    for (size_t i = 0; i < COUNT(cells); i++)
        matrix_cell(j->run, out, OUTCOME_NOT_RUN, slice_of(cells[i]));
    const char *works = o == OUTCOME_NOT_RUN ? "-"
                        : o == OUTCOME_FAIL  ? "no"
                        : o == OUTCOME_ERROR ? "unclear"
                        : o == OUTCOME_SKIP  ? "no"
                                             : "works";
    matrix_cell(j->run, out, o, slice_of(works));
}

static void add_table(const struct judging *j)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP };
    static const char *const columns[] = { "service", "source", "host and port",
                                           "TLS",     "login",  "visit" };
    struct matrix *m =
        run_matrix(j->run, run_textf(j->run, "Mail settings published for %s", j->d->domain));
    for (size_t i = 0; i < COUNT(columns); i++)
        matrix_column(m, columns[i]);
    for (size_t i = 0; i < COUNT(protocols); i++)
        for (int k = 0; k < DISCOVER_SOURCES; k++) {
            const struct discover_source *s = &j->d->sources[k];
            for (size_t n = 0; n < s->profile.n_services; n++) {
                const struct profile_service *row = &s->profile.services[n];
                bool shown = k != DISCOVER_GUESS || discover_outcome(j->d, row) != OUTCOME_NOT_RUN;
                if (row->protocol == protocols[i] && shown)
                    add_row(j, m, s, row);
            }
        }
}

void discover_judge(struct discovery *d, const struct clauses *clauses, struct run *run)
{
    struct judging j = { d, clauses, run, discover_found(d) };
    for (int k = 0; k < DISCOVER_SOURCES; k++)
        if (d->sources[k].state != DISCOVER_NOT_ASKED)
            judge_source(&j, &d->sources[k]);
    judge_agreement(&j, PROTOCOL_IMAP, "imap");
    judge_agreement(&j, PROTOCOL_POP3, "pop3");
    judge_agreement(&j, PROTOCOL_SMTP, "submission");
    if (!j.found)
        return;
    judge_preference(&j);
    judge_completeness(&j);
    add_table(&j);
}
