/* From bytes to units: framing and parsing by protocol. */
#include "conn_private.h"
#include "imap_response.h"

static void errors_copy(struct unit *u, const struct grammar_errors *errors)
{
    u->errors = *errors; /* the rows are in the unit's arena already */
}

static void smtp_init(struct conn *c)
{
    smtp_reply_frame_init(&c->frame.smtp);
}

static enum frame smtp_next(struct conn *c, slice buffer, struct imap_frame *ret)
{
    return smtp_reply_frame_next(&c->frame.smtp, buffer, &ret->length);
}

static void smtp_parse(struct conn *c, struct unit *u)
{
    unsigned flags = c->flags & ~(unsigned)SMTP_REPLY_TO_EHLO;
    if (c->hello_sent)
        flags |= SMTP_REPLY_TO_EHLO;
    if (c->hello_sent || u->number == 1)
        flags &= ~(unsigned)SMTP_REPLY_ENHANCED;
    c->hello_sent = false;
    u->smtp = arena_new(&u->arena, struct smtp_reply);
    smtp_reply_parse(u->raw, flags, &u->arena, u->smtp);
    errors_copy(u, &u->smtp->errors);
}

static enum conn_expect pop3_expected(const struct conn *c)
{
    return c->next_expected < c->expected.n ? c->expected.v[c->next_expected] : EXPECT_LINE;
}

static void pop3_init(struct conn *c)
{
    c->begun = false;
}

static enum frame pop3_next(struct conn *c, slice buffer, struct imap_frame *ret)
{
    if (!buffer.n)
        return FRAME_MORE;
    if (!c->begun)
        pop3_frame_init(&c->frame.pop3, pop3_expected(c) == EXPECT_MULTI, c->unit_max);
    c->begun = true;
    enum frame frame = pop3_frame_next(&c->frame.pop3, buffer, &ret->length);
    if (frame == FRAME_READY)
        c->begun = false;
    return frame;
}

static void pop3_parse(struct conn *c, struct unit *u)
{
    enum conn_expect kind = pop3_expected(c);
    unsigned flags = c->flags & ~(unsigned)(POP3_MULTILINE | POP3_IN_AUTH);
    flags |= kind == EXPECT_MULTI ? POP3_MULTILINE : 0;
    flags |= kind == EXPECT_AUTH ? POP3_IN_AUTH : 0;
    u->unexpected = c->next_expected == c->expected.n;
    u->pop3 = arena_new(&u->arena, struct pop3_reply);
    pop3_reply_parse(u->raw, flags, &u->arena, u->pop3);
    errors_copy(u, &u->pop3->errors);
    c->challenged = kind == EXPECT_AUTH && u->pop3->status == POP3_CONTINUE;
    if (u->unexpected || c->challenged)
        return;
    if (++c->next_expected == c->expected.n)
        c->next_expected = c->expected.n = 0;
}

static void imap_init(struct conn *c)
{
    imap_framer_init(&c->frame.imap, IMAP_FRAME_RESPONSES);
    c->frame.imap.unit_max = c->unit_max;
    if (c->frame.imap.literal_max > c->unit_max)
        c->frame.imap.literal_max = c->unit_max;
}

static enum frame imap_next(struct conn *c, slice buffer, struct imap_frame *ret)
{
    switch (imap_framer_scan(&c->frame.imap, buffer, ret)) {
    case IMAP_FRAME_COMPLETE:
        return FRAME_READY;
    case IMAP_FRAME_LIMIT:
        return FRAME_LIMIT;
    default:
        return FRAME_MORE;
    }
}

static bool lists(const struct imap_response *r, const char *word)
{
    for (size_t i = 0; i < r->values.n_items; i++)
        if (imap_is_atom(&r->values.items[i], word))
            return true;
    return false;
}

/* What turns on UTF-8 for all that comes after it (RFC 9051 6.3.1 and appendix A, RFC 6855 3). */
static void imap_learn(struct conn *c, const struct imap_response *r)
{
    bool enabled = imap_response_is(r, "ENABLED");
    if (enabled && lists(r, "UTF8=ACCEPT"))
        c->flags |= CONN_IMAP_UTF8;
    if (enabled && lists(r, "IMAP4rev2"))
        c->flags |= CONN_IMAP_REV2;
    if (imap_response_is(r, "CAPABILITY") && lists(r, "IMAP4rev2") && !lists(r, "IMAP4rev1"))
        c->flags |= CONN_IMAP_REV2;
}

static void imap_parse(struct conn *c, struct unit *u)
{
    struct imap_grammar_options options = { .utf8 = c->flags & CONN_IMAP_UTF8,
                                            .rev2 = c->flags & CONN_IMAP_REV2 };
    struct imap_grammar_error error = { 0 };
    u->imap = arena_new(&u->arena, struct imap_response);
    bool good = imap_response_parse(u->raw, &options, &u->arena, u->imap, &error) == 0;
    imap_learn(c, u->imap);
    if (good)
        return;
    struct grammar_error *one = arena_new(&u->arena, struct grammar_error);
    one->rule = error.rule;
    one->offset = error.offset;
    memcpy(one->text, error.text, sizeof error.text);
    u->errors = (struct grammar_errors) { one, 1 };
}

const struct conn_framing *conn_framing_of(enum mail_protocol protocol)
{
    static const struct conn_framing smtp = { smtp_init, smtp_next, smtp_parse };
    static const struct conn_framing pop3 = { pop3_init, pop3_next, pop3_parse };
    static const struct conn_framing imap = { imap_init, imap_next, imap_parse };
    static const struct conn_framing *const table[] = {
        [PROTOCOL_SMTP] = &smtp,
        [PROTOCOL_LMTP] = &smtp,
        [PROTOCOL_POP3] = &pop3,
        [PROTOCOL_IMAP] = &imap,
    };
    return table[protocol];
}

static struct unit *unit_new(struct conn *c, slice raw, const struct imap_frame *frame)
{
    struct unit *u = NEW(struct unit);
    u->at = now();
    u->number = ++c->units;
    u->in_tls = c->tls != NULL;
    u->raw = arena_dup(&u->arena, raw);
    u->bare_lf = frame->bare_lf;
    u->bare_cr = frame->bare_cr;
    c->framing->parse(c, u);
    return u;
}

void unit_free(struct unit *u)
{
    if (!u)
        return;
    struct arena arena = u->arena;
    free(u);
    arena_release(&arena);
}

void unit_free_at(struct unit **u)
{
    unit_free(*u);
}

bool unit_is_valid(const struct unit *u)
{
    for (size_t i = 0; i < u->errors.n; i++)
        if (u->errors.v[i].rule != IMAP_RULE_UNKNOWN && u->errors.v[i].rule != IMAP_RULE_LIMIT)
            return false;
    return true;
}

static bool unit_deliver(struct conn *c, slice raw, const struct imap_frame *frame)
{
    struct unit *u = unit_new(c, raw, frame);
    transcript_received(c->transcript, c->device, u->in_tls, u->at, u->raw);
    *c->last = u;
    c->last = &u->next;
    c->queued++;
    c->queued_bytes += raw.n;
    if (c->seen)
        c->seen(c->ctx, c, u);
    cond_broadcast(&c->changed);
    if (c->queued <= c->inbox_units && c->queued_bytes <= c->inbox_bytes)
        return true;
    conn_set_end(c, CONN_TOO_MUCH,
                 "the server sent more than %zu responses or %zu bytes that "
                 "nothing asked for",
                 c->inbox_units, c->inbox_bytes);
    return false;
}

/* One unit off the start of `rest`. *ret_more: try again. False when a limit was hit. */
static bool take_one(struct conn *c, slice *rest, bool *ret_more)
{
    struct imap_frame frame = { .bare_lf = NO_OFFSET, .bare_cr = NO_OFFSET };
    enum frame status = c->framing->next(c, *rest, &frame);
    *ret_more = status == FRAME_READY;
    if (status == FRAME_LIMIT || (status == FRAME_MORE && rest->n > c->unit_max)) {
        conn_set_end(c, CONN_TOO_MUCH,
                     "the server sent a response, or a line of one, that is "
                     "longer than we read (%zu bytes so far)",
                     rest->n);
        return false;
    }
    if (status == FRAME_MORE)
        return true;
    slice raw = slice_sub(*rest, 0, frame.length);
    *rest = slice_skip(*rest, frame.length);
    return unit_deliver(c, raw, &frame);
}

bool conn_take_units(struct conn *c)
{
    slice rest = buf_slice(&c->in);
    bool more = true, fine = true;
    while (fine && more && rest.n)
        fine = take_one(c, &rest, &more);
    buf_shift(&c->in, c->in.n - rest.n);
    return fine;
}
