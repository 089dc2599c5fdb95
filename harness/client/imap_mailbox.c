/* Mailboxes and messages by IMAP. */
#include "client_steps.h"
#include "imap_client.h"
#include "imap_set.h"

/* The number that is the first argument of a response code. */
static bool code_number(const struct imap_response *r, const char *code, size_t which,
                        uint64_t *ret)
{
    return imap_response_has_code(r, code) && r->code_args.n_items > which &&
           imap_to_number(&r->code_args.items[which], INT64_MAX, ret);
}

static void read_mailbox(const struct imap_result *r, struct imap_mailbox *m)
{
    for (const struct unit *u = r->first; u; u = u->next) {
        const struct imap_response *got = u->imap;
        if (got->kind == IMAP_DATA && imap_response_is(got, "EXISTS"))
            m->exists = got->number;
        code_number(got, "UIDVALIDITY", 0, &m->uidvalidity);
        code_number(got, "UIDNEXT", 0, &m->uidnext);
        code_number(got, "HIGHESTMODSEQ", 0, &m->highestmodseq);
    }
    m->read_only = imap_response_has_code(r->tagged->imap, "READ-ONLY");
}

static int with_mailbox(struct imap_client *i, slice verb, slice mailbox, nsec deadline,
                        struct error *err, struct imap_result *ret)
{
    struct imap_piece pieces[] = {
        { IMAP_TEXT, verb },
        { IMAP_TEXT, S(" ") },
        { IMAP_ASTRING, mailbox },
    };
    return imap_pieces_ok(i, pieces, COUNT(pieces), ERR_REFUSED, deadline, err, ret);
}

int imap_select(struct imap_client *i, slice mailbox, bool read_only, nsec deadline,
                struct error *err, struct imap_mailbox *ret)
{
    auto_imap_result r = { 0 };
    int result =
        with_mailbox(i, read_only ? S("EXAMINE") : S("SELECT"), mailbox, deadline, err, &r);
    if (result < 0)
        return result;
    *ret = (struct imap_mailbox) { 0 };
    read_mailbox(&r, ret);
    return 0;
}

int imap_create(struct imap_client *i, slice mailbox, nsec deadline, struct error *err)
{
    return with_mailbox(i, S("CREATE"), mailbox, deadline, err, NULL);
}

int imap_delete(struct imap_client *i, slice mailbox, nsec deadline, struct error *err)
{
    return with_mailbox(i, S("DELETE"), mailbox, deadline, err, NULL);
}

/* mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox ... */
static bool listed_name(const struct imap_response *r, slice *ret)
{
    const struct imap_value *v = r->values.items;
    if (r->kind != IMAP_DATA || !imap_response_is(r, "LIST") || r->values.n_items < 3 ||
        v[0].kind != IMAP_LIST || !imap_is_string(&v[2]))
        return false;
    for (size_t k = 0; k < v[0].n_items; k++)
        if (imap_is_atom(&v[0].items[k], "\\NonExistent"))
            return false;
    *ret = v[2].text;
    return true;
}

int imap_list(struct imap_client *i, slice pattern, struct arena *a, nsec deadline,
              struct error *err, slice **ret, size_t *ret_n)
{
    struct imap_piece pieces[] = {
        { IMAP_TEXT, S("LIST \"\" ") },
        { IMAP_ASTRING, pattern },
    };
    auto_imap_result r = { 0 };
    int result = imap_pieces_ok(i, pieces, COUNT(pieces), ERR_REFUSED, deadline, err, &r);
    if (result < 0)
        return result;
    slice *names = arena_new_n(a, slice, r.n + 1);
    size_t n = 0;
    for (const struct unit *u = r.first; u; u = u->next)
        if (listed_name(u->imap, &names[n])) {
            names[n] = arena_dup(a, names[n]);
            n++;
        }
    *ret = names;
    *ret_n = n;
    return 0;
}

int imap_append(struct imap_client *i, slice mailbox, slice flags, slice date, slice content,
                nsec deadline, struct error *err, uint64_t *ret_uid)
{
    struct imap_piece pieces[] = {
        { IMAP_TEXT, S("APPEND ") },
        { IMAP_ASTRING, mailbox },
        { IMAP_TEXT, flags.n ? S(" ") : S("") },
        { IMAP_TEXT, flags },
        { IMAP_TEXT, date.n ? S(" ") : S("") },
        { IMAP_TEXT, date },
        { IMAP_TEXT, S(" ") },
        { IMAP_LITERAL_AUTO, content },
    };
    auto_imap_result r = { 0 };
    uint64_t uid = 0;
    int result = imap_pieces_ok(i, pieces, COUNT(pieces), ERR_REFUSED, deadline, err, &r);
    if (result < 0)
        return result;
    code_number(r.tagged->imap, "APPENDUID", 1, &uid);
    if (ret_uid)
        *ret_uid = uid;
    return 0;
}

struct uid_list {
    uint64_t *v;
    size_t n, cap;
};

/* "SEARCH" *(SP nz-number) (RFC 3501) */
static void read_search(const struct imap_response *r, struct uid_list *uids)
{
    for (size_t k = 0; k < r->values.n_items; k++) {
        uint64_t number;
        if (imap_to_number(&r->values.items[k], UINT32_MAX, &number))
            *array_push(uids) = number;
    }
}

/* "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data), of which ALL (RFC 9051 section
   7.3.4) */
static void read_esearch(const struct imap_response *r, struct uid_list *uids)
{
    auto_arena a = { 0 };
    struct imap_set set;
    struct imap_set_iter it = { 0 };
    uint32_t number;
    const struct imap_value *v = r->values.items;
    size_t all = 0;
    while (all < r->values.n_items && !imap_is_atom(&v[all], "ALL"))
        all++;
    if (all + 1 >= r->values.n_items || !imap_set_parse(v[all + 1].text, &a, &set) ||
        imap_set_has_star(&set))
        return;
    while (uids->n < IMAP_SET_NUMBERS_MAX && imap_set_next(&set, &it, &number))
        *array_push(uids) = number;
}

int imap_uids(struct imap_client *i, struct arena *a, nsec deadline, struct error *err,
              uint64_t **ret, size_t *ret_n)
{
    auto_imap_result r = { 0 };
    struct uid_list uids = { 0 };
    int result = imap_command_ok(i, S("UID SEARCH ALL"), ERR_REFUSED, deadline, err, &r);
    if (result < 0)
        return result;
    for (const struct unit *u = r.first; u; u = u->next) {
        if (u->imap->kind == IMAP_DATA && imap_response_is(u->imap, "SEARCH"))
            read_search(u->imap, &uids);
        else if (u->imap->kind == IMAP_DATA && imap_response_is(u->imap, "ESEARCH"))
            read_esearch(u->imap, &uids);
    }
    *ret = arena_new_n(a, uint64_t, uids.n + 1);
    if (uids.n)
        memcpy(*ret, uids.v, uids.n * sizeof **ret);
    *ret_n = uids.n;
    array_release(&uids);
    return 0;
}

static const struct imap_value *whole_message(const struct imap_response *r, uint64_t uid)
{
    uint64_t got;
    if (r->kind != IMAP_DATA || !imap_response_is(r, "FETCH"))
        return NULL;
    const struct imap_value *which = imap_response_item(r, "UID");
    if (!which || !imap_to_number(which, UINT32_MAX, &got) || got != uid)
        return NULL;
    const struct imap_value *body = imap_response_item(r, "BODY[]");
    return body && imap_is_string(body) && body->kind != IMAP_NIL ? body : NULL;
}

int imap_fetch_whole(struct imap_client *i, uint64_t uid, nsec deadline, struct buf *content,
                     struct error *err)
{
    autofree char *line = xprintf("UID FETCH %llu (UID BODY.PEEK[])", (unsigned long long)uid);
    auto_imap_result r = { 0 };
    int result = imap_command_ok(i, slice_of(line), ERR_REFUSED, deadline, err, &r);
    if (result < 0)
        return result;
    for (const struct unit *u = r.first; u; u = u->next) {
        const struct imap_value *body = whole_message(u->imap, uid);
        if (!body)
            continue;
        if (buf_add(content, body->text))
            return 0;
        return error_set(err, ERR_LIMIT, "message %llu is longer than there is room for",
                         (unsigned long long)uid);
    }
    return error_set(err, ERR_REFUSED, "the server has no message with UID %llu",
                     (unsigned long long)uid);
}

int imap_uid_store(struct imap_client *i, slice set, slice item, nsec deadline, struct error *err)
{
    autofree char *line = xprintf("UID STORE %.*s %.*s", SLICE_ARG(set), SLICE_ARG(item));
    return imap_command_ok(i, slice_of(line), ERR_REFUSED, deadline, err, NULL);
}

int imap_expunge(struct imap_client *i, nsec deadline, struct error *err)
{
    return imap_command_ok(i, S("EXPUNGE"), ERR_REFUSED, deadline, err, NULL);
}
