/* The subcommands: one file each. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "library.h"
#include "options.h"
#include <signal.h>

/* Exit statuses (design section 8). */
enum {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_FILE = 3,
    EXIT_NOTHING = 4,
    EXIT_UNTESTED = 5,
    EXIT_OURS = 6,
    EXIT_INTERRUPTED = 130
};

struct command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
    /* Its options, for completion; NULL when it has none. */
    const struct command_line *(*line)(void);
};
extern const struct command commands[];
extern const size_t n_commands;

int cmd_run(int argc, char **argv);
int cmd_ports(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_discover(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_coverage(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_version(int argc, char **argv);

const struct command_line *run_line(void);
const struct command_line *ports_line(void);
const struct command_line *list_line(void);
const struct command_line *discover_line(void);
const struct command_line *serve_line(void);
const struct command_line *profiles_line(void);
const struct command_line *selftest_line(void);
const struct command_line *coverage_line(void);

/* ---- shared ---- */

/* Prints "mailassay: sentence" and what help there is; returns the exit status of the error. */
int say_error(const struct error *err);
/* Prints the caret errors; returns EXIT_FILE. */
int say_problems(const struct problems *problems);
/* The bundled library and the scenario files among `words`, which are left in *selectors. 0 or an
   exit status (said already). */
int open_library(struct library *l, const struct text_list *words, struct text_list *selectors);
/* Blocks SIGINT, SIGTERM and SIGHUP, so that a task can wait for them; *ret is their set. Before any
   scheduler runs. */
void hold_signals(sigset_t *ret);
/* Colour on this stream? NO_COLOR and --color decide. */
bool wants_colour(FILE *stream, const char *choice);
bool is_terminal(FILE *stream);

#endif
