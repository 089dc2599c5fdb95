/* TLS as a step: shared by step_tls*.c only. */
#ifndef STEP_TLS_H
#define STEP_TLS_H

#include "step_table.h"

/* How an attempt at TLS has ended. */
enum tls_outcome {
    TLS_IS_UP,     /* "ok" */
    TLS_REFUSED,   /* the server said no to STARTTLS */
    TLS_FAILED,    /* the handshake failed */
    TLS_CLOSED,    /* the server closed in place of an answer to STARTTLS */
    TLS_EXECUTED,  /* what was sent in clear counted inside TLS */
    TLS_GOES_ON,   /* no handshake, and the server goes on in clear text */
    TLS_WE_CANNOT, /* we cannot tell: play->error or play->skip is set */
};
extern const char *const tls_outcome_words[];
enum { TLS_OUTCOMES_EXPECTED = 4 }; /* so many of the words may be expected */

/* The options of a step: keys of `map`, which may be NULL. False with play->skip when the target
   forbids them. */
bool tls_options_from(struct device *d, const struct node *map, struct tls_options *ret);
void tls_options_check(struct step_check *c, const struct node *map);
/* Binds $tls.* to what is known; info may be NULL. */
void tls_bind_facts(struct device *d, const struct tls_info *info);

/* Did the handshake fail because we do not take the certificate? */
bool tls_is_refused_by_us(const struct tls_info *failed);

/* After a handshake that worked though plaintext was sent with STARTTLS: did that count? */
enum tls_outcome tls_look_for_execution(struct device *d, const struct step *s);
/* Sends octets in place of a handshake and looks whether the server goes on in clear. */
enum tls_outcome tls_send_garbage(struct device *d, const struct step *s, const struct node *raw);

#endif
