/* A YAML file as a tree in which every value keeps its place, its tag and its exact bytes.
   Stricter than YAML: duplicate keys, aliases, anchors and more than one document are problems. */
#ifndef NODE_H
#define NODE_H

#include "clock.h"
#include "problem.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    struct place at;
    slice text;         /* a scalar's bytes, decoded when tagged !hex or !base64 */
    bool quoted;        /* a scalar written in quotes */
    const char *tag;    /* "!hex", ... or NULL */
    struct node **keys; /* of a map, parallel to items; scalars */
    struct node **items;
    size_t n;
};

enum { NODE_MAX_DEPTH = 40, NODE_MAX_FILE = 4 << 20 };

/* Reads the file at `path`; places name it as `shown`. NULL with at least one problem added when
   it cannot be read or is not one YAML document. All memory is the arena's. */
struct node *node_load(const char *path, const char *shown, struct arena *arena,
                       struct problems *problems);
/* As node_load, from text. */
struct node *node_parse(slice text, const char *shown, struct arena *arena,
                        struct problems *problems);

/* The value of a key; NULL when absent or when map is not a map (or NULL). */
struct node *node_get(const struct node *map, const char *key);

/* Checks that a node is of a kind and adds a problem that names `what` otherwise. */
bool node_is(const struct node *n, enum node_kind kind, const char *what,
             struct problems *problems);
/* Adds a problem, with a did-you-mean, for every key of the map that is not among `keys`. */
void node_only_keys(const struct node *map, const char *const *keys, size_t n, const char *what,
                    struct problems *problems);

/* Typed values: false with a problem when the scalar does not fit. */
bool node_u64(const struct node *n, uint64_t max, const char *what, uint64_t *ret,
              struct problems *problems);
bool node_bool(const struct node *n, const char *what, bool *ret, struct problems *problems);
bool node_duration(const struct node *n, const char *what, nsec *ret, struct problems *problems);
/* The index in `words` that the scalar equals. */
bool node_word(const struct node *n, const char *const *words, size_t count, const char *what,
               size_t *ret, struct problems *problems);

/* The scalars of a list, or the scalar itself as a list of one: how "one or several" is written.
   0 items with a problem when something else stands there. NULL gives 0 items. */
size_t node_strings(const struct node *n, const char *what, struct arena *arena, slice **ret,
                    struct problems *problems);

#endif
