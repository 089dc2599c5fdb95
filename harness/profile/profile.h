/* What a provider publishes (offers), or what a mail client demands (requires): hosts, ports, TLS
   modes, user names and kinds of login. Read from scenarios/profiles/NAME.yaml (docs/profiles.md);
   the importers of foreign formats (autoconfig and others) fill the same structure, so that all of
   them can be compared with one another and with what a server really does. */
#ifndef PROFILE_H
#define PROFILE_H

#include "problem.h"
#include "service.h"
#include "target.h"

enum profile_kind {
    PROFILE_OFFERS,  /* a provider */
    PROFILE_REQUIRES /* a client: hosts are NULL, several rows are alternatives */
};

/* What stands in place of the user name. */
enum username_form {
    USERNAME_UNKNOWN,
    USERNAME_ADDRESS, /* the full address */
    USERNAME_LOCAL_PART,
    USERNAME_OTHER /* something else: the profile's notes say what */
};
/* Bits: how one logs in. */
enum profile_auth {
    AUTH_PASSWORD = 1,     /* the account's own password, in TLS */
    AUTH_APP_PASSWORD = 2, /* a password made for one application */
    AUTH_OAUTH2 = 4,
    AUTH_ENCRYPTED_PASSWORD = 8, /* CRAM-MD5, SCRAM */
    AUTH_CLIENT_CERTIFICATE = 16,
    AUTH_NONE = 32 /* no login */
};

struct profile_service {
    enum mail_protocol protocol; /* SMTP means submission, unless role says mx */
    enum service_role role;
    const char *host; /* NULL: any (of a client profile) */
    uint16_t port;    /* 0: any */
    enum tls_mode tls;
    unsigned auth; /* bits; 0: not said */
    enum username_form username;
    struct place at;         /* where it is written: findings point there */
    const char *source_line; /* the text of that line; NULL: not known */
};

enum { PROFILE_SERVICES_MAX = 64, PROFILE_WORDS_MAX = 1000 };

struct profile {
    struct arena arena;
    enum profile_kind kind;
    const char *name;     /* "gmail": what is typed */
    const char *title;    /* "Gmail and Google Workspace" */
    const char **domains; /* "gmail.com", whose addresses are its */
    size_t n_domains;
    struct profile_service *services; /* in the order of preference */
    size_t n_services;
    /* Protocols that are known not to be offered at all ("POP: none"), as bits 1 << protocol. */
    unsigned not_offered;
    struct place not_offered_at; /* where that is written */
    const char **notes;          /* traps, one sentence each */
    size_t n_notes;
    const char *source, *checked; /* where the facts are from; "2026-03-12" */
    const char
        *origin;      /* "profile", "autoconfig", "autodiscover", "mobileconfig", "srv", "guess" */
    const char *path; /* file or URL it came from */
};

/* All zero is an empty profile. Zeroed again by profile_release(). */
void profile_release(struct profile *p);
/* Appends a row (copies its texts). False at PROFILE_SERVICES_MAX. */
bool profile_add(struct profile *p, const struct profile_service *row);

/* Reads one YAML file; its name is the file's without ".yaml". False when problems were added, and
   *ret is untouched then. */
bool profile_load(const char *path, const char *shown, struct profile *ret,
                  struct problems *problems);

/* The bundled profiles. */
struct profile_list {
    ARRAY(struct profile *) list;
};
/* All of ROOT/profiles/, sorted by name. False when there are problems. */
bool profiles_load(const char *root, struct profile_list *ret, struct problems *problems);
void profiles_release(struct profile_list *list);
/* By name; by the domain of an address or domain ("me@gmail.com", "gmail.com"). NULL: none. */
const struct profile *profile_find(const struct profile_list *list, slice name);
const struct profile *profile_of_domain(const struct profile_list *list, slice address_or_domain);
/* The name that was probably meant; NULL: none is near. */
const char *profile_nearest(const struct profile_list *list, slice name);
/* Is this file a profile (and not a target, a scenario, ...)? By its keys alone. */
bool profile_is_one(const struct node *root);

/* "imap.gmail.com:993, implicit TLS"; "port 143, STARTTLS" without a host. */
const char *profile_service_text(const struct profile_service *s, char text[320]);
/* "full address", "app password, OAuth2" */
const char *username_form_text(enum username_form form);
const char *profile_auth_text(unsigned auth, char text[128]);
/* The words of a profile file for the bits of enum profile_auth, in their order. */
enum { PROFILE_AUTH_KINDS = 6 };
extern const char *const profile_auth_words[PROFILE_AUTH_KINDS];

#endif
