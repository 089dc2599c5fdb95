/* RDATA of the types that dns.h knows. Pure: octets in, fields out. */
#ifndef DNS_RECORD_H
#define DNS_RECORD_H

#include "dns.h"

enum { DNS_NAME_WIRE_MAX = 255, DNS_LABEL_MAX = 63, DNS_NAME_TEXT_MAX = 253 };

/* Fills *ret from RDATA whose names are not compressed. What it points at lives in `arena`, but for
   `raw`, which is rdata itself. False, and *ret untouched, when the RDATA is not well formed for its
   type, has octets left over, or the type is none of ours. */
bool dns_record_parse(enum dns_type type, slice rdata, struct arena *arena, struct dns_record *ret);
/* Puts MX and SRV in the order of their use: priority, then the heavier weight. */
void dns_records_sort(enum dns_type type, struct dns_record *records, size_t n);
/* "MX"; "unknown" for types that are none of ours. */
const char *dns_type_name(enum dns_type type);

#endif
