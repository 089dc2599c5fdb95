/* Drives the SMTP, LMTP and POP3 servers through transcripts: tables of lines, each with what it
   does in front.

       "O: pop3s"      a connection to that service (each table names the service of the first)
       "C: NOOP"       the client sends the line (and CRLF)
       "R: NOOP\n"     the client sends exactly this
       "S: 250 ~"      the server's next line is this; "~" stands for any text
       "G: +OK\n"      the server's next bytes are exactly this
       "E: 120"        a multi-line POP3 response goes on for so many octets
       "M: 250"        the server's next reply is an SMTP one of that code, however many lines
       "L: SIZE ~"     ... and that reply had such a line behind its code; "L! AUTH ~": it had none
       "S-"            the server sends nothing for a second
       "SX"            the server ends the connection
       "T:"            the client begins TLS; "T!" it does and that fails
       "X:"            the client drops the connection
       "W: 29m"        time passes
       "B: 2"          alice's INBOX has so many messages
       "I: text"       the latest of them holds this; "I! text": it does not; "I= text": this is
                       its end
       "N: text"       the latest mail at the next hop holds this; "N! text": it does not

   A digit in front ("2C: NOOP") names the connection; without one it is the first. The greeting is
   not passed over. "$P" stands for alice's credentials for PLAIN in base64, "$A" for her password.
   bob has one message with 8-bit text; carol one whose last line has no end, and one of 120,000
   octets. The clock is virtual. */
#ifndef TEST_MAIL_DRIVER_H
#define TEST_MAIL_DRIVER_H

#include "fault.h"
#include "reference.h"
#include "store.h"
#include "testing.h"

#define ALICE_PASSWORD "open sesame"

struct transcript {
    const char *name;
    const char *service;
    const char *fault;      /* its name; NULL: none */
    int messages;           /* in alice's INBOX before it begins */
    const char *lines[100]; /* up to the first NULL */
};

/* The case of a loop test. Fails with the transcript's name and line. */
void transcript_run(const struct transcript *t);
/* The same, and the client sends one octet at a time: nothing may depend on how octets travel. */
void transcript_run_by_octet(const struct transcript *t);
/* Fails unless every fault of these protocols (words separated by spaces) has a transcript. */
void transcripts_cover(const struct transcript *list, size_t n, const char *protocols);

#endif
