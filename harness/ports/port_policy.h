/* Thresholds as data: scenarios/policies/NAME.yaml (docs/ports.md). */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "problem.h"
#include "result.h"
#include "tls_survey.h"

/* What a policy makes of something, in rising order. */
enum policy_grade { GRADE_GOOD, GRADE_NOTE, GRADE_WARN, GRADE_FAIL };

struct policy_rule {
    slice key, value; /* a field of the thing and a pattern for it, by the kind of list */
    enum policy_grade grade;
};
enum { POLICY_RULES_MAX = 200 };

struct port_policy {
    struct arena arena;
    const char *name, *title, *source;
    enum policy_grade version[SURVEY_VERSIONS];         /* when accepted */
    enum policy_grade version_missing[SURVEY_VERSIONS]; /* when not accepted */
    ARRAY(struct policy_rule)
    suites; /* by exchange, cipher, authentication, mac, name; all that
                                         match count, the worst wins */
    ARRAY(struct policy_rule) groups, signatures; /* by name */
    unsigned suite_bits_fail;                     /* under it: fail */
    unsigned rsa_bits_fail, rsa_bits_warn, ec_bits_fail, dhe_bits_fail, dhe_bits_warn;
    unsigned days_left_warn, days_lifetime_warn; /* of a certificate; 0: not looked at */
    uint32_t ticket_seconds_warn;
    enum policy_grade server_order; /* when the server follows the client's order */
    enum policy_grade no_forward_secrecy;
};

/* By name from ROOT/policies, or a path. ERR_USAGE with what there is (did-you-mean) when there is
   none of that name, ERR_FILE with problems added. */
int port_policy_load(const char *root, const char *name, struct port_policy *ret,
                     struct problems *problems, struct error *err);
void port_policy_release(struct port_policy *p);

#endif
