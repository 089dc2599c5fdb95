/* ENVELOPE and BODYSTRUCTURE (RFC 3501 7.4.2, RFC 9051 7.5.2). */
#include "imap_gram.h"
#include "imap_lex.h"
#include "array.h"

/* address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")" */
static bool address(struct gram *g)
{
    static const char *const fields[] = { "addr-name", "addr-adl", "addr-mailbox", "addr-host" };
    if (!gram_char(g, '(', "address"))
        return false;
    for (size_t i = 0; i < COUNT(fields); i++)
        if ((i && !gram_sp(g, "address")) || !gram_nstring(g, fields[i]))
            return false;
    return gram_char(g, ')', "address");
}

/* env-from = "(" 1*address ")" / nil    (no space between addresses; the same for the others) */
static bool addresses(struct gram *g, const char *rule)
{
    if (gram_nil(g))
        return true;
    if (!gram_char(g, '(', rule))
        return false;
    do {
        if (!address(g))
            return false;
    } while (gram_sees(g, '('));
    return gram_char(g, ')', rule);
}

/* envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP
              env-cc SP env-bcc SP env-in-reply-to SP env-message-id ")" */
bool gram_envelope(struct gram *g)
{
    static const struct {
        const char *rule;
        bool addresses;
    } fields[] = {
        { "env-date", false },       { "env-subject", false }, { "env-from", true },
        { "env-sender", true },      { "env-reply-to", true }, { "env-to", true },
        { "env-cc", true },          { "env-bcc", true },      { "env-in-reply-to", false },
        { "env-message-id", false },
    };
    if (!gram_char(g, '(', "envelope"))
        return false;
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (i && !gram_sp(g, "envelope"))
            return false;
        if (!(fields[i].addresses ? addresses(g, fields[i].rule) : gram_nstring(g, fields[i].rule)))
            return false;
    }
    return gram_char(g, ')', "envelope");
}

static bool param(struct gram *g)
{
    return gram_string(g, "body-fld-param") && gram_sp(g, "body-fld-param") &&
           gram_string(g, "body-fld-param");
}

/* body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
static bool body_fld_param(struct gram *g)
{
    return gram_nil(g) || gram_list1(g, "body-fld-param", param);
}

/* body-fld-dsp = "(" string SP body-fld-param ")" / nil */
static bool body_fld_dsp(struct gram *g)
{
    static const char rule[] = "body-fld-dsp";
    if (gram_nil(g))
        return true;
    return gram_char(g, '(', rule) && gram_string(g, rule) && gram_sp(g, rule) &&
           body_fld_param(g) && gram_char(g, ')', rule);
}

static bool language(struct gram *g)
{
    return gram_string(g, "body-fld-lang");
}

/* body-fld-lang = nstring / "(" string *(SP string) ")" */
static bool body_fld_lang(struct gram *g)
{
    if (gram_sees(g, '('))
        return gram_list1(g, "body-fld-lang", language);
    return gram_nstring(g, "body-fld-lang");
}

/* body-extension = nstring / number / number64 / "(" body-extension *(SP body-extension) ")" */
static bool body_extension(struct gram *g)
{
    if (ascii_is_digit(gram_peek(g)))
        return gram_number64(g, "body-extension");
    if (!gram_sees(g, '('))
        return gram_nstring(g, "body-extension");
    if (g->depth >= IMAP_NESTING_MAX)
        return gram_fail(g, IMAP_RULE_LIMIT, "fewer nested lists");
    g->depth++;
    bool ok = gram_list1(g, "body-extension", body_extension);
    g->depth--;
    return ok;
}

/* body-fld-md5 = nstring */
static bool body_fld_md5(struct gram *g)
{
    return gram_nstring(g, "body-fld-md5");
}

/* body-fld-loc = nstring */
static bool body_fld_loc(struct gram *g)
{
    return gram_nstring(g, "body-fld-loc");
}

/* The extension data of a part up to its ")":
   body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc
                    *(SP body-extension)]]]
   body-ext-mpart = body-fld-param [SP ... the same]
   "MUST NOT be returned on non-extensible BODY fetch". */
static bool body_ext(struct gram *g, bool multi, bool extended)
{
    const char *rule = multi ? "body-ext-mpart" : "body-ext-1part";
    bool (*const fields[])(struct gram *) = { multi ? body_fld_param : body_fld_md5, body_fld_dsp,
                                              body_fld_lang, body_fld_loc };
    if (!extended && gram_sees(g, ' '))
        return gram_fail(g, rule, "no extension data in BODY");
    for (size_t i = 0; gram_sees(g, ' '); i++) {
        if (!gram_sp(g, rule))
            return false;
        if (gram_sees(g, ')'))
            return gram_fail_at(g, g->at - 1, rule, "no space before ')'");
        if (!(i < COUNT(fields) ? fields[i](g) : body_extension(g)))
            return false;
    }
    return true;
}

/* body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
   body-fld-enc is a string, never NIL. Octets above 32 bits pass: a part of a message whose
   RFC822.SIZE is number64 has no other way. */
static bool body_fields(struct gram *g)
{
    static const char rule[] = "body-fields";
    return body_fld_param(g) && gram_sp(g, rule) && gram_nstring(g, "body-fld-id") &&
           gram_sp(g, rule) && gram_nstring(g, "body-fld-desc") && gram_sp(g, rule) &&
           gram_string(g, "body-fld-enc") && gram_sp(g, rule) &&
           gram_number64(g, "body-fld-octets");
}

/* A string. RFC 2045 5.1 has no empty types, but the ABNF of IMAP takes any string, and Dovecot says
   "" of a Content-Type that it cannot read. *ret is its content as long as it has no escapes, which
   no known type has. */
static bool media(struct gram *g, const char *rule, slice *ret)
{
    size_t from = g->at;
    if (!gram_string(g, rule))
        return false;
    slice raw = slice_sub(g->in, from, g->at);
    size_t header = raw.p[0] == '"' ? 1 : slice_find_char(raw, '\n') + 1;
    *ret = slice_sub(raw, header, raw.p[0] == '"' ? raw.n - 1 : raw.n);
    return true;
}

/* body-type-text = media-text SP body-fields SP body-fld-lines */
static bool text_rest(struct gram *g)
{
    return gram_sp(g, "body-type-text") && gram_number64(g, "body-fld-lines");
}

/* body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines */
static bool message_rest(struct gram *g, bool extended)
{
    static const char rule[] = "body-type-msg";
    return gram_sp(g, rule) && gram_envelope(g) && gram_sp(g, rule) && gram_body(g, extended) &&
           gram_sp(g, rule) && gram_number64(g, "body-fld-lines");
}

/* body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
   MESSAGE/GLOBAL is a basic part in RFC 3501 and a message in RFC 9051: an envelope's "(" decides,
   as body-fld-md5 cannot begin with one. */
static bool body_type_1part(struct gram *g, bool extended)
{
    slice type, subtype;
    if (!media(g, "media-basic", &type) || !gram_sp(g, "media-basic") ||
        !media(g, "media-subtype", &subtype) || !gram_sp(g, "body-type-1part") || !body_fields(g))
        return false;
    bool message = slice_eq_nocase(type, S("MESSAGE"));
    bool envelope = slice_starts(slice_skip(g->in, g->at), S(" ("));
    if (slice_eq_nocase(type, S("TEXT"))) {
        if (!text_rest(g))
            return false;
    } else if (message && (slice_eq_nocase(subtype, S("RFC822")) ||
                           (envelope && slice_eq_nocase(subtype, S("GLOBAL"))))) {
        if (!message_rest(g, extended))
            return false;
    }
    return body_ext(g, false, extended);
}

/* body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
static bool body_type_mpart(struct gram *g, bool extended)
{
    static const char rule[] = "body-type-mpart";
    slice subtype;
    do {
        if (!gram_body(g, extended))
            return false;
    } while (gram_sees(g, '('));
    if (slice_starts(slice_skip(g->in, g->at), S(" (")))
        return gram_fail(g, rule, "no space between bodies");
    return gram_sp(g, rule) && media(g, "media-subtype", &subtype) && body_ext(g, true, extended);
}

/* body = "(" (body-type-1part / body-type-mpart) ")" */
bool gram_body(struct gram *g, bool extended)
{
    if (!gram_char(g, '(', "body"))
        return false;
    if (g->depth >= IMAP_NESTING_MAX)
        return gram_fail(g, IMAP_RULE_LIMIT, "fewer nested bodies");
    g->depth++;
    bool ok = gram_sees(g, '(') ? body_type_mpart(g, extended) : body_type_1part(g, extended);
    g->depth--;
    return ok && gram_char(g, ')', "body");
}
