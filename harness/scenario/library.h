/* All scenarios: the folder that comes with the program, or files that people name. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "step.h"

struct library {
    struct arena arena;
    struct problems problems;
    struct clauses clauses;
    const struct step_kinds *kinds;
    const char *root; /* the scenario folder */
    struct include_list includes;
    struct check_list checks; /* in the order of families and files */
};

/* Where the scenarios are: $MAILASSAY_SCENARIOS, beside the source tree's build, or installed.
   NULL when there are none. */
const char *library_root(struct arena *arena);
void library_init(struct library *l, const struct step_kinds *kinds);
void library_release(struct library *l);
/* Reads clauses and every scenario below `root`. False when there are problems. */
bool library_load(struct library *l, const char *root);
/* Reads one more scenario file, named on a command line; its ids begin with the file's name when
   it is not below the root. */
bool library_load_file(struct library *l, const char *path);

/* Selectors: a family ("imap"), a file ("imap/idle"), an id or its last part, a path of a scenario
   file, "rfc9051", "rfc9051:7.5.1", "tag:idle", "level:must", "proved-by:FAULT", with * as a
   wildcard; a variant's id with its [label] selects that variant. */
struct selection {
    const char *const *include; /* none: everything */
    size_t n_include;
    const char *const *exclude;
    size_t n_exclude;
    enum level level; /* weakest level wanted; LEVEL_NONE: all */
};
/* The variants that are selected, in the order of the library. ERR_USAGE with a sentence (and a
   did-you-mean) when a selector names nothing. */
int library_select(const struct library *l, const struct selection *selection, struct arena *arena,
                   struct planned_list *ret, struct error *err);
/* The check of that full id, or of that name when it is the only one; NULL otherwise. */
const struct check *library_find(const struct library *l, slice id);

#endif
