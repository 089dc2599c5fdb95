/* What the files of the IMAP server share: the session, the command under way, its reply, its
   arguments, and the view of the selected mailbox.

   A command's function parses its arguments (a helper that says false has set the reply already),
   works, and sets one reply with imapd_ok(), imapd_no() or imapd_bad(). When it returns, what other
   sessions changed is told as far as the command allows, and then the tagged reply goes out. */
#ifndef IMAPD_SESSION_H
#define IMAPD_SESSION_H

#include "arena.h"
#include "buf.h"
#include "fault.h"
#include "imap_frame.h"
#include "imap_lex.h"
#include "imap_set.h"
#include "server_conn.h"
#include "store.h"

enum {
    IMAPD_LINE_MAX = 65536,      /* octets of a command outside of literals */
    IMAPD_LITERAL_MAX = 8192,    /* octets of one literal before login */
    IMAPD_ARGUMENT_MAX = 65536,  /* octets of a synchronising literal that is no message */
    IMAPD_DISCARD_MAX = 1 << 30, /* octets of a refused {n+} literal that are read and dropped */
    IMAPD_BAD_MAX = 50,          /* commands answered with BAD before BYE */
    IMAPD_IDLE_MINUTES = 30,     /* RFC 9051, section 5.4: at least 30 */
    IMAPD_FLUSH_AT = 65536,      /* octets of output that are sent without waiting for the end */
};

enum imapd_state {
    STATE_GREETED = 1,   /* not authenticated */
    STATE_LOGGED_IN = 2, /* authenticated, nothing selected */
    STATE_SELECTED = 4,
    STATE_LOGOUT = 8,
    STATE_ANY = STATE_GREETED | STATE_LOGGED_IN | STATE_SELECTED,
    STATE_AUTHENTICATED = STATE_LOGGED_IN | STATE_SELECTED,
};

/* One message as this client knows it; sequence number = index + 1. */
struct view_entry {
    struct message *message; /* a reference of ours: readable after others expunged it */
    uint64_t told_change;    /* message->change that was told, or was this client's own */
    unsigned told_flags;     /* as the client knows them; for faults */
    uint64_t told_keywords;
    unsigned opened_flags; /* when the mailbox was selected; for faults */
    uint64_t opened_keywords;
    bool recent;
};

struct view {
    struct mailbox *mailbox; /* NULL: nothing selected */
    bool read_only;
    ARRAY(struct view_entry) entries;
    uint32_t next_uid;    /* messages from this UID on were not yet announced */
    uint64_t seen_change; /* mailbox->change when last looked at */
    size_t told_keywords; /* of the mailbox, in FLAGS responses */
    bool told_gone;       /* that the mailbox was deleted */
};

struct imapd_command; /* a row of the command table, imapd.c */

/* The command under way. Values and texts live in session.arena. */
struct command {
    slice unit; /* as received */
    slice tag;
    const struct imapd_command *row;
    const struct imap_value *args; /* after the name */
    size_t n_args;
    bool uid; /* with the prefix UID */
};

struct imapd_session {
    struct server_conn *conn;
    const struct faults *faults;
    struct store *store;
    enum imapd_state state;
    struct account *account;
    struct view view;
    ARRAY(uint32_t) saved;         /* UIDs in "$" (RFC 5182), ascending */
    bool rev2, condstore, qresync; /* enabled */
    uint32_t uidvalidity_at_login; /* of the next mailbox then; for a fault */
    bool compressed;
    struct buf input; /* read and not yet used, from the first octet of the next command */
    struct imap_framer framer;
    struct arena arena; /* of the command under way */
    struct command cmd;
    struct buf reply; /* "OK [CODE] text" of the command under way; empty: none is sent */
    unsigned bad_commands;
    /* Of IDLE. */
    bool idling;
    struct task *pusher;
};

static inline bool faulty(const struct imapd_session *s, enum fault_id id)
{
    return fault_on(s->faults, id);
}

/* --- imapd.c --- */
enum command_flags {
    COMMAND_NO_EXPUNGE = 1,    /* sequence numbers must stay while it runs (unless it is UID) */
    COMMAND_UID = 2,           /* has a form with the prefix UID */
    COMMAND_UID_ONLY = 4,      /* has only that form */
    COMMAND_NEVER_EXPUNGE = 8, /* as COMMAND_NO_EXPUNGE, with the prefix UID too */
};
struct imapd_command {
    const char *name;
    unsigned states; /* where it is allowed */
    unsigned flags;
    size_t min_args, max_args;
    void (*run)(struct imapd_session *s);
};
/* NULL when unknown. `words` begins at the command's name; *ret_used is 2 for "UID FETCH". */
const struct imapd_command *imapd_find_command(const struct imap_value *words, size_t n,
                                               size_t *ret_used);

/* --- imapd_faults.c --- */
/* True when a fault refuses the command under way: the reply is set or the session ends. */
bool imapd_fault_refuses(struct imapd_session *s);

/* --- imapd_read.c: what comes in --- */
enum read_outcome {
    READ_UNIT,    /* a whole command in *ret */
    READ_REFUSED, /* a literal was refused and everything was answered: read on */
    READ_BROKEN,  /* a line too long or the like: BYE was sent, the connection is over */
    READ_END,     /* the client is gone, or we are to stop */
    READ_TIMEOUT,
};
/* The unit is in session.arena. */
enum read_outcome imapd_read_unit(struct imapd_session *s, nsec deadline, slice *ret);
/* One line of a conversation inside a command (AUTHENTICATE, IDLE), without CRLF, in the arena. */
enum read_outcome imapd_read_line(struct imapd_session *s, nsec deadline, slice *ret);
/* Puts octets back in front of what waits to be read. */
void imapd_unread(struct imapd_session *s, slice octets);
/* When a client that sends nothing is logged out. */
nsec imapd_deadline(const struct imapd_session *s);

/* --- imapd_reply.c: what goes out --- */
void imapd_ok(struct imapd_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void imapd_no(struct imapd_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void imapd_bad(struct imapd_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A NO for a store_result other than STORE_OK. `target`: COPY, MOVE and APPEND say TRYCREATE. */
void imapd_no_store(struct imapd_session *s, enum store_result result, bool target);
/* Writes the tag and the reply, if there is one, and counts BADs. */
void imapd_send_reply(struct imapd_session *s);
/* Untagged output. */
void imapd_send(struct imapd_session *s, slice text);
void imapd_sendf(struct imapd_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline struct buf *imapd_out(struct imapd_session *s)
{
    return &s->conn->out;
}
/* Sends what waits once it is IMAPD_FLUSH_AT octets. False when the connection is broken. */
bool imapd_flush_some(struct imapd_session *s);
/* Sends "* BYE text" and ends the session. */
void imapd_bye(struct imapd_session *s, const char *text);
/* A mailbox name as the client can read it: modified UTF-7, or UTF-8 in IMAP4rev2. */
void imapd_add_name(const struct imapd_session *s, struct buf *out, const char *name);
/* "\Seen \Recent work", without parentheses. */
void imapd_add_flags(struct buf *out, const struct message *msg, bool recent);
/* Sorted UIDs or sequence numbers as a set. */
void imapd_add_set(struct imapd_session *s, struct buf *out, const uint32_t *v, size_t n);

/* --- imapd_args.c: arguments. On false the reply is set. --- */
/* One space between values and nowhere else, CRLF at the end. */
bool imapd_spacing_is_right(slice unit, const struct imap_value *top);
bool imapd_astring(struct imapd_session *s, const struct imap_value *v, slice *ret);
/* UTF-8 in the arena, INBOX in capitals where it is the first level. */
bool imapd_mailbox_name(struct imapd_session *s, const struct imap_value *v, slice *ret);
/* The mailbox of that name; NO when there is none. */
bool imapd_mailbox(struct imapd_session *s, const struct imap_value *v, bool target,
                   struct mailbox **ret);
struct flag_list {
    unsigned flags;
    slice *keywords;
    size_t n_keywords;
};
/* n values that are flags. */
bool imapd_flags(struct imapd_session *s, const struct imap_value *v, size_t n,
                 struct flag_list *ret);
/* Adds the keywords to the mailbox; NO [LIMIT] when they are too many. */
bool imapd_keyword_bits(struct imapd_session *s, struct mailbox *m, const struct flag_list *f,
                        uint64_t *ret);
/* Indexes into view.entries, ascending. A number beyond the mailbox is BAD; unknown UIDs and
   messages that others expunged are left out of a UID set. "$" is the saved result. */
struct entry_list {
    size_t *v;
    size_t n;
};
bool imapd_message_set(struct imapd_session *s, const struct imap_value *v, bool uid,
                       struct entry_list *ret);
/* A set of UIDs without regard to the view: normal form with "*" as the highest UID. */
bool imapd_uid_set(struct imapd_session *s, const struct imap_value *v, struct imap_set *ret);
bool imapd_modseq(struct imapd_session *s, const struct imap_value *v, bool zero_allowed,
                  uint64_t *ret);

/* --- imapd_notify.c: the view, and telling what changed --- */
/* Fills an empty view; \Recent is claimed unless read_only. Announces nothing. */
void view_open(struct imapd_session *s, struct mailbox *m, bool read_only);
void view_close(struct imapd_session *s);
/* SIZE_MAX when the UID is not in the view. */
size_t view_find(const struct view *v, uint32_t uid);
size_t view_lower_bound(const struct view *v, uint32_t uid);
size_t view_count_recent(const struct view *v);
/* Tells what others did since the last time. */
void imapd_notify(struct imapd_session *s, bool may_expunge);
/* Some message of the view was expunged by another session and that was not yet told. */
bool view_has_untold_expunge(const struct view *v);
/* Takes those messages out of the view without telling: a fault. */
void view_drop_expunged(struct view *v);
/* "* n FETCH (UID MODSEQ FLAGS)" as an unsolicited update; notes it as told. */
enum fetch_update { UPDATE_FLAGS = 1, UPDATE_MODSEQ = 2, UPDATE_UID = 4 };
void imapd_send_update(struct imapd_session *s, size_t index, unsigned what);
/* FLAGS and PERMANENTFLAGS responses. */
void imapd_send_flag_lists(struct imapd_session *s);
/* The mod-sequence to show of a message (faults show another). */
uint64_t imapd_shown_modseq(const struct imapd_session *s, const struct message *msg);
/* The highest mod-sequence, and HIGHESTMODSEQ with its text, if it is to be sent. */
void imapd_send_highest_modseq(struct imapd_session *s);
/* A CONDSTORE enabling command was given (RFC 7162, section 3.1). */
void imapd_enable_condstore(struct imapd_session *s);

/* --- shared between commands --- */
bool imapd_is_status_list(struct imapd_session *s, const struct imap_value *list,
                          unsigned *ret_items); /* imapd_status.c */
void imapd_send_status(struct imapd_session *s, struct mailbox *m, unsigned items);
void imapd_add_capabilities(struct imapd_session *s, struct buf *out); /* imapd_misc.c */
void imapd_send_list(struct imapd_session *s, slice name);             /* imapd_list.c */
/* VANISHED (EARLIER) for what of `known` (normal; NULL: everything) was expunged after modseq,
   leaving out UIDs up to `matched`; imapd_fetch.c */
void imapd_send_vanished_earlier(struct imapd_session *s, const struct imap_set *known,
                                 uint64_t modseq, uint32_t matched);
/* Expunges what is \Deleted and within `uids` (NULL: all); imapd_store.c */
size_t imapd_expunge_deleted(struct imapd_session *s, const struct imap_set *uids);

/* --- commands, one function each, by file --- */
void imapd_capability(struct imapd_session *s);
void imapd_noop(struct imapd_session *s);
void imapd_logout(struct imapd_session *s);
void imapd_id(struct imapd_session *s);
void imapd_enable(struct imapd_session *s);
void imapd_namespace(struct imapd_session *s);
void imapd_compress(struct imapd_session *s);
void imapd_starttls(struct imapd_session *s);
void imapd_login(struct imapd_session *s);
void imapd_authenticate(struct imapd_session *s);
void imapd_create(struct imapd_session *s);
void imapd_delete(struct imapd_session *s);
void imapd_rename(struct imapd_session *s);
void imapd_subscribe(struct imapd_session *s);
void imapd_unsubscribe(struct imapd_session *s);
void imapd_list(struct imapd_session *s);
void imapd_lsub(struct imapd_session *s);
void imapd_status(struct imapd_session *s);
void imapd_select(struct imapd_session *s);
void imapd_examine(struct imapd_session *s);
void imapd_close(struct imapd_session *s);
void imapd_unselect(struct imapd_session *s);
void imapd_append(struct imapd_session *s);
void imapd_fetch(struct imapd_session *s);
void imapd_search(struct imapd_session *s);
void imapd_store(struct imapd_session *s);
void imapd_expunge(struct imapd_session *s);
void imapd_copy(struct imapd_session *s);
void imapd_move(struct imapd_session *s);
void imapd_idle(struct imapd_session *s);
/* From start to stop another task tells what changes in the selected mailbox; imapd_idle.c */
void imapd_start_pushing(struct imapd_session *s);
void imapd_stop_pushing(struct imapd_session *s);
void imapd_getquota(struct imapd_session *s);
void imapd_getquotaroot(struct imapd_session *s);
void imapd_setquota(struct imapd_session *s);

/* What APPEND can say before the message is sent (RFC 9051, section 4.3): false and the reply is
   set when it is refused. `args` are the words so far; octets is the announced size. */
bool imapd_append_is_welcome(struct imapd_session *s, const struct imap_value *args, size_t n,
                             uint64_t octets);

#endif
