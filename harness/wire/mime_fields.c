#include "mime_fields.h"
#include "header_lex.h"

struct reader {
    struct mime_part *part;
    struct arena *arena;
    unsigned oddities;
};

static void set_default_type(struct reader *r, bool in_digest)
{
    struct mime_part *part = r->part;
    part->type = in_digest ? S("message") : S("text");
    part->subtype = in_digest ? S("rfc822") : S("plain");
    if (in_digest)
        return;
    part->params.n = 1;
    part->params.v = arena_new(r->arena, struct mime_param);
    *part->params.v = (struct mime_param) { S("charset"), S("us-ascii") };
}

static void read_type(struct reader *r, slice value)
{
    struct mime_type type;
    if (!mime_type_parse(value, r->arena, &type)) {
        r->oddities |= MIME_BAD_TYPE;
        set_default_type(r, false);
        return;
    }
    r->part->type = type.type;
    r->part->subtype = type.subtype;
    r->part->params = type.params;
    r->part->has_type = true;
}

/* encoding := "Content-Transfer-Encoding" ":" mechanism */
static void read_encoding(struct reader *r, slice value)
{
    lex_skip(&value, r->arena, NULL);
    slice mechanism = lex_until(&value, "();,\"");
    if (mechanism.n)
        r->part->encoding = mechanism;
}

static void read_disposition(struct reader *r, slice value)
{
    mime_disposition_parse(value, r->arena, &r->part->disposition, &r->part->disposition_params);
}

/* Language-List = Language-Tag *("," [CFWS] Language-Tag) (RFC 3282 2) */
static void read_languages(struct reader *r, slice value)
{
    slice tags[MIME_LANGUAGES_MAX];
    size_t n = 0;
    for (;;) {
        lex_skip(&value, r->arena, NULL);
        slice tag = lex_until(&value, "(),;\"");
        if (!value.n && !tag.n)
            break;
        if (tag.n && n < MIME_LANGUAGES_MAX)
            tags[n++] = tag;
        if (!tag.n)
            value = slice_skip(value, 1);
    }
    if (!n)
        return;
    r->part->n_languages = n;
    r->part->languages = arena_new_n(r->arena, slice, n);
    memcpy(r->part->languages, tags, n * sizeof *tags);
}

static slice text_of(struct reader *r, slice value)
{
    slice text = mime_unfold(value, r->arena);
    return text.p ? text : S("");
}

static void read_id(struct reader *r, slice value)
{
    r->part->id = text_of(r, value);
}

static void read_description(struct reader *r, slice value)
{
    r->part->description = text_of(r, value);
}

static void read_md5(struct reader *r, slice value)
{
    r->part->md5 = text_of(r, value);
}

static void read_location(struct reader *r, slice value)
{
    r->part->location = text_of(r, value);
}

static const struct {
    const char *name;
    void (*read)(struct reader *, slice value);
} fields[] = {
    { "Content-Type", read_type },
    { "Content-Transfer-Encoding", read_encoding },
    { "Content-ID", read_id },
    { "Content-Description", read_description },
    { "Content-MD5", read_md5 },
    { "Content-Disposition", read_disposition },
    { "Content-Language", read_languages },
    { "Content-Location", read_location },
};
enum { FIELDS = sizeof fields / sizeof *fields };

unsigned mime_fields_read(slice header, struct arena *a, bool in_digest, struct mime_part *part)
{
    struct reader r = { part, a, 0 };
    struct mime_field field;
    bool seen[FIELDS] = { false }; /* of a field that is there twice the first one counts */
    slice rest = header;
    while (mime_field_next(header, &rest, &field))
        for (int i = 0; i < FIELDS; i++)
            if (!seen[i] && slice_eq_nocase(field.name, slice_of(fields[i].name))) {
                seen[i] = true;
                fields[i].read(&r, field.value);
            }
    if (!part->type.p)
        set_default_type(&r, in_digest);
    return r.oddities;
}
