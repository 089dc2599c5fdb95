/* The same host and port in both address families must be the same service. */
#include "port_visit_private.h"

static bool same_endpoint(const struct port_spec *a, const struct port_spec *b)
{
    return a->family != b->family && a->port == b->port && a->host && b->host &&
           strcmp(a->host, b->host) == 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_certificate(const struct port_facts *a, const struct port_facts *b)
{
    if (!a->tls.certificate || !b->tls.certificate)
        return a->tls.certificate == b->tls.certificate;
    return X509_cmp(a->tls.certificate, b->tls.certificate) == 0;
}

static bool same_offers(const struct capabilities *a, const struct capabilities *b)
{
    if (a->list.n != b->list.n)
        return false;
    array_each (cap, &a->list) {
        const struct capability *other = caps_get(b, cap->name);
        if (!other || !slice_eq(other->args, cap->args))
            return false;
    }
    return true;
}

/* Only what was asked in both counts. */
static bool same_versions(const struct tls_survey *a, const struct tls_survey *b)
{
    for (int i = 0; i < SURVEY_VERSIONS; i++)
        if (a->version[i] != b->version[i] && a->version[i] != SURVEY_NOT_ASKED &&
            b->version[i] != SURVEY_NOT_ASKED && a->version[i] != SURVEY_UNCLEAR &&
            b->version[i] != SURVEY_UNCLEAR)
            return false;
    return a->old_versions == b->old_versions || a->old_versions == SURVEY_UNCLEAR ||
           b->old_versions == SURVEY_UNCLEAR || a->old_versions == SURVEY_NOT_ASKED ||
           b->old_versions == SURVEY_NOT_ASKED;
}

static void add_difference(struct buf *out, bool same, const char *what)
{
    if (!same)
        buf_addf(out, "%s%s", out->n ? ", " : "", what);
}

static void compare(struct port_facts *a, struct port_facts *b)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    add_difference(&text, a->speaks == b->speaks && a->protocol_seen == b->protocol_seen,
                   "what speaks there");
    add_difference(&text, a->starttls_offered == b->starttls_offered, "the offer of STARTTLS");
    add_difference(&text, same_certificate(a, b), "the certificate");
    add_difference(&text, same_text(a->tls.version_name, b->tls.version_name),
                   "the version of TLS");
    add_difference(&text, same_text(a->tls.cipher, b->tls.cipher), "the cipher suite");
    add_difference(&text, same_versions(&a->survey, &b->survey), "the versions that are taken");
    add_difference(&text,
                   same_offers(&a->clear_caps, &b->clear_caps) &&
                       same_offers(&a->tls_caps, &b->tls_caps),
                   "the capabilities");
    struct port_facts *both[] = { a, b };
    for (size_t i = 0; i < COUNT(both); i++) {
        both[i]->parity = text.n ? SEEN_NO : SEEN_YES;
        both[i]->parity_text = text.n ? arena_str(&both[i]->arena, buf_slice(&text)) : NULL;
    }
}

void visit_parity(struct port_facts *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            if (same_endpoint(&rows[i].spec, &rows[j].spec) && rows[i].reach == REACH_OPEN &&
                rows[j].reach == REACH_OPEN)
                compare(&rows[i], &rows[j]);
}
