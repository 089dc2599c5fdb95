/* Section specifications of FETCH (RFC 9051 6.4.5.1 and 9, RFC 3501 6.4.5) and the octets they
   name in a message. Pure: no I/O, all memory from the caller's arena or the message itself. */
#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include "arena.h"
#include "buf.h"
#include "slice.h"

struct faults;
struct mime_message;

enum {
    SECTION_DEPTH_MAX = 32,   /* part numbers in one section, "1.2.3" has three */
    SECTION_FIELDS_MAX = 256, /* field names in one HEADER.FIELDS list */
};

enum section_text {
    SECTION_ALL, /* no text specifier: the whole message or the body of the part */
    SECTION_HEADER,
    SECTION_FIELDS,
    SECTION_FIELDS_NOT,
    SECTION_TEXT,
    SECTION_MIME,
};

struct section {
    uint32_t part[SECTION_DEPTH_MAX];
    size_t depth; /* 0: the message itself */
    enum section_text text;
    slice *fields; /* of SECTION_FIELDS and SECTION_FIELDS_NOT */
    size_t n_fields;
};

/* Parses what stands between "[" and "]" (the brackets left out). Field names may be atoms,
   quoted strings or literals and are unquoted into the arena. False, and *ret untouched, for
   anything outside the grammar: an empty field list, part number 0, MIME without a part number,
   more than SECTION_DEPTH_MAX numbers or SECTION_FIELDS_MAX names. */
bool section_parse(struct arena *a, slice text, struct section *ret);

/* The section as a response prints it, without the brackets: upper case, names as astrings. */
void section_render(const struct section *s, struct buf *out);

/* The octets of the section. They point into the message, or into the arena for a subset of a
   header. Numbers name parts as mime_part_at() says. False when the section names nothing in this
   message (the response then says NIL): no such part, or HEADER and TEXT of a part that holds no
   message. */
bool section_octets(struct arena *a, const struct section *s, const struct mime_message *message,
                    const struct faults *faults, slice *ret);

#endif
