/* DNS by libunbound, asynchronously, with DNSSEC: what the system's resolver cannot tell (MX, SRV,
   TLSA, TXT, and whether an answer is signed). Tasks wait; the thread does not. Real clock only. */
#ifndef DNS_H
#define DNS_H

#include "arena.h"
#include "clock.h"
#include "error.h"

struct dns;

struct dns_config {
    /* "127.0.0.1", "127.0.0.1@5353", "[::1]@53"; NULL: the system's. It may be an authoritative
       server, which then answers for its zones only. */
    const char *resolver;
    /* File of DS or DNSKEY records; NULL: the root's, when the system has it (Debian's package
       dns-root-data), otherwise nothing is ever secure. */
    const char *trust_anchor;
};
/* ERR_FILE for a bad anchor file, ERR_USAGE for a bad resolver. May be called outside of tasks; so
   may dns_close(), when no query is under way. */
int dns_open(const struct dns_config *config, struct error *err, struct dns **ret);
void dns_close(struct dns *d);
/* Is there a trust anchor? Without one DNS_INSECURE says nothing about a zone. */
bool dns_has_anchor(const struct dns *d);

enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_TLSA = 52,
    DNS_CAA = 257
};

enum dns_trust {
    DNS_INSECURE, /* not signed, or no anchor */
    DNS_SECURE,   /* signed, and the signatures hold */
    DNS_BOGUS     /* signed, and they do not: `why_bogus` */
};

struct dns_record {
    slice raw; /* RDATA */
    /* parsed, by type; names without final dot, in lower case */
    unsigned priority, weight; /* MX: priority; SRV */
    uint16_t port;
    /* MX, SRV, CNAME; "" is "." (not offered). Octets that are no letter, digit, "-" or "_" as \DDD */
    const char *host;
    const char *address;                /* A, AAAA: numeric */
    slice text;                         /* TXT: strings joined; CAA: value */
    unsigned usage, selector, matching; /* TLSA */
    slice association;                  /* TLSA */
    unsigned flags;                     /* CAA */
    const char *tag;                    /* CAA */
};
struct dns_answer {
    struct arena arena;
    enum dns_trust trust;
    const char *why_bogus;
    bool name_exists;      /* false: NXDOMAIN */
    const char *canonical; /* the name after CNAMEs */
    struct dns_record *records;
    size_t n;
    size_t malformed; /* records whose RDATA is not well formed; they are left out */
};
/* *ret is the caller's, to be released; n == 0 is a good answer (no such record). MX and SRV are
   sorted by priority, then heavier weight first. Bogus data is no error: trust == DNS_BOGUS, n == 0.
   Errors: ERR_NETWORK (SERVFAIL, no answer, a resolver that drops signatures), ERR_TIMEOUT,
   ERR_CANCEL, ERR_INTERNAL (libunbound does not work). Records beyond 2000 are dropped. */
int dns_query(struct dns *d, const char *name, enum dns_type type, nsec deadline, struct error *err,
              struct dns_answer *ret);
void dns_answer_release(struct dns_answer *a);

/* A domain name as DNS writes it: IDN to A-labels (RFC 5891), lower case, no final dot, at most 253
   octets. NULL when it is no domain name. */
const char *dns_name(slice text, struct arena *arena);

#endif
