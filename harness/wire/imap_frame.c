#include "imap_frame.h"
#include "imap_chars.h"

void imap_framer_init(struct imap_framer *f, enum imap_frame_side side)
{
    *f = (struct imap_framer) { .side = side,
                                .line_max = IMAP_LINE_MAX,
                                .literal_max = IMAP_LITERAL_MAX,
                                .unit_max = IMAP_UNIT_MAX };
    imap_framer_reset(f);
}

void imap_framer_reset(struct imap_framer *f)
{
    f->at = f->line_start = f->outside = f->n_literals = 0;
    f->skip = 0;
    f->status_line = f->in_literal = false;
    f->bare_lf = f->bare_cr = IMAP_NOWHERE;
}

/* Takes the word up to a space or line end off *rest, and one space behind it. */
static slice take_word(slice *rest)
{
    size_t i = 0;
    while (i < rest->n && !memchr(" \r\n", rest->p[i], 3))
        i++;
    slice word = slice_sub(*rest, 0, i);
    *rest = slice_skip(*rest, i < rest->n && rest->p[i] == ' ' ? i + 1 : i);
    return word;
}

static bool is_status(slice word)
{
    static const slice names[] = {
        { "OK", 2 }, { "NO", 2 }, { "BAD", 3 }, { "BYE", 3 }, { "PREAUTH", 7 }
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq_nocase(word, names[i]))
            return true;
    return false;
}

/* Whether the line is one whose rest is text for people, so that a "{5}" at its end announces
   nothing. *ret_text is that text. */
static bool is_status_line(slice line, slice *ret_text)
{
    slice first = take_word(&line);
    *ret_text = line;
    if (slice_eq(first, S("+")))
        return true;
    slice second = take_word(&line);
    *ret_text = line;
    return is_status(second);
}

/* Whether the end of the line may hold a literal header at all. */
static bool may_announce(struct imap_framer *f, slice line)
{
    if (f->side == IMAP_FRAME_COMMANDS)
        return true;
    bool first = f->line_start == 0;
    slice text = line;
    if (first)
        f->status_line = is_status_line(line, &text);
    if (!f->status_line)
        return true;
    /* RFC 3501 9: BADCHARSET takes astrings, so literals may stand in this one code. */
    if (first && !slice_starts_nocase(text, S("[BADCHARSET ")))
        return false;
    return slice_find_char(text, ']') == SIZE_MAX;
}

static void frame_fill(const struct imap_framer *f, struct imap_frame *ret)
{
    *ret = (struct imap_frame) {
        .length = f->at, .n_literals = f->n_literals, .bare_lf = f->bare_lf, .bare_cr = f->bare_cr
    };
}

static enum imap_frame_status frame_limit(const struct imap_framer *f, enum imap_frame_limit limit,
                                          struct imap_frame *ret)
{
    frame_fill(f, ret);
    ret->limit = limit;
    return IMAP_FRAME_LIMIT;
}

static enum imap_frame_limit literal_limit(const struct imap_framer *f, uint64_t length, size_t end)
{
    if (f->n_literals >= IMAP_LITERALS_MAX)
        return IMAP_LIMIT_COUNT;
    if (length > f->literal_max)
        return IMAP_LIMIT_LITERAL;
    return length > f->unit_max || end > f->unit_max - length ? IMAP_LIMIT_UNIT : IMAP_LIMIT_NONE;
}

/* The line [line_start, end) ends in this header. MORE means: go on with the literal's octets. */
static enum imap_frame_status begin_literal(struct imap_framer *f,
                                            const struct imap_literal *literal, size_t end,
                                            struct imap_frame *ret)
{
    enum imap_frame_limit limit = literal_limit(f, literal->length, end);
    bool stop = limit || (f->side == IMAP_FRAME_COMMANDS && !literal->nonsync);
    if (stop) {
        frame_fill(f, ret);
        ret->length = end;
        ret->limit = limit;
        ret->n_literals++;
        ret->literal = literal->length;
        ret->synchronising = !literal->nonsync;
    }
    if (limit)
        return IMAP_FRAME_LIMIT;
    f->n_literals++;
    f->outside += end - f->line_start;
    f->at = end;
    f->skip = literal->length;
    return stop ? IMAP_FRAME_CONTINUE : IMAP_FRAME_MORE;
}

/* The line ends with the LF at `lf`. MORE means that a literal was begun. A limit leaves f->at at the
   LF, so that another scan says the same again. */
static enum imap_frame_status end_line(struct imap_framer *f, slice buffer, size_t lf,
                                       struct imap_frame *ret)
{
    slice line = slice_sub(buffer, f->line_start, lf + 1);
    f->at = lf;
    if (f->outside + line.n > f->line_max)
        return frame_limit(f, IMAP_LIMIT_LINE, ret);
    if (lf + 1 > f->unit_max)
        return frame_limit(f, IMAP_LIMIT_UNIT, ret);
    bool crlf = line.n >= 2 && line.p[line.n - 2] == '\r';
    if (!crlf && f->bare_lf == IMAP_NOWHERE)
        f->bare_lf = lf;
    struct imap_literal literal;
    if (may_announce(f, line) && imap_literal_at_end(line, &literal))
        return begin_literal(f, &literal, lf + 1, ret);
    f->at = lf + 1;
    frame_fill(f, ret);
    imap_framer_reset(f);
    return IMAP_FRAME_COMPLETE;
}

/* Looks for the LF of the current line from f->at on. SIZE_MAX: not there yet. */
static size_t find_lf(struct imap_framer *f, slice buffer)
{
    for (; f->at < buffer.n; f->at++) {
        if (buffer.p[f->at] == '\n')
            return f->at;
        if (buffer.p[f->at] != '\r')
            continue;
        if (f->at + 1 == buffer.n)
            return SIZE_MAX; /* bare or not: the next octet tells */
        if (buffer.p[f->at + 1] != '\n' && f->bare_cr == IMAP_NOWHERE)
            f->bare_cr = f->at;
    }
    return SIZE_MAX;
}

/* Passes over the octets of a literal; false when some are still missing. */
static bool skip_literal(struct imap_framer *f, slice buffer)
{
    size_t have = buffer.n - f->at;
    size_t step = f->skip < have ? (size_t)f->skip : have;
    f->at += step;
    f->skip -= step;
    if (f->skip)
        return false;
    f->line_start = f->at;
    return true;
}

enum imap_frame_status imap_framer_scan(struct imap_framer *f, slice buffer, struct imap_frame *ret)
{
    for (;;) {
        if (f->in_literal) {
            if (!skip_literal(f, buffer))
                return IMAP_FRAME_MORE;
            f->in_literal = false;
        }
        size_t lf = find_lf(f, buffer);
        if (lf == SIZE_MAX)
            break;
        enum imap_frame_status status = end_line(f, buffer, lf, ret);
        if (status == IMAP_FRAME_COMPLETE || status == IMAP_FRAME_LIMIT)
            return status;
        f->in_literal = true;
        if (status == IMAP_FRAME_CONTINUE)
            return status;
    }
    if (f->outside + (f->at - f->line_start) > f->line_max)
        return frame_limit(f, IMAP_LIMIT_LINE, ret);
    if (f->at > f->unit_max)
        return frame_limit(f, IMAP_LIMIT_UNIT, ret);
    return IMAP_FRAME_MORE;
}
