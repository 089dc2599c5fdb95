/* The verbs of the scenario language: one table, filled from one file per family. */
#ifndef STEP_TABLE_H
#define STEP_TABLE_H

#include "expect.h"
#include "invariant.h"
#include "session.h"

/* All verbs, for libraries of scenarios. */
extern const struct step_kinds step_kinds;

/* Bits of device_verb.protocols. */
enum {
    FOR_IMAP = 1 << DEVICE_IMAP,
    FOR_POP3 = 1 << DEVICE_POP3,
    FOR_SMTP = 1 << DEVICE_SMTP | 1 << DEVICE_SUBMISSION | 1 << DEVICE_LMTP,
    FOR_ALL = FOR_IMAP | FOR_POP3 | FOR_SMTP,
};

/* The options of every verb that reads replies, and of those that read one. `reply` has its
   completion as its value. */
#define REST_OPTIONS                                                                               \
    "untagged", "lines", "only", "in-order", "without", "code", "body", "where", "within"
#define READ_OPTIONS "expect", REST_OPTIONS
#define REPLY_OPTIONS READ_OPTIONS, "save"

#define DEVICE_VERB(name)                                                                          \
    void name##_check(struct step_check *c, const struct node *value, const struct node *map);     \
    enum step_result name##_run(struct play *p, struct device *d, const struct step *s,            \
                                const struct node *value, const struct node *map)
#define PLAIN_VERB(name)                                                                           \
    void name##_check(struct step_check *c, const struct node *value);                             \
    enum step_result name##_run(struct play *p, const struct step *s, const struct node *value)

/* step_send.c */
DEVICE_VERB(step_send);
DEVICE_VERB(step_pipeline);
DEVICE_VERB(step_raw);
/* step_await.c */
DEVICE_VERB(step_await);
DEVICE_VERB(step_reply);
DEVICE_VERB(step_silence);
DEVICE_VERB(step_idle);
/* step_connection.c */
DEVICE_VERB(step_connect);
DEVICE_VERB(step_close);
DEVICE_VERB(step_closed);
/* step_tls.c */
DEVICE_VERB(step_starttls);
DEVICE_VERB(step_tls);
DEVICE_VERB(step_secure);
/* step_login.c */
DEVICE_VERB(step_login);
DEVICE_VERB(step_capabilities);
/* step_mail.c */
DEVICE_VERB(step_mail);
DEVICE_VERB(step_data);
/* step_delivered.c */
DEVICE_VERB(step_delivered);
/* step_compress.c */
DEVICE_VERB(step_compress);

/* step_flow.c */
PLAIN_VERB(step_parallel);
PLAIN_VERB(step_signal);
PLAIN_VERB(step_wait);
PLAIN_VERB(step_eventually);
PLAIN_VERB(step_include);
PLAIN_VERB(step_set);
PLAIN_VERB(step_pause);
PLAIN_VERB(step_if);
/* step_world.c */
PLAIN_VERB(step_checkpoint);
PLAIN_VERB(step_next_hop);
PLAIN_VERB(step_restart);
PLAIN_VERB(step_fresh_login);

/* ---- shared by the families: step_common.c ---- */

/* Collects what comes up to the completion of the last command: the tagged response `tag`, or a
   continuation where `stop_at_plus`; the next reply for SMTP and POP3. Fills *ret; units stay in
   the device's pending list. */
void step_collect(struct device *d, slice tag, bool stop_at_plus, nsec deadline, struct reply *ret);
/* The option `save`: keeps the whole text of the completion under that name. */
void step_save(struct device *d, const struct node *map, const struct reply *reply);
/* After a judged command: drops what was pending and, when the completion was a refusal for syntax
   (BAD, 500 to 504, -ERR to an unknown command), sends the resync probe. */
enum step_result step_finish(struct device *d, const struct reply *reply);
/* Does one of the alternatives accept a continuation ("+")? */
bool step_wants_plus(const struct node *map);
/* Would these commands change what others have: INBOX, or the maildrop? `tagged`: each line begins
   with a tag. */
bool step_touches_all(enum device_kind kind, bool tagged, slice commands);
/* May these octets go to this target? When not, the check is a skip and the step returns
   STEP_FAILED. */
bool step_may_send(struct device *d, slice commands);
/* The client library could not do what the step says: a failure where the server is to blame, else
   an error. `what` stands before the sentence of *err; NULL: nothing. */
enum step_result step_client_failed(struct play *p, const struct step *s, const struct device *d,
                                    const struct node *at, const char *what,
                                    const struct error *err);
/* What is wanted of a command whose step says nothing: "OK", "+OK", "success". */
const char *step_success(const struct device *d);
/* Tells the client library's POP3 framing what will come for these command lines. Other protocols
   need nothing. */
void step_pop3_expect(struct device *d, slice commands);
/* What is sent by SMTP or LMTP and holds a message of the check may come out in any of the target's
   mailboxes: it is removed there after the check. */
void step_remember_sent(struct play *p, slice bytes);
/* The scalar `ok` or a mapping, as several verbs take: NULL for ok. */
const struct node *step_ok_or_map(const struct node *value);

#endif
