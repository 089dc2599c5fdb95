/* What comes in: whole commands with their literals, and the lines inside AUTHENTICATE and IDLE. */
#include "imapd_session.h"
#include "sasl_server.h"

nsec imapd_deadline(const struct imapd_session *s)
{
    nsec limit = reference_settings(s->conn->ref)->idle_limit;
    if (faulty(s, FAULT_IMAP_AUTOLOGOUT_EARLY))
        return now() + SECONDS(300);
    return now() + (limit ? limit : SECONDS(60 * IMAPD_IDLE_MINUTES));
}

static enum read_outcome outcome_of(enum server_line line)
{
    return line == LINE_OK ? READ_UNIT : line == LINE_TIMEOUT ? READ_TIMEOUT : READ_END;
}

/* More octets at the end of s->input. */
static enum read_outcome fill(struct imapd_session *s, nsec deadline)
{
    slice pending = server_conn_pending(s->conn);
    if (pending.n == 0) {
        enum server_line line = server_conn_fill(s->conn, deadline);
        if (line != LINE_OK)
            return outcome_of(line);
        pending = server_conn_pending(s->conn);
    }
    bool fits = buf_add(&s->input, pending);
    server_conn_use(s->conn, pending.n);
    return fits ? READ_UNIT : READ_BROKEN;
}

static bool is_tag_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("(){%*\"\\+", c);
}

/* tag = 1*<any ASTRING-CHAR except "+">; "*" when what stands there is none. */
static slice tag_of(slice unit)
{
    size_t n = 0;
    while (n < unit.n && is_tag_char(unit.p[n]))
        n++;
    return n && (n == unit.n || strchr(" \r\n", unit.p[n])) ? slice_sub(unit, 0, n) : S("*");
}

/* The words of a command up to the literal that its last line announces. */
static struct imap_value words_so_far(struct imapd_session *s, slice unit)
{
    struct imap_value words = { 0 };
    size_t at = unit.n;
    while (at > 0 && unit.p[at - 1] != '{')
        at--;
    at -= at > 0;
    at -= at > 0 && unit.p[at - 1] == '~';
    imap_lex(slice_sub(unit, 0, at), 0, &s->arena, &words, NULL);
    return words;
}

/* Is there reason to refuse the command before its literal comes? Then the reply is set. */
static bool literal_is_welcome(struct imapd_session *s, slice unit, uint64_t octets)
{
    struct imap_value words = words_so_far(s, unit);
    size_t used = 0;
    if (words.n_items < 2)
        return imapd_bad(s, "A command begins with a tag and a name"), false;
    const struct imapd_command *row = imapd_find_command(words.items + 1, words.n_items - 1, &used);
    if (!row)
        return imapd_bad(s, "Unknown command"), false;
    if (!(row->states & s->state))
        return imapd_bad(s, "%s is not allowed now", row->name), false;
    if (row->run == imapd_append && words.n_items > 1 + used)
        return imapd_append_is_welcome(s, words.items + 1 + used, words.n_items - 1 - used, octets);
    if (octets > IMAPD_ARGUMENT_MAX)
        return imapd_no(s, "[LIMIT] The literal is too long"), false;
    return true;
}

/* Forgets the command up to its literal header. */
static void drop(struct imapd_session *s, size_t n)
{
    buf_shift(&s->input, n);
    imap_framer_reset(&s->framer);
}

/* A synchronising literal. READ_UNIT: go on reading. */
static enum read_outcome answer_literal(struct imapd_session *s, const struct imap_frame *frame)
{
    slice unit = arena_dup(&s->arena, slice_sub(buf_slice(&s->input), 0, frame->length));
    s->cmd.tag = tag_of(unit);
    if (literal_is_welcome(s, unit, frame->literal)) {
        imapd_send(s, faulty(s, FAULT_IMAP_CONTINUATION_BARE) ? S("+\r\n") : S("+ OK\r\n"));
        return READ_UNIT;
    }
    drop(s, frame->length);
    imapd_send_reply(s);
    return READ_REFUSED;
}

/* Reads and drops n octets. */
static enum read_outcome discard(struct imapd_session *s, uint64_t n, nsec deadline)
{
    while (n) {
        size_t part = n < s->input.n ? (size_t)n : s->input.n;
        buf_shift(&s->input, part);
        n -= part;
        enum read_outcome outcome = n ? fill(s, deadline) : READ_UNIT;
        if (outcome != READ_UNIT)
            return outcome;
    }
    return READ_UNIT;
}

/* The rest of a command whose literal was dropped; further literals are dropped with it, and one
   that waits for "+" ends the command. */
static enum read_outcome discard_rest(struct imapd_session *s, nsec deadline)
{
    for (;;) {
        struct imap_frame frame;
        enum imap_frame_status status = imap_framer_scan(&s->framer, buf_slice(&s->input), &frame);
        if (status == IMAP_FRAME_LIMIT)
            return READ_BROKEN;
        if (status != IMAP_FRAME_MORE) {
            drop(s, frame.length);
            return READ_UNIT;
        }
        enum read_outcome outcome = fill(s, deadline);
        if (outcome != READ_UNIT)
            return outcome;
    }
}

/* RFC 7888, section 4: a refused {n+} literal is coming all the same, so its octets are read. */
static enum read_outcome refuse_literal(struct imapd_session *s, const struct imap_frame *frame,
                                        nsec deadline)
{
    slice unit = arena_dup(&s->arena, slice_sub(buf_slice(&s->input), 0, frame->length));
    enum read_outcome outcome = READ_UNIT;
    s->cmd.tag = tag_of(unit);
    drop(s, frame->length);
    if (!frame->synchronising) {
        if (frame->literal > IMAPD_DISCARD_MAX)
            return READ_BROKEN;
        outcome = discard(s, frame->literal, deadline);
        if (outcome == READ_UNIT)
            outcome = discard_rest(s, deadline);
    }
    if (outcome != READ_UNIT)
        return outcome;
    if (s->state == STATE_GREETED)
        imapd_no(s, "[LIMIT] The literal is too long");
    else
        imapd_no_store(s, STORE_TOO_BIG, false);
    imapd_send_reply(s);
    return READ_REFUSED;
}

static enum read_outcome over_limit(struct imapd_session *s, const struct imap_frame *frame,
                                    nsec deadline)
{
    if (frame->limit == IMAP_LIMIT_LITERAL)
        return refuse_literal(s, frame, deadline);
    return READ_BROKEN;
}

static void set_limits(struct imapd_session *s)
{
    size_t literal = s->state == STATE_GREETED ? IMAPD_LITERAL_MAX : s->store->append_limit;
    s->framer.line_max = IMAPD_LINE_MAX;
    s->framer.literal_max = literal;
    s->framer.unit_max = IMAPD_LINE_MAX + 2 * literal;
}

enum read_outcome imapd_read_unit(struct imapd_session *s, nsec deadline, slice *ret)
{
    set_limits(s);
    enum read_outcome outcome = READ_UNIT;
    while (outcome == READ_UNIT) {
        struct imap_frame frame;
        switch (imap_framer_scan(&s->framer, buf_slice(&s->input), &frame)) {
        case IMAP_FRAME_MORE:
            outcome = fill(s, deadline);
            break;
        case IMAP_FRAME_CONTINUE:
            outcome = answer_literal(s, &frame);
            break;
        case IMAP_FRAME_LIMIT:
            outcome = over_limit(s, &frame, deadline);
            break;
        case IMAP_FRAME_COMPLETE:
            *ret = arena_dup(&s->arena, slice_sub(buf_slice(&s->input), 0, frame.length));
            buf_shift(&s->input, frame.length);
            s->cmd.tag = tag_of(*ret);
            return READ_UNIT;
        }
    }
    return outcome;
}

void imapd_unread(struct imapd_session *s, slice octets)
{
    auto_buf all;
    buf_init(&all, BUF_OURS);
    buf_add(&all, octets);
    buf_add(&all, buf_slice(&s->input));
    buf_clear(&s->input);
    buf_add(&s->input, buf_slice(&all));
}

enum read_outcome imapd_read_line(struct imapd_session *s, nsec deadline, slice *ret)
{
    for (;;) {
        slice input = buf_slice(&s->input);
        size_t end = slice_find(input, S("\r\n"));
        if (end != SIZE_MAX) {
            *ret = arena_dup(&s->arena, slice_sub(input, 0, end));
            buf_shift(&s->input, end + 2);
            return READ_UNIT;
        }
        if (input.n > SASL_MESSAGE_MAX)
            return READ_BROKEN;
        enum read_outcome outcome = fill(s, deadline);
        if (outcome != READ_UNIT)
            return outcome;
    }
}
