#include "imap_section.h"
#include "array.h"
#include "fault.h"
#include "imap_fetch_args.h"
#include "imap_quote.h"
#include "mime.h"

static const struct {
    const char *name;
    enum section_text text;
} texts[] = {
    { "HEADER", SECTION_HEADER },
    { "HEADER.FIELDS", SECTION_FIELDS },
    { "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT },
    { "TEXT", SECTION_TEXT },
    { "MIME", SECTION_MIME },
};

/* section-part = nz-number *("." nz-number)
   Takes the numbers, and the "." when a text specifier follows, off *rest. */
static bool parse_numbers(slice *rest, struct section *s)
{
    while (rest->n && ascii_is_digit(rest->p[0])) {
        size_t n = 0;
        uint64_t number;
        while (n < rest->n && ascii_is_digit(rest->p[n]))
            n++;
        if (s->depth == SECTION_DEPTH_MAX || rest->p[0] == '0' ||
            !slice_to_u64(slice_sub(*rest, 0, n), UINT32_MAX, &number))
            return false;
        s->part[s->depth++] = (uint32_t)number;
        *rest = slice_skip(*rest, n);
        if (!rest->n)
            return true;
        if (rest->p[0] != '.' || rest->n == 1)
            return false;
        *rest = slice_skip(*rest, 1);
    }
    return true;
}

/* section-text = section-msgtext / "MIME"
   section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT" */
static bool parse_text(slice word, struct section *s)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (slice_eq_nocase(word, slice_of(texts[i].name))) {
            s->text = texts[i].text;
            return s->text != SECTION_MIME || s->depth;
        }
    return false;
}

/* header-list = "(" header-fld-name *(SP header-fld-name) ")"
   header-fld-name = astring */
static bool parse_fields(struct arena *a, slice text, struct section *s)
{
    struct imap_value top;
    if (!imap_lex(text, 0, a, &top, NULL) || top.n_items != 1 || top.items[0].kind != IMAP_LIST ||
        top.items[0].offset != 0 || top.items[0].raw.n != text.n)
        return false;
    const struct imap_value *list = &top.items[0];
    if (!list->n_items || list->n_items > SECTION_FIELDS_MAX || !args_are_spaced(list, 1))
        return false;
    s->fields = arena_new_n(a, slice, list->n_items);
    for (size_t i = 0; i < list->n_items; i++)
        if (!arg_astring(&list->items[i], &s->fields[s->n_fields++]))
            return false;
    return true;
}

/* section-spec = section-msgtext / (section-part ["." section-text]) */
bool section_parse(struct arena *a, slice text, struct section *ret)
{
    struct section s = { .text = SECTION_ALL };
    slice word;
    if (!parse_numbers(&text, &s))
        return false;
    if (text.n) {
        size_t space = slice_find_char(text, ' ');
        bool list = space != SIZE_MAX;
        word = list ? slice_sub(text, 0, space) : text;
        if (!parse_text(word, &s) ||
            list != (s.text == SECTION_FIELDS || s.text == SECTION_FIELDS_NOT))
            return false;
        if (list && !parse_fields(a, slice_skip(text, space + 1), &s))
            return false;
    }
    *ret = s;
    return true;
}

void section_render(const struct section *s, struct buf *out)
{
    for (size_t i = 0; i < s->depth; i++)
        buf_addf(out, "%s%u", i ? "." : "", (unsigned)s->part[i]);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].text == s->text)
            buf_addf(out, "%s%s", s->depth ? "." : "", texts[i].name);
    for (size_t i = 0; i < s->n_fields; i++) {
        buf_adds(out, i ? " " : " (");
        imap_string_add(out, s->fields[i], 0);
    }
    if (s->n_fields)
        buf_addc(out, ')');
}

static bool name_is_listed(const struct section *s, slice name, const struct faults *faults)
{
    bool exact = fault_on(faults, FAULT_IMAP_FETCH_FIELDS_CASE);
    for (size_t i = 0; i < s->n_fields; i++)
        if (exact ? slice_eq(s->fields[i], name) : slice_eq_nocase(s->fields[i], name))
            return true;
    return false;
}

/* The fields that the section wants, and the empty line that ends the header if it has one. */
static slice header_subset(struct arena *a, const struct section *s, slice header,
                           const struct faults *faults)
{
    bool wanted =
        s->text == SECTION_FIELDS || fault_on(faults, FAULT_IMAP_FETCH_FIELDS_NOT_IGNORED);
    char *p = arena_alloc(a, header.n + 1);
    size_t n = 0, end = 0;
    slice rest = header;
    struct mime_field field;
    while (mime_field_next(header, &rest, &field)) {
        end = field.offset + field.raw.n;
        if (name_is_listed(s, field.name, faults) != wanted)
            continue;
        memcpy(p + n, field.raw.p, field.raw.n);
        n += field.raw.n;
    }
    slice blank = slice_skip(header, end);
    if (blank.n && !fault_on(faults, FAULT_IMAP_FETCH_FIELDS_NO_BLANK)) {
        memcpy(p + n, blank.p, blank.n);
        n += blank.n;
    }
    return slice_make(p, n);
}

/* What HEADER and TEXT are about: the outermost message, or the one inside a message part. */
static const struct mime_part *message_of(const struct section *s,
                                          const struct mime_message *message,
                                          const struct mime_part *part, const struct faults *faults)
{
    if (!s->depth || fault_on(faults, FAULT_IMAP_FETCH_NESTED_HEADER_OUTER))
        return message->root;
    return part->is_message ? part->first : NULL;
}

/* BODY[TEXT] without its last line. */
static slice without_last_line(slice text)
{
    size_t n = text.n;
    if (n && text.p[n - 1] == '\n')
        n--;
    while (n && text.p[n - 1] != '\n')
        n--;
    return slice_sub(text, 0, n);
}

/* The part is in an encapsulated message. */
static bool is_within_message(const struct mime_part *part)
{
    for (part = part->parent; part; part = part->parent)
        if (part->is_message)
            return true;
    return false;
}

static const struct mime_part *part_of(const struct section *s, const struct mime_message *message,
                                       const struct faults *faults)
{
    static const uint32_t first[] = { 1 };
    const struct mime_part *part = mime_part_at(message, s->part, s->depth);
    if (!part && fault_on(faults, FAULT_IMAP_FETCH_MISSING_PART_OK))
        part = mime_part_at(message, first, 1);
    if (part && is_within_message(part) && fault_on(faults, FAULT_IMAP_FETCH_NESTED_FLAT))
        part = NULL;
    return part;
}

/* A copy in which the boundary of the message is another one. */
static slice with_other_boundary(struct arena *a, const struct mime_part *part, slice text)
{
    slice boundary = mime_param_find(&part->params, S("boundary")), rest = text;
    if (!boundary.n)
        return text;
    char *p = arena_str(a, text);
    for (size_t at; (at = slice_find(rest, boundary)) != SIZE_MAX;) {
        p[(size_t)(rest.p - text.p) + at] = '?';
        rest = slice_skip(rest, at + boundary.n);
    }
    return slice_make(p, text.n);
}

static slice text_of(struct arena *a, const struct mime_message *message,
                     const struct mime_part *part, const struct faults *faults)
{
    slice text = mime_part_body(message, part);
    if (fault_on(faults, FAULT_IMAP_FETCH_TEXT_CUT))
        return without_last_line(text);
    if (fault_on(faults, FAULT_IMAP_FETCH_BOUNDARY))
        return with_other_boundary(a, part, text);
    return text;
}

static bool has_calendar(const struct mime_message *message)
{
    const struct mime_part *part = message->root->first;
    while (part && !slice_eq_nocase(part->subtype, S("calendar")))
        part = part->next;
    return part != NULL;
}

static slice all_of(const struct section *s, const struct mime_message *message,
                    const struct mime_part *part, const struct faults *faults)
{
    if (!s->depth)
        return message->raw;
    if (fault_on(faults, FAULT_IMAP_FETCH_CALENDAR_EMPTY) && has_calendar(message))
        return S("");
    return mime_part_body(message, part);
}

bool section_octets(struct arena *a, const struct section *s, const struct mime_message *message,
                    const struct faults *faults, slice *ret)
{
    const struct mime_part *part = part_of(s, message, faults), *inner;
    if (!part)
        return false;
    if (s->text == SECTION_ALL) {
        *ret = all_of(s, message, part, faults);
        return true;
    }
    if (s->text == SECTION_MIME) {
        bool wrong = fault_on(faults, FAULT_IMAP_FETCH_MIME_OF_MESSAGE);
        *ret = mime_part_header(message, wrong ? message->root : part);
        return true;
    }
    if (!(inner = message_of(s, message, part, faults)))
        return false;
    if (s->text == SECTION_HEADER)
        *ret = mime_part_header(message, inner);
    else if (s->text == SECTION_TEXT)
        *ret = text_of(a, message, inner, faults);
    else
        *ret = header_subset(a, s, mime_part_header(message, inner), faults);
    return true;
}
