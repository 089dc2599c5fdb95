#include "selftest_ports.h"
#include "port_column.h"
#include "port_visit.h"
#include "ports_account.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { OPEN = 4 };

/* One of each protocol, role and mode, and one over IPv6. */
static const struct {
    enum service_id service;
    int family;
} lab_rows[] = {
    { SERVICE_SMTP, AF_INET },  { SERVICE_SUBMISSION, AF_INET }, { SERVICE_SUBMISSIONS, AF_INET },
    { SERVICE_POP3, AF_INET },  { SERVICE_POP3S, AF_INET },      { SERVICE_IMAP, AF_INET },
    { SERVICE_IMAPS, AF_INET }, { SERVICE_IMAPS, AF_INET6 },
};

enum { COLUMNS_MAX = 64 };

struct lab {
    const struct ports_selftest *asked;
    struct port_policy policy;
    struct proof_counts *counts;
};

static int dial_memory(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
                       struct stream **ret)
{
    const struct service *s = service_find(slice_of(where->name));
    if (!s)
        return error_set(err, ERR_INTERNAL, "no service is called %s", where->name);
    *ret = own_target_connect(ctx, s->id, where->family == AF_INET6 ? "::1" : "127.0.0.5");
    return 0;
}

static struct port_spec spec_of(const struct service *s, int family, const char *host)
{
    const struct port_standard *standard = port_standard(s->port);
    return (struct port_spec) { .host = host,
                                .address = family == AF_INET6 ? "::1" : "127.0.0.1",
                                .port = s->port,
                                .family = family,
                                .protocol = standard->protocol,
                                .role = standard->role,
                                .mode = standard->mode,
                                .name = standard->name };
}

/* From what says least to what must be heard. */
static int weight(enum outcome o)
{
    static const int weights[OUTCOME_COUNT] = {
        [OUTCOME_SKIP] = 1, [OUTCOME_PASS] = 2, [OUTCOME_NOTE] = 3,
        [OUTCOME_WARN] = 4, [OUTCOME_FAIL] = 5, [OUTCOME_ERROR] = 6
    };
    return weights[o];
}

static bool is_finding(const struct port_verdict *v)
{
    return v->outcome == OUTCOME_FAIL || v->outcome == OUTCOME_WARN || v->outcome == OUTCOME_NOTE;
}

/* A fault must be found for the clause that it breaks, if that is one of the column's: a finding about
   anything else does not prove it. */
static bool is_killed(const struct port_column *c, const struct port_verdict *v,
                      const struct fault_row *fault)
{
    bool judged = false;
    for (size_t i = 0; i < COLUMN_CLAUSES_MAX && c->clauses[i]; i++)
        judged |= strcmp(c->clauses[i], fault->clause) == 0;
    return is_finding(v) && (!judged || strcmp(v->clause, fault->clause) == 0);
}

/* The verdict that says most over all rows; with a fault, the one that finds it. */
static void judge_all(const struct lab *lab, const struct fault_row *fault,
                      const struct port_facts *facts, size_t n, struct port_verdict *ret)
{
    for (size_t c = 0; c < n_port_columns; c++) {
        ret[c] = (struct port_verdict) { .outcome = OUTCOME_SKIP };
        for (size_t i = 0; i < n; i++) {
            struct port_judging j = { &facts[i], &lab->policy, facts, n, (int64_t)time(NULL) };
            struct port_verdict v;
            port_judge(&j, &port_columns[c], &v);
            if (fault && is_killed(&port_columns[c], &ret[c], fault))
                continue;
            if (weight(v.outcome) > weight(ret[c].outcome) || (!i && !ret[c].text[0]) ||
                (fault && is_killed(&port_columns[c], &v, fault)))
                ret[c] = v;
        }
    }
}

static int ask_account(const struct lab *lab, struct own_target *own, struct port_facts *facts,
                       struct error *err)
{
    struct run run;
    run_init(&run);
    int r = ports_account_ask(lab->asked->library, &own->target, facts, COUNT(lab_rows), &run, err);
    run_release(&run);
    return r;
}

/* Visits servers with that fault, or clean ones when it is NULL. */
static int look(const struct lab *lab, const struct fault_row *fault, bool full, bool account,
                struct port_verdict *ret, struct error *err)
{
    struct own_target own;
    struct port_facts facts[COUNT(lab_rows)];
    struct tls_context *tls = NULL;
    struct budget budget = { .max = OPEN };
    struct own_options own_options = { .shared = lab->asked->shared };
    if (fault)
        fault_add(&own_options.faults, slice_of(fault->name));
    int r = own_target_open(&own, &own_options, err);
    struct tls_client_config config = { .ca_pem = r == 0 ? slice_of(own.target.ca_pem) : S("") };
    if (r == 0)
        r = tls_client_context_new(&config, err, &tls);
    struct port_options options = {
        .dialer = { dial_memory, &own }, .tls = tls, .budget = &budget, .full = full
    };
    if (r == 0) {
        for (size_t i = 0; i < COUNT(lab_rows); i++) {
            struct port_spec spec =
                spec_of(&services[lab_rows[i].service], lab_rows[i].family, own.target.tls_name);
            port_facts_init(&facts[i], &spec);
        }
        port_visit_all(&options, facts, COUNT(lab_rows), NULL, NULL);
        if (account)
            r = ask_account(lab, &own, facts, err);
        judge_all(lab, fault, facts, COUNT(lab_rows), ret);
        for (size_t i = 0; i < COUNT(lab_rows); i++)
            port_facts_release(&facts[i]);
    }
    tls_context_free(tls);
    own_target_close(&own);
    return r;
}

/* ---- what is expected ---- */

static bool is_selected(const struct ports_selftest *t, const struct port_column *c)
{
    for (size_t i = 0; t->columns && i < t->columns->n; i++)
        if (strcmp(t->columns->v[i], c->name) == 0)
            return true;
    return !t->columns;
}

/* The clean servers are above reproach: nothing to warn of, and something that passes. */
static void clean_columns(const struct lab *lab, const struct port_verdict *quick,
                          const struct port_verdict *full)
{
    for (size_t i = 0; i < n_port_columns; i++) {
        const struct port_column *c = &port_columns[i];
        const struct port_verdict *both[] = { &quick[i], &full[i] };
        bool good = true;
        if (!is_selected(lab->asked, c))
            continue;
        for (size_t k = 0; k < COUNT(both); k++) {
            enum outcome o = both[k]->outcome;
            bool fine = o == OUTCOME_PASS || (o == OUTCOME_SKIP && !k); /* quick may not know */
            good &= fine;
            if (!fine || lab->asked->verbose)
                printf("%-5s ports/%s: %s (%s)\n", fine ? "pass" : "FAIL", c->name, both[k]->text,
                       k ? "full" : "quick");
        }
        lab->counts->checks++;
        lab->counts->passed += good;
    }
}

static const struct fault_row *fault_row(const char *name)
{
    size_t n;
    const struct fault_row *rows = fault_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static int prove(const struct lab *lab, const struct port_column *c, const char *name,
                 struct error *err)
{
    struct port_verdict verdicts[COLUMNS_MAX];
    const struct fault_row *fault = fault_row(name);
    const struct port_verdict *v = &verdicts[c - port_columns];
    if (!fault) {
        printf("UNPROVED ports/%s: no fault is called %s\n", c->name, name);
        lab->counts->unproved++;
        return 0;
    }
    int r = look(lab, fault, c->full, c->account, verdicts, err);
    if (r == 0 && !c->full &&
        !is_killed(c, v, fault)) /* some of what it asks needs more connections */
        r = look(lab, fault, true, c->account, verdicts, err);
    if (r < 0)
        return r;
    lab->counts->faults++;
    lab->counts->killed += is_killed(c, v, fault);
    lab->counts->survived += !is_killed(c, v, fault);
    if (!is_killed(c, v, fault))
        printf("SURVIVED %-44s ports/%s: %s (%s, not %s): %s\n", name, c->name,
               outcome_name(v->outcome), v->clause, fault->clause, v->text);
    else if (lab->asked->matrix || lab->asked->verbose)
        printf("killed   %-44s ports/%s: %s\n", name, c->name, v->text);
    fflush(stdout);
    return 0;
}

static int prove_columns(const struct lab *lab, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < n_port_columns && r == 0; i++) {
        const struct port_column *c = &port_columns[i];
        if (!is_selected(lab->asked, c))
            continue;
        if (!c->proved_by[0]) {
            printf("UNPROVED ports/%s names no fault\n", c->name);
            lab->counts->unproved++;
        }
        for (size_t k = 0; k < COLUMN_FAULTS_MAX && c->proved_by[k] && r == 0; k++)
            r = prove(lab, c, c->proved_by[k], err);
    }
    return r;
}

void ports_faults_named(bool *ret_seen)
{
    for (size_t i = 0; i < n_port_columns; i++)
        for (size_t k = 0; k < COLUMN_FAULTS_MAX && port_columns[i].proved_by[k]; k++) {
            struct faults faults = { 0 };
            fault_add(&faults, slice_of(port_columns[i].proved_by[k]));
            for (size_t f = 0; f < FAULT_COUNT; f++)
                ret_seen[f] |= fault_on(&faults, (enum fault_id)f);
        }
}

int ports_selftest(const struct ports_selftest *t, struct proof_counts *counts, struct error *err)
{
    struct port_verdict quick[COLUMNS_MAX], full[COLUMNS_MAX];
    struct lab lab = { .asked = t, .counts = counts };
    struct problems problems = { 0 };
    int r = port_policy_load(t->library->root, "rfc9325", &lab.policy, &problems, err);
    if (r == 0 && n_port_columns > COLUMNS_MAX)
        r = error_set(err, ERR_INTERNAL, "more columns than the selftest has room for");
    if (r == 0)
        r = look(&lab, NULL, false, false, quick, err);
    if (r == 0)
        r = look(&lab, NULL, true, true, full, err);
    if (r == 0)
        clean_columns(&lab, quick, full);
    if (r == 0 && !t->clean_only)
        r = prove_columns(&lab, err);
    port_policy_release(&lab.policy);
    problems_release(&problems);
    return r;
}
