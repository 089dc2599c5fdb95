/* One mail transaction (RFC 5321 section 3.3): what MAIL, RCPT and DATA or BDAT brought, and what
   becomes of it. */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "arena.h"
#include "array.h"
#include "buf.h"
#include "smtp_outcome.h"
#include "server_conn.h"

struct account;

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BIT, SMTP_BODY_BINARY };

struct smtp_recipient {
    slice address;           /* as sent, without the angle brackets */
    slice params;            /* NOTIFY, ORCPT as sent, each with a space in front; may be empty */
    struct account *account; /* NULL: it is relayed */
    bool refused;            /* kept only for the faults that need it */
    struct smtp_outcome outcome;
};

/* All zero but for `data` is an empty one; slices are in the arena. */
struct smtp_transaction {
    struct arena arena;
    slice sender; /* without the angle brackets; empty: the null reverse path */
    slice params; /* RET, ENVID as sent, for the relay */
    enum smtp_body body;
    bool utf8;
    ARRAY(struct smtp_recipient) recipients;
    struct buf data;
    bool too_big;
    bool chunked;        /* BDAT was used */
    bool ended_by_fault; /* something else than CRLF.CRLF ended it */
};

/* Also drops what an earlier transaction left. */
void smtp_transaction_reset(struct smtp_transaction *t);
void smtp_transaction_init(struct smtp_transaction *t);
void smtp_transaction_release(struct smtp_transaction *t);
size_t smtp_transaction_accepted(const struct smtp_transaction *t);

/* How the message came, for the trace fields. */
struct smtp_trace {
    const char *helo; /* as sent */
    bool extended;    /* EHLO or LHLO */
    bool authenticated;
};

/* Delivers to local mailboxes and relays the rest; sets the outcome of every recipient. The
   message is complete and was found fit. Waits for the next hop when there is one. */
void smtpd_deliver(struct server_conn *c, struct smtp_transaction *t,
                   const struct smtp_trace *trace);
/* Is the message fit to be delivered: size, line ends, line lengths, no loop? *ret says why not. */
bool smtp_message_fit(const struct server_conn *c, const struct smtp_transaction *t,
                      struct smtp_outcome *ret);
/* The faults that change a message between its arrival and its delivery. */
void smtp_alter(const struct server_conn *c, struct smtp_transaction *t);

#endif
