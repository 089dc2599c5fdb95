/* Expected failures: a YAML list in which every entry pins the reason. An unknown id is a mistake
   in the file, an entry that passes breaks the run (docs/baselines.md). */
#ifndef BASELINE_H
#define BASELINE_H

#include "library.h"
#include "result.h"

struct baseline {
    struct arena arena;
    struct hash by_id; /* id -> struct result_baseline * */
};

void baseline_release(struct baseline *b);
/* Reads the file. An id must be of a variant or check of the library, or of an invariant. False
   when problems were added to the library's. */
bool baseline_load(struct baseline *b, const char *path, struct library *library);
/* Hands each result that is there its entry, also when called again: results of invariants come at
   the end of the run. An entry for a check stands for all its variants; one for an invariant counts
   only when it is broken. */
void baseline_apply(const struct baseline *b, struct run *run);

#endif
