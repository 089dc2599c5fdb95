/* What is expected of golden messages (docs/golden-messages.md), as variables; and which parts a
   message has. */
#include "match_golden.h"
#include "message.h"
#include "session.h"
#include <stdio.h>

const char *message_path(struct arena *arena, const char *root, slice name, const char *extension)
{
    return arena_printf(arena, "%s/messages/%.*s.%s", root, SLICE_ARG(name), extension);
}

static const struct node *load(struct arena *arena, const char *root, slice name,
                               struct problems *problems)
{
    const char *path = message_path(arena, root, name, "yaml");
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    fclose(f);
    return node_load(path, path, arena, problems);
}

/* The value and its alternatives, one to a line; empty when there is none. */
static slice values_of(const struct node *file, const char *part, struct arena *arena,
                       struct problems *problems)
{
    slice *list;
    auto_buf all;
    buf_init(&all, BUF_OURS);
    const struct node *value = node_get(file, part),
                      *other = node_get(file, arena_printf(arena, "%s-or", part));
    if (!value || !node_is(value, NODE_SCALAR, part, problems))
        return (slice) { NULL, 0 };
    buf_add(&all, value->text);
    size_t n = node_strings(other, "alternatives", arena, &list, problems);
    for (size_t i = 0; i < n; i++)
        buf_addf(&all, "\n%.*s", SLICE_ARG(list[i]));
    return arena_dup(arena, buf_slice(&all));
}

void message_bind_golden(struct play *p, size_t number, slice name)
{
    struct problems problems = { 0 };
    const struct node *file = load(&p->arena, p->session->library->root, name, &problems);
    for (size_t i = 0; file && i < GOLDEN_KINDS; i++) {
        slice values = values_of(file, golden_parts[i], &p->arena, &problems);
        autofree char *variable = xprintf("msg%zu.golden.%s", number, golden_parts[i]);
        if (values.n)
            vars_set(&p->vars, slice_of(variable), values);
    }
    problems_release(&problems);
}

/* ---- validation ---- */

/* Message number `number` of a check: those of its mailboxes come first. */
static const struct node *message_at(const struct check *c, uint64_t number)
{
    uint64_t before = 0;
    for (size_t i = 0; i < c->n_mailboxes; before += c->mailboxes[i++].n)
        if (number > before && number <= before + c->mailboxes[i].n)
            return c->mailboxes[i].messages[number - before - 1];
    return number > before && number <= before + c->n_loose ? c->loose[number - before - 1] : NULL;
}

static void check_golden(struct step_check *c, const struct node *n, uint64_t number,
                         enum golden_kind kind)
{
    struct check_loader *l = c->loader;
    const struct node *message = message_at(c->check, number);
    slice *names;
    size_t count = message ? message_names(l, c->check, message, &names) : 0;
    if (!count)
        problem_add(l->problems, n->at, "message %u is not a golden message", (unsigned)number);
    for (size_t i = 0; i < count; i++) {
        const struct node *file = load(l->arena, l->root, names[i], l->problems);
        if (!file || !values_of(file, golden_parts[kind], l->arena, l->problems).n)
            problem_add(l->problems, n->at, "scenarios/messages/%.*s.yaml has no \"%s\"",
                        SLICE_ARG(names[i]), golden_parts[kind]);
    }
}

static bool is_known_part(slice part)
{
    static const char *const parts[] = { "header", "body", "size", "id", "subject", "lines" };
    uint64_t lines;
    for (size_t i = 0; i < COUNT(parts); i++)
        if (slice_eq_str(part, parts[i]))
            return true;
    return slice_starts(part, S("top")) && slice_to_u64(slice_skip(part, 3), MESSAGE_TOP, &lines);
}

void message_check_part(struct step_check *c, const struct node *n, slice variable)
{
    slice part = variable, stem = { NULL, 0 };
    enum golden_kind kind;
    uint64_t number;
    slice_cut(&part, '.', &stem);
    if (!slice_starts(stem, S("msg")) || !slice_to_u64(slice_skip(stem, 3), 10000, &number) ||
        !part.n)
        return;
    if (golden_variable(variable, &kind))
        check_golden(c, n, number, kind);
    else if (!is_known_part(part))
        problem_add(c->loader->problems, n->at,
                    "$%.*s: a message has .header, .body, .size, .id, .subject, .lines, .top0 to "
                    ".top%d and .golden.envelope, .golden.body, .golden.bodystructure",
                    SLICE_ARG(variable), MESSAGE_TOP);
}
