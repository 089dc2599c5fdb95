/* Which line ends a reply, and what it says. */
#include "client_steps.h"
#include "port_talk.h"

const struct talk_words talk_words[PORT_PROTOCOLS] = {
    [PORT_SMTP] = { "EHLO", false, "STARTTLS", "NOOP", "QUIT" },
    [PORT_LMTP] = { "LHLO", false, "STARTTLS", "NOOP", "QUIT" },
    [PORT_POP3] = { "CAPA", true, "STLS", "CAPA", "QUIT" },
    [PORT_IMAP] = { "CAPABILITY", false, "STARTTLS", "NOOP", "LOGOUT" },
    [PORT_SIEVE] = { NULL, false, "STARTTLS", "NOOP", "LOGOUT" },
};

/* RFC 5321 section 4.2: Reply-line = *( Reply-code "-" [ textstring ] CRLF )
                                      Reply-code [ SP textstring ] CRLF */
static enum talk_answer read_smtp(slice line, bool *more)
{
    if (line.n < 3 || !ascii_is_digit(line.p[0]) || !ascii_is_digit(line.p[1]) ||
        !ascii_is_digit(line.p[2]) || (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
        return TALK_NONSENSE;
    *more = line.n > 3 && line.p[3] == '-';
    switch (line.p[0]) {
    case '2':
        return TALK_YES;
    case '3':
        return TALK_GO;
    default:
        return TALK_NO;
    }
}

/* RFC 1939 section 3; RFC 5034 section 4 for the challenge. */
static enum talk_answer read_pop3(slice line, bool first, bool multi, bool *more)
{
    if (!first) {
        *more = !slice_eq_str(line, ".");
        return TALK_YES;
    }
    if (slice_starts_nocase(line, S("+OK"))) {
        *more = multi;
        return TALK_YES;
    }
    if (slice_starts_nocase(line, S("-ERR")))
        return TALK_NO;
    return slice_starts(line, S("+")) ? TALK_GO : TALK_NONSENSE;
}

static enum talk_answer read_status(slice text)
{
    if (slice_starts_nocase(text, S("OK")) || slice_starts_nocase(text, S("PREAUTH")))
        return TALK_YES;
    return slice_starts_nocase(text, S("NO")) || slice_starts_nocase(text, S("BAD")) ||
                   slice_starts_nocase(text, S("BYE"))
               ? TALK_NO
               : TALK_NONSENSE;
}

/* RFC 9051 section 9: response-tagged, continue-req, response-data. Without a tag the greeting is
   waited for. A BYE is untagged and ends what it comes in. */
static enum talk_answer read_imap(slice line, slice tag, bool *more)
{
    bool untagged = slice_starts(line, S("* "));
    if (untagged && (!tag.n || slice_starts_nocase(slice_skip(line, 2), S("BYE "))))
        return read_status(slice_skip(line, 2));
    if (slice_starts(line, S("+")))
        return TALK_GO;
    if (tag.n && slice_starts(line, tag) && line.n > tag.n && line.p[tag.n] == ' ')
        return read_status(slice_skip(line, tag.n + 1));
    *more = tag.n > 0;
    return *more ? TALK_YES : TALK_NONSENSE;
}

/* RFC 5804 section 4: the lines of a response come before its OK, NO or BYE. */
static enum talk_answer read_sieve(slice line, bool *more)
{
    *more = slice_starts(line, S("\"")) || slice_starts(line, S("{"));
    return *more ? TALK_YES : read_status(line);
}

/* A reply that refuses for being too many or too fast. */
static bool says_rate(enum port_protocol protocol, slice line)
{
    static const struct {
        enum port_protocol protocol;
        slice words; /* anywhere in the line; SMTP: at its start */
    } rows[] = {
        { PORT_SMTP, S("421") },         { PORT_LMTP, S("421") },
        { PORT_POP3, S("[SYS/TEMP]") },  { PORT_POP3, S("[LOGIN-DELAY]") },
        { PORT_IMAP, S("[LIMIT]") },     { PORT_IMAP, S("[UNAVAILABLE]") },
        { PORT_SIEVE, S("(TRYLATER)") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t at =
            rows[i].protocol == protocol ? slice_find_nocase(line, rows[i].words) : SIZE_MAX;
        if (at == 0 || (at != SIZE_MAX && protocol != PORT_SMTP && protocol != PORT_LMTP))
            return true;
    }
    return client_text_says_rate(line);
}

enum talk_answer talk_read_line(enum port_protocol protocol, slice line, slice tag, bool first,
                                bool multi, bool *more)
{
    *more = false;
    enum talk_answer answer = protocol == PORT_POP3    ? read_pop3(line, first, multi, more)
                              : protocol == PORT_IMAP  ? read_imap(line, tag, more)
                              : protocol == PORT_SIEVE ? read_sieve(line, more)
                                                       : read_smtp(line, more);
    return answer == TALK_NO && says_rate(protocol, line) ? TALK_RATE : answer;
}
