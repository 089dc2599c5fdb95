#include "node.h"

static size_t index_of(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
        if (slice_eq_str(map->keys[i]->text, key))
            return i;
    return SIZE_MAX;
}

struct node *node_get(const struct node *map, const char *key)
{
    size_t i = index_of(map, key);
    return i == SIZE_MAX ? NULL : map->items[i];
}

bool node_is(const struct node *n, enum node_kind kind, const char *what, struct problems *problems)
{
    static const char *const kinds[] = { "a single value", "a list", "a mapping" };
    if (n->kind == kind)
        return true;
    problem_add(problems, n->at, "%s must be %s, this is %s", what, kinds[kind], kinds[n->kind]);
    return false;
}

void node_only_keys(const struct node *map, const char *const *keys, size_t n, const char *what,
                    struct problems *problems)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct node *key = map->keys[i];
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = slice_eq_str(key->text, keys[k]);
        if (known)
            continue;
        const char *near = nearest_word(key->text, keys, n);
        problem_add(problems, key->at, "unknown key \"%.*s\" in %s%s%s%s", SLICE_ARG(key->text),
                    what, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
}

bool node_u64(const struct node *n, uint64_t max, const char *what, uint64_t *ret,
              struct problems *problems)
{
    if (n->kind == NODE_SCALAR && slice_to_u64(n->text, max, ret))
        return true;
    problem_add(problems, n->at, "%s must be a whole number up to %llu", what,
                (unsigned long long)max);
    return false;
}

bool node_bool(const struct node *n, const char *what, bool *ret, struct problems *problems)
{
    bool yes = n->kind == NODE_SCALAR && slice_eq_str(n->text, "true");
    bool no = n->kind == NODE_SCALAR && slice_eq_str(n->text, "false");
    if (yes || no) {
        *ret = yes;
        return true;
    }
    problem_add(problems, n->at, "%s must be true or false", what);
    return false;
}

bool node_duration(const struct node *n, const char *what, nsec *ret, struct problems *problems)
{
    if (n->kind == NODE_SCALAR && duration_parse(n->text, ret))
        return true;
    problem_add(problems, n->at, "%s must be a time with its unit, such as 500ms, 5s or 2m", what);
    return false;
}

bool node_word(const struct node *n, const char *const *words, size_t count, const char *what,
               size_t *ret, struct problems *problems)
{
    for (size_t i = 0; n->kind == NODE_SCALAR && i < count; i++)
        if (slice_eq_str(n->text, words[i])) {
            *ret = i;
            return true;
        }
    auto_buf all;
    buf_init(&all, BUF_OURS);
    for (size_t i = 0; i < count; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", words[i]);
    problem_add(problems, n->at, "%s must be one of: %s", what, all.p);
    return false;
}

size_t node_strings(const struct node *n, const char *what, struct arena *arena, slice **ret,
                    struct problems *problems)
{
    *ret = NULL;
    if (!n)
        return 0;
    if (n->kind == NODE_SCALAR) {
        *ret = arena_new(arena, slice);
        **ret = n->text;
        return 1;
    }
    if (!node_is(n, NODE_LIST, what, problems))
        return 0;
    slice *list = arena_new_n(arena, slice, n->n + 1);
    size_t count = 0;
    for (size_t i = 0; i < n->n; i++)
        if (node_is(n->items[i], NODE_SCALAR, what, problems))
            list[count++] = n->items[i]->text;
    *ret = list;
    return count;
}
