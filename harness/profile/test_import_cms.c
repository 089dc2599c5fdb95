/* Who signed a .mobileconfig, and whether this system trusts them. */
#include "certs.h"
#include "import.h"
#include "testing.h"
#include <openssl/cms.h>
#include <openssl/pem.h>
#include <unistd.h>

static const char content[] =
    "<plist version='1.0'><dict><key>PayloadContent</key><array><dict>"
    "<key>PayloadType</key><string>com.apple.mail.managed</string>"
    "<key>EmailAccountType</key><string>EmailTypeIMAP</string>"
    "<key>IncomingMailServerHostName</key><string>imap.example.test</string>"
    "<key>IncomingMailServerPortNumber</key><integer>993</integer>"
    "<key>IncomingMailServerUseSSL</key><true/>"
    "<key>OutgoingMailServerHostName</key><string>smtp.example.test</string>"
    "<key>OutgoingMailServerPortNumber</key><integer>465</integer>"
    "<key>OutgoingMailServerUseSSL</key><true/></dict></array></dict></plist>";

static BIO *bio_of(slice bytes)
{
    return BIO_new_mem_buf(bytes.p, (int)bytes.n);
}

/* CMS SignedData around the content, as devices get it. */
static void sign_profile(const struct identity *id, slice text, struct buf *out)
{
    BIO *certificate = bio_of(slice_of(id->chain_pem)), *key = bio_of(slice_of(id->key_pem));
    BIO *in = bio_of(text), *der = BIO_new(BIO_s_mem());
    X509 *signer = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    CMS_ContentInfo *cms = CMS_sign(signer, pkey, NULL, in, CMS_BINARY);
    char *made;
    ck_assert_int_eq(i2d_CMS_bio(der, cms), 1);
    long n = BIO_get_mem_data(der, &made);
    buf_add(out, slice_make(made, (size_t)n));
    CMS_ContentInfo_free(cms);
    EVP_PKEY_free(pkey);
    X509_free(signer);
    BIO *const all[] = { certificate, key, in, der };
    for (size_t i = 0; i < COUNT(all); i++)
        BIO_free(all[i]);
}

static const struct {
    bool by_another, expired;
    const char *words;
} signer_rows[] = {
    { false, false,
      "signed by \"mail.example.test\", the signature fits, and the signer is trusted" },
    { true, false,
      "no authority that this system trusts vouches for the signer (unable to get local" },
    { false, true,
      "no authority that this system trusts vouches for the signer (certificate has exp" },
};

START_TEST(the_signer_is_told)
{
    auto_buf der;
    buf_init(&der, BUF_OURS);
    struct ca *trusted = ca_new("trusted"), *other = ca_new("other");
    const char *const names[] = { "mail.example.test", NULL };
    struct cert_spec spec = { .names = names, .ends_in = signer_rows[_i].expired ? -60 : 0 };
    auto_identity id = identity_new(signer_rows[_i].by_another ? other : trusted, &spec);
    char path[] = "/tmp/test_import_XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, ca_pem(trusted).p, ca_pem(trusted).n), (int)ca_pem(trusted).n);
    close(fd);
    setenv("SSL_CERT_FILE", path, 1);
    sign_profile(&id, slice_of(content), &der);

    struct profile p = { 0 };
    struct problems problems = { 0 };
    struct import im = { .problems = &problems };
    ck_assert(import_bytes(&im, buf_slice(&der), "x", &p));
    ck_assert_uint_eq(p.n_services, 2);
    ck_assert_int_eq(im.findings.v[0].grade, IMPORT_NOTE);
    ck_assert_msg(strstr(im.findings.v[0].text, signer_rows[_i].words), "%s",
                  im.findings.v[0].text);
    unlink(path);
    unsetenv("SSL_CERT_FILE");
    profile_release(&p);
    import_release(&im);
    problems_release(&problems);
    ca_free(trusted);
    ca_free(other);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, the_signer_is_told, 0, COUNT(signer_rows));
}

int main(void)
{
    return run_tests("import_cms", add);
}
