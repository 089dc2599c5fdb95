/* Several patterns against several responses: must come, only these, in this order, none of these. */
#include "expect_private.h"
#include "hash.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"

/* ---- what there is ---- */

static struct candidate *add(struct candidates *all, struct arena *arena)
{
    if (all->n == all->room) {
        all->room = all->room ? 2 * all->room : 16;
        struct candidate *v = arena_new_n(arena, struct candidate, all->room);
        if (all->n)
            memcpy(v, all->v, all->n * sizeof *v);
        all->v = v;
    }
    all->v[all->n].merged_into = SIZE_MAX;
    return &all->v[all->n++];
}

static bool is_fetch(const struct imap_value *values)
{
    return values->n_items == 3 && imap_is_atom(&values->items[1], "FETCH") &&
           values->items[2].kind == IMAP_LIST;
}

/* next[i]: the next FETCH of the message that candidate i is about; SIZE_MAX: none. */
static void chain_fetches(const struct candidates *all, size_t *next)
{
    struct hash last = { 0 };
    for (size_t i = 0; i < all->n; i++) {
        const struct imap_value *v = &all->v[i].subject.values;
        next[i] = SIZE_MAX;
        if (!is_fetch(v))
            continue;
        void *before = hash_get(&last, v->items[0].text);
        if (before)
            next[(uintptr_t)before - 1] = i;
        hash_put(&last, v->items[0].text, (void *)(uintptr_t)(i + 1));
    }
    hash_release(&last);
}

static void join(struct candidates *all, struct arena *arena, size_t first, const size_t *next)
{
    size_t items = 0, at = all->n, n = 0;
    for (size_t i = first; i != SIZE_MAX; i = next[i])
        items += all->v[i].subject.values.items[2].n_items;
    struct imap_value *joined = arena_new_n(arena, struct imap_value, 3 + items);
    memcpy(joined, all->v[first].subject.values.items, 3 * sizeof *joined);
    joined[2].items = joined + 3;
    for (size_t i = first; i != SIZE_MAX; i = next[i]) {
        const struct imap_value *data = &all->v[i].subject.values.items[2];
        if (data->n_items)
            memcpy(joined[2].items + n, data->items, data->n_items * sizeof *joined);
        n += data->n_items;
        all->v[i].merged_into = at;
    }
    joined[2].n_items = n;
    struct candidate *c = add(all, arena);
    *c = all->v[first];
    c->merged = true;
    c->merged_into = SIZE_MAX;
    c->subject.values.items = joined;
}

/* A server may spread the data of one FETCH over several responses (RFC 9051 7.5.2), so all that
   came for one number is offered joined, too. */
static void merge_fetches(struct candidates *all, struct arena *arena)
{
    size_t n = all->n;
    size_t *next = arena_new_n(arena, size_t, n + 1);
    chain_fetches(all, next);
    for (size_t i = 0; i < n; i++)
        if (next[i] != SIZE_MAX && all->v[i].merged_into == SIZE_MAX)
            join(all, arena, i, next);
}

static void from_imap(struct candidates *all, struct arena *arena)
{
    for (struct unit *u = all->reply->first; u && u != all->reply->stop; u = u->next) {
        if (!u->imap || u->imap->kind == IMAP_TAGGED)
            continue;
        struct candidate *c = add(all, arena);
        c->unit = u;
        subject_from_imap(u->imap, arena, &c->subject);
    }
    merge_fetches(all, arena);
}

static void from_smtp(struct candidates *all, const struct unit *u, struct arena *arena)
{
    for (size_t i = 0; i < u->smtp->n_lines; i++) {
        struct candidate *c = add(all, arena);
        c->unit = (struct unit *)(uintptr_t)u;
        subject_from_words(u->smtp->lines[i].text, arena, &c->subject);
    }
}

static void from_pop3(struct candidates *all, const struct unit *u, struct arena *arena)
{
    slice rest = u->pop3->body, line;
    while (pop3_body_line(&rest, &line)) {
        struct candidate *c = add(all, arena);
        c->unit = (struct unit *)(uintptr_t)u;
        subject_from_words(line, arena, &c->subject);
        c->subject.line = true;
    }
}

void candidates_from_reply(struct device *d, struct reply *reply, struct candidates *ret)
{
    struct arena *arena = &d->play->arena;
    *ret = (struct candidates) { .device = d, .reply = reply };
    if (device_is_imap(d))
        from_imap(ret, arena);
    else if (reply->completion && reply->completion->smtp)
        from_smtp(ret, reply->completion, arena);
    else if (reply->completion && reply->completion->pop3)
        from_pop3(ret, reply->completion, arena);
}

/* ---- message numbers ---- */

struct numbers {
    const struct candidates *all;
    const struct unit *before;
};

/* Where message k of the moment of sending stands when `before` came: every EXPUNGE in between
   moves those behind it down (RFC 9051 7.5.1). */
static uint32_t number_now(void *ctx, uint64_t k)
{
    const struct numbers *n = ctx;
    const struct device *d = n->all->device;
    for (const struct unit *u = n->all->reply->first; u && u != n->before; u = u->next) {
        if (u->number <= d->sent_after || !u->imap || !imap_response_is(u->imap, "EXPUNGE"))
            continue;
        if (u->imap->number == k)
            return 0;
        if (u->imap->number < k)
            k--;
    }
    return (uint32_t)k;
}

/* ---- judging ---- */

struct best {
    struct match m;
    const struct candidate *c;
};

static bool matches(struct candidates *all, const struct pattern *p, struct candidate *c,
                    struct best *best)
{
    struct numbers numbers = { all, c->unit };
    struct match m = { .vars = device_vars(all->device), .ctx = &numbers };
    m.number_now = device_is_imap(all->device) ? number_now : NULL;
    if (match_subject(&m, p, &c->subject))
        return true;
    if (best && (!best->c || m.depth > best->m.depth)) {
        best->m = m;
        best->c = c;
    }
    return false;
}

static bool parse(struct device *d, const struct node *n, struct pattern *p)
{
    size_t offset;
    const char *why;
    return pattern_parse(n->text, &d->play->arena, p, &offset, &why);
}

/* The pattern as a reader wants it: short values in place of their names. */
static void add_with_values(const struct vars *vars, slice pattern, struct buf *out)
{
    enum { SHORT = 60 };
    struct var_piece piece;
    slice value;
    while (var_piece_next(&pattern, &piece)) {
        if (!piece.name.n)
            buf_add(out, piece.plain);
        else if (vars_get(vars, piece.name, &value) && value.n <= SHORT)
            buf_add(out, value);
        else
            buf_addf(out, "$%.*s", SLICE_ARG(piece.name));
    }
}

static enum step_result missing(struct device *d, const struct step *s, const struct node *at,
                                const struct best *best)
{
    struct play *p = d->play;
    auto_buf expected;
    buf_init(&expected, BUF_OURS);
    add_with_values(device_vars(d), at->text, &expected);
    play_fail(p, s, d, at, "%s did not get %.*s", d->name, SLICE_ARG(at->text));
    play_fail_expected(p, buf_slice(&expected));
    if (best->c && best->m.depth > 0)
        play_fail_actual(p, best->c->subject.text, &best->m);
    return STEP_FAILED;
}

static enum step_result must_come(struct device *d, const struct step *s, const struct node *at,
                                  struct candidates *all, size_t *from)
{
    struct pattern p;
    struct best best = { 0 };
    if (!parse(d, at, &p))
        return play_error(d->play, ERR_FILE, "a pattern that does not parse");
    for (size_t i = from ? *from : 0; i < all->n; i++) {
        struct candidate *c = &all->v[i];
        if (c->used || !matches(all, &p, c, &best))
            continue;
        c->used = !c->merged;
        for (size_t k = 0; c->merged && k < all->n; k++)
            all->v[k].used |= all->v[k].merged_into == i;
        if (from && !c->merged)
            *from = i + 1;
        return STEP_OK;
    }
    return missing(d, s, at, &best);
}

/* A pattern with a response code must not match the completion either: OK [HIGHESTMODSEQ $_]. */
static bool completion_matches(struct candidates *all, const struct node *at,
                               const struct pattern *p)
{
    const struct unit *u = all->reply->completion;
    struct match m = { .vars = device_vars(all->device) };
    bool has_code = p->n == 2 && p->items[1].kind == PATTERN_CODE;
    return has_code && u && u->imap && expect_unit_matches(all->device, at->text, u, &m);
}

static enum step_result came(struct device *d, const struct step *s, const struct node *at,
                             slice what)
{
    play_fail(d->play, s, d, at, "%s got %.*s, which must not come here", d->name,
              SLICE_ARG(at->text));
    play_fail_actual(d->play, what, NULL);
    return STEP_FAILED;
}

static enum step_result must_not_come(struct device *d, const struct step *s, const struct node *at,
                                      struct candidates *all)
{
    struct pattern p;
    size_t mark = vars_mark(&d->play->vars);
    slice what = { NULL, 0 };
    if (!parse(d, at, &p))
        return play_error(d->play, ERR_FILE, "a pattern that does not parse");
    for (size_t i = 0; i < all->n && !what.p; i++)
        if (matches(all, &p, &all->v[i], NULL))
            what = all->v[i].subject.text;
    if (!what.p && completion_matches(all, at, &p))
        what = all->reply->completion->raw;
    vars_rewind(&d->play->vars, mark);
    return what.p ? came(d, s, at, what) : STEP_OK;
}

/* The word by which responses are of one kind: EXPUNGE of "1 EXPUNGE". Lines are all of one. */
static slice kind_of(const struct imap_value *values)
{
    uint64_t number;
    size_t at = values->n_items > 1 && imap_to_number(&values->items[0], UINT32_MAX, &number);
    return values->n_items ? values->items[at].text : (slice) { NULL, 0 };
}

static bool kind_is_listed(struct device *d, const struct node *node, slice kind)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node, items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct pattern p;
        if (!parse(d, items[i], &p) || !p.n)
            continue;
        for (size_t w = 0; w < p.n && w < 2; w++)
            if (slice_eq_nocase(p.items[w].text, kind))
                return true;
    }
    return false;
}

static enum step_result none_else(struct device *d, const struct step *s, const struct node *node,
                                  struct candidates *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct candidate *c = &all->v[i];
        if (c->used || c->merged || !c->subject.values.n_items)
            continue;
        if (device_is_imap(d) && !kind_is_listed(d, node, kind_of(&c->subject.values)))
            continue;
        play_fail(d->play, s, d, node, "%s got one that is not among those expected", d->name);
        play_fail_actual(d->play, c->subject.text, NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

enum step_result candidates_judge(struct device *d, const struct step *s, const struct node *node,
                                  enum expect_rule rule, struct candidates *all)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node, items, EXPECT_ITEMS_MAX), from = 0;
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < all->n; i++)
        all->v[i].used = false;
    for (size_t i = 0; i < n && r == STEP_OK; i++)
        r = rule == EXPECT_WITHOUT
                ? must_not_come(d, s, items[i], all)
                : must_come(d, s, items[i], all, rule == EXPECT_ORDER ? &from : NULL);
    if (r == STEP_OK && rule == EXPECT_ONLY)
        r = none_else(d, s, node, all);
    return r;
}

bool expect_unit_matches(struct device *d, slice pattern, const struct unit *u, struct match *m)
{
    struct arena *arena = &d->play->arena;
    struct subject subject;
    struct pattern p;
    size_t offset;
    const char *why;
    if (!pattern_parse(pattern, arena, &p, &offset, &why))
        return false;
    if (u->imap)
        subject_from_imap(u->imap, arena, &subject);
    else
        subject_from_words(u->pop3 ? u->pop3->first : slice_trim(u->raw), arena, &subject);
    subject.line = u->pop3 != NULL;
    return match_subject(m, &p, &subject);
}
