/* Faults that refuse a command which is right, or close the connection on it: a table of when and
   what is said. Asked before the command runs. */
#include "imap_date.h"
#include "imapd_session.h"

enum { LONG_LINE = 9900 };

static bool runs(const struct imapd_session *s, void (*run)(struct imapd_session *))
{
    return s->cmd.row->run == run;
}

static const struct imap_value *argument(const struct imapd_session *s, size_t i)
{
    static const struct imap_value none = { .kind = IMAP_NIL };
    return i < s->cmd.n_args ? &s->cmd.args[i] : &none;
}

static bool tag_is_number(const struct imapd_session *s)
{
    uint64_t n;
    return slice_to_u64(s->cmd.tag, UINT64_MAX, &n);
}

static bool name_is_lower(const struct imapd_session *s)
{
    return s->cmd.unit.n > s->cmd.tag.n + 1 && s->cmd.unit.p[s->cmd.tag.n + 1] >= 'a';
}

static bool login_with_literal(const struct imapd_session *s)
{
    return runs(s, imapd_login) &&
           (argument(s, 0)->kind == IMAP_LITERAL || argument(s, 1)->kind == IMAP_LITERAL);
}

static bool has_plus_literal(const struct imapd_session *s)
{
    return slice_find(s->cmd.unit, S("+}\r\n")) != SIZE_MAX;
}

static bool has_initial_response(const struct imapd_session *s)
{
    return runs(s, imapd_authenticate) && s->cmd.n_args == 2;
}

static bool id_before_login(const struct imapd_session *s)
{
    return runs(s, imapd_id) && s->state == STATE_GREETED;
}

static bool id_nil(const struct imapd_session *s)
{
    return runs(s, imapd_id) && argument(s, 0)->kind == IMAP_NIL;
}

static bool enables_unknown(const struct imapd_session *s)
{
    static const char *const known[] = { "CONDSTORE", "QRESYNC", "IMAP4rev2" };
    size_t n = 0;
    for (size_t i = 0; i < s->cmd.n_args; i++)
        for (size_t j = 0; j < COUNT(known); j++)
            n += imap_is_atom(&s->cmd.args[i], known[j]);
    return runs(s, imapd_enable) && n < s->cmd.n_args;
}

static bool inbox_not_in_capitals(const struct imapd_session *s)
{
    for (size_t i = 0; i < s->cmd.n_args && !runs(s, imapd_login); i++)
        if (slice_eq_nocase(s->cmd.args[i].text, S("INBOX")) &&
            !slice_eq(s->cmd.args[i].text, S("INBOX")))
            return true;
    return false;
}

static bool creates_with_separator(const struct imapd_session *s)
{
    return runs(s, imapd_create) && slice_ends(argument(s, 0)->text, S("/"));
}

static bool creates_with_use(const struct imapd_session *s)
{
    return runs(s, imapd_create) && s->cmd.n_args == 2;
}

static bool lists_special_use(const struct imapd_session *s)
{
    const struct imap_value *first = argument(s, 0);
    return runs(s, imapd_list) && first->kind == IMAP_LIST && first->n_items > 0 &&
           imap_is_atom(&first->items[0], "SPECIAL-USE");
}

static bool is_lsub(const struct imapd_session *s)
{
    return runs(s, imapd_lsub);
}

static bool is_namespace(const struct imapd_session *s)
{
    return runs(s, imapd_namespace);
}

static bool is_move(const struct imapd_session *s)
{
    return runs(s, imapd_move);
}

static bool is_uid_expunge(const struct imapd_session *s)
{
    return runs(s, imapd_expunge) && s->cmd.uid;
}

static slice appended(const struct imapd_session *s)
{
    return runs(s, imapd_append) ? argument(s, s->cmd.n_args - 1)->text : S("\r\n");
}

static bool appends_without_crlf(const struct imapd_session *s)
{
    return !slice_ends(appended(s), S("\r\n"));
}

static bool appends_long_line(const struct imapd_session *s)
{
    slice rest = appended(s), line;
    while (slice_line(&rest, &line))
        if (line.n > LONG_LINE)
            return true;
    return false;
}

static bool appends_old_date(const struct imapd_session *s)
{
    struct imap_datetime t;
    for (size_t i = 1; i < s->cmd.n_args && runs(s, imapd_append); i++)
        if (s->cmd.args[i].kind == IMAP_QUOTED && imap_datetime_parse(s->cmd.args[i].text, &t))
            return t.date.year < 1970;
    return false;
}

static bool stores_empty_list(const struct imapd_session *s)
{
    const struct imap_value *last = argument(s, s->cmd.n_args - 1);
    return runs(s, imapd_store) && last->kind == IMAP_LIST && last->n_items == 0;
}

static bool stores_keyword(const struct imapd_session *s)
{
    const struct imap_value *last = argument(s, s->cmd.n_args - 1);
    for (size_t i = 0; i < last->n_items && runs(s, imapd_store); i++)
        if (last->items[i].text.n && last->items[i].text.p[0] != '\\')
            return true;
    return false;
}

/* Commands whose first argument is a set. */
static bool takes_set(const struct imapd_session *s)
{
    return runs(s, imapd_fetch) || runs(s, imapd_store) || runs(s, imapd_copy) ||
           runs(s, imapd_move) || is_uid_expunge(s);
}

static bool set_is_reversed(const struct imapd_session *s)
{
    auto_arena a = { 0 };
    struct imap_set set;
    if (!takes_set(s) || !imap_set_parse(argument(s, 0)->text, &a, &set))
        return false;
    for (size_t i = 0; i < set.n; i++)
        if (set.ranges[i].last != IMAP_STAR && set.ranges[i].first > set.ranges[i].last)
            return true;
    return false;
}

static bool set_has_star(const struct imapd_session *s)
{
    return takes_set(s) && slice_find_char(argument(s, 0)->text, '*') != SIZE_MAX;
}

static bool selects_with_qresync(const struct imapd_session *s)
{
    const struct imap_value *params = argument(s, 1);
    return (runs(s, imapd_select) || runs(s, imapd_examine)) && params->n_items > 0 &&
           imap_is_atom(&params->items[0], "QRESYNC");
}

static const struct {
    enum fault_id fault;
    bool (*applies)(const struct imapd_session *s);
    bool no;          /* NO instead of BAD */
    const char *text; /* NULL: the connection is closed without a word */
} refusals[] = {
    { FAULT_IMAP_TAG_NUMERIC, tag_is_number, false, "Tag is a number" },
    { FAULT_IMAP_COMMAND_CASE, name_is_lower, false, "Unknown command" },
    { FAULT_IMAP_LITERAL_IN_LOGIN, login_with_literal, false, "Syntax" },
    { FAULT_IMAP_LITERAL_PLUS, has_plus_literal, false, "Syntax" },
    { FAULT_IMAP_SASL_IR_REFUSED, has_initial_response, false, "Too many arguments" },
    { FAULT_IMAP_ID_BEFORE_LOGIN, id_before_login, false, "Log in first" },
    { FAULT_IMAP_ID_NIL, id_nil, false, "Syntax" },
    { FAULT_IMAP_ENABLE_UNKNOWN, enables_unknown, false, "Unknown capability" },
    { FAULT_IMAP_NAMESPACE_DROPS, is_namespace, false, NULL },
    { FAULT_IMAP_INBOX_CASE, inbox_not_in_capitals, true, "[NONEXISTENT] No such mailbox" },
    { FAULT_IMAP_CREATE_TRAILING, creates_with_separator, true, "Invalid name" },
    { FAULT_IMAP_CREATE_USE_REFUSED, creates_with_use, false, "Too many arguments" },
    { FAULT_IMAP_LIST_USE_REFUSED, lists_special_use, false, "Syntax" },
    { FAULT_IMAP_LSUB_REFUSED, is_lsub, false, "Unknown command" },
    { FAULT_IMAP_APPEND_FINAL_CRLF, appends_without_crlf, false, "Message is not complete" },
    { FAULT_IMAP_APPEND_LONG_LINES, appends_long_line, true, "Line too long" },
    { FAULT_IMAP_APPEND_OLD_DATE, appends_old_date, false, "Invalid date" },
    { FAULT_IMAP_STORE_EMPTY, stores_empty_list, false, "Syntax" },
    { FAULT_IMAP_STORE_KEYWORDS, stores_keyword, true, "Keywords are not supported" },
    { FAULT_IMAP_UID_EXPUNGE_REFUSED, is_uid_expunge, false, "Unknown command" },
    { FAULT_IMAP_MOVE_REFUSED, is_move, true, "MOVE is not possible" },
    { FAULT_IMAP_MOVE_DROPS, is_move, false, NULL },
    { FAULT_IMAP_SET_REVERSED, set_is_reversed, false, "Invalid set" },
    { FAULT_IMAP_SET_STAR, set_has_star, false, "Invalid set" },
    { FAULT_SYNC_QRESYNC_REFUSED, selects_with_qresync, false, "Unknown parameter" },
};

bool imapd_fault_refuses(struct imapd_session *s)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        if (!faulty(s, refusals[i].fault) || !refusals[i].applies(s))
            continue;
        if (!refusals[i].text)
            s->state = STATE_LOGOUT;
        else if (refusals[i].no)
            imapd_no(s, "%s", refusals[i].text);
        else
            imapd_bad(s, "%s", refusals[i].text);
        return true;
    }
    return false;
}
