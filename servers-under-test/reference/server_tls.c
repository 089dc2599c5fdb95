#include "server_tls.h"
#include "array.h"
#include <openssl/pem.h>

enum { LEAF_MAX = 64 * 1024 };

/* Protocols that ALPN may name here. A client that offers only others is refused, so that a web
   page cannot be tricked into talking to a mail server (RFC 9325 section 3.8). */
static const char *const mail_alpn[] = { "imap", "pop3", "smtp", "lmtp", NULL };

static const struct {
    enum fault_id fault;
    enum cert_kind kind;
} certificate_faults[] = {
    { FAULT_TLS_CERTIFICATE_EXPIRED, CERT_EXPIRED },
    { FAULT_TLS_CERTIFICATE_NOT_YET, CERT_NOT_YET_VALID },
    { FAULT_TLS_CERTIFICATE_WRONG_NAME, CERT_WRONG_NAME },
    { FAULT_TLS_CERTIFICATE_SELF_SIGNED, CERT_SELF_SIGNED },
    { FAULT_TLS_CERTIFICATE_UNKNOWN_CA, CERT_OTHER_CA },
};

/* The cipher suites of TLS 1.2 that RFC 9325 section 4.2 recommends, and ChaCha20. */
#define GOOD_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"

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

/* Good for more names than one. */
static struct identity identity_with(const struct ca *ca, const char *host_name,
                                     const char *const *more)
{
    static const char *const local[] = { "localhost", "127.0.0.1", "::1" };
    ARRAY(const char *) names = { 0 };
    *array_push(&names) = host_name;
    for (size_t i = 0; more[i]; i++)
        *array_push(&names) = more[i];
    for (size_t i = 0; i < COUNT(local); i++)
        *array_push(&names) = local[i];
    *array_push(&names) = NULL;
    struct identity id = identity_new(ca, &(struct cert_spec) { .names = names.v });
    array_release(&names);
    return id;
}

/* Signed by an intermediate authority, as most are, whose certificate goes along. */
static struct identity identity_good(const struct ca *ca, const char *host_name,
                                     const char *const *names, bool complete)
{
    struct ca *intermediate = ca_new_under(ca, "mailassay reference intermediate");
    struct identity id = names ? identity_with(intermediate, host_name, names)
                               : identity_of_kind(intermediate, CERT_GOOD, host_name);
    if (complete) {
        char *chain = xprintf("%s%.*s", id.chain_pem, SLICE_ARG(ca_pem(intermediate)));
        free(id.chain_pem);
        id.chain_pem = chain;
    }
    ca_free(intermediate);
    return id;
}

static struct identity identity_by_fault(const struct ca *ca, const struct reference_options *o,
                                         const char *host_name)
{
    const struct faults *faults = &o->faults;
    for (size_t i = 0; i < COUNT(certificate_faults); i++)
        if (fault_on(faults, certificate_faults[i].fault))
            return identity_of_kind(ca, certificate_faults[i].kind, host_name);
    if (fault_on(faults, FAULT_TLS_CIPHER_STATIC_RSA)) {
        const char *const names[] = { host_name, "localhost", "127.0.0.1", "::1", NULL };
        return identity_new(ca, &(struct cert_spec) { .names = names, .rsa = true });
    }
    return identity_good(ca, host_name, o->names,
                         !fault_on(faults, FAULT_TLS_CERTIFICATE_INCOMPLETE));
}

static int context_of(const struct identity *id, const struct reference_options *o,
                      const struct ca *ca, struct error *err, struct tls_context **ret)
{
    bool request = o->client_certificates || fault_on(&o->faults, FAULT_TLS_CERTIFICATE_REQUESTED);
    struct tls_server_config config = {
        .chain_pem = slice_of(id->chain_pem),
        .key_pem = slice_of(id->key_pem),
        .client_cert = request ? TLS_CLIENT_CERT_REQUEST : TLS_CLIENT_CERT_NONE,
        .client_ca_pem = request ? ca_pem(ca) : (slice) { 0 },
        .alpn = fault_on(&o->faults, FAULT_TLS_ALPN_IGNORED) ? NULL : mail_alpn,
    };
    return tls_server_context_new(&config, err, ret);
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

static int make_contexts(struct server_tls *t, const struct reference_options *o,
                         const char *host_name, struct error *err)
{
    auto_identity id = identity_by_fault(t->ca, o, host_name);
    keep_leaf(&t->leaf, id.chain_pem);
    int r = context_of(&id, o, t->ca, err, &t->context);
    if (r < 0 || !fault_on(&o->faults, FAULT_TLS_SNI_NEEDED))
        return r;
    auto_identity other = identity_of_kind(t->ca, CERT_WRONG_NAME, host_name);
    t->options.choose = choose;
    t->options.choose_arg = t;
    return context_of(&other, o, t->ca, err, &t->nameless);
}

int server_tls_init(struct server_tls *t, const struct reference_options *o, const char *host_name,
                    struct error *err)
{
    *t = (struct server_tls) { .context = o->tls, .borrowed = o->tls != NULL, .ca = o->ca };
    buf_init(&t->leaf, LEAF_MAX);
    options_by_fault(&t->options, &o->faults);
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
    if (t->nameless)
        tls_context_free(t->nameless);
    ca_free(t->own_ca);
    buf_release(&t->leaf);
}

struct tls_context *reference_tls_context(const struct reference *ref)
{
    return reference_tls(ref)->context;
}
