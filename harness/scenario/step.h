/* The vocabulary of steps: a table of verbs that harness/step fills, so that this folder runs them
   without knowing them. Adding a verb is one row, one check function and one run function. */
#ifndef STEP_H
#define STEP_H

#include "check_plan.h"

struct play;
struct device;

/* Beyond these a check is slow: quiet time that a step always lets pass, and the most that one may
   wait for something. */
#define STEP_PAUSE_LONG SECONDS(10)
#define STEP_WAIT_LONG SECONDS(120)

enum step_result {
    STEP_OK = 0,
    STEP_FAILED = -1, /* the server did not do what was expected: play->failure is set */
    STEP_ERROR = -2,  /* we could not tell: play->error is set */
    STEP_CANCELLED = -3
};

/* One step as written: the actor's value and where it stands. */
struct step {
    struct place at;
    const struct node *key;   /* the actor or verb word */
    const struct node *value; /* what it does */
    const struct node *why, *title;
    const struct node *or_skip; /* why the check does not apply when the step fails; or NULL */
};

/* What validation of a step knows and finds out about its check. */
struct step_check {
    struct check_loader *loader;
    struct check *check;
    const struct device_plan *device; /* whose step it is; NULL for steps without a device */
    ARRAY(slice) known;               /* variables that are bound from here on */
    ARRAY(const struct node *) waits; /* names of signals that are waited for */
    ARRAY(slice) signals;             /* and those that are given */
    unsigned include_depth;
};

struct device_verb {
    const char *name;
    const char *const *options; /* keys allowed beside the verb, NULL-terminated */
    unsigned protocols;         /* bits 1 << enum device_kind */
    /* Validates value and options; adds problems. */
    void (*check)(struct step_check *c, const struct node *value, const struct node *map);
    enum step_result (*run)(struct play *p, struct device *d, const struct step *s,
                            const struct node *value, const struct node *map);
};

struct plain_verb { /* a step without a device: parallel, eventually, ... */
    const char *name;
    void (*check)(struct step_check *c, const struct node *value);
    enum step_result (*run)(struct play *p, const struct step *s, const struct node *value);
};

struct step_kinds {
    const struct device_verb *device;
    size_t n_device;
    const struct plain_verb *plain;
    size_t n_plain;
};

/* Validates a list of steps (of a check, a branch, an include). */
void steps_check(struct step_check *c, const struct node *list);
/* After all steps: each signal that is waited for must be given somewhere. */
void steps_check_signals(struct step_check *c);
/* Runs a list of steps in order up to the first that does not succeed. */
enum step_result steps_run(struct play *p, const struct node *list);

/* Helpers for check functions: a text whose variables must be bound; a pattern that must parse and
   binds what it captures. */
void step_check_text(struct step_check *c, const struct node *n, const char *what);
void step_check_pattern(struct step_check *c, const struct node *n);
/* The option `within`, if there is one. */
void step_check_within(struct step_check *c, const struct node *map);
void step_bind(struct step_check *c, slice name);

#endif
