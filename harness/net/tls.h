/* TLS as a stream over any stream: OpenSSL on memory BIOs, client and server, TLS 1.0 to 1.3.
   A context is shared by many sessions and freed after the last of them; options are per session.
   No task is ever switched inside an OpenSSL call (its error queue is per thread). */
#ifndef TLS_H
#define TLS_H

#include "stream.h"
#include <openssl/ssl.h>

struct tls_context;

/* Client. Trust: PEM text, a PEM file, or the system's roots when both are empty. `insecure` takes
   no roots at all: only useful with TLS_VERIFY_RECORD. Optional client certificate. */
struct tls_client_config {
    slice ca_pem;
    const char *ca_file;
    bool insecure;
    slice chain_pem, key_pem; /* our own certificate; empty: none */
};
int tls_client_context_new(const struct tls_client_config *config, struct error *err,
                           struct tls_context **ret);

/* Server. Chain (leaf first) and key as PEM text or as files. */
enum tls_client_cert { TLS_CLIENT_CERT_NONE, TLS_CLIENT_CERT_REQUEST, TLS_CLIENT_CERT_REQUIRE };
struct tls_server_config {
    slice chain_pem, key_pem;
    const char *chain_file, *key_file;
    enum tls_client_cert client_cert;
    slice client_ca_pem;      /* who signs client certificates */
    const char *const *alpn;  /* accepted protocols, NULL-terminated; NULL: ALPN is ignored */
    bool no_tickets;          /* no resumption */
    uint32_t session_seconds; /* how long sessions can be resumed; 0: OpenSSL's default */
    uint32_t early_data;      /* octets of 0-RTT that tickets allow */
    bool weak;                /* takes certificates with short keys and weak signatures */
    slice staple;             /* OCSP response for clients that ask, DER; copied; empty: none */
};
int tls_server_context_new(const struct tls_server_config *config, struct error *err,
                           struct tls_context **ret);
void tls_context_free(struct tls_context *c);

enum tls_verify {
    TLS_VERIFY_FULL,  /* chain and host name (RFC 9525); for servers the same as: */
    TLS_VERIFY_CHAIN, /* chain only */
    TLS_VERIFY_RECORD /* accept anything; tls_info() says what a strict client would think */
};

struct tls_options {
    const char *sni;         /* server name to send; NULL: none. IP addresses are never sent. */
    const char *verify_host; /* DNS name or IP address that the certificate must carry; required
                                with TLS_VERIFY_FULL, otherwise only recorded; NULL: not looked at */
    enum tls_verify verify;
    int min_version, max_version; /* TLS1_VERSION ... TLS1_3_VERSION; 0: OpenSSL's default */
    const char *ciphers;          /* TLS 1.2 and older, OpenSSL's syntax; NULL: default */
    const char *ciphersuites;     /* TLS 1.3; NULL: default */
    const char *groups;           /* of key exchange, best first, OpenSSL's syntax; NULL: default */
    const char *signatures;       /* signature schemes, OpenSSL's syntax; NULL: default */
    uint64_t set, clear;          /* SSL_OP_ bits to set and to clear in this session */
    bool legacy;                  /* security level 0: old versions, short keys, SHA-1 */
    const char *const *alpn;      /* client: protocols to offer, NULL-terminated; NULL: none */
    SSL_SESSION *resume;          /* client: session to resume, borrowed; NULL: none */
    /* server: chooses another context by the SNI that came (text is NULL when there was none);
       NULL keeps the context. */
    struct tls_context *(*choose)(void *arg, const char *sni);
    /* server: refuses a server name (or that there is none: NULL) by unrecognized_name. NULL: none
       is refused. The argument is choose_arg. */
    bool (*refuse)(void *arg, const char *sni);
    void *choose_arg;
    bool staple;                 /* client: ask for an OCSP response (RFC 6066 section 8) */
    struct tls_info *ret_failed; /* when not NULL, what is known after a handshake that failed;
                                    release it with tls_info_release() */
};

/* Handshake over `under`, which the new stream owns from then on. On failure (ERR_USAGE for options
   that OpenSSL cannot do, ERR_TLS, ERR_TIMEOUT,
   ERR_NETWORK, ERR_CANCEL) `under` stays the caller's: its alert has been sent, nothing else; it
   can be read, closed or reset. Bytes read from `under` before belong to the caller: any left over
   from a STARTTLS dialogue are a finding, and are not fed in here.
   options NULL: client TLS_VERIFY_CHAIN without SNI, server defaults. */
int tls_open_client(struct stream *under, struct tls_context *context,
                    const struct tls_options *options, nsec deadline, struct error *err,
                    struct stream **ret);
int tls_open_server(struct stream *under, struct tls_context *context,
                    const struct tls_options *options, nsec deadline, struct error *err,
                    struct stream **ret);

/* What is known about a session. Strings are valid as long as the info. */
struct tls_info {
    const char *version; /* "TLSv1.3" */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384" */
    const char *group;   /* "x25519", "secp256r1"; NULL when unknown */
    char alpn[32];       /* empty: none */
    char sni[256];       /* server: the name that came; client: the name sent; empty: none */
    bool resumed;
    /* Chain and name are judged apart, whatever the mode of verification. */
    int chain_code;         /* X509_V_OK or the first X509_V_ERR_ of the chain */
    const char *chain_text; /* OpenSSL's words for it */
    bool name_checked;      /* a host name was given */
    bool name_ok;
    X509 *certificate;      /* the peer's, or NULL; owned by the info */
    STACK_OF(X509) * chain; /* as the peer sent it (client side: leaf first), or NULL; owned */
    int alert_received;     /* -1, or the number of the last fatal alert that came */
    int alert_sent;         /* -1, or the number of the last fatal alert of ours */
    bool close_notify_received;
    bool certificate_requested;  /* client: the server asked for ours */
    const char *signature;       /* what the peer signed the handshake with, by its registered name:
                              "ecdsa_secp256r1_sha256"; NULL: it signed nothing, or unknown */
    bool extended_master_secret; /* RFC 7627; TLS 1.3: true */
    slice staple; /* client: the OCSP response that came along, DER; owned by the info */
};
void tls_info_release(struct tls_info *info);
/* Is the staple a good word for the certificate: a successful response, signed by its issuer (or
   on its behalf), about this certificate, in date, and saying "good"? One phrase on it, or on what
   is wrong, in `text`. The roots are those of `context`. */
bool tls_staple_good(const struct tls_info *info, const struct tls_context *context,
                     char text[160]);
/* Borrowed, up to date until the next call on s. NULL when s is no TLS stream (looks at s only,
   not below). */
const struct tls_info *tls_info(struct stream *s);

/* Channel binding data (RFC 5929, RFC 9266); both ends get the same bytes. False when the session
   cannot give it (tls-unique with TLS 1.3, tls-exporter
   with TLS 1.2 and no extended master secret). */
enum tls_binding { TLS_BINDING_UNIQUE, TLS_BINDING_SERVER_END_POINT, TLS_BINDING_EXPORTER };
enum { TLS_BINDING_MAX = 64 };
bool tls_channel_binding(struct stream *s, enum tls_binding kind,
                         unsigned char ret[TLS_BINDING_MAX], size_t *ret_n);

/* The session for tls_options.resume, or NULL; SSL_SESSION_free() it. With TLS 1.3 it exists only
   once something was read after the handshake. */
SSL_SESSION *tls_session(struct stream *s);

/* Client, TLS 1.2 or older, with SSL_OP_NO_RENEGOTIATION cleared in the options: asks for another
   handshake on the session. 0 once it is done; IO_TLS when the server refuses (the session is not
   to be used any more), other IO_ codes. What is read meanwhile is lost. */
int tls_renegotiate(struct stream *s, nsec deadline);

/* Sends close_notify and no FIN; reading goes on. */
int tls_close_notify(struct stream *s, nsec deadline);
/* Closing s will not send close_notify: the peer sees a truncation. */
void tls_set_truncate(struct stream *s);

#endif
