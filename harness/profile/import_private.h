/* What the importers share: judging hosts, ports and user names, and collecting what is suspicious.
   For import*.c only. */
#ifndef IMPORT_PRIVATE_H
#define IMPORT_PRIVATE_H

#include "import.h"
#include "import_xml.h"

/* One import under way. `ret` is filled as it goes. */
struct importing {
    struct import *im;
    struct profile *ret;
    const char *shown;
    slice source;         /* the XML, for the lines of rows */
    slice local, domain;  /* of the e-mail address, the domain as import_domain() writes it;
                                      p NULL when not known */
    const char *word[3];  /* how the format writes each TLS mode: "socketType SSL" */
    bool tls_was_derived; /* the format cannot say the mode: nothing to contradict */
    struct place port_at, mode_at; /* of the row to come; line 0: the row's own place counts */
    bool refused;                  /* a problem was added */
    bool too_many_was_said;        /* PROFILE_SERVICES_MAX */
};

/* Adds a finding; IMPORT_WRONG is a problem as well, unless the import is lenient. */
void import_say(struct importing *g, enum import_grade grade, struct place at, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
/* Adds a problem: the whole cannot be used. */
void import_refuse(struct importing *g, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct place import_whole(const struct importing *g);

/* The host name, placeholders replaced; NULL (said already) when it cannot be one. */
const char *import_host(struct importing *g, const struct xml_node *node);
/* 0 when it is no port (said already). */
uint16_t import_port(struct importing *g, const struct xml_node *node);
/* What form of user name the text stands for. */
enum username_form import_username(struct importing *g, const struct xml_node *node);
/* The first child of that name; several are a finding. `what` is where: "incomingServer". NULL when
   there is none. */
const struct xml_node *import_only(struct importing *g, const struct xml_node *parent,
                                   const char *name);
/* A row begins: nothing is known of it. */
void import_begin(struct importing *g);
/* Looks for what is suspicious about a row and adds it to the profile. */
void import_add(struct importing *g, struct profile_service *row);
/* As DNS has it: A-labels, lower case, no dot at the end. */
slice import_domain(slice domain, struct arena *arena);
void import_add_domain(struct importing *g, slice domain);

/* The formats. Each reads from its root element. */
void import_autoconfig(struct importing *g, const struct xml_node *root);
void import_autodiscover(struct importing *g, const struct xml_node *root);
void import_mobileconfig(struct importing *g, const struct xml_node *root);

/* What is inside a signed .mobileconfig (CMS SignedData, DER or PEM). False with a problem:
   the signature must fit the content. Who signed, and whether this system trusts them, is a note. */
bool import_cms_content(struct importing *g, slice bytes, struct buf *out);

#endif
