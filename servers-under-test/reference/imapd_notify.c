/* The view of the selected mailbox (which message has which number for this client), and telling
   the client what others changed. Numbers change only where an EXPUNGE or EXISTS is sent. */
#include "imapd_session.h"

/* --- the view --- */

static struct view_entry *add_entry(struct view *v, struct message *msg, bool recent)
{
    struct view_entry *e = array_push(&v->entries);
    e->message = message_ref(msg);
    e->told_change = msg->change;
    e->recent = recent;
    return e;
}

/* Messages that came since the last time. Says how many. */
static size_t take_new(struct imapd_session *s)
{
    struct view *v = &s->view;
    struct mailbox *m = v->mailbox;
    uint32_t first_recent = v->read_only ? m->first_recent : mailbox_claim_recent(m);
    size_t before = v->entries.n;
    for (size_t i = mailbox_lower_bound(m, v->next_uid); i < m->messages.n; i++)
        add_entry(v, m->messages.v[i], m->messages.v[i]->uid >= first_recent);
    v->next_uid = m->uidnext;
    return v->entries.n - before;
}

void view_open(struct imapd_session *s, struct mailbox *m, bool read_only)
{
    s->view = (struct view) { .mailbox = m, .read_only = read_only, .next_uid = 1 };
    take_new(s);
    s->view.seen_change = m->change;
    s->view.told_keywords = m->keywords.n;
    s->state = STATE_SELECTED;
}

void view_close(struct imapd_session *s)
{
    array_each (e, &s->view.entries)
        message_unref(e->message);
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

/* --- telling --- */

/* RFC 7162, section 3.2.10: VANISHED in place of EXPUNGE once QRESYNC is enabled. */
static void send_vanished(struct imapd_session *s, const uint32_t *uids, size_t n)
{
    if (n == 0)
        return;
    imapd_send(s, S("* VANISHED "));
    imapd_add_set(s, imapd_out(s), uids, n);
    imapd_send(s, S("\r\n"));
}

static void tell_expunged(struct imapd_session *s)
{
    struct view *v = &s->view;
    uint32_t *uids = arena_new_n(&s->arena, uint32_t, v->entries.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < v->entries.n;) {
        struct message *msg = v->entries.v[i].message;
        if (!msg->expunged) {
            i++;
            continue;
        }
        uids[n++] = msg->uid;
        if (!s->qresync)
            imapd_sendf(s, "* %zu EXPUNGE\r\n", i + 1);
        array_remove(&v->entries, i);
        message_unref(msg);
    }
    if (s->qresync)
        send_vanished(s, uids, n);
}

static void tell_new(struct imapd_session *s)
{
    if (take_new(s) == 0)
        return;
    imapd_sendf(s, "* %zu EXISTS\r\n", s->view.entries.n);
    if (!s->rev2)
        imapd_sendf(s, "* %zu RECENT\r\n", view_count_recent(&s->view));
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
    imapd_sendf(s, "* FLAGS (%s)\r\n", flags.p);
    if (s->view.read_only)
        imapd_send(s, S("* OK [PERMANENTFLAGS ()] Read-only\r\n"));
    else
        imapd_sendf(s, "* OK [PERMANENTFLAGS (%s%s)] Flags that are kept\r\n", flags.p,
                    m->keywords.n < STORE_KEYWORDS_MAX ? " \\*" : "");
    s->view.told_keywords = m->keywords.n;
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
        imapd_sendf(s, "%sMODSEQ (%llu)", space, (unsigned long long)msg->modseq);
        space = " ";
    }
    if (what & UPDATE_FLAGS) {
        imapd_sendf(s, "%sFLAGS (", space);
        imapd_add_flags(imapd_out(s), msg, e->recent && !s->rev2);
        imapd_send(s, S(")"));
    }
    imapd_send(s, S(")\r\n"));
    e->told_change = msg->change;
}

/* RFC 7162, section 3.2.4: with UID and MODSEQ for who enabled CONDSTORE. */
static void tell_flags(struct imapd_session *s)
{
    struct view *v = &s->view;
    unsigned what = UPDATE_FLAGS | (s->condstore ? UPDATE_MODSEQ | UPDATE_UID : 0);
    if (v->told_keywords < v->mailbox->keywords.n)
        imapd_send_flag_lists(s);
    for (size_t i = 0; i < v->entries.n; i++) {
        const struct view_entry *e = &v->entries.v[i];
        if (!e->message->expunged && e->message->change > e->told_change)
            imapd_send_update(s, i, what);
    }
}

/* The view stays on a deleted mailbox, which is empty from then on (RFC 2180, section 3). */
static void tell_gone(struct imapd_session *s)
{
    if (s->view.mailbox->gone && !s->view.told_gone)
        imapd_send(s, S("* NO [NONEXISTENT] The selected mailbox was deleted\r\n"));
    s->view.told_gone = s->view.mailbox->gone;
}

void imapd_notify(struct imapd_session *s, bool may_expunge)
{
    struct view *v = &s->view;
    if (!v->mailbox || v->seen_change == v->mailbox->change)
        return;
    if (may_expunge)
        tell_expunged(s);
    tell_new(s);
    tell_flags(s);
    tell_gone(s);
    if (may_expunge || !view_has_untold_expunge(v))
        v->seen_change = v->mailbox->change;
}

void imapd_enable_condstore(struct imapd_session *s)
{
    if (s->condstore)
        return;
    s->condstore = true;
    if (s->view.mailbox)
        imapd_sendf(s, "* OK [HIGHESTMODSEQ %llu] Highest\r\n",
                    (unsigned long long)s->view.mailbox->highest_modseq);
}
