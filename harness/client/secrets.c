#include "secrets.h"
#include <assert.h>

void secrets_release(struct secrets *s)
{
    array_each (value, &s->values)
        free((char *)value->p);
    array_release(&s->values);
    *s = (struct secrets) { 0 };
}

static void value_push(struct secrets *s, slice value)
{
    array_each (known, &s->values)
        if (slice_eq(*known, value))
            return;
    assert(s->values.n < SECRETS_MAX);
    *array_push(&s->values) = (slice) { xslicedup(value), value.n };
    s->first[(unsigned char)ascii_lower(value.p[0])] = true;
    s->first[(unsigned char)ascii_upper(value.p[0])] = true;
    if (!s->shortest || value.n < s->shortest)
        s->shortest = value.n;
    if (value.n > s->longest)
        s->longest = value.n;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE, its inside: a backslash before DQUOTE and backslash */
static void quoted_push(struct secrets *s, slice value)
{
    auto_buf quoted = { 0 };
    buf_init(&quoted, 2 * SECRETS_LENGTH_MAX);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_addc(&quoted, '\\');
        buf_addc(&quoted, value.p[i]);
    }
    value_push(s, buf_slice(&quoted));
}

void secrets_add(struct secrets *s, slice value)
{
    value = slice_sub(value, 0, SECRETS_LENGTH_MAX);
    if (slice_is_empty(value))
        return;
    value_push(s, value);
    quoted_push(s, value);
}

static void span_push(struct secrets_spans *spans, size_t from, size_t to)
{
    *array_push(spans) = (struct secrets_span) { from, to };
}

/* The longest value that starts at this place: 0 when none does. */
static size_t match_at(const struct secrets *s, slice rest)
{
    size_t longest = 0;
    if (!s->first[(unsigned char)rest.p[0]])
        return 0;
    for (size_t i = 0; i < s->values.n; i++) {
        slice value = s->values.v[i];
        if (value.n > longest && slice_starts_nocase(rest, value))
            longest = value.n;
    }
    return longest;
}

static void find_raw(const struct secrets *s, slice in, struct secrets_spans *spans)
{
    for (size_t i = 0; i < in.n; i++) {
        size_t n = match_at(s, slice_skip(in, i));
        if (n)
            span_push(spans, i, i + n);
    }
}

/* One line of a base64 token. */
struct token_line {
    size_t from, to; /* in the input, padding included */
    size_t start;    /* in token.text */
};
/* The token, perhaps folded over several lines. */
struct token {
    struct buf text; /* its characters without padding and line ends */
    ARRAY(struct token_line) lines;
};

/* -1 for what is no base64 character; the URL alphabet counts too. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static size_t line_end(slice in, size_t at)
{
    size_t end = at;
    while (end < in.n && sextet(in.p[end]) >= 0)
        end++;
    return end;
}

/* The place behind a line end and the blanks of a fold, or `at` when no line ends there. */
static size_t skip_fold(slice in, size_t at)
{
    size_t to = at;
    if (to < in.n && in.p[to] == '\r')
        to++;
    if (to == in.n || in.p[to] != '\n')
        return at;
    to++;
    while (to < in.n && (in.p[to] == ' ' || in.p[to] == '\t'))
        to++;
    return to;
}

/* Takes the token that starts at `at`; returns the place behind it. */
static size_t token_take(slice in, size_t at, struct token *t)
{
    buf_clear(&t->text);
    t->lines.n = 0;
    for (;;) {
        size_t end = line_end(in, at);
        if (end > at) {
            struct token_line *line = array_push(&t->lines);
            line->from = at;
            line->start = t->text.n;
            buf_add(&t->text, slice_sub(in, at, end));
            while (end < in.n && in.p[end] == '=')
                end++;
            line->to = end;
        }
        size_t next = end < in.n && in.p[end - 1] != '=' ? skip_fold(in, end) : end;
        if (next == end || next == in.n || sextet(in.p[next]) < 0)
            return end;
        at = next;
    }
}

static void decode(slice text, struct buf *out)
{
    unsigned bits = 0, n = 0;
    buf_clear(out);
    char *p = buf_room(out, text.n);
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++) {
        bits = bits << 6 | (unsigned)sextet(text.p[i]);
        n += 6;
        if (n >= 8) {
            n -= 8;
            p[count++] = (char)(bits >> n);
        }
    }
    buf_claim(out, count);
}

/* Each line of the token that carries bits of the characters [from, to). */
static void mask_lines(const struct token *t, size_t from, size_t to, struct secrets_spans *spans)
{
    for (size_t i = 0; i < t->lines.n; i++) {
        size_t start = t->lines.v[i].start;
        size_t end = i + 1 < t->lines.n ? t->lines.v[i + 1].start : t->text.n;
        if (from < end && to > start)
            span_push(spans, t->lines.v[i].from, t->lines.v[i].to);
    }
}

/* A token may be glued to characters of the same alphabet ("auth=" is not, "/x" is): its groups of
   four may start at any of four places, so all are tried. A value at any of the three alignments
   to the octets then comes out whole. */
static void find_in_token(const struct secrets *s, const struct token *t, struct buf *plain,
                          struct secrets_spans *spans)
{
    slice text = buf_slice(&t->text);
    for (size_t phase = 0; phase < 4 && phase < text.n; phase++) {
        struct secrets_spans inner = { 0 };
        decode(slice_skip(text, phase), plain);
        find_raw(s, buf_slice(plain), &inner);
        array_each (span, &inner)
            mask_lines(t, phase + span->from * 8 / 6, phase + (span->to * 8 + 5) / 6, spans);
        secrets_spans_release(&inner);
    }
}

static void find_base64(const struct secrets *s, slice in, struct secrets_spans *spans)
{
    struct token t = { 0 };
    auto_buf plain = { 0 };
    buf_init(&t.text, in.n);
    buf_init(&plain, in.n);
    size_t least = (s->shortest * 8 + 5) / 6;
    for (size_t at = 0; at < in.n;) {
        if (sextet(in.p[at]) < 0) {
            at++;
            continue;
        }
        at = token_take(in, at, &t);
        if (t.text.n >= least)
            find_in_token(s, &t, &plain, spans);
    }
    buf_release(&t.text);
    array_release(&t.lines);
}

static int span_order(const void *a, const void *b)
{
    const struct secrets_span *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void spans_merge(struct secrets_spans *spans)
{
    if (spans->n < 2)
        return;
    qsort(spans->v, spans->n, sizeof *spans->v, span_order);
    size_t kept = 0;
    for (size_t i = 1; i < spans->n; i++) {
        struct secrets_span *last = &spans->v[kept], *one = &spans->v[i];
        if (one->from > last->to)
            spans->v[++kept] = *one;
        else if (one->to > last->to)
            last->to = one->to;
    }
    spans->n = kept + 1;
}

void secrets_find(const struct secrets *s, slice in, struct secrets_spans *spans)
{
    spans->n = 0;
    if (!s || !s->values.n)
        return;
    find_raw(s, in, spans);
    find_base64(s, in, spans);
    spans_merge(spans);
}

void secrets_spans_release(struct secrets_spans *spans)
{
    array_release(spans);
}

bool secrets_mask_part(const struct secrets_spans *spans, slice in, size_t from, size_t to,
                       struct buf *out)
{
    bool fits = true;
    size_t at = from;
    for (size_t i = 0; i < spans->n && spans->v[i].from < to; i++) {
        if (spans->v[i].to <= at)
            continue;
        if (spans->v[i].from > at)
            fits = buf_add(out, slice_sub(in, at, spans->v[i].from)) && fits;
        fits = buf_add(out, SECRETS_MARK) && fits;
        at = spans->v[i].to;
    }
    return at < to ? buf_add(out, slice_sub(in, at, to)) && fits : fits;
}

bool secrets_mask(const struct secrets *s, slice in, struct buf *out)
{
    struct secrets_spans spans = { 0 };
    secrets_find(s, in, &spans);
    bool fits = secrets_mask_part(&spans, in, 0, in.n, out);
    secrets_spans_release(&spans);
    return fits;
}

bool secrets_found(const struct secrets *s, slice in)
{
    struct secrets_spans spans = { 0 };
    secrets_find(s, in, &spans);
    bool found = spans.n > 0;
    secrets_spans_release(&spans);
    return found;
}
