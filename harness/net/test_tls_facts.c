/* What a session tells about its server beyond version and chain: signature, staple, ticket; and what
   a server can be told for that. */
#include "test_tls_session.h"
#include <openssl/pem.h>

#define HOST "mail.example.test"

static void serve_greeting(struct stream *s)
{
    say(s, S("* OK ready\r\n"));
    expect(s, S("a LOGOUT\r\n"));
}

static void finish(struct stream *s)
{
    expect(s, S("* OK ready\r\n"));
    say(s, S("a LOGOUT\r\n"));
    expect_close_notify(s);
}

/* A context with a certificate of `authority` like `spec`. */
static struct tls_context *context_like(const struct cert_spec *spec,
                                        struct tls_server_config config)
{
    struct tls_context *context;
    struct error err = { 0 };
    auto_identity id = identity_new(authority, spec);
    config.chain_pem = slice_of(id.chain_pem);
    config.key_pem = slice_of(id.key_pem);
    int r = tls_server_context_new(&config, &err, &context);
    ck_assert_msg(r == 0, "%s", err.text);
    return context;
}

static const char *const names[] = { HOST, NULL };

/* --- the signature of the handshake --- */

static const struct signature {
    bool rsa;
    unsigned rsa_bits;
    int version;
    const char *sigalgs, *name;
    bool extended_master_secret;
} signatures[] = {
    { false, 0, TLS1_3_VERSION, NULL, "ecdsa_secp256r1_sha256", true },
    { false, 0, TLS1_2_VERSION, NULL, "ecdsa_secp256r1_sha256", true },
    { false, 0, TLS1_2_VERSION, "ECDSA+SHA384", "ecdsa_secp384r1_sha384", true },
    { true, 0, TLS1_3_VERSION, NULL, "rsa_pss_rsae_sha256", true },
    { true, 0, TLS1_2_VERSION, "RSA+SHA256", "rsa_pkcs1_sha256", true },
    { true, 1024, TLS1_2_VERSION, "RSA+SHA512", "rsa_pkcs1_sha512", true },
};
static const struct signature *wanted;

static void talk_signature(struct stream *s)
{
    const struct tls_info *info = tls_info(s);
    ck_assert_str_eq(info->signature, wanted->name);
    ck_assert(info->extended_master_secret == wanted->extended_master_secret);
    ck_assert(!info->staple.n);
    finish(s);
}

START_TEST(the_signature_has_its_name)
{
    wanted = &signatures[_i];
    struct session x = { .client = { .verify = TLS_VERIFY_RECORD,
                                     .legacy = true,
                                     .max_version = wanted->version,
                                     .signatures = wanted->sigalgs },
                         .server = { .legacy = true },
                         .serve = serve_greeting,
                         .talk = talk_signature };
    x.shared = context_like(
        &(struct cert_spec) { .names = names, .rsa = wanted->rsa, .rsa_bits = wanted->rsa_bits },
        (struct tls_server_config) { .weak = true });
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    tls_context_free(x.shared);
}
END_TEST

/* --- the staple --- */

enum odd_staple { AS_IT_IS, NONE, NOT_ASKED, GARBAGE, OTHER_CERTIFICATE, OTHER_SIGNER };
static const struct staple_case {
    enum staple_kind kind;
    enum odd_staple odd;
    bool good;
    const char *text;
} staples[] = {
    { STAPLE_GOOD, AS_IT_IS, true, "good" },
    { STAPLE_STALE, AS_IT_IS, false, "it is out of date" },
    { STAPLE_REVOKED, AS_IT_IS, false, "it says that the certificate is revoked" },
    { STAPLE_GOOD, NONE, false, "there is none" },
    { STAPLE_GOOD, NOT_ASKED, false, "there is none" },
    { STAPLE_GOOD, GARBAGE, false, "it is no OCSP response" },
    { STAPLE_GOOD, OTHER_CERTIFICATE, false, "it is about another certificate" },
    { STAPLE_GOOD, OTHER_SIGNER, false, "its signature is not that of the certificate's issuer" },
};
static const struct staple_case *staple_now;

static void talk_staple(struct stream *s)
{
    char text[160];
    struct tls_context *trust;
    struct tls_client_config config = { .ca_pem = ca_pem(authority) };
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &trust), 0);
    bool good = tls_staple_good(tls_info(s), trust, text);
    ck_assert_str_eq(text, staple_now->text);
    ck_assert_int_eq(good, staple_now->good);
    tls_context_free(trust);
    finish(s);
}

static void make_staple(const struct staple_case *c, const struct identity *id, struct buf *out)
{
    struct ca *stranger = ca_new("a stranger");
    auto_identity other = identity_of_kind(authority, CERT_GOOD, "other.example.test");
    const struct ca *signer = c->odd == OTHER_SIGNER ? stranger : authority;
    const struct identity *about = c->odd == OTHER_CERTIFICATE ? &other : id;
    if (c->odd == GARBAGE)
        buf_adds(out, "hello");
    else if (c->odd != NONE)
        ca_staple(signer, slice_of(about->chain_pem), c->kind, out);
    ca_free(stranger);
}

START_TEST(the_staple_is_judged)
{
    staple_now = &staples[_i / 2];
    auto_identity id = identity_of_kind(authority, CERT_GOOD, HOST);
    auto_buf staple;
    buf_init(&staple, BUF_OURS);
    make_staple(staple_now, &id, &staple);
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem),
                                        .staple = buf_slice(&staple) };
    struct session x = { .client = { .verify_host = HOST,
                                     .max_version = _i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION,
                                     .staple = staple_now->odd != NOT_ASKED },
                         .serve = serve_greeting,
                         .talk = talk_staple };
    ck_assert_int_eq(tls_server_context_new(&config, NULL, &x.shared), 0);
    buf_clear(&staple); /* it was copied */
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    tls_context_free(x.shared);
}
END_TEST

/* --- tickets --- */

static const struct ticket_case {
    struct tls_server_config config;
    int version;
    bool ticket;
    unsigned long lifetime;
    uint32_t early_data;
} tickets[] = {
    { { .no_tickets = false }, TLS1_3_VERSION, true, 7200, 0 },
    { { .session_seconds = 1000 }, TLS1_3_VERSION, true, 1000, 0 },
    { { .session_seconds = 2592000 }, TLS1_2_VERSION, true, 2592000, 0 },
    { { .early_data = 16384 }, TLS1_3_VERSION, true, 7200, 16384 },
    { { .no_tickets = true }, TLS1_3_VERSION, false, 0, 0 },
    { { .no_tickets = true }, TLS1_2_VERSION, false, 0, 0 },
};
static SSL_SESSION *kept;
static bool resumed;

static void talk_ticket(struct stream *s)
{
    expect(s, S("* OK ready\r\n"));
    say(s, S("a LOGOUT\r\n"));
    resumed = tls_info(s)->resumed;
    if (!kept)
        kept = tls_session(s);
    expect_close_notify(s);
}

START_TEST(tickets_are_as_configured)
{
    const struct ticket_case *c = &tickets[_i];
    struct session x = { .client = { .verify_host = HOST, .max_version = c->version },
                         .serve = serve_greeting,
                         .talk = talk_ticket };
    x.shared = context_like(&(struct cert_spec) { .names = names }, c->config);
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    ck_assert_int_eq(kept != NULL, c->ticket);
    if (kept) {
        ck_assert_uint_eq(SSL_SESSION_get_ticket_lifetime_hint(kept), c->lifetime);
        ck_assert_uint_eq(SSL_SESSION_get_max_early_data(kept), c->early_data);
        x.client.resume = kept;
        session_run(&x);
        ck_assert_msg(x.client_result == 0 && resumed, "%s", x.client_error.text);
    }
    SSL_SESSION_free(kept);
    tls_context_free(x.shared);
}
END_TEST

/* --- names that are refused --- */

static bool refuse_other(void *arg, const char *sni)
{
    return !sni || strcmp(sni, arg) != 0;
}

static const struct {
    const char *sni;
    bool taken;
} refused_names[] = { { HOST, true }, { "other.example.test", false }, { NULL, false } };

START_TEST(a_server_name_is_refused)
{
    struct session x = { .client = { .sni = refused_names[_i / 2].sni,
                                     .verify = TLS_VERIFY_RECORD,
                                     .max_version = _i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION },
                         .server = { .refuse = refuse_other, .choose_arg = (void *)HOST },
                         .serve = serve_greeting,
                         .talk = finish };
    session_run(&x);
    ck_assert_int_eq(x.client_result, refused_names[_i / 2].taken ? 0 : ERR_TLS);
    if (x.client_result < 0)
        ck_assert_str_eq(x.client_error.text,
                         "TLS handshake failed: TLS alert from the peer: unrecognized name (112)");
}
END_TEST

/* --- certificates of the odder kinds --- */

START_TEST(certificates_are_as_specified)
{
    auto_identity id = identity_new(
        authority,
        &(struct cert_spec) {
            .names = names, .sha1 = true, .rsa = true, .rsa_bits = 1024, .must_staple = true });
    BIO *source = BIO_new_mem_buf(id.chain_pem, -1);
    X509 *x = PEM_read_bio_X509(source, NULL, NULL, NULL);
    int digest;
    ck_assert_int_eq(X509_get_signature_info(x, &digest, NULL, NULL, NULL), 1);
    ck_assert_int_eq(digest, NID_sha1);
    ck_assert_int_eq(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 1024);
    ck_assert_int_ge(X509_get_ext_by_NID(x, NID_tlsfeature, -1), 0);
    X509_free(x);
    BIO_free(source);
}
END_TEST

static void add(TCase *t)
{
    authority = ca_new("mailassay test authority");
    tcase_add_loop_test(t, the_signature_has_its_name, 0, COUNT(signatures));
    tcase_add_loop_test(t, the_staple_is_judged, 0, 2 * COUNT(staples));
    tcase_add_loop_test(t, tickets_are_as_configured, 0, COUNT(tickets));
    tcase_add_loop_test(t, a_server_name_is_refused, 0, 2 * COUNT(refused_names));
    tcase_add_test(t, certificates_are_as_specified);
}

int main(void)
{
    int status = run_tests("tls_facts", add);
    ca_free(authority);
    return status;
}
