/* The first messages of OAUTHBEARER (RFC 7628 section 3.1) and of the older XOAUTH2. */
#ifndef SASL_OAUTH_H
#define SASL_OAUTH_H

#include "buf.h"

struct oauth_message {
    slice user;  /* empty when the client leaves it to the token */
    slice token; /* points into the message */
};

/* OAUTHBEARER; `user` gets the user name decoded. False when the grammar does not hold. */
bool oauthbearer_parse(slice message, struct buf *user, struct oauth_message *ret);
/* XOAUTH2: "user=" user ^A "auth=Bearer " token ^A ^A */
bool xoauth2_parse(slice message, struct oauth_message *ret);

#endif
