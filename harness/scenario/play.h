/* One variant of one check being run: its devices, variables, transcript and verdict. Everything
   here runs in tasks; several plays may run at once. */
#ifndef PLAY_H
#define PLAY_H

#include "imap_client.h"
#include "match.h"
#include "pop3_client.h"
#include "smtp_client.h"
#include "step.h"
#include "transcript.h"

struct session;

/* A client of the check. */
struct device {
    const struct device_plan *plan;
    const char *name;
    enum device_kind kind;
    enum service_id service;
    enum tls_mode tls; /* what it does on this service */
    const struct target_account *account;
    struct play *play;
    struct vars vars;  /* $user, $password, $address, $service, $host, $tag */
    struct conn *conn; /* NULL while closed */
    union {
        struct imap_client imap;
        struct smtp_client smtp;
        struct pop3_client pop3;
    } client; /* valid while conn is */
    /* Taken from the connection and not yet judged away, in order. */
    struct unit *pending, **pending_end;
    uint64_t sent_after; /* units that had come when the last command was sent */
    nsec sent_at;
    char tag[32];
    bool idling;
    unsigned outstanding; /* SMTP: replies that are still to come */
    bool quiet;           /* ours, not the check's: no transcript, no invariants */
    struct watch *watch;  /* what the invariants know of this connection */
    struct buf leftover;  /* plaintext that came after the go-ahead for TLS */
    bool dialled;         /* a connection was opened, whatever became of it */
    char outline[80];     /* the last completion without its text: "535 5.7.8", "NO [CODE]" */
};

/* Why a step failed, kept until it is known to count (`eventually` tries again). Texts are the
   play's arena's; bytes are raw and get masked when the result is made. */
struct play_failure {
    bool set;
    char *message;
    const struct node *at; /* the expectation */
    const struct step *step;
    const char *device;
    ARRAY(slice) expected;
    slice actual;
    bool has_actual;
    size_t differs_from, differs_to; /* in actual; SIZE_MAX: no difference to show */
    slice wanted;
    ARRAY(char *) more;
};

/* An invariant that the check upholds and a device saw broken: the step that runs then fails. */
struct play_breach {
    const char *id; /* NULL: none so far */
    const struct device *device;
    char *message;
    slice actual;
    size_t offset; /* in actual; SIZE_MAX: no place */
};

/* What a play has put on the target. */
struct brought {
    bool mailboxes[TARGET_MAX_ACCOUNTS]; /* some that begin with the play's prefix */
    bool inbox[TARGET_MAX_ACCOUNTS];     /* messages in INBOX, which was emptied for it */
    ARRAY(struct {
        unsigned account; /* index */
        slice id;         /* Message-ID of mail that was sent there */
    })
    deliveries;
};

struct play {
    struct session *session;
    const struct planned *planned;
    const struct check *check;
    struct result *result;
    struct arena arena;
    struct vars vars;
    struct transcript *transcript;
    struct device *devices; /* check->n_devices */
    struct play_failure failure;
    struct play_breach breach; /* the first */
    struct error error;        /* of STEP_ERROR */
    const char *skip;          /* reason, when it turned out not to be applicable */
    struct message *messages;
    size_t n_messages;
    struct cond signals;
    ARRAY(slice) signalled;
    nsec started;
    nsec timeout; /* of a step that says nothing else */
    int connections;
    struct brought brought; /* what must be removed afterwards: see given.h */
    char prefix[96];        /* of every mailbox that this play makes: $prefix */
};

/* ---- for steps ---- */

struct device *play_device(struct play *p, slice name);
/* The variables as this device sees them; captures go to the check. Valid until the next wait. */
struct vars *device_vars(struct device *d);
/* A text with its variables replaced, in the play's arena. STEP_ERROR (a mistake of the scenario)
   when one is not bound. Without a device, $user and the like are those of the first. */
enum step_result play_expand(struct device *d, struct play *p, const struct node *n, slice *ret);
/* The deadline of a step: its `within`, or the default, from now. */
nsec play_deadline(const struct play *p, const struct node *map);

/* Starts a failure and returns STEP_FAILED. `at` is what was not met; may be NULL. */
enum step_result play_fail(struct play *p, const struct step *s, const struct device *d,
                           const struct node *at, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void play_failure_clear(struct play_failure *f);
void play_fail_expected(struct play *p, slice alternative);
void play_fail_actual(struct play *p, slice bytes, const struct match *m);
void play_fail_more(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An environment failure; returns STEP_ERROR (STEP_CANCELLED for ERR_CANCEL). */
enum step_result play_error(struct play *p, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum step_result play_error_from(struct play *p, const struct error *err);
/* The rest of the check does not apply to this target: it becomes a skip with this reason. To be
   returned by the step, as a failure would be. */
enum step_result play_skip(struct play *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- devices ---- */

/* Gives the device its service, account and variables. False with p->skip when the target has no
   such service or account. */
bool device_resolve(struct device *d, struct play *p, const struct device_plan *plan);
/* Binds $user1, $address1, $user2, ... of the target's accounts. */
void device_bind_accounts(struct vars *vars, const struct target *t);
/* The state that its plan says. */
enum device_state device_wanted_state(struct device *d);
/* Opens the connection and brings the device to the state. 0 or an error code. */
int device_open(struct device *d, enum device_state state, struct error *err);
/* POP3: RSET, so that nothing is removed, QUIT, and the server's close, all in two seconds at most.
   The lock of the maildrop is gone only then (RFC 1939 section 6), and the next check wants it. */
void device_leave(struct device *d);
/* Reads the greeting; asks for the capabilities (EHLO, CAPA, CAPABILITY). 0 or an error code. */
int device_greet(struct device *d, struct error *err);
int device_hello(struct device *d, struct error *err);
/* After the go-ahead for TLS: plaintext that came behind it is a finding. */
void device_judge_leftover(struct device *d);
/* Closes without ceremony and forgets what was pending. */
void device_close(struct device *d);
enum mail_protocol device_protocol(const struct device *d);
bool device_is_imap(const struct device *d);
/* TLS options as the target wants them; the caller may change them. */
void device_tls_options(const struct device *d, struct tls_options *ret);
/* The capabilities of the state the device is in. */
struct capabilities *device_caps(struct device *d);
/* The credentials of its account. */
void device_credentials(const struct device *d, struct credentials *ret);

/* Sends bytes as they are. */
enum step_result device_write(struct device *d, const struct step *s, slice bytes);
/* Takes the next unit into pending. CONN_UNIT and *ret (which stays in pending), or why not. */
enum conn_result device_take(struct device *d, nsec deadline, struct unit **ret);
/* Drops pending units: all, or one. */
void device_drop_pending(struct device *d);
void device_drop_unit(struct device *d, struct unit *u);
/* A new tag, also as $tag. */
slice device_new_tag(struct device *d);

#endif
