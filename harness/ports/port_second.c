/* The connections after the first: commands sent in clear behind STARTTLS, resumption, ALPN, server
   names. */
#include "port_visit_private.h"

/* ---- injection ---- */

#define INJECTED "after %s with a command behind it, "

static bool is_code(slice line, const char *code)
{
    return slice_starts(line, slice_of(code));
}

/* Bare 220 lines are a second greeting; 221 answers our QUIT. */
static bool smtp_extra(slice line)
{
    return !is_code(line, "221") && !is_code(line, "220");
}

enum injection visit_injection_of(enum port_protocol protocol, slice text, slice tag,
                                  slice *ret_said)
{
    /* Positive answers to QUIT or LOGOUT, and what comes by itself: a second greeting of POP3, whose
       CAPA would have more lines; ManageSieve tells its capabilities anew, with an OK of its own. */
    static const unsigned allowed[PORT_PROTOCOLS] = { [PORT_POP3] = 2, [PORT_SIEVE] = 2 };
    unsigned good = 0, lines = 0;
    slice line;
    for (; slice_line(&text, &line); lines++) {
        bool extra = false;
        if (protocol == PORT_SMTP || protocol == PORT_LMTP)
            extra = smtp_extra(line);
        else if (protocol == PORT_IMAP)
            extra = slice_starts(line, tag) || slice_find_nocase(line, S(" BAD ")) != SIZE_MAX;
        else if (protocol == PORT_POP3)
            extra = !slice_starts_nocase(line, S("+OK")) || ++good > allowed[PORT_POP3];
        else if (slice_starts_nocase(line, S("NO")))
            extra = true;
        else if (slice_starts_nocase(line, S("OK")))
            extra = ++good > allowed[PORT_SIEVE];
        if (extra) {
            *ret_said = line;
            return INJECTION_EXECUTED;
        }
    }
    return lines ? INJECTION_DISCARDED : INJECTION_UNCLEAR;
}

/* Everything up to the end of the connection, or as long as one answer may take. */
static void read_rest(struct talk *t, struct buf *text)
{
    nsec deadline = now() + port_timeout(t->options);
    slice line;
    while (text->n < TALK_REPLY_MAX && talk_next_line(t, deadline, &line) == TALK_YES)
        buf_addf(text, "%.*s\n", SLICE_ARG(line));
}

static void look_for_execution(struct visit *v, struct talk *t, const char *tag)
{
    struct port_facts *f = v->facts;
    auto_buf line, text;
    slice said = S("");
    buf_init(&line, BUF_OURS);
    buf_init(&text, 2 * TALK_REPLY_MAX);
    talk_new_tag(t);
    buf_addf(&line, "%s%s%s\r\n", t->tag, t->tag[0] ? " " : "", talk_words[t->protocol].quit);
    talk_send(t, buf_slice(&line));
    read_rest(t, &text);
    f->injection = visit_injection_of(t->protocol, buf_slice(&text), slice_of(tag), &said);
    if (f->injection == INJECTION_EXECUTED)
        f->injection_said = port_facts_text(f, said);
    if (f->injection == INJECTION_UNCLEAR)
        visit_unclear(f, INJECTED "nothing answered inside TLS", talk_words[t->protocol].starttls);
}

/* STARTTLS and a harmless command in one write, and the go-ahead. */
static enum talk_answer send_injection(struct talk *t, char tag[32])
{
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    talk_new_tag(t);
    if (t->protocol == PORT_IMAP)
        snprintf(tag, 32, "injected%u ", t->tags);
    buf_addf(&bytes, "%s%s%s\r\n%s%s\r\n", t->tag, t->tag[0] ? " " : "",
             talk_words[t->protocol].starttls, tag, talk_words[t->protocol].noop);
    talk_send(t, buf_slice(&bytes));
    return talk_reply(t, false);
}

static void note_resumed(struct visit *v, struct stream *tls)
{
    if (v->session)
        v->facts->tls.resumed = tls_info(tls)->resumed ? SEEN_YES : SEEN_NO;
}

/* A refusal for now (RFC 5321 section 4.2.1: 4yz) is none of what was sent behind the command. */
static bool refuses_injection(const struct talk *t)
{
    bool smtp = t->protocol == PORT_SMTP || t->protocol == PORT_LMTP;
    return t->answer == TALK_NO && !(smtp && slice_starts(t->last, S("4")));
}

static void injection_unclear(struct port_facts *f, const struct talk *t, const char *said)
{
    f->injection = INJECTION_UNCLEAR;
    visit_unclear(f, INJECTED "came: %s", talk_words[t->protocol].starttls, said);
}

static void inject(struct visit *v, struct talk *t)
{
    struct port_facts *f = v->facts;
    struct error err = { 0 };
    struct tls_options how;
    char tag[32] = "";
    enum talk_answer answer = send_injection(t, tag);
    if (answer != TALK_YES && !refuses_injection(t)) {
        injection_unclear(f, t, talk_said(t));
        return;
    }
    if (answer != TALK_YES) {
        f->injection = INJECTION_REFUSED;
        f->injection_said = talk_said(t);
        return;
    }
    visit_tls_options(f, &how);
    how.resume = v->session;
    if (talk_start_tls(t, &how, &err) < 0) {
        f->injection_said = port_facts_text(f, slice_of(err.text));
        f->injection = INJECTION_HANDSHAKE_FAILED;
        if (err.code == ERR_TIMEOUT || err.code == ERR_CANCEL)
            injection_unclear(f, t, f->injection_said);
        return;
    }
    look_for_execution(v, t, tag);
    note_resumed(v, t->tls);
}

static void visit_injection(struct visit *v)
{
    struct stream *link;
    struct talk t;
    struct capabilities caps = { 0 };
    if (port_link_open(v->options, v->facts, "injection", NULL, &link) < 0)
        return;
    talk_init(&t, v->options, v->facts, "injection", link);
    t.protocol = v->facts->protocol_seen;
    enum talk_answer answer = talk_greeting(&t);
    if (answer == TALK_YES && t.protocol != PORT_SIEVE)
        answer = visit_ask_offers(&t, &caps);
    capabilities_release(&caps);
    if (answer == TALK_YES)
        inject(v, &t);
    else if (answer == TALK_CLOSED)
        port_rate_limited(v->facts, "the second connection was closed without a greeting");
    talk_release(&t);
}

/* ---- single handshakes ---- */

enum shaken {
    SHAKEN,   /* there was a session */
    REFUSED,  /* an alert says no */
    CLOSED,   /* it was ended without a word, which others than the server may do */
    NO_ANSWER /* asked, and nothing came in time */
};

/* One handshake on a connection of its own. False when it was not asked: no way to it. The session
   is told to `look`, which may be NULL. Whatever says nothing gets a sentence. */
static bool shake_once(struct visit *v, const char *question, const struct tls_options *how,
                       void (*look)(struct visit *v, struct stream *tls), enum shaken *ret)
{
    struct port_way way = { .options = v->options, .facts = v->facts };
    struct error err = { 0 };
    struct stream *s, *tls;
    struct tls_info failed = { .alert_received = -1 };
    struct tls_options options = *how;
    nsec deadline = now() + port_timeout(v->options);
    options.ret_failed = &failed;
    if (port_way_open(&way, question, deadline, &err, &s) < 0)
        return false;
    int r = tls_open_client(s, v->options->tls, &options, deadline, &err, &tls);
    transcript_note(v->facts->transcript, question, r == 0, now(), "%s",
                    r == 0 ? "TLS has begun" : err.text);
    if (r == 0 && look)
        look(v, tls);
    *ret = r == 0                       ? SHAKEN
           : failed.alert_received >= 0 ? REFUSED
           : r == ERR_TLS               ? CLOSED
                                        : NO_ANSWER;
    if (*ret > REFUSED)
        visit_unclear(v->facts, "%s: %s", question, err.text);
    tls_info_release(&failed);
    stream_close(r == 0 ? tls : s);
    /* What came in place of a handshake was no answer to it. */
    return v->facts->reach != REACH_RATE_LIMITED;
}

/* Nothing but a web server, or what stands in front of one, agrees to it. */
static void note_http(struct visit *v, struct stream *tls)
{
    v->facts->tls.chooses_http = strcmp(tls_info(tls)->alpn, "http/1.1") == 0;
}

static void note_http_and_resumed(struct visit *v, struct stream *tls)
{
    note_http(v, tls);
    note_resumed(v, tls);
}

static void ask_alpn(struct visit *v, bool resume)
{
    static const char *const foreign[] = { "http/1.1", NULL };
    struct tls_options how;
    enum shaken got;
    visit_tls_options(v->facts, &how);
    how.alpn = foreign;
    /* OpenSSL never resumes a session again that a handshake failed with, so it gets a copy. */
    how.resume = resume && v->session ? SSL_SESSION_dup(v->session) : NULL;
    if (shake_once(v, "ALPN", &how, resume ? note_http_and_resumed : note_http, &got))
        v->facts->tls.alpn_foreign = got == SHAKEN    ? SEEN_YES
                                     : got == REFUSED ? SEEN_NO
                                                      : SEEN_UNCLEAR;
    SSL_SESSION_free(how.resume);
}

static void ask_resumption(struct visit *v)
{
    struct tls_options how;
    enum shaken got;
    visit_tls_options(v->facts, &how);
    how.resume = v->session;
    if (shake_once(v, "resumption", &how, note_resumed, &got) && got != SHAKEN)
        v->facts->tls.resumed = SEEN_UNCLEAR;
}

static void note_unknown_name(struct visit *v, struct stream *tls)
{
    v->facts->tls.unknown_name = visit_compare(v->facts, tls_info(tls)->certificate);
}

static void ask_unknown_name(struct visit *v)
{
    struct tls_options how;
    enum shaken got;
    visit_tls_options(v->facts, &how);
    how.sni = "unknown-name.mailassay.test";
    if (shake_once(v, "unknown server name", &how, note_unknown_name, &got) && got != SHAKEN)
        v->facts->tls.unknown_name = got == REFUSED ? CERT_REFUSED : CERT_UNCLEAR;
}

static void note_no_name(struct visit *v, struct stream *tls)
{
    v->facts->tls.without_name = visit_compare(v->facts, tls_info(tls)->certificate);
}

static void ask_no_name(struct visit *v)
{
    struct tls_options how;
    enum shaken got;
    visit_tls_options(v->facts, &how);
    how.sni = NULL;
    if (shake_once(v, "no server name", &how, note_no_name, &got) && got != SHAKEN)
        v->facts->tls.without_name = got == REFUSED ? CERT_REFUSED : CERT_UNCLEAR;
}

/* ---- which of them ---- */

void visit_second(struct visit *v)
{
    if (v->facts->speaks == SPEAKS_CLEAR)
        visit_injection(v);
    else
        ask_alpn(v, true);
}

void visit_extra(struct visit *v)
{
    const struct port_tls_facts *t = &v->facts->tls;
    if (visit_goes_on(v) && t->alpn_foreign == SEEN_NOT_ASKED)
        ask_alpn(v, false);
    if (visit_goes_on(v) && t->resumed == SEEN_NOT_ASKED && v->session)
        ask_resumption(v);
    if (visit_goes_on(v))
        ask_unknown_name(v);
    bool unsure = t->without_name == CERT_NOT_ASKED || t->without_name == CERT_UNCLEAR;
    if (visit_goes_on(v) && unsure)
        ask_no_name(v);
}
