#include "first_bytes.h"

/* Patterns of the first octets. Letters match in either case; '#' is a digit, '_' what ends a reply
   code (space, hyphen, CR or LF), '~' an octet 0 to 4 (a minor version of TLS); anything else is
   itself. */
struct pattern {
    slice text;
    enum first_bytes kind;
};

static const struct pattern patterns[] = {
    { S("2##_"), FIRST_SMTP },
    { S("4##_"), FIRST_SMTP },
    { S("5##_"), FIRST_SMTP },
    { S("+OK"), FIRST_POP3 },
    { S("-ERR"), FIRST_POP3 },
    { S("* OK"), FIRST_IMAP },
    { S("* PREAUTH"), FIRST_IMAP },
    { S("* BYE"), FIRST_IMAP },
    /* RFC 5804 section 1.7: capabilities, each a quoted string; or a word of refusal. */
    { S("\"IMPLEMENTATION\""), FIRST_SIEVE },
    { S("\"SIEVE\""), FIRST_SIEVE },
    { S("\"STARTTLS\""), FIRST_SIEVE },
    { S("\"SASL\""), FIRST_SIEVE },
    { S("\"VERSION\""), FIRST_SIEVE },
    { S("\"NOTIFY\""), FIRST_SIEVE },
    { S("BYE "), FIRST_SIEVE },
    { S("NO "), FIRST_SIEVE },
    { S("HTTP/"), FIRST_HTTP },
    { S("<!DOCTYPE"), FIRST_HTTP },
    { S("<html"), FIRST_HTTP },
    { S("SSH-"), FIRST_SSH },
    { S("\x15\x03~"), FIRST_TLS },
    { S("\x16\x03~"), FIRST_TLS },
};

static bool matches(char want, char c)
{
    switch (want) {
    case '#':
        return ascii_is_digit(c);
    case '_':
        return c == ' ' || c == '-' || c == '\r' || c == '\n';
    case '~':
        return (unsigned char)c <= 4;
    default:
        return ascii_lower(want) == ascii_lower(c);
    }
}

static bool agrees(slice pattern, slice octets)
{
    for (size_t i = 0; i < pattern.n && i < octets.n; i++)
        if (!matches(pattern.p[i], octets.p[i]))
            return false;
    return true;
}

enum first_bytes first_bytes_of(slice octets)
{
    enum first_bytes found = FIRST_OTHER;
    for (size_t i = 0; i < COUNT(patterns); i++) {
        if (!agrees(patterns[i].text, octets))
            continue;
        if (octets.n >= patterns[i].text.n)
            return patterns[i].kind;
        found = FIRST_UNKNOWN;
    }
    return found;
}

bool first_bytes_protocol(enum first_bytes kind, enum port_protocol expected,
                          enum port_protocol *ret)
{
    static const struct {
        enum first_bytes kind;
        enum port_protocol protocol;
    } rows[] = {
        { FIRST_SMTP, PORT_SMTP },
        { FIRST_POP3, PORT_POP3 },
        { FIRST_IMAP, PORT_IMAP },
        { FIRST_SIEVE, PORT_SIEVE },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].kind == kind) {
            bool lmtp = kind == FIRST_SMTP && expected == PORT_LMTP;
            *ret = lmtp ? PORT_LMTP : rows[i].protocol;
            return true;
        }
    return false;
}

/* struct { ContentType type = alert(21); ProtocolVersion; uint16 length = 2; AlertLevel;
            AlertDescription } */
int first_bytes_alert(slice octets)
{
    enum { RECORD_HEADER = 5, ALERT = 2, FATAL = 2 };
    if (octets.n < RECORD_HEADER + ALERT || octets.p[0] != 0x15 || octets.p[1] != 0x03 ||
        octets.p[3] != 0 || octets.p[4] != ALERT || octets.p[RECORD_HEADER] != FATAL)
        return -1;
    return (unsigned char)octets.p[RECORD_HEADER + 1];
}
