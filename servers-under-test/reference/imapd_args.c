/* Arguments of commands. Each function that says false has set the reply. */
#include "imapd_session.h"
#include "utf7.h"

/* --- spacing --- */

static bool items_are_spaced(slice unit, const struct imap_value *list, size_t start, size_t end)
{
    size_t at = start;
    for (size_t i = 0; i < list->n_items; i++) {
        const struct imap_value *v = &list->items[i];
        if (v->offset != at)
            return false;
        bool is_list = v->kind == IMAP_LIST;
        if (is_list && !items_are_spaced(unit, v, v->offset + 1, v->offset + v->raw.n - 1))
            return false;
        at = v->offset + v->raw.n;
        if (i + 1 < list->n_items && (at >= unit.n || unit.p[at++] != ' '))
            return false;
    }
    return at == end;
}

bool imapd_spacing_is_right(slice unit, const struct imap_value *top)
{
    return slice_ends(unit, S("\r\n")) && items_are_spaced(unit, top, 0, unit.n - 2);
}

/* --- strings and names --- */

static bool is_astring_atom(slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || strchr("(){%*\"\\", text.p[i]))
            return false;
    return text.n > 0;
}

/* Octets that no string may hold: NUL anywhere, 8-bit in a quoted string before UTF-8. */
static bool is_string_text(const struct imapd_session *s, const struct imap_value *v)
{
    for (size_t i = 0; i < v->text.n; i++) {
        char c = v->text.p[i];
        if (c == 0 || (v->kind == IMAP_QUOTED && !s->rev2 && (signed char)c < 0))
            return false;
        if (v->kind == IMAP_QUOTED && (c == '\r' || c == '\n'))
            return false;
    }
    return true;
}

/* astring = 1*ASTRING-CHAR / string */
bool imapd_astring(struct imapd_session *s, const struct imap_value *v, slice *ret)
{
    bool right = false;
    if (v->kind == IMAP_ATOM || v->kind == IMAP_NIL)
        right = is_astring_atom(v->text);
    else if (v->kind == IMAP_QUOTED || v->kind == IMAP_LITERAL)
        right = is_string_text(s, v);
    if (!right)
        return imapd_bad(s, "An atom or a string was expected"), false;
    *ret = v->text;
    return true;
}

bool imapd_mailbox_name(struct imapd_session *s, const struct imap_value *v, slice *ret)
{
    slice text;
    auto_buf name;
    buf_init(&name, BUF_OURS);
    if (!imapd_astring(s, v, &text))
        return false;
    /* Encoding into modified UTF-7 fails for what is not UTF-8. */
    if (s->rev2 ? !utf7_encode(text, &name) : !utf7_decode(text, &name))
        return imapd_bad(s, "The mailbox name is not %s", s->rev2 ? "UTF-8" : "modified UTF-7"),
               false;
    *ret = s->rev2 ? text : arena_dup(&s->arena, buf_slice(&name));
    return true;
}

bool imapd_mailbox(struct imapd_session *s, const struct imap_value *v, bool target,
                   struct mailbox **ret)
{
    slice name;
    if (!imapd_mailbox_name(s, v, &name))
        return false;
    struct mailbox *m = account_mailbox(s->account, name);
    if (!m)
        return imapd_no_store(s, STORE_NO_MAILBOX, target), false;
    *ret = m;
    return true;
}

/* --- flags --- */

/* flag-keyword = atom; of ATOM-CHARs "]" is not one. */
static bool is_keyword(slice text)
{
    return is_astring_atom(text) && slice_find_char(text, ']') == SIZE_MAX &&
           text.n <= STORE_KEYWORD_LENGTH_MAX;
}

/* flag = "\Answered" / ... / flag-keyword; \Recent cannot be set. */
bool imapd_flags(struct imapd_session *s, const struct imap_value *v, size_t n,
                 struct flag_list *ret)
{
    struct flag_list list = { .keywords = arena_new_n(&s->arena, slice, n + 1) };
    for (size_t i = 0; i < n; i++) {
        unsigned flag = v[i].kind == IMAP_ATOM ? flag_by_name(v[i].text) : 0;
        list.flags |= flag;
        if (flag)
            continue;
        bool atom = v[i].kind == IMAP_ATOM || v[i].kind == IMAP_NIL;
        if (!atom || !is_keyword(v[i].text))
            return imapd_bad(s, "A flag was expected"), false;
        list.keywords[list.n_keywords++] = v[i].text;
    }
    *ret = list;
    return true;
}

bool imapd_keyword_bits(struct imapd_session *s, struct mailbox *m, const struct flag_list *f,
                        uint64_t *ret)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < f->n_keywords; i++) {
        int bit = mailbox_keyword(m, f->keywords[i], true);
        if (bit < 0)
            return imapd_no_store(s, STORE_LIMIT, false), false;
        bits |= (uint64_t)1 << bit;
    }
    *ret = bits;
    return true;
}

/* --- sets --- */

static struct entry_list new_list(struct imapd_session *s, size_t most)
{
    return (struct entry_list) { arena_new_n(&s->arena, size_t, most + 1), 0 };
}

/* "$": what the last SEARCH RETURN (SAVE) kept and is still there (RFC 5182, section 2.1). */
static void saved_messages(struct imapd_session *s, struct entry_list *ret)
{
    *ret = new_list(s, s->saved.n);
    array_each (uid, &s->saved) {
        size_t i = view_find(&s->view, *uid);
        if (i != SIZE_MAX)
            ret->v[ret->n++] = i;
    }
}

/* Drops what is above `max` from a normal set. */
static void cut(struct imap_set *set, uint32_t max)
{
    while (set->n && set->ranges[set->n - 1].first > max)
        set->n--;
    if (set->n && set->ranges[set->n - 1].last > max)
        set->ranges[set->n - 1].last = max;
}

/* RFC 9051, section 9 (seq-number): a number that no message has is BAD, "*" of an empty mailbox
   too. */
static bool numbered(struct imapd_session *s, const struct imap_set *set, struct entry_list *ret)
{
    size_t n = s->view.entries.n;
    struct imap_set normal;
    if (n == 0)
        return imapd_bad(s, "There is no such message"), false;
    imap_set_normalise(set, (uint32_t)n, &s->arena, &normal);
    if (faulty(s, FAULT_IMAP_SET_BEYOND_OK))
        cut(&normal, (uint32_t)n);
    else if (normal.n == 0 || normal.ranges[normal.n - 1].last > n)
        return imapd_bad(s, "There is no message of that number"), false;
    *ret = new_list(s, n);
    struct imap_set_iter it = { 0 };
    uint32_t number;
    while (imap_set_next(&normal, &it, &number))
        ret->v[ret->n++] = number - 1;
    return true;
}

static void by_uid(struct imapd_session *s, const struct imap_set *set, struct entry_list *ret)
{
    const struct view *view = &s->view;
    size_t n = view->entries.n;
    struct imap_set normal;
    *ret = new_list(s, n);
    imap_set_normalise(set, n ? view->entries.v[n - 1].message->uid : 0, &s->arena, &normal);
    if (faulty(s, FAULT_IMAP_SET_STAR_BEYOND) && n && set->n == 1 &&
        set->ranges[0].first > view->entries.v[n - 1].message->uid)
        normal.n = 0;
    for (size_t r = 0; r < normal.n; r++) {
        size_t i = view_lower_bound(view, normal.ranges[r].first);
        for (; i < n && view->entries.v[i].message->uid <= normal.ranges[r].last; i++)
            if (!view->entries.v[i].message->expunged)
                ret->v[ret->n++] = i;
    }
}

static bool parse_set(struct imapd_session *s, const struct imap_value *v, struct imap_set *ret)
{
    if (v->kind != IMAP_ATOM || !imap_set_parse(v->text, &s->arena, ret))
        return imapd_bad(s, "A set of message numbers was expected"), false;
    return true;
}

bool imapd_message_set(struct imapd_session *s, const struct imap_value *v, bool uid,
                       struct entry_list *ret)
{
    struct imap_set set;
    if (imap_is_atom(v, "$")) {
        saved_messages(s, ret);
        if (ret->n == 0 && faulty(s, FAULT_IMAP_SEARCHRES_EMPTY_BAD))
            return imapd_bad(s, "The search result is empty"), false;
        return true;
    }
    if (!parse_set(s, v, &set))
        return false;
    if (!uid)
        return numbered(s, &set, ret);
    by_uid(s, &set, ret);
    if (ret->n == 0 && faulty(s, FAULT_IMAP_SET_UNKNOWN_UID))
        return imapd_no(s, "There is no message of that UID"), false;
    return true;
}

bool imapd_uid_set(struct imapd_session *s, const struct imap_value *v, struct imap_set *ret)
{
    struct imap_set set;
    if (imap_is_atom(v, "$"))
        return imap_set_of(s->saved.v, s->saved.n, &s->arena, ret), true;
    if (!parse_set(s, v, &set))
        return false;
    const struct view *view = &s->view;
    size_t n = view->entries.n;
    imap_set_normalise(&set, n ? view->entries.v[n - 1].message->uid : 0, &s->arena, ret);
    return true;
}

/* mod-sequence-value = 1*DIGIT, up to 2^63-1 (RFC 7162, section 7) */
bool imapd_modseq(struct imapd_session *s, const struct imap_value *v, bool zero_allowed,
                  uint64_t *ret)
{
    uint64_t n;
    if (!imap_to_number(v, INT64_MAX, &n) || (n == 0 && !zero_allowed))
        return imapd_bad(s, "A mod-sequence was expected"), false;
    *ret = n;
    return true;
}
