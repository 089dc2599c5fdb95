/* The requirements of the RFCs, one YAML file per RFC in scenarios/clauses/. A clause is named
   "rfc9051/7.5.1/expunge-is-sent": document, section, a word for it. */
#ifndef CLAUSE_H
#define CLAUSE_H

#include "hash.h"
#include "node.h"
#include "result.h"

struct clause {
    const char *id, *rfc, *section;
    enum level level;
    const char *says;
    struct place at;
    unsigned checks; /* how many checks cite it */
};

struct clauses {
    struct arena arena;
    struct hash by_id; /* in the order of the files; values are struct clause * */
};

void clauses_release(struct clauses *c);
/* Reads every rfc*.yaml of the folder. False when problems were added. */
bool clauses_load(struct clauses *c, const char *folder, struct problems *problems);
/* NULL when unknown. */
struct clause *clause_find(const struct clauses *c, slice id);
/* The known id nearest to a wrong one, or NULL. */
const char *clause_nearest(const struct clauses *c, slice id);

#endif
