#include "imap_search_content.h"
#include "array.h"
#include "fault.h"
#include "imap_fetch_decode.h"
#include "imap_search_text.h"

static bool has(const struct search_content *c, enum fault_id fault)
{
    return fault_on(c->faults, fault);
}

void search_content_load(struct search_content *c, slice octets, const struct faults *faults)
{
    c->faults = faults;
    c->loaded = true;
    mime_parse(octets, &c->arena, &c->mime);
}

void search_content_release(struct search_content *c)
{
    arena_release(&c->arena);
}

const struct mime_envelope *search_content_envelope(const struct search_content *c)
{
    return c->mime.root->envelope;
}

/* `text` is UTF-8. */
static bool contains(const struct search_content *c, slice text, slice needle)
{
    auto_buf folded;
    buf_init(&folded, SEARCH_TEXT_MAX);
    if (has(c, FAULT_IMAP_SEARCH_CASE))
        return slice_find(text, needle) != SIZE_MAX;
    search_fold(text, &folded);
    return slice_find(buf_slice(&folded), needle) != SIZE_MAX;
}

static bool contains_words(const struct search_content *c, slice text, slice needle)
{
    auto_buf decoded;
    buf_init(&decoded, SEARCH_TEXT_MAX);
    if (has(c, FAULT_IMAP_SEARCH_WORDS_RAW))
        return contains(c, text, needle);
    search_words_decode(text, &decoded);
    return contains(c, buf_slice(&decoded), needle);
}

/* As contains_words, or with the fault only when the whole field is the needle. */
static bool field_contains(const struct search_content *c, slice text, slice needle)
{
    if (has(c, FAULT_IMAP_SEARCH_HEADER_EXACT) && text.n != needle.n)
        return false;
    return contains_words(c, text, needle);
}

/* --- envelope fields --- */

static bool address_contains(const struct search_content *c, const struct address *address,
                             slice needle)
{
    auto_buf text;
    buf_init(&text, SEARCH_TEXT_MAX);
    buf_add(&text, address->name);
    if (address->kind == ADDRESS_MAILBOX) {
        buf_adds(&text, address->name.n ? " <" : "<");
        buf_add(&text, address->mailbox);
        buf_addc(&text, '@');
        buf_add(&text, address->host);
        buf_addc(&text, '>');
    } else {
        buf_add(&text, address->mailbox);
    }
    return field_contains(c, buf_slice(&text), needle);
}

static bool list_contains(const struct search_content *c, const struct address_list *list,
                          slice needle)
{
    for (size_t i = 0; i < list->n; i++)
        if (address_contains(c, &list->v[i], needle))
            return true;
    return false;
}

bool search_content_field(struct search_content *c, enum search_field field, slice needle)
{
    const struct mime_envelope *e = search_content_envelope(c);
    const struct address_list *const lists[] = {
        [SEARCH_FROM] = &e->from,
        [SEARCH_TO] = &e->to,
        [SEARCH_CC] = &e->cc,
        [SEARCH_BCC] = &e->bcc,
    };
    if (field == SEARCH_SUBJECT)
        return e->subject.p && field_contains(c, e->subject, needle);
    return list_contains(c, lists[field], needle);
}

/* --- header fields --- */

bool search_content_header(struct search_content *c, slice name, slice needle)
{
    slice header = mime_part_header(&c->mime, c->mime.root), rest = header;
    struct mime_field field;
    while (mime_field_next(header, &rest, &field))
        if (slice_eq_nocase(field.name, name) &&
            field_contains(c, mime_unfold(field.value, &c->arena), needle))
            return true;
    return false;
}

static bool header_contains(struct search_content *c, const struct mime_part *part, slice needle)
{
    slice header = mime_part_header(&c->mime, part), rest = header;
    struct mime_field field;
    while (mime_field_next(header, &rest, &field)) {
        auto_buf line;
        buf_init(&line, SEARCH_TEXT_MAX);
        buf_add(&line, field.name);
        buf_adds(&line, ": ");
        buf_add(&line, mime_unfold(field.value, &c->arena));
        if (contains_words(c, buf_slice(&line), needle))
            return true;
    }
    return false;
}

/* --- bodies --- */

static bool body_contains(const struct search_content *c, const struct mime_part *part,
                          slice needle)
{
    slice body = mime_part_body(&c->mime, part);
    slice charset = mime_param_find(&part->params, S("charset"));
    auto_buf decoded;
    auto_buf utf8;
    buf_init(&decoded, SEARCH_TEXT_MAX);
    buf_init(&utf8, SEARCH_TEXT_MAX);
    if (has(c, FAULT_IMAP_SEARCH_BODY_RAW) || !content_decode(part->encoding, body, &decoded))
        return contains(c, body, needle);
    if (!charset_to_utf8(charset, buf_slice(&decoded), &utf8))
        return contains(c, buf_slice(&decoded), needle);
    return contains(c, buf_slice(&utf8), needle);
}

/* The header of an embedded message is part of the body of the outer one; MIME headers of parts are
   header fields (TEXT in RFC 9051 6.4.4). */
static bool part_contains(struct search_content *c, const struct mime_part *part, slice needle,
                          bool header)
{
    bool embedded = part->parent && part->parent->is_message;
    if ((header || embedded) && header_contains(c, part, needle))
        return true;
    return !part->first && slice_eq_nocase(part->type, S("text")) && body_contains(c, part, needle);
}

/* Depth first without recursion: the tree may be MIME_DEPTH_MAX deep. */
static const struct mime_part *next_part(const struct mime_part *part)
{
    if (part->first)
        return part->first;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

bool search_content_text(struct search_content *c, slice needle, bool header)
{
    for (const struct mime_part *part = c->mime.root; part; part = next_part(part))
        if (part_contains(c, part, needle, header))
            return true;
    return false;
}
