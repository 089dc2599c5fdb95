/* Shared by the parts of a visit (port_*.c) only. */
#ifndef PORT_VISIT_PRIVATE_H
#define PORT_VISIT_PRIVATE_H

#include "port_talk.h"
#include "tls.h"

struct visit {
    const struct port_options *options;
    struct port_facts *facts;
    SSL_SESSION *session; /* of the first handshake; owned; NULL: none to resume */
    bool no_probes;       /* they made the server leave: only what TLS needs is asked */
    bool speaks_tls;      /* TLS records came, whatever became of the handshake */
    bool hangs;           /* the first handshake had no end in time */
    bool gave_up;         /* nothing more can be learnt */
    bool lost;            /* the first conversation broke off */
    bool refused;         /* STARTTLS is offered, and was refused behind our probes */
};

/* May another connection be made? */
bool visit_goes_on(const struct visit *v);
/* One sentence on what could not be told. */
void visit_unclear(struct port_facts *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The last reply of t was none: says so (unless the server limits us), and v is lost. */
bool visit_lost(struct visit *v, struct talk *t, const char *what);
/* Nothing is known of what the server offers, and the last of the unclear sentences says why. */
void visit_broke_off(struct port_facts *f);

/* ---- port_session.c: the first connection ---- */
void visit_session(struct visit *v);

/* ---- port_clear.c: before TLS ---- */
/* The greeting was taken. Asks what there is to ask, begins TLS, and goes on in visit_in_tls(). */
void visit_in_clear(struct visit *v, struct talk *t);
/* Sends STARTTLS or STLS and takes the go-ahead; what else came is told in `bytes_before`, which may
   be NULL. */
enum talk_answer visit_go_ahead(struct talk *t, bool *bytes_before);

/* ---- port_in_tls.c: after the handshake ---- */
/* Shakes hands for the first session and notes all about it. False when it failed: facts->tls.failure
   says how, unless it was interrupted. */
bool visit_shake(struct visit *v, struct talk *t);
void visit_in_tls(struct visit *v, struct talk *t);
/* QUIT or LOGOUT. */
void visit_leave(struct talk *t);

/* ---- port_offers.c ---- */
/* Asks for the capabilities (or reads them from the greeting) and stores them. */
enum talk_answer visit_ask_offers(struct talk *t, struct capabilities *caps);
enum seen visit_offers_login(const struct talk *t, const struct capabilities *caps);

/* ---- port_tls_facts.c ---- */
/* How we shake hands: anything that OpenSSL can do, server name, by record. */
void visit_tls_options(const struct port_facts *f, struct tls_options *ret);
/* Server name to send, or NULL when the host is an address. */
const char *visit_server_name(const struct port_facts *f);
void visit_note_session(struct visit *v, const struct tls_info *info);
void visit_note_failure(struct port_facts *f, const struct error *err, const struct tls_info *info);
void visit_note_ticket(struct visit *v, struct stream *tls);
/* The other certificate against that of the first session; may be NULL. */
enum same_certificate visit_compare(const struct port_facts *f, X509 *other);

/* ---- port_second.c: the connections after the first ---- */
void visit_second(struct visit *v);
/* Questions that the quick visit has no connection for. */
void visit_extra(struct visit *v);
/* What the answers inside TLS say about a NOOP that was sent in clear behind STARTTLS: `text` is all
   that came after our QUIT or LOGOUT. `tag`: of the NOOP, for IMAP. Pure. */
enum injection visit_injection_of(enum port_protocol protocol, slice text, slice tag,
                                  slice *ret_said);

/* ---- port_parity.c ---- */
void visit_parity(struct port_facts *rows, size_t n);

#endif
