#include "sasl_mechanism.h"
#include "base64.h"
#include "tls.h"
#include <gsasl.h>

/* Strongest first: with channel binding, then without, then those that show the secret. */
static const struct sasl_mechanism mechanisms[] = {
    { "SCRAM-SHA-256-PLUS", SASL_PASSWORD, true, .plus = true, .mutual = true },
    { "SCRAM-SHA-1-PLUS", SASL_PASSWORD, true, .plus = true, .mutual = true },
    { "SCRAM-SHA-256", SASL_PASSWORD, true, .mutual = true },
    { "SCRAM-SHA-1", SASL_PASSWORD, true, .mutual = true },
    { "OAUTHBEARER", SASL_TOKEN, true, .in_clear = true },
    { "XOAUTH2", SASL_TOKEN, true, .in_clear = true },
    { "CRAM-MD5", SASL_PASSWORD, false },
    { "PLAIN", SASL_PASSWORD, true, .in_clear = true },
    { "LOGIN", SASL_PASSWORD, false, .in_clear = true },
    { "EXTERNAL", SASL_NAMED, true },
    { "ANONYMOUS", SASL_NAMED, true },
};

struct sasl_session {
    const struct sasl_mechanism *mechanism;
    const struct sasl_options *options;
    Gsasl *library;
    Gsasl_session *gsasl; /* NULL: OAUTH, which is ours */
    unsigned steps;
    bool done, bound;
    struct buf server_error;
};

const struct sasl_mechanism *sasl_mechanism_find(slice name)
{
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (slice_eq_nocase(name, slice_of(mechanisms[i].name)))
            return &mechanisms[i];
    return NULL;
}

static bool has_means(const struct sasl_mechanism *m, const struct credentials *who)
{
    switch (m->means) {
    case SASL_PASSWORD:
        return who->user.n && who->password.n;
    case SASL_TOKEN:
        return who->token.n;
    default:
        return false;
    }
}

slice sasl_choose(const struct capabilities *caps, const struct credentials *who, bool in_tls)
{
    for (size_t i = 0; i < COUNT(mechanisms); i++) {
        const struct sasl_mechanism *m = &mechanisms[i];
        bool safe = in_tls || (!m->plus && (!m->in_clear || who->allow_clear));
        if (safe && has_means(m, who) && caps_has_mechanism(caps, slice_of(m->name)))
            return slice_of(m->name);
    }
    return (slice) { 0 };
}

static void property(struct sasl_session *s, Gsasl_property which, slice value)
{
    gsasl_property_set_raw(s->gsasl, which, value.p ? value.p : "", value.n);
}

/* tls-exporter for TLS 1.3 (RFC 9266), tls-unique before (RFC 5929). */
static bool bind_channel(struct sasl_session *s, struct stream *tls)
{
    unsigned char data[TLS_BINDING_MAX];
    size_t n;
    Gsasl_property which = GSASL_CB_TLS_UNIQUE;
    bool have = tls && tls_channel_binding(tls, TLS_BINDING_UNIQUE, data, &n);
    if (tls && !have) {
        which = GSASL_CB_TLS_EXPORTER;
        have = tls_channel_binding(tls, TLS_BINDING_EXPORTER, data, &n);
    }
    if (!have)
        return false;
    auto_buf text = { 0 };
    buf_init(&text, 4 * TLS_BINDING_MAX);
    base64_encode(slice_make(data, n), &text);
    property(s, which, buf_slice(&text));
    return s->bound = true;
}

static int gsasl_open(struct sasl_session *s, const char *service, struct stream *tls,
                      struct error *err)
{
    const struct sasl_mechanism *m = s->mechanism;
    const struct credentials *who = s->options->who;
    int code = gsasl_init(&s->library);
    if (code == GSASL_OK)
        code = gsasl_client_start(s->library, m->name, &s->gsasl);
    if (code != GSASL_OK)
        return error_set(err, ERR_USAGE, "%s: %s", m->name, gsasl_strerror(code));
    property(s, GSASL_AUTHID, who->user);
    property(s, GSASL_PASSWORD, who->password);
    if (who->authzid.n || m->means == SASL_NAMED)
        property(s, GSASL_AUTHZID, who->authzid);
    property(s, GSASL_ANONYMOUS_TOKEN, who->user);
    property(s, GSASL_SERVICE, slice_of(service));
    property(s, GSASL_HOSTNAME, slice_of(s->options->host ? s->options->host : "localhost"));
    if (m->plus && !bind_channel(s, tls))
        return error_set(err, ERR_USAGE, "%s: this session has no channel binding data", m->name);
    return 0;
}

static bool has_nul(slice s)
{
    return slice_find_char(s, '\0') != SIZE_MAX;
}

static int means_missing(const struct sasl_mechanism *m, const struct credentials *who,
                         struct error *err)
{
    if (m->means != SASL_NAMED && !has_means(m, who))
        return error_set(err, ERR_USAGE, "%s needs %s", m->name,
                         m->means == SASL_TOKEN ? "a token" : "a user name and a password");
    if (has_nul(who->user) || has_nul(who->password) || has_nul(who->authzid) ||
        has_nul(who->token))
        return error_set(err, ERR_USAGE, "%s cannot carry a NUL", m->name);
    return 0;
}

int sasl_session_new(const struct sasl_mechanism *m, const struct sasl_options *options,
                     const char *service, struct stream *tls, struct error *err,
                     struct sasl_session **ret)
{
    int result = means_missing(m, options->who, err);
    if (result < 0)
        return result;
    struct sasl_session *s = NEW(struct sasl_session);
    s->mechanism = m;
    s->options = options;
    buf_init(&s->server_error, SASL_TOKEN_MAX);
    if (m->means != SASL_TOKEN)
        result = gsasl_open(s, service, tls, err);
    if (result < 0)
        sasl_session_free(s);
    else
        *ret = s;
    return result;
}

void sasl_session_free(struct sasl_session *s)
{
    if (!s)
        return;
    if (s->gsasl)
        gsasl_finish(s->gsasl);
    if (s->library)
        gsasl_done(s->library);
    buf_release(&s->server_error);
    free(s);
}

/* saslname: "," and "=" are written =2C and =3D (RFC 5801 section 4). */
static void add_saslname(struct buf *out, slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == ',')
            buf_adds(out, "=2C");
        else if (name.p[i] == '=')
            buf_adds(out, "=3D");
        else
            buf_addc(out, name.p[i]);
    }
}

/* client-resp = gs2-header kvsep *kvpair kvsep (RFC 7628 section 3.1) */
static void oauthbearer(const struct sasl_options *o, struct buf *token)
{
    buf_adds(token, "n,");
    if (o->who->user.n) {
        buf_adds(token, "a=");
        add_saslname(token, o->who->user);
    }
    buf_adds(token, ",\1");
    if (o->host)
        buf_addf(token, "host=%s\1", o->host);
    if (o->port)
        buf_addf(token, "port=%u\1", o->port);
    buf_adds(token, "auth=Bearer ");
    buf_add(token, o->who->token);
    buf_adds(token, "\1\1");
}

static void xoauth2(const struct sasl_options *o, struct buf *token)
{
    buf_adds(token, "user=");
    buf_add(token, o->who->user);
    buf_adds(token, "\1auth=Bearer ");
    buf_add(token, o->who->token);
    buf_adds(token, "\1\1");
}

/* A second challenge holds the server's reasons; OAUTHBEARER answers it with one ^A (RFC 7628
   section 3.2.3), XOAUTH2 with nothing. */
static void oauth_step(struct sasl_session *s, slice challenge, struct buf *token)
{
    bool bearer = slice_eq_str(slice_of(s->mechanism->name), "OAUTHBEARER");
    s->done = s->steps++ == 0;
    if (s->done) {
        (bearer ? oauthbearer : xoauth2)(s->options, token);
        return;
    }
    buf_add(&s->server_error, challenge);
    if (bearer)
        buf_addc(token, '\1');
}

bool sasl_session_step(struct sasl_session *s, slice challenge, struct buf *token,
                       const char **ret_why)
{
    buf_clear(token);
    if (!s->gsasl) {
        oauth_step(s, challenge, token);
        return true;
    }
    char *out = NULL;
    size_t n = 0;
    int code = gsasl_step(s->gsasl, challenge.p ? challenge.p : "", challenge.n, &out, &n);
    if (code == GSASL_OK || code == GSASL_NEEDS_MORE) {
        s->done = code == GSASL_OK;
        buf_add(token, slice_make(out, n));
    } else {
        s->done = false;
        *ret_why = gsasl_strerror(code);
    }
    gsasl_free(out);
    return code == GSASL_OK || code == GSASL_NEEDS_MORE;
}

bool sasl_session_done(const struct sasl_session *s)
{
    return s->done;
}

bool sasl_session_bound(const struct sasl_session *s)
{
    return s->bound;
}

slice sasl_session_server_error(const struct sasl_session *s)
{
    return buf_slice(&s->server_error);
}
