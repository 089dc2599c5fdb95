/* What a TLS session says about its server. */
#include "first_bytes.h"
#include "port_visit_private.h"
#include "resolve.h"
#include <openssl/x509v3.h>

const char *visit_server_name(const struct port_facts *f)
{
    return f->spec.host && !is_numeric_address(f->spec.host) ? f->spec.host : NULL;
}

void visit_tls_options(const struct port_facts *f, struct tls_options *ret)
{
    *ret = (struct tls_options) { .sni = visit_server_name(f),
                                  .verify_host = f->spec.host,
                                  .verify = TLS_VERIFY_RECORD,
                                  .legacy = true,
                                  .ciphers = "DEFAULT:@SECLEVEL=0",
                                  .staple = true };
}

static bool wants_staple(X509 *certificate)
{
    enum { STATUS_REQUEST = 5 }; /* RFC 7633 section 3.1: the number of the TLS extension */
    bool wants = false;
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features); i++)
        wants |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
    return wants;
}

static void note_certificate(struct visit *v, const struct tls_info *info)
{
    struct port_tls_facts *t = &v->facts->tls;
    char text[160];
    if (!info->certificate)
        return;
    X509_up_ref(info->certificate);
    t->certificate = info->certificate;
    t->chain = info->chain ? X509_chain_up_ref(info->chain) : NULL;
    t->must_staple = wants_staple(t->certificate);
    t->stapled = info->staple.n ? SEEN_YES : SEEN_NO;
    t->staple_good = tls_staple_good(info, v->options->tls, text);
    t->staple_text = arena_str(&v->facts->arena, slice_of(text));
}

static const char *copy(struct port_facts *f, const char *text)
{
    return text ? arena_str(&f->arena, slice_of(text)) : NULL;
}

static int version_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = { { "TLSv1.3", TLS1_3_VERSION },
                 { "TLSv1.2", TLS1_2_VERSION },
                 { "TLSv1.1", TLS1_1_VERSION },
                 { "TLSv1", TLS1_VERSION } };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (name && strcmp(rows[i].name, name) == 0)
            return rows[i].number;
    return 0;
}

void visit_note_session(struct visit *v, const struct tls_info *info)
{
    struct port_facts *f = v->facts;
    struct port_tls_facts *t = &f->tls;
    t->up = true;
    t->version = version_number(info->version);
    t->version_name = copy(f, info->version);
    t->cipher = copy(f, info->cipher);
    t->group = copy(f, info->group);
    t->signature = copy(f, info->signature);
    t->extended_master_secret = info->extended_master_secret;
    t->chain_code = info->chain_code;
    t->chain_text = copy(f, info->chain_text);
    t->name_ok = info->name_ok;
    t->client_certificate_requested = info->certificate_requested;
    note_certificate(v, info);
}

void visit_note_failure(struct port_facts *f, const struct error *err, const struct tls_info *info)
{
    bool name_refused = info->alert_received == SSL_AD_UNRECOGNIZED_NAME;
    f->tls.failure = name_refused ? arena_printf(&f->arena,
                                                 "the server knows no such name as %s (TLS alert "
                                                 "unrecognized_name)",
                                                 f->spec.host)
                                  : port_facts_text(f, slice_of(err->text));
    f->tls.alert = info->alert_received;
    f->tls.client_certificate_requested = info->certificate_requested;
}

void visit_note_ticket(struct visit *v, struct stream *tls)
{
    struct port_tls_facts *t = &v->facts->tls;
    v->session = tls_session(tls);
    if (!v->session) {
        t->resumed = SEEN_NO;
        return;
    }
    t->ticket_lifetime = (uint32_t)SSL_SESSION_get_ticket_lifetime_hint(v->session);
    t->early_data = SSL_SESSION_get_max_early_data(v->session);
}

static bool names_host(X509 *certificate, const char *host)
{
    if (is_numeric_address(host))
        return X509_check_ip_asc(certificate, host, 0) == 1;
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(certificate, host, 0, flags, NULL) == 1;
}

enum same_certificate visit_compare(const struct port_facts *f, X509 *other)
{
    if (!other || !f->tls.certificate)
        return CERT_UNCLEAR;
    if (X509_cmp(other, f->tls.certificate) == 0)
        return CERT_SAME;
    return f->spec.host && names_host(other, f->spec.host) ? CERT_OTHER_FITS : CERT_OTHER_WRONG;
}
