/* mailassay list: what would run. */
#include "commands.h"
#include "invariant.h"
#include "port_column.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct {
    bool json, faults, invariants;
    struct text_list excludes, words;
    const char *level;
} args;

static const struct option_row rows[] = {
    { "json", 0, NULL, "as JSON", OPTION_FLAG, &args.json },
    { "faults", 0, NULL, "list the faults of the reference servers", OPTION_FLAG, &args.faults },
    { "invariants", 0, NULL, "list the always-on rules", OPTION_FLAG, &args.invariants },
    { "exclude", 'x', "SELECTOR", "leave these out", OPTION_LIST, &args.excludes },
    { "level", 0, "must|should|may", "only checks of at least this level", OPTION_TEXT,
      &args.level },
};
static const struct command_line line = {
    "list", "[SELECTOR|FILE|ports]...",
    "Lists checks (one line per variant), faults, invariants, or the columns of the port matrix.",
    rows, COUNT(rows)
};

const struct command_line *list_line(void)
{
    return &line;
}

static int print_document(json_t *all)
{
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
    return EXIT_GOOD;
}

/* A name, what it is about (`title` calls that) and its clause: a line, or an object. */
static void put_row(json_t *all, const char *key, const char *name, const char *title,
                    const char *text, const char *clause)
{
    if (args.json)
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:s}", key, name, title, text, "clause", clause));
    else
        printf("%-44s %s (%s)\n", name, text, clause);
}

static int end_rows(json_t *all)
{
    if (args.json)
        return print_document(all);
    json_decref(all);
    return EXIT_GOOD;
}

static int list_faults(void)
{
    size_t n;
    const struct fault_row *f = fault_rows(&n);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        put_row(all, "name", f[i].name, "says", f[i].says, f[i].clause);
    return end_rows(all);
}

static int list_invariants(void)
{
    size_t n;
    const struct invariant *rules = invariant_rows(&n);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        put_row(all, "id", rules[i].id, "title", rules[i].title, rules[i].clause);
    return end_rows(all);
}

static json_t *texts(const char *const *v, size_t most)
{
    json_t *all = json_array();
    for (size_t i = 0; i < most && v[i]; i++)
        json_array_append_new(all, json_string(v[i]));
    return all;
}

static int print_columns(void)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n_port_columns; i++) {
        const struct port_column *c = &port_columns[i];
        autofree char *id = xprintf("ports/%s", c->name);
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:o}", "id", id,
                                             "number", c->number, "title", c->title, "full",
                                             c->full, "account", c->account, "clauses",
                                             texts(c->clauses, COLUMN_CLAUSES_MAX), "provedBy",
                                             texts(c->proved_by, COLUMN_FAULTS_MAX)));
    }
    return print_document(all);
}

static int list_columns(void)
{
    if (args.json)
        return print_columns();
    for (size_t i = 0; i < n_port_columns; i++)
        printf("ports/%-26s %-4s %-6s %s\n", port_columns[i].name, port_columns[i].number,
               port_columns[i].full ? "--full" : "", port_columns[i].title);
    return EXIT_GOOD;
}

static const char *level_of(const struct check *c)
{
    return c->note ? "note" : level_name(c->level);
}

static void print_json(const struct planned_list *plan)
{
    json_t *all = json_array();
    size_t n;
    const struct fault_row *faults = fault_rows(&n);
    for (size_t i = 0; i < plan->n; i++) {
        const struct check *c = plan->v[i].check;
        json_t *clauses = json_array(), *proofs = json_array();
        for (size_t k = 0; k < c->n_clauses; k++)
            json_array_append_new(clauses, json_string(c->clauses[k]->id));
        for (size_t k = 0; k < c->n_faults; k++)
            json_array_append_new(proofs, json_string(faults[c->faults[k]].name));
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o}", "id",
                                             plan->v[i].id, "title", c->title, "level", level_of(c),
                                             "file", c->file, "line", (int)c->at.line, "clauses",
                                             clauses, "provedBy", proofs));
    }
    print_document(all);
}

static int list_checks(struct library *l)
{
    struct planned_list plan = { 0 };
    struct arena arena = { 0 };
    struct error err = { 0 };
    struct selection s = { args.words.v, args.words.n, args.excludes.v, args.excludes.n,
                           LEVEL_NONE };
    int r = 0;
    if (args.level && !level_parse(slice_of(args.level), &s.level))
        r = error_set(&err, ERR_USAGE, "--level is must, should or may");
    if (r == 0)
        r = library_select(l, &s, &arena, &plan, &err);
    if (r == 0 && args.json)
        print_json(&plan);
    for (size_t i = 0; r == 0 && !args.json && i < plan.n; i++)
        printf("%-58s %-6s %s\n", plan.v[i].id, level_of(plan.v[i].check), plan.v[i].check->title);
    if (r == 0 && !args.json)
        printf("%zu checks\n", plan.n);
    int status = r < 0 ? say_error(&err) : plan.n ? EXIT_GOOD : EXIT_NOTHING;
    array_release(&plan);
    arena_release(&arena);
    return status;
}

int cmd_list(int argc, char **argv)
{
    struct error err;
    struct library l;
    struct text_list selectors = { 0 };
    int r = options_parse(&line, argc, argv, &args.words, &err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    if (args.faults)
        return list_faults();
    if (args.invariants || (args.words.n == 1 && strcmp(args.words.v[0], "invariant") == 0))
        return list_invariants();
    if (args.words.n == 1 && strcmp(args.words.v[0], "ports") == 0)
        return list_columns();
    int status = open_library(&l, &args.words, &selectors);
    if (!status)
        status = list_checks(&l);
    array_release(&selectors);
    array_release(&args.words);
    array_release(&args.excludes);
    library_release(&l);
    return status;
}
