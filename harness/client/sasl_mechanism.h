/* The mechanisms themselves: tokens in, tokens out, no protocol. */
#ifndef SASL_MECHANISM_H
#define SASL_MECHANISM_H

#include "sasl_client.h"
#include "stream.h"

enum sasl_means {
    SASL_PASSWORD,
    SASL_TOKEN,
    SASL_NAMED, /* only when it is asked for by name */
};

struct sasl_mechanism {
    const char *name;
    enum sasl_means means;
    bool client_first;
    bool in_clear; /* the secret itself goes over the wire */
    bool plus;     /* needs channel binding */
    bool mutual;   /* the server's last challenge is its proof */
};
/* In any case of letters; NULL when we do not speak it. */
const struct sasl_mechanism *sasl_mechanism_find(slice name);

struct sasl_session;
/* `tls` is the TLS layer or NULL. ERR_USAGE when what the mechanism needs is missing. */
int sasl_session_new(const struct sasl_mechanism *m, const struct sasl_options *options,
                     const char *service, struct stream *tls, struct error *err,
                     struct sasl_session **ret);
void sasl_session_free(struct sasl_session *s);
/* Answers a challenge (empty for the start of a mechanism that is client first) in `token`, which
   is cleared first. False when the challenge makes no sense; *ret_why says so. */
bool sasl_session_step(struct sasl_session *s, slice challenge, struct buf *token,
                       const char **ret_why);
/* Has the mechanism come to its end, the server's proof included? */
bool sasl_session_done(const struct sasl_session *s);
bool sasl_session_bound(const struct sasl_session *s);
/* OAUTH: the server's JSON, when it sent one; else empty. */
slice sasl_session_server_error(const struct sasl_session *s);

#endif
