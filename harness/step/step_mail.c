/* Messages over SMTP and LMTP: whole transactions, and the data alone. */
#include "dot_stuff.h"
#include "given.h"
#include "smtp_client.h"
#include "smtp_reply.h"
#include "step_table.h"

/* ---- mail ---- */

void step_mail_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const keys[] = { "from", "to", "message", "by", "params", "rcpt-params" };
    static const char *const ways[] = { "data", "bdat" };
    size_t i;
    step_check_within(c, map);
    if (!node_is(value, NODE_MAP, "mail", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "mail", c->loader->problems);
    for (i = 0; i < 3; i++)
        if (!node_get(value, keys[i]))
            problem_add(c->loader->problems, value->at, "mail needs \"%s\"", keys[i]);
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_check_items(c, node_get(value, "to"), "to", items);
    for (size_t k = 0; k < n; k++)
        step_check_text(c, items[k], "to");
    for (i = 0; i < COUNT(keys); i++)
        if (i != 1 && i != 3 && node_get(value, keys[i]))
            step_check_text(c, node_get(value, keys[i]), keys[i]);
    if (node_get(value, "by"))
        node_word(node_get(value, "by"), ways, COUNT(ways), "by", &i, c->loader->problems);
}

static enum step_result fill(struct device *d, const struct node *value, struct smtp_message *m,
                             slice *to)
{
    struct play *p = d->play;
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(value, "to"), items, EXPECT_ITEMS_MAX);
    enum step_result r = play_expand(d, p, node_get(value, "from"), &m->from);
    for (size_t i = 0; i < n && r == STEP_OK; i++)
        r = play_expand(d, p, items[i], &to[i]);
    if (r == STEP_OK)
        r = play_expand(d, p, node_get(value, "message"), &m->content);
    if (r == STEP_OK && node_get(value, "params"))
        r = play_expand(d, p, node_get(value, "params"), &m->mail_params);
    if (r == STEP_OK && node_get(value, "rcpt-params"))
        r = play_expand(d, p, node_get(value, "rcpt-params"), &m->rcpt_params);
    const struct node *by = node_get(value, "by");
    m->how = by && slice_eq_str(by->text, "bdat") ? SMTP_SEND_BDAT : SMTP_SEND_DATA;
    m->to = to;
    m->n_to = n;
    return r;
}

enum step_result step_mail_run(struct play *p, struct device *d, const struct step *s,
                               const struct node *value, const struct node *map)
{
    slice to[EXPECT_ITEMS_MAX];
    struct smtp_recipient fate[EXPECT_ITEMS_MAX] = { 0 };
    struct smtp_message m = { 0 };
    struct error err = { 0 };
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    enum step_result r = fill(d, value, &m, to);
    if (r != STEP_OK)
        return r;
    for (size_t i = 0; i < m.n_to; i++)
        given_delivered(p, to[i], message_id_in(p, m.content));
    int sent = smtp_deliver(&d->client.smtp, &m, play_deadline(p, map), fate, &err);
    if (sent < 0)
        return step_client_failed(p, s, d, value, "the message was not taken: ", &err);
    for (size_t i = 0; i < m.n_to; i++)
        if (fate[i].rcpt_code / 100 != 2 || fate[i].data_code / 100 != 2)
            return play_fail(p, s, d, node_get(value, "to"), "the recipient %.*s was refused: %s",
                             SLICE_ARG(to[i]), fate[i].text);
    return STEP_OK;
}

/* ---- data ---- */

void step_data_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const keys[] = { "raw" };
    if (value->kind == NODE_MAP) {
        node_only_keys(value, keys, COUNT(keys), "data", c->loader->problems);
        if (node_get(value, "raw"))
            step_check_text(c, node_get(value, "raw"), "raw");
        if (!node_get(map, "expect"))
            expect_check_unread(c, map);
    } else {
        step_check_text(c, value, "data");
    }
    expect_check(c, map);
}

/* Recipients of this transaction are not known here; what the check sent to its own accounts is
   looked for in all of them. */
void step_remember_sent(struct play *p, slice bytes)
{
    const struct target *t = p->session->target;
    slice id = message_id_in(p, bytes);
    for (size_t i = 0; id.n && i < t->n_accounts; i++)
        if (t->accounts[i].address)
            given_delivered(p, slice_of(t->accounts[i].address), id);
}

static enum step_result take_reply(struct device *d, const struct step *s, const struct node *value,
                                   const struct node *map)
{
    struct reply reply;
    step_collect(d, S(""), false, play_deadline(d->play, map), &reply);
    step_save(d, map, &reply);
    enum step_result r = expect_reply(d, s, map, value, "success", &reply);
    return r == STEP_OK ? step_finish(d, &reply) : r;
}

enum step_result step_data_run(struct play *p, struct device *d, const struct step *s,
                               const struct node *value, const struct node *map)
{
    const struct node *raw = node_get(value, "raw"), *text = raw ? raw : value;
    slice bytes = text->text;
    enum step_result r = text->tag ? STEP_OK : play_expand(d, p, text, &bytes);
    if (r != STEP_OK)
        return r;
    step_remember_sent(p, bytes);
    auto_buf stuffed;
    buf_init(&stuffed, BUF_OURS);
    if (!raw) {
        dot_encode_all(bytes, &stuffed);
        bytes = buf_slice(&stuffed);
    }
    if (raw)
        invariants_lose_count(d);
    d->outstanding += !raw || node_get(map, "expect");
    r = device_write(d, s, bytes);
    if (r != STEP_OK)
        return r;
    return raw && !node_get(map, "expect") ? expect_where(d, s, map) : take_reply(d, s, value, map);
}
