#include "imap_gram.h"
#include "imap_chars.h"
#include "imap_date.h"
#include "imap_lex.h"
#include "grammar_error.h"
#include <stdio.h>

enum { FOUND_MAX = 24, DATE_TIME = 26 };

static const char CHAR8[] = "CHAR8";

/* What stands at `at`, for people: "end of line", "NUL" or up to FOUND_MAX octets. */
static void describe(slice in, size_t at, char ret[64])
{
    if (at >= in.n) {
        snprintf(ret, 64, "the end of the line");
        return;
    }
    char shown[FOUND_MAX + 1];
    size_t n = 0;
    for (size_t i = at; i < in.n && n < FOUND_MAX; i++)
        shown[n++] = in.p[i] >= ' ' && in.p[i] < 0x7f ? in.p[i] : '?';
    shown[n] = 0;
    unsigned char c = (unsigned char)in.p[at];
    if (c == ' ')
        snprintf(ret, 64, "a space");
    else if (c < ' ' || c >= 0x7f)
        snprintf(ret, 64, "octet 0x%02X", c);
    else
        snprintf(ret, 64, "'%s%s'", shown, at + n < in.n ? "..." : "");
}

bool gram_fail_at(struct gram *g, size_t at, const char *rule, const char *expected)
{
    if (g->error.rule)
        return false;
    char found[64];
    describe(g->in, at, found);
    /* NUL belongs to no rule but OCTET, so it is the violation wherever it stands. */
    bool nul = at < g->in.n && !g->in.p[at] && rule != CHAR8;
    g->error.rule = nul ? "CHAR" : rule;
    g->error.offset = at;
    snprintf(g->error.text, sizeof g->error.text, "expected %s, found %s", expected, found);
    return false;
}

bool gram_fail(struct gram *g, const char *rule, const char *expected)
{
    return gram_fail_at(g, g->at, rule, expected);
}

bool gram_sees_word(const struct gram *g, const char *text)
{
    slice word = slice_of(text), rest = slice_skip(g->in, g->at);
    if (!slice_starts_nocase(rest, word))
        return false;
    return rest.n == word.n || !imap_is_atom_char(rest.p[word.n]);
}

bool gram_take_word(struct gram *g, const char *text)
{
    if (!gram_sees_word(g, text))
        return false;
    g->at += slice_of(text).n;
    return true;
}

bool gram_take(struct gram *g, char c)
{
    if (!gram_sees(g, c))
        return false;
    g->at++;
    return true;
}

bool gram_char(struct gram *g, char c, const char *rule)
{
    char expected[] = { '\'', c, '\'', 0 };
    return gram_take(g, c) || gram_fail(g, rule, expected);
}

bool gram_sp(struct gram *g, const char *rule)
{
    if (!gram_take(g, ' '))
        return gram_fail(g, rule, "a space");
    if (gram_at_end(g))
        return gram_fail_at(g, g->at - 1, rule, "no space at the end of the line");
    return !gram_sees(g, ' ') || gram_fail(g, rule, "exactly one space");
}

bool gram_word(struct gram *g, const char *text, const char *rule)
{
    return gram_take_word(g, text) || gram_fail(g, rule, text);
}

bool gram_more(struct gram *g, bool *ret_ok)
{
    *ret_ok = true;
    if (!gram_sees(g, ' '))
        return false;
    *ret_ok = gram_sp(g, g->production);
    return *ret_ok;
}

/* The items of a list after its "(", the first already seen to be there. */
static bool list_items(struct gram *g, const char *rule, bool (*item)(struct gram *))
{
    for (;;) {
        if (!item(g))
            return false;
        if (gram_take(g, ')'))
            return true;
        if (!gram_sees(g, ' '))
            return gram_fail(g, rule, "a space or ')'");
        if (!gram_sp(g, rule))
            return false;
        if (gram_sees(g, ')'))
            return gram_fail_at(g, g->at - 1, rule, "no space before ')'");
    }
}

bool gram_list(struct gram *g, const char *rule, bool (*item)(struct gram *))
{
    if (!gram_char(g, '(', rule))
        return false;
    return gram_take(g, ')') || list_items(g, rule, item);
}

bool gram_list1(struct gram *g, const char *rule, bool (*item)(struct gram *))
{
    if (!gram_char(g, '(', rule))
        return false;
    if (gram_sees(g, ')'))
        return gram_fail(g, rule, "at least one element");
    return list_items(g, rule, item);
}

bool gram_digits(struct gram *g, const char *rule, uint64_t max, bool nz)
{
    size_t from = g->at;
    while (!gram_at_end(g) && ascii_is_digit(g->in.p[g->at]))
        g->at++;
    slice digits = slice_sub(g->in, from, g->at);
    if (!digits.n)
        return gram_fail_at(g, from, rule, "a number");
    if (nz && digits.p[0] == '0')
        return gram_fail_at(g, from, rule, "a number that does not start with 0");
    uint64_t value;
    return slice_to_u64(digits, max, &value) || gram_fail_at(g, from, rule, "a smaller number");
}

static bool whole_number(struct gram *g, const char *rule, uint64_t max, bool nz)
{
    size_t from = g->at;
    if (!gram_digits(g, rule, max, nz))
        return false;
    if (!gram_at_end(g) && imap_is_atom_char(g->in.p[g->at]))
        return gram_fail_at(g, from, rule, "digits alone");
    return true;
}

/* number = 1*DIGIT ; 0 <= n < 4,294,967,296 */
bool gram_number(struct gram *g, const char *rule)
{
    return whole_number(g, rule, UINT32_MAX, false);
}

/* number64 = 1*DIGIT ; 0 <= n <= 9,223,372,036,854,775,807 */
bool gram_number64(struct gram *g, const char *rule)
{
    return whole_number(g, rule, INT64_MAX, false);
}

/* nz-number = digit-nz *DIGIT ; 0 < n < 4,294,967,296 */
bool gram_nz_number(struct gram *g, const char *rule)
{
    return whole_number(g, rule, UINT32_MAX, true);
}

/* mod-sequence-value  = 1*DIGIT ; 1 <= n <= 2^63-1 (RFC 7162 7; RFC 4551 had 64 bits)
   mod-sequence-valzer = "0" / mod-sequence-value */
bool gram_mod_sequence(struct gram *g, bool zero_too)
{
    size_t from = g->at;
    const char *rule = zero_too ? "mod-sequence-valzer" : "mod-sequence-value";
    if (!whole_number(g, rule, INT64_MAX, false))
        return false;
    uint64_t value = 0;
    slice_to_u64(slice_sub(g->in, from, g->at), INT64_MAX, &value);
    return value || zero_too || gram_fail_at(g, from, rule, "a number above 0");
}

slice gram_atom_ahead(const struct gram *g)
{
    size_t i = g->at;
    while (i < g->in.n && imap_is_atom_char(g->in.p[i]))
        i++;
    return slice_sub(g->in, g->at, i);
}

/* atom = 1*ATOM-CHAR */
bool gram_atom(struct gram *g, const char *rule)
{
    slice atom = gram_atom_ahead(g);
    g->at += atom.n;
    return atom.n || gram_fail(g, rule, "an atom");
}

/* UTF8-2 / UTF8-3 / UTF8-4, where they are allowed. */
static bool utf8_char(struct gram *g, const char *rule)
{
    if (!g->utf8)
        return gram_fail(g, rule, "no octet above 0x7F before UTF-8 was enabled");
    size_t n = utf8_sequence(slice_skip(g->in, g->at));
    g->at += n;
    return n || gram_fail(g, rule, "valid UTF-8");
}

/* quoted      = DQUOTE *QUOTED-CHAR DQUOTE
   QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials /
                 UTF8-2 / UTF8-3 / UTF8-4 */
bool gram_quoted(struct gram *g)
{
    if (!gram_char(g, '"', "quoted"))
        return false;
    while (!gram_take(g, '"')) {
        char c = gram_peek(g);
        if (gram_at_end(g) || !c || c == '\r' || c == '\n')
            return gram_fail(g, "quoted", "'\"' or a character of the quoted string");
        if (c == '\\') {
            g->at++;
            if (!gram_sees(g, '"') && !gram_sees(g, '\\'))
                return gram_fail(g, "QUOTED-CHAR", "'\"' or '\\' after a backslash");
            g->at++;
        } else if ((unsigned char)c >= 0x80) {
            if (!utf8_char(g, "QUOTED-CHAR"))
                return false;
        } else {
            g->at++;
        }
    }
    return true;
}

/* literal  = "{" number64 "}" CRLF *CHAR8   (a server sends no "+"; RFC 3501 has number)
   literal8 = "~{" number64 "}" CRLF *OCTET */
static bool literal(struct gram *g, bool eight_too)
{
    struct imap_literal l;
    const char *rule = gram_sees(g, '~') ? "literal8" : "literal";
    if (!imap_literal_at(g->in, g->at, &l))
        return gram_fail(g, rule, "a number in braces at the end of the line");
    size_t start = g->at + l.header;
    if (g->in.p[start - 2] != '\r')
        return gram_fail_at(g, start - 1, rule, "CRLF after the literal's length");
    if (l.nonsync)
        return gram_fail(g, rule, "no '+' in a literal that a server sends");
    if (l.eight && !eight_too)
        return gram_fail(g, rule, "no literal8 here");
    if (l.length > g->in.n - start)
        return gram_fail(g, rule, "a literal as long as announced");
    slice data = slice_sub(g->in, start, start + (size_t)l.length);
    size_t nul = l.eight ? SIZE_MAX : slice_find_char(data, '\0');
    if (nul != SIZE_MAX)
        return gram_fail_at(g, start + nul, CHAR8, "no NUL in a literal");
    g->at = start + data.n;
    return true;
}

static bool sees_literal(const struct gram *g)
{
    return gram_sees(g, '{') ||
           (gram_sees(g, '~') && g->at + 1 < g->in.n && g->in.p[g->at + 1] == '{');
}

/* string = quoted / literal */
bool gram_string(struct gram *g, const char *rule)
{
    if (gram_sees(g, '"'))
        return gram_quoted(g);
    return sees_literal(g) ? literal(g, false) : gram_fail(g, rule, "a string");
}

bool gram_nil(struct gram *g)
{
    return gram_take_word(g, "NIL");
}

/* nstring = string / nil */
bool gram_nstring(struct gram *g, const char *rule)
{
    if (gram_sees(g, '"'))
        return gram_quoted(g);
    if (sees_literal(g))
        return literal(g, false);
    return gram_nil(g) || gram_fail(g, rule, "a string or NIL");
}

bool gram_nstring8(struct gram *g, const char *rule)
{
    return sees_literal(g) ? literal(g, true) : gram_nstring(g, rule);
}

/* astring = 1*ASTRING-CHAR / string */
bool gram_astring(struct gram *g, const char *rule)
{
    if (gram_sees(g, '"') || sees_literal(g))
        return gram_string(g, rule);
    size_t from = g->at;
    while (!gram_at_end(g) && imap_is_astring_char(g->in.p[g->at]))
        g->at++;
    if (g->at == from)
        return gram_fail(g, rule, "an atom or a string");
    /* An atom that goes on with what no atom may hold says more than the space missing after it. */
    if (!gram_at_end(g) && !memchr(" ()", gram_peek(g), 3))
        return gram_fail(g, rule, "no such character in an atom");
    return true;
}

/* mailbox = "INBOX" / astring */
bool gram_mailbox(struct gram *g)
{
    return gram_astring(g, "mailbox");
}

/* flag           = "\Answered" / ... / flag-keyword / flag-extension
   flag-extension = "\" atom
   flag-fetch     = flag / obsolete-flag-recent
   The flag-extension derives "\Recent" too, so it passes everywhere. */
bool gram_flag(struct gram *g)
{
    bool system = gram_take(g, '\\');
    if (!gram_atom(g, system ? "flag-extension" : "flag"))
        return false;
    if (gram_at_end(g) || gram_sees(g, ' ') || gram_sees(g, ')'))
        return true;
    return gram_fail(g, "flag", "no such character in a flag");
}

/* flag-perm = flag / "\*" */
bool gram_flag_perm(struct gram *g)
{
    if (!slice_starts(slice_skip(g->in, g->at), S("\\*")))
        return gram_flag(g);
    g->at += 2;
    return true;
}

/* objectid = 1*255(ALPHA / DIGIT / "_" / "-") (RFC 8474 7) */
bool gram_objectid(struct gram *g)
{
    slice atom = gram_atom_ahead(g);
    size_t n = 0;
    while (n < atom.n && (ascii_is_alnum(atom.p[n]) || atom.p[n] == '_' || atom.p[n] == '-'))
        n++;
    g->at += n;
    return (n && n <= 255 && n == atom.n) || gram_fail(g, "objectid", "letters, digits, _ and -");
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
bool gram_date_time(struct gram *g)
{
    struct imap_datetime t;
    size_t from = g->at;
    if (!gram_take(g, '"') || !imap_datetime_parse(slice_sub(g->in, g->at, g->at + DATE_TIME), &t))
        return gram_fail_at(g, from, "date-time", "\"dd-Mon-yyyy hh:mm:ss +zzzz\"");
    g->at += DATE_TIME;
    return gram_char(g, '"', "date-time");
}

/* seq-number = nz-number / "*" */
static bool seq_number(struct gram *g, bool star, const char *rule)
{
    if (star && gram_take(g, '*'))
        return true;
    return gram_digits(g, rule, UINT32_MAX, true);
}

/* sequence-set = (seq-number / seq-range) ["," sequence-set]
   uid-set and known-uids are the same without "*". */
bool gram_sequence_set(struct gram *g, bool star, const char *rule)
{
    do {
        if (!seq_number(g, star, rule))
            return false;
        if (gram_take(g, ':') && !seq_number(g, star, rule))
            return false;
    } while (gram_take(g, ','));
    if (!gram_at_end(g) && imap_is_atom_char(gram_peek(g)))
        return gram_fail(g, rule, "a number, ':' or ','");
    return true;
}

/* tagged-ext-comp = astring / tagged-ext-comp *(SP tagged-ext-comp) / "(" tagged-ext-comp ")"
   RFC 4466 6 tells extensions to use nstring as they need, which an atom covers. "()" within and
   flags ("\Inbox" of Gmail's labels) are accepted: the data of extensions we do not know. */
static bool ext_comp(struct gram *g)
{
    if (gram_sees(g, '\\'))
        return gram_flag_perm(g);
    if (!gram_sees(g, '('))
        return sees_literal(g) ? literal(g, true) : gram_astring(g, "tagged-ext-comp");
    if (g->depth >= IMAP_NESTING_MAX)
        return gram_fail(g, IMAP_RULE_LIMIT, "fewer nested lists");
    g->depth++;
    bool ok = gram_list(g, "tagged-ext-comp", ext_comp);
    g->depth--;
    return ok;
}

/* tagged-ext-val    = tagged-ext-simple / "(" [tagged-ext-comp] ")"
   tagged-ext-simple = sequence-set / number / number64
   Values of items that vendors define may be any atom or string besides. */
bool gram_ext_value(struct gram *g)
{
    slice set = slice_skip(g->in, g->at);
    if (set.n && (ascii_is_digit(set.p[0]) || set.p[0] == '*'))
        while (!gram_at_end(g) && (gram_sees(g, '*') || imap_is_astring_char(gram_peek(g))))
            g->at++;
    else
        return ext_comp(g);
    return true;
}

/* text = 1*(TEXT-CHAR / UTF8-2 / UTF8-3 / UTF8-4)
   RFC 9051 makes it optional where RFC 3501 wants one character at least: both pass. */
bool gram_text(struct gram *g)
{
    while (!gram_at_end(g)) {
        unsigned char c = (unsigned char)g->in.p[g->at];
        if (!c || c == '\r' || c == '\n')
            return gram_fail(g, "text", "a character of the text");
        if (c < 0x80)
            g->at++;
        else if (!utf8_char(g, "text"))
            return false;
    }
    return true;
}
