/* The parts of the full survey, in tls_survey_*.c. Each asks its questions and fills its fields. */
#ifndef TLS_SURVEY_FULL_H
#define TLS_SURVEY_FULL_H

#include "tls_survey_ask.h"

/* A hello whose newest version is v, with everything that is offered to it. */
void survey_hello(const struct survey *s, enum survey_version v, struct tls_client_hello *h);

/* All suites of a version, one connection for each and one for the end. `known` were chosen by
   earlier answers and are not asked for again; NULL: none. */
void survey_suites(struct survey *s, enum survey_version v, const struct tls_list *known);
void survey_order(struct survey *s, enum survey_version v);
void survey_ssl2(struct survey *s);
void survey_weak(struct tls_survey *f);

/* Groups of TLS 1.3, then those that TLS 1.2 (or the newest there is) takes besides. */
void survey_groups(struct survey *s);
/* Schemes that the server signs with; and whether it goes on when offered SHA-1 and MD5 alone. */
void survey_signatures(struct survey *s);

/* The one question that needs a real handshake: OpenSSL's, so NOT_ASKED where that cannot do it. */
void survey_renegotiation(struct survey *s);

#endif
