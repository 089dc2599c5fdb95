/* Rules that hold for every byte received, whatever the scenario: always on, each with an id of
   its own, reported once per run as the check invariant/PROTOCOL/NAME. */
#ifndef INVARIANT_H
#define INVARIANT_H

#include "session.h"

struct invariant {
    const char *id; /* "invariant/imap/grammar" */
    const char *title;
    const char *clause;
    const char *fault; /* of the reference servers that proves it */
    const char *proof; /* the check that is run under that fault */
    enum level level;  /* LEVEL_NONE is must */
};
/* The table, for list, explain and selftest. */
const struct invariant *invariant_rows(size_t *ret_n);
const struct invariant *invariant_find(slice id);

/* Looks at a unit as it arrives. Must not wait. */
void invariants_see(struct device *d, const struct unit *u);
void invariants_connected(struct device *d);
void invariants_disconnected(struct device *d);
/* A command goes out, whole and without its tag: IMAP's rules on numbers depend on it. */
void invariants_command(struct device *d, slice command);
/* Octets go out that are no commands of which each gets one answer: for the rest of the connection
   the rules that count answers or must know the commands are silent. */
void invariants_lose_count(struct device *d);
bool invariants_can_count(const struct device *d);
/* Breaks a rule that is seen elsewhere (resync probe, plaintext before TLS). */
void invariant_break(struct device *d, const char *id, slice actual, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The rule was looked at elsewhere and holds so far. */
void invariant_checked(struct device *d, const char *id);

void invariants_open(struct session *s);
/* Adds one result per rule that had something to look at. */
void invariants_report(struct session *s);
void invariants_close(struct session *s);

#endif
