/* A small SMTP client: passes a message on to the next hop, command by command without
   pipelining, with dot-stuffing, 8BITMIME, SMTPUTF8 and DSN where the next hop offers them. */
#ifndef RELAY_H
#define RELAY_H

#include "smtp_transaction.h"

enum { RELAY_SECONDS = 300, RELAY_REPLY_MAX = 64 * 1024 };

/* Sends `message` to the recipients of t that have no account, all or none of them. True when the
   next hop took it; *ret is then its 250, else why not: 4xx when it may be tried again. */
bool relay_message(struct server_conn *c, struct smtp_transaction *t, slice message,
                   struct smtp_outcome *ret);

#endif
