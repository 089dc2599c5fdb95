#include "commands.h"
#include "step_table.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exit_of(enum error_code code)
{
    switch (code) {
    case ERR_NONE:
        return EXIT_GOOD;
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_FILE:
        return EXIT_FILE;
    case ERR_INTERNAL:
        return EXIT_OURS;
    case ERR_CANCEL:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_UNTESTED;
    }
}

int say_error(const struct error *err)
{
    fprintf(stderr, "mailassay: %s\n", err->text);
    return exit_of(err->code);
}

int say_problems(const struct problems *problems)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    problems_render(problems, &text);
    fputs(text.p, stderr);
    fprintf(stderr, "mailassay: %zu mistake%s found\n", problems->list.n,
            problems->list.n == 1 ? "" : "s");
    return EXIT_FILE;
}

static bool is_scenario_path(const char *word)
{
    return slice_ends(slice_of(word), S(".yaml")) && access(word, R_OK) == 0;
}

int open_library(struct library *l, const struct text_list *words, struct text_list *selectors)
{
    struct error err;
    library_init(l, &step_kinds);
    const char *root = library_root(&l->arena);
    if (!root) {
        error_set(&err, ERR_FILE,
                  "the scenarios were not found; set MAILASSAY_SCENARIOS to their folder");
        return say_error(&err);
    }
    bool good = library_load(l, root);
    for (size_t i = 0; words && i < words->n; i++) {
        if (is_scenario_path(words->v[i]))
            good &= library_load_file(l, words->v[i]);
        *array_push(selectors) = words->v[i];
    }
    return good ? 0 : say_problems(&l->problems);
}

bool is_terminal(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && (!term || strcmp(term, "dumb") != 0);
}

bool wants_colour(FILE *stream, const char *choice)
{
    const char *no = getenv("NO_COLOR");
    if (choice && strcmp(choice, "always") == 0)
        return true;
    if ((choice && strcmp(choice, "never") == 0) || (no && *no))
        return false;
    return is_terminal(stream);
}

void hold_signals(sigset_t *ret)
{
    struct sigaction hangup;
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(ret, SIGHUP); /* nohup has it ignored */
    sigprocmask(SIG_BLOCK, ret, NULL);
}
