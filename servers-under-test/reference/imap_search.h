/* SEARCH (RFC 3501 and RFC 9051 6.4.4 and 7.3.4, ESEARCH RFC 4731, SEARCHRES RFC 5182, MODSEQ RFC
   7162 3.1.5, SAVEDATE RFC 8514, OLDER/YOUNGER RFC 5032): parse, match one message, format the
   answer. Pure: messages come through callbacks.

   Text is compared after decoding transfer encodings, RFC 2047 words and the charsets US-ASCII,
   UTF-8 and ISO-8859-1 into UTF-8, and folding case by Unicode simple folding (imap_search_text.h).
   Octets of another charset are compared as they stand.

       struct search_program *p;
       struct search_failure failure;
       if (!search_parse(&arena, args, n_args, &options, &p, &failure)) ...NO or BAD
       for each message: if (search_match(p, &box, &message)) search_add(&results, seq, uid, modseq)
       search_render(p, &results, tag, uid, &out) */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "arena.h"
#include "buf.h"
#include "slice.h"

struct faults;
struct imap_value;

enum {
    SEARCH_NESTING_MAX = 50, /* parentheses, NOT and OR inside one another */
    SEARCH_KEYS_MAX = 2000,  /* search keys of one command */
};

enum search_return {
    SEARCH_MIN = 1,
    SEARCH_MAX = 2,
    SEARCH_ALL = 4,
    SEARCH_COUNT = 8,
    SEARCH_SAVE = 16,
};

struct search_key; /* private: a tree */

struct search_program {
    const struct search_key *key;
    bool extended;    /* RETURN was given: the answer is an ESEARCH response */
    unsigned returns; /* set of enum search_return; RETURN () is SEARCH_ALL */
    bool modseq;      /* a MODSEQ key is there: the answer ends in the highest mod-sequence */
    bool needs_body;  /* some key reads the octets of the message */
    bool uses_saved;  /* "$" is there */
    const struct faults *faults;
};

enum search_verdict {
    SEARCH_BAD,        /* tagged BAD with the text */
    SEARCH_BADCHARSET, /* tagged NO; put `code` in front of the text */
    SEARCH_LIMIT,      /* tagged NO [LIMIT]: too deep or too many keys */
};

struct search_failure {
    enum search_verdict verdict;
    const char
        *code; /* "[BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] " or "[LIMIT] " with its space, or "" */
    const char *text;  /* one sentence, static */
    bool clears_saved; /* RETURN (SAVE) failed with NO: "$" becomes empty (RFC 5182 2.1) */
};

struct search_options {
    const struct faults *faults; /* NULL: none */
    bool utf8;                   /* ENABLE UTF8=ACCEPT was done: CHARSET is refused (RFC 6855 3) */
    bool rev2;                   /* IMAP4rev2 enabled: answers are ESEARCH even without RETURN */
};

/* `args` are the values after SEARCH (or UID SEARCH), from RETURN, CHARSET or the first key on.
   On false *ret is untouched and *ret_failure says what to reply. */
bool search_parse(struct arena *a, const struct imap_value *args, size_t n,
                  const struct search_options *options, struct search_program **ret,
                  struct search_failure *ret_failure);

/* What a sequence set is resolved against. */
struct search_box {
    uint32_t max_seq; /* number of messages */
    uint32_t max_uid; /* UID of the last message, 0 when there is none */
    int64_t now;      /* seconds since 1970, for OLDER and YOUNGER */
};

/* One message; the callbacks are called only when a key needs them. */
struct search_message {
    uint32_t seq, uid;
    uint64_t modseq;
    uint64_t size;
    int64_t internal_date; /* seconds since 1970 */
    int zone;              /* minutes east of UTC: BEFORE, ON and SINCE use the date in this zone */
    bool recent;           /* \Recent in this session */
    bool saved;            /* the message is in "$" */
    bool has_save_date;
    int64_t save_date;
    bool (*has_flag)(void *data,
                     slice name); /* name as the client wrote it: compare without case */
    slice (*octets)(void *data);  /* the whole message */
    void *data;
};

bool search_match(const struct search_program *p, const struct search_box *box,
                  const struct search_message *message);

/* Matches, in ascending order of sequence number. All zero is empty; search_results_release. */
struct search_hit {
    uint32_t seq, uid;
    uint64_t modseq;
};
struct search_results {
    struct search_hit *v;
    size_t n, cap;
};
void search_add(struct search_results *results, uint32_t seq, uint32_t uid, uint64_t modseq);
void search_results_release(struct search_results *results);

/* Appends the untagged SEARCH or ESEARCH response with its CRLF, or nothing when RETURN (SAVE)
   asked for nothing else. `uid` says that it was UID SEARCH. */
void search_render(const struct search_program *p, const struct search_results *results, slice tag,
                   bool uid, struct buf *out);

/* With SEARCH_SAVE: which of the results "$" now holds (RFC 5182 2.4): all, or only the first
   and/or last. Keeps those in *results and drops the others. */
void search_keep_saved(const struct search_program *p, struct search_results *results);

#endif
