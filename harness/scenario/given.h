/* What a check is given, and its removal afterwards, whatever happened (design section 7). */
#ifndef GIVEN_H
#define GIVEN_H

#include "message.h"
#include "session.h"

/* Makes mailboxes and messages. 0 or an error code; p->skip when the target has no way to do it. */
int given_make(struct play *p, struct error *err);
/* Removes all that the play brought. What cannot be removed goes into the run's left_behind. */
void given_remove(struct play *p);
/* A message that was sent to this address must be removed from the account's INBOX, if the address
   is one of the target's. */
void given_delivered(struct play *p, slice address, slice message_id);

/* A connection of ours, not of the check: no transcript, no invariants. Close it with
   device_close(). */
int given_device(struct play *p, struct device *d, enum device_kind kind, unsigned account,
                 struct error *err);

#endif
