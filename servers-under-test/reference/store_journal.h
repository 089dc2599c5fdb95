/* The store's journal: an append-only file of what was done, replayed at the next start.

   File: the line of JOURNAL_HEADER, then records. A record is LENGTH ":" PAYLOAD HASH LF; the
   payload is a sequence of fields, each LENGTH ":" BYTES (lengths in decimal); HASH is FNV-1a of
   the payload in 16 hex digits. The first field is the verb. Records hold results (UIDs,
   mod-sequences, dates), so that a replay needs neither clock nor rules. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store.h"

#define JOURNAL_HEADER S("mailassay journal 1\n")
#define JOURNAL_OCTETS_MAX ((size_t)1 << 30) /* of a journal that we read */

/* Opens, replays into `st` (empty but for its options), cuts a torn last record off. */
int journal_open(struct store *st, const char *path, struct error *err, struct journal **ret);
void journal_close(struct journal *j);
/* Does what the records of `all` say; *ret_good is the length of what is whole. ERR_FILE for
   anything but a torn last record. */
int journal_replay(struct store *st, slice all, size_t *ret_good, struct error *err);
int journal_check(struct journal *j, struct error *err);

/* Each appends one record; with a store without journal they do nothing. */
void journal_account(const struct account *a);
void journal_alias(const struct account *a, const char *address);
void journal_quota(const struct account *a);
void journal_mailbox(const struct mailbox *m);
void journal_delete(const struct mailbox *m);
void journal_rename(const struct mailbox *m);
void journal_subscribe(const struct account *a, slice name, bool subscribed);
void journal_message(const struct message *msg);
void journal_flags(const struct message *msg);
void journal_expunge(const struct message *msg);
void journal_recent(const struct mailbox *m);

#endif
