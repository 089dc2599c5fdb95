#include "invariant_private.h"
#include "clause.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const struct invariant rows[INVARIANT_COUNT] = {
    [INVARIANT_IMAP_LINE_ENDS] = { "invariant/imap/line-ends",
                                   "Every line of an IMAP response ends in CRLF",
                                   "rfc3501/2.2/lines-end-in-crlf", "imap.response.bare-lf",
                                   "imap/session/noop" },
    [INVARIANT_IMAP_GRAMMAR] = { "invariant/imap/grammar",
                                 "Every IMAP response follows the formal syntax",
                                 "rfc3501/9/formal-syntax", "imap.fetch.trailing-space",
                                 "imap/fetch/flags-and-uid" },
    [INVARIANT_IMAP_SEQUENCE] = { "invariant/imap/sequence-numbers",
                                  "Message numbers are between 1 and the number of messages",
                                  "rfc3501/2.3.1.2/sequence-numbers", "imap.fetch.zero-sequence",
                                  "imap/fetch/flags-and-uid" },
    [INVARIANT_IMAP_EXISTS] = { "invariant/imap/exists-never-shrinks",
                                "The number of messages sinks only by EXPUNGE",
                                "rfc3501/5.2/exists-never-shrinks", "sync.expunge.exists-shrinks",
                                "sync/expunge/peer-noop" },
    [INVARIANT_IMAP_EXPUNGE] = { "invariant/imap/expunge-allowed",
                                 "EXPUNGE and VANISHED come only while a command other than FETCH, "
                                 "STORE or SEARCH is running",
                                 "rfc3501/7.4.1/no-expunge-during-fetch",
                                 "sync.expunge.during-fetch", "sync/expunge/not-during-fetch" },
    [INVARIANT_IMAP_UID] = { "invariant/imap/uid-stable",
                             "A message keeps its UID in a session, and UIDs rise",
                             "rfc3501/2.3.1.1/uids-ascend", "sync.uid.changes-in-session",
                             "sync/uids/stable-in-session" },
    [INVARIANT_IMAP_CONTENT] = { "invariant/imap/uid-content-stable",
                                 "The same UID names the same message in every session",
                                 "rfc3501/2.3.1.1/uid-refers-to-one-message", "sync.uid.moves",
                                 "sync/uids/same-in-every-session" },
    [INVARIANT_IMAP_RESYNC] = { "invariant/imap/resync",
                                "After a BAD the next command gets exactly one reply",
                                "rfc3501/2.2.1/one-completion-per-command",
                                "imap.command.literal-as-command",
                                "imap/session/unknown-command-literal" },
    [INVARIANT_POP3_LINE_ENDS] = { "invariant/pop3/line-ends",
                                   "Every line of a POP3 response ends in CRLF",
                                   "rfc1939/3/line-ends-in-crlf", "pop3.reply.bare-lf",
                                   "pop3/transaction/stat" },
    [INVARIANT_POP3_GRAMMAR] = { "invariant/pop3/grammar",
                                 "Every POP3 response has the form of its command",
                                 "rfc1939/3/status-indicator", "pop3.status.lower-case",
                                 "pop3/transaction/stat" },
    [INVARIANT_POP3_UNASKED] = { "invariant/pop3/one-response-per-command",
                                 "POP3 responses come only to commands", "rfc1939/3/one-response",
                                 "pop3.noop.twice", "pop3/transaction/noop" },
    [INVARIANT_POP3_RESYNC] = { "invariant/pop3/resync",
                                "After a refused command the next one gets exactly one response",
                                "rfc1939/3/one-response", "pop3.err.twice",
                                "pop3/authorization/unknown-command" },
    [INVARIANT_SMTP_LINE_ENDS] = { "invariant/smtp/line-ends",
                                   "Every line of an SMTP reply ends in CRLF",
                                   "rfc5321/2.3.8/line-ends-in-crlf", "smtp.reply.bare-lf",
                                   "smtp/session/noop" },
    [INVARIANT_SMTP_GRAMMAR] = { "invariant/smtp/grammar",
                                 "Every SMTP reply is a code, a separator and text, one code per "
                                 "reply",
                                 "rfc5321/4.2/reply-syntax", "smtp.reply.code-mixed",
                                 "smtp/session/ehlo" },
    [INVARIANT_SMTP_LENGTHS] = { "invariant/smtp/line-lengths",
                                 "No SMTP reply line is longer than 512 octets",
                                 "rfc5321/4.5.3.1.5/reply-line-length", "smtp.reply.too-long",
                                 "smtp/session/reply-lines-short", LEVEL_SHOULD },
    [INVARIANT_SMTP_UNASKED] = { "invariant/smtp/one-reply-per-command",
                                 "Each SMTP command gets exactly one reply",
                                 "rfc5321/4.2/one-reply-per-command", "smtp.reply.two-replies",
                                 "smtp/session/noop" },
    [INVARIANT_SMTP_RESYNC] = { "invariant/smtp/resync",
                                "After a syntax error the next command gets exactly one reply",
                                "rfc5321/4.2/one-reply-per-command", "smtp.error.twice",
                                "smtp/session/unknown-command" },
    [INVARIANT_TLS_PLAINTEXT] = { "invariant/tls/no-plaintext-after-go-ahead",
                                  "Nothing comes in clear text between the go-ahead for TLS and "
                                  "the handshake",
                                  "rfc3207/4/handshake-follows-go-ahead",
                                  "tls.starttls.extra-plaintext", "tls/starttls/upgrade" },
};

const struct invariant *invariant_rows(size_t *ret_n)
{
    *ret_n = INVARIANT_COUNT;
    return rows;
}

const struct invariant *invariant_find(slice id)
{
    for (size_t i = 0; i < INVARIANT_COUNT; i++)
        if (slice_eq_str(id, rows[i].id))
            return &rows[i];
    return NULL;
}

/* ---- findings ---- */

/* The first break in the order of the plan, so that it does not depend on the number of jobs. */
struct finding {
    unsigned long looked;
    size_t breaks;
    const struct planned *where;
    char *message, *device;
    struct buf actual;
    size_t offset;
    bool in_tls;
    nsec at;
};

struct invariants {
    struct finding of[INVARIANT_COUNT];
    struct hash contents; /* key -> fingerprint, as a pointer that is never NULL */
};

void invariants_open(struct session *s)
{
    s->invariants = NEW(struct invariants);
}

void invariants_close(struct session *s)
{
    if (!s->invariants)
        return;
    for (size_t i = 0; i < INVARIANT_COUNT; i++) {
        free(s->invariants->of[i].message);
        free(s->invariants->of[i].device);
        buf_release(&s->invariants->of[i].actual);
    }
    hash_release(&s->invariants->contents);
    free(s->invariants);
    s->invariants = NULL;
}

bool invariant_same_content(struct session *s, const char *key, uint64_t fingerprint)
{
    void *value = (void *)(uintptr_t)(fingerprint | 1);
    void *known = hash_get(&s->invariants->contents, slice_of(key));
    if (!known)
        hash_put(&s->invariants->contents, slice_of(key), value);
    return !known || known == value;
}

void invariant_looked(struct device *d, enum invariant_id id)
{
    d->play->session->invariants->of[id].looked++;
}

static bool is_among(const slice *ids, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_str(ids[i], id))
            return true;
    return false;
}

static bool is_waived(const struct check *c, const char *id)
{
    return is_among(c->waived, c->n_waived, id);
}

/* For a check that upholds the rule: its step fails with this (steps_run). */
static void note_breach(struct device *d, enum invariant_id id, slice actual, size_t offset,
                        const char *text)
{
    struct play *p = d->play;
    if (p->breach.id || !is_among(p->check->upheld, p->check->n_upheld, rows[id].id))
        return;
    p->breach = (struct play_breach) { .id = rows[id].id,
                                       .device = d,
                                       .message = arena_str(&p->arena, slice_of(text)),
                                       .actual = arena_dup(&p->arena, actual),
                                       .offset = offset };
}

static void record(struct device *d, enum invariant_id id, slice actual, size_t offset, char *text)
{
    enum { SHOWN = 2000 };
    struct play *p = d->play;
    struct finding *f = &p->session->invariants->of[id];
    f->breaks++;
    note_breach(d, id, actual, offset, text);
    if (f->where && f->where <= p->planned) {
        free(text);
        return;
    }
    free(f->message);
    free(f->device);
    f->where = p->planned;
    f->message = text;
    f->device = xstrdup(d->name);
    f->offset = offset;
    f->at = now() - p->started;
    f->in_tls = d->conn && conn_in_tls(d->conn);
    if (!f->actual.p)
        buf_init(&f->actual, BUF_OURS);
    buf_clear(&f->actual);
    buf_add(&f->actual, slice_sub(actual, 0, SHOWN));
}

static void break_rule(struct device *d, enum invariant_id id, slice actual, size_t offset,
                       const char *format, va_list args) __attribute__((format(printf, 5, 0)));
static void break_rule(struct device *d, enum invariant_id id, slice actual, size_t offset,
                       const char *format, va_list args)
{
    char *text = NULL;
    if (d->quiet || is_waived(d->play->check, rows[id].id))
        return;
    if (vasprintf(&text, format, args) < 0)
        text = xstrdup("(no memory for the message)");
    record(d, id, actual, offset, text);
}

void invariant_broken(struct device *d, enum invariant_id id, slice actual, size_t offset,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    break_rule(d, id, actual, offset, format, args);
    va_end(args);
}

void invariant_break(struct device *d, const char *id, slice actual, const char *format, ...)
{
    const struct invariant *row = invariant_find(slice_of(id));
    va_list args;
    assert(row);
    va_start(args, format);
    break_rule(d, (enum invariant_id)(row - rows), actual, SIZE_MAX, format, args);
    va_end(args);
}

void invariant_checked(struct device *d, const char *id)
{
    const struct invariant *row = invariant_find(slice_of(id));
    assert(row);
    if (!d->quiet)
        invariant_looked(d, (enum invariant_id)(row - rows));
}

/* ---- the devices' side ---- */

void invariants_connected(struct device *d)
{
    watch_free(d->watch);
    d->watch = NEW(struct watch);
}

void invariants_disconnected(struct device *d)
{
    watch_free(d->watch);
    d->watch = NULL;
}

void invariants_command(struct device *d, slice command)
{
    if (d->watch && device_is_imap(d))
        watch_command(d->watch, command);
}

void invariants_lose_count(struct device *d)
{
    if (d->watch)
        watch_lose(d->watch);
}

bool invariants_can_count(const struct device *d)
{
    return d->watch && !d->watch->lost;
}

void invariants_see(struct device *d, const struct unit *u)
{
    if (!d->watch)
        return;
    if (services[d->service].protocol == PROTOCOL_IMAP)
        watch_imap(d, u);
    else if (services[d->service].protocol == PROTOCOL_POP3)
        watch_pop3(d, u);
    else
        watch_smtp(d, u);
}

/* ---- results ---- */

static void add_clause(struct session *s, struct result *r, const struct invariant *row)
{
    const struct clause *c = clause_find(&s->library->clauses, slice_of(row->clause));
    if (c)
        result_add_clause(r,
                          (struct result_clause) { c->id, c->rfc, c->section, c->level, c->says });
}

static void add_result(struct session *s, size_t i)
{
    const struct finding *f = &s->invariants->of[i];
    struct result *r = run_add(s->run, rows[i].id);
    r->family = "invariant";
    r->title = rows[i].title;
    r->level = rows[i].level ? rows[i].level : LEVEL_MUST;
    add_clause(s, r, &rows[i]);
    r->raw = f->breaks ? level_failed(r->level) : OUTCOME_PASS;
    if (f->breaks) {
        struct result_failure *out =
            result_fail(s->run, r, "%s", session_text(s, slice_of(f->message)));
        auto_buf masked;
        buf_init(&masked, BUF_OURS);
        secrets_mask(&s->secrets, buf_slice(&f->actual), &masked);
        bool same = masked.n == f->actual.n && f->offset <= masked.n;
        failure_actual(s->run, out, buf_slice(&masked), same ? f->offset : SIZE_MAX,
                       same ? f->offset + (f->offset < masked.n) : SIZE_MAX, NULL);
        out->device = session_text(s, slice_of(f->device));
        out->file = f->where->check->file;
        out->line = (int)f->where->check->at.line;
        *array_push(&out->more) = run_textf(s->run, "first seen in %s; %zu of %lu units break it",
                                            f->where->id, f->breaks, f->looked);
        result_event(s->run, r, f->at, out->device, EVENT_RECEIVED, f->in_tls, buf_slice(&masked));
        if (s->options->rerun)
            r->rerun = run_textf(s->run, "mailassay run '%s' %s", f->where->id, s->options->rerun);
    }
    result_judge(s->run, r);
    if (s->options->done)
        s->options->done(s->options->ctx, r);
}

void invariants_report(struct session *s)
{
    for (size_t i = 0; i < INVARIANT_COUNT; i++)
        if (s->invariants->of[i].looked)
            add_result(s, i);
}
