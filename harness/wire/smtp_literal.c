/* Address literals, RFC 5321 4.1.3. */
#include "hex.h"
#include "smtp_path.h"

/* Snum = 1*3DIGIT, at most 255 */
static bool is_snum(slice s)
{
    uint64_t value;
    return s.n <= 3 && slice_to_u64(s, 255, &value);
}

/* IPv4-address-literal = Snum 3("." Snum) */
static bool is_ipv4(slice s)
{
    slice part;
    int n = 0;
    while (slice_cut(&s, '.', &part)) {
        if (!is_snum(part))
            return false;
        n++;
    }
    return n == 4;
}

/* IPv6-hex = 1*4HEXDIG */
static bool is_ipv6_hex(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_value(s.p[i]) < 0)
            return false;
    return s.n >= 1 && s.n <= 4;
}

/* Groups of 16 bits in "a:b:c" or "a:b:1.2.3.4" (the last counts two); 0 for no text, -1 when it
   is neither. */
static int count_groups(slice s, bool ipv4_last)
{
    slice group;
    int n = 0;
    if (!s.n)
        return 0;
    while (slice_cut(&s, ':', &group)) {
        bool last = !s.p;
        if (last && ipv4_last && is_ipv4(group))
            n += 2;
        else if (is_ipv6_hex(group))
            n++;
        else
            return -1;
    }
    return n;
}

/* IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp */
static bool is_ipv6(slice s)
{
    size_t gap = slice_find(s, S("::"));
    if (gap == SIZE_MAX)
        return count_groups(s, true) == 8;
    int left = count_groups(slice_sub(s, 0, gap), false);
    int right = count_groups(slice_skip(s, gap + 2), true);
    return left >= 0 && right >= 0 && left + right <= 6;
}

/* General-address-literal = Standardized-tag ":" 1*dcontent
   Standardized-tag = Ldh-str ; dcontent = %d33-90 / %d94-126 */
static bool is_general(slice s)
{
    size_t colon = slice_find_char(s, ':');
    if (colon == SIZE_MAX || colon == 0 || colon + 1 == s.n || !ascii_is_alnum(s.p[colon - 1]))
        return false;
    for (size_t i = 0; i < colon; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    for (size_t i = colon + 1; i < s.n; i++)
        if (s.p[i] < 33 || s.p[i] > 126 || (s.p[i] >= '[' && s.p[i] <= ']'))
            return false;
    return true;
}

/* address-literal = "[" ( IPv4 / "IPv6:" IPv6-addr / General ) "]"
   A malformed IPv6 address would pass as General; its tag has a format, so it does not. */
bool smtp_literal_valid(slice s, struct grammar_error *err)
{
    char text[ESCAPED_MAX];
    slice inside = slice_sub(s, 1, s.n ? s.n - 1 : 0), tag = S("IPv6:");
    bool brackets = s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    bool ipv6 = slice_starts_nocase(inside, tag);
    bool ok = ipv6 ? is_ipv6(slice_skip(inside, tag.n)) : is_ipv4(inside) || is_general(inside);
    if (brackets && ok)
        return true;
    return grammar_error_set(err, RULE_SMTP_ADDRESS_LITERAL, 0, "\"%s\" is no address literal",
                             escape_text(s, text));
}
