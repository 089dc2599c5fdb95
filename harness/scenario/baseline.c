#include "baseline.h"
#include "invariant.h"
#include <stdio.h>

void baseline_release(struct baseline *b)
{
    hash_release(&b->by_id);
    arena_release(&b->arena);
}

static slice without_label(slice id)
{
    size_t at = slice_find_char(id, '[');
    return slice_sub(id, 0, at == SIZE_MAX ? id.n : at);
}

static const char *check_id_at(const void *ctx, size_t i)
{
    return ((const struct library *)ctx)->checks.v[i]->id;
}

static bool is_known(const struct library *l, slice id)
{
    slice bare = without_label(id);
    for (size_t i = 0; i < l->checks.n; i++)
        if (slice_eq_str(bare, l->checks.v[i]->id))
            return true;
    return invariant_find(id) != NULL;
}

static const char *text_of(struct baseline *b, const struct node *map, const char *key)
{
    const struct node *n = node_get(map, key);
    return n && n->kind == NODE_SCALAR ? arena_str(&b->arena, n->text) : NULL;
}

static bool is_date(const char *text)
{
    int year, month, day, end = 0;
    return sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10 && !text[10];
}

static void check_entry(const struct library *l, const struct node *n, struct problems *problems)
{
    static const char *const keys[] = { "id", "outcome", "match", "reason", "issue", "expires" };
    static const char *const required[] = { "id", "match", "reason" };
    node_only_keys(n, keys, COUNT(keys), "a baseline entry", problems);
    for (size_t i = 0; i < COUNT(required); i++) {
        const struct node *value = node_get(n, required[i]);
        if (!value || value->kind != NODE_SCALAR || !value->text.n)
            problem_add(problems, n->at, "a baseline entry needs \"%s\"", required[i]);
    }
    const struct node *id = node_get(n, "id"), *expires = node_get(n, "expires");
    if (id && id->kind == NODE_SCALAR && !is_known(l, id->text)) {
        const char *near = nearest_of(without_label(id->text), l->checks.n, check_id_at, l);
        problem_add(problems, id->at, "no check has the id \"%.*s\"%s%s%s", SLICE_ARG(id->text),
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (expires && (expires->kind != NODE_SCALAR || !is_date(expires->text.p)))
        problem_add(problems, expires->at, "expires is a date, such as 2027-01-31");
}

static void load_entry(struct baseline *b, const struct library *l, const struct node *n,
                       struct problems *problems)
{
    static const char *const outcomes[] = { "fail", "error", "flaky" };
    static const enum outcome values[] = { OUTCOME_FAIL, OUTCOME_ERROR, OUTCOME_FLAKY };
    size_t before = problems->list.n, outcome = 0;
    if (!node_is(n, NODE_MAP, "a baseline entry", problems))
        return;
    check_entry(l, n, problems);
    if (node_get(n, "outcome"))
        node_word(node_get(n, "outcome"), outcomes, COUNT(outcomes), "outcome", &outcome, problems);
    if (problems->list.n != before)
        return;
    slice id = node_get(n, "id")->text;
    if (hash_get(&b->by_id, id)) {
        problem_add(problems, n->at, "a second entry for \"%.*s\"", SLICE_ARG(id));
        return;
    }
    struct result_baseline *entry = arena_new(&b->arena, struct result_baseline);
    *entry = (struct result_baseline) { .expects = values[outcome],
                                        .match = text_of(b, n, "match"),
                                        .reason = text_of(b, n, "reason"),
                                        .issue = text_of(b, n, "issue"),
                                        .expires = text_of(b, n, "expires") };
    hash_put(&b->by_id, id, entry);
}

bool baseline_load(struct baseline *b, const char *path, struct library *library)
{
    struct problems *problems = &library->problems;
    size_t before = problems->list.n;
    struct node *root = node_load(path, path, &b->arena, problems);
    if (!root)
        return false;
    if (root->kind == NODE_LIST)
        for (size_t i = 0; i < root->n; i++)
            load_entry(b, library, root->items[i], problems);
    else
        problem_add(problems, root->at, "a baseline is a list of entries");
    return problems->list.n == before;
}

/* A rule that holds is no news: the checks that break it may not have been selected. */
static bool is_rule_that_holds(const struct result *r)
{
    return strcmp(r->family, "invariant") == 0 && r->raw == OUTCOME_PASS;
}

void baseline_apply(const struct baseline *b, struct run *run)
{
    for (size_t i = 0; i < run->results.n; i++) {
        struct result *r = run->results.v[i];
        if (is_rule_that_holds(r))
            continue;
        slice id = slice_of(r->id);
        struct result_baseline *entry = hash_get(&b->by_id, id);
        r->baseline = entry ? entry : hash_get(&b->by_id, without_label(id));
    }
}
