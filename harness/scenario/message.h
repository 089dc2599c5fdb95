/* The messages of a check: named ones from scenarios/messages/, or made to order; each with a
   Message-ID and subject of its own, bound as $msgN with its parts. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "play.h"

enum { MESSAGE_TOP = 10 }; /* $msg1.top0 to $msg1.top10 */

struct message {
    slice bytes; /* CRLF line ends */
    slice id;    /* with angle brackets */
    slice subject;
    slice flags; /* "(\Seen)" or empty */
    slice date;  /* IMAP date-time without quotes, or empty */
};

/* Validates the description of a message. */
void message_check(struct check_loader *l, const struct check *c, const struct node *n);
/* The names of files that it may have: one, or one for each variant; 0 for one made to order. */
size_t message_names(struct check_loader *l, const struct check *c, const struct node *message,
                     slice **ret);
/* Validates a part of a message ("msg3.size", "msg3.golden.envelope") where it is used, at `n`. */
void message_check_part(struct step_check *c, const struct node *n, slice variable);
/* Binds $msgN.golden.* from NAME.yaml, if there is one (match_golden.h). */
void message_bind_golden(struct play *p, size_t number, slice name);
/* ROOT/messages/NAME.EXTENSION */
const char *message_path(struct arena *arena, const char *root, slice name, const char *extension);

/* Makes message number `number` (from 1) and binds its variables. 0 or an error code. */
int message_make(struct play *p, const struct node *n, size_t number, struct message *ret,
                 struct error *err);
/* The Message-ID of the message of the check that `bytes` is, else contains, else names by its
   Message-ID; empty when there is none. */
slice message_id_in(const struct play *p, slice bytes);

#endif
