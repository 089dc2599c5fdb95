/* What the columns share: findings that add up, and why a question has no answer. */
#include "port_column_private.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- findings ---- */

static int weight(enum outcome o)
{
    static const int weights[OUTCOME_COUNT] = {
        [OUTCOME_SKIP] = 1,  [OUTCOME_PASS] = 2, [OUTCOME_NOTE] = 3,
        [OUTCOME_ERROR] = 4, [OUTCOME_WARN] = 5, [OUTCOME_FAIL] = 6,
    };
    return weights[o];
}

/* What was seen: up to the fix. */
static slice seen_part(const char *text)
{
    slice s = slice_of(text);
    size_t at = slice_find(s, S("; "));
    return at == SIZE_MAX ? s : slice_sub(s, 0, at);
}

/* Behind the sentence that decides, as far as there is room. */
static void add_also(struct port_verdict *v, slice seen)
{
    size_t n = strlen(v->text);
    if (n + seen.n + sizeof " (also: )" <= sizeof v->text)
        snprintf(v->text + n, sizeof v->text - n, " (also: %.*s)", SLICE_ARG(seen));
}

void find(struct port_verdict *v, enum outcome outcome, const char *clause, const char *short_text,
          const char *format, ...)
{
    char text[sizeof v->text], before[sizeof v->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool decides = weight(outcome) > weight(v->outcome);
    bool both = weight(outcome) > weight(OUTCOME_PASS) && weight(v->outcome) > weight(OUTCOME_PASS);
    memcpy(before, v->text, sizeof before);
    if (decides) {
        v->outcome = outcome;
        v->clause = clause;
        snprintf(v->short_text, sizeof v->short_text, "%s", short_text);
        memcpy(v->text, text, sizeof text);
    }
    if (both)
        add_also(v, seen_part(decides ? before : text));
}

enum outcome outcome_of_grade(enum policy_grade grade)
{
    static const enum outcome outcomes[] = { OUTCOME_PASS, OUTCOME_NOTE, OUTCOME_WARN,
                                             OUTCOME_FAIL };
    return outcomes[grade];
}

bool is_opportunistic(const struct port_facts *f)
{
    return f->spec.role == ROLE_MX || f->spec.role == ROLE_LMTP;
}

enum outcome outcome_softened(const struct port_judging *j, enum outcome outcome)
{
    if (!is_opportunistic(j->facts))
        return outcome;
    return outcome == OUTCOME_FAIL   ? OUTCOME_WARN
           : outcome == OUTCOME_WARN ? OUTCOME_NOTE
                                     : outcome;
}

const char *version_name(uint16_t version)
{
    for (int i = 0; i < SURVEY_VERSIONS; i++)
        if (survey_wire_version((enum survey_version)i) == version)
            return survey_version_names[i];
    return "an unknown version";
}

/* ---- logins ---- */

static void add_word(struct buf *out, slice word)
{
    buf_addf(out, "%s%.*s", out->n ? " " : "", SLICE_ARG(word));
}

/* SMTP and ManageSieve say "AUTH" and "SASL" with parameters, POP3 "SASL" and "USER", IMAP "AUTH=X";
   IMAP's LOGIN is there unless LOGINDISABLED says otherwise. */
void login_words(const struct capabilities *caps, enum port_protocol protocol, struct buf *out)
{
    array_each (c, &caps->list) {
        bool listed = slice_eq_nocase(c->name, S("AUTH")) || slice_eq_nocase(c->name, S("SASL"));
        for (size_t i = 0; listed && i < c->n_params; i++)
            add_word(out, c->params[i]);
        if (slice_starts_nocase(c->name, S("AUTH=")) && protocol == PORT_IMAP)
            add_word(out, slice_skip(c->name, 5));
        if (slice_eq_nocase(c->name, S("USER")) && protocol == PORT_POP3)
            add_word(out, S("USER"));
    }
    if (protocol == PORT_IMAP && caps->known && !caps_has(caps, S("LOGINDISABLED")))
        add_word(out, out->n ? S("(LOGIN command)") : S("LOGIN command"));
}

/* ---- no answer ---- */

static const char *sentence_of(const struct port_verdict *v, const char *const *list, size_t n)
{
    for (size_t i = 0; v->column && i < n; i++)
        if (port_column_asks(v->column, list[i]))
            return list[i];
    return NULL;
}

/* The sentence on what this column asked. Otherwise what broke off the first conversation, or ended the
   survey, is the reason for all that came behind it. */
static const char *reason_of(const struct port_verdict *v, const struct port_facts *f, bool survey)
{
    const struct tls_survey *s = &f->survey;
    const char *text = sentence_of(v, f->unclear.v, f->unclear.n);
    if (!text)
        text = sentence_of(v, s->unclear.v, s->unclear.n);
    if (!text && survey && s->unclear.n)
        text = s->unclear.v[s->unclear.n - 1];
    if (!text && !survey && f->unclear.n)
        text = f->unclear.v[0];
    return text ? text : "the answers say neither";
}

/* A question that was not put: because the server had enough of us, or because we did not. */
static void not_asked(const struct port_judging *j, struct port_verdict *v, const char *question,
                      const char *how)
{
    const struct port_facts *f = j->facts;
    if (f->reach == REACH_RATE_LIMITED)
        find(v, OUTCOME_ERROR, NULL, "rate limited",
             "the server had enough of us before it was asked whether %s", question);
    else
        find(v, OUTCOME_SKIP, NULL, "", "it was not asked whether %s%s", question, how);
}

bool answered(const struct port_judging *j, struct port_verdict *v, enum seen s,
              const char *question)
{
    const struct port_facts *f = j->facts;
    if (s == SEEN_NOT_ASKED)
        not_asked(j, v, question, "");
    if (s == SEEN_UNCLEAR)
        find(v, OUTCOME_ERROR, NULL, "unclear", "could not tell whether %s: %s", question,
             reason_of(v, f, false));
    return s == SEEN_NO || s == SEEN_YES;
}

bool surveyed(const struct port_judging *j, struct port_verdict *v, enum survey_answer a,
              const char *question)
{
    if (a == SURVEY_NOT_ASKED && has_tls(j, v))
        not_asked(j, v, question, " (--full asks all)");
    if (a == SURVEY_UNCLEAR)
        find(v, OUTCOME_ERROR, NULL, "unclear", "could not tell whether %s: %s", question,
             reason_of(v, j->facts, true));
    return a == SURVEY_REFUSED || a == SURVEY_ACCEPTED;
}

bool has_tls(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    if (f->tls.up)
        return true;
    if (f->tls.failure)
        find(v, OUTCOME_SKIP, NULL, "", "there was no TLS session to look at: %s", f->tls.failure);
    else
        find(v, OUTCOME_SKIP, NULL, "", "there is no TLS here");
    return false;
}

enum error_code port_error_code(const struct port_facts *f)
{
    if (f->reach == REACH_RATE_LIMITED)
        return ERR_RATE;
    if (f->error.code != ERR_NONE)
        return f->error.code;
    return f->speaks == SPEAKS_SILENCE ? ERR_TIMEOUT : ERR_NETWORK;
}

/* ---- the row and its neighbours ---- */

bool is_smtp(const struct port_facts *f)
{
    return f->spec.protocol == PORT_SMTP || f->spec.protocol == PORT_LMTP;
}

const char *starttls_word(const struct port_facts *f)
{
    return f->spec.protocol == PORT_POP3 ? "STLS" : "STARTTLS";
}

static const struct port_pair {
    enum port_protocol protocol;
    enum service_role role;
    uint16_t clear, implicit;
} pairs[] = {
    { PORT_SMTP, ROLE_SUBMISSION, 587, 465 },
    { PORT_POP3, ROLE_ACCESS, 110, 995 },
    { PORT_IMAP, ROLE_ACCESS, 143, 993 },
};

static const struct port_pair *pair_of(const struct port_facts *f)
{
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (pairs[i].protocol == f->spec.protocol && pairs[i].role == f->spec.role)
            return &pairs[i];
    return NULL;
}

uint16_t implicit_port_of(const struct port_facts *f)
{
    const struct port_pair *pair = pair_of(f);
    return pair ? pair->implicit : 0;
}

uint16_t clear_port_of(const struct port_facts *f)
{
    const struct port_pair *pair = pair_of(f);
    return pair ? pair->clear : 0;
}

const struct port_facts *row_at(const struct port_judging *j, uint16_t port)
{
    const struct port_spec *own = &j->facts->spec;
    for (size_t i = 0; i < j->n_all; i++) {
        const struct port_spec *s = &j->all[i].spec;
        if (s->port == port && s->family == own->family && s->protocol == own->protocol &&
            strcmp(s->host, own->host) == 0)
            return &j->all[i];
    }
    return NULL;
}
