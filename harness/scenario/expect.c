#include "expect.h"
#include "client_steps.h"
#include "expect_private.h"
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"

size_t expect_items(const struct node *n, const struct node *ret[], size_t max)
{
    if (!n)
        return 0;
    if (n->kind == NODE_SCALAR) {
        ret[0] = n;
        return 1;
    }
    size_t count = n->kind == NODE_LIST ? n->n : 0;
    for (size_t i = 0; i < count && i < max; i++)
        ret[i] = n->items[i];
    return count < max ? count : max;
}

/* ---- one completion ---- */

/* "2xx", "550": each x is any digit. */
static bool code_matches(slice pattern, int code)
{
    int digits[3] = { code / 100, code / 10 % 10, code % 10 };
    if (pattern.n != 3)
        return false;
    for (int i = 0; i < 3; i++)
        if (pattern.p[i] != 'x' && pattern.p[i] - '0' != digits[i])
            return false;
    return true;
}

/* "5.1.1", "5.x.x" */
static bool enhanced_matches(slice pattern, struct smtp_enhanced e)
{
    int have[3] = { e.class, e.subject, e.detail };
    slice word;
    uint64_t number;
    for (int i = 0; i < 3; i++) {
        if (!slice_cut(&pattern, '.', &word))
            return false;
        if (!slice_eq_str(word, "x") &&
            (!slice_to_u64(word, 999, &number) || (int)number != have[i]))
            return false;
    }
    return e.class != 0 && !pattern.p;
}

static bool smtp_alternative(slice text, const struct smtp_reply *r, struct match *m)
{
    slice rest = text, code, status = { NULL, 0 };
    if (slice_eq_str(text, "success"))
        return r->class == 2 || r->class == 3;
    slice_cut(&rest, ' ', &code);
    if (!code_matches(code, r->code)) {
        *m = (struct match) { .vars = m->vars, .offset = 0, .length = 3, .wanted = code };
        return false;
    }
    if (!slice_cut(&rest, ' ', &status) || enhanced_matches(status, r->enhanced))
        return true;
    *m = (struct match) { .vars = m->vars, .depth = 1, .offset = 4, .wanted = status };
    return false;
}

/* "$code" of a variant. A variable without a value stays as it is and matches nothing. */
static slice expanded(struct device *d, slice text)
{
    slice missing;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    return vars_expand(device_vars(d), text, &out, &missing)
               ? arena_dup(&d->play->arena, buf_slice(&out))
               : text;
}

static bool subject_alternative(slice text, const struct subject *subject, struct arena *arena,
                                struct match *m)
{
    struct pattern p;
    size_t offset;
    const char *why;
    return pattern_parse(text, arena, &p, &offset, &why) && match_subject(m, &p, subject);
}

/* One alternative, such as "OK [READ-WRITE]", "5xx 5.1.1", "-ERR". */
static bool alternative_matches(struct device *d, slice text, const struct unit *u, struct match *m)
{
    struct arena *arena = &d->play->arena;
    struct subject subject;
    if (u->smtp)
        return smtp_alternative(text, u->smtp, m);
    if (u->imap) {
        subject_from_imap(u->imap, arena, &subject);
        return subject_alternative(text, &subject, arena, m);
    }
    if (u->pop3) {
        subject_from_words(u->pop3->first, arena, &subject);
        subject.line = true;
        return subject_alternative(text, &subject, arena, m);
    }
    *m = (struct match) { .vars = m->vars, .wanted = text };
    return false;
}

/* A 421 closes the connection, whatever it answers (RFC 5321 section 3.8): it fits 4xx only where
   the check is about it, or takes a close as well. */
static bool is_unwanted_limit(const struct unit *u, const slice *alternatives, size_t n)
{
    if (!u || !u->smtp || u->smtp->code != 421)
        return false;
    for (size_t i = 0; i < n; i++)
        if (slice_starts(alternatives[i], S("421")) || slice_eq_str(alternatives[i], "closed"))
            return false;
    return true;
}

bool expect_said_enough(const struct device *d)
{
    for (const struct unit *u = d->pending; u; u = u->next)
        if ((u->smtp || (u->imap && u->imap->status == IMAP_BYE)) && client_says_rate(u))
            return true;
    return false;
}

static enum step_result rate_limited(struct device *d, const struct unit *u)
{
    return play_error(d->play, ERR_RATE, "%s is rate limited: %.*s", d->name,
                      (int)(u->raw.n < 200 ? u->raw.n : 200), u->raw.p);
}

static enum step_result no_completion(struct device *d, const struct step *s, const struct node *at,
                                      const struct reply *reply)
{
    struct play *p = d->play;
    char took[32];
    if (reply->result == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "cancelled");
    if (reply->result == CONN_TIMEOUT)
        return play_fail(p, s, d, at, "no reply to %s within %s", d->name,
                         duration_text(now() - d->sent_at, took));
    if (expect_said_enough(d))
        return play_error(p, ERR_RATE, "%s is rate limited", d->name);
    return play_fail(p, s, d, at, "no reply to %s: %s", d->name, conn_end_text(d->conn));
}

static enum step_result wrong_completion(struct device *d, const struct step *s,
                                         const struct node *at, const struct reply *reply,
                                         const struct match *best)
{
    struct play *p = d->play;
    const struct unit *u = reply->completion;
    if (client_says_rate(u))
        return rate_limited(d, u);
    enum step_result r = play_fail(p, s, d, at, "%s got another reply than expected", d->name);
    play_fail_actual(p, u->raw, best);
    return r;
}

enum step_result expect_completion(struct device *d, const struct step *s,
                                   const struct node *expect, const struct node *whole,
                                   const char *fallback, const struct reply *reply)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(expect, items, EXPECT_ITEMS_MAX);
    struct match best = { 0 };
    bool have_best = false;
    slice alternatives[EXPECT_ITEMS_MAX];
    bool codes = reply->completion && reply->completion->smtp;
    for (size_t i = 0; i < n; i++)
        alternatives[i] = codes ? expanded(d, items[i]->text) : items[i]->text;
    if (!n && fallback)
        alternatives[n++] = slice_of(fallback);
    if (is_unwanted_limit(reply->completion, alternatives, n))
        return rate_limited(d, reply->completion);
    for (size_t i = 0; i < n; i++) {
        struct match m = { .vars = device_vars(d) };
        if (slice_eq_str(alternatives[i], "closed")) {
            if (!reply->completion && reply->result == CONN_CLOSED)
                return STEP_OK;
        } else if (slice_eq_str(alternatives[i], "nothing")) {
            if (!reply->completion && reply->result == CONN_TIMEOUT)
                return STEP_OK;
        } else if (reply->completion &&
                   alternative_matches(d, alternatives[i], reply->completion, &m)) {
            return STEP_OK;
        } else if (reply->completion && (!have_best || m.depth > best.depth)) {
            best = m;
            have_best = true;
        }
    }
    const struct node *at = expect ? expect : whole;
    enum step_result r = reply->completion
                             ? wrong_completion(d, s, at, reply, have_best ? &best : NULL)
                             : no_completion(d, s, at, reply);
    for (size_t i = 0; i < n && r == STEP_FAILED; i++)
        play_fail_expected(d->play, slice_eq_str(alternatives[i], "success")
                                        ? S("2xx or 3xx")
                                        : expanded(d, alternatives[i]));
    return r;
}

/* ---- everything that came ---- */

static const struct {
    const char *key;
    enum expect_rule rule;
} rules[] = {
    { "untagged", EXPECT_SOME },  { "lines", EXPECT_SOME },      { "only", EXPECT_ONLY },
    { "in-order", EXPECT_ORDER }, { "without", EXPECT_WITHOUT },
};

enum step_result expect_rest(struct device *d, const struct step *s, const struct node *map,
                             struct reply *reply)
{
    enum step_result r = STEP_OK;
    struct candidates all = { 0 };
    for (size_t i = 0; i < COUNT(rules) && r == STEP_OK; i++) {
        if (!node_get(map, rules[i].key))
            continue;
        if (!all.device)
            candidates_from_reply(d, reply, &all);
        r = candidates_judge(d, s, node_get(map, rules[i].key), rules[i].rule, &all);
    }
    if (r == STEP_OK && node_get(map, "code"))
        r = expect_codes(d, s, node_get(map, "code"), reply);
    if (r == STEP_OK && node_get(map, "body"))
        r = expect_body(d, s, node_get(map, "body"), reply->completion);
    if (r == STEP_OK)
        r = expect_where(d, s, map);
    return r;
}

enum step_result expect_reply(struct device *d, const struct step *s, const struct node *map,
                              const struct node *whole, const char *fallback, struct reply *reply)
{
    enum step_result r = STEP_OK;
    const struct node *expect = node_get(map, "expect");
    if (fallback || expect)
        r = expect_completion(d, s, expect, whole, fallback, reply);
    return r == STEP_OK ? expect_rest(d, s, map, reply) : r;
}
