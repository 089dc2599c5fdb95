#include "reference.h"
#include "alloc.h"
#include "array.h"
#include "buf.h"
#include "imapd.h"
#include "pop3d.h"
#include "sasl_secrets.h"
#include "server_tls.h"
#include "smtpd.h"
#include "store.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>

#define DEFAULT_HOST_NAME "mail.mailassay.test"
#define DEFAULT_DOMAIN "mailassay.test"
#define ANONYMOUS_USER "anonymous"
enum { PASSWORD_LENGTH = 20, SIZE_MAX_DEFAULT = 10 * 1024 * 1024 };

struct reference {
    struct reference_options options; /* strings owned or literal */
    char *host_name, *domain, *journal_path;
    ARRAY(struct reference_account) accounts; /* strings owned */
    struct store *store;
    struct server_tls tls;
    struct sasl_secrets *secrets;
};

/* Letters and digits only: it must pass every protocol's grammar unquoted. */
static char *random_password(void)
{
    static const char letters[] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned char noise[PASSWORD_LENGTH];
    int ok = RAND_bytes(noise, sizeof noise);
    char *text = xcalloc(1, PASSWORD_LENGTH + 1);
    for (size_t i = 0; ok == 1 && i < PASSWORD_LENGTH; i++)
        text[i] = letters[noise[i] % (sizeof letters - 1)];
    return text;
}

static void add_account(struct reference *ref, const struct reference_account *given)
{
    struct reference_account *a = array_push(&ref->accounts);
    a->user = xstrdup(given->user);
    a->password = given->password ? xstrdup(given->password) : random_password();
    a->address =
        given->address ? xstrdup(given->address) : xprintf("%s@%s", given->user, ref->domain);
    a->token = xstrdup(given->token ? given->token : a->password);
    store_add_account(ref->store, a->user, a->password, a->address);
}

/* A quota that was set before the restart stays. */
static void limit_accounts(struct reference *ref, const struct reference_options *o)
{
    if (!o->quota_octets && !o->quota_messages)
        return;
    uint64_t octets = o->quota_octets ? o->quota_octets : STORE_NO_LIMIT;
    uint64_t messages = o->quota_messages ? o->quota_messages : STORE_NO_LIMIT;
    array_each (given, &ref->accounts) {
        struct account *a = store_account(ref->store, slice_of(given->user));
        if (a->storage_limit == STORE_NO_LIMIT && a->message_limit == STORE_NO_LIMIT)
            account_set_quota(a, octets, messages);
    }
}

static void add_accounts(struct reference *ref, const struct reference_options *o)
{
    static const struct reference_account usual[] = { { .user = "alice" },
                                                      { .user = "bob" },
                                                      { .user = "carol" } };
    size_t n = o->accounts ? o->n_accounts : COUNT(usual);
    for (size_t i = 0; i < n; i++)
        add_account(ref, o->accounts ? &o->accounts[i] : &usual[i]);
    if (o->anonymous)
        add_account(ref, &(struct reference_account) { .user = ANONYMOUS_USER });
}

static void own_options(struct reference *ref, const struct reference_options *o)
{
    ref->host_name = xstrdup(o->host_name ? o->host_name : DEFAULT_HOST_NAME);
    ref->domain = xstrdup(o->domain ? o->domain : DEFAULT_DOMAIN);
    ref->journal_path = o->journal_path ? xstrdup(o->journal_path) : NULL;
    ref->options = *o;
    ref->options.host_name = ref->host_name;
    ref->options.domain = ref->domain;
    ref->options.journal_path = ref->journal_path;
    if (!o->size_max)
        ref->options.size_max = SIZE_MAX_DEFAULT;
}

int reference_new(const struct reference_options *o, struct error *err, struct reference **ret)
{
    struct reference *ref = NEW(struct reference);
    own_options(ref, o);
    struct store_options store = { .journal = ref->journal_path, .faults = &ref->options.faults };
    int r = store_open(&store, &ref->store, err);
    if (r >= 0) {
        r = server_tls_init(&ref->tls, &ref->options, ref->host_name, err);
        add_accounts(ref, o);
        limit_accounts(ref, o);
        ref->options.accounts = ref->accounts.v;
        ref->options.n_accounts = ref->accounts.n;
    }
    if (r < 0) {
        reference_free(ref);
        return r;
    }
    ref->secrets = sasl_secrets_new();
    *ret = ref;
    return 0;
}

void reference_free(struct reference *ref)
{
    if (!ref)
        return;
    array_each (a, &ref->accounts) {
        free((char *)a->user);
        free((char *)a->password);
        free((char *)a->address);
        free((char *)a->token);
    }
    array_release(&ref->accounts);
    sasl_secrets_free(ref->secrets);
    server_tls_release(&ref->tls);
    if (ref->store)
        store_free(ref->store);
    free(ref->host_name);
    free(ref->domain);
    free(ref->journal_path);
    free(ref);
}

void reference_serve(struct reference *ref, enum service_id id, struct stream *stream,
                     const char *peer_address)
{
    static void (*const serve[])(struct server_conn *) = { [PROTOCOL_SMTP] = smtpd_serve,
                                                           [PROTOCOL_LMTP] = smtpd_serve,
                                                           [PROTOCOL_POP3] = pop3d_serve,
                                                           [PROTOCOL_IMAP] = imapd_serve };
    struct server_conn c;
    server_conn_init(&c, ref, &services[id], stream, peer_address);
    if (server_conn_begin(&c))
        serve[services[id].protocol](&c);
    server_conn_close(&c);
}

slice reference_ca_pem(const struct reference *ref)
{
    return ref->tls.ca ? ca_pem(ref->tls.ca) : (slice) { 0 };
}

const struct ca *reference_ca(const struct reference *ref)
{
    return ref->tls.ca;
}

const struct server_tls *reference_tls(const struct reference *ref)
{
    return &ref->tls;
}

struct sasl_secrets *reference_secrets(const struct reference *ref)
{
    return ref->secrets;
}

struct store *reference_store(struct reference *ref)
{
    return ref->store;
}

const struct faults *reference_faults(const struct reference *ref)
{
    return &ref->options.faults;
}

const char *reference_host_name(const struct reference *ref)
{
    return ref->host_name;
}

const char *reference_domain(const struct reference *ref)
{
    return ref->domain;
}

const struct reference_options *reference_settings(const struct reference *ref)
{
    return &ref->options;
}

const struct reference_account *reference_accounts(const struct reference *ref, size_t *ret_n)
{
    *ret_n = ref->accounts.n;
    return ref->accounts.v;
}

struct account *reference_find_user(struct reference *ref, slice user)
{
    struct account *a = store_account(ref->store, user);
    return a ? a : store_account_by_address(ref->store, user);
}

struct account *reference_find_mailbox(struct reference *ref, slice local, slice domain)
{
    if (!slice_eq_nocase(domain, slice_of(ref->domain)))
        return NULL;
    /* What follows the plus is the owner's own business (subaddressing). */
    slice base = slice_sub(local, 0, slice_find_char(local, '+'));
    auto_buf address;
    buf_init(&address, BUF_OURS);
    buf_add(&address, base);
    buf_addc(&address, '@');
    buf_add(&address, domain);
    return base.n ? store_account_by_address(ref->store, buf_slice(&address)) : NULL;
}

/* Takes as long for a wrong last letter as for a wrong first one. */
static bool same_secret(slice a, slice b)
{
    return a.n == b.n && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}

struct account *reference_login(struct reference *ref, slice user, slice password)
{
    struct account *a = reference_find_user(ref, user);
    return a && same_secret(slice_of(a->password), password) ? a : NULL;
}

struct account *reference_login_token(struct reference *ref, slice user, slice token)
{
    struct account *a = user.n ? reference_find_user(ref, user) : NULL;
    if (user.n && !a)
        return NULL;
    array_each (given, &ref->accounts)
        if ((!a || strcmp(given->user, a->user) == 0) && same_secret(slice_of(given->token), token))
            return reference_find_user(ref, slice_of(given->user));
    return NULL;
}
