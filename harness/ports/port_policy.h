/* Thresholds as data: scenarios/policies/NAME.yaml (docs/ports.md). */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "problem.h"
#include "result.h"
#include "tls_survey.h"

/* What a policy makes of something, in rising order. Files say "good", "note", "warn", "fail". */
enum policy_grade { GRADE_GOOD, GRADE_NOTE, GRADE_WARN, GRADE_FAIL };

struct policy_rule {
    slice
        key; /* of a suite: "exchange", "cipher", "authentication", "mac", "name"; otherwise "name" */
    slice value; /* what it must be, letters in either case; "*" at either end takes anything */
    enum policy_grade grade;
};
enum { POLICY_RULES_MAX = 200 };
/* All rules that match count, the worst wins; `other` is for what none matches. */
struct policy_rules {
    struct policy_rule *v;
    size_t n, cap;
    enum policy_grade other;
};

struct port_policy {
    struct arena arena;
    const char *name, *title, *source;
    enum policy_grade version[SURVEY_VERSIONS];         /* when accepted */
    enum policy_grade version_missing[SURVEY_VERSIONS]; /* when not accepted */
    struct policy_rules suites, groups, signatures;
    enum policy_grade cbc_with_encrypt_then_mac; /* in place of what the rules say of the cipher */
    unsigned suite_bits_fail;                    /* under it: fail */
    unsigned rsa_bits_fail, rsa_bits_warn, ec_bits_fail, dhe_bits_fail, dhe_bits_warn;
    unsigned days_left_warn, days_lifetime_warn; /* of a certificate; 0: not looked at */
    uint32_t ticket_seconds_warn;
    enum policy_grade server_order; /* when the server follows the client's order */
    enum policy_grade no_forward_secrecy;
    enum policy_grade clear_login;    /* passwords are taken without TLS */
    enum policy_grade mx_without_tls; /* a mail exchanger without STARTTLS */
    enum policy_grade renegotiation;  /* TLS 1.2: the client may renegotiate */
};

/* By name from ROOT/policies, or a path. ERR_USAGE with what there is (did-you-mean) when there is
   none of that name, ERR_FILE with problems added. */
int port_policy_load(const char *root, const char *name, struct port_policy *ret,
                     struct problems *problems, struct error *err);
void port_policy_release(struct port_policy *p);
/* The names of those in ROOT/policies, sorted; the arena's. */
size_t port_policy_names(const char *root, struct arena *arena, const char *const **ret);
/* Is this tree of a file a policy, by its keys? */
struct node;
bool port_policy_is_one(const struct node *root);

/* `suite` may be NULL when the number is in no table: only its name counts then. encrypt_then_mac:
   the server agrees to that extension (RFC 7366). */
enum policy_grade policy_of_suite(const struct port_policy *p, const struct tls_suite *suite,
                                  const char *name, bool encrypt_then_mac);
enum policy_grade policy_of_group(const struct port_policy *p, const char *name);
enum policy_grade policy_of_signature(const struct port_policy *p, const char *name);

#endif
