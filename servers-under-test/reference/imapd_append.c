/* APPEND (RFC 9051, section 6.3.12), APPENDUID (RFC 4315), APPENDLIMIT (RFC 7889). */
#include "imap_date.h"
#include "imapd_session.h"

struct append {
    struct mailbox *mailbox;
    struct flag_list flags;
    int64_t date; /* 0: now */
    int zone;
    slice bytes;
};

bool imapd_append_is_welcome(struct imapd_session *s, const struct imap_value *args, size_t n,
                             uint64_t octets)
{
    struct mailbox *m;
    if (!imapd_mailbox(s, &args[0], true, &m))
        return false;
    if (octets > s->store->append_limit)
        return imapd_no_store(s, STORE_TOO_BIG, false), false;
    if (!mailbox_fits(m, 1, octets))
        return imapd_no_store(s, STORE_OVER_QUOTA, false), false;
    return true;
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
static bool parse_date(struct imapd_session *s, const struct imap_value *v, struct append *a)
{
    struct imap_datetime t;
    if (v->kind != IMAP_QUOTED || !imap_datetime_parse(v->text, &t))
        return imapd_bad(s, "A date-time was expected"), false;
    a->date = imap_datetime_unix(&t);
    a->zone = t.zone;
    return true;
}

/* append-data = literal / literal8; a literal holds no NUL */
static bool parse_message(struct imapd_session *s, const struct imap_value *v, struct append *a)
{
    if (v->kind != IMAP_LITERAL && v->kind != IMAP_LITERAL8)
        return imapd_bad(s, "A literal with the message was expected"), false;
    if (v->kind == IMAP_LITERAL && slice_find_char(v->text, 0) != SIZE_MAX)
        return imapd_bad(s, "NUL octets need a literal8"), false;
    a->bytes = v->text;
    return true;
}

/* append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP append-data */
static bool parse(struct imapd_session *s, struct append *a)
{
    const struct command *cmd = &s->cmd;
    size_t i = 1, last = cmd->n_args - 1;
    if (i < last && cmd->args[i].kind == IMAP_LIST) {
        if (!imapd_flags(s, cmd->args[i].items, cmd->args[i].n_items, &a->flags))
            return false;
        i++;
    }
    if (i < last && !parse_date(s, &cmd->args[i++], a))
        return false;
    if (i != last)
        return imapd_bad(s, "APPEND has too many arguments"), false;
    return parse_message(s, &cmd->args[last], a) &&
           imapd_mailbox(s, &cmd->args[0], true, &a->mailbox);
}

void imapd_append(struct imapd_session *s)
{
    struct append a = { 0 };
    struct message *msg;
    if (!parse(s, &a))
        return;
    struct new_message n = { .bytes = a.bytes,
                             .flags = a.flags.flags,
                             .keywords = a.flags.keywords,
                             .n_keywords = a.flags.n_keywords,
                             .internal_date = a.date,
                             .internal_zone = a.zone };
    enum store_result result = mailbox_append(a.mailbox, &n, &msg);
    if (result != STORE_OK)
        return imapd_no_store(s, result, true);
    imapd_ok(s, "[APPENDUID %u %u] APPEND completed", a.mailbox->uidvalidity, msg->uid);
}
