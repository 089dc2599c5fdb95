#include "alloc.h"
#include "buf.h"
#include "certs.h"
#include "tls_private.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { ALPN_WIRE_MAX = 1024 };

static int fail(struct error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return error_set(err, ERR_FILE, "%s: %s", what, reason ? reason : "not usable");
}

static BIO *source_open(slice pem, const char *file)
{
    ERR_clear_error();
    return file ? BIO_new_file(file, "r") : BIO_new_mem_buf(pem.p, (int)pem.n);
}

static bool read_chain(SSL_CTX *ctx, BIO *source)
{
    X509 *leaf = PEM_read_bio_X509(source, NULL, certs_no_passphrase, NULL);
    bool good = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
    X509_free(leaf);
    if (!good)
        return false;
    for (X509 *next; (next = PEM_read_bio_X509(source, NULL, certs_no_passphrase, NULL));)
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            return false;
        }
    ERR_clear_error(); /* the end of the text counts as an error */
    return true;
}

static bool read_key(SSL_CTX *ctx, BIO *source)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, certs_no_passphrase, NULL);
    bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    return good;
}

static bool read_roots(SSL_CTX *ctx, BIO *source)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    int n = 0;
    for (X509 *root; (root = PEM_read_bio_X509(source, NULL, certs_no_passphrase, NULL)); n++) {
        X509_STORE_add_cert(store, root);
        X509_free(root);
    }
    if (n)
        ERR_clear_error();
    return n > 0;
}

/* Reads one of the above from PEM text or from a file. */
static int load(SSL_CTX *ctx, const char *what, slice pem, const char *file,
                bool (*reader)(SSL_CTX *, BIO *), struct error *err)
{
    BIO *source = source_open(pem, file);
    bool good = source && reader(ctx, source);
    int result = good ? 0 : fail(err, file ? file : what);
    BIO_free(source);
    return result;
}

static int load_identity(SSL_CTX *ctx, const struct tls_server_config *c, struct error *err)
{
    int r = load(ctx, "certificate", c->chain_pem, c->chain_file, read_chain, err);
    if (r < 0)
        return r;
    const char *key_file = c->key_file ? c->key_file : c->chain_file;
    slice key = c->key_pem.n ? c->key_pem : c->chain_pem;
    return load(ctx, "private key", key, c->key_pem.n ? NULL : key_file, read_key, err);
}

static struct tls_context *context_new(bool server)
{
    struct tls_context *c = NEW(struct tls_context);
    c->server = server;
    c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!c->ssl)
        abort(); /* out of memory */
    SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cert_verify_callback(c->ssl, tls_judge_peer, NULL);
    SSL_CTX_set_info_callback(c->ssl, tls_note_alert);
    return c;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    free(c->alpn);
    free((char *)c->staple.p);
    free(c);
}

static int load_client(SSL_CTX *ctx, const struct tls_client_config *config, struct error *err)
{
    int r = 0;
    if (config->ca_pem.n)
        r = load(ctx, "CA certificates", config->ca_pem, NULL, read_roots, err);
    if (r == 0 && config->ca_file)
        r = load(ctx, "", S(""), config->ca_file, read_roots, err);
    if (r == 0 && !config->ca_pem.n && !config->ca_file && !config->insecure)
        SSL_CTX_set_default_verify_paths(ctx);
    if (r == 0 && config->chain_pem.n)
        r = load_identity(ctx,
                          &(struct tls_server_config) { .chain_pem = config->chain_pem,
                                                        .key_pem = config->key_pem },
                          err);
    return r;
}

int tls_client_context_new(const struct tls_client_config *config, struct error *err,
                           struct tls_context **ret)
{
    struct tls_context *c = context_new(false);
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    int r = load_client(c->ssl, config, err);
    if (r < 0)
        tls_context_free(c);
    else
        *ret = c;
    return r;
}

bool tls_alpn_encode(const char *const *names, struct buf *ret)
{
    for (; *names; names++) {
        size_t n = strlen(*names);
        if (n == 0 || n > 255 || !buf_addc(ret, (char)n) || !buf_adds(ret, *names))
            return false;
    }
    return true;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *offered, unsigned offered_n, void *arg)
{
    const struct tls_context *c = arg;
    int found =
        SSL_select_next_proto((unsigned char **)out, out_n, c->alpn, c->alpn_n, offered, offered_n);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int take_server_name(SSL *ssl, int *alert, void *arg)
{
    struct tls_stream *t = tls_of(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name)
        snprintf(t->info.sni, sizeof t->info.sni, "%s", name);
    if (t->refuse && t->refuse(t->choose_arg, name)) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    struct tls_context *chosen = t->choose ? t->choose(t->choose_arg, name) : NULL;
    if (chosen)
        SSL_set_SSL_CTX(ssl, chosen->ssl);
    return SSL_TLSEXT_ERR_OK;
}

static void want_client_certificate(SSL_CTX *ctx, enum tls_client_cert want)
{
    static const int modes[] = {
        [TLS_CLIENT_CERT_NONE] = SSL_VERIFY_NONE,
        [TLS_CLIENT_CERT_REQUEST] = SSL_VERIFY_PEER,
        [TLS_CLIENT_CERT_REQUIRE] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    };
    SSL_CTX_set_verify(ctx, modes[want], NULL);
}

static int set_alpn(struct tls_context *c, const char *const *names, struct error *err)
{
    auto_buf wire;
    buf_init(&wire, ALPN_WIRE_MAX);
    if (!tls_alpn_encode(names, &wire))
        return error_set(err, ERR_INTERNAL, "bad list of ALPN protocols");
    c->alpn_n = (unsigned)wire.n;
    c->alpn = (unsigned char *)buf_take(&wire);
    SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, c);
    return 0;
}

/* Called by OpenSSL when a client asks for the staple. */
static int give_staple(SSL *ssl, void *arg)
{
    const struct tls_context *c = arg;
    unsigned char *copy = OPENSSL_memdup(c->staple.p, c->staple.n);
    return copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)c->staple.n) == 1
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void set_staple(struct tls_context *c, slice staple)
{
    c->staple = slice_make(xslicedup(staple), staple.n);
    SSL_CTX_set_tlsext_status_cb(c->ssl, give_staple);
    SSL_CTX_set_tlsext_status_arg(c->ssl, c);
}

static void set_sessions(SSL_CTX *ctx, const struct tls_server_config *config)
{
    if (config->no_tickets) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
    }
    if (config->session_seconds)
        SSL_CTX_set_timeout(ctx, (long)config->session_seconds);
    if (config->early_data) {
        /* Protection against replays would need a cache of sessions, and we have none. */
        SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);
        SSL_CTX_set_max_early_data(ctx, config->early_data);
        SSL_CTX_set_recv_max_early_data(ctx, config->early_data);
    }
}

int tls_server_context_new(const struct tls_server_config *config, struct error *err,
                           struct tls_context **ret)
{
    static const unsigned char id[] = "mailassay";
    struct tls_context *c = context_new(true);
    SSL_CTX_set_session_id_context(c->ssl, id, sizeof id - 1);
    SSL_CTX_set_tlsext_servername_callback(c->ssl, take_server_name);
    set_sessions(c->ssl, config);
    if (config->weak)
        SSL_CTX_set_security_level(c->ssl, 0);
    if (config->staple.n)
        set_staple(c, config->staple);
    want_client_certificate(c->ssl, config->client_cert);
    int r = load_identity(c->ssl, config, err);
    if (r == 0 && config->client_ca_pem.n)
        r = load(c->ssl, "client CA", config->client_ca_pem, NULL, read_roots, err);
    if (r == 0 && config->alpn)
        r = set_alpn(c, config->alpn, err);
    if (r < 0)
        tls_context_free(c);
    else
        *ret = c;
    return r;
}
