#include "array.h"
#include "resolve.h"
#include "tls_private.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* RFC 9525, section 6: subjectAltName only (never the common name), a wildcard only as the whole
   left-most label. */
static bool name_matches(X509 *certificate, const char *host)
{
    if (is_numeric_address(host))
        return X509_check_ip_asc(certificate, host, 0) == 1;
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(certificate, host, 0, flags, NULL) == 1;
}

static void note_chain(struct tls_info *info, int code)
{
    info->chain_code = code;
    info->chain_text = X509_verify_cert_error_string(code);
}

static void note_name(struct tls_stream *t)
{
    t->info.name_checked = t->verify_host;
    t->info.name_ok =
        t->verify_host && t->info.certificate && name_matches(t->info.certificate, t->verify_host);
}

static void drop_certificates(struct tls_info *info)
{
    X509_free(info->certificate);
    sk_X509_pop_free(info->chain, X509_free);
    info->certificate = NULL;
    info->chain = NULL;
}

static void note_certificates(struct tls_info *info, X509_STORE_CTX *store)
{
    drop_certificates(info);
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
    info->certificate = X509_STORE_CTX_get0_cert(store);
    if (info->certificate)
        X509_up_ref(info->certificate);
    info->chain = sent ? X509_chain_up_ref(sent) : NULL;
}

int tls_judge_peer(X509_STORE_CTX *store, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *t = tls_of(ssl);
    note_certificates(&t->info, store);
    X509_verify_cert(store);
    note_chain(&t->info, X509_STORE_CTX_get_error(store));
    note_name(t);
    if (t->verify == TLS_VERIFY_RECORD)
        return 1;
    if (t->info.chain_code != X509_V_OK)
        return 0;
    if (t->verify == TLS_VERIFY_FULL && !t->server && !t->info.name_ok) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        return 0;
    }
    return 1;
}

/* `value` holds the level and the description of the alert (RFC 8446, section 6). */
void tls_note_alert(const SSL *ssl, int where, int value)
{
    if (!(where & SSL_CB_ALERT))
        return;
    struct tls_info *info = &tls_of(ssl)->info;
    int description = value & 0xff;
    bool received = where & SSL_CB_READ;
    if (received && description == SSL_AD_CLOSE_NOTIFY)
        info->close_notify_received = true;
    else if (value >> 8 == SSL3_AL_FATAL)
        *(received ? &info->alert_received : &info->alert_sent) = description;
}

static void fill_resumed(struct tls_stream *t)
{
    struct tls_info *info = &t->info;
    drop_certificates(info);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(t->ssl);
    info->certificate = SSL_get1_peer_certificate(t->ssl);
    info->chain = chain ? X509_chain_up_ref(chain) : NULL;
    note_chain(info, (int)SSL_get_verify_result(t->ssl));
    note_name(t);
}

/* The names of the TLS registry of signature schemes, by key and digest as OpenSSL has them. */
static const char *signature_name(SSL *ssl)
{
    static const struct {
        int key, digest;
        const char *name;
    } rows[] = {
        { EVP_PKEY_RSA_PSS, NID_sha256, "rsa_pss_rsae_sha256" },
        { EVP_PKEY_RSA_PSS, NID_sha384, "rsa_pss_rsae_sha384" },
        { EVP_PKEY_RSA_PSS, NID_sha512, "rsa_pss_rsae_sha512" },
        { EVP_PKEY_RSA, NID_sha256, "rsa_pkcs1_sha256" },
        { EVP_PKEY_RSA, NID_sha384, "rsa_pkcs1_sha384" },
        { EVP_PKEY_RSA, NID_sha512, "rsa_pkcs1_sha512" },
        { EVP_PKEY_RSA, NID_sha224, "rsa_pkcs1_sha224" },
        { EVP_PKEY_RSA, NID_sha1, "rsa_pkcs1_sha1" },
        { EVP_PKEY_RSA, NID_md5_sha1, "rsa_pkcs1_md5_sha1" },
        { EVP_PKEY_EC, NID_sha256, "ecdsa_secp256r1_sha256" },
        { EVP_PKEY_EC, NID_sha384, "ecdsa_secp384r1_sha384" },
        { EVP_PKEY_EC, NID_sha512, "ecdsa_secp521r1_sha512" },
        { EVP_PKEY_EC, NID_sha224, "ecdsa_sha224" },
        { EVP_PKEY_EC, NID_sha1, "ecdsa_sha1" },
        { EVP_PKEY_ED25519, NID_undef, "ed25519" },
        { EVP_PKEY_ED448, NID_undef, "ed448" },
    };
    int key = NID_undef, digest = NID_undef;
    if (SSL_get_peer_signature_type_nid(ssl, &key) != 1)
        return NULL;
    SSL_get_peer_signature_nid(ssl, &digest);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].key == key && (rows[i].digest == digest || rows[i].digest == NID_undef))
            return rows[i].name;
    return NULL;
}

static void fill_staple(struct tls_stream *t)
{
    const unsigned char *der;
    long n = t->server ? -1 : SSL_get_tlsext_status_ocsp_resp(t->ssl, &der);
    if (n <= 0 || t->info.staple.n)
        return;
    char *copy = xcalloc((size_t)n, 1);
    memcpy(copy, der, (size_t)n);
    t->info.staple = slice_make(copy, (size_t)n);
}

void tls_info_fill(struct tls_stream *t)
{
    struct tls_info *info = &t->info;
    const unsigned char *alpn;
    unsigned alpn_n;
    info->version = SSL_get_version(t->ssl);
    info->cipher = SSL_get_cipher_name(t->ssl);
    info->resumed = SSL_session_reused(t->ssl);
    /* OpenSSL 3.0 looks into the session without asking whether there is one. */
    int group = SSL_get_session(t->ssl) ? (int)SSL_get_negotiated_group(t->ssl) : 0;
    info->group = group ? SSL_group_to_name(t->ssl, group) : NULL;
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_n);
    snprintf(info->alpn, sizeof info->alpn, "%.*s", (int)alpn_n, alpn_n ? (const char *)alpn : "");
    info->signature = info->resumed ? NULL : signature_name(t->ssl);
    info->extended_master_secret =
        SSL_version(t->ssl) >= TLS1_3_VERSION || SSL_get_extms_support(t->ssl) == 1;
    fill_staple(t);
    if (info->resumed)
        fill_resumed(t);
}

void tls_info_release(struct tls_info *info)
{
    drop_certificates(info);
    free((char *)info->staple.p);
    info->staple = (slice) { 0 };
}

/* RFC 5929, section 3.1: the first Finished of the handshake, the client's in a full one, the
   server's in a resumed one. RFC 9266, section 3: not for TLS 1.3. */
static size_t bind_unique(struct tls_stream *t, unsigned char *ret)
{
    if (SSL_version(t->ssl) >= TLS1_3_VERSION)
        return 0;
    bool ours = t->server == (bool)SSL_session_reused(t->ssl);
    return ours ? SSL_get_finished(t->ssl, ret, TLS_BINDING_MAX)
                : SSL_get_peer_finished(t->ssl, ret, TLS_BINDING_MAX);
}

/* RFC 5929, section 4.1: the server's certificate, hashed as its signature is, SHA-256 in place of
   MD5 and SHA-1. */
static size_t bind_end_point(struct tls_stream *t, unsigned char *ret)
{
    X509 *certificate = t->server ? SSL_get_certificate(t->ssl) : t->info.certificate;
    int digest;
    unsigned n;
    if (!certificate || !X509_get_signature_info(certificate, &digest, NULL, NULL, NULL))
        return 0;
    if (digest == NID_md5 || digest == NID_sha1)
        digest = NID_sha256;
    const EVP_MD *md = EVP_get_digestbynid(digest);
    return md && X509_digest(certificate, md, ret, &n) ? n : 0;
}

/* RFC 9266, section 2: 32 octets, with an empty context; before TLS 1.3 only with an extended
   master secret. */
static size_t bind_exporter(struct tls_stream *t, unsigned char *ret)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    enum { LENGTH = 32 };
    if (SSL_version(t->ssl) < TLS1_3_VERSION && SSL_get_extms_support(t->ssl) != 1)
        return 0;
    bool good = SSL_export_keying_material(t->ssl, ret, LENGTH, label, sizeof label - 1,
                                           (const unsigned char *)"", 0, 1) == 1;
    return good ? LENGTH : 0;
}

bool tls_channel_binding(struct stream *s, enum tls_binding kind,
                         unsigned char ret[TLS_BINDING_MAX], size_t *ret_n)
{
    static size_t (*const bind[])(struct tls_stream *, unsigned char *) = {
        [TLS_BINDING_UNIQUE] = bind_unique,
        [TLS_BINDING_SERVER_END_POINT] = bind_end_point,
        [TLS_BINDING_EXPORTER] = bind_exporter,
    };
    if (!tls_info(s))
        return false;
    ERR_clear_error();
    size_t n = bind[kind]((struct tls_stream *)s, ret);
    if (n)
        *ret_n = n;
    return n > 0;
}
