/* Devices: connections of a check, from the dialling to the state in which the script takes over. */
#include "device_private.h"
#include "budget.h"
#include "imap_response.h"
#include "invariant.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include <stdio.h>

enum { LEFTOVER_MAX = CONN_LEFTOVER_MAX };

enum mail_protocol device_protocol(const struct device *d)
{
    return services[d->service].protocol;
}

bool device_is_imap(const struct device *d)
{
    return device_protocol(d) == PROTOCOL_IMAP;
}

void device_credentials(const struct device *d, struct credentials *ret)
{
    *ret = (struct credentials) { .user = slice_of(d->account->user),
                                  .password = slice_of(d->account->password),
                                  .allow_clear = target_is_loopback(d->play->session->target) };
}

void device_tls_options(const struct device *d, struct tls_options *ret)
{
    const struct target *t = d->play->session->target;
    const char *name = target_tls_name(t, d->service);
    *ret = (struct tls_options) { .sni = name,
                                  .verify_host = name,
                                  .verify = t->insecure ? TLS_VERIFY_RECORD : TLS_VERIFY_FULL };
}

static void outline(struct device *d, const char *status, slice code)
{
    if (code.n)
        snprintf(d->outline, sizeof d->outline, "%s [%.*s]", status, SLICE_ARG(code));
    else
        snprintf(d->outline, sizeof d->outline, "%s", status);
}

/* A completion without the text that is for people. */
static void note_outline(struct device *d, const struct unit *u)
{
    char *out = d->outline;
    size_t n = sizeof d->outline;
    if (u->smtp && u->smtp->enhanced.class)
        snprintf(out, n, "%d %d.%d.%d", u->smtp->code, u->smtp->enhanced.class,
                 u->smtp->enhanced.subject, u->smtp->enhanced.detail);
    else if (u->smtp)
        snprintf(out, n, "%d", u->smtp->code);
    else if (u->pop3)
        outline(d, pop3_status_name(u->pop3->status), u->pop3->code);
    else if (u->imap && u->imap->kind == IMAP_TAGGED)
        outline(d, imap_status_name(u->imap->status), u->imap->code);
}

static void seen(void *ctx, struct conn *c, const struct unit *u)
{
    struct device *d = ctx;
    (void)c;
    note_outline(d, u);
    if (!d->quiet)
        invariants_see(d, u);
}

static void init_client(struct device *d)
{
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        imap_client_init(&d->client.imap, d->conn, NULL);
        break;
    case PROTOCOL_POP3:
        pop3_client_init(&d->client.pop3, d->conn);
        break;
    default:
        smtp_client_init(&d->client.smtp, d->conn, "client.mailassay.test");
        break;
    }
}

static void release_client(struct device *d)
{
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        imap_client_release(&d->client.imap);
        break;
    case PROTOCOL_POP3:
        pop3_client_release(&d->client.pop3);
        break;
    default:
        smtp_client_release(&d->client.smtp);
        break;
    }
}

/* The stream as the device's shape and the run's say. */
static struct stream *shaped(struct device *d, struct stream *s)
{
    struct shape shape = { 0 };
    const struct run_shape *run = &d->play->session->options->shape;
    shape.every = run->bytes ? 1 : run->split;
    shape.delay = run->slow;
    device_plan_shape(d, &shape);
    return shape.every || shape.delay ? shape_open(s, &shape, NULL) : s;
}

/* Implicit TLS over a new stream. On failure the stream is gone. */
static int wrap_tls(struct device *d, struct stream **s, struct error *err)
{
    struct tls_options options;
    struct stream *inner = *s, *outer;
    device_tls_options(d, &options);
    int r = tls_open_client(inner, d->play->session->tls, &options, now() + d->play->timeout, err,
                            &outer);
    if (r < 0) {
        stream_close(inner);
        return r;
    }
    *s = outer;
    return 0;
}

/* Opens the connection only: nothing is read. */
static int connect_device(struct device *d, struct error *err)
{
    struct session *session = d->play->session;
    const struct target *t = session->target;
    struct stream *s, *tls = NULL;
    struct error *unreachable = &session->unreachable[d->service];
    if (unreachable->code) {
        *err = *unreachable;
        return err->code;
    }
    int r = budget_take(session->budget, err);
    if (r < 0)
        return r;
    d->play->connections++;
    session->run->connections++;
    const char *source =
        d->plan->source ? arena_str(&d->play->arena, d->plan->source->text) : t->source;
    r = t->dial(t->dial_ctx, d->service, source, now() + d->play->timeout, &s, err);
    if (r == ERR_TIMEOUT)
        *unreachable = *err;
    d->dialled |= r == 0;
    if (r == 0 && d->tls == TLS_MODE_IMPLICIT && (r = wrap_tls(d, &s, err)) == 0)
        tls = s;
    if (r < 0) {
        budget_give(session->budget);
        error_prefix(err, "%s (%s)", d->name, services[d->service].name);
        return r;
    }
    struct conn_options options = { .protocol = device_protocol(d),
                                    .device = d->name,
                                    .transcript = d->quiet ? NULL : d->play->transcript,
                                    .seen = seen,
                                    .ctx = d,
                                    .tls = tls };
    invariants_connected(d);
    d->conn = conn_open(shaped(d, s), &options);
    d->pending_end = &d->pending;
    d->outstanding = 0;
    d->idling = false;
    buf_init(&d->leftover, LEFTOVER_MAX);
    init_client(d);
    return 0;
}

void device_close(struct device *d)
{
    if (!d->conn)
        return;
    device_drop_pending(d);
    release_client(d);
    conn_close(d->conn);
    d->conn = NULL;
    buf_release(&d->leftover);
    invariants_disconnected(d);
    budget_give(d->play->session->budget);
}

/* ---- states ---- */

int device_greet(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_greeting(&d->client.imap, deadline, err);
    case PROTOCOL_POP3:
        return pop3_greeting(&d->client.pop3, deadline, err);
    default:
        return smtp_greeting(&d->client.smtp, deadline, err);
    }
}

/* Capabilities before TLS are asked for, since STARTTLS may be used only where it is offered. */
int device_hello(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_capability(&d->client.imap, deadline, err);
    case PROTOCOL_POP3:
        return pop3_capa(&d->client.pop3, deadline, err);
    default:
        return smtp_hello(&d->client.smtp, deadline, err);
    }
}

void device_judge_leftover(struct device *d)
{
    static const char rule[] = "invariant/tls/no-plaintext-after-go-ahead";
    invariant_checked(d, rule);
    if (d->leftover.n)
        invariant_break(d, rule, buf_slice(&d->leftover),
                        "%s got clear text between the go-ahead and the handshake", d->name);
}

static int start_tls(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    struct tls_context *context = d->play->session->tls;
    struct tls_options options;
    device_tls_options(d, &options);
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_start_tls(&d->client.imap, context, &options, deadline, &d->leftover, err);
    case PROTOCOL_POP3:
        return pop3_start_tls(&d->client.pop3, context, &options, deadline, &d->leftover, err);
    default:
        return smtp_start_tls(&d->client.smtp, context, &options, deadline, &d->leftover, err);
    }
}

static int upgrade(struct device *d, struct error *err)
{
    int r = start_tls(d, err);
    if (r != ERR_REFUSED)
        device_judge_leftover(d);
    return r;
}

/* Set-up logs in the plainest way that TLS allows, which every server can and which costs no
   hashing; the mechanisms themselves are for checks. */
static int login(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    struct credentials who;
    device_credentials(d, &who);
    if (conn_in_tls(d->conn) && caps_has_mechanism(device_caps(d), S("PLAIN")))
        who.mechanism = S("PLAIN");
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_login(&d->client.imap, &who, deadline, err);
    case PROTOCOL_POP3:
        return pop3_login(&d->client.pop3, &who, deadline, err);
    case PROTOCOL_SMTP:
        return smtp_login(&d->client.smtp, &who, deadline, err);
    default:
        return 0; /* LMTP has no login in what we test */
    }
}

static int climb(struct device *d, enum device_state state, struct error *err)
{
    bool starttls = d->tls == TLS_MODE_STARTTLS;
    int r = 0;
    if (state >= STATE_GREETING)
        r = device_greet(d, err);
    if (r == 0 && state >= STATE_TLS && starttls && (r = device_hello(d, err)) == 0)
        r = upgrade(d, err);
    if (r == 0 && state >= STATE_HELLO && !starttls)
        r = device_hello(d, err);
    if (r == 0 && state == STATE_LOGIN)
        r = login(d, err);
    return r;
}

static int open_once(struct device *d, enum device_state state, struct error *err)
{
    int r = connect_device(d, err);
    if (r < 0)
        return r;
    r = climb(d, state, err);
    if (r < 0)
        error_prefix(err, "%s (%s)", d->name, services[d->service].name);
    return r;
}

/* The session that has the maildrop may be one of ours that has just ended: a server notices that
   in its own time. */
int device_open(struct device *d, enum device_state state, struct error *err)
{
    nsec deadline = now() + d->play->timeout, pause = MILLIS(50);
    if (state == STATE_CLOSED)
        return 0;
    int r = open_once(d, state, err);
    while (r < 0 && d->conn && device_protocol(d) == PROTOCOL_POP3 && d->client.pop3.in_use &&
           now() < deadline) {
        device_close(d);
        if (task_sleep(now() + pause) == WAKE_CANCEL)
            return error_set(err, ERR_CANCEL, "interrupted");
        pause = pause < SECONDS(1) ? 2 * pause : pause;
        r = open_once(d, state, err);
    }
    return r;
}

void device_leave(struct device *d)
{
    struct error ignored;
    struct unit *u;
    if (!d->conn || device_protocol(d) != PROTOCOL_POP3 || conn_ended(d->conn) != CONN_OPEN)
        return;
    d->quiet = true;
    nsec deadline = now() + SECONDS(2);
    if (pop3_rset(&d->client.pop3, deadline, &ignored) == ERR_NETWORK ||
        pop3_quit(&d->client.pop3, deadline, &ignored) < 0)
        return;
    while (conn_next(d->conn, deadline, &u) == CONN_UNIT)
        unit_free(u);
}

struct capabilities *device_caps(struct device *d)
{
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return session_caps(&d->client.imap.caps);
    case PROTOCOL_POP3:
        return session_caps(&d->client.pop3.caps);
    default:
        return session_caps(&d->client.smtp.caps);
    }
}
