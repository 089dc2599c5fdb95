/* What SCRAM (RFC 5802 section 3) needs of each account, derived from its password once and kept:
   the 4096 rounds are most of what a login costs. Users that do not exist get a salt as well, and
   always the same one, so that nobody can tell them from those that do. */
#ifndef SASL_SECRETS_H
#define SASL_SECRETS_H

#include "slice.h"
#include <gsasl.h>

struct account;
struct reference;
struct sasl_secrets;

struct sasl_secret {
    const char *salt, *server_key, *stored_key; /* base64 */
};

struct sasl_secrets *sasl_secrets_new(void);
void sasl_secrets_free(struct sasl_secrets *s);
/* The one of an instance; in reference.c. */
struct sasl_secrets *reference_secrets(const struct reference *ref);
/* account NULL: a user that does not exist. Borrowed until the next call. */
struct sasl_secret sasl_secret_of(struct sasl_secrets *s, Gsasl_hash hash, slice user,
                                  const struct account *account);

#endif
