/* Where relayed mail arrives: a small SMTP server that accepts everything and keeps each message
   with its envelope, byte for byte as it came, for scenarios to look at. Not a mail server: it
   checks nothing and delivers nothing. */
#ifndef NEXT_HOP_H
#define NEXT_HOP_H

#include "array.h"
#include "buf.h"
#include "stream.h"

enum {
    NEXT_HOP_LINE_MAX = 16 * 1024, /* octets of a command */
    NEXT_HOP_MESSAGE_MAX = 64 << 20,
    NEXT_HOP_IDLE_SECONDS = 300
};

/* One accepted message. Strings are as sent: "<a@example.org> BODY=8BITMIME" for MAIL FROM. */
struct next_hop_mail {
    char *from;
    ARRAY(char *) to;
    struct buf raw;  /* what followed DATA, up to and including CRLF.CRLF */
    struct buf data; /* the same un-stuffed, without the final dot */
    bool bare;       /* a CR or LF stood alone in it */
    nsec at;         /* now() when it was complete */
};

/* Answers in place of the usual ones, for tests of refusals: the reply to each command of that
   verb ("MAIL", "RCPT", "DATA", "." for the end of data), a whole line without CRLF. */
struct next_hop_refusal {
    char *verb, *reply;
};

struct next_hop {
    ARRAY(struct next_hop_mail *) mails;
    ARRAY(struct task *) tasks; /* of next_hop_dial() */
    ARRAY(struct next_hop_refusal) refusals;
    struct cond arrived; /* broadcast with every new mail */
    bool plain;          /* offers no extension at all */
};

struct next_hop *next_hop_new(void);
/* Called by a task: joins the connections of next_hop_dial(), which must have been closed on the
   other side. No other connection may be served any more. NULL is fine. */
void next_hop_free(struct next_hop *nh);

/* For reference_options.dial_next_hop, with the next hop as dial_arg: a connection in memory,
   served by a task of its own. Never fails. */
int next_hop_dial(void *next_hop, nsec deadline, struct error *err, struct stream **ret);

/* Serves one connection in the current task until it ends; owns the stream and closes it. */
void next_hop_serve(struct next_hop *nh, struct stream *stream);
/* Every command of that verb is answered so from now on; reply NULL: as usual again. */
void next_hop_refuse(struct next_hop *nh, const char *verb, const char *reply);
/* Waits until there are at least n mails. False when the deadline passed or the task was
   cancelled. */
bool next_hop_wait(struct next_hop *nh, size_t n, nsec deadline);
/* The latest mail whose RCPT TO names that address (ASCII case is ignored); NULL. */
const struct next_hop_mail *next_hop_find(const struct next_hop *nh, slice address);

#endif
