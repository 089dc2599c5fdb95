/* Faults: the deliberate defects that a reference server can be told to have, each with a name.
   They are rows of the faults_*.def tables beside this file:

       FAULT(FAULT_SMTP_RELAY_OPEN, "smtp.relay.open", "rfc2505/2.1/relay-refused",
             "relays mail to other domains for anybody")

   that is, the enum constant, the name that people write (protocol, topic, what goes wrong), the
   clause that it breaks and what the server then does. A check is proved by the fault that makes
   it fail; no fault is ever on unless it was named. Adding one is one row and one `if`. */
#ifndef FAULT_H
#define FAULT_H

#include "slice.h"

enum fault_id {
#define FAULT(id, name, clause, says) id,
#include "faults_smtp.def"
#include "faults_pop3.def"
#include "faults_imap.def"
#include "faults_sync.def"
#include "faults_tls.def"
#include "faults_hello.def"
#include "faults_ports.def"
#undef FAULT
    FAULT_COUNT
};

/* A set of faults. All zero, and a NULL pointer, are the empty set: a server that does everything
   right. */
struct faults {
    uint64_t bits[FAULT_COUNT / 64 + 1];
};

static inline bool fault_on(const struct faults *set, enum fault_id id)
{
    return set && set->bits[id / 64] >> (id % 64) & 1;
}

static inline void fault_set(struct faults *set, enum fault_id id)
{
    set->bits[id / 64] |= (uint64_t)1 << (id % 64);
}

/* Adds the fault of that name. False, and nothing changed, when no row has it. */
bool fault_add(struct faults *set, slice name);
bool faults_empty(const struct faults *set);

struct fault_row {
    const char *name;     /* "smtp.relay.open" */
    const char *protocol; /* its first word: smtp, submission, lmtp, pop3, imap, sync, tls */
    const char *clause;   /* "rfc2505/2.1/relay-refused" */
    const char *says;     /* what the server does wrong, one clause without a final stop */
};

/* All rows, in the order of enum fault_id. */
const struct fault_row *fault_rows(size_t *ret_n);
/* The row whose name is closest to `name`, for "did you mean"; NULL when none is near. */
const char *fault_nearest(slice name);

#endif
