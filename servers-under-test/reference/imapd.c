/* The session: greeting, one command after the other, the end. */
#include "imapd.h"
#include "imapd_session.h"

static const struct imapd_command commands[] = {
    { "CAPABILITY", STATE_ANY, 0, 0, 0, imapd_capability },
    { "NOOP", STATE_ANY, 0, 0, 0, imapd_noop },
    { "LOGOUT", STATE_ANY, 0, 0, 0, imapd_logout },
    { "ID", STATE_ANY, 0, 1, 1, imapd_id },
    { "STARTTLS", STATE_ANY, 0, 0, SIZE_MAX, imapd_starttls },
    { "AUTHENTICATE", STATE_GREETED, 0, 1, 2, imapd_authenticate },
    { "LOGIN", STATE_GREETED, 0, 2, 2, imapd_login },
    { "ENABLE", STATE_AUTHENTICATED, 0, 1, SIZE_MAX, imapd_enable },
    { "COMPRESS", STATE_AUTHENTICATED, 0, 1, 1, imapd_compress },
    { "NAMESPACE", STATE_AUTHENTICATED, 0, 0, 0, imapd_namespace },
    { "CREATE", STATE_AUTHENTICATED, 0, 1, 2, imapd_create },
    { "DELETE", STATE_AUTHENTICATED, 0, 1, 1, imapd_delete },
    { "RENAME", STATE_AUTHENTICATED, 0, 2, 2, imapd_rename },
    { "SUBSCRIBE", STATE_AUTHENTICATED, 0, 1, 1, imapd_subscribe },
    { "UNSUBSCRIBE", STATE_AUTHENTICATED, 0, 1, 1, imapd_unsubscribe },
    { "LIST", STATE_AUTHENTICATED, 0, 2, 5, imapd_list },
    { "LSUB", STATE_AUTHENTICATED, 0, 2, 2, imapd_lsub },
    { "STATUS", STATE_AUTHENTICATED, 0, 2, 2, imapd_status },
    { "APPEND", STATE_AUTHENTICATED, 0, 2, 4, imapd_append },
    { "SELECT", STATE_AUTHENTICATED, 0, 1, 2, imapd_select },
    { "EXAMINE", STATE_AUTHENTICATED, 0, 1, 2, imapd_examine },
    { "GETQUOTA", STATE_AUTHENTICATED, 0, 1, 1, imapd_getquota },
    { "GETQUOTAROOT", STATE_AUTHENTICATED, 0, 1, 1, imapd_getquotaroot },
    { "SETQUOTA", STATE_AUTHENTICATED, 0, 2, 2, imapd_setquota },
    { "IDLE", STATE_AUTHENTICATED, 0, 0, 0, imapd_idle },
    { "CHECK", STATE_SELECTED, 0, 0, 0, imapd_noop },
    { "CLOSE", STATE_SELECTED, 0, 0, 0, imapd_close },
    { "UNSELECT", STATE_SELECTED, 0, 0, 0, imapd_unselect },
    { "EXPUNGE", STATE_SELECTED, 0, 0, 0, imapd_expunge },
    { "EXPUNGE", STATE_SELECTED, COMMAND_UID_ONLY, 1, 1, imapd_expunge },
    { "FETCH", STATE_SELECTED, COMMAND_UID | COMMAND_NO_EXPUNGE, 2, 3, imapd_fetch },
    { "STORE", STATE_SELECTED, COMMAND_UID | COMMAND_NO_EXPUNGE, 3, SIZE_MAX, imapd_store },
    { "SEARCH", STATE_SELECTED, COMMAND_UID | COMMAND_NEVER_EXPUNGE, 1, SIZE_MAX, imapd_search },
    { "COPY", STATE_SELECTED, COMMAND_UID, 2, 2, imapd_copy },
    { "MOVE", STATE_SELECTED, COMMAND_UID, 2, 2, imapd_move },
};

const struct imapd_command *imapd_find_command(const struct imap_value *words, size_t n,
                                               size_t *ret_used)
{
    bool uid = n > 1 && imap_is_atom(&words[0], "UID");
    for (size_t i = 0; i < COUNT(commands); i++) {
        const struct imapd_command *row = &commands[i];
        unsigned forms = row->flags & (COMMAND_UID | COMMAND_UID_ONLY);
        bool has_form = uid ? forms != 0 : !(forms & COMMAND_UID_ONLY);
        if (has_form && n > uid && imap_is_atom(&words[uid], row->name)) {
            *ret_used = 1 + uid;
            return row;
        }
    }
    return NULL;
}

static void refuse_unknown(struct imapd_session *s)
{
    if (faulty(s, FAULT_IMAP_COMMAND_UNKNOWN_CLOSES))
        s->state = STATE_LOGOUT;
    else if (faulty(s, FAULT_IMAP_COMMAND_UNKNOWN_OK))
        imapd_ok(s, "Completed");
    else
        imapd_bad(s, "Unknown command");
}

/* Splits the unit into tag, command and arguments. False: the reply is set. */
static bool parse(struct imapd_session *s, slice unit)
{
    struct command *cmd = &s->cmd;
    struct imap_value top;
    struct imap_lex_error error;
    size_t used = 0;
    cmd->unit = unit;
    if (!imap_lex(unit, 0, &s->arena, &top, &error))
        return imapd_bad(s, "Syntax: %s", imap_lex_fault_text(error.fault)), false;
    if (slice_eq(cmd->tag, S("*")) || top.n_items < 2)
        return imapd_bad(s, "A command begins with a tag and a name"), false;
    cmd->row = imapd_find_command(top.items + 1, top.n_items - 1, &used);
    if (!cmd->row)
        return refuse_unknown(s), false;
    if (!imapd_spacing_is_right(unit, &top))
        return imapd_bad(s, "Syntax: one space between arguments, CRLF at the end"), false;
    cmd->uid = used == 2;
    cmd->args = top.items + 1 + used;
    cmd->n_args = top.n_items - 1 - used;
    return true;
}

static bool is_allowed(struct imapd_session *s)
{
    const struct imapd_command *row = s->cmd.row;
    if (!(row->states & s->state) && faulty(s, FAULT_IMAP_COMMAND_ANY_STATE))
        return imapd_ok(s, "%s completed", row->name), false;
    if (!(row->states & s->state))
        return imapd_bad(s, "%s is not allowed in this state", row->name), false;
    if (s->cmd.n_args < row->min_args || s->cmd.n_args > row->max_args)
        return imapd_bad(s, "%s has another number of arguments", row->name), false;
    return !imapd_fault_refuses(s);
}

static bool fault_expunges(const struct imapd_session *s)
{
    const struct imapd_command *row = s->cmd.row;
    return row && ((row->run == imapd_fetch && faulty(s, FAULT_SYNC_EXPUNGE_DURING_FETCH)) ||
                   (row->run == imapd_store && faulty(s, FAULT_SYNC_EXPUNGE_DURING_STORE)) ||
                   (row->run == imapd_search && faulty(s, FAULT_SYNC_EXPUNGE_DURING_SEARCH)));
}

static bool may_expunge(const struct imapd_session *s)
{
    const struct command *cmd = &s->cmd;
    if (fault_expunges(s))
        return true;
    unsigned flags = cmd->row ? cmd->row->flags : COMMAND_NEVER_EXPUNGE;
    return !(flags & COMMAND_NEVER_EXPUNGE) && (cmd->uid || !(flags & COMMAND_NO_EXPUNGE));
}

static bool tells_nothing(const struct imapd_session *s)
{
    const struct imapd_command *row = s->cmd.row;
    return row && ((row->run == imapd_noop && faulty(s, FAULT_IMAP_NOOP_SILENT)) ||
                   (row->run == imapd_append && faulty(s, FAULT_IMAP_APPEND_NOT_TOLD)));
}

/* Faults of a server that loses its place in what the client sends. */
static void lose_place(struct imapd_session *s, slice unit)
{
    size_t line = slice_find(unit, S("\r\n"));
    if (faulty(s, FAULT_IMAP_COMMAND_REST) && slice_starts(buf_slice(&s->reply), S("BAD")))
        imapd_unread(s, slice_skip(unit, line + 2));
    if (faulty(s, FAULT_IMAP_PIPELINE_DROPS))
        buf_clear(&s->input);
}

static void run(struct imapd_session *s, slice unit)
{
    if (faulty(s, FAULT_IMAP_CONTINUATION_UNASKED) && slice_find(unit, S("+}\r\n")) != SIZE_MAX)
        imapd_send(s, S("+ OK\r\n"));
    if (faulty(s, FAULT_SYNC_EXPUNGE_MOVES))
        view_drop_expunged(&s->view);
    bool allowed = parse(s, unit) && is_allowed(s);
    if (allowed)
        s->cmd.row->run(s);
    lose_place(s, unit);
    if (s->reply.n && !tells_nothing(s))
        imapd_notify(s, allowed && may_expunge(s));
    imapd_send_reply(s);
    if (s->bad_commands >= IMAPD_BAD_MAX && s->state != STATE_LOGOUT)
        imapd_bye(s, "Too many bad commands");
}

/* False when the session is over. */
static bool serve_one(struct imapd_session *s)
{
    slice unit;
    arena_release(&s->arena);
    s->cmd = (struct command) { 0 };
    if (faulty(s, FAULT_SYNC_EXPUNGE_UNASKED) && server_conn_flush(s->conn))
        imapd_start_pushing(s);
    enum read_outcome outcome = imapd_read_unit(s, imapd_deadline(s), &unit);
    imapd_stop_pushing(s);
    switch (outcome) {
    case READ_UNIT:
        run(s, unit);
        return s->state != STATE_LOGOUT;
    case READ_REFUSED:
        return true;
    case READ_BROKEN:
        imapd_bye(s, "The command is too long to be read");
        return false;
    case READ_TIMEOUT:
        imapd_bye(s, "Autologout; idle for too long");
        return false;
    case READ_END:
        return false;
    }
    return false;
}

/* Logged in as the first account, by nothing at all. */
static void greet_preauth(struct imapd_session *s)
{
    size_t n;
    const struct reference_account *accounts = reference_accounts(s->conn->ref, &n);
    imapd_send(s, S("* PREAUTH ["));
    imapd_add_capabilities(s, imapd_out(s));
    imapd_sendf(s, "] %s logs you in as %s\r\n", reference_host_name(s->conn->ref),
                accounts[0].user);
    s->account = reference_find_user(s->conn->ref, slice_of(accounts[0].user));
    s->state = STATE_LOGGED_IN;
    s->uidvalidity_at_login = s->store->next_uidvalidity;
}

static void greet(struct imapd_session *s)
{
    if (faulty(s, FAULT_IMAP_GREETING_MISSING))
        return;
    if (!s->conn->tls && faulty(s, FAULT_IMAP_PREAUTH_IN_CLEAR))
        return greet_preauth(s);
    imapd_send(s, faulty(s, FAULT_IMAP_GREETING_NO_SPACE) ? S("*OK [") : S("* OK ["));
    imapd_add_capabilities(s, imapd_out(s));
    imapd_sendf(s, "] %s ready\r\n", reference_host_name(s->conn->ref));
}

static void session_init(struct imapd_session *s, struct server_conn *c)
{
    *s = (struct imapd_session) { .conn = c, .faults = c->faults, .state = STATE_GREETED };
    s->store = reference_store(c->ref);
    buf_init(&s->input, BUF_OURS);
    buf_init(&s->reply, BUF_OURS);
    imap_framer_init(&s->framer, IMAP_FRAME_COMMANDS);
}

static void session_release(struct imapd_session *s)
{
    view_close(s);
    array_release(&s->saved);
    buf_release(&s->input);
    buf_release(&s->reply);
    arena_release(&s->arena);
}

void imapd_serve(struct server_conn *c)
{
    struct imapd_session s;
    session_init(&s, c);
    greet(&s);
    while (serve_one(&s))
        ;
    server_conn_flush(c);
    session_release(&s);
}
