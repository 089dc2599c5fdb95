/* Inside TLS: what is offered there, what must not be taken there, and the end. */
#include "first_bytes.h"
#include "port_visit_private.h"

bool visit_shake(struct visit *v, struct talk *t)
{
    struct error err = { 0 };
    struct tls_info failed = { .alert_received = -1 };
    struct tls_options how;
    visit_tls_options(v->facts, &how);
    how.ret_failed = &failed;
    int r = talk_start_tls(t, &how, &err);
    if (r == 0)
        visit_note_session(v, tls_info(t->tls));
    else if (r == ERR_CANCEL)
        visit_unclear(v->facts, "%s", err.text);
    else
        visit_note_failure(v->facts, &err, &failed);
    v->hangs = r == ERR_TIMEOUT || r == ERR_CANCEL;
    tls_info_release(&failed);
    v->speaks_tls = first_bytes_of(port_link_first(t->link)) == FIRST_TLS;
    return r == 0;
}

void visit_leave(struct talk *t)
{
    talk_command(t, talk_words[t->protocol].quit);
}

/* MAIL with the parameter, and RSET: no recipient, no message. */
static void ask_requiretls(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    bool listed = caps_has(&f->tls_caps, S("REQUIRETLS"));
    f->requiretls_listed_in_tls = listed ? SEEN_YES : SEEN_NO;
    if (!listed)
        return;
    enum talk_answer answer = talk_command(t, "MAIL FROM:<> REQUIRETLS");
    if (visit_lost(v, t, "MAIL with REQUIRETLS"))
        return;
    /* Without a login submission refuses any MAIL, and greylists and the like do: only replies of
       syntax speak of the parameter (RFC 5321 section 4.1.1.11). */
    static const char *const unknown[] = { "500", "501", "504", "555" };
    bool refused = false;
    for (size_t i = 0; i < COUNT(unknown); i++)
        refused |= slice_starts(t->last, slice_of(unknown[i]));
    f->requiretls_taken = answer == TALK_YES ? SEEN_YES : refused ? SEEN_NO : SEEN_UNCLEAR;
    if (answer != TALK_YES)
        visit_unclear(f, "MAIL with REQUIRETLS was answered %s", talk_said(t));
    else
        talk_command(t, "RSET");
}

/* A POP3 server need not list USER (RFC 2449 section 5). */
static void ask_login(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    f->login_in_tls = visit_offers_login(t, &f->tls_caps);
    if (t->protocol != PORT_POP3 || f->login_in_tls == SEEN_YES)
        return;
    enum talk_answer answer = talk_command(t, "USER probe");
    if (!visit_lost(v, t, "USER in TLS"))
        f->login_in_tls = answer == TALK_YES ? SEEN_YES : SEEN_NO;
}

/* The last question: when it is taken, a handshake would have to follow. */
static bool ask_second_starttls(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    bool listed = caps_has(&f->tls_caps, slice_of(talk_words[t->protocol].starttls));
    f->starttls_listed_in_tls = listed ? SEEN_YES : SEEN_NO;
    enum talk_answer answer = talk_command(t, talk_words[t->protocol].starttls);
    if (!talk_answered(answer)) {
        /* Closing is a way to refuse. */
        f->starttls_taken_in_tls = answer == TALK_CLOSED ? SEEN_NO : SEEN_UNCLEAR;
        return false;
    }
    f->starttls_taken_in_tls = answer == TALK_YES ? SEEN_YES : SEEN_NO;
    return answer == TALK_NO;
}

static void watch_end(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    visit_leave(t);
    enum talk_answer end = talk_drain(t, now() + port_timeout(v->options));
    if (tls_info(t->tls)->close_notify_received)
        f->tls.close_notify = SEEN_YES;
    else if (end == TALK_CLOSED && stream_cause(t->stream) == CAUSE_TRUNCATED)
        f->tls.close_notify = SEEN_NO;
    else {
        f->tls.close_notify = SEEN_UNCLEAR;
        visit_unclear(f, "after %s the connection was not closed in an orderly way: %s",
                      talk_words[t->protocol].quit,
                      end == TALK_SILENT ? "nothing happened" : stream_error(t->stream));
    }
}

/* RFC 5804 section 2.2: the capabilities come by themselves after STARTTLS, as in a greeting. */
static bool take_sieve_offers(struct visit *v, struct talk *t)
{
    if (t->protocol != PORT_SIEVE || v->facts->speaks == SPEAKS_TLS)
        return true;
    talk_greeting(t);
    return !visit_lost(v, t, "the capabilities in TLS");
}

void visit_in_tls(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    if (!take_sieve_offers(v, t))
        return;
    visit_ask_offers(t, &f->tls_caps);
    if (visit_lost(v, t, "asking for the capabilities in TLS")) {
        visit_broke_off(f);
        return;
    }
    if (!f->tls_caps.known) {
        visit_unclear(f, "%s is refused inside TLS: %s", talk_words[t->protocol].hello,
                      talk_said(t));
        visit_broke_off(f);
        visit_leave(t);
        return;
    }
    ask_login(v, t);
    if (t->protocol == PORT_SMTP || t->protocol == PORT_LMTP)
        ask_requiretls(v, t);
    visit_note_ticket(v, t->tls);
    if (v->lost || f->reach != REACH_OPEN)
        return;
    if (ask_second_starttls(v, t))
        watch_end(v, t);
}
