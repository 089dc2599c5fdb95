#include "imap_gram.h"
#include "imap_chars.h"
#include "array.h"

const char IMAP_RULE_UNKNOWN[] = "unknown-response";
const char IMAP_RULE_RESP_TEXT[] = "resp-text";
const char IMAP_RULE_LIMIT[] = "limit";

enum leading_number { NO_NUMBER, ANY_NUMBER, NZ_NUMBER };

struct data_row {
    const char *name, *production;
    enum leading_number number;
    bool (*rest)(struct gram *g); /* what follows the name; NULL: nothing */
};

/* capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev1" *(SP capability) */
static bool capability_data(struct gram *g)
{
    return gram_capabilities(g, '\r');
}

/* enable-data = "ENABLED" *(SP capability) */
static bool enable_data(struct gram *g)
{
    bool ok;
    while (gram_more(g, &ok))
        if (!gram_atom(g, "capability"))
            return false;
    return ok;
}

/* A field and its value of id_params_list. */
static bool id_pair(struct gram *g)
{
    return gram_string(g, "id_params_list") && gram_sp(g, "id_params_list") &&
           gram_nstring(g, "id_params_list");
}

/* id_response    ::= "ID" SPACE id_params_list
   id_params_list ::= "(" #(string SPACE nstring) ")" / nil    (RFC 2971 4; "#" of RFC 2060: none
   or more, a space between) */
static bool id_response(struct gram *g)
{
    if (!gram_sp(g, "id_response"))
        return false;
    return gram_nil(g) || gram_list(g, "id_params_list", id_pair);
}

/* "FETCH" SP msg-att, and "UIDFETCH" SP msg-att of RFC 9586 */
static bool fetch_data(struct gram *g)
{
    return gram_sp(g, "message-data") && gram_msg_att(g);
}

/* Responses of extensions whose data we do not check beyond their general shape. */
static bool any_data(struct gram *g)
{
    bool ok;
    while (gram_more(g, &ok))
        if (!gram_ext_value(g))
            return false;
    return ok;
}

static const struct data_row data_rows[] = {
    { "CAPABILITY", "capability-data", NO_NUMBER, capability_data },
    { "ENABLED", "enable-data", NO_NUMBER, enable_data },
    { "FLAGS", "mailbox-data", NO_NUMBER, gram_flags_data },
    { "LIST", "mailbox-data", NO_NUMBER, gram_list_data },
    { "LSUB", "mailbox-data", NO_NUMBER, gram_list_data },
    { "STATUS", "mailbox-data", NO_NUMBER, gram_status_data },
    { "SEARCH", "mailbox-data", NO_NUMBER, gram_search_data },
    { "ESEARCH", "esearch-response", NO_NUMBER, gram_esearch_data },
    { "SORT", "sort-data", NO_NUMBER, gram_search_data },
    { "THREAD", "thread-data", NO_NUMBER, gram_thread_data },
    { "NAMESPACE", "namespace-response", NO_NUMBER, gram_namespace_data },
    { "EXISTS", "mailbox-data", ANY_NUMBER, NULL },
    { "RECENT", "mailbox-data", ANY_NUMBER, NULL },
    { "EXPUNGE", "message-data", NZ_NUMBER, NULL },
    { "FETCH", "message-data", NZ_NUMBER, fetch_data },
    { "UIDFETCH", "message-data", NZ_NUMBER, fetch_data },
    { "VANISHED", "expunged-resp", NO_NUMBER, gram_vanished_data },
    { "ID", "id_response", NO_NUMBER, id_response },
    { "QUOTA", "quota-response", NO_NUMBER, gram_quota_data },
    { "QUOTAROOT", "quotaroot-response", NO_NUMBER, gram_quotaroot_data },
    { "METADATA", "metadata-resp", NO_NUMBER, gram_metadata_data },
    { "ACL", "acl-data", NO_NUMBER, gram_acl_data },
    { "LISTRIGHTS", "listrights-data", NO_NUMBER, gram_listrights_data },
    { "MYRIGHTS", "myrights-data", NO_NUMBER, gram_myrights_data },
    { "LANGUAGE", "language-data", NO_NUMBER, any_data },     /* RFC 5255 */
    { "COMPARATOR", "comparator-data", NO_NUMBER, any_data }, /* RFC 5255 */
    { "GENURLAUTH", "genurlauth-data", NO_NUMBER, any_data }, /* RFC 4467 */
    { "URLFETCH", "urlfetch-data", NO_NUMBER, any_data },     /* RFC 4467, 5524 */
    { "CONVERTED", "converted-resp", NZ_NUMBER, any_data },   /* RFC 5259 */
    { "CONVERSION", "conversion-data", NO_NUMBER, any_data }, /* RFC 5259 */
    { "ANNOTATION", "annotation-data", NO_NUMBER, any_data }, /* RFC 5257 */
    { "UIDBATCHES", "uidbatches-response", NO_NUMBER, any_data },
    { "JMAPACCESS", "jmapaccess-data", NO_NUMBER, any_data }, /* RFC 9698 */
};

static const struct data_row *find_row(slice name)
{
    for (size_t i = 0; i < COUNT(data_rows); i++)
        if (slice_eq_nocase(name, slice_of(data_rows[i].name)))
            return &data_rows[i];
    return NULL;
}

/* The number at `from`, now that the name says which numbers it takes. */
static bool leading_number(struct gram *g, const struct data_row *row, size_t from, bool has)
{
    if (has != (row->number != NO_NUMBER))
        return gram_fail_at(g, from, row->production,
                            has ? "no number in this response" : "a number before the name");
    if (!has)
        return true;
    size_t name_at = g->at;
    g->at = from;
    bool nz = row->number == NZ_NUMBER;
    bool ok = nz ? gram_nz_number(g, "nz-number") : gram_number(g, "number");
    g->at = name_at;
    return ok;
}

/* mailbox-data / message-data / capability-data / enable-data and those of extensions, after
   "*" SP */
static bool untagged_data(struct gram *g)
{
    size_t from = g->at;
    bool minus = gram_take(g, '-') && ascii_is_digit(gram_peek(g));
    if (minus)
        return gram_fail_at(g, from, "number", "a number without sign");
    g->at = from;
    bool number = ascii_is_digit(gram_peek(g));
    /* The largest number at all: which one fits is known once the name is. */
    if (number && (!gram_digits(g, "number", UINT64_MAX, false) || !gram_sp(g, "number")))
        return false;
    slice name = gram_atom_ahead(g);
    const struct data_row *row = find_row(name);
    if (!name.n)
        return gram_fail(g, "response-data", "the name of a response");
    if (!row)
        return gram_fail(g, IMAP_RULE_UNKNOWN, "a response that an RFC defines");
    if (!leading_number(g, row, from, number))
        return false;
    g->production = row->production;
    g->at += name.n;
    return !row->rest || row->rest(g);
}

static const char *const states[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };
enum { TAGGED_STATES = 3 };

/* Takes one of the first n states; false without an error when none is there. */
static bool take_state(struct gram *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (gram_take_word(g, states[i]))
            return true;
    return false;
}

/* SP resp-text, where the text may be empty (RFC 9051) but the space may not be left out. */
static bool state_text(struct gram *g, const char *rule)
{
    if (!gram_take(g, ' '))
        return gram_fail(g, rule, "a space");
    return gram_resp_text(g);
}

/* response-data = "*" SP (resp-cond-state / resp-cond-bye / mailbox-data / message-data /
                   capability-data / enable-data) CRLF
   greeting      = "*" SP (resp-cond-auth / resp-cond-bye) CRLF */
static bool response_data(struct gram *g)
{
    g->at++;
    if (!gram_sp(g, "response-data"))
        return false;
    if (gram_sees(g, '['))
        return gram_fail(g, "resp-cond-state", "OK, NO or BAD before a response code");
    if (take_state(g, COUNT(states)))
        return state_text(g, "resp-cond-state");
    return untagged_data(g);
}

/* response-tagged = tag SP resp-cond-state CRLF
   tag             = 1*<any ASTRING-CHAR except "+"> */
static bool response_tagged(struct gram *g)
{
    size_t from = g->at;
    while (!gram_at_end(g) && imap_is_tag_char(gram_peek(g)))
        g->at++;
    if (g->at == from)
        return gram_fail(g, "response-tagged", "'*', '+' or a tag");
    if (!gram_take(g, ' '))
        return gram_fail(g, "response-tagged", "a space after the tag");
    if (!take_state(g, TAGGED_STATES))
        return gram_fail(g, "response-tagged", "OK, NO or BAD after the tag");
    return state_text(g, "resp-cond-state");
}

/* continue-req = "+" SP (resp-text / base64) CRLF
   base64 may be empty, and its characters are text as well. */
static bool continue_req(struct gram *g)
{
    g->at++;
    return state_text(g, "continue-req");
}

static bool response(struct gram *g)
{
    if (gram_sees(g, '*'))
        return response_data(g);
    return gram_sees(g, '+') ? continue_req(g) : response_tagged(g);
}

static bool line_end(struct gram *g)
{
    if (gram_at_end(g))
        return true;
    if (gram_sees(g, ' '))
        return gram_fail(g, g->production, "the end of the line");
    return gram_fail(g, g->production, "the end of the response");
}

bool imap_grammar_check(slice unit, const struct imap_grammar_options *options,
                        struct imap_grammar_error *ret_error)
{
    struct gram g = { .in = unit, .production = "response" };
    g.utf8 = options && (options->utf8 || options->rev2);
    bool crlf = slice_ends(unit, S("\r\n"));
    if (crlf)
        g.in.n -= 2;
    else if (slice_ends(unit, S("\n")))
        g.in.n--;
    bool ok = response(&g) && line_end(&g);
    if (ok && !crlf)
        ok = gram_fail_at(&g, g.in.n, "CRLF", "CRLF");
    if (!ok && ret_error)
        *ret_error = g.error;
    return ok;
}
