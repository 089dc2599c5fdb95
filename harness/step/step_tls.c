/* TLS as a step: STARTTLS in the protocol's own words, the handshake at once, or as the service
   has it. */
#include "step_tls.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"

const char *const tls_outcome_words[] = {
    "ok", "refused", "failed", "closed", "executed", "clear"
};

/* ---- validation ---- */

void step_tls_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const plain[] = { "ok" };
    size_t i;
    if (value->kind == NODE_MAP)
        tls_options_check(c, value);
    else
        node_word(value, plain, 1, "TLS", &i, c->loader->problems);
    expect_check(c, map);
}

void step_starttls_check(struct step_check *c, const struct node *value, const struct node *map)
{
    step_tls_check(c, value, map);
}

void step_secure_check(struct step_check *c, const struct node *value, const struct node *map)
{
    step_tls_check(c, value, map);
}

/* ---- the verdict ---- */

struct attempt {
    struct device *d;
    const struct step *s;
    const struct node *value; /* `ok` or a mapping */
    const struct node *map;   /* value, or NULL for `ok` */
    const struct node *step;  /* the step's own options: where */
};

/* What is accepted when the step does not say. */
static const struct {
    const char *key;
    unsigned outcomes;
} defaults[] = {
    { "inject", 1 << TLS_IS_UP | 1 << TLS_REFUSED | 1 << TLS_FAILED | 1 << TLS_CLOSED },
    { "raw", 1 << TLS_REFUSED | 1 << TLS_FAILED | 1 << TLS_CLOSED },
};

static unsigned accepted(const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(map, "expect"), items, EXPECT_ITEMS_MAX);
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++)
        for (int o = 0; o < TLS_OUTCOMES_EXPECTED; o++)
            if (slice_eq_str(items[i]->text, tls_outcome_words[o]))
                bits |= 1u << o;
    for (size_t i = 0; !n && i < COUNT(defaults); i++)
        if (node_get(map, defaults[i].key))
            bits |= defaults[i].outcomes;
    return bits ? bits : 1 << TLS_IS_UP;
}

/* `what` is the sentence behind "<device>: "; NULL: the failure is set already. */
static enum step_result judge(const struct attempt *a, enum tls_outcome outcome, const char *what)
{
    struct play *p = a->d->play;
    unsigned bits = accepted(a->map);
    const struct node *expect = node_get(a->map, "expect");
    if (outcome == TLS_WE_CANNOT)
        return p->skip ? STEP_FAILED : p->error.code == ERR_CANCEL ? STEP_CANCELLED : STEP_ERROR;
    if (bits >> outcome & 1)
        return expect_where(a->d, a->s, a->step);
    if (what)
        play_fail(p, a->s, a->d, expect ? expect : a->value, "%s: %s", a->d->name, what);
    for (int o = 0; o < TLS_OUTCOMES_EXPECTED; o++)
        if (bits >> o & 1)
            play_fail_expected(p, slice_of(tls_outcome_words[o]));
    if (what)
        play_fail_actual(p, slice_of(tls_outcome_words[outcome]), NULL);
    if (what && a->d->leftover.n)
        play_fail_more(p, "before the handshake this came in clear text: %.*s",
                       (int)a->d->leftover.n, a->d->leftover.p);
    return STEP_FAILED;
}

/* ---- the handshake ---- */

static void new_session(struct device *d)
{
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        session_caps_enter(&d->client.imap.caps, CAPS_TLS);
        break;
    case PROTOCOL_POP3:
        session_caps_enter(&d->client.pop3.caps, CAPS_TLS);
        break;
    default:
        conn_set_flags(d->conn, 0);
        session_caps_enter(&d->client.smtp.caps, CAPS_TLS);
        break;
    }
}

static struct tls_context *context_for(struct device *d, const struct tls_options *o)
{
    struct session *session = d->play->session;
    return o->verify == TLS_VERIFY_RECORD && session->target->insecure ? session->tls_insecure
                                                                       : session->tls;
}

static enum step_result set_up(const struct attempt *a)
{
    struct device *d = a->d;
    new_session(d);
    if (!node_get(a->map, "inject"))
        return judge(a, TLS_IS_UP, "TLS was set up");
    enum tls_outcome outcome = tls_look_for_execution(d, a->s);
    return judge(a, outcome, outcome == TLS_IS_UP ? "TLS was set up" : NULL);
}

/* A step that says nothing of certificates is not there to judge them: it only cannot go on. */
static bool is_about_certificate(const struct node *map)
{
    return node_get(map, "verify") || node_get(map, "name") || node_get(map, "expect");
}

static enum step_result handshake(const struct attempt *a, bool after_go_ahead)
{
    struct device *d = a->d;
    struct tls_options options;
    struct tls_info failed = { 0 };
    struct error err = { 0 };
    if (!tls_options_from(d, a->map, &options))
        return judge(a, TLS_WE_CANNOT, NULL);
    options.ret_failed = &failed;
    buf_clear(&d->leftover);
    device_drop_pending(d);
    int r = conn_start_tls(d->conn, context_for(d, &options), &options, now() + d->play->timeout,
                           &d->leftover, &err);
    if (r == ERR_CANCEL || r == ERR_USAGE)
        return play_error_from(d->play, &err);
    if (after_go_ahead)
        device_judge_leftover(d);
    tls_bind_facts(d, r == 0 ? conn_tls_info(d->conn) : &failed);
    bool ours = r == ERR_TLS && tls_is_refused_by_us(&failed) && !is_about_certificate(a->map);
    tls_info_release(&failed);
    if (ours)
        return play_error_from(d->play, &err);
    return r == 0 ? set_up(a) : judge(a, TLS_FAILED, err.text);
}

static enum step_result handshake_or_garbage(const struct attempt *a, bool after_go_ahead)
{
    const struct node *raw = node_get(a->map, "raw");
    if (!raw)
        return handshake(a, after_go_ahead);
    enum tls_outcome outcome = tls_send_garbage(a->d, a->s, raw);
    return judge(a, outcome, outcome == TLS_FAILED ? "TLS did not begin" : NULL);
}

enum step_result step_tls_run(struct play *p, struct device *d, const struct step *s,
                              const struct node *value, const struct node *map)
{
    struct attempt a = { d, s, value, step_ok_or_map(value), map };
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    return handshake_or_garbage(&a, false);
}

/* ---- STARTTLS ---- */

static bool is_go_ahead(const struct unit *u)
{
    if (u->imap)
        return u->imap->kind == IMAP_TAGGED && u->imap->status == IMAP_OK;
    if (u->smtp)
        return u->smtp->class == 2;
    return u->pop3 && u->pop3->status == POP3_OK;
}

static bool add_text(struct device *d, const struct node *n, struct buf *out)
{
    slice text = n ? n->text : (slice) { NULL, 0 };
    if (n && !n->tag && play_expand(d, d->play, n, &text) != STEP_OK)
        return false;
    buf_add(out, text);
    return true;
}

static enum step_result send_starttls(const struct attempt *a, slice *ret_tag)
{
    struct device *d = a->d;
    const struct node *arg = node_get(a->map, "arg");
    auto_buf line;
    buf_init(&line, BUF_OURS);
    *ret_tag = device_is_imap(d) ? device_new_tag(d) : (slice) { NULL, 0 };
    buf_addf(&line, "%.*s%s%s%s", SLICE_ARG(*ret_tag), ret_tag->n ? " " : "",
             device_protocol(d) == PROTOCOL_POP3 ? "STLS" : "STARTTLS", arg ? " " : "");
    bool good = add_text(d, arg, &line);
    buf_adds(&line, "\r\n");
    if (!good || !add_text(d, node_get(a->map, "inject"), &line))
        return STEP_ERROR;
    step_pop3_expect(d, S("STLS"));
    invariants_command(d, S("STARTTLS"));
    return device_write(d, a->s, buf_slice(&line));
}

static enum step_result starttls(const struct attempt *a)
{
    struct device *d = a->d;
    struct play *p = d->play;
    struct reply reply;
    slice tag;
    enum step_result r = send_starttls(a, &tag);
    if (r != STEP_OK)
        return r;
    step_collect(d, tag, false, now() + p->timeout, &reply);
    if (!reply.completion && reply.result == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "interrupted");
    if (!reply.completion)
        return judge(a, TLS_CLOSED,
                     conn_ended(d->conn) == CONN_OPEN ? "STARTTLS got no answer"
                                                      : conn_end_text(d->conn));
    if (is_go_ahead(reply.completion))
        return handshake_or_garbage(a, true);
    r = judge(a, TLS_REFUSED, "STARTTLS was refused");
    if (r == STEP_FAILED)
        play_fail_actual(p, reply.completion->raw, NULL);
    device_drop_pending(d);
    return r;
}

enum step_result step_starttls_run(struct play *p, struct device *d, const struct step *s,
                                   const struct node *value, const struct node *map)
{
    struct attempt a = { d, s, value, step_ok_or_map(value), map };
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    return starttls(&a);
}

/* ---- as the service has it ---- */

static enum step_result greeted(struct device *d, const struct step *s, const struct node *value,
                                int (*ask)(struct device *, struct error *))
{
    struct error err = { 0 };
    int r = ask(d, &err);
    return r == 0 ? STEP_OK : step_client_failed(d->play, s, d, value, NULL, &err);
}

static enum step_result secure_at_once(const struct attempt *a)
{
    enum step_result r = handshake_or_garbage(a, false);
    if (r == STEP_OK && conn_in_tls(a->d->conn) && conn_ended(a->d->conn) == CONN_OPEN)
        r = greeted(a->d, a->s, a->value, device_greet);
    return r;
}

enum step_result step_secure_run(struct play *p, struct device *d, const struct step *s,
                                 const struct node *value, const struct node *map)
{
    struct attempt a = { d, s, value, step_ok_or_map(value), map };
    enum tls_mode mode = p->session->target->services[d->service].tls;
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    if (mode == TLS_MODE_NONE)
        return play_skip(p, "the service %s has no TLS, as the target file says",
                         services[d->service].name);
    if (mode == TLS_MODE_IMPLICIT)
        return secure_at_once(&a);
    enum step_result r = greeted(d, s, value, device_greet);
    if (r == STEP_OK)
        r = greeted(d, s, value, device_hello);
    const char *word = mail_protocol_starttls(device_protocol(d));
    if (r == STEP_OK && !caps_has(device_caps(d), slice_of(word)))
        return play_skip(p, "the service %s does not offer %s", services[d->service].name, word);
    return r == STEP_OK ? starttls(&a) : r;
}
