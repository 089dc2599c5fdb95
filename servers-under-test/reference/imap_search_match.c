#include "array.h"
#include "fault.h"
#include "imap_search.h"
#include "imap_search_content.h"
#include "imap_search_key.h"
#include "mail_date.h"
#include "mime_header.h"

/* One message being matched; its octets are read and parsed at the first key that needs them. */
struct matcher {
    const struct search_program *program;
    const struct search_box *box;
    const struct search_message *message;
    struct search_content content;
};

static bool matches(struct matcher *m, const struct search_key *key);

static bool has(const struct matcher *m, enum fault_id fault)
{
    return fault_on(m->program->faults, fault);
}

static struct search_content *content_of(struct matcher *m)
{
    if (!m->content.loaded)
        search_content_load(&m->content, m->message->octets(m->message->data), m->program->faults);
    return &m->content;
}

static bool match_all(struct matcher *m, const struct search_key *key)
{
    return true;
}

static bool match_any(struct matcher *m, const struct search_key *key)
{
    for (const struct search_key *k = key->first; k; k = k->next)
        if (matches(m, k))
            return true;
    return false;
}

static bool match_every(struct matcher *m, const struct search_key *key)
{
    for (const struct search_key *k = key->first; k; k = k->next)
        if (!matches(m, k))
            return false;
    return true;
}

static bool match_and(struct matcher *m, const struct search_key *key)
{
    return has(m, FAULT_IMAP_SEARCH_AND) ? match_any(m, key) : match_every(m, key);
}

static bool match_or(struct matcher *m, const struct search_key *key)
{
    return has(m, FAULT_IMAP_SEARCH_OR) ? match_every(m, key) : match_any(m, key);
}

static bool match_not(struct matcher *m, const struct search_key *key)
{
    return matches(m, key->first) == has(m, FAULT_IMAP_SEARCH_NOT);
}

static bool match_flag(struct matcher *m, const struct search_key *key)
{
    return m->message->has_flag(m->message->data, key->text);
}

static bool match_recent(struct matcher *m, const struct search_key *key)
{
    return m->message->recent;
}

/* "NEW: RECENT UNSEEN" (RFC 3501 6.4.4). */
static bool match_new(struct matcher *m, const struct search_key *key)
{
    return m->message->recent && !match_flag(m, key);
}

static bool match_keyword(struct matcher *m, const struct search_key *key)
{
    return has(m, FAULT_IMAP_SEARCH_KEYWORD) ? !key->negated : match_flag(m, key);
}

/* seq-range: "two values and all values between these two regardless of order"; "*" is `max`. */
static bool in_set(const struct matcher *m, const struct imap_set *set, uint32_t number,
                   uint32_t max)
{
    for (size_t i = 0; i < set->n; i++) {
        uint32_t first = set->ranges[i].first, last = set->ranges[i].last;
        first = first == IMAP_STAR ? max : first;
        last = last == IMAP_STAR ? max : last;
        bool rising = number >= first && number <= last;
        bool falling = number >= last && number <= first;
        if (rising || (falling && !has(m, FAULT_IMAP_SEARCH_REVERSED)))
            return true;
    }
    return false;
}

static bool match_seq(struct matcher *m, const struct search_key *key)
{
    return key->saved ? m->message->saved : in_set(m, &key->set, m->message->seq, m->box->max_seq);
}

static bool match_uid(struct matcher *m, const struct search_key *key)
{
    return key->saved ? m->message->saved : in_set(m, &key->set, m->message->uid, m->box->max_uid);
}

/* --- dates: only the day counts, in the zone in which it was written --- */

static struct imap_date day_at(int64_t when, int zone)
{
    return imap_datetime_from_unix(when, zone).date;
}

static bool sent_day(struct matcher *m, struct imap_date *ret)
{
    struct mail_date date;
    const struct mime_envelope *envelope = search_content_envelope(content_of(m));
    if (!envelope->date.p || !mail_date_parse(envelope->date, &date))
        return false;
    *ret = (struct imap_date) { date.year, date.month, date.day };
    return true;
}

/* False when the message has no such date. */
static bool day_of(struct matcher *m, enum search_source source, struct imap_date *ret)
{
    const struct search_message *message = m->message;
    if (source == SEARCH_SENT && !has(m, FAULT_IMAP_SEARCH_SENT))
        return sent_day(m, ret);
    if (source == SEARCH_SAVED_DATE) {
        *ret = day_at(message->save_date, 0);
        return message->has_save_date;
    }
    *ret = day_at(message->internal_date, has(m, FAULT_IMAP_SEARCH_DATE_ZONE) ? 0 : message->zone);
    return true;
}

static struct imap_date day_before(const struct imap_date *d)
{
    struct imap_datetime noon = { .date = *d, .hour = 12 };
    return day_at(imap_datetime_unix(&noon) - 86400, 0);
}

static bool match_date(struct matcher *m, const struct search_key *key)
{
    struct imap_date day;
    if (has(m, FAULT_IMAP_SEARCH_DATE_NOTHING) || !day_of(m, key->source, &day))
        return false;
    if (key->relation == SEARCH_ON && has(m, FAULT_IMAP_SEARCH_ON))
        day = day_before(&day);
    int order = imap_date_cmp(&day, &key->date);
    switch (key->relation) {
    case SEARCH_BEFORE:
        return order < 0 || (!order && has(m, FAULT_IMAP_SEARCH_BEFORE));
    case SEARCH_ON:
        return !order;
    case SEARCH_SINCE:
        return order > 0 || (!order && !has(m, FAULT_IMAP_SEARCH_SINCE));
    }
    return false;
}

static bool match_save_date_supported(struct matcher *m, const struct search_key *key)
{
    return m->message->has_save_date;
}

/* RFC 5032 2: both include the second itself. */
static int64_t age(const struct matcher *m)
{
    return m->box->now - m->message->internal_date;
}

static bool match_older(struct matcher *m, const struct search_key *key)
{
    return age(m) >= (int64_t)key->number;
}

static bool match_younger(struct matcher *m, const struct search_key *key)
{
    return age(m) <= (int64_t)key->number;
}

static bool match_larger(struct matcher *m, const struct search_key *key)
{
    bool equal = m->message->size == key->number;
    return m->message->size > key->number || (equal && has(m, FAULT_IMAP_SEARCH_LARGER));
}

static bool match_smaller(struct matcher *m, const struct search_key *key)
{
    bool equal = m->message->size == key->number;
    return m->message->size < key->number || (equal && has(m, FAULT_IMAP_SEARCH_LARGER));
}

static bool match_modseq(struct matcher *m, const struct search_key *key)
{
    bool equal = m->message->modseq == key->number;
    return m->message->modseq > key->number || (equal && !has(m, FAULT_IMAP_SEARCH_MODSEQ_STRICT));
}

static bool match_field(struct matcher *m, const struct search_key *key)
{
    return search_content_field(content_of(m), key->field, key->text);
}

static bool match_header(struct matcher *m, const struct search_key *key)
{
    if (!key->text.n && has(m, FAULT_IMAP_SEARCH_HEADER_EMPTY))
        return false;
    return search_content_header(content_of(m), key->name, key->text);
}

static bool match_body(struct matcher *m, const struct search_key *key)
{
    bool header = has(m, FAULT_IMAP_SEARCH_BODY_HEADER);
    return search_content_text(content_of(m), key->text, header);
}

static bool match_text(struct matcher *m, const struct search_key *key)
{
    bool header = !has(m, FAULT_IMAP_SEARCH_TEXT_BODY_ONLY);
    return search_content_text(content_of(m), key->text, header);
}

static bool (*const ops[SEARCH_OPS])(struct matcher *m, const struct search_key *key) = {
    [SEARCH_OP_ALL] = match_all,       [SEARCH_OP_AND] = match_and,
    [SEARCH_OP_OR] = match_or,         [SEARCH_OP_NOT] = match_not,
    [SEARCH_OP_FLAG] = match_flag,     [SEARCH_OP_RECENT] = match_recent,
    [SEARCH_OP_NEW] = match_new,       [SEARCH_OP_KEYWORD] = match_keyword,
    [SEARCH_OP_SEQ] = match_seq,       [SEARCH_OP_UID] = match_uid,
    [SEARCH_OP_DATE] = match_date,     [SEARCH_OP_SAVE_DATE_SUPPORTED] = match_save_date_supported,
    [SEARCH_OP_OLDER] = match_older,   [SEARCH_OP_YOUNGER] = match_younger,
    [SEARCH_OP_LARGER] = match_larger, [SEARCH_OP_SMALLER] = match_smaller,
    [SEARCH_OP_MODSEQ] = match_modseq, [SEARCH_OP_FIELD] = match_field,
    [SEARCH_OP_HEADER] = match_header, [SEARCH_OP_BODY] = match_body,
    [SEARCH_OP_TEXT] = match_text,
};

/* Recursion is bounded by SEARCH_NESTING_MAX. */
static bool matches(struct matcher *m, const struct search_key *key)
{
    return ops[key->op](m, key) != key->negated;
}

bool search_match(const struct search_program *p, const struct search_box *box,
                  const struct search_message *message)
{
    struct matcher m = { .program = p, .box = box, .message = message };
    bool hidden = has(&m, FAULT_IMAP_SEARCH_HIDES_DELETED) &&
                  message->has_flag(message->data, S("\\Deleted"));
    bool found = !hidden && matches(&m, p->key);
    search_content_release(&m.content);
    return found;
}
