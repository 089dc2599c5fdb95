/* Columns of TLS versions, and of how the server bears with newer and odd clients. */
#include "port_column_private.h"
#include <stdio.h>

/* ---- T03 old versions ---- */

static const char *const old_clauses[] = {
    [SURVEY_SSL2] = "rfc9325/3.1.1/no-ssl-2",
    [SURVEY_SSL3] = "rfc9325/3.1.1/no-ssl-3",
    [SURVEY_TLS10] = "rfc8996/4/no-tls-1-0",
    [SURVEY_TLS11] = "rfc8996/5/no-tls-1-1",
};

/* Bits 1 << enum survey_version of the old versions that were seen to be taken. */
static unsigned old_taken(const struct tls_survey *s)
{
    unsigned taken = 0;
    for (int i = SURVEY_SSL2; i <= SURVEY_TLS11; i++) {
        bool chosen = s->old_versions == SURVEY_ACCEPTED &&
                      s->old_version == survey_wire_version((enum survey_version)i);
        taken |= chosen || s->version[i] == SURVEY_ACCEPTED ? 1u << i : 0;
    }
    return taken;
}

static void find_old(const struct port_judging *j, struct port_verdict *v, unsigned taken)
{
    auto_buf names;
    buf_init(&names, BUF_OURS);
    enum policy_grade worst = GRADE_GOOD;
    const char *clause = NULL, *oldest = NULL;
    for (size_t i = SURVEY_SSL2; i <= SURVEY_TLS11; i++) {
        if (!(taken & 1u << i))
            continue;
        buf_addf(&names, "%s%s", names.n ? " and " : "", survey_version_names[i]);
        oldest = oldest ? oldest : survey_version_names[i];
        clause = clause ? clause : old_clauses[i];
        worst = j->policy->version[i] > worst ? j->policy->version[i] : worst;
    }
    find(v, outcome_of_grade(worst), clause, oldest,
         "%s %s taken; set the lowest version to TLS 1.2 (Postfix: smtpd_tls_protocols = "
         ">=TLSv1.2, Dovecot: ssl_min_protocol = TLSv1.2)",
         names.p, strstr(names.p, " and ") ? "are" : "is");
}

COLUMN(old_versions)
{
    const struct tls_survey *s = &j->facts->survey;
    unsigned taken = old_taken(s);
    size_t refused = 0;
    if (taken)
        find_old(j, v, taken);
    for (size_t i = SURVEY_SSL2; i <= SURVEY_TLS11; i++) {
        refused += s->version[i] == SURVEY_REFUSED;
        if (s->version[i] == SURVEY_UNCLEAR) {
            char question[60];
            snprintf(question, sizeof question, "%s is taken", survey_version_names[i]);
            surveyed(j, v, SURVEY_UNCLEAR, question);
        }
    }
    bool all_refused = refused == SURVEY_TLS11 + 1;
    if (all_refused || surveyed(j, v, s->old_versions, "TLS 1.1 or older is taken"))
        find(v, OUTCOME_PASS, NULL, "refused", "TLS 1.1 and older are refused");
}

/* ---- T04 new versions ---- */

/* What is known of a version: from the survey, or from the first session, in which both were
   offered. */
static enum survey_answer version_known(const struct port_facts *f, enum survey_version version)
{
    int number = version == SURVEY_TLS13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (f->survey.version[version] == SURVEY_ACCEPTED || (f->tls.up && f->tls.version == number))
        return SURVEY_ACCEPTED;
    return f->survey.version[version];
}

static void judge_missing(const struct port_judging *j, struct port_verdict *v, bool has_12,
                          bool has_13)
{
    bool asked = j->facts->survey.version[SURVEY_TLS13] == SURVEY_REFUSED;
    if (!has_13)
        find(v, outcome_of_grade(j->policy->version_missing[SURVEY_TLS13]),
             "rfc9325/3.1.1/tls-1-3-supported", "1.2",
             "%s; take a TLS library and settings that "
             "allow TLS 1.3, and prefer it",
             asked ? "TLS 1.3 is not spoken, TLS 1.2 is"
                   : "TLS 1.2 is chosen, although TLS 1.3 was offered as well");
    if (!has_12) {
        enum outcome o = outcome_of_grade(j->policy->version_missing[SURVEY_TLS12]);
        bool mx = is_opportunistic(j->facts) && o == OUTCOME_NOTE;
        find(v, mx ? OUTCOME_WARN : o, "rfc9325/3.1.1/tls-1-2-supported", "1.3",
             "TLS 1.2 is not spoken, TLS 1.3 is; %s",
             mx ? "senders that have nothing newer fall back to clear text, so allow it"
                : "older clients cannot connect, so allow it if you have any");
    }
}

COLUMN(new_versions)
{
    const struct port_facts *f = j->facts;
    enum survey_answer in_12 = version_known(f, SURVEY_TLS12),
                       in_13 = version_known(f, SURVEY_TLS13);
    bool has_12 = in_12 == SURVEY_ACCEPTED, has_13 = in_13 == SURVEY_ACCEPTED;
    /* Every hello is refused for its server name, whatever the version. */
    if (!f->tls.up && f->tls.failure && f->tls.alert == SSL_AD_UNRECOGNIZED_NAME) {
        has_tls(j, v);
        return;
    }
    if (f->survey.prefers_13 == SURVEY_REFUSED && has_13) {
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9325/3.1.1/tls-1-3-preferred", "prefers 1.2",
             "TLS 1.2 is chosen when TLS 1.3 is offered as well; let the newest version win");
        return;
    }
    if (!has_12 && !has_13) {
        if ((f->tls.up && f->tls.version < TLS1_2_VERSION) ||
            (in_12 == SURVEY_REFUSED && in_13 == SURVEY_REFUSED))
            find(v, OUTCOME_FAIL, "rfc8314/4/tls-1-2", "too old",
                 "neither TLS 1.2 nor TLS 1.3 is spoken, so current clients cannot connect%s%s; "
                 "allow TLS 1.2 and 1.3",
                 f->tls.up ? ", the best is " : "",
                 f->tls.up ? version_name((uint16_t)f->tls.version) : "");
        else if (has_tls(j, v))
            surveyed(j, v, in_12 == SURVEY_UNCLEAR ? in_12 : in_13, "TLS 1.2 or 1.3 is spoken");
        return;
    }
    /* In the first session both are offered: whoever chose 1.2 there has no 1.3, or hides it. */
    bool no_13 = in_13 == SURVEY_REFUSED || (!has_13 && f->tls.up);
    bool no_12 = in_12 == SURVEY_REFUSED;
    judge_missing(j, v, !no_12, !no_13);
    if (v->outcome == OUTCOME_NOT_RUN || v->outcome == OUTCOME_PASS) {
        v->outcome = OUTCOME_NOT_RUN;
        find(v, OUTCOME_PASS, NULL,
             has_12 && has_13 ? "1.2 1.3"
             : has_13         ? "1.3"
                              : "1.2",
             has_12 && has_13 ? "TLS 1.2 and TLS 1.3 are spoken"
             : has_13         ? "TLS 1.3 is spoken"
                              : "TLS 1.2 is spoken");
    }
}
