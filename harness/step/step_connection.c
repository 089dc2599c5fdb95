/* Opening and ending connections: connect, close, closed. */
#include "step_table.h"

/* ---- connect ---- */

void step_connect_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const keys[] = { "state", "expect" };
    static const char *const plain[] = { "ok" };
    size_t i;
    if (value->kind == NODE_SCALAR) {
        node_word(value, plain, 1, "connect", &i, c->loader->problems);
        return;
    }
    if (!node_is(value, NODE_MAP, "connect", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "connect", c->loader->problems);
    if (node_get(value, "state"))
        node_word(node_get(value, "state"), device_state_names, 6, "state", &i,
                  c->loader->problems);
    expect_check(c, value);
}

static bool wants_refusal(const struct node *expect)
{
    return expect && expect->kind == NODE_SCALAR && slice_eq_str(expect->text, "refused");
}

static enum device_state wanted(struct device *d, const struct node *map)
{
    const struct node *n = node_get(map, "state");
    for (int i = 0; n && i <= STATE_LOGIN; i++)
        if (slice_eq_str(n->text, device_state_names[i]))
            return (enum device_state)i;
    enum device_state planned = device_wanted_state(d);
    if (node_get(map, "expect"))
        return STATE_CONNECTED;
    return planned == STATE_CLOSED ? STATE_GREETING : planned;
}

static enum step_result judge_greeting(struct device *d, const struct step *s,
                                       const struct node *map, const struct node *value)
{
    struct reply reply = { .result = CONN_UNIT };
    d->sent_at = now();
    reply.result = device_take(d, now() + d->play->timeout, &reply.completion);
    if (reply.result != CONN_UNIT)
        reply.completion = NULL;
    enum step_result r = expect_completion(d, s, node_get(map, "expect"), value, NULL, &reply);
    if (r == STEP_OK)
        device_drop_pending(d);
    return r;
}

enum step_result step_connect_run(struct play *p, struct device *d, const struct step *s,
                                  const struct node *value, const struct node *map)
{
    struct error err = { 0 };
    const struct node *m = value->kind == NODE_MAP ? value : NULL, *expect = node_get(m, "expect");
    device_close(d);
    int r = device_open(d, wanted(d, m), &err);
    if (wants_refusal(expect))
        return r == ERR_NETWORK ? STEP_OK
               : r < 0          ? play_error_from(p, &err)
                                : play_fail(p, s, d, expect, "%s was let in", d->name);
    if (r < 0)
        return step_client_failed(p, s, d, value, NULL, &err);
    return expect ? judge_greeting(d, s, m, value) : STEP_OK;
}

/* ---- close ---- */

static const char *const ways[] = { "fin", "half", "reset" };

void step_close_check(struct step_check *c, const struct node *value, const struct node *map)
{
    size_t i;
    node_word(value, ways, COUNT(ways), "close", &i, c->loader->problems);
}

enum step_result step_close_run(struct play *p, struct device *d, const struct step *s,
                                const struct node *value, const struct node *map)
{
    struct error err;
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    if (slice_eq_str(value->text, "half")) {
        conn_half_close(d->conn, now() + p->timeout, &err);
        return STEP_OK;
    }
    if (slice_eq_str(value->text, "reset"))
        conn_reset(d->conn);
    device_close(d);
    return STEP_OK;
}

/* ---- closed ---- */

void step_closed_check(struct step_check *c, const struct node *value, const struct node *map)
{
    nsec time;
    static const char *const words[] = { "close-notify" };
    size_t i;
    c->check->refuses |= !node_get(map, "with");
    node_duration(value, "closed", &time, c->loader->problems);
    if (node_get(map, "with"))
        node_word(node_get(map, "with"), words, COUNT(words), "with", &i, c->loader->problems);
}

/* In TLS a FIN counts only behind close_notify; without TLS there is none. */
static enum step_result judge_end(struct device *d, const struct step *s, const struct node *map)
{
    const struct node *with = node_get(map, "with");
    if (!with || (d->conn && conn_in_tls(d->conn) && conn_ended(d->conn) == CONN_FIN))
        return STEP_OK;
    return play_fail(d->play, s, d, with,
                     "%s: the server's end of the connection was no close_notify: %s", d->name,
                     d->conn ? conn_end_text(d->conn) : "was not connected");
}

enum step_result step_closed_run(struct play *p, struct device *d, const struct step *s,
                                 const struct node *value, const struct node *map)
{
    nsec time = 0;
    struct unit *u;
    enum conn_result r;
    duration_parse(value->text, &time);
    nsec deadline = now() + time;
    do
        r = device_take(d, deadline, &u);
    while (r == CONN_UNIT);
    if (r == CONN_CLOSED)
        return judge_end(d, s, map);
    if (r == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "interrupted");
    return play_fail(p, s, d, value, "%s: the server has not closed the connection within %.*s",
                     d->name, SLICE_ARG(value->text));
}
