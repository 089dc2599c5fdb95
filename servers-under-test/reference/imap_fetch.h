/* FETCH (RFC 3501 and RFC 9051 6.4.5 and 7.5.2): what a client asks for, and one message's answer
   as IMAP text. With BINARY (RFC 3516), CONDSTORE's MODSEQ (RFC 7162 3.1.4) and SAVEDATE (RFC
   8514). Pure: no I/O and no store; the caller hands over the octets of one message at a time.

       struct fetch_items items;
       const char *why;
       if (!fetch_parse(&arena, value, faults, &items, &why))
           return BAD(why);
       if (items.sets_seen) ...set \Seen, fetch_items_add(&items, FETCH_FLAGS) if that changed it
       switch (fetch_render(&items, &message, &options, &out)) ...
*/
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "arena.h"
#include "buf.h"
#include "imap_section.h"
#include "slice.h"

struct faults;
struct imap_value;

enum {
    FETCH_ITEMS_MAX = 100, /* data items of one command */
};

enum fetch_kind {
    FETCH_ENVELOPE,
    FETCH_FLAGS,
    FETCH_INTERNALDATE,
    FETCH_RFC822,
    FETCH_RFC822_HEADER,
    FETCH_RFC822_SIZE,
    FETCH_RFC822_TEXT,
    FETCH_BODY, /* BODYSTRUCTURE without extension data */
    FETCH_BODYSTRUCTURE,
    FETCH_BODY_SECTION, /* BODY[...] and BODY.PEEK[...] */
    FETCH_BINARY,       /* BINARY[...] and BINARY.PEEK[...] */
    FETCH_BINARY_SIZE,
    FETCH_UID,
    FETCH_MODSEQ,
    FETCH_SAVEDATE,
    FETCH_KINDS
};

struct fetch_item {
    enum fetch_kind kind;
    bool peek;              /* of BODY_SECTION and BINARY */
    bool partial;           /* <origin.count> was given */
    uint64_t origin, count; /* octets; count is never 0 */
    struct section section; /* of BODY_SECTION, BINARY and BINARY_SIZE */
};

struct fetch_items {
    struct fetch_item *v; /* in the order asked for, in the arena */
    size_t n;
    bool sets_seen;  /* an item without PEEK reads the body */
    bool needs_body; /* an item reads the octets of the message */
    bool modseq;     /* MODSEQ was asked for (it enables CONDSTORE, RFC 7162 3.1) */
};

/* Parses the second argument of FETCH: ALL, FULL or FAST alone, one data item, or a list of them.
   A repeated item is kept once. On false *ret is untouched and *ret_why is one sentence (static)
   for the text of the BAD reply. */
bool fetch_parse(struct arena *a, const struct imap_value *att, const struct faults *faults,
                 struct fetch_items *ret, const char **ret_why);

/* Adds an item without arguments at the front unless it is there: UID of UID FETCH, FLAGS when \Seen
   was set, MODSEQ under CONDSTORE. Changes items->v in place, so two lists need two fetch_parse(). */
void fetch_items_add(struct fetch_items *items, enum fetch_kind kind);

struct fetch_message {
    uint32_t seq;
    uint32_t uid;
    uint64_t modseq;
    slice octets;          /* the message, CRLF line ends; may be empty when !items.needs_body */
    uint64_t size;         /* RFC822.SIZE */
    int64_t internal_date; /* seconds since 1970, UTC */
    int zone;              /* minutes east of UTC in which the internal date is shown */
    bool has_save_date;
    int64_t save_date; /* shown in UTC */
    slice flags;       /* "\Seen $Junk": without parentheses; empty for none */
};

struct fetch_options {
    const struct faults *faults; /* NULL: none */
    bool utf8; /* UTF-8 may stand in quoted strings (IMAP4rev2 or UTF8=ACCEPT enabled) */
    bool rev2; /* IMAP4rev2 was enabled */
};

enum fetch_outcome {
    FETCH_DONE,
    FETCH_UNKNOWN_CTE, /* NO [UNKNOWN-CTE]: BINARY of a part whose encoding is not known */
    FETCH_NO_PART,     /* NO: BINARY of a part that is a multipart or a message */
};

/* Appends "* SEQ FETCH (...)" CRLF. When the outcome is not FETCH_DONE nothing is appended. With
   no item to show (all were left out by faults) the list is empty. */
enum fetch_outcome fetch_render(const struct fetch_items *items,
                                const struct fetch_message *message,
                                const struct fetch_options *options, struct buf *out);

#endif
