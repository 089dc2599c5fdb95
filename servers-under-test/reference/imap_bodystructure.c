#include "imap_bodystructure.h"
#include "fault.h"
#include "imap_bodystructure_params.h"
#include "imap_envelope.h"
#include "imap_fetch_decode.h"
#include "imap_fetch_string.h"
#include "mime.h"

struct writer {
    struct buf *out;
    const struct mime_message *message;
    const struct bodystructure_options *options;
};

static void add_body(const struct writer *w, const struct mime_part *part);

static bool has(const struct writer *w, enum fault_id fault)
{
    return fault_on(w->options->faults, fault);
}

static void add_nstring(const struct writer *w, slice s)
{
    fetch_nstring_add(w->out, s, w->options->utf8, w->options->faults);
}

static bool is_type(const struct mime_part *part, slice type)
{
    return slice_eq_nocase(part->type, type);
}

/* RFC 3501 knows message/rfc822 alone; RFC 9051 message/global too. */
static bool shows_message(const struct writer *w, const struct mime_part *part)
{
    bool global = w->options->rev2 || w->options->utf8;
    return part->is_message && part->first &&
           (slice_eq_nocase(part->subtype, S("rfc822")) ||
            (global && slice_eq_nocase(part->subtype, S("global"))));
}

/* What a leaf is called. A multipart without parts and a message whose inside cannot be shown must
   not go by their own names: the grammar gives these names a content that is not there. */
static void media_of(const struct mime_part *part, bool rev2, slice *ret_type, slice *ret_subtype)
{
    bool rfc822 = slice_eq_nocase(part->subtype, S("rfc822"));
    bool global = slice_eq_nocase(part->subtype, S("global"));
    *ret_type = part->type;
    *ret_subtype = part->subtype;
    if (is_type(part, S("multipart"))) {
        *ret_type = S("text");
        *ret_subtype = S("plain");
    } else if (!part->is_message && is_type(part, S("message")) && (rfc822 || (global && rev2))) {
        *ret_type = S("application");
        *ret_subtype = S("octet-stream");
    }
}

/* media-text / media-basic / media-message = string SP string */
static void add_media(const struct writer *w, slice type, slice subtype, bool given)
{
    if (!given && has(w, FAULT_IMAP_STRUCTURE_NIL_TYPE)) {
        buf_adds(w->out, "NIL NIL");
        return;
    }
    bodystructure_token_add(w->out, type, w->options);
    if (has(w, FAULT_IMAP_STRUCTURE_SUBTYPE))
        return;
    buf_addc(w->out, ' ');
    bodystructure_token_add(w->out, subtype, w->options);
}

/* body-fld-enc: "Defaults to 7BIT if not present in the body part". */
static void add_encoding(const struct writer *w, const struct mime_part *part)
{
    if (part->encoding.n)
        bodystructure_token_add(w->out, part->encoding, w->options);
    else
        buf_adds(w->out, has(w, FAULT_IMAP_STRUCTURE_NIL_ENCODING) ? "NIL" : "\"7BIT\"");
}

static size_t shown_octets(const struct writer *w, const struct mime_part *part)
{
    size_t octets = part->octets;
    auto_buf decoded;
    buf_init(&decoded, BUF_OURS);
    if (has(w, FAULT_IMAP_STRUCTURE_SIZE) &&
        content_decode(part->encoding, mime_part_body(w->message, part), &decoded))
        octets = decoded.n;
    return octets;
}

/* body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets */
static void add_fields(const struct writer *w, const struct mime_part *part, bool text)
{
    if (text && (!part->has_type || is_type(part, S("multipart"))))
        buf_adds(w->out, "(\"CHARSET\" \"US-ASCII\")");
    else
        bodystructure_params_add(w->out, &part->params, w->options);
    buf_addc(w->out, ' ');
    add_nstring(w, part->id);
    buf_addc(w->out, ' ');
    add_nstring(w, part->description);
    buf_addc(w->out, ' ');
    add_encoding(w, part);
    buf_addf(w->out, " %zu", shown_octets(w, part));
}

/* body-fld-dsp = "(" string SP body-fld-param ")" / nil */
static void add_disposition(const struct writer *w, const struct mime_part *part)
{
    if (!part->disposition.p) {
        buf_adds(w->out, "NIL");
    } else if (has(w, FAULT_IMAP_STRUCTURE_DISPOSITION)) {
        bodystructure_token_add(w->out, part->disposition, w->options);
    } else {
        buf_addc(w->out, '(');
        bodystructure_token_add(w->out, part->disposition, w->options);
        buf_addc(w->out, ' ');
        bodystructure_params_add(w->out, &part->disposition_params, w->options);
        buf_addc(w->out, ')');
    }
}

/* body-fld-lang = nstring / "(" string *(SP string) ")" */
static void add_languages(const struct writer *w, const struct mime_part *part)
{
    if (part->n_languages < 2) {
        add_nstring(w, part->n_languages ? part->languages[0] : (slice) { NULL, 0 });
        return;
    }
    for (size_t i = 0; i < part->n_languages; i++) {
        buf_addc(w->out, i ? ' ' : '(');
        add_nstring(w, part->languages[i]);
    }
    buf_addc(w->out, ')');
}

/* body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]
   body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]] */
static void add_extension(const struct writer *w, const struct mime_part *part)
{
    if (!w->options->extended && !has(w, FAULT_IMAP_STRUCTURE_EXTENSION))
        return;
    buf_addc(w->out, ' ');
    if (part->is_multipart)
        bodystructure_params_add(w->out, &part->params, w->options);
    else
        add_nstring(w, part->md5);
    buf_addc(w->out, ' ');
    add_disposition(w, part);
    buf_addc(w->out, ' ');
    add_languages(w, part);
    buf_addc(w->out, ' ');
    add_nstring(w, part->location);
}

/* body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
static void add_multipart(const struct writer *w, const struct mime_part *part)
{
    bool childless = has(w, FAULT_IMAP_STRUCTURE_CHILDLESS);
    for (const struct mime_part *child = part->first; child && !childless; child = child->next) {
        if (child != part->first && has(w, FAULT_IMAP_STRUCTURE_SPACE))
            buf_addc(w->out, ' ');
        add_body(w, child);
    }
    if (!has(w, FAULT_IMAP_STRUCTURE_SUBTYPE)) {
        buf_adds(w->out, childless ? "" : " ");
        bodystructure_token_add(w->out, part->subtype, w->options);
    }
    add_extension(w, part);
}

/* What body-type-msg and body-type-text have behind body-fields. */
static void add_lines(const struct writer *w, const struct mime_part *part, bool text)
{
    if (has(w, FAULT_IMAP_STRUCTURE_NO_LINES))
        return;
    if (text || has(w, FAULT_IMAP_STRUCTURE_LINES_EXTRA))
        buf_addf(w->out, " %zu", part->lines + (has(w, FAULT_IMAP_STRUCTURE_LINES_WRONG) ? 1 : 0));
}

/* body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines */
static void add_message(const struct writer *w, const struct mime_part *part)
{
    if (!has(w, FAULT_IMAP_STRUCTURE_MESSAGE)) {
        buf_addc(w->out, ' ');
        envelope_render(part->first->envelope, w->options->utf8, w->options->faults, w->out);
        buf_addc(w->out, ' ');
        add_body(w, part->first);
    }
    add_lines(w, part, !has(w, FAULT_IMAP_STRUCTURE_MESSAGE));
}

/* body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part] */
static void add_single(const struct writer *w, const struct mime_part *part)
{
    slice type, subtype;
    media_of(part, w->options->rev2, &type, &subtype);
    bool text = slice_eq_nocase(type, S("text"));
    add_media(w, type, subtype, part->has_type);
    buf_addc(w->out, ' ');
    add_fields(w, part, text);
    if (shows_message(w, part))
        add_message(w, part);
    else
        add_lines(w, part, text);
    add_extension(w, part);
}

/* body = "(" (body-type-1part / body-type-mpart) ")" */
static void add_body(const struct writer *w, const struct mime_part *part)
{
    buf_addc(w->out, '(');
    if (part->is_multipart && part->first)
        add_multipart(w, part);
    else
        add_single(w, part);
    buf_addc(w->out, ')');
}

void bodystructure_render(const struct mime_message *message, const struct mime_part *part,
                          const struct bodystructure_options *options, struct buf *out)
{
    const struct writer w = { out, message, options };
    add_body(&w, part);
}
