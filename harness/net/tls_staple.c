/* Judging a stapled OCSP response (RFC 6960). */
#include "tls_private.h"
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>

enum { CLOCK_SLACK_SECONDS = 300, TEXT = 160 };

static bool say(char text[TEXT], bool good, const char *what)
{
    snprintf(text, TEXT, "%s", what);
    return good;
}

/* The issuer among what the server sent, else among the roots. Owned by the caller, or NULL. */
static X509 *issuer_of(const struct tls_info *info, X509_STORE *roots)
{
    for (int i = 0; info->chain && i < sk_X509_num(info->chain); i++) {
        X509 *candidate = sk_X509_value(info->chain, i);
        if (X509_check_issued(candidate, info->certificate) == X509_V_OK) {
            X509_up_ref(candidate);
            return candidate;
        }
    }
    X509 *issuer = NULL;
    X509_STORE_CTX *search = X509_STORE_CTX_new();
    if (search && X509_STORE_CTX_init(search, roots, info->certificate, NULL) == 1 &&
        X509_STORE_CTX_get1_issuer(&issuer, search, info->certificate) != 1)
        issuer = NULL;
    X509_STORE_CTX_free(search);
    return issuer;
}

/* What the response says about one certificate. */
static bool judge_single(OCSP_BASICRESP *basic, const X509 *certificate, const X509 *issuer,
                         char text[TEXT])
{
    int status, reason;
    ASN1_GENERALIZEDTIME *revoked, *from, *until;
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, issuer);
    int found = OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &from, &until);
    OCSP_CERTID_free(id);
    if (found != 1)
        return say(text, false, "it is about another certificate");
    if (status == V_OCSP_CERTSTATUS_REVOKED)
        return say(text, false, "it says that the certificate is revoked");
    if (status != V_OCSP_CERTSTATUS_GOOD)
        return say(text, false, "it does not know the certificate");
    if (OCSP_check_validity(from, until, CLOCK_SLACK_SECONDS, -1) != 1)
        return say(text, false, "it is out of date");
    return say(text, true, "good");
}

static bool judge_basic(OCSP_BASICRESP *basic, const struct tls_info *info, X509_STORE *roots,
                        char text[TEXT])
{
    X509 *issuer = info->certificate ? issuer_of(info, roots) : NULL;
    if (!issuer)
        return say(text, false, "the issuer of the certificate is not known");
    /* The issuer's own signature is good whoever signed the issuer: the chain is judged apart. */
    STACK_OF(X509) *signers = sk_X509_new_null();
    sk_X509_push(signers, issuer);
    bool good = OCSP_basic_verify(basic, signers, roots, OCSP_TRUSTOTHER) == 1 ||
                OCSP_basic_verify(basic, info->chain, roots, 0) == 1;
    good = good ? judge_single(basic, info->certificate, issuer, text)
                : say(text, false, "its signature is not that of the certificate's issuer");
    sk_X509_free(signers);
    X509_free(issuer);
    return good;
}

static bool judge_response(OCSP_RESPONSE *response, const struct tls_info *info, X509_STORE *roots,
                           char text[TEXT])
{
    if (!response)
        return say(text, false, "it is no OCSP response");
    int status = OCSP_response_status(response);
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return say(text, false, OCSP_response_status_str(status));
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    bool good = basic ? judge_basic(basic, info, roots, text)
                      : say(text, false, "it is of an unknown kind");
    OCSP_BASICRESP_free(basic);
    return good;
}

bool tls_staple_good(const struct tls_info *info, const struct tls_context *context,
                     char text[TEXT])
{
    if (!info->staple.n)
        return say(text, false, "there is none");
    const unsigned char *der = (const unsigned char *)info->staple.p;
    ERR_clear_error();
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, (long)info->staple.n);
    bool good = judge_response(response, info, SSL_CTX_get_cert_store(context->ssl), text);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return good;
}
