/* TLS reporting, SRV and CAA: what is published, without a visit. */
#include "dns_policy_private.h"
#include "txt_fields.h"

/* ---- TLSRPT (RFC 8460) ---- */

static void judge_reports(struct judging *j, const struct dns_answer *a, const char *name)
{
    size_t n = 0;
    const struct dns_record *only = NULL;
    struct tlsrpt policy;
    char why[TXT_WHY_MAX];
    for (size_t i = 0; i < a->n; i++)
        if (txt_has_version(a->records[i].text, S("v=TLSRPTv1"))) {
            only = &a->records[i];
            n++;
        }
    if (n > 1)
        found(
            j, OUTCOME_WARN, "rfc8460/3/one-record",
            "%s has %zu TLSRPT records: senders take that for none, and send no reports; keep one",
            name, n);
    else if (!n && a->n)
        found(j, OUTCOME_WARN, "rfc8460/3/record-well-formed",
              "no TXT record at %s begins with \"v=TLSRPTv1;\": senders send no reports; it reads "
              "\"%.60s\"",
              name, texted(j, "%.*s", SLICE_ARG(a->records[0].text)));
    else if (!n)
        found(j, OUTCOME_NOTE, NULL,
              "there is no TLSRPT record: publish %s TXT \"v=TLSRPTv1; rua=mailto:...\" to learn "
              "of senders whose TLS fails",
              name);
    else if (!tlsrpt_parse(only->text, &policy, why))
        found(j, OUTCOME_WARN, "rfc8460/3/record-well-formed",
              "the TLSRPT record at %s %s: senders may send no reports", name, why);
    else
        noted(j, "reports go to %zu address%s", policy.n, policy.n == 1 ? "" : "es");
}

void judge_tlsrpt(struct judging *j)
{
    struct dns_answer a;
    const char *name = texted(j, "_smtp._tls.%s", j->d->domain);
    if (j->d->mx.null_mx && !j->d->mx.n) {
        found(j, OUTCOME_SKIP, NULL, "the domain takes no mail (null MX)");
        return;
    }
    if (!asked(j, name, DNS_TXT, "senders that validate send no reports", &a))
        return;
    judge_reports(j, &a, name);
    dns_answer_release(&a);
}

/* ---- SRV (RFC 6186, RFC 8314) ---- */

static const struct srv_pair {
    const char *what, *implicit, *starttls;
} pairs[] = {
    { "submission", "_submissions", "_submission" },
    { "IMAP", "_imaps", "_imap" },
    { "POP3", "_pop3s", "_pop3" },
};

struct srv_seen {
    bool failed, any, offered, refused; /* refused: the target is "." */
    unsigned priority;                  /* the lowest that is offered */
    bool insecure;
};

static void judge_target(struct judging *j, const char *service, const struct dns_record *r)
{
    struct dns_answer a, b = { 0 };
    if (!asked(j, r->host, DNS_A, "mail programs cannot reach this server", &a))
        return;
    bool alias = a.canonical && strcmp(a.canonical, r->host) != 0;
    size_t n = a.n;
    dns_answer_release(&a);
    if (!n && asked(j, r->host, DNS_AAAA, "mail programs cannot reach this server", &b))
        n = b.n;
    else if (!n)
        return;
    dns_answer_release(&b);
    if (!n)
        found(j, OUTCOME_FAIL, "rfc6186/5/srv-leads-to-service",
              "%s leads to %s, which has no address: mail programs find no server; correct the "
              "target",
              service, r->host);
    else if (alias)
        found(j, OUTCOME_WARN, "rfc6186/5/srv-leads-to-service",
              "%s leads to %s, which is an alias (CNAME); name the host itself", service, r->host);
}

static struct srv_seen look_for(struct judging *j, const char *service)
{
    struct srv_seen seen = { 0 };
    struct dns_answer a;
    const char *name = texted(j, "%s._tcp.%s", service, j->d->domain);
    if (!asked(j, name, DNS_SRV, "mail programs behind a resolver that validates find no server",
               &a)) {
        seen.failed = true;
        return seen;
    }
    seen.any = a.n > 0;
    seen.insecure = a.n && a.trust == DNS_INSECURE;
    if (a.n > SRV_TARGETS_MAX)
        found(j, OUTCOME_NOTE, NULL, "%s has %zu records, of which the first %d are looked at",
              name, a.n, SRV_TARGETS_MAX);
    for (size_t i = 0; i < a.n && i < SRV_TARGETS_MAX && !j->d->cancelled; i++) {
        const struct dns_record *r = &a.records[i];
        if (!r->host[0]) {
            seen.refused = true;
            continue;
        }
        if (!seen.offered)
            seen.priority = r->priority;
        seen.offered = true;
        judge_target(j, service, r);
    }
    if (seen.refused && seen.offered)
        found(j, OUTCOME_FAIL, "rfc6186/3.4/not-offered-alone",
              "%s says \"not offered\" (\".\") and names a server as well; remove one of the two",
              name);
    dns_answer_release(&a);
    return seen;
}

static void judge_pair(struct judging *j, const struct srv_pair *pair, const struct srv_seen *tls,
                       const struct srv_seen *clear)
{
    if (tls->failed || clear->failed || !clear->offered)
        return;
    if (!tls->offered)
        found(j, OUTCOME_WARN, "rfc8314/4.5.2/srv-implicit-tls-first",
              "%s is published for STARTTLS alone (%s._tcp): publish %s._tcp, too, for the port of "
              "implicit TLS, with a lower priority value",
              pair->what, pair->starttls, pair->implicit);
    else if (tls->priority > clear->priority)
        found(j, OUTCOME_WARN, "rfc8314/4.5.2/srv-implicit-tls-first",
              "%s prefers STARTTLS: %s._tcp has priority %u and %s._tcp %u, and the lower is taken "
              "first; exchange them",
              pair->what, pair->starttls, clear->priority, pair->implicit, tls->priority);
}

void judge_srv(struct judging *j)
{
    bool any = false, failed = false, insecure = false;
    for (size_t i = 0; i < COUNT(pairs) && !j->d->cancelled; i++) {
        struct srv_seen tls = look_for(j, pairs[i].implicit);
        struct srv_seen clear = look_for(j, pairs[i].starttls);
        judge_pair(j, &pairs[i], &tls, &clear);
        any |= tls.any || clear.any;
        failed |= tls.failed || clear.failed;
        insecure |= tls.insecure || clear.insecure;
    }
    if (!any && !failed)
        found(j, OUTCOME_WARN, "rfc8314/4.5.2/srv-advertised",
              "there are no SRV records for mail programs: publish _submissions._tcp, _imaps._tcp "
              "and _pop3s._tcp for what is served, and \"0 0 0 .\" for what is not");
    if (insecure && dns_has_anchor(j->d->options->dns))
        found(j, OUTCOME_NOTE, "rfc8314/4.5.3/records-signed",
              "the SRV records are not signed: mail programs cannot tell whether the server names "
              "are the domain's; sign the zone if its parent is signed");
}

/* ---- CAA ---- */

/* The records of the nearest name from there upwards that has any. True when there are some. */
static bool caa_of(struct judging *j, const char *host, bool *ret_failed)
{
    for (const char *name = host; name && !j->d->cancelled;) {
        struct dns_answer a;
        if (!asked(j, name, DNS_CAA, "authorities refuse to issue certificates", &a)) {
            *ret_failed = true;
            return false;
        }
        size_t n = a.n;
        for (size_t i = 0; i < n; i++)
            if (a.records[i].flags & 128 && strcmp(a.records[i].tag, "issue") != 0 &&
                strcmp(a.records[i].tag, "issuewild") != 0 &&
                strcmp(a.records[i].tag, "iodef") != 0)
                found(j, OUTCOME_NOTE, NULL,
                      "the CAA record of %s has the critical property \"%s\", which authorities "
                      "that do not know it answer by issuing nothing",
                      name, a.records[i].tag);
        dns_answer_release(&a);
        if (n)
            return true;
        name = strchr(name, '.');
        name = name ? name + 1 : NULL;
        if (name && !strchr(name, '.'))
            return false; // the top-level domain is nobody's to speak for these hosts
    }
    return false;
}

void judge_caa(struct judging *j)
{
    const struct mx_hosts *mx = &j->d->mx;
    if (!mx->n && !mx_is_known(j))
        return;
    for (size_t i = 0; i < mx->n && !j->d->cancelled; i++) {
        bool failed = false;
        if (!caa_of(j, mx->hosts[i], &failed) && !failed)
            found(j, OUTCOME_NOTE, NULL,
                  "no CAA record stands at %s or above: every authority may issue certificates for "
                  "it; publish CAA 0 issue \"...\" with the one that you use",
                  mx->hosts[i]);
    }
}
