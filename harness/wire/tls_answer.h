/* What a server sends in answer to a hand-made ClientHello, as far as it is in clear: alerts,
   ServerHello and HelloRetryRequest (RFC 8446 section 4.1.3, 4.1.4), and up to TLS 1.2 Certificate,
   ServerKeyExchange, CertificateRequest and ServerHelloDone (RFC 5246 section 7.4, RFC 8422 section
   5.4); the SERVER-HELLO of SSL 2.0. Read as it comes, in whatever pieces. */
#ifndef TLS_ANSWER_H
#define TLS_ANSWER_H

#include "tls_hello.h"

enum tls_answer_state {
    ANSWER_MORE,    /* read on; what is known so far is there */
    ANSWER_DONE,    /* all that comes in clear is there */
    ANSWER_ALERT,   /* a fatal alert, or close_notify */
    ANSWER_FOREIGN, /* not TLS: text, or another protocol */
    ANSWER_BROKEN   /* TLS against its grammar, or longer than our limits */
};

struct tls_answer {
    enum tls_answer_state state;
    int alert; /* -1, or the number of the alert that ended it */
    bool hello;
    bool ssl2;  /* a SERVER-HELLO of SSL 2.0 */
    bool retry; /* a HelloRetryRequest */
    uint16_t version, suite;
    bool compresses; /* chose a method other than null */
    unsigned flags;  /* of enum tls_hello_flag: what it acknowledged */
    uint16_t group;  /* of key_share, or the curve of ServerKeyExchange; 0: none seen */
    /* Of the first big number in a ServerKeyExchange without curve: the prime of DHE, or the modulus
       of export RSA; 0: none seen. */
    unsigned prime_bits;
    uint16_t signature; /* scheme of ServerKeyExchange in TLS 1.2; 0: none seen */
    bool certificate_requested;
    struct buf leaf; /* DER of the first certificate (SSL 2.0: the only one); empty: none came */
    /* internal */
    struct buf in, messages;
    size_t octets; /* that came */
};

void tls_answer_init(struct tls_answer *a);
void tls_answer_release(struct tls_answer *a);
/* Takes the next bytes. Returns a->state; once it is not ANSWER_MORE, bytes are ignored. */
enum tls_answer_state tls_answer_feed(struct tls_answer *a, slice bytes);

#endif
