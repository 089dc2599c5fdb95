/* What the one argument of `ports` names (host, domain, address, profile or a file of settings), and
   what --expect does, as rows to visit and a profile to hold them against. */
#ifndef PORTS_SUBJECT_H
#define PORTS_SUBJECT_H

#include "discover.h"
#include "options.h"
#include "port_rows.h"
#include "profile.h"

struct ports_subject {
    struct port_rows rows;
    struct profile_list profiles;   /* the bundled ones */
    struct profile imported;        /* from the file of --expect */
    struct profile own;             /* when the word is such a file itself */
    const struct profile *expected; /* NULL: nothing is expected */
    struct discovery discovery;     /* of a domain */
    const char *domain;             /* whose DNS policies are judged; NULL: the word was a host */
    struct error undecided; /* why nobody knows whether it is a domain; it is taken for a host */
};

/* How a domain is looked up. */
struct ports_lookup {
    struct dns *dns; /* NULL: a name without "@" is a host */
    const char *ca_file;
    const char *const *connect_to; /* as in http.h; NULL: none */
    int family;                    /* AF_INET, AF_INET6; 0: both */
    nsec timeout;
};

/* Reads the bundled profiles. ERR_FILE with problems added. */
int ports_subject_read(struct ports_subject *s, const char *root, struct problems *problems,
                       struct error *err);
/* Makes the rows. Called by a task, since a domain may have to be looked up. ERR_USAGE with a
   sentence when `expect` or `ports` name nothing, ERR_FILE with problems added. */
int ports_subject_open(struct ports_subject *s, const char *word, const char *expect,
                       const struct text_list *ports, const struct ports_lookup *lookup,
                       struct problems *problems, struct error *err);
/* Of the rows that something else named than a host, leaves those of these `ports` alone: numbers and
   names of services. ERR_USAGE when there is none. */
int ports_subject_keep(struct ports_subject *s, const char *word, const struct text_list *ports,
                       struct error *err);
/* Must the DNS be asked for this word: an address of a domain that no profile has? */
bool ports_subject_wants_dns(const struct ports_subject *s, const char *word);
void ports_subject_release(struct ports_subject *s);

#endif
