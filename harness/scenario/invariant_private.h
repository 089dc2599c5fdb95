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

/* What is known of one connection. */
struct watch {
    unsigned running; /* commands whose completion is still to come */
    char command[24]; /* the last one's name, "UID FETCH"; empty: not known */
    bool idling;
    uint32_t exists;
    bool selected;
    uint32_t *uids; /* of sequence number i + 1; 0: not known */
    size_t n_uids;
    char mailbox[200]; /* as selected */
    uint64_t uidvalidity;
};

void watch_imap(struct device *d, const struct unit *u);
void watch_pop3(struct device *d, const struct unit *u);
void watch_smtp(struct device *d, const struct unit *u);
void watch_command(struct watch *w, slice command);

/* One more unit was held against the rule. */
void invariant_looked(struct device *d, enum invariant_id id);
void invariant_broken(struct device *d, enum invariant_id id, slice actual, size_t offset,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
/* UID -> content over the whole run: false when this mailbox, UIDVALIDITY and UID had another
   fingerprint of the same kind before. */
bool invariant_same_content(struct session *s, const char *key, uint64_t fingerprint);

#endif
