/* What steps use: variables, failures, units. The life of a play is play_run.c's. */
#include "play.h"
#include "invariant.h"
#include <stdarg.h>
#include <stdio.h>

struct device *play_device(struct play *p, slice name)
{
    for (size_t i = 0; i < p->check->n_devices; i++)
        if (slice_eq_str(name, p->devices[i].name))
            return &p->devices[i];
    return NULL;
}

struct vars *device_vars(struct device *d)
{
    d->play->vars.outer = &d->vars;
    return &d->play->vars;
}

enum step_result play_expand(struct device *d, struct play *p, const struct node *n, slice *ret)
{
    auto_buf out;
    slice missing;
    buf_init(&out, BUF_OURS);
    p->vars.outer = d ? &d->vars : p->check->n_devices ? &p->devices[0].vars : NULL;
    if (!vars_expand(&p->vars, n->text, &out, &missing))
        return play_error(p, ERR_FILE, "%s:%u: the variable $%.*s has no value here", n->at.file,
                          n->at.line, SLICE_ARG(missing));
    *ret = arena_dup(&p->arena, buf_slice(&out));
    return STEP_OK;
}

nsec play_deadline(const struct play *p, const struct node *map)
{
    nsec within = p->timeout;
    const struct node *n = node_get(map, "within");
    if (n)
        duration_parse(n->text, &within);
    return now() + within;
}

/* ---- failures ---- */

/* In the play's arena. */
static char *text_of(struct play *p, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static char *text_of(struct play *p, const char *format, va_list args)
{
    autofree char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        abort();
    return arena_str(&p->arena, slice_of(text));
}

void play_failure_clear(struct play_failure *f)
{
    array_release(&f->expected);
    array_release(&f->more);
    *f = (struct play_failure) { .differs_from = SIZE_MAX };
}

enum step_result play_fail(struct play *p, const struct step *s, const struct device *d,
                           const struct node *at, const char *format, ...)
{
    va_list args;
    play_failure_clear(&p->failure);
    p->failure.set = true;
    va_start(args, format);
    p->failure.message = text_of(p, format, args);
    va_end(args);
    p->failure.at = at ? at : s ? s->key : NULL;
    if (s) {
        struct step *copy = arena_new(&p->arena, struct step);
        *copy = *s;
        p->failure.step = copy;
    }
    p->failure.device = d ? d->name : NULL;
    return STEP_FAILED;
}

void play_fail_expected(struct play *p, slice alternative)
{
    *array_push(&p->failure.expected) = arena_dup(&p->arena, alternative);
}

void play_fail_actual(struct play *p, slice bytes, const struct match *m)
{
    enum { SHOWN = 4000 };
    struct play_failure *f = &p->failure;
    f->actual = arena_dup(&p->arena, slice_sub(bytes, 0, SHOWN));
    f->has_actual = true;
    f->differs_from = SIZE_MAX;
    if (!m || m->offset > f->actual.n)
        return;
    f->differs_from = m->offset;
    f->differs_to = m->offset + m->length < f->actual.n ? m->offset + m->length : f->actual.n;
    auto_buf wanted;
    slice missing;
    buf_init(&wanted, BUF_OURS);
    bool bound = vars_expand(&p->vars, m->wanted, &wanted, &missing);
    f->wanted = arena_dup(&p->arena, bound ? buf_slice(&wanted) : m->wanted);
}

void play_fail_more(struct play *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *array_push(&p->failure.more) = text_of(p, format, args);
    va_end(args);
}

enum step_result play_error(struct play *p, enum error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->error.text, sizeof p->error.text, format, args);
    va_end(args);
    p->error.code = code;
    return code == ERR_CANCEL ? STEP_CANCELLED : STEP_ERROR;
}

enum step_result play_error_from(struct play *p, const struct error *err)
{
    p->error = *err;
    return err->code == ERR_CANCEL ? STEP_CANCELLED : STEP_ERROR;
}

enum step_result play_skip(struct play *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    p->skip = text_of(p, format, args);
    va_end(args);
    return STEP_FAILED;
}

/* ---- units ---- */

enum conn_result device_take(struct device *d, nsec deadline, struct unit **ret)
{
    struct unit *u;
    if (!d->conn)
        return CONN_CLOSED;
    enum conn_result r = conn_next(d->conn, deadline, &u);
    if (r != CONN_UNIT)
        return r;
    u->next = NULL;
    *d->pending_end = u;
    d->pending_end = &u->next;
    *ret = u;
    return CONN_UNIT;
}

void device_drop_unit(struct device *d, struct unit *u)
{
    struct unit **at = &d->pending;
    while (*at && *at != u)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = u->next;
    if (d->pending_end == &u->next)
        d->pending_end = at;
    unit_free(u);
}

void device_drop_pending(struct device *d)
{
    while (d->pending)
        device_drop_unit(d, d->pending);
    d->pending_end = &d->pending;
}

enum step_result device_write(struct device *d, const struct step *s, slice bytes)
{
    struct error err;
    if (!d->conn)
        return play_fail(d->play, s, d, NULL, "%s is not connected", d->name);
    d->sent_after = conn_units(d->conn);
    d->sent_at = now();
    int r = conn_send(d->conn, bytes, now() + d->play->timeout, &err);
    if (r == 0)
        return STEP_OK;
    if (r == ERR_CANCEL || conn_ended(d->conn) == CONN_OPEN)
        return play_error_from(d->play, &err);
    /* The server has closed: what it said before is still there, and the reply will tell. */
    return STEP_OK;
}

slice device_new_tag(struct device *d)
{
    slice tag = imap_next_tag(&d->client.imap, d->tag);
    vars_set(&d->vars, S("tag"), tag);
    return tag;
}

/* ---- running steps ---- */

static const struct device_verb *verb_in(const struct step_kinds *kinds, const struct node *map,
                                         const struct node **ret_value)
{
    for (size_t i = 0; i < kinds->n_device; i++) {
        *ret_value = node_get(map, kinds->device[i].name);
        if (*ret_value)
            return &kinds->device[i];
    }
    return NULL;
}

static const struct device_verb *send_verb(const struct step_kinds *kinds)
{
    for (size_t i = 0; i < kinds->n_device; i++)
        if (strcmp(kinds->device[i].name, "send") == 0)
            return &kinds->device[i];
    return NULL;
}

static enum step_result run_action(struct play *p, struct device *d, const struct step *s)
{
    const struct step_kinds *kinds = p->session->library->kinds;
    const struct node *value = s->value, *map = NULL;
    const struct device_verb *verb;
    if (s->value->kind == NODE_SCALAR) {
        verb = send_verb(kinds);
    } else {
        map = s->value;
        verb = verb_in(kinds, map, &value);
    }
    return verb->run(p, d, s, value, map);
}

static enum step_result run_actor(struct play *p, const struct step *s)
{
    const struct step_kinds *kinds = p->session->library->kinds;
    slice name = s->key->text;
    bool every = slice_eq_str(name, "both") || slice_eq_str(name, "all");
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < kinds->n_plain; i++)
        if (slice_eq_str(name, kinds->plain[i].name))
            return kinds->plain[i].run(p, s, s->value);
    for (size_t i = 0; i < p->check->n_devices && r == STEP_OK; i++)
        if (every || slice_eq_str(name, p->devices[i].name))
            r = run_action(p, &p->devices[i], s);
    return r;
}

static void step_from_node(const struct node *n, struct step *ret)
{
    *ret = (struct step) { .at = n->at };
    for (size_t i = 0; i < n->n; i++) {
        if (slice_eq_str(n->keys[i]->text, "why"))
            ret->why = n->items[i];
        else if (slice_eq_str(n->keys[i]->text, "title"))
            ret->title = n->items[i];
        else if (slice_eq_str(n->keys[i]->text, "or-skip"))
            ret->or_skip = n->items[i];
        else {
            ret->key = n->keys[i];
            ret->value = n->items[i];
        }
    }
}

/* What matched its pattern may still break a rule that the check upholds (`upholds`). */
static enum step_result breach_failure(struct play *p, const struct step *s)
{
    const struct play_breach *b = &p->breach;
    struct match m = { .offset = b->offset, .length = 1 };
    play_fail(p, s, b->device, s->value, "%s", b->message);
    play_fail_more(p, "breaks %s", b->id);
    play_fail_actual(p, b->actual, b->offset == SIZE_MAX ? NULL : &m);
    return STEP_FAILED;
}

enum step_result steps_run(struct play *p, const struct node *list)
{
    enum step_result r = STEP_OK;
    const char *before = p->skip; /* `always` runs after a skip, too */
    for (size_t i = 0; i < list->n && r == STEP_OK && p->skip == before; i++) {
        struct step s;
        step_from_node(list->items[i], &s);
        r = run_actor(p, &s);
        if (r == STEP_FAILED && s.or_skip && !p->breach.id) {
            p->skip = arena_str(&p->arena, s.or_skip->text);
            r = STEP_OK;
        }
        if (r == STEP_OK && p->breach.id)
            r = breach_failure(p, &s);
    }
    return r;
}
