#include "test_tls_session.h"
#include <openssl/pem.h>

/* --- versions --- */

static void serve_greeting(struct stream *s)
{
    say(s, S("* OK ready\r\n"));
    expect(s, S("a LOGOUT\r\n"));
}

static void talk_greeting(struct stream *s)
{
    expect(s, S("* OK ready\r\n"));
    say(s, S("a LOGOUT\r\n"));
    expect_close_notify(s);
}

static const struct version_case {
    int version;
    const char *name;
    bool trickle, legacy;
} versions[] = {
    { TLS1_3_VERSION, "TLSv1.3", false, false }, { TLS1_2_VERSION, "TLSv1.2", false, false },
    { TLS1_3_VERSION, "TLSv1.3", true, false },  { TLS1_2_VERSION, "TLSv1.2", true, false },
    { TLS1_1_VERSION, "TLSv1.1", false, true },  { TLS1_VERSION, "TLSv1", false, true },
};
static const struct version_case *version_now;

static void talk_version(struct stream *s)
{
    const struct tls_info *info = tls_info(s);
    ck_assert_str_eq(info->version, version_now->name);
    ck_assert_int_eq(info->chain_code, X509_V_OK);
    ck_assert(info->name_checked && info->name_ok && info->certificate && info->chain);
    ck_assert(!info->resumed && info->alert_received == -1);
    talk_greeting(s);
}

START_TEST(versions_work_whole_and_byte_by_byte)
{
    version_now = &versions[_i];
    struct tls_options o = { .sni = "mail.example.test",
                             .verify_host = "mail.example.test",
                             .legacy = version_now->legacy,
                             .min_version = version_now->version,
                             .max_version = version_now->version };
    struct session x = { .client = o,
                         .server = { .legacy = version_now->legacy },
                         .trickle = version_now->trickle,
                         .serve = serve_greeting,
                         .talk = talk_version };
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    ck_assert_int_eq(x.server_result, 0);
}
END_TEST

START_TEST(without_a_common_version_both_ends_say_so)
{
    struct session x = { .client = { .verify = TLS_VERIFY_CHAIN, .min_version = TLS1_3_VERSION },
                         .server = { .max_version = TLS1_2_VERSION } };
    session_run(&x);
    ck_assert_int_eq(x.client_result, ERR_TLS);
    ck_assert_int_eq(x.server_result, ERR_TLS);
    ck_assert_str_eq(x.client_error.text,
                     "TLS handshake failed: TLS alert from the peer: protocol version (70)");
}
END_TEST

/* --- verification --- */

static const struct verify_case {
    enum cert_kind kind;
    const char *host;
    enum tls_verify verify;
    bool insecure, accepted;
    int chain_code;
    bool name_ok;
    const char *sentence;
} verifications[] = {
    { CERT_GOOD, "mail.example.test", TLS_VERIFY_FULL, false, true, X509_V_OK, true, "" },
    { CERT_GOOD, "MAIL.example.test", TLS_VERIFY_FULL, false, true, X509_V_OK, true, "" },
    { CERT_GOOD, "127.0.0.1", TLS_VERIFY_FULL, false, true, X509_V_OK, true, "" },
    { CERT_GOOD, "::1", TLS_VERIFY_FULL, false, true, X509_V_OK, true, "" },
    { CERT_GOOD, "127.0.0.2", TLS_VERIFY_FULL, false, false, X509_V_OK, false,
      "TLS handshake failed: the certificate is not for 127.0.0.2" },
    { CERT_GOOD, "example.test", TLS_VERIFY_FULL, false, false, X509_V_OK, false,
      "TLS handshake failed: the certificate is not for example.test" },
    { CERT_WRONG_NAME, "mail.example.test", TLS_VERIFY_FULL, false, false, X509_V_OK, false,
      "TLS handshake failed: the certificate is not for mail.example.test" },
    { CERT_WRONG_NAME, "mail.example.test", TLS_VERIFY_CHAIN, false, true, X509_V_OK, false, "" },
    { CERT_EXPIRED, "mail.example.test", TLS_VERIFY_FULL, false, false, X509_V_ERR_CERT_HAS_EXPIRED,
      true, "TLS handshake failed: the certificate is not trusted: certificate has expired" },
    { CERT_NOT_YET_VALID, "mail.example.test", TLS_VERIFY_CHAIN, false, false,
      X509_V_ERR_CERT_NOT_YET_VALID, true,
      "TLS handshake failed: the certificate is not trusted: certificate is not yet valid" },
    { CERT_SELF_SIGNED, "mail.example.test", TLS_VERIFY_CHAIN, false, false,
      X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, true,
      "TLS handshake failed: the certificate is not trusted: self-signed certificate" },
    { CERT_OTHER_CA, "mail.example.test", TLS_VERIFY_CHAIN, false, false,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, true,
      "TLS handshake failed: the certificate is not trusted: unable to get local issuer "
      "certificate" },
    { CERT_OTHER_CA, "x.example.test", TLS_VERIFY_RECORD, false, true,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, false, "" },
    { CERT_EXPIRED, "mail.example.test", TLS_VERIFY_RECORD, false, true,
      X509_V_ERR_CERT_HAS_EXPIRED, true, "" },
    { CERT_GOOD, "mail.example.test", TLS_VERIFY_RECORD, true, true,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, true, "" },
};
static const struct verify_case *verify_now;

static void check_judgement(const struct tls_info *info)
{
    ck_assert_int_eq(info->chain_code, verify_now->chain_code);
    ck_assert(info->name_checked);
    ck_assert_int_eq(info->name_ok, verify_now->name_ok);
    ck_assert_ptr_nonnull(info->certificate);
}

static void talk_judgement(struct stream *s)
{
    check_judgement(tls_info(s));
}

START_TEST(chain_and_name_are_judged_apart)
{
    const struct verify_case *v = verify_now = &verifications[_i];
    struct tls_info failed = { 0 };
    struct session x = {
        .kind = v->kind,
        .insecure = v->insecure,
        .client = { .verify_host = v->host, .verify = v->verify, .ret_failed = &failed },
        .talk = talk_judgement
    };
    session_run(&x);
    ck_assert_str_eq(x.client_error.text, v->sentence);
    ck_assert_int_eq(x.client_result, v->accepted ? 0 : ERR_TLS);
    if (!v->accepted) {
        check_judgement(&failed);
        ck_assert_int_ge(failed.alert_sent, 0);
    }
    tls_info_release(&failed);
}
END_TEST

/* --- client certificates --- */

static void serve_client_name(struct stream *s)
{
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(tls_info(s)->certificate), NID_commonName, name,
                              sizeof name);
    say(s, slice_of(name));
}

static void talk_client_name(struct stream *s)
{
    expect(s, S("alice"));
}

START_TEST(a_client_certificate_is_shown_and_required)
{
    auto_identity id =
        identity_new(authority, &(struct cert_spec) { .common_name = "alice", .client = true });
    struct session x = { .client = { .verify = TLS_VERIFY_CHAIN },
                         .server_config = { .client_cert = TLS_CLIENT_CERT_REQUIRE,
                                            .client_ca_pem = ca_pem(authority) },
                         .client_chain = slice_of(id.chain_pem),
                         .client_key = slice_of(id.key_pem),
                         .serve = serve_client_name,
                         .talk = talk_client_name };
    session_run(&x);
    ck_assert_msg(x.server_result == 0, "%s", x.server_error.text);
    x.client_chain = x.client_key = S("");
    x.talk = NULL;
    session_run(&x);
    ck_assert_int_eq(x.server_result, ERR_TLS);
    ck_assert_str_eq(x.server_error.text,
                     "TLS handshake failed: TLS error: peer did not return a certificate");
}
END_TEST

/* --- SNI and ALPN --- */

static char seen_name[64];

static struct tls_context *note_name(void *arg, const char *sni)
{
    snprintf(seen_name, sizeof seen_name, "%s", sni ? sni : "(none)");
    return arg;
}

static void talk_alpn(struct stream *s)
{
    ck_assert_str_eq(tls_info(s)->alpn, "imap");
}

START_TEST(the_server_sees_sni_and_chooses_alpn)
{
    static const char *const offered[] = { "pop3", "imap", NULL };
    static const char *const accepted[] = { "imap", NULL };
    struct session x = {
        .client = { .sni = "mail.example.test", .verify = TLS_VERIFY_CHAIN, .alpn = offered },
        .server = { .choose = note_name },
        .server_config = { .alpn = accepted },
        .talk = talk_alpn
    };
    session_run(&x);
    ck_assert_int_eq(x.client_result, 0);
    ck_assert_str_eq(seen_name, "mail.example.test");
    x.client.sni = "127.0.0.1"; /* RFC 6066, section 3: no addresses */
    session_run(&x);
    ck_assert_str_eq(seen_name, "(none)");
    static const char *const foreign[] = { "h2", NULL };
    x.client.alpn = foreign;
    session_run(&x);
    ck_assert_str_eq(
        x.client_error.text,
        "TLS handshake failed: TLS alert from the peer: no application protocol (120)");
}
END_TEST

static void talk_other_certificate(struct stream *s)
{
    ck_assert_int_eq(tls_info(s)->chain_code, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}

START_TEST(sni_can_choose_another_certificate)
{
    auto_identity id = identity_of_kind(NULL, CERT_SELF_SIGNED, "other.example.test");
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem) };
    struct tls_context *other;
    ck_assert_int_eq(tls_server_context_new(&config, NULL, &other), 0);
    struct session x = { .client = { .sni = "other.example.test",
                                     .verify_host = "other.example.test",
                                     .verify = TLS_VERIFY_RECORD },
                         .server = { .choose = note_name, .choose_arg = other },
                         .talk = talk_other_certificate };
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    tls_context_free(other);
}
END_TEST

/* --- channel binding --- */

struct binding {
    unsigned char data[TLS_BINDING_MAX];
    size_t n;
};
static struct binding bindings[2][3];

static void note_bindings(struct stream *s, int side)
{
    for (int kind = 0; kind < 3; kind++) {
        struct binding *b = &bindings[side][kind];
        if (!tls_channel_binding(s, (enum tls_binding)kind, b->data, &b->n))
            b->n = 0;
    }
}

static void serve_bindings(struct stream *s)
{
    note_bindings(s, 0);
}

static void talk_bindings(struct stream *s)
{
    note_bindings(s, 1);
}

START_TEST(both_ends_get_the_same_channel_binding)
{
    /* tls-unique, tls-server-end-point, tls-exporter */
    static const size_t lengths[2][3] = { { 0, 32, 32 }, { 12, 32, 32 } };
    struct session x = { .client = { .verify = TLS_VERIFY_CHAIN,
                                     .max_version = _i ? TLS1_2_VERSION : TLS1_3_VERSION },
                         .serve = serve_bindings,
                         .talk = talk_bindings };
    session_run(&x);
    for (int kind = 0; kind < 3; kind++) {
        struct binding *server = &bindings[0][kind], *client = &bindings[1][kind];
        ck_assert_msg(server->n == lengths[_i][kind], "kind %d: %zu", kind, server->n);
        ck_assert_slice(slice_make(client->data, client->n), slice_make(server->data, server->n));
    }
    ck_assert(memcmp(bindings[0][1].data, bindings[0][2].data, 32) != 0);
}
END_TEST

/* --- resumption --- */

static SSL_SESSION *kept;
static bool resumed;

static void talk_and_keep(struct stream *s)
{
    expect(s, S("* OK ready\r\n"));
    say(s, S("a LOGOUT\r\n"));
    resumed = tls_info(s)->resumed;
    ck_assert(tls_info(s)->name_ok && tls_info(s)->certificate);
    if (!kept)
        kept = tls_session(s);
}

START_TEST(a_session_is_resumed)
{
    auto_identity id = identity_of_kind(authority, CERT_GOOD, "mail.example.test");
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem) };
    struct session x = { .client = { .verify_host = "mail.example.test",
                                     .max_version = _i ? TLS1_2_VERSION : TLS1_3_VERSION },
                         .serve = serve_greeting,
                         .talk = talk_and_keep };
    ck_assert_int_eq(tls_server_context_new(&config, NULL, &x.shared), 0);
    session_run(&x);
    ck_assert(!resumed && kept);
    x.client.resume = kept;
    session_run(&x);
    ck_assert_msg(x.client_result == 0, "%s", x.client_error.text);
    ck_assert(resumed);
    SSL_SESSION_free(kept);
    tls_context_free(x.shared);
}
END_TEST

/* --- contexts --- */

START_TEST(contexts_say_what_is_wrong)
{
    struct error err;
    struct tls_context *c = NULL;
    auto_identity id = identity_of_kind(authority, CERT_GOOD, "a.test");
    auto_identity other = identity_of_kind(authority, CERT_GOOD, "b.test");
    struct tls_client_config no_ca = { .ca_pem = S("not PEM") };
    ck_assert_int_eq(tls_client_context_new(&no_ca, &err, &c), ERR_FILE);
    ck_assert_str_eq(err.text, "CA certificates: no start line");
    struct tls_client_config no_file = { .ca_file = "/nonexistent/ca.pem" };
    ck_assert_int_eq(tls_client_context_new(&no_file, &err, &c), ERR_FILE);
    ck_assert_str_eq(err.text, "/nonexistent/ca.pem: no such file");
    struct tls_server_config mixed = { .chain_pem = slice_of(id.chain_pem),
                                       .key_pem = slice_of(other.key_pem) };
    ck_assert_int_eq(tls_server_context_new(&mixed, &err, &c), ERR_FILE);
    ck_assert_str_eq(err.text, "private key: key values mismatch");
    ck_assert_ptr_null(c);
}
END_TEST

/* OpenSSL would ask for the passphrase on the terminal, and wait. */
START_TEST(a_key_with_a_passphrase_is_refused)
{
    struct error err;
    struct tls_context *c = NULL;
    char passphrase[] = "secret", *pem;
    auto_identity id = identity_of_kind(authority, CERT_GOOD, "a.test");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert_int_eq(
        PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), passphrase, 6, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &pem);
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_make(pem, (size_t)n) };
    ck_assert_int_eq(tls_server_context_new(&config, &err, &c), ERR_FILE);
    ck_assert(slice_starts(slice_of(err.text), S("private key: ")));
    BIO_free(bio);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(an_authority_survives_as_text)
{
    struct ca *copy = ca_load(ca_pem(authority), ca_key_pem(authority));
    ck_assert_ptr_nonnull(copy);
    ck_assert_slice(ca_pem(copy), ca_pem(authority));
    struct ca *other = ca_new("Other");
    ck_assert_ptr_null(ca_load(ca_pem(authority), ca_key_pem(other)));
    ck_assert_ptr_null(ca_load(S("x"), S("y")));
    ca_free(copy);
    ca_free(other);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_loop_test(c, versions_work_whole_and_byte_by_byte, 0, COUNT(versions));
    tcase_add_test(c, without_a_common_version_both_ends_say_so);
    tcase_add_loop_test(c, chain_and_name_are_judged_apart, 0, COUNT(verifications));
    tcase_add_test(c, a_client_certificate_is_shown_and_required);
    tcase_add_test(c, the_server_sees_sni_and_chooses_alpn);
    tcase_add_test(c, sni_can_choose_another_certificate);
    tcase_add_loop_test(c, both_ends_get_the_same_channel_binding, 0, 2);
    tcase_add_loop_test(c, a_session_is_resumed, 0, 2);
    tcase_add_test(c, contexts_say_what_is_wrong);
    tcase_add_test(c, a_key_with_a_passphrase_is_refused);
    tcase_add_test(c, an_authority_survives_as_text);
}

int main(void)
{
    authority = ca_new("Test authority");
    int failed = run_tests("tls", add);
    ca_free(authority);
    return failed;
}
