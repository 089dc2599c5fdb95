/* Data about mailboxes: FLAGS, LIST, STATUS, NAMESPACE, quota, metadata, access rights. */
#include "imap_gram.h"
#include "imap_chars.h"
#include "array.h"

/* "FLAGS" SP flag-list */
bool gram_flags_data(struct gram *g)
{
    return gram_sp(g, "mailbox-data") && gram_list(g, "flag-list", gram_flag);
}

/* mbx-list-oflag, mbx-list-sflag: "\" atom */
static bool mbx_list_flag(struct gram *g)
{
    return gram_char(g, '\\', "mbx-list-flags") && gram_flag(g);
}

/* DQUOTE QUOTED-CHAR DQUOTE / nil: a string of one character. */
static bool delimiter(struct gram *g, const char *rule)
{
    if (gram_nil(g))
        return true;
    size_t from = g->at;
    if (!gram_sees(g, '"'))
        return gram_fail(g, rule, "a quoted character or NIL");
    if (!gram_quoted(g))
        return false;
    size_t n = g->at - from - 2;
    bool one = n == 1 || (n == 2 && g->in.p[from + 1] == '\\') ||
               (n > 1 && n <= 4 && (unsigned char)g->in.p[from + 1] >= 0xc0 &&
                (unsigned char)g->in.p[from + n] >= 0x80);
    return one || gram_fail_at(g, from, rule, "one quoted character");
}

static bool quoted_option(struct gram *g)
{
    return gram_quoted(g);
}

/* mbox-list-extended-item     = mbox-list-extended-item-tag SP tagged-ext-val
   childinfo-extended-item     = "CHILDINFO" SP "(" list-select-base-opt-quoted *(SP ...) ")"
   oldname-extended-item       = "OLDNAME" SP "(" mailbox ")"
   The tag is an astring: quoted or not. */
static bool list_extended_item(struct gram *g)
{
    static const char rule[] = "mbox-list-extended-item";
    size_t from = g->at;
    if (!gram_astring(g, rule))
        return false;
    slice tag = slice_sub(g->in, from, g->at);
    if (tag.p[0] == '"')
        tag = slice_sub(tag, 1, tag.n - 1);
    if (!gram_sp(g, rule))
        return false;
    if (slice_eq_nocase(tag, S("CHILDINFO")))
        return gram_list1(g, "childinfo-extended-item", quoted_option);
    if (slice_eq_nocase(tag, S("OLDNAME")))
        return gram_char(g, '(', "oldname-extended-item") && gram_mailbox(g) &&
               gram_char(g, ')', "oldname-extended-item");
    return gram_ext_value(g);
}

/* mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
                  [SP mbox-list-extended] */
bool gram_list_data(struct gram *g)
{
    static const char rule[] = "mailbox-list";
    if (!gram_sp(g, rule) || !gram_list(g, "mbx-list-flags", mbx_list_flag) || !gram_sp(g, rule) ||
        !delimiter(g, rule) || !gram_sp(g, rule) || !gram_mailbox(g))
        return false;
    if (!gram_sees(g, ' '))
        return true;
    return gram_sp(g, rule) && gram_list(g, "mbox-list-extended", list_extended_item);
}

static bool att_number(struct gram *g)
{
    return gram_number(g, "number");
}

static bool att_number64(struct gram *g)
{
    return gram_number64(g, "number64");
}

static bool att_nz_number(struct gram *g)
{
    return gram_nz_number(g, "nz-number");
}

static bool att_modseq(struct gram *g)
{
    return gram_mod_sequence(g, true);
}

/* "APPENDLIMIT" SP (number / nil) (RFC 7889 5; a 64-bit limit passes, as sizes have 64 bits) */
static bool att_appendlimit(struct gram *g)
{
    return gram_nil(g) || gram_number64(g, "number");
}

static bool att_mailboxid(struct gram *g)
{
    return gram_char(g, '(', "status-att-val") && gram_objectid(g) &&
           gram_char(g, ')', "status-att-val");
}

/* status-att-val, the values by name: RFC 3501, 9051, 7162, 7889, 8438, 8474, 9208. */
static const struct {
    const char *name;
    bool (*value)(struct gram *g);
} status_items[] = {
    { "MESSAGES", att_number },      { "RECENT", att_number },
    { "UIDNEXT", att_nz_number },    { "UIDVALIDITY", att_nz_number },
    { "UNSEEN", att_number },        { "DELETED", att_number },
    { "SIZE", att_number64 },        { "DELETED-STORAGE", att_number64 },
    { "HIGHESTMODSEQ", att_modseq }, { "APPENDLIMIT", att_appendlimit },
    { "MAILBOXID", att_mailboxid },
};

static bool status_att_val(struct gram *g)
{
    slice name = gram_atom_ahead(g);
    if (!gram_atom(g, "status-att-val") || !gram_sp(g, "status-att-val"))
        return false;
    for (size_t i = 0; i < COUNT(status_items); i++)
        if (slice_eq_nocase(name, slice_of(status_items[i].name)))
            return status_items[i].value(g);
    return gram_ext_value(g);
}

/* "STATUS" SP mailbox SP "(" [status-att-list] ")" */
bool gram_status_data(struct gram *g)
{
    static const char rule[] = "mailbox-data";
    return gram_sp(g, rule) && gram_mailbox(g) && gram_sp(g, rule) &&
           gram_list(g, "status-att-list", status_att_val);
}

static bool extension_string(struct gram *g)
{
    return gram_string(g, "namespace-response-extension");
}

/* namespace-descr              = "(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil)
                                  [namespace-response-extensions] ")"
   namespace-response-extension = SP string SP "(" string *(SP string) ")" */
static bool namespace_descr(struct gram *g)
{
    static const char rule[] = "namespace-descr", extension[] = "namespace-response-extension";
    if (!gram_char(g, '(', rule) || !gram_string(g, rule) || !gram_sp(g, rule) ||
        !delimiter(g, rule))
        return false;
    while (gram_take(g, ' '))
        if (!gram_string(g, extension) || !gram_sp(g, extension) ||
            !gram_list1(g, extension, extension_string))
            return false;
    return gram_char(g, ')', rule);
}

/* namespace = nil / "(" 1*namespace-descr ")" */
static bool namespace_(struct gram *g)
{
    if (gram_nil(g))
        return true;
    if (!gram_char(g, '(', "namespace"))
        return false;
    do {
        if (!namespace_descr(g))
            return false;
    } while (gram_sees(g, '('));
    return gram_char(g, ')', "namespace");
}

/* namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace */
bool gram_namespace_data(struct gram *g)
{
    for (int i = 0; i < 3; i++)
        if (!gram_sp(g, "namespace-response") || !namespace_(g))
            return false;
    return true;
}

/* quota-resource = resource-name SP resource-usage SP resource-limit */
static bool quota_resource(struct gram *g)
{
    static const char rule[] = "quota-resource";
    return gram_atom(g, "resource-name") && gram_sp(g, rule) &&
           gram_number64(g, "resource-usage") && gram_sp(g, rule) &&
           gram_number64(g, "resource-limit");
}

/* quota-response = "QUOTA" SP quota-root-name SP quota-list
   quota-list     = "(" quota-resource *(SP quota-resource) ")"    (RFC 2087: may be empty) */
bool gram_quota_data(struct gram *g)
{
    static const char rule[] = "quota-response";
    return gram_sp(g, rule) && gram_astring(g, "quota-root-name") && gram_sp(g, rule) &&
           gram_list(g, "quota-list", quota_resource);
}

/* quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name) */
bool gram_quotaroot_data(struct gram *g)
{
    if (!gram_sp(g, "quotaroot-response") || !gram_mailbox(g))
        return false;
    bool ok;
    while (gram_more(g, &ok))
        if (!gram_astring(g, "quota-root-name"))
            return false;
    return ok;
}

/* entry-value = entry SP value
   value       = nstring / literal8 */
static bool entry_value(struct gram *g)
{
    return gram_astring(g, "entry") && gram_sp(g, "entry-value") && gram_nstring8(g, "value");
}

/* metadata-resp = "METADATA" SP mailbox SP (entry-values / entry-list)
   entry-values  = "(" entry-value *(SP entry-value) ")"
   entry-list    = entry *(SP entry) */
bool gram_metadata_data(struct gram *g)
{
    static const char rule[] = "metadata-resp";
    if (!gram_sp(g, rule) || !gram_mailbox(g) || !gram_sp(g, rule))
        return false;
    if (gram_sees(g, '('))
        return gram_list1(g, "entry-values", entry_value);
    bool ok;
    do {
        if (!gram_astring(g, "entry"))
            return false;
    } while (gram_more(g, &ok));
    return ok;
}

/* acl-data = "ACL" SP mailbox *(SP identifier SP rights) (RFC 4314 7) */
bool gram_acl_data(struct gram *g)
{
    if (!gram_sp(g, "acl-data") || !gram_mailbox(g))
        return false;
    bool ok;
    while (gram_more(g, &ok))
        if (!gram_astring(g, "identifier") || !gram_sp(g, "acl-data") || !gram_astring(g, "rights"))
            return false;
    return ok;
}

/* listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights) */
bool gram_listrights_data(struct gram *g)
{
    static const char rule[] = "listrights-data";
    if (!gram_sp(g, rule) || !gram_mailbox(g) || !gram_sp(g, rule) ||
        !gram_astring(g, "identifier") || !gram_sp(g, rule) || !gram_astring(g, "rights"))
        return false;
    bool ok;
    while (gram_more(g, &ok))
        if (!gram_astring(g, "rights"))
            return false;
    return ok;
}

/* myrights-data = "MYRIGHTS" SP mailbox SP rights */
bool gram_myrights_data(struct gram *g)
{
    static const char rule[] = "myrights-data";
    return gram_sp(g, rule) && gram_mailbox(g) && gram_sp(g, rule) && gram_astring(g, "rights");
}
