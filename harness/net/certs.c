#include "certs.h"
#include "alloc.h"
#include <arpa/inet.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOUR = 3600, DAY = 24 * HOUR, CA_DAYS = 3650, LEAF_DAYS = 30, RSA_BITS = 2048 };

struct ca {
    X509 *certificate;
    EVP_PKEY *key;
    char *pem, *key_pem;
};

/* Nothing here depends on input, so a failure is out of memory or a broken OpenSSL. */
static void must(bool good)
{
    if (!good) {
        fputs("mailassay: OpenSSL cannot make a certificate\n", stderr);
        abort();
    }
}

static char *take_text(BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    char *text = xslicedup(slice_make(data, (size_t)n));
    BIO_free(bio);
    return text;
}

static char *certificate_text(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    must(bio && PEM_write_bio_X509(bio, certificate));
    return take_text(bio);
}

static char *key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    must(bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    return take_text(bio);
}

static X509 *certificate_new(EVP_PKEY *key, const char *name, time_t start, time_t end)
{
    X509 *x = X509_new();
    BIGNUM *serial = BN_new();
    must(x && serial && BN_rand(serial, 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY));
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
    BN_free(serial);
    X509_NAME *subject = X509_get_subject_name(x);
    must(X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) &&
         X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &start) &&
         X509_time_adj_ex(X509_getm_notAfter(x), 0, 0, &end) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                    -1, 0));
    return x;
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(x, extension, -1));
    X509_EXTENSION_free(extension);
}

static void add_names(X509 *x, const char *const *names)
{
    if (!names || !*names)
        return;
    GENERAL_NAMES *list = GENERAL_NAMES_new();
    for (; *names; names++) {
        unsigned char bytes[16];
        bool address = inet_pton(AF_INET, *names, bytes) || inet_pton(AF_INET6, *names, bytes);
        GENERAL_NAME *name =
            a2i_GENERAL_NAME(NULL, NULL, NULL, address ? GEN_IPADD : GEN_DNS, *names, 0);
        must(list && name && sk_GENERAL_NAME_push(list, name));
    }
    must(X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, 0) == 1);
    GENERAL_NAMES_free(list);
}

/* Signed by issuer, or by itself when that is NULL. */
static struct ca *ca_make(const struct ca *issuer, const char *common_name)
{
    struct ca *ca = NEW(struct ca);
    time_t t = time(NULL);
    ca->key = EVP_EC_gen("P-256");
    must(ca->key);
    X509 *x = certificate_new(ca->key, common_name, t - DAY, t + (time_t)CA_DAYS * DAY);
    X509 *signer = issuer ? issuer->certificate : x;
    must(X509_set_issuer_name(x, X509_get_subject_name(signer)));
    add_extension(x, signer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(x, signer, NID_subject_key_identifier, "hash");
    if (issuer)
        add_extension(x, signer, NID_authority_key_identifier, "keyid");
    must(X509_sign(x, issuer ? issuer->key : ca->key, EVP_sha256()));
    ca->certificate = x;
    ca->pem = certificate_text(x);
    ca->key_pem = key_text(ca->key);
    return ca;
}

struct ca *ca_new(const char *common_name)
{
    return ca_make(NULL, common_name);
}

struct ca *ca_new_under(const struct ca *issuer, const char *common_name)
{
    return ca_make(issuer, common_name);
}

int certs_no_passphrase(char *text, int size, int writing, void *arg)
{
    return -1;
}

struct ca *ca_load(slice pem, slice key_pem)
{
    BIO *source = BIO_new_mem_buf(pem.p, (int)pem.n);
    BIO *key_source = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
    X509 *x = PEM_read_bio_X509(source, NULL, certs_no_passphrase, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_source, NULL, certs_no_passphrase, NULL);
    BIO_free(source);
    BIO_free(key_source);
    if (!x || !key || X509_check_private_key(x, key) != 1 || X509_check_ca(x) != 1) {
        X509_free(x);
        EVP_PKEY_free(key);
        return NULL;
    }
    struct ca *ca = NEW(struct ca);
    *ca = (struct ca) { x, key, certificate_text(x), key_text(key) };
    return ca;
}

void ca_free(struct ca *ca)
{
    if (!ca)
        return;
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    free(ca->pem);
    free(ca->key_pem);
    free(ca);
}

slice ca_pem(const struct ca *ca)
{
    return slice_of(ca->pem);
}

slice ca_key_pem(const struct ca *ca)
{
    return slice_of(ca->key_pem);
}

void identity_release(struct identity *id)
{
    free(id->chain_pem);
    free(id->key_pem);
    *id = (struct identity) { 0 };
}

static X509 *leaf_new(const struct cert_spec *spec, EVP_PKEY *key)
{
    time_t t = time(NULL);
    time_t start = t + (spec->starts_in ? spec->starts_in : -HOUR);
    time_t end = t + (spec->ends_in ? spec->ends_in : (int64_t)LEAF_DAYS * DAY);
    const char *name = spec->common_name               ? spec->common_name
                       : spec->names && spec->names[0] ? spec->names[0]
                                                       : "unnamed";
    return certificate_new(key, name, start, end);
}

struct identity identity_new(const struct ca *ca, const struct cert_spec *spec)
{
    unsigned bits = spec->rsa_bits ? spec->rsa_bits : RSA_BITS;
    EVP_PKEY *key = spec->rsa ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256");
    must(key);
    X509 *x = leaf_new(spec, key);
    X509 *issuer = ca ? ca->certificate : x;
    must(X509_set_issuer_name(x, X509_get_subject_name(issuer)));
    add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x, issuer, NID_key_usage,
                  spec->rsa ? "critical,digitalSignature,keyEncipherment"
                            : "critical,digitalSignature");
    add_extension(x, issuer, NID_ext_key_usage, spec->client ? "clientAuth" : "serverAuth");
    add_extension(x, issuer, NID_subject_key_identifier, "hash");
    if (ca)
        add_extension(x, issuer, NID_authority_key_identifier, "keyid");
    if (spec->must_staple)
        add_extension(x, issuer, NID_tlsfeature, "status_request");
    add_names(x, spec->names);
    must(X509_sign(x, ca ? ca->key : key, spec->sha1 ? EVP_sha1() : EVP_sha256()));
    struct identity id = { certificate_text(x), key_text(key) };
    X509_free(x);
    EVP_PKEY_free(key);
    return id;
}

struct identity identity_of_names(const struct ca *ca, enum cert_kind kind,
                                  const char *const *names)
{
    const char *const wrong[] = { "wrong.example.test", NULL };
    struct cert_spec spec = { .names = kind == CERT_WRONG_NAME ? wrong : names };
    if (kind == CERT_EXPIRED)
        spec.starts_in = -30 * DAY, spec.ends_in = -DAY;
    if (kind == CERT_NOT_YET_VALID)
        spec.starts_in = DAY;
    if (kind == CERT_SELF_SIGNED)
        return identity_new(NULL, &spec);
    if (kind != CERT_OTHER_CA)
        return identity_new(ca, &spec);
    struct ca *other = ca_new("Unknown test authority");
    struct identity id = identity_new(other, &spec);
    ca_free(other);
    return id;
}

struct identity identity_of_kind(const struct ca *ca, enum cert_kind kind, const char *name)
{
    const char *const names[] = { name, "localhost", "127.0.0.1", "::1", NULL };
    return identity_of_names(ca, kind, names);
}

/* ---- OCSP ---- */

static X509 *first_of(slice chain_pem)
{
    BIO *source = BIO_new_mem_buf(chain_pem.p, (int)chain_pem.n);
    X509 *x = PEM_read_bio_X509(source, NULL, certs_no_passphrase, NULL);
    BIO_free(source);
    must(x);
    return x;
}

static void add_word(OCSP_BASICRESP *basic, const struct ca *ca, X509 *leaf, enum staple_kind kind)
{
    int64_t from = kind == STAPLE_STALE ? -14 * DAY : -HOUR;
    int64_t until = kind == STAPLE_STALE ? -7 * DAY : (int64_t)LEAF_DAYS * DAY;
    bool revoked = kind == STAPLE_REVOKED;
    ASN1_TIME *this_update = X509_gmtime_adj(NULL, from), *next = X509_gmtime_adj(NULL, until);
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf, ca->certificate);
    must(OCSP_basic_add1_status(
        basic, id, revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
        OCSP_REVOKED_STATUS_KEYCOMPROMISE, revoked ? this_update : NULL, this_update, next));
    OCSP_CERTID_free(id);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next);
}

void ca_staple(const struct ca *ca, slice chain_pem, enum staple_kind kind, struct buf *out)
{
    unsigned char *der = NULL;
    X509 *leaf = first_of(chain_pem);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    must(basic);
    add_word(basic, ca, leaf, kind);
    must(OCSP_basic_sign(basic, ca->certificate, ca->key, EVP_sha256(), NULL, 0));
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int n = i2d_OCSP_RESPONSE(response, &der);
    must(n > 0);
    buf_add(out, slice_make(der, (size_t)n));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    X509_free(leaf);
}
