#include "clause.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

void clauses_release(struct clauses *c)
{
    hash_release(&c->by_id);
    arena_release(&c->arena);
}

struct clause *clause_find(const struct clauses *c, slice id)
{
    return hash_get(&c->by_id, id);
}

static const char *id_at(const void *ctx, size_t i)
{
    return ((const struct clause *)((const struct clauses *)ctx)->by_id.entries[i].value)->id;
}

const char *clause_nearest(const struct clauses *c, slice id)
{
    return nearest_of(id, c->by_id.n, id_at, c);
}

static void load_clause(struct clauses *c, const char *rfc, const struct node *key,
                        const struct node *value, struct problems *problems)
{
    static const char *const keys[] = { "level", "says" };
    static const char *const levels[] = { "must", "should", "may" };
    size_t slash = slice_find_char(key->text, '/'), level = 0;
    const struct node *says = node_get(value, "says");
    if (slash == SIZE_MAX || !slash || slash + 1 == key->text.n) {
        problem_add(problems, key->at,
                    "a clause is named SECTION/WORD, such as 7.5.1/expunge-is-sent");
        return;
    }
    if (!node_is(value, NODE_MAP, "a clause", problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "a clause", problems);
    if (!node_get(value, "level") || !says || says->kind != NODE_SCALAR || !says->text.n) {
        problem_add(problems, key->at, "a clause needs \"level\" and \"says\"");
        return;
    }
    if (!node_word(node_get(value, "level"), levels, COUNT(levels), "level", &level, problems))
        return;
    struct clause *clause = arena_new(&c->arena, struct clause);
    clause->id = arena_printf(&c->arena, "%s/%.*s", rfc, SLICE_ARG(key->text));
    clause->rfc = rfc;
    clause->section = arena_str(&c->arena, slice_sub(key->text, 0, slash));
    clause->level = (enum level)(LEVEL_MUST + level);
    clause->says = arena_str(&c->arena, says->text);
    clause->at = key->at;
    hash_put(&c->by_id, slice_of(clause->id), clause);
}

static void load_file(struct clauses *c, const char *folder, const char *name,
                      struct problems *problems)
{
    static const char *const keys[] = { "rfc", "title", "clauses" };
    const char *path = arena_printf(&c->arena, "%s/%s", folder, name);
    struct node *root = node_load(path, path, &c->arena, problems);
    if (!root || !node_is(root, NODE_MAP, "a clause file", problems))
        return;
    node_only_keys(root, keys, COUNT(keys), "a clause file", problems);
    const struct node *rfc = node_get(root, "rfc"), *list = node_get(root, "clauses");
    if (!rfc || !list || list->kind != NODE_MAP || rfc->kind != NODE_SCALAR) {
        problem_add(problems, root->at, "a clause file needs \"rfc\" and \"clauses\"");
        return;
    }
    const char *prefix = arena_printf(&c->arena, "rfc%.*s", SLICE_ARG(rfc->text));
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        problem_add(problems, rfc->at, "the file of RFC %.*s must be named %s.yaml",
                    SLICE_ARG(rfc->text), prefix);
    for (size_t i = 0; i < list->n; i++)
        load_clause(c, prefix, list->keys[i], list->items[i], problems);
}

static int is_clause_file(const struct dirent *d)
{
    slice name = slice_of(d->d_name);
    return slice_starts(name, S("rfc")) && slice_ends(name, S(".yaml"));
}

bool clauses_load(struct clauses *c, const char *folder, struct problems *problems)
{
    struct dirent **names;
    size_t before = problems->list.n;
    int n = scandir(folder, &names, is_clause_file, alphasort);
    if (n < 0) {
        struct place at = { arena_str(&c->arena, slice_of(folder)), 0, 0, 0 };
        problem_add(problems, at, "cannot read the folder of clauses: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        load_file(c, folder, names[i]->d_name, problems);
        free(names[i]);
    }
    free(names);
    return problems->list.n == before;
}
