/* The text of one message as SEARCH looks at it. Needles are in folded UTF-8. */
#ifndef IMAP_SEARCH_CONTENT_H
#define IMAP_SEARCH_CONTENT_H

#include "arena.h"
#include "imap_search_key.h"
#include "mime.h"

struct faults;

struct search_content {
    bool loaded;
    const struct faults *faults;
    struct arena arena;
    struct mime_message mime;
};

void search_content_load(struct search_content *c, slice octets, const struct faults *faults);
/* Fine for one that was never loaded. */
void search_content_release(struct search_content *c);

const struct mime_envelope *search_content_envelope(const struct search_content *c);

/* The needle stands in the decoded Subject, or in one address ("name <mailbox@host>", a group's
   name) of the list. An empty needle finds a field that is there. */
bool search_content_field(struct search_content *c, enum search_field field, slice needle);
/* It stands in the decoded, unfolded text of a field of that name. */
bool search_content_header(struct search_content *c, slice name, slice needle);
/* It stands in a decoded text part, or the header of an embedded message. With `header` also in the
   header of the message and of its parts. Parts that are not text are not searched, as RFC 9051
   6.4.4 allows. */
bool search_content_text(struct search_content *c, slice needle, bool header);

#endif
