/* What each protocol's rules look at, unit by unit. */
#include "imap_frame.h"
#include "imap_response.h"
#include "imap_set.h"
#include "invariant_private.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include <stdio.h>

/* ---- commands ---- */

static const char *const with_argument[] = { "SELECT", "EXAMINE" };

static void remember_mailbox(struct watch *w, slice rest)
{
    slice name = slice_trim(rest);
    if (name.n > 1 && name.p[0] == '"')
        name = slice_sub(name, 1, slice_find_char(slice_skip(name, 1), '"') + 1);
    else
        name = slice_sub(name, 0, slice_find_char(name, ' '));
    snprintf(w->mailbox, sizeof w->mailbox, "%.*s", SLICE_ARG(name));
    w->uidvalidity = 0;
    w->selected = true;
    w->exists = 0;
    w->n_uids = 0;
}

void watch_command(struct watch *w, slice command)
{
    slice rest = command, name = { NULL, 0 }, second = { NULL, 0 };
    slice_cut(&rest, ' ', &name);
    w->running++;
    snprintf(w->command, sizeof w->command, "%.*s", SLICE_ARG(name));
    for (size_t i = 0; i < COUNT(with_argument); i++)
        if (slice_eq_nocase(name, slice_of(with_argument[i])))
            remember_mailbox(w, rest);
    if (slice_eq_nocase(name, S("UID")) && slice_cut(&rest, ' ', &second))
        snprintf(w->command, sizeof w->command, "UID %.*s", SLICE_ARG(second));
    if (slice_eq_nocase(name, S("CLOSE")) || slice_eq_nocase(name, S("UNSELECT")))
        w->selected = false;
}

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

/* The findings of the wire layer, sorted to the rules that they break. */
static void see_errors(struct device *d, const struct unit *u, enum invariant_id line_ends,
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
        if (strcmp(e->rule, IMAP_RULE_UNKNOWN) != 0 && strcmp(e->rule, IMAP_RULE_LIMIT) != 0)
            invariant_broken(d, id, u->raw, e->offset, "%s: %s", d->name, e->text);
    }
    if (u->imap && (u->bare_lf != IMAP_NOWHERE || u->bare_cr != IMAP_NOWHERE))
        invariant_broken(d, line_ends, u->raw, u->bare_lf != IMAP_NOWHERE ? u->bare_lf : u->bare_cr,
                         "%s got a line with a %s", d->name,
                         u->bare_lf != IMAP_NOWHERE ? "bare LF" : "bare CR");
}

/* ---- IMAP ---- */

static bool during_message_command(const struct watch *w)
{
    static const char *const commands[] = { "FETCH", "STORE", "SEARCH" };
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcasecmp(w->command, commands[i]) == 0)
            return true;
    return false;
}

static void expunge_allowed(struct device *d, const struct unit *u, const char *what)
{
    struct watch *w = d->watch;
    invariant_looked(d, INVARIANT_IMAP_EXPUNGE);
    if (w->running == 0 && !w->idling)
        invariant_broken(d, INVARIANT_IMAP_EXPUNGE, u->raw, 0,
                         "%s got %s while no command was running", d->name, what);
    else if (w->running == 1 && during_message_command(w))
        invariant_broken(d, INVARIANT_IMAP_EXPUNGE, u->raw, 0, "%s got %s during %s", d->name, what,
                         w->command);
}

static void forget_uid(struct watch *w, uint32_t number)
{
    if (number && number <= w->n_uids)
        memmove(&w->uids[number - 1], &w->uids[number],
                (--w->n_uids - (number - 1)) * sizeof *w->uids);
}

static void see_expunge(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    uint32_t n = u->imap->number;
    expunge_allowed(d, u, "an EXPUNGE");
    invariant_looked(d, INVARIANT_IMAP_SEQUENCE);
    if (n < 1 || n > w->exists)
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, 2,
                         "%s got an EXPUNGE of message %u of %u", d->name, n, w->exists);
    else
        w->exists--;
    forget_uid(w, n);
}

/* Takes out the known UIDs that are gone. A UID that was not known stood anywhere: then nothing is
   known any more of what has which number. */
static void forget_uids(struct watch *w, const struct imap_set *gone, uint64_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n_uids; i++)
        if (!w->uids[i] || !imap_set_contains(gone, w->uids[i]))
            w->uids[kept++] = w->uids[i];
    w->n_uids = w->n_uids - kept == count ? kept : 0;
}

/* RFC 7162 3.2.10: in place of EXPUNGE, at the same times; each UID is one message less. What was
   expunged EARLIER changes no number. */
static void see_vanished(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    const struct imap_value *values = &u->imap->values;
    auto_arena arena = { 0 };
    struct imap_set set;
    if (!values->n_items || values->items[0].kind == IMAP_LIST ||
        !imap_set_parse(values->items[0].text, &arena, &set) || imap_set_has_star(&set))
        return;
    imap_set_normalise(&set, 0, &arena, &set);
    uint64_t count = imap_set_count(&set);
    expunge_allowed(d, u, "VANISHED");
    invariant_looked(d, INVARIANT_IMAP_SEQUENCE);
    if (count > w->exists)
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, values->items[0].offset,
                         "%s was told that %llu messages of %u vanished", d->name,
                         (unsigned long long)count, w->exists);
    else
        w->exists -= (uint32_t)count;
    forget_uids(w, &set, count);
}

static void see_exists(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    invariant_looked(d, INVARIANT_IMAP_EXISTS);
    bool selecting =
        strcasecmp(w->command, "SELECT") == 0 || strcasecmp(w->command, "EXAMINE") == 0;
    if (u->imap->number < w->exists && !(selecting && w->running))
        invariant_broken(d, INVARIANT_IMAP_EXISTS, u->raw, 2,
                         "%s was told of %u messages after %u, without EXPUNGE", d->name,
                         u->imap->number, w->exists);
    w->exists = u->imap->number;
}

/* The neighbours that are known must have smaller and larger UIDs. */
static bool uid_in_order(const struct watch *w, uint32_t number, uint32_t uid)
{
    for (uint32_t i = number - 1; i-- > 0;)
        if (w->uids[i])
            return w->uids[i] < uid;
    return true;
}

static void see_uid(struct device *d, const struct unit *u, uint32_t number, uint32_t uid)
{
    struct watch *w = d->watch;
    if (number > w->n_uids) {
        w->uids = xrealloc(w->uids, number * sizeof *w->uids);
        memset(w->uids + w->n_uids, 0, (number - w->n_uids) * sizeof *w->uids);
        w->n_uids = number;
    }
    invariant_looked(d, INVARIANT_IMAP_UID);
    uint32_t known = w->uids[number - 1];
    if (known && known != uid)
        invariant_broken(d, INVARIANT_IMAP_UID, u->raw, 2, "%s: message %u had UID %u, now %u",
                         d->name, number, known, uid);
    else if (!uid_in_order(w, number, uid))
        invariant_broken(d, INVARIANT_IMAP_UID, u->raw, 2,
                         "%s: the UID %u of message %u is not above those before it", d->name, uid,
                         number);
    w->uids[number - 1] = uid;
}

/* What never changes of a message: size, date, envelope, structure. */
static void see_content(struct device *d, const struct unit *u, uint32_t uid)
{
    static const char *const items[] = { "RFC822.SIZE", "INTERNALDATE", "ENVELOPE",
                                         "BODYSTRUCTURE" };
    struct watch *w = d->watch;
    if (!w->mailbox[0] || !w->uidvalidity)
        return;
    for (size_t i = 0; i < COUNT(items); i++) {
        const struct imap_value *v = imap_response_item(u->imap, items[i]);
        if (!v)
            continue;
        autofree char *key = xprintf("%u %s %llu %u %s", d->plan->account, w->mailbox,
                                     (unsigned long long)w->uidvalidity, uid, items[i]);
        invariant_looked(d, INVARIANT_IMAP_CONTENT);
        if (!invariant_same_content(d->play->session, key, hash_bytes(v->raw)))
            invariant_broken(d, INVARIANT_IMAP_CONTENT, u->raw, v->offset,
                             "%s: the %s of UID %u is not what it was before", d->name, items[i],
                             uid);
    }
}

static void see_fetch(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    uint32_t number = u->imap->number;
    uint64_t uid;
    invariant_looked(d, INVARIANT_IMAP_SEQUENCE);
    if (number < 1 || (w->selected && number > w->exists)) {
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, 2, "%s got data of message %u of %u",
                         d->name, number, w->exists);
        return;
    }
    const struct imap_value *v = imap_response_item(u->imap, "UID");
    if (!v || !imap_to_number(v, UINT32_MAX, &uid) || !uid)
        return;
    see_uid(d, u, number, (uint32_t)uid);
    see_content(d, u, (uint32_t)uid);
}

static void see_status(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    const struct imap_response *r = u->imap;
    if (r->kind == IMAP_TAGGED && w->running)
        w->running--;
    if (r->kind == IMAP_TAGGED && w->running == 0)
        w->idling = false;
    if (imap_response_has_code(r, "UIDVALIDITY") && r->code_args.n_items)
        imap_to_number(&r->code_args.items[0], UINT32_MAX, &w->uidvalidity);
}

void watch_imap(struct device *d, const struct unit *u)
{
    see_errors(d, u, INVARIANT_IMAP_LINE_ENDS, INVARIANT_IMAP_GRAMMAR, INVARIANT_IMAP_GRAMMAR);
    if (!u->imap)
        return;
    if (u->imap->kind == IMAP_TAGGED || u->imap->kind == IMAP_STATUS)
        see_status(d, u);
    else if (imap_response_is(u->imap, "EXPUNGE"))
        see_expunge(d, u);
    else if (imap_response_is(u->imap, "EXISTS"))
        see_exists(d, u);
    else if (imap_response_is(u->imap, "FETCH"))
        see_fetch(d, u);
    else if (imap_response_is(u->imap, "VANISHED"))
        see_vanished(d, u);
    if (u->imap->kind == IMAP_CONTINUATION && strcasecmp(d->watch->command, "IDLE") == 0)
        d->watch->idling = true;
}

/* ---- POP3 ---- */

void watch_pop3(struct device *d, const struct unit *u)
{
    /* A -ERR that nobody asked for is how servers say why they close; more than one of them for a
       command is the resync probe's to find. */
    bool farewell = u->unexpected && u->pop3->status == POP3_ERR;
    invariant_looked(d, INVARIANT_POP3_UNASKED);
    if (farewell)
        return;
    if (u->unexpected)
        invariant_broken(d, INVARIANT_POP3_UNASKED, u->raw, 0,
                         "%s got a response that answers no command", d->name);
    else
        see_errors(d, u, INVARIANT_POP3_LINE_ENDS, INVARIANT_POP3_GRAMMAR, INVARIANT_POP3_GRAMMAR);
}

/* ---- SMTP and LMTP ---- */

void watch_smtp(struct device *d, const struct unit *u)
{
    see_errors(d, u, INVARIANT_SMTP_LINE_ENDS, INVARIANT_SMTP_GRAMMAR, INVARIANT_SMTP_LENGTHS);
}
