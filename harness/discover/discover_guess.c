/* What clients try when nothing is published: the usual names, where they have an address. */
#include "discover_private.h"
#include "task.h"
#include <inttypes.h>
#include <sys/random.h>

enum { ADDRESSES_MAX = 8 };
enum {
    IMAP_BIT = 1 << PROTOCOL_IMAP,
    POP3_BIT = 1 << PROTOCOL_POP3,
    SMTP_BIT = 1 << PROTOCOL_SMTP
};

static const struct guess {
    const char *prefix;
    unsigned protocols;
} guesses[] = {
    { "imap.", IMAP_BIT },
    { "pop.", POP3_BIT },
    { "pop3.", POP3_BIT },
    { "smtp.", SMTP_BIT },
    { "mail.", IMAP_BIT | POP3_BIT | SMTP_BIT },
    { "", IMAP_BIT | POP3_BIT | SMTP_BIT },
};

static const struct {
    enum mail_protocol protocol;
    enum service_role role;
    uint16_t port;
    enum tls_mode mode;
} standards[] = {
    { PROTOCOL_IMAP, ROLE_ACCESS, 993, TLS_MODE_IMPLICIT },
    { PROTOCOL_IMAP, ROLE_ACCESS, 143, TLS_MODE_STARTTLS },
    { PROTOCOL_POP3, ROLE_ACCESS, 995, TLS_MODE_IMPLICIT },
    { PROTOCOL_POP3, ROLE_ACCESS, 110, TLS_MODE_STARTTLS },
    { PROTOCOL_SMTP, ROLE_SUBMISSION, 465, TLS_MODE_IMPLICIT },
    { PROTOCOL_SMTP, ROLE_SUBMISSION, 587, TLS_MODE_STARTTLS },
};

struct trial {
    struct discovery *d;
    const char *host;
    int addresses;
    struct error err;
};

static void look_up(void *arg)
{
    struct trial *t = arg;
    t->addresses = discover_addresses(t->d, t->host, NULL, 0, &t->err);
}

static void add_rows(struct discover_source *s, const char *host, unsigned protocols)
{
    for (size_t i = 0; i < COUNT(standards); i++) {
        struct profile_service row = { .protocol = standards[i].protocol,
                                       .role = standards[i].role,
                                       .host = host,
                                       .port = standards[i].port,
                                       .tls = standards[i].mode };
        if (protocols & 1u << row.protocol)
            profile_add(&s->profile, &row);
    }
}

/* The address that every name of the domain has; NULL: they have none. Asked once, when it matters. */
static const char *wildcard(struct discovery *d)
{
    uint64_t random = 0;
    struct error err;
    if (d->wildcard_asked)
        return d->wildcard;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint64_t)now();
    const char *nobody = arena_printf(&d->arena, "mailassay-%016" PRIx64 ".%s", random, d->domain);
    if (discover_addresses(d, nobody, &d->wildcard, 1, &err) <= 0)
        d->wildcard = NULL;
    d->wildcard_asked = true;
    return d->wildcard;
}

bool discover_is_wildcard(struct discovery *d, const char *host)
{
    const char *addresses[ADDRESSES_MAX];
    struct error err;
    if (strcmp(host, d->domain) == 0 || !discover_is_own(d, host) || !wildcard(d))
        return false;
    int n = discover_addresses(d, host, addresses, ADDRESSES_MAX, &err);
    for (int i = 0; i < n && i < ADDRESSES_MAX; i++)
        if (strcmp(addresses[i], d->wildcard) == 0)
            return true;
    return false;
}

void discover_guess(struct discovery *d, struct discover_source *s)
{
    struct trial trials[COUNT(guesses)];
    struct discover_part parts[COUNT(guesses)];
    auto_buf there;
    const char *failed = NULL;
    buf_init(&there, BUF_OURS);
    s->profile.origin = "guess";
    for (size_t i = 0; i < COUNT(guesses); i++) {
        trials[i] = (struct trial) { .d = d };
        trials[i].host = arena_printf(&d->arena, "%s%s", guesses[i].prefix, d->domain);
        parts[i] = (struct discover_part) { .run = look_up, .arg = &trials[i] };
    }
    discover_together(parts, COUNT(guesses));
    for (size_t i = 0; i < COUNT(guesses); i++) {
        if (trials[i].addresses > 0) {
            add_rows(s, trials[i].host, guesses[i].protocols);
            buf_addf(&there, "%s%s", there.n ? ", " : "", trials[i].host);
        } else if (trials[i].addresses < 0) {
            failed = arena_str(&d->arena, slice_of(trials[i].err.text));
        }
    }
    if (s->profile.n_services)
        source_say(d, s, DISCOVER_FOUND, "these names have an address%s: %s",
                   wildcard(d) ? ", as every name of the domain has (a wildcard)" : "", there.p);
    else if (failed)
        source_say(d, s, DISCOVER_UNKNOWN, "%s", failed);
    else
        source_say(d, s, DISCOVER_ABSENT, "none of the usual names has an address");
}
