/* Commands: send, pipeline, raw. */
#include "imap_quote.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include "step_table.h"

/* ---- validation ---- */

/* What a command implies for the target (design section 7). */
static void imply(struct step_check *c, bool tagged, slice commands)
{
    if (step_touches_all(c->device->kind, tagged, commands))
        c->check->needs_disposable = c->check->exclusive = true;
    if (c->device->kind == DEVICE_POP3)
        c->check->exclusive = true; /* RFC 1939 4: the maildrop is locked */
}

static void check_line(struct step_check *c, const struct node *n)
{
    step_check_text(c, n, "a command");
    if (n->kind != NODE_SCALAR)
        return;
    if (slice_find_char(n->text, '\n') != SIZE_MAX || slice_find_char(n->text, '\r') != SIZE_MAX)
        problem_add(c->loader->problems, n->at,
                    "a command is one line; its line end is added (use raw for other octets)");
    imply(c, false, n->text);
}

void step_send_check(struct step_check *c, const struct node *value, const struct node *map)
{
    check_line(c, value);
    expect_check(c, map);
}

/* Where there are no tags, each reply is judged by itself, and all of them by nothing. */
static void check_replies(struct step_check *c, const struct node *map)
{
    static const char *const not_read[] = { "lines", "only", "in-order", "without", "body" };
    for (size_t i = 0; i < COUNT(not_read) && c->device->kind != DEVICE_IMAP; i++)
        if (node_get(map, not_read[i]))
            problem_add(c->loader->problems, node_get(map, not_read[i])->at,
                        "the replies of a pipeline are judged by \"expect\" alone");
}

/* There is no waiting for "+" in one write. */
static void check_literals(struct step_check *c, const struct node *n)
{
    size_t at = slice_find(n->text, S("{$"));
    slice inside = at == SIZE_MAX ? (slice) { NULL, 0 } : slice_skip(n->text, at);
    inside = slice_sub(inside, 0, slice_find_char(inside, '}'));
    if (c->device->kind == DEVICE_IMAP && inside.n && !slice_ends(inside, S("+")))
        problem_add(c->loader->problems, n->at,
                    "a literal in a pipeline is one that does not wait: {$name+}");
}

void step_pipeline_check(struct step_check *c, const struct node *value, const struct node *map)
{
    const struct node *expect = node_get(map, "expect");
    if (!node_is(value, NODE_LIST, "pipeline", c->loader->problems))
        return;
    for (size_t i = 0; i < value->n; i++) {
        check_line(c, value->items[i]);
        check_literals(c, value->items[i]);
    }
    check_replies(c, map);
    if (expect && (expect->kind != NODE_LIST || expect->n != value->n))
        problem_add(c->loader->problems, expect->at,
                    "expect is a list with one entry for each of the %zu commands", value->n);
    for (size_t i = 0; expect && expect->kind == NODE_LIST && i < expect->n; i++)
        expect_check_completion(c, expect->items[i]);
    expect_check_rest(c, map);
}

void step_raw_check(struct step_check *c, const struct node *value, const struct node *map)
{
    step_check_text(c, value, "raw");
    imply(c, c->device->kind == DEVICE_IMAP, value->text);
    if (node_get(map, "tag"))
        step_check_text(c, node_get(map, "tag"), "tag");
    if (node_get(map, "tag") && c->device->kind != DEVICE_IMAP)
        problem_add(c->loader->problems, node_get(map, "tag")->at, "only IMAP has tags");
    if (!node_get(map, "expect") && !node_get(map, "tag"))
        expect_check_unread(c, map);
    expect_check(c, map);
}

/* ---- building an IMAP command ---- */

/* A command cut into the parts between which the server must ask for more. */
struct parts {
    ARRAY(slice) v;
    struct buf open;
    struct arena *arena;
};

static void cut(struct parts *p)
{
    *array_push(&p->v) = arena_dup(p->arena, buf_slice(&p->open));
    buf_clear(&p->open);
}

/* {$name} or {$name+} at the start of text: its length, else 0. */
static size_t literal_reference(slice text, slice *ret_name, bool *ret_nonsync)
{
    size_t end = slice_find_char(text, '}');
    if (text.n < 4 || text.p[0] != '{' || text.p[1] != '$' || end == SIZE_MAX)
        return 0;
    slice inside = slice_sub(text, 2, end);
    *ret_nonsync = inside.n && inside.p[inside.n - 1] == '+';
    inside.n -= *ret_nonsync;
    *ret_name = inside;
    return end + 1;
}

static void add_literal(struct parts *p, slice value, bool nonsync)
{
    buf_addf(&p->open, "{%zu%s}\r\n", value.n, nonsync ? "+" : "");
    if (!nonsync)
        cut(p);
    buf_add(&p->open, value);
}

static bool safe_in_word(slice value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c <= ' ' || c >= 127 || strchr("(){\"\\%", (char)c))
            return false;
    }
    return value.n > 0;
}

/* One word of a command with its variables: quoted as a whole when a value needs it. */
static bool add_word(struct parts *p, const struct vars *vars, slice word, slice *missing)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    struct var_piece piece;
    slice rest = word, value;
    bool quote = false;
    while (var_piece_next(&rest, &piece)) {
        if (!piece.name.n) {
            buf_add(&text, piece.plain);
            continue;
        }
        if (!vars_get(vars, piece.name, &value)) {
            *missing = piece.name;
            return false;
        }
        quote |= !safe_in_word(value);
        buf_add(&text, value);
    }
    if (!quote)
        buf_add(&p->open, buf_slice(&text));
    else if (imap_form_of(buf_slice(&text), IMAP_QUOTE_STRING) == IMAP_FORM_QUOTED)
        imap_quoted_add(&p->open, buf_slice(&text));
    else
        add_literal(p, buf_slice(&text), false);
    return true;
}

/* Inside quotes variables are put in with their quotes and backslashes protected. */
static bool add_quoted(struct parts *p, const struct vars *vars, slice *rest, slice *missing)
{
    size_t n = 1;
    while (n < rest->n && rest->p[n] != '"')
        n += rest->p[n] == '\\' ? 2 : 1;
    slice inside = slice_sub(*rest, 1, n);
    auto_buf text;
    buf_init(&text, BUF_OURS);
    if (!vars_expand(vars, inside, &text, missing))
        return false;
    buf_addf(&p->open, "\"%.*s\"", (int)text.n, text.p);
    *rest = slice_skip(*rest, n + 1);
    return true;
}

static bool build_imap(struct parts *p, const struct vars *vars, slice rest, slice *missing)
{
    while (rest.n) {
        slice name, value;
        bool nonsync, good = true;
        size_t n = literal_reference(rest, &name, &nonsync);
        if (n) {
            good = vars_get(vars, name, &value);
            if (good)
                add_literal(p, value, nonsync);
            else
                *missing = name;
            rest = slice_skip(rest, n);
        } else if (rest.p[0] == '"') {
            good = add_quoted(p, vars, &rest, missing);
        } else if (strchr(" ()", rest.p[0])) {
            buf_addc(&p->open, rest.p[0]);
            rest = slice_skip(rest, 1);
        } else {
            for (n = 1; n < rest.n && !strchr(" ()\"", rest.p[n]); n++)
                if (rest.p[n] == '{' && n + 1 < rest.n && rest.p[n + 1] == '$')
                    break;
            good = add_word(p, vars, slice_sub(rest, 0, n), missing);
            rest = slice_skip(rest, n);
        }
        if (!good)
            return false;
    }
    return true;
}

/* The octets of a command in the parts in which it is sent. */
static enum step_result build(struct device *d, const struct node *n, slice tag, struct parts *p)
{
    slice missing = { NULL, 0 };
    struct vars *vars = device_vars(d);
    bool good;
    if (tag.n)
        buf_addf(&p->open, "%.*s ", SLICE_ARG(tag));
    if (device_is_imap(d))
        good = build_imap(p, vars, n->text, &missing);
    else
        good = vars_expand(vars, n->text, &p->open, &missing);
    if (!good)
        return play_error(d->play, ERR_FILE, "%s:%u: the variable $%.*s has no value here",
                          n->at.file, n->at.line, SLICE_ARG(missing));
    buf_adds(&p->open, "\r\n");
    cut(p);
    return STEP_OK;
}

static void parts_init(struct parts *p, struct device *d)
{
    *p = (struct parts) { .arena = &d->play->arena };
    buf_init(&p->open, BUF_OURS);
}

static void parts_release(struct parts *p)
{
    buf_release(&p->open);
    array_release(&p->v);
}

/* ---- sending ---- */

static bool was_continued(const struct reply *r)
{
    return r->completion && r->completion->imap && r->completion->imap->kind == IMAP_CONTINUATION;
}

/* The name of a mailbox may be a literal, so that all parts are looked at, but no message whole. */
static bool may_send(struct device *d, const struct parts *p)
{
    enum { LOOKED_AT = 1000 };
    auto_buf all;
    buf_init(&all, BUF_OURS);
    for (size_t i = 0; i < p->v.n; i++)
        buf_add(&all, slice_sub(p->v.v[i], 0, LOOKED_AT));
    return step_may_send(d, buf_slice(&all));
}

/* Sends the parts, waiting for "+" between them. When the server answers otherwise, the command is
   over and *reply holds that. */
static enum step_result send_parts(struct device *d, const struct step *s, struct parts *p,
                                   slice tag, nsec deadline, struct reply *reply)
{
    enum step_result r = STEP_OK;
    *reply = (struct reply) { 0 };
    for (size_t i = 0; i < p->v.n && r == STEP_OK; i++) {
        r = device_write(d, s, p->v.v[i]);
        if (r != STEP_OK || i + 1 == p->v.n)
            break;
        step_collect(d, tag, true, deadline, reply);
        if (!was_continued(reply))
            return r;
        device_drop_unit(d, reply->completion);
        *reply = (struct reply) { 0 };
    }
    return r;
}

/* SMTP: what is already there before a command is sent answers nothing (RFC 5321 4.2). */
static void look_for_unasked(struct device *d)
{
    const struct unit *u = d->conn ? conn_queue(d->conn) : NULL;
    if (!d->conn || device_is_imap(d) || device_protocol(d) == PROTOCOL_POP3 ||
        !invariants_can_count(d))
        return;
    invariant_checked(d, "invariant/smtp/one-reply-per-command");
    if (u && d->outstanding == 0 && u->smtp && u->smtp->code != 421)
        invariant_break(d, "invariant/smtp/one-reply-per-command", u->raw,
                        "%s got a reply that answers no command", d->name);
}

enum step_result step_send_run(struct play *p, struct device *d, const struct step *s,
                               const struct node *value, const struct node *map)
{
    struct parts parts;
    struct reply reply;
    nsec deadline = play_deadline(p, map);
    slice tag = device_is_imap(d) && d->conn ? device_new_tag(d) : (slice) { NULL, 0 };
    parts_init(&parts, d);
    look_for_unasked(d);
    enum step_result r = build(d, value, tag, &parts);
    if (r == STEP_OK && !may_send(d, &parts))
        r = STEP_FAILED;
    if (r == STEP_OK) {
        step_pop3_expect(d, parts.v.v[0]);
        invariants_command(d, slice_skip(parts.v.v[0], tag.n));
        d->outstanding++;
        r = send_parts(d, s, &parts, tag, deadline, &reply);
    }
    if (r == STEP_OK && !reply.completion && reply.result == CONN_UNIT)
        step_collect(d, tag, step_wants_plus(map), deadline, &reply);
    parts_release(&parts);
    if (r != STEP_OK)
        return r;
    step_save(d, map, &reply);
    r = expect_reply(d, s, map, value, step_success(d), &reply);
    return r == STEP_OK ? step_finish(d, &reply) : r;
}

/* ---- pipeline ---- */

static enum step_result pipeline_build(struct device *d, const struct node *list, struct buf *out,
                                       slice *tags)
{
    for (size_t i = 0; i < list->n; i++) {
        struct parts parts;
        parts_init(&parts, d);
        tags[i] =
            device_is_imap(d) ? arena_dup(&d->play->arena, device_new_tag(d)) : (slice) { NULL, 0 };
        enum step_result r = build(d, list->items[i], tags[i], &parts);
        if (r == STEP_OK && !may_send(d, &parts))
            r = STEP_FAILED;
        if (r == STEP_OK) {
            step_pop3_expect(d, parts.v.v[0]);
            invariants_command(d, slice_skip(parts.v.v[0], tags[i].n));
        }
        for (size_t k = 0; k < parts.v.n; k++)
            buf_add(out, parts.v.v[k]);
        parts_release(&parts);
        if (r != STEP_OK)
            return r;
    }
    return STEP_OK;
}

enum step_result step_pipeline_run(struct play *p, struct device *d, const struct step *s,
                                   const struct node *value, const struct node *map)
{
    const struct node *expect = node_get(map, "expect");
    nsec deadline = play_deadline(p, map);
    slice *tags = arena_new_n(&p->arena, slice, value->n + 1);
    struct reply reply = { 0 };
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    enum step_result r = pipeline_build(d, value, &bytes, tags);
    d->outstanding += (unsigned)value->n;
    if (r == STEP_OK)
        r = device_write(d, s, buf_slice(&bytes));
    for (size_t i = 0; i < value->n && r == STEP_OK; i++) {
        const struct node *want = expect ? expect->items[i] : NULL;
        step_collect(d, tags[i], false, deadline, &reply);
        r = expect_completion(d, s, want, value->items[i], step_success(d), &reply);
        if (r == STEP_OK && reply.completion && !device_is_imap(d))
            device_drop_unit(d, reply.completion);
    }
    /* All that came in any of them; what has no tags was judged reply by reply. */
    struct reply all = { .first = d->pending };
    if (r == STEP_OK)
        r = device_is_imap(d) ? expect_rest(d, s, map, &all) : expect_where(d, s, map);
    if (r == STEP_OK)
        device_drop_pending(d);
    return r;
}

/* ---- raw ---- */

static bool is_one_line(slice bytes)
{
    slice line = slice_sub(bytes, 0, bytes.n - 2);
    return bytes.n > 2 && slice_ends(bytes, S("\r\n")) && slice_find_char(line, '\r') == SIZE_MAX &&
           slice_find_char(line, '\n') == SIZE_MAX && slice_find_char(line, '\0') == SIZE_MAX;
}

/* Only what is clearly one command with one answer lets the rules go on counting. */
static void tell_invariants(struct device *d, slice bytes, slice tag, bool answered)
{
    bool goes_on = tag.n && slice_eq_str(tag, d->tag); /* the command that runs */
    bool tagged = tag.n && slice_starts(bytes, tag) && bytes.n > tag.n && bytes.p[tag.n] == ' ';
    if (device_is_imap(d) && goes_on)
        return;
    if (!answered || !is_one_line(bytes) || (device_is_imap(d) && !tagged))
        invariants_lose_count(d);
    else
        invariants_command(d, slice_skip(bytes, tag.n));
}

enum step_result step_raw_run(struct play *p, struct device *d, const struct step *s,
                              const struct node *value, const struct node *map)
{
    slice bytes, tag = { NULL, 0 };
    nsec deadline = play_deadline(p, map);
    enum step_result r = value->tag ? STEP_OK : play_expand(d, p, value, &bytes);
    if (value->tag)
        bytes = value->text;
    if (r == STEP_OK && node_get(map, "tag"))
        r = play_expand(d, p, node_get(map, "tag"), &tag);
    if (r != STEP_OK || !step_may_send(d, bytes))
        return r != STEP_OK ? r : STEP_FAILED;
    if (!device_is_imap(d) && device_protocol(d) != PROTOCOL_POP3)
        step_remember_sent(p, bytes);
    bool answered = node_get(map, "expect") || tag.n;
    if (answered)
        step_pop3_expect(d, bytes);
    tell_invariants(d, bytes, tag, answered);
    d->outstanding += answered;
    r = device_write(d, s, bytes);
    if (r == STEP_OK && !answered)
        return expect_where(d, s, map);
    if (r != STEP_OK)
        return r;
    struct reply reply;
    step_collect(d, tag, step_wants_plus(map), deadline, &reply);
    step_save(d, map, &reply);
    r = expect_reply(d, s, map, value, step_success(d), &reply);
    return r == STEP_OK ? step_finish(d, &reply) : r;
}
