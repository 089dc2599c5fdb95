/* What a profile says, held against what was seen: `ports --expect`. */
#ifndef PORT_EXPECT_H
#define PORT_EXPECT_H

#include "port_facts.h"
#include "profile.h"
#include "result.h"

/* One result for each thing that the profile says ("ports/expect/imap.example.test:993"), with a
   sentence on a mismatch that names both sides and the fix; its place is the line of the profile.
   Offers: the row must be there, in that mode, with what its logins need, and what is "not offered"
   must not answer. Requires: at least one alternative for each protocol must hold. */
void port_expect(const struct profile *profile, const struct port_facts *rows, size_t n,
                 struct run *run);
/* The rows that a profile of offers names; at most `max`, returns how many there are. */
size_t port_rows_of_profile(const struct profile *profile, struct port_spec *ret, size_t max);

#endif
