/* What the one argument of `ports` names (host, domain, address or profile), and what --expect does,
   as rows to visit and a profile to hold them against. */
#ifndef PORTS_SUBJECT_H
#define PORTS_SUBJECT_H

#include "options.h"
#include "port_rows.h"
#include "profile.h"

struct ports_subject {
    struct port_rows rows;
    struct profile_list profiles;   /* the bundled ones */
    struct profile imported;        /* from the file of --expect */
    const struct profile *expected; /* NULL: nothing is expected */
};

/* Reads the bundled profiles. ERR_FILE with problems added. */
int ports_subject_read(struct ports_subject *s, const char *root, struct problems *problems,
                       struct error *err);
/* Makes the rows. Called by a task, since a domain may have to be looked up. ERR_USAGE with a
   sentence when `expect` or `ports` name nothing, ERR_FILE with problems added. */
int ports_subject_open(struct ports_subject *s, const char *word, const char *expect,
                       const struct text_list *ports, struct problems *problems, struct error *err);
void ports_subject_release(struct ports_subject *s);

#endif
