/* What the judges of dns_policy.h share. */
#ifndef DNS_POLICY_PRIVATE_H
#define DNS_POLICY_PRIVATE_H

#include "array.h"
#include "dns_policy.h"

enum { POLICY_CLAUSES_MAX = 8 };

struct dns_policy;

/* What all policies of one domain have in common. */
struct domain_judging {
    const struct dns_policy_options *options;
    const char *domain;
    const struct port_facts *rows;
    size_t n_rows;
    struct run *run;
    struct mx_hosts mx;    /* of the first judge; all zero when mx_failed */
    struct error mx_error; /* code: why the MX could not be asked for */
    bool cancelled;
};

struct policy_finding {
    enum outcome outcome;
    enum error_code error;
    const char *clause; /* that does not hold; NULL: no RFC asks for it */
    const char *text;   /* one sentence */
};

/* One result in the making: the worst finding becomes its verdict, the others stand beside it. */
struct judging {
    struct domain_judging *d;
    const struct dns_policy *policy;
    struct result *result;
    nsec began;
    ARRAY(struct policy_finding) findings;
};

struct dns_policy {
    const char *name;  /* "dane": its result is ports/dns/dane */
    const char *title; /* what holds, in one sentence */
    const char *why;   /* why it matters to a user of mail */
    const char *clauses[POLICY_CLAUSES_MAX];
    const char *bogus; /* the clause that signatures which do not hold break; may be NULL */
    enum level level;  /* when it passes */
    void (*judge)(struct judging *j);
};

void judge_mx(struct judging *j);
void judge_dane(struct judging *j);
void judge_mta_sts(struct judging *j);
void judge_tlsrpt(struct judging *j);
void judge_srv(struct judging *j);
void judge_caa(struct judging *j);

/* Adds what was found, in one sentence without a final full stop, with the clause that decided. */
void found(struct judging *j, enum outcome outcome, const char *clause, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* We could not tell: an error of ours or of the way, never a verdict on the domain. */
void found_error(struct judging *j, const struct error *err);
/* A remark in the transcript: what was seen. */
void noted(struct judging *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *texted(struct judging *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Asks, and writes question and answer into the transcript. *ret is to be released. */
int ask_quietly(struct judging *j, const char *name, enum dns_type type, struct error *err,
                struct dns_answer *ret);
/* The same; false, with a finding, when there was no answer or it is bogus (which fails: `what` says
   what mail does then, "senders ... "). */
bool asked(struct judging *j, const char *name, enum dns_type type, const char *what,
           struct dns_answer *ret);
nsec policy_timeout(const struct judging *j);
int64_t policy_now(const struct judging *j);
/* The MX hosts are known and there are some. Otherwise adds why nothing can be said: an error, or a
   skip when the domain takes no mail. */
bool mx_is_known(struct judging *j);
/* The next row that is a visit to that MX host; `from` is where to look on. NULL: no more. */
const struct port_facts *mx_row(const struct judging *j, const char *host, size_t *from);

#endif
