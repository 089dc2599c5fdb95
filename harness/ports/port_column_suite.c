/* Columns of cipher suites and key exchange. */
#include "port_column_private.h"
#include <stdio.h>

/* ---- what a suite is ---- */

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

/* Below the floor of T06; what is above it, T07 looks at. */
static bool is_weak(const struct port_policy *p, const struct tls_suite *s)
{
    static const char *const ciphers[] = { "NULL", "RC4", "RC2", "DES", "3DES" };
    return s->export_grade || s->bits < p->suite_bits_fail || strcmp(s->exchange, "anon") == 0 ||
           strcmp(s->exchange, "NULL") == 0 || strcmp(s->authentication, "anon") == 0 ||
           strcmp(s->mac, "MD5") == 0 || is_one_of(s->cipher, ciphers, COUNT(ciphers));
}

static bool is_forward_secret(const struct tls_suite *s)
{
    static const char *const exchanges[] = { "ECDHE", "DHE", "any" };
    return is_one_of(s->exchange, exchanges, COUNT(exchanges));
}

static bool has_encrypt_then_mac(const struct port_judging *j)
{
    return j->facts->survey.encrypt_then_mac == SURVEY_ACCEPTED;
}

static enum policy_grade grade_of_suite(const struct port_judging *j, uint16_t id)
{
    char name[64];
    return policy_of_suite(j->policy, tls_suite_find(id), tls_suite_name(id, name),
                           has_encrypt_then_mac(j));
}

/* What is wrong with a suite, in one word for the table, and the rule that says so. */
struct suite_flaw {
    const char *word, *clause;
};

static struct suite_flaw weak_flaw(const struct tls_suite *s)
{
    if (strcmp(s->cipher, "NULL") == 0)
        return (struct suite_flaw) { "NULL", "rfc9325/4.1/no-null-cipher" };
    if (strcmp(s->exchange, "anon") == 0 || strcmp(s->authentication, "anon") == 0)
        return (struct suite_flaw) { "anonymous", "rfc9325/5.1/server-is-authenticated" };
    if (strcmp(s->cipher, "RC4") == 0)
        return (struct suite_flaw) { "RC4", "rfc9325/4.1/no-rc4" };
    if (s->export_grade)
        return (struct suite_flaw) { "export", "rfc9325/4.1/at-least-112-bits" };
    if (s->bits < 112)
        return (struct suite_flaw) { s->cipher, "rfc9325/4.1/at-least-112-bits" };
    return (struct suite_flaw) { s->cipher, "rfc9325/4.1/at-least-128-bits" };
}

static struct suite_flaw quality_flaw(const struct tls_suite *s)
{
    if (!is_forward_secret(s))
        return (struct suite_flaw) { s->exchange, "rfc9325/4.1/no-static-rsa" };
    if (strcmp(s->exchange, "DHE") == 0)
        return (struct suite_flaw) { "DHE", "rfc9325/4.1/no-dhe" };
    if (slice_ends(slice_of(s->cipher), S("-CBC")))
        return (struct suite_flaw) { "CBC", "rfc9325/4.2/cbc-with-encrypt-then-mac" };
    return (struct suite_flaw) { s->cipher, "rfc9325/4.1/forward-secrecy" };
}

/* ---- the worst of a list ---- */

struct worst {
    enum policy_grade grade;
    uint16_t id;
    size_t n; /* how many are not good */
};

static void look_at(const struct port_judging *j, bool weak, uint16_t id, struct worst *w)
{
    const struct tls_suite *s = tls_suite_find(id);
    if ((s && is_weak(j->policy, s)) != weak)
        return;
    enum policy_grade grade = grade_of_suite(j, id);
    w->n += grade > GRADE_GOOD;
    if (grade > w->grade) {
        w->grade = grade;
        w->id = id;
    }
}

static struct worst worst_of_all(const struct port_judging *j, bool weak)
{
    const struct tls_survey *s = &j->facts->survey;
    struct worst w = { 0 };
    for (size_t version = 0; version < SURVEY_VERSIONS; version++)
        for (size_t i = 0; i < s->suites[version].list.n; i++)
            look_at(j, weak, s->suites[version].list.v[i], &w);
    for (size_t i = 0; weak && i < s->weak_list.n; i++)
        look_at(j, weak, s->weak_list.v[i], &w);
    if (weak && s->weak_suites == SURVEY_ACCEPTED)
        look_at(j, weak, s->weak_suite, &w);
    return w;
}

static bool any_suites(const struct tls_survey *s)
{
    size_t n = 0;
    for (size_t version = 0; version < SURVEY_VERSIONS; version++)
        n += s->suites[version].list.n;
    return n > 0;
}

/* ---- T06 weak suites ---- */

static void find_weak(const struct port_judging *j, struct port_verdict *v, const struct worst *w)
{
    char name[64];
    const struct tls_suite *s = tls_suite_find(w->id);
    struct suite_flaw flaw = s ? weak_flaw(s) : (struct suite_flaw) { "unknown", NULL };
    enum outcome o = outcome_softened(j, outcome_of_grade(w->grade));
    char more[60] = "";
    if (w->n > 1)
        snprintf(more, sizeof more, " (and %zu more of its kind)", w->n - 1);
    if (strcmp(flaw.word, "anonymous") == 0)
        find(v, o, flaw.clause, flaw.word,
             "%s%s is taken, in which the server proves nothing about itself; take anonymous "
             "suites off the list (aNULL)",
             tls_suite_name(w->id, name), more);
    else
        find(v, o, flaw.clause, flaw.word,
             "%s%s is taken, which can be broken or does not encrypt; take it off the list of "
             "ciphers (keep ECDHE with AES-GCM or CHACHA20)",
             tls_suite_name(w->id, name), more);
}

COLUMN(weak_suites)
{
    const struct tls_survey *s = &j->facts->survey;
    struct worst w = worst_of_all(j, true);
    if (w.grade > GRADE_GOOD)
        find_weak(j, v, &w);
    else if (surveyed(j, v, s->weak_suites, "weak cipher suites are taken"))
        find(v, OUTCOME_PASS, NULL, "refused",
             "anonymous, export, RC4, DES and unencrypted cipher suites are refused");
}

/* ---- T07 quality of suites ---- */

static void find_quality(const struct port_judging *j, struct port_verdict *v,
                         const struct worst *w)
{
    char name[64], more[60] = "";
    const struct tls_suite *s = tls_suite_find(w->id);
    struct suite_flaw flaw = s ? quality_flaw(s) : (struct suite_flaw) { "unknown", NULL };
    if (w->n > 1)
        snprintf(more, sizeof more, " and %zu more", w->n - 1);
    find(v, outcome_softened(j, outcome_of_grade(w->grade)), flaw.clause, flaw.word,
         "%s%s %s taken beside better ones; keep the suites of ECDHE with AES-GCM or "
         "CHACHA20-POLY1305",
         tls_suite_name(w->id, name), more, w->n > 1 ? "are" : "is");
}

static bool lacks_forward_secrecy(const struct tls_survey *s)
{
    size_t n = 0;
    for (size_t version = SURVEY_TLS10; version < SURVEY_VERSIONS; version++)
        for (size_t i = 0; i < s->suites[version].list.n; i++, n++) {
            const struct tls_suite *suite = tls_suite_find(s->suites[version].list.v[i]);
            if (!suite || is_forward_secret(suite))
                return false;
        }
    return n > 0;
}

/* What a plain hello of TLS 1.2 with everything good in it was answered with. */
static const struct tls_suite *chosen_suite(const struct tls_survey *s)
{
    return s->version[SURVEY_TLS12] == SURVEY_ACCEPTED
               ? tls_suite_find(s->version_suite[SURVEY_TLS12])
               : NULL;
}

COLUMN(suite_quality)
{
    const struct tls_survey *s = &j->facts->survey;
    const struct tls_suite *chosen = chosen_suite(s);
    struct worst w = worst_of_all(j, false);
    if (lacks_forward_secrecy(s) || (chosen && !is_forward_secret(chosen)))
        find(v, outcome_softened(j, outcome_of_grade(j->policy->no_forward_secrecy)),
             "rfc9325/4.1/forward-secrecy", "no FS",
             "TLS 1.2 is spoken without forward secrecy (%s): who gets the key later reads all "
             "that was recorded; put ECDHE suites first",
             chosen ? chosen->name : "no suite with ECDHE is taken");
    if (w.grade > GRADE_GOOD)
        find_quality(j, v, &w);
    if (v->outcome != OUTCOME_NOT_RUN)
        return;
    if (any_suites(s))
        find(v, OUTCOME_PASS, NULL, "good", "all cipher suites that are taken are good ones");
    else if (chosen)
        find(v, OUTCOME_SKIP, NULL, "", "chooses %s; --full asks what else is taken", chosen->name);
    else
        surveyed(j, v, s->version[SURVEY_TLS12], "its cipher suites are good");
}

/* ---- T08 order ---- */

/* Bits of what a list holds. */
enum { LIST_GOOD = 1, LIST_LESS = 2, LIST_NO_SECRECY = 4, LIST_AES128_GCM = 8 };

static unsigned holds(const struct port_judging *j, const struct survey_suites *suites)
{
    unsigned bits = 0;
    for (size_t i = 0; i < suites->list.n; i++) {
        uint16_t id = suites->list.v[i];
        const struct tls_suite *s = tls_suite_find(id);
        bits |= grade_of_suite(j, id) > GRADE_GOOD ? LIST_LESS : LIST_GOOD;
        bits |= s && (!is_forward_secret(s) || is_weak(j->policy, s)) ? LIST_NO_SECRECY : 0;
        bits |= id == 0xC02F ? LIST_AES128_GCM : 0;
    }
    return bits;
}

COLUMN(suite_order)
{
    const struct survey_suites *suites = &j->facts->survey.suites[SURVEY_TLS12];
    if (j->facts->survey.version[SURVEY_TLS12] == SURVEY_REFUSED) {
        if (!j->facts->tls.failure || has_tls(j, v))
            find(v, OUTCOME_SKIP, NULL, "",
                 "TLS 1.2 is not spoken, and TLS 1.3 has good suites only");
        return;
    }
    if (!surveyed(j, v, suites->own_order, "the server has an order of suites of its own"))
        return;
    unsigned bits = holds(j, suites);
    if (suites->own_order == SURVEY_ACCEPTED)
        find(v, OUTCOME_PASS, NULL, "server's", "the server's order of cipher suites counts");
    else if (!(bits & LIST_LESS) || !(bits & LIST_GOOD))
        find(v, OUTCOME_PASS, NULL, "client's",
             "the client's order of cipher suites counts, and no suite is better than another");
    else {
        /* What RFC 9325 demands is that no weaker suite comes before the one that it names, and
           none without forward secrecy before one with it. */
        enum outcome o = outcome_of_grade(j->policy->server_order);
        bool demanded = bits & LIST_NO_SECRECY && bits & LIST_AES128_GCM;
        find(v, outcome_softened(j, demanded || o < OUTCOME_FAIL ? o : OUTCOME_WARN),
             "rfc9325/4.2.1/better-suite-preferred", "client's",
             "the client's order of cipher suites counts, weaker ones first if it likes; let the "
             "server's order count (Postfix: tls_preempt_cipherlist = yes, Dovecot: "
             "ssl_prefer_server_ciphers = yes), or take the weaker ones off the list");
    }
}

/* ---- T09 groups ---- */

static void judge_dhe(const struct port_judging *j, struct port_verdict *v)
{
    unsigned bits = j->facts->survey.dhe_bits;
    if (!bits || (bits >= j->policy->dhe_bits_fail && bits >= j->policy->dhe_bits_warn))
        return;
    char short_text[24];
    snprintf(short_text, sizeof short_text, "DH %u", bits);
    bool fails = bits < j->policy->dhe_bits_fail;
    find(v, outcome_softened(j, fails ? OUTCOME_FAIL : OUTCOME_WARN),
         "rfc9325/4.5/dhe-at-least-2048-bits", short_text,
         "Diffie-Hellman is done in a group of %u bits, where %u are wanted; use ffdhe%u (or "
         "larger), or turn off DHE",
         bits, fails ? j->policy->dhe_bits_fail : j->policy->dhe_bits_warn,
         fails ? j->policy->dhe_bits_fail : j->policy->dhe_bits_warn);
}

/* All groups of one grade in one sentence. The RFC knows curves that are too small; what else a
   policy refuses is its own. */
static void judge_group_names(const struct port_judging *j, struct port_verdict *v,
                              enum policy_grade grade)
{
    const struct tls_survey *s = &j->facts->survey;
    char first[32] = "", name[32];
    size_t n = 0;
    auto_buf list;
    buf_init(&list, BUF_OURS);
    for (size_t i = 0; i < s->groups.n; i++) {
        tls_group_name(s->groups.v[i], name);
        if (policy_of_group(j->policy, name) != grade)
            continue;
        if (!n++)
            snprintf(first, sizeof first, "%s", name);
        buf_addf(&list, "%s%s", n > 1 ? ", " : "", name);
    }
    bool curve = slice_starts(slice_of(first), S("sec"));
    if (n)
        find(v, outcome_softened(j, outcome_of_grade(grade)),
             grade == GRADE_FAIL && curve ? "rfc9325/4.5/curves-at-least-224-bits"
                                          : "rfc9325/4.2.1/common-groups",
             first, "the group%s %s %s taken for the key exchange; take %s off the list of groups",
             n > 1 ? "s" : "", list.p, n > 1 ? "are" : "is", n > 1 ? "them" : "it");
}

COLUMN(groups)
{
    const struct tls_survey *s = &j->facts->survey;
    bool common = false, hybrid = false;
    judge_dhe(j, v);
    for (int grade = GRADE_FAIL; grade > GRADE_GOOD; grade--)
        judge_group_names(j, v, (enum policy_grade)grade);
    for (size_t i = 0; i < s->groups.n; i++) {
        char name[32];
        common |= s->groups.v[i] == 0x0017 || s->groups.v[i] == 0x001D;
        hybrid |= slice_find_nocase(slice_of(tls_group_name(s->groups.v[i], name)), S("mlkem")) !=
                  SIZE_MAX;
    }
    if (!surveyed(j, v, s->groups_asked, "good groups are taken"))
        return;
    if (!common && !hybrid && s->groups.n)
        find(v, outcome_softened(j, OUTCOME_WARN), "rfc9325/4.2.1/common-groups", "rare",
             "neither X25519 nor P-256 is taken, one of which every client has; allow both");
    find(v, OUTCOME_PASS, NULL, hybrid ? "PQ hybrid" : "good",
         s->groups.n ? "the groups for the key exchange are good%s"
                     : "no elliptic curves are used%s",
         hybrid ? ", and X25519MLKEM768 or its like guards against quantum computers" : "");
}

/* ---- T10 hash of the key exchange ---- */

COLUMN(handshake_hash)
{
    const struct port_facts *f = j->facts;
    const char *signature = f->tls.signature;
    bool weak = signature && policy_of_signature(j->policy, signature) == GRADE_FAIL;
    if (weak || f->survey.sha1_signature == SURVEY_ACCEPTED)
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9155/4/no-sha-1-signature", "SHA-1",
             "the key exchange of TLS 1.2 is signed with SHA-1%s; allow SHA-256 and better only "
             "(OpenSSL: security level 1 or higher in the list of ciphers)",
             weak ? "" : " when a client offers nothing else");
    else if (surveyed(j, v, f->survey.sha1_signature, "SHA-1 signs the key exchange"))
        find(v, OUTCOME_PASS, NULL, "SHA-2", "the key exchange is not signed with SHA-1 or MD5");
}
