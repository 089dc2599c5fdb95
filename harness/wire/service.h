/* The services of a mail system that can be tested, each with a fixed name that says protocol,
   role, standard port and TLS mode: "submission" is SMTP for authenticated users on port 587 with
   STARTTLS, "imaps" is IMAP in TLS from the first byte on 993 (RFC 8314 section 7). */
#ifndef SERVICE_H
#define SERVICE_H

#include "slice.h"

enum service_id {
    SERVICE_SMTP,
    SERVICE_SMTP_ALT,
    SERVICE_SUBMISSION,
    SERVICE_SUBMISSIONS,
    SERVICE_LMTP,
    SERVICE_POP3,
    SERVICE_POP3S,
    SERVICE_IMAP,
    SERVICE_IMAPS,
    SERVICE_COUNT
};

enum mail_protocol { PROTOCOL_SMTP, PROTOCOL_LMTP, PROTOCOL_POP3, PROTOCOL_IMAP };

enum service_role {
    ROLE_MX,         /* takes mail for its own domain from anybody */
    ROLE_SUBMISSION, /* takes mail for anywhere from its own users (RFC 6409) */
    ROLE_LMTP,       /* last hop (RFC 2033) */
    ROLE_ACCESS      /* users fetch their mail */
};

struct service {
    enum service_id id;
    const char *name; /* "submission" */
    enum mail_protocol protocol;
    enum service_role role;
    uint16_t port;     /* the standard one; 2525 for smtp-alt */
    bool implicit_tls; /* TLS from the first byte; otherwise STARTTLS / STLS may be offered */
};

/* The SERVICE_COUNT rows in the order of enum service_id. */
extern const struct service services[];
/* By name, in either case; NULL when there is none. */
const struct service *service_find(slice name);
/* By port; NULL when no service has it as its standard port. */
const struct service *service_at_port(uint16_t port);
/* "SMTP", "LMTP", "POP3", "IMAP" */
const char *mail_protocol_name(enum mail_protocol protocol);
/* "mx", "submission", "lmtp", "access" */
const char *service_role_name(enum service_role role);
/* The command that begins TLS in mid-connection: "STARTTLS", or "STLS" for POP3. */
const char *mail_protocol_starttls(enum mail_protocol protocol);

#endif
