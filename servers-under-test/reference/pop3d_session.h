/* The parts of pop3d share this: one connection's session. */
#ifndef POP3D_SESSION_H
#define POP3D_SESSION_H

#include "array.h"
#include "sasl_server.h"
#include "store.h"

enum {
    POP3D_COMMAND_MAX = 512,  /* octets; RFC 2449 section 4 wants 255 */
    POP3D_IDLE_SECONDS = 600, /* RFC 1939 section 3 */
    POP3D_ERRORS_MAX = 20,    /* refused commands before the session ends */
    POP3D_FAILURES_MAX = 5    /* failed logins before it does */
};

enum pop3d_state { POP3D_AUTHORIZATION = 1, POP3D_TRANSACTION = 2, POP3D_ANY = 3 };

struct pop3d_message {
    struct message *message; /* a reference of ours: it stays though others expunge it */
    size_t octets;           /* as RETR sends it */
    bool deleted, retrieved;
};

struct pop3d {
    struct server_conn *c;
    enum pop3d_state state;
    char *user;              /* of USER, until PASS; NULL */
    struct account *account; /* once logged in */
    bool locked;
    bool removed;                         /* UPDATE took something away */
    ARRAY(struct pop3d_message) messages; /* number i + 1 */
    nsec began;                           /* when the login was */
    int errors, failures;
    bool closing;
    uint64_t salt; /* of the session, for a fault */
};

struct pop3d_command {
    slice verb;
    slice args; /* all behind the first space, nothing trimmed; p == NULL when there is none */
};

static inline bool pop3d_fault(const struct pop3d *s, enum fault_id id)
{
    return server_fault(s->c, id);
}
nsec pop3d_deadline(const struct pop3d *s);

/* Single-line replies. code: "IN-USE", "AUTH"; NULL: none. */
void pop3d_ok(struct pop3d *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pop3d_err(struct pop3d *s, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What follows a +OK: `text` with CRLF lines, not stuffed yet. */
void pop3d_body(struct pop3d *s, slice text);

/* --- pop3d_login.c --- */
void pop3d_capa(struct pop3d *s, const struct pop3d_command *command);
void pop3d_stls(struct pop3d *s, const struct pop3d_command *command);
void pop3d_user(struct pop3d *s, const struct pop3d_command *command);
void pop3d_pass(struct pop3d *s, const struct pop3d_command *command);
void pop3d_auth(struct pop3d *s, const struct pop3d_command *command);

/* --- pop3d_maildrop.c --- */
/* Takes the lock and the messages; answers +OK or [IN-USE]. */
void pop3d_open(struct pop3d *s, struct account *account);
/* The UPDATE state: removes what is marked. */
void pop3d_update(struct pop3d *s);
/* A fault: forgets messages that another session expunged, and their numbers. */
void pop3d_forget_expunged(struct pop3d *s);
/* Gives the lock and the messages back. */
void pop3d_release(struct pop3d *s);
void pop3d_stat(struct pop3d *s, const struct pop3d_command *command);
void pop3d_list(struct pop3d *s, const struct pop3d_command *command);
void pop3d_uidl(struct pop3d *s, const struct pop3d_command *command);
void pop3d_retr(struct pop3d *s, const struct pop3d_command *command);
void pop3d_top(struct pop3d *s, const struct pop3d_command *command);
void pop3d_dele(struct pop3d *s, const struct pop3d_command *command);
void pop3d_rset(struct pop3d *s, const struct pop3d_command *command);
void pop3d_quit(struct pop3d *s, const struct pop3d_command *command);

#endif
