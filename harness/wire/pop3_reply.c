#include "pop3_reply.h"

/* Framing */

void pop3_frame_init(struct pop3_frame *f, bool multiline, size_t limit)
{
    *f = (struct pop3_frame) { .multiline = multiline, .limit = limit, .false_end = NO_OFFSET };
    line_frame_init(&f->line, limit < POP3_LINE_LIMIT ? limit : POP3_LINE_LIMIT);
}

/* The status of a first line, whatever its case and whatever follows. */
static enum pop3_status status_of(slice line, size_t *ret_octets)
{
    static const struct {
        const char *word;
        enum pop3_status status;
    } words[] = { { "+OK", POP3_OK }, { "-ERR", POP3_ERR }, { "+ ", POP3_CONTINUE } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_starts_nocase(line, slice_of(words[i].word))) {
            *ret_octets = strlen(words[i].word);
            return words[i].status;
        }
    *ret_octets = 0;
    return POP3_UNKNOWN;
}

/* Looks for lines "." whose ends are bare LFs: whoever sends those thinks the response complete. */
static void note_false_end(struct pop3_frame *f, slice buffer, size_t to)
{
    for (size_t i = f->first + f->done; i < to && f->false_end == NO_OFFSET; i++) {
        if (buffer.p[i] != '\n')
            continue;
        bool cr = buffer.p[i - 1] == '\r';
        size_t dot = i - (cr ? 2 : 1);
        if (dot >= f->first && buffer.p[dot] == '.' && buffer.p[dot - 1] == '\n' &&
            !(cr && buffer.p[dot - 2] == '\r'))
            f->false_end = dot;
    }
}

static enum frame next_in_body(struct pop3_frame *f, slice buffer, size_t *ret_octets)
{
    size_t used;
    slice fresh = slice_skip(buffer, f->first + f->done);
    enum frame got = dot_decode(&f->end, fresh, NULL, &used);
    size_t octets = f->first + f->done + used;
    note_false_end(f, buffer, got == FRAME_READY ? octets - 3 : octets);
    f->done += used;
    if (octets > f->limit || (got == FRAME_MORE && octets == f->limit))
        return FRAME_LIMIT;
    if (got == FRAME_READY) {
        pop3_frame_init(f, f->multiline, f->limit);
        *ret_octets = octets;
    }
    return got;
}

enum frame pop3_frame_next(struct pop3_frame *f, slice buffer, size_t *ret_octets)
{
    if (f->first)
        return next_in_body(f, buffer, ret_octets);
    struct line line;
    enum frame got = line_frame_next(&f->line, buffer, &line);
    if (got != FRAME_READY)
        return got;
    size_t word;
    if (f->multiline && status_of(line.text, &word) == POP3_OK) {
        f->first = line.octets;
        return next_in_body(f, buffer, ret_octets);
    }
    pop3_frame_init(f, f->multiline, f->limit);
    *ret_octets = line.octets;
    return FRAME_READY;
}

/* Reading */

const char *pop3_status_name(enum pop3_status status)
{
    static const char *const names[] = { "+OK", "-ERR", "+", "unknown" };
    return names[status];
}

#define REPORT(r, a, rule, offset, ...)                                                            \
    grammar_errors_add(&(r)->errors, a, rule, offset, __VA_ARGS__)

static void check_line(const struct line *line, struct arena *a, struct pop3_reply *r)
{
    if (line->bare_lf == line->octets)
        REPORT(r, a, RULE_POP3_LINE_END, line->octets, "the line has no end");
    else if (line->bare_lf != NO_OFFSET)
        REPORT(r, a, RULE_POP3_LINE_END, line->bare_lf, "the line ends in LF without CR");
    if (line->bare_cr != NO_OFFSET)
        REPORT(r, a, RULE_POP3_LINE_END, line->bare_cr, "a CR without LF stands in the line");
    /* A challenge is base64 of the length it needs: RFC 5034 4 lifts the limit for it. */
    if (line->octets > POP3_LINE_OCTETS && r->status != POP3_CONTINUE)
        REPORT(r, a, RULE_POP3_LINE_LENGTH, POP3_LINE_OCTETS, "a first line of %zu octets",
               line->octets);
}

/* US-ASCII without NUL: CHAR of RFC 2449 3. Its schar leaves out the space, which every example
   has, so it cannot be meant as written, and other control characters are let pass. */
static void check_text(struct arena *a, unsigned flags, struct pop3_reply *r)
{
    for (size_t i = 0; i < r->first.n; i++) {
        unsigned char c = (unsigned char)r->first.p[i];
        size_t n = c >= 1 && c <= 0x7F;
        if (c >= 0x80 && (flags & POP3_UTF8))
            n = utf8_sequence(slice_skip(r->first, i));
        if (!n) {
            REPORT(r, a, RULE_POP3_TEXT, i, "octet 0x%02X in the text of a response", c);
            return;
        }
        i += n - 1;
    }
}

/* resp-code = "[" resp-level *("/" resp-level) "]" ; resp-level = 1*rchar
   rchar = printable ASCII but "/" and "]" */
static bool read_code(slice text, slice *ret)
{
    size_t close = slice_find_char(text, ']');
    if (!text.n || text.p[0] != '[' || close == SIZE_MAX)
        return false;
    slice code = slice_sub(text, 1, close), rest = code, level;
    while (slice_cut(&rest, '/', &level)) {
        if (!level.n)
            return false;
        for (size_t i = 0; i < level.n; i++)
            if (level.p[i] < 0x21)
                return false;
    }
    *ret = code;
    return true;
}

static void read_text(struct arena *a, unsigned flags, struct pop3_reply *r)
{
    char text[ESCAPED_MAX];
    r->message = r->text;
    if (!r->text.n || r->text.p[0] != '[' || r->status == POP3_CONTINUE)
        return;
    if (read_code(r->text, &r->code))
        r->message = slice_trim(slice_skip(r->text, r->code.n + 2));
    else if (flags & POP3_RESP_CODES)
        REPORT(r, a, RULE_POP3_RESPONSE_CODE, (size_t)(r->text.p - r->raw.p),
               "\"%s\" starts with no response code", escape_text(r->text, text));
}

static void read_status(struct arena *a, unsigned flags, struct pop3_reply *r)
{
    char text[ESCAPED_MAX];
    size_t word;
    slice line = r->first;
    r->status = status_of(line, &word);
    /* An empty challenge is "+ " (RFC 5034 4); a "+" alone is how some send it. */
    if (r->status == POP3_UNKNOWN && (flags & POP3_IN_AUTH) && slice_eq(line, S("+"))) {
        r->status = POP3_CONTINUE;
        word = 1;
    }
    r->text = slice_skip(line, word);
    if (r->status == POP3_UNKNOWN)
        REPORT(r, a, RULE_POP3_STATUS, 0, "neither +OK nor -ERR: \"%s\"", escape_text(line, text));
    if (r->status != POP3_OK && r->status != POP3_ERR)
        return;
    if (!slice_starts(line, slice_of(pop3_status_name(r->status))))
        REPORT(r, a, RULE_POP3_STATUS_CASE, 0, "\"%s\" is not in upper case",
               escape_text(slice_sub(line, 0, word), text));
    if (r->text.n && r->text.p[0] != ' ')
        REPORT(r, a, RULE_POP3_STATUS_SPACE, word, "no space behind the status: \"%s\"",
               escape_text(line, text));
    else
        r->text = slice_skip(r->text, 1);
}

/* Every line that starts with a dot must start with two: the end was cut off before. */
static void check_stuffing(struct arena *a, struct pop3_reply *r)
{
    slice rest = r->body;
    while (rest.n) {
        if (rest.p[0] == '.' && !slice_starts(rest, S(".."))) {
            REPORT(r, a, RULE_POP3_STUFFING, r->body_offset + (r->body.n - rest.n),
                   "a line starts with one dot and is not the end");
            return;
        }
        size_t end = slice_find(rest, S("\r\n"));
        rest = slice_skip(rest, end == SIZE_MAX ? rest.n : end + 2);
    }
}

void pop3_reply_parse(slice raw, unsigned flags, struct arena *a, struct pop3_reply *ret)
{
    struct line_frame frame;
    struct line line;
    *ret = (struct pop3_reply) { .raw = raw };
    line_frame_init(&frame, SIZE_MAX);
    if (line_frame_next(&frame, raw, &line) != FRAME_READY)
        line = (struct line) { raw, raw.n, raw.n, frame.bare_cr, frame.nul };
    ret->first = line.text;
    read_status(a, flags, ret);
    check_line(&line, a, ret);
    check_text(a, flags, ret);
    read_text(a, flags, ret);
    ret->multiline = (flags & POP3_MULTILINE) && ret->status == POP3_OK;
    ret->body_offset = line.octets;
    slice rest = slice_skip(raw, line.octets), end = S(".\r\n");
    if (!ret->multiline)
        rest.n = 0;
    ret->body = slice_sub(rest, 0, slice_ends(rest, end) ? rest.n - end.n : rest.n);
    check_stuffing(a, ret);
}

bool pop3_reply_body(const struct pop3_reply *reply, struct buf *out)
{
    struct dot_decoder d = { 0 };
    size_t used;
    return dot_decode(&d, reply->body, out, &used) != FRAME_LIMIT;
}

bool pop3_body_line(slice *rest, slice *ret)
{
    if (!rest->n)
        return false;
    size_t end = slice_find(*rest, S("\r\n"));
    slice line = slice_sub(*rest, 0, end);
    *rest = slice_skip(*rest, end == SIZE_MAX ? rest->n : end + 2);
    *ret = slice_starts(line, S(".")) ? slice_skip(line, 1) : line;
    return true;
}

slice pop3_timestamp(slice greeting)
{
    size_t from = slice_find_char(greeting, '<');
    slice rest = slice_skip(greeting, from == SIZE_MAX ? greeting.n : from);
    size_t to = slice_find_char(rest, '>');
    slice whole = slice_sub(rest, 0, to == SIZE_MAX ? 0 : to + 1);
    return slice_find_char(whole, '@') == SIZE_MAX ? S("") : whole;
}
