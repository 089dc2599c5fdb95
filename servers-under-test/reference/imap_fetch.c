#include "imap_fetch.h"
#include "fault.h"
#include "imap_bodystructure.h"
#include "imap_date.h"
#include "imap_envelope.h"
#include "imap_fetch_decode.h"
#include "imap_fetch_string.h"
#include "mime.h"

struct renderer {
    struct buf *out;
    const struct fetch_message *message;
    const struct fetch_options *options;
    struct arena *arena;
    struct mime_message mime; /* when an item needs the octets */
};

static bool has(const struct renderer *r, enum fault_id fault)
{
    return fault_on(r->options->faults, fault);
}

static enum fetch_outcome add_envelope(const struct renderer *r, const struct fetch_item *item)
{
    buf_adds(r->out, "ENVELOPE ");
    envelope_render(r->mime.root->envelope, r->options->utf8 || r->options->rev2,
                    r->options->faults, r->out);
    return FETCH_DONE;
}

/* "FLAGS" SP "(" [flag-fetch *(SP flag-fetch)] ")" */
static enum fetch_outcome add_flags(const struct renderer *r, const struct fetch_item *item)
{
    buf_addf(r->out, "FLAGS (%.*s)", SLICE_ARG(r->message->flags));
    return FETCH_DONE;
}

/* date-time; a day of one digit has a space in front (date-day-fixed). */
static void add_datetime(const struct renderer *r, int64_t when, int zone)
{
    char text[IMAP_DATETIME_TEXT];
    struct imap_datetime t = imap_datetime_from_unix(when, zone);
    const char *shown = imap_datetime_format(&t, text);
    bool one_digit = shown[0] == ' ' || shown[0] == '0';
    if (one_digit && has(r, FAULT_IMAP_FETCH_DATE_UNPADDED))
        shown++;
    buf_addf(r->out, "\"%s\"", shown);
}

static enum fetch_outcome add_internal_date(const struct renderer *r, const struct fetch_item *item)
{
    int64_t late = has(r, FAULT_IMAP_FETCH_DATE_SHIFTED) ? 3600 : 0;
    buf_adds(r->out, "INTERNALDATE ");
    add_datetime(r, r->message->internal_date + late, r->message->zone);
    return FETCH_DONE;
}

/* "SAVEDATE" SP (date-time / nil)   (RFC 8514 4) */
static enum fetch_outcome add_save_date(const struct renderer *r, const struct fetch_item *item)
{
    buf_adds(r->out, "SAVEDATE ");
    if (r->message->has_save_date)
        add_datetime(r, r->message->save_date, 0);
    else
        buf_adds(r->out, "NIL");
    return FETCH_DONE;
}

static enum fetch_outcome add_size(const struct renderer *r, const struct fetch_item *item)
{
    uint64_t size = r->message->size;
    if (has(r, FAULT_IMAP_FETCH_SIZE_WRONG))
        for (size_t i = 0; i < r->message->octets.n; i++)
            size -= r->message->octets.p[i] == '\r';
    buf_addf(r->out, "RFC822.SIZE %llu", (unsigned long long)size);
    return FETCH_DONE;
}

static enum fetch_outcome add_structure(const struct renderer *r, const struct fetch_item *item)
{
    const struct bodystructure_options options = {
        .faults = r->options->faults,
        .extended = item->kind == FETCH_BODYSTRUCTURE,
        .utf8 = r->options->utf8 || r->options->rev2,
        .rev2 = r->options->rev2,
    };
    buf_adds(r->out, options.extended ? "BODYSTRUCTURE " : "BODY ");
    bodystructure_render(&r->mime, r->mime.root, &options, r->out);
    return FETCH_DONE;
}

static enum fetch_outcome add_uid(const struct renderer *r, const struct fetch_item *item)
{
    buf_addf(r->out, "UID %u", (unsigned)r->message->uid);
    return FETCH_DONE;
}

/* "MODSEQ" SP "(" permsg-modsequence ")"   (RFC 7162 7) */
static enum fetch_outcome add_modseq(const struct renderer *r, const struct fetch_item *item)
{
    bool bare = has(r, FAULT_IMAP_FETCH_MODSEQ_BARE);
    buf_addf(r->out, bare ? "MODSEQ %llu" : "MODSEQ (%llu)",
             (unsigned long long)r->message->modseq);
    return FETCH_DONE;
}

static slice without_cr(const struct renderer *r, slice octets)
{
    char *p = arena_alloc(r->arena, octets.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < octets.n; i++)
        if (octets.p[i] != '\r')
            p[n++] = octets.p[i];
    return slice_make(p, n);
}

static void add_octets(const struct renderer *r, slice octets)
{
    if (has(r, FAULT_IMAP_FETCH_BARE_LF))
        octets = without_cr(r, octets);
    buf_addc(r->out, ' ');
    fetch_octets_add(r->out, octets, r->options->faults);
}

/* "RFC822" [".HEADER" / ".TEXT"] SP nstring   (RFC 3501 9) */
static enum fetch_outcome add_rfc822(const struct renderer *r, const struct fetch_item *item)
{
    static const struct {
        const char *name, *body_name;
        enum section_text text;
    } rows[FETCH_KINDS] = {
        [FETCH_RFC822] = { "RFC822", "BODY[]", SECTION_ALL },
        [FETCH_RFC822_HEADER] = { "RFC822.HEADER", "BODY[HEADER]", SECTION_HEADER },
        [FETCH_RFC822_TEXT] = { "RFC822.TEXT", "BODY[TEXT]", SECTION_TEXT },
    };
    const struct section section = { .text = rows[item->kind].text };
    slice octets = { NULL, 0 };
    bool as_body = has(r, FAULT_IMAP_FETCH_RFC822_AS_BODY);
    section_octets(r->arena, &section, &r->mime, r->options->faults, &octets);
    buf_adds(r->out, as_body ? rows[item->kind].body_name : rows[item->kind].name);
    add_octets(r, octets);
    return FETCH_DONE;
}

/* The octets [origin, origin + count) of the section (RFC 9051 6.4.5, BODY[]<partial>). */
static slice cut_partial(const struct renderer *r, const struct fetch_item *item, slice octets)
{
    uint64_t origin = item->origin;
    if (!item->partial)
        return octets;
    if (origin && has(r, FAULT_IMAP_FETCH_PARTIAL_ONE_BASED))
        origin--;
    if (origin >= octets.n && has(r, FAULT_IMAP_FETCH_PARTIAL_PAST_END))
        return octets;
    if (origin >= octets.n)
        return S("");
    octets = slice_skip(octets, (size_t)origin);
    return item->count < octets.n ? slice_sub(octets, 0, (size_t)item->count) : octets;
}

/* "BODY" section ["<" number ">"]: the origin is given back, the count is not. */
static void add_section_name(const struct renderer *r, const char *name,
                             const struct fetch_item *item)
{
    unsigned long long origin = item->origin, count = item->count;
    buf_addf(r->out, "%s[", name);
    section_render(&item->section, r->out);
    buf_addc(r->out, ']');
    if (!item->partial || has(r, FAULT_IMAP_FETCH_PARTIAL_LABEL_MISSING))
        return;
    if (has(r, FAULT_IMAP_FETCH_PARTIAL_LABEL_COUNT))
        buf_addf(r->out, "<%llu.%llu>", origin, count);
    else
        buf_addf(r->out, "<%llu>", origin);
}

static enum fetch_outcome add_section(const struct renderer *r, const struct fetch_item *item)
{
    struct section section = item->section;
    slice octets;
    if (item->peek && section.text == SECTION_ALL && has(r, FAULT_IMAP_FETCH_PART_IS_WHOLE))
        section.depth = 0;
    add_section_name(r, "BODY", item);
    if (has(r, FAULT_IMAP_FETCH_VALUE_MISSING))
        return FETCH_DONE;
    if (section_octets(r->arena, &section, &r->mime, r->options->faults, &octets))
        add_octets(r, cut_partial(r, item, octets));
    else
        buf_adds(r->out, " NIL");
    return FETCH_DONE;
}

/* Lines of text end in CRLF whatever the encoder did (RFC 3516 6, RFC 9051 7.5.2). */
static void add_crlf(struct buf *out, slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n' && (!i || text.p[i - 1] != '\r'))
            buf_addc(out, '\r');
        buf_addc(out, text.p[i]);
    }
}

/* The decoded octets of a leaf; *ret_found is false when there is no such part. */
static enum fetch_outcome decode_part(const struct renderer *r, const struct section *section,
                                      struct buf *out, bool *ret_found)
{
    const struct mime_part *part = mime_part_at(&r->mime, section->part, section->depth);
    auto_buf decoded;
    buf_init(&decoded, BUF_OURS);
    *ret_found = part != NULL;
    if (!part)
        return FETCH_DONE;
    if (!section->depth) { /* the message as a whole has no encoding of its own */
        buf_add(out, r->mime.raw);
        return FETCH_DONE;
    }
    if (part->is_multipart || part->is_message)
        return FETCH_NO_PART;
    slice body = mime_part_body(&r->mime, part);
    if (!content_decode(part->encoding, body, &decoded)) {
        if (!has(r, FAULT_IMAP_FETCH_UNKNOWN_CTE))
            return FETCH_UNKNOWN_CTE;
        buf_add(&decoded, body);
    }
    if (slice_eq_nocase(part->type, S("text")))
        add_crlf(out, buf_slice(&decoded));
    else
        buf_add(out, buf_slice(&decoded));
    return FETCH_DONE;
}

static bool is_encoded_fault(const struct renderer *r, const struct fetch_item *item)
{
    return has(r, item->kind == FETCH_BINARY ? FAULT_IMAP_FETCH_BINARY_ENCODED
                                             : FAULT_IMAP_FETCH_BINARY_SIZE);
}

static enum fetch_outcome binary_octets(const struct renderer *r, const struct fetch_item *item,
                                        struct buf *out, bool *ret_found)
{
    slice encoded;
    if (!is_encoded_fault(r, item))
        return decode_part(r, &item->section, out, ret_found);
    *ret_found = section_octets(r->arena, &item->section, &r->mime, NULL, &encoded);
    if (*ret_found)
        buf_add(out, encoded);
    return FETCH_DONE;
}

/* "BINARY" section-binary SP (nstring / literal8): literal8 only for NUL, because the client then
   knows from the form what it gets. */
static enum fetch_outcome add_binary(const struct renderer *r, const struct fetch_item *item)
{
    bool found;
    auto_buf data;
    buf_init(&data, BUF_OURS);
    enum fetch_outcome outcome = binary_octets(r, item, &data, &found);
    if (outcome != FETCH_DONE)
        return outcome;
    slice octets = cut_partial(r, item, buf_slice(&data));
    add_section_name(r, "BINARY", item);
    if (!found) {
        buf_adds(r->out, " NIL");
    } else if (slice_find_char(octets, '\0') == SIZE_MAX) {
        buf_addc(r->out, ' ');
        fetch_octets_add(r->out, octets, r->options->faults);
    } else {
        buf_addf(r->out, " ~{%zu}\r\n", octets.n);
        buf_add(r->out, octets);
    }
    return FETCH_DONE;
}

/* "BINARY.SIZE" section-binary SP number */
static enum fetch_outcome add_binary_size(const struct renderer *r, const struct fetch_item *item)
{
    bool found;
    auto_buf data;
    buf_init(&data, BUF_OURS);
    enum fetch_outcome outcome = binary_octets(r, item, &data, &found);
    if (outcome != FETCH_DONE)
        return outcome;
    add_section_name(r, "BINARY.SIZE", item);
    buf_addf(r->out, " %zu", data.n);
    return FETCH_DONE;
}

static enum fetch_outcome (*const adders[FETCH_KINDS])(const struct renderer *r,
                                                       const struct fetch_item *item) = {
    [FETCH_ENVELOPE] = add_envelope,
    [FETCH_FLAGS] = add_flags,
    [FETCH_INTERNALDATE] = add_internal_date,
    [FETCH_RFC822] = add_rfc822,
    [FETCH_RFC822_HEADER] = add_rfc822,
    [FETCH_RFC822_SIZE] = add_size,
    [FETCH_RFC822_TEXT] = add_rfc822,
    [FETCH_BODY] = add_structure,
    [FETCH_BODYSTRUCTURE] = add_structure,
    [FETCH_BODY_SECTION] = add_section,
    [FETCH_BINARY] = add_binary,
    [FETCH_BINARY_SIZE] = add_binary_size,
    [FETCH_UID] = add_uid,
    [FETCH_MODSEQ] = add_modseq,
    [FETCH_SAVEDATE] = add_save_date,
};

static bool leaves_out(const struct renderer *r, const struct fetch_items *items, size_t i)
{
    return items->n > 1 &&
           ((i + 1 == items->n && has(r, FAULT_IMAP_FETCH_ITEM_LEFT_OUT)) ||
            (items->v[i].kind == FETCH_UID && has(r, FAULT_IMAP_FETCH_UID_MISSING)));
}

/* message-data = nz-number SP "FETCH" SP msg-att */
enum fetch_outcome fetch_render(const struct fetch_items *items,
                                const struct fetch_message *message,
                                const struct fetch_options *options, struct buf *out)
{
    auto_arena arena = { 0 };
    struct renderer r = { .out = out, .message = message, .options = options, .arena = &arena };
    size_t start = out->n, shown = 0;
    if (items->needs_body)
        mime_parse(message->octets, &arena, &r.mime);
    buf_addf(out, "* %u FETCH (",
             has(&r, FAULT_IMAP_FETCH_ZERO_SEQUENCE) ? 0 : (unsigned)message->seq);
    for (size_t i = 0; i < items->n; i++) {
        if (leaves_out(&r, items, i))
            continue;
        if (shown++)
            buf_addc(out, ' ');
        enum fetch_outcome outcome = adders[items->v[i].kind](&r, &items->v[i]);
        if (outcome != FETCH_DONE) {
            buf_truncate(out, start);
            return outcome;
        }
    }
    buf_adds(out, has(&r, FAULT_IMAP_FETCH_TRAILING_SPACE) ? " )\r\n" : ")\r\n");
    return FETCH_DONE;
}
