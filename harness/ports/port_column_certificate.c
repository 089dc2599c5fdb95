/* Columns of the certificate: chain, key, name, revocation, and certificates of clients. */
#include "port_column_private.h"
#include "resolve.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

static bool has_certificate(const struct port_judging *j, struct port_verdict *v)
{
    if (!has_tls(j, v))
        return false;
    if (!j->facts->tls.certificate)
        find(v, OUTCOME_SKIP, NULL, "none", "the handshake brought no certificate");
    return j->facts->tls.certificate != NULL;
}

/* Days from one time to another, rounded down; of ASN.1 times, NULL being `now`. */
static int days_between(const ASN1_TIME *from, const ASN1_TIME *to, int64_t now)
{
    int days = 0, seconds = 0;
    ASN1_TIME *present = ASN1_TIME_set(NULL, (time_t)now);
    if (!ASN1_TIME_diff(&days, &seconds, from ? from : present, to ? to : present))
        ERR_clear_error();
    ASN1_TIME_free(present);
    return seconds < 0 ? days - 1 : days;
}

/* ---- T12 chain ---- */

/* Nobody has to verify a mail exchanger that no policy covers. */
static enum outcome by_role(const struct port_facts *f)
{
    return is_opportunistic(f) ? OUTCOME_WARN : OUTCOME_FAIL;
}

static const char *chain_clause(const struct port_facts *f, const char *otherwise)
{
    return f->spec.role == ROLE_MX ? "rfc8461/4.2/mx-certificate" : otherwise;
}

static void name_text(const X509_NAME *name, char *text, size_t size)
{
    X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, text, (int)size);
    for (char *c = text; *c; c++)
        *c = (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e ? '?' : *c;
}

static bool is_missing_issuer(int code)
{
    return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static void judge_untrusted(const struct port_facts *f, struct port_verdict *v)
{
    const struct port_tls_facts *t = &f->tls;
    const char *clause = chain_clause(f, "rfc8314/4.4/certificate-trusted");
    char issuer[80] = "";
    X509 *last = t->chain && sk_X509_num(t->chain)
                     ? sk_X509_value(t->chain, sk_X509_num(t->chain) - 1)
                     : t->certificate;
    name_text(X509_get_issuer_name(last), issuer, sizeof issuer);
    if (t->chain_code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        find(v, by_role(f), clause, "self-signed",
             "the certificate is signed by itself, so clients refuse it or ask their users; use "
             "one of an authority that clients trust (or give yours with --cacert)");
    else if (is_missing_issuer(t->chain_code))
        find(v, by_role(f), clause, "incomplete",
             "the chain stops at \"%s\", which was not sent and is not among the roots; let the "
             "server send its intermediate certificates (or give your authority with --cacert)",
             issuer);
    else if (t->chain_code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
        find(v, by_role(f), clause, "unknown CA",
             "the chain leads to \"%s\", which is not among the roots that are trusted here; use "
             "an authority that clients trust (or give yours with --cacert)",
             issuer);
    else if (t->chain_code == X509_V_ERR_INVALID_PURPOSE)
        find(v, by_role(f), clause, "purpose",
             "the certificate is not meant for servers (%s); get one whose extended key usage has "
             "serverAuth",
             t->chain_text ? t->chain_text : "its extended key usage");
    else
        find(v, by_role(f), clause, "untrusted",
             "the chain is not trusted (%s); install the certificate of the server's name with "
             "its intermediates",
             t->chain_text ? t->chain_text : "no reason is known");
}

static void judge_time(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    const ASN1_TIME *from = X509_get0_notBefore(f->tls.certificate);
    const ASN1_TIME *to = X509_get0_notAfter(f->tls.certificate);
    int left = days_between(NULL, to, j->now), age = days_between(from, NULL, j->now);
    unsigned warn = j->policy->days_left_warn, life_warn = j->policy->days_lifetime_warn;
    int life = days_between(from, to, j->now), ago = days_between(to, NULL, j->now);
    char short_text[24];
    snprintf(short_text, sizeof short_text, "%d day%s", left < 0 ? 0 : left, left == 1 ? "" : "s");
    if (left < 0)
        find(v, by_role(f), chain_clause(f, "rfc8314/4.4/certificate-valid"), "expired",
             "the certificate expired %d day%s ago; renew it and load it into the server", ago,
             ago == 1 ? "" : "s");
    else if (age < 0)
        find(v, by_role(f), chain_clause(f, "rfc8314/4.4/certificate-valid"), "not yet",
             "the certificate begins in %d day%s; load the one that is valid now, or set the "
             "clock that it was made with",
             -age, age == -1 ? "" : "s");
    else if (warn && left < (int)warn)
        find(v, OUTCOME_WARN, "rfc8314/4.4/certificate-valid", short_text,
             "the certificate ends in %d day%s; renew it, and see why nothing renews it by itself",
             left, left == 1 ? "" : "s");
    if (life_warn && life > (int)life_warn)
        find(v, OUTCOME_WARN, "rfc9325/4.5/certificate-baseline", "long life",
             "the certificate lives for %d days, where %u are the limit and some clients refuse "
             "more; use one with a shorter life",
             life, life_warn);
    if (v->outcome == OUTCOME_NOT_RUN)
        find(v, OUTCOME_PASS, NULL, short_text,
             "the chain is complete and trusted, and has %d days left", left);
}

/* An intermediate or root that was sent along, and is over: days ago; NULL when there is none. */
static X509 *ended_issuer(const struct port_judging *j, int *ret_days)
{
    STACK_OF(X509) *chain = j->facts->tls.chain;
    for (int i = 1; chain && i < sk_X509_num(chain); i++) {
        X509 *c = sk_X509_value(chain, i);
        if (days_between(NULL, X509_get0_notAfter(c), j->now) < 0) {
            *ret_days = days_between(X509_get0_notAfter(c), NULL, j->now);
            return c;
        }
    }
    return NULL;
}

static bool is_in_time(const struct port_judging *j, const X509 *c)
{
    return days_between(NULL, X509_get0_notAfter(c), j->now) >= 0 &&
           days_between(X509_get0_notBefore(c), NULL, j->now) >= 0;
}

/* The server's own certificate is in its time: another one of the chain is not. */
static void judge_issuer_time(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    int days;
    X509 *issuer = ended_issuer(j, &days);
    char name[80] = "";
    if (!issuer) {
        judge_untrusted(f, v);
        return;
    }
    name_text(X509_get_subject_name(issuer), name, sizeof name);
    find(v, by_role(f), chain_clause(f, "rfc8314/4.4/certificate-valid"), "chain ended",
         "the certificate of the authority \"%s\", which the server sends along, expired %d day%s "
         "ago; let the server send its successor, or renew the certificate to get a current chain",
         name, days, days == 1 ? "" : "s");
}

/* RFC 8446 section 4.4.2: each certificate should certify the one before it. */
static void judge_order(const struct port_facts *f, struct port_verdict *v)
{
    STACK_OF(X509) *chain = f->tls.chain;
    for (int i = 0; chain && i + 1 < sk_X509_num(chain); i++)
        if (X509_check_issued(sk_X509_value(chain, i + 1), sk_X509_value(chain, i)) != X509_V_OK) {
            find(v, OUTCOME_WARN, "rfc8446/4.4.2/chain-complete", "order",
                 "certificate %d of the chain is not the issuer of the one before it, which "
                 "strict clients refuse; send the server's certificate first, then each issuer "
                 "in turn",
                 i + 2);
            return;
        }
}

COLUMN(chain)
{
    const struct port_facts *f = j->facts;
    if (!has_certificate(j, v))
        return;
    bool time_only = f->tls.chain_code == X509_V_ERR_CERT_HAS_EXPIRED ||
                     f->tls.chain_code == X509_V_ERR_CERT_NOT_YET_VALID;
    if (f->tls.chain_code != X509_V_OK && !time_only)
        judge_untrusted(f, v);
    if (time_only && is_in_time(j, f->tls.certificate))
        judge_issuer_time(j, v);
    judge_order(f, v);
    judge_time(j, v);
}

/* ---- T13 key and signature ---- */

static void judge_public_key(const struct port_judging *j, struct port_verdict *v, X509 *c,
                             const char *which)
{
    EVP_PKEY *key = X509_get0_pubkey(c);
    unsigned bits = key ? (unsigned)EVP_PKEY_get_bits(key) : 0;
    int kind = key ? EVP_PKEY_get_base_id(key) : 0;
    char short_text[24];
    bool rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS, ec = kind == EVP_PKEY_EC;
    snprintf(short_text, sizeof short_text, "%s %u", rsa ? "RSA" : ec ? "EC" : "key", bits);
    if (rsa && bits < j->policy->rsa_bits_fail)
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9325/4.5/rsa-2048", short_text,
             "the RSA key of %s has %u bits, where %u are the least; make a new key (RSA of %u "
             "bits, or EC P-256)",
             which, bits, j->policy->rsa_bits_fail, j->policy->rsa_bits_warn);
    else if (rsa && bits < j->policy->rsa_bits_warn)
        find(v, outcome_softened(j, OUTCOME_WARN), "rfc9325/4.5/rsa-2048", short_text,
             "the RSA key of %s has %u bits, where the policy wants %u; use a longer key, or EC "
             "P-256, when the certificate is renewed",
             which, bits, j->policy->rsa_bits_warn);
    else if (ec && bits < j->policy->ec_bits_fail)
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9325/4.5/curves-at-least-224-bits",
             short_text, "the EC key of %s has %u bits, where %u are the least; use P-256", which,
             bits, j->policy->ec_bits_fail);
    else
        find(v, OUTCOME_PASS, NULL, short_text, "the keys and signatures of the chain are strong");
}

static void judge_signature(const struct port_judging *j, struct port_verdict *v, X509 *c,
                            const char *which)
{
    int digest = NID_undef;
    /* Nobody looks at what a certificate says of itself. */
    bool own = X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
    if (own || !X509_get_signature_info(c, &digest, NULL, NULL, NULL))
        return;
    if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1)
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9325/4.5/no-sha1-certificate",
             digest == NID_sha1 ? "SHA-1" : "MD5",
             "%s is signed with %s, which can be forged and is refused by clients; have it signed "
             "anew with SHA-256",
             which, digest == NID_sha1 ? "SHA-1" : "MD5");
}

COLUMN(key)
{
    const struct port_tls_facts *t = &j->facts->tls;
    if (!has_certificate(j, v))
        return;
    judge_public_key(j, v, t->certificate, "the certificate");
    judge_signature(j, v, t->certificate, "the certificate");
    for (int i = 1; t->chain && i < sk_X509_num(t->chain); i++) {
        char which[40];
        snprintf(which, sizeof which, "certificate %d of the chain", i + 1);
        judge_public_key(j, v, sk_X509_value(t->chain, i), which);
        judge_signature(j, v, sk_X509_value(t->chain, i), which);
    }
}

/* ---- T14 name ---- */

/* The DNS names of a certificate, comma-separated, printable; how many. */
static size_t dns_names(X509 *c, struct buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
    size_t n = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        slice text = slice_make(ASN1_STRING_get0_data(name->d.dNSName),
                                (size_t)ASN1_STRING_length(name->d.dNSName));
        buf_addf(out, "%s", n++ ? ", " : "");
        for (size_t k = 0; k < text.n && k < 80; k++)
            buf_addc(out, text.p[k] > 0x20 && text.p[k] < 0x7f ? text.p[k] : '?');
    }
    GENERAL_NAMES_free(names);
    return n;
}

/* RFC 7817 section 3, rule 5: "f*.example.com" names nothing. */
static bool has_part_wildcard(slice names)
{
    slice name;
    while (slice_cut(&names, ',', &name)) {
        name = slice_trim(name);
        size_t star = slice_find_char(name, '*');
        if (star != SIZE_MAX && !slice_starts(name, S("*.")))
            return true;
    }
    return false;
}

static bool common_name_fits(X509 *c, const char *host)
{
    return X509_check_host(c, host, 0, X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT, NULL) == 1;
}

static void judge_name(const struct port_facts *f, struct port_verdict *v, slice names, size_t n)
{
    const char *clause = chain_clause(f, "rfc7817/3/certificate-names-host");
    const char *host = f->spec.host;
    if (!n && common_name_fits(f->tls.certificate, host))
        find(v, by_role(f) == OUTCOME_FAIL ? OUTCOME_WARN : OUTCOME_NOTE, "rfc7817/3/dns-id",
             "CN only",
             "%s stands in the common name alone, which current clients do not read; get a "
             "certificate with the name as subjectAltName",
             host);
    else if (has_part_wildcard(names))
        find(v, by_role(f), "rfc7817/3/wildcard-whole-label", "wildcard",
             "the certificate names \"%.*s\", in which a wildcard stands for a part of a label "
             "and fits nothing, so not %s; name the host itself",
             (int)(names.n < 100 ? names.n : 100), names.p, host);
    else
        find(v, by_role(f), clause, "other name",
             "the certificate is for %.*s, not for %s; use a certificate for that name, or the "
             "name of the certificate in clients",
             n ? (int)(names.n < 100 ? names.n : 100) : 100, n ? names.p : "no DNS name at all",
             host);
}

COLUMN(name)
{
    const struct port_facts *f = j->facts;
    if (!f->tls.up && f->tls.failure && f->tls.alert == SSL_AD_UNRECOGNIZED_NAME) {
        find(v, by_role(f), chain_clause(f, "rfc7817/3/certificate-names-host"), "refused",
             "%s, which is what clients that are set to it send; add the name to its certificate, "
             "or give clients the name that it has",
             f->tls.failure);
        return;
    }
    if (!has_certificate(j, v))
        return;
    auto_buf names;
    buf_init(&names, BUF_OURS);
    size_t n = dns_names(f->tls.certificate, &names);
    bool common_only = !n && common_name_fits(f->tls.certificate, f->spec.host);
    if (f->tls.name_ok && !common_only)
        find(v, OUTCOME_PASS, NULL, "fits", "the certificate carries the name %s", f->spec.host);
    else if (is_numeric_address(f->spec.host))
        find(v, OUTCOME_SKIP, NULL, "",
             "the host was given by address; give its name to have the certificate's compared");
    else
        judge_name(f, v, buf_slice(&names), n);
}

/* ---- T28 stapling ---- */

COLUMN(stapling)
{
    const struct port_tls_facts *t = &j->facts->tls;
    if (!has_certificate(j, v) || !answered(j, v, t->stapled, "an OCSP response is stapled"))
        return;
    const char *said = t->staple_text ? t->staple_text : "no reason is known";
    bool revoked = slice_find_nocase(slice_of(said), S("revoked")) != SIZE_MAX;
    if (t->stapled == SEEN_NO && t->must_staple)
        find(v, OUTCOME_FAIL, "rfc7633/4.2.3/feature-honoured", "missing",
             "the certificate demands an OCSP staple (must-staple) and none comes, so clients "
             "that honour it refuse the server; turn on stapling, or get a certificate without "
             "must-staple");
    else if (t->stapled == SEEN_NO)
        find(v, OUTCOME_SKIP, NULL, "none", "no OCSP response is stapled, and none is demanded");
    else if (!t->staple_good && !revoked && is_missing_issuer(t->chain_code))
        find(v, OUTCOME_SKIP, NULL, "",
             "the stapled OCSP response cannot be verified, as the issuer of the certificate is "
             "not known here");
    else if (t->staple_good)
        find(v, OUTCOME_PASS, NULL, "good", "the stapled OCSP response is current and says good");
    else
        find(v, OUTCOME_FAIL,
             revoked ? "rfc9325/7.5/revoked-not-used" : "rfc6960/4.2.2.1/response-current",
             revoked ? "revoked" : "bad staple", "the stapled OCSP response is no proof (%s); %s",
             said,
             revoked ? "get a new certificate"
                     : "fetch a new response before the old one ends, or turn stapling off");
}

/* ---- T21 certificates of clients ---- */

COLUMN(client_certificate)
{
    const struct port_facts *f = j->facts;
    if (!has_tls(j, v))
        return;
    bool external = caps_has_mechanism(&f->tls_caps, S("EXTERNAL"));
    if (!f->tls.client_certificate_requested)
        find(v, OUTCOME_PASS, NULL, "no", "no client certificate is asked for");
    else if (is_opportunistic(f))
        find(v, OUTCOME_PASS, NULL, "asked",
             "a client certificate is asked for, as between servers may be");
    else if (!f->tls_caps.known && f->broke_off)
        find(v, OUTCOME_WARN, "rfc8314/4.2/client-certificate-only-if-used", "demanded",
             "a client certificate is asked for, and without one the session ends (%s), so only "
             "those get in who have one; turn the demand off unless all users log in by "
             "certificate (Dovecot 2.3: ssl_verify_client_cert, Postfix: smtpd_tls_req_ccert)",
             f->broke_off);
    else if (external)
        find(v, OUTCOME_PASS, NULL, "EXTERNAL",
             "a client certificate is asked for, and EXTERNAL is offered for it");
    else
        /* EXTERNAL may appear for those that show a certificate: from here it cannot be told. */
        find(v, OUTCOME_WARN, "rfc8314/4.2/client-certificate-only-if-used", "asked",
             "a client certificate is asked for and EXTERNAL is not offered, so that some clients "
             "ask their users to choose one; turn the request off unless users log in by "
             "certificate (Dovecot 2.3: ssl_verify_client_cert, Postfix: smtpd_tls_ask_ccert)");
}
