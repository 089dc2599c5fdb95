/* Settings in the formats that mail clients read, as profiles: Thunderbird's autoconfig
   (clientConfig 1.1), Autodiscover answers for Outlook (POX), and Apple's .mobileconfig (property
   lists, plain or signed). The format is told from the content.

   What is read is taken for hostile: at most IMPORT_SIZE_MAX octets, no entities, nothing fetched,
   every size bounded. Places point into the file. */
#ifndef IMPORT_H
#define IMPORT_H

#include "profile.h"

enum { IMPORT_SIZE_MAX = 1 << 20, IMPORT_FINDINGS_MAX = 200 };

enum import_format { IMPORT_UNKNOWN, IMPORT_AUTOCONFIG, IMPORT_AUTODISCOVER, IMPORT_MOBILECONFIG };
const char *import_format_name(enum import_format f); /* "autoconfig"; "unknown" */
/* Does a file that begins so have to be read by an importer (XML, a property list, a CMS envelope),
   rather than as YAML? */
bool import_is_foreign(slice start);
/* The same by the first octets of a file; false when it cannot be read. */
bool import_is_foreign_file(const char *path);

/* Reads a file or bytes (`shown` is what messages call them). `email` is whose address stands for
   the placeholders: "me@example.test", a domain alone, or NULL. What is suspicious, but can be read,
   goes to the profile's notes. False when problems were added; *ret is untouched then. */
bool profile_import(const char *path, const char *email, struct profile *ret,
                    struct problems *problems);
bool profile_import_bytes(slice bytes, const char *shown, const char *email, struct profile *ret,
                          struct problems *problems);

/* ---- the same, for those who want to know more ---- */

enum import_grade {
    IMPORT_NOTE,  /* worth knowing */
    IMPORT_WARN,  /* suspicious: clients are likely to stumble */
    IMPORT_WRONG, /* a server that cannot be used as it is written: left out */
};
struct import_finding {
    enum import_grade grade;
    struct place at;
    const char *text; /* one sentence */
};

/* All zero but for the first three is right. */
struct import {
    const char *email;
    bool lenient; /* IMPORT_WRONG is a finding only, not a problem too: the other servers count */
    struct problems *problems;
    /* filled in, also when the import fails; texts live in `arena` */
    struct arena arena;
    enum import_format format;
    ARRAY(struct import_finding) findings;
    bool is_web_page;             /* HTML, not settings: a web server that answers everything */
    const char *redirect_url;     /* an Autodiscover answer that only says: ask there */
    const char *redirect_address; /* ... or: ask for this address */
    const char *refusal;          /* ... or an error, in words of the server */
};
bool import_bytes(struct import *im, slice bytes, const char *shown, struct profile *ret);
bool import_file(struct import *im, const char *path, struct profile *ret);
void import_release(struct import *im);

#endif
