#include "dns_policy.h"
#include "clause.h"
#include "dns_policy_private.h"
#include "dns_record.h"
#include "task.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define TIMEOUT SECONDS(10)

static const struct dns_policy policies[] = {
    { .name = "mx",
      .title = "The domain says who takes its mail",
      .why = "Without an MX that leads to a server, mail to the domain comes back or waits.",
      .clauses = { "rfc5321/5.1/mx-has-address", "rfc5321/5.1/mx-is-no-alias",
                   "rfc7505/3/null-mx-alone", "rfc8314/4.5.1/mx-advertised",
                   "rfc7672/2.1.2/lookup-failure-delays" },
      .bogus = "rfc7672/2.1.2/lookup-failure-delays",
      .level = LEVEL_MUST,
      .judge = judge_mx },
    { .name = "dane",
      .title = "TLSA records that are signed name the certificate of every MX",
      .why = "Senders that follow DANE deliver only to the server that the records name: it keeps "
             "others from reading or diverting mail, and a wrong record stops the mail.",
      .clauses = { "rfc7672/3.2/server-authenticated", "rfc7672/2.1.2/lookup-failure-delays",
                   "rfc7672/2.2/tlsa-promises-tls", "rfc7672/3.1.2/ta-in-chain",
                   "rfc7672/3.2.2/ta-name", "rfc7672/3.1.3/no-pkix-usages",
                   "rfc7672/4/next-key-published", "rfc7672/5/digest-agility" },
      .bogus = "rfc7672/2.1.2/lookup-failure-delays",
      .level = LEVEL_MUST,
      .judge = judge_dane },
    { .name = "mta-sts",
      .title = "The MTA-STS policy can be fetched, is well formed, and holds for every MX",
      .why = "Senders that follow MTA-STS deliver in mode \"enforce\" only to hosts that the "
             "policy names, with a certificate that is trusted: a mistake stops the mail.",
      .clauses = { "rfc8461/3.1/txt-record", "rfc8461/3.2/policy-well-formed",
                   "rfc8461/3.2/policy-text-plain", "rfc8461/3.3/policy-host-certificate",
                   "rfc8461/3.3/policy-status-200", "rfc8461/3.3/policy-size",
                   "rfc8461/4.1/mx-covered", "rfc8461/4.2/mx-certificate" },
      .bogus = "rfc8461/3.1/txt-record",
      .level = LEVEL_MUST,
      .judge = judge_mta_sts },
    { .name = "tlsrpt",
      .title = "One TLSRPT record says where reports on failed TLS go",
      .why = "Without reports nobody at the domain learns that mail waits for broken TLS.",
      .clauses = { "rfc8460/3/one-record", "rfc8460/3/record-well-formed" },
      .bogus = "rfc8460/3/one-record",
      .level = LEVEL_SHOULD,
      .judge = judge_tlsrpt },
    { .name = "srv",
      .title = "SRV records lead mail programs to ports of implicit TLS",
      .why = "Programs that know only the address find the servers by these records, and take the "
             "port that is named first.",
      .clauses = { "rfc8314/4.5.2/srv-advertised", "rfc8314/4.5.2/srv-implicit-tls-first",
                   "rfc8314/4.5.3/records-signed", "rfc6186/5/srv-leads-to-service",
                   "rfc6186/3.4/not-offered-alone" },
      .bogus = "rfc8314/4.5.3/records-signed",
      .level = LEVEL_SHOULD,
      .judge = judge_srv },
    { .name = "caa",
      .title = "CAA records say which authorities may issue certificates",
      .why = "Without them every authority may issue a certificate for the servers of the domain.",
      .level = LEVEL_NOTE,
      .judge = judge_caa },
};

nsec policy_timeout(const struct judging *j)
{
    return j->d->options->timeout ? j->d->options->timeout : TIMEOUT;
}

int64_t policy_now(const struct judging *j)
{
    return j->d->options->now ? j->d->options->now : (int64_t)time(NULL);
}

/* ---- findings ---- */

__attribute__((format(printf, 2, 0))) static const char *
format_text(struct judging *j, const char *format, va_list args)
{
    char text[1000];
    vsnprintf(text, sizeof text, format, args);
    return run_text(j->d->run, slice_of(text));
}

const char *texted(struct judging *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(j, format, args);
    va_end(args);
    return text;
}

void found(struct judging *j, enum outcome outcome, const char *clause, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *array_push(&j->findings) = (struct policy_finding) { .outcome = outcome,
                                                          .clause = clause,
                                                          .text = format_text(j, format, args) };
    va_end(args);
}

void found_error(struct judging *j, const struct error *err)
{
    if (err->code == ERR_CANCEL)
        j->d->cancelled = true;
    *array_push(&j->findings) =
        (struct policy_finding) { .outcome = OUTCOME_ERROR,
                                  .error = err->code,
                                  .text = run_text(j->d->run, slice_of(err->text)) };
}

void noted(struct judging *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(j, format, args);
    va_end(args);
    result_event(j->d->run, j->result, now() - j->began, "dns", EVENT_NOTE, false, slice_of(text));
}

/* ---- questions ---- */

static void show_record(enum dns_type type, const struct dns_record *r, struct buf *out)
{
    buf_adds(out, out->n ? "; " : ": ");
    if (type == DNS_A || type == DNS_AAAA)
        buf_adds(out, r->address);
    else if (type == DNS_MX)
        buf_addf(out, "%u %s.", r->priority, r->host);
    else if (type == DNS_SRV)
        buf_addf(out, "%u %u %u %s.", r->priority, r->weight, r->port, r->host);
    else if (type == DNS_TLSA)
        buf_addf(out, "%u %u %u (%zu octets)", r->usage, r->selector, r->matching,
                 r->association.n);
    else if (type == DNS_CAA)
        buf_addf(out, "%u %s \"%.*s\"", r->flags, r->tag, SLICE_ARG(r->text));
    else if (type == DNS_TXT)
        buf_addf(out, "\"%.*s\"", SLICE_ARG(r->text));
    else
        buf_addf(out, "%s.", r->host);
}

static void show_answer(struct judging *j, enum dns_type type, const struct dns_answer *a)
{
    static const char *const trust[] = { "not signed", "signed", "bogus" };
    auto_buf records, all;
    buf_init(&records, 2000);
    buf_init(&all, 3000);
    for (size_t i = 0; i < a->n; i++)
        show_record(type, &a->records[i], &records);
    buf_addf(&all, "%s, %s",
             !a->name_exists ? "no such name"
             : a->n          ? ""
                             : "none",
             trust[a->trust]);
    buf_add(&all, buf_slice(&records));
    slice text =
        slice_starts(buf_slice(&all), S(", ")) ? slice_skip(buf_slice(&all), 2) : buf_slice(&all);
    result_event(j->d->run, j->result, now() - j->began, "dns", EVENT_RECEIVED, false, text);
}

int ask_quietly(struct judging *j, const char *name, enum dns_type type, struct error *err,
                struct dns_answer *ret)
{
    const char *question = texted(j, "%s %s", name, dns_type_name(type));
    result_event(j->d->run, j->result, now() - j->began, "dns", EVENT_SENT, false,
                 slice_of(question));
    int r = dns_query(j->d->options->dns, name, type, now() + policy_timeout(j), err, ret);
    if (r)
        noted(j, "%s", err->text);
    else
        show_answer(j, type, ret);
    return r;
}

bool asked(struct judging *j, const char *name, enum dns_type type, const char *what,
           struct dns_answer *ret)
{
    struct error err;
    if (ask_quietly(j, name, type, &err, ret)) {
        found_error(j, &err);
        return false;
    }
    if (ret->trust != DNS_BOGUS)
        return true;
    found(j, OUTCOME_FAIL, j->policy->bogus,
          "the signatures of %s %s do not hold (%s): %s; sign the zone again, or remove its DS "
          "record",
          name, dns_type_name(type), ret->why_bogus, what);
    dns_answer_release(ret);
    return false;
}

bool mx_is_known(struct judging *j)
{
    const struct mx_hosts *mx = &j->d->mx;
    if (j->d->mx_error.code)
        found_error(j, &j->d->mx_error);
    else if (mx->trust == DNS_BOGUS)
        found(j, OUTCOME_FAIL, "rfc7672/2.1.2/lookup-failure-delays",
              "the MX records are bogus (%s): senders that validate do not know where to deliver, "
              "and mail waits; sign the zone again, or remove its DS record",
              mx->why_bogus);
    else if (!mx->exists)
        found(j, OUTCOME_SKIP, NULL, "there is no domain %s", j->d->domain);
    else if (mx->null_mx && !mx->n)
        found(j, OUTCOME_SKIP, NULL, "the domain takes no mail (null MX)");
    else
        return mx->n > 0;
    return false;
}

const struct port_facts *mx_row(const struct judging *j, const char *host, size_t *from)
{
    for (; *from < j->d->n_rows; ++*from) {
        const struct port_spec *spec = &j->d->rows[*from].spec;
        slice name = slice_of(spec->host);
        if (slice_ends(name, S(".")))
            name.n--;
        if (spec->role == ROLE_MX && spec->port == 25 && slice_eq_nocase(name, slice_of(host)))
            return &j->d->rows[(*from)++];
    }
    return NULL;
}

/* ---- results ---- */

/* From what is quietest to what must be seen. */
static int weight(enum outcome o)
{
    static const int weights[OUTCOME_COUNT] = {
        [OUTCOME_PASS] = 1, [OUTCOME_SKIP] = 2,  [OUTCOME_NOTE] = 3,
        [OUTCOME_WARN] = 4, [OUTCOME_ERROR] = 5, [OUTCOME_FAIL] = 6
    };
    return weights[o];
}

static enum level add_clause(struct judging *j, const char *id)
{
    const struct clause *c = NULL;
    struct result_clause clause = { .id = id };
    array_each (known, &j->result->clauses)
        if (!strcmp(known->id, id))
            return known->level;
    if (j->d->options->clauses)
        c = clause_find(j->d->options->clauses, slice_of(id));
    if (c)
        clause = (struct result_clause) { c->id, c->rfc, c->section, c->level, c->says };
    result_add_clause(j->result, clause);
    return clause.level;
}

/* What was found names what does not hold, the worst first; a pass names all that was asked. */
static void add_clauses(struct judging *j, const struct policy_finding *worst)
{
    bool verdict = worst && worst->outcome != OUTCOME_SKIP && worst->outcome != OUTCOME_ERROR;
    for (size_t i = 0; !verdict && i < POLICY_CLAUSES_MAX && j->policy->clauses[i]; i++)
        add_clause(j, j->policy->clauses[i]);
    if (verdict && worst->clause)
        add_clause(j, worst->clause);
    array_each (f, &j->findings)
        if (verdict && f->clause && f->outcome == worst->outcome)
            add_clause(j, f->clause);
    j->result->level = !verdict                         ? j->policy->level
                       : worst->outcome == OUTCOME_FAIL ? LEVEL_MUST
                       : worst->outcome == OUTCOME_WARN ? LEVEL_SHOULD
                                                        : LEVEL_NOTE;
}

static void conclude(struct judging *j)
{
    struct result *r = j->result;
    const struct policy_finding *worst = NULL;
    array_each (f, &j->findings)
        if (!worst || weight(f->outcome) > weight(worst->outcome))
            worst = f;
    r->raw = worst ? worst->outcome : OUTCOME_PASS;
    add_clauses(j, worst);
    r->duration = now() - j->began;
    if (r->raw == OUTCOME_PASS)
        return;
    if (r->raw == OUTCOME_SKIP || r->raw == OUTCOME_ERROR) {
        r->reason = worst->text;
        r->error = worst->error;
        array_each (f, &j->findings)
            if (f != worst)
                noted(j, "%s: %s", outcome_name(f->outcome), f->text);
        return;
    }
    struct result_failure *failure = result_fail(j->d->run, r, "%s", worst->text);
    failure->why = j->policy->why;
    array_each (f, &j->findings)
        if (f != worst && f->outcome != OUTCOME_PASS)
            *array_push(&failure->more) =
                run_textf(j->d->run, "%s: %s", outcome_name(f->outcome), f->text);
}

static const char *id_of(struct domain_judging *d, const char *name)
{
    const char *id = run_textf(d->run, "ports/dns/%s", name);
    return run_find(d->run, id) ? run_textf(d->run, "%s[%s]", id, d->domain) : id;
}

static void judge(struct domain_judging *d, const struct dns_policy *policy)
{
    struct judging j = { .d = d, .policy = policy, .began = now() };
    j.result = run_add(d->run, id_of(d, policy->name));
    j.result->family = "ports";
    j.result->title = policy->title;
    policy->judge(&j);
    conclude(&j);
    array_release(&j.findings);
}

int dns_policy_judge(const struct dns_policy_options *options, const char *domain,
                     const struct port_facts *rows, size_t n, struct run *run)
{
    const char *name = dns_name(slice_of(domain), &run->arena);
    if (!name)
        return ERR_USAGE;
    struct domain_judging d = { options, name, rows, n, run };
    for (size_t i = 0; i < COUNT(policies) && !d.cancelled; i++)
        judge(&d, &policies[i]);
    mx_hosts_release(&d.mx);
    return d.cancelled ? ERR_CANCEL : 0;
}
