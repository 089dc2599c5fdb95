/* One variant of a check against one reference server that is made for it. */
#ifndef SELFTEST_TRIAL_H
#define SELFTEST_TRIAL_H

#include "library.h"
#include "own_target.h"

enum trial_verdict { TRIAL_PASS, TRIAL_SKIP, TRIAL_FAIL, TRIAL_ERROR };
extern const char *const trial_verdict_names[];

/* What all trials of a selftest share; borrowed. */
struct trial_ground {
    struct library *library;
    const struct own_shared *shared;
    uint64_t seed;
    bool loopback; /* over sockets, so in real time and without checks that take long */
};

struct trial {
    enum trial_verdict verdict;
    char text[520];        /* what failed, or why it was skipped or could not be done */
    bool invariant_broken; /* of the one that was asked for */
};

/* Runs the variant against a server of its own, so that no trial can spoil another; several may
   run at once. With `invariant` (an id; NULL: none) the verdict is of that rule when it is broken;
   without one, and without faults, every broken rule counts against the variant. The transcript
   goes to `transcript`, a line each, when it is not NULL. */
void trial_run(const struct trial_ground *ground, const struct planned *planned,
               const struct faults *faults, const char *invariant, struct buf *transcript,
               struct trial *ret);

#endif
