/* Shared by tls_*.c only. */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include "buf.h"
#include "tls.h"

struct tls_context {
    SSL_CTX *ssl;
    bool server;
    unsigned char *alpn; /* accepted protocols in wire form, owned */
    unsigned alpn_n;
    slice staple; /* owned */
};

struct tls_stream {
    struct stream base;
    SSL *ssl;
    BIO *in, *out; /* ciphertext from and for the stream below; owned by ssl */
    struct turn writing, flushing;
    bool server;
    bool reading;  /* a task is inside a read */
    bool broken;   /* a record went out in part, or TLS failed: nothing more can be sent */
    bool truncate; /* close without close_notify */
    enum tls_verify verify;
    char *verify_host; /* owned */
    struct tls_context *(*choose)(void *arg, const char *sni);
    bool (*refuse)(void *arg, const char *sni);
    void *choose_arg;
    struct tls_info info;
};

/* The tls_stream of a session, for OpenSSL's callbacks. */
struct tls_stream *tls_of(const SSL *ssl);
/* Called by OpenSSL with the peer's certificate: records chain and name, decides by t->verify. */
int tls_judge_peer(X509_STORE_CTX *store, void *unused);
/* Called by OpenSSL for alerts. */
void tls_note_alert(const SSL *ssl, int where, int value);
/* After a handshake, good or bad: what has been agreed. */
void tls_info_fill(struct tls_stream *t);
/* Encodes a list of ALPN names (RFC 7301, section 3.1). False when one is empty or too long. */
bool tls_alpn_encode(const char *const *names, struct buf *ret);

#endif
