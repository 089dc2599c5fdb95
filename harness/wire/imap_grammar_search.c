/* SEARCH, SORT, THREAD, ESEARCH and VANISHED. */
#include "imap_gram.h"
#include "imap_chars.h"
#include "imap_lex.h"
#include "array.h"

/* search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")" (RFC 7162 7) */
static bool search_sort_mod_seq(struct gram *g)
{
    static const char rule[] = "search-sort-mod-seq";
    return gram_char(g, '(', rule) && gram_word(g, "MODSEQ", rule) && gram_sp(g, rule) &&
           gram_mod_sequence(g, false) && gram_char(g, ')', rule);
}

/* "SEARCH" *(SP nz-number)
   "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]; SORT (RFC 5256, RFC 7162) alike */
bool gram_search_data(struct gram *g)
{
    bool ok;
    for (size_t n = 0; gram_more(g, &ok); n++) {
        if (n && gram_sees(g, '('))
            return search_sort_mod_seq(g);
        if (!gram_nz_number(g, "nz-number"))
            return false;
    }
    return ok;
}

/* one-correlator = ("TAG" SP tag-string) / ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)
   (RFC 7377 3; RFC 9051 has TAG alone) */
static bool one_correlator(struct gram *g)
{
    static const char rule[] = "search-correlator";
    if (gram_take_word(g, "TAG"))
        return gram_sp(g, rule) && gram_astring(g, "tag-string");
    if (gram_take_word(g, "MAILBOX"))
        return gram_sp(g, rule) && gram_mailbox(g);
    return gram_word(g, "UIDVALIDITY", rule) && gram_sp(g, rule) && gram_nz_number(g, "nz-number");
}

static bool ret_nz_number(struct gram *g)
{
    return gram_nz_number(g, "nz-number");
}

static bool ret_number(struct gram *g)
{
    return gram_number(g, "number");
}

/* "ALL" SP sequence-set, where "$" is not allowed */
static bool ret_all(struct gram *g)
{
    return gram_sequence_set(g, true, "sequence-set");
}

/* "MODSEQ" SP mod-sequence-value (RFC 4731 3.2) */
static bool ret_modseq(struct gram *g)
{
    return gram_mod_sequence(g, false);
}

static bool score(struct gram *g)
{
    return gram_number(g, "score");
}

/* "RELEVANCY" SP "(" [score *(SP score)] ")" (RFC 6203 6) */
static bool ret_relevancy(struct gram *g)
{
    return gram_list(g, "score-list", score);
}

/* "PARTIAL" SP "(" partial-range SP partial-results ")" (RFC 5267 5, RFC 9394: "-1:-10" too) */
static bool ret_partial(struct gram *g)
{
    static const char rule[] = "ret-data-partial";
    if (!gram_char(g, '(', rule))
        return false;
    bool ends = gram_take(g, '-');
    if (!gram_digits(g, rule, UINT32_MAX, true) || !gram_char(g, ':', rule))
        return false;
    if (gram_take(g, '-') != ends)
        return gram_fail(g, rule, "a range of one direction");
    return gram_digits(g, rule, UINT32_MAX, true) && gram_sp(g, rule) &&
           (gram_nil(g) || gram_sequence_set(g, true, "sequence-set")) && gram_char(g, ')', rule);
}

static bool position_and_set(struct gram *g)
{
    return gram_number(g, "context-position") && gram_sp(g, "ret-data-addto") &&
           gram_sequence_set(g, true, "sequence-set");
}

/* "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")", and
   REMOVEFROM (RFC 5267 5) */
static bool ret_context(struct gram *g)
{
    return gram_list1(g, "ret-data-addto", position_and_set);
}

static const struct {
    const char *name;
    bool (*value)(struct gram *g);
} returns[] = {
    { "MIN", ret_nz_number },   { "MAX", ret_nz_number }, { "ALL", ret_all },
    { "COUNT", ret_number },    { "MODSEQ", ret_modseq }, { "RELEVANCY", ret_relevancy },
    { "PARTIAL", ret_partial }, { "ADDTO", ret_context }, { "REMOVEFROM", ret_context },
};

/* search-return-data = "MIN" SP nz-number / ... / search-ret-data-ext */
static bool search_return_data(struct gram *g)
{
    slice name = gram_atom_ahead(g);
    if (!gram_atom(g, "search-return-data") || !gram_sp(g, "search-return-data"))
        return false;
    for (size_t i = 0; i < COUNT(returns); i++)
        if (slice_eq_nocase(name, slice_of(returns[i].name)))
            return returns[i].value(g);
    return gram_ext_value(g);
}

/* esearch-response  = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)
   search-correlator = SP "(" one-correlator *(SP one-correlator) ")" */
bool gram_esearch_data(struct gram *g)
{
    bool ok;
    for (size_t n = 0; gram_more(g, &ok); n++) {
        bool value = n == 0 && gram_sees(g, '(')
                         ? gram_list1(g, "search-correlator", one_correlator)
                         : (n <= 1 && gram_take_word(g, "UID")) || search_return_data(g);
        if (!value)
            return false;
    }
    return ok;
}

/* The "(" of the next thread-list is ahead, or a violation. */
static bool thread_list(struct gram *g);

/* thread-nested = 2*thread-list */
static bool thread_nested(struct gram *g)
{
    size_t n = 0;
    for (; gram_sees(g, '('); n++)
        if (!thread_list(g))
            return false;
    return n >= 2 || gram_fail(g, "thread-nested", "a second thread");
}

/* thread-members = nz-number *(SP nz-number) [SP thread-nested] */
static bool thread_members(struct gram *g)
{
    for (;;) {
        if (!gram_nz_number(g, "nz-number"))
            return false;
        if (!gram_sees(g, ' '))
            return true;
        if (!gram_sp(g, "thread-members"))
            return false;
        if (gram_sees(g, '('))
            return thread_nested(g);
    }
}

/* thread-list = "(" (thread-members / thread-nested) ")" */
static bool thread_list(struct gram *g)
{
    if (!gram_char(g, '(', "thread-list"))
        return false;
    if (g->depth >= IMAP_NESTING_MAX)
        return gram_fail(g, IMAP_RULE_LIMIT, "fewer nested threads");
    g->depth++;
    bool ok = gram_sees(g, '(') ? thread_nested(g) : thread_members(g);
    g->depth--;
    return ok && gram_char(g, ')', "thread-list");
}

/* thread-data = "THREAD" [SP 1*thread-list] */
bool gram_thread_data(struct gram *g)
{
    if (gram_at_end(g))
        return true;
    if (!gram_sp(g, "thread-data"))
        return false;
    do {
        if (!thread_list(g))
            return false;
    } while (gram_sees(g, '('));
    return true;
}

/* expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids
   known-uids    = sequence-set ; "*" is not allowed (RFC 7162 7) */
bool gram_vanished_data(struct gram *g)
{
    static const char rule[] = "expunged-resp";
    if (!gram_sp(g, rule))
        return false;
    if (gram_take(g, '(') &&
        (!gram_word(g, "EARLIER", rule) || !gram_char(g, ')', rule) || !gram_sp(g, rule)))
        return false;
    return gram_sequence_set(g, false, "known-uids");
}
