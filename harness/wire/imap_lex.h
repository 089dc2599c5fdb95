/* IMAP data as a tree of values. One tokenizer for all sides: the client reads responses with it,
   the reference server commands, the scenario matcher patterns written in the same syntax.

   It is lenient where the bytes still have one meaning (several spaces, none between ")" and "(",
   any octet in an atom), because whether they conform is for imap_grammar.h to say. It fails only
   where no tree can be built: see enum imap_lex_fault.

   Values point into the unit, except QUOTED with escapes, which is unescaped into the arena: the
   unit must live as long as the tree. */
#ifndef IMAP_LEX_H
#define IMAP_LEX_H

#include "arena.h"
#include "slice.h"

enum {
    IMAP_NESTING_MAX = 100,   /* lists within lists; "too deep" above it */
    IMAP_VALUES_MAX = 200000, /* values in one unit, lists included; for `* SEARCH` of a big box */
};

enum imap_kind {
    /* Anything unquoted: names, numbers, flags ("\Seen", "\*"), sets ("1:3,5"), tags. An item with
       a section is one atom with all its text: "BODY[HEADER.FIELDS (A B)]<0>" (for BODY, BODY.PEEK,
       BINARY, BINARY.PEEK and BINARY.SIZE; literals within the brackets included). */
    IMAP_ATOM,
    IMAP_NIL,      /* unquoted NIL in any case; where NIL can only be an atom, take text */
    IMAP_QUOTED,   /* "..." */
    IMAP_LITERAL,  /* {n} or {n+} */
    IMAP_LITERAL8, /* ~{n} or ~{n+} */
    IMAP_LIST,     /* ( ... ) */
    IMAP_CODE,     /* [ ... ], only with IMAP_LEX_CODE */
};

struct imap_value {
    enum imap_kind kind;
    bool nonsync; /* a literal was written {n+} */
    slice text;   /* atom and NIL as received; string content, unescaped; lists: empty */
    struct imap_value *items; /* of LIST and CODE: n_items values in one array */
    size_t n_items;
    slice raw;     /* the bytes as received, with quotes, parentheses or literal header */
    size_t offset; /* of raw in the unit */
};

enum imap_lex_flags {
    /* A "[" that begins a value opens a list that "]" ends (response codes, patterns). Without the
       flag it is an ordinary atom character, as in the mailbox name [Gmail]/Sent. */
    IMAP_LEX_CODE = 1,
};

enum imap_lex_fault {
    IMAP_LEX_OK,
    IMAP_LEX_UNTERMINATED, /* "(" , "[" or a quote without its end */
    IMAP_LEX_STRAY,        /* ")" (or "]" with IMAP_LEX_CODE) that closes nothing */
    IMAP_LEX_LITERAL,      /* a literal is longer than the bytes given */
    IMAP_LEX_LINE,         /* CR or LF before the end of the unit */
    IMAP_LEX_DEEP,         /* more than IMAP_NESTING_MAX */
    IMAP_LEX_COUNT,        /* more than IMAP_VALUES_MAX */
};

struct imap_lex_error {
    enum imap_lex_fault fault;
    size_t offset; /* in the unit */
};
/* "a parenthesis or quote is not closed": for people. */
const char *imap_lex_fault_text(enum imap_lex_fault fault);

/* Parses all values of `unit`: a complete command, response, or part of one, with its literals
   inline; a final CRLF or LF is allowed and belongs to no value. *ret becomes a LIST whose items
   are the values at the top (raw is the whole unit).
   False: *ret_error says why and *ret still holds what could be read up to there, open lists closed
   at that place. ret_error may be NULL. Of the imap_* calls only the parsers of responses and values
   fill *ret on failure. */
bool imap_lex(slice unit, unsigned flags, struct arena *a, struct imap_value *ret,
              struct imap_lex_error *ret_error);

/* The same for the octets [from, to) of the unit; offsets count from the start of the unit. */
bool imap_lex_part(slice unit, size_t from, size_t to, unsigned flags, struct arena *a,
                   struct imap_value *ret, struct imap_lex_error *ret_error);

/* ATOM, NIL (its text), QUOTED, LITERAL or LITERAL8. */
static inline bool imap_is_string(const struct imap_value *v)
{
    return v->kind != IMAP_LIST && v->kind != IMAP_CODE;
}
/* True for an unquoted atom equal to `text` in any case. */
bool imap_is_atom(const struct imap_value *v, const char *text);
/* An atom of digits alone, at most `max`. False and *ret untouched otherwise. */
bool imap_to_number(const struct imap_value *v, uint64_t max, uint64_t *ret);
/* In a list of name-value pairs (FETCH, STATUS, ID, ENABLE-like): the value that follows `name`
   (compared without case), NULL when it is not there. */
const struct imap_value *imap_pair(const struct imap_value *list, const char *name);
/* Equality by the protocol: atoms in any case, quoted and literal strings alike octet by octet,
   lists item by item; an atom never equals a string, NIL only NIL. */
bool imap_value_eq(const struct imap_value *a, const struct imap_value *b);

#endif
