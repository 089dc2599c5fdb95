#include "smtp_command.h"
#include "array.h"

struct parser {
    struct smtp_command *command;
    struct arena *arena;
    slice line;
    unsigned flags;
};

static size_t offset_of(const struct parser *p, slice s)
{
    return s.p ? (size_t)(s.p - p->line.p) : p->line.n;
}

static bool wrong(struct parser *p, enum wire_rule rule, slice where, const char *what)
{
    char text[ESCAPED_MAX];
    return grammar_error_set(&p->command->error, rule, offset_of(p, where), "%s: \"%s\"", what,
                             escape_text(where, text));
}

static bool parse_none(struct parser *p)
{
    if (p->command->args.n)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, p->command->args, "the command has no arguments");
    return true;
}

/* NOOP [ SP String ], HELP [ SP String ]: the text has no effect, so its form is not looked at. */
static bool parse_optional(struct parser *p)
{
    return true;
}

static bool parse_required(struct parser *p)
{
    if (!p->command->args.n)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, p->command->args, "an argument is missing");
    return true;
}

/* ehlo = "EHLO" SP ( Domain / address-literal ). HELO is given the same (RFC 5321 4.1.3 asks for
   literals of hosts without a name). RFC 5321 4.1.1.1 tells servers to be ready for text behind a
   literal; SMTPUTF8 does not reach the name (RFC 6531 3.7.1). */
static bool parse_ehlo(struct parser *p)
{
    slice args = p->command->args;
    size_t space = slice_find_char(args, ' ');
    slice name = slice_sub(args, 0, space);
    struct grammar_error err = { 0 };
    bool literal = name.n && name.p[0] == '[';
    if (!(literal ? smtp_literal_valid(name, &err)
                  : smtp_domain_valid(name, p->flags & SMTP_PATH_ANY_LENGTH, &err))) {
        p->command->error = err;
        p->command->error.offset += offset_of(p, args);
        return false;
    }
    p->command->domain = name;
    if (space != SIZE_MAX && !literal)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, slice_skip(args, space),
                     "text behind the domain name");
    return true;
}

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static bool is_keyword(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && !(s.p[i] == '-' && i))
            return false;
    return s.n > 0;
}

/* esmtp-value = 1*(%d33-60 / %d62-126), with SMTPUTF8 also UTF8-non-ascii. The encoding of the
   line was checked before, so an octet above 126 here is part of UTF-8. */
static bool is_value(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 33 || s.p[i] == '=' || s.p[i] == 127)
            return false;
    return s.n > 0;
}

/* esmtp-param = esmtp-keyword ["=" esmtp-value] */
static bool parse_param(struct parser *p, slice text)
{
    size_t equal = slice_find_char(text, '=');
    struct smtp_param param = { .keyword = slice_sub(text, 0, equal) };
    if (equal != SIZE_MAX)
        param.value = slice_skip(text, equal + 1);
    if (!is_keyword(param.keyword) || (equal != SIZE_MAX && !is_value(param.value)))
        return wrong(p, RULE_SMTP_PARAM, text, "no parameter");
    if (p->command->n_params == SMTP_PARAMS_MAX)
        return wrong(p, RULE_SMTP_PARAM, text, "too many parameters");
    p->command->params[p->command->n_params++] = param;
    return true;
}

/* *(SP esmtp-param) up to the end */
static bool parse_params(struct parser *p, slice rest)
{
    slice param;
    if (!rest.n)
        return true;
    if (rest.p[0] != ' ')
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, rest, "no space behind the path");
    p->command->params = arena_new_n(p->arena, struct smtp_param, SMTP_PARAMS_MAX);
    rest = slice_skip(rest, 1);
    while (slice_cut(&rest, ' ', &param))
        if (!parse_param(p, param))
            return false;
    return true;
}

/* "FROM:" or "TO:", without spaces on either side of the colon (RFC 5321 3.3), then a path and the
   parameters. */
static bool parse_transaction(struct parser *p, slice word, unsigned path_flags)
{
    slice rest = p->command->args;
    if (!slice_starts_nocase(rest, word))
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, rest, "FROM: or TO: is missing");
    rest = slice_skip(rest, word.n);
    slice trimmed = slice_trim(rest);
    if (trimmed.n && trimmed.p[0] == ':' && trimmed.p != rest.p)
        return wrong(p, RULE_SMTP_COMMAND_SPACE, rest, "a space before the colon");
    if (!trimmed.n || trimmed.p[0] != ':')
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, rest, "the colon is missing");
    rest = slice_skip(rest, 1);
    while ((p->flags & SMTP_COMMAND_LENIENT) && rest.n && rest.p[0] == ' ')
        rest = slice_skip(rest, 1);
    if (rest.n && rest.p[0] == ' ')
        return wrong(p, RULE_SMTP_COMMAND_SPACE, rest, "a space behind the colon");
    slice start = rest;
    path_flags |= p->flags & (SMTP_PATH_UTF8 | SMTP_PATH_ANY_LENGTH);
    if (!smtp_path_parse(&rest, path_flags, &p->command->path, &p->command->error)) {
        p->command->error.offset += offset_of(p, start);
        return false;
    }
    return parse_params(p, rest);
}

/* mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF */
static bool parse_mail(struct parser *p)
{
    return parse_transaction(p, S("FROM"), SMTP_PATH_NULL);
}

/* rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
          [SP Rcpt-parameters] CRLF */
static bool parse_rcpt(struct parser *p)
{
    return parse_transaction(p, S("TO"), SMTP_PATH_POSTMASTER);
}

/* bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] CRLF ; chunk-size = 1*DIGIT */
static bool parse_bdat(struct parser *p)
{
    slice rest = p->command->args, size;
    if (!slice_cut(&rest, ' ', &size) || !slice_to_u64(size, UINT64_MAX, &p->command->chunk_size))
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, p->command->args, "no chunk size");
    p->command->chunk_last = slice_eq_nocase(rest, S("LAST"));
    if (rest.p && !p->command->chunk_last)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, rest, "only LAST may follow the chunk size");
    return true;
}

/* auth-command = "AUTH" SP sasl-mech [SP initial-response] ; initial-response = base64 / "="
   sasl-mech = 1*20mech-char ; mech-char = UPPER-ALPHA / DIGIT / "-" / "_" (RFC 4422 3.1).
   Letters in lower case are taken too: SMTP is not particular about case (RFC 5321 2.4). */
static bool parse_auth(struct parser *p)
{
    enum { MECHANISM_MAX = 20 };
    slice rest = p->command->args;
    if (!slice_cut(&rest, ' ', &p->command->mechanism) || !p->command->mechanism.n)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, p->command->args, "no SASL mechanism");
    slice name = p->command->mechanism;
    bool ok = name.n <= MECHANISM_MAX;
    for (size_t i = 0; i < name.n && ok; i++)
        ok = ascii_is_alnum(name.p[i]) || name.p[i] == '-' || name.p[i] == '_';
    if (!ok)
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, name, "no name of a SASL mechanism");
    p->command->initial = rest;
    if (rest.p && (!rest.n || slice_find_char(rest, ' ') != SIZE_MAX))
        return wrong(p, RULE_SMTP_COMMAND_SYNTAX, rest, "no initial response");
    return true;
}

static const struct {
    const char *name;
    bool (*parse)(struct parser *);
} verbs[SMTP_VERBS] = {
    [SMTP_VERB_UNKNOWN] = { "", parse_optional }, [SMTP_EHLO] = { "EHLO", parse_ehlo },
    [SMTP_HELO] = { "HELO", parse_ehlo },         [SMTP_LHLO] = { "LHLO", parse_ehlo },
    [SMTP_MAIL] = { "MAIL", parse_mail },         [SMTP_RCPT] = { "RCPT", parse_rcpt },
    [SMTP_DATA] = { "DATA", parse_none },         [SMTP_BDAT] = { "BDAT", parse_bdat },
    [SMTP_RSET] = { "RSET", parse_none },         [SMTP_NOOP] = { "NOOP", parse_optional },
    [SMTP_QUIT] = { "QUIT", parse_none },         [SMTP_VRFY] = { "VRFY", parse_required },
    [SMTP_EXPN] = { "EXPN", parse_required },     [SMTP_HELP] = { "HELP", parse_optional },
    [SMTP_STARTTLS] = { "STARTTLS", parse_none }, [SMTP_AUTH] = { "AUTH", parse_auth },
    [SMTP_ETRN] = { "ETRN", parse_required },
};

const char *smtp_verb_name(enum smtp_verb verb)
{
    return verbs[verb].name;
}

static enum smtp_verb find_verb(slice text)
{
    for (int i = 1; i < SMTP_VERBS; i++)
        if (slice_eq_nocase(text, slice_of(verbs[i].name)))
            return (enum smtp_verb)i;
    return SMTP_VERB_UNKNOWN;
}

/* Printable US-ASCII and spaces, and UTF-8 where SMTPUTF8 is offered. RFC 5321 4.1.2: commands with
   invalid octets are refused. */
static bool check_octets(struct parser *p)
{
    slice rest = p->line;
    while (rest.n) {
        unsigned char c = (unsigned char)rest.p[0];
        size_t n = c >= 0x20 && c <= 0x7E;
        if (c >= 0x80 && (p->flags & SMTP_COMMAND_UTF8))
            n = utf8_sequence(rest);
        if (!n)
            return wrong(p, RULE_SMTP_COMMAND_LINE, slice_sub(rest, 0, 1),
                         c >= 0x80 ? "an octet that is not US-ASCII, nor UTF-8 under SMTPUTF8"
                                   : "a control character");
        rest = slice_skip(rest, n);
    }
    return true;
}

static bool check_verb(struct parser *p)
{
    slice verb = p->command->verb_text;
    for (size_t i = 0; i < verb.n; i++)
        if (!ascii_is_alpha(verb.p[i]))
            return wrong(p, RULE_SMTP_COMMAND_VERB, verb, "the verb is not made of letters");
    if (!verb.n)
        return wrong(p, RULE_SMTP_COMMAND_VERB, verb, "no verb at the start of the line");
    return true;
}

void smtp_command_parse(slice line, unsigned flags, struct arena *a, struct smtp_command *ret)
{
    *ret = (struct smtp_command) { 0 };
    while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    struct parser p = { ret, a, line, flags };
    size_t space = slice_find_char(line, ' ');
    ret->verb_text = slice_sub(line, 0, space);
    ret->verb = find_verb(ret->verb_text);
    ret->args = space == SIZE_MAX ? slice_sub(line, line.n, line.n) : slice_skip(line, space + 1);
    if (!check_octets(&p) || !check_verb(&p))
        return;
    if (ret->verb != SMTP_VERB_UNKNOWN && ret->args.n && ret->args.p[0] == ' ')
        wrong(&p, RULE_SMTP_COMMAND_SYNTAX, ret->args, "more than one space behind the verb");
    else
        verbs[ret->verb].parse(&p);
}

const struct smtp_param *smtp_command_param(const struct smtp_command *c, slice keyword)
{
    for (size_t i = 0; i < c->n_params; i++)
        if (slice_eq_nocase(c->params[i].keyword, keyword))
            return &c->params[i];
    return NULL;
}
