/* The parts of `ports --expect`: one published service held against the facts of one row, and the
   results that come of it. */
#ifndef PORT_EXPECT_PRIVATE_H
#define PORT_EXPECT_PRIVATE_H

#include "port_expect.h"

struct held {
    enum outcome outcome; /* PASS, WARN, FAIL, ERROR; NOT_RUN: this address family has no say */
    enum error_code error;
    struct buf text;   /* what is wrong, and the fix, one sentence: the failure or the reason */
    struct buf actual; /* what was seen, in words */
};
void held_init(struct held *h);
void held_release(struct held *h);

/* Hold `s` against `f`. `host` is the name that the certificate must carry. With `any_auth`, for what
   a client needs, one of the kinds of login is enough; otherwise each must be there. */
void port_hold(const struct profile_service *s, const struct port_facts *f, const char *host,
               bool any_auth, struct held *ret);
/* Whether what the logins `auth` need is offered, on a connection that may log in. Sets *ret's
   outcome otherwise. */
bool port_hold_logins(const struct profile_service *s, const struct port_facts *f, const char *name,
                      bool any_auth, struct held *ret);
/* "IMAP with implicit TLS" */
const char *port_wanted_text(const struct profile_service *s, char text[80]);
enum port_protocol port_protocol_of(const struct profile_service *s);
bool same_host(const char *a, const char *b);

struct expecting {
    const struct profile *p;
    const struct port_facts *rows;
    size_t n;
    struct run *run;
};
/* A result that passes, until one of the others says otherwise. */
struct result *expecting_result(struct expecting *e, const char *id, const char *title,
                                struct place at);
void expecting_failure(struct expecting *e, struct result *r, const char *message, struct place at,
                       const char *source_line, const char *expected, const char *actual);
void expecting_error(struct expecting *e, struct result *r, enum error_code code, slice reason);

bool is_same_group(const struct profile_service *a, const struct profile_service *b);
/* One result for all rows of a client's profile that are of the group of `first`. */
void expect_group(struct expecting *e, const struct profile_service *first);

#endif
