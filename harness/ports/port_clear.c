/* In clear, between the greeting and TLS: what is offered, whether passwords and mail would be
   taken. No password is ever sent: mechanisms are begun and cancelled. */
#include "port_visit_private.h"

enum { EXTRA_BYTES_MILLIS = 50 };

/* ---- logins ---- */

static struct login_probe *add_login(struct port_facts *f, const char *what, bool offered)
{
    if (f->n_logins == LOGIN_PROBES_MAX)
        return NULL;
    struct login_probe *p = &f->logins[f->n_logins++];
    *p = (struct login_probe) { .what = what, .offered = offered ? SEEN_YES : SEEN_NO };
    return p;
}

static enum seen taken_of(enum talk_answer answer, enum talk_answer yes)
{
    return answer == yes ? SEEN_YES : answer == TALK_NO ? SEEN_NO : SEEN_UNCLEAR;
}

struct sasl_probe {
    enum port_protocol protocol;
    const char *command; /* without an initial response */
    slice mechanism;
    bool always; /* also when it is not offered */
};

/* One refusal at most comes of these on a connection, where nothing is offered. */
static const struct sasl_probe sasl_probes[] = {
    { PORT_SMTP, "AUTH PLAIN", S("PLAIN"), true },
    { PORT_SMTP, "AUTH LOGIN", S("LOGIN"), false },
    { PORT_IMAP, "AUTHENTICATE PLAIN", S("PLAIN"), true },
    { PORT_POP3, "AUTH PLAIN", S("PLAIN"), false },
};

static void probe_sasl(struct visit *v, struct talk *t, const struct sasl_probe *probe)
{
    bool offered = caps_has_mechanism(&v->facts->clear_caps, probe->mechanism);
    if (!offered && (v->lost || !probe->always))
        return;
    struct login_probe *p = add_login(v->facts, probe->command, offered);
    if (v->lost)
        return;
    enum talk_answer answer = talk_command(t, probe->command);
    if (p) {
        p->taken = taken_of(answer, TALK_GO);
        p->closed = answer == TALK_CLOSED;
        p->said = talk_said(t);
    }
    if (visit_lost(v, t, probe->command) || answer != TALK_GO)
        return;
    /* RFC 4954 section 4, RFC 9051 section 6.2.2, RFC 5034 section 4: a lone star cancels. */
    talk_line(t, "*");
    visit_lost(v, t, "cancelling a login");
}

/* LOGIN carries the password at once, so it is not sent: the capabilities tell, or nobody does. */
static void note_imap_login(struct port_facts *f)
{
    bool disabled = caps_has(&f->clear_caps, S("LOGINDISABLED"));
    f->login_disabled = disabled ? SEEN_YES : SEEN_NO;
    struct login_probe *p = add_login(f, "LOGIN", !disabled);
    if (!p)
        return;
    p->taken = disabled ? SEEN_NO : SEEN_NOT_ASKED;
    if (!disabled && f->n_logins > 1 && f->logins[0].taken == SEEN_YES)
        p->taken = SEEN_YES;
    p->said = disabled ? "LOGINDISABLED is listed" : "LOGINDISABLED is not listed";
}

static void probe_user(struct visit *v, struct talk *t)
{
    struct login_probe *p = add_login(v->facts, "USER", caps_has(&v->facts->clear_caps, S("USER")));
    enum talk_answer answer = talk_command(t, "USER probe");
    if (p) {
        p->taken = taken_of(answer, TALK_YES);
        p->closed = answer == TALK_CLOSED;
        p->said = talk_said(t);
    }
    visit_lost(v, t, "USER in clear");
}

/* PLAIN and LOGIN are tried; the others here ask for TLS, or let no user in. */
static void add_other_login(struct buf *names, slice mechanism)
{
    static const char *const left_out[] = { "PLAIN", "LOGIN", "EXTERNAL", "ANONYMOUS" };
    for (size_t i = 0; i < COUNT(left_out); i++)
        if (slice_eq_nocase(mechanism, slice_of(left_out[i])))
            return;
    if (!slice_ends(mechanism, S("-PLUS")))
        buf_addf(names, "%s%.*s", names->n ? ", " : "", SLICE_ARG(mechanism));
}

/* What is offered and not tried: without a name and a secret there is nothing to say. */
static void note_other_logins(struct port_facts *f)
{
    auto_buf names;
    buf_init(&names, BUF_OURS);
    array_each (c, &f->clear_caps.list) {
        bool listed = slice_eq_nocase(c->name, S("AUTH")) || slice_eq_nocase(c->name, S("SASL"));
        for (size_t i = 0; listed && i < c->n_params; i++)
            add_other_login(&names, c->params[i]);
        if (f->protocol_seen == PORT_IMAP && slice_starts_nocase(c->name, S("AUTH=")))
            add_other_login(&names, slice_skip(c->name, strlen("AUTH=")));
    }
    if (names.n)
        f->other_logins = port_facts_text(f, buf_slice(&names));
}

static void probe_logins(struct visit *v, struct talk *t)
{
    for (size_t i = 0; i < COUNT(sasl_probes); i++)
        if (sasl_probes[i].protocol == t->protocol)
            probe_sasl(v, t, &sasl_probes[i]);
    note_other_logins(v->facts);
    if (t->protocol == PORT_POP3 && !v->lost)
        probe_user(v, t);
    if (t->protocol == PORT_IMAP)
        note_imap_login(v->facts);
    if (t->protocol == PORT_SIEVE)
        add_login(v->facts, "AUTHENTICATE PLAIN",
                  caps_has_mechanism(&v->facts->clear_caps, S("PLAIN")));
}

/* ---- work ---- */

/* Does a refusal ask for TLS or for a login first (RFC 3207 section 4, RFC 4954 section 6)? */
static bool asks_for_more(slice said)
{
    static const char *const words[] = { "tls", "auth", "secur", "encrypt" };
    if (slice_starts(said, S("530")) || slice_starts(said, S("523")) ||
        slice_starts(said, S("538")))
        return true;
    for (size_t i = 0; i < COUNT(words); i++)
        if (slice_find_nocase(said, slice_of(words[i])) != SIZE_MAX)
            return true;
    return false;
}

/* The null sender asks nothing of anybody; RSET takes it back. */
static void probe_mail(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    enum talk_answer answer = talk_command(t, "MAIL FROM:<>");
    f->work_said = talk_said(t);
    if (visit_lost(v, t, "MAIL in clear")) {
        f->work_in_clear = SEEN_UNCLEAR;
        return;
    }
    bool submission = f->spec.role == ROLE_SUBMISSION;
    bool refused = answer == TALK_NO && (submission || asks_for_more(t->last));
    f->work_in_clear = answer == TALK_YES ? SEEN_YES : refused ? SEEN_NO : SEEN_UNCLEAR;
    if (f->work_in_clear == SEEN_UNCLEAR)
        visit_unclear(f, "MAIL in clear was answered %s", f->work_said);
    if (answer == TALK_YES)
        talk_command(t, "RSET");
    visit_lost(v, t, "RSET");
}

/* One way in is enough; that there is none takes a refusal of each. */
static void note_work(struct port_facts *f)
{
    const struct login_probe *tells = NULL;
    for (size_t i = 0; i < f->n_logins; i++) {
        const struct login_probe *p = &f->logins[i];
        if (!tells || p->taken == SEEN_YES || (tells->taken == SEEN_NO && p->taken != SEEN_NO))
            tells = p;
    }
    if (!tells)
        return;
    f->work_in_clear = tells->taken;
    f->work_said = tells->said;
}

static void probe_work(struct visit *v, struct talk *t)
{
    if (t->protocol == PORT_SMTP)
        probe_mail(v, t);
    else
        note_work(v->facts);
}

/* ---- STARTTLS ---- */

enum talk_answer visit_go_ahead(struct talk *t, bool *bytes_before)
{
    enum talk_answer answer = talk_command(t, talk_words[t->protocol].starttls);
    if (answer != TALK_YES || !bytes_before)
        return answer;
    /* The server speaks next inside TLS only, and not before we do. */
    if (!talk_pending(t).n)
        talk_listen(t, now() + MILLIS(EXTRA_BYTES_MILLIS));
    *bytes_before = talk_pending(t).n > 0;
    return answer;
}

/* Some servers offer STARTTLS and take it as the first thing only (Courier: not behind MAIL; stunnel
   refuses a login and closes). */
static void note_refusal(struct visit *v)
{
    struct port_facts *f = v->facts;
    v->refused = f->starttls_offered == SEEN_YES && !v->no_probes;
    f->starttls_works = v->refused ? SEEN_UNCLEAR : SEEN_NO;
    if (v->refused)
        visit_unclear(f, "%s was refused behind the questions in clear: %s",
                      talk_words[f->protocol_seen].starttls, f->starttls_said);
}

static void begin_tls(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    enum talk_answer answer = visit_go_ahead(t, &f->bytes_before_handshake);
    f->starttls_said = talk_said(t);
    if (visit_lost(v, t, talk_words[t->protocol].starttls)) {
        f->starttls_works = SEEN_UNCLEAR;
        v->refused = answer == TALK_CLOSED && f->starttls_offered == SEEN_YES && !v->no_probes;
        return;
    }
    if (answer != TALK_YES) {
        note_refusal(v);
        visit_leave(t);
        return;
    }
    bool up = visit_shake(v, t);
    bool silent = v->hangs && !f->bytes_before_handshake;
    f->starttls_works = up ? SEEN_YES : silent || !f->tls.failure ? SEEN_UNCLEAR : SEEN_NO;
    if (silent && f->tls.failure)
        visit_unclear(f, "%s: %s", talk_words[t->protocol].starttls, f->tls.failure);
    if (up)
        visit_in_tls(v, t);
}

/* ---- all of it ---- */

static void ask_offers(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    visit_ask_offers(t, &f->clear_caps);
    if (visit_lost(v, t, "asking for the capabilities")) {
        visit_broke_off(f);
        return;
    }
    if (!f->clear_caps.known) {
        v->lost = true;
        visit_unclear(f, "%s is refused: %s", talk_words[t->protocol].hello, talk_said(t));
        visit_broke_off(f);
        return;
    }
    bool offered = caps_has(&f->clear_caps, slice_of(talk_words[t->protocol].starttls));
    f->starttls_offered = offered ? SEEN_YES : SEEN_NO;
    if (t->protocol == PORT_SMTP || t->protocol == PORT_LMTP)
        f->requiretls_listed_in_clear =
            caps_has(&f->clear_caps, S("REQUIRETLS")) ? SEEN_YES : SEEN_NO;
}

void visit_in_clear(struct visit *v, struct talk *t)
{
    ask_offers(v, t);
    /* Who is logged in already can neither log in nor begin TLS. */
    if (v->lost || v->facts->preauth) {
        visit_leave(t);
        return;
    }
    if (!v->no_probes) {
        probe_logins(v, t);
        if (!v->lost)
            probe_work(v, t);
    }
    if (!v->lost && v->facts->reach == REACH_OPEN)
        begin_tls(v, t);
}
