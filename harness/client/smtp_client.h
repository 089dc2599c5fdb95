/* The client's side of SMTP (RFC 5321) and LMTP (RFC 2033), as straight-line calls: for set-up,
   clean-up, sane-before-and-after sessions and device states. Checks that are about single
   replies talk to the conn itself.

   Each call returns 0, or a negative error code with one sentence: what the environment did, or a
   refusal that makes going on pointless. ERR_RATE when the peer says 421, 4.7.0 "too many" and the
   like. Deadlines are absolute and hold for the whole call. */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include "capabilities.h"
#include "conn.h"
#include "sasl_client.h"
#include "session_plan.h"
#include "smtp_reply.h"

enum { SMTP_CLIENT_RECIPIENTS_MAX = 1000 };

struct smtp_client {
    struct conn *conn; /* borrowed; SMTP or LMTP */
    struct session_capabilities caps;
    bool extended;     /* EHLO or LHLO was accepted, not HELO */
    char *helo;        /* our name; owned */
    struct unit *last; /* the last reply; owned, valid until the next call */
};
/* `helo` NULL: "[127.0.0.1]". */
void smtp_client_init(struct smtp_client *s, struct conn *conn, const char *helo);
/* Does not close the connection. */
void smtp_client_release(struct smtp_client *s);

/* Takes the next reply into s->last. Any reply is a success. */
int smtp_take(struct smtp_client *s, nsec deadline, const char *waiting_for, struct error *err);
/* Sends one command line (CRLF is added) and takes its reply. Any reply is a success. */
int smtp_command(struct smtp_client *s, slice line, nsec deadline, struct error *err);
/* As smtp_command(), but a reply of another class than `class` is an error: ERR_RATE when it says
   so, otherwise `refused`. */
int smtp_command_expect(struct smtp_client *s, slice line, int class, enum error_code refused,
                        nsec deadline, struct error *err);
/* Does this reply say that we are too many or too fast (421, 4.7.0, 4.3.2, 4.7.28 ...)? */
bool smtp_says_rate(const struct smtp_reply *reply);

int smtp_greeting(struct smtp_client *s, nsec deadline, struct error *err);
/* EHLO (LHLO for LMTP), HELO when EHLO is refused with 5xx. Capabilities go into the present
   state. */
int smtp_hello(struct smtp_client *s, nsec deadline, struct error *err);
/* STARTTLS and EHLO again. `leftover` as conn_start_tls(). */
int smtp_start_tls(struct smtp_client *s, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err);
/* AUTH by who->mechanism or the best; EHLO again afterwards (RFC 4954 section 4 allows other
   capabilities then). ERR_LOGIN when refused or when there is no way to log in. */
int smtp_login(struct smtp_client *s, const struct credentials *who, nsec deadline,
               struct error *err);
int smtp_quit(struct smtp_client *s, nsec deadline, struct error *err);

/* Greeting, EHLO, STARTTLS and login as the plan says. */
int smtp_begin(struct smtp_client *s, const struct session_plan *plan, nsec deadline,
               struct error *err);

enum smtp_data { SMTP_SEND_DATA, SMTP_SEND_BDAT };
struct smtp_message {
    slice from; /* without angle brackets; empty: the null path */
    const slice *to;
    size_t n_to;
    slice mail_params, rcpt_params; /* appended after a space: "SIZE=100 BODY=8BITMIME" */
    slice content;                  /* dots are stuffed here for DATA */
    enum smtp_data how;
    size_t chunk; /* BDAT: bytes of one chunk; 0: all in one */
};
/* One recipient's fate. */
struct smtp_recipient {
    int rcpt_code; /* reply to RCPT; 0: not got that far */
    int data_code; /* LMTP: its own reply after the data; SMTP: the common one */
    char text[200];
};
/* Delivers one message. Recipients that are refused do not stop the others. 0 when at least one
   recipient was accepted and its data too. `ret`, of m->n_to, may be NULL; filled as far as it
   got. ERR_USAGE when a path or parameter holds CR, LF or NUL. */
int smtp_deliver(struct smtp_client *s, const struct smtp_message *m, nsec deadline,
                 struct smtp_recipient *ret, struct error *err);

#endif
