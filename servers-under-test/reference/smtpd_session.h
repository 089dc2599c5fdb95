/* The parts of smtpd share this: one connection's session. */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "sasl_server.h"
#include "smtp_command.h"
#include "smtp_transaction.h"

enum {
    SMTPD_RECIPIENTS_MAX = 1000, /* RFC 5321 section 4.5.3.1.8 wants 100 at least */
    SMTPD_LINE_MAX = 2048,       /* octets of a command, enough for every parameter at once */
    SMTPD_TEXT_LINE_MAX = 1000,  /* RFC 5321 section 4.5.3.1.6 */
    SMTPD_IDLE_SECONDS = 300,    /* RFC 5321 section 4.5.3.2.7 */
    SMTPD_ERRORS_MAX = 20,       /* refused commands before the session ends */
    SMTPD_AUTH_FAILURES_MAX = 5, /* RFC 4954 section 9 wants three at least */
    SMTPD_RECEIVED_MAX = 100,    /* RFC 5321 section 6.3 */
    SMTPD_CHUNK_MAX = 1 << 30    /* octets of one refused chunk that are read and dropped */
};

/* Where the dialogue stands; a mask in the command table. */
enum smtpd_state {
    STATE_START = 1, /* no EHLO, HELO or LHLO yet */
    STATE_READY = 2,
    STATE_MAIL = 4, /* a sender, no recipient */
    STATE_RCPT = 8,
    STATE_BDAT = 16, /* chunks came, the last one not */
    STATE_ANY = 31,
    STATE_GREETED = STATE_ANY - STATE_START
};

struct smtpd {
    struct server_conn *c;
    enum smtpd_state state;
    bool extended; /* EHLO or LHLO rather than HELO */
    char *helo;    /* owned; NULL before */
    bool closing;  /* the reply that was just given is the last */
    int last_code; /* of the last reply */
    int errors, auth_failures;
    struct account *user; /* who logged in; NULL */
    struct arena arena;   /* of the current command */
    struct smtp_transaction t;
};

/* --- smtpd.c --- */

static inline bool smtpd_fault(const struct smtpd *s, enum fault_id id)
{
    return server_fault(s->c, id);
}
static inline bool smtpd_is(const struct smtpd *s, enum service_role role)
{
    return s->c->service->role == role;
}
/* Ends the transaction: back to STATE_READY (or STATE_START before EHLO). */
void smtpd_reset(struct smtpd *s);
/* When the peer's silence becomes too long. */
nsec smtpd_deadline(const struct smtpd *s);
/* What to do when a line or data could not be read; ends the session. */
void smtpd_input_ended(struct smtpd *s, enum server_line how);

/* --- smtpd_reply.c --- */

/* One line: "250 2.1.0 ok". enhanced NULL: none belongs here (354, 334, EHLO, the greeting). */
void smtpd_reply(struct smtpd *s, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void smtpd_reply_outcome(struct smtpd *s, const struct smtp_outcome *o);
/* Several lines of one code. `lines` is the text of each, separated by \n. */
void smtpd_reply_lines(struct smtpd *s, int code, const char *enhanced, slice lines);
/* Refuses and counts it as an error of the client. */
void smtpd_refuse(struct smtpd *s, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void smtpd_refuse_syntax(struct smtpd *s, const struct smtp_command *command);

/* --- commands: smtpd_hello.c, smtpd_mail.c, smtpd_data.c, smtpd_auth.c --- */

void smtpd_hello(struct smtpd *s, const struct smtp_command *command);
void smtpd_mail(struct smtpd *s, const struct smtp_command *command);
void smtpd_rcpt(struct smtpd *s, const struct smtp_command *command);
void smtpd_data(struct smtpd *s, const struct smtp_command *command);
void smtpd_bdat(struct smtpd *s, const struct smtp_command *command);
/* Reads and drops the octets of a BDAT that is refused (RFC 3030 section 2). False: the session is
   over. */
bool smtpd_bdat_eat(struct smtpd *s, const struct smtp_command *command);
void smtpd_starttls(struct smtpd *s, const struct smtp_command *command);
void smtpd_auth(struct smtpd *s, const struct smtp_command *command);
/* TLS comes before everything else on this connection, and is not on yet. */
bool smtpd_needs_tls(const struct smtpd *s);
/* A login comes before mail on this connection, and there was none. */
bool smtpd_needs_auth(const struct smtpd *s);
/* AUTH is to be had now. */
bool smtpd_offers_auth(const struct smtpd *s);
/* In the fault's way: refuses a password in clear, and tells whether it was right. True: done. */
bool smtpd_auth_tells(struct smtpd *s, const struct smtp_command *command);

#endif
