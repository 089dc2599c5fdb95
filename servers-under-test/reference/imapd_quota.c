/* GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): one quota root for each account. */
#include "imapd_session.h"

enum { STORAGE_UNIT = 1024 }; /* RFC 9208, section 5.1 */

static void add_resource(struct buf *out, const char *name, uint64_t used, uint64_t limit)
{
    if (limit == STORE_NO_LIMIT)
        return;
    bool first = out->p[out->n - 1] == '(';
    buf_addf(out, "%s%s %llu %llu", first ? "" : " ", name, (unsigned long long)used,
             (unsigned long long)limit);
}

/* quota-response = "QUOTA" SP quota-root-name SP quota-list; resources without limit are not
   listed. */
static void send_quota(struct imapd_session *s)
{
    const struct account *a = s->account;
    struct buf *out = imapd_out(s);
    uint64_t octets, messages, limit = a->storage_limit;
    account_usage(a, &octets, &messages);
    if (faulty(s, FAULT_IMAP_QUOTA_MESSAGES))
        messages = a->mailboxes.n;
    buf_adds(out, "* QUOTA \"" STORE_QUOTA_ROOT "\" (");
    uint64_t unit = faulty(s, FAULT_IMAP_QUOTA_UNITS) ? 1 : STORAGE_UNIT;
    add_resource(out, "STORAGE", (octets + unit - 1) / unit,
                 limit == STORE_NO_LIMIT ? limit : limit / unit);
    add_resource(out, "MESSAGE", messages, a->message_limit);
    buf_adds(out, ")\r\n");
}

/* Without any limit there is no quota root: a QUOTA response names at least one resource. */
static bool has_limits(const struct account *a)
{
    return a->storage_limit != STORE_NO_LIMIT || a->message_limit != STORE_NO_LIMIT;
}

static bool is_root(struct imapd_session *s)
{
    slice name;
    if (!imapd_astring(s, &s->cmd.args[0], &name))
        return false;
    if (!slice_eq(name, S(STORE_QUOTA_ROOT)))
        return imapd_no(s, "[NONEXISTENT] No such quota root"), false;
    return true;
}

void imapd_getquota(struct imapd_session *s)
{
    if (!is_root(s))
        return;
    if (!has_limits(s->account))
        return imapd_no(s, "[NONEXISTENT] No quota is set");
    send_quota(s);
    imapd_ok(s, "GETQUOTA completed");
}

void imapd_getquotaroot(struct imapd_session *s)
{
    struct mailbox *m;
    if (!imapd_mailbox(s, &s->cmd.args[0], false, &m))
        return;
    if (!faulty(s, FAULT_IMAP_QUOTA_NO_ROOT)) {
        imapd_send(s, S("* QUOTAROOT "));
        imapd_add_name(s, imapd_out(s), m->name);
        imapd_send(s, has_limits(s->account) ? S(" \"" STORE_QUOTA_ROOT "\"\r\n") : S("\r\n"));
    }
    if (has_limits(s->account))
        send_quota(s);
    imapd_ok(s, "GETQUOTAROOT completed");
}

/* setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"; a resource that is not in
   the list has no limit from then on. */
void imapd_setquota(struct imapd_session *s)
{
    const struct imap_value *list = &s->cmd.args[1];
    uint64_t storage = STORE_NO_LIMIT, messages = STORE_NO_LIMIT, n;
    if (!is_root(s))
        return;
    if (list->kind != IMAP_LIST || list->n_items % 2)
        return imapd_bad(s, "SETQUOTA takes a list of resources and limits");
    for (size_t i = 0; i < list->n_items; i += 2) {
        if (!imap_to_number(&list->items[i + 1], INT64_MAX / STORAGE_UNIT, &n))
            return imapd_bad(s, "A limit is a number");
        if (imap_is_atom(&list->items[i], "STORAGE"))
            storage = n * STORAGE_UNIT;
        else if (imap_is_atom(&list->items[i], "MESSAGE"))
            messages = n;
        else
            return imapd_no(s, "No quota for this resource here");
    }
    account_set_quota(s->account, storage, messages);
    if (has_limits(s->account))
        send_quota(s);
    imapd_ok(s, "SETQUOTA completed");
}
