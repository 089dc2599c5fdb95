/* One question of the survey: a connection, a hello, what comes back. Shared by tls_survey*.c. */
#ifndef TLS_SURVEY_ASK_H
#define TLS_SURVEY_ASK_H

#include "tls_answer.h"
#include "tls_survey.h"

enum {
    SURVEY_TROUBLE_MAX = 3 /* questions in a row without a clear answer: the rest is given up */
};

struct survey {
    const struct survey_way *way;
    struct tls_survey *facts;
    unsigned max;                   /* connections; 0: no limit */
    unsigned trouble;               /* questions in a row that had no clear answer */
    bool stopped;                   /* nothing more is asked */
    bool modern;                    /* the hello of a client of today was taken */
    bool suites_unclear;            /* there may be suites that were not seen */
    struct tls_client_hello *taken; /* a hello that was accepted, for a control; owned; or NULL */
};
void survey_begin(struct survey *s, const struct survey_way *way, struct tls_survey *facts,
                  unsigned max);
void survey_end(struct survey *s);

/* Asks with that hello; *ret is always initialised, release it. ACCEPTED: a ServerHello or a
   HelloRetryRequest came, whatever it chose. A connection that is closed without an alert counts as
   REFUSED only when the control (a hello that was taken before) is still taken. */
enum survey_answer survey_ask(struct survey *s, const char *question,
                              const struct tls_client_hello *hello, struct tls_answer *ret);

/* The server ends connections that it took before, so that nothing more is asked. SURVEY_UNCLEAR. */
enum survey_answer survey_closed(struct survey *s, const char *question);

/* For questions that are no hello of ours: false when nothing more is asked, or when no connection
   came about (noted). */
bool survey_may_ask(struct survey *s, const char *question);
bool survey_open(struct survey *s, const char *question, struct stream **ret);
/* Notes the sentence, gives up when it is one too many in a row. Returns SURVEY_UNCLEAR. */
enum survey_answer survey_unclear(struct survey *s, const char *question, const char *why);

/* Hellos. `newest` is the newest version offered; without lists yet but those of extensions that go
   with it (groups, signature schemes, server name, key share of TLS 1.3). */
void hello_init(struct tls_client_hello *h, const struct survey_way *way, uint16_t newest);
/* Which suites to offer. */
enum offer {
    OFFER_MODERN, /* TLS 1.3, and (EC)DHE or RSA with AES or ChaCha20 */
    OFFER_ALL,    /* all but pre-shared keys, TLS 1.3 left out */
    OFFER_OLD,    /* what servers older than TLS 1.2 speak */
    OFFER_WEAK,   /* what nobody should take */
    OFFER_13
};
void hello_offer(struct tls_client_hello *h, enum offer what);
bool tls_suite_is_weak(const struct tls_suite *suite);
/* Those among list that are wanted. */
void hello_offer_of(struct tls_client_hello *h, const struct survey_suites *list,
                    bool (*wanted)(const struct tls_suite *suite));

/* The size of a DHE prime, which an answer may tell besides what it was asked. */
void survey_note_answer(struct survey *s, const struct tls_answer *answer);
/* A TLS 1.2 hello and all that its answer says: version, suite, hygiene. `what` is to be offered. */
enum survey_answer survey_tls12(struct survey *s, enum offer what, bool with_name, slice *ret_leaf);

#endif
