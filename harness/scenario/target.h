/* The mail system under test: its services, accounts and what may be done to it. From a YAML file
   (docs/targets.md) or from URLs on the command line. */
#ifndef TARGET_H
#define TARGET_H

#include "error.h"
#include "node.h"
#include "service.h"
#include "stream.h"

enum tls_mode { TLS_MODE_NONE, TLS_MODE_STARTTLS, TLS_MODE_IMPLICIT };
enum { TLS_MODES = TLS_MODE_IMPLICIT + 1 };
extern const char *const tls_mode_names[TLS_MODES]; /* in files: "none", "starttls", "implicit" */
extern const char *const tls_mode_words[TLS_MODES]; /* "clear text", "STARTTLS", "implicit TLS" */
extern const char *const tls_mode_ways[TLS_MODES];  /* "in clear text", "with STARTTLS", ... */

struct target_service {
    bool present;
    const char *host;
    uint16_t port;
    enum tls_mode tls;
};

/* Where a password comes from; it never stands in the file itself. */
enum password_source { PASSWORD_NONE, PASSWORD_ENV, PASSWORD_FILE, PASSWORD_COMMAND };

struct target_account {
    const char *user, *address;
    enum password_source source;
    const char *source_text; /* variable name, path, or command */
    const char *password;    /* NULL until target_resolve_passwords() */
};

enum { TARGET_MAX_ACCOUNTS = 16 };

struct target {
    struct arena arena;
    const char *name;
    struct target_service services[SERVICE_COUNT];
    struct target_account accounts[TARGET_MAX_ACCOUNTS];
    size_t n_accounts;
    const char *tls_name; /* host name to verify and to send as SNI; NULL: the service's host */
    const char *ca_file;  /* PEM; NULL: the system's roots */
    const char *ca_pem;   /* PEM text, instead of a file */
    bool insecure;        /* certificates are not verified; stands in every report */
    const char *outside;  /* an address elsewhere to which mail may be sent; NULL: none */
    const char *next_hop; /* "127.0.0.1:2526", where the target relays to; NULL: nowhere */
    bool accounts_work;   /* the passwords are known to be right: a refused login is a finding */
    bool disposable;      /* everything in its accounts may be deleted */
    const char *source;   /* address to connect from; NULL: any */
    unsigned max_connections;         /* open at the same time */
    double rate;                      /* new connections per second; 0: no limit */
    const char *start, *stop, *reset; /* shell commands; NULL: none */
    /* How a connection is made; set by whoever runs it when it is not a socket. */
    int (*dial)(void *ctx, enum service_id service, const char *source, nsec deadline,
                struct stream **ret, struct error *err);
    void *dial_ctx;
    /* Stops and starts the target in place of the shell commands; NULL: use those. */
    int (*restart)(void *ctx, struct error *err);
    void *restart_ctx;
};

void target_init(struct target *t);
void target_release(struct target *t);

/* Reads a target file. False when problems were added. Relative paths in it are taken from the
   file's folder. */
bool target_load(const char *path, struct target *t, struct problems *problems);
/* Adds what one URL says: imap://alice@127.0.0.1:10143 ; ERR_USAGE with a sentence otherwise. */
int target_add_url(struct target *t, const char *url, struct error *err);
/* Is this argument a URL of a scheme that target_add_url knows? */
bool target_is_url(const char *text);
/* Reads every account's password. Runs in a task (a command may be waited for). */
int target_resolve_passwords(struct target *t, struct error *err);

/* Can the target be started again by its commands (or by us)? */
bool target_can_restart(const struct target *t);
/* Runs one of those commands to its end. 0, or an error code with a sentence. */
int target_command(const char *command, struct error *err);
/* Are all services on 127.0.0.0/8, ::1 or in memory? */
bool target_is_loopback(const struct target *t);
/* The name to verify for a service. */
const char *target_tls_name(const struct target *t, enum service_id service);

#endif
