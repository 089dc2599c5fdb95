/* The server's side of SASL (RFC 4422), the same for SMTP, POP3 and IMAP: PLAIN, LOGIN, CRAM-MD5,
   SCRAM-SHA-1 and SCRAM-SHA-256 with and without -PLUS, EXTERNAL and ANONYMOUS through libgsasl;
   OAUTHBEARER (RFC 7628) and XOAUTH2 here. Messages are plain octets: base64, "=" for an empty
   initial response and "*" to cancel are the protocol's.

       struct sasl_server *sasl = sasl_server_new(conn, mechanism);     NULL: 504, NO, -ERR
       sasl_server_step(sasl, has_initial ? &initial : NULL, &challenge);
       ... SASL_CHALLENGE: send it, step again with what the client answers ... */
#ifndef SASL_SERVER_H
#define SASL_SERVER_H

#include "buf.h"
#include "server_conn.h"

enum {
    SASL_MESSAGE_MAX = 12288,    /* octets of base64 in one message (RFC 4954 section 4) */
    SASL_SCRAM_ITERATIONS = 4096 /* RFC 7677 section 4 */
};

enum sasl_step {
    SASL_CHALLENGE, /* send the challenge (it may be empty) and step with the answer */
    SASL_DONE,      /* sasl_server_account() is who logged in */
    SASL_FAILED,    /* wrong credentials, or not allowed to act as that user */
    SASL_MALFORMED  /* the message is not what the mechanism's grammar allows */
};

struct sasl_server;

/* The message in a line of base64 (RFC 4954 and 5034 section 4: no other character, whole groups);
   `ret` is cleared first. lenient: a fault drops what is not base64. */
bool sasl_server_decode(slice text, bool lenient, struct buf *ret);

/* The mechanisms that this connection offers now, best first, separated by single spaces; adds to
   `ret`. None before TLS (RFC 8314 section 4.1), unless a fault allows passwords in clear. */
void sasl_server_mechanisms(const struct server_conn *c, struct buf *ret);

/* Is there any? */
bool sasl_server_offers_any(const struct server_conn *c);

/* NULL when the mechanism is unknown or not offered on this connection now. `c` must live as long
   and keep its TLS layer. */
struct sasl_server *sasl_server_new(const struct server_conn *c, slice mechanism);
void sasl_server_free(struct sasl_server *s);

/* One message of the client: NULL at the first step when it sent no initial response; an empty
   slice is an empty message. Fills `challenge` (cleared first) with SASL_CHALLENGE. A mechanism
   that ends with data of the server (SCRAM) sends it as a challenge to which the client must
   answer with an empty message. */
enum sasl_step sasl_server_step(struct sasl_server *s, const slice *message, struct buf *challenge);
/* After SASL_DONE. */
struct account *sasl_server_account(const struct sasl_server *s);

#endif
