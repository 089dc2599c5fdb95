/* LIST with LIST-EXTENDED (RFC 5258), SPECIAL-USE (RFC 6154) and LIST-STATUS (RFC 5819); LSUB. */
#include "imapd_session.h"
#include "utf7.h"

enum select_option {
    SELECT_SUBSCRIBED = 1,
    SELECT_REMOTE = 2,
    SELECT_RECURSIVE = 4,
    SELECT_SPECIAL_USE = 8,
};
enum return_option { RETURN_SUBSCRIBED = 1, RETURN_CHILDREN = 2, RETURN_SPECIAL_USE = 4 };
enum { PATTERNS_MAX = 100 };

struct list_request {
    unsigned select, returns;
    unsigned status; /* items of RETURN (STATUS ...); 0: none */
    bool extended;   /* some syntax of RFC 5258 was used */
    bool lsub;
    slice patterns[PATTERNS_MAX]; /* UTF-8, the reference in front */
    size_t n_patterns;
    bool asks_separator; /* LIST "" "" */
    ARRAY(slice) names;  /* candidates, sorted */
};

/* --- patterns --- */

/* "*" stands for anything, "%" for anything without a separator. row[j]: the pattern so far
   matches the first j octets. INBOX is matched in any case. */
static bool matches(const struct imapd_session *s, slice pattern, slice name)
{
    bool star_stops = faulty(s, FAULT_IMAP_LIST_STAR);
    bool percent_stops = !faulty(s, FAULT_IMAP_LIST_PERCENT);
    bool inbox = slice_eq(slice_sub(name, 0, 5), S("INBOX")) &&
                 (name.n == 5 || name.p[5] == STORE_SEPARATOR);
    bool row[STORE_NAME_MAX + 1] = { true };
    if (name.n > STORE_NAME_MAX)
        return false;
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '*' || c == '%') {
            bool stops = c == '*' ? star_stops : percent_stops;
            for (size_t j = 1; j <= name.n; j++)
                row[j] |= row[j - 1] && !(stops && name.p[j - 1] == STORE_SEPARATOR);
            continue;
        }
        for (size_t j = name.n; j > 0; j--) {
            bool same = name.p[j - 1] == c || (inbox && j <= 5 && name.p[j - 1] == ascii_upper(c));
            row[j] = row[j - 1] && same;
        }
        row[0] = false;
    }
    return row[name.n];
}

/* What stands in front of the first wildcard. */
static slice fixed_part(slice pattern)
{
    size_t n = 0;
    while (n < pattern.n && pattern.p[n] != '*' && pattern.p[n] != '%')
        n++;
    return slice_sub(pattern, 0, n);
}

static bool matches_any(const struct imapd_session *s, const struct list_request *r, slice name)
{
    for (size_t i = 0; i < r->n_patterns; i++) {
        if (matches(s, r->patterns[i], name))
            return true;
        if (faulty(s, FAULT_IMAP_LIST_PATTERN) && slice_starts(name, fixed_part(r->patterns[i])))
            return true;
    }
    return false;
}

/* list-mailbox = 1*list-char / string; list-char = ATOM-CHAR / "%" / "*" / "]" */
static bool pattern_text(struct imapd_session *s, const struct imap_value *v, slice *ret)
{
    if (v->kind != IMAP_ATOM)
        return imapd_astring(s, v, ret);
    for (size_t i = 0; i < v->text.n; i++)
        if (v->text.p[i] <= ' ' || v->text.p[i] >= 0x7f || strchr("(){\"\\", v->text.p[i]))
            return imapd_bad(s, "A mailbox pattern was expected"), false;
    *ret = v->text;
    return true;
}

static bool add_pattern(struct imapd_session *s, struct list_request *r, slice reference,
                        const struct imap_value *v)
{
    slice text;
    auto_buf decoded, whole;
    buf_init(&decoded, BUF_OURS);
    buf_init(&whole, BUF_OURS);
    if (!pattern_text(s, v, &text))
        return false;
    if (s->rev2 ? !utf7_encode(text, &decoded) : !utf7_decode(text, &decoded))
        return imapd_bad(s, "The pattern is not %s", s->rev2 ? "UTF-8" : "modified UTF-7"), false;
    if (r->n_patterns == PATTERNS_MAX)
        return imapd_no(s, "[LIMIT] Too many patterns"), false;
    if (!faulty(s, FAULT_IMAP_LIST_REFERENCE))
        buf_add(&whole, reference);
    buf_add(&whole, s->rev2 ? text : buf_slice(&decoded));
    r->patterns[r->n_patterns++] = arena_dup(&s->arena, buf_slice(&whole));
    return true;
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")" */
static bool parse_patterns(struct imapd_session *s, struct list_request *r,
                           const struct imap_value *reference, const struct imap_value *v)
{
    slice ref;
    if (!imapd_mailbox_name(s, reference, &ref))
        return false;
    if (v->kind != IMAP_LIST) {
        r->asks_separator = v->text.n == 0;
        return add_pattern(s, r, ref, v);
    }
    r->extended = true;
    if (v->n_items == 0)
        return imapd_bad(s, "The list of patterns is empty"), false;
    for (size_t i = 0; i < v->n_items; i++)
        if (!add_pattern(s, r, ref, &v->items[i]))
            return false;
    return true;
}

/* --- options --- */

static const struct {
    const char *name;
    enum select_option option;
} select_options[] = {
    { "SUBSCRIBED", SELECT_SUBSCRIBED },
    { "REMOTE", SELECT_REMOTE },
    { "RECURSIVEMATCH", SELECT_RECURSIVE },
    { "SPECIAL-USE", SELECT_SPECIAL_USE },
};

static const struct {
    const char *name;
    enum return_option option;
} return_options[] = {
    { "SUBSCRIBED", RETURN_SUBSCRIBED },
    { "CHILDREN", RETURN_CHILDREN },
    { "SPECIAL-USE", RETURN_SPECIAL_USE },
};

static bool parse_select(struct imapd_session *s, const struct imap_value *list,
                         struct list_request *r)
{
    r->extended = true;
    for (size_t i = 0; i < list->n_items; i++) {
        unsigned found = 0;
        for (size_t j = 0; j < COUNT(select_options); j++)
            if (imap_is_atom(&list->items[i], select_options[j].name))
                found = select_options[j].option;
        if (!found)
            return imapd_bad(s, "Unknown selection option"), false;
        r->select |= found;
    }
    /* RFC 5258, section 3.1: it needs another option that selects. */
    unsigned selecting = r->select & (SELECT_SUBSCRIBED | SELECT_SPECIAL_USE);
    bool allowed = selecting || faulty(s, FAULT_IMAP_LIST_RECURSIVE_ALONE);
    if (r->select & SELECT_RECURSIVE && !allowed)
        return imapd_bad(s, "RECURSIVEMATCH needs another selection option"), false;
    return true;
}

static bool parse_returns(struct imapd_session *s, const struct imap_value *list,
                          struct list_request *r)
{
    r->extended = true;
    if (list->kind != IMAP_LIST)
        return imapd_bad(s, "RETURN takes a list of options"), false;
    for (size_t i = 0; i < list->n_items; i++) {
        unsigned found = 0;
        for (size_t j = 0; j < COUNT(return_options); j++)
            if (imap_is_atom(&list->items[i], return_options[j].name))
                found = return_options[j].option;
        r->returns |= found;
        if (found)
            continue;
        if (!imap_is_atom(&list->items[i], "STATUS") || i + 1 == list->n_items)
            return imapd_bad(s, "Unknown return option"), false;
        if (!imapd_is_status_list(s, &list->items[++i], &r->status))
            return false;
    }
    return true;
}

/* list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP "RETURN" SP "(" ... ")"] */
static bool parse(struct imapd_session *s, struct list_request *r)
{
    const struct imap_value *v = s->cmd.args;
    size_t n = s->cmd.n_args;
    if (v->kind == IMAP_LIST) {
        if (!parse_select(s, v, r))
            return false;
        v++;
        n--;
    }
    if (n != 2 && !(n == 4 && imap_is_atom(&v[2], "RETURN")))
        return imapd_bad(s, "LIST takes a reference, a pattern and RETURN options"), false;
    return parse_patterns(s, r, &v[0], &v[1]) && (n == 2 || parse_returns(s, &v[3], r));
}

/* --- candidates --- */

static void add_candidate(struct list_request *r, slice name)
{
    size_t i = 0;
    while (i < r->names.n && slice_cmp(r->names.v[i], name) < 0)
        i++;
    if (i == r->names.n || !slice_eq(r->names.v[i], name))
        *array_insert(&r->names, i) = name;
}

static void add_with_parents(struct list_request *r, slice name)
{
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == STORE_SEPARATOR)
            add_candidate(r, slice_sub(name, 0, i));
    add_candidate(r, name);
}

static void collect(struct imapd_session *s, struct list_request *r)
{
    if (r->select & SELECT_SUBSCRIBED) {
        array_each (name, &s->account->subscriptions)
            add_with_parents(r, slice_of(*name));
    } else {
        bool hides = faulty(s, FAULT_SYNC_MAILBOX_HIDDEN);
        array_each (m, &s->account->mailboxes)
            if (!hides || (*m)->uidvalidity < s->uidvalidity_at_login)
                add_with_parents(r, slice_of((*m)->name));
    }
}

static bool is_selected(const struct imapd_session *s, const struct list_request *r, slice name)
{
    const struct mailbox *m = account_mailbox(s->account, name);
    if (r->select & SELECT_SUBSCRIBED && !account_is_subscribed(s->account, name))
        return false;
    if (r->select & SELECT_SPECIAL_USE && !(m && m->special))
        return false;
    return true;
}

/* RFC 5258, section 3.5: is something below that is selected but that no pattern shows? */
static bool has_hidden_child(const struct imapd_session *s, const struct list_request *r,
                             slice name)
{
    array_each (other, &r->names) {
        bool below =
            other->n > name.n && slice_starts(*other, name) && other->p[name.n] == STORE_SEPARATOR;
        if (below && is_selected(s, r, *other) && !matches_any(s, r, *other))
            return true;
    }
    return false;
}

/* --- the answer --- */

static void add_attribute(struct buf *out, const char *name)
{
    bool first = out->p[out->n - 1] == '(';
    buf_addf(out, "%s%s", first ? "" : " ", name);
}

static void add_attributes(struct imapd_session *s, struct buf *out, const struct list_request *r,
                           slice name)
{
    const struct mailbox *m = account_mailbox(s->account, name);
    bool subscribed = (r->select & SELECT_SUBSCRIBED) || (r->returns & RETURN_SUBSCRIBED);
    if (subscribed && account_is_subscribed(s->account, name))
        add_attribute(out, "\\Subscribed");
    if (!m && !faulty(s, FAULT_IMAP_LIST_NOSELECT))
        add_attribute(out, r->extended || s->rev2 ? "\\NonExistent" : "\\Noselect");
    bool children = account_has_children(s->account, name) && !faulty(s, FAULT_IMAP_LIST_CHILDREN);
    add_attribute(out, children ? "\\HasChildren" : "\\HasNoChildren");
    if (m && m->special && !faulty(s, FAULT_IMAP_LIST_USE_MISSING))
        add_attribute(out, special_use_name(m->special));
}

static void send_list(struct imapd_session *s, const struct list_request *r, slice name,
                      bool hidden_child)
{
    struct buf *out = imapd_out(s);
    struct mailbox *m = account_mailbox(s->account, name);
    char *text = arena_str(&s->arena, name);
    if (faulty(s, FAULT_IMAP_LIST_LEADING))
        text = arena_printf(&s->arena, "/%s", text);
    if (faulty(s, FAULT_IMAP_LIST_INBOX_NAME) && slice_eq(name, S("INBOX")))
        text = arena_str(&s->arena, S("Eingang"));
    buf_adds(out, "* LIST (");
    add_attributes(s, out, r, name);
    buf_adds(out, ") \"/\" ");
    imapd_add_name(s, out, text);
    if (hidden_child && !faulty(s, FAULT_IMAP_LIST_NO_CHILDINFO))
        buf_addf(out, " (\"CHILDINFO\" (\"%s\"))",
                 r->select & SELECT_SUBSCRIBED ? "SUBSCRIBED" : "SPECIAL-USE");
    buf_adds(out, "\r\n");
    if (r->status && m && !faulty(s, FAULT_IMAP_LIST_STATUS_MISSING))
        imapd_send_status(s, m, r->status);
}

void imapd_send_list(struct imapd_session *s, slice name)
{
    static const struct list_request plain = { .extended = false };
    send_list(s, &plain, name, false);
}

/* RFC 3501, section 6.3.9: a parent that is listed only for what is below is \Noselect. */
static void send_lsub(struct imapd_session *s, slice name, bool selected)
{
    imapd_sendf(s, "* LSUB (%s) \"/\" ", selected ? "" : "\\Noselect");
    imapd_add_name(s, imapd_out(s), arena_str(&s->arena, name));
    imapd_send(s, S("\r\n"));
}

static void answer(struct imapd_session *s, const struct list_request *r)
{
    for (size_t i = 0; i < r->names.n && imapd_flush_some(s); i++) {
        slice name = r->names.v[i];
        bool hides_inbox = faulty(s, FAULT_IMAP_LIST_INBOX_MISSING) && slice_eq(name, S("INBOX"));
        if (!matches_any(s, r, name) || hides_inbox)
            continue;
        bool selected = is_selected(s, r, name);
        bool hidden = r->select & SELECT_RECURSIVE && has_hidden_child(s, r, name);
        if (!selected && !hidden)
            continue;
        if (r->lsub)
            send_lsub(s, name, selected);
        else
            send_list(s, r, name, hidden);
    }
}

static void list(struct imapd_session *s, struct list_request *r)
{
    if (r->asks_separator && !r->extended) {
        if (!faulty(s, FAULT_IMAP_LIST_SEPARATOR))
            imapd_sendf(s, "* %s (\\Noselect) \"/\" \"\"\r\n", r->lsub ? "LSUB" : "LIST");
    } else {
        collect(s, r);
        answer(s, r);
    }
    array_release(&r->names);
    imapd_ok(s, "%s completed", s->cmd.row->name);
}

void imapd_list(struct imapd_session *s)
{
    struct list_request r = { 0 };
    if (!parse(s, &r))
        return;
    if (faulty(s, FAULT_IMAP_LIST_SUBSCRIBED))
        r.select &= ~(unsigned)SELECT_SUBSCRIBED;
    list(s, &r);
}

void imapd_lsub(struct imapd_session *s)
{
    struct list_request r = { .lsub = true, .select = SELECT_SUBSCRIBED | SELECT_RECURSIVE };
    if (!parse_patterns(s, &r, &s->cmd.args[0], &s->cmd.args[1]))
        return;
    if (r.extended)
        return imapd_bad(s, "LSUB takes one pattern");
    if (faulty(s, FAULT_IMAP_LSUB_ALL))
        r.select = 0;
    list(s, &r);
}
