/* A run: a library of checks against a target, as results. */
#ifndef SESSION_H
#define SESSION_H

#include "library.h"
#include "play.h"
#include "result.h"
#include "tls.h"

/* Shape of the network that every device gets (design section 4). */
struct run_shape {
    bool bytes;   /* one octet per write */
    size_t split; /* every write is cut there; 0: not */
    nsec slow;    /* pause between writes */
};

struct session_options {
    unsigned jobs; /* checks at once; at least 1 */
    nsec timeout;  /* of a step; 0: 10 s */
    uint64_t seed;
    bool slow; /* run checks that let time pass, too */
    bool keep; /* do not remove what was brought */
    struct run_shape shape;
    const char *shape_text; /* NULL: none */
    const char *rerun;      /* what follows "mailassay run ID " to run one check again */
    /* Called when a result is final, in the order of the plan. May be NULL. */
    void (*done)(void *ctx, const struct result *r);
    /* Called after each play, in any order, with the number done. May be NULL. */
    void (*progress)(void *ctx, size_t done, size_t total);
    void *ctx;
};

/* What a plain session of one kind of device found: done once, and again where a check must be
   sane before and after. */
struct probe {
    bool done, running;
    struct cond ended;
    struct error error; /* code 0: it worked */
    bool reached;       /* a connection was opened, though TLS may have failed on it */
    bool spoke;         /* it got as far as a greeting */
    bool knows;         /* caps are known, though the session may have failed later */
    struct capabilities caps;
    struct capabilities before; /* those before the login: mechanisms are often listed only there */
    char *software;             /* greeting, masked */
};

struct session {
    struct library *library;
    struct target *target;
    const struct session_options *options;
    struct run *run;
    struct secrets secrets;
    struct tls_context *tls;          /* verifies as the target says */
    struct tls_context *tls_insecure; /* accepts anything */
    struct planned_list plan;
    struct budget *budget;
    struct leases *leases;
    struct invariants *invariants;
    struct probe probes[DEVICE_KINDS];
    /* Where connecting has timed out once: a filtered port is not waited for again. */
    struct error unreachable[SERVICE_COUNT];
    struct next_hop *next_hop; /* where the target relays to, when that is us */
    char *namespace_prefix;    /* in front of every own mailbox; NULL until known */
    char *separator;           /* of mailbox hierarchy; "" when names are flat; NULL until known */
    char run_word[24];         /* $run: unique to the run */
    unsigned messages_made;
    bool interrupted;
    struct task **workers; /* while running */
    unsigned n_workers;
};

/* Runs the plan inside the current scheduler and fills `run` (run_finish() is the caller's). The
   plan is made with library_select(). 0, or the error that made testing impossible (it stands in
   run->error too). */
int session_run(struct session *s);
/* Sets up what session_run needs; *s was zeroed and given library, target, options, run, plan. */
int session_open(struct session *s, struct error *err);
void session_close(struct session *s);
/* Texts that leave the program: secrets masked, printable, in the run's arena. */
const char *session_text(struct session *s, slice bytes);

/* Runs one play to its result: play_run.c. */
void play_run(struct session *s, const struct planned *planned, struct result *result);
/* A plain session: connect, greeting, TLS, login, one harmless command, end. The first time it
   also learns the capabilities. 0 or an error code. */
int probe_kind(struct session *s, enum device_kind kind, struct error *err);
/* The probe's findings, probing once if need be; NULL with *err when it learned no capabilities. */
const struct probe *session_probe(struct session *s, enum device_kind kind, struct error *err);

/* From a signal: no new checks begin, running ones are cancelled and clean up. */
void session_interrupt(struct session *s);

#endif
