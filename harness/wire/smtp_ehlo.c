#include "smtp_path.h"
#include "smtp_reply.h"

/* Where a slice that points into the reply stands in it. */
static size_t offset_of(const struct smtp_reply *reply, slice s)
{
    return s.p ? (size_t)(s.p - reply->raw.p) : 0;
}

/* ehlo-ok-rsp: Domain [ SP ehlo-greet ]. The greeting of a server may have an address literal in
   that place (RFC 5321 4.2), so the reply to EHLO may too. */
static void read_domain(const struct smtp_reply *reply, struct arena *a, struct smtp_ehlo *ret)
{
    char text[ESCAPED_MAX];
    slice line = reply->lines[0].text;
    size_t space = slice_find_char(line, ' ');
    ret->domain = slice_sub(line, 0, space);
    ret->greet = space == SIZE_MAX ? (slice) { 0 } : slice_skip(line, space + 1);
    if (!smtp_domain_valid(ret->domain, 0, NULL) && !smtp_literal_valid(ret->domain, NULL))
        grammar_errors_add(&ret->errors, a, RULE_SMTP_EHLO_DOMAIN, offset_of(reply, line),
                           "\"%s\" is no domain name", escape_text(ret->domain, text));
}

/* ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static bool is_keyword(slice name)
{
    if (!name.n || !ascii_is_alnum(name.p[0]))
        return false;
    for (size_t i = 1; i < name.n; i++)
        if (!ascii_is_alnum(name.p[i]) && name.p[i] != '-')
            return false;
    return true;
}

/* ehlo-param = 1*(%d33-126) */
static bool is_param(slice param)
{
    for (size_t i = 0; i < param.n; i++)
        if (param.p[i] < 33 || param.p[i] > 126)
            return false;
    return param.n > 0;
}

static void read_params(const struct smtp_reply *reply, struct arena *a, struct smtp_ehlo *ehlo,
                        struct smtp_ehlo_keyword *k)
{
    char text[ESCAPED_MAX];
    size_t spaces = 0;
    for (size_t i = 0; i < k->args.n; i++)
        spaces += k->args.p[i] == ' ';
    k->params = arena_new_n(a, slice, spaces + 1);
    slice rest = k->args, param;
    while (slice_cut(&rest, ' ', &param)) {
        if (!param.n)
            grammar_errors_add(&ehlo->errors, a, RULE_SMTP_EHLO_PARAM, offset_of(reply, param),
                               "a space without a parameter behind it: \"%s\"",
                               escape_text(k->args, text));
        else if (!is_param(param))
            grammar_errors_add(&ehlo->errors, a, RULE_SMTP_EHLO_PARAM, offset_of(reply, param),
                               "\"%s\" is no parameter", escape_text(param, text));
        if (param.n)
            k->params[k->n_params++] = param;
    }
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) */
static void read_keyword(const struct smtp_reply *reply, struct arena *a, slice line,
                         struct smtp_ehlo *ehlo)
{
    char text[ESCAPED_MAX];
    struct smtp_ehlo_keyword *k = &ehlo->keywords[ehlo->n_keywords++];
    size_t space = slice_find_char(line, ' ');
    k->name = slice_sub(line, 0, space);
    if (!is_keyword(k->name))
        grammar_errors_add(&ehlo->errors, a, RULE_SMTP_EHLO_KEYWORD, offset_of(reply, line),
                           "\"%s\" is no EHLO keyword", escape_text(k->name, text));
    if (space == SIZE_MAX)
        return;
    k->args = slice_skip(line, space + 1);
    read_params(reply, a, ehlo, k);
}

void smtp_ehlo_parse(const struct smtp_reply *reply, struct arena *a, struct smtp_ehlo *ret)
{
    *ret = (struct smtp_ehlo) { 0 };
    read_domain(reply, a, ret);
    ret->keywords = arena_new_n(a, struct smtp_ehlo_keyword, reply->n_lines);
    for (size_t i = 1; i < reply->n_lines; i++)
        read_keyword(reply, a, reply->lines[i].text, ret);
}

const struct smtp_ehlo_keyword *smtp_ehlo_find(const struct smtp_ehlo *ehlo, slice name)
{
    for (size_t i = 0; i < ehlo->n_keywords; i++)
        if (slice_eq_nocase(ehlo->keywords[i].name, name))
            return &ehlo->keywords[i];
    return NULL;
}

bool smtp_ehlo_has_param(const struct smtp_ehlo_keyword *k, slice param)
{
    for (size_t i = 0; k && i < k->n_params; i++)
        if (slice_eq_nocase(k->params[i], param))
            return true;
    return false;
}
