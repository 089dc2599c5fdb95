/* Columns of how the port is used: clear text or TLS, STARTTLS, logins and mail before and after. */
#include "port_column_private.h"
#include <stdio.h>

/* ---- T01 mode ---- */

struct mismatch_verdict {
    enum outcome outcome;
    const char *clause, *short_text;
};
static const struct mismatch_verdict mismatch_verdicts[MISMATCHES] = {
    [MISMATCH_UNTRIED] = { OUTCOME_SKIP, NULL, "" },
    [MISMATCH_NOTHING_LISTENS] = { OUTCOME_SKIP, NULL, "closed" },
    [MISMATCH_FILTERED] = { OUTCOME_SKIP, NULL, "filtered" },
    [MISMATCH_NO_ADDRESS] = { OUTCOME_SKIP, NULL, "no address" },
    [MISMATCH_NO_ROUTE] = { OUTCOME_SKIP, NULL, "no route" },
    [MISMATCH_RATE_LIMITED] = { OUTCOME_ERROR, NULL, "rate limited" },
    [MISMATCH_BROKEN] = { OUTCOME_ERROR, NULL, "error" },
    [MISMATCH_CLOSES] = { OUTCOME_ERROR, NULL, "closes" },
    [MISMATCH_REFUSES_US] = { OUTCOME_ERROR, NULL, "turns away" },
    [MISMATCH_SILENT] = { OUTCOME_ERROR, NULL, "silent" },
    [MISMATCH_CLEAR_FOR_TLS] = { OUTCOME_FAIL, "rfc8314/3/implicit-tls-port", "clear text" },
    [MISMATCH_TLS_FOR_CLEAR] = { OUTCOME_FAIL, "rfc8314/3/starttls-begins-in-clear", "TLS" },
    [MISMATCH_HTTP] = { OUTCOME_FAIL, NULL, "HTTP" },
    [MISMATCH_OTHER_PROTOCOL] = { OUTCOME_FAIL, NULL, "" },
    [MISMATCH_NO_MAIL] = { OUTCOME_FAIL, NULL, "no mail" },
    [MISMATCH_SLOW_BANNER] = { OUTCOME_NOTE, NULL, "slow" },
};

/* A closed port of implicit TLS beside an open one that has to do with STARTTLS. */
static bool lacks_implicit(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    uint16_t clear = clear_port_of(f);
    const struct port_facts *other = clear ? row_at(j, clear) : NULL;
    if (f->reach != REACH_REFUSED || f->spec.mode != TLS_MODE_IMPLICIT || !other ||
        other->spec.mode == TLS_MODE_IMPLICIT || other->speaks != SPEAKS_CLEAR)
        return false;
    find(v, OUTCOME_WARN, "rfc8314/4/implicit-tls-offered", "closed",
         "nothing listens on port %u, while %s is served on port %u in clear text or by %s; serve "
         "it with implicit TLS on port %u, which clients try first",
         f->spec.port, port_protocol_name(f->spec.protocol), clear, starttls_word(f), f->spec.port);
    return true;
}

/* TLS is spoken and no session comes about: the server's doing when it says so by an alert. That it
   does not know our name is for the column of the name. */
static bool judge_no_session(const struct port_facts *f, struct port_verdict *v)
{
    const struct port_tls_facts *t = &f->tls;
    if (t->up || !t->failure || t->alert == SSL_AD_UNRECOGNIZED_NAME)
        return false;
    if (t->alert >= 0)
        find(v, OUTCOME_FAIL, "rfc8314/3/implicit-tls-port", "no session",
             "TLS is spoken, and a current client gets no session (%s); mend the certificate, its "
             "key, or the TLS settings",
             t->failure);
    else
        find(v, OUTCOME_ERROR, NULL, "no session", "could not get a TLS session: %s", t->failure);
    return true;
}

/* What a port of this mode has to do. */
static const char *mode_clause(const struct port_facts *f)
{
    return f->spec.mode == TLS_MODE_IMPLICIT ? "rfc8314/3/implicit-tls-port"
                                             : "rfc8314/3/starttls-begins-in-clear";
}

COLUMN(mode)
{
    const struct port_facts *f = j->facts;
    enum mismatch m = port_mismatch(f);
    const struct mismatch_verdict *row = &mismatch_verdicts[m];
    if (lacks_implicit(j, v))
        return;
    if (m != MISMATCH_NONE) {
        auto_buf text;
        buf_init(&text, BUF_OURS);
        port_mismatch_text(f, &text);
        find(v, row->outcome, row->clause ? row->clause : mode_clause(f),
             m == MISMATCH_OTHER_PROTOCOL ? port_protocol_name(f->protocol_seen) : row->short_text,
             "%s", text.p);
        return;
    }
    bool implicit = f->spec.mode == TLS_MODE_IMPLICIT;
    if (implicit && judge_no_session(f, v))
        return;
    if (f->foreign_in_tls) {
        find(v, OUTCOME_FAIL, mode_clause(f), "no mail",
             "inside TLS comes \"%s\" where %s greets; find out what listens there",
             f->foreign_in_tls, port_protocol_name(f->spec.protocol));
        return;
    }
    if (f->broke_off) {
        find(v, OUTCOME_ERROR, NULL, "breaks off",
             "%s is not looked at inside TLS, where the conversation breaks off: %s; look into the "
             "server's log for the reason",
             port_protocol_name(f->spec.protocol), f->broke_off);
        return;
    }
    find(v, OUTCOME_PASS, NULL, implicit ? "TLS" : "clear", "%s is served %s",
         port_protocol_name(f->spec.protocol),
         implicit ? "in TLS from the first byte" : "from a greeting in clear text on");
}

/* ---- T02 STARTTLS ---- */

/* Every protocol has its own document for the same rule. */
struct by_protocol {
    const char *smtp, *pop3, *imap, *sieve;
};

static const char *clause_of(const struct port_facts *f, const struct by_protocol *c)
{
    const char *const list[PORT_PROTOCOLS] = { c->smtp, c->smtp, c->pop3, c->imap, c->sieve };
    return list[f->spec.protocol];
}

static void not_offered(const struct port_judging *j, struct port_verdict *v)
{
    static const struct by_protocol clauses = { "rfc8314/4/starttls-for-older-clients",
                                                "rfc8314/4/starttls-for-older-clients",
                                                "rfc9051/11.2/starttls-on-clear-port",
                                                "rfc8314/4/tls-available" };
    const struct port_facts *f = j->facts;
    const char *word = starttls_word(f);
    uint16_t implicit = implicit_port_of(f);
    const struct port_facts *other = implicit ? row_at(j, implicit) : NULL;
    if (is_opportunistic(f)) {
        find(v, outcome_of_grade(j->policy->mx_without_tls), "rfc3207/3/starttls-is-listed", "no",
             "%s is not offered: mail comes in readable for everybody on the way; set a "
             "certificate and offer %s",
             word, word);
        return;
    }
    bool no_tls_at_all = other && other->reach == REACH_REFUSED;
    if (no_tls_at_all)
        find(v, OUTCOME_FAIL, "rfc8314/4/tls-available", "no TLS",
             "%s is not offered, and nothing listens on port %u: %s cannot be used with TLS at "
             "all; set a certificate, serve implicit TLS on port %u and offer %s here",
             word, implicit, port_protocol_name(f->spec.protocol), implicit, word);
    else
        find(v, OUTCOME_WARN, clause_of(f, &clauses), "no",
             "%s is not offered on this port, which leaves clear text; offer it, or close the port",
             word);
}

static void hidden(const struct port_facts *f, struct port_verdict *v)
{
    static const struct by_protocol clauses = { "rfc3207/3/starttls-is-listed",
                                                "rfc2595/4/stls-listed",
                                                "rfc8314/4/starttls-for-older-clients",
                                                "rfc8314/4/starttls-for-older-clients" };
    bool imap = f->spec.protocol == PORT_IMAP || f->spec.protocol == PORT_SIEVE;
    find(v, imap ? OUTCOME_WARN : OUTCOME_FAIL, clause_of(f, &clauses), "hidden",
         "%s works and is not among the capabilities, so clients stay in clear text; list it",
         starttls_word(f));
}

static void offered_and_fails(const struct port_facts *f, struct port_verdict *v)
{
    static const struct by_protocol clauses = { "rfc3207/3/offered-means-accepted",
                                                "rfc2595/4/stls-listed",
                                                "rfc9051/11.2/starttls-on-clear-port",
                                                "rfc8314/4/starttls-works" };
    const char *said = f->starttls_said ? f->starttls_said : "";
    /* RFC 5321 section 4.2.1: 4yz is a refusal for now. */
    if (slice_starts(slice_of(said), S("4")) && is_smtp(f))
        find(v, OUTCOME_WARN, "rfc8314/4/starttls-works", "not now",
             "STARTTLS is listed and not available just now (\"%s\"); look at the certificate and "
             "key that the server is set to, or take STARTTLS off the list",
             said);
    else
        find(v, OUTCOME_FAIL, clause_of(f, &clauses), "fails",
             "%s is listed and does not lead to TLS (%s%s%s); mend the certificate or the TLS "
             "settings, or take it off the list",
             starttls_word(f), f->tls.failure ? f->tls.failure : "the answer was \"",
             f->tls.failure ? "" : said, f->tls.failure ? "" : "\"");
}

static void judge_offer(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    if (!answered(j, v, f->starttls_offered, "STARTTLS is offered in clear text"))
        return;
    bool offered = f->starttls_offered == SEEN_YES;
    if (!offered && f->starttls_works == SEEN_YES)
        hidden(f, v);
    else if (!offered)
        not_offered(j, v);
    else if (f->starttls_works == SEEN_NO)
        offered_and_fails(f, v);
    else if (answered(j, v, f->starttls_works, "STARTTLS works where it is offered"))
        find(v, OUTCOME_PASS, NULL, starttls_word(f), "%s is offered and leads to TLS",
             starttls_word(f));
    if (f->bytes_before_handshake) {
        static const struct by_protocol clauses = { "rfc3207/4/handshake-follows-go-ahead",
                                                    "rfc2595/4/handshake-follows",
                                                    "rfc9051/6.2.1/handshake-follows",
                                                    "rfc3207/4/handshake-follows-go-ahead" };
        find(v, OUTCOME_FAIL, clause_of(f, &clauses), "extra bytes",
             "something in clear text comes between the go-ahead for TLS and the handshake; the "
             "server must send nothing more before the handshake");
    }
}

static void judge_again(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    static const struct by_protocol listed = { "rfc3207/4.2/not-offered-in-tls",
                                               "rfc2595/4/stls-not-twice",
                                               "rfc9051/6.2.1/not-offered-in-tls",
                                               "rfc3207/4.2/not-offered-in-tls" };
    static const struct by_protocol taken = { "rfc3207/4.2/not-offered-in-tls",
                                              "rfc2595/4/stls-not-twice",
                                              "rfc9051/6.2.1/no-second-starttls",
                                              "rfc3207/4.2/not-offered-in-tls" };
    static const enum outcome when_listed[] = { OUTCOME_FAIL, OUTCOME_FAIL, OUTCOME_NOTE,
                                                OUTCOME_WARN, OUTCOME_WARN };
    static const enum outcome when_taken[] = { OUTCOME_WARN, OUTCOME_WARN, OUTCOME_NOTE,
                                               OUTCOME_FAIL, OUTCOME_WARN };
    const char *word = starttls_word(f);
    if (f->starttls_listed_in_tls == SEEN_YES)
        find(v, when_listed[f->spec.protocol], clause_of(f, &listed), "again",
             "%s is still offered inside TLS; take it off the capabilities once TLS is on", word);
    if (f->starttls_taken_in_tls == SEEN_YES)
        find(v, when_taken[f->spec.protocol], clause_of(f, &taken), "twice",
             "%s is taken a second time inside TLS; refuse it there", word);
}

COLUMN(starttls)
{
    const struct port_facts *f = j->facts;
    bool implicit = f->spec.mode == TLS_MODE_IMPLICIT;
    if (f->speaks == SPEAKS_CLEAR && !implicit)
        judge_offer(j, v);
    judge_again(j, v);
    if (f->speaks != SPEAKS_TLS || !implicit || v->outcome != OUTCOME_NOT_RUN)
        return;
    if (answered(j, v, f->starttls_listed_in_tls, "STARTTLS is offered inside TLS"))
        find(v, OUTCOME_PASS, NULL, "none", "%s is not offered inside TLS", starttls_word(f));
}

/* ---- T17 logins in clear ---- */

static const struct by_protocol clear_login_clauses = { "rfc4954/4/no-password-in-clear",
                                                        "rfc8314/4/cleartext-deprecated",
                                                        "rfc9051/6.2.3/no-login-in-clear",
                                                        "rfc8314/4/cleartext-deprecated" };

/* The server that said LOGINDISABLED may well read the literal of a LOGIN that it refuses. */
static bool says_disabled(const struct port_facts *f, const struct login_probe *p)
{
    return f->login_disabled == SEEN_YES && strcmp(p->what, "LOGIN") == 0;
}

/* LOGIN that is not announced as disabled counts as offered, although nobody tried it. */
static bool only_not_disabled(const struct login_probe *p)
{
    return p->offered == SEEN_YES && p->taken != SEEN_YES && strcmp(p->what, "LOGIN") == 0;
}

/* "PLAIN" of "AUTH PLAIN" */
static const char *last_word(const char *what)
{
    const char *space = strrchr(what, ' ');
    return space ? space + 1 : what;
}

struct clear_logins {
    struct buf names; /* "AUTH PLAIN and USER" */
    const char *first;
    size_t n, known;
    bool taken; /* one of them at least */
};

static void look_at_probe(const struct port_judging *j, struct port_verdict *v,
                          const struct login_probe *p, struct clear_logins *found)
{
    bool taken = p->taken == SEEN_YES;
    found->known += p->offered == SEEN_NO || p->taken == SEEN_NO;
    if (p->taken == SEEN_UNCLEAR && p->offered != SEEN_YES)
        answered(j, v, p->taken, "a password is taken in clear text");
    if (says_disabled(j->facts, p) || only_not_disabled(p) || (p->offered != SEEN_YES && !taken))
        return;
    buf_addf(&found->names, "%s%s", found->n++ ? " and " : "", p->what);
    found->first = found->first ? found->first : last_word(p->what);
    found->taken |= taken;
    found->known++;
}

static void judge_probes(const struct port_judging *j, struct port_verdict *v,
                         struct clear_logins *found)
{
    const struct port_facts *f = j->facts;
    bool not_disabled = false;
    for (size_t i = 0; i < f->n_logins; i++) {
        look_at_probe(j, v, &f->logins[i], found);
        not_disabled |= only_not_disabled(&f->logins[i]);
    }
    if (found->n)
        find(v, outcome_of_grade(j->policy->clear_login), clause_of(f, &clear_login_clauses),
             found->first,
             "%s %s %s without TLS, so passwords can be read on the way; refuse logins before "
             "TLS (Dovecot 2.3: disable_plaintext_auth = yes, 2.4: auth_allow_cleartext = no; "
             "Postfix: smtpd_tls_auth_only = yes)",
             found->names.p, found->n > 1 ? "are" : "is", found->taken ? "taken" : "offered");
    if (not_disabled)
        find(v, outcome_of_grade(j->policy->clear_login), "rfc9051/6.2.3/no-login-in-clear",
             "LOGIN",
             "LOGINDISABLED is not announced before TLS, so clients send LOGIN with the password "
             "in clear text; announce it, and refuse LOGIN, until TLS is on");
    found->known += not_disabled;
}

COLUMN(login_in_clear)
{
    const struct port_facts *f = j->facts;
    struct clear_logins found = { 0 };
    if (f->speaks == SPEAKS_TLS) {
        find(v, OUTCOME_SKIP, NULL, "", "everything on this port is inside TLS");
        return;
    }
    buf_init(&found.names, BUF_OURS);
    if (f->preauth)
        find(v, OUTCOME_WARN, "rfc9051/7.1.4/preauth-in-tls", "PREAUTH",
             "the greeting is PREAUTH: the session is logged in before TLS, and STARTTLS is no "
             "longer possible; greet with OK unless the connection is protected");
    judge_probes(j, v, &found);
    if (!found.known)
        find(v, OUTCOME_SKIP, NULL, "", "no login was tried in clear text");
    else
        find(v, OUTCOME_PASS, NULL, "refused", "no password is asked for before TLS");
    buf_release(&found.names);
}

/* ---- T18 logins in TLS ---- */

COLUMN(login_in_tls)
{
    static const struct by_protocol clauses = { "rfc4954/4/plain-over-tls",
                                                "rfc8314/4/tls-available",
                                                "rfc9051/6.1.1/auth-listed",
                                                "rfc8314/4/tls-available" };
    const struct port_facts *f = j->facts;
    if (!has_tls(j, v) || !answered(j, v, f->login_in_tls, "there is a way to log in inside TLS"))
        return;
    bool can = f->login_in_tls == SEEN_YES;
    auto_buf words;
    buf_init(&words, BUF_OURS);
    login_words(&f->tls_caps, f->spec.protocol, &words);
    if (f->spec.role == ROLE_MX && can)
        find(v, OUTCOME_NOTE, "rfc6409/3.1/submission-port", "AUTH",
             "logins are offered on the port for mail between servers, where passwords are "
             "guessed at; leave them to the submission ports");
    else if (f->preauth_in_tls)
        find(
            v, OUTCOME_NOTE, "rfc9051/7.1.4/preauth-in-tls", "PREAUTH",
            "the greeting is PREAUTH: whoever connects, as we did without a password and without a "
            "certificate, is logged in already; greet with OK unless something else than this "
            "port says who may connect");
    else if (f->spec.role == ROLE_MX)
        find(v, OUTCOME_PASS, NULL, "none",
             "no logins are offered, as a mail exchanger needs none");
    else if (can)
        find(v, OUTCOME_PASS, NULL, "yes", "inside TLS there is a way to log in%s%s",
             words.n ? ": " : "", words.n ? words.p : "");
    else
        find(v, OUTCOME_FAIL, clause_of(f, &clauses), "none",
             "inside TLS there is no way to log in: no mechanism is offered; offer PLAIN (or what "
             "your users have) once TLS is on");
}

/* ---- T19 injection ---- */

COLUMN(injection)
{
    static const struct by_protocol clauses = { "rfc3207/6/cleartext-not-trusted",
                                                "rfc2595/4/handshake-follows",
                                                "rfc9051/6.2.1/plaintext-discarded",
                                                "rfc3207/6/cleartext-not-trusted" };
    const struct port_facts *f = j->facts;
    switch (f->injection) {
    case INJECTION_EXECUTED:
        find(v, OUTCOME_FAIL, clause_of(f, &clauses), "executed",
             "a command sent in clear text behind %s is executed inside TLS (\"%s\"), so an "
             "attacker on the way can put commands into a session; discard what came before the "
             "handshake, or take a version of the server that does",
             starttls_word(f), f->injection_said ? f->injection_said : "");
        break;
    case INJECTION_HANDSHAKE_FAILED:
    case INJECTION_DISCARDED:
    case INJECTION_REFUSED:
        find(v, OUTCOME_PASS, NULL, "safe",
             "a command sent in clear text behind %s is not executed inside TLS", starttls_word(f));
        break;
    case INJECTION_UNCLEAR:
        answered(j, v, SEEN_UNCLEAR, "commands sent in clear text are executed inside TLS");
        break;
    case INJECTION_NOT_ASKED:
        find(v, OUTCOME_SKIP, NULL, "",
             f->spec.mode == TLS_MODE_IMPLICIT ? "this port has no STARTTLS to inject behind"
                                               : "injection behind STARTTLS was not tried");
    }
    if (f->falls_back == SEEN_YES)
        find(v, OUTCOME_FAIL, "rfc8446/6.2/fatal-error-closes", "falls back",
             "after a handshake that failed the server goes on in clear text; it must close the "
             "connection");
}

/* ---- T20 is TLS mandatory ---- */

static void judge_mx(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    const char *said = f->work_said ? f->work_said : "";
    if (f->work_in_clear == SEEN_YES)
        find(v, OUTCOME_PASS, NULL, "no", "mail is taken without TLS, as a mail exchanger must");
    else if (!slice_starts(slice_of(said), S("530")) ||
             slice_find_nocase(slice_of(said), S("TLS")) == SIZE_MAX)
        find(v, OUTCOME_SKIP, NULL, "refused",
             "MAIL was refused for another reason than missing TLS (\"%s\")", said);
    else if (f->spec.port == 25)
        find(v, OUTCOME_FAIL, "rfc3207/4/mx-takes-mail-in-clear", "required",
             "mail without TLS is refused (\"%s\"), so senders that have no TLS lose their mail; "
             "make TLS optional on the public port 25 (Postfix: smtpd_tls_security_level = may)",
             said);
    else
        find(v, OUTCOME_NOTE, "rfc3207/4/mx-takes-mail-in-clear", "required",
             "mail without TLS is refused (\"%s\"), which a public mail exchanger must not do",
             said);
}

/* What MAIL waits for is TLS itself, and not only a login. */
static bool waits_for_tls(const struct port_facts *f)
{
    return is_smtp(f) && f->work_said &&
           slice_find_nocase(slice_of(f->work_said), S("TLS")) != SIZE_MAX;
}

/* Where nothing is refused but what needs a login, and a login goes in clear, TLS is not needed. */
static bool login_goes_in_clear(const struct port_facts *f, struct buf *names)
{
    bool taken = false;
    for (size_t i = 0; i < f->n_logins; i++)
        if (f->logins[i].taken == SEEN_YES) {
            buf_addf(names, "%s%s", names->n ? ", " : "", f->logins[i].what);
            taken = true;
        }
    if (!taken && f->other_logins)
        buf_adds(names, f->other_logins);
    return taken;
}

static void judge_users(const struct port_facts *f, struct port_verdict *v)
{
    auto_buf names;
    buf_init(&names, BUF_OURS);
    bool taken = login_goes_in_clear(f, &names);
    if (f->work_in_clear == SEEN_YES)
        find(v, OUTCOME_WARN, "rfc8314/4.1/tls-required", "no",
             "TLS is not mandatory: %s is taken in clear text (\"%s\"); require TLS before it",
             is_smtp(f) ? "mail" : "a login", f->work_said ? f->work_said : "");
    else if (names.n && !waits_for_tls(f))
        find(v, OUTCOME_WARN, "rfc8314/4.1/tls-required", "no",
             "TLS is not mandatory: a login is %s in clear text (%s); require TLS before it",
             taken ? "taken" : "offered", names.p);
    else
        find(v, OUTCOME_PASS, NULL, "yes", "TLS is mandatory: %s is refused in clear text%s%s%s",
             is_smtp(f) ? "mail" : "a login", f->work_said ? " (\"" : "",
             f->work_said ? f->work_said : "", f->work_said ? "\")" : "");
}

/* A login would tell, and none is made. */
static bool only_login_tells(const struct port_facts *f)
{
    return f->work_in_clear == SEEN_NOT_ASKED && f->login_disabled == SEEN_NO;
}

COLUMN(tls_required)
{
    const struct port_facts *f = j->facts;
    if (f->speaks == SPEAKS_TLS)
        find(v, OUTCOME_PASS, NULL, "implicit", "nothing can be done on this port without TLS");
    else if (only_login_tells(f))
        find(v, OUTCOME_SKIP, NULL, "",
             "LOGINDISABLED is not announced, and whether LOGIN is refused before TLS only a login "
             "could tell: none is made");
    else if (!answered(j, v, f->work_in_clear, "TLS is mandatory"))
        return;
    else if (f->spec.role == ROLE_MX)
        judge_mx(j, v);
    else
        judge_users(f, v);
}

/* ---- T27 REQUIRETLS ---- */

COLUMN(requiretls)
{
    const struct port_facts *f = j->facts;
    if (!is_smtp(f)) {
        find(v, OUTCOME_SKIP, NULL, "", "REQUIRETLS is an extension of SMTP");
        return;
    }
    if (f->requiretls_listed_in_clear == SEEN_YES)
        find(v, OUTCOME_FAIL, "rfc8689/2/offered-in-tls-only", "in clear",
             "REQUIRETLS is offered before TLS; offer it in the EHLO answer inside TLS only");
    if (f->requiretls_listed_in_tls == SEEN_YES && f->requiretls_taken == SEEN_NO)
        find(v, OUTCOME_FAIL, "rfc8689/4.1/parameter-taken", "refused",
             "REQUIRETLS is offered, and MAIL with that parameter is refused; take the parameter, "
             "or do not offer it");
    if (v->outcome == OUTCOME_FAIL || !has_tls(j, v) ||
        !answered(j, v, f->requiretls_listed_in_tls, "REQUIRETLS is offered"))
        return;
    if (f->requiretls_listed_in_tls == SEEN_NO)
        find(v, OUTCOME_SKIP, NULL, "no", "REQUIRETLS is not offered");
    else if (f->spec.role == ROLE_SUBMISSION && f->requiretls_taken == SEEN_UNCLEAR)
        find(v, OUTCOME_SKIP, NULL, "",
             "REQUIRETLS is offered; whether MAIL takes it needs an account: give --target FILE");
    else if (answered(j, v, f->requiretls_taken, "MAIL with REQUIRETLS is taken"))
        find(v, OUTCOME_PASS, NULL, "yes", "REQUIRETLS is offered inside TLS, and taken");
}
