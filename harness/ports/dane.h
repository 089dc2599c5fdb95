/* DANE for SMTP: TLSA records held against the certificates that a server sent (RFC 7672 section 3).
   Pure but for OpenSSL. */
#ifndef DANE_H
#define DANE_H

#include "dns.h"
#include <openssl/x509.h>

enum { DANE_USAGE_TA = 2, DANE_USAGE_EE = 3, DANE_TEXT_MAX = 400 };

/* NULL when a sender can use the record; otherwise why not, in words that can follow "the record". */
const char *dane_unusable(const struct dns_record *r);

struct dane_peer {
    X509 *leaf;
    STACK_OF(X509) * chain; /* as it was sent, leaf first; may be NULL */
    /* What a certificate under a trust anchor may name; NULL-terminated. */
    const char *const *names;
    int64_t now; /* seconds since 1970 */
};

/* Is the server the one that the records name? *ret_by is then the record that says so. Otherwise text
   says why none does and what is to be done, in one sentence. Records that a stronger digest of the
   same usage and selector makes void do not count (RFC 7671 section 9). */
bool dane_match(const struct dns_record *records, size_t n, const struct dane_peer *peer,
                const struct dns_record **ret_by, char text[DANE_TEXT_MAX]);

/* The record to publish for a certificate: "3 1 1 HEX". text holds 80 characters. */
void dane_recommended(X509 *leaf, char text[80]);

#endif
