#include "imap_envelope.h"
#include "fault.h"
#include "imap_fetch_string.h"
#include "mime.h"

enum { SUBJECT_LINE = 76 }; /* where the fault breaks a long subject */

struct writer {
    struct buf *out;
    const struct faults *faults;
    bool utf8;
};

static void add_string(const struct writer *w, slice s)
{
    fetch_nstring_add(w->out, s, w->utf8, w->faults);
}

/* addr-host is NIL for group markers only, so a lone local part gets an empty host. */
static slice present(const struct address *address, slice s)
{
    return s.p || address->kind != ADDRESS_MAILBOX ? s : S("");
}

/* address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")" */
static void add_address(const struct writer *w, const struct address *address)
{
    slice name = address->kind == ADDRESS_MAILBOX ? address->name : (slice) { NULL, 0 };
    slice mailbox = present(address, address->mailbox);
    bool swap = fault_on(w->faults, FAULT_IMAP_ENVELOPE_SWAPPED);
    buf_addc(w->out, '(');
    add_string(w, swap ? mailbox : name);
    buf_addc(w->out, ' ');
    add_string(w, address->route);
    buf_addc(w->out, ' ');
    add_string(w, swap ? name : mailbox);
    buf_addc(w->out, ' ');
    add_string(w, present(address, address->host));
    buf_addc(w->out, ')');
}

static bool is_shown(const struct writer *w, const struct address *address)
{
    return address->kind == ADDRESS_MAILBOX || !fault_on(w->faults, FAULT_IMAP_ENVELOPE_GROUP);
}

static bool shows_any(const struct writer *w, const struct address_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (is_shown(w, &list->v[i]))
            return true;
    return false;
}

/* env-from = "(" 1*address ")" / nil */
static void add_list(const struct writer *w, const struct address_list *list)
{
    size_t shown = 0;
    if (!shows_any(w, list)) {
        bool empty = fault_on(w->faults, FAULT_IMAP_ENVELOPE_EMPTY_LIST);
        buf_adds(w->out, empty ? "()" : "NIL");
        return;
    }
    buf_addc(w->out, '(');
    if (fault_on(w->faults, FAULT_IMAP_ENVELOPE_NIL_IN_LIST))
        buf_adds(w->out, "NIL ");
    for (size_t i = 0; i < list->n && shown < ENVELOPE_ADDRESSES_MAX; i++) {
        if (!is_shown(w, &list->v[i]))
            continue;
        if (shown++ && fault_on(w->faults, FAULT_IMAP_ENVELOPE_SPACE))
            buf_addc(w->out, ' ');
        add_address(w, &list->v[i]);
    }
    buf_addc(w->out, ')');
}

static void add_subject(const struct writer *w, slice subject)
{
    if (subject.n <= SUBJECT_LINE || !fault_on(w->faults, FAULT_IMAP_ENVELOPE_FOLDED)) {
        add_string(w, subject);
        return;
    }
    buf_addc(w->out, '"');
    buf_add(w->out, slice_sub(subject, 0, SUBJECT_LINE));
    buf_adds(w->out, "\r\n");
    buf_add(w->out, slice_skip(subject, SUBJECT_LINE));
    buf_addc(w->out, '"');
}

/* envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP
              env-cc SP env-bcc SP env-in-reply-to SP env-message-id ")" */
void envelope_render(const struct mime_envelope *envelope, bool utf8, const struct faults *faults,
                     struct buf *out)
{
    const struct writer w = { out, faults, utf8 };
    const struct mime_envelope *e = envelope;
    bool fill = !fault_on(faults, FAULT_IMAP_ENVELOPE_NO_DEFAULT);
    bool twice = fault_on(faults, FAULT_IMAP_ENVELOPE_PARENTHESES);
    const struct address_list *lists[] = {
        &e->from,
        fill && !e->sender.n ? &e->from : &e->sender,
        fill && !e->reply_to.n ? &e->from : &e->reply_to,
        &e->to,
        &e->cc,
        &e->bcc,
    };
    buf_adds(out, twice ? "((" : "(");
    add_string(&w, e->date);
    buf_addc(out, ' ');
    add_subject(&w, e->subject);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        buf_addc(out, ' ');
        add_list(&w, lists[i]);
    }
    buf_addc(out, ' ');
    if (!fault_on(faults, FAULT_IMAP_ENVELOPE_FIELD_MISSING)) {
        add_string(&w, e->in_reply_to);
        buf_addc(out, ' ');
    }
    add_string(&w, e->message_id);
    buf_adds(out, twice ? "))" : ")");
}
