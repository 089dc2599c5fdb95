#include "imap_response.h"
#include "imap_chars.h"
#include "array.h"

static const char *const status_names[] = {
    [IMAP_NO_STATUS] = "", [IMAP_OK] = "OK",   [IMAP_NO] = "NO",
    [IMAP_BAD] = "BAD",    [IMAP_BYE] = "BYE", [IMAP_PREAUTH] = "PREAUTH",
};

const char *imap_status_name(enum imap_status status)
{
    return status_names[status];
}

/* A place in the unit: what is left of the line is [at, end). */
struct reader {
    slice unit;
    size_t at, end;
    struct arena *a;
};

static slice read_word(struct reader *r)
{
    while (r->at < r->end && r->unit.p[r->at] == ' ')
        r->at++;
    size_t from = r->at;
    while (r->at < r->end && !memchr(" \r\n()", r->unit.p[r->at], 5))
        r->at++;
    return slice_sub(r->unit, from, r->at);
}

static enum imap_status status_of(slice word)
{
    for (size_t i = IMAP_OK; i < COUNT(status_names); i++)
        if (slice_eq_nocase(word, slice_of(status_names[i])))
            return (enum imap_status)i;
    return IMAP_NO_STATUS;
}

/* The "]" that ends the code whose "[" is at `at`: the first outside of quotes and literals, or,
   with an unbalanced quote, the first at all. SIZE_MAX when there is none. */
static size_t code_end(slice in, size_t at)
{
    bool quoted = false;
    for (size_t i = at + 1; i < in.n; i++) {
        struct imap_literal l;
        if (in.p[i] == '"')
            quoted = !quoted;
        else if (in.p[i] == '\\' && quoted)
            i++;
        else if (in.p[i] == ']' && !quoted)
            return i;
        else if (!quoted && imap_literal_at(in, i, &l) && l.length < in.n - i - l.header)
            i += l.header + (size_t)l.length - 1;
    }
    size_t first = slice_find_char(slice_skip(in, at), ']');
    return first == SIZE_MAX ? SIZE_MAX : at + first;
}

/* resp-text = ["[" resp-text-code "]" SP] [text] */
static void read_resp_text(struct reader *r, struct imap_response *ret)
{
    if (r->at < r->end && r->unit.p[r->at] == ' ')
        r->at++;
    bool bracket = r->at < r->end && r->unit.p[r->at] == '[';
    size_t close = bracket ? code_end(slice_sub(r->unit, 0, r->end), r->at) : SIZE_MAX;
    if (close != SIZE_MAX) {
        size_t line_end = r->end;
        ret->has_code = true;
        ret->code_raw = slice_sub(r->unit, r->at + 1, close);
        r->at++;
        r->end = close;
        ret->code = read_word(r);
        imap_lex_part(r->unit, r->at, close, 0, r->a, &ret->code_args, NULL);
        r->at = close + 1;
        r->end = line_end;
        r->at += r->at < r->end && r->unit.p[r->at] == ' ';
    }
    ret->text = slice_sub(r->unit, r->at, r->end);
}

/* What follows "*": a status, or [number] name and values. */
static void read_untagged(struct reader *r, struct imap_response *ret)
{
    slice word = read_word(r);
    ret->status = status_of(word);
    if (ret->status) {
        ret->kind = IMAP_STATUS;
        read_resp_text(r, ret);
        return;
    }
    uint64_t number;
    ret->kind = IMAP_DATA;
    if (slice_to_u64(word, UINT64_MAX, &number)) {
        ret->has_number = true;
        ret->number = number <= UINT32_MAX ? (uint32_t)number : 0;
        word = read_word(r);
    }
    ret->name = word;
    imap_lex_part(r->unit, r->at, r->unit.n, 0, r->a, &ret->values, NULL);
}

static void read_tagged(struct reader *r, struct imap_response *ret)
{
    slice tag = read_word(r);
    enum imap_status status = status_of(read_word(r));
    if (!tag.n || status < IMAP_OK || status > IMAP_BAD) {
        ret->kind = IMAP_GARBAGE;
        ret->text = slice_sub(r->unit, 0, r->end);
        return;
    }
    ret->kind = IMAP_TAGGED;
    ret->status = status;
    ret->tag = tag;
    read_resp_text(r, ret);
}

static size_t without_line_end(slice unit)
{
    size_t n = unit.n;
    n -= n && unit.p[n - 1] == '\n';
    n -= n < unit.n && n && unit.p[n - 1] == '\r';
    return n;
}

void imap_response_read(slice unit, struct arena *a, struct imap_response *ret)
{
    struct reader r = { .unit = unit, .end = without_line_end(unit), .a = a };
    *ret = (struct imap_response) { .raw = unit };
    ret->code_args.kind = ret->values.kind = IMAP_LIST;
    char second = r.end > 1 ? unit.p[1] : ' ';
    if (r.end && unit.p[0] == '*' && second == ' ') {
        r.at = 1;
        read_untagged(&r, ret);
    } else if (r.end && unit.p[0] == '+' && second == ' ') {
        r.at = 1;
        ret->kind = IMAP_CONTINUATION;
        read_resp_text(&r, ret);
    } else {
        read_tagged(&r, ret);
    }
}

int imap_response_parse(slice unit, const struct imap_grammar_options *options, struct arena *a,
                        struct imap_response *ret, struct imap_grammar_error *ret_error)
{
    struct imap_grammar_error error = { .rule = NULL };
    imap_response_read(unit, a, ret);
    bool ok = imap_grammar_check(unit, options, &error);
    if (ret_error)
        *ret_error = error;
    return ok ? 0 : -1;
}

bool imap_response_is(const struct imap_response *r, const char *name)
{
    return r->kind == IMAP_DATA && slice_eq_nocase(r->name, slice_of(name));
}

bool imap_response_has_code(const struct imap_response *r, const char *name)
{
    return r->has_code && slice_eq_nocase(r->code, slice_of(name));
}

const struct imap_value *imap_response_item(const struct imap_response *r, const char *name)
{
    const struct imap_value *last =
        r->values.n_items ? &r->values.items[r->values.n_items - 1] : NULL;
    return last && last->kind == IMAP_LIST ? imap_pair(last, name) : NULL;
}
