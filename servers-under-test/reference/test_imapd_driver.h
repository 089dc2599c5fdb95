/* Drives the IMAP server through transcripts: tables of lines, each with what it does in front.

       "C: a1 NOOP"     the client sends the line (and CRLF)
       "R: a1 NOOP\n"   the client sends exactly this
       "X: NOOP"        the client sends this command and passes over everything up to its OK
       "S: a1 OK ~"     the server's next line is this; "~" stands for any text
       "S-"             the server sends nothing for a second
       "SX"             the server ends the connection
       "Z!"             the client goes on compressed (RFC 4978)
       "T!"             the client begins TLS
       "W: 29m"         time passes

   A digit in front ("2C: a1 IDLE") names the connection; without one it is the first. Connections
   open when first named: the greeting and, unless `raw`, LOGIN as alice are passed over. "$V" stands
   for INBOX's UIDVALIDITY, "$E" for one more, "$W" for that of the mailbox "w", "$F" for one more, "$L" for 9,901 octets
   without a line end, "$0" for NUL. The clock is virtual.
   Without a fault every response must also conform to the grammar (imap_grammar.h). */
#ifndef TEST_IMAPD_DRIVER_H
#define TEST_IMAPD_DRIVER_H

#include "fault.h"
#include "reference.h"
#include "store.h"
#include "testing.h"

struct transcript {
    const char *name;                     /* NULL: that of the fault */
    int raw;                              /* 1: no LOGIN; 2: the greeting is not taken either */
    void (*setup)(struct account *alice); /* may be NULL */
    bool strict;                          /* no password outside of TLS */
    const char *fault;                    /* its name; NULL: none */
    const char *lines[120];               /* up to the first NULL */
};

/* The case of a loop test. Fails with the transcript's name and line. */
void transcript_run(const struct transcript *t);
/* The same with every octet in a segment of its own, both ways. */
void transcript_run_one_by_one(const struct transcript *t);

/* Setups: three messages in INBOX (10, 20 and 30 octets of text, the second \Seen); an empty
   mailbox w as well. */
void three_messages(struct account *alice);
void three_messages_and_w(struct account *alice);

#endif
