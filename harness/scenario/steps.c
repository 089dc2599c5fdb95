/* Validation of steps against the table of verbs. Running them is play.c's. */
#include "step.h"
#include "match.h"
#include "message.h"
#include "vars.h"

/* The part of a name before its dot: "msg1" of "msg1.size". */
static slice stem_of(slice name)
{
    size_t dot = slice_find_char(name, '.');
    return slice_sub(name, 0, dot == SIZE_MAX ? name.n : dot);
}

static bool is_bound(const struct step_check *c, slice name)
{
    uint64_t number;
    if (slice_to_u64(name, UINT32_MAX, &number))
        return true;
    for (size_t i = 0; i < c->known.n; i++)
        if (slice_eq(c->known.v[i], name) || slice_eq(c->known.v[i], stem_of(name)))
            return true;
    return false;
}

void step_bind(struct step_check *c, slice name)
{
    if (!is_bound(c, name))
        *array_push(&c->known) = name;
}

static const char *known_at(const void *ctx, size_t i)
{
    static char name[64]; /* single-threaded, and used up by nearest_of before the next call */
    slice s = ((const struct step_check *)ctx)->known.v[i];
    size_t n = s.n < sizeof name - 1 ? s.n : sizeof name - 1;
    memcpy(name, s.p, n);
    name[n] = '\0';
    return name;
}

/* What a variable implies for the target. */
static void note_use(struct check *c, slice name)
{
    const struct {
        const char *stem;
        bool *flag;
    } uses[] = { { "separator", &c->uses_separator }, { "separator", &c->uses_prefix },
                 { "prefix", &c->uses_prefix },       { "outside", &c->needs_outside },
                 { "address", &c->needs_addresses },  { "address1", &c->needs_addresses },
                 { "address2", &c->needs_addresses }, { "address3", &c->needs_addresses },
                 { "domain", &c->needs_addresses } };
    for (size_t i = 0; i < COUNT(uses); i++)
        if (slice_eq_str(stem_of(name), uses[i].stem))
            *uses[i].flag = true;
}

void step_check_text(struct step_check *c, const struct node *n, const char *what)
{
    struct var_piece piece;
    slice rest = n->text;
    if (!node_is(n, NODE_SCALAR, what, c->loader->problems))
        return;
    while (var_piece_next(&rest, &piece)) {
        if (!piece.name.n)
            continue;
        note_use(c->check, piece.name);
        message_check_part(c, n, piece.name);
        if (is_bound(c, piece.name))
            continue;
        bool near = nearest_of(piece.name, c->known.n, known_at, c) != NULL;
        problem_add(c->loader->problems, n->at,
                    "the variable $%.*s is not bound here%s; write $$ for a dollar sign",
                    SLICE_ARG(piece.name), near ? " (is it misspelt?)" : "");
    }
}

struct capturing {
    struct step_check *check;
    const struct node *pattern;
};

static void bind_captured(void *ctx, slice name)
{
    struct capturing *c = ctx;
    note_use(c->check->check, name);
    message_check_part(c->check, c->pattern, name);
    step_bind(c->check, name);
}

/* Expressions that cannot be compiled would match nothing. */
static void check_regexes(struct step_check *c, const struct node *n, const struct pattern *p)
{
    char why[200];
    if (p->kind == PATTERN_REGEX && match_regex(p->text, S(""), NULL, why) < 0)
        problem_add(c->loader->problems, n->at, "the expression /%.*s/ is wrong: %s",
                    SLICE_ARG(p->text), why);
    for (size_t i = 0; i < p->n; i++)
        check_regexes(c, n, &p->items[i]);
}

static void bind_groups(struct step_check *c, const struct pattern *p)
{
    slice rest = p->kind == PATTERN_REGEX ? p->text : (slice) { NULL, 0 };
    for (size_t at; (at = slice_find(rest, S("(?<"))) != SIZE_MAX;) {
        rest = slice_skip(rest, at + 3);
        size_t end = slice_find_char(rest, '>');
        if (end != SIZE_MAX && end)
            step_bind(c, slice_sub(rest, 0, end));
    }
    for (size_t i = 0; i < p->n; i++)
        bind_groups(c, &p->items[i]);
}

void step_check_pattern(struct step_check *c, const struct node *n)
{
    struct pattern p;
    size_t offset;
    const char *why;
    if (!node_is(n, NODE_SCALAR, "a pattern", c->loader->problems))
        return;
    if (!pattern_parse(n->text, c->loader->arena, &p, &offset, &why)) {
        struct place at = n->at;
        at.column += (unsigned)offset + n->quoted;
        at.length = 1;
        problem_add(c->loader->problems, at, "%s in this pattern", why);
        return;
    }
    if (!p.n)
        problem_add(c->loader->problems, n->at, "an empty pattern");
    pattern_variables(&p, bind_captured, &(struct capturing) { c, n });
    check_regexes(c, n, &p);
    bind_groups(c, &p);
}

void step_check_within(struct step_check *c, const struct node *map)
{
    const struct node *n = node_get(map, "within");
    nsec time;
    if (n && node_duration(n, "within", &time, c->loader->problems) && time > STEP_WAIT_LONG)
        c->check->slow = true;
}

/* ---- one step ---- */

static const struct device_verb *verb_of(const struct step_kinds *kinds, slice name)
{
    for (size_t i = 0; i < kinds->n_device; i++)
        if (slice_eq_str(name, kinds->device[i].name))
            return &kinds->device[i];
    return NULL;
}

static const char *device_verb_name(const void *ctx, size_t i)
{
    return ((const struct step_kinds *)ctx)->device[i].name;
}

static void check_options(struct step_check *c, const struct device_verb *verb,
                          const struct node *map)
{
    const char *keys[40];
    size_t n = 0;
    keys[n++] = verb->name;
    for (const char *const *o = verb->options; *o && n < COUNT(keys); o++)
        keys[n++] = *o;
    autofree char *what = xprintf("a step with \"%s\"", verb->name);
    node_only_keys(map, keys, n, what, c->loader->problems);
}

static void check_verb(struct step_check *c, const struct device_verb *verb,
                       const struct node *value, const struct node *map)
{
    if (!(verb->protocols >> c->device->kind & 1))
        problem_add(c->loader->problems, value->at, "\"%s\" is not for %s devices", verb->name,
                    device_kind_names[c->device->kind]);
    else
        verb->check(c, value, map);
}

/* What a device does: a scalar is a command that must succeed. */
static void check_action(struct step_check *c, const struct node *value)
{
    const struct step_kinds *kinds = c->loader->kinds;
    const struct device_verb *found = NULL;
    if (value->kind == NODE_SCALAR) {
        check_verb(c, verb_of(kinds, S("send")), value, NULL);
        return;
    }
    if (!node_is(value, NODE_MAP, "what a device does", c->loader->problems))
        return;
    for (size_t i = 0; i < value->n; i++) {
        const struct device_verb *verb = verb_of(kinds, value->keys[i]->text);
        if (verb && found)
            problem_add(c->loader->problems, value->keys[i]->at,
                        "one step has one verb; this one has \"%s\" and \"%s\"", found->name,
                        verb->name);
        found = found ? found : verb;
    }
    if (!found) {
        const char *near =
            value->n ? nearest_of(value->keys[0]->text, kinds->n_device, device_verb_name, kinds)
                     : NULL;
        problem_add(c->loader->problems, value->n ? value->keys[0]->at : value->at,
                    "the step has no verb%s%s%s", near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
        return;
    }
    check_options(c, found, value);
    check_verb(c, found, node_get(value, found->name), value);
}

static bool is_every_device(slice name)
{
    return slice_eq_str(name, "both") || slice_eq_str(name, "all");
}

static const struct plain_verb *plain_of(const struct step_kinds *kinds, slice name)
{
    for (size_t i = 0; i < kinds->n_plain; i++)
        if (slice_eq_str(name, kinds->plain[i].name))
            return &kinds->plain[i];
    return NULL;
}

static void unknown_actor(struct step_check *c, const struct node *key)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < c->check->n_devices && n < 30; i++)
        names[n++] = c->check->devices[i].name;
    for (size_t i = 0; i < c->loader->kinds->n_plain && n < 60; i++)
        names[n++] = c->loader->kinds->plain[i].name;
    const char *near = nearest_word(key->text, names, n);
    problem_add(c->loader->problems, key->at,
                "\"%.*s\" is neither a device of this check nor a step%s%s%s", SLICE_ARG(key->text),
                near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void check_actor(struct step_check *c, const struct node *key, const struct node *value)
{
    const struct plain_verb *plain = plain_of(c->loader->kinds, key->text);
    bool every = is_every_device(key->text), found = false;
    if (plain) {
        c->device = NULL;
        plain->check(c, value);
        return;
    }
    for (size_t i = 0; i < c->check->n_devices; i++) {
        if (!every && !slice_eq_str(key->text, c->check->devices[i].name))
            continue;
        found = true;
        c->device = &c->check->devices[i];
        check_action(c, value);
        c->device = NULL;
    }
    if (!found)
        unknown_actor(c, key);
}

static void check_step(struct step_check *c, const struct node *n)
{
    const struct node *actor = NULL, *value = NULL;
    if (!node_is(n, NODE_MAP, "a step", c->loader->problems))
        return;
    for (size_t i = 0; i < n->n; i++) {
        slice key = n->keys[i]->text;
        if (slice_eq_str(key, "why") || slice_eq_str(key, "title") ||
            slice_eq_str(key, "or-skip")) {
            node_is(n->items[i], NODE_SCALAR, "why, title and or-skip", c->loader->problems);
        } else if (actor) {
            problem_add(c->loader->problems, n->keys[i]->at,
                        "a step has one actor; put \"%.*s\" inside braces if it is an option",
                        SLICE_ARG(key));
        } else {
            actor = n->keys[i];
            value = n->items[i];
        }
    }
    if (actor)
        check_actor(c, actor, value);
    else
        problem_add(c->loader->problems, n->at, "a step says who does what");
}

void steps_check(struct step_check *c, const struct node *list)
{
    if (!node_is(list, NODE_LIST, "steps", c->loader->problems))
        return;
    if (!list->n)
        problem_add(c->loader->problems, list->at, "no steps");
    for (size_t i = 0; i < list->n; i++)
        check_step(c, list->items[i]);
}

void steps_check_signals(struct step_check *c)
{
    for (size_t i = 0; i < c->waits.n; i++) {
        bool given = false;
        for (size_t k = 0; k < c->signals.n; k++)
            given |= slice_eq(c->signals.v[k], c->waits.v[i]->text);
        if (!given)
            problem_add(c->loader->problems, c->waits.v[i]->at, "no step signals \"%.*s\"",
                        SLICE_ARG(c->waits.v[i]->text));
    }
}

/* ---- names that are always bound ---- */

#include "check_private.h"

static void bind_message(struct step_check *sc, size_t number)
{
    step_bind(sc, slice_of(arena_printf(sc->loader->arena, "msg%zu", number)));
}

void check_bind_all(struct step_check *sc)
{
    static const char *const always[] = { "user",      "address", "password",  "domain",
                                          "outside",   "tag",     "run",       "service",
                                          "host",      "user1",   "address1",  "user2",
                                          "address2",  "user3",   "address3",  "prefix",
                                          "separator", "tls",     "sasl-plain" };
    const struct check *c = sc->check;
    for (size_t i = 0; i < COUNT(always); i++)
        step_bind(sc, slice_of(always[i]));
    const struct node *each = c->each;
    const struct node *row = each && each->kind == NODE_LIST && each->n ? each->items[0] : each;
    for (size_t i = 0; row && row->kind == NODE_MAP && i < row->n; i++)
        step_bind(sc, row->keys[i]->text);
    size_t number = 1;
    for (size_t i = 0; i < c->n_mailboxes; i++) {
        if (c->mailboxes[i].name[0])
            step_bind(sc, slice_of(c->mailboxes[i].name));
        for (size_t k = 0; k < c->mailboxes[i].n; k++)
            bind_message(sc, number++);
    }
    for (size_t k = 0; k < c->n_loose; k++)
        bind_message(sc, number++);
}
