/* FETCH and UID FETCH: which messages, CHANGEDSINCE and VANISHED (RFC 7162), \Seen. What one
   message's answer looks like is imap_fetch.h's. */
#include "imap_fetch.h"
#include "imapd_session.h"

struct fetch_request {
    struct entry_list set;
    struct fetch_items items, items_with_flags;
    bool has_changed_since, vanished;
    uint64_t changed_since;
    bool expunged; /* some message is gone */
    enum fetch_outcome outcome;
};

/* --- arguments --- */

/* fetch-modifier = "CHANGEDSINCE" SP mod-sequence-value / "VANISHED" */
static bool parse_modifiers(struct imapd_session *s, const struct imap_value *list,
                            struct fetch_request *r)
{
    if (list->kind != IMAP_LIST || list->n_items == 0)
        return imapd_bad(s, "A list of modifiers was expected"), false;
    for (size_t i = 0; i < list->n_items; i++) {
        if (imap_is_atom(&list->items[i], "VANISHED")) {
            r->vanished = true;
        } else if (imap_is_atom(&list->items[i], "CHANGEDSINCE") && i + 1 < list->n_items) {
            r->has_changed_since = true;
            if (!imapd_modseq(s, &list->items[++i], false, &r->changed_since))
                return false;
        } else {
            return imapd_bad(s, "Unknown modifier"), false;
        }
    }
    bool uid = s->cmd.uid || faulty(s, FAULT_SYNC_VANISHED_WITHOUT_UID);
    bool enabled = s->qresync || faulty(s, FAULT_SYNC_VANISHED_WITHOUT_ENABLE);
    bool since = r->has_changed_since || faulty(s, FAULT_SYNC_VANISHED_WITHOUT_SINCE);
    if (r->vanished && !(uid && enabled && since))
        return imapd_bad(s, "VANISHED goes with UID FETCH, CHANGEDSINCE and ENABLE QRESYNC"), false;
    return true;
}

static bool parse_items(struct imapd_session *s, struct fetch_items *ret)
{
    const char *why;
    if (!fetch_parse(&s->arena, &s->cmd.args[1], s->faults, ret, &why))
        return imapd_bad(s, "%s", why), false;
    return true;
}

/* Items that were not asked for but belong to the answer. */
static void add_items(struct imapd_session *s, struct fetch_request *r)
{
    if (!faulty(s, FAULT_IMAP_FETCH_SEEN_SILENT))
        fetch_items_add(&r->items_with_flags, FETCH_FLAGS);
    if (r->has_changed_since && !faulty(s, FAULT_SYNC_CHANGEDSINCE_NO_MODSEQ))
        fetch_items_add(&r->items, FETCH_MODSEQ);
    if (r->has_changed_since || s->condstore)
        fetch_items_add(&r->items_with_flags, FETCH_MODSEQ);
    if (s->cmd.uid)
        fetch_items_add(&r->items, FETCH_UID);
    if (s->cmd.uid || s->condstore)
        fetch_items_add(&r->items_with_flags, FETCH_UID);
}

static bool parse(struct imapd_session *s, struct fetch_request *r)
{
    const struct command *cmd = &s->cmd;
    return parse_items(s, &r->items) && parse_items(s, &r->items_with_flags) &&
           (cmd->n_args < 3 || parse_modifiers(s, &cmd->args[2], r)) &&
           imapd_message_set(s, &cmd->args[0], cmd->uid, &r->set);
}

/* --- work --- */

void imapd_send_vanished_earlier(struct imapd_session *s, const struct imap_set *known,
                                 uint64_t modseq, uint32_t matched)
{
    const struct mailbox *m = s->view.mailbox;
    uint32_t *uids = arena_new_n(&s->arena, uint32_t, m->expunged.n + 2);
    size_t n = 0;
    array_each (e, &m->expunged)
        if (e->modseq > modseq && e->uid > matched && (!known || imap_set_contains(known, e->uid)))
            uids[n++] = e->uid;
    if (m->messages.n && faulty(s, FAULT_SYNC_VANISHED_TOO_MUCH))
        uids[n++] = m->messages.v[0]->uid;
    if (n == 0 || faulty(s, FAULT_SYNC_VANISHED_MISSING))
        return;
    imapd_send(s, faulty(s, FAULT_SYNC_VANISHED_NO_EARLIER) ? S("* VANISHED ")
                                                            : S("* VANISHED (EARLIER) "));
    imapd_add_set(s, imapd_out(s), uids, n);
    imapd_send(s, faulty(s, FAULT_SYNC_VANISHED_STAR) ? S(":*\r\n") : S("\r\n"));
}

/* The UIDs asked for, expunged ones included. */
static bool send_vanished(struct imapd_session *s, const struct fetch_request *r)
{
    struct imap_set set, known;
    if (imap_is_atom(&s->cmd.args[0], "$"))
        return true;
    if (!imap_set_parse(s->cmd.args[0].text, &s->arena, &set))
        return imapd_bad(s, "A set of UIDs was expected"), false;
    imap_set_normalise(&set, s->view.mailbox->uidnext - 1, &s->arena, &known);
    imapd_send_vanished_earlier(s, &known, r->changed_since, 0);
    return true;
}

static struct fetch_message describe(struct imapd_session *s, size_t index, struct buf *flags)
{
    const struct view_entry *e = &s->view.entries.v[index];
    const struct message *msg = e->message;
    buf_clear(flags);
    imapd_add_flags(flags, msg, e->recent && !s->rev2);
    return (struct fetch_message) {
        .seq = (uint32_t)index + 1,
        .uid = faulty(s, FAULT_SYNC_UID_CHANGES) ? (uint32_t)index + 1 : msg->uid,
        .modseq = imapd_shown_modseq(s, msg),
        .octets = message_bytes(msg),
        .size = message_size(msg),
        .internal_date = msg->internal_date,
        .zone = msg->internal_zone,
        .has_save_date = true,
        .save_date = msg->save_date,
        .flags = buf_slice(flags),
    };
}

/* True when \Seen was set just now. */
static bool set_seen(struct imapd_session *s, const struct fetch_request *r, size_t index)
{
    struct message *msg = s->view.entries.v[index].message;
    bool read_only = s->view.read_only && !faulty(s, FAULT_IMAP_EXAMINE_SETS_SEEN);
    if (!r->items.sets_seen || read_only || msg->flags & FLAG_SEEN)
        return false;
    return message_set_flags(msg, msg->flags | FLAG_SEEN, msg->keywords);
}

static bool is_unchanged(const struct imapd_session *s, const struct fetch_request *r,
                         const struct message *msg)
{
    if (!r->has_changed_since || faulty(s, FAULT_SYNC_CHANGEDSINCE_IGNORED))
        return false;
    return msg->modseq + faulty(s, FAULT_SYNC_CHANGEDSINCE_INCLUSIVE) <= r->changed_since;
}

static void fetch_one(struct imapd_session *s, struct fetch_request *r, size_t index)
{
    struct view_entry *e = &s->view.entries.v[index];
    struct fetch_options options = { .faults = s->faults, .utf8 = s->rev2, .rev2 = s->rev2 };
    auto_buf flags;
    buf_init(&flags, BUF_OURS);
    if (is_unchanged(s, r, e->message))
        return;
    r->expunged |= e->message->expunged;
    bool told = e->told_change == e->message->change;
    bool seen = set_seen(s, r, index);
    struct fetch_message message = describe(s, index, &flags);
    const struct fetch_items *items = seen ? &r->items_with_flags : &r->items;
    enum fetch_outcome outcome = fetch_render(items, &message, &options, imapd_out(s));
    if (outcome != FETCH_DONE)
        r->outcome = outcome;
    else if (seen && told)
        e->told_change = e->message->change;
}

static void reply(struct imapd_session *s, const struct fetch_request *r)
{
    if (r->outcome == FETCH_UNKNOWN_CTE)
        imapd_no(s, "[UNKNOWN-CTE] The encoding of the part is not known");
    else if (r->outcome == FETCH_NO_PART)
        imapd_no(s, "There is no such part that can be decoded");
    else
        imapd_ok(s, "%sFETCH completed", r->expunged ? "[EXPUNGEISSUED] " : "");
}

void imapd_fetch(struct imapd_session *s)
{
    struct fetch_request r = { .outcome = FETCH_DONE };
    if (!parse(s, &r))
        return;
    add_items(s, &r);
    if (r.has_changed_since || r.items.modseq)
        imapd_enable_condstore(s);
    bool vanished_last = faulty(s, FAULT_SYNC_VANISHED_AFTER);
    if (r.vanished && !vanished_last && !send_vanished(s, &r))
        return;
    if (faulty(s, FAULT_IMAP_FETCH_NO_DATA) && r.set.n)
        r.set.n--;
    for (size_t i = 0; i < r.set.n && imapd_flush_some(s); i++)
        fetch_one(s, &r, r.set.v[i]);
    if (r.vanished && vanished_last && !send_vanished(s, &r))
        return;
    reply(s, &r);
}
