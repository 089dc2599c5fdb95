/* What a server's TLS takes and prefers, as a hand-written prober finds it with ClientHellos of its
   own: nothing here depends on what the local OpenSSL can still speak. Numbers are those of the
   IANA registries of TLS. */
#ifndef TLS_SURVEY_H
#define TLS_SURVEY_H

#include "arena.h"
#include "array.h"
#include "error.h"
#include "stream.h"

enum survey_version {
    SURVEY_SSL2,
    SURVEY_SSL3,
    SURVEY_TLS10,
    SURVEY_TLS11,
    SURVEY_TLS12,
    SURVEY_TLS13,
    SURVEY_VERSIONS
};
extern const char *const survey_version_names[SURVEY_VERSIONS]; /* "TLS 1.2" */
uint16_t survey_wire_version(enum survey_version v);            /* 0x0303 */

enum survey_answer {
    SURVEY_NOT_ASKED,
    SURVEY_REFUSED,  /* alert, or closed: the hello was not taken */
    SURVEY_ACCEPTED, /* a ServerHello of what was asked for */
    SURVEY_UNCLEAR   /* rate limited, network, timeout: no verdict */
};

struct survey_suites {
    ARRAY(uint16_t) list; /* accepted, in the server's order of preference when it has one */
    enum survey_answer own_order; /* ACCEPTED: the server's order counts; REFUSED: the client's */
};

/* A variant of the hello that every server must tolerate. */
enum survey_tolerance {
    TOLERATE_RECORD_VERSIONS, /* record version 0x0301..0x0303 */
    TOLERATE_GREASE,          /* RFC 8701 values in every list */
    TOLERATE_UNKNOWN_EXTENSION,
    TOLERATE_UNKNOWN_VERSION, /* a version newer than 1.3 among supported_versions */
    TOLERATE_LONG_HELLO,      /* padded beyond 512 octets */
    TOLERANCES
};
extern const char *const survey_tolerance_names[TOLERANCES];

struct tls_survey {
    struct arena arena;
    enum survey_answer version[SURVEY_VERSIONS];
    uint16_t version_suite[SURVEY_VERSIONS]; /* the suite chosen with it */
    enum survey_answer prefers_13;           /* both offered: 1.3 was chosen; NOT_ASKED when
                                                1.3 is not spoken */
    enum survey_answer old_versions;         /* quick: one hello with SSL 3.0 to TLS 1.1 only */
    uint16_t old_version;                    /* the version it chose: 0x0301 */
    enum survey_answer weak_suites; /* quick: one hello with nothing but weak suites, TLS 1.2 */
    uint16_t weak_suite;            /* the first that it chose */
    ARRAY(uint16_t) weak_list;      /* full: all weak ones that it takes, in any version */
    struct survey_suites suites[SURVEY_VERSIONS];
    enum survey_answer groups_asked;
    ARRAY(uint16_t) groups;            /* taken, TLS 1.2 and 1.3 together, in order */
    unsigned dhe_bits;                 /* of TLS 1.2's DHE; 0: none seen */
    ARRAY(uint16_t) signatures;        /* signature schemes it signs with (TLS 1.2 and 1.3) */
    enum survey_answer sha1_signature; /* TLS 1.2, only SHA-1 (and MD5) offered: went on */
    enum survey_answer extended_master_secret, secure_renegotiation, compression, truncated_hmac;
    enum survey_answer encrypt_then_mac;
    enum survey_answer client_renegotiation; /* full: renegotiation by the client is taken */
    enum survey_answer fallback_scsv;        /* ACCEPTED: the hello that fell back was refused */
    enum survey_answer tolerance[TOLERANCES];
    unsigned connections;
    unsigned answered, unanswered; /* hellos: by TLS, if only an alert; by nothing in time */
    ARRAY(const char *) unclear;   /* sentences, arena's */
};

void tls_survey_release(struct tls_survey *s);
/* "TLS_RSA_WITH_RC4_128_SHA"; "0x1234" for unknown ones. */
const char *tls_suite_name(uint16_t suite, char text[64]);
const char *tls_group_name(uint16_t group, char text[32]);
const char *tls_signature_name(uint16_t scheme, char text[40]);

/* What a suite is made of, for policies. NULL when it is not in the table. */
struct tls_suite {
    uint16_t id;
    const char *name;
    /* "ECDHE", "DHE", "RSA", "ECDH", "DH", "PSK", "anon", "NULL", "any" (1.3) */
    const char *exchange;
    /* "AES-GCM", "AES-CBC", "CHACHA20", "AES-CCM", "AES-CCM8", "CAMELLIA-CBC", "CAMELLIA-GCM",
       "ARIA-CBC", "ARIA-GCM", "SEED", "IDEA", "3DES", "DES", "RC4", "RC2", "NULL" */
    const char *cipher;
    const char *authentication; /* "RSA", "ECDSA", "DSS", "anon", "PSK", "any" */
    const char *mac;            /* "AEAD", "SHA256", "SHA384", "SHA1", "MD5", "NULL" */
    unsigned bits;              /* strength of the cipher */
    bool export_grade;
};
const struct tls_suite *tls_suite_find(uint16_t id);
extern const struct tls_suite tls_suites[];
extern const size_t n_tls_suites;

/* How the prober gets a connection that waits for a ClientHello (greeting read and STARTTLS done
   where the port wants that): the visit gives it. The stream is the caller's. Errors: ERR_RATE when
   the server limits us, otherwise as dialling. */
struct survey_way {
    int (*open)(void *ctx, const char *question, nsec deadline, struct error *err,
                struct stream **ret);
    void *ctx;
    const char *host; /* server_name; NULL: none */
    nsec timeout;     /* of one answer */
    bool after_clear; /* open() speaks in clear first: a refusal may come in clear, too */
    bool served;      /* a client of today had a session before */
};
/* The questions of a quick visit, one connection each. Each fills its part of *s; network trouble
   gives SURVEY_UNCLEAR and a sentence. */
void survey_ask_old_versions(const struct survey_way *way, struct tls_survey *s);
void survey_ask_weak_suites(const struct survey_way *way, struct tls_survey *s);
/* A plain TLS 1.2 hello without server_name: version, suite, extensions of hygiene, and the
   certificate that came (DER of the leaf, in the survey's arena; empty when none). */
void survey_ask_tls12(const struct survey_way *way, struct tls_survey *s, slice *ret_leaf);
/* The questions of a quick visit have no answer, whatever stands there, for the reason that `why`
   tells. */
void survey_withdraw(struct tls_survey *s, const char *why);
/* Everything, connection after connection, until `max` connections (0: no limit) or ERR_RATE. */
void survey_enumerate(const struct survey_way *way, unsigned max, struct tls_survey *s);

#endif
