/* A bounded reader of XML 1.0 (expat) into a small tree. Entity declarations are refused, so nothing
   expands and nothing external is read; prefixes of namespaces are taken off and not looked at. */
#ifndef IMPORT_XML_H
#define IMPORT_XML_H

#include "problem.h"

enum {
    XML_SIZE_MAX = 1 << 20, /* octets of the document */
    XML_DEPTH_MAX = 32,
    XML_ELEMENTS_MAX = 5000,
    XML_ATTRIBUTES_MAX = 16, /* of one element */
    XML_NAME_MAX = 100,      /* octets of an element's or attribute's name */
    XML_VALUE_MAX = 1000     /* octets of an attribute's value */
};

struct xml_attribute {
    slice name, value;
};
struct xml_node {
    slice name; /* without prefix */
    struct xml_attribute *attributes;
    size_t n_attributes;
    slice text;              /* of an element without elements in it: trimmed; else empty */
    struct place at;         /* of the tag */
    struct place text_place; /* of the text; without text, that of the tag */
    const struct xml_node *parent;
    struct xml_node *first, *last, *next;
};

/* The root element; everything lives in `arena`. NULL when a problem was added. */
const struct xml_node *xml_parse(slice bytes, const char *shown, struct arena *arena,
                                 struct problems *problems);
/* The same, fed `step` octets at a time; the result must not depend on it. */
const struct xml_node *xml_parse_in_steps(slice bytes, size_t step, const char *shown,
                                          struct arena *arena, struct problems *problems);

/* The first element of that name below, and the next one beside; NULL: none. */
const struct xml_node *xml_child(const struct xml_node *parent, const char *name);
const struct xml_node *xml_next(const struct xml_node *node);
bool xml_is(const struct xml_node *node, const char *name);
/* Text of the first child of that name, trimmed; empty (p NULL) when there is none. */
slice xml_text(const struct xml_node *parent, const char *name);
/* p is NULL when there is none. */
slice xml_attribute(const struct xml_node *node, const char *name);

/* Untrusted text for a message: printable, in the arena, cut at 80 octets. */
const char *xml_quote(slice text, struct arena *arena);
/* Remembers the document for carets: only what is printable, no line that is too long to show. */
void xml_remember_source(struct problems *problems, const char *shown, slice bytes);

#endif
