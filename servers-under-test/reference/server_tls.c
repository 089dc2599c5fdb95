#include "server_tls.h"
#include "array.h"
#include "resolve.h"
#include "server_certs.h"
#include <openssl/pem.h>
#include <strings.h>

enum { LEAF_MAX = 64 * 1024 };

/* Protocols that ALPN may name here. A client that offers only others is refused, so that a web
   page cannot be tricked into talking to a mail server (RFC 9325 section 3.8). */
static const char *const mail_alpn[] = { "imap", "pop3", "smtp", "lmtp", NULL };

/* The cipher suites of TLS 1.2 that RFC 9325 section 4.2 recommends, and ChaCha20. */
#define GOOD_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GOOD_SIGNATURES                                                                            \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA-PSS+SHA256:RSA-PSS+SHA384:"          \
    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

static const struct {
    enum fault_id fault;
    int min_version, max_version;
    const char *ciphers;
    bool legacy;
    const char *groups;
    uint64_t set, clear;
} session_faults[] = {
    { FAULT_TLS_OLD_VERSIONS, TLS1_VERSION, 0, "ALL:@SECLEVEL=0", true },
    { FAULT_TLS_ONLY_OLD_VERSIONS, TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", true },
    { FAULT_TLS_NO_1_3, TLS1_2_VERSION, TLS1_2_VERSION, NULL, false },
    { FAULT_TLS_CIPHER_NULL, TLS1_2_VERSION, 0, "ALL:eNULL:@SECLEVEL=0", true },
    { FAULT_TLS_CIPHER_ANONYMOUS, TLS1_2_VERSION, 0, "ALL:aNULL:@SECLEVEL=0", true },
    { FAULT_TLS_TICKET_LONG, TLS1_2_VERSION, TLS1_2_VERSION, NULL, false },
    { FAULT_TLS_CERTIFICATE_SMALL_KEY, TLS1_2_VERSION, 0, GOOD_SUITES ":@SECLEVEL=0", true },
    { FAULT_TLS_CERTIFICATE_SHA1, TLS1_2_VERSION, 0, GOOD_SUITES ":@SECLEVEL=0", true },
    { FAULT_TLS_CIPHER_STATIC_RSA, TLS1_2_VERSION, TLS1_2_VERSION, "kRSA+AES", false },
    { FAULT_HELLO_CBC, TLS1_2_VERSION, 0, GOOD_SUITES ":ECDHE+AES", false,
      .set = SSL_OP_NO_ENCRYPT_THEN_MAC },
    { FAULT_HELLO_CLIENT_ORDER, TLS1_2_VERSION, 0, GOOD_SUITES ":ECDHE+AES", false,
      .clear = SSL_OP_CIPHER_SERVER_PREFERENCE },
    { FAULT_HELLO_RARE_GROUPS, TLS1_2_VERSION, .groups = "P-521" },
    { FAULT_HELLO_SHA1_SIGNATURE, TLS1_2_VERSION, 0, GOOD_SUITES ":@SECLEVEL=0", true },
    { FAULT_HELLO_NO_EMS, TLS1_2_VERSION, .set = SSL_OP_NO_EXTENDED_MASTER_SECRET },
    { FAULT_HELLO_CLIENT_RENEGOTIATION, TLS1_2_VERSION, .set = SSL_OP_ALLOW_CLIENT_RENEGOTIATION,
      .clear = SSL_OP_NO_RENEGOTIATION },
};

static int context_of(const struct server_certificate *c, const struct reference_options *o,
                      const struct ca *ca, struct error *err, struct tls_context **ret)
{
    enum { THIRTY_DAYS = 30 * 24 * 3600, EARLY_DATA = 16384 };
    const struct faults *faults = &o->faults;
    bool request = o->client_certificates || fault_on(faults, FAULT_TLS_CERTIFICATE_REQUESTED);
    struct tls_server_config config = {
        .chain_pem = slice_of(c->identity.chain_pem),
        .key_pem = slice_of(c->identity.key_pem),
        .client_cert = request ? TLS_CLIENT_CERT_REQUEST : TLS_CLIENT_CERT_NONE,
        .client_ca_pem = request ? ca_pem(ca) : (slice) { 0 },
        .alpn = fault_on(faults, FAULT_TLS_ALPN_IGNORED) ? NULL : mail_alpn,
        .no_tickets = fault_on(faults, FAULT_TLS_NO_RESUMPTION),
        .session_seconds = fault_on(faults, FAULT_TLS_TICKET_LONG) ? THIRTY_DAYS : 0,
        .early_data = fault_on(faults, FAULT_TLS_EARLY_DATA) ? EARLY_DATA : 0,
        .weak = fault_on(faults, FAULT_TLS_CERTIFICATE_SMALL_KEY) ||
                fault_on(faults, FAULT_TLS_CERTIFICATE_SHA1),
        .staple = buf_slice(&c->staple),
    };
    return tls_server_context_new(&config, err, ret);
}

/* An address is no server name (RFC 6066 section 3), but some clients send one: as if it were none. */
static bool is_known_name(const struct server_tls *t, const char *sni)
{
    for (size_t i = 0; t->names && t->names[i]; i++)
        if (strcasecmp(sni, t->names[i]) == 0)
            return true;
    return strcasecmp(sni, t->host_name) == 0 || strcasecmp(sni, "localhost") == 0 ||
           is_numeric_address(sni);
}

static bool refuses_itself(const struct server_tls *t, const char *sni)
{
    return sni && t->own_name_refused && strcasecmp(sni, t->host_name) == 0;
}

static bool refuse_from_server(void *arg, const char *sni)
{
    const struct server_tls *t = arg;
    if (refuses_itself(t, sni))
        return true;
    return sni ? t->only_known_names && !is_known_name(t, sni) : t->name_required;
}

static bool refuse_from_user(void *arg, const char *sni)
{
    const struct server_tls *t = arg;
    if (refuses_itself(t, sni))
        return true;
    return sni ? !t->any_name && !is_known_name(t, sni) : t->name_required;
}

static struct tls_context *choose(void *arg, const char *sni)
{
    struct server_tls *t = arg;
    return sni ? NULL : t->nameless;
}

static void options_by_fault(struct tls_options *options, const struct faults *faults)
{
    options->min_version = TLS1_2_VERSION;
    options->ciphers = GOOD_SUITES;
    options->signatures = GOOD_SIGNATURES;
    options->set = SSL_OP_CIPHER_SERVER_PREFERENCE;
    for (size_t i = 0; i < COUNT(session_faults); i++)
        if (fault_on(faults, session_faults[i].fault)) {
            options->min_version = session_faults[i].min_version;
            options->max_version = session_faults[i].max_version;
            if (session_faults[i].ciphers)
                options->ciphers = session_faults[i].ciphers;
            options->groups = session_faults[i].groups;
            options->set |= session_faults[i].set;
            options->clear = session_faults[i].clear;
            options->legacy = session_faults[i].legacy;
            if (options->legacy)
                options->signatures = NULL;
        }
}

/* The first certificate of a chain, for the responder that answers by hand. */
static void keep_leaf(struct buf *leaf, const char *chain_pem)
{
    BIO *text = BIO_new_mem_buf(chain_pem, -1);
    X509 *certificate = PEM_read_bio_X509(text, NULL, certs_no_passphrase, NULL);
    unsigned char *der = NULL;
    int n = certificate ? i2d_X509(certificate, &der) : 0;
    if (n > 0)
        buf_add(leaf, slice_make(der, (size_t)n));
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(text);
}

/* One more context, with a certificate for another host. */
static int make_other(struct server_tls *t, const struct reference_options *o,
                      const char *host_name, struct error *err, struct tls_context **ret)
{
    struct server_certificate other = { .identity =
                                            identity_of_kind(t->ca, CERT_WRONG_NAME, host_name) };
    buf_init(&other.staple, 0);
    int r = context_of(&other, o, t->ca, err, ret);
    server_certificate_release(&other);
    return r;
}

static int make_others(struct server_tls *t, const struct reference_options *o,
                       const char *host_name, struct error *err)
{
    int r = 0;
    if (fault_on(&o->faults, FAULT_TLS_SNI_NEEDED)) {
        t->options.choose = choose;
        r = make_other(t, o, host_name, err, &t->nameless);
    }
    if (r == 0 && fault_on(&o->faults, FAULT_TLS_PARITY))
        r = make_other(t, o, host_name, err, &t->ipv6);
    return r;
}

static int make_contexts(struct server_tls *t, const struct reference_options *o,
                         const char *host_name, struct error *err)
{
    struct server_certificate certificate;
    server_certificate_make(t->ca, o, host_name, &certificate);
    keep_leaf(&t->leaf, certificate.identity.chain_pem);
    int r = context_of(&certificate, o, t->ca, err, &t->context);
    server_certificate_release(&certificate);
    return r < 0 ? r : make_others(t, o, host_name, err);
}

struct tls_context *server_tls_context(const struct server_tls *t, enum service_role role,
                                       const char *peer, struct tls_options *options)
{
    bool user = role == ROLE_SUBMISSION || role == ROLE_ACCESS;
    *options = t->options;
    options->refuse = user ? refuse_from_user : refuse_from_server;
    if (!t->ipv6 || !strchr(peer, ':'))
        return t->context;
    options->max_version = TLS1_2_VERSION;
    return t->ipv6;
}

int server_tls_init(struct server_tls *t, const struct reference_options *o, const char *host_name,
                    struct error *err)
{
    *t = (struct server_tls) { .context = o->tls,
                               .borrowed = o->tls != NULL,
                               .ca = o->ca,
                               .host_name = host_name,
                               .names = o->names,
                               .name_required = fault_on(&o->faults, FAULT_TLS_SNI_REQUIRED),
                               .only_known_names = fault_on(&o->faults, FAULT_TLS_SNI_UNKNOWN),
                               .own_name_refused = fault_on(&o->faults, FAULT_TLS_SNI_OWN),
                               .any_name = fault_on(&o->faults, FAULT_TLS_SNI_SERVED) };
    buf_init(&t->leaf, LEAF_MAX);
    options_by_fault(&t->options, &o->faults);
    t->options.choose_arg = t;
    if (t->borrowed)
        return 0;
    if (!t->ca)
        t->ca = t->own_ca = ca_new("mailassay reference authority");
    return make_contexts(t, o, host_name, err);
}

void server_tls_release(struct server_tls *t)
{
    if (!t->borrowed)
        tls_context_free(t->context);
    tls_context_free(t->nameless);
    tls_context_free(t->ipv6);
    ca_free(t->own_ca);
    buf_release(&t->leaf);
}

struct tls_context *reference_tls_context(const struct reference *ref)
{
    return reference_tls(ref)->context;
}
