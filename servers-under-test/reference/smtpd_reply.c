#include "smtpd_session.h"
#include <stdarg.h>
#include <stdio.h>

enum { FAULTY_TEXT_LENGTH = 600 };

bool smtp_outcome_set(struct smtp_outcome *o, int code, const char *enhanced, const char *format,
                      ...)
{
    va_list ap;
    va_start(ap, format);
    o->code = code;
    o->enhanced = enhanced;
    vsnprintf(o->text, sizeof o->text, format, ap);
    va_end(ap);
    return code < 400;
}

/* The status code that goes with this reply, faults considered; "" for none. */
static const char *status(const struct smtpd *s, int code, const char *enhanced)
{
    if (!enhanced || smtpd_fault(s, FAULT_SMTP_ENHANCED_MISSING))
        return "";
    if (code >= 400 && smtpd_fault(s, FAULT_SMTP_ENHANCED_WRONG_CLASS))
        return "2.0.0";
    return enhanced;
}

static void add_line(struct smtpd *s, struct buf *out, int code, bool last, const char *enhanced,
                     slice text)
{
    const char *status_code = status(s, code, enhanced);
    if (last && out->n && smtpd_fault(s, FAULT_SMTP_REPLY_CODE_MIXED))
        code = code == 250 ? 251 : code + 1;
    buf_addf(out, "%d%s%s%s", code,
             !last                                       ? "-"
             : smtpd_fault(s, FAULT_SMTP_REPLY_NO_SPACE) ? ""
                                                         : " ",
             status_code, *status_code ? " " : "");
    buf_add(out, text);
    if (last && enhanced && smtpd_fault(s, FAULT_SMTP_REPLY_8BIT))
        buf_adds(out, " \xc3\xa9");
    if (last && enhanced && smtpd_fault(s, FAULT_SMTP_REPLY_TOO_LONG))
        buf_addf(out, " %0*d", FAULTY_TEXT_LENGTH, 0);
    buf_adds(out, smtpd_fault(s, FAULT_SMTP_REPLY_BARE_LF) ? "\n" : "\r\n");
}

static void send_reply(struct smtpd *s, int code, const struct buf *reply)
{
    s->last_code = code;
    if (code < 500 || !smtpd_fault(s, FAULT_SMTP_PIPELINING_REORDERS)) {
        server_conn_send(s->c, buf_slice(reply));
        return;
    }
    auto_buf waiting;
    buf_init(&waiting, BUF_OURS);
    buf_add(&waiting, buf_slice(&s->c->out));
    buf_clear(&s->c->out);
    server_conn_send(s->c, buf_slice(reply));
    server_conn_send(s->c, buf_slice(&waiting));
}

void smtpd_reply_lines(struct smtpd *s, int code, const char *enhanced, slice lines)
{
    auto_buf reply;
    buf_init(&reply, BUF_OURS);
    slice line;
    while (slice_cut(&lines, '\n', &line))
        add_line(s, &reply, code, !lines.p, enhanced, line);
    send_reply(s, code, &reply);
}

/* A text of several lines would be taken for a reply of several lines. */
static void reply_text(struct smtpd *s, int code, const char *enhanced, char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    smtpd_reply_lines(s, code, enhanced, slice_of(text));
}

void smtpd_reply(struct smtpd *s, int code, const char *enhanced, const char *format, ...)
{
    va_list ap;
    char text[400];
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    reply_text(s, code, enhanced, text);
}

void smtpd_reply_outcome(struct smtpd *s, const struct smtp_outcome *o)
{
    smtpd_reply(s, o->code, o->enhanced, "%s", o->text);
}

void smtpd_refuse(struct smtpd *s, int code, const char *enhanced, const char *format, ...)
{
    va_list ap;
    char text[400];
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (smtpd_fault(s, FAULT_SMTP_ERROR_CODE))
        code = 554;
    if (++s->errors < SMTPD_ERRORS_MAX || smtpd_fault(s, FAULT_SMTP_ERRORS_UNLIMITED)) {
        reply_text(s, code, enhanced, text);
        if (code <= 504 && smtpd_fault(s, FAULT_SMTP_ERROR_TWICE))
            reply_text(s, code, enhanced, text);
        return;
    }
    smtpd_reply(s, 421, "4.7.0", "%s too many errors, closing", reference_host_name(s->c->ref));
    s->closing = true;
}

/* Which code says that this is wrong. The first row that matches counts. */
static const struct {
    enum wire_rule rule;
    int code;
    const char *enhanced;
} syntax_replies[] = {
    { RULE_SMTP_COMMAND_LINE, 500, "5.5.2" },
    { RULE_SMTP_COMMAND_VERB, 500, "5.5.2" },
    { RULE_SMTP_PATH, 501, "5.1.7" },
    { RULE_SMTP_LOCAL_PART, 501, "5.1.7" },
    { RULE_SMTP_DOMAIN, 501, "5.1.7" },
    { RULE_SMTP_ADDRESS_LITERAL, 501, "5.1.7" },
    { RULE_SMTP_LOCAL_PART_LENGTH, 501, "5.1.7" },
    { RULE_SMTP_DOMAIN_LENGTH, 501, "5.1.7" },
    { RULE_SMTP_PATH_LENGTH, 501, "5.1.7" },
};

void smtpd_refuse_syntax(struct smtpd *s, const struct smtp_command *command)
{
    bool hello =
        command->verb == SMTP_EHLO || command->verb == SMTP_HELO || command->verb == SMTP_LHLO;
    if (command->verb == SMTP_RCPT && smtpd_fault(s, FAULT_SMTP_PATH_MALFORMED)) {
        smtpd_reply(s, 250, "2.1.5", "recipient ok");
        return;
    }
    const struct grammar_error *e = &command->error;
    int code = 501;
    const char *enhanced = "5.5.4";
    for (size_t i = 0; i < COUNT(syntax_replies); i++)
        if (strcmp(e->rule, wire_rules[syntax_replies[i].rule].id) == 0) {
            code = syntax_replies[i].code;
            enhanced = syntax_replies[i].enhanced;
        }
    /* 5.1.7 is about the sender's address, 5.1.3 about the recipient's. */
    if (command->verb == SMTP_RCPT && strcmp(enhanced, "5.1.7") == 0)
        enhanced = "5.1.3";
    smtpd_refuse(s, code, hello ? NULL : enhanced, "%s", e->text);
}
