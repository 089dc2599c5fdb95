#include "client_steps.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include "step_table.h"

const struct node *step_ok_or_map(const struct node *value)
{
    return value->kind == NODE_MAP ? value : NULL;
}

bool step_wants_plus(const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(map, "expect"), items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        if (slice_eq_str(items[i]->text, "+"))
            return true;
    return false;
}

enum step_result step_client_failed(struct play *p, const struct step *s, const struct device *d,
                                    const struct node *at, const char *what,
                                    const struct error *err)
{
    static const enum error_code servers[] = { ERR_NETWORK, ERR_TIMEOUT, ERR_LOGIN, ERR_REFUSED,
                                               ERR_LIMIT };
    for (size_t i = 0; i < COUNT(servers); i++)
        if (err->code == servers[i])
            return play_fail(p, s, d, at, "%s%s", what ? what : "", err->text);
    return play_error_from(p, err);
}

const char *step_success(const struct device *d)
{
    return device_is_imap(d) ? "OK" : device_protocol(d) == PROTOCOL_POP3 ? "+OK" : "success";
}

void step_pop3_expect(struct device *d, slice commands)
{
    if (d->conn && !conn_challenged(d->conn))
        conn_expect_commands(d->conn, commands);
}

/* ---- collecting ---- */

static bool is_completion(const struct device *d, const struct unit *u, slice tag,
                          bool stop_at_plus)
{
    if (!device_is_imap(d))
        return true;
    if (!u->imap)
        return false;
    if (u->imap->kind == IMAP_TAGGED)
        return slice_eq(u->imap->tag, tag);
    return u->imap->kind == IMAP_CONTINUATION && stop_at_plus;
}

void step_collect(struct device *d, slice tag, bool stop_at_plus, nsec deadline, struct reply *ret)
{
    struct unit *u = d->pending;
    *ret = (struct reply) { .result = CONN_UNIT };
    /* What an await has left behind may already hold the completion. */
    while (u && !is_completion(d, u, tag, stop_at_plus))
        u = u->next;
    while (!u || !is_completion(d, u, tag, stop_at_plus)) {
        ret->result = device_take(d, deadline, &u);
        if (ret->result != CONN_UNIT)
            break;
    }
    ret->first = d->pending;
    if (ret->result == CONN_UNIT)
        ret->completion = ret->stop = u;
    if (ret->completion && d->outstanding)
        d->outstanding--;
}

/* ---- keeping ---- */

/* POP3: $name.body is the multi-line data, un-stuffed, and $name.octets their number. */
static void save_data(struct device *d, slice name, const struct pop3_reply *reply)
{
    auto_buf data;
    buf_init(&data, CONN_UNIT_MAX);
    pop3_reply_body(reply, &data);
    vars_set(&d->play->vars, slice_of(arena_printf(&d->play->arena, "%.*s.body", SLICE_ARG(name))),
             buf_slice(&data));
    vars_set_text(&d->play->vars, arena_printf(&d->play->arena, "%.*s.octets", SLICE_ARG(name)),
                  arena_printf(&d->play->arena, "%zu", data.n));
}

void step_save(struct device *d, const struct node *map, const struct reply *reply)
{
    const struct node *name = node_get(map, "save");
    if (!name || !reply->completion)
        return;
    vars_set(&d->play->vars, name->text, slice_trim(reply->completion->raw));
    if (reply->completion->pop3)
        save_data(d, name->text, reply->completion->pop3);
}

/* ---- after a command ---- */

static bool is_syntax_refusal(const struct unit *u)
{
    if (u->imap)
        return u->imap->kind == IMAP_TAGGED && u->imap->status == IMAP_BAD;
    if (u->smtp)
        return u->smtp->code >= 500 && u->smtp->code <= 504;
    return u->pop3 && u->pop3->status == POP3_ERR;
}

static const char *resync_id(const struct device *d)
{
    static const char *const ids[] = { [PROTOCOL_SMTP] = "invariant/smtp/resync",
                                       [PROTOCOL_LMTP] = "invariant/smtp/resync",
                                       [PROTOCOL_POP3] = "invariant/pop3/resync",
                                       [PROTOCOL_IMAP] = "invariant/imap/resync" };
    return ids[device_protocol(d)];
}

/* POP3 has no NOOP before the login (RFC 1939 section 5), and servers count what is no command. */
static const char *probe_command(const struct device *d)
{
    bool before_login =
        device_protocol(d) == PROTOCOL_POP3 && d->client.pop3.caps.state != CAPS_LOGIN;
    return before_login ? "CAPA" : "NOOP";
}

static int send_probe(struct device *d, slice *ret_tag)
{
    struct error err;
    auto_buf line;
    buf_init(&line, BUF_OURS);
    *ret_tag = device_is_imap(d) ? device_new_tag(d) : (slice) { NULL, 0 };
    if (ret_tag->n)
        buf_addf(&line, "%.*s ", SLICE_ARG(*ret_tag));
    buf_addf(&line, "%s\r\n", probe_command(d));
    step_pop3_expect(d, slice_of(probe_command(d)));
    invariants_command(d, slice_of(probe_command(d)));
    return conn_send(d->conn, buf_slice(&line), now() + d->play->timeout, &err);
}

/* A tagged response that is not ours answers something that was no command. */
static const struct unit *stray_reply(struct device *d, const struct reply *reply, slice tag)
{
    for (const struct unit *u = reply->first; u && u != reply->stop; u = u->next)
        if (u->imap && u->imap->kind == IMAP_TAGGED && !slice_eq(u->imap->tag, tag))
            return u;
    return NULL;
}

/* Servers that have had enough say so and close: that answers nothing, and need not. */
static bool is_farewell(struct device *d)
{
    struct unit *u;
    nsec deadline = now() + SECONDS(1);
    enum conn_result r;
    while ((r = device_take(d, deadline, &u)) == CONN_UNIT)
        ;
    return r == CONN_CLOSED;
}

/* One NOOP (CAPA before a login by POP3) must get exactly one reply: an always-on rule, only the
   finding is recorded. */
static void resync(struct device *d)
{
    struct reply reply;
    slice tag;
    struct unit *extra = NULL;
    if (!d->conn || conn_ended(d->conn) != CONN_OPEN)
        return;
    invariant_checked(d, resync_id(d));
    if (send_probe(d, &tag) < 0)
        return; /* closing after a syntax error is the server's right */
    step_collect(d, tag, false, now() + d->play->timeout, &reply);
    if (!reply.completion) {
        if (reply.result == CONN_TIMEOUT)
            invariant_break(d, resync_id(d), S(""), "%s got no reply to %s after a refusal",
                            d->name, probe_command(d));
        return;
    }
    const struct unit *stray = stray_reply(d, &reply, tag);
    const struct unit *answer = reply.completion;
    bool refused =
        !client_says_rate(answer) && ((answer->smtp && answer->smtp->class != 2) ||
                                      (answer->imap && answer->imap->status == IMAP_BAD));
    if (!stray && !refused && !device_is_imap(d) &&
        device_take(d, now() + MILLIS(1), &extra) == CONN_UNIT && !client_says_rate(extra))
        stray = extra;
    if ((stray || refused) && !is_farewell(d))
        invariant_break(d, resync_id(d), (stray ? stray : answer)->raw,
                        stray ? "%s got more than one reply to %s after a refusal"
                              : "%s had %s refused after a refusal: the session is out of step",
                        d->name, probe_command(d));
    device_drop_pending(d);
}

enum step_result step_finish(struct device *d, const struct reply *reply)
{
    bool probe = reply->completion && is_syntax_refusal(reply->completion) && !d->idling &&
                 d->outstanding == 0 && invariants_can_count(d);
    device_drop_pending(d);
    if (probe)
        resync(d);
    return STEP_OK;
}
