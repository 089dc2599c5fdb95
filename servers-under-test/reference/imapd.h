/* The IMAP server: IMAP4rev1 (RFC 3501) and, once enabled, IMAP4rev2 (RFC 9051), with the
   extensions that its CAPABILITY lists. */
#ifndef IMAPD_H
#define IMAPD_H

#include "server_conn.h"

/* From the greeting to the end of the connection. */
void imapd_serve(struct server_conn *c);

#endif
