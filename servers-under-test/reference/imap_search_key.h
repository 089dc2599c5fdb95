/* Search keys as a tree: what imap_search_parse.c builds and imap_search_match.c walks. Private to
   imap_search. */
#ifndef IMAP_SEARCH_KEY_H
#define IMAP_SEARCH_KEY_H

#include "imap_date.h"
#include "imap_set.h"
#include "slice.h"

/* Which date a key looks at, and what it must be. */
enum search_source { SEARCH_INTERNAL, SEARCH_SENT, SEARCH_SAVED_DATE };
enum search_relation { SEARCH_BEFORE, SEARCH_ON, SEARCH_SINCE };

/* Fields that have keys of their own: their place in an ENVELOPE. */
enum search_field {
    SEARCH_FROM,
    SEARCH_TO,
    SEARCH_CC,
    SEARCH_BCC,
    SEARCH_SUBJECT,
};

enum search_op {
    SEARCH_OP_ALL,
    SEARCH_OP_AND,  /* first and its `next`s */
    SEARCH_OP_OR,   /* first or its `next` */
    SEARCH_OP_NOT,  /* not first */
    SEARCH_OP_FLAG, /* text */
    SEARCH_OP_RECENT,
    SEARCH_OP_NEW,
    SEARCH_OP_KEYWORD, /* text */
    SEARCH_OP_SEQ,     /* set, or "$" when saved */
    SEARCH_OP_UID,     /* the same */
    SEARCH_OP_DATE,    /* source, relation, date */
    SEARCH_OP_SAVE_DATE_SUPPORTED,
    SEARCH_OP_OLDER, /* number: seconds */
    SEARCH_OP_YOUNGER,
    SEARCH_OP_LARGER, /* number: octets */
    SEARCH_OP_SMALLER,
    SEARCH_OP_MODSEQ, /* number */
    SEARCH_OP_FIELD,  /* field, text */
    SEARCH_OP_HEADER, /* name, text */
    SEARCH_OP_BODY,   /* text */
    SEARCH_OP_TEXT,   /* text */
    SEARCH_OPS
};

struct search_key {
    enum search_op op;
    bool negated; /* UNSEEN and the like */
    bool saved;   /* the set is "$" */
    slice name;   /* of a header field, as written */
    slice text;   /* strings in folded UTF-8; flags as written */
    uint64_t number;
    enum search_source source;
    enum search_relation relation;
    enum search_field field;
    struct imap_date date;
    struct imap_set set;
    struct search_key *first, *next;
};

#endif
