#include "client_steps.h"
#include "imap_client.h"
#include "pop3_client.h"
#include "smtp_client.h"

int client_take(struct conn *c, nsec deadline, const char *waiting_for, struct error *err,
                struct unit **last)
{
    struct unit *u;
    enum conn_result result = conn_next(c, deadline, &u);
    if (result != CONN_UNIT)
        return conn_result_error(c, result, waiting_for, err);
    unit_free(*last);
    *last = u;
    return 0;
}

int client_send_line(struct conn *c, slice line, nsec deadline, struct error *err)
{
    if (slice_find_char(line, '\r') != SIZE_MAX || slice_find_char(line, '\n') != SIZE_MAX ||
        slice_find_char(line, '\0') != SIZE_MAX)
        return error_set(err, ERR_USAGE, "a command cannot hold CR, LF or NUL");
    auto_buf bytes = { 0 };
    buf_init(&bytes, line.n + 2);
    buf_add(&bytes, line);
    buf_adds(&bytes, "\r\n");
    int result = conn_send(c, buf_slice(&bytes), deadline, err);
    const struct unit *word = conn_queue(c);
    if (result != ERR_NETWORK || !word)
        return result;
    return client_refused(c, client_says_rate(word) ? ERR_RATE : ERR_NETWORK, "going on", word->raw,
                          err);
}

bool client_says_rate(const struct unit *u)
{
    if (u->imap)
        return imap_says_rate(u);
    return u->smtp ? smtp_says_rate(u->smtp) : pop3_says_rate(u->pop3);
}

char *client_said(const struct conn *c, slice said, char text[ESCAPED_MAX])
{
    auto_buf masked = { 0 };
    buf_init(&masked, BUF_OURS);
    secrets_mask(transcript_secrets(conn_transcript(c)), said, &masked);
    return escape_text(slice_trim(buf_slice(&masked)), text);
}

int client_refused(const struct conn *c, enum error_code code, const char *what, slice said,
                   struct error *err)
{
    char text[ESCAPED_MAX];
    return error_set(err, code, "%s was refused: %s", what, client_said(c, said, text));
}

bool client_text_says_rate(slice text)
{
    static const char *const phrases[] = {
        "too many", "rate limit", "rate-limit", "throttl", "too fast", "slow down", "exceeded the",
    };
    if (slice_find_nocase(text, S("too many argument")) != SIZE_MAX ||
        slice_find_nocase(text, S("too many parameter")) != SIZE_MAX)
        return false; /* of one command */
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (slice_find_nocase(text, slice_of(phrases[i])) != SIZE_MAX)
            return true;
    return false;
}

const char *client_verb(slice line, char text[16])
{
    slice verb = slice_sub(line, 0, slice_find_char(line, ' '));
    verb = slice_sub(verb, 0, 15);
    memcpy(text, verb.p, verb.n);
    text[verb.n] = '\0';
    return text;
}
