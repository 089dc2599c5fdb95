/* Private to the imap_grammar_*.c files: a cursor over one response and the ABNF rules that they
   share. Every rule is a function that takes what it describes and returns true, or records the
   violation and returns false; the caller returns false at once. No rule ever goes back: what to
   do is decided by looking at the octets ahead. */
#ifndef IMAP_GRAM_H
#define IMAP_GRAM_H

#include "imap_grammar.h"

struct gram {
    slice in; /* the response without its final CRLF */
    size_t at;
    bool utf8;              /* UTF-8 may stand in quoted strings and text */
    const char *production; /* of the whole response: the rule of a trailing space */
    unsigned depth;         /* of bodies within bodies */
    struct imap_grammar_error error;
};

/* Records "expected ..., found ..." unless something was recorded before. Returns false. */
bool gram_fail(struct gram *g, const char *rule, const char *expected);
/* The same for a violation that begins at an octet already passed. */
bool gram_fail_at(struct gram *g, size_t at, const char *rule, const char *expected);

static inline bool gram_at_end(const struct gram *g)
{
    return g->at >= g->in.n;
}
/* The octet ahead, '\r' at the end of the response. */
static inline char gram_peek(const struct gram *g)
{
    return gram_at_end(g) ? '\r' : g->in.p[g->at];
}
static inline bool gram_sees(const struct gram *g, char c)
{
    return !gram_at_end(g) && g->in.p[g->at] == c;
}
/* `text` in any case is ahead, and no further atom character after it. */
bool gram_sees_word(const struct gram *g, const char *text);
/* Takes the word that gram_sees_word saw. False without an error when it is not there. */
bool gram_take_word(struct gram *g, const char *text);
/* Takes c if it is ahead, without an error if not. */
bool gram_take(struct gram *g, char c);

/* The fixed octet c, or a violation of `rule`. */
bool gram_char(struct gram *g, char c, const char *rule);
bool gram_sp(struct gram *g, const char *rule);
bool gram_word(struct gram *g, const char *text, const char *rule);
/* The rule *(SP x) up to the end of the response: true while a SP and more is ahead; takes the SP. A
   space before the line's end is a violation; *ret_ok tells that apart from the end. */
bool gram_more(struct gram *g, bool *ret_ok);

/* "(" [x *(SP x)] ")" */
bool gram_list(struct gram *g, const char *rule, bool (*item)(struct gram *));
/* "(" x *(SP x) ")" */
bool gram_list1(struct gram *g, const char *rule, bool (*item)(struct gram *));

/* Digits, and no other atom character behind them. */
bool gram_number(struct gram *g, const char *rule);
bool gram_number64(struct gram *g, const char *rule);
bool gram_nz_number(struct gram *g, const char *rule);
bool gram_mod_sequence(struct gram *g, bool zero_too);
/* Digits alone, whatever follows: for numbers inside sets, sections and origins. */
bool gram_digits(struct gram *g, const char *rule, uint64_t max, bool nz);

slice gram_atom_ahead(const struct gram *g);
bool gram_atom(struct gram *g, const char *rule);
bool gram_quoted(struct gram *g);
bool gram_string(struct gram *g, const char *rule);
bool gram_nstring(struct gram *g, const char *rule);
bool gram_nstring8(struct gram *g, const char *rule); /* nstring / literal8 */
bool gram_astring(struct gram *g, const char *rule);
bool gram_mailbox(struct gram *g);
bool gram_flag(struct gram *g);
bool gram_flag_perm(struct gram *g);
bool gram_objectid(struct gram *g);
bool gram_date_time(struct gram *g);
bool gram_nil(struct gram *g); /* true, without an error if not, when NIL was taken */
bool gram_sequence_set(struct gram *g, bool star, const char *rule);
/* tagged-ext-val, and any string besides. */
bool gram_ext_value(struct gram *g);
/* Text of TEXT-CHARs up to the end of the response; may be empty. */
bool gram_text(struct gram *g);

/* imap_grammar_code.c */
bool gram_resp_text(struct gram *g);
bool gram_capabilities(struct gram *g, char end); /* the names; end is ']' or '\r' */
/* imap_grammar_body.c; `extended` is BODYSTRUCTURE */
bool gram_envelope(struct gram *g);
bool gram_body(struct gram *g, bool extended);
/* imap_grammar_fetch.c */
bool gram_msg_att(struct gram *g);
/* imap_grammar_mailbox.c */
bool gram_flags_data(struct gram *g);
bool gram_list_data(struct gram *g);
bool gram_status_data(struct gram *g);
bool gram_namespace_data(struct gram *g);
bool gram_quota_data(struct gram *g);
bool gram_quotaroot_data(struct gram *g);
bool gram_metadata_data(struct gram *g);
bool gram_acl_data(struct gram *g);
bool gram_listrights_data(struct gram *g);
bool gram_myrights_data(struct gram *g);
/* imap_grammar_search.c */
bool gram_search_data(struct gram *g);
bool gram_esearch_data(struct gram *g);
bool gram_thread_data(struct gram *g);
bool gram_vanished_data(struct gram *g);

#endif
