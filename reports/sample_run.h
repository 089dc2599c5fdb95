/* A run with every outcome and every awkward piece of text, for the tests of the reports. */
#ifndef SAMPLE_RUN_H
#define SAMPLE_RUN_H

#include "result.h"

void sample_run(struct run *ret);
/* The target was dead: one error of the run as a whole, nothing else. */
void sample_dead_run(struct run *ret);
/* Nothing was selected. */
void sample_empty_run(struct run *ret);
/* Everything selected passed. */
void sample_clean_run(struct run *ret);
/* By the name of the golden files: "sample", "dead", "empty", "clean"; false for another. */
bool sample_by_name(const char *name, struct run *ret);

#endif
