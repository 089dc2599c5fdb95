#include "mime_type.h"
#include "header_lex.h"

slice mime_param_find(const struct mime_params *params, slice name)
{
    for (size_t i = 0; i < params->n; i++)
        if (slice_eq_nocase(params->v[i].name, name))
            return params->v[i].value;
    return (slice) { 0 };
}

/* value := token / quoted-string. Of the tspecials that a token must not have, those that nothing
   else here gives a meaning are taken: unquoted boundaries and file names have them. */
static slice take_value(slice *rest, struct arena *a)
{
    slice value;
    if (!rest->n || rest->p[0] != '"')
        return lex_until(rest, "();,\"\\");
    lex_quoted(rest, a, &value);
    return value;
}

/* parameter := attribute "=" value. False when there is none up to the next ";". */
static bool take_param(slice *rest, struct arena *a, struct mime_param *ret)
{
    lex_skip(rest, a, NULL);
    ret->name = lex_until(rest, "()<>@,;:\\\"/[]?=");
    lex_skip(rest, a, NULL);
    if (!ret->name.n || !lex_char(rest, '='))
        return false;
    lex_skip(rest, a, NULL);
    ret->value = take_value(rest, a);
    return true;
}

/* Up to and with the next ";" that is in no quoted string and no comment. */
static bool take_semicolon(slice *rest, struct arena *a)
{
    slice skipped;
    while (rest->n) {
        lex_skip(rest, a, NULL);
        if (lex_char(rest, ';'))
            return true;
        if (rest->n && rest->p[0] == '"')
            lex_quoted(rest, a, &skipped);
        else
            *rest = slice_skip(*rest, 1);
    }
    return false;
}

/* *(";" parameter) */
static void take_params(slice rest, struct arena *a, struct mime_params *ret)
{
    struct mime_param params[MIME_PARAMS_MAX];
    size_t n = 0;
    while (n < MIME_PARAMS_MAX && take_semicolon(&rest, a))
        n += take_param(&rest, a, &params[n]);
    *ret = (struct mime_params) { NULL, n };
    if (!n)
        return;
    ret->v = arena_new_n(a, struct mime_param, n);
    memcpy(ret->v, params, n * sizeof *params);
}

static slice take_token(slice *rest, struct arena *a)
{
    lex_skip(rest, a, NULL);
    return lex_until(rest, "()<>@,;:\\\"/[]?=");
}

/* content := "Content-Type" ":" type "/" subtype *(";" parameter) */
bool mime_type_parse(slice value, struct arena *a, struct mime_type *ret)
{
    slice rest = value;
    slice type = take_token(&rest, a);
    lex_skip(&rest, a, NULL);
    if (!type.n || !lex_char(&rest, '/'))
        return false;
    slice subtype = take_token(&rest, a);
    if (!subtype.n)
        return false;
    ret->type = type;
    ret->subtype = subtype;
    take_params(rest, a, &ret->params);
    return true;
}

/* disposition := "Content-Disposition" ":" disposition-type *(";" disposition-parm) */
bool mime_disposition_parse(slice value, struct arena *a, slice *ret_kind,
                            struct mime_params *ret_params)
{
    slice rest = value;
    slice kind = take_token(&rest, a);
    if (!kind.n)
        return false;
    *ret_kind = kind;
    take_params(rest, a, ret_params);
    return true;
}
