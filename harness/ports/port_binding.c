/* Logging in with SCRAM and channel binding (RFC 5802, RFC 9266), where an account is given. The
   dialogue is not written down: a proof of SCRAM can be guessed from. */
#include "imap_client.h"
#include "pop3_client.h"
#include "port_visit_private.h"
#include "smtp_client.h"

static int login_smtp(struct conn *c, const struct session_plan *plan, nsec deadline,
                      struct error *err)
{
    struct smtp_client s;
    smtp_client_init(&s, c, "mailassay.test");
    int r = smtp_begin(&s, plan, deadline, err);
    if (r == 0)
        smtp_quit(&s, deadline, NULL);
    smtp_client_release(&s);
    return r;
}

static int login_pop3(struct conn *c, const struct session_plan *plan, nsec deadline,
                      struct error *err)
{
    struct pop3_client p;
    pop3_client_init(&p, c);
    int r = pop3_begin(&p, plan, deadline, err);
    if (r == 0)
        pop3_quit(&p, deadline, NULL);
    pop3_client_release(&p);
    return r;
}

static int login_imap(struct conn *c, const struct session_plan *plan, nsec deadline,
                      struct error *err)
{
    struct imap_client i;
    imap_client_init(&i, c, NULL);
    int r = imap_begin(&i, plan, deadline, err);
    if (r == 0)
        imap_logout(&i, deadline, NULL);
    imap_client_release(&i);
    return r;
}

static const struct {
    enum mail_protocol protocol;
    int (*login)(struct conn *c, const struct session_plan *plan, nsec deadline, struct error *err);
} ways[PORT_PROTOCOLS] = {
    [PORT_SMTP] = { PROTOCOL_SMTP, login_smtp },
    [PORT_POP3] = { PROTOCOL_POP3, login_pop3 },
    [PORT_IMAP] = { PROTOCOL_IMAP, login_imap },
};

/* The connection up to where the client library takes over: TLS when it is implicit. */
static int open_conn(struct visit *v, const char *question, const struct tls_options *how,
                     nsec deadline, struct error *err, struct conn **ret)
{
    struct stream *s, *tls = NULL;
    struct conn_options options = { .protocol = ways[v->facts->protocol_seen].protocol };
    int r = port_link_open(v->options, v->facts, question, err, &s);
    if (r < 0)
        return r;
    if (v->facts->speaks == SPEAKS_TLS) {
        r = tls_open_client(s, v->options->tls, how, deadline, err, &tls);
        if (r < 0) {
            stream_close(s);
            return r;
        }
        options.tls = tls;
    }
    *ret = conn_open(tls ? tls : s, &options);
    return 0;
}

static int log_in(struct visit *v, const char *question, slice mechanism, struct error *err)
{
    struct tls_options how;
    struct credentials who = *v->options->who;
    struct conn *c;
    nsec deadline = now() + port_timeout(v->options);
    bool clear = v->facts->speaks == SPEAKS_CLEAR;
    visit_tls_options(v->facts, &how);
    who.mechanism = mechanism;
    who.allow_clear = false;
    int r = open_conn(v, question, &how, deadline, err, &c);
    if (r < 0)
        return r;
    struct session_plan plan = { clear ? v->options->tls : NULL, &how, &who, NULL };
    r = ways[v->facts->protocol_seen].login(c, &plan, deadline, err);
    conn_close(c);
    transcript_note(v->facts->transcript, question, true, now(), "login by %.*s: %s",
                    SLICE_ARG(mechanism), r == 0 ? "accepted" : err->text);
    return r;
}

/* The strongest pair of mechanisms that is offered, with and without binding. */
static bool find_mechanisms(const struct capabilities *caps, slice *ret_plus, slice *ret_plain)
{
    static const slice pairs[][2] = {
        { S("SCRAM-SHA-256-PLUS"), S("SCRAM-SHA-256") },
        { S("SCRAM-SHA-1-PLUS"), S("SCRAM-SHA-1") },
    };
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (caps_has_mechanism(caps, pairs[i][0])) {
            *ret_plus = pairs[i][0];
            *ret_plain = caps_has_mechanism(caps, pairs[i][1]) ? pairs[i][1] : S("");
            return true;
        }
    return false;
}

/* A login that fails with binding and works without is the binding's fault; one that fails either way
   may be the password's. */
static void judge(struct visit *v, slice plain, int r, const struct error *err)
{
    struct port_tls_facts *t = &v->facts->tls;
    struct error other = { 0 };
    t->binding_text = port_facts_text(v->facts, slice_of(err->text));
    t->binding = SEEN_UNCLEAR;
    if (r != ERR_LOGIN || !plain.n || !visit_goes_on(v))
        return;
    r = log_in(v, "login without channel binding", plain, &other);
    if (r == 0)
        t->binding = SEEN_NO;
    else
        t->binding_text = "the login is refused without channel binding, too";
}

void visit_binding(struct visit *v)
{
    slice plus, plain;
    struct error err = { 0 };
    struct port_facts *f = v->facts;
    if (!v->options->who || !ways[f->protocol_seen].login || !visit_goes_on(v) ||
        !find_mechanisms(&f->tls_caps, &plus, &plain))
        return;
    int r = log_in(v, "login with channel binding", plus, &err);
    if (r < 0) {
        judge(v, plain, r, &err);
        return;
    }
    f->tls.binding = SEEN_YES;
    f->tls.binding_text = port_facts_text(f, plus);
}
