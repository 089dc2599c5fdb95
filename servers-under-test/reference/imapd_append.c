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
    if (faulty(s, FAULT_IMAP_APPEND_CREATES))
        return true;
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

/* The faults of APPEND. */
static void spoil(struct imapd_session *s, struct append *a)
{
    if (faulty(s, FAULT_IMAP_APPEND_FLAGS))
        a->flags = (struct flag_list) { 0 };
    if (faulty(s, FAULT_IMAP_APPEND_DATE))
        a->date = 0;
    bool adds_crlf = faulty(s, FAULT_IMAP_APPEND_ADDS_CRLF) && !slice_ends(a->bytes, S("\r\n"));
    auto_buf changed;
    buf_init(&changed, BUF_OURS);
    if (faulty(s, FAULT_IMAP_APPEND_ADDS_HEADER))
        buf_adds(&changed, "X-Stored: yes\r\n");
    buf_add(&changed, a->bytes);
    buf_adds(&changed, adds_crlf ? "\r\n" : "");
    a->bytes = arena_dup(&s->arena, buf_slice(&changed));
}

static void create_target(struct imapd_session *s)
{
    slice name;
    if (faulty(s, FAULT_IMAP_APPEND_CREATES) && imapd_mailbox_name(s, &s->cmd.args[0], &name))
        account_create(s->account, name, SPECIAL_NONE, NULL);
}

void imapd_append(struct imapd_session *s)
{
    struct append a = { 0 };
    struct message *msg;
    create_target(s);
    if (!parse(s, &a))
        return;
    if (!faults_empty(s->faults))
        spoil(s, &a);
    struct new_message n = { .bytes = a.bytes,
                             .flags = a.flags.flags,
                             .keywords = a.flags.keywords,
                             .n_keywords = a.flags.n_keywords,
                             .internal_date = a.date,
                             .internal_zone = a.zone };
    enum store_result result = mailbox_append(a.mailbox, &n, &msg);
    if (result != STORE_OK)
        return imapd_no_store(s, result, true);
    if (faulty(s, FAULT_IMAP_APPEND_NO_UID))
        return imapd_ok(s, "APPEND completed");
    imapd_ok(s, "[APPENDUID %u %u] APPEND completed", a.mailbox->uidvalidity,
             msg->uid + faulty(s, FAULT_IMAP_APPEND_WRONG_UID));
}
