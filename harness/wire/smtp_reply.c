#include "smtp_reply.h"

/* Framing */

void smtp_reply_frame_init(struct smtp_reply_frame *f)
{
    *f = (struct smtp_reply_frame) { 0 };
    line_frame_init(&f->line, SMTP_REPLY_LINE_LIMIT);
}

/* The three digits at the start of a line, 0 when there are none. */
static int line_code(slice line)
{
    if (line.n < 3)
        return 0;
    for (int i = 0; i < 3; i++)
        if (!ascii_is_digit(line.p[i]))
            return 0;
    return (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
}

static bool has_code(slice line)
{
    return line.n >= 3 && ascii_is_digit(line.p[0]) && ascii_is_digit(line.p[1]) &&
           ascii_is_digit(line.p[2]);
}

enum frame smtp_reply_frame_next(struct smtp_reply_frame *f, slice buffer, size_t *ret_octets)
{
    for (;;) {
        struct line line;
        enum frame got = line_frame_next(&f->line, slice_skip(buffer, f->start), &line);
        if (got == FRAME_MORE && buffer.n >= SMTP_REPLY_LIMIT)
            return FRAME_LIMIT;
        if (got != FRAME_READY)
            return got;
        size_t octets = f->start + line.octets;
        bool more = has_code(line.text) ? line.text.n > 3 && line.text.p[3] == '-' : f->many;
        if (!more) {
            smtp_reply_frame_init(f);
            *ret_octets = octets;
            return FRAME_READY;
        }
        if (octets >= SMTP_REPLY_LIMIT)
            return FRAME_LIMIT;
        f->many = true;
        f->start = octets;
    }
}

/* Status codes */

/* 1*3digit; the value, or -1. RFC 3463 2: no leading zeros. */
static int take_number(slice *rest)
{
    size_t n = 0;
    int value = 0;
    while (n < rest->n && n < 3 && ascii_is_digit(rest->p[n]))
        value = value * 10 + (rest->p[n++] - '0');
    if (!n || (n > 1 && rest->p[0] == '0'))
        return -1;
    *rest = slice_skip(*rest, n);
    return value;
}

static bool take_char(slice *rest, char c)
{
    if (!rest->n || rest->p[0] != c)
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* status-code = class "." subject "." detail, then the end of the text or a space. RFC 2034 puts
   the code in front of the text without naming what parts them; its examples have a space, and a
   tab is taken too. */
static bool take_enhanced(slice *text, struct smtp_enhanced *ret)
{
    slice rest = *text;
    struct smtp_enhanced e = { 0 };
    if (!rest.n || (rest.p[0] != '2' && rest.p[0] != '4' && rest.p[0] != '5'))
        return false;
    e.class = take_number(&rest);
    if (e.class > 9 || !take_char(&rest, '.') || (e.subject = take_number(&rest)) < 0 ||
        !take_char(&rest, '.') || (e.detail = take_number(&rest)) < 0)
        return false;
    if (rest.n && rest.p[0] != ' ' && rest.p[0] != '\t')
        return false;
    while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
        rest = slice_skip(rest, 1);
    *text = rest;
    *ret = e;
    return true;
}

static bool enhanced_eq(const struct smtp_enhanced *x, const struct smtp_enhanced *y)
{
    return x->class == y->class && x->subject == y->subject && x->detail == y->detail;
}

/* True when the text starts as a status code would: a digit, a dot and a digit. Tells a malformed
   code from a missing one. */
static bool looks_enhanced(slice text)
{
    return text.n >= 3 && ascii_is_digit(text.p[0]) && text.p[1] == '.' &&
           ascii_is_digit(text.p[2]);
}

/* Reading */

struct reader {
    struct smtp_reply *reply;
    struct arena *arena;
    unsigned flags;
};

#define REPORT(r, rule, offset, ...)                                                               \
    grammar_errors_add(&(r)->reply->errors, (r)->arena, rule, offset, __VA_ARGS__)

static void check_line_end(struct reader *r, const struct line *line, size_t offset)
{
    if (line->bare_lf == line->octets)
        REPORT(r, RULE_SMTP_LINE_END, offset + line->octets, "the line has no end");
    else if (line->bare_lf != NO_OFFSET)
        REPORT(r, RULE_SMTP_LINE_END, offset + line->bare_lf, "the line ends in LF without CR");
    if (line->bare_cr != NO_OFFSET)
        REPORT(r, RULE_SMTP_LINE_END, offset + line->bare_cr, "a CR without LF stands in the line");
}

/* A 334 line carries base64 of any length up to what RFC 4954 4 asks clients to take. */
static void check_length(struct reader *r, const struct line *line, const struct smtp_reply_line *l)
{
    char text[ESCAPED_MAX];
    if (l->code == 334 && line->octets > SMTP_CHALLENGE_LINE_OCTETS)
        REPORT(r, RULE_SMTP_AUTH_LINE_LENGTH, l->offset + SMTP_CHALLENGE_LINE_OCTETS,
               "a challenge line of %zu octets", line->octets);
    if (l->code != 334 && line->octets > SMTP_REPLY_LINE_OCTETS)
        REPORT(r, RULE_SMTP_REPLY_LINE_LENGTH, l->offset + SMTP_REPLY_LINE_OCTETS,
               "a line of %zu octets: \"%s\"", line->octets, escape_text(l->raw, text));
}

/* Reply-code = %x32-35 %x30-35 %x30-39 */
static void check_code(struct reader *r, const struct smtp_reply_line *l)
{
    char text[ESCAPED_MAX];
    if (!has_code(l->raw))
        REPORT(r, RULE_SMTP_REPLY_CODE, l->offset, "no three digits at the start: \"%s\"",
               escape_text(l->raw, text));
    else if (l->raw.p[0] < '2' || l->raw.p[0] > '5')
        REPORT(r, RULE_SMTP_REPLY_CODE, l->offset, "the first digit of %03d is not 2 to 5",
               l->code);
    else if (l->raw.p[1] > '5')
        REPORT(r, RULE_SMTP_REPLY_CODE, l->offset + 1, "the second digit of %03d is not 0 to 5",
               l->code);
    if (has_code(l->raw) && l->raw.n > 3 && l->raw.p[3] != ' ' && l->raw.p[3] != '-')
        REPORT(r, RULE_SMTP_REPLY_SEPARATOR, l->offset + 3,
               "neither a space nor a hyphen after the code: \"%s\"", escape_text(l->raw, text));
}

/* Offset of the first octet that is not of textstring = 1*(%d09 / %d32-126), or of UTF-8 where that
   is allowed; NO_OFFSET when there is none. CR is left to check_line_end. */
static size_t find_bad_octet(slice text, bool utf8)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\t' || c == '\r' || (c >= 0x20 && c <= 0x7E))
            continue;
        size_t sequence = utf8 && c >= 0x80 ? utf8_sequence(slice_skip(text, i)) : 0;
        if (!sequence)
            return i;
        i += sequence - 1;
    }
    return NO_OFFSET;
}

static void check_text(struct reader *r, const struct smtp_reply_line *l)
{
    /* ehlo-greet may hold anything but CR and LF. */
    if ((r->flags & SMTP_REPLY_TO_EHLO) && l->offset == 0 && l->code == 250)
        return;
    size_t bad = find_bad_octet(l->text, r->flags & SMTP_REPLY_UTF8);
    if (bad == NO_OFFSET)
        return;
    size_t offset = (size_t)(l->text.p - l->raw.p) + bad;
    unsigned octet = (unsigned char)l->text.p[bad];
    if ((r->flags & SMTP_REPLY_UTF8) && octet >= 0x80)
        REPORT(r, RULE_SMTP_REPLY_UTF8, l->offset + offset, "octet 0x%02X is not UTF-8", octet);
    else
        REPORT(r, RULE_SMTP_REPLY_TEXT, l->offset + offset,
               octet >= 0x80 ? "octet 0x%02X is not US-ASCII" : "control character 0x%02X", octet);
}

/* RFC 2034 4. Without SMTP_REPLY_ENHANCED a code is read where it fits and is never asked for. */
static void read_enhanced(struct reader *r, struct smtp_reply_line *l)
{
    char text[ESCAPED_MAX];
    int class = l->code / 100;
    struct smtp_enhanced e;
    slice rest = l->text;
    bool found = take_enhanced(&rest, &e);
    if (found && e.class == class) {
        l->enhanced = e;
        l->message = rest;
    }
    size_t offset = l->offset + (l->raw.n - l->text.n);
    if (!(r->flags & SMTP_REPLY_ENHANCED) || (class != 2 && class != 4 && class != 5))
        return;
    if (found && e.class != class)
        REPORT(r, RULE_SMTP_ENHANCED_CLASS, offset, "status code %d.%d.%d in a %d reply", e.class,
               e.subject, e.detail, l->code);
    else if (!found && looks_enhanced(l->text))
        REPORT(r, RULE_SMTP_ENHANCED_SYNTAX, offset, "\"%s\" starts with no proper status code",
               escape_text(l->text, text));
    else if (!found)
        REPORT(r, RULE_SMTP_ENHANCED_MISSING, offset, "no status code in \"%s\"",
               escape_text(l->raw, text));
}

static void read_line(struct reader *r, const struct line *line, size_t offset,
                      struct smtp_reply_line *ret)
{
    ret->raw = line->text;
    ret->offset = offset;
    ret->code = line_code(line->text);
    ret->text = slice_skip(line->text, has_code(line->text) ? 4 : 0);
    /* "250Text": what stands where the separator should is part of the text. */
    if (has_code(ret->raw) && ret->raw.n > 3 && ret->raw.p[3] != ' ' && ret->raw.p[3] != '-')
        ret->text = slice_skip(ret->raw, 3);
    ret->message = ret->text;
    check_line_end(r, line, offset);
    check_length(r, line, ret);
    check_code(r, ret);
    check_text(r, ret);
    read_enhanced(r, ret);
}

static void check_same(struct reader *r)
{
    const struct smtp_reply_line *first = NULL, *enhanced = NULL;
    for (size_t i = 0; i < r->reply->n_lines; i++) {
        const struct smtp_reply_line *l = &r->reply->lines[i];
        first = first || !has_code(l->raw) ? first : l;
        enhanced = enhanced || !l->enhanced.class ? enhanced : l;
        if (first && has_code(l->raw) && l->code != first->code)
            REPORT(r, RULE_SMTP_REPLY_SAME_CODE, l->offset, "%03d in a reply that began with %03d",
                   l->code, first->code);
        if (enhanced && l->enhanced.class && (r->flags & SMTP_REPLY_ENHANCED) &&
            !enhanced_eq(&l->enhanced, &enhanced->enhanced))
            REPORT(r, RULE_SMTP_ENHANCED_SAME, l->offset + 4,
                   "%d.%d.%d in a reply that began with %d.%d.%d", l->enhanced.class,
                   l->enhanced.subject, l->enhanced.detail, enhanced->enhanced.class,
                   enhanced->enhanced.subject, enhanced->enhanced.detail);
    }
    if (enhanced)
        r->reply->enhanced = enhanced->enhanced;
}

static size_t count_lines(slice raw)
{
    size_t n = raw.n && raw.p[raw.n - 1] != '\n';
    for (size_t i = 0; i < raw.n; i++)
        n += raw.p[i] == '\n';
    return n ? n : 1;
}

void smtp_reply_parse(slice raw, unsigned flags, struct arena *a, struct smtp_reply *ret)
{
    *ret = (struct smtp_reply) { .raw = raw };
    ret->lines = arena_new_n(a, struct smtp_reply_line, count_lines(raw));
    struct reader r = { ret, a, flags };
    size_t at = 0;
    do {
        struct line_frame frame;
        struct line line;
        slice rest = slice_skip(raw, at);
        line_frame_init(&frame, SIZE_MAX);
        if (line_frame_next(&frame, rest, &line) != FRAME_READY)
            line = (struct line) { rest, rest.n, rest.n, frame.bare_cr, frame.nul };
        struct smtp_reply_line *l = &ret->lines[ret->n_lines++];
        read_line(&r, &line, at, l);
        if (has_code(l->raw))
            ret->code = l->code;
        at += line.octets;
    } while (at < raw.n);
    ret->class = ret->code / 100;
    check_same(&r);
}

slice smtp_reply_text(const struct smtp_reply *reply, struct arena *a)
{
    size_t n = reply->n_lines - 1;
    for (size_t i = 0; i < reply->n_lines; i++)
        n += reply->lines[i].text.n;
    char *p = arena_alloc(a, n + 1), *at = p;
    for (size_t i = 0; i < reply->n_lines; i++) {
        slice text = reply->lines[i].text;
        if (i)
            *at++ = '\n';
        if (text.n)
            memcpy(at, text.p, text.n);
        at += text.n;
    }
    return (slice) { p, n };
}
