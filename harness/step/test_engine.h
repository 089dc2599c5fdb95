/* Tests of whole plays: checks from a text, a target in memory whose servers say what a table says,
   and the virtual clock. */
#ifndef TEST_ENGINE_H
#define TEST_ENGINE_H

#include "library.h"
#include "session.h"
#include "testing.h"

/* What the scripted server says to a command that begins with `to` (without its tag, in any case);
   to == NULL is the greeting. The first row that fits and was not used is taken; the last one that
   fits is used again and again. {t} is the tag. A row that says {close} or {reset} ends the
   connection, {nothing} says nothing, {wait} waits two seconds first, {split} divides two writes.
   Without a row servers are friendly: see test_engine.c. */
struct say {
    enum mail_protocol protocol;
    const char *to, *say;
};

struct engine {
    struct library library;
    struct target target;
    struct session_options options;
    struct session session;
    struct run run;
    struct arena arena;
    const struct say *says; /* ends with an empty row */
    unsigned open, most_open, dialled;
    unsigned uses[64];       /* of each row */
    ARRAY(char *) commands;  /* what the servers got, "IMAP: SELECT x", without tags */
    ARRAY(char *) mailboxes; /* that were created and not deleted */
    ARRAY(char *) told;      /* ids, in the order of telling */
    int result;              /* of session_run */
    int interrupt_after;     /* milliseconds; 0: never */
};
extern struct engine E;

/* A checked fixture. The target has imap, pop3 and smtp without TLS and accounts alice and bob. */
void engine_setup(void);
void engine_teardown(void);

/* Reads `checks`, the text below "checks:", as the file t/a.yaml. False when it has mistakes. */
bool engine_load(const char *checks);
/* The text of the mistakes. */
const char *engine_problems(void);
/* A file of the scenario folder, before engine_load. */
void engine_file(const char *path, const char *text);
/* Loads and runs everything. Fails the test when the text has mistakes. */
void engine_run(const char *checks, const struct say *says);

/* A check that is complete but for its devices, given and steps. */
#define CHECK(name, rest)                                                                          \
    "  " name ":\n    title: it holds\n    clause: rfc9999/1/holds\n"                              \
    "    proved-by: pop3.noop.twice\n" rest

const struct result *engine_result(const char *id);
/* Fails the test with what came instead. `text` must be part of message or reason; NULL: any. */
void engine_expect(const char *id, enum outcome outcome, const char *text);
/* The rule with this id was broken in the run. */
bool engine_broke(const char *rule);
/* Every rule that was broken, "" for none. */
const char *engine_broken(void);
/* How often a server got a command that begins so. */
unsigned engine_got(const char *command);

#endif
