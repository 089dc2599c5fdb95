/* Reading a scenario file: docs/scenario-language.md sections 1, 2 and 7. */
#include "check_private.h"
#include "invariant.h"
#include "message.h"
#include <stdio.h>

static const char *const file_keys[] = { "topic", "about", "tags", "needs", "checks" };
static const char *const check_keys[] = { "title", "clause", "level",      "proved-by", "why",
                                          "tags",  "needs",  "devices",    "given",     "each",
                                          "steps", "always", "advertised", "upholds",   "waive" };

static const char *text_of(struct check_loader *l, const struct node *n, const char *what)
{
    if (!n || !node_is(n, NODE_SCALAR, what, l->problems))
        return NULL;
    return arena_str(l->arena, n->text);
}

static void load_clauses(struct check_loader *l, struct check *c, const struct node *n)
{
    slice *ids;
    size_t count = node_strings(n, "clause", l->arena, &ids, l->problems);
    c->clauses = arena_new_n(l->arena, struct clause *, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct clause *clause = clause_find(l->clauses, ids[i]);
        const struct node *at = n->kind == NODE_LIST ? n->items[i] : n;
        if (!clause) {
            const char *near = clause_nearest(l->clauses, ids[i]);
            problem_add(l->problems, at->at, "unknown clause \"%.*s\"%s%s%s", SLICE_ARG(ids[i]),
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
            continue;
        }
        clause->checks++;
        c->clauses[c->n_clauses++] = clause;
        if (c->level == LEVEL_NONE || clause->level < c->level)
            c->level = clause->level;
    }
}

static void load_level(struct check_loader *l, struct check *c, const struct node *n)
{
    static const char *const words[] = { "must", "should", "may", "note" };
    size_t i;
    if (!n || !node_word(n, words, COUNT(words), "level", &i, l->problems))
        return;
    c->note = i == 3;
    c->level = c->note ? LEVEL_MAY : (enum level)(LEVEL_MUST + i);
}

static enum fault_id fault_index(slice name)
{
    size_t n;
    const struct fault_row *rows = fault_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (slice_eq_str(name, rows[i].name))
            return (enum fault_id)i;
    return FAULT_COUNT;
}

static void load_faults(struct check_loader *l, struct check *c, const struct node *n)
{
    slice *names;
    size_t count = node_strings(n, "proved-by", l->arena, &names, l->problems);
    c->faults = arena_new_n(l->arena, enum fault_id, count + 1);
    for (size_t i = 0; i < count; i++) {
        enum fault_id id = fault_index(names[i]);
        if (id != FAULT_COUNT) {
            c->faults[c->n_faults++] = id;
            continue;
        }
        const char *near = fault_nearest(names[i]);
        problem_add(l->problems, (n->kind == NODE_LIST ? n->items[i] : n)->at,
                    "unknown fault \"%.*s\"%s%s%s", SLICE_ARG(names[i]),
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
}

/* Words of file and check, one list after the other. */
static void add_words(struct check_loader *l, slice **list, size_t *n, const struct node *node,
                      const char *what)
{
    slice *words;
    size_t count = node_strings(node, what, l->arena, &words, l->problems);
    slice *all = arena_new_n(l->arena, slice, *n + count + 1);
    if (*n)
        memcpy(all, *list, *n * sizeof *all);
    if (count)
        memcpy(all + *n, words, count * sizeof *all);
    *list = all;
    *n += count;
}

static const char *invariant_name(const void *rows, size_t i)
{
    return ((const struct invariant *)rows)[i].id;
}

static void add_invariants(struct check_loader *l, slice **list, size_t *n, const struct node *node,
                           const char *what)
{
    size_t count;
    const struct invariant *rows = invariant_rows(&count);
    add_words(l, list, n, node, what);
    for (size_t i = 0; i < *n; i++) {
        if (invariant_find((*list)[i]))
            continue;
        const char *near = nearest_of((*list)[i], count, invariant_name, rows);
        problem_add(l->problems, (node->kind == NODE_LIST ? node->items[i] : node)->at,
                    "unknown invariant \"%.*s\"%s%s%s", SLICE_ARG((*list)[i]),
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
}

static void require_keys(struct check_loader *l, const struct node *key, const struct node *map)
{
    static const char *const required[] = { "title", "clause", "proved-by", "devices", "steps" };
    for (size_t i = 0; i < COUNT(required); i++)
        if (!node_get(map, required[i]))
            problem_add(l->problems, key->at, "the check \"%.*s\" has no \"%s\"",
                        SLICE_ARG(key->text), required[i]);
}

static bool id_is_plain(slice id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!(ascii_is_digit(id.p[i]) || (id.p[i] >= 'a' && id.p[i] <= 'z') || id.p[i] == '-'))
            return false;
    return id.n > 0;
}

static void check_steps(struct check_loader *l, struct check *c)
{
    struct step_check sc = { .loader = l, .check = c };
    check_bind_all(&sc);
    if (c->steps)
        steps_check(&sc, c->steps);
    if (c->always)
        steps_check(&sc, c->always);
    steps_check_signals(&sc);
    array_release(&sc.known);
    array_release(&sc.waits);
    array_release(&sc.signals);
}

static void check_messages(struct check_loader *l, const struct check *c)
{
    for (size_t i = 0; i < c->n_mailboxes; i++)
        for (size_t k = 0; k < c->mailboxes[i].n; k++)
            message_check(l, c, c->mailboxes[i].messages[k]);
    for (size_t i = 0; i < c->n_loose; i++)
        message_check(l, c, c->loose[i]);
}

static struct check *load_check(struct check_loader *l, const struct node *file,
                                const struct node *key, const struct node *map,
                                const char *id_prefix)
{
    struct check *c = arena_new(l->arena, struct check);
    size_t before = l->problems->list.n;
    c->at = key->at;
    c->file = key->at.file;
    c->name = arena_str(l->arena, key->text);
    c->id = arena_printf(l->arena, "%s/%s", id_prefix, c->name);
    if (!id_is_plain(key->text))
        problem_add(l->problems, key->at, "a check's id is made of a-z, 0-9 and \"-\"");
    if (!node_is(map, NODE_MAP, "a check", l->problems))
        return NULL;
    node_only_keys(map, check_keys, COUNT(check_keys), "a check", l->problems);
    require_keys(l, key, map);
    c->title = text_of(l, node_get(map, "title"), "title");
    c->why = text_of(l, node_get(map, "why"), "why");
    if (node_get(map, "clause"))
        load_clauses(l, c, node_get(map, "clause"));
    load_level(l, c, node_get(map, "level"));
    if (node_get(map, "proved-by"))
        load_faults(l, c, node_get(map, "proved-by"));
    add_words(l, &c->tags, &c->n_tags, node_get(file, "tags"), "tags");
    add_words(l, &c->tags, &c->n_tags, node_get(map, "tags"), "tags");
    add_invariants(l, &c->waived, &c->n_waived, node_get(map, "waive"), "waive");
    add_invariants(l, &c->upheld, &c->n_upheld, node_get(map, "upholds"), "upholds");
    c->each = node_get(map, "each");
    c->steps = node_get(map, "steps");
    c->always = node_get(map, "always");
    if (node_get(map, "advertised") &&
        node_is(node_get(map, "advertised"), NODE_SCALAR, "advertised", l->problems))
        c->advertised = node_get(map, "advertised")->text;
    check_load_devices(l, c, node_get(map, "devices"));
    check_load_given(l, c, node_get(map, "given"));
    check_load_needs(l, c, node_get(file, "needs"));
    check_load_needs(l, c, node_get(map, "needs"));
    check_load_each(l, c);
    if (c->advertised.n && c->n_devices != 1)
        problem_add(l->problems, node_get(map, "advertised")->at,
                    "a check of what is advertised has one device");
    check_messages(l, c);
    check_steps(l, c);
    if (l->problems->list.n == before)
        check_variant_ids(l, c);
    return c;
}

void check_load_file(struct check_loader *l, const char *path, const char *shown,
                     const char *id_prefix, struct check_list *list)
{
    struct node *root = node_load(path, shown, l->arena, l->problems);
    if (root)
        check_load_tree(l, root, id_prefix, list);
}

void check_load_tree(struct check_loader *l, const struct node *root, const char *id_prefix,
                     struct check_list *list)
{
    if (!node_is(root, NODE_MAP, "a scenario", l->problems))
        return;
    if (node_get(root, "steps") && !node_get(root, "checks"))
        return; /* a file for `include`: read where it is included */
    node_only_keys(root, file_keys, COUNT(file_keys), "a scenario", l->problems);
    const struct node *checks = node_get(root, "checks");
    if (!node_get(root, "topic"))
        problem_add(l->problems, root->at, "a scenario needs \"topic\", one line");
    if (!checks || checks->kind != NODE_MAP || !checks->n) {
        problem_add(l->problems, checks ? checks->at : root->at, "a scenario needs \"checks\"");
        return;
    }
    slice prefix = slice_of(id_prefix);
    size_t slash = slice_find_char(prefix, '/');
    for (size_t i = 0; i < checks->n; i++) {
        struct check *c = load_check(l, root, checks->keys[i], checks->items[i], id_prefix);
        if (!c)
            continue;
        c->family = arena_str(l->arena, slice_sub(prefix, 0, slash == SIZE_MAX ? prefix.n : slash));
        *array_push(list) = c;
    }
}
