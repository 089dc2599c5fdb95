/* IMAP's rules on numbers and UIDs (RFC 3501 and 9051 sections 2.3.1, 7.3 and 7.4): what is known of
   the selected mailbox, and when a message may go. */
#include "imap_response.h"
#include "imap_set.h"
#include "invariant_private.h"
#include <stdio.h>

/* ---- commands ---- */

static bool is_word(slice text, const char *word)
{
    return slice_eq_nocase(text, slice_of(word));
}

static void forget_numbers(struct watch *w)
{
    w->counted = false;
    w->exists = 0;
    w->n_uids = 0;
}

static void forget_mailbox(struct watch *w)
{
    free(w->mailbox);
    w->mailbox = NULL;
    w->uidvalidity = 0;
}

/* A name that is a literal is not known here. */
static void remember_mailbox(struct watch *w, slice rest)
{
    slice name = slice_trim(rest);
    forget_mailbox(w);
    if (name.n > 1 && name.p[0] == '"')
        name = slice_sub(name, 1, slice_find_char(slice_skip(name, 1), '"') + 1);
    else
        name = slice_sub(name, 0, slice_find_char(name, ' '));
    if (name.n && name.p[0] != '{' && !w->other_login)
        w->mailbox = xslicedup(name);
}

static void leave_mailbox(struct watch *w)
{
    forget_numbers(w);
    forget_mailbox(w);
}

/* What a command changes as soon as it is sent. Until SELECT completes, numbers may be those of the
   mailbox before it. */
static void expect_effect(struct watch *w, slice name, slice rest)
{
    if (is_word(name, "SELECT") || is_word(name, "EXAMINE")) {
        w->selecting = true;
        forget_numbers(w);
        remember_mailbox(w, rest);
    } else if (is_word(name, "CLOSE") || is_word(name, "UNSELECT")) {
        leave_mailbox(w);
    } else if (is_word(name, "LOGIN") || is_word(name, "AUTHENTICATE")) {
        w->other_login = true;
        leave_mailbox(w);
    } else if (is_word(name, "NOTIFY")) {
        w->notifies = true;
    }
}

void watch_command(struct watch *w, slice command)
{
    slice rest = slice_trim(command), name = { NULL, 0 }, second = { NULL, 0 };
    slice_cut(&rest, ' ', &name);
    w->mixed |= w->running > 0;
    w->running++;
    expect_effect(w, name, rest);
    bool uid = is_word(name, "UID") && slice_cut(&rest, ' ', &second);
    snprintf(w->command, sizeof w->command, "%.*s%s%.*s", SLICE_ARG(name), uid ? " " : "",
             SLICE_ARG(second));
}

void watch_lose(struct watch *w)
{
    w->lost = true;
    leave_mailbox(w);
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    free(w->uids);
    free(w->mailbox);
    free(w);
}

/* ---- messages that go ---- */

static bool during_message_command(const struct watch *w)
{
    static const char *const commands[] = { "FETCH", "STORE", "SEARCH" };
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcasecmp(w->command, commands[i]) == 0)
            return true;
    return false;
}

/* Where several commands run at once, it cannot be told in which one the message goes. */
static void expunge_allowed(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    if (w->lost || w->notifies)
        return;
    invariant_looked(d, INVARIANT_IMAP_EXPUNGE);
    if (w->running == 0)
        invariant_broken(d, INVARIANT_IMAP_EXPUNGE, u->raw, 0,
                         "%s got %.*s while no command was running", d->name,
                         SLICE_ARG(u->imap->name));
    else if (!w->mixed && during_message_command(w))
        invariant_broken(d, INVARIANT_IMAP_EXPUNGE, u->raw, 0, "%s got %.*s during %s", d->name,
                         SLICE_ARG(u->imap->name), w->command);
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
    expunge_allowed(d, u);
    invariant_looked(d, INVARIANT_IMAP_SEQUENCE);
    if (n < 1 || (w->counted && n > w->exists))
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, 2,
                         "%s got an EXPUNGE of message %u of %u", d->name, n, w->exists);
    else if (w->exists)
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
    expunge_allowed(d, u);
    invariant_looked(d, INVARIANT_IMAP_SEQUENCE);
    if (w->counted && count > w->exists)
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, values->items[0].offset,
                         "%s was told that %llu messages of %u vanished", d->name,
                         (unsigned long long)count, w->exists);
    else
        w->exists -= count < w->exists ? (uint32_t)count : w->exists;
    forget_uids(w, &set, count);
}

static void see_exists(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    invariant_looked(d, INVARIANT_IMAP_EXISTS);
    if (w->counted && u->imap->number < w->exists)
        invariant_broken(d, INVARIANT_IMAP_EXISTS, u->raw, 2,
                         "%s was told of %u messages after %u, without EXPUNGE", d->name,
                         u->imap->number, w->exists);
    w->exists = u->imap->number;
    w->counted = !w->selecting && !w->lost;
}

/* ---- UIDs and what they stand for ---- */

/* Known neighbours must have smaller and larger UIDs. */
static bool uid_in_order(const struct watch *w, uint32_t number, uint32_t uid)
{
    uint32_t below = number - 1, above = number;
    while (below && !w->uids[below - 1])
        below--;
    while (above < w->n_uids && !w->uids[above])
        above++;
    return (!below || w->uids[below - 1] < uid) && (above >= w->n_uids || w->uids[above] > uid);
}

static void see_uid(struct device *d, const struct unit *u, uint32_t number, uint32_t uid)
{
    struct watch *w = d->watch;
    if (number > WATCH_UIDS_MAX)
        return;
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
                         "%s: the UID %u of message %u is not between those of its neighbours",
                         d->name, uid, number);
    w->uids[number - 1] = uid;
}

/* The value without its way of writing: quoted strings and literals are the same. */
static void add_plain(const struct imap_value *v, struct buf *out)
{
    if (imap_is_string(v)) {
        buf_addf(out, "%s%zu:", v->kind == IMAP_NIL ? "-" : "", v->text.n);
        buf_add(out, v->text);
        return;
    }
    buf_addc(out, '(');
    for (size_t i = 0; i < v->n_items; i++)
        add_plain(&v->items[i], out);
    buf_addc(out, ')');
}

/* What a server may say of a message that another session has removed (RFC 2180 section 4.1.3). */
static bool says_gone(const struct imap_value *v)
{
    uint64_t size;
    return v->kind == IMAP_NIL || (imap_to_number(v, UINT32_MAX, &size) && size == 0);
}

/* What never changes of a message: size, date, envelope, structure. */
static void see_content(struct device *d, const struct unit *u, uint32_t uid)
{
    static const char *const items[] = { "RFC822.SIZE", "INTERNALDATE", "ENVELOPE",
                                         "BODYSTRUCTURE" };
    struct watch *w = d->watch;
    bool utf8 = conn_flags(d->conn) & CONN_IMAP_UTF8;
    if (!w->mailbox || !w->uidvalidity)
        return;
    for (size_t i = 0; i < COUNT(items); i++) {
        const struct imap_value *v = imap_response_item(u->imap, items[i]);
        if (!v || says_gone(v))
            continue;
        /* RFC 6855 section 3: a header is shown in other words to those who take UTF-8. */
        autofree char *key =
            xprintf("%u %s %llu %u %s%s", d->plan->account, w->mailbox,
                    (unsigned long long)w->uidvalidity, uid, items[i], utf8 ? " in UTF-8" : "");
        auto_buf plain;
        buf_init(&plain, BUF_OURS);
        add_plain(v, &plain);
        invariant_looked(d, INVARIANT_IMAP_CONTENT);
        if (!invariant_same_content(d->play->session, key, hash_bytes(buf_slice(&plain))))
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
    if (number < 1 || (w->counted && number > w->exists)) {
        invariant_broken(d, INVARIANT_IMAP_SEQUENCE, u->raw, 2, "%s got data of message %u of %u",
                         d->name, number, w->exists);
        return;
    }
    const struct imap_value *v = imap_response_item(u->imap, "UID");
    if (!w->counted || !v || !imap_to_number(v, UINT32_MAX, &uid) || !uid)
        return;
    see_uid(d, u, number, (uint32_t)uid);
    see_content(d, u, (uint32_t)uid);
}

/* ---- completions ---- */

/* The last EXISTS before the completion of SELECT is that of the new mailbox. Where others ran
   with it, it may have been closed again, or another one may be selected. */
static void select_done(struct watch *w, bool ok)
{
    w->selecting = false;
    w->n_uids = 0;
    w->counted = ok && !w->mixed && !w->lost;
    if (!w->counted)
        forget_mailbox(w);
}

static void see_status(struct device *d, const struct unit *u)
{
    struct watch *w = d->watch;
    const struct imap_response *r = u->imap;
    if (imap_response_has_code(r, "UIDVALIDITY") && r->code_args.n_items)
        imap_to_number(&r->code_args.items[0], UINT32_MAX, &w->uidvalidity);
    if (r->kind != IMAP_TAGGED || !w->running || --w->running)
        return;
    if (w->selecting)
        select_done(w, r->status == IMAP_OK);
    w->mixed = false;
}

void watch_imap(struct device *d, const struct unit *u)
{
    static const struct {
        const char *name;
        void (*see)(struct device *d, const struct unit *u);
    } data[] = { { "EXPUNGE", see_expunge },
                 { "VANISHED", see_vanished },
                 { "EXISTS", see_exists },
                 { "FETCH", see_fetch } };
    watch_errors(d, u, INVARIANT_IMAP_LINE_ENDS, INVARIANT_IMAP_GRAMMAR, INVARIANT_IMAP_GRAMMAR);
    if (!u->imap)
        return;
    if (u->imap->kind == IMAP_TAGGED || u->imap->kind == IMAP_STATUS)
        see_status(d, u);
    for (size_t i = 0; i < COUNT(data); i++)
        if (imap_response_is(u->imap, data[i].name))
            data[i].see(d, u);
}
