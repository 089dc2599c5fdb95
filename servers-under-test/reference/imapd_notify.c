/* The view of the selected mailbox (which message has which number for this client), and telling
   the client what others changed. Numbers change only where an EXPUNGE or EXISTS is sent. */
#include "imapd_session.h"

/* --- the view --- */

static void add_entry(struct imapd_session *s, struct message *msg, bool recent)
{
    struct view_entry *e = array_push(&s->view.entries);
    e->message = message_ref(msg);
    e->told_change = msg->change;
    e->told_flags = e->opened_flags = msg->flags;
    e->told_keywords = e->opened_keywords = msg->keywords;
    e->recent = recent && !faulty(s, FAULT_SYNC_RECENT_NEVER);
}

/* Messages that came since the last time. Says how many. */
static size_t take_new(struct imapd_session *s)
{
    struct view *v = &s->view;
    struct mailbox *m = v->mailbox;
    bool claims = !v->read_only && !faulty(s, FAULT_SYNC_RECENT_TWICE);
    uint32_t first_recent = claims ? mailbox_claim_recent(m) : m->first_recent;
    size_t before = v->entries.n;
    for (size_t i = mailbox_lower_bound(m, v->next_uid); i < m->messages.n; i++)
        add_entry(s, m->messages.v[i], m->messages.v[i]->uid >= first_recent);
    v->next_uid = m->uidnext;
    return v->entries.n - before;
}

/* A fault: UIDs 1 to n, as of a server that does not keep them. */
static void renumber_uids(struct mailbox *m)
{
    for (size_t i = 0; i < m->messages.n; i++)
        m->messages.v[i]->uid = (uint32_t)i + 1;
    m->uidnext = (uint32_t)m->messages.n + 1;
}

void view_open(struct imapd_session *s, struct mailbox *m, bool read_only)
{
    if (faulty(s, FAULT_SYNC_UID_MOVES))
        renumber_uids(m);
    s->view = (struct view) { .mailbox = m, .read_only = read_only, .next_uid = 1 };
    take_new(s);
    s->view.seen_change = m->change;
    s->view.told_keywords = m->keywords.n;
    s->state = STATE_SELECTED;
}

void view_close(struct imapd_session *s)
{
    array_each (e, &s->view.entries) {
        if (faulty(s, FAULT_IMAP_STORE_FORGETS))
            message_set_flags(e->message, e->opened_flags, e->opened_keywords);
        message_unref(e->message);
    }
    array_release(&s->view.entries);
    array_release(&s->saved);
    s->view = (struct view) { 0 };
    if (s->state == STATE_SELECTED)
        s->state = STATE_LOGGED_IN;
}

size_t view_lower_bound(const struct view *v, uint32_t uid)
{
    size_t low = 0, high = v->entries.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->entries.v[middle].message->uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t view_find(const struct view *v, uint32_t uid)
{
    size_t i = view_lower_bound(v, uid);
    return i < v->entries.n && v->entries.v[i].message->uid == uid ? i : SIZE_MAX;
}

size_t view_count_recent(const struct view *v)
{
    size_t n = 0;
    array_each (e, &v->entries)
        n += e->recent;
    return n;
}

bool view_has_untold_expunge(const struct view *v)
{
    if (v->mailbox && v->seen_change != v->mailbox->change)
        array_each (e, &v->entries)
            if (e->message->expunged)
                return true;
    return false;
}

void view_drop_expunged(struct view *v)
{
    for (size_t i = v->entries.n; i-- > 0;) {
        struct message *msg = v->entries.v[i].message;
        if (!msg->expunged)
            continue;
        array_remove(&v->entries, i);
        message_unref(msg);
    }
}

/* --- telling --- */

/* RFC 7162, section 3.2.10: VANISHED in place of EXPUNGE once QRESYNC is enabled. */
static void send_vanished(struct imapd_session *s, const uint32_t *uids, size_t n)
{
    if (n == 0)
        return;
    imapd_send(s, faulty(s, FAULT_SYNC_VANISHED_EARLIER_LIVE) ? S("* VANISHED (EARLIER) ")
                                                              : S("* VANISHED "));
    imapd_add_set(s, imapd_out(s), uids, n);
    imapd_send(s, S("\r\n"));
}

/* The EXPUNGE of the message at `index`, after n others were told in the same breath. */
static void send_expunge(struct imapd_session *s, size_t index, size_t n)
{
    bool own = s->cmd.row && s->cmd.row->run == imapd_expunge;
    size_t number = index + 1;
    if (faulty(s, FAULT_SYNC_EXPUNGE_SHRINKS) || (own && faulty(s, FAULT_IMAP_EXPUNGE_SILENT)))
        return;
    if (faulty(s, FAULT_IMAP_EXPUNGE_NUMBERS))
        number += n;
    if (!own && faulty(s, FAULT_SYNC_EXPUNGE_NUMBER))
        number++;
    imapd_sendf(s, "* %zu EXPUNGE\r\n", number);
    if (!own && faulty(s, FAULT_SYNC_EXPUNGE_TWICE))
        imapd_sendf(s, "* %zu EXPUNGE\r\n", number);
}

/* Faults of a server that does not tell something to this session, now or ever. */
static bool withholds(const struct imapd_session *s, enum fault_id always, enum fault_id idling)
{
    return faulty(s, always) || (s->idling && faulty(s, idling));
}

/* These three say whether everything was told. */
static bool tell_expunged(struct imapd_session *s)
{
    struct view *v = &s->view;
    bool own = s->cmd.row && (s->cmd.row->run == imapd_expunge || s->cmd.row->run == imapd_move);
    if (!own && withholds(s, FAULT_SYNC_EXPUNGE_NEVER, FAULT_IMAP_IDLE_DROPS_EXPUNGE))
        return !view_has_untold_expunge(v);
    uint32_t *uids = arena_new_n(&s->arena, uint32_t, v->entries.n + 1);
    bool vanished = s->qresync && !faulty(s, FAULT_SYNC_VANISHED_EXPUNGE);
    size_t n = 0;
    for (size_t i = 0; i < v->entries.n;) {
        struct message *msg = v->entries.v[i].message;
        if (!msg->expunged) {
            i++;
            continue;
        }
        if (!vanished)
            send_expunge(s, i, n);
        uids[n++] = msg->uid;
        array_remove(&v->entries, i);
        message_unref(msg);
    }
    if (vanished)
        send_vanished(s, uids, n);
    else if (n && faulty(s, FAULT_SYNC_EXPUNGE_SHRINKS))
        imapd_sendf(s, "* %zu EXISTS\r\n", v->entries.n);
    return true;
}

static bool tell_new(struct imapd_session *s)
{
    if (withholds(s, FAULT_SYNC_EXISTS_NEVER, FAULT_IMAP_IDLE_DROPS_EXISTS))
        return s->view.next_uid == s->view.mailbox->uidnext;
    size_t n = take_new(s);
    if (n == 0)
        return true;
    imapd_sendf(s, "* %zu EXISTS\r\n", faulty(s, FAULT_SYNC_EXISTS_WRONG) ? n : s->view.entries.n);
    if (!s->rev2)
        imapd_sendf(s, "* %zu RECENT\r\n", view_count_recent(&s->view));
    return true;
}

void imapd_send_flag_lists(struct imapd_session *s)
{
    struct mailbox *m = s->view.mailbox;
    auto_buf flags;
    buf_init(&flags, BUF_OURS);
    for (unsigned flag = 1; flag <= FLAGS_ALL; flag <<= 1)
        buf_addf(&flags, "%s%s", flag == 1 ? "" : " ", flag_name(flag));
    array_each (keyword, &m->keywords)
        buf_addf(&flags, " %s", *keyword);
    if (faulty(s, FAULT_IMAP_SELECT_BAD_FLAG))
        buf_adds(&flags, " [Gmail]");
    if (!faulty(s, FAULT_IMAP_SELECT_NO_FLAGS))
        imapd_sendf(s, "* FLAGS (%s%s)\r\n", flags.p,
                    faulty(s, FAULT_IMAP_SELECT_STAR_IN_FLAGS) ? " \\*" : "");
    if (s->view.read_only)
        imapd_send(s, S("* OK [PERMANENTFLAGS ()] Read-only\r\n"));
    else if (!faulty(s, FAULT_IMAP_SELECT_NO_PERMANENT))
        imapd_sendf(s, "* OK [PERMANENTFLAGS (%s%s%s)] Flags that are kept\r\n", flags.p,
                    m->keywords.n < STORE_KEYWORDS_MAX ? " \\*" : "",
                    faulty(s, FAULT_IMAP_SELECT_TRAILING_SPACE) ? " " : "");
    s->view.told_keywords = m->keywords.n;
}

uint64_t imapd_shown_modseq(const struct imapd_session *s, const struct message *msg)
{
    if (faulty(s, FAULT_SYNC_MODSEQ_ZERO))
        return 0;
    return faulty(s, FAULT_SYNC_MODSEQ_HUGE) ? UINT64_MAX - 1 : msg->modseq;
}

void imapd_send_highest_modseq(struct imapd_session *s)
{
    unsigned long long highest = s->view.mailbox->highest_modseq;
    if (faulty(s, FAULT_SYNC_HIGHESTMODSEQ_BEHIND))
        highest = 1;
    imapd_sendf(s, "* OK [HIGHESTMODSEQ %llu]%s\r\n", highest,
                faulty(s, FAULT_SYNC_HIGHESTMODSEQ_NO_TEXT) ? "" : " Highest");
}

void imapd_send_update(struct imapd_session *s, size_t index, unsigned what)
{
    struct view_entry *e = &s->view.entries.v[index];
    const struct message *msg = e->message;
    const char *space = "";
    imapd_sendf(s, "* %zu FETCH (", index + 1);
    if (what & UPDATE_UID) {
        imapd_sendf(s, "UID %u", msg->uid);
        space = " ";
    }
    if (what & UPDATE_MODSEQ) {
        imapd_sendf(s, "%sMODSEQ (%llu)", space, (unsigned long long)imapd_shown_modseq(s, msg));
        space = " ";
    }
    if (what & UPDATE_FLAGS) {
        imapd_sendf(s, "%sFLAGS (", space);
        imapd_add_flags(imapd_out(s), msg, e->recent && !s->rev2);
        imapd_send(s, S(")"));
    }
    imapd_send(s, S(")\r\n"));
    e->told_change = msg->change;
    e->told_flags = msg->flags;
    e->told_keywords = msg->keywords;
}

/* RFC 7162, section 3.2.4: with UID and MODSEQ for who enabled CONDSTORE. */
static unsigned update_items(const struct imapd_session *s)
{
    unsigned what = UPDATE_FLAGS;
    if (s->condstore && !faulty(s, FAULT_SYNC_CONDSTORE_NO_MODSEQ))
        what |= UPDATE_MODSEQ;
    if (s->condstore && !faulty(s, FAULT_SYNC_CONDSTORE_NO_UID))
        what |= UPDATE_UID;
    if (s->rev2 && !faulty(s, FAULT_SYNC_UPDATE_NO_UID)) /* RFC 9051, section 7.5.2 */
        what |= UPDATE_UID;
    return what;
}

static bool tell_flags(struct imapd_session *s)
{
    struct view *v = &s->view;
    unsigned what = update_items(s);
    if (withholds(s, FAULT_SYNC_FLAGS_NEVER, FAULT_IMAP_IDLE_DROPS_FLAGS))
        return false;
    if (v->told_keywords < v->mailbox->keywords.n)
        imapd_send_flag_lists(s);
    for (size_t i = 0; i < v->entries.n; i++) {
        const struct view_entry *e = &v->entries.v[i];
        if (!e->message->expunged && e->message->change > e->told_change)
            imapd_send_update(s, i, what);
    }
    return true;
}

/* The view stays on a deleted mailbox, which is empty from then on (RFC 2180, section 3). */
static void tell_gone(struct imapd_session *s)
{
    if (s->view.mailbox->gone && !s->view.told_gone)
        imapd_send(s, S("* NO [NONEXISTENT] The selected mailbox was deleted\r\n"));
    s->view.told_gone = s->view.mailbox->gone;
}

/* RFC 7162, section 3.2: mod-sequences above that of an expunge that waits must not make the client
   forget it when the connection breaks. */
static void hold_back_modseq(struct imapd_session *s)
{
    uint64_t lowest = UINT64_MAX;
    array_each (e, &s->view.entries)
        if (e->message->expunged && e->message->modseq < lowest)
            lowest = e->message->modseq;
    if (s->condstore && lowest != UINT64_MAX && !faulty(s, FAULT_SYNC_HIGHESTMODSEQ_AHEAD))
        imapd_sendf(s, "* OK [HIGHESTMODSEQ %llu] Expunges are held back\r\n",
                    (unsigned long long)lowest - 1);
}

void imapd_notify(struct imapd_session *s, bool may_expunge)
{
    struct view *v = &s->view;
    if (!v->mailbox || v->seen_change == v->mailbox->change)
        return;
    bool all = may_expunge ? tell_expunged(s) : !view_has_untold_expunge(v);
    all &= tell_new(s);
    all &= tell_flags(s);
    if (!may_expunge)
        hold_back_modseq(s);
    tell_gone(s);
    if (all)
        v->seen_change = v->mailbox->change;
}

void imapd_enable_condstore(struct imapd_session *s)
{
    if (s->condstore)
        return;
    s->condstore = true;
    if (s->view.mailbox && !faulty(s, FAULT_SYNC_CONDSTORE_SILENT))
        imapd_send_highest_modseq(s);
}
