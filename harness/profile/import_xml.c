#include "import_xml.h"
#include "printable.h"
#include <assert.h>
#include <expat.h>

struct xml_reader {
    XML_Parser parser;
    struct arena *arena;
    struct problems *problems;
    const char *file; /* the arena's copy, for places */
    struct xml_node *root, *current;
    unsigned depth;
    size_t elements;
    struct buf text; /* of the current element */
    struct place text_place;
    bool stopped; /* a problem was added, expat's own error follows from it */
};

/* ---- messages ---- */

const char *xml_quote(slice text, struct arena *arena)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    slice cut = utf8_cut(text, 80);
    printable_add(&out, cut);
    if (cut.n < text.n)
        buf_adds(&out, "...");
    return arena_str(arena, buf_slice(&out));
}

void xml_remember_source(struct problems *problems, const char *shown, slice bytes)
{
    enum { LINE_MAX = 200 };
    auto_buf out;
    buf_init(&out, BUF_OURS);
    slice rest = bytes, line;
    while (slice_line(&rest, &line)) {
        bool plain = line.n <= LINE_MAX;
        for (size_t i = 0; plain && i < line.n; i++)
            plain = line.p[i] == '\t' || (line.p[i] >= ' ' && line.p[i] <= '~');
        if (plain)
            buf_add(&out, line);
        buf_addc(&out, '\n');
    }
    problem_source(problems, shown, buf_slice(&out));
}

static struct place here(const struct xml_reader *r)
{
    XML_Size line = XML_GetCurrentLineNumber(r->parser);
    XML_Size column = XML_GetCurrentColumnNumber(r->parser);
    return (struct place) { r->file, (unsigned)line, (unsigned)column + 1, 0 };
}

static void refuse(struct xml_reader *r, const char *sentence)
{
    if (r->stopped)
        return;
    struct place at = here(r);
    at.file = arena_str(&r->problems->arena, slice_of(r->file));
    problem_add(r->problems, at, "%s", sentence);
    r->stopped = true;
    XML_StopParser(r->parser, XML_FALSE);
}

/* ---- what expat calls ---- */

static slice without_prefix(slice name)
{
    size_t colon = slice_find_char(name, ':');
    return colon == SIZE_MAX ? name : slice_skip(name, colon + 1);
}

static bool copy_attributes(struct xml_reader *r, struct xml_node *node, const char **pairs)
{
    /* Only those that are written: a document type may add defaults. */
    size_t n = (size_t)XML_GetSpecifiedAttributeCount(r->parser) / 2;
    if (n > XML_ATTRIBUTES_MAX)
        return refuse(r, "an element has too many attributes"), false;
    node->attributes = arena_new_n(r->arena, struct xml_attribute, n);
    for (size_t i = 0; i < n; i++) {
        slice name = slice_of(pairs[2 * i]), value = slice_of(pairs[2 * i + 1]);
        if (name.n > XML_NAME_MAX || value.n > XML_VALUE_MAX)
            return refuse(r, "an attribute is too long"), false;
        node->attributes[node->n_attributes++] =
            (struct xml_attribute) { arena_dup(r->arena, without_prefix(name)),
                                     arena_dup(r->arena, value) };
    }
    return true;
}

static void link_node(struct xml_reader *r, struct xml_node *node)
{
    struct xml_node *parent = r->current;
    node->parent = parent;
    if (!parent)
        r->root = node;
    else if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    if (parent)
        parent->last = node;
    r->current = node;
}

static void start_element(void *ctx, const char *name, const char **attributes)
{
    struct xml_reader *r = ctx;
    slice tag = slice_of(name);
    if (r->stopped)
        return;
    if (++r->depth > XML_DEPTH_MAX) {
        refuse(r, "elements are nested too deeply");
        return;
    }
    if (++r->elements > XML_ELEMENTS_MAX) {
        refuse(r, "there are too many elements");
        return;
    }
    if (tag.n > XML_NAME_MAX) {
        refuse(r, "the name of an element is too long");
        return;
    }
    struct xml_node *node = arena_new(r->arena, struct xml_node);
    node->name = arena_dup(r->arena, without_prefix(tag));
    node->at = here(r);
    node->at.length = (unsigned)tag.n + 1; /* "<hostname" */
    node->text_place = node->at;
    if (!copy_attributes(r, node, attributes))
        return;
    link_node(r, node);
    buf_clear(&r->text);
}

static void end_element(void *ctx, const char *name)
{
    struct xml_reader *r = ctx;
    struct xml_node *node = r->current;
    if (r->stopped)
        return;
    if (!node->first) {
        node->text = arena_dup(r->arena, slice_trim(buf_slice(&r->text)));
        if (node->text.n) {
            node->text_place = r->text_place;
            node->text_place.length = (unsigned)utf8_count(node->text);
        }
    }
    buf_clear(&r->text);
    r->current = (struct xml_node *)node->parent;
    r->depth--;
}

static void character_data(void *ctx, const char *data, int n)
{
    struct xml_reader *r = ctx;
    slice piece = slice_make(data, (size_t)n);
    if (r->stopped)
        return;
    if (!r->text.n) { /* blanks before the text are no part of it, and need not be kept */
        size_t blank = 0;
        while (blank < piece.n && strchr(" \t\r\n", piece.p[blank]))
            blank++;
        if (blank == piece.n)
            return;
        r->text_place = here(r);
        r->text_place.column += (unsigned)blank;
        piece = slice_skip(piece, blank);
    }
    buf_add(&r->text, piece);
}

static void entity_declared(void *ctx, const char *name, int is_parameter, const char *value,
                            int value_length, const char *base, const char *system,
                            const char *public_id, const char *notation)
{
    refuse(ctx, system ? "an external entity is declared; entities are refused, nothing is fetched"
                       : "an entity is declared; entities are refused");
}

static void entity_skipped(void *ctx, const char *name, int is_parameter)
{
    refuse(ctx, "an entity that is not declared is used");
}

/* ---- the whole ---- */

static void set_handlers(struct xml_reader *r)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, start_element, end_element);
    XML_SetCharacterDataHandler(r->parser, character_data);
    XML_SetEntityDeclHandler(r->parser, entity_declared);
    XML_SetSkippedEntityHandler(r->parser, entity_skipped);
    XML_SetParamEntityParsing(r->parser, XML_PARAM_ENTITY_PARSING_NEVER);
}

static void say_expat_error(struct xml_reader *r)
{
    enum XML_Error code = XML_GetErrorCode(r->parser);
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (code == XML_ERROR_NO_ELEMENTS)
        buf_adds(&text, "there is no element: the document is empty or was cut off");
    else if (code == XML_ERROR_UNKNOWN_ENCODING)
        buf_adds(&text, "the encoding is not one of UTF-8, UTF-16, ISO-8859-1 and US-ASCII");
    else if (code == XML_ERROR_UNCLOSED_TOKEN || code == XML_ERROR_UNCLOSED_CDATA_SECTION)
        buf_adds(&text, "the document ends in the middle: it was cut off");
    else if (code == XML_ERROR_MISPLACED_XML_PI)
        buf_adds(&text,
                 "<?xml must be the very first thing in the document: nothing may stand before "
                 "it, no blank and no empty line either");
    else
        buf_addf(&text, "this is no well-formed XML: %s", XML_ErrorString(code));
    refuse(r, text.p);
}

static void feed(struct xml_reader *r, slice bytes, size_t step)
{
    enum XML_Status status = XML_STATUS_OK;
    do {
        slice part = slice_sub(bytes, 0, step);
        bytes = slice_skip(bytes, part.n);
        status = XML_Parse(r->parser, part.p ? part.p : "", (int)part.n, bytes.n == 0);
    } while (status == XML_STATUS_OK && bytes.n);
    if (status != XML_STATUS_OK && !r->stopped)
        say_expat_error(r);
}

const struct xml_node *xml_parse_in_steps(slice bytes, size_t step, const char *shown,
                                          struct arena *arena, struct problems *problems)
{
    struct xml_reader r = { .arena = arena, .problems = problems };
    r.file = arena_str(arena, slice_of(shown));
    if (bytes.n > XML_SIZE_MAX) {
        struct place whole = { arena_str(&problems->arena, slice_of(shown)), 0, 0, 0 };
        problem_add(problems, whole, "the document is larger than %d octets", XML_SIZE_MAX);
        return NULL;
    }
    r.parser = XML_ParserCreate(NULL);
    assert(r.parser);
    buf_init(&r.text, BUF_OURS); /* bounded by the document */
    set_handlers(&r);
    feed(&r, bytes, step);
    buf_release(&r.text);
    XML_ParserFree(r.parser);
    return r.stopped ? NULL : r.root;
}

const struct xml_node *xml_parse(slice bytes, const char *shown, struct arena *arena,
                                 struct problems *problems)
{
    return xml_parse_in_steps(bytes, XML_SIZE_MAX, shown, arena, problems);
}

/* ---- looking at the tree ---- */

bool xml_is(const struct xml_node *node, const char *name)
{
    return slice_eq_str(node->name, name);
}

const struct xml_node *xml_child(const struct xml_node *parent, const char *name)
{
    const struct xml_node *child = parent ? parent->first : NULL;
    while (child && !xml_is(child, name))
        child = child->next;
    return child;
}

const struct xml_node *xml_next(const struct xml_node *node)
{
    const struct xml_node *next = node->next;
    while (next && !slice_eq(next->name, node->name))
        next = next->next;
    return next;
}

slice xml_text(const struct xml_node *parent, const char *name)
{
    const struct xml_node *child = xml_child(parent, name);
    return child ? child->text : (slice) { NULL, 0 };
}

slice xml_attribute(const struct xml_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attributes; i++)
        if (slice_eq_str(node->attributes[i].name, name))
            return node->attributes[i].value;
    return (slice) { NULL, 0 };
}
