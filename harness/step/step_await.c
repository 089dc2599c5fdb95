/* What comes without being asked for: await, reply, silence, idle. */
#include "imap_response.h"
#include "step_table.h"

/* ---- await ---- */

/* "$1" */
static bool has_number(slice text)
{
    struct var_piece piece;
    uint64_t number;
    while (var_piece_next(&text, &piece))
        if (slice_to_u64(piece.name, UINT32_MAX, &number))
            return true;
    return false;
}

void step_await_check(struct step_check *c, const struct node *value, const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_check_items(c, value, "await", items);
    for (size_t i = 0; i < n; i++) {
        step_check_pattern(c, items[i]);
        if (has_number(items[i]->text))
            problem_add(c->loader->problems, items[i]->at,
                        "$1, $2, ... are the numbers when a command was sent; an await has none");
    }
    expect_check(c, map);
}

/* Closest of those that came, for the report. */
struct closest {
    struct match m;
    slice text;
};

static struct unit *find_match(struct device *d, slice pattern, struct unit *from,
                               struct closest *closest)
{
    for (struct unit *u = from; u; u = u->next) {
        struct match m = { .vars = device_vars(d) };
        if (expect_unit_matches(d, pattern, u, &m))
            return u;
        if (!closest->text.p || m.depth > closest->m.depth) {
            closest->m = m;
            closest->text = arena_dup(&d->play->arena, u->raw);
        }
    }
    return NULL;
}

static enum step_result not_arrived(struct device *d, const struct step *s, const struct node *at,
                                    enum conn_result why, nsec began, const struct closest *closest)
{
    struct play *p = d->play;
    char took[32];
    if (why == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "interrupted");
    if (why == CONN_CLOSED && expect_said_enough(d))
        return play_error(p, ERR_RATE, "%s is rate limited", d->name);
    if (why == CONN_CLOSED)
        play_fail(p, s, d, at, "%s waited for %.*s: %s", d->name, SLICE_ARG(at->text),
                  d->conn ? conn_end_text(d->conn) : "was not connected");
    else
        play_fail(p, s, d, at, "%s did not get %.*s within %s", d->name, SLICE_ARG(at->text),
                  duration_text(now() - began, took));
    play_fail_expected(p, at->text);
    if (closest->text.p && closest->m.depth)
        play_fail_actual(p, closest->text, &closest->m);
    return STEP_FAILED;
}

static enum step_result await_one(struct device *d, const struct step *s, const struct node *at,
                                  nsec deadline)
{
    struct closest closest = { 0 };
    nsec began = now();
    struct unit *u = find_match(d, at->text, d->pending, &closest);
    while (!u) {
        enum conn_result why = device_take(d, deadline, &u);
        if (why != CONN_UNIT)
            return not_arrived(d, s, at, why, began, &closest);
        u = find_match(d, at->text, u, &closest);
    }
    device_drop_unit(d, u);
    return STEP_OK;
}

static enum step_result none_arrived(struct device *d, const struct step *s, const struct node *at)
{
    struct closest closest = { 0 };
    struct unit *u = find_match(d, at->text, d->pending, &closest);
    if (!u)
        return STEP_OK;
    play_fail(d->play, s, d, at, "%s got %.*s, which must not come here", d->name,
              SLICE_ARG(at->text));
    play_fail_actual(d->play, u->raw, NULL);
    return STEP_FAILED;
}

enum step_result step_await_run(struct play *p, struct device *d, const struct step *s,
                                const struct node *value, const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(value, items, EXPECT_ITEMS_MAX);
    nsec deadline = play_deadline(p, map);
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < n && r == STEP_OK; i++)
        r = await_one(d, s, items[i], deadline);
    n = expect_items(node_get(map, "without"), items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n && r == STEP_OK; i++)
        r = none_arrived(d, s, items[i]);
    return r == STEP_OK ? expect_where(d, s, map) : r;
}

/* ---- reply ---- */

void step_reply_check(struct step_check *c, const struct node *value, const struct node *map)
{
    expect_check_completion(c, value);
    expect_check(c, map);
}

enum step_result step_reply_run(struct play *p, struct device *d, const struct step *s,
                                const struct node *value, const struct node *map)
{
    struct reply reply = { .result = CONN_UNIT, .completion = d->pending };
    nsec deadline = play_deadline(p, map);
    d->sent_at = now();
    if (!d->pending)
        reply.result = device_take(d, deadline, &reply.completion);
    if (reply.result != CONN_UNIT)
        reply.completion = NULL;
    if (d->outstanding)
        d->outstanding--;
    step_save(d, map, &reply);
    enum step_result r = expect_completion(d, s, value, value, NULL, &reply);
    if (r == STEP_OK)
        r = expect_rest(d, s, map, &reply);
    if (r == STEP_OK && reply.completion)
        device_drop_unit(d, reply.completion);
    return r;
}

/* ---- silence ---- */

void step_silence_check(struct step_check *c, const struct node *value, const struct node *map)
{
    nsec time;
    if (node_duration(value, "silence", &time, c->loader->problems) && time > STEP_PAUSE_LONG)
        c->check->slow = true;
}

enum step_result step_silence_run(struct play *p, struct device *d, const struct step *s,
                                  const struct node *value, const struct node *map)
{
    nsec time = 0;
    struct unit *u;
    duration_parse(value->text, &time);
    enum conn_result r = device_take(d, now() + time, &u);
    if (r == CONN_TIMEOUT)
        return STEP_OK;
    if (r == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "interrupted");
    if (r == CONN_CLOSED)
        return play_fail(p, s, d, value, "%s: the connection ended where nothing was to happen: %s",
                         d->name, d->conn ? conn_end_text(d->conn) : "was not connected");
    play_fail(p, s, d, value, "%s got something where nothing may come", d->name);
    play_fail_actual(p, u->raw, NULL);
    return STEP_FAILED;
}

/* ---- idle ---- */

void step_idle_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const words[] = { "start", "done" };
    size_t i;
    node_word(value, words, COUNT(words), "idle", &i, c->loader->problems);
    expect_check(c, map);
}

static enum step_result idle_start(struct device *d, const struct step *s, const struct node *map,
                                   const struct node *value)
{
    struct reply reply;
    slice tag = device_new_tag(d);
    const char *line = arena_printf(&d->play->arena, "%.*s IDLE\r\n", SLICE_ARG(tag));
    invariants_command(d, S("IDLE"));
    enum step_result r = device_write(d, s, slice_of(line));
    if (r != STEP_OK)
        return r;
    step_collect(d, tag, true, play_deadline(d->play, map), &reply);
    r = expect_reply(d, s, map, value, "+", &reply);
    if (r != STEP_OK)
        return r;
    d->idling = reply.completion && reply.completion->imap->kind == IMAP_CONTINUATION;
    /* What came before the continuation is news that an await may look for (RFC 2177 3). */
    if (reply.completion)
        device_drop_unit(d, reply.completion);
    return STEP_OK;
}

/* IDLE stays active until DONE (RFC 2177 3): an end that came before is no answer to it. */
static const struct unit *ended_early(struct device *d)
{
    struct unit *u;
    while (device_take(d, now(), &u) == CONN_UNIT)
        ;
    for (u = d->pending; u; u = u->next)
        if (u->imap && u->imap->kind == IMAP_TAGGED && slice_eq_str(u->imap->tag, d->tag))
            return u;
    return NULL;
}

static enum step_result idle_done(struct device *d, const struct step *s, const struct node *map,
                                  const struct node *value)
{
    struct reply reply;
    const struct unit *early = ended_early(d);
    if (early) {
        play_fail(d->play, s, d, value, "%s: the server ended IDLE before DONE", d->name);
        play_fail_actual(d->play, early->raw, NULL);
        return STEP_FAILED;
    }
    enum step_result r = device_write(d, s, S("DONE\r\n"));
    if (r != STEP_OK)
        return r;
    step_collect(d, slice_of(d->tag), false, play_deadline(d->play, map), &reply);
    d->idling = false;
    r = expect_reply(d, s, map, value, "OK", &reply);
    if (r == STEP_OK)
        device_drop_pending(d);
    return r;
}

enum step_result step_idle_run(struct play *p, struct device *d, const struct step *s,
                               const struct node *value, const struct node *map)
{
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    if (slice_eq_str(value->text, "start"))
        return idle_start(d, s, map, value);
    return idle_done(d, s, map, value);
}
