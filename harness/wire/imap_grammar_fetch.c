/* msg-att: the data of one message (RFC 3501 and 9051 7.4.2 / 7.5.2 and extensions). */
#include "imap_gram.h"
#include "imap_chars.h"
#include "array.h"

static const char STATIC[] = "msg-att-static";

static bool att_flags(struct gram *g)
{
    return gram_list(g, "msg-att-dynamic", gram_flag);
}

static bool att_uid(struct gram *g)
{
    return gram_nz_number(g, "uniqueid");
}

/* "RFC822.SIZE" SP number    (RFC 9051: number64) */
static bool att_size(struct gram *g)
{
    return gram_number64(g, "number64");
}

static bool att_text(struct gram *g)
{
    return gram_nstring(g, "nstring");
}

static bool att_body(struct gram *g)
{
    return gram_body(g, false);
}

static bool att_bodystructure(struct gram *g)
{
    return gram_body(g, true);
}

/* fetch-mod-resp = "MODSEQ" SP "(" permsg-modsequence ")" (RFC 7162 7) */
static bool att_modseq(struct gram *g)
{
    return gram_char(g, '(', "fetch-mod-resp") && gram_mod_sequence(g, false) &&
           gram_char(g, ')', "fetch-mod-resp");
}

/* "SAVEDATE" SP (date-time / nil) (RFC 8514 5) */
static bool att_savedate(struct gram *g)
{
    return gram_nil(g) || gram_date_time(g);
}

/* fetch-emailid-resp = "EMAILID" SP "(" objectid ")" (RFC 8474 7) */
static bool att_emailid(struct gram *g)
{
    return gram_char(g, '(', "fetch-emailid-resp") && gram_objectid(g) &&
           gram_char(g, ')', "fetch-emailid-resp");
}

/* fetch-threadid-resp = "THREADID" SP ( "(" objectid ")" / nil ) */
static bool att_threadid(struct gram *g)
{
    if (gram_nil(g))
        return true;
    return gram_char(g, '(', "fetch-threadid-resp") && gram_objectid(g) &&
           gram_char(g, ')', "fetch-threadid-resp");
}

static const struct {
    const char *name;
    bool (*value)(struct gram *g); /* what follows the name and its space */
} items[] = {
    { "FLAGS", att_flags },
    { "UID", att_uid },
    { "RFC822.SIZE", att_size },
    { "INTERNALDATE", gram_date_time },
    { "ENVELOPE", gram_envelope },
    { "BODY", att_body },
    { "BODYSTRUCTURE", att_bodystructure },
    { "RFC822", att_text },
    { "RFC822.HEADER", att_text },
    { "RFC822.TEXT", att_text },
    { "MODSEQ", att_modseq },
    { "SAVEDATE", att_savedate },
    { "EMAILID", att_emailid },
    { "THREADID", att_threadid },
    { "PREVIEW", att_text }, /* RFC 8970 6: "PREVIEW" SP nstring */
};

static bool header_fld_name(struct gram *g)
{
    return gram_astring(g, "header-fld-name");
}

/* section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
   section-text    = section-msgtext / "MIME" */
static bool section_text(struct gram *g, bool mime)
{
    if (gram_take_word(g, "HEADER") || gram_take_word(g, "TEXT"))
        return true;
    if (mime && gram_take_word(g, "MIME"))
        return true;
    if (!gram_take_word(g, "HEADER.FIELDS") && !gram_take_word(g, "HEADER.FIELDS.NOT"))
        return gram_fail(g, "section-text", "HEADER, HEADER.FIELDS, TEXT or MIME");
    return gram_sp(g, "section-msgtext") && gram_list1(g, "header-list", header_fld_name);
}

/* section-part = nz-number *("." nz-number)
   *ret_text says that a "." and a section-text follow. */
static bool section_part(struct gram *g, bool *ret_text)
{
    *ret_text = false;
    do {
        if (!ascii_is_digit(gram_peek(g))) {
            *ret_text = true;
            return true;
        }
        if (!gram_digits(g, "section-part", UINT32_MAX, true))
            return false;
    } while (gram_take(g, '.'));
    return true;
}

/* section        = "[" [section-spec] "]"
   section-spec   = section-msgtext / (section-part ["." section-text])
   section-binary = "[" [section-part] "]" */
static bool section(struct gram *g, bool binary)
{
    const char *rule = binary ? "section-binary" : "section";
    if (!gram_char(g, '[', rule))
        return false;
    if (gram_take(g, ']'))
        return true;
    bool part = ascii_is_digit(gram_peek(g)), text = true;
    if (part && !section_part(g, &text))
        return false;
    if (text && binary)
        return gram_fail(g, rule, "a part number");
    return (!text || section_text(g, part)) && gram_char(g, ']', rule);
}

/* "BODY" section ["<" number ">"] SP nstring
   "BINARY" section-binary SP (nstring / literal8)    (an origin as in RFC 3516 4.2 is accepted)
   "BINARY.SIZE" section-binary SP number */
static bool section_item(struct gram *g, slice name)
{
    bool body = slice_eq_nocase(name, S("BODY")), binary = slice_eq_nocase(name, S("BINARY"));
    bool size = slice_eq_nocase(name, S("BINARY.SIZE"));
    if (!body && !binary && !size)
        return gram_fail(g, STATIC, "BODY, BINARY or BINARY.SIZE before '['");
    g->at += name.n;
    if (!section(g, !body))
        return false;
    if (!size && gram_take(g, '<') &&
        !(gram_digits(g, STATIC, INT64_MAX, false) && gram_char(g, '>', STATIC)))
        return false;
    if (!gram_sp(g, STATIC))
        return false;
    if (size)
        return gram_number64(g, "number");
    return body ? gram_nstring(g, "nstring") : gram_nstring8(g, "nstring");
}

/* A data item and its value. Names that no RFC defines are accepted: they come only when a client
   that knows them asked. */
static bool msg_att_item(struct gram *g)
{
    slice name = gram_atom_ahead(g);
    size_t bracket = slice_find_char(name, '[');
    if (!name.n)
        return gram_fail(g, "msg-att", "the name of a data item");
    if (bracket != SIZE_MAX)
        return section_item(g, slice_sub(name, 0, bracket));
    g->at += name.n;
    if (!gram_sp(g, "msg-att"))
        return false;
    for (size_t i = 0; i < COUNT(items); i++)
        if (slice_eq_nocase(name, slice_of(items[i].name)))
            return items[i].value(g);
    return gram_ext_value(g);
}

/* msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP (msg-att-dynamic / msg-att-static)) ")" */
bool gram_msg_att(struct gram *g)
{
    return gram_list1(g, "msg-att", msg_att_item);
}
