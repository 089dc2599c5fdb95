/* For the files of the invariants only. */
#ifndef INVARIANT_PRIVATE_H
#define INVARIANT_PRIVATE_H

#include "invariant.h"

enum invariant_id {
    INVARIANT_IMAP_LINE_ENDS,
    INVARIANT_IMAP_GRAMMAR,
    INVARIANT_IMAP_SEQUENCE,
    INVARIANT_IMAP_EXISTS,
    INVARIANT_IMAP_EXPUNGE,
    INVARIANT_IMAP_UID,
    INVARIANT_IMAP_CONTENT,
    INVARIANT_IMAP_RESYNC,
    INVARIANT_POP3_LINE_ENDS,
    INVARIANT_POP3_GRAMMAR,
    INVARIANT_POP3_UNASKED,
    INVARIANT_POP3_RESYNC,
    INVARIANT_SMTP_LINE_ENDS,
    INVARIANT_SMTP_GRAMMAR,
    INVARIANT_SMTP_LENGTHS,
    INVARIANT_SMTP_UNASKED,
    INVARIANT_SMTP_RESYNC,
    INVARIANT_TLS_PLAINTEXT,
    INVARIANT_COUNT
};

/* What is known of one connection. Rules hold only where this is known: what cannot be told apart
   is no violation. */
struct watch {
    bool lost; /* octets went out whose answers cannot be counted or told apart: for good */
    /* IMAP */
    unsigned running; /* commands whose completion is still to come */
    bool mixed;       /* more than one was running at once, since none was */
    char command[24]; /* the one that runs, "UID FETCH"; empty: not known */
    bool notifies;    /* NOTIFY was sent: messages may go at any time (RFC 5465 section 5.3) */
    bool selecting;   /* SELECT or EXAMINE runs: numbers may still be those of the last mailbox */
    bool counted;     /* `exists` is known */
    uint32_t exists;
    uint32_t *uids; /* of sequence number i + 1; 0: not known */
    size_t n_uids;
    char *mailbox;    /* as selected; NULL: not known */
    bool other_login; /* the check logged in by itself, maybe as somebody else */
    uint64_t uidvalidity;
};

enum { WATCH_UIDS_MAX = 100000 }; /* messages with higher numbers are not remembered */

/* A command as it goes out, without its tag. */
void watch_command(struct watch *w, slice command);
void watch_lose(struct watch *w);
void watch_free(struct watch *w);
void watch_imap(struct device *d, const struct unit *u);
void watch_pop3(struct device *d, const struct unit *u);
void watch_smtp(struct device *d, const struct unit *u);
/* The findings of the wire layer, sorted to the rules that they break. */
void watch_errors(struct device *d, const struct unit *u, enum invariant_id line_ends,
                  enum invariant_id grammar, enum invariant_id advice);

/* One more unit was held against the rule. */
void invariant_looked(struct device *d, enum invariant_id id);
void invariant_broken(struct device *d, enum invariant_id id, slice actual, size_t offset,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
/* UID -> content over the whole run: false when this mailbox, UIDVALIDITY and UID had another
   fingerprint of the same kind before. */
bool invariant_same_content(struct session *s, const char *key, uint64_t fingerprint);

#endif
