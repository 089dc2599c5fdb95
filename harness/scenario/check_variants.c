/* Variants of a check: `each`, and the states of what is advertised. */
#include "check_private.h"

enum { MAX_COMBINATIONS = 200 };

/* ---- reading ---- */

static bool values_of(const struct node *value, void (*fn)(void *, const struct node *), void *ctx)
{
    if (!value)
        return false;
    if (value->kind == NODE_SCALAR)
        fn(ctx, value);
    for (size_t i = 0; value->kind == NODE_LIST && i < value->n; i++)
        fn(ctx, value->items[i]);
    return true;
}

bool each_values(const struct node *each, slice name,
                 void (*fn)(void *ctx, const struct node *value), void *ctx)
{
    autofree char *key = xslicedup(name);
    bool any = false;
    if (each && each->kind == NODE_LIST)
        for (size_t i = 0; i < each->n; i++)
            any |= values_of(node_get(each->items[i], key), fn, ctx);
    else
        any = values_of(node_get(each, key), fn, ctx);
    return any;
}

/* Rows bind the same names, so that no step misses one. */
static void check_rows(struct check_loader *l, const struct node *each)
{
    const struct node *first = each->n ? each->items[0] : NULL;
    for (size_t i = 0; i < each->n; i++) {
        const struct node *row = each->items[i];
        if (!node_is(row, NODE_MAP, "an item of each", l->problems))
            continue;
        for (size_t k = 0; k < row->n; k++)
            node_is(row->items[k], NODE_SCALAR, "a value of each", l->problems);
        for (size_t k = 0; first->kind == NODE_MAP && k < first->n; k++) {
            autofree char *key = xslicedup(first->keys[k]->text);
            if (!node_get(row, key))
                problem_add(l->problems, row->at, "this row has no \"%s\", which the first has",
                            key);
        }
        if (first->kind == NODE_MAP && row->n > first->n)
            problem_add(l->problems, row->at, "this row has more keys than the first");
    }
}

static size_t check_columns(struct check_loader *l, const struct node *each)
{
    size_t combinations = 1;
    slice *values;
    for (size_t i = 0; i < each->n; i++)
        combinations *= node_strings(each->items[i], "each", l->arena, &values, l->problems);
    return combinations;
}

void check_load_each(struct check_loader *l, struct check *c)
{
    const struct node *each = c->each;
    size_t before = l->problems->list.n, n = 0;
    if (!each)
        return;
    if (each->kind == NODE_LIST) {
        check_rows(l, each);
        n = each->n;
    } else if (node_is(each, NODE_MAP, "each", l->problems)) {
        n = check_columns(l, each);
    }
    if (l->problems->list.n == before && (!n || n > MAX_COMBINATIONS))
        problem_add(l->problems, each->at, "each must make 1 to %d variants, this makes %zu",
                    MAX_COMBINATIONS, n);
}

void check_variant_ids(struct check_loader *l, const struct check *c)
{
    struct planned_list list = { 0 };
    struct hash ids = { 0 };
    check_variants(c, l->arena, &list);
    for (size_t i = 0; i < list.n; i++) {
        if (hash_get(&ids, slice_of(list.v[i].id)))
            problem_add(l->problems, c->each ? c->each->at : c->at,
                        "two variants are called %s; give them an \"id\"", list.v[i].id);
        hash_put(&ids, slice_of(list.v[i].id), &list.v[i]);
    }
    hash_release(&ids);
    array_release(&list);
}

/* ---- making them ---- */

static void add_binding(struct planned *p, size_t *n, slice name, slice value)
{
    p->bindings[*n].name = name;
    p->bindings[(*n)++].value = value;
}

/* A row of values that are octets, or long, has a name of its own: its `id`. */
static slice own_variant_id(const struct planned *p)
{
    for (size_t i = 0; i < p->n_bindings; i++)
        if (slice_eq_str(p->bindings[i].name, "id"))
            return p->bindings[i].value;
    return (slice) { NULL, 0 };
}

static const char *variant_id(const struct check *c, const struct planned *p, const char *state,
                              struct arena *arena)
{
    auto_buf id;
    buf_init(&id, BUF_OURS);
    const char *before = "[";
    slice own = own_variant_id(p);
    buf_adds(&id, c->id);
    for (size_t i = 0; i < p->n_bindings; i++) {
        if (own.n && !slice_eq_str(p->bindings[i].name, "id"))
            continue;
        buf_addf(&id, "%s%.*s", before, SLICE_ARG(p->bindings[i].value));
        before = ",";
    }
    if (state)
        buf_addf(&id, "%s%s", before, state);
    if (p->n_bindings || state)
        buf_addc(&id, ']');
    return arena_str(arena, buf_slice(&id));
}

static struct planned *add_planned(const struct check *c, struct arena *arena, size_t n_bindings,
                                   struct planned_list *list)
{
    struct planned *p = array_push(list);
    p->check = c;
    p->bindings = arena_alloc(arena, (n_bindings + 1) * sizeof *p->bindings);
    return p;
}

/* Combination number k of a mapping of lists, the last key changing fastest. */
static void bind_combination(struct planned *p, const struct node *each, size_t k)
{
    size_t n = each->n;
    p->n_bindings = n;
    for (size_t i = n; i-- > 0;) {
        const struct node *values = each->items[i];
        size_t count = values->kind == NODE_LIST ? values->n : 1, at = k % count, slot = i;
        k /= count;
        add_binding(p, &slot, each->keys[i]->text,
                    values->kind == NODE_LIST ? values->items[at]->text : values->text);
    }
}

static size_t count_combinations(const struct node *each)
{
    size_t n = 1;
    for (size_t i = 0; i < each->n; i++)
        n *= each->items[i]->kind == NODE_LIST ? each->items[i]->n : 1;
    return n;
}

static void each_variants(const struct check *c, struct arena *arena, struct planned_list *list)
{
    const struct node *each = c->each;
    size_t n = !each ? 1 : each->kind == NODE_LIST ? each->n : count_combinations(each);
    for (size_t k = 0; k < n; k++) {
        const struct node *row = each && each->kind == NODE_LIST ? each->items[k] : each;
        struct planned *p = add_planned(c, arena, row ? row->n : 0, list);
        if (row)
            bind_combination(p, row, each->kind == NODE_LIST ? 0 : k);
        p->id = variant_id(c, p, NULL, arena);
    }
}

/* A device that says in which state it starts settles where the capability is asked for. */
static bool starts_elsewhere(const struct check *c, enum device_state state)
{
    const struct node *said = c->n_devices ? c->devices[0].state : NULL;
    enum device_kind kind = c->n_devices ? c->devices[0].kind : DEVICE_IMAP;
    if (state == STATE_LOGIN && (kind == DEVICE_SMTP || kind == DEVICE_LMTP))
        return true; /* nobody logs in there */
    return said && !slice_eq_str(said->text, device_state_names[state]);
}

void check_variants(const struct check *c, struct arena *arena, struct planned_list *list)
{
    static const enum device_state states[] = { STATE_GREETING, STATE_TLS, STATE_LOGIN };
    if (!c->advertised.n) {
        each_variants(c, arena, list);
        return;
    }
    for (size_t i = 0; i < COUNT(states); i++) {
        size_t first = list->n;
        if (starts_elsewhere(c, states[i]))
            continue;
        each_variants(c, arena, list);
        for (size_t k = first; k < list->n; k++) {
            list->v[k].state = states[i];
            list->v[k].id = variant_id(c, &list->v[k], device_state_names[states[i]], arena);
        }
    }
}
