/* MTA-STS: the record, the policy and what it promises (RFC 8461). */
#include "dns_policy_private.h"
#include "http.h"
#include "mta_sts.h"
#include <errno.h>
#include <openssl/x509v3.h>

enum { ADDRESSES_MAX = 8, STS_SHORT_AGE = 86400, TOO_MANY_REQUESTS = 429 };

#define NO_POLICY "senders take the domain for one without MTA-STS"

/* ---- the record ---- */

static bool judge_record(struct judging *j, const struct dns_answer *a, const char *name)
{
    const struct dns_record *only = NULL;
    char why[TXT_WHY_MAX];
    slice id;
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        if (txt_has_version(a->records[i].text, S("v=STSv1"))) {
            only = &a->records[i];
            n++;
        }
    if (n > 1)
        found(j, OUTCOME_FAIL, "rfc8461/3.1/txt-record",
              "%s has %zu MTA-STS records: " NO_POLICY "; keep one", name, n);
    else if (!n && a->n)
        found(j, OUTCOME_FAIL, "rfc8461/3.1/txt-record",
              "no TXT record at %s begins with \"v=STSv1;\": " NO_POLICY "; it reads \"%.60s\"",
              name, texted(j, "%.*s", SLICE_ARG(a->records[0].text)));
    else if (!n)
        found(j, OUTCOME_NOTE, NULL,
              "the domain has no MTA-STS: senders that know no DANE cannot tell its servers from "
              "impostors; publish %s and a policy",
              name);
    else if (!sts_record_parse(only->text, &id, why))
        found(j, OUTCOME_FAIL, "rfc8461/3.1/txt-record", "the MTA-STS record at %s %s: " NO_POLICY,
              name, why);
    else
        noted(j, "MTA-STS, policy id %s", texted(j, "%.*s", SLICE_ARG(id)));
    return n == 1 && sts_record_parse(only->text, &id, why);
}

static bool has_record(struct judging *j)
{
    struct dns_answer a;
    const char *name = texted(j, "_mta-sts.%s", j->d->domain);
    if (!asked(j, name, DNS_TXT, NO_POLICY, &a))
        return false;
    bool good = judge_record(j, &a, name);
    dns_answer_release(&a);
    return good;
}

/* ---- the policy file ---- */

/* libcurl's "host:443:address,address" of what the DNS says; NULL, with a finding, when there are
   none. */
static const char *resolve_entry(struct judging *j, const char *host)
{
    static const enum dns_type types[] = { DNS_A, DNS_AAAA };
    auto_buf list;
    size_t n = 0;
    buf_init(&list, 1000);
    for (size_t t = 0; t < COUNT(types); t++) {
        struct dns_answer a;
        if (!asked(j, host, types[t], "senders that validate cannot fetch the policy", &a))
            return NULL;
        for (size_t i = 0; i < a.n && n < ADDRESSES_MAX; i++, n++)
            buf_addf(&list, types[t] == DNS_A ? "%s%s" : "%s[%s]", n ? "," : "",
                     a.records[i].address);
        dns_answer_release(&a);
    }
    if (n)
        return texted(j, "%s:443:%.*s", host, SLICE_ARG(buf_slice(&list)));
    found(j, OUTCOME_FAIL, "rfc8461/3.3/policy-status-200",
          "the policy host %s has no address: " NO_POLICY "; publish its address, or remove the "
          "record at _mta-sts.%s",
          host, j->d->domain);
    return NULL;
}

static void judge_failure(struct judging *j, const struct error *err, int why)
{
    if (err->code == ERR_TLS)
        found(
            j, OUTCOME_FAIL, "rfc8461/3.3/policy-host-certificate",
            "%s: " NO_POLICY
            "; the policy host needs a certificate that is trusted, in date, and names mta-sts.%s",
            err->text, j->d->domain);
    else if (err->code == ERR_LIMIT || why == ECONNREFUSED)
        found(j, OUTCOME_FAIL, "rfc8461/3.3/policy-status-200",
              "%s: " NO_POLICY "; serve the policy there", err->text);
    else
        found_error(j, err);
}

/* "text/plain", whatever its parameters. */
static bool is_text_plain(const char *content_type)
{
    slice rest = slice_of(content_type), type;
    return slice_cut(&rest, ';', &type) && slice_eq_nocase(slice_trim(type), S("text/plain"));
}

static bool judge_answer(struct judging *j, const struct http_answer *a, const char *url)
{
    noted(j, "%s: %ld, %s, %zu octets", url, a->status,
          a->content_type ? a->content_type : "no content type", a->body.n);
    if (a->status >= 300 && a->status < 400)
        found(
            j, OUTCOME_FAIL, "rfc8461/3.3/policy-status-200",
            "%s redirects (%ld%s%s), which senders do not follow: " NO_POLICY "; serve the policy "
            "itself there, by a reverse proxy if need be",
            url, a->status, a->redirect_url ? " to " : "", a->redirect_url ? a->redirect_url : "");
    else if (a->status == TOO_MANY_REQUESTS)
        found(j, OUTCOME_ERROR, NULL, "%s says that we ask too often (%ld)", url, a->status);
    else if (a->status != 200)
        found(j, OUTCOME_FAIL, "rfc8461/3.3/policy-status-200",
              "%s answers %ld: " NO_POLICY "; serve the policy there", url, a->status);
    if (a->status != 200)
        return false;
    if (!a->content_type || !is_text_plain(a->content_type))
        found(j, OUTCOME_WARN, "rfc8461/3.2/policy-text-plain",
              "the policy is served as %s, which careful senders refuse; serve it as text/plain",
              a->content_type ? a->content_type : "nothing (no Content-Type)");
    return true;
}

static bool fetch(struct judging *j, struct http_answer *ret)
{
    const struct dns_policy_options *o = j->d->options;
    const char *host = texted(j, "mta-sts.%s", j->d->domain);
    const char *url = texted(j, "https://%s/.well-known/mta-sts.txt", host);
    const char *own[2] = { NULL, NULL };
    int why = 0;
    struct error err;
    if (!o->resolve && !(own[0] = resolve_entry(j, host)))
        return false;
    struct http_request request = { .url = url,
                                    .ca_file = o->ca_file,
                                    .ca_pem = o->ca_pem,
                                    .resolve = o->resolve ? o->resolve : own,
                                    .connect_to = o->connect_to,
                                    .no_redirects = true,
                                    .https_only = true,
                                    .dns_id = host,
                                    .timeout = policy_timeout(j),
                                    .ret_errno = &why };
    if (http_fetch(&request, &err, ret)) {
        judge_failure(j, &err, why);
        return false;
    }
    if (judge_answer(j, ret, url))
        return true;
    http_answer_release(ret);
    return false;
}

/* ---- what it promises ---- */

/* In mode enforce mail is held back; in mode testing it is not. */
static enum outcome by_mode(const struct sts_policy *p)
{
    return p->mode == STS_ENFORCE ? OUTCOME_FAIL : OUTCOME_WARN;
}

static const char *effect(const struct sts_policy *p)
{
    return p->mode == STS_ENFORCE ? "senders that follow MTA-STS do not deliver to it"
                                  : "senders will not deliver to it once the mode is \"enforce\"";
}

static void judge_coverage(struct judging *j, const struct sts_policy *p)
{
    const struct mx_hosts *mx = &j->d->mx;
    for (size_t i = 0; i < mx->n; i++) {
        bool covered = false;
        for (size_t k = 0; k < p->n_mx && !covered; k++)
            covered = sts_pattern_covers(p->mx[k], mx->hosts[i]);
        if (!covered)
            found(j, by_mode(p), "rfc8461/4.1/mx-covered",
                  "no mx of the policy covers the MX %s: %s; add \"mx: %s\"", mx->hosts[i],
                  effect(p), mx->hosts[i]);
    }
    for (size_t k = 0; k < p->n_mx; k++) {
        bool used = false;
        for (size_t i = 0; i < mx->n && !used; i++)
            used = sts_pattern_covers(p->mx[k], mx->hosts[i]);
        if (!used)
            found(j, OUTCOME_NOTE, NULL, "\"mx: %s\" of the policy covers none of the domain's MX",
                  texted(j, "%.*s", SLICE_ARG(p->mx[k])));
    }
}

/* Only names of DNS among the alternative names count (section 4.2). */
static const char *certificate_problem(const struct judging *j, const struct port_facts *f)
{
    if (f->tls.chain_code != X509_V_OK)
        return f->tls.chain_text ? f->tls.chain_text : "its chain is not trusted";
    if (X509_check_host(f->tls.certificate, f->spec.host, 0,
                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                        NULL) != 1)
        return "it does not carry the name of the host as a DNS name";
    return NULL;
}

static void judge_visit(struct judging *j, const struct sts_policy *p, const struct port_facts *f)
{
    const char *host = f->spec.host, *where = f->address ? f->address : host;
    if (f->tls.certificate) {
        const char *problem = certificate_problem(j, f);
        if (problem)
            found(j, by_mode(p), "rfc8461/4.2/mx-certificate",
                  "the certificate of %s (%s) does not do: %s; %s", host, where, problem,
                  effect(p));
        else
            noted(j, "the certificate of %s (%s) is trusted and names it", host, where);
    } else if (f->reach == REACH_OPEN &&
               (f->starttls_offered == SEEN_NO || f->starttls_works == SEEN_NO || f->tls.failure)) {
        found(j, by_mode(p), "rfc8461/4.2/mx-certificate",
              "%s (%s) does no TLS%s%s: %s; switch STARTTLS on", host, where,
              f->tls.failure ? ": " : "", f->tls.failure ? f->tls.failure : "", effect(p));
    } else {
        found(j, OUTCOME_SKIP, NULL,
              "%s (%s) showed no certificate to hold against the policy (%s)", host, where,
              port_reach_name(f->reach));
    }
}

static void judge_promises(struct judging *j, const struct sts_policy *p)
{
    const struct port_facts *f;
    if (p->mode == STS_NONE) {
        found(j, OUTCOME_NOTE, NULL,
              "the policy has mode \"none\": it protects nothing; take it away once max_age has "
              "passed, or set it to \"testing\" and then \"enforce\"");
        return;
    }
    if (p->mode == STS_TESTING)
        found(j, OUTCOME_NOTE, NULL,
              "the policy has mode \"testing\": senders report what is wrong, and deliver all the "
              "same; set it to \"enforce\" once no reports come");
    if (p->max_age < STS_SHORT_AGE)
        found(j, OUTCOME_WARN, "rfc8461/3.2/max-age-weeks",
              "max_age is %llu seconds: who disturbs the way for that long gets rid of the policy; "
              "weeks are usual (604800 or more)",
              (unsigned long long)p->max_age);
    judge_coverage(j, p);
    for (size_t i = 0; i < j->d->mx.n; i++) {
        const char *host = j->d->mx.hosts[i];
        size_t from = 0, n = 0;
        for (; (f = mx_row(j, host, &from)); n++)
            judge_visit(j, p, f);
        if (!n)
            found(j, OUTCOME_SKIP, NULL,
                  "%s was not visited, so that its certificate is not judged", host);
    }
}

static void judge_policy(struct judging *j, slice text)
{
    struct sts_policy policy;
    char why[TXT_WHY_MAX];
    if (!sts_policy_parse(text, &policy, why)) {
        found(j, OUTCOME_FAIL, "rfc8461/3.2/policy-well-formed",
              "the policy cannot be used, %s: " NO_POLICY "; correct it", why);
        return;
    }
    noted(j, "mode %s, max_age %llu, %zu mx", sts_mode_names[policy.mode],
          (unsigned long long)policy.max_age, policy.n_mx);
    if (policy.blank_line)
        found(j, OUTCOME_WARN, "rfc8461/3.2/policy-well-formed",
              "line %zu of the policy is empty, which its grammar has not; remove it",
              policy.blank_line);
    if (policy.repeated.n)
        found(j, OUTCOME_WARN, "rfc8461/3.2/policy-well-formed",
              "the policy has \"%s\" twice, and the second is ignored; remove it",
              texted(j, "%.*s", SLICE_ARG(policy.repeated)));
    judge_promises(j, &policy);
}

void judge_mta_sts(struct judging *j)
{
    struct http_answer answer;
    if (!mx_is_known(j) || !has_record(j) || !fetch(j, &answer))
        return;
    judge_policy(j, buf_slice(&answer.body));
    http_answer_release(&answer);
}
