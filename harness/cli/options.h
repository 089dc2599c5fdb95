/* Command lines: a table of options per command, from which parsing, --help, completion and the
   environment (MAILASSAY_<OPTION>) all come. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "array.h"
#include "clock.h"
#include "error.h"
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_COUNT,    /* int, one more each time */
    OPTION_TEXT,     /* const char * */
    OPTION_LIST,     /* struct text_list, one more each time */
    OPTION_NUMBER,   /* uint64_t */
    OPTION_DURATION, /* nsec */
};

struct text_list {
    const char **v;
    size_t n, cap;
};

struct option_row {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* placeholder; NULL for flags */
    const char *help;
    enum option_kind kind;
    void *store;
};

struct command_line {
    const char *command;
    const char *usage; /* what follows the command: "[SELECTOR]..." */
    const char *about; /* paragraphs for --help */
    const struct option_row *options;
    size_t n;
};

/* Parses; what is no option goes to *ret_rest. 0, 1 when help was asked for (and printed), or
   ERR_USAGE with a sentence. Options not given are looked up in the environment, when the row's
   name is not "help". */
int options_parse(const struct command_line *line, int argc, char **argv,
                  struct text_list *ret_rest, struct error *err);
void options_help(const struct command_line *line, FILE *out);

#endif
