/* Thunderbird's autoconfig over HTTPS, of the domain and of the domain that its MX is in. */
#include "discover_private.h"

/* Unreserved characters of RFC 3986 section 2.3, everything else as %XX. */
static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (ascii_is_alnum(*text) || strchr("-._~", *text))
            buf_addc(out, *text);
        else
            buf_addf(out, "%%%02X", (unsigned char)*text);
}

static const char *url_of(struct discovery *d, const char *domain, bool well_known)
{
    auto_buf url;
    buf_init(&url, BUF_OURS);
    if (well_known)
        buf_addf(&url, "https://%s/.well-known/autoconfig/mail/config-v1.1.xml", domain);
    else
        buf_addf(&url, "https://autoconfig.%s/mail/config-v1.1.xml", domain);
    bool own = strcmp(domain, d->domain) == 0;
    if (!well_known && own && d->local && !d->options.no_address) {
        buf_adds(&url, "?emailaddress=");
        add_escaped(&url, d->local);
        buf_adds(&url, "%40");
        add_escaped(&url, d->domain);
    }
    return arena_str(&d->arena, buf_slice(&url));
}

void discover_autoconfig(struct discovery *d, struct discover_source *s)
{
    discover_fetch(d, s, url_of(d, d->domain, false), NULL);
}

void discover_well_known(struct discovery *d, struct discover_source *s)
{
    discover_fetch(d, s, url_of(d, d->domain, true), NULL);
}

/* ---- the fallback by MX ---- */

static const char *parent_of(const char *name)
{
    const char *dot = name ? strchr(name, '.') : NULL;
    /* A single label is a top-level domain: nobody's. */
    return dot && strchr(dot + 1, '.') ? dot + 1 : NULL;
}

/* Tries both places of one domain; true when nothing further is worth trying. */
static bool try_domain(struct discovery *d, struct discover_source *s, const char *domain)
{
    discover_fetch(d, s, url_of(d, domain, false), NULL);
    if (!state_is_final(s->state) && s->state != DISCOVER_UNKNOWN)
        discover_fetch(d, s, url_of(d, domain, true), NULL);
    return state_is_final(s->state) || s->state == DISCOVER_UNKNOWN;
}

static const char *best_mx(struct discovery *d, struct discover_source *s)
{
    struct dns_answer a;
    struct error err;
    const char *host = NULL;
    if (dns_query(d->options.dns, d->domain, DNS_MX, discover_deadline(d), &err, &a) < 0) {
        source_say(d, s, DISCOVER_UNKNOWN, "the MX could not be looked up: %s", err.text);
        return NULL;
    }
    if (a.n && a.records[0].host[0])
        host = arena_str(&d->arena, slice_of(a.records[0].host));
    else if (a.trust == DNS_BOGUS)
        source_say(d, s, DISCOVER_BROKEN, "the DNSSEC signatures of the MX of %s do not hold",
                   d->domain);
    else
        source_say(d, s, DISCOVER_ABSENT,
                   a.n ? "the domain takes no mail (its MX is \".\")" : "the domain has no MX");
    dns_answer_release(&a);
    return host;
}

void discover_autoconfig_mx(struct discovery *d, struct discover_source *s)
{
    const char *mx = best_mx(d, s);
    if (!mx)
        return;
    if (discover_is_own(d, mx)) {
        source_say(d, s, DISCOVER_ABSENT, "the MX, %s, is in the domain itself", mx);
        return;
    }
    const char *domain = parent_of(mx);
    if (!domain)
        source_say(d, s, DISCOVER_ABSENT, "the MX, %s, is in no domain of its own", mx);
    else if (!try_domain(d, s, domain) && parent_of(domain))
        try_domain(d, s, parent_of(domain));
}
