/* resp-text and its response codes (RFC 3501 and 9051 7.1, RFC 5530 and others). */
#include "imap_gram.h"
#include "imap_chars.h"
#include "array.h"

static const char CODE[] = "resp-text-code";

/* capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev1" *(SP capability)
                     (RFC 3501; RFC 9051 has "IMAP4rev2": one of the two must be there)
   capability      = ("AUTH=" auth-type) / atom */
bool gram_capabilities(struct gram *g, char end)
{
    size_t start = g->at;
    bool revision = false;
    while (gram_take(g, ' ')) {
        if (gram_at_end(g) || gram_sees(g, end))
            return gram_fail_at(g, g->at - 1, "capability-data", "no space after the last name");
        slice name = gram_atom_ahead(g);
        /* Names are registered or begin with X, so a lone "+" is a "LITERAL+" torn apart. */
        if (slice_eq(name, S("+")) || slice_eq(name, S("-")))
            return gram_fail(g, "capability", "the name of a capability");
        if (!gram_atom(g, "capability"))
            return false;
        if (slice_eq_nocase(name, S("IMAP4rev1")) || slice_eq_nocase(name, S("IMAP4rev2")))
            revision = true;
    }
    return revision || gram_fail_at(g, start, "capability-data", "IMAP4rev1 or IMAP4rev2");
}

static bool code_capability(struct gram *g)
{
    return gram_capabilities(g, ']');
}

static bool charset(struct gram *g)
{
    return gram_astring(g, "charset");
}

/* "BADCHARSET" [SP "(" astring *(SP astring) ")"]    (RFC 9051: atom / quoted) */
static bool code_badcharset(struct gram *g)
{
    if (gram_sees(g, ']'))
        return true;
    return gram_sp(g, CODE) && gram_list1(g, CODE, charset);
}

/* "PERMANENTFLAGS" SP "(" [flag-perm *(SP flag-perm)] ")" */
static bool code_permanentflags(struct gram *g)
{
    return gram_sp(g, CODE) && gram_list(g, "flag-perm", gram_flag_perm);
}

/* "UIDNEXT" SP nz-number / "UIDVALIDITY" SP nz-number / "UNSEEN" SP nz-number */
static bool code_nz_number(struct gram *g)
{
    return gram_sp(g, CODE) && gram_nz_number(g, "nz-number");
}

/* resp-code-apnd = "APPENDUID" SP nz-number SP append-uid
   append-uid     = uniqueid / uid-set    (the set for MULTIAPPEND, RFC 4315 4) */
static bool code_appenduid(struct gram *g)
{
    return gram_sp(g, "resp-code-apnd") && gram_nz_number(g, "nz-number") &&
           gram_sp(g, "resp-code-apnd") && gram_sequence_set(g, false, "append-uid");
}

/* resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set */
static bool code_copyuid(struct gram *g)
{
    static const char rule[] = "resp-code-copy";
    return gram_sp(g, rule) && gram_nz_number(g, "nz-number") && gram_sp(g, rule) &&
           gram_sequence_set(g, false, "uid-set") && gram_sp(g, rule) &&
           gram_sequence_set(g, false, "uid-set");
}

/* "HIGHESTMODSEQ" SP mod-sequence-value (RFC 7162 7) */
static bool code_highestmodseq(struct gram *g)
{
    return gram_sp(g, CODE) && gram_mod_sequence(g, false);
}

/* "MODIFIED" SP sequence-set (RFC 7162 7) */
static bool code_modified(struct gram *g)
{
    return gram_sp(g, CODE) && gram_sequence_set(g, true, "sequence-set");
}

/* "MAILBOXID" SP "(" objectid ")" (RFC 8474 7) */
static bool code_mailboxid(struct gram *g)
{
    return gram_sp(g, CODE) && gram_char(g, '(', CODE) && gram_objectid(g) &&
           gram_char(g, ')', CODE);
}

/* "METADATA" SP ("LONGENTRIES" SP number / "MAXSIZE" SP number / "TOOMANY" / "NOPRIVATE")
   (RFC 5464 5) */
static bool code_metadata(struct gram *g)
{
    if (!gram_sp(g, CODE))
        return false;
    if (gram_take_word(g, "TOOMANY") || gram_take_word(g, "NOPRIVATE"))
        return true;
    if (!gram_take_word(g, "LONGENTRIES") && !gram_take_word(g, "MAXSIZE"))
        return gram_fail(g, CODE, "LONGENTRIES, MAXSIZE, TOOMANY or NOPRIVATE");
    return gram_sp(g, CODE) && gram_number(g, "number");
}

static bool code_alone(struct gram *g)
{
    return true;
}

/* The last alternative of resp-text-code, after its atom: [SP 1*<any TEXT-CHAR except "]">] */
static bool code_other(struct gram *g)
{
    if (!gram_take(g, ' '))
        return true;
    size_t from = g->at;
    while (!gram_at_end(g) && gram_peek(g) != ']') {
        char c = gram_peek(g);
        if (!c || c == '\r' || c == '\n' || ((c & 0x80) && !g->utf8))
            return gram_fail(g, CODE, "a character of the code's data");
        g->at++;
    }
    return g->at > from || gram_fail(g, CODE, "data after the space");
}

/* The codes whose form is fixed. Those of RFC 5530 take nothing, but the last alternative derives
   them with data as well and no sentence forbids it: they are left to code_other. */
static const struct {
    const char *name;
    bool (*rest)(struct gram *g);
} codes[] = {
    { "ALERT", code_alone },
    { "BADCHARSET", code_badcharset },
    { "CAPABILITY", code_capability },
    { "PARSE", code_alone },
    { "PERMANENTFLAGS", code_permanentflags },
    { "READ-ONLY", code_alone },
    { "READ-WRITE", code_alone },
    { "TRYCREATE", code_alone },
    { "UIDNEXT", code_nz_number },
    { "UIDVALIDITY", code_nz_number },
    { "UNSEEN", code_nz_number },
    { "APPENDUID", code_appenduid },
    { "COPYUID", code_copyuid },
    { "UIDNOTSTICKY", code_alone },
    { "HIGHESTMODSEQ", code_highestmodseq },
    { "NOMODSEQ", code_alone },
    { "MODIFIED", code_modified },
    { "CLOSED", code_alone },
    { "COMPRESSIONACTIVE", code_alone },
    { "MAILBOXID", code_mailboxid },
    { "METADATA", code_metadata },
};

static bool resp_text_code(struct gram *g)
{
    slice name = gram_atom_ahead(g);
    if (!gram_atom(g, CODE))
        return false;
    for (size_t i = 0; i < COUNT(codes); i++)
        if (slice_eq_nocase(name, slice_of(codes[i].name)))
            return codes[i].rest(g);
    return code_other(g);
}

/* resp-text = ["[" resp-text-code "]" SP] [text]    (RFC 3501: text, one character at least)
   Text may itself begin with "[" as far as the ABNF goes; only with no "]" behind it can that have
   been meant. The SP after the "]" is not optional in either revision, although examples of RFC 9051
   and RFC 7162 end at the "]": see IMAP_RULE_RESP_TEXT. */
bool gram_resp_text(struct gram *g)
{
    bool bracketed =
        gram_sees(g, '[') && slice_find_char(slice_skip(g->in, g->at), ']') != SIZE_MAX;
    if (bracketed) {
        g->at++;
        if (!resp_text_code(g) || !gram_char(g, ']', CODE))
            return false;
        if (!gram_take(g, ' '))
            return gram_fail(g, IMAP_RULE_RESP_TEXT, "a space after the response code");
    }
    return gram_text(g);
}
