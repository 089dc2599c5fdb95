/* What the clients of all protocols share. */
#ifndef CLIENT_STEPS_H
#define CLIENT_STEPS_H

#include "conn.h"

/* Takes the next unit into *last, whose old content is freed. */
int client_take(struct conn *c, nsec deadline, const char *waiting_for, struct error *err,
                struct unit **last);
/* Sends one line; CRLF is added. ERR_USAGE when it holds CR, LF or NUL. When the server has hung up
   with a word, the error is that word. */
int client_send_line(struct conn *c, slice line, nsec deadline, struct error *err);
/* What the server said, for a sentence: secrets masked, odd octets escaped, cut. */
char *client_said(const struct conn *c, slice said, char text[ESCAPED_MAX]);
/* The sentence "<what> was refused: <what the server said>", secrets masked. */
int client_refused(const struct conn *c, enum error_code code, const char *what, slice said,
                   struct error *err);
/* By the rules of the unit's protocol. */
bool client_says_rate(const struct unit *u);
/* A word of "too many", "rate limit", ... in a text for people. */
bool client_text_says_rate(slice text);
/* The first word of a command, for sentences; at most 15 bytes. */
const char *client_verb(slice line, char text[16]);

#endif
