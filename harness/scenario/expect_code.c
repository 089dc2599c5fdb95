/* Response codes that a server may send in the completion or in an untagged response of its own, as
   COPYUID of MOVE (RFC 6851 4.3) and HIGHESTMODSEQ (RFC 7162 6). */
#include "expect_private.h"
#include "imap_response.h"

static bool has_code(const struct unit *u)
{
    return u && u->imap && (u->imap->kind == IMAP_TAGGED || u->imap->kind == IMAP_STATUS) &&
           u->imap->has_code;
}

struct closest_code {
    struct match m;
    const struct unit *unit;
};

static bool code_matches(struct device *d, slice pattern, const struct unit *u,
                         struct closest_code *closest)
{
    struct match m = { .vars = device_vars(d) };
    if (!has_code(u))
        return false;
    if (expect_unit_matches(d, pattern, u, &m))
        return true;
    if (!closest->unit || m.depth > closest->m.depth)
        *closest = (struct closest_code) { m, u };
    return false;
}

static enum step_result code_comes(struct device *d, const struct step *s, const struct node *at,
                                   const struct reply *reply)
{
    struct play *p = d->play;
    struct closest_code closest = { 0 };
    slice pattern = slice_of(arena_printf(&p->arena, "$_ %.*s", SLICE_ARG(at->text)));
    for (const struct unit *u = reply->first; u && u != reply->stop; u = u->next)
        if (code_matches(d, pattern, u, &closest))
            return STEP_OK;
    if (code_matches(d, pattern, reply->completion, &closest))
        return STEP_OK;
    play_fail(p, s, d, at, "%s did not get the response code %.*s", d->name, SLICE_ARG(at->text));
    play_fail_expected(p, at->text);
    if (closest.unit && closest.m.depth > 1)
        play_fail_actual(p, closest.unit->raw, &closest.m);
    return STEP_FAILED;
}

enum step_result expect_codes(struct device *d, const struct step *s, const struct node *codes,
                              const struct reply *reply)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(codes, items, EXPECT_ITEMS_MAX);
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < n && r == STEP_OK; i++)
        r = code_comes(d, s, items[i], reply);
    return r;
}
