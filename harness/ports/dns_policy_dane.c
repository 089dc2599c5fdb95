/* DANE for SMTP: finding the TLSA records of each MX (RFC 7672 section 2.2), and holding the
   certificates of the visits against them. */
#include "dane.h"
#include "dns_policy_private.h"

#define MAIL_WAITS                                                                                 \
    "senders that follow DANE take the server for unreachable, and mail waits (RFC 7672 2.1.2)"

/* What an MX host has in the DNS. */
struct tlsa_search {
    const char *host; /* the MX */
    const char *base; /* the TLSA base domain: the host, or what it is an alias of */
    const char *name; /* "_25._tcp.mx.example.test" */
    struct dns_answer tlsa;
    bool failed;           /* a finding says why */
    bool unsigned_address; /* DANE does not apply to the host */
};

/* ---- looking ---- */

static enum dns_trust weaker(enum dns_trust a, enum dns_trust b)
{
    return a == DNS_SECURE ? b : a;
}

/* The addresses decide whether TLSA records are looked for, and under which name. */
static bool addresses_allow(struct judging *j, struct tlsa_search *s, const char **ret_expanded)
{
    struct dns_answer v4, v6, alias;
    if (!asked(j, s->host, DNS_A, MAIL_WAITS, &v4))
        return false;
    enum dns_trust trust = v4.trust;
    if (v4.canonical && strcmp(v4.canonical, s->host) != 0)
        *ret_expanded = texted(j, "%s", v4.canonical);
    dns_answer_release(&v4);
    if (!asked(j, s->host, DNS_AAAA, MAIL_WAITS, &v6))
        return false;
    trust = weaker(trust, v6.trust);
    dns_answer_release(&v6);
    if (trust == DNS_SECURE)
        return true;
    if (!*ret_expanded) {
        s->unsigned_address = true;
        return true;
    }
    *ret_expanded = NULL; // the alias leads out of what is signed: only the host's own name counts
    if (!asked(j, s->host, DNS_CNAME, MAIL_WAITS, &alias))
        return false;
    s->unsigned_address = alias.trust != DNS_SECURE;
    dns_answer_release(&alias);
    return true;
}

static bool look_at(struct judging *j, struct tlsa_search *s, const char *base)
{
    s->base = base;
    s->name = texted(j, "_25._tcp.%s", base);
    if (asked(j, s->name, DNS_TLSA, MAIL_WAITS, &s->tlsa))
        return true;
    s->failed = true;
    return false;
}

/* In a zone that is not signed nobody looks, and name servers may not know the type: no error. */
static void look_in_vain(struct judging *j, struct tlsa_search *s)
{
    struct error err;
    s->base = s->host;
    s->name = texted(j, "_25._tcp.%s", s->host);
    if (ask_quietly(j, s->name, DNS_TLSA, &err, &s->tlsa)) {
        if (err.code == ERR_CANCEL)
            found_error(j, &err);
        s->tlsa = (struct dns_answer) { 0 };
    }
}

static void search(struct judging *j, struct tlsa_search *s)
{
    const char *expanded = NULL;
    if (!addresses_allow(j, s, &expanded)) {
        s->failed = true;
        return;
    }
    if (s->unsigned_address) {
        look_in_vain(j, s);
        return;
    }
    if (expanded) {
        if (!look_at(j, s, expanded))
            return;
        if (s->tlsa.n && s->tlsa.trust == DNS_SECURE)
            return;
        dns_answer_release(&s->tlsa);
    }
    look_at(j, s, s->host);
}

/* ---- the records ---- */

static size_t judge_usable(struct judging *j, const struct tlsa_search *s)
{
    size_t usable = 0;
    for (size_t i = 0; i < s->tlsa.n; i++) {
        const struct dns_record *r = &s->tlsa.records[i];
        const char *why = dane_unusable(r);
        if (!why)
            usable++;
        else
            found(j, OUTCOME_WARN, "rfc7672/3.1.3/no-pkix-usages",
                  "%s: the TLSA record %u %u %u %s; publish 3 1 1 (the server's key) in its place",
                  s->name, r->usage, r->selector, r->matching, why);
        if (!why && r->usage == DANE_USAGE_TA && !r->matching)
            found(j, OUTCOME_NOTE, "rfc7672/3.1.2/ta-digest",
                  "%s: the TLSA record %u %u 0 holds the whole of what it names, which some "
                  "senders cannot use; publish its SHA-256 digest",
                  s->name, r->usage, r->selector);
    }
    return usable;
}

/* True when there are records that senders go by. */
static bool judge_records(struct judging *j, const struct tlsa_search *s)
{
    size_t usable = judge_usable(j, s);
    if (!usable && s->tlsa.n)
        found(j, OUTCOME_WARN, "rfc7672/3.1.3/no-pkix-usages",
              "%s: no TLSA record can be used: senders ask for TLS, but let anybody answer for %s",
              s->name, s->host);
    if (usable == 1)
        found(j, OUTCOME_NOTE, "rfc7672/4/next-key-published",
              "%s: there is one TLSA record: the next key or authority must be published beside it "
              "before it is used, or mail waits until all caches have let go",
              s->name);
    return s->tlsa.n > 0;
}

/* ---- the visits ---- */

static const char *where(struct judging *j, const struct port_facts *f)
{
    return f->address ? f->address : texted(j, "%s port %u", f->spec.host, f->spec.port);
}

static bool no_tls(const struct port_facts *f)
{
    return f->reach == REACH_OPEN && f->speaks == SPEAKS_CLEAR &&
           (f->starttls_offered == SEEN_NO || f->starttls_works == SEEN_NO);
}

/* What a certificate of usage 2 may name (RFC 7672 section 3.2.2): the base domain, and, as the MX
   records are signed, the domain of the mail. */
static void set_names(const struct judging *j, const struct tlsa_search *s, const char *names[5])
{
    size_t n = 0;
    names[n++] = s->base;
    if (j->d->mx.trust == DNS_SECURE) {
        names[n++] = j->d->domain;
        names[n++] = j->d->mx.domain;
    }
    names[n] = NULL;
}

static void judge_certificate(struct judging *j, const struct tlsa_search *s,
                              const struct port_facts *f)
{
    const char *names[5];
    const struct dns_record *by;
    char text[DANE_TEXT_MAX];
    set_names(j, s, names);
    struct dane_peer peer = { f->tls.certificate, f->tls.chain, names, policy_now(j) };
    if (dane_match(s->tlsa.records, s->tlsa.n, &peer, &by, text))
        noted(j, "%s: the TLSA record %u %u %u names the certificate of %s", s->name, by->usage,
              by->selector, by->matching, where(j, f));
    else
        found(j, OUTCOME_FAIL, "rfc7672/3.2/server-authenticated",
              "%s: no TLSA record names %s, so that mail to it waits: %s", s->name, where(j, f),
              text);
}

static void judge_visit(struct judging *j, const struct tlsa_search *s, bool usable,
                        const struct port_facts *f)
{
    if (f->tls.certificate && usable)
        judge_certificate(j, s, f);
    else if (f->tls.certificate)
        noted(j, "%s: no record to hold the certificate of %s against", s->name, where(j, f));
    else if (no_tls(f) || (f->starttls_offered == SEEN_YES && f->tls.failure))
        found(j, OUTCOME_FAIL, "rfc7672/2.2/tlsa-promises-tls",
              "%s promises TLS, and %s does not do it%s%s: mail to it waits; switch STARTTLS on, "
              "or remove the TLSA records",
              s->name, where(j, f), f->tls.failure ? ": " : "",
              f->tls.failure ? f->tls.failure : "");
    else
        *array_push(&j->findings) = (struct policy_finding) {
            .outcome = OUTCOME_ERROR,
            .error = f->error.code ? f->error.code : ERR_NETWORK,
            .text = texted(j,
                           "%s: no certificate came from %s (%s), so that nothing can be held "
                           "against the TLSA records",
                           s->name, where(j, f),
                           f->error.text[0] ? f->error.text : port_reach_name(f->reach)),
        };
}

static void judge_visits(struct judging *j, const struct tlsa_search *s)
{
    size_t from = 0, n = 0;
    bool usable = false;
    const struct port_facts *f;
    for (size_t i = 0; i < s->tlsa.n; i++)
        usable |= !dane_unusable(&s->tlsa.records[i]);
    while ((f = mx_row(j, s->host, &from))) {
        judge_visit(j, s, usable, f);
        n++;
    }
    if (!n)
        found(j, OUTCOME_SKIP, NULL,
              "%s was not visited, so that its certificate was not held against the TLSA records",
              s->host);
}

static void judge_mx_host(struct judging *j, const char *host, size_t *ret_without)
{
    struct tlsa_search s = { .host = host };
    search(j, &s);
    bool secure = s.tlsa.n && s.tlsa.trust == DNS_SECURE && !s.unsigned_address;
    if (!s.failed && s.tlsa.n && !secure)
        found(j, OUTCOME_WARN, "rfc8314/4.5.4/tlsa-advertised",
              "%s has TLSA records, but they are not signed, so that no sender looks at them; sign "
              "the zone, or remove them",
              s.name);
    else if (!s.failed && !secure)
        ++*ret_without;
    else if (!s.failed && judge_records(j, &s))
        judge_visits(j, &s);
    dns_answer_release(&s.tlsa);
}

static void judge_without(struct judging *j, size_t without)
{
    const struct mx_hosts *mx = &j->d->mx;
    if (without == mx->n)
        found(j, OUTCOME_WARN, "rfc8314/4.5.4/tlsa-advertised",
              "no MX has TLSA records: senders cannot tell the servers from impostors; publish "
              "_25._tcp.%s. TLSA 3 1 1 in a signed zone",
              mx->hosts[0]);
    else
        found(j, OUTCOME_WARN, "rfc8314/4.5.4/tlsa-advertised",
              "%zu of %zu MX have no TLSA records: whoever disturbs the way to the others makes "
              "mail go there unprotected; publish records for every MX",
              without, mx->n);
}

void judge_dane(struct judging *j)
{
    const struct mx_hosts *mx = &j->d->mx;
    size_t without = 0;
    if (!mx_is_known(j))
        return;
    if (!dns_has_anchor(j->d->options->dns)) {
        found(j, OUTCOME_SKIP, NULL,
              "without a trust anchor nobody can tell what is signed: install dns-root-data, or "
              "name a file with --trust-anchor");
        return;
    }
    for (size_t i = 0; i < mx->n && !j->d->cancelled; i++)
        judge_mx_host(j, mx->hosts[i], &without);
    if (without && !j->d->cancelled)
        judge_without(j, without);
    if (mx->trust != DNS_SECURE && without < mx->n)
        found(j, OUTCOME_WARN, "rfc8314/4.5.1/mx-advertised",
              "the MX records of the domain are not signed: who forges them leads mail past the "
              "TLSA records; sign the zone of %s",
              j->d->domain);
}
