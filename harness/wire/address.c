#include "address.h"
#include "header_lex.h"

/* A phrase and a local part are the same tokens until the character behind them tells which it is,
   so both texts are kept: words with the spaces that stood between them, and without. */
struct text {
    char *p; /* room for the whole field */
    size_t n;
};
struct parser {
    slice rest;
    struct arena *arena;
    struct address_list *list;
    size_t capacity;
    struct text spaced, glued;
    bool any_word; /* also an empty quoted string is one */
    bool no_dot;   /* two words have no dot between them: they fit a phrase only */
    bool in_group;
    slice comment; /* the last one skipped; p == NULL when there was none */
};

/* Everything but these and space is part of an atom: 8-bit text and control characters too. */
static const char specials[] = "()<>[]:;@\\,.\"";

static void skip(struct parser *p)
{
    lex_skip(&p->rest, p->arena, &p->comment);
}

static bool peek(const struct parser *p, char c)
{
    return p->rest.n && p->rest.p[0] == c;
}

static void append(struct text *text, slice s)
{
    if (s.n)
        memcpy(text->p + text->n, s.p, s.n);
    text->n += s.n;
}

static slice finish(struct parser *p, struct text *text)
{
    return arena_dup(p->arena, (slice) { text->p, text->n });
}

static struct address *add(struct parser *p, enum address_kind kind)
{
    struct address_list *list = p->list;
    if (list->n == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 4;
        struct address *v = arena_new_n(p->arena, struct address, capacity);
        if (list->n)
            memcpy(v, list->v, list->n * sizeof *v);
        list->v = v;
        p->capacity = capacity;
    }
    list->v[list->n] = (struct address) { .kind = kind };
    return &list->v[list->n++];
}

/* word = atom / quoted-string ; with "." as obs-phrase and obs-local-part have it. */
static bool take_word(struct parser *p, slice *ret)
{
    if (peek(p, '"')) {
        if (!lex_quoted(&p->rest, p->arena, ret))
            p->list->malformed = true;
        return true;
    }
    *ret = slice_sub(p->rest, 0, 1);
    if (lex_char(&p->rest, '.'))
        return true;
    *ret = lex_until(&p->rest, specials);
    return ret->n > 0;
}

/* Words and dots up to another special. */
static void take_words(struct parser *p)
{
    slice word, last = S(".");
    p->spaced.n = p->glued.n = 0;
    p->any_word = p->no_dot = false;
    for (;;) {
        slice comment = p->comment;
        bool space = lex_skip(&p->rest, p->arena, &comment);
        if (!take_word(p, &word)) {
            p->comment = comment;
            return;
        }
        /* A space was skipped, so the spaced text still has room. */
        if (space && p->spaced.n)
            append(&p->spaced, S(" "));
        append(&p->spaced, word);
        append(&p->glued, word);
        p->no_dot = p->no_dot || !(slice_eq(last, S(".")) || slice_eq(word, S(".")));
        p->any_word = true;
        last = word;
    }
}

/* domain-literal = [CFWS] "[" *([FWS] dtext) [FWS] "]" [CFWS] */
static slice take_literal(struct parser *p)
{
    size_t close = slice_find_char(p->rest, ']');
    size_t n = close == SIZE_MAX ? p->rest.n : close + 1;
    slice literal = slice_sub(p->rest, 0, n);
    p->list->malformed = p->list->malformed || close == SIZE_MAX;
    p->rest = slice_skip(p->rest, n);
    return literal;
}

/* obs-domain = atom *("." atom) */
static slice take_atoms(struct parser *p)
{
    p->glued.n = 0;
    do {
        if (p->glued.n)
            append(&p->glued, S("."));
        skip(p);
        p->comment = (slice) { 0 }; /* only one behind the whole domain is a name */
        append(&p->glued, lex_until(&p->rest, specials));
        skip(p);
    } while (lex_char(&p->rest, '.'));
    return finish(p, &p->glued);
}

/* domain = dot-atom / domain-literal / obs-domain, with the CFWS around it */
static slice take_domain(struct parser *p)
{
    skip(p);
    slice domain = peek(p, '[') ? take_literal(p) : take_atoms(p);
    skip(p);
    p->list->malformed = p->list->malformed || !domain.n;
    return domain;
}

/* obs-route = *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain]) ":" */
static slice take_route(struct parser *p)
{
    slice near = slice_sub(p->rest, 0, ADDRESS_ROUTE_MAX);
    size_t colon = slice_find_char(near, ':');
    if (colon == SIZE_MAX || colon > slice_find_char(near, '>')) {
        p->list->malformed = true;
        return (slice) { 0 };
    }
    slice route = slice_sub(p->rest, 0, colon), text;
    struct text *glued = &p->glued;
    p->rest = slice_skip(p->rest, colon + 1);
    glued->n = 0;
    while (lex_skip(&route, p->arena, NULL), route.n) {
        text = lex_until(&route, "(");
        append(glued, text);
    }
    return finish(p, glued);
}

/* Drops what stands before the next "," (or ";" of a group, or "stop"). */
static void skip_garbage(struct parser *p, char stop)
{
    slice dropped;
    for (skip(p); p->rest.n && !peek(p, ',') && !peek(p, ';') && !peek(p, stop); skip(p)) {
        p->list->malformed = true;
        if (peek(p, '"'))
            lex_quoted(&p->rest, p->arena, &dropped);
        else
            p->rest = slice_skip(p->rest, 1);
    }
}

/* angle-addr = [CFWS] "<" addr-spec ">" [CFWS] / obs-angle-addr. The "<" is taken. */
static void take_angle(struct parser *p, slice name)
{
    struct address *address = add(p, ADDRESS_MAILBOX);
    skip(p);
    if (peek(p, '@') || peek(p, ','))
        address->route = take_route(p);
    take_words(p);
    address->mailbox = finish(p, &p->glued);
    address->host = S("");
    if (lex_char(&p->rest, '@'))
        address->host = take_domain(p);
    else
        p->list->malformed = true;
    skip_garbage(p, '>');
    if (!lex_char(&p->rest, '>'))
        p->list->malformed = true;
    p->comment = (slice) { 0 };
    skip(p);
    address->name = name.n ? name : p->comment.n ? p->comment : (slice) { 0 };
}

/* group = display-name ":" [group-list] ";". The ":" is taken. A group in a group is no grammar:
   its name is dropped and its members are the outer group's. */
static void start_group(struct parser *p)
{
    if (p->in_group) {
        p->list->malformed = true;
        return;
    }
    p->in_group = true;
    p->list->malformed = p->list->malformed || !p->any_word;
    add(p, ADDRESS_GROUP_START)->mailbox = finish(p, &p->spaced);
}

/* addr-spec = local-part "@" domain. The "@" is taken. "a@b <a@b>" is no grammar, yet often seen:
   the first one is then a display name. */
static void take_addr_spec(struct parser *p)
{
    slice local = finish(p, &p->glued);
    p->list->malformed = p->list->malformed || !p->any_word || p->no_dot;
    p->comment = (slice) { 0 };
    slice host = take_domain(p);
    if (lex_char(&p->rest, '<')) {
        p->list->malformed = true;
        char *name = arena_printf(p->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(host));
        take_angle(p, slice_of(name));
        return;
    }
    struct address *address = add(p, ADDRESS_MAILBOX);
    address->mailbox = local;
    address->host = host;
    address->name = p->comment.n ? p->comment : (slice) { 0 };
}

static void end_group(struct parser *p)
{
    /* A ";" outside of a group stands for the "," in what some clients write. */
    p->list->malformed = p->list->malformed || !p->in_group;
    if (p->in_group)
        add(p, ADDRESS_GROUP_END);
    p->in_group = false;
}

/* address = mailbox / group ; mailbox = name-addr / addr-spec */
static void take_address(struct parser *p)
{
    p->comment = (slice) { 0 };
    take_words(p);
    if (lex_char(&p->rest, '<')) {
        take_angle(p, finish(p, &p->spaced));
    } else if (lex_char(&p->rest, ':')) {
        start_group(p);
        return; /* its first member follows without a comma */
    } else if (lex_char(&p->rest, '@')) {
        take_addr_spec(p);
    } else if (p->any_word) {
        p->list->malformed = true;
        struct address *address = add(p, ADDRESS_MAILBOX);
        address->mailbox = finish(p, &p->spaced);
        address->host = S("");
        address->name = p->comment.n ? p->comment : (slice) { 0 };
    }
    skip_garbage(p, ',');
    if (lex_char(&p->rest, ';'))
        end_group(p);
    else
        lex_char(&p->rest, ',');
}

void address_list_parse(slice value, struct arena *a, struct address_list *ret)
{
    *ret = (struct address_list) { 0 };
    struct parser p = { .rest = value, .arena = a, .list = ret };
    auto_arena scratch = { 0 };
    p.spaced.p = arena_alloc(&scratch, value.n + 1);
    p.glued.p = arena_alloc(&scratch, value.n + 1);
    while (lex_skip(&p.rest, a, NULL), p.rest.n && ret->n < ADDRESSES_MAX)
        take_address(&p);
    ret->malformed = ret->malformed || p.rest.n;
    if (p.in_group) {
        ret->malformed = true;
        end_group(&p);
    }
}
