/* The order of steps: parallel, signal, wait, eventually, if, include, set, pause. */
#include "step_table.h"
#include <unistd.h>

/* ---- parallel ---- */

void step_parallel_check(struct step_check *c, const struct node *value)
{
    if (!node_is(value, NODE_LIST, "parallel", c->loader->problems))
        return;
    for (size_t i = 0; i < value->n; i++)
        steps_check(c, value->items[i]);
}

struct branches {
    struct play *play;
    struct branch {
        struct branches *all;
        const struct node *steps;
        struct task *task;
    } * v;
    size_t n, running;
    struct cond ended;
    /* The first that did not succeed, and what it said: the others only suffer from it. */
    const struct branch *first;
    enum step_result result;
    struct play_failure failure;
    struct error error;
    const char *skip_before;
};

static void cancel_all(struct branches *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (!task_is_done(all->v[i].task))
            task_cancel(all->v[i].task);
}

static void branch_main(void *arg)
{
    struct branch *b = arg;
    struct branches *all = b->all;
    struct play *p = all->play;
    enum step_result r = steps_run(p, b->steps);
    all->running--;
    cond_broadcast(&all->ended);
    if (all->first || (r == STEP_OK && p->skip == all->skip_before))
        return;
    all->first = b;
    all->result = r;
    all->error = p->error;
    all->failure = p->failure;
    p->failure = (struct play_failure) { .differs_from = SIZE_MAX };
    cancel_all(all);
}

enum step_result step_parallel_run(struct play *p, const struct step *s, const struct node *value)
{
    struct branches all = { .play = p, .n = value->n, .running = value->n, .skip_before = p->skip };
    all.v = arena_new_n(&p->arena, struct branch, value->n + 1);
    for (size_t i = 0; i < all.n; i++)
        all.v[i] = (struct branch) { &all, value->items[i], NULL };
    for (size_t i = 0; i < all.n; i++)
        all.v[i].task = task_spawn_named("branch", branch_main, &all.v[i]);
    while (all.running && cond_wait(&all.ended, NEVER) == WAKE_READY)
        ;
    if (all.running)
        cancel_all(&all); /* as we are */
    for (size_t i = 0; i < all.n; i++)
        task_join(all.v[i].task);
    if (all.result == STEP_OK) {
        play_failure_clear(&all.failure);
        return STEP_OK;
    }
    play_failure_clear(&p->failure);
    p->failure = all.failure;
    p->error = all.error;
    return all.result;
}

/* ---- signal and wait ---- */

void step_signal_check(struct step_check *c, const struct node *value)
{
    if (node_is(value, NODE_SCALAR, "signal", c->loader->problems))
        *array_push(&c->signals) = value->text;
}

enum step_result step_signal_run(struct play *p, const struct step *s, const struct node *value)
{
    *array_push(&p->signalled) = value->text;
    cond_broadcast(&p->signals);
    return STEP_OK;
}

void step_wait_check(struct step_check *c, const struct node *value)
{
    if (node_is(value, NODE_SCALAR, "wait", c->loader->problems))
        *array_push(&c->waits) = value;
}

static bool was_signalled(const struct play *p, slice name)
{
    for (size_t i = 0; i < p->signalled.n; i++)
        if (slice_eq(p->signalled.v[i], name))
            return true;
    return false;
}

enum step_result step_wait_run(struct play *p, const struct step *s, const struct node *value)
{
    nsec deadline = now() + 3 * p->timeout;
    while (!was_signalled(p, value->text)) {
        enum wake w = cond_wait(&p->signals, deadline);
        if (w == WAKE_CANCEL)
            return play_error(p, ERR_CANCEL, "interrupted");
        if (w == WAKE_TIMEOUT)
            return play_error(p, ERR_FILE, "nobody signalled \"%.*s\"", SLICE_ARG(value->text));
    }
    return STEP_OK;
}

/* ---- eventually ---- */

void step_eventually_check(struct step_check *c, const struct node *value)
{
    static const char *const keys[] = { "within", "steps" };
    if (!node_is(value, NODE_MAP, "eventually", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "eventually", c->loader->problems);
    step_check_within(c, value);
    if (node_get(value, "steps"))
        steps_check(c, node_get(value, "steps"));
    else
        problem_add(c->loader->problems, value->at, "eventually needs \"steps\"");
}

/* What a step that failed has bound, and the replies that it did not want. */
static void forget_attempt(struct play *p, size_t mark)
{
    vars_rewind(&p->vars, mark);
    for (size_t i = 0; i < p->check->n_devices; i++)
        device_drop_pending(&p->devices[i]);
}

enum step_result step_eventually_run(struct play *p, const struct step *s, const struct node *value)
{
    nsec deadline = play_deadline(p, value), pause = MILLIS(10);
    const char *skip_before = p->skip;
    unsigned tries = 0;
    for (;;) {
        size_t mark = vars_mark(&p->vars);
        enum step_result r = steps_run(p, node_get(value, "steps"));
        tries++;
        if (r == STEP_FAILED && now() >= deadline)
            play_fail_more(p, "tried %u times", tries);
        if (r != STEP_FAILED || p->skip != skip_before || p->breach.id || now() >= deadline)
            return r;
        forget_attempt(p, mark);
        if (task_sleep(now() + pause) == WAKE_CANCEL)
            return play_error(p, ERR_CANCEL, "interrupted");
        pause = pause < MILLIS(500) ? 2 * pause : pause;
    }
}

/* ---- if ---- */

void step_if_check(struct step_check *c, const struct node *value)
{
    static const char *const keys[] = { "steps", "then", "else" };
    if (!node_is(value, NODE_MAP, "if", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "if", c->loader->problems);
    for (size_t i = 0; i < COUNT(keys); i++)
        if (node_get(value, keys[i]))
            steps_check(c, node_get(value, keys[i]));
    if (!node_get(value, "steps") || value->n < 2)
        problem_add(c->loader->problems, value->at, "if needs \"steps\", and \"then\" or \"else\"");
}

enum step_result step_if_run(struct play *p, const struct step *s, const struct node *value)
{
    size_t mark = vars_mark(&p->vars);
    const char *skip_before = p->skip;
    enum step_result r = steps_run(p, node_get(value, "steps"));
    if (p->skip != skip_before || p->breach.id || (r != STEP_OK && r != STEP_FAILED))
        return r;
    const struct node *next = node_get(value, r == STEP_OK ? "then" : "else");
    if (r == STEP_FAILED)
        forget_attempt(p, mark);
    return next ? steps_run(p, next) : STEP_OK;
}

/* ---- include ---- */

enum { INCLUDE_DEPTH = 8 };

static const struct node *file_node(const struct node *value)
{
    return value->kind == NODE_MAP ? node_get(value, "file") : value;
}

/* The steps of the file; NULL when it has none, or is not read yet. */
static const struct node *find_include(const struct include_list *list, slice file)
{
    for (size_t i = 0; i < list->n; i++)
        if (slice_eq(list->v[i].file, file))
            return list->v[i].steps;
    return NULL;
}

/* Every file is read once, however many checks include it, and kept for the run. */
static const struct node *load_include(struct check_loader *l, const struct node *file)
{
    static const char *const file_keys[] = { "topic", "about", "steps" };
    const struct node *steps = find_include(l->includes, file->text);
    if (steps)
        return steps;
    const char *path = arena_printf(l->arena, "%s/%.*s", l->root, SLICE_ARG(file->text));
    const char *shown = arena_printf(l->arena, "scenarios/%.*s", SLICE_ARG(file->text));
    size_t before = l->problems->list.n;
    if (access(path, R_OK) < 0) {
        problem_add(l->problems, file->at, "there is no file %s", shown);
        return NULL;
    }
    struct node *root = node_load(path, shown, l->arena, l->problems);
    if (!root || l->problems->list.n != before)
        return NULL;
    node_only_keys(root, file_keys, COUNT(file_keys), "an included file", l->problems);
    steps = node_get(root, "steps");
    if (steps)
        *array_push(l->includes) = (struct include) { file->text, steps };
    else
        problem_add(l->problems, file->at, "%s has no \"steps\"", shown);
    return steps;
}

void step_include_check(struct step_check *c, const struct node *value)
{
    static const char *const keys[] = { "file", "with" };
    const struct node *file = file_node(value), *with = node_get(value, "with");
    if (value->kind == NODE_MAP)
        node_only_keys(value, keys, COUNT(keys), "include", c->loader->problems);
    if (!file || file->kind != NODE_SCALAR) {
        problem_add(c->loader->problems, value->at, "include names a file");
        return;
    }
    for (size_t i = 0; with && with->kind == NODE_MAP && i < with->n; i++) {
        step_check_text(c, with->items[i], "with");
        step_bind(c, with->keys[i]->text);
    }
    if (c->include_depth == INCLUDE_DEPTH) {
        problem_add(c->loader->problems, file->at, "includes are nested too deep");
        return;
    }
    const struct node *steps = load_include(c->loader, file);
    c->include_depth++;
    if (steps)
        steps_check(c, steps);
    c->include_depth--;
}

enum step_result step_include_run(struct play *p, const struct step *s, const struct node *value)
{
    const struct node *with = node_get(value, "with");
    for (size_t i = 0; with && i < with->n; i++) {
        slice text;
        enum step_result r = play_expand(NULL, p, with->items[i], &text);
        if (r != STEP_OK)
            return r;
        vars_set(&p->vars, with->keys[i]->text, text);
    }
    return steps_run(p, find_include(&p->session->library->includes, file_node(value)->text));
}

/* ---- set and pause ---- */

void step_set_check(struct step_check *c, const struct node *value)
{
    if (!node_is(value, NODE_MAP, "set", c->loader->problems))
        return;
    for (size_t i = 0; i < value->n; i++) {
        step_check_text(c, value->items[i], "set");
        step_bind(c, value->keys[i]->text);
    }
}

enum step_result step_set_run(struct play *p, const struct step *s, const struct node *value)
{
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < value->n && r == STEP_OK; i++) {
        slice text;
        r = play_expand(NULL, p, value->items[i], &text);
        if (r == STEP_OK)
            vars_set(&p->vars, value->keys[i]->text, text);
    }
    return r;
}

void step_pause_check(struct step_check *c, const struct node *value)
{
    nsec time = 0;
    if (node_duration(value, "pause", &time, c->loader->problems) && time > STEP_PAUSE_LONG)
        c->check->slow = true;
}

enum step_result step_pause_run(struct play *p, const struct step *s, const struct node *value)
{
    nsec time = 0;
    duration_parse(value->text, &time);
    return task_sleep(now() + time) == WAKE_CANCEL ? play_error(p, ERR_CANCEL, "interrupted")
                                                   : STEP_OK;
}
