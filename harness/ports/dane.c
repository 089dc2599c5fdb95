#include "dane.h"
#include "hex.h"
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { SELECTOR_CERT, SELECTOR_KEY };
enum { MATCHING_FULL, MATCHING_SHA256, MATCHING_SHA512 };

/* ---- one record ---- */

static size_t digest_size(unsigned matching)
{
    return matching == MATCHING_SHA256 ? 32 : matching == MATCHING_SHA512 ? 64 : 0;
}

/* Data in full must be a certificate, or a key, and nothing behind it. */
static bool full_is_good(const struct dns_record *r)
{
    const unsigned char *p = (const unsigned char *)r->association.p;
    bool good;
    if (!p)
        return false;
    if (r->selector == SELECTOR_CERT) {
        X509 *certificate = d2i_X509(NULL, &p, (long)r->association.n);
        good = certificate != NULL;
        X509_free(certificate);
    } else {
        EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)r->association.n);
        good = key != NULL;
        EVP_PKEY_free(key);
    }
    return good && p == (const unsigned char *)r->association.p + r->association.n;
}

const char *dane_unusable(const struct dns_record *r)
{
    if (r->usage < DANE_USAGE_TA)
        return "has usage 0 or 1, which senders of mail do not use";
    if (r->usage > DANE_USAGE_EE)
        return "has a usage that nobody knows";
    if (r->selector > SELECTOR_KEY)
        return "has a selector that nobody knows";
    if (r->matching > MATCHING_SHA512)
        return "has a matching type that nobody knows";
    if (r->matching != MATCHING_FULL && r->association.n != digest_size(r->matching))
        return "has a digest of the wrong length";
    if (r->matching == MATCHING_FULL && !full_is_good(r))
        return "does not hold a certificate or key";
    return NULL;
}

/* A digest is void beside a stronger one of the same usage and selector. */
static bool is_void(const struct dns_record *r, const struct dns_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (r->matching == MATCHING_SHA256 && records[i].matching == MATCHING_SHA512 &&
            records[i].usage == r->usage && records[i].selector == r->selector &&
            !dane_unusable(&records[i]))
            return true;
    return false;
}

/* The octets that a selector chooses; free with OPENSSL_free(). */
static slice selected(X509 *certificate, unsigned selector)
{
    unsigned char *der = NULL;
    int n = selector == SELECTOR_CERT ? i2d_X509(certificate, &der)
                                      : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    return n > 0 ? slice_make(der, (size_t)n) : slice_make(NULL, 0);
}

static bool names_certificate(const struct dns_record *r, X509 *certificate, unsigned selector)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    slice der = selected(certificate, selector), data = der;
    if (r->matching != MATCHING_FULL) {
        const EVP_MD *md = r->matching == MATCHING_SHA256 ? EVP_sha256() : EVP_sha512();
        EVP_Digest(der.p, der.n, digest, &n, md, NULL);
        data = slice_make(digest, n);
    }
    bool same = data.n && slice_eq(data, r->association);
    OPENSSL_free((void *)der.p);
    return same;
}

void dane_recommended(X509 *leaf, char text[80])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    slice der = selected(leaf, SELECTOR_KEY);
    auto_buf hex;
    buf_init(&hex, 2 * sizeof digest);
    EVP_Digest(der.p, der.n, digest, &n, EVP_sha256(), NULL);
    hex_encode(slice_make(digest, n), &hex);
    snprintf(text, 80, "3 1 1 %.*s", (int)hex.n, hex.p);
    OPENSSL_free((void *)der.p);
}

/* ---- a trust anchor ---- */

static bool has_name(const struct dane_peer *peer)
{
    for (const char *const *name = peer->names; name && *name; name++)
        if (X509_check_host(peer->leaf, *name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
            return true;
    return false;
}

/* X509_V_OK when a path leads from the leaf to that certificate of the chain, in date. */
static int path_code(const struct dane_peer *peer, X509 *anchor)
{
    int code = X509_V_ERR_UNSPECIFIED;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (store && ctx && X509_STORE_add_cert(store, anchor) == 1 &&
        X509_STORE_CTX_init(ctx, store, peer->leaf, peer->chain) == 1) {
        X509_STORE_CTX_set_default(ctx, "ssl_server");
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
        X509_STORE_CTX_set_time(ctx, 0, (time_t)peer->now);
        code = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return code;
}

static int chain_length(const struct dane_peer *peer)
{
    return peer->chain ? sk_X509_num(peer->chain) : 0;
}

/* The certificate of the chain, behind the leaf, that the record names; NULL when none is. */
static X509 *anchor_of(const struct dns_record *r, const struct dane_peer *peer)
{
    for (int i = 1; i < chain_length(peer); i++)
        if (names_certificate(r, sk_X509_value(peer->chain, i), r->selector))
            return sk_X509_value(peer->chain, i);
    return NULL;
}

static bool anchor_holds(const struct dns_record *r, const struct dane_peer *peer,
                         char text[DANE_TEXT_MAX])
{
    X509 *anchor = anchor_of(r, peer);
    if (!anchor)
        return false;
    int code = path_code(peer, anchor);
    if (code != X509_V_OK)
        snprintf(text, DANE_TEXT_MAX,
                 "the certificate of the authority that the TLSA record names is in the chain, but "
                 "the server's does not lead to it: %s; renew or complete the chain",
                 X509_verify_cert_error_string(code));
    else if (!has_name(peer))
        snprintf(text, DANE_TEXT_MAX,
                 "the chain leads to the authority that the TLSA record names, but the certificate "
                 "does not carry the name %s, which usage 2 asks for; get one with that name, or "
                 "publish usage 3",
                 peer->names && peer->names[0] ? peer->names[0] : "of the server");
    else
        return true;
    return false;
}

static bool holds(const struct dns_record *r, const struct dane_peer *peer,
                  char text[DANE_TEXT_MAX])
{
    if (r->usage == DANE_USAGE_EE)
        return names_certificate(r, peer->leaf, r->selector);
    return anchor_holds(r, peer, text);
}

/* ---- why none does ---- */

/* What the record of a server that it does not name was perhaps meant to be; NULL: nothing known. */
static const char *near_miss(const struct dns_record *r, bool is_void_record,
                             const struct dane_peer *peer)
{
    char none[DANE_TEXT_MAX];
    if (is_void_record && holds(r, peer, none))
        return "only a SHA-256 record names the server, and the SHA-512 record beside it makes "
               "that one void; publish the SHA-512 digest of the present one, or remove it";
    if (names_certificate(r, peer->leaf, !r->selector))
        return r->selector ? "the digest is that of the whole certificate, but the selector 1 says "
                             "public key; publish selector 0, or the key's digest"
                           : "the digest is that of the public key, but the selector 0 says whole "
                             "certificate; publish selector 1";
    if (r->usage == DANE_USAGE_TA && names_certificate(r, peer->leaf, r->selector))
        return "a record of usage 2 names the server's own certificate, which is no authority; "
               "publish it with usage 3";
    if (r->usage == DANE_USAGE_EE && anchor_of(r, peer))
        return "a record of usage 3 names the certificate of the authority; publish it with usage "
               "2";
    return NULL;
}

static void explain(const struct dns_record *records, size_t n, const struct dane_peer *peer,
                    char text[DANE_TEXT_MAX])
{
    const char *why = NULL;
    bool anchors = false, leaves = false;
    char recommended[80];
    for (size_t i = 0; i < n && !why; i++) {
        if (dane_unusable(&records[i]))
            continue;
        anchors |= records[i].usage == DANE_USAGE_TA;
        leaves |= records[i].usage == DANE_USAGE_EE;
        why = near_miss(&records[i], is_void(&records[i], records, n), peer);
    }
    dane_recommended(peer->leaf, recommended);
    if (why)
        snprintf(text, DANE_TEXT_MAX, "%s", why);
    else if (anchors && !leaves)
        snprintf(
            text, DANE_TEXT_MAX,
            "the authority that usage 2 names is not in the chain that the server sends, where it "
            "must be even when it is a root; add its certificate to the chain, or publish TLSA %s",
            recommended);
    else
        snprintf(text, DANE_TEXT_MAX,
                 "the server's certificate is another than the records name; publish TLSA %s, "
                 "before the certificate changes the next time",
                 recommended);
}

bool dane_match(const struct dns_record *records, size_t n, const struct dane_peer *peer,
                const struct dns_record **ret_by, char text[DANE_TEXT_MAX])
{
    char why[DANE_TEXT_MAX] = "";
    for (size_t i = 0; i < n; i++) {
        const struct dns_record *r = &records[i];
        if (dane_unusable(r) || is_void(r, records, n) || !holds(r, peer, why))
            continue;
        *ret_by = r;
        return true;
    }
    if (why[0])
        snprintf(text, DANE_TEXT_MAX, "%s", why);
    else
        explain(records, n, peer, text);
    return false;
}
