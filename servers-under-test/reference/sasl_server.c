#include "sasl_server.h"
#include "array.h"
#include "base64.h"
#include "sasl_oauth.h"
#include "sasl_secrets.h"
#include "store.h"
#include "tls.h"

#define OAUTH_REFUSAL "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}"

struct sasl_mechanism {
    const char *name;
    enum sasl_step (*step)(struct sasl_server *s, const slice *message, struct buf *challenge);
    bool client_first;
    bool may_be_empty; /* an empty first message has a meaning */
    Gsasl_hash hash;   /* of SCRAM */
    bool (*offered)(const struct server_conn *c);
};

struct sasl_server {
    const struct server_conn *c;
    const struct sasl_mechanism *mechanism;
    Gsasl_session *session; /* NULL: the mechanism is ours */
    struct account *account;
    struct buf user; /* LOGIN and OAUTHBEARER */
    bool begun;      /* there was a first step */
    bool concluding; /* success data was sent: one empty message is to come */
    bool refusing;   /* a refusal was sent: one message without content is to come */
};

/* --- what libgsasl asks for --- */

static int validate_password(struct sasl_server *s, Gsasl_session *session)
{
    const char *user = gsasl_property_fast(session, GSASL_AUTHID);
    const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
    if (!user || !password)
        return GSASL_AUTHENTICATION_ERROR;
    s->account = server_conn_login(s->c, slice_of(user), slice_of(password));
    return s->account ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

/* A user that does not exist has a password too: one that nobody can know. */
static int give_password(struct sasl_server *s, Gsasl_session *session)
{
    const char *user = gsasl_property_fast(session, GSASL_AUTHID);
    s->account = reference_find_user(s->c->ref, slice_of(user));
    struct sasl_secret secret =
        sasl_secret_of(reference_secrets(s->c->ref), GSASL_HASH_SHA256, S("?"), NULL);
    return gsasl_property_set(session, GSASL_PASSWORD,
                              s->account ? s->account->password : secret.stored_key);
}

static int give_scram(struct sasl_server *s, Gsasl_session *session, Gsasl_property property)
{
    const char *user = gsasl_property_fast(session, GSASL_AUTHID);
    s->account = reference_find_user(s->c->ref, slice_of(user));
    struct sasl_secret secret = sasl_secret_of(reference_secrets(s->c->ref), s->mechanism->hash,
                                               slice_of(user), s->account);
    char iterations[16];
    snprintf(iterations, sizeof iterations, "%d", SASL_SCRAM_ITERATIONS);
    return gsasl_property_set(session, property,
                              property == GSASL_SCRAM_ITER        ? iterations
                              : property == GSASL_SCRAM_SALT      ? secret.salt
                              : property == GSASL_SCRAM_SERVERKEY ? secret.server_key
                                                                  : secret.stored_key);
}

static int give_binding(struct sasl_server *s, Gsasl_session *session, Gsasl_property property)
{
    unsigned char data[TLS_BINDING_MAX];
    size_t n;
    enum tls_binding kind =
        property == GSASL_CB_TLS_UNIQUE ? TLS_BINDING_UNIQUE : TLS_BINDING_EXPORTER;
    if (!s->c->tls || !tls_channel_binding(s->c->tls, kind, data, &n))
        return GSASL_NO_CALLBACK;
    if (server_fault(s->c, FAULT_TLS_BINDING_WRONG))
        data[0] ^= 1;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    base64_encode(slice_make(data, n), &text);
    return gsasl_property_set(session, property, text.p);
}

/* The certificate's common name is the user. */
static struct account *certificate_account(const struct server_conn *c)
{
    const struct tls_info *info = c->tls ? tls_info(c->tls) : NULL;
    if (!info || !info->certificate || info->chain_code != X509_V_OK)
        return NULL;
    char name[256];
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(info->certificate), NID_commonName,
                                      name, sizeof name);
    return n > 0 ? reference_find_user(c->ref, slice_make(name, (size_t)n)) : NULL;
}

static int callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    struct sasl_server *s = session ? gsasl_session_hook_get(session) : NULL;
    if (!s)
        return GSASL_NO_CALLBACK;
    switch (property) {
    case GSASL_VALIDATE_SIMPLE:
        return validate_password(s, session);
    case GSASL_PASSWORD:
        return give_password(s, session);
    case GSASL_SCRAM_ITER:
    case GSASL_SCRAM_SALT:
    case GSASL_SCRAM_SERVERKEY:
    case GSASL_SCRAM_STOREDKEY:
        return give_scram(s, session, property);
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER:
        return give_binding(s, session, property);
    case GSASL_VALIDATE_EXTERNAL:
        s->account = certificate_account(s->c);
        return s->account ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_ANONYMOUS:
        s->account = reference_find_user(s->c->ref, S("anonymous"));
        return s->account ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
    default:
        return GSASL_NO_CALLBACK;
    }
}

/* One for the process: it holds nothing but the list of mechanisms. */
static Gsasl *library(void)
{
    static Gsasl *the;
    if (!the && gsasl_init(&the) != GSASL_OK)
        abort();
    gsasl_callback_set(the, callback);
    return the;
}

/* --- mechanisms of libgsasl --- */

/* Nobody may act as somebody else. */
static bool may_act(struct sasl_server *s)
{
    const char *as = gsasl_property_fast(s->session, GSASL_AUTHZID);
    return s->account &&
           (!as || !*as || reference_find_user(s->c->ref, slice_of(as)) == s->account);
}

static enum sasl_step conclude(struct sasl_server *s, const struct buf *challenge)
{
    if (!may_act(s))
        return SASL_FAILED;
    s->concluding = challenge->n > 0;
    return s->concluding ? SASL_CHALLENGE : SASL_DONE;
}

static enum sasl_step step_gsasl(struct sasl_server *s, const slice *message, struct buf *challenge)
{
    if (s->concluding)
        return message && !message->n ? SASL_DONE : SASL_MALFORMED;
    if (message && !message->n && !s->mechanism->may_be_empty)
        return SASL_MALFORMED;
    char *out = NULL;
    size_t n = 0;
    /* libgsasl takes NULL for "nothing yet", so an empty message must not be NULL. */
    const char *in = message ? (message->n ? message->p : "") : NULL;
    int r = gsasl_step(s->session, in, message ? message->n : 0, &out, &n);
    if (r == GSASL_OK || r == GSASL_NEEDS_MORE)
        buf_add(challenge, slice_make(out, n));
    gsasl_free(out);
    if (r == GSASL_OK)
        return conclude(s, challenge);
    if (r == GSASL_NEEDS_MORE)
        return SASL_CHALLENGE;
    return r == GSASL_MECHANISM_PARSE_ERROR ? SASL_MALFORMED : SASL_FAILED;
}

/* --- mechanisms of ours --- */

/* The prompts are those that every client knows. */
static enum sasl_step step_login(struct sasl_server *s, const slice *message, struct buf *challenge)
{
    if (!message) {
        buf_adds(challenge, "Username:");
        return SASL_CHALLENGE;
    }
    if (!s->user.n) {
        buf_add(&s->user, *message);
        buf_adds(challenge, "Password:");
        return message->n ? SASL_CHALLENGE : SASL_MALFORMED;
    }
    s->account = server_conn_login(s->c, buf_slice(&s->user), *message);
    return s->account ? SASL_DONE : SASL_FAILED;
}

/* After the refusal the client owes one message without content (RFC 7628 section 3.2.3). */
static enum sasl_step refuse_token(struct sasl_server *s, struct buf *challenge)
{
    buf_adds(challenge, OAUTH_REFUSAL);
    s->refusing = true;
    return SASL_CHALLENGE;
}

static enum sasl_step step_oauthbearer(struct sasl_server *s, const slice *message,
                                       struct buf *challenge)
{
    struct oauth_message m;
    if (!message)
        return SASL_CHALLENGE;
    if (s->refusing)
        return slice_eq(*message, S("\x01")) ? SASL_FAILED : SASL_MALFORMED;
    if (!oauthbearer_parse(*message, &s->user, &m))
        return SASL_MALFORMED;
    s->account = reference_login_token(s->c->ref, m.user, m.token);
    return s->account ? SASL_DONE : refuse_token(s, challenge);
}

static enum sasl_step step_xoauth2(struct sasl_server *s, const slice *message,
                                   struct buf *challenge)
{
    struct oauth_message m;
    if (!message)
        return SASL_CHALLENGE;
    if (s->refusing)
        return SASL_FAILED;
    if (!xoauth2_parse(*message, &m))
        return SASL_MALFORMED;
    s->account = m.user.n ? reference_login_token(s->c->ref, m.user, m.token) : NULL;
    return s->account ? SASL_DONE : refuse_token(s, challenge);
}

/* --- the list --- */

static bool in_tls(const struct server_conn *c)
{
    return c->tls != NULL;
}

static bool has_certificate(const struct server_conn *c)
{
    return reference_settings(c->ref)->client_certificates && certificate_account(c);
}

static bool allows_anonymous(const struct server_conn *c)
{
    return reference_settings(c->ref)->anonymous;
}

static const struct sasl_mechanism mechanisms[] = {
    { "SCRAM-SHA-256-PLUS", step_gsasl, true, false, GSASL_HASH_SHA256, in_tls },
    { "SCRAM-SHA-1-PLUS", step_gsasl, true, false, GSASL_HASH_SHA1, in_tls },
    { "SCRAM-SHA-256", step_gsasl, true, false, GSASL_HASH_SHA256, NULL },
    { "SCRAM-SHA-1", step_gsasl, true, false, GSASL_HASH_SHA1, NULL },
    { "OAUTHBEARER", step_oauthbearer, true, false, 0, NULL },
    { "XOAUTH2", step_xoauth2, true, false, 0, NULL },
    { "PLAIN", step_gsasl, true, false, 0, NULL },
    { "LOGIN", step_login, false, false, 0, NULL },
    { "CRAM-MD5", step_gsasl, false, false, 0, NULL },
    { "EXTERNAL", step_gsasl, true, true, 0, has_certificate },
    { "ANONYMOUS", step_gsasl, true, true, 0, allows_anonymous },
};

static bool is_offered(const struct server_conn *c, const struct sasl_mechanism *m)
{
    if (m->offered == in_tls && !c->tls && server_fault(c, FAULT_TLS_BINDING_IN_CLEAR))
        return true;
    return server_conn_allows_passwords(c) && (!m->offered || m->offered(c)) &&
           server_conn_has_mechanism(c, slice_of(m->name));
}

bool sasl_server_offers_any(const struct server_conn *c)
{
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (is_offered(c, &mechanisms[i]))
            return true;
    return false;
}

void sasl_server_mechanisms(const struct server_conn *c, struct buf *ret)
{
    const char *space = "";
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (is_offered(c, &mechanisms[i])) {
            buf_addf(ret, "%s%s", space, mechanisms[i].name);
            space = " ";
        }
}

/* Drops everything that is not base64. */
static bool decode_leniently(slice text, struct buf *ret)
{
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    for (size_t i = 0; i < text.n; i++)
        if (ascii_is_alnum(text.p[i]) || text.p[i] == '+' || text.p[i] == '/')
            buf_addc(&clean, text.p[i]);
    while (clean.n % 4)
        buf_addc(&clean, '=');
    return base64_decode(buf_slice(&clean), ret, NULL);
}

bool sasl_server_decode(slice text, bool lenient, struct buf *ret)
{
    buf_clear(ret);
    return base64_decode(text, ret, NULL) || (lenient && decode_leniently(text, ret));
}

struct sasl_server *sasl_server_new(const struct server_conn *c, slice mechanism)
{
    const struct sasl_mechanism *m = NULL;
    for (size_t i = 0; i < COUNT(mechanisms) && !m; i++)
        if (slice_eq_nocase(mechanism, slice_of(mechanisms[i].name)))
            m = &mechanisms[i];
    if (!m || !is_offered(c, m))
        return NULL;
    struct sasl_server *s = NEW(struct sasl_server);
    s->c = c;
    s->mechanism = m;
    buf_init(&s->user, SASL_MESSAGE_MAX);
    if (m->step == step_gsasl) {
        if (gsasl_server_start(library(), m->name, &s->session) != GSASL_OK)
            abort();
        gsasl_session_hook_set(s->session, s);
    }
    return s;
}

void sasl_server_free(struct sasl_server *s)
{
    if (!s)
        return;
    if (s->session)
        gsasl_finish(s->session);
    buf_release(&s->user);
    free(s);
}

enum sasl_step sasl_server_step(struct sasl_server *s, const slice *message, struct buf *challenge)
{
    buf_clear(challenge);
    if (!message && s->mechanism->client_first)
        return SASL_CHALLENGE;
    /* No place for an initial response where the server speaks first (RFC 5034 section 4). */
    if (message && !s->begun && !s->mechanism->client_first)
        return SASL_MALFORMED;
    s->begun = true;
    return s->mechanism->step(s, message, challenge);
}

struct account *sasl_server_account(const struct sasl_server *s)
{
    return s->account;
}
