#include "node.h"
#include "base64.h"
#include "hex.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *shown;
    struct arena *arena;
    struct problems *problems;
    unsigned depth;
};

static struct place place_of(const struct reader *r, yaml_mark_t start, yaml_mark_t end)
{
    unsigned length = start.line == end.line && end.column > start.column
                          ? (unsigned)(end.column - start.column)
                          : 1;
    return (struct place) { r->shown, (unsigned)start.line + 1, (unsigned)start.column + 1,
                            length };
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    yaml_mark_t mark = r->parser.problem_mark;
    problem_add(r->problems, place_of(r, mark, mark), "this is not YAML: %s",
                r->parser.problem ? r->parser.problem : "unknown error");
    return false;
}

static struct node *node_make(struct reader *r, enum node_kind kind, const yaml_event_t *event)
{
    struct node *n = arena_new(r->arena, struct node);
    n->kind = kind;
    n->at = place_of(r, event->start_mark, event->end_mark);
    return n;
}

/* Tags whose bytes are decoded here, so that nobody downstream sees the written form. */
static void decode_tagged(struct reader *r, struct node *n)
{
    if (!n->tag || strcmp(n->tag, "!raw") == 0)
        return;
    auto_buf decoded;
    buf_init(&decoded, NODE_MAX_FILE);
    if (strcmp(n->tag, "!hex") == 0) {
        if (!hex_decode(n->text, &decoded))
            problem_add(r->problems, n->at, "!hex takes pairs of hexadecimal digits");
    } else if (strcmp(n->tag, "!base64") == 0) {
        if (!base64_decode(n->text, &decoded, NULL))
            problem_add(r->problems, n->at, "!base64 takes base64 with its padding");
    } else {
        problem_add(r->problems, n->at, "unknown tag \"%s\"; there are !hex, !base64 and !raw",
                    n->tag);
    }
    n->text = arena_dup(r->arena, buf_slice(&decoded));
}

static struct node *read_scalar(struct reader *r, const yaml_event_t *event)
{
    struct node *n = node_make(r, NODE_SCALAR, event);
    n->text = arena_dup(r->arena, slice_make(event->data.scalar.value, event->data.scalar.length));
    n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.tag)
        n->tag = arena_str(r->arena, slice_of((const char *)event->data.scalar.tag));
    if (event->data.scalar.anchor)
        problem_add(r->problems, n->at, "anchors are not used here; write the value out");
    decode_tagged(r, n);
    return n;
}

static struct node *read_node(struct reader *r, yaml_event_t *event);

static bool key_is_new(struct reader *r, const struct node *map, size_t n, const struct node *key)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(map->keys[i]->text, key->text)) {
            problem_add(r->problems, key->at,
                        "the key \"%.*s\" stands twice; it is first in line %u",
                        SLICE_ARG(key->text), map->keys[i]->at.line);
            return false;
        }
    return true;
}

static void map_store(struct reader *r, struct node *map, struct node **children, size_t n)
{
    size_t pairs = n / 2, used = 0;
    map->keys = arena_new_n(r->arena, struct node *, pairs + 1);
    map->items = arena_new_n(r->arena, struct node *, pairs + 1);
    for (size_t i = 0; i < pairs; i++) {
        struct node *key = children[2 * i];
        if (key->kind != NODE_SCALAR)
            problem_add(r->problems, key->at, "a key must be a plain word");
        else if (key_is_new(r, map, used, key)) {
            map->keys[used] = key;
            map->items[used++] = children[2 * i + 1];
        }
    }
    map->n = used;
}

/* The children of a list or map up to its end event. NULL after a syntax problem. */
static struct node *read_container(struct reader *r, struct node *n, yaml_event_type_t end)
{
    ARRAY(struct node *) children = { 0 };
    bool good = true;
    if (++r->depth > NODE_MAX_DEPTH) {
        problem_add(r->problems, n->at, "nested deeper than %d levels", NODE_MAX_DEPTH);
        good = false;
    }
    while (good) {
        yaml_event_t event;
        if (!next_event(r, &event)) {
            good = false;
            break;
        }
        bool last = event.type == end;
        struct node *child = last ? NULL : read_node(r, &event);
        yaml_event_delete(&event);
        if (last)
            break;
        good = child != NULL;
        if (child)
            *array_push(&children) = child;
    }
    r->depth--;
    if (n->kind == NODE_MAP) {
        map_store(r, n, children.v, children.n);
    } else {
        n->items = arena_new_n(r->arena, struct node *, children.n + 1);
        if (children.n)
            memcpy(n->items, children.v, children.n * sizeof *children.v);
        n->n = children.n;
    }
    array_release(&children);
    return good ? n : NULL;
}

static struct node *read_node(struct reader *r, yaml_event_t *event)
{
    struct node *n;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        n = node_make(r, NODE_LIST, event);
        return read_container(r, n, YAML_SEQUENCE_END_EVENT);
    case YAML_MAPPING_START_EVENT:
        n = node_make(r, NODE_MAP, event);
        return read_container(r, n, YAML_MAPPING_END_EVENT);
    case YAML_ALIAS_EVENT:
        n = node_make(r, NODE_SCALAR, event);
        problem_add(r->problems, n->at, "aliases (*name) are not used here; write the value out");
        return n;
    default:
        return NULL;
    }
}

/* Takes events up to the first node and reads it; then wants the end of the stream. */
static struct node *read_document(struct reader *r)
{
    struct node *root = NULL;
    yaml_event_t event = { 0 };
    unsigned documents = 0;
    do {
        yaml_event_delete(&event);
        if (!next_event(r, &event))
            return NULL;
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents == 2)
            problem_add(r->problems, place_of(r, event.start_mark, event.end_mark),
                        "a second document begins here; one file holds one");
        if (event.type == YAML_SCALAR_EVENT || event.type == YAML_SEQUENCE_START_EVENT ||
            event.type == YAML_MAPPING_START_EVENT || event.type == YAML_ALIAS_EVENT) {
            struct node *n = read_node(r, &event);
            if (!n) {
                yaml_event_delete(&event);
                return NULL;
            }
            root = root ? root : n;
        }
    } while (event.type != YAML_STREAM_END_EVENT);
    yaml_event_delete(&event);
    if (!root)
        problem_add(r->problems, (struct place) { r->shown, 0, 0, 0 }, "the file is empty");
    return root;
}

struct node *node_parse(slice text, const char *shown, struct arena *arena,
                        struct problems *problems)
{
    struct reader r = { .shown = arena_str(arena, slice_of(shown)),
                        .arena = arena,
                        .problems = problems };
    problem_source(problems, r.shown, text);
    if (!yaml_parser_initialize(&r.parser)) {
        problem_add(problems, (struct place) { r.shown, 0, 0, 0 }, "the YAML reader did not start");
        return NULL;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    struct node *root = read_document(&r);
    yaml_parser_delete(&r.parser);
    return root;
}

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        char *room = buf_room(out, 65536);
        ssize_t got = room ? read(fd, room, 65536) : -1;
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        buf_claim(out, (size_t)got);
    }
}

struct node *node_load(const char *path, const char *shown, struct arena *arena,
                       struct problems *problems)
{
    struct place whole = { arena_str(arena, slice_of(shown)), 0, 0, 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        problem_add(problems, whole, "cannot read the file: %s", strerror(errno));
        return NULL;
    }
    auto_buf text;
    buf_init(&text, NODE_MAX_FILE);
    bool good = read_all(fd, &text);
    int why = errno;
    close(fd);
    if (!good) {
        problem_add(problems, whole, "cannot read the file: %s",
                    text.overflow ? "it is larger than 4 MiB" : strerror(why));
        return NULL;
    }
    return node_parse(buf_slice(&text), shown, arena, problems);
}
