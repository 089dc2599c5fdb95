/* The client's side of IMAP (RFC 9051, RFC 3501) as straight-line calls with automatic tags.
   Results and errors as in smtp_client.h; ERR_RATE for [LIMIT], [UNAVAILABLE], [INUSE] and BYE
   "too many". */
#ifndef IMAP_CLIENT_H
#define IMAP_CLIENT_H

#include "capabilities.h"
#include "conn.h"
#include "imap_response.h"
#include "sasl_client.h"
#include "session_plan.h"

enum { IMAP_CLIENT_UNITS_MAX = 200000 }; /* untagged units that one command collects */

struct imap_client {
    struct conn *conn; /* borrowed */
    struct session_capabilities caps;
    char prefix[12];       /* of the tags */
    unsigned tags;         /* used so far */
    bool preauth;          /* the greeting was PREAUTH */
    struct unit *greeting; /* owned */
};
/* Tags are prefix + number: "A1", "A2". At most 11 letters or digits; NULL: "A". Connections of one
   check should differ, so that an answer on the wrong one is seen. */
void imap_client_init(struct imap_client *i, struct conn *conn, const char *prefix);
void imap_client_release(struct imap_client *i);
/* A new tag, written to `text`. */
slice imap_next_tag(struct imap_client *i, char text[32]);

/* What came from the sending of a command up to its tagged response. */
struct imap_result {
    struct unit *first, **end; /* untagged units and continuations, in order; owned */
    size_t n;
    struct unit *tagged;     /* owned */
    enum imap_status status; /* IMAP_OK, IMAP_NO or IMAP_BAD */
    nsec sent_at;
    char tag[32];
};
void imap_result_release(struct imap_result *r);
/* Moves the content; *to had none. */
void imap_result_take(struct imap_result *from, struct imap_result *to);
#define auto_imap_result __attribute__((cleanup(imap_result_release))) struct imap_result
bool imap_says_rate(const struct unit *u);

/* A piece of a command: text as it is, a string in the plainest form that can carry it
   (imap_quote.h), or a literal, which the peer must ask for ("+") unless it is non-synchronising
   (RFC 7888). */
enum imap_piece_form {
    IMAP_TEXT,
    IMAP_ASTRING,         /* atom, quoted, or as IMAP_LITERAL_AUTO */
    IMAP_LITERAL_SYNC,    /* {n} */
    IMAP_LITERAL_NONSYNC, /* {n+}, whatever is offered */
    IMAP_LITERAL_AUTO,    /* {n+} when LITERAL+ is offered, or LITERAL- and at most 4096 octets */
    IMAP_LITERAL8_SYNC,   /* ~{n} (RFC 3516) */
};
struct imap_piece {
    enum imap_piece_form form;
    slice bytes;
};

/* Sends tag, pieces and CRLF, and collects to the tagged response. 0 whatever its status; the
   result is then filled (release it). A literal that is refused ends the command: the tagged
   NO / BAD is the result. BYE or the end before the tagged response is an error. */
int imap_command(struct imap_client *i, const struct imap_piece *pieces, size_t n, nsec deadline,
                 struct error *err, struct imap_result *ret);
/* One line without literals. */
int imap_command_line(struct imap_client *i, slice line, nsec deadline, struct error *err,
                      struct imap_result *ret);
/* As imap_command_line(), but a status other than OK is an error: ERR_RATE when it says so,
   otherwise `refused`. `ret` may be NULL. */
int imap_command_ok(struct imap_client *i, slice line, enum error_code refused, nsec deadline,
                    struct error *err, struct imap_result *ret);
int imap_pieces_ok(struct imap_client *i, const struct imap_piece *pieces, size_t n,
                   enum error_code refused, nsec deadline, struct error *err,
                   struct imap_result *ret);
int imap_greeting(struct imap_client *i, nsec deadline, struct error *err);
int imap_capability(struct imap_client *i, nsec deadline, struct error *err);
int imap_start_tls(struct imap_client *i, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err);
/* By who->mechanism ("COMMAND" is LOGIN), or the best; capabilities again afterwards. */
int imap_login(struct imap_client *i, const struct credentials *who, nsec deadline,
               struct error *err);
int imap_begin(struct imap_client *i, const struct session_plan *plan, nsec deadline,
               struct error *err);
int imap_logout(struct imap_client *i, nsec deadline, struct error *err);
/* COMPRESS DEFLATE (RFC 4978). */
int imap_compress(struct imap_client *i, nsec deadline, struct error *err);

/* Mailbox names are given and returned as they are on the wire (modified UTF-7 or UTF-8). */
struct imap_mailbox {
    uint64_t exists, uidvalidity, uidnext, highestmodseq; /* 0: not said */
    bool read_only;
};
int imap_select(struct imap_client *i, slice mailbox, bool read_only, nsec deadline,
                struct error *err, struct imap_mailbox *ret);
int imap_create(struct imap_client *i, slice mailbox, nsec deadline, struct error *err);
int imap_delete(struct imap_client *i, slice mailbox, nsec deadline, struct error *err);
/* Names that LIST "" pattern returns, in the arena. \NonExistent ones are left out. */
int imap_list(struct imap_client *i, slice pattern, struct arena *a, nsec deadline,
              struct error *err, slice **ret, size_t *ret_n);
/* flags: "(\Seen)" or empty; date: "\"01-Jan-2026 00:00:00 +0000\"" or empty. The UID comes from
   APPENDUID, 0 when the server did not say. `ret_uid` may be NULL. */
int imap_append(struct imap_client *i, slice mailbox, slice flags, slice date, slice content,
                nsec deadline, struct error *err, uint64_t *ret_uid);
/* UIDs of all messages of the selected mailbox, ascending as sent, in the arena. */
int imap_uids(struct imap_client *i, struct arena *a, nsec deadline, struct error *err,
              uint64_t **ret, size_t *ret_n);
/* UID FETCH uid BODY.PEEK[]: appends the whole message. ERR_REFUSED when it is not there. */
int imap_fetch_whole(struct imap_client *i, uint64_t uid, nsec deadline, struct buf *content,
                     struct error *err);
/* UID STORE set item: imap_uid_store(i, S("1:*"), S("+FLAGS.SILENT (\\Deleted)"), ...). */
int imap_uid_store(struct imap_client *i, slice set, slice item, nsec deadline, struct error *err);
int imap_expunge(struct imap_client *i, nsec deadline, struct error *err);

#endif
