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

/* The signature must fit the content; by whom it is, is the device's question, not ours. */
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
        import_say(
            g, IMPORT_NOTE, import_whole(g),
            "the profile is signed, and the signature fits; who signed it was not looked at");
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return good;
}
