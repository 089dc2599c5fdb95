/* Address lists of header fields (RFC 5322 3.4 and the obsolete forms of 4.4), in the shape that
   an IMAP ENVELOPE wants (RFC 9051 7.5.2). Never fails: what cannot be read is skipped. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "arena.h"
#include "slice.h"

enum {
    ADDRESSES_MAX = 100000,   /* more are left out */
    ADDRESS_ROUTE_MAX = 1000, /* octets; a longer route makes its address malformed */
};

enum address_kind { ADDRESS_MAILBOX, ADDRESS_GROUP_START, ADDRESS_GROUP_END };

/* p == NULL means that the thing is absent (NIL); texts are without quotes and quoting
   backslashes, and encoded words (RFC 2047) are left as they are. */
struct address {
    enum address_kind kind;
    slice name;    /* display name, or else the comment after the address */
    slice route;   /* "@a,@b" of an obsolete route */
    slice mailbox; /* local part; of a group start its name; of a group end absent */
    slice host;    /* domain or "[literal]"; absent for groups, and empty, never absent, for a local
                      part alone: an ENVELOPE without host is a group */
};

struct address_list {
    struct address *v; /* in the arena */
    size_t n;
    bool malformed; /* something was skipped or is missing */
};

/* `value` may still be folded. */
void address_list_parse(slice value, struct arena *a, struct address_list *ret);

#endif
