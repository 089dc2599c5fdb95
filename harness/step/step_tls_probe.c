/* What a server makes of clear text where TLS should be: commands sent along with STARTTLS, and
   octets that are no handshake. After either the connection is spent: what comes is looked at
   here, and not held against the invariants. */
#include "client_steps.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include "step_tls.h"

#define WATCH SECONDS(1) /* for an answer that should not come */

/* ---- a command that works in every state ---- */

static slice probe_tag(struct device *d)
{
    return device_is_imap(d) ? arena_dup(&d->play->arena, device_new_tag(d)) : (slice) { NULL, 0 };
}

/* POP3 has no other before login that all servers know. */
static enum step_result send_probe(struct device *d, const struct step *s, slice tag)
{
    auto_buf line;
    buf_init(&line, BUF_OURS);
    if (tag.n)
        buf_addf(&line, "%.*s ", SLICE_ARG(tag));
    buf_adds(&line, device_protocol(d) == PROTOCOL_POP3 ? "QUIT\r\n" : "NOOP\r\n");
    step_pop3_expect(d, S("QUIT"));
    return device_write(d, s, buf_slice(&line));
}

static bool is_success(const struct unit *u)
{
    if (u->imap)
        return u->imap->status == IMAP_OK || u->imap->status == IMAP_PREAUTH;
    return u->smtp ? u->smtp->class == 2 : u->pop3 && u->pop3->status == POP3_OK;
}

/* Untagged data may come at any time in IMAP, but "* BAD" says that a command was seen. */
static bool answers_something(const struct unit *u)
{
    if (!u->imap)
        return true;
    return u->imap->kind == IMAP_TAGGED ||
           (u->imap->kind == IMAP_STATUS && u->imap->status == IMAP_BAD);
}

/* The next unit that answers something. */
static enum conn_result next_answer(struct device *d, nsec deadline, struct unit **ret)
{
    enum conn_result r;
    do
        r = device_take(d, deadline, ret);
    while (r == CONN_UNIT && !answers_something(*ret));
    return r;
}

static enum tls_outcome cancelled(struct device *d)
{
    play_error(d->play, ERR_CANCEL, "interrupted");
    return TLS_WE_CANNOT;
}

/* ---- commands sent along with STARTTLS ---- */

static enum tls_outcome executed(struct device *d, const struct step *s, const struct unit *u,
                                 const char *what)
{
    if (client_says_rate(u)) {
        play_error(d->play, ERR_RATE, "%s is rate limited", d->name);
        return TLS_WE_CANNOT;
    }
    play_fail(d->play, s, d, NULL, "%s %s", d->name, what);
    play_fail_actual(d->play, u->raw, NULL);
    return TLS_EXECUTED;
}

enum tls_outcome tls_look_for_execution(struct device *d, const struct step *s)
{
    struct unit *u = NULL;
    slice tag = probe_tag(d);
    d->quiet = true;
    enum conn_result r = next_answer(d, now() + WATCH, &u);
    if (r == CONN_UNIT)
        return executed(d, s, u, "got an answer inside TLS to what was sent in clear");
    if (r == CONN_TIMEOUT && send_probe(d, s, tag) == STEP_OK)
        r = next_answer(d, now() + d->play->timeout, &u);
    if (r == CONN_UNIT && (!is_success(u) || (u->imap && !slice_eq(u->imap->tag, tag))))
        return executed(d, s, u,
                        "had its first command inside TLS mixed with what was sent in clear");
    if (r == CONN_UNIT)
        r = next_answer(d, now() + WATCH, &u);
    if (r == CONN_UNIT)
        return executed(d, s, u, "got two answers to its first command inside TLS");
    return r == CONN_CANCELLED ? cancelled(d) : TLS_IS_UP;
}

/* ---- octets that are no handshake ---- */

/* TLS alerts of the server look like anything to a parser of lines, but never like a success. */
static enum conn_result next_success(struct device *d, nsec deadline, struct unit **ret)
{
    enum conn_result r;
    do
        r = device_take(d, deadline, ret);
    while (r == CONN_UNIT && !is_success(*ret));
    return r;
}

enum tls_outcome tls_send_garbage(struct device *d, const struct step *s, const struct node *raw)
{
    struct unit *u = NULL;
    slice bytes = raw->text, tag = probe_tag(d);
    d->quiet = true;
    if (!raw->tag && play_expand(d, d->play, raw, &bytes) != STEP_OK)
        return TLS_WE_CANNOT;
    if (device_write(d, s, bytes) != STEP_OK)
        return TLS_WE_CANNOT;
    enum conn_result r = next_success(d, now() + WATCH, &u);
    if (r == CONN_TIMEOUT && send_probe(d, s, tag) == STEP_OK)
        r = next_success(d, now() + 2 * WATCH, &u);
    if (r == CONN_CANCELLED)
        return cancelled(d);
    if (r != CONN_UNIT)
        return TLS_FAILED;
    play_fail(d->play, s, d, raw, "%s is spoken to in clear where only TLS may follow", d->name);
    play_fail_actual(d->play, u->raw, NULL);
    return TLS_GOES_ON;
}
