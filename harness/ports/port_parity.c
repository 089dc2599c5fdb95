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

/* What was not found out of one of the two, as its network failed or it had enough of us, is no
   difference between them. */
static bool is_heard(const struct port_facts *f)
{
    return f->speaks != SPEAKS_UNKNOWN && f->speaks != SPEAKS_SILENCE;
}

static bool same_speech(const struct port_facts *a, const struct port_facts *b)
{
    if (!is_heard(a) || !is_heard(b))
        return true;
    bool both_known = a->protocol_known && b->protocol_known;
    return a->speaks == b->speaks && (!both_known || a->protocol_seen == b->protocol_seen);
}

static bool same_seen(enum seen a, enum seen b)
{
    return a == b || a == SEEN_NOT_ASKED || b == SEEN_NOT_ASKED || a == SEEN_UNCLEAR ||
           b == SEEN_UNCLEAR;
}

/* The server's own word that there will be no session. */
static bool is_refused(const struct port_tls_facts *t)
{
    return !t->up && t->failure && t->alert >= 0;
}

static bool same_handshake(const struct port_tls_facts *a, const struct port_tls_facts *b)
{
    return !(a->up && is_refused(b)) && !(b->up && is_refused(a));
}

static bool same_certificate(const struct port_tls_facts *a, const struct port_tls_facts *b)
{
    if (!a->certificate || !b->certificate)
        return a->certificate == b->certificate;
    return X509_cmp(a->certificate, b->certificate) == 0;
}

static bool same_offers(const struct capabilities *a, const struct capabilities *b)
{
    if (!a->known || !b->known)
        return true;
    if (a->list.n != b->list.n)
        return false;
    array_each (cap, &a->list) {
        const struct capability *other = caps_get(b, cap->name);
        if (!other || !slice_eq(other->args, cap->args))
            return false;
    }
    return true;
}

static bool same_answer(enum survey_answer a, enum survey_answer b)
{
    return a == b || a == SURVEY_NOT_ASKED || b == SURVEY_NOT_ASKED || a == SURVEY_UNCLEAR ||
           b == SURVEY_UNCLEAR;
}

static bool same_versions(const struct tls_survey *a, const struct tls_survey *b)
{
    bool same = same_answer(a->old_versions, b->old_versions);
    for (int i = 0; i < SURVEY_VERSIONS; i++)
        same = same && same_answer(a->version[i], b->version[i]);
    return same;
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
    bool sessions = a->tls.up && b->tls.up;
    add_difference(&text, same_speech(a, b), "what speaks there");
    add_difference(&text, same_seen(a->starttls_offered, b->starttls_offered),
                   "the offer of STARTTLS");
    add_difference(&text, same_handshake(&a->tls, &b->tls), "whether TLS comes about");
    add_difference(&text, !sessions || same_certificate(&a->tls, &b->tls), "the certificate");
    add_difference(&text, !sessions || same_text(a->tls.version_name, b->tls.version_name),
                   "the version of TLS");
    add_difference(&text, !sessions || same_text(a->tls.cipher, b->tls.cipher), "the cipher suite");
    add_difference(&text, same_versions(&a->survey, &b->survey), "the versions that are taken");
    add_difference(&text,
                   same_offers(&a->clear_caps, &b->clear_caps) &&
                       same_offers(&a->tls_caps, &b->tls_caps),
                   "the capabilities");
    struct port_facts *both[] = { a, b };
    for (size_t i = 0; i < COUNT(both); i++) {
        both[i]->parity = text.n ? SEEN_NO : sessions ? SEEN_YES : SEEN_UNCLEAR;
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
