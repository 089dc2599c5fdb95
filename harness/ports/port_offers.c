/* What a server lists, in the four forms that the protocols have. */
#include "port_visit_private.h"

#define EHLO_NAME "mailassay.test"

static void add_words(struct capabilities *caps, slice text)
{
    slice word;
    while (slice_cut(&text, ' ', &word))
        if (word.n)
            capabilities_add(caps, word, S(""));
}

/* capability with its parameters behind the first space */
static void add_line(struct capabilities *caps, slice line)
{
    size_t space = slice_find_char(line, ' ');
    slice name = slice_sub(line, 0, space);
    if (name.n)
        capabilities_add(caps, name, slice_trim(slice_skip(line, name.n)));
}

/* RFC 5804 section 1.2: quoted = <"> *(quoted-char) <"> ; no capability needs its escapes. */
static bool take_quoted(slice *rest, slice *ret)
{
    *rest = slice_trim(*rest);
    if (!slice_starts(*rest, S("\"")))
        return false;
    slice inner = slice_skip(*rest, 1);
    size_t end = slice_find_char(inner, '"');
    if (end == SIZE_MAX)
        return false;
    *ret = slice_sub(inner, 0, end);
    *rest = slice_skip(inner, end + 1);
    return true;
}

static void add_sieve(struct capabilities *caps, slice line)
{
    slice name, value = S("");
    if (!take_quoted(&line, &name))
        return;
    take_quoted(&line, &value);
    capabilities_add(caps, name, value);
}

static void read_offers(enum port_protocol protocol, slice text, struct capabilities *caps)
{
    slice line;
    capabilities_reset(caps);
    for (bool first = true; slice_line(&text, &line); first = false) {
        if (protocol == PORT_IMAP && slice_starts_nocase(line, S("* CAPABILITY ")))
            add_words(caps, slice_skip(line, strlen("* CAPABILITY ")));
        else if (protocol == PORT_SIEVE)
            add_sieve(caps, line);
        else if (protocol == PORT_POP3 && !first && !slice_eq_str(line, "."))
            add_line(caps, line);
        else if ((protocol == PORT_SMTP || protocol == PORT_LMTP) && !first)
            add_line(caps, slice_skip(line, 4));
    }
}

static enum talk_answer say_hello(struct talk *t)
{
    const struct talk_words *words = &talk_words[t->protocol];
    char line[300];
    if (t->protocol == PORT_SMTP || t->protocol == PORT_LMTP)
        snprintf(line, sizeof line, "%s " EHLO_NAME, words->hello);
    else
        snprintf(line, sizeof line, "%s", words->hello);
    enum talk_answer answer =
        words->hello_multi ? talk_command_multi(t, line) : talk_command(t, line);
    /* A server that greets a second time inside TLS. */
    if (t->protocol == PORT_SMTP && slice_starts(t->last, S("220")))
        answer = talk_reply(t, false);
    if (answer == TALK_NO && t->protocol == PORT_SMTP) {
        answer = talk_command(t, "HELO " EHLO_NAME);
        if (answer == TALK_YES)
            buf_clear(&t->reply); /* what it says is no list */
    }
    return answer;
}

/* Whoever is refused both hellos of SMTP gets nowhere; elsewhere a server has no such command. */
static bool needs_hello(enum port_protocol protocol)
{
    return protocol == PORT_SMTP || protocol == PORT_LMTP;
}

enum talk_answer visit_ask_offers(struct talk *t, struct capabilities *caps)
{
    enum talk_answer answer = talk_words[t->protocol].hello ? say_hello(t) : TALK_YES;
    if (answer == TALK_YES)
        read_offers(t->protocol, buf_slice(&t->reply), caps);
    else if (answer == TALK_NO && !needs_hello(t->protocol))
        capabilities_reset(caps);
    if (!caps->too_many)
        return answer;
    /* What is missing on a list that was cut short says nothing. */
    capabilities_release(caps);
    return t->answer = TALK_NONSENSE;
}

static bool has_sieve_login(const struct capabilities *caps)
{
    const struct capability *sasl = caps_get(caps, S("SASL"));
    return sasl && sasl->n_params;
}

enum seen visit_offers_login(const struct talk *t, const struct capabilities *caps)
{
    if (!caps->known)
        return SEEN_NOT_ASKED;
    bool offered = t->protocol == PORT_SIEVE ? has_sieve_login(caps) : caps_has(caps, S("AUTH"));
    if (t->protocol == PORT_POP3)
        offered |= caps_has(caps, S("USER"));
    if (t->protocol == PORT_IMAP)
        offered |= !caps_has(caps, S("LOGINDISABLED"));
    return offered ? SEEN_YES : SEEN_NO;
}
