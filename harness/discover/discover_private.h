/* What the sources share. For discover*.c only. */
#ifndef DISCOVER_PRIVATE_H
#define DISCOVER_PRIVATE_H

#include "discover.h"

/* Each fills one source; called by a task of its own. */
void discover_srv(struct discovery *d, struct discover_source *s);
void discover_autoconfig(struct discovery *d, struct discover_source *s);
void discover_well_known(struct discovery *d, struct discover_source *s);
void discover_autoconfig_mx(struct discovery *d, struct discover_source *s);
void discover_autodiscover(struct discovery *d, struct discover_source *s);
void discover_autodiscover_srv(struct discovery *d, struct discover_source *s);
void discover_guess(struct discovery *d, struct discover_source *s);

/* Has the host, which is below the domain, its address only as every name of the domain has one? A
   name that nobody chose tells. */
bool discover_is_wildcard(struct discovery *d, const char *host);

/* Sets state and sentence. */
void source_say(struct discovery *d, struct discover_source *s, enum discover_state state,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void source_find(struct discovery *d, struct discover_source *s, enum import_grade grade,
                 struct place at, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Takes what an import gave: the profile, or why there is none. `problems` are the import's. */
void source_take(struct discovery *d, struct discover_source *s, struct import *im, bool good,
                 struct profile *p, const struct problems *problems);

/* Runs parts as tasks and waits for all of them; a cancellation of the caller goes on to them. */
struct discover_part {
    void (*run)(void *arg);
    void *arg;
    struct discover_crew *crew; /* ours */
    struct task *task;
};
void discover_together(struct discover_part *parts, size_t n);

nsec discover_deadline(const struct discovery *d);
/* Is the host the domain itself, or below it? */
bool discover_is_own(const struct discovery *d, const char *host);
/* May the host know the whole address? Others are asked for the domain's postmaster, whom every
   domain has (RFC 5321 section 4.5.1), and for whom servers make up the same answer. */
bool discover_tells_address(const struct discovery *d, const char *host);
#define DISCOVER_ANYBODY "postmaster"

/* How many addresses a name has: 0 or more, or a negative error code. `ret` (may be NULL) gets the
   numeric ones, at most `max`. */
int discover_addresses(struct discovery *d, const char *host, const char **ret, size_t max,
                       struct error *err);

/* Fetches a URL; redirects are followed here, so that each host is looked up by our resolver and
   nothing leaves https. A document that came is imported (source_take); everything else becomes the
   source's state. `body(d, host)` gives the POST body for a host; NULL: GET. */
typedef const char *discover_body(struct discovery *d, const char *host);
void discover_fetch(struct discovery *d, struct discover_source *s, const char *url,
                    discover_body *body);
/* Asks http://HOST/PATH, telling nothing about anybody, where it redirects to; NULL when it does not.
   Nothing else of the answer is looked at: anybody on the way can have written it. */
const char *discover_redirect(struct discovery *d, struct discover_source *s, const char *host,
                              const char *path);
/* Is something published there? Then the other addresses of the source are not tried. */
bool state_is_final(enum discover_state state);

/* It says something, and does not guess. */
bool source_is_published(const struct discover_source *s);
bool source_has(const struct discover_source *s, enum mail_protocol protocol);

/* "IMAP", "POP3", "submission" */
const char *protocol_text(enum mail_protocol p);
bool same_endpoint(const struct profile_service *a, const struct profile_service *b);
/* What comes from elsewhere may be out of date, or meant for others: no failure of the domain's. */
bool discover_is_weak(enum discover_id id);
/* What became of the row's visit; NOT_RUN: none. */
enum outcome discover_outcome(const struct discovery *d, const struct profile_service *row);

#endif
