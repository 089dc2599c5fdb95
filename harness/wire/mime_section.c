/* Looking into a parsed message, and the fields of its ENVELOPE. */
#include "mime.h"

slice mime_part_header(const struct mime_message *m, const struct mime_part *part)
{
    return slice_sub(m->raw, part->header_start, part->header_end);
}

slice mime_part_body(const struct mime_message *m, const struct mime_part *part)
{
    return slice_sub(m->raw, part->body_start, part->body_end);
}

static const struct mime_part *child_at(const struct mime_part *part, uint32_t number)
{
    const struct mime_part *child = part->first;
    while (child && child->number != number)
        child = child->next;
    return child;
}

const struct mime_part *mime_part_at(const struct mime_message *m, const uint32_t *numbers,
                                     size_t n)
{
    const struct mime_part *part = m->root;
    bool whole = true; /* part is a message as a whole: its part 1 may be its own body */
    for (size_t i = 0; i < n && part; i++) {
        if (part->is_message && !whole) {
            part = part->first;
            whole = true;
        }
        if (part->is_multipart)
            part = child_at(part, numbers[i]);
        else if (!whole || numbers[i] != 1)
            return NULL;
        whole = false;
    }
    return part;
}

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    { "Date", offsetof(struct mime_envelope, date) },
    { "Subject", offsetof(struct mime_envelope, subject) },
    { "In-Reply-To", offsetof(struct mime_envelope, in_reply_to) },
    { "Message-ID", offsetof(struct mime_envelope, message_id) },
};
static const struct {
    const char *name;
    size_t offset;
} lists[] = {
    { "From", offsetof(struct mime_envelope, from) },
    { "Sender", offsetof(struct mime_envelope, sender) },
    { "Reply-To", offsetof(struct mime_envelope, reply_to) },
    { "To", offsetof(struct mime_envelope, to) },
    { "Cc", offsetof(struct mime_envelope, cc) },
    { "Bcc", offsetof(struct mime_envelope, bcc) },
};
enum { TEXTS = sizeof texts / sizeof *texts, LISTS = sizeof lists / sizeof *lists };

static void read_text(struct mime_envelope *e, const struct mime_field *field, struct arena *a)
{
    for (int i = 0; i < TEXTS; i++) {
        slice *text = (slice *)((char *)e + texts[i].offset);
        if (!slice_eq_nocase(field->name, slice_of(texts[i].name)) || text->p)
            continue;
        *text = mime_unfold(field->value, a);
        if (!text->p)
            *text = S("");
    }
}

static void read_list(struct mime_envelope *e, const struct mime_field *field, struct arena *a)
{
    for (int i = 0; i < LISTS; i++) {
        struct address_list *list = (struct address_list *)((char *)e + lists[i].offset);
        if (slice_eq_nocase(field->name, slice_of(lists[i].name)) && !list->v)
            address_list_parse(field->value, a, list);
    }
}

void mime_envelope_parse(slice header, struct arena *a, struct mime_envelope *ret)
{
    struct mime_field field;
    slice rest = header;
    *ret = (struct mime_envelope) { 0 };
    while (mime_field_next(header, &rest, &field)) {
        read_text(ret, &field, a);
        read_list(ret, &field, a);
    }
}
