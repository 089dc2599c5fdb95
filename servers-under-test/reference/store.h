/* The mail store that all reference servers share: accounts, mailboxes and messages in memory,
   with an optional journal file that survives a restart.

   Everything is plain data to read; it is changed only through the functions below, which keep
   UIDs, mod-sequences, the expunge log, quota and the journal right and wake who waits on
   mailbox.changed. No function here blocks. One thread.

   Names of mailboxes are UTF-8 with "/" between levels; the first level INBOX is always spelt in
   capitals inside the store (functions that take a name accept it in any case). Lifetimes:
   accounts and mailboxes live as long as the store, a deleted mailbox with `gone` set. Messages
   are counted: take a reference with message_ref() to keep one over a wait. */
#ifndef STORE_H
#define STORE_H

#include "array.h"
#include "error.h"
#include "slice.h"
#include "task.h"

struct faults;
struct store;
struct journal;

#define STORE_SEPARATOR '/'
enum {
    STORE_NAME_MAX = 1000,          /* octets of a mailbox name */
    STORE_DEPTH_MAX = 100,          /* levels of a mailbox name */
    STORE_MAILBOXES_MAX = 10000,    /* names of one account */
    STORE_KEYWORDS_MAX = 64,        /* different keywords in one mailbox */
    STORE_KEYWORD_LENGTH_MAX = 100, /* octets of one keyword */
};
#define STORE_APPEND_LIMIT ((uint64_t)64 << 20) /* octets of one message, unless set */
#define STORE_NO_LIMIT UINT64_MAX
#define STORE_QUOTA_ROOT "User quota" /* the one quota root of every account */

/* System flags. \Recent is not one of them: see mailbox.first_recent. */
enum message_flag {
    FLAG_ANSWERED = 1,
    FLAG_FLAGGED = 2,
    FLAG_DELETED = 4,
    FLAG_SEEN = 8,
    FLAG_DRAFT = 16,
    FLAGS_ALL = 31,
};
/* "\Answered" for FLAG_ANSWERED and so on; NULL for what is not one flag. */
const char *flag_name(enum message_flag flag);
/* 0 when `name` (in any case) is not a system flag that a client may set. */
unsigned flag_by_name(slice name);

/* RFC 6154, section 2. */
enum special_use {
    SPECIAL_NONE,
    SPECIAL_ALL,
    SPECIAL_ARCHIVE,
    SPECIAL_DRAFTS,
    SPECIAL_FLAGGED,
    SPECIAL_JUNK,
    SPECIAL_SENT,
    SPECIAL_TRASH,
    SPECIAL_COUNT,
};
/* "\Sent"; "" for SPECIAL_NONE. */
const char *special_use_name(enum special_use use);
/* SPECIAL_NONE when unknown. */
enum special_use special_use_by_name(slice name);

/* Bytes of a message: immutable, shared by its copies. */
struct message_body {
    size_t refs;
    slice bytes;
};

struct message {
    size_t refs;
    struct mailbox *mailbox;
    uint32_t uid;          /* rising within the mailbox, never used twice under one UIDVALIDITY */
    uint64_t modseq;       /* RFC 7162: of its last change */
    unsigned flags;        /* FLAG_... */
    uint64_t keywords;     /* bit i: mailbox->keywords.v[i] */
    int64_t internal_date; /* seconds since 1970, UTC */
    int internal_zone;     /* minutes east of UTC in which the date was given */
    int64_t save_date;     /* seconds since 1970: when it came into this mailbox */
    uint64_t unique;       /* never used twice in the store's life: see message_uidl() */
    uint64_t change;       /* mailbox->change at its last change */
    bool expunged;         /* no longer in the mailbox; kept for who still holds a reference */
    struct message_body *body;
};

struct expunged {
    uint32_t uid;
    uint64_t modseq;
};

struct mailbox {
    struct account *account;
    uint32_t id; /* of the journal: given once in the store's life */
    char *name;
    uint32_t uidvalidity; /* rising over the store's life, never given twice */
    uint32_t uidnext;
    uint64_t highest_modseq; /* >= 1 */
    uint32_t first_recent;   /* messages from this UID on are \Recent to the next session */
    enum special_use special;
    bool gone;                        /* deleted; its messages are expunged */
    ARRAY(struct message *) messages; /* sorted by UID */
    ARRAY(struct expunged) expunged;  /* sorted by mod-sequence */
    ARRAY(char *) keywords;
    uint64_t octets;     /* sum of the message sizes */
    uint64_t change;     /* counts every change that another session could see */
    struct cond changed; /* broadcast whenever `change` rises */
};

struct account {
    struct store *store;
    char *user, *password; /* password as given, for mechanisms that need it */
    char *address;         /* user@domain */
    ARRAY(char *) aliases;
    ARRAY(struct mailbox *) mailboxes;     /* existing ones, sorted by name, INBOX first */
    ARRAY(struct mailbox *) gone;          /* deleted ones */
    ARRAY(char *) subscriptions;           /* names, sorted; they need not exist */
    uint64_t storage_limit, message_limit; /* octets, messages; STORE_NO_LIMIT */
    const void *pop3_owner;                /* who holds the exclusive lock on INBOX, or NULL */
};

struct store {
    ARRAY(struct account *) accounts;
    const struct faults *faults; /* borrowed; never NULL */
    uint64_t append_limit;       /* octets */
    uint32_t next_uidvalidity, next_mailbox_id;
    uint64_t next_unique;
    int64_t (*wall)(void);
    struct journal *journal; /* NULL: memory only */
};

enum store_result {
    STORE_OK,
    STORE_NO_MAILBOX,   /* no such mailbox */
    STORE_EXISTS,       /* a mailbox of this name is there */
    STORE_BAD_NAME,     /* empty level, control character, too long or too deep */
    STORE_CANNOT,       /* INBOX cannot be deleted; a name without a mailbox cannot be renamed */
    STORE_HAS_CHILDREN, /* a name without a mailbox that has children cannot be deleted */
    STORE_OVER_QUOTA,
    STORE_TOO_BIG, /* larger than append_limit */
    STORE_LIMIT,   /* too many mailboxes or keywords */
    STORE_GONE,    /* the message or mailbox was removed meanwhile */
};

/* --- the store --- */

struct store_options {
    const char *journal;         /* path, created when absent; NULL: memory only */
    const struct faults *faults; /* borrowed for the store's life; NULL: none */
    uint64_t append_limit;       /* 0: STORE_APPEND_LIMIT */
    uint32_t first_uidvalidity;  /* 0: the wall clock's seconds */
    int64_t (*wall)(void);       /* seconds since 1970; NULL: time() */
};
/* A new store, or what the journal holds. A torn last record of the journal (a crash while
   writing) is cut off; anything else wrong in it is ERR_FILE. *ret is freed with store_free(). */
int store_open(const struct store_options *o, struct store **ret, struct error *err);
void store_free(struct store *st);
/* A failed write to the journal is remembered and reported here, once: 0 or ERR_INTERNAL. */
int store_journal_check(struct store *st, struct error *err);

/* --- accounts --- */

/* A new account with its INBOX. An account of that user is given back with the password and the
   address renewed, so that a restart may repeat the call. */
struct account *store_add_account(struct store *st, const char *user, const char *password,
                                  const char *address);
void account_add_alias(struct account *a, const char *address);
/* NULL when there is none. User names are compared exactly, addresses without regard to case. */
struct account *store_account(struct store *st, slice user);
struct account *store_account_by_address(struct store *st, slice address);
/* STORE_NO_LIMIT for none. */
void account_set_quota(struct account *a, uint64_t storage_octets, uint64_t messages);
void account_usage(const struct account *a, uint64_t *ret_octets, uint64_t *ret_messages);
/* The POP3 lock: false when another owner holds it. Unlocking without holding it does nothing. */
bool account_lock(struct account *a, const void *owner);
void account_unlock(struct account *a, const void *owner);

/* --- mailboxes --- */

/* NULL when there is none of this name. */
struct mailbox *account_mailbox(const struct account *a, slice name);
struct mailbox *account_inbox(const struct account *a);
/* Some existing mailbox is below `name`. */
bool account_has_children(const struct account *a, slice name);
/* A mailbox below `name` or of that name exists (a level without a mailbox is \Noselect). */
bool account_has_name(const struct account *a, slice name);
/* Creates the mailbox and the levels above it that are missing. One trailing separator is
   allowed and ignored. */
enum store_result account_create(struct account *a, slice name, enum special_use use,
                                 struct mailbox **ret);
/* Children stay, and the name then is a level without a mailbox. */
enum store_result account_delete(struct account *a, slice name);
/* Children move along. Renaming INBOX moves its messages into a new mailbox and leaves INBOX
   empty (RFC 9051, section 6.3.6). */
enum store_result account_rename(struct account *a, slice from, slice to);
void account_subscribe(struct account *a, slice name, bool subscribed);
bool account_is_subscribed(const struct account *a, slice name);

/* --- messages --- */

struct new_message {
    slice bytes; /* copied */
    unsigned flags;
    const slice *keywords;
    size_t n_keywords;
    int64_t internal_date; /* 0: now, in UTC */
    int internal_zone;
};
/* Enough quota for n more messages of so many octets together? (COPY asks before it begins.) */
bool mailbox_fits(const struct mailbox *m, uint64_t n, uint64_t octets);
/* *ret stays owned by the mailbox. It may be NULL. */
enum store_result mailbox_append(struct mailbox *m, const struct new_message *n,
                                 struct message **ret);
/* A copy with the same bytes, flags, keywords and internal date. */
enum store_result mailbox_copy(struct mailbox *to, const struct message *msg, struct message **ret);
/* Sets exactly these; does nothing (and keeps the mod-sequence) when they are set already. False
   when the message is expunged. */
bool message_set_flags(struct message *msg, unsigned flags, uint64_t keywords);
/* Removes it from its mailbox. False when it was. */
bool message_expunge(struct message *msg);
struct message *message_ref(struct message *msg);
void message_unref(struct message *msg);
static inline slice message_bytes(const struct message *msg)
{
    return msg->body->bytes;
}
static inline size_t message_size(const struct message *msg)
{
    return msg->body->bytes.n;
}
/* POP3's unique-id: stable over sessions and restarts, never reused. Returns `text`. */
char *message_uidl(const struct message *msg, char text[32]);

/* NULL when no such message. */
struct message *mailbox_by_uid(const struct mailbox *m, uint32_t uid);
/* Index of the first message with a UID >= uid; messages.n when there is none. */
size_t mailbox_lower_bound(const struct mailbox *m, uint32_t uid);
/* Bit number of a keyword (any case), -1 when the mailbox does not know it. With `create` it is
   added, and -1 means that there are STORE_KEYWORDS_MAX already or it is no keyword. */
int mailbox_keyword(struct mailbox *m, slice name, bool create);
/* The first UID that is \Recent; later sessions no longer see these messages as recent. */
uint32_t mailbox_claim_recent(struct mailbox *m);
/* Tells everybody that something changed (the functions above do). */
void mailbox_touch(struct mailbox *m);

#endif
