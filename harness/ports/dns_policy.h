/* What the DNS says about the mail of a domain, held against what its servers do: MX, DANE for SMTP
   (RFC 7672), MTA-STS (RFC 8461), TLS reporting (RFC 8460), SRV (RFC 6186, RFC 8314) and CAA. Asked
   only where a resolver is given. */
#ifndef DNS_POLICY_H
#define DNS_POLICY_H

#include "dns.h"
#include "port_facts.h"
#include "result.h"

struct clauses;

struct dns_policy_options {
    struct dns *dns;
    const struct clauses *clauses; /* may be NULL: ids alone then */
    nsec timeout;                  /* of one question, and of the fetch of a policy; 0: 10 s */
    int64_t now;                   /* seconds since 1970, for certificates; 0: the system's */
    /* For the policy host of MTA-STS; all may be NULL: the addresses that the DNS has, port 443, the
       system's roots. */
    const char *ca_file;           /* PEM: whom to trust */
    slice ca_pem;                  /* the same as text */
    const char *const *resolve;    /* as in http.h; NULL: the addresses that `dns` gives */
    const char *const *connect_to; /* as in http.h: "mta-sts.example.test:443:127.0.0.1:8443" */
};

/* More MX hosts of a domain, or servers of a service, than these are not looked at. */
enum { MX_HOSTS_MAX = 32, SRV_TARGETS_MAX = 16 };

/* Who takes the mail of a domain (RFC 5321 section 5.1). */
struct mx_hosts {
    struct arena arena;
    const char *domain; /* after aliases */
    enum dns_trust trust;
    const char *why_bogus;
    bool exists;   /* the domain does */
    bool implicit; /* no MX: the domain itself, by its addresses */
    bool null_mx;  /* takes no mail (RFC 7505); n is 0 unless others stand beside it */
    unsigned null_preference;
    size_t malformed;   /* MX records that cannot be read */
    const char **hosts; /* best first, without final dot */
    size_t n;
    size_t left_out; /* beyond MX_HOSTS_MAX */
};
/* Called by a task. A bogus answer is no error: trust says so, n is 0. `domain` as dns_name() writes
   it. *ret is the caller's, to be released. Errors as dns_query(). */
int dns_mx_hosts(struct dns *dns, const char *domain, nsec deadline, struct error *err,
                 struct mx_hosts *ret);
void mx_hosts_release(struct mx_hosts *m);

/* Asks and judges: adds ports/dns/mx, dane, mta-sts, tlsrpt, srv and caa to run ("[domain]" behind
   when another domain is in it already). `rows` are the visits of MX hosts (role mx, the host as in
   dns_mx_hosts()); without one DANE and MTA-STS are judged by what is published alone, and the result
   says so. What could not be asked is OUTCOME_ERROR; signatures that do not hold are a fail, as mail
   would wait for them. Called by a task, on the real clock. 0, ERR_USAGE when `domain` is no name, or
   ERR_CANCEL. */
int dns_policy_judge(const struct dns_policy_options *options, const char *domain,
                     const struct port_facts *rows, size_t n, struct run *run);

#endif
