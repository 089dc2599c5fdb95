/* What was seen at one endpoint: observations, no judgement. Visits fill it (port_visit.h), columns
   judge it (port_column.h), expectations compare it with a profile. Strings live in `arena`, are
   printable, and hold no secret. */
#ifndef PORT_FACTS_H
#define PORT_FACTS_H

#include "array.h"
#include "capabilities.h"
#include "port.h"
#include "tls_survey.h"
#include "transcript.h"

enum seen {
    SEEN_NOT_ASKED, /* the question was not put: not in this mode, or no budget */
    SEEN_NO,
    SEEN_YES,
    SEEN_UNCLEAR /* asked, and what came says neither; `unclear` sentences say why */
};

enum port_reach {
    REACH_UNTRIED,
    REACH_OPEN,
    REACH_REFUSED,      /* RST: nothing listens there */
    REACH_FILTERED,     /* no answer to the connection */
    REACH_NO_ADDRESS,   /* the host has no address in this family */
    REACH_NO_ROUTE,     /* network unreachable from here */
    REACH_RATE_LIMITED, /* 421 and friends, or closed at once after others worked */
    REACH_BROKEN        /* anything else of the network: facts->error */
};

/* What came by itself, before a word of ours. */
enum first_bytes {
    FIRST_UNKNOWN,
    FIRST_NOTHING, /* silence for as long as we listened */
    FIRST_CLOSED,  /* the connection ended without a byte */
    FIRST_SMTP,    /* "220 ", "554 " and so on; LMTP looks the same */
    FIRST_POP3,
    FIRST_IMAP,
    FIRST_SIEVE,
    FIRST_HTTP,
    FIRST_SSH,
    FIRST_TLS, /* a TLS record (an alert), unasked */
    FIRST_OTHER
};

/* What the port really speaks, once looked into. */
enum port_speaks {
    SPEAKS_UNKNOWN,
    SPEAKS_CLEAR,   /* `protocol_seen` in clear, perhaps with STARTTLS */
    SPEAKS_TLS,     /* TLS from the first byte */
    SPEAKS_SILENCE, /* neither greets nor takes a handshake */
    SPEAKS_HTTP,
    SPEAKS_OTHER
};

/* One way of handing over a password that was tried in clear, without a password. */
struct login_probe {
    const char *what;  /* "AUTH PLAIN", "USER", "LOGIN" */
    enum seen offered; /* listed among the capabilities in clear */
    enum seen taken;   /* the server went along (334, +, +OK to USER) */
    const char *said;  /* its answer */
    bool closed;       /* it closed the connection in place of an answer */
};
enum { LOGIN_PROBES_MAX = 8 };

enum injection {
    INJECTION_NOT_ASKED,
    INJECTION_HANDSHAKE_FAILED, /* good: the bytes went to the handshake */
    INJECTION_DISCARDED,        /* good */
    INJECTION_EXECUTED,         /* answered, or glued to the next command, inside TLS */
    INJECTION_REFUSED,          /* STARTTLS itself was refused */
    INJECTION_UNCLEAR
};

/* A certificate that another question brought, held against that of the first session. */
enum same_certificate {
    CERT_NOT_ASKED,
    CERT_SAME,
    CERT_OTHER_FITS,  /* another one that also carries the host's name */
    CERT_OTHER_WRONG, /* another one that does not */
    CERT_REFUSED,     /* the handshake was refused */
    CERT_UNCLEAR
};

struct port_tls_facts {
    bool up;             /* the handshake of the first session was completed */
    const char *failure; /* otherwise, why: one sentence */
    int alert;           /* -1, or the fatal alert that came */
    int version;         /* TLS1_3_VERSION */
    const char *version_name, *cipher, *group, *signature; /* "rsa_pss_rsae_sha256" */
    bool extended_master_secret;                           /* TLS 1.3: true */
    X509 *certificate; /* owned; with the chain as it was sent */
    STACK_OF(X509) * chain;
    int chain_code; /* X509_V_OK or why the chain is not trusted; name apart */
    const char *chain_text;
    bool name_ok;
    bool client_certificate_requested;
    enum seen stapled; /* an OCSP response came along */
    bool staple_good;  /* it is successful, for this certificate, in date; says good */
    const char *staple_text;
    bool must_staple; /* the certificate demands it (RFC 7633) */
    enum seen resumed;
    uint32_t ticket_lifetime; /* seconds; 0 unknown */
    uint32_t early_data;      /* octets of 0-RTT that the ticket allows */
    enum seen close_notify;   /* came after QUIT / LOGOUT */
    enum seen alpn_foreign;   /* a handshake that offers only http/1.1 is completed */
    bool chooses_http;        /* and agrees to http/1.1, as web servers do */
    enum same_certificate without_name, unknown_name; /* of SNI */
    enum seen binding; /* SCRAM-*-PLUS offered: did the login with channel binding work */
    const char *binding_text;
};

struct port_facts {
    struct arena arena;
    struct port_spec spec;
    enum port_reach reach;
    struct error error;
    const char *address; /* "192.0.2.1 port 993" that answered */
    unsigned connections;
    nsec banner_after; /* from connect to the first byte; 0: none */
    nsec took;         /* the whole row */

    enum first_bytes first;
    const char *first_text; /* the first line, or octets, escaped and cut */
    enum port_speaks speaks;
    enum port_protocol protocol_seen; /* with SPEAKS_CLEAR, or inside TLS */
    bool protocol_known;
    bool preauth, preauth_in_tls; /* IMAP: "* PREAUTH" in clear; as the first word inside TLS */
    bool apop;                    /* POP3: the greeting has a timestamp (RFC 1939 section 7) */
    const char
        *foreign_in_tls; /* what came as the first word inside TLS and is of no mail protocol */
    /* Why the conversation ended before it was known what the server offers; NULL: it did not. */
    const char *broke_off;

    struct capabilities clear_caps, tls_caps; /* known: asked */
    enum seen starttls_offered;               /* listed in clear */
    enum seen starttls_works;    /* the command was accepted and the handshake completed */
    const char *starttls_said;   /* the answer to the command */
    bool bytes_before_handshake; /* something came between the go-ahead and the handshake */
    enum seen starttls_listed_in_tls, starttls_taken_in_tls;

    struct login_probe logins[LOGIN_PROBES_MAX]; /* in clear */
    size_t n_logins;
    const char *other_logins; /* offered in clear and not tried: "CRAM-MD5, NTLM"; NULL: none */
    enum seen login_disabled; /* IMAP: LOGINDISABLED in clear */
    enum seen work_in_clear;  /* MAIL taken before TLS (SMTP); login taken (others) */
    const char *work_said;
    enum seen login_in_tls; /* at least one mechanism (or USER, LOGIN) inside TLS */
    enum injection injection;
    const char *injection_said;
    enum seen falls_back; /* clear text again after a failed handshake */

    enum seen requiretls_listed_in_clear, requiretls_listed_in_tls, requiretls_taken;

    struct port_tls_facts tls;
    struct tls_survey survey;
    /* With an account: does the Received: field of a message that came by TLS say so? */
    enum seen trace_fits;
    const char *trace_text;  /* what is wrong with it */
    enum seen parity;        /* with the other address family: same certificate, version, offers */
    const char *parity_text; /* what differs */
    ARRAY(const char *) unclear; /* one sentence each: what could not be told, and why */
    bool interrupted; /* the visit was cancelled: what is not known says nothing about the server */
    struct transcript *transcript; /* owned: all connections, device = the question */
};

void port_facts_init(struct port_facts *f, const struct port_spec *spec);
void port_facts_release(struct port_facts *f);
/* A printable copy in the facts' arena, cut at 200 characters. */
const char *port_facts_text(struct port_facts *f, slice bytes);
const char *seen_name(enum seen s); /* "not asked", "no", "yes", "unclear" */
const char *port_reach_name(enum port_reach r);
const char *first_bytes_name(enum first_bytes b);

#endif
