/* The POP3 server: RFC 1939, 2449 (CAPA), 2595 (STLS), 3206 (response codes), 5034 (AUTH). */
#ifndef POP3D_H
#define POP3D_H

#include "server_conn.h"

/* From the greeting to the end of the connection. */
void pop3d_serve(struct server_conn *c);

#endif
