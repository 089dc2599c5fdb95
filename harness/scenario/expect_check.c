/* Validation of what a step expects: what would be ignored at run time is a mistake here. */
#include "expect_private.h"

enum {
    IMAP = 1 << DEVICE_IMAP,
    POP3 = 1 << DEVICE_POP3,
    SMTP = 1 << DEVICE_SMTP | 1 << DEVICE_SUBMISSION | 1 << DEVICE_LMTP,
};

static const struct {
    const char *key;
    unsigned kinds; /* of devices for which it means something */
} patterns[] = {
    { "untagged", IMAP },
    { "lines", POP3 | SMTP },
    { "only", IMAP | POP3 | SMTP },
    { "in-order", IMAP | POP3 | SMTP },
    { "code", IMAP },
    { "without", IMAP | POP3 | SMTP },
};

size_t expect_check_items(struct step_check *c, const struct node *n, const char *what,
                          const struct node *ret[EXPECT_ITEMS_MAX])
{
    struct problems *problems = c->loader->problems;
    if (!n || n->kind == NODE_SCALAR)
        return expect_items(n, ret, EXPECT_ITEMS_MAX);
    if (!node_is(n, NODE_LIST, what, problems))
        return 0;
    if (!n->n || n->n > EXPECT_ITEMS_MAX)
        problem_add(problems, n->at, "%s lists 1 to %d, this %zu", what, EXPECT_ITEMS_MAX, n->n);
    size_t count = expect_items(n, ret, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!node_is(ret[i], NODE_SCALAR, what, problems))
            return 0;
    return count;
}

static void check_kind(struct step_check *c, const struct node *n, const char *key, unsigned kinds)
{
    if (n && c->device && !(kinds >> c->device->kind & 1))
        problem_add(c->loader->problems, n->at, "\"%s\" is not for %s devices", key,
                    device_kind_names[c->device->kind]);
}

static void check_patterns(struct step_check *c, const struct node *n, const char *what)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_check_items(c, n, what, items);
    for (size_t i = 0; i < count; i++)
        step_check_pattern(c, items[i]);
}

/* Is every alternative a refusal or a close? */
static bool refuses_all(const struct node *expect)
{
    static const char *const negative[] = { "NO", "BAD", "-ERR", "closed", "4", "5" };
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(expect, items, EXPECT_ITEMS_MAX);
    bool refuses = n > 0;
    for (size_t i = 0; i < n; i++) {
        bool one = false;
        for (size_t k = 0; k < COUNT(negative); k++)
            one |= slice_starts(items[i]->text, slice_of(negative[k]));
        refuses &= one;
    }
    return refuses;
}

void expect_check_completion(struct step_check *c, const struct node *n)
{
    check_patterns(c, n, "expect");
    c->check->refuses |= refuses_all(n);
}

/* `only: []` where responses are lines: there must be none. In IMAP it would name no kind. */
static bool is_no_lines(const struct step_check *c, const struct node *n, const char *key)
{
    return n && n->kind == NODE_LIST && !n->n && strcmp(key, "only") == 0 && c->device &&
           c->device->kind != DEVICE_IMAP;
}

static void check_save(struct step_check *c, const struct node *n)
{
    static const char *const parts[] = { "body", "octets" };
    if (!n || !node_is(n, NODE_SCALAR, "save", c->loader->problems))
        return;
    step_bind(c, n->text);
    for (size_t i = 0; i < COUNT(parts) && c->device && c->device->kind == DEVICE_POP3; i++)
        step_bind(
            c, slice_of(arena_printf(c->loader->arena, "%.*s.%s", SLICE_ARG(n->text), parts[i])));
}

static void check_body(struct step_check *c, const struct node *n)
{
    static const char *const keys[] = { "starts" };
    check_kind(c, n, "body", POP3);
    if (!n || n->kind == NODE_SCALAR) {
        if (n)
            step_check_text(c, n, "body");
        return;
    }
    if (!node_is(n, NODE_MAP, "body", c->loader->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "body", c->loader->problems);
    if (node_get(n, "starts"))
        step_check_text(c, node_get(n, "starts"), "starts");
    else
        problem_add(c->loader->problems, n->at, "body is a text, or {starts: TEXT}");
}

void expect_check_rest(struct step_check *c, const struct node *map)
{
    for (size_t i = 0; i < COUNT(patterns); i++) {
        const struct node *n = node_get(map, patterns[i].key);
        if (is_no_lines(c, n, patterns[i].key))
            continue;
        check_kind(c, n, patterns[i].key, patterns[i].kinds);
        check_patterns(c, n, patterns[i].key);
    }
    check_save(c, node_get(map, "save"));
    check_body(c, node_get(map, "body"));
    step_check_within(c, map);
    expect_check_where(c, node_get(map, "where"));
}

void expect_check(struct step_check *c, const struct node *map)
{
    expect_check_completion(c, node_get(map, "expect"));
    expect_check_rest(c, map);
}

void expect_check_unread(struct step_check *c, const struct node *map)
{
    static const char *const reading[] = { "untagged", "lines", "only", "in-order", "without",
                                           "code",     "body",  "save", "within" };
    for (size_t i = 0; i < COUNT(reading); i++)
        if (node_get(map, reading[i]))
            problem_add(c->loader->problems, node_get(map, reading[i])->at,
                        "nothing is read here, so \"%s\" means nothing; add \"expect\"",
                        reading[i]);
}
