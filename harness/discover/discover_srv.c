/* SRV records of mail services: RFC 6186, and _submissions of RFC 8314 section 5.1. */
#include "discover_private.h"

static const struct label {
    const char *label;
    enum mail_protocol protocol;
    enum service_role role;
    enum tls_mode mode;
} labels[] = {
    { "_imaps._tcp", PROTOCOL_IMAP, ROLE_ACCESS, TLS_MODE_IMPLICIT },
    { "_imap._tcp", PROTOCOL_IMAP, ROLE_ACCESS, TLS_MODE_STARTTLS },
    { "_pop3s._tcp", PROTOCOL_POP3, ROLE_ACCESS, TLS_MODE_IMPLICIT },
    { "_pop3._tcp", PROTOCOL_POP3, ROLE_ACCESS, TLS_MODE_STARTTLS },
    { "_submissions._tcp", PROTOCOL_SMTP, ROLE_SUBMISSION, TLS_MODE_IMPLICIT },
    { "_submission._tcp", PROTOCOL_SMTP, ROLE_SUBMISSION, TLS_MODE_STARTTLS },
};

struct question {
    struct discovery *d;
    const struct label *label;
    const char *name;
    int code;
    struct error err;
    struct dns_answer answer;
};

static void ask(void *arg)
{
    struct question *q = arg;
    q->code = dns_query(q->d->options.dns, q->name, DNS_SRV, discover_deadline(q->d), &q->err,
                        &q->answer);
}

#define NOWHERE ((struct place) { 0 })

/* RFC 2782: the target is a name with addresses, and no alias. */
static void look_at_target(struct discovery *d, struct discover_source *s, const char *name,
                           const char *host)
{
    struct dns_answer a;
    struct error err;
    if (dns_query(d->options.dns, host, DNS_A, discover_deadline(d), &err, &a) == 0) {
        if (a.canonical && strcmp(a.canonical, host) != 0)
            source_find(d, s, IMPORT_WARN, NOWHERE,
                        "%s leads to %s, which is an alias (of %s); a target must not be one (RFC "
                        "2782)",
                        name, host, a.canonical);
        dns_answer_release(&a);
    }
    if (discover_addresses(d, host, NULL, 0, &err) == 0)
        source_find(d, s, IMPORT_WRONG, NOWHERE, "%s leads to %s, which has no address", name,
                    host);
}

static void look_at_port(struct discovery *d, struct discover_source *s, const char *name,
                         const struct profile_service *row)
{
    const struct service *standard = service_at_port(row->port);
    if (!standard || (standard->protocol == row->protocol &&
                      standard->implicit_tls == (row->tls == TLS_MODE_IMPLICIT)))
        return;
    source_find(d, s, IMPORT_WARN, NOWHERE, "%s names port %u, which is that of %s %s", name,
                row->port, mail_protocol_name(standard->protocol),
                standard->implicit_tls ? "with TLS from the first byte"
                                       : "that begins in clear text");
}

static void add_record(struct discovery *d, struct discover_source *s, const struct question *q,
                       const struct dns_record *r)
{
    const struct label *l = q->label;
    struct profile_service row = {
        .protocol = l->protocol, .role = l->role, .tls = l->mode, .host = r->host, .port = r->port
    };
    if (!r->host[0]) {
        s->refused[l->protocol] |= (unsigned char)(1 << l->mode);
        if (q->answer.n > 1)
            source_find(d, s, IMPORT_WARN, NOWHERE,
                        "%s says \"not offered\" (target \".\") beside other targets", q->name);
        return;
    }
    if (!r->port) {
        source_find(d, s, IMPORT_WRONG, NOWHERE, "%s leads to port 0", q->name);
        return;
    }
    if (s->profile.n_services == PROFILE_SERVICES_MAX)
        return;
    s->priority[s->profile.n_services] = r->priority;
    profile_add(&s->profile, &row);
    look_at_target(d, s, q->name, r->host);
    look_at_port(d, s, q->name, &row);
    if (!discover_is_own(d, r->host) && q->answer.trust != DNS_SECURE)
        source_find(d, s, IMPORT_NOTE, NOWHERE,
                    "%s leads out of the domain, to %s, and is not signed: clients ask their users "
                    "whether that is right (RFC 6186 section 6)",
                    q->name, r->host);
}

static void take_answer(struct discovery *d, struct discover_source *s, const struct question *q)
{
    const struct dns_answer *a = &q->answer;
    if (a->trust == DNS_BOGUS)
        source_find(d, s, IMPORT_WRONG, NOWHERE,
                    "the DNSSEC signatures of %s do not hold: resolvers give no answer", q->name);
    if (a->malformed)
        source_find(d, s, IMPORT_WRONG, NOWHERE, "%s has records that cannot be read", q->name);
    for (size_t i = 0; i < a->n; i++)
        add_record(d, s, q, &a->records[i]);
    if (a->n && a->trust > s->trust)
        s->trust = a->trust;
}

static void conclude(struct discovery *d, struct discover_source *s, const struct question *qs)
{
    size_t rows = s->profile.n_services, refused = 0;
    const struct question *failed = NULL;
    for (size_t i = 0; i < COUNT(labels); i++)
        if (qs[i].code < 0)
            failed = &qs[i];
    for (size_t i = 0; i <= PROTOCOL_IMAP; i++)
        refused += s->refused[i] != 0;
    if (failed) /* what is not known may contradict the rest */
        source_say(d, s, DISCOVER_UNKNOWN, "%s could not be looked up: %s", failed->name,
                   failed->err.text);
    else if (refused && !rows)
        source_say(d, s, DISCOVER_FOUND, "they say that it is not offered (target \".\")%s",
                   s->trust == DNS_SECURE ? ", signed" : "");
    else if (rows)
        source_say(d, s, DISCOVER_FOUND, "%zu record%s%s", rows, rows == 1 ? "" : "s",
                   s->trust == DNS_SECURE ? ", signed" : "");
    else if (s->findings.n)
        source_say(d, s, DISCOVER_BROKEN, "%s", s->findings.v[0].text);
    else
        source_say(d, s, DISCOVER_ABSENT, "there are no SRV records for mail");
}

/* Records may say that nothing else is offered, mode by mode. */
static void set_not_offered(struct discover_source *s)
{
    const unsigned char both = 1 << TLS_MODE_STARTTLS | 1 << TLS_MODE_IMPLICIT;
    for (unsigned p = 0; p <= PROTOCOL_IMAP; p++)
        if ((s->refused[p] & both) == both)
            s->profile.not_offered |= 1u << p;
}

void discover_srv(struct discovery *d, struct discover_source *s)
{
    struct question qs[COUNT(labels)];
    struct discover_part parts[COUNT(labels)];
    s->profile.origin = "srv";
    s->profile.name = s->profile.path = d->domain;
    for (size_t i = 0; i < COUNT(labels); i++) {
        qs[i] = (struct question) { .d = d, .label = &labels[i] };
        qs[i].name = arena_printf(&d->arena, "%s.%s", labels[i].label, d->domain);
        parts[i] = (struct discover_part) { .run = ask, .arg = &qs[i] };
    }
    discover_together(parts, COUNT(labels));
    for (size_t i = 0; i < COUNT(labels); i++)
        if (qs[i].code == 0) {
            take_answer(d, s, &qs[i]);
            dns_answer_release(&qs[i].answer);
        }
    set_not_offered(s);
    conclude(d, s, qs);
}
