/* What a server says it can do, as whole tokens with their parameters: from EHLO, CAPA or
   CAPABILITY. Lookups compare whole tokens, in any case of letters, never parts of them
   ("XSECURITY=NONE,STARTTLS" is no STARTTLS). */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include "arena.h"
#include "array.h"
#include "buf.h"

enum { CAPABILITIES_MAX = 1000, CAPABILITY_PARAMS_MAX = 200 };

struct capability {
    slice name;    /* the whole token as sent: "IDLE", "AUTH=PLAIN", "SIZE" */
    slice args;    /* SMTP, POP3: what follows the first space */
    slice *params; /* args cut at spaces */
    size_t n_params;
};

/* All zero is a valid empty set that is not known. Slices point into its own arena. */
struct capabilities {
    bool known;    /* the server was asked, or told without */
    bool too_many; /* some were left out */
    ARRAY(struct capability) list;
    struct arena arena;
};
void capabilities_release(struct capabilities *caps);
/* Empties it; known becomes true. */
void capabilities_reset(struct capabilities *caps);
/* Adds one: an IMAP token (args empty), or an SMTP / POP3 line cut at its first space. Copies. */
void capabilities_add(struct capabilities *caps, slice name, slice args);
void capabilities_copy(const struct capabilities *from, struct capabilities *to);
/* As one line, tokens separated by spaces and those with parameters in parentheses. */
void capabilities_text(const struct capabilities *caps, struct buf *out);

/* By whole token; NULL when it is not there. */
const struct capability *caps_get(const struct capabilities *caps, slice name);
/* Is it offered? "IDLE" finds that token. "AUTH=PLAIN" finds that token (IMAP) or the parameter
   PLAIN of AUTH (SMTP); "SASL=PLAIN" the parameter of SASL (POP3). "AUTH" alone finds any of the
   three forms of offering SASL. */
bool caps_has(const struct capabilities *caps, slice name);
/* One parameter of an SMTP or POP3 capability, by whole token. */
bool caps_has_param(const struct capabilities *caps, slice name, slice param);
/* Is this SASL mechanism offered, in any of the three forms? */
bool caps_has_mechanism(const struct capabilities *caps, slice mechanism);

/* A session's capabilities by state: they may and often do differ. */
enum caps_state { CAPS_CLEAR, CAPS_TLS, CAPS_LOGIN, CAPS_STATES };
struct session_capabilities {
    struct capabilities in[CAPS_STATES];
    enum caps_state state; /* where the session is now */
};
void session_capabilities_release(struct session_capabilities *s);
/* The set of the present state. */
struct capabilities *session_caps(struct session_capabilities *s);
/* Enters a state; what was known of it is forgotten (RFC 3207 section 4.2 and its like). */
void session_caps_enter(struct session_capabilities *s, enum caps_state state);

#endif
