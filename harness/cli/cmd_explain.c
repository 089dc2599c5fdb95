/* mailassay explain: one check, fault, clause or invariant in words. */
#include "commands.h"
#include "invariant.h"
#include "port_column.h"
#include <string.h>

static const struct command_line line = {
    "explain", "CHECK|CLAUSE|FAULT|INVARIANT|ports/COLUMN",
    "Tells what it requires, where that stands, why it matters, how it is tested and what proves\n"
    "that the test can fail.",
    NULL, 0
};

static void print_clause(const struct clause *c)
{
    printf("  %s  RFC %s section %s, %s\n    %s\n", c->id, c->rfc + 3, c->section,
           level_name(c->level), c->says);
}

static void print_source(const struct library *l, const struct check *c)
{
    slice first = problem_line(&l->problems, c->file, c->at.line), text;
    printf("\nhow it is tested (%s:%u)\n", c->file, c->at.line);
    printf("  %.*s\n", SLICE_ARG(first));
    for (unsigned n = c->at.line + 1;; n++) {
        text = problem_line(&l->problems, c->file, n);
        bool deeper = slice_starts(text, S("    "));
        if (!text.p || (text.n && !deeper))
            break;
        printf("  %.*s\n", SLICE_ARG(text));
    }
}

static void explain_check(const struct library *l, const struct check *c)
{
    size_t n;
    const struct fault_row *faults = fault_rows(&n);
    printf("%s\n  %s\n\nlevel: %s\n\nrequires\n", c->id, c->title,
           c->note ? "note (legal, but known to trip clients)" : level_name(c->level));
    for (size_t i = 0; i < c->n_clauses; i++)
        print_clause(c->clauses[i]);
    if (c->why)
        printf("\nwhy it matters\n  %s\n", c->why);
    if (c->needs_disposable)
        printf("\nruns only on a target with \"disposable: true\"\n");
    print_source(l, c);
    printf("\nproved by\n");
    for (size_t i = 0; i < c->n_faults; i++)
        printf("  %s: the server %s\n", faults[c->faults[i]].name, faults[c->faults[i]].says);
}

static void columns_that_cite(const char *clause)
{
    for (size_t i = 0; i < n_port_columns; i++)
        for (size_t k = 0; k < COLUMN_CLAUSES_MAX && port_columns[i].clauses[k]; k++)
            if (strcmp(port_columns[i].clauses[k], clause) == 0)
                printf("  ports/%s\n", port_columns[i].name);
}

static void columns_proved_by(const char *fault)
{
    for (size_t i = 0; i < n_port_columns; i++)
        for (size_t k = 0; k < COLUMN_FAULTS_MAX && port_columns[i].proved_by[k]; k++)
            if (strcmp(port_columns[i].proved_by[k], fault) == 0)
                printf("  ports/%s\n", port_columns[i].name);
}

static bool explain_fault(const struct library *l, const char *name)
{
    size_t n;
    const struct fault_row *faults = fault_rows(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(faults[i].name, name) != 0)
            continue;
        printf("%s\n  the server %s\n\nbreaks\n", name, faults[i].says);
        const struct clause *c = clause_find(&l->clauses, slice_of(faults[i].clause));
        if (c)
            print_clause(c);
        else
            printf("  %s\n", faults[i].clause);
        printf("\nproves\n");
        for (size_t k = 0; k < l->checks.n; k++)
            for (size_t f = 0; f < l->checks.v[k]->n_faults; f++)
                if (l->checks.v[k]->faults[f] == (enum fault_id)i)
                    printf("  %s\n", l->checks.v[k]->id);
        columns_proved_by(name);
        return true;
    }
    return false;
}

static bool explain_clause(const struct library *l, const char *name)
{
    const struct clause *c = clause_find(&l->clauses, slice_of(name));
    if (!c)
        return false;
    print_clause(c);
    printf("\ntested by\n");
    for (size_t k = 0; k < l->checks.n; k++)
        for (size_t i = 0; i < l->checks.v[k]->n_clauses; i++)
            if (l->checks.v[k]->clauses[i] == c)
                printf("  %s\n", l->checks.v[k]->id);
    columns_that_cite(c->id);
    return true;
}

static bool explain_invariant(const struct library *l, const char *name)
{
    const struct invariant *i = invariant_find(slice_of(name));
    if (!i)
        return false;
    printf("%s\n  %s\n\nalways on: every octet that any check receives is held against "
           "it\n\nrequires\n",
           i->id, i->title);
    const struct clause *c = clause_find(&l->clauses, slice_of(i->clause));
    if (c)
        print_clause(c);
    printf("\nproved by\n  %s, under %s\n", i->fault, i->proof);
    return true;
}

/* "ports/mode", "mode" and "T01" as tables and the manual have it, "ports/993/mode" and
   "ports/mail.example.org:993/mode[v6]" as results do. */
static const struct port_column *find_column(slice id)
{
    size_t label = slice_find_char(id, '['), start = 0;
    slice name = slice_sub(id, 0, label == SIZE_MAX ? id.n : label);
    for (size_t i = 0; i < name.n; i++)
        start = name.p[i] == '/' ? i + 1 : start;
    bool may_be = !start || slice_starts(id, S("ports/"));
    return may_be ? port_column_find(slice_skip(name, start)) : NULL;
}

static bool explain_column(const struct library *l, slice name)
{
    const struct port_column *c = find_column(name);
    if (!c)
        return false;
    printf("ports/%s (%s)\n  %s\n\nasked by \"mailassay ports%s\" of every port of the roles",
           c->name, c->number, c->title, c->full ? " --full" : "");
    for (int role = ROLE_MX; role <= ROLE_ACCESS; role++)
        if (c->roles >> role & 1)
            printf(" %s", service_role_name((enum service_role)role));
    printf("\n\nrequires\n");
    for (size_t i = 0; i < COLUMN_CLAUSES_MAX && c->clauses[i]; i++) {
        const struct clause *clause = clause_find(&l->clauses, slice_of(c->clauses[i]));
        if (clause)
            print_clause(clause);
    }
    printf("\nwhy it matters\n  %s\n\nproved by\n", c->why);
    for (size_t i = 0; i < COLUMN_FAULTS_MAX && c->proved_by[i]; i++)
        printf("  %s\n", c->proved_by[i]);
    return true;
}

static const char *check_id_at(const void *ctx, size_t i)
{
    return ((const struct library *)ctx)->checks.v[i]->id;
}

static int explain(const struct library *l, const char *word)
{
    slice id = slice_of(word);
    size_t label = slice_find_char(id, '[');
    const struct check *c = library_find(l, slice_sub(id, 0, label == SIZE_MAX ? id.n : label));
    if (c) {
        explain_check(l, c);
        return EXIT_GOOD;
    }
    if (explain_column(l, id) || explain_fault(l, word) || explain_clause(l, word) ||
        explain_invariant(l, word))
        return EXIT_GOOD;
    const char *near = nearest_of(id, l->checks.n, check_id_at, l);
    fprintf(stderr, "mailassay: nothing is called \"%s\"%s%s%s\n", word,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return EXIT_USAGE;
}

int cmd_explain(int argc, char **argv)
{
    struct error err;
    struct library l;
    struct text_list words = { 0 };
    int r = options_parse(&line, argc, argv, &words, &err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    if (words.n != 1) {
        options_help(&line, stderr);
        return EXIT_USAGE;
    }
    int status = open_library(&l, NULL, NULL);
    if (!status)
        status = explain(&l, words.v[0]);
    array_release(&words);
    library_release(&l);
    return status;
}
