#include "pop3d.h"
#include "dot_stuff.h"
#include "pop3d_session.h"
#include <stdarg.h>
#include <stdio.h>

enum { READ_MAX = SASL_MESSAGE_MAX + 64, FAULTY_TEXT_LENGTH = 600 };

nsec pop3d_deadline(const struct pop3d *s)
{
    if (s->state == POP3D_TRANSACTION && pop3d_fault(s, FAULT_POP3_AUTOLOGOUT_ABSOLUTE))
        return s->began + SECONDS(POP3D_IDLE_SECONDS);
    nsec limit = reference_settings(s->c->ref)->idle_limit;
    if (!limit)
        limit = SECONDS(POP3D_IDLE_SECONDS);
    if (pop3d_fault(s, FAULT_POP3_AUTOLOGOUT_SHORT))
        limit = SECONDS(60);
    return now() + limit;
}

/* --- replies --- */

static void reply(struct pop3d *s, const char *status, const char *code, const char *text)
{
    bool lower = pop3d_fault(s, FAULT_POP3_STATUS_LOWER);
    bool no_space = pop3d_fault(s, FAULT_POP3_STATUS_NO_SPACE);
    for (const char *p = status; *p; p++)
        server_conn_sendf(s->c, "%c", lower ? ascii_lower(*p) : *p);
    server_conn_sendf(s->c, "%s%s%s%s%s", no_space ? "" : " ", code ? "[" : "", code ? code : "",
                      code ? "] " : "", text);
    if (pop3d_fault(s, FAULT_POP3_REPLY_LONG))
        server_conn_sendf(s->c, " %0*d", FAULTY_TEXT_LENGTH, 0);
    server_conn_send(s->c, pop3d_fault(s, FAULT_POP3_REPLY_BARE_LF) ? S("\n") : S("\r\n"));
}

void pop3d_ok(struct pop3d *s, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    reply(s, "+OK", NULL, text);
}

void pop3d_err(struct pop3d *s, const char *code, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    bool bracket = !code && pop3d_fault(s, FAULT_POP3_BRACKET_TEXT);
    reply(s, bracket ? "-ERR [sorry:" : "-ERR", code, text);
    if (pop3d_fault(s, FAULT_POP3_ERR_TWICE))
        reply(s, "-ERR", code, text);
    s->closing |= ++s->errors >= POP3D_ERRORS_MAX;
}

static void add_stuffed(const struct pop3d *s, slice text, struct buf *out)
{
    struct dot_encoder e = { 0 };
    if (pop3d_fault(s, FAULT_POP3_RETR_UNSTUFFED))
        buf_add(out, text);
    else
        dot_encode(&e, text, out);
}

void pop3d_body(struct pop3d *s, slice text)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    add_stuffed(s, text, &out);
    if (!slice_ends(text, S("\r\n")) && text.n && !pop3d_fault(s, FAULT_POP3_RETR_GLUED))
        buf_adds(&out, "\r\n");
    if (pop3d_fault(s, FAULT_POP3_RETR_LF_END))
        buf_adds(&out, ".\n");
    else
        buf_adds(&out, ".\r\n");
    server_conn_send(s->c, buf_slice(&out));
}

/* --- commands --- */

static void run_noop(struct pop3d *s, const struct pop3d_command *command)
{
    if (pop3d_fault(s, FAULT_POP3_NOOP_REFUSED))
        pop3d_err(s, NULL, "unknown command");
    else
        pop3d_ok(s, "still here");
    if (pop3d_fault(s, FAULT_POP3_NOOP_TWICE))
        pop3d_ok(s, "still here");
}

enum arguments { NONE, ONE, OPTIONAL, WHATEVER };

static const struct row {
    const char *verb;
    enum pop3d_state states;
    enum arguments arguments;
    void (*run)(struct pop3d *s, const struct pop3d_command *command);
} rows[] = {
    { "CAPA", POP3D_ANY, NONE, pop3d_capa },
    { "STLS", POP3D_AUTHORIZATION, WHATEVER, pop3d_stls },
    { "USER", POP3D_AUTHORIZATION, ONE, pop3d_user },
    { "PASS", POP3D_AUTHORIZATION, WHATEVER, pop3d_pass },
    { "AUTH", POP3D_AUTHORIZATION, ONE, pop3d_auth },
    { "QUIT", POP3D_ANY, NONE, pop3d_quit },
    { "STAT", POP3D_TRANSACTION, NONE, pop3d_stat },
    { "LIST", POP3D_TRANSACTION, OPTIONAL, pop3d_list },
    { "UIDL", POP3D_TRANSACTION, OPTIONAL, pop3d_uidl },
    { "RETR", POP3D_TRANSACTION, ONE, pop3d_retr },
    { "TOP", POP3D_TRANSACTION, ONE, pop3d_top },
    { "DELE", POP3D_TRANSACTION, ONE, pop3d_dele },
    { "RSET", POP3D_TRANSACTION, NONE, pop3d_rset },
    { "NOOP", POP3D_TRANSACTION, NONE, run_noop },
};

static const struct row *find_row(const struct pop3d *s, slice verb)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (pop3d_fault(s, FAULT_POP3_VERB_CASE) ? slice_eq_str(verb, rows[i].verb)
                                                 : slice_eq_nocase(verb, slice_of(rows[i].verb)))
            return &rows[i];
    return NULL;
}

/* In another state: the answers that faults give all the same. True: answered. */
static bool run_in_wrong_state(struct pop3d *s, const struct row *row)
{
    if (slice_eq_str(slice_of(row->verb), "STAT") && pop3d_fault(s, FAULT_POP3_STATE_IGNORED))
        pop3d_ok(s, "0 0");
    else if (slice_eq_str(slice_of(row->verb), "USER") && pop3d_fault(s, FAULT_POP3_LOGIN_TWICE))
        pop3d_ok(s, "send PASS");
    else if (slice_eq_str(slice_of(row->verb), "AUTH") && pop3d_fault(s, FAULT_POP3_AUTH_TWICE))
        pop3d_ok(s, "you are in");
    else if (slice_eq_str(slice_of(row->verb), "STLS") &&
             pop3d_fault(s, FAULT_TLS_STARTTLS_AFTER_LOGIN))
        pop3d_stls(s, &(struct pop3d_command) { 0 });
    else
        return false;
    return true;
}

static bool arguments_fit(enum arguments want, slice args)
{
    return want == WHATEVER || (want == NONE ? !args.p : want == ONE ? args.n > 0 : true);
}

static void run(struct pop3d *s, const struct pop3d_command *command)
{
    const struct row *row = find_row(s, command->verb);
    if (pop3d_fault(s, FAULT_SYNC_POP3_RENUMBERS))
        pop3d_forget_expunged(s);
    if (!row && pop3d_fault(s, FAULT_POP3_UNKNOWN_OK))
        pop3d_ok(s, "done");
    else if (!row)
        pop3d_err(s, NULL, "unknown command");
    else if (!(row->states & s->state) && !run_in_wrong_state(s, row))
        pop3d_err(s, NULL, "not in this state");
    else if (!(row->states & s->state))
        return;
    else if (!arguments_fit(row->arguments, command->args))
        pop3d_err(s, NULL, "wrong arguments");
    else
        row->run(s, command);
}

/* Printable text: commands are US-ASCII (RFC 1939 section 3), passwords may be more. */
static bool is_printable(slice line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
            return false;
    return true;
}

static void run_line(struct pop3d *s, slice line)
{
    struct pop3d_command command = { 0 };
    /* Later reads move the input, so the command needs a copy of its own. */
    autofree char *copy = xslicedup(line);
    slice rest = slice_make(copy, line.n);
    slice_cut(&rest, ' ', &command.verb);
    command.args = rest;
    size_t limit = pop3d_fault(s, FAULT_POP3_LINE_SHORT) ? 100 : POP3D_COMMAND_MAX;
    bool too_long = line.n + 2 > limit && !slice_eq_nocase(command.verb, S("AUTH"));
    if (too_long && pop3d_fault(s, FAULT_POP3_LINE_LONG_DROPS))
        s->closing = true;
    else if (too_long)
        pop3d_err(s, NULL, "command too long");
    else if (!is_printable(line))
        pop3d_err(s, NULL, "control character in a command");
    else
        run(s, &command);
    if (pop3d_fault(s, FAULT_POP3_PIPELINING_DROPS) && !s->closing)
        server_conn_use(s->c, server_conn_pending(s->c).n);
}

/* The connection is over without QUIT: nothing is removed (RFC 1939 sections 3 and 6). */
static void ended(struct pop3d *s, enum server_line how)
{
    s->closing = true;
    bool updates = how == LINE_TIMEOUT ? pop3d_fault(s, FAULT_POP3_AUTOLOGOUT_UPDATES)
                                       : pop3d_fault(s, FAULT_POP3_DROP_DELETES);
    if (updates && s->state == POP3D_TRANSACTION)
        pop3d_update(s);
}

static void next_command(struct pop3d *s)
{
    slice line;
    enum server_line got = server_conn_line(s->c, READ_MAX, pop3d_deadline(s), &line);
    if (got == LINE_OK)
        run_line(s, line);
    else if (got == LINE_LONG && !pop3d_fault(s, FAULT_POP3_LINE_LONG_DROPS))
        pop3d_err(s, NULL, "command too long");
    else
        ended(s, got);
}

/* No timestamp: APOP is MD5 over the plain password and is not offered. */
static void greet(struct pop3d *s)
{
    const char *host = reference_host_name(s->c->ref);
    if (pop3d_fault(s, FAULT_POP3_GREETING_SAME_BANNER))
        pop3d_ok(s, "POP3 server ready <1896.697170952@%s>", host);
    else
        pop3d_ok(s, "%s POP3 server ready", host);
}

void pop3d_serve(struct server_conn *c)
{
    struct pop3d s = { .c = c, .state = POP3D_AUTHORIZATION };
    if (server_fault(c, FAULT_POP3_UIDL_CHANGES))
        s.salt = reference_store(c->ref)->next_unique++;
    c->lf_ends_line = server_fault(c, FAULT_POP3_LF_ENDS_LINE);
    c->segment_is_line = server_fault(c, FAULT_POP3_SEGMENT_IS_LINE);
    greet(&s);
    while (!s.closing)
        next_command(&s);
    pop3d_release(&s);
    free(s.user);
}
