/* The structure of a message (RFC 2045, 2046, 2183, 3282, 1864, 2557, 5322): a tree of parts with
   offsets into the message, from which BODYSTRUCTURE, ENVELOPE and BODY[section] are answered
   (RFC 9051 6.4.5, 7.5.2). Any bytes give a tree; what is odd about them is in `oddities`. */
#ifndef MIME_H
#define MIME_H

#include "address.h"
#include "mime_header.h"
#include "mime_type.h"

enum {
    MIME_DEPTH_MAX = 100,     /* multipart and message nesting; below it a part is left a leaf */
    MIME_PARTS_MAX = 10000,   /* parts of one message; what follows is not split any more */
    MIME_LANGUAGES_MAX = 64,  /* tags of Content-Language; more are left out */
    MIME_BOUNDARY_MAX = 1000, /* octets; RFC 2046 5.1.1 says 70, longer ones are still honoured */
};

/* Header fields as ENVELOPE wants them; unfolded. p == NULL: the field is not there. A list whose
   field is not there has v == NULL. Sender and reply_to are as written: that they default to From
   is for the writer of the ENVELOPE. */
struct mime_envelope {
    slice date, subject, in_reply_to, message_id;
    struct address_list from, sender, reply_to, to, cc, bcc;
};

enum mime_oddity {
    MIME_NO_CLOSE = 1,    /* a multipart that no close delimiter of its own ends */
    MIME_NO_BOUNDARY = 2, /* a multipart without a boundary parameter or without any delimiter in
                             its body: it is left a leaf */
    MIME_TOO_DEEP = 4,    /* MIME_DEPTH_MAX was hit */
    MIME_TOO_MANY = 8,    /* MIME_PARTS_MAX was hit */
    MIME_BAD_TYPE = 16,   /* a Content-Type that cannot be read: text/plain is assumed (RFC 2045
                             5.2) */
    MIME_ENCODED = 32,    /* a multipart or message in base64 or quoted-printable, which RFC 2045
                             6.4 forbids: it is read as if it were not */
};

/* A part of a type multipart or message that is left a leaf keeps its type as written, with
   is_multipart and is_message false: a BODYSTRUCTURE has no form for it and shows it as something
   else, such as application/octet-stream. */
struct mime_part {
    struct mime_part *parent;
    struct mime_part *first, *last; /* parts of a multipart; the one message of a message part */
    struct mime_part *next;
    size_t n_children;
    unsigned number; /* from 1, among its parent's parts; 1 for a message in a message part */
    unsigned depth;  /* 0 for the root */

    /* Offsets in the whole message. header_end == body_start: the header has its empty line, unless
       that belongs to the delimiter behind it. The line end before a delimiter is of the delimiter,
       not of the body (RFC 2046 5.1.1). */
    size_t header_start, header_end, body_start, body_end;
    size_t octets; /* of the body */
    size_t lines;  /* LFs in the body, and one for text behind the last */

    slice type, subtype; /* as written; "text", "plain" (or "message", "rfc822" in a digest) when
                            the field is absent */
    bool has_type;       /* a readable Content-Type is there */
    bool is_multipart, is_message;        /* it has parts / an embedded message */
    struct mime_params params;            /* charset=us-ascii when text/plain was assumed */
    slice encoding;                       /* as written; p == NULL when absent: 7bit */
    slice id, description, md5, location; /* unfolded; p == NULL when absent */
    slice disposition;                    /* p == NULL when absent */
    struct mime_params disposition_params;
    slice *languages;
    size_t n_languages;
    struct mime_envelope *envelope; /* of the root and of embedded messages, else NULL */
};

struct mime_message {
    slice raw;
    struct mime_part *root;
    size_t n_parts;
    unsigned oddities; /* enum mime_oddity, together */
};
/* Everything is in the arena or points into `raw`. */
void mime_parse(slice raw, struct arena *a, struct mime_message *ret);
/* The same bytes as a slice. Header with its empty line. */
slice mime_part_header(const struct mime_message *m, const struct mime_part *part);
slice mime_part_body(const struct mime_message *m, const struct mime_part *part);
/* The part of an IMAP section "1.2.3" (RFC 9051 6.4.5.1): part 1 of a message that is no multipart
   is the message's own body; numbers under a message part count in its message. NULL when there
   is no such part. n == 0 is the root. */
const struct mime_part *mime_part_at(const struct mime_message *m, const uint32_t *numbers,
                                     size_t n);
/* The header fields of an ENVELOPE alone, for a message whose structure is not wanted. */
void mime_envelope_parse(slice header, struct arena *a, struct mime_envelope *ret);

#endif
