/* Steps about more than one device: checkpoint, next-hop, restart, fresh-login. */
#include "imap_response.h"
#include "message.h"
#include "next_hop.h"
#include "step_table.h"
#include "trace.h"

/* ---- checkpoint ---- */

void step_checkpoint_check(struct step_check *c, const struct node *value)
{
    if (!node_is(value, NODE_LIST, "checkpoint", c->loader->problems))
        return;
    if (value->n < 2)
        problem_add(c->loader->problems, value->at, "a checkpoint compares at least two devices");
    for (size_t i = 0; i < value->n; i++) {
        bool known = false;
        for (size_t k = 0; k < c->check->n_devices; k++)
            known |= slice_eq_str(value->items[i]->text, c->check->devices[k].name) &&
                     c->check->devices[k].kind == DEVICE_IMAP;
        if (!known)
            problem_add(c->loader->problems, value->items[i]->at,
                        "\"%.*s\" is no IMAP device of this check",
                        SLICE_ARG(value->items[i]->text));
    }
}

static int flag_order(const void *a, const void *b)
{
    return slice_cmp(*(const slice *)a, *(const slice *)b);
}

/* "UID flags" of one message, flags sorted and \Recent left out, since it is one session's own. */
static void add_message(const struct imap_response *r, struct arena *arena, struct buf *out)
{
    const struct imap_value *uid = imap_response_item(r, "UID"),
                            *flags = imap_response_item(r, "FLAGS");
    size_t n = 0;
    if (!uid || !flags)
        return;
    slice *sorted = arena_new_n(arena, slice, flags->n_items + 1);
    for (size_t i = 0; i < flags->n_items; i++)
        if (!imap_is_atom(&flags->items[i], "\\Recent"))
            sorted[n++] = flags->items[i].text;
    qsort(sorted, n, sizeof *sorted, flag_order);
    buf_addf(out, "%.*s (", SLICE_ARG(uid->text));
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s%.*s", i ? " " : "", SLICE_ARG(sorted[i]));
    buf_adds(out, ")\n");
}

static int view_of(struct device *d, struct buf *out, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    auto_imap_result noop = { 0 }, all = { 0 };
    invariants_command(d, S("NOOP"));
    int r = imap_command_line(&d->client.imap, S("NOOP"), deadline, err, &noop);
    if (r < 0)
        return r;
    invariants_command(d, S("UID FETCH"));
    r = imap_command_line(&d->client.imap, S("UID FETCH 1:* (FLAGS)"), deadline, err, &all);
    for (const struct unit *u = all.first; r == 0 && u; u = u->next)
        if (u->imap && imap_response_is(u->imap, "FETCH"))
            add_message(u->imap, &d->play->arena, out);
    return r;
}

enum step_result step_checkpoint_run(struct play *p, const struct step *s, const struct node *value)
{
    auto_buf first, other;
    struct error err = { 0 };
    buf_init(&first, BUF_OURS);
    buf_init(&other, BUF_OURS);
    for (size_t i = 0; i < value->n; i++) {
        struct device *d = play_device(p, value->items[i]->text);
        if (!d->conn)
            return play_fail(p, s, d, value->items[i], "%s is not connected", d->name);
        device_drop_pending(d);
        buf_clear(&other);
        if (view_of(d, i ? &other : &first, &err) < 0)
            return play_error_from(p, &err);
        if (!i || slice_eq(buf_slice(&first), buf_slice(&other)))
            continue;
        play_fail(p, s, d, value->items[i], "%s does not see the same messages and flags as %.*s",
                  d->name, SLICE_ARG(value->items[0]->text));
        play_fail_expected(p, buf_slice(&first));
        play_fail_actual(p, buf_slice(&other), NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

/* ---- next-hop ---- */

void step_next_hop_check(struct step_check *c, const struct node *value)
{
    static const char *const keys[] = { "message", "from", "to", "within", "trace", "raw-without" };
    c->check->needs_next_hop = true;
    if (!node_is(value, NODE_MAP, "next-hop", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "next-hop", c->loader->problems);
    if (!node_get(value, "to"))
        problem_add(c->loader->problems, value->at, "next-hop needs \"to\", the recipient");
    for (size_t i = 0; i < COUNT(keys); i++)
        if (i != 3 && i != 4 && node_get(value, keys[i]))
            step_check_text(c, node_get(value, keys[i]), keys[i]);
    step_check_within(c, value);
}

static bool is_for(const struct next_hop_mail *m, slice to)
{
    for (size_t k = 0; k < m->to.n; k++)
        if (slice_find_nocase(slice_of(m->to.v[k]), to) != SIZE_MAX)
            return true;
    return false;
}

static const struct next_hop_mail *find_mail(struct next_hop *nh, slice to, slice id)
{
    for (size_t i = nh->mails.n; i-- > 0;) {
        const struct next_hop_mail *m = nh->mails.v[i];
        if (id.n && slice_find(buf_slice(&m->data), id) == SIZE_MAX)
            continue;
        if (is_for(m, to))
            return m;
    }
    return NULL;
}

/* In any mail of this check to that recipient, not only in the one that was waited for: what should
   have been refused, and was relayed, came before it. */
static bool was_on_wire(const struct play *p, slice to, slice octets)
{
    struct next_hop *nh = p->session->next_hop;
    array_each (m, &nh->mails)
        if (is_for(*m, to) && message_id_in(p, buf_slice(&(*m)->data)).n &&
            slice_find(buf_slice(&(*m)->raw), octets) != SIZE_MAX)
            return true;
    return false;
}

static enum step_result judge_bytes(struct play *p, const struct step *s, const struct node *value,
                                    const struct next_hop_mail *mail, slice sent)
{
    struct problems ignored = { 0 };
    slice *extra, stripped;
    size_t at, n = node_strings(node_get(value, "trace"), "trace", &p->arena, &extra, &ignored);
    problems_release(&ignored);
    if (trace_equal(sent, buf_slice(&mail->data), extra, n, &stripped, &at))
        return STEP_OK;
    size_t from = at > 60 ? at - 60 : 0;
    play_fail(p, s, NULL, node_get(value, "message"),
              "what was relayed is not what was sent: octet %zu differs", at + 1);
    play_fail_expected(p, slice_sub(sent, from, at + 40));
    play_fail_actual(p, slice_sub(stripped, from, at + 40), NULL);
    return STEP_FAILED;
}

static enum step_result judge_mail(struct play *p, const struct step *s, const struct node *value,
                                   const struct next_hop_mail *mail, slice to, slice sent)
{
    const struct node *from = node_get(value, "from"), *without = node_get(value, "raw-without");
    slice want;
    enum step_result r = STEP_OK;
    if (from && (r = play_expand(NULL, p, from, &want)) == STEP_OK) {
        slice path = slice_sub(slice_of(mail->from), 0, slice_find_char(slice_of(mail->from), '>'));
        if (!slice_eq_nocase(slice_skip(path, 1), want)) {
            play_fail(p, s, NULL, from, "the message was relayed with another sender");
            play_fail_expected(p, want);
            play_fail_actual(p, slice_of(mail->from), NULL);
            return STEP_FAILED;
        }
    }
    slice octets = without ? without->text : (slice) { NULL, 0 };
    if (r == STEP_OK && without && !without->tag)
        r = play_expand(NULL, p, without, &octets);
    if (r == STEP_OK && without && was_on_wire(p, to, octets))
        return play_fail(p, s, NULL, without, "these octets were sent to the next hop");
    return r == STEP_OK && sent.n ? judge_bytes(p, s, value, mail, sent) : r;
}

enum step_result step_next_hop_run(struct play *p, const struct step *s, const struct node *value)
{
    struct next_hop *nh = p->session->next_hop;
    nsec deadline = play_deadline(p, value);
    slice to, sent = { NULL, 0 };
    if (!nh)
        return play_error(p, ERR_INTERNAL, "there is no next hop of ours");
    enum step_result r = play_expand(NULL, p, node_get(value, "to"), &to);
    if (r == STEP_OK && node_get(value, "message"))
        r = play_expand(NULL, p, node_get(value, "message"), &sent);
    if (r != STEP_OK)
        return r;
    const struct next_hop_mail *mail;
    while (!(mail = find_mail(nh, to, message_id_in(p, sent)))) {
        enum wake w = cond_wait(&nh->arrived, deadline);
        if (w == WAKE_CANCEL)
            return play_error(p, ERR_CANCEL, "interrupted");
        if (w == WAKE_TIMEOUT)
            return play_fail(p, s, NULL, value, "nothing for %.*s has come to the next hop",
                             SLICE_ARG(to));
    }
    return judge_mail(p, s, value, mail, to, sent);
}

/* ---- restart ---- */

void step_restart_check(struct step_check *c, const struct node *value)
{
    static const char *const words[] = { "target" };
    size_t i;
    c->check->needs_restart = c->check->exclusive = true;
    node_word(value, words, 1, "restart", &i, c->loader->problems);
}

enum step_result step_restart_run(struct play *p, const struct step *s, const struct node *value)
{
    struct target *t = p->session->target;
    struct error err = { 0 };
    int r;
    for (size_t i = 0; i < p->check->n_devices; i++)
        device_close(&p->devices[i]);
    if (t->restart) {
        r = t->restart(t->restart_ctx, &err);
    } else {
        r = target_command(t->stop, &err);
        r = r < 0 ? r : target_command(t->start, &err);
    }
    return r < 0 ? play_error_from(p, &err) : STEP_OK;
}

/* ---- fresh-login ---- */

void step_fresh_login_check(struct step_check *c, const struct node *value)
{
    static const char *const words[] = { "ok" };
    size_t i;
    c->check->fresh_login = true;
    node_word(value, words, 1, "fresh-login", &i, c->loader->problems);
}

enum step_result step_fresh_login_run(struct play *p, const struct step *s,
                                      const struct node *value)
{
    struct error err = { 0 };
    for (size_t i = 0; i < p->check->n_devices; i++) {
        int r = probe_kind(p->session, p->devices[i].kind, &err);
        if (r < 0)
            return step_client_failed(p, s, NULL, value, "a new session does not work: ", &err);
    }
    return STEP_OK;
}
