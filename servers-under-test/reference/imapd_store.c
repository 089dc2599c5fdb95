/* STORE with UNCHANGEDSINCE (RFC 7162, section 3.1.3), EXPUNGE and UID EXPUNGE (RFC 4315). */
#include "imapd_session.h"

enum store_mode { STORE_SET, STORE_ADD, STORE_REMOVE };

struct store_request {
    struct entry_list set;
    bool has_unchanged_since;
    uint64_t unchanged_since;
    enum store_mode mode;
    bool silent;
    struct flag_list flags;
    uint64_t keywords;
    bool expunged;      /* some message is gone */
    bool nothing;       /* a fault: all or nothing, and it is nothing */
    uint32_t *modified; /* numbers or UIDs that failed the test */
    size_t n_modified;
};

static const struct {
    const char *name;
    enum store_mode mode;
    bool silent;
} modes[] = {
    { "FLAGS", STORE_SET, false },     { "FLAGS.SILENT", STORE_SET, true },
    { "+FLAGS", STORE_ADD, false },    { "+FLAGS.SILENT", STORE_ADD, true },
    { "-FLAGS", STORE_REMOVE, false }, { "-FLAGS.SILENT", STORE_REMOVE, true },
};

/* --- arguments --- */

/* store-modifier = "UNCHANGEDSINCE" SP mod-sequence-valzer */
static bool parse_modifier(struct imapd_session *s, const struct imap_value *v,
                           struct store_request *r)
{
    if (v->n_items != 2 || !imap_is_atom(&v->items[0], "UNCHANGEDSINCE"))
        return imapd_bad(s, "STORE knows the modifier UNCHANGEDSINCE only"), false;
    r->has_unchanged_since = true;
    return imapd_modseq(s, &v->items[1], true, &r->unchanged_since);
}

static bool parse_mode(struct imapd_session *s, const struct imap_value *v, struct store_request *r)
{
    for (size_t i = 0; i < COUNT(modes); i++)
        if (imap_is_atom(v, modes[i].name)) {
            r->mode = modes[i].mode;
            r->silent = modes[i].silent;
            return true;
        }
    return imapd_bad(s, "STORE takes FLAGS, +FLAGS or -FLAGS"), false;
}

static slice upper_cased(struct imapd_session *s, slice text)
{
    char *copy = arena_str(&s->arena, text);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = ascii_upper(copy[i]);
    return slice_make(copy, text.n);
}

/* store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag))) */
static bool parse(struct imapd_session *s, struct store_request *r)
{
    const struct command *cmd = &s->cmd;
    size_t i = 1;
    if (cmd->args[i].kind == IMAP_LIST && !parse_modifier(s, &cmd->args[i++], r))
        return false;
    if (!parse_mode(s, &cmd->args[i++], r))
        return false;
    const struct imap_value *flags = &cmd->args[i];
    size_t n = cmd->n_args - i;
    if (n == 0)
        return imapd_bad(s, "STORE takes a list of flags"), false;
    if (n == 1 && flags->kind == IMAP_LIST) {
        n = flags->n_items;
        flags = flags->items;
    }
    if (!imapd_flags(s, flags, n, &r->flags))
        return false;
    for (size_t k = 0; k < r->flags.n_keywords && faulty(s, FAULT_IMAP_STORE_KEYWORD_CASE); k++)
        r->flags.keywords[k] = upper_cased(s, r->flags.keywords[k]);
    return imapd_message_set(s, &cmd->args[0], cmd->uid, &r->set);
}

/* What is removed need not be made known to the mailbox first. */
static bool find_keywords(struct imapd_session *s, struct store_request *r)
{
    if (r->mode != STORE_REMOVE)
        return imapd_keyword_bits(s, s->view.mailbox, &r->flags, &r->keywords);
    for (size_t i = 0; i < r->flags.n_keywords; i++) {
        int bit = mailbox_keyword(s->view.mailbox, r->flags.keywords[i], false);
        if (bit >= 0)
            r->keywords |= (uint64_t)1 << bit;
    }
    return true;
}

/* --- work --- */

/* With the faults of STORE. */
static enum store_mode mode_of(const struct imapd_session *s, const struct store_request *r)
{
    if (r->mode == STORE_ADD && faulty(s, FAULT_IMAP_STORE_PLUS))
        return STORE_SET;
    return r->mode == STORE_SET && faulty(s, FAULT_IMAP_STORE_REPLACE) ? STORE_ADD : r->mode;
}

static void apply(struct imapd_session *s, const struct store_request *r,
                  const struct view_entry *e)
{
    struct message *msg = e->message;
    bool stale = faulty(s, FAULT_SYNC_STORE_LOST_UPDATE);
    unsigned flags = r->flags.flags, before = stale ? e->told_flags : msg->flags;
    uint64_t keywords = r->keywords, words = stale ? e->told_keywords : msg->keywords;
    enum store_mode mode = mode_of(s, r);
    if (mode == STORE_ADD) {
        flags |= before;
        keywords |= words;
    } else if (mode == STORE_REMOVE) {
        flags = before & ~flags;
        keywords = words & ~keywords;
    }
    if (r->mode == STORE_REMOVE && faulty(s, FAULT_IMAP_STORE_MINUS))
        return;
    message_set_flags(msg, flags, keywords);
    if (flags & FLAG_DELETED && faulty(s, FAULT_IMAP_STORE_DELETED_EXPUNGES))
        message_expunge(msg);
}

/* What the client is told of a message: with .SILENT only the mod-sequence, unless another session
   changed its flags meanwhile. */
static unsigned update_for(struct imapd_session *s, bool silent, bool changed_by_others)
{
    if (faulty(s, FAULT_IMAP_STORE_NO_FETCH))
        return 0;
    silent &= !faulty(s, FAULT_IMAP_STORE_SILENT_TELLS);
    unsigned what = silent && !changed_by_others ? 0 : UPDATE_FLAGS;
    if (s->condstore && !(silent && faulty(s, FAULT_SYNC_STORE_NO_MODSEQ)))
        what |= UPDATE_MODSEQ | UPDATE_UID;
    if (what && s->cmd.uid)
        what |= UPDATE_UID;
    return faulty(s, FAULT_IMAP_STORE_NO_UID) ? what & ~(unsigned)UPDATE_UID : what;
}

static bool fails_test(const struct imapd_session *s, const struct store_request *r,
                       const struct message *msg)
{
    return r->has_unchanged_since && msg->modseq > r->unchanged_since && !msg->expunged &&
           !faulty(s, FAULT_SYNC_UNCHANGEDSINCE_IGNORED);
}

static void store_one(struct imapd_session *s, struct store_request *r, size_t index)
{
    struct view_entry *e = &s->view.entries.v[index];
    struct message *msg = e->message;
    bool changed_by_others = msg->change > e->told_change && !faulty(s, FAULT_SYNC_FLAGS_NEVER);
    if (msg->expunged) {
        r->expunged = true;
        return;
    }
    if (fails_test(s, r, msg)) {
        bool uids = s->cmd.uid && !faulty(s, FAULT_SYNC_MODIFIED_UIDS);
        r->modified[r->n_modified++] = uids ? msg->uid : (uint32_t)index + 1;
        imapd_send_update(s, index, update_for(s, false, true));
        return;
    }
    if (!r->nothing)
        apply(s, r, e);
    unsigned what = update_for(s, r->silent, changed_by_others);
    if (what)
        imapd_send_update(s, index, what);
    else if (r->silent && faulty(s, FAULT_IMAP_STORE_EMPTY_FETCH))
        imapd_sendf(s, "* %zu FETCH ()\r\n", index + 1);
    e->told_change = msg->change;
}

static void reply(struct imapd_session *s, const struct store_request *r)
{
    auto_buf code;
    buf_init(&code, BUF_OURS);
    if (r->n_modified && !faulty(s, FAULT_SYNC_MODIFIED_MISSING)) {
        buf_adds(&code, "[MODIFIED ");
        imapd_add_set(s, &code, r->modified, r->n_modified);
        buf_adds(&code, "] ");
    }
    bool silent = r->silent && !faulty(s, FAULT_SYNC_STORE_SILENT_REFUSED);
    if (r->expunged && silent) /* RFC 2180, section 4.2.1 */
        imapd_ok(s, "%sSTORE completed", code.n ? code.p : "[EXPUNGEISSUED] ");
    else if (r->expunged)
        imapd_no(s, "%sSome of the messages no longer exist", code.n ? code.p : "[EXPUNGEISSUED] ");
    else
        imapd_ok(s, "%sSTORE completed", code.p);
}

void imapd_store(struct imapd_session *s)
{
    struct store_request r = { 0 };
    if (!parse(s, &r))
        return;
    if (s->view.read_only && !faulty(s, FAULT_IMAP_EXAMINE_WRITABLE))
        return imapd_no(s, "The mailbox is read-only");
    if (!find_keywords(s, &r))
        return;
    if (r.has_unchanged_since)
        imapd_enable_condstore(s);
    if (s->view.told_keywords < s->view.mailbox->keywords.n)
        imapd_send_flag_lists(s);
    r.modified = arena_new_n(&s->arena, uint32_t, r.set.n + 1);
    if (faulty(s, FAULT_IMAP_STORE_FIRST_ONLY) && r.set.n > 1)
        r.set.n = 1;
    for (size_t i = 0; i < r.set.n && faulty(s, FAULT_SYNC_UNCHANGEDSINCE_ALL); i++)
        r.nothing |= fails_test(s, &r, s->view.entries.v[r.set.v[i]].message);
    for (size_t i = 0; i < r.set.n && imapd_flush_some(s); i++)
        store_one(s, &r, r.set.v[i]);
    reply(s, &r);
}

/* --- EXPUNGE --- */

size_t imapd_expunge_deleted(struct imapd_session *s, const struct imap_set *uids)
{
    struct mailbox *m = s->view.mailbox;
    size_t n = 0;
    bool unmarked = uids && faulty(s, FAULT_IMAP_UID_EXPUNGE_UNMARKED);
    bool keeps_last = faulty(s, FAULT_IMAP_EXPUNGE_KEEPS);
    if (faulty(s, FAULT_IMAP_UID_EXPUNGE_ALL))
        uids = NULL;
    for (size_t i = m->messages.n; i-- > 0;) {
        struct message *msg = m->messages.v[i];
        bool wanted =
            (msg->flags & FLAG_DELETED || unmarked) && (!uids || imap_set_contains(uids, msg->uid));
        n += wanted && !keeps_last && message_expunge(msg);
        keeps_last &= !wanted;
    }
    return n;
}

void imapd_expunge(struct imapd_session *s)
{
    struct imap_set uids;
    if (s->cmd.uid && !imapd_uid_set(s, &s->cmd.args[0], &uids))
        return;
    if (s->view.read_only)
        return imapd_no(s, "The mailbox is read-only");
    size_t n = imapd_expunge_deleted(s, s->cmd.uid ? &uids : NULL);
    /* RFC 7162, section 3.2.7. */
    if (n && s->qresync && !faulty(s, FAULT_SYNC_EXPUNGE_NO_MODSEQ))
        imapd_ok(s, "[HIGHESTMODSEQ %llu] EXPUNGE completed",
                 (unsigned long long)s->view.mailbox->highest_modseq);
    else
        imapd_ok(s, "EXPUNGE completed");
}
