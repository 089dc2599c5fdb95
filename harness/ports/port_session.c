/* The first connection: what speaks there, and all that one conversation can tell. */
#include "first_bytes.h"
#include "pop3_reply.h"
#include "port_visit_private.h"

enum { LISTEN_MILLIS = 250 };

static void note_first(struct port_facts *f, enum first_bytes kind, slice octets, nsec at,
                       nsec connected)
{
    slice line;
    f->first = kind;
    if (slice_line(&octets, &line))
        f->first_text = port_facts_text(f, line);
    f->banner_after = at ? at - connected : 0;
}

static void note_protocol(struct port_facts *f, struct talk *t, enum first_bytes kind)
{
    enum port_protocol p;
    if (!first_bytes_protocol(kind, f->spec.protocol, &p))
        return;
    f->protocol_seen = t->protocol = p;
    f->protocol_known = true;
}

/* The greeting, its first octets there already. */
static bool take_greeting(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    enum talk_answer answer = talk_greeting(t);
    if (visit_lost(v, t, "the greeting")) {
        visit_broke_off(f);
        return false;
    }
    if (answer == TALK_YES) {
        bool preauth = t->protocol == PORT_IMAP && slice_starts_nocase(t->last, S("* PREAUTH"));
        f->preauth = preauth && !t->tls;
        f->preauth_in_tls = preauth && t->tls;
        f->apop = t->protocol == PORT_POP3 && pop3_timestamp(t->last).n;
        return true;
    }
    if (answer == TALK_NO)
        visit_unclear(f, "the greeting refuses us: %s", talk_said(t));
    visit_broke_off(f);
    v->lost = true;
    return false;
}

static void speak_clear(struct visit *v, struct talk *t, enum first_bytes kind)
{
    v->facts->speaks = SPEAKS_CLEAR;
    note_protocol(v->facts, t, kind);
    if (take_greeting(v, t))
        visit_in_clear(v, t);
}

/* The first octets of a greeting, and no more. */
static void half_a_greeting(struct port_facts *f, struct talk *t)
{
    visit_unclear(f, "the greeting: it begins with \"%s\" and has no end",
                  port_facts_text(f, talk_pending(t)));
}

static void note_no_greeting(struct port_facts *f, struct talk *t, enum first_bytes kind)
{
    const char *why = stream_error(t->stream);
    slice line, came = talk_pending(t);
    if (came.n && kind != FIRST_UNKNOWN && slice_line(&came, &line))
        f->foreign_in_tls = port_facts_text(f, line);
    if (kind == FIRST_CLOSED)
        visit_unclear(f, "the connection was closed inside TLS before a greeting%s%s%s",
                      why && *why ? " (" : "", why && *why ? why : "", why && *why ? ")" : "");
    else if (kind == FIRST_UNKNOWN)
        half_a_greeting(f, t);
    else
        visit_unclear(f, "inside TLS came %s where a greeting should be", first_bytes_name(kind));
    visit_broke_off(f);
}

static void greet_in_tls(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    f->speaks = SPEAKS_TLS;
    enum first_bytes kind = talk_listen(t, now() + port_timeout(v->options));
    note_protocol(f, t, kind);
    if (!f->protocol_known) {
        note_no_greeting(f, t, kind);
        return;
    }
    if (take_greeting(v, t))
        visit_in_tls(v, t);
}

/* The handshake failed: what came in its place? */
static void note_no_tls(struct visit *v, struct talk *t, nsec connected)
{
    struct port_facts *f = v->facts;
    slice came = port_link_first(t->link);
    enum first_bytes kind = first_bytes_of(came);
    enum port_protocol ignored;
    if (!came.n) {
        f->speaks = SPEAKS_SILENCE;
        return;
    }
    if (kind == FIRST_TLS) {
        f->speaks = SPEAKS_TLS;
        return;
    }
    note_first(f, kind, came, port_link_first_at(t->link), connected);
    f->speaks = first_bytes_protocol(kind, f->spec.protocol, &ignored) ? SPEAKS_CLEAR
                : kind == FIRST_HTTP                                   ? SPEAKS_HTTP
                                                                       : SPEAKS_OTHER;
}

/* Nothing came by itself, so the other side may wait for a handshake. */
static void try_tls(struct visit *v, struct talk *t, nsec connected)
{
    if (visit_shake(v, t))
        greet_in_tls(v, t);
    else if (v->facts->tls.failure)
        note_no_tls(v, t, connected);
    else
        visit_broke_off(v->facts);
}

/* The first time it may have any reason: the facts say what was seen. */
static void closed_at_once(struct visit *v)
{
    if (v->facts->connections > 1)
        port_rate_limited(v->facts, "the connection was closed without a word");
    v->lost = true;
}

static void look_into(struct visit *v, struct talk *t, enum first_bytes kind, nsec connected)
{
    struct port_facts *f = v->facts;
    enum port_protocol ignored;
    if (kind == FIRST_NOTHING) {
        try_tls(v, t, connected);
    } else if (kind == FIRST_UNKNOWN) {
        half_a_greeting(f, t);
        visit_broke_off(f);
        v->lost = true;
    } else if (kind == FIRST_CLOSED) {
        closed_at_once(v);
    } else if (first_bytes_protocol(kind, f->spec.protocol, &ignored)) {
        speak_clear(v, t, kind);
    } else {
        f->speaks = kind == FIRST_HTTP  ? SPEAKS_HTTP
                    : kind == FIRST_TLS ? SPEAKS_TLS
                                        : SPEAKS_OTHER;
    }
}

/* How long the greeting is waited for. A port of implicit TLS that is known to speak clear text gets
   all the time that its banner wants. */
static nsec patience(const struct visit *v)
{
    const struct port_options *o = v->options;
    if (v->facts->spec.mode != TLS_MODE_IMPLICIT || v->facts->speaks == SPEAKS_CLEAR)
        return port_timeout(o);
    return o->listen ? o->listen : MILLIS(LISTEN_MILLIS);
}

static void converse(struct visit *v, const char *question)
{
    struct error err = { 0 };
    struct stream *link;
    struct talk t;
    v->lost = false;
    if (port_link_open(v->options, v->facts, question, &err, &link) < 0)
        return;
    nsec connected = now();
    talk_init(&t, v->options, v->facts, question, link);
    enum first_bytes kind = talk_listen(&t, connected + patience(v));
    if (kind == FIRST_UNKNOWN)
        kind = talk_listen(&t, connected + port_timeout(v->options));
    if (v->facts->first == FIRST_UNKNOWN)
        note_first(v->facts, kind, talk_pending(&t), port_link_first_at(link), connected);
    look_into(v, &t, kind, connected);
    talk_release(&t);
}

/* Closing is a way to refuse a login: the server was there again a moment later. */
static void closing_refuses(struct port_facts *f)
{
    for (size_t i = 0; i < f->n_logins; i++)
        if (f->logins[i].closed)
            f->logins[i].taken = SEEN_NO;
}

void visit_session(struct visit *v)
{
    struct port_facts *f = v->facts;
    converse(v, "session");
    /* A banner that came while we shook hands: now it is waited for. */
    bool late =
        f->speaks == SPEAKS_CLEAR && !f->clear_caps.known && f->spec.mode == TLS_MODE_IMPLICIT;
    if (late && visit_goes_on(v))
        converse(v, "late banner");
    /* Some leave when they are asked for a login in clear, some take no STARTTLS behind it. */
    bool cut = v->lost && f->clear_caps.known && f->starttls_works == SEEN_NOT_ASKED;
    if ((cut || v->refused) && visit_goes_on(v)) {
        v->no_probes = true;
        converse(v, "session again");
        if (f->starttls_works == SEEN_YES || f->starttls_works == SEEN_NO)
            closing_refuses(f);
    }
}
