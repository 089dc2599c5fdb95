#include "dns.h"
#include "dns_record.h"
#include <idn2.h>

enum { DNS_NAME_INPUT_MAX = 1000 }; /* octets of UTF-8; 253 of A-labels come of less */

/* label = letters, digits, "-" and "_" ("_" is for the names of services), no "-" at either end;
   RFC 1123 section 2.1 */
static bool label_is_good(slice label)
{
    if (!label.n || label.n > DNS_LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return false;
    return true;
}

static bool is_number(slice label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_digit(label.p[i]))
            return false;
    return true;
}

static const char *checked(slice name, struct arena *arena)
{
    slice rest, label = { 0 };
    if (slice_ends(name, S(".")))
        name.n--;
    if (!name.n || name.n > DNS_NAME_TEXT_MAX)
        return NULL;
    rest = name;
    while (slice_cut(&rest, '.', &label))
        if (!label_is_good(label))
            return NULL;
    if (is_number(label)) // an IPv4 address, or a piece of one: no top-level domain is a number
        return NULL;
    char *lower = arena_str(arena, name);
    for (char *c = lower; *c; c++)
        *c = ascii_lower(*c);
    return lower;
}

const char *dns_name(slice text, struct arena *arena)
{
    bool ascii = true;
    for (size_t i = 0; i < text.n; i++) {
        if (!text.p[i])
            return NULL;
        ascii &= (uint8_t)text.p[i] < 0x80;
    }
    if (ascii)
        return checked(text, arena);
    if (text.n > DNS_NAME_INPUT_MAX)
        return NULL;
    char *a_labels = NULL;
    const char *name = NULL;
    if (idn2_to_ascii_8z(arena_str(arena, text), &a_labels,
                         IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
        name = checked(slice_of(a_labels), arena);
    idn2_free(a_labels);
    return name;
}
