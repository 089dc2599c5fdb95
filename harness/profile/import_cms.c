#include "import_private.h"
#include "certs.h"
#include <openssl/pem.h> /* before cms.h, which looks whether it is there */
#include <openssl/cms.h>
#include <openssl/err.h>

static CMS_ContentInfo *read_cms(slice bytes)
{
    BIO *in = BIO_new_mem_buf(bytes.p, (int)bytes.n);
    CMS_ContentInfo *cms = slice_starts(bytes, S("-----BEGIN"))
                               ? PEM_read_bio_CMS(in, NULL, certs_no_passphrase, NULL)
                               : d2i_CMS_bio(in, NULL);
    BIO_free(in);
    return cms;
}

static const char *name_of(struct importing *g, X509 *certificate)
{
    char name[200] = "";
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                      sizeof name);
    return n > 0 ? xml_quote(slice_of(name), &g->im->arena) : "somebody without a name";
}

/* NULL: the roots of this system vouch for the signer. Certificates of any purpose will do, as they do
   for Apple's devices. */
static const char *why_not_trusted(CMS_ContentInfo *cms, X509 *signer)
{
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = CMS_get1_certs(cms);
    X509_STORE_set_default_paths(roots);
    X509_STORE_CTX_init(ctx, roots, signer, others);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_ANY);
    bool good = X509_verify_cert(ctx) == 1;
    const char *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(roots);
    sk_X509_pop_free(others, X509_free);
    return good ? NULL : why;
}

static void say_signers(struct importing *g, CMS_ContentInfo *cms)
{
    enum { SIGNERS_MAX = 4 }; /* Apple's profiles have one */
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    for (int i = 0; i < sk_X509_num(signers) && i < SIGNERS_MAX; i++) {
        X509 *signer = sk_X509_value(signers, i);
        const char *why = why_not_trusted(cms, signer);
        if (why)
            import_say(g, IMPORT_NOTE, import_whole(g),
                       "the profile is signed by \"%s\", and the signature fits; no authority that "
                       "this system trusts vouches for the signer (%s)",
                       name_of(g, signer), why);
        else
            import_say(g, IMPORT_NOTE, import_whole(g),
                       "the profile is signed by \"%s\", the signature fits, and the signer is "
                       "trusted by this system",
                       name_of(g, signer));
    }
    sk_X509_free(signers);
}

/* The signature must fit the content; the signer need not be trusted. */
static bool verify(struct importing *g, CMS_ContentInfo *cms, struct buf *out)
{
    BIO *content = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool good =
        CMS_verify(cms, NULL, NULL, NULL, content, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
    long n = BIO_get_mem_data(content, &text);
    if (good && n > 0)
        buf_add(out, slice_make(text, (size_t)n));
    else if (good)
        import_refuse(g, import_whole(g), "the signed profile is empty");
    else
        import_refuse(g, import_whole(g), "the signature of the profile does not fit its content");
    BIO_free(content);
    return good && n > 0;
}

bool import_cms_content(struct importing *g, slice bytes, struct buf *out)
{
    CMS_ContentInfo *cms = read_cms(bytes);
    bool good = false;
    if (!cms)
        import_refuse(g, import_whole(g),
                      "this looks like a signed profile (CMS) and cannot be read as one");
    else if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
        import_refuse(g, import_whole(g), "this is a CMS envelope, but not a signed profile");
    else if (CMS_is_detached(cms) == 1)
        import_refuse(
            g, import_whole(g),
            "this is a signature alone (detached); the profile that it signs is not in it");
    else
        good = verify(g, cms, out);
    if (good)
        say_signers(g, cms);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return good;
}
