/* mailassay coverage: which clauses have checks. */
#include "commands.h"
#include "port_column.h"
#include <string.h>

static struct {
    bool missing;
} args;
static const struct option_row rows[] = {
    { "missing", 0, NULL, "list the clauses that no check cites", OPTION_FLAG, &args.missing },
};
static const struct command_line line = { "coverage", "[rfcNNNN]...",
                                          "Counts, for each RFC, the clauses in the library and "
                                          "those that checks and columns of the port\n"
                                          "matrix cite.",
                                          rows, COUNT(rows) };

const struct command_line *coverage_line(void)
{
    return &line;
}

struct tally {
    const char *rfc;
    unsigned total[4], covered[4];
};

static bool is_wanted(const struct text_list *words, const char *rfc)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->v[i], rfc) == 0)
            return true;
    return words->n == 0;
}

static void count_columns(const struct library *l)
{
    for (size_t i = 0; i < n_port_columns; i++)
        for (size_t k = 0; k < COLUMN_CLAUSES_MAX && port_columns[i].clauses[k]; k++) {
            struct clause *c = clause_find(&l->clauses, slice_of(port_columns[i].clauses[k]));
            if (c)
                c->checks++;
        }
}

static void print_tally(const struct tally *t)
{
    unsigned all = 0, covered = 0;
    for (int l = LEVEL_MUST; l <= LEVEL_MAY; l++) {
        all += t->total[l];
        covered += t->covered[l];
    }
    printf("%-10s must %u/%u  should %u/%u  may %u/%u  in all %u/%u\n", t->rfc,
           t->covered[LEVEL_MUST], t->total[LEVEL_MUST], t->covered[LEVEL_SHOULD],
           t->total[LEVEL_SHOULD], t->covered[LEVEL_MAY], t->total[LEVEL_MAY], covered, all);
}

static size_t print_all(const struct library *l, const struct text_list *words)
{
    struct tally t = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < l->clauses.by_id.n; i++) {
        const struct clause *c = l->clauses.by_id.entries[i].value;
        if (!is_wanted(words, c->rfc))
            continue;
        if (t.rfc && strcmp(t.rfc, c->rfc) != 0) {
            print_tally(&t);
            t = (struct tally) { 0 };
        }
        t.rfc = c->rfc;
        t.total[c->level]++;
        t.covered[c->level] += c->checks > 0;
        n++;
        if (args.missing && !c->checks)
            printf("  no check: %s (%s) %s\n", c->id, level_name(c->level), c->says);
    }
    if (t.rfc)
        print_tally(&t);
    return n;
}

int cmd_coverage(int argc, char **argv)
{
    struct error err;
    struct library l;
    struct text_list words = { 0 };
    int r = options_parse(&line, argc, argv, &words, &err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    int status = open_library(&l, NULL, NULL);
    if (!status)
        count_columns(&l);
    if (!status && !print_all(&l, &words)) {
        fprintf(stderr, "mailassay: the library has no clauses of that RFC\n");
        status = EXIT_NOTHING;
    }
    array_release(&words);
    library_release(&l);
    return status;
}
