/* Waiting until a message has come out at the other end, and comparing it octet for octet. */
#include "imap_response.h"
#include "expect_private.h"
#include "message.h"
#include "mime_header.h"
#include "pop3_reply.h"
#include "step_table.h"
#include "trace.h"

enum { MAX_TRACE = 16 };

/* "/re/" without its slashes. */
static bool regex_of(const struct node *n, struct arena *arena, slice *ret)
{
    struct pattern p;
    size_t offset;
    const char *why;
    if (!pattern_parse(n->text, arena, &p, &offset, &why) || p.n != 1 ||
        p.items[0].kind != PATTERN_REGEX)
        return false;
    *ret = p.items[0].text;
    return true;
}

static void check_header(struct step_check *c, const struct node *n)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_items(n, items, EXPECT_ITEMS_MAX);
    slice regex;
    for (size_t i = 0; i < count; i++)
        if (!regex_of(items[i], c->loader->arena, &regex))
            problem_add(c->loader->problems, items[i]->at, "this must be one /regular expression/");
        else
            step_check_pattern(c, items[i]);
}

void step_delivered_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const keys[] = { "message", "mailbox",        "within", "trace",
                                        "header",  "header-without", "where" };
    if (!node_is(value, NODE_MAP, "delivered", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "delivered", c->loader->problems);
    if (node_get(value, "message"))
        step_check_text(c, node_get(value, "message"), "message");
    else
        problem_add(c->loader->problems, value->at, "delivered needs \"message\"");
    if (node_get(value, "mailbox"))
        step_check_text(c, node_get(value, "mailbox"), "mailbox");
    step_check_within(c, value);
    check_header(c, node_get(value, "header"));
    check_header(c, node_get(value, "header-without"));
    expect_check_where(c, node_get(value, "where"));
    if (c->device->kind == DEVICE_POP3)
        c->check->exclusive = true;
}

/* ---- looking once ---- */

/* 1 found, 0 not yet, < 0 an error. */
static int look_imap(struct device *d, slice mailbox, slice id, struct buf *got, struct error *err)
{
    struct imap_client *c = &d->client.imap;
    struct imap_mailbox box;
    nsec deadline = now() + d->play->timeout;
    struct imap_piece pieces[] = { { IMAP_TEXT, S("UID SEARCH HEADER Message-ID ") },
                                   { IMAP_ASTRING, id } };
    auto_imap_result found = { 0 };
    uint64_t uid = 0;
    invariants_command(d, S("EXAMINE"));
    int r = imap_select(c, mailbox, true, deadline, err, &box);
    if (r < 0)
        return r;
    invariants_command(d, S("UID SEARCH"));
    if ((r = imap_command(c, pieces, 2, deadline, err, &found)) < 0)
        return r;
    for (const struct unit *u = found.first; u; u = u->next)
        if (u->imap && imap_response_is(u->imap, "SEARCH") && u->imap->values.n_items)
            imap_to_number(&u->imap->values.items[0], UINT32_MAX, &uid);
    if (!uid)
        return 0;
    invariants_command(d, S("UID FETCH"));
    r = imap_fetch_whole(c, uid, deadline, got, err);
    return r < 0 ? r : 1;
}

/* A POP3 session sees what was there when it began, so each look is a new one. */
static int look_pop3(struct device *d, slice id, struct buf *got, struct error *err)
{
    struct pop3_drop drop;
    nsec deadline = now() + d->play->timeout;
    device_close(d);
    int r = device_open(d, STATE_LOGIN, err);
    if (r < 0)
        return r;
    if ((r = pop3_stat(&d->client.pop3, deadline, err, &drop)) < 0)
        return r;
    for (uint64_t i = drop.messages; i >= 1; i--) {
        buf_clear(got);
        if ((r = pop3_retr(&d->client.pop3, i, deadline, got, err)) < 0)
            return r;
        if (slice_find(buf_slice(got), id) != SIZE_MAX)
            return 1;
    }
    return 0;
}

/* ---- waiting ---- */

static int wait_for(struct device *d, slice mailbox, slice id, nsec deadline, struct buf *got,
                    struct error *err)
{
    nsec pause = MILLIS(10);
    for (;;) {
        int r =
            device_is_imap(d) ? look_imap(d, mailbox, id, got, err) : look_pop3(d, id, got, err);
        if (r != 0 || now() >= deadline)
            return r;
        if (!device_is_imap(d))
            device_close(d);
        if (task_sleep(now() + pause < deadline ? now() + pause : deadline) == WAKE_CANCEL)
            return error_set(err, ERR_CANCEL, "interrupted");
        pause = pause < MILLIS(500) ? 2 * pause : pause;
    }
}

static enum step_result compare(struct device *d, const struct step *s, const struct node *value,
                                slice sent, slice got)
{
    struct play *p = d->play;
    slice *extra, stripped;
    struct problems ignored = { 0 };
    size_t n = node_strings(node_get(value, "trace"), "trace", &p->arena, &extra, &ignored), at;
    problems_release(&ignored);
    if (trace_equal(sent, got, extra, n, &stripped, &at))
        return STEP_OK;
    size_t from = at > 60 ? at - 60 : 0;
    play_fail(p, s, d, node_get(value, "message"),
              "the message that %s got is not the one that was sent: octet %zu differs (%zu octets "
              "came, %zu were sent)",
              d->name, at + 1, stripped.n, sent.n);
    play_fail_expected(p, slice_sub(sent, from, at + 40));
    play_fail_actual(p, slice_sub(stripped, from, at + 40), NULL);
    return STEP_FAILED;
}

/* Variables in a regular expression stand for their value as it is; a "$" before another word is
   left alone. */
static slice regex_with_values(struct device *d, slice regex)
{
    struct var_piece piece;
    slice rest = regex, value;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    while (var_piece_next(&rest, &piece)) {
        if (!piece.name.n)
            buf_add(&out, piece.plain);
        else if (vars_get(device_vars(d), piece.name, &value))
            buf_addf(&out, "\\Q%.*s\\E", SLICE_ARG(value));
        else
            buf_addf(&out, "$%.*s", SLICE_ARG(piece.name));
    }
    return arena_dup(&d->play->arena, buf_slice(&out));
}

/* The header as it arrived, trace fields and all, against `header` or `header-without`. */
static enum step_result judge_header(struct device *d, const struct step *s, const struct node *n,
                                     bool wanted, slice header)
{
    struct play *p = d->play;
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_items(n, items, EXPECT_ITEMS_MAX);
    char why[200];
    slice regex;
    for (size_t i = 0; i < count; i++) {
        if (!regex_of(items[i], &p->arena, &regex))
            continue;
        int found = match_regex(regex_with_values(d, regex), header, wanted ? &p->vars : NULL, why);
        if (found < 0)
            return play_error(p, ERR_FILE, "%s:%u: %s", items[i]->at.file, items[i]->at.line, why);
        if (found == wanted)
            continue;
        play_fail(p, s, d, items[i], "the header of what %s got %s", d->name,
                  wanted ? "is not as expected" : "has what it must not have");
        play_fail_expected(p, items[i]->text);
        play_fail_actual(p, header, NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

static enum step_result judge(struct device *d, const struct step *s, const struct node *value,
                              slice sent, slice got)
{
    slice header = slice_sub(got, 0, mime_header_octets(got));
    enum step_result r = judge_header(d, s, node_get(value, "header"), true, header);
    if (r == STEP_OK)
        r = judge_header(d, s, node_get(value, "header-without"), false, header);
    if (r == STEP_OK)
        r = expect_where(d, s, value);
    return r == STEP_OK ? compare(d, s, value, sent, got) : r;
}

enum step_result step_delivered_run(struct play *p, struct device *d, const struct step *s,
                                    const struct node *value, const struct node *map)
{
    slice sent, mailbox = S("INBOX");
    struct error err = { 0 };
    char took[32];
    auto_buf got;
    buf_init(&got, CONN_UNIT_MAX);
    if (!d->conn && device_is_imap(d))
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    nsec began = now(), deadline = play_deadline(p, value);
    enum step_result r = play_expand(d, p, node_get(value, "message"), &sent);
    if (r == STEP_OK && node_get(value, "mailbox"))
        r = play_expand(d, p, node_get(value, "mailbox"), &mailbox);
    if (r != STEP_OK)
        return r;
    int found = wait_for(d, mailbox, message_id_in(p, sent), deadline, &got, &err);
    if (found < 0)
        return play_error_from(p, &err);
    if (!found)
        return play_fail(p, s, d, value, "%s has not got the message within %s", d->name,
                         duration_text(now() - began, took));
    return judge(d, s, value, sent, buf_slice(&got));
}
