/* SASL from the client's side (RFC 4422): PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256 and
   their -PLUS forms, EXTERNAL, ANONYMOUS, XOAUTH2, OAUTHBEARER; with initial response or without;
   every token may be replaced by one of the caller's. Three protocols carry it the same way. */
#ifndef SASL_CLIENT_H
#define SASL_CLIENT_H

#include "buf.h"
#include "capabilities.h"
#include "clock.h"
#include "error.h"

struct conn;

enum { SASL_TOKEN_MAX = 1 << 20, SASL_ROUNDS_MAX = 20 };

/* Who logs in, and how. */
struct credentials {
    slice user, password;
    slice authzid;    /* to act as another user; usually empty */
    slice token;      /* for XOAUTH2 and OAUTHBEARER; without it they are not chosen */
    slice mechanism;  /* "PLAIN", ...; "LOGIN" is the SASL mechanism; for the protocol's own login
                        give "USER" (POP3), "APOP" (POP3) or "COMMAND" (IMAP LOGIN); empty: the best
                        that is offered and that we have the means for */
    bool allow_clear; /* password or token may be seen by who reads a connection without TLS
                         (loopback, tests, credentials that are wrong on purpose) */
};

/* One token of ours, replaced. Round 0 is the initial response when there is one, else the answer
   to the first challenge. */
struct sasl_override {
    unsigned round;
    slice bytes;
    bool verbatim; /* the bytes go out as they are, otherwise in base64 */
    bool cancel;   /* "*" goes out (RFC 4954 section 4, RFC 9051 section 6.2.2) */
};

enum sasl_initial {
    SASL_INITIAL_AUTO,  /* when the mechanism starts with the client and the protocol offers it */
    SASL_INITIAL_SEND,  /* always: "=" for a mechanism that starts with the server, but for LOGIN
                           the user name, as many clients do */
    SASL_INITIAL_NEVER, /* wait for the empty challenge */
};

struct sasl_options {
    const struct credentials *who;
    enum sasl_initial initial;
    const char *host; /* for digest-uri and OAUTHBEARER's host; NULL: "localhost" */
    uint16_t port;    /* for OAUTHBEARER; 0: left out */
    const struct sasl_override *overrides;
    size_t n_overrides;
};

/* What happened, for verdicts. Filled whatever the result of sasl_login(). */
struct sasl_outcome {
    bool accepted;          /* the server said success */
    bool refused;           /* the server said no */
    bool mutual;            /* the mechanism proves the server too (SCRAM), and it did */
    bool bad_base64;        /* a challenge was no base64 */
    bool bad_challenge;     /* a challenge made no sense to the mechanism */
    bool in_use;            /* POP3: refused because another session has the maildrop */
    bool channel_bound;     /* -PLUS with data of this TLS session */
    unsigned challenges;    /* that came */
    char server_error[300]; /* OAUTH: the JSON of the failure; SCRAM: e= */
};

/* Logs in over an open connection with who->mechanism, which must not be empty. Sends the protocol's
   AUTH or AUTHENTICATE command and all that follows, to the final reply. IMAP: tag is the command's.
   Password and token are added to the transcript's secrets.
   0: accepted, and the server proved itself where the mechanism has it do so. ERR_LOGIN: refused,
   or no proof (outcome tells). ERR_RATE: the target says too many or too fast. ERR_USAGE: the
   mechanism is unknown, what it needs is missing, or a password would go in clear. ERR_NETWORK, ERR_TIMEOUT, ERR_TLS, ERR_LIMIT,
   ERR_CANCEL as conn.h. `outcome` may be NULL. */
int sasl_login(struct conn *c, slice tag, const struct sasl_options *options,
               const struct capabilities *caps, nsec deadline, struct sasl_outcome *outcome,
               struct error *err);

/* The best mechanism that is offered and that `who` has the means for, strongest first, -PLUS only
   in TLS; an empty slice when there is none. Plain text passwords only in TLS, or when
   who->allow_clear. */
slice sasl_choose(const struct capabilities *caps, const struct credentials *who, bool in_tls);

#endif
