/* mailassay check: the linter of scenario, target and clause files. */
#include "commands.h"
#include "baseline.h"
#include <string.h>
#include <unistd.h>

static const struct command_line line = {
    "check", "[FILE]...",
    "Validates scenario, target and baseline files (told apart by their content) and shows every\n"
    "mistake with its place. Without a file: the bundled scenarios.",
    NULL, 0
};

/* A file with "services" is a target, a list is a baseline, anything else a scenario. */
static void check_file(struct library *l, const char *path)
{
    struct problems peeked = { 0 };
    struct arena arena = { 0 };
    const struct node *root = node_load(path, path, &arena, &peeked);
    bool target = root && node_get(root, "services"), list = root && root->kind == NODE_LIST;
    problems_release(&peeked);
    if (target) {
        struct target t;
        target_init(&t);
        target_load(path, &t, &l->problems);
        target_release(&t);
    } else if (list) {
        struct baseline b = { 0 };
        baseline_load(&b, path, l);
        baseline_release(&b);
    } else {
        library_load_file(l, path);
    }
    arena_release(&arena);
}

int cmd_check(int argc, char **argv)
{
    struct error err;
    struct library l;
    struct text_list words = { 0 }, none = { 0 };
    int r = options_parse(&line, argc, argv, &words, &err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    int status = open_library(&l, NULL, &none);
    size_t bundled = l.checks.n;
    for (size_t i = 0; i < words.n; i++)
        check_file(&l, words.v[i]);
    if (!status && l.problems.list.n)
        status = say_problems(&l.problems);
    if (!status && words.n)
        printf("%zu file%s and ", words.n, words.n == 1 ? "" : "s");
    if (!status)
        printf("%zu bundled check%s: no mistakes\n", bundled, bundled == 1 ? "" : "s");
    array_release(&words);
    library_release(&l);
    return status;
}
