#include "array.h"
#include "fault.h"
#include "grammar_error.h"
#include "imap_fetch_args.h"
#include "imap_fetch_decode.h"
#include "imap_search.h"
#include "imap_search_key.h"
#include "imap_search_text.h"

enum { STRING_MAX = 64 << 20 }; /* octets of a folded search string */

struct parser {
    struct arena *a;
    const struct search_options *options;
    const struct imap_value *v; /* what is left of the list being read */
    size_t n;
    slice charset; /* empty: none was given */
    struct search_program *program;
    size_t n_keys;
    struct search_failure failure;
};

static bool fail(struct parser *p, enum search_verdict verdict, const char *code, const char *text)
{
    p->failure = (struct search_failure) { .verdict = verdict, .code = code, .text = text };
    return false;
}

static bool bad(struct parser *p, const char *text)
{
    return fail(p, SEARCH_BAD, "", text);
}

static bool has(const struct parser *p, enum fault_id fault)
{
    return fault_on(p->options->faults, fault);
}

static const struct imap_value *next(struct parser *p)
{
    if (!p->n)
        return NULL;
    p->n--;
    return p->v++;
}

/* --- arguments of keys --- */

struct key_row;
static bool parse_key(struct parser *p, unsigned depth, struct search_key **ret);

/* The string in UTF-8, folded. */
static bool fold_string(struct parser *p, slice text, slice *ret)
{
    auto_buf utf8;
    auto_buf folded;
    buf_init(&utf8, STRING_MAX);
    buf_init(&folded, STRING_MAX);
    if (p->charset.n && !slice_eq_nocase(p->charset, S("ISO-8859-1")) && !utf8_is_valid(text))
        return bad(p, "The string is not in the charset");
    if (!charset_to_utf8(p->charset, text, &utf8))
        buf_add(&utf8, text);
    if (has(p, FAULT_IMAP_SEARCH_CASE))
        buf_add(&folded, buf_slice(&utf8));
    else
        search_fold(buf_slice(&utf8), &folded);
    *ret = arena_dup(p->a, buf_slice(&folded));
    return true;
}

static bool read_string(struct parser *p, struct search_key *key, unsigned depth)
{
    const struct imap_value *v = next(p);
    slice text;
    if (!v || !arg_astring(v, &text))
        return bad(p, "A string is expected");
    p->program->needs_body = true;
    return fold_string(p, text, &key->text);
}

/* "HEADER" SP header-fld-name SP astring */
static bool read_header(struct parser *p, struct search_key *key, unsigned depth)
{
    const struct imap_value *v = next(p);
    if (!v || !arg_astring(v, &key->name))
        return bad(p, "The name of a header field is expected");
    return read_string(p, key, depth);
}

/* flag-keyword = atom */
static bool read_keyword(struct parser *p, struct search_key *key, unsigned depth)
{
    static const char specials[] = "\\\"(){%*]";
    const struct imap_value *v = next(p);
    bool ok = v && (v->kind == IMAP_ATOM || v->kind == IMAP_NIL);
    for (size_t i = 0; ok && i < v->text.n; i++)
        ok = (unsigned char)v->text.p[i] > ' ' && (unsigned char)v->text.p[i] < 0x7F &&
             !memchr(specials, v->text.p[i], sizeof specials - 1);
    if (!ok)
        return bad(p, "A keyword is expected");
    key->text = v->text;
    return true;
}

/* date = date-text / DQUOTE date-text DQUOTE */
static bool read_date(struct parser *p, struct search_key *key, unsigned depth)
{
    const struct imap_value *v = next(p);
    if (!v || (v->kind != IMAP_ATOM && v->kind != IMAP_QUOTED) ||
        !imap_date_parse(v->text, &key->date))
        return bad(p, "A date like 1-Feb-1994 is expected");
    p->program->needs_body |= key->source == SEARCH_SENT;
    return true;
}

static bool read_number(struct parser *p, struct search_key *key, unsigned depth)
{
    const struct imap_value *v = next(p);
    return (v && imap_to_number(v, INT64_MAX, &key->number)) || bad(p, "A number is expected");
}

static bool read_seconds(struct parser *p, struct search_key *key, unsigned depth)
{
    return read_number(p, key, depth) && (key->number || bad(p, "The interval is zero"));
}

/* search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer
   One mod-sequence is kept for a message, so entry name and type do not matter (RFC 7162 3.1.5). */
static bool read_modseq(struct parser *p, struct search_key *key, unsigned depth)
{
    const struct imap_value *type = p->n > 1 ? p->v + 1 : NULL;
    p->program->modseq = true;
    if (p->n && p->v->kind == IMAP_QUOTED) {
        if (!slice_starts_nocase(p->v->text, S("/flags/")) || !type ||
            !(imap_is_atom(type, "priv") || imap_is_atom(type, "shared") ||
              imap_is_atom(type, "all")))
            return bad(p, "An entry name and its type are expected");
        p->v += 2;
        p->n -= 2;
    }
    return read_number(p, key, depth);
}

/* sequence-set, or seq-last-command "$" */
static bool set_of(struct parser *p, const struct imap_value *v, struct search_key *key)
{
    if (!v || v->kind != IMAP_ATOM)
        return bad(p, "A set of numbers is expected");
    if (slice_eq(v->text, S("$"))) {
        key->saved = p->program->uses_saved = true;
        return true;
    }
    if (!imap_set_parse(v->text, p->a, &key->set))
        return bad(p, "Unknown search key or invalid set");
    if (has(p, FAULT_IMAP_SEARCH_STAR) && imap_set_has_star(&key->set))
        return bad(p, "Invalid set");
    return true;
}

static bool read_set(struct parser *p, struct search_key *key, unsigned depth)
{
    return set_of(p, next(p), key);
}

static bool read_key(struct parser *p, struct search_key *key, unsigned depth)
{
    return parse_key(p, depth + 1, &key->first);
}

static bool read_two_keys(struct parser *p, struct search_key *key, unsigned depth)
{
    return parse_key(p, depth + 1, &key->first) && parse_key(p, depth + 1, &key->first->next);
}

/* --- the keys --- */

static const struct key_row {
    const char *name;
    struct search_key key; /* what the name alone says */
    bool (*read)(struct parser *p, struct search_key *key, unsigned depth);
} keys[] = {
#define FLAG(name, op, flag, negated)                                                              \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            op, negated, .text = { flag, sizeof flag - 1 }                                         \
        }                                                                                          \
    }
#define DATE(name, source_, relation_)                                                             \
    {                                                                                              \
        name, { SEARCH_OP_DATE, .source = source_, .relation = relation_ }, read_date              \
    }
#define FIELD(name, field_)                                                                        \
    {                                                                                              \
        name, { SEARCH_OP_FIELD, .field = field_ }, read_string                                    \
    }
    { "ALL", { SEARCH_OP_ALL } },
    FLAG("ANSWERED", SEARCH_OP_FLAG, "\\Answered", false),
    FLAG("DELETED", SEARCH_OP_FLAG, "\\Deleted", false),
    FLAG("DRAFT", SEARCH_OP_FLAG, "\\Draft", false),
    FLAG("FLAGGED", SEARCH_OP_FLAG, "\\Flagged", false),
    FLAG("SEEN", SEARCH_OP_FLAG, "\\Seen", false),
    FLAG("UNANSWERED", SEARCH_OP_FLAG, "\\Answered", true),
    FLAG("UNDELETED", SEARCH_OP_FLAG, "\\Deleted", true),
    FLAG("UNDRAFT", SEARCH_OP_FLAG, "\\Draft", true),
    FLAG("UNFLAGGED", SEARCH_OP_FLAG, "\\Flagged", true),
    FLAG("UNSEEN", SEARCH_OP_FLAG, "\\Seen", true),
    FLAG("NEW", SEARCH_OP_NEW, "\\Seen", false),
    { "RECENT", { SEARCH_OP_RECENT } },
    { "OLD", { SEARCH_OP_RECENT, .negated = true } },
    { "KEYWORD", { SEARCH_OP_KEYWORD }, read_keyword },
    { "UNKEYWORD", { SEARCH_OP_KEYWORD, .negated = true }, read_keyword },
    DATE("BEFORE", SEARCH_INTERNAL, SEARCH_BEFORE),
    DATE("ON", SEARCH_INTERNAL, SEARCH_ON),
    DATE("SINCE", SEARCH_INTERNAL, SEARCH_SINCE),
    DATE("SENTBEFORE", SEARCH_SENT, SEARCH_BEFORE),
    DATE("SENTON", SEARCH_SENT, SEARCH_ON),
    DATE("SENTSINCE", SEARCH_SENT, SEARCH_SINCE),
    DATE("SAVEDBEFORE", SEARCH_SAVED_DATE, SEARCH_BEFORE),
    DATE("SAVEDON", SEARCH_SAVED_DATE, SEARCH_ON),
    DATE("SAVEDSINCE", SEARCH_SAVED_DATE, SEARCH_SINCE),
    { "SAVEDATESUPPORTED", { SEARCH_OP_SAVE_DATE_SUPPORTED } },
    { "OLDER", { SEARCH_OP_OLDER }, read_seconds },
    { "YOUNGER", { SEARCH_OP_YOUNGER }, read_seconds },
    { "LARGER", { SEARCH_OP_LARGER }, read_number },
    { "SMALLER", { SEARCH_OP_SMALLER }, read_number },
    { "MODSEQ", { SEARCH_OP_MODSEQ }, read_modseq },
    FIELD("FROM", SEARCH_FROM),
    FIELD("TO", SEARCH_TO),
    FIELD("CC", SEARCH_CC),
    FIELD("BCC", SEARCH_BCC),
    FIELD("SUBJECT", SEARCH_SUBJECT),
    { "HEADER", { SEARCH_OP_HEADER }, read_header },
    { "BODY", { SEARCH_OP_BODY }, read_string },
    { "TEXT", { SEARCH_OP_TEXT }, read_string },
    { "UID", { SEARCH_OP_UID }, read_set },
    { "NOT", { SEARCH_OP_NOT }, read_key },
    { "OR", { SEARCH_OP_OR }, read_two_keys },
#undef FLAG
#undef DATE
#undef FIELD
};

/* search-key *(SP search-key), all that is left; *ret is one AND of them. */
static bool parse_keys(struct parser *p, unsigned depth, struct search_key **ret)
{
    struct search_key *all = arena_new(p->a, struct search_key), **tail = &all->first;
    all->op = SEARCH_OP_AND;
    if (!p->n)
        return bad(p, "A search key is expected");
    while (p->n) {
        if (!parse_key(p, depth, tail))
            return false;
        tail = &(*tail)->next;
    }
    *ret = all;
    return true;
}

/* "(" search-key *(SP search-key) ")" */
static bool parse_list(struct parser *p, const struct imap_value *list, unsigned depth,
                       struct search_key **ret)
{
    struct parser outer = *p;
    if (has(p, FAULT_IMAP_SEARCH_PARENTHESES))
        return bad(p, "Unknown search key");
    p->v = list->items;
    p->n = list->n_items;
    if (!parse_keys(p, depth + 1, ret))
        return false;
    p->v = outer.v;
    p->n = outer.n;
    return true;
}

static bool parse_named(struct parser *p, const struct imap_value *v, unsigned depth,
                        struct search_key *key)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (imap_is_atom(v, keys[i].name)) {
            *key = keys[i].key;
            return !keys[i].read || keys[i].read(p, key, depth);
        }
    key->op = SEARCH_OP_SEQ;
    return set_of(p, v, key);
}

static bool parse_key(struct parser *p, unsigned depth, struct search_key **ret)
{
    const struct imap_value *v = next(p);
    if (!v)
        return bad(p, "A search key is expected");
    if (depth > SEARCH_NESTING_MAX || ++p->n_keys > SEARCH_KEYS_MAX)
        return fail(p, SEARCH_LIMIT, "[LIMIT] ", "The search is too long or too deep");
    if (v->kind == IMAP_LIST)
        return parse_list(p, v, depth, ret);
    *ret = arena_new(p->a, struct search_key);
    return parse_named(p, v, depth, *ret);
}

/* --- in front of the keys --- */

static const struct {
    const char *name;
    unsigned bit;
} returns[] = {
    { "MIN", SEARCH_MIN },     { "MAX", SEARCH_MAX },   { "ALL", SEARCH_ALL },
    { "COUNT", SEARCH_COUNT }, { "SAVE", SEARCH_SAVE },
};

static bool parse_return_option(struct parser *p, const struct imap_value *v)
{
    for (size_t i = 0; i < COUNT(returns); i++)
        if (imap_is_atom(v, returns[i].name)) {
            p->program->returns |= returns[i].bit;
            return true;
        }
    return has(p, FAULT_IMAP_SEARCH_OPTION_IGNORED) || bad(p, "Unknown RETURN option");
}

/* search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" */
static bool parse_return(struct parser *p)
{
    if (!p->n || !imap_is_atom(p->v, "RETURN"))
        return true;
    next(p);
    const struct imap_value *list = next(p);
    if (!list || list->kind != IMAP_LIST)
        return bad(p, "RETURN is followed by a list");
    for (size_t i = 0; i < list->n_items; i++)
        if (!parse_return_option(p, &list->items[i]))
            return false;
    p->program->extended = !has(p, FAULT_IMAP_SEARCH_NOT_EXTENDED);
    if (!list->n_items && has(p, FAULT_IMAP_SEARCH_RETURN_EMPTY))
        p->program->returns = SEARCH_COUNT;
    return true;
}

static bool charset_is_offered(const struct parser *p, slice charset)
{
    bool utf8 = !has(p, FAULT_IMAP_SEARCH_UTF8_REFUSED);
    return (utf8 && slice_eq_nocase(charset, S("UTF-8"))) ||
           slice_eq_nocase(charset, S("US-ASCII")) || slice_eq_nocase(charset, S("ISO-8859-1"));
}

static bool refuse_charset(struct parser *p)
{
    const char *text = "The charset is not supported";
    if (has(p, FAULT_IMAP_SEARCH_CHARSET_BAD))
        return bad(p, text);
    bool bare = has(p, FAULT_IMAP_SEARCH_CHARSET_BARE);
    fail(p, SEARCH_BADCHARSET, bare ? "" : "[BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] ", text);
    return false;
}

/* "CHARSET" SP charset   (RFC 3501: astring; RFC 9051: atom / quoted) */
static bool parse_charset(struct parser *p)
{
    if (!p->n || !imap_is_atom(p->v, "CHARSET"))
        return true;
    next(p);
    const struct imap_value *v = next(p);
    if (!v || !arg_astring(v, &p->charset) || !p->charset.n)
        return bad(p, "The name of a charset is expected");
    if (p->options->utf8)
        return bad(p, "CHARSET is not allowed after ENABLE UTF8=ACCEPT");
    return true;
}

/* search = "SEARCH" [search-return-opts] SP search-program
   search-program = ["CHARSET" SP charset SP] search-key *(SP search-key) */
static bool parse_program(struct parser *p)
{
    struct search_key *key;
    if (!parse_return(p) || !parse_charset(p))
        return false;
    if (p->charset.n && !charset_is_offered(p, p->charset))
        return refuse_charset(p);
    if (!parse_keys(p, 0, &key))
        return false;
    p->program->key = key;
    return true;
}

bool search_parse(struct arena *a, const struct imap_value *args, size_t n,
                  const struct search_options *options, struct search_program **ret,
                  struct search_failure *ret_failure)
{
    struct search_program *program = arena_new(a, struct search_program);
    struct parser p = { .a = a, .options = options, .v = args, .n = n, .program = program };
    bool spaced = args_are_spaced(args, n) || bad(&p, "One space is expected between arguments");
    program->faults = options->faults;
    program->extended = options->rev2;
    if (!spaced || !parse_program(&p)) {
        p.failure.clears_saved = p.failure.verdict != SEARCH_BAD && program->returns & SEARCH_SAVE;
        *ret_failure = p.failure;
        return false;
    }
    if (!program->returns)
        program->returns = SEARCH_ALL;
    *ret = program;
    return true;
}
