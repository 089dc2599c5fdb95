/* What all commands that end in a run do with it: the report options, and writing them. */
#ifndef RUN_OUTPUT_H
#define RUN_OUTPUT_H

#include "options.h"
#include "report.h"
#include <signal.h>

enum { RUN_REPORTS_MAX = 32 };

struct run_output {
    struct report_request requests[RUN_REPORTS_MAX];
    size_t n;
    int verbosity;      /* -1 quiet, 0, 1, 2 */
    const char *colour; /* --color */
};

/* From the arguments of --report; each path is probed, so that a long run does not end in vain. */
int run_output_prepare(struct run_output *o, const struct text_list *reports, struct error *err);
/* Saves the reports (errors are said). True when one of them went to standard output. */
bool run_output_save(const struct run_output *o, const struct run *run, int *status);
/* The same, and the text report on standard output unless that is taken. Returns the exit status:
   the run's, or that of a report that could not be written. */
int run_output_write(const struct run_output *o, const struct run *run);
/* Runs fn(arg) in a task that a signal of the set cancels; *interrupted becomes true then. The signals
   are held (hold_signals()), and the caller is a task. */
void run_interruptible(const sigset_t *signals, void (*fn)(void *), void *arg, bool *interrupted);
/* What every command writes into its run before it begins. */
void run_describe(struct run *run, const char *target, const char *typed, bool strict);
/* A word of the shell. */
void add_quoted(struct buf *out, const char *word);
/* A command line as it was typed, for a report: for commands whose options hold no secret. */
const char *command_text(struct arena *arena, const char *command, int argc, char **argv);
/* To standard output; EXIT_OURS (said) when that fails. */
int write_stdout(slice text);
/* Columns of the terminal; 100 when it is none. */
int terminal_width(void);

#endif
