/* What the columns of the certificate make of certificates that are made here. */
#include "certs.h"
#include "port_column.h"
#include "testing.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY_SECONDS = 24 * 3600 };

static const char *const good_names[] = { "mail.example.test", NULL };
static const char *const other_names[] = { "other.example.test", NULL };
static const char *const wildcard_names[] = { "*.example.test", NULL };
static const char *const part_names[] = { "m*.example.test", NULL };

struct certificate_case {
    const char *column;
    uint16_t port;
    struct cert_spec spec;
    enum { SIGNED, BY_ITSELF, BY_STRANGER, NO_INTERMEDIATE, DISORDERED, WEAK_NEXT } chain;
    struct port_tls_facts tls; /* besides certificate, chain and what verification says */
    int64_t in_days;           /* when it is looked at */
    enum outcome outcome;
    const char *clause, *says;
    const char *policy, *host; /* NULL: rfc9325, mail.example.test */
};

#define GOOD                                                                                       \
    {                                                                                              \
        .names = good_names                                                                        \
    }
#define LONG                                                                                       \
    {                                                                                              \
        .names = good_names, .ends_in = 3650 * DAY_SECONDS                                         \
    }
#define LONGER                                                                                     \
    {                                                                                              \
        .names = good_names, .ends_in = 4000 * DAY_SECONDS                                         \
    }
#define SHORT_KEY                                                                                  \
    {                                                                                              \
        .names = good_names, .rsa = true, .rsa_bits = 1024                                         \
    }
#define RSA_2048                                                                                   \
    {                                                                                              \
        .names = good_names, .rsa = true                                                           \
    }

static const struct certificate_case cases[] = {
    /* T12 */
    { "chain", 993, GOOD, SIGNED, { 0 }, 0, OUTCOME_PASS, NULL, "days left" },
    { "chain",
      993,
      GOOD,
      SIGNED,
      { 0 },
      20,
      OUTCOME_WARN,
      "rfc8314/4.4/certificate-valid",
      "ends in" },
    { "chain",
      993,
      GOOD,
      SIGNED,
      { .chain_code = X509_V_ERR_CERT_HAS_EXPIRED },
      32,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-valid",
      "expired 2 days ago" },
    { "chain",
      25,
      GOOD,
      SIGNED,
      { .chain_code = X509_V_ERR_CERT_HAS_EXPIRED },
      32,
      OUTCOME_WARN,
      "rfc8461/4.2/mx-certificate",
      "expired 2 days ago" },
    { "chain",
      993,
      GOOD,
      SIGNED,
      { .chain_code = X509_V_ERR_CERT_NOT_YET_VALID },
      -3,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-valid",
      "begins in" },
    { "chain",
      993,
      LONG,
      SIGNED,
      { 0 },
      0,
      OUTCOME_WARN,
      "rfc9325/4.5/certificate-baseline",
      "lives for 3650 days" },
    { "chain",
      993,
      GOOD,
      SIGNED,
      { .chain_code = X509_V_ERR_CERT_HAS_EXPIRED, .chain_text = "certificate has expired" },
      0,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-trusted",
      "certificate has expired" }, /* not the server's own */
    { "chain",
      993,
      LONGER,
      BY_STRANGER,
      { .chain_code = X509_V_ERR_CERT_HAS_EXPIRED, .chain_text = "certificate has expired" },
      3660,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-valid",
      "the authority \"a stranger\", which the server sends along, expired 10 days ago; let" },
    { "chain",
      993,
      GOOD,
      BY_ITSELF,
      { .chain_code = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
      0,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-trusted",
      "signed by itself" },
    { "chain",
      25,
      GOOD,
      BY_ITSELF,
      { .chain_code = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
      0,
      OUTCOME_WARN,
      "rfc8461/4.2/mx-certificate",
      "signed by itself" },
    { "chain",
      24,
      GOOD,
      BY_ITSELF,
      { .chain_code = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
      0,
      OUTCOME_WARN,
      "rfc8314/4.4/certificate-trusted",
      "signed by itself" },
    { "chain",
      993,
      GOOD,
      BY_STRANGER,
      { .chain_code = X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN },
      0,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-trusted",
      "leads to \"a stranger\"" },
    { "chain",
      993,
      GOOD,
      NO_INTERMEDIATE,
      { .chain_code = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
      0,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-trusted",
      "stops at \"an intermediate\"" },
    { "chain",
      993,
      GOOD,
      SIGNED,
      { .chain_code = X509_V_ERR_INVALID_PURPOSE, .chain_text = "unsuitable purpose" },
      0,
      OUTCOME_FAIL,
      "rfc8314/4.4/certificate-trusted",
      "not meant for servers (unsuitable purpose); get one" },
    { "chain",
      993,
      GOOD,
      DISORDERED,
      { 0 },
      0,
      OUTCOME_WARN,
      "rfc8446/4.4.2/chain-complete",
      "certificate 2 of the chain" },

    /* T13 */
    { "key", 993, GOOD, SIGNED, { 0 }, 0, OUTCOME_PASS, NULL, "are strong" },
    { "key", 993, RSA_2048, SIGNED, { 0 }, 0, OUTCOME_PASS, NULL, "are strong" },
    { "key",
      993,
      RSA_2048,
      SIGNED,
      { 0 },
      0,
      OUTCOME_WARN,
      "rfc9325/4.5/rsa-2048",
      "wants 3072",
      "ncsc-2025-05" },
    { "key", 993, SHORT_KEY, SIGNED, { 0 }, 0, OUTCOME_FAIL, "rfc9325/4.5/rsa-2048", "1024 bits" },
    { "key",
      993,
      GOOD,
      WEAK_NEXT,
      { 0 },
      0,
      OUTCOME_FAIL,
      "rfc9325/4.5/rsa-2048",
      "certificate 2 of the chain has 1024 bits" },
    { "key", 25, SHORT_KEY, SIGNED, { 0 }, 0, OUTCOME_WARN, "rfc9325/4.5/rsa-2048", "1024 bits" },
    { "key",
      993,
      { .names = good_names, .sha1 = true },
      SIGNED,
      { 0 },
      0,
      OUTCOME_FAIL,
      "rfc9325/4.5/no-sha1-certificate",
      "SHA-1" },
    { "key",
      993,
      { .names = good_names, .sha1 = true },
      BY_ITSELF,
      { 0 },
      0,
      OUTCOME_PASS,
      NULL,
      "are strong" }, /* its own word about itself */

    /* T14 */
    { "name", 993, GOOD, SIGNED, { .name_ok = true }, 0, OUTCOME_PASS, NULL, "carries the name" },
    { "name",
      993,
      { .names = wildcard_names },
      SIGNED,
      { .name_ok = true },
      0,
      OUTCOME_PASS,
      NULL,
      "carries the name" },
    { "name",
      993,
      { .names = other_names },
      SIGNED,
      { 0 },
      0,
      OUTCOME_FAIL,
      "rfc7817/3/certificate-names-host",
      "is for other.example.test, not for mail.example.test" },
    { "name",
      25,
      { .names = other_names },
      SIGNED,
      { 0 },
      0,
      OUTCOME_WARN,
      "rfc8461/4.2/mx-certificate",
      "is for other.example.test" },
    { "name",
      993,
      { .names = part_names },
      SIGNED,
      { 0 },
      0,
      OUTCOME_FAIL,
      "rfc7817/3/wildcard-whole-label",
      "m*.example.test" },
    { "name",
      993,
      { .common_name = "mail.example.test" },
      SIGNED,
      { .name_ok = true },
      0,
      OUTCOME_WARN,
      "rfc7817/3/dns-id",
      "common name alone" },
    { "name",
      25,
      { .common_name = "mail.example.test" },
      SIGNED,
      { 0 },
      0,
      OUTCOME_NOTE,
      "rfc7817/3/dns-id",
      "common name alone" },
    { "name",
      993,
      { .common_name = "somebody" },
      SIGNED,
      { 0 },
      0,
      OUTCOME_FAIL,
      "rfc7817/3/certificate-names-host",
      "no DNS name at all" },
    { "name",
      993,
      GOOD,
      SIGNED,
      { 0 },
      0,
      OUTCOME_SKIP,
      NULL,
      "given by address",
      NULL,
      "192.0.2.1" },
    { "name",
      993,
      GOOD,
      SIGNED,
      { 0 },
      0,
      OUTCOME_SKIP,
      NULL,
      "given by address",
      NULL,
      "2001:db8::1" },

    /* T21 */
    { "client-certificate", 993, GOOD, SIGNED, { 0 }, 0, OUTCOME_PASS, NULL, "no client cert" },
    { "client-certificate",
      25,
      GOOD,
      SIGNED,
      { .client_certificate_requested = true },
      0,
      OUTCOME_PASS,
      NULL,
      "between servers" },
    { "client-certificate",
      993,
      GOOD,
      SIGNED,
      { .client_certificate_requested = true },
      0,
      OUTCOME_WARN,
      "rfc8314/4.2/client-certificate-only-if-used",
      "EXTERNAL is not offered" },

    /* T28 */
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_YES, .staple_good = true },
      0,
      OUTCOME_PASS,
      NULL,
      "says good" },
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_NO },
      0,
      OUTCOME_SKIP,
      NULL,
      "none is demanded" },
    { "stapling", 993, GOOD, SIGNED, { 0 }, 0, OUTCOME_SKIP, NULL, "not asked" },
    { "stapling",
      993,
      GOOD,
      NO_INTERMEDIATE,
      { .stapled = SEEN_YES, .chain_code = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
      0,
      OUTCOME_SKIP,
      NULL,
      "cannot be verified" },
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_UNCLEAR },
      0,
      OUTCOME_ERROR,
      NULL,
      "could not tell" },
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_NO, .must_staple = true },
      0,
      OUTCOME_FAIL,
      "rfc7633/4.2.3/feature-honoured",
      "must-staple" },
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_YES, .staple_text = "out of date" },
      0,
      OUTCOME_FAIL,
      "rfc6960/4.2.2.1/response-current",
      "(out of date)" },
    { "stapling",
      993,
      GOOD,
      SIGNED,
      { .stapled = SEEN_YES, .staple_text = "says revoked" },
      0,
      OUTCOME_FAIL,
      "rfc9325/7.5/revoked-not-used",
      "get a new certificate" },
};

/* ---- facts from certificates ---- */

static void add_to_chain(STACK_OF(X509) * chain, slice pem)
{
    BIO *text = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x;
    while ((x = PEM_read_bio_X509(text, NULL, certs_no_passphrase, NULL)))
        ck_assert_int_gt(sk_X509_push(chain, x), 0);
    BIO_free(text);
}

static void make_chain(const struct certificate_case *t, struct port_tls_facts *tls)
{
    struct ca *ca = ca_new(t->chain == BY_STRANGER ? "a stranger" : "an authority");
    struct ca *under = t->chain == NO_INTERMEDIATE ? ca_new_under(ca, "an intermediate") : NULL;
    auto_identity id = identity_new(t->chain == BY_ITSELF ? NULL : under ? under : ca, &t->spec);
    slice leaf = slice_of(id.chain_pem);
    slice first = slice_sub(leaf, 0, slice_find(leaf, S("-----END")) + 26);
    tls->chain = sk_X509_new_null();
    add_to_chain(tls->chain, first);
    if (t->chain == BY_STRANGER)
        add_to_chain(tls->chain, ca_pem(ca));
    if (t->chain == DISORDERED) {
        struct ca *stranger = ca_new("a stranger");
        add_to_chain(tls->chain, ca_pem(stranger));
        ca_free(stranger);
    }
    if (t->chain == WEAK_NEXT) {
        auto_identity weak = identity_new(NULL, &(struct cert_spec)SHORT_KEY);
        add_to_chain(tls->chain, slice_of(weak.chain_pem));
    }
    tls->certificate = sk_X509_value(tls->chain, 0);
    ca_free(under);
    ca_free(ca);
}

static struct port_facts facts_of(const struct certificate_case *t)
{
    const struct port_standard *s = port_standard(t->port);
    struct port_facts f = { .reach = REACH_OPEN,
                            .speaks = s->mode == TLS_MODE_IMPLICIT ? SPEAKS_TLS : SPEAKS_CLEAR,
                            .tls = t->tls };
    f.spec = (struct port_spec) { .host = t->host ? t->host : "mail.example.test",
                                  .port = t->port,
                                  .protocol = s->protocol,
                                  .role = s->role,
                                  .mode = s->mode };
    f.tls.up = true;
    f.tls.version = TLS1_3_VERSION;
    f.tls.version_name = "TLS 1.3";
    return f;
}

START_TEST(certificates_are_judged)
{
    const struct certificate_case *t = &cases[_i];
    struct port_facts f = facts_of(t);
    struct port_policy policy;
    struct problems problems = { 0 };
    struct error err = { 0 };
    struct port_verdict v;
    make_chain(t, &f.tls);
    ck_assert_int_eq(port_policy_load(TEST_SCENARIOS, t->policy ? t->policy : "rfc9325", &policy,
                                      &problems, &err),
                     0);
    struct port_judging j = { &f, &policy, &f, 1, (int64_t)time(NULL) + t->in_days * DAY_SECONDS };
    port_judge(&j, port_column_find(slice_of(t->column)), &v);
    ck_assert_msg(v.outcome == t->outcome && strstr(v.text, t->says), "%s at %u: %s: %s", t->column,
                  t->port, outcome_name(v.outcome), v.text);
    ck_assert_msg(!t->clause || strcmp(t->clause, v.clause) == 0, "%s: %s", v.clause, v.text);
    ck_assert_msg(strlen(v.short_text) <= 12, "%s", v.short_text);
    sk_X509_pop_free(f.tls.chain, X509_free);
    port_policy_release(&policy);
    problems_release(&problems);
}
END_TEST

/* A session without a certificate (an anonymous suite) is nothing to judge. */
START_TEST(no_certificate_is_no_verdict)
{
    static const char *const columns[] = { "chain", "key", "name", "stapling" };
    struct certificate_case t = { .port = 993 };
    struct port_facts f = facts_of(&t);
    struct port_policy policy = { 0 };
    struct port_verdict v;
    struct port_judging j = { &f, &policy, &f, 1, 0 };
    port_judge(&j, port_column_find(slice_of(columns[_i])), &v);
    ck_assert_int_eq(v.outcome, OUTCOME_SKIP);
    ck_assert_str_eq(v.text, "the handshake brought no certificate");
}
END_TEST

/* EXTERNAL beside the request is what RFC 8314 section 4.2 asks for. */
START_TEST(external_uses_the_certificate)
{
    struct certificate_case t = { .port = 993, .tls = { .client_certificate_requested = true } };
    struct port_facts f = facts_of(&t);
    struct port_policy policy = { 0 };
    struct port_verdict v;
    capabilities_reset(&f.tls_caps);
    capabilities_add(&f.tls_caps, S("AUTH=EXTERNAL"), S(""));
    struct port_judging j = { &f, &policy, &f, 1, 0 };
    port_judge(&j, port_column_find(S("client-certificate")), &v);
    ck_assert_int_eq(v.outcome, OUTCOME_PASS);
    capabilities_release(&f.tls_caps);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, certificates_are_judged, 0, COUNT(cases));
    tcase_add_loop_test(t, no_certificate_is_no_verdict, 0, 4);
    tcase_add_test(t, external_uses_the_certificate);
}

int main(void)
{
    return run_tests("port_certificate", add);
}
