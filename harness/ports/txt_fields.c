#include "txt_fields.h"
#include <stdio.h>

static bool fail(char why[TXT_WHY_MAX], const char *what)
{
    snprintf(why, TXT_WHY_MAX, "%s", what);
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

slice txt_trim(slice s)
{
    while (s.n && is_blank(s.p[0]))
        s = slice_skip(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* name = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
bool txt_name_is_good(slice name)
{
    if (!name.n || name.n > 32 || !ascii_is_alnum(name.p[0]))
        return false;
    for (size_t i = 1; i < name.n; i++)
        if (!ascii_is_alnum(name.p[i]) && !memchr("_-.", name.p[i], 3))
            return false;
    return true;
}

static bool octets_are_good(slice text, char why[TXT_WHY_MAX])
{
    for (size_t i = 0; i < text.n; i++)
        if ((uint8_t)text.p[i] >= 0x7F || (text.p[i] < ' ' && text.p[i] != '\t'))
            return fail(why, "holds octets that are no printable ASCII");
    return true;
}

/* field = name "=" value */
static bool add_field(struct txt_fields *fields, slice text, char why[TXT_WHY_MAX])
{
    slice value = text, name;
    if (!text.n)
        return fail(why, "has an empty field (two semicolons)");
    if (fields->n == TXT_FIELDS_MAX)
        return fail(why, "has more than 32 fields");
    if (slice_find_char(text, '=') == SIZE_MAX || !slice_cut(&value, '=', &name) ||
        !txt_name_is_good(name)) {
        snprintf(why, TXT_WHY_MAX, "has a field that is no NAME=VALUE: \"%.*s\"",
                 (int)(text.n < 60 ? text.n : 60), text.p);
        return false;
    }
    if (!value.n || is_blank(value.p[0])) {
        snprintf(why, TXT_WHY_MAX, "has %.*s= without a value", SLICE_ARG(name));
        return false;
    }
    fields->v[fields->n++] = (struct txt_field) { name, value };
    return true;
}

bool txt_has_version(slice text, slice version)
{
    return slice_starts(text, version) && text.n > version.n && text.p[version.n] == ';';
}

/* record = version 1*(delim field) [delim]; delim = *WSP ";" *WSP */
bool txt_fields_parse(slice text, slice version, struct txt_fields *ret, char why[TXT_WHY_MAX])
{
    struct txt_fields fields = { .n = 0 };
    slice rest = slice_skip(text, version.n), part;
    if (!slice_starts(text, version)) {
        snprintf(why, TXT_WHY_MAX, "does not begin with \"%.*s;\"", SLICE_ARG(version));
        return false;
    }
    if (!octets_are_good(text, why))
        return false;
    if (slice_find_char(rest, ';') == SIZE_MAX || !slice_cut(&rest, ';', &part) || txt_trim(part).n)
        return fail(why, "has no \";\" behind its version");
    while (slice_cut(&rest, ';', &part)) {
        bool last = !rest.p;
        slice field = txt_trim(part);
        if (last && !field.n)
            break; // the record ends in ";"
        if (last && is_blank(part.p[part.n - 1]))
            return fail(why, "ends in a blank that no \";\" follows");
        if (!add_field(&fields, field, why))
            return false;
    }
    if (!fields.n)
        return fail(why, "has nothing but its version");
    *ret = fields;
    return true;
}

const struct txt_field *txt_field(const struct txt_fields *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (slice_eq_str(f->v[i].name, name))
            return &f->v[i];
    return NULL;
}

bool txt_extension_is_good(const struct txt_field *f)
{
    for (size_t i = 0; i < f->value.n; i++)
        if (f->value.p[i] == '=' || is_blank(f->value.p[i]))
            return false;
    return true;
}

/* ---- TLS reporting ---- */

static bool addr_spec_is_good(slice text)
{
    size_t at = slice_find_char(text, '@'), end = slice_find_char(text, '?');
    return at != SIZE_MAX && at > 0 && (end == SIZE_MAX ? text.n : end) > at + 1;
}

/* tlsrpt-uri: "mailto:" or "https:"; a comma, "!" or ";" in it is percent-encoded */
static bool uri_is_good(slice uri, char why[TXT_WHY_MAX])
{
    bool mail = slice_starts_nocase(uri, S("mailto:"));
    bool web = slice_starts_nocase(uri, S("https://")) && uri.n > 8 && uri.p[8] != '/';
    for (size_t i = 0; i < uri.n; i++)
        if (is_blank(uri.p[i]) || memchr("!<>\"\\^`{|}", uri.p[i], 10)) {
            snprintf(why, TXT_WHY_MAX, "has an address with a \"%c\" that is not encoded: \"%.*s\"",
                     uri.p[i], (int)(uri.n < 60 ? uri.n : 60), uri.p);
            return false;
        }
    if (web || (mail && addr_spec_is_good(slice_skip(uri, 7))))
        return true;
    snprintf(why, TXT_WHY_MAX, "has a rua that is neither mailto:ADDRESS nor https://...: \"%.*s\"",
             (int)(uri.n < 60 ? uri.n : 60), uri.p);
    return false;
}

bool tlsrpt_parse(slice text, struct tlsrpt *ret, char why[TXT_WHY_MAX])
{
    struct txt_fields fields;
    struct tlsrpt found = { .n = 0 };
    slice uri;
    if (!txt_fields_parse(text, S("v=TLSRPTv1"), &fields, why))
        return false;
    const struct txt_field *rua = txt_field(&fields, "rua");
    if (!rua)
        return fail(why, "has no rua= field, so that reports have nowhere to go");
    for (size_t i = 0; i < fields.n; i++)
        if (!slice_eq_str(fields.v[i].name, "rua") && !txt_extension_is_good(&fields.v[i]))
            return fail(why, "has a field whose value holds \"=\" or a blank");
    slice rest = rua->value;
    while (slice_cut(&rest, ',', &uri)) {
        if (found.n == TLSRPT_URIS_MAX)
            return fail(why, "has more than 16 addresses");
        found.uris[found.n] = txt_trim(uri);
        if (!uri_is_good(found.uris[found.n++], why))
            return false;
    }
    *ret = found;
    return true;
}
