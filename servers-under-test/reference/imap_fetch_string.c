#include "imap_fetch_string.h"
#include "fault.h"
#include "imap_quote.h"

static void replace_nul(char *p, size_t n, char by)
{
    for (size_t i = 0; i < n; i++)
        if (!p[i])
            p[i] = by;
}

void fetch_string_add(struct buf *out, slice text, bool utf8, const struct faults *faults)
{
    unsigned flags = IMAP_QUOTE_STRING | (utf8 ? IMAP_QUOTE_UTF8 : 0);
    if (slice_find_char(text, '\0') != SIZE_MAX) {
        auto_buf copy;
        buf_init(&copy, text.n);
        buf_add(&copy, text);
        replace_nul(copy.p, copy.n, '?');
        fetch_string_add(out, buf_slice(&copy), utf8, faults);
    } else if (fault_on(faults, FAULT_IMAP_ENVELOPE_UNESCAPED) &&
               imap_form_of(text, flags) == IMAP_FORM_QUOTED) {
        buf_addc(out, '"');
        buf_add(out, text);
        buf_addc(out, '"');
    } else {
        imap_string_add(out, text, flags);
    }
}

void fetch_nstring_add(struct buf *out, slice text, bool utf8, const struct faults *faults)
{
    if (text.p)
        fetch_string_add(out, text, utf8, faults);
    else
        buf_adds(out, "NIL");
}

void fetch_octets_add(struct buf *out, slice octets, const struct faults *faults)
{
    size_t said = octets.n + fault_on(faults, FAULT_IMAP_FETCH_LITERAL_LENGTH);
    size_t start;
    if (!octets.n) {
        buf_adds(out, "\"\"");
        return;
    }
    buf_addf(out, "{%zu}\r\n", said);
    start = out->n;
    if (buf_add(out, octets))
        replace_nul(out->p + start, octets.n, '\x80');
}
