/* COPY and MOVE (RFC 6851) with COPYUID (RFC 4315). */
#include "imapd_session.h"

struct transfer {
    struct entry_list set;
    struct mailbox *to;
    uint32_t *from_uids, *to_uids;
    size_t n;
};

static bool parse(struct imapd_session *s, struct transfer *t)
{
    slice name;
    return imapd_mailbox_name(s, &s->cmd.args[1], &name) &&
           imapd_message_set(s, &s->cmd.args[0], s->cmd.uid, &t->set) &&
           imapd_mailbox(s, &s->cmd.args[1], true, &t->to);
}

static void copy_what_fits(struct imapd_session *s, const struct transfer *t)
{
    for (size_t i = 0; i < t->set.n; i++) {
        const struct message *msg = s->view.entries.v[t->set.v[i]].message;
        if (mailbox_fits(t->to, 1, message_size(msg)))
            mailbox_copy(t->to, msg, NULL);
    }
}

/* All or nothing (RFC 9051, section 6.4.7), so everything is asked first. */
static bool is_possible(struct imapd_session *s, const struct transfer *t, bool move)
{
    uint64_t octets = 0;
    for (size_t i = 0; i < t->set.n; i++) {
        const struct message *msg = s->view.entries.v[t->set.v[i]].message;
        octets += message_size(msg);
        if (msg->expunged)
            return imapd_no(s, "[EXPUNGEISSUED] Some of the messages no longer exist"), false;
    }
    if (!move && !mailbox_fits(t->to, t->set.n, octets)) {
        if (faulty(s, FAULT_IMAP_COPY_PARTIAL))
            copy_what_fits(s, t);
        return imapd_no_store(s, STORE_OVER_QUOTA, true), false;
    }
    return true;
}

/* The faults of COPY. */
static void spoil_copy(struct imapd_session *s, struct message *copy)
{
    if (faulty(s, FAULT_IMAP_COPY_FLAGS))
        message_set_flags(copy, 0, 0);
    if (faulty(s, FAULT_IMAP_COPY_DATE))
        copy->internal_date = copy->save_date;
}

static void remove_source(struct imapd_session *s, struct message *msg, struct message *copy)
{
    if (faulty(s, FAULT_IMAP_MOVE_MARKS))
        message_set_flags(msg, msg->flags | FLAG_DELETED, msg->keywords);
    else if (!faulty(s, FAULT_IMAP_MOVE_LEAVES))
        message_expunge(msg);
    if (faulty(s, FAULT_IMAP_MOVE_LOSES))
        message_expunge(copy);
}

static void transfer(struct imapd_session *s, struct transfer *t, bool move)
{
    if (faulty(s, FAULT_IMAP_COPY_FIRST_ONLY) && t->set.n > 1)
        t->set.n = 1;
    t->from_uids = arena_new_n(&s->arena, uint32_t, t->set.n + 1);
    t->to_uids = arena_new_n(&s->arena, uint32_t, t->set.n + 1);
    for (size_t i = 0; i < t->set.n; i++) {
        struct message *msg = s->view.entries.v[t->set.v[i]].message, *copy;
        if (mailbox_copy(t->to, msg, &copy) != STORE_OK)
            continue;
        t->from_uids[t->n] = msg->uid;
        t->to_uids[t->n++] = copy->uid + faulty(s, FAULT_IMAP_COPY_WRONG_UID);
        spoil_copy(s, copy);
        if (move)
            remove_source(s, msg, copy);
    }
    if (move && faulty(s, FAULT_IMAP_MOVE_OTHERS))
        imapd_expunge_deleted(s, NULL);
}

/* "[COPYUID 38505 304,319:320 3956:3958] ", or nothing when nothing was copied. */
static char *copyuid(struct imapd_session *s, const struct transfer *t)
{
    auto_buf code;
    buf_init(&code, BUF_OURS);
    bool always = faulty(s, FAULT_IMAP_COPY_EMPTY_UID);
    if ((t->n || always) && !faulty(s, FAULT_IMAP_COPY_NO_UID)) {
        buf_addf(&code, "[COPYUID %u ", t->to->uidvalidity);
        imapd_add_set(s, &code, t->from_uids, t->n);
        buf_adds(&code, " ");
        imapd_add_set(s, &code, t->to_uids, t->n);
        buf_adds(&code, "] ");
    }
    return arena_str(&s->arena, buf_slice(&code));
}

void imapd_copy(struct imapd_session *s)
{
    struct transfer t = { 0 };
    if (!parse(s, &t) || !is_possible(s, &t, false))
        return;
    transfer(s, &t, false);
    imapd_ok(s, "%sCOPY completed", copyuid(s, &t));
}

/* RFC 6851, section 4.3: COPYUID comes before the EXPUNGE responses. */
void imapd_move(struct imapd_session *s)
{
    struct transfer t = { 0 };
    if (!parse(s, &t))
        return;
    if (s->view.read_only)
        return imapd_no(s, "The mailbox is read-only");
    if (!is_possible(s, &t, true))
        return;
    transfer(s, &t, true);
    if (faulty(s, FAULT_IMAP_MOVE_ORDER))
        imapd_notify(s, true);
    if (t.n && faulty(s, FAULT_IMAP_RESPONSE_CODE_BARE))
        imapd_sendf(s, "* %sMoved\r\n", copyuid(s, &t));
    else if (t.n)
        imapd_sendf(s, "* OK %sMoved\r\n", copyuid(s, &t));
    if (t.n && s->qresync)
        imapd_ok(s, "[HIGHESTMODSEQ %llu] MOVE completed",
                 (unsigned long long)s->view.mailbox->highest_modseq);
    else
        imapd_ok(s, "MOVE completed");
}
