/* The messages of a check: named ones from scenarios/messages/, or made to order; each with a
   Message-ID and subject of its own, bound as $msgN with its parts. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "play.h"

struct message {
    slice bytes; /* CRLF line ends */
    slice id;    /* with angle brackets */
    slice subject;
    slice flags; /* "(\Seen)" or empty */
    slice date;  /* IMAP date-time without quotes, or empty */
};

/* Validates the description of a message. */
void message_check(struct check_loader *l, const struct node *n);
/* Makes message number `number` (from 1) and binds its variables. 0 or an error code. */
int message_make(struct play *p, const struct node *n, size_t number, struct message *ret,
                 struct error *err);
/* The Message-ID of the message of the check that `bytes` is, or is made of; empty when of none. */
slice message_id_in(const struct play *p, slice bytes);

#endif
