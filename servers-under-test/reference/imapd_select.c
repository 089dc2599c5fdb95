/* SELECT and EXAMINE with CONDSTORE and QRESYNC (RFC 7162, section 3.2.5); CLOSE and UNSELECT. */
#include "imapd_session.h"

struct select_params {
    bool condstore, qresync;
    uint32_t uidvalidity;
    uint64_t modseq;
    bool has_known;
    struct imap_set known;
    bool has_match;
    struct imap_set match_seq, match_uid;
};

/* --- parameters --- */

/* known-uids = sequence-set, without "*" */
static bool known_set(struct imapd_session *s, const struct imap_value *v, struct imap_set *ret)
{
    struct imap_set set;
    if (v->kind != IMAP_ATOM || !imap_set_parse(v->text, &s->arena, &set) ||
        imap_set_has_star(&set))
        return imapd_bad(s, "A set of known UIDs was expected"), false;
    *ret = set;
    return true;
}

/* seq-match-data = "(" known-sequence-set SP known-uid-set ")" */
static bool match_data(struct imapd_session *s, const struct imap_value *v, struct select_params *p)
{
    if (v->kind != IMAP_LIST || v->n_items != 2)
        return imapd_bad(s, "Sequence match data was expected"), false;
    p->has_match = true;
    return known_set(s, &v->items[0], &p->match_seq) && known_set(s, &v->items[1], &p->match_uid);
}

/* Of the two ways in which a fault takes what is not valid. */
static bool is_valid(const struct imap_value *v)
{
    return v->n_items >= 2 && !(v->n_items > 2 && slice_ends(v->items[2].text, S("*")));
}

/* "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" */
static bool qresync_params(struct imapd_session *s, const struct imap_value *v,
                           struct select_params *p)
{
    uint64_t uidvalidity;
    if (!s->qresync && !faulty(s, FAULT_SYNC_QRESYNC_WITHOUT_ENABLE))
        return imapd_bad(s, "ENABLE QRESYNC first"), false;
    if (faulty(s, FAULT_SYNC_QRESYNC_INVALID) && !is_valid(v))
        return true;
    if (v->kind != IMAP_LIST || v->n_items < 2 || v->n_items > 4 ||
        !imap_to_number(&v->items[0], UINT32_MAX, &uidvalidity) || uidvalidity == 0)
        return imapd_bad(s, "QRESYNC takes UIDVALIDITY and a mod-sequence"), false;
    p->qresync = true;
    p->uidvalidity = (uint32_t)uidvalidity;
    if (!imapd_modseq(s, &v->items[1], false, &p->modseq))
        return false;
    size_t next = 2;
    if (next < v->n_items && v->items[next].kind != IMAP_LIST) {
        p->has_known = true;
        if (!known_set(s, &v->items[next++], &p->known))
            return false;
    }
    if (next < v->n_items && !match_data(s, &v->items[next++], p))
        return false;
    return next == v->n_items || (imapd_bad(s, "QRESYNC has too many parameters"), false);
}

static bool parse_params(struct imapd_session *s, const struct imap_value *list,
                         struct select_params *p)
{
    if (list->kind != IMAP_LIST || list->n_items == 0)
        return imapd_bad(s, "A list of parameters was expected"), false;
    for (size_t i = 0; i < list->n_items; i++) {
        if (imap_is_atom(&list->items[i], "CONDSTORE"))
            p->condstore = true;
        else if (!imap_is_atom(&list->items[i], "QRESYNC") || i + 1 == list->n_items)
            return imapd_bad(s, "Unknown parameter"), false;
        else if (!qresync_params(s, &list->items[++i], p))
            return false;
    }
    return true;
}

/* --- the answer --- */

static size_t count_unseen(const struct imapd_session *s)
{
    size_t n = 0;
    array_each (e, &s->view.entries)
        n += !(e->message->flags & FLAG_SEEN);
    return n;
}

static void send_unseen(struct imapd_session *s)
{
    for (size_t i = 0; i < s->view.entries.n; i++)
        if (!(s->view.entries.v[i].message->flags & FLAG_SEEN)) {
            if (faulty(s, FAULT_IMAP_SELECT_UNSEEN))
                i = count_unseen(s) - 1;
            imapd_sendf(s, "* OK [UNSEEN %zu] First unseen\r\n", i + 1);
            return;
        }
}

static void send_counts(struct imapd_session *s)
{
    if (!faulty(s, FAULT_IMAP_SELECT_NO_EXISTS))
        imapd_sendf(s, "* %zu EXISTS\r\n", s->view.entries.n + faulty(s, FAULT_IMAP_SELECT_EXISTS));
    if (s->rev2)
        return;
    if (!faulty(s, FAULT_IMAP_SELECT_RECENT_MISSING))
        imapd_sendf(s, "* %zu RECENT\r\n", view_count_recent(&s->view));
    send_unseen(s);
}

static void send_uids(struct imapd_session *s)
{
    struct mailbox *m = s->view.mailbox;
    uint32_t uidvalidity = m->uidvalidity;
    if (faulty(s, FAULT_SYNC_UIDVALIDITY_CHANGES))
        uidvalidity = m->uidvalidity = s->store->next_uidvalidity++;
    if (faulty(s, FAULT_IMAP_EXAMINE_UIDVALIDITY) && s->view.read_only)
        uidvalidity++;
    if (faulty(s, FAULT_IMAP_SELECT_UIDVALIDITY_ZERO))
        uidvalidity = 0;
    if (!faulty(s, FAULT_IMAP_SELECT_NO_UIDVALIDITY))
        imapd_sendf(s, "* OK [UIDVALIDITY %u] UIDs are valid\r\n", uidvalidity);
    if (!faulty(s, FAULT_IMAP_SELECT_NO_UIDNEXT))
        imapd_sendf(s, "* OK [UIDNEXT %u] Predicted next UID\r\n",
                    m->uidnext - faulty(s, FAULT_IMAP_SELECT_UIDNEXT));
}

static void send_state(struct imapd_session *s)
{
    const struct mailbox *m = s->view.mailbox;
    imapd_send_flag_lists(s);
    send_counts(s);
    send_uids(s);
    if (!faulty(s, FAULT_SYNC_HIGHESTMODSEQ_MISSING))
        imapd_send_highest_modseq(s);
    if (s->rev2 && !faulty(s, FAULT_IMAP_SELECT_REV2_NO_LIST))
        imapd_send_list(s, slice_of(m->name));
}

/* The highest UID of the pairs that the client knows and that still hold: what was expunged up to
   there the client knows too. */
static uint32_t matched_uid(struct imapd_session *s, const struct select_params *p)
{
    struct imap_set_iter by_seq = { 0 }, by_uid = { 0 };
    uint32_t seq, uid, matched = 0;
    if (!p->has_match)
        return 0;
    while (imap_set_next(&p->match_seq, &by_seq, &seq) &&
           imap_set_next(&p->match_uid, &by_uid, &uid))
        if (seq <= s->view.entries.n && s->view.entries.v[seq - 1].message->uid == uid)
            matched = uid;
    return matched;
}

static void send_changes(struct imapd_session *s, const struct select_params *p)
{
    struct imap_set known;
    bool has_known = p->has_known && !faulty(s, FAULT_SYNC_QRESYNC_KNOWN);
    if (has_known)
        imap_set_normalise(&p->known, UINT32_MAX, &s->arena, &known);
    imapd_send_vanished_earlier(s, has_known ? &known : NULL, p->modseq, matched_uid(s, p));
    if (faulty(s, FAULT_SYNC_QRESYNC_NO_CHANGES))
        return;
    for (size_t i = 0; i < s->view.entries.n; i++) {
        const struct message *msg = s->view.entries.v[i].message;
        bool wanted = !has_known || imap_set_contains(&known, msg->uid);
        if (wanted && msg->modseq > p->modseq)
            imapd_send_update(s, i, UPDATE_UID | UPDATE_FLAGS | UPDATE_MODSEQ);
    }
}

static void open_mailbox(struct imapd_session *s, struct mailbox *m, bool read_only,
                         const struct select_params *p)
{
    view_open(s, m, read_only);
    send_state(s);
    if (p->condstore || p->qresync)
        s->condstore = true;
    bool same = p->uidvalidity == m->uidvalidity || faulty(s, FAULT_SYNC_QRESYNC_UIDVALIDITY);
    if (p->qresync && same)
        send_changes(s, p);
    if (faulty(s, FAULT_IMAP_SELECT_NO_CODE))
        return imapd_ok(s, "%s completed", s->cmd.row->name);
    bool says_write = !read_only || faulty(s, FAULT_IMAP_EXAMINE_SAYS_WRITE);
    imapd_ok(s, "[%s] %s completed", says_write ? "READ-WRITE" : "READ-ONLY", s->cmd.row->name);
}

static void select_or_examine(struct imapd_session *s, bool read_only)
{
    struct select_params p = { 0 };
    struct mailbox *m;
    slice name;
    if (!imapd_mailbox_name(s, &s->cmd.args[0], &name))
        return;
    if (s->cmd.n_args == 2 && !parse_params(s, &s->cmd.args[1], &p))
        return;
    bool exists = account_mailbox(s->account, name);
    if (s->view.mailbox && faulty(s, FAULT_IMAP_SELECT_EXPUNGES))
        imapd_expunge_deleted(s, NULL);
    if (s->view.mailbox && (exists || !faulty(s, FAULT_IMAP_SELECT_KEEPS_OLD))) {
        view_close(s);
        if (!faulty(s, FAULT_IMAP_SELECT_NO_CLOSED))
            imapd_send(s, S("* OK [CLOSED] The mailbox selected before is closed\r\n"));
    }
    if (!exists && faulty(s, FAULT_IMAP_SELECT_MISSING_OK))
        return imapd_ok(s, "%s completed", s->cmd.row->name);
    if (imapd_mailbox(s, &s->cmd.args[0], false, &m))
        open_mailbox(s, m, read_only, &p);
}

void imapd_select(struct imapd_session *s)
{
    select_or_examine(s, false);
}

void imapd_examine(struct imapd_session *s)
{
    select_or_examine(s, true);
}

void imapd_close(struct imapd_session *s)
{
    bool expunges = !s->view.read_only || faulty(s, FAULT_IMAP_EXAMINE_CLOSE);
    if (expunges && !faulty(s, FAULT_IMAP_CLOSE_KEEPS))
        imapd_expunge_deleted(s, NULL);
    if (faulty(s, FAULT_IMAP_CLOSE_TELLS))
        imapd_notify(s, true);
    unsigned long long highest = s->view.mailbox->highest_modseq;
    if (!faulty(s, FAULT_IMAP_CLOSE_STAYS))
        view_close(s);
    if (faulty(s, FAULT_SYNC_CLOSE_MODSEQ))
        imapd_ok(s, "[HIGHESTMODSEQ %llu] CLOSE completed", highest);
    else
        imapd_ok(s, "CLOSE completed");
}

void imapd_unselect(struct imapd_session *s)
{
    if (faulty(s, FAULT_IMAP_UNSELECT_EXPUNGES))
        imapd_expunge_deleted(s, NULL);
    if (!faulty(s, FAULT_IMAP_UNSELECT_STAYS))
        view_close(s);
    imapd_ok(s, "UNSELECT completed");
}
