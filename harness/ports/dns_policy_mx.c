#include "dns_policy_private.h"
#include "resolve.h"
#include "task.h"

/* ---- who takes the mail ---- */

static void fill_hosts(const struct dns_answer *a, struct mx_hosts *m)
{
    m->hosts = arena_new_n(&m->arena, const char *, MX_HOSTS_MAX);
    for (size_t i = 0; i < a->n; i++) {
        const struct dns_record *r = &a->records[i];
        if (!r->host[0]) {
            m->null_mx = true;
            m->null_preference = r->priority;
            continue;
        }
        if (m->n < MX_HOSTS_MAX)
            m->hosts[m->n++] = arena_str(&m->arena, slice_of(r->host));
        else
            m->left_out++;
    }
    m->malformed = a->malformed;
    if (!a->n && !a->malformed) {
        m->implicit = true;
        m->hosts[m->n++] = m->domain;
    }
}

int dns_mx_hosts(struct dns *dns, const char *domain, nsec deadline, struct error *err,
                 struct mx_hosts *ret)
{
    struct dns_answer a;
    int r = dns_query(dns, domain, DNS_MX, deadline, err, &a);
    if (r)
        return r;
    struct mx_hosts m = { .trust = a.trust, .exists = a.name_exists };
    m.domain = arena_str(&m.arena, slice_of(a.canonical ? a.canonical : domain));
    if (a.trust == DNS_BOGUS)
        m.why_bogus = arena_str(&m.arena, slice_of(a.why_bogus));
    else if (a.name_exists)
        fill_hosts(&a, &m);
    dns_answer_release(&a);
    *ret = m;
    return 0;
}

void mx_hosts_release(struct mx_hosts *m)
{
    arena_release(&m->arena);
    *m = (struct mx_hosts) { 0 };
}

/* ---- judging ---- */

struct addresses {
    size_t n;
    const char *alias; /* the name that the host is an alias of, or NULL */
    bool unknown;      /* a question was not answered, or the answer is bogus: said already */
};

static void look_up(struct judging *j, const char *host, enum dns_type type, struct addresses *ret)
{
    struct dns_answer a;
    if (!asked(j, host, type, "senders that validate cannot reach this host", &a)) {
        ret->unknown = true;
        return;
    }
    ret->n += a.n;
    if (a.canonical && strcmp(a.canonical, host) != 0)
        ret->alias = texted(j, "%s", a.canonical);
    dns_answer_release(&a);
}

static void judge_host(struct judging *j, const char *host)
{
    struct addresses found_there = { 0 };
    if (is_numeric_address(host)) {
        found(j, OUTCOME_FAIL, "rfc5321/5.1/mx-has-address",
              "the MX %s is an address, where a host name must stand; give the address a name and "
              "publish that",
              host);
        return;
    }
    look_up(j, host, DNS_A, &found_there);
    look_up(j, host, DNS_AAAA, &found_there);
    if (found_there.alias)
        found(
            j, OUTCOME_WARN, "rfc5321/5.1/mx-is-no-alias",
            "the MX %s is an alias (CNAME) of %s, which some senders refuse; name %s itself as MX",
            host, found_there.alias, found_there.alias);
    if (!found_there.n && !found_there.unknown)
        found(j, OUTCOME_FAIL, "rfc5321/5.1/mx-has-address",
              "the MX %s has no address; mail cannot be delivered to it: publish A or AAAA "
              "records, or take the MX away",
              host);
}

static void judge_null(struct judging *j, const struct mx_hosts *m)
{
    if (m->n)
        found(j, OUTCOME_FAIL, "rfc7505/3/null-mx-alone",
              "a null MX (\".\") stands beside %zu other%s: some senders deliver and others "
              "refuse; remove the null MX, or all the others",
              m->n, m->n == 1 ? "" : "s");
    else
        noted(j, "the domain takes no mail (null MX)");
    if (m->null_preference)
        found(j, OUTCOME_WARN, "rfc7505/3/null-mx-preference",
              "the null MX has preference %u, where 0 is asked for; publish \"0 .\"",
              m->null_preference);
}

static void judge_implicit(struct judging *j, const struct mx_hosts *m)
{
    struct addresses there = { 0 };
    look_up(j, m->domain, DNS_A, &there);
    look_up(j, m->domain, DNS_AAAA, &there);
    if (there.unknown)
        return;
    if (there.n)
        found(j, OUTCOME_NOTE, "rfc8314/4.5.1/mx-advertised",
              "the domain has no MX: mail goes to the addresses of %s itself; publish an MX",
              m->domain);
    else
        found(j, OUTCOME_FAIL, "rfc5321/5.1/mx-has-address",
              "the domain has neither MX nor address: mail to it comes back; publish an MX, or the "
              "null MX \"0 .\" when it shall take none");
}

void judge_mx(struct judging *j)
{
    struct mx_hosts *m = &j->d->mx;
    int r = dns_mx_hosts(j->d->options->dns, j->d->domain, now() + policy_timeout(j),
                         &j->d->mx_error, m);
    if (!r && m->exists && m->null_mx)
        judge_null(j, m);
    if (!r && m->malformed)
        found(j, OUTCOME_FAIL, "rfc5321/5.1/mx-has-address", "%zu MX records cannot be read",
              m->malformed);
    if (!r && !m->exists && m->trust != DNS_BOGUS) {
        found(j, OUTCOME_FAIL, "rfc5321/5.1/mx-has-address",
              "the domain %s does not exist: mail to it comes back", j->d->domain);
        return;
    }
    if (!r && m->null_mx && !m->n)
        return;
    if (!mx_is_known(j))
        return;
    if (m->implicit) {
        judge_implicit(j, m);
        return;
    }
    if (m->left_out)
        found(j, OUTCOME_NOTE, NULL, "the domain has %zu MX, of which the first %zu are looked at",
              m->n + m->left_out, m->n);
    for (size_t i = 0; i < m->n && !j->d->cancelled; i++)
        judge_host(j, m->hosts[i]);
}
