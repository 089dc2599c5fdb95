#include "imap_quote.h"
#include "grammar_error.h"
#include "imap_chars.h"

static bool is_atom(slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!imap_is_astring_char(text.p[i]))
            return false;
    return text.n && !slice_eq_nocase(text, S("NIL"));
}

/* QUOTED-CHAR, but for what escapes make possible. */
static bool is_quotable(slice text, bool utf8)
{
    bool eight = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\r' || text.p[i] == '\n')
            return false;
        eight |= (text.p[i] & 0x80) != 0;
    }
    return text.n <= IMAP_QUOTED_MAX && (!eight || (utf8 && utf8_is_valid(text)));
}

enum imap_form imap_form_of(slice text, unsigned flags)
{
    if (slice_find_char(text, '\0') != SIZE_MAX)
        return IMAP_FORM_LITERAL8;
    if (!(flags & IMAP_QUOTE_STRING) && text.n <= IMAP_QUOTED_MAX && is_atom(text))
        return IMAP_FORM_ATOM;
    return is_quotable(text, flags & IMAP_QUOTE_UTF8) ? IMAP_FORM_QUOTED : IMAP_FORM_LITERAL;
}

/* Adds all of a piece or nothing of it. */
static bool whole(struct buf *out, size_t before, bool ok)
{
    if (!ok)
        buf_truncate(out, before);
    return ok;
}

bool imap_quoted_add(struct buf *out, slice text)
{
    size_t before = out->n;
    bool ok = buf_addc(out, '"');
    for (size_t i = 0; ok && i < text.n; i++) {
        bool escape = text.p[i] == '"' || text.p[i] == '\\';
        ok = (!escape || buf_addc(out, '\\')) && buf_addc(out, text.p[i]);
    }
    return whole(out, before, ok && buf_addc(out, '"'));
}

static bool add_literal(struct buf *out, slice text, bool nonsync, bool eight)
{
    size_t before = out->n;
    bool ok = buf_addf(out, "%s{%zu%s}\r\n", eight ? "~" : "", text.n, nonsync ? "+" : "") &&
              buf_add(out, text);
    return whole(out, before, ok);
}

bool imap_literal_add(struct buf *out, slice text, bool nonsync)
{
    return add_literal(out, text, nonsync, false);
}

bool imap_string_add(struct buf *out, slice text, unsigned flags)
{
    switch (imap_form_of(text, flags)) {
    case IMAP_FORM_ATOM:
        return buf_add(out, text);
    case IMAP_FORM_QUOTED:
        return imap_quoted_add(out, text);
    case IMAP_FORM_LITERAL:
        return add_literal(out, text, flags & IMAP_QUOTE_NONSYNC, false);
    case IMAP_FORM_LITERAL8:
        break;
    }
    return add_literal(out, text, flags & IMAP_QUOTE_NONSYNC, true);
}

bool imap_nstring_add(struct buf *out, slice text, unsigned flags)
{
    if (!text.p)
        return buf_adds(out, "NIL");
    return imap_string_add(out, text, flags | IMAP_QUOTE_STRING);
}
