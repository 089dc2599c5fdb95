/* The SMTP server (RFC 5321 and extensions) in its three roles: MX, submission (RFC 6409) and LMTP
   (RFC 2033). The role is that of the connection's service. */
#ifndef SMTPD_H
#define SMTPD_H

#include "server_conn.h"

/* From the greeting to the end of the connection. */
void smtpd_serve(struct server_conn *c);

#endif
