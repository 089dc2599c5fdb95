/* The client's side of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034) as straight-line calls.
   Results and errors as in smtp_client.h; ERR_RATE for [SYS/TEMP] and [LOGIN-DELAY]. */
#ifndef POP3_CLIENT_H
#define POP3_CLIENT_H

#include "capabilities.h"
#include "conn.h"
#include "pop3_reply.h"
#include "sasl_client.h"
#include "session_plan.h"

struct pop3_client {
    struct conn *conn; /* borrowed */
    struct session_capabilities caps;
    char *timestamp;   /* "<...>" of the greeting for APOP, or NULL; owned */
    struct unit *last; /* the last reply; owned, valid until the next call */
    bool in_use; /* the last login was refused with [IN-USE]: another session has the maildrop,
                          which may end at any moment (RFC 2449 section 8.1.2) */
};
void pop3_client_init(struct pop3_client *p, struct conn *conn);
void pop3_client_release(struct pop3_client *p);

/* Sends one command line (CRLF is added) and takes its reply, whatever it is. */
int pop3_command(struct pop3_client *p, slice line, nsec deadline, struct error *err);
/* As pop3_command(), but anything else than +OK is an error: ERR_RATE when it says so, otherwise
   `refused`. */
int pop3_command_ok(struct pop3_client *p, slice line, enum error_code refused, nsec deadline,
                    struct error *err);
bool pop3_says_rate(const struct pop3_reply *reply);
bool pop3_says_in_use(const struct pop3_reply *reply);

int pop3_greeting(struct pop3_client *p, nsec deadline, struct error *err);
/* CAPA into the present state; a server without CAPA leaves an empty known set. */
int pop3_capa(struct pop3_client *p, nsec deadline, struct error *err);
/* STLS and CAPA again. */
int pop3_start_tls(struct pop3_client *p, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err);
/* By who->mechanism ("USER" and "APOP" too), or the best; CAPA again afterwards. */
int pop3_login(struct pop3_client *p, const struct credentials *who, nsec deadline,
               struct error *err);
/* Greeting, CAPA, STLS, login, as smtp_begin(). */
int pop3_begin(struct pop3_client *p, const struct session_plan *plan, nsec deadline,
               struct error *err);

int pop3_stat(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_drop *ret);
/* The listing of all messages, in the arena of p->last: valid until the next call. */
int pop3_list(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_scan **ret,
              size_t *ret_n);
int pop3_uidl(struct pop3_client *p, nsec deadline, struct error *err, struct pop3_uid **ret,
              size_t *ret_n);
/* Appends the message, un-stuffed. ERR_LIMIT when `content` overflows. */
int pop3_retr(struct pop3_client *p, uint64_t number, nsec deadline, struct buf *content,
              struct error *err);
int pop3_dele(struct pop3_client *p, uint64_t number, nsec deadline, struct error *err);
int pop3_rset(struct pop3_client *p, nsec deadline, struct error *err);
int pop3_quit(struct pop3_client *p, nsec deadline, struct error *err);

#endif
