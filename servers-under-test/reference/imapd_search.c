/* SEARCH and UID SEARCH over the view; what matches is imap_search.h's. */
#include "imap_search.h"
#include "imapd_session.h"

struct candidate {
    struct mailbox *mailbox;
    const struct message *message;
};

static bool has_flag(void *data, slice name)
{
    const struct candidate *c = data;
    unsigned flag = flag_by_name(name);
    if (flag)
        return c->message->flags & flag;
    int bit = mailbox_keyword(c->mailbox, name, false);
    return bit >= 0 && c->message->keywords >> bit & 1;
}

static slice octets(void *data)
{
    const struct candidate *c = data;
    return message_bytes(c->message);
}

static bool is_saved(const struct imapd_session *s, uint32_t uid)
{
    array_each (saved, &s->saved)
        if (*saved == uid)
            return true;
    return false;
}

static struct search_message describe(const struct imapd_session *s, size_t index,
                                      const struct search_program *p, struct candidate *c)
{
    const struct view_entry *e = &s->view.entries.v[index];
    const struct message *msg = e->message;
    *c = (struct candidate) { s->view.mailbox, msg };
    return (struct search_message) {
        .seq = (uint32_t)index + 1,
        .uid = msg->uid,
        .modseq = msg->modseq,
        .size = message_size(msg),
        .internal_date = msg->internal_date,
        .zone = msg->internal_zone,
        .recent = e->recent && !s->rev2,
        .saved = p->uses_saved && is_saved(s, msg->uid),
        .has_save_date = true,
        .save_date = msg->save_date,
        .has_flag = has_flag,
        .octets = octets,
        .data = c,
    };
}

static void search(struct imapd_session *s, const struct search_program *p,
                   struct search_results *results)
{
    size_t n = s->view.entries.n;
    struct search_box box = { .max_seq = (uint32_t)n,
                              .max_uid = n ? s->view.entries.v[n - 1].message->uid : 0,
                              .now = s->store->wall() };
    for (size_t i = 0; i < n; i++) {
        struct candidate c;
        struct search_message message = describe(s, i, p, &c);
        if (!c.message->expunged && search_match(p, &box, &message))
            search_add(results, message.seq, message.uid, message.modseq);
    }
}

/* RFC 5182: "$" holds what the last SEARCH RETURN (SAVE) found. */
static void save(struct imapd_session *s, const struct search_program *p,
                 struct search_results *results)
{
    if (!(p->returns & SEARCH_SAVE)) {
        if (faulty(s, FAULT_IMAP_SEARCHRES_OVERWRITTEN))
            array_release(&s->saved);
        return;
    }
    search_keep_saved(p, results);
    array_release(&s->saved);
    for (size_t i = 0; i < results->n; i++)
        *array_push(&s->saved) = results->v[i].uid;
}

static void reply_failure(struct imapd_session *s, const struct search_failure *f)
{
    if (f->clears_saved && !faulty(s, FAULT_IMAP_SEARCHRES_KEPT))
        array_release(&s->saved);
    if (f->verdict == SEARCH_BAD)
        imapd_bad(s, "%s", f->text);
    else if (f->verdict == SEARCH_BADCHARSET)
        imapd_no(s, "%s%s", f->code, f->text);
    else
        imapd_no(s, "[LIMIT] %s", f->text);
}

void imapd_search(struct imapd_session *s)
{
    struct search_options options = { .faults = s->faults, .rev2 = s->rev2 };
    struct search_program *p;
    struct search_failure failure;
    struct search_results results = { 0 };
    if (!search_parse(&s->arena, s->cmd.args, s->cmd.n_args, &options, &p, &failure))
        return reply_failure(s, &failure);
    if (p->modseq)
        imapd_enable_condstore(s);
    search(s, p, &results);
    search_render(p, &results, s->cmd.tag, s->cmd.uid, imapd_out(s));
    save(s, p, &results);
    search_results_release(&results);
    imapd_ok(s, "%sSEARCH completed", view_has_untold_expunge(&s->view) ? "[EXPUNGEISSUED] " : "");
}
