/* What the columns share: findings that add up to one verdict, and the ways in which a question has
   no answer. Only port_column*.c, port_judge.c and port_mismatch.c include it. */
#ifndef PORT_COLUMN_PRIVATE_H
#define PORT_COLUMN_PRIVATE_H

#include "port_column.h"

/* Adds a finding; the worst decides (fail, warn, error, note, pass, skip) and the others of some
   weight are told behind it. The sentence is what was seen, then, behind "; ", what to do. */
void find(struct port_verdict *v, enum outcome outcome, const char *clause, const char *short_text,
          const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The ways to log in that are offered, in one line. */
void login_words(const struct capabilities *caps, enum port_protocol protocol, struct buf *out);
enum outcome outcome_of_grade(enum policy_grade grade);
/* A mail exchanger and LMTP use TLS when they can, and senders do not verify it: RFC 9325 section
   5.2 takes that out of its scope, so what only that document asks weighs one step less there. */
enum outcome outcome_softened(const struct port_judging *j, enum outcome outcome);
bool is_opportunistic(const struct port_facts *f);

const char *version_name(uint16_t version); /* "TLS 1.3", by its number on the wire */

/* False, with a skip or an error that tells why, when there was no answer. `question` follows
   "whether": "TLS 1.0 is taken". */
bool answered(const struct port_judging *j, struct port_verdict *v, enum seen s,
              const char *question);
bool surveyed(const struct port_judging *j, struct port_verdict *v, enum survey_answer a,
              const char *question);
/* False, with a skip, when there was no TLS session to look at. */
bool has_tls(const struct port_judging *j, struct port_verdict *v);
/* An error of that row that is nobody's verdict. */
enum error_code port_error_code(const struct port_facts *f);

bool is_smtp(const struct port_facts *f);              /* SMTP and LMTP */
const char *starttls_word(const struct port_facts *f); /* "STARTTLS" or "STLS" */
/* 993 for IMAP, and so on; 0 when the protocol has none. */
uint16_t implicit_port_of(const struct port_facts *f);
uint16_t clear_port_of(const struct port_facts *f);
/* The row of the same host, family and protocol at a port; NULL when it is not of this run. */
const struct port_facts *row_at(const struct port_judging *j, uint16_t port);

/* What kind of port was found in place of the one that was looked for. */
enum mismatch {
    MISMATCH_NONE,
    MISMATCH_UNTRIED,
    MISMATCH_NOTHING_LISTENS,
    MISMATCH_FILTERED,
    MISMATCH_NO_ADDRESS,
    MISMATCH_NO_ROUTE,
    MISMATCH_RATE_LIMITED,
    MISMATCH_BROKEN,
    MISMATCH_CLOSES,        /* open, and ends without a byte */
    MISMATCH_REFUSES_US,    /* a greeting that sends us away */
    MISMATCH_SILENT,        /* open, says nothing in either way */
    MISMATCH_CLEAR_FOR_TLS, /* clear text on a port of implicit TLS */
    MISMATCH_TLS_FOR_CLEAR, /* a handshake expected where a greeting belongs */
    MISMATCH_HTTP,
    MISMATCH_OTHER_PROTOCOL, /* POP3 where IMAP belongs */
    MISMATCH_NO_MAIL,        /* something that is no mail protocol */
    MISMATCH_SLOW_BANNER,
    MISMATCHES
};
enum mismatch port_mismatch(const struct port_facts *f);
enum { BANNER_SLOW_SECONDS = 3 };

/* One for each row of the table in port_column.c, by topic. */
#define COLUMN(name) void column_##name(const struct port_judging *j, struct port_verdict *v)
COLUMN(mode);
COLUMN(starttls);
COLUMN(old_versions);
COLUMN(new_versions);
COLUMN(tolerance);
COLUMN(weak_suites);
COLUMN(suite_quality);
COLUMN(suite_order);
COLUMN(groups);
COLUMN(handshake_hash);
COLUMN(hygiene);
COLUMN(chain);
COLUMN(key);
COLUMN(name);
COLUMN(sni);
COLUMN(alpn);
COLUMN(login_in_clear);
COLUMN(login_in_tls);
COLUMN(injection);
COLUMN(tls_required);
COLUMN(client_certificate);
COLUMN(channel_binding);
COLUMN(resumption);
COLUMN(closure);
COLUMN(parity);
COLUMN(trace);
COLUMN(requiretls);
COLUMN(stapling);

#endif
