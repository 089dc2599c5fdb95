/* What the files of the store share and nobody else uses. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store.h"

struct account *store_new_account(struct store *st, slice user, slice password, slice address);
/* Adds an empty mailbox to the account; no checks, no journal. */
struct mailbox *account_add_mailbox(struct account *a, slice name, uint32_t id,
                                    uint32_t uidvalidity, enum special_use use);
/* Takes it out of the account's names and marks it gone. */
void account_drop_mailbox(struct account *a, struct mailbox *m);
void account_sort_mailboxes(struct account *a);
void account_set_subscribed(struct account *a, slice name, bool subscribed);
void mailbox_free(struct mailbox *m);

/* Owned copy of a name with INBOX in capitals and without one trailing separator. */
char *name_canonical(slice name);

/* A body with one reference and a copy of the bytes. */
struct message_body *body_new(slice bytes);
/* Puts a message at the end of the mailbox (its UID must be the highest); no checks, no journal. */
struct message *mailbox_push(struct mailbox *m, const struct message *values);
/* Takes it out of the mailbox into the expunge log under `modseq`; drops the mailbox's reference. */
void mailbox_remove(struct mailbox *m, size_t index, uint64_t modseq);

#endif
