/* What speaks, by the first octets that came from it. Pure: no waiting, no stream. */
#ifndef FIRST_BYTES_H
#define FIRST_BYTES_H

#include "port_facts.h"

/* FIRST_UNKNOWN while more octets are needed to tell (none at all too); FIRST_OTHER when no number
   of octets more can make it one of the kinds that are known. Never FIRST_NOTHING or FIRST_CLOSED. */
enum first_bytes first_bytes_of(slice octets);
/* The mail protocol that such a greeting belongs to. SMTP and LMTP look the same: `expected` decides
   between them. False for kinds that are no mail protocol. */
bool first_bytes_protocol(enum first_bytes kind, enum port_protocol expected,
                          enum port_protocol *ret);

/* The number of the fatal alert in a TLS record of one that is not encrypted (RFC 8446 section 6), or
   -1. Behind a warning the handshake may well go on. */
int first_bytes_alert(slice octets);

#endif
