/* A conversation in any of the mail protocols, as far as a visit needs it: replies framed, their
   answer told, TLS begun. For port_*.c only. */
#ifndef PORT_TALK_H
#define PORT_TALK_H

#include "port_link.h"

enum { TALK_LINE_MAX = 16 << 10, TALK_REPLY_MAX = 64 << 10 };

/* What a reply says, or why there is none. */
enum talk_answer {
    TALK_YES,
    TALK_GO, /* go on: 334, "+ " */
    TALK_NO,
    TALK_RATE,      /* no, because we are too many or too fast */
    TALK_CLOSED,    /* the connection ended first */
    TALK_SILENT,    /* nothing came in time */
    TALK_NONSENSE,  /* no reply of this protocol, or one without end */
    TALK_CANCELLED, /* this task was */
};
static inline bool talk_answered(enum talk_answer a)
{
    return a <= TALK_RATE;
}

struct talk {
    const struct port_options *options;
    struct port_facts *facts;
    const char *question;      /* its name in the transcript */
    struct stream *stream;     /* the top; owned */
    struct stream *link, *tls; /* parts of it; tls NULL in clear */
    enum port_protocol protocol;
    struct buf in; /* read and not used */
    size_t used;
    struct buf reply; /* the whole last reply */
    slice last;       /* its last line, without its end */
    char tag[16];
    unsigned tags;
    enum talk_answer answer; /* of the last reply */
};

/* Takes over `link`, of port_link_open(). */
void talk_init(struct talk *t, const struct port_options *options, struct port_facts *facts,
               const char *question, struct stream *link);
/* Closes the stream, unless talk_take() took it. */
void talk_release(struct talk *t);
struct stream *talk_take(struct talk *t);

/* Waits for octets until one of them decides what speaks (first_bytes.h), the connection ends or the
   deadline passes. What came stays. FIRST_NOTHING, FIRST_CLOSED too; FIRST_UNKNOWN when it came to
   an end in the middle of what decides. */
enum first_bytes talk_listen(struct talk *t, nsec deadline);
/* Reads and drops until the connection ends (TALK_CLOSED) or the deadline passes. */
enum talk_answer talk_drain(struct talk *t, nsec deadline);
/* Octets that came and were not used. */
slice talk_pending(const struct talk *t);
/* The greeting: of several lines where the protocol has it so. */
enum talk_answer talk_greeting(struct talk *t);
/* Sends a line (CRLF and, for IMAP, a tag are added) and reads the reply. `multi`: a POP3 reply of
   several lines. */
enum talk_answer talk_command(struct talk *t, const char *line);
enum talk_answer talk_command_multi(struct talk *t, const char *line);
/* A line within a command, without a tag. */
enum talk_answer talk_line(struct talk *t, const char *line);
/* Octets as they are; no reply is read. False when they could not be sent. */
bool talk_send(struct talk *t, slice bytes);
/* The next reply to the command sent last. */
enum talk_answer talk_reply(struct talk *t, bool multi);
/* The next line, however it reads, until the deadline; TALK_YES when there is one. */
enum talk_answer talk_next_line(struct talk *t, nsec deadline, slice *ret);

/* A new tag, in t->tag; empty for other protocols. */
void talk_new_tag(struct talk *t);
/* The last line of the last reply, for people; in the facts' arena. "no answer" and the like when
   there was none. */
const char *talk_said(struct talk *t);

/* TLS as client on the stream; by record, nothing verified. ERR_TLS and the like. *ret_failed, may
   be NULL, is what is known of a handshake that failed: release it. */
struct tls_options;
int talk_start_tls(struct talk *t, const struct tls_options *how, struct error *err);

/* By protocol; pure. */
struct talk_words {
    const char *hello; /* EHLO and its like, our name left out; NULL: the greeting tells */
    bool hello_multi;
    const char *starttls; /* the command, which is its capability too */
    const char *noop;     /* changes nothing, and is answered unlike a greeting */
    const char *quit;
};
extern const struct talk_words talk_words[PORT_PROTOCOLS];
/* Does a whole line end a reply? TALK_NONSENSE when it is no line of one; `more` is set when further
   lines follow. `first`: it is the first line of the reply. */
enum talk_answer talk_read_line(enum port_protocol protocol, slice line, slice tag, bool first,
                                bool multi, bool *more);

#endif
