/* Tests of the connection: an in-memory pair on the virtual clock, with a scripted peer. */
#ifndef TEST_CONN_DRIVER_H
#define TEST_CONN_DRIVER_H

#include "conn.h"
#include "testing.h"

/* What the peer does, in order. */
enum verb {
    DONE,
    WAIT,  /* until `at` */
    SAY,   /* text, in one write */
    DRIP,  /* text, one byte each millisecond */
    FLOOD, /* text, `at` times */
    READ,  /* until a line end came */
    CLOSE,
    RESET,
    TLS,      /* shake hands as server */
    TRUNCATE, /* closes without close_notify */
    DEFLATE,
};
struct move {
    enum verb verb;
    const char *text;
    nsec at;
};

struct scripted {
    const struct move *moves;
    struct stream *mine, *theirs;
    struct ca *ca;
    struct tls_context *server, *client;
    struct transcript *transcript;
    struct secrets secrets;
    enum tls_client_cert client_cert;
    int seen;
};
extern struct scripted T;

/* A checked fixture: a transcript whose secret is "c4n4ry-secret". */
void conn_setup(void);
void conn_teardown(void);
/* Contexts for both sides; the server's name is mail.example.test. */
void need_tls(void);

/* Runs fn with a connection to a peer that makes these moves; transcript and `seen` are set. */
void play_with(struct conn_options options, const struct move *moves, void (*fn)(struct conn *c));
void play(enum mail_protocol protocol, const struct move *moves, void (*fn)(struct conn *c));

struct unit *next_unit(struct conn *c, nsec deadline);
void expect_raw(struct conn *c, const char *raw);
void expect_end(struct conn *c, enum conn_end end);
void send_text(struct conn *c, const char *text);

#endif
