/* What is published about the mail settings of an address or domain: SRV records (RFC 6186, RFC
   8314), autoconfig, Autodiscover, .mobileconfig files, the bundled profiles, and the classic guesses;
   where they contradict one another, what a client would pick, and whether what they say works.

   What is sent where is docs/discover.md's: the address goes to hosts of its own domain only. */
#ifndef DISCOVER_H
#define DISCOVER_H

#include "dns.h"
#include "import.h"
#include "port_facts.h"
#include "profile.h"
#include "result.h"

enum discover_id {
    DISCOVER_AUTOCONFIG_FILE,
    DISCOVER_AUTODISCOVER_FILE,
    DISCOVER_MOBILECONFIG_FILE,
    DISCOVER_SRV,
    DISCOVER_AUTOCONFIG,    /* https://autoconfig.DOMAIN/mail/config-v1.1.xml */
    DISCOVER_WELL_KNOWN,    /* https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml */
    DISCOVER_AUTOCONFIG_MX, /* the same two of the domain that the MX host is in */
    DISCOVER_AUTODISCOVER,  /* https://DOMAIN/autodiscover/autodiscover.xml, autodiscover.DOMAIN */
    DISCOVER_AUTODISCOVER_SRV, /* the host that _autodiscover._tcp names */
    DISCOVER_PROFILE,          /* what comes with mailassay */
    DISCOVER_GUESS,            /* imap.DOMAIN and so on */
    DISCOVER_SOURCES
};

enum discover_state {
    DISCOVER_NOT_ASKED,
    DISCOVER_ABSENT, /* there is nothing, and that is certain enough */
    DISCOVER_FOUND,  /* `profile` */
    DISCOVER_BROKEN, /* something is published that no client can use */
    DISCOVER_BLOCKED, /* something stands there that clients do not get past: a certificate, a loop */
    DISCOVER_UNKNOWN /* we could not look */
};

/* What is remarkable about a source; see enum import_grade. */
struct discover_finding {
    enum import_grade grade;
    struct place at; /* file NULL: no place */
    const char *text;
};

struct discover_source {
    enum discover_id id;
    enum discover_state state;
    const char *where; /* file, URL or name asked; NULL when there are several */
    const char *said;  /* one sentence: what came, or why there is nothing */
    struct profile profile;
    unsigned priority[PROFILE_SERVICES_MAX]; /* of the rows; SRV, otherwise 0 */
    /* By enum mail_protocol: modes (1 << enum tls_mode) said not to be offered. */
    unsigned char refused[PROTOCOL_IMAP + 1];
    ARRAY(struct discover_finding) findings;
    enum dns_trust trust; /* SRV */
    unsigned requests;    /* over HTTPS; Autodiscover: and one of plain HTTP */
};
/* "SRV records", "autoconfig"; the same in a sentence: "the SRV records" */
const char *discover_title(enum discover_id id);
const char *discover_words(enum discover_id id);
/* "srv", "autoconfig": for JSON and result ids */
const char *discover_name(enum discover_id id);

struct discover_options {
    const char *subject;                 /* "me@example.test" or "example.test" */
    struct dns *dns;                     /* NULL only with `offline` */
    const struct profile_list *profiles; /* bundled ones; NULL: none */
    const char *autoconfig_file, *autodiscover_file, *mobileconfig_file; /* NULL: none */
    bool offline;    /* only files and bundled profiles */
    bool no_address; /* the local part is sent nowhere */
    bool no_guess;
    const char *ca_file;           /* PEM; NULL: the system's roots */
    const char *const *connect_to; /* as in http.h */
    nsec timeout;                  /* of a question or a fetch; 0: 10 s */
};

/* Two sources that do not agree. */
struct discover_contradiction {
    enum mail_protocol protocol;
    enum discover_id a, b;
    enum outcome outcome; /* FAIL, WARN or NOTE */
    const char *text;     /* one sentence */
    struct place at;      /* of the row of a or b that stands in a file; file NULL: none */
    const char *source_line;
};

struct discover_pick {
    const struct profile_service *row; /* NULL: nothing can be picked */
    enum discover_id source;
    const char *why; /* one sentence, NULL: the usual order */
};

/* One endpoint in one TLS mode that sources publish, and what became of a visit. */
struct discover_endpoint {
    struct profile_service *row; /* with the logins that all of them publish */
    enum discover_id source;     /* the first that names it */
    const char *id;              /* of its result in the run; NULL: not visited */
    enum outcome outcome;        /* NOT_RUN: not visited; FAIL without an id: no address to visit */
};

struct discovery {
    struct arena arena;
    struct discover_options options;
    const char *local, *domain; /* domain: A-labels; local NULL when only a domain was given */
    const char *wildcard; /* an address that every name of the domain has; NULL: they have none */
    bool wildcard_asked;
    struct discover_source sources[DISCOVER_SOURCES];
    ARRAY(struct discover_contradiction) contradictions;
    ARRAY(struct discover_endpoint) endpoints;
    struct discover_pick incoming, outgoing;
    bool pop_preferred; /* SRV priorities put POP3 before IMAP (RFC 6186 section 3.4) */
};

/* Asks all sources, several at once. Called by a task on the real clock. ERR_USAGE when the subject
   is neither address nor domain, ERR_FILE when a file of the options is not valid (problems are
   added), ERR_CANCEL. What a source cannot say is in the source, no error. */
int discover_look(const struct discover_options *options, struct problems *problems,
                  struct error *err, struct discovery *ret);
void discovery_release(struct discovery *d);

/* Compares what was found. Pure. */
void discover_compare(struct discovery *d);

/* Settings from elsewhere decide whom we connect to: they do not get to name a whole network. */
enum { DISCOVER_VISITS_MAX = 24 };

/* Visits every endpoint that is published, at most DISCOVER_VISITS_MAX, or the guesses when nothing is, and adds one result for
   each to run ("ports/expect/HOST:PORT"). `routes`: "HOST:PORT:ADDRESS:PORT". Called by a task. */
struct discover_checking {
    const struct port_options *ports;
    const char *const *routes; /* NULL-terminated; NULL: none */
};
int discover_check(struct discovery *d, const struct discover_checking *how, struct run *run,
                   struct error *err);

/* What a client picks that follows RFC 6186 and RFC 8314: IMAP before POP3, implicit TLS before
   STARTTLS; what was seen not to work comes last. Pure. */
void discover_choose(struct discovery *d);

/* Whether anything was found: published rows, or guesses that work. */
bool discover_found(const struct discovery *d);

/* Results for sources, agreement, preference and pick, and the table. */
struct clauses;
void discover_judge(struct discovery *d, const struct clauses *clauses, struct run *run);

/* The answer for a terminal, and as JSON. `run` is finished. */
struct style;
void discover_text(const struct style *s, const struct discovery *d, const struct run *run,
                   int verbosity);
void discover_json(const struct discovery *d, const struct run *run, struct buf *out);

#endif
