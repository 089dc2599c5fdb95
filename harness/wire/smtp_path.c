#include "smtp_path.h"

/* Parsers take what they read off `rest`; offsets of findings are counted in `all`. */
struct cursor {
    slice all, rest;
    unsigned flags;
    struct grammar_error *err;
};

static size_t at(const struct cursor *c)
{
    return c->all.n - c->rest.n;
}

static bool peek(const struct cursor *c, char want)
{
    return c->rest.n && c->rest.p[0] == want;
}

static bool take(struct cursor *c, char want)
{
    if (!peek(c, want))
        return false;
    c->rest = slice_skip(c->rest, 1);
    return true;
}

static bool fail(struct cursor *c, enum wire_rule rule, const char *wanted)
{
    char text[ESCAPED_MAX];
    if (!c->rest.n)
        return grammar_error_set(c->err, rule, at(c), "%s is missing at the end", wanted);
    bool utf8 = (c->rest.p[0] & 0x80) && !(c->flags & SMTP_PATH_UTF8);
    return grammar_error_set(c->err, rule, at(c), "%s is missing before \"%s\"%s", wanted,
                             escape_text(slice_sub(c->rest, 0, 20), text),
                             utf8 ? ", which needs SMTPUTF8" : "");
}

/* Octets at the start of `rest` that are UTF8-non-ascii where RFC 6531 3.3 lets it stand. */
static size_t utf8_octets(const struct cursor *c)
{
    if (!(c->flags & SMTP_PATH_UTF8) || !c->rest.n || !(c->rest.p[0] & 0x80))
        return 0;
    return utf8_sequence(c->rest);
}

/* RFC 5322 3.2.3 atext, and with SMTPUTF8 UTF8-non-ascii */
static bool take_atext(struct cursor *c)
{
    if (!c->rest.n)
        return false;
    char octet = c->rest.p[0];
    size_t n = utf8_octets(c);
    if (ascii_is_alnum(octet) || (octet && memchr("!#$%&'*+-/=?^_`{|}~", octet, 19)))
        n = 1;
    c->rest = slice_skip(c->rest, n);
    return n > 0;
}

/* Dot-string = Atom *("." Atom) ; Atom = 1*atext */
static bool take_dot_string(struct cursor *c)
{
    do {
        if (!take_atext(c))
            return fail(c, RULE_SMTP_LOCAL_PART, "an atom of a local part");
        while (take_atext(c))
            ;
    } while (take(c, '.'));
    return true;
}

/* qtextSMTP = %d32-33 / %d35-91 / %d93-126 ; quoted-pairSMTP = %d92 %d32-126 */
static bool take_qcontent(struct cursor *c)
{
    size_t n = utf8_octets(c);
    if (!n && take(c, '\\'))
        n = c->rest.n && c->rest.p[0] >= 32 && c->rest.p[0] <= 126;
    else if (!n)
        n = c->rest.n && c->rest.p[0] >= 32 && c->rest.p[0] <= 126 && c->rest.p[0] != '"';
    c->rest = slice_skip(c->rest, n);
    return n > 0;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE */
static bool take_quoted_string(struct cursor *c)
{
    take(c, '"');
    while (!peek(c, '"'))
        if (!take_qcontent(c))
            return fail(c, RULE_SMTP_LOCAL_PART, "the end of a quoted string");
    return take(c, '"');
}

/* The length rule counts the local part itself: RFC 5321 4.5.3.1.1 does not say whether quotes are
   of it, so they are not counted. */
static size_t plain_octets(slice local)
{
    size_t n = 0;
    if (!local.n || local.p[0] != '"')
        return local.n;
    for (size_t i = 1; i + 1 < local.n; i++, n++)
        i += local.p[i] == '\\';
    return n;
}

/* Local-part = Dot-string / Quoted-string */
static bool take_local(struct cursor *c, slice *ret)
{
    slice start = c->rest;
    size_t offset = at(c);
    if (!(peek(c, '"') ? take_quoted_string(c) : take_dot_string(c)))
        return false;
    *ret = slice_sub(start, 0, start.n - c->rest.n);
    if (!(c->flags & SMTP_PATH_ANY_LENGTH) && plain_octets(*ret) > SMTP_LOCAL_PART_MAX)
        return grammar_error_set(c->err, RULE_SMTP_LOCAL_PART_LENGTH, offset,
                                 "a local part of %zu octets", plain_octets(*ret));
    return true;
}

static size_t let_dig(const struct cursor *c)
{
    return c->rest.n && ascii_is_alnum(c->rest.p[0]) ? 1 : utf8_octets(c);
}

/* sub-domain = Let-dig [Ldh-str] ; Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
   With SMTPUTF8 also a U-label, of which only the encoding is looked at. */
static bool take_label(struct cursor *c)
{
    size_t n = let_dig(c);
    if (!n)
        return fail(c, RULE_SMTP_DOMAIN, "a label of a domain");
    bool hyphen = false;
    while (n) {
        hyphen = peek(c, '-');
        c->rest = slice_skip(c->rest, n);
        n = peek(c, '-') ? 1 : let_dig(c);
    }
    return !hyphen || fail(c, RULE_SMTP_DOMAIN, "a letter or digit after a hyphen of a domain");
}

/* Domain = sub-domain *("." sub-domain) */
static bool take_domain(struct cursor *c, slice *ret)
{
    slice start = c->rest;
    size_t offset = at(c);
    do {
        if (!take_label(c))
            return false;
    } while (take(c, '.'));
    *ret = slice_sub(start, 0, start.n - c->rest.n);
    if (!(c->flags & SMTP_PATH_ANY_LENGTH) && ret->n > SMTP_DOMAIN_MAX)
        return grammar_error_set(c->err, RULE_SMTP_DOMAIN_LENGTH, offset, "a domain of %zu octets",
                                 ret->n);
    return true;
}

/* "[" up to the next "]", then the rules of a literal. */
static bool take_literal(struct cursor *c, slice *ret)
{
    size_t close = slice_find_char(c->rest, ']');
    slice literal = slice_sub(c->rest, 0, close == SIZE_MAX ? c->rest.n : close + 1);
    struct grammar_error err = { 0 };
    if (!smtp_literal_valid(literal, &err))
        return grammar_error_set(c->err, RULE_SMTP_ADDRESS_LITERAL, at(c), "%s", err.text);
    c->rest = slice_skip(c->rest, literal.n);
    *ret = literal;
    return true;
}

/* Mailbox = Local-part "@" ( Domain / address-literal ) */
static bool take_mailbox(struct cursor *c, struct smtp_path *ret)
{
    slice start = c->rest;
    if (!take_local(c, &ret->local))
        return false;
    if (!take(c, '@'))
        return fail(c, RULE_SMTP_PATH, "the @ of a mailbox");
    ret->literal = peek(c, '[');
    if (!(ret->literal ? take_literal(c, &ret->domain) : take_domain(c, &ret->domain)))
        return false;
    ret->mailbox = slice_sub(start, 0, start.n - c->rest.n);
    return true;
}

/* A-d-l = At-domain *( "," At-domain ), and the ":" behind it. RFC 5321 4.1.2: it must be accepted
   and should be ignored. */
static bool take_route(struct cursor *c, struct smtp_path *ret)
{
    slice start = c->rest, domain;
    if (!peek(c, '@'))
        return true;
    do {
        if (!take(c, '@'))
            return fail(c, RULE_SMTP_PATH, "the @ of a source route");
        if (!take_domain(c, &domain))
            return false;
    } while (take(c, ','));
    ret->route = slice_sub(start, 0, start.n - c->rest.n);
    return take(c, ':') || fail(c, RULE_SMTP_PATH, "the colon after a source route");
}

/* "<>" and "<Postmaster>", where they are allowed. */
static bool take_special(struct cursor *c, struct smtp_path *ret)
{
    slice word = S("Postmaster");
    if ((c->flags & SMTP_PATH_NULL) && take(c, '>'))
        return ret->null = true;
    if (!(c->flags & SMTP_PATH_POSTMASTER) || !slice_starts_nocase(c->rest, word) ||
        c->rest.n <= word.n || c->rest.p[word.n] != '>')
        return false;
    ret->local = ret->mailbox = slice_sub(c->rest, 0, word.n);
    c->rest = slice_skip(c->rest, word.n + 1);
    return ret->postmaster = true;
}

/* Path = "<" [ A-d-l ":" ] Mailbox ">" */
bool smtp_path_parse(slice *rest, unsigned flags, struct smtp_path *ret, struct grammar_error *err)
{
    struct cursor c = { *rest, *rest, flags, err };
    struct smtp_path path = { 0 };
    if (!take(&c, '<'))
        return fail(&c, RULE_SMTP_PATH, "the < of a path");
    if (!take_special(&c, &path)) {
        if (!take_route(&c, &path) || !take_mailbox(&c, &path))
            return false;
        if (!take(&c, '>'))
            return fail(&c, RULE_SMTP_PATH, "the > of a path");
    }
    path.raw = slice_sub(c.all, 0, at(&c));
    if (!(flags & SMTP_PATH_ANY_LENGTH) && path.raw.n > SMTP_PATH_MAX)
        return grammar_error_set(err, RULE_SMTP_PATH_LENGTH, 0, "a path of %zu octets", path.raw.n);
    *rest = c.rest;
    *ret = path;
    return true;
}

bool smtp_mailbox_parse(slice s, unsigned flags, struct smtp_path *ret, struct grammar_error *err)
{
    struct cursor c = { s, s, flags, err };
    struct smtp_path path = { .raw = s };
    if (!take_mailbox(&c, &path))
        return false;
    if (c.rest.n)
        return fail(&c, RULE_SMTP_PATH, "the end of the mailbox");
    *ret = path;
    return true;
}

bool smtp_domain_valid(slice s, unsigned flags, struct grammar_error *err)
{
    struct cursor c = { s, s, flags, err };
    slice domain;
    if (!take_domain(&c, &domain))
        return false;
    return !c.rest.n || fail(&c, RULE_SMTP_DOMAIN, "the end of the domain");
}

slice smtp_local_plain(slice local, struct arena *a)
{
    if (!local.n || local.p[0] != '"')
        return local;
    size_t n = 0;
    char *plain = arena_alloc(a, local.n);
    for (size_t i = 1; i + 1 < local.n; i++) {
        i += local.p[i] == '\\' && i + 2 < local.n;
        plain[n++] = local.p[i];
    }
    return (slice) { plain, n };
}

bool smtp_path_eq(const struct smtp_path *x, const struct smtp_path *y)
{
    auto_arena a = { 0 };
    bool any_case = x->postmaster || y->postmaster; /* RFC 5321 4.5.1 */
    slice left = smtp_local_plain(x->local, &a), right = smtp_local_plain(y->local, &a);
    return x->null == y->null && slice_eq_nocase(x->domain, y->domain) &&
           (any_case ? slice_eq_nocase(left, right) : slice_eq(left, right));
}
