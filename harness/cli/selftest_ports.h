/* The columns of the port/TLS matrix in the selftest: all rows of the reference servers in memory,
   without a fault, and then with each fault that a column names. */
#ifndef SELFTEST_PORTS_H
#define SELFTEST_PORTS_H

#include "library.h"
#include "options.h"
#include "own_target.h"

/* What the last line of the selftest counts. */
struct proof_counts {
    unsigned checks, passed, faults, killed, survived, unproved;
};

struct ports_selftest {
    const struct own_shared *shared;
    struct library *library;
    const struct text_list *columns; /* names to look at; NULL: all */
    bool clean_only, matrix;
    int verbose;
};

/* Sets, by enum fault_id, each fault that a column names. */
void ports_faults_named(bool *ret_seen);

/* Looks, proves, prints what is wrong (and, asked for, what is right) and counts. ERR_FILE or
   ERR_INTERNAL when it could not be done. */
int ports_selftest(const struct ports_selftest *t, struct proof_counts *counts, struct error *err);

#endif
