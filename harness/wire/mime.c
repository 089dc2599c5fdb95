/* The walk over a message that finds its parts. Each line is looked at once: it is compared with
   the boundaries of all open multiparts, the innermost first, so that a multipart inside another
   of the same boundary gets its own parts. */
#include "mime.h"
#include "header_lex.h"
#include "mime_fields.h"

struct open_multipart {
    struct open_multipart *outer;
    slice boundary;
    bool closed;
};

struct walk {
    struct mime_message *message;
    struct arena *arena;
    size_t at; /* the start of the current line */
    struct open_multipart *open;
    /* Set when the current line is a delimiter; hit == NULL at the end of the message. */
    struct open_multipart *hit;
    bool close;
};

static slice rest_of(const struct walk *w)
{
    return slice_skip(w->message->raw, w->at);
}

static size_t line_octets(slice s)
{
    size_t lf = slice_find_char(s, '\n');
    return lf == SIZE_MAX ? s.n : lf + 1;
}

/* transport-padding and the line end */
static bool only_blanks(slice s)
{
    return slice_trim(s).n == 0;
}

/* dash-boundary = "--" boundary. RFC 2046 5.1.1 also calls it enough that a line begins with it;
   the whole line is compared, or else a boundary "x" would claim the lines of a boundary "xy". */
static bool is_delimiter(slice line, const struct open_multipart *f, bool *ret_close)
{
    slice tail = slice_skip(line, 2);
    if (f->closed || !slice_starts(tail, f->boundary))
        return false;
    tail = slice_skip(tail, f->boundary.n);
    bool close = slice_starts(tail, S("--")) && only_blanks(slice_skip(tail, 2));
    if (!close && !only_blanks(tail))
        return false;
    *ret_close = close;
    return true;
}

static bool at_delimiter(struct walk *w, slice line)
{
    if (!slice_starts(line, S("--")))
        return false;
    for (struct open_multipart *f = w->open; f; f = f->outer)
        if (is_delimiter(line, f, &w->close)) {
            w->hit = f;
            return true;
        }
    return false;
}

/* To the next delimiter or the end of the message. */
static void skip_to_delimiter(struct walk *w)
{
    w->hit = NULL;
    if (!w->open)
        w->at = w->message->raw.n;
    for (slice rest = rest_of(w); rest.n; rest = rest_of(w)) {
        slice line = slice_sub(rest, 0, line_octets(rest));
        if (at_delimiter(w, line))
            return;
        w->at += line.n;
    }
}

/* Past the header section. False when a delimiter or the end comes before the empty line. */
static bool skip_header(struct walk *w)
{
    w->hit = NULL;
    for (slice rest = rest_of(w); rest.n; rest = rest_of(w)) {
        slice line = slice_sub(rest, 0, line_octets(rest));
        if (at_delimiter(w, line))
            return false;
        w->at += line.n;
        if (slice_eq(line, S("\n")) || slice_eq(line, S("\r\n")))
            return true;
    }
    return false;
}

/* Where the part that ends at the current line ends: before the line end of a delimiter. */
static size_t end_of_part(const struct walk *w)
{
    slice raw = w->message->raw;
    size_t end = w->at;
    if (!w->hit)
        return end;
    if (end && raw.p[end - 1] == '\n')
        end--;
    if (end && raw.p[end - 1] == '\r')
        end--;
    return end;
}

static void walk_part(struct walk *w, struct mime_part *part, bool in_digest);

static struct mime_part *add_child(struct walk *w, struct mime_part *parent)
{
    struct mime_part *child = arena_new(w->arena, struct mime_part);
    child->parent = parent;
    child->depth = parent->depth + 1;
    child->number = (unsigned)++parent->n_children;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    w->message->n_parts++;
    return child;
}

/* The parts after the first delimiter: body-part *encapsulation close-delimiter. Returns at a
   delimiter of an outer multipart or at the end. */
static void walk_children(struct walk *w, struct mime_part *part, struct open_multipart *own)
{
    bool digest = slice_eq_nocase(part->subtype, S("digest"));
    while (w->hit == own && !w->close) {
        w->at += line_octets(rest_of(w));
        if (w->message->n_parts >= MIME_PARTS_MAX) {
            w->message->oddities |= MIME_TOO_MANY;
            skip_to_delimiter(w);
        } else {
            walk_part(w, add_child(w, part), digest);
        }
    }
    own->closed = true;
    if (w->hit == own) {
        w->at += line_octets(rest_of(w));
        skip_to_delimiter(w); /* epilogue */
    } else {
        w->message->oddities |= MIME_NO_CLOSE;
    }
}

/* multipart-body = [preamble CRLF] dash-boundary ... [CRLF epilogue] */
static void walk_multipart(struct walk *w, struct mime_part *part)
{
    slice boundary = slice_trim(mime_param_find(&part->params, S("boundary")));
    if (!boundary.n || boundary.n > MIME_BOUNDARY_MAX) {
        w->message->oddities |= MIME_NO_BOUNDARY;
        skip_to_delimiter(w);
        return;
    }
    struct open_multipart own = { .outer = w->open, .boundary = boundary };
    w->open = &own;
    skip_to_delimiter(w); /* preamble */
    if (w->hit == &own) {
        walk_children(w, part, &own);
        part->is_multipart = part->first != NULL;
    }
    if (!part->first)
        w->message->oddities |= MIME_NO_BOUNDARY;
    w->open = own.outer;
}

static bool is_encoded(const struct mime_part *part)
{
    return slice_eq_nocase(part->encoding, S("base64")) ||
           slice_eq_nocase(part->encoding, S("quoted-printable"));
}

static void walk_body(struct walk *w, struct mime_part *part)
{
    bool multipart = slice_eq_nocase(part->type, S("multipart"));
    bool message =
        slice_eq_nocase(part->type, S("message")) && (slice_eq_nocase(part->subtype, S("rfc822")) ||
                                                      slice_eq_nocase(part->subtype, S("global")));
    bool too_deep = part->depth >= MIME_DEPTH_MAX;
    bool too_many = w->message->n_parts >= MIME_PARTS_MAX;
    if ((multipart || message) && (too_deep || too_many))
        w->message->oddities |= too_deep ? MIME_TOO_DEEP : MIME_TOO_MANY;
    else if ((multipart || message) && is_encoded(part))
        w->message->oddities |= MIME_ENCODED;
    if ((!multipart && !message) || too_deep || too_many) {
        skip_to_delimiter(w);
    } else if (multipart) {
        walk_multipart(w, part);
    } else {
        part->is_message = true;
        walk_part(w, add_child(w, part), false);
    }
}

/* Body octets and lines, and the limits of the header, once the end is known. A part of no body
   has lent its empty line to the delimiter: MIME-part-headers [CRLF *OCTET] delimiter. */
static void settle(struct walk *w, struct mime_part *part, size_t end, bool has_blank)
{
    bool embedded = part->parent && part->parent->is_message;
    if (embedded && part->header_start > end)
        part->header_start = end;
    if (embedded && part->header_end > end)
        part->header_end = end;
    if (has_blank && part->header_end > end)
        part->header_end = end;
    if (part->header_end < part->header_start)
        part->header_end = part->header_start;
    part->body_start = part->header_end;
    part->body_end = end > part->body_start ? end : part->body_start;
    part->octets = part->body_end - part->body_start;
    slice body = mime_part_body(w->message, part);
    for (size_t n = line_octets(body); body.n; n = line_octets(body)) {
        part->lines++;
        body = slice_skip(body, n);
    }
}

/* entity-headers CRLF body; the current line is the first of the header. Returns at a delimiter or
   at the end. */
static void walk_part(struct walk *w, struct mime_part *part, bool in_digest)
{
    part->header_start = w->at;
    bool has_blank = skip_header(w);
    part->header_end = w->at;
    slice header = slice_sub(w->message->raw, part->header_start, part->header_end);
    w->message->oddities |= mime_fields_read(header, w->arena, in_digest, part);
    if (!part->parent || part->parent->is_message) {
        part->envelope = arena_new(w->arena, struct mime_envelope);
        mime_envelope_parse(header, w->arena, part->envelope);
    }
    if (has_blank)
        walk_body(w, part);
    settle(w, part, end_of_part(w), has_blank);
}

void mime_parse(slice raw, struct arena *a, struct mime_message *ret)
{
    *ret = (struct mime_message) { .raw = raw, .n_parts = 1 };
    ret->root = arena_new(a, struct mime_part);
    ret->root->number = 1;
    struct walk w = { .message = ret, .arena = a };
    walk_part(&w, ret->root, false);
}
