#include "fuzz_replay.h"
#include "mime.h"
#include <assert.h>

static void check_part(const struct mime_message *m, const struct mime_part *part)
{
    assert(part->header_start <= part->header_end && part->header_end == part->body_start);
    assert(part->body_start <= part->body_end && part->body_end <= m->raw.n);
    assert(part->octets == part->body_end - part->body_start && part->lines <= part->octets);
    assert(part->depth <= MIME_DEPTH_MAX && part->type.p && part->subtype.n);
    assert(!(part->is_multipart && part->is_message));
    assert(part->is_multipart || part->is_message || !part->first);
    size_t n = 0, at = part->body_start;
    for (const struct mime_part *child = part->first; child; child = child->next) {
        assert(child->parent == part && child->number == ++n && child->header_start >= at);
        check_part(m, child);
        at = child->body_end;
        assert(child->next || child == part->last);
    }
    /* The last child's line end may be the closing one of the part itself. */
    assert(n == part->n_children && at <= part->body_end + 2);
    assert(!part->is_message || (n == 1 && part->first->envelope && at == part->body_end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(slice_make(data, size), &a, &m);
    assert(m.n_parts >= 1 && m.n_parts <= MIME_PARTS_MAX && m.root->body_end == size);
    check_part(&m, m.root);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t j = 0; j < 4; j++)
            mime_part_at(&m, (uint32_t[]) { i, j, 1 }, 3);
    mime_part_body(&m, m.root);
    return 0;
}
