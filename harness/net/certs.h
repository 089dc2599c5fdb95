/* Certificates made at run time, in memory, for reference servers and tests: P-256 keys and SHA-256
   unless asked otherwise. Making one takes about a millisecond. Failure inside OpenSSL aborts: there is no input here. */
#ifndef CERTS_H
#define CERTS_H

#include "buf.h"
#include <time.h>

/* A certificate authority. */
struct ca;
struct ca *ca_new(const char *common_name);
/* An intermediate authority, signed by issuer. What it signs is trusted by those who trust issuer
   when its own certificate (ca_pem) follows the leaf's in the chain. */
struct ca *ca_new_under(const struct ca *issuer, const char *common_name);
void ca_free(struct ca *ca);
/* Its certificate, for clients to trust; borrowed from ca. */
slice ca_pem(const struct ca *ca);
/* Its key, to keep an authority in a file. Borrowed from ca. */
slice ca_key_pem(const struct ca *ca);
/* An authority from PEM text, as made by ca_pem() and ca_key_pem(). NULL when it is not one. */
struct ca *ca_load(slice pem, slice key_pem);

/* A certificate with its key: PEM text, owned. */
struct identity {
    char *chain_pem; /* the leaf alone; intermediates are the caller's to append */
    char *key_pem;
};
void identity_release(struct identity *id);
#define auto_identity __attribute__((cleanup(identity_release))) struct identity

struct cert_spec {
    const char *common_name;  /* NULL: the first name */
    const char *const *names; /* DNS names (may have "*.") and IP addresses, NULL-terminated;
                                  NULL or empty: no subjectAltName */
    int64_t starts_in;        /* seconds from now; 0: one hour ago */
    int64_t ends_in;          /* seconds from now; 0: in 30 days; negative: expired */
    bool client;              /* for clients rather than servers (extended key usage) */
    bool rsa;                 /* an RSA key in place of P-256 (takes some 100 ms) */
    unsigned rsa_bits;        /* its size; 0: 2048 */
    bool sha1;                /* signed with SHA-1, which nobody should trust any more */
    bool must_staple;         /* demands an OCSP staple (RFC 7633) */
};
/* Signed by ca; self-signed when ca is NULL. */
struct identity identity_new(const struct ca *ca, const struct cert_spec *spec);

/* The usual kinds, for a server of the given name (DNS name or IP address); "127.0.0.1", "::1" and
   "localhost" are added to the good one. */
enum cert_kind {
    CERT_GOOD,
    CERT_EXPIRED,       /* ended yesterday */
    CERT_NOT_YET_VALID, /* begins tomorrow */
    CERT_WRONG_NAME,    /* wrong.example.test */
    CERT_SELF_SIGNED,
    CERT_OTHER_CA /* signed by an authority that nobody trusts */
};
struct identity identity_of_kind(const struct ca *ca, enum cert_kind kind, const char *name);
/* The same for several names, NULL-terminated, to which nothing is added. */
struct identity identity_of_names(const struct ca *ca, enum cert_kind kind,
                                  const char *const *names);

/* An OCSP response by the authority itself about a certificate that it signed (the first in
   chain_pem): DER, appended to `out`. Good and revoked ones are of now and hold for 30 days. */
enum staple_kind { STAPLE_GOOD, STAPLE_REVOKED, STAPLE_STALE /* ended a week ago */ };
void ca_staple(const struct ca *ca, slice chain_pem, enum staple_kind kind, struct buf *out);

/* For OpenSSL's PEM readers: refuses keys with a passphrase, which would be asked for on the
   terminal otherwise. */
int certs_no_passphrase(char *text, int size, int writing, void *arg);

#endif
