/* Mail that we did not bring stays as it is: what commands do to a target that is not disposable. */
#include "step_table.h"

/* IMAP commands that name a mailbox in which they, or those after them, change something. */
static const char *const naming[] = { "SELECT", "APPEND",    "CREATE",      "DELETE",     "RENAME",
                                      "COPY",   "MOVE",      "UID COPY",    "UID MOVE",   "REPLACE",
                                      "SETACL", "DELETEACL", "SETMETADATA", "UID REPLACE" };

/* "DELE" is the verb of "dele 1". */
static bool verb_is(slice text, const char *verb)
{
    slice v = slice_of(verb);
    return slice_starts_nocase(text, v) && (text.n == v.n || text.p[v.n] == ' ');
}

static bool names_mailbox(slice command)
{
    for (size_t i = 0; i < COUNT(naming); i++)
        if (verb_is(command, naming[i]))
            return slice_trim(command).n > strlen(naming[i]);
    return false;
}

static bool has_inbox(slice words)
{
    slice word;
    while (slice_cut(&words, ' ', &word)) {
        if (word.n > 2 && word.p[0] == '"')
            word = slice_sub(word, 1, word.n - 1);
        if (slice_eq_nocase(word, S("INBOX")))
            return true;
    }
    return false;
}

static slice without_tag(slice line)
{
    slice tag;
    slice_cut(&line, ' ', &tag);
    return line;
}

bool step_touches_all(enum device_kind kind, bool tagged, slice commands)
{
    slice line;
    bool touches = false;
    while (!touches && slice_line(&commands, &line)) {
        slice command = tagged ? without_tag(line) : line;
        touches = kind == DEVICE_POP3   ? verb_is(command, "DELE")
                  : kind == DEVICE_IMAP ? names_mailbox(command) && has_inbox(command)
                                        : false;
    }
    return touches;
}

/* As a last resort, before anything goes out: a variable may hold what no validation has seen. What
   names a mailbox must name one with the run's own word in it. */
static bool is_ours(const struct device *d, slice commands)
{
    slice line, run = slice_of(d->play->session->run_word);
    if (d->kind == DEVICE_POP3)
        return !step_touches_all(d->kind, false, commands);
    bool named = slice_find(commands, run) != SIZE_MAX;
    while (device_is_imap(d) && !named && slice_line(&commands, &line))
        if (names_mailbox(without_tag(line)))
            return false;
    return true;
}

bool step_may_send(struct device *d, slice commands)
{
    if (d->play->session->target->disposable || is_ours(d, commands))
        return true;
    play_skip(d->play, "touches mail that is not its own; allowed only on a target with "
                       "\"disposable: true\"");
    return false;
}
