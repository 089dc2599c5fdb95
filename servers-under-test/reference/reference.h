/* One reference mail system: SMTP, submission, LMTP, POP3 and IMAP servers over one store, strict
   and complete, that do wrong only what a named fault says. It lives inside the scheduler of the
   caller and serves any stream, so that the same code runs in memory on the virtual clock and on
   sockets. Mail that comes in by SMTP or LMTP comes out by POP3 and IMAP; authenticated users
   relay to a next hop. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "fault.h"
#include "service.h"
#include "stream.h"

struct account; /* store.h */
struct ca;
struct store;
struct tls_context;
struct tls_options;

/* Somebody who may log in. Strings are borrowed in reference_options; reference_accounts() gives
   ref's own copies, with nothing NULL. */
struct reference_account {
    const char *user;
    const char *password;
    const char *address; /* NULL: user@domain */
    const char *token;   /* for OAUTHBEARER and XOAUTH2; NULL: the password */
};

struct reference_options {
    struct faults faults;
    const char *host_name; /* in greetings, Received: and the certificate; NULL:
                              mail.mailassay.test */
    const char *domain;    /* the one it takes mail for; NULL: mailassay.test */
    /* NULL: alice, bob and carol with passwords made at random. */
    const struct reference_account *accounts;
    size_t n_accounts;
    const char *journal_path; /* where the store survives a restart; NULL: memory only */
    /* Signs the server's certificate; borrowed; NULL: an authority of its own. */
    const struct ca *ca;
    /* A server context to use in place of a certificate made here; borrowed; NULL: make one. The
       faults of certificates need one made here. */
    struct tls_context *tls;
    /* Asks for client certificates signed by the authority and offers EXTERNAL: the certificate's
       common name is the user name. */
    bool client_certificates;
    /* The only SASL mechanisms it offers, separated by spaces; passwords by LOGIN (IMAP) and USER
       (POP3) are taken only with PLAIN or LOGIN among them. NULL: all; borrowed. */
    const char *mechanisms;
    /* Names of the certificate beside the host name, NULL-terminated; NULL: none; borrowed. */
    const char *const *names;
    bool clear_login;  /* passwords are taken without TLS, too */
    bool anonymous;    /* offers ANONYMOUS, which logs in as the account "anonymous" */
    uint64_t size_max; /* octets of a message (SIZE); 0: 10 MiB */
    /* The quota of accounts that have none yet; 0: no limit. */
    uint64_t quota_octets, quota_messages;
    nsec idle_limit; /* in place of each protocol's own idle time; 0: as the RFCs say */
    /* Connects to where mail for other domains goes. 0 and *ret, or < 0. NULL: no relaying, 550
       for other domains even after AUTH. */
    int (*dial_next_hop)(void *arg, nsec deadline, struct error *err, struct stream **ret);
    void *dial_arg;
};

struct reference;
/* ERR_FILE when the journal cannot be read or written, ERR_TLS when the context cannot be made. */
int reference_new(const struct reference_options *options, struct error *err,
                  struct reference **ret);
/* No connection may be served any more. NULL is fine. */
void reference_free(struct reference *ref);

/* Serves one connection in the current task until it ends, the implicit TLS handshake included;
   owns the stream and closes it. peer_address ("127.0.0.1") goes into Received: headers. */
void reference_serve(struct reference *ref, enum service_id service, struct stream *stream,
                     const char *peer_address);

/* The certificate that clients must trust, as PEM text; borrowed. Empty with options.tls. */
slice reference_ca_pem(const struct reference *ref);
const struct ca *reference_ca(const struct reference *ref);
/* Its server context, for options.tls of others that shall have the same certificate. */
struct tls_context *reference_tls_context(const struct reference *ref);
struct store *reference_store(struct reference *ref);
const struct faults *reference_faults(const struct reference *ref);
const char *reference_host_name(const struct reference *ref);
const char *reference_domain(const struct reference *ref);
const struct reference_options *reference_settings(const struct reference *ref);
/* The accounts as given or made, with their passwords, addresses and tokens; owned by ref. */
const struct reference_account *reference_accounts(const struct reference *ref, size_t *ret_n);

/* For the servers. By user name (exact) or whole address, NULL when there is none; the account
   that mail for this local part and domain goes to ("alice+lists" is alice's). */
struct account *reference_find_user(struct reference *ref, slice user);
struct account *reference_find_mailbox(struct reference *ref, slice local, slice domain);
/* The account when user and password are right, else NULL. For LOGIN, USER/PASS and SASL alike. */
struct account *reference_login(struct reference *ref, slice user, slice password);
/* As reference_login, by a bearer token; an empty user is whoever the token belongs to. */
struct account *reference_login_token(struct reference *ref, slice user, slice token);

#endif
