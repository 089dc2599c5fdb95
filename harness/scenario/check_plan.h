/* A check as read from its file: everything resolved and validated, nothing run yet. */
#ifndef CHECK_PLAN_H
#define CHECK_PLAN_H

#include "clause.h"
#include "fault.h"
#include "node.h"
#include "service.h"
#include "target.h"

struct step_kinds;

/* Where a device stands when the script takes over. */
enum device_state {
    STATE_CLOSED,
    STATE_CONNECTED,
    STATE_GREETING,
    STATE_TLS,
    STATE_HELLO,
    STATE_LOGIN
};
extern const char *const device_state_names[];

/* What the scenario calls a protocol: SMTP is two of them by role. */
enum device_kind { DEVICE_IMAP, DEVICE_POP3, DEVICE_SMTP, DEVICE_SUBMISSION, DEVICE_LMTP };
extern const char *const device_kind_names[];
enum { DEVICE_KINDS = 5 };
/* The kind of a device on this service. */
enum device_kind device_kind_of(enum service_id service);

struct device_plan {
    const char *name;
    struct place at;
    enum device_kind kind;
    const struct node *service; /* a scalar, maybe with variables; NULL: the best one */
    const struct node *tls;     /* likewise; NULL: as the service says */
    const struct node *state;   /* likewise; NULL: the default of its kind */
    const struct node *shape;
    const struct node *source; /* address to connect from; NULL: the target's */
    unsigned account;          /* 1 ... */
};

struct mailbox_plan {
    const char *name; /* as in $name; "" is INBOX */
    unsigned account;
    struct node **messages;
    size_t n;
};

struct need {
    enum device_kind kind;
    slice capability; /* "IDLE", "A|B", "!A"; empty: the service itself */
    struct place at;
};

struct check {
    const char *id, *family, *name;
    const char *file; /* as shown in messages */
    struct place at;
    const char *title, *why;
    enum level level;
    bool note; /* legal, but trips clients: a failure is a note */
    struct clause **clauses;
    size_t n_clauses;
    enum fault_id *faults;
    size_t n_faults;
    slice *tags;
    size_t n_tags;
    struct device_plan *devices;
    size_t n_devices;
    struct mailbox_plan *mailboxes;
    size_t n_mailboxes;
    struct node **loose; /* messages without a mailbox */
    size_t n_loose;
    struct need *needs;
    size_t n_needs;
    bool service_needed[SERVICE_COUNT];
    unsigned accounts;     /* how many it uses */
    bool needs_disposable; /* touches more than its own mailboxes */
    bool needs_next_hop, needs_outside, needs_restart;
    bool needs_addresses;    /* of its accounts, to which mail can be sent */
    bool needs_certificates; /* a target whose certificates are to be verified */
    bool exclusive;          /* its accounts must not be used by others meanwhile */
    bool refuses;            /* it expects a refusal or a close: sane before and after */
    bool fresh_login;        /* makes plain sessions beside its devices */
    bool slow;               /* lets more than 10 s pass */
    bool uses_prefix;        /* makes mailboxes of its own by $prefix */
    bool uses_separator;     /* of a hierarchy of mailboxes: without one the check is skipped */
    const struct node *each;
    const struct node *steps, *always;
    slice advertised; /* empty: none */
    slice *waived;    /* ids of invariants that it breaks on purpose */
    size_t n_waived;
    slice *upheld; /* ids of invariants that it fails by, too */
    size_t n_upheld;
};

/* One variant of a check: the unit that is run and reported. */
struct planned {
    const struct check *check;
    const char *id; /* check->id, or check->id[label] */
    struct {
        slice name, value;
    } * bindings;
    size_t n_bindings;
    enum device_state state; /* of an "advertised" variant */
};

/* Files of steps that checks include, read once. */
struct include {
    slice file;
    const struct node *steps;
};
struct include_list {
    struct include *v;
    size_t n, cap;
};

/* Reading and validating. `kinds` is the table of steps. */
struct check_loader {
    struct arena *arena;
    struct problems *problems;
    const struct clauses *clauses;
    const struct step_kinds *kinds;
    struct include_list *includes;
    const char *root; /* the scenario folder: includes and messages are looked up there */
};

/* Adds the checks of one scenario file to `list` (an ARRAY of struct check *). `id_prefix` is
   "imap/idle". */
struct check_list {
    struct check **v;
    size_t n, cap;
};
void check_load_file(struct check_loader *l, const char *path, const char *shown,
                     const char *id_prefix, struct check_list *list);
/* The same from a tree. */
void check_load_tree(struct check_loader *l, const struct node *root, const char *id_prefix,
                     struct check_list *list);

/* The variants of a check, in the order written. */
struct planned_list {
    struct planned *v;
    size_t n, cap;
};
void check_variants(const struct check *c, struct arena *arena, struct planned_list *list);

#endif
