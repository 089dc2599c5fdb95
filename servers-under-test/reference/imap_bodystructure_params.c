#include "imap_bodystructure_params.h"
#include "fault.h"
#include "grammar_error.h"
#include "imap_bodystructure.h"
#include "imap_fetch_decode.h"
#include "imap_fetch_string.h"
#include "mime.h"

enum {
    TOKEN_MAX = 1000,         /* octets of a token that are put in upper case */
    PARAMETER_MAX = 64 << 10, /* octets of a joined value */
    SECTIONS_MAX = 99,        /* the pieces *0 to *99 of a value are joined */
};

/* A name of RFC 2231: base ["*" section] ["*"]. */
struct piece {
    slice base;
    bool numbered, encoded;
    uint64_t section;
};

/* attribute-name = base ["*" DIGITS] ["*"]   (RFC 2231 7) */
static struct piece piece_of(slice name)
{
    struct piece p = { .base = name };
    slice rest = name, digits;
    if (rest.n && rest.p[rest.n - 1] == '*') {
        p.encoded = true;
        rest.n--;
    }
    size_t star = slice_find_char(rest, '*');
    if (star != SIZE_MAX) {
        digits = slice_skip(rest, star + 1);
        if (!slice_to_u64(digits, SECTIONS_MAX, &p.section) || (digits.n > 1 && digits.p[0] == '0'))
            return (struct piece) { .base = name };
        p.numbered = true;
        rest = slice_sub(rest, 0, star);
    }
    p.base = rest.n ? rest : name;
    return p;
}

static bool is_extended(const struct piece *p)
{
    return p->numbered || p->encoded;
}

/* The parameter that is section `section` of `base`; NULL when there is none. */
static const struct mime_param *find_section(const struct mime_params *params, slice base,
                                             uint64_t section, struct piece *ret)
{
    for (size_t i = 0; i < params->n; i++) {
        struct piece p = piece_of(params->v[i].name);
        if (is_extended(&p) && p.section == section && slice_eq_nocase(p.base, base)) {
            *ret = p;
            return &params->v[i];
        }
    }
    return NULL;
}

static void unescape(slice value, struct buf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        int octet = value.p[i] == '%' && i + 2 < value.n ? decode_hex(value.p + i + 1) : -1;
        buf_addc(out, octet < 0 ? value.p[i] : (char)octet);
        i += octet < 0 ? 0 : 2;
    }
}

/* charset "'" [language] "'" in front of the first section (RFC 2231 4). */
static bool cut_charset(slice *value, slice *ret_charset)
{
    slice language;
    return slice_cut(value, '\'', ret_charset) && slice_cut(value, '\'', &language) && value->p;
}

/* Joins all sections of `base` as UTF-8. False when the first is missing or that cannot be done. */
static bool join(const struct mime_params *params, slice base, struct buf *out, bool *ret_encoded)
{
    auto_buf raw;
    slice charset = S("us-ascii"), value;
    struct piece p = { .numbered = true };
    const struct mime_param *param;
    bool encoded = false;
    uint64_t section = 0;
    buf_init(&raw, PARAMETER_MAX);
    for (; p.numbered && (param = find_section(params, base, section, &p)); section++) {
        value = param->value;
        encoded |= p.encoded;
        if (!section && p.encoded && !cut_charset(&value, &charset))
            return false;
        if (p.encoded)
            unescape(value, &raw);
        else
            buf_add(&raw, value);
    }
    if (!section || raw.overflow || !charset_to_utf8(charset, buf_slice(&raw), out))
        return false;
    *ret_encoded = encoded;
    return !encoded || utf8_is_valid(buf_slice(out));
}

void bodystructure_token_add(struct buf *out, slice text,
                             const struct bodystructure_options *options)
{
    auto_buf upper;
    buf_init(&upper, TOKEN_MAX);
    buf_add(&upper, slice_sub(text, 0, TOKEN_MAX));
    for (size_t i = 0; i < upper.n; i++)
        upper.p[i] = ascii_upper(upper.p[i]);
    fetch_string_add(out, buf_slice(&upper), options->utf8, options->faults);
}

static void add_pair(struct buf *out, slice name, slice value, size_t *shown,
                     const struct bodystructure_options *options)
{
    buf_adds(out, (*shown)++ ? " " : "(");
    bodystructure_token_add(out, name, options);
    buf_addc(out, ' ');
    if (fault_on(options->faults, FAULT_IMAP_STRUCTURE_NIL_PARAMETER))
        buf_adds(out, "NIL");
    else
        fetch_string_add(out, value, options->utf8, options->faults);
}

/* The joined value once, in the place of its section 0; the other sections are left out. */
static void add_extended(struct buf *out, const struct mime_params *params, size_t i,
                         const struct piece *p, size_t *shown,
                         const struct bodystructure_options *options)
{
    auto_buf value;
    auto_buf name;
    bool encoded;
    buf_init(&value, 2 * PARAMETER_MAX);
    buf_init(&name, TOKEN_MAX);
    if (!join(params, p->base, &value, &encoded)) {
        add_pair(out, params->v[i].name, params->v[i].value, shown, options);
        return;
    }
    if (p->section)
        return;
    buf_add(&name, slice_sub(p->base, 0, TOKEN_MAX - 1));
    buf_adds(&name, encoded ? "*" : "");
    add_pair(out, buf_slice(&name), buf_slice(&value), shown, options);
}

/* body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
void bodystructure_params_add(struct buf *out, const struct mime_params *params,
                              const struct bodystructure_options *options)
{
    bool decode = options->rev2 && !fault_on(options->faults, FAULT_IMAP_STRUCTURE_NOT_DECODED);
    size_t shown = 0;
    for (size_t i = 0; i < params->n; i++) {
        struct piece p = piece_of(params->v[i].name);
        if (decode && is_extended(&p))
            add_extended(out, params, i, &p, &shown, options);
        else
            add_pair(out, params->v[i].name, params->v[i].value, &shown, options);
    }
    buf_adds(out, shown ? ")" : "NIL");
}
