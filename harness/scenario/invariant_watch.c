/* What the rules of every protocol look at, unit by unit. IMAP's own are in invariant_imap.c. */
#include "imap_frame.h"
#include "imap_response.h"
#include "invariant_private.h"
#include "pop3_reply.h"

/* ---- common ---- */

static bool is_line_end_rule(const char *rule)
{
    return slice_ends(slice_of(rule), S("/line-ends-in-crlf"));
}

static enum rule_level level_of(const char *rule)
{
    const struct wire_rule_info *info = wire_rule_by_id(slice_of(rule));
    return info ? info->level : RULE_MUST;
}

void watch_errors(struct device *d, const struct unit *u, enum invariant_id line_ends,
                  enum invariant_id grammar, enum invariant_id advice)
{
    invariant_looked(d, line_ends);
    invariant_looked(d, grammar);
    if (advice != grammar)
        invariant_looked(d, advice);
    for (size_t i = 0; i < u->errors.n; i++) {
        const struct grammar_error *e = &u->errors.v[i];
        enum invariant_id id = is_line_end_rule(e->rule)          ? line_ends
                               : level_of(e->rule) == RULE_SHOULD ? advice
                                                                  : grammar;
        if (u->imap && (e->offset == u->bare_lf || e->offset == u->bare_cr))
            continue; /* told below */
        if (strcmp(e->rule, IMAP_RULE_UNKNOWN) != 0 && strcmp(e->rule, IMAP_RULE_LIMIT) != 0)
            invariant_broken(d, id, u->raw, e->offset, "%s: %s", d->name, e->text);
    }
    if (u->imap && (u->bare_lf != IMAP_NOWHERE || u->bare_cr != IMAP_NOWHERE))
        invariant_broken(d, line_ends, u->raw, u->bare_lf != IMAP_NOWHERE ? u->bare_lf : u->bare_cr,
                         "%s got a line with a %s", d->name,
                         u->bare_lf != IMAP_NOWHERE ? "bare LF" : "bare CR");
}

/* ---- POP3 ---- */

/* Which answer is whose is counted here, so nothing can be said once the count is lost. An -ERR
   that nobody asked for is the server's word before it closes: RFC 1939 3 only advises against it. */
void watch_pop3(struct device *d, const struct unit *u)
{
    if (d->watch->lost)
        return;
    invariant_looked(d, INVARIANT_POP3_UNASKED);
    if (!u->unexpected)
        watch_errors(d, u, INVARIANT_POP3_LINE_ENDS, INVARIANT_POP3_GRAMMAR,
                     INVARIANT_POP3_GRAMMAR);
    else if (u->pop3->status != POP3_ERR)
        invariant_broken(d, INVARIANT_POP3_UNASKED, u->raw, 0,
                         "%s got a response that answers no command", d->name);
}

/* ---- SMTP and LMTP ---- */

void watch_smtp(struct device *d, const struct unit *u)
{
    watch_errors(d, u, INVARIANT_SMTP_LINE_ENDS, INVARIANT_SMTP_GRAMMAR, INVARIANT_SMTP_LENGTHS);
}
