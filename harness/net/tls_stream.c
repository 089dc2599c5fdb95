#include "alloc.h"
#include "buf.h"
#include "resolve.h"
#include "tls_private.h"
#include <assert.h>
#include <openssl/err.h>
#include <stdlib.h>

enum {
    READ_CHUNK = 4096,       /* on the stack of every task that waits for TLS data */
    WRITE_CHUNK = 64 * 1024, /* plaintext per flush: bounds the memory of a large write */
    CLOSE_NOTIFY_MILLIS = 1000
};

static struct tls_stream *self_of(struct stream *s)
{
    return (struct tls_stream *)s;
}

struct tls_stream *tls_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* What an OpenSSL call said, taken before another task can touch the thread's error queue. */
struct outcome {
    int result;  /* of the call */
    int verdict; /* SSL_get_error */
    int reason;  /* ERR_GET_REASON of the first error */
    const char *text;
};

static struct outcome outcome_of(const SSL *ssl, int result)
{
    struct outcome o = { .result = result, .verdict = SSL_get_error(ssl, result) };
    unsigned long code = ERR_peek_error();
    o.reason = ERR_GET_REASON(code);
    o.text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return o;
}

#define TLS_CALL(t, call) (ERR_clear_error(), outcome_of((t)->ssl, (call)))

static int broken(struct tls_stream *t, int result)
{
    t->broken = true;
    return result;
}

static int flush_all(struct tls_stream *t, nsec deadline)
{
    for (size_t n; (n = BIO_ctrl_pending(t->out));) {
        /* A copy, because another task may add to the BIO while this one waits. */
        autofree char *data = xcalloc(n, 1);
        BIO_read(t->out, data, (int)n);
        int r = stream_write(t->base.under, data, n, deadline);
        if (r < 0)
            return broken(t, stream_fail_under(&t->base, r));
    }
    return 0;
}

/* Sends what OpenSSL has written. Records of several tasks keep their order. */
static int flush(struct tls_stream *t, nsec deadline)
{
    if (!BIO_ctrl_pending(t->out) && !t->flushing.taken)
        return 0;
    int r = stream_wake(&t->base, turn_take(&t->flushing, deadline));
    if (r < 0)
        return broken(t, r);
    r = flush_all(t, deadline);
    turn_give(&t->flushing);
    return r;
}

/* Gives OpenSSL more ciphertext: > 0, 0 at the end, or < 0. `again`: what came before was not enough;
   whoever never stops sending has no more time than whoever is silent. */
static ssize_t feed(struct tls_stream *t, nsec deadline, bool again)
{
    char data[READ_CHUNK];
    if (again && now() > deadline)
        return stream_wake(&t->base, WAKE_TIMEOUT);
    ssize_t n = stream_read(t->base.under, data, sizeof data, deadline);
    if (n > 0)
        BIO_write(t->in, data, (int)n);
    return n < 0 ? stream_fail_under(&t->base, (int)n) : n;
}

/* RFC 8446 section 6.2: two that OpenSSL 3.0 has no name for. */
static const char *alert_name(int alert)
{
    enum { MISSING_EXTENSION = 109, CERTIFICATE_REQUIRED = 116 };
    return alert == MISSING_EXTENSION      ? "missing extension"
           : alert == CERTIFICATE_REQUIRED ? "certificate required"
                                           : SSL_alert_desc_string_long(alert);
}

static int fail_alert(struct tls_stream *t)
{
    int alert = t->info.alert_received;
    return stream_fail(&t->base, IO_TLS, CAUSE_ALERT, "TLS alert from the peer: %s (%d)",
                       alert_name(alert), alert);
}

static int fail_tls(struct tls_stream *t, struct outcome o)
{
    t->broken = true;
    if (t->info.alert_received >= 0)
        return fail_alert(t);
    return stream_fail(&t->base, IO_TLS, CAUSE_TLS, "TLS error: %s",
                       o.text ? o.text : "unknown reason");
}

static ssize_t read_plain(struct tls_stream *t, void *data, size_t n, nsec deadline)
{
    for (bool again = false;; again = true) {
        struct outcome o = TLS_CALL(t, SSL_read(t->ssl, data, n > INT32_MAX ? INT32_MAX : (int)n));
        if (o.result <= 0 && o.verdict != SSL_ERROR_WANT_READ &&
            o.verdict != SSL_ERROR_ZERO_RETURN) {
            flush(t, deadline); /* our alert; the failure to tell is the one below */
            return fail_tls(t, o);
        }
        /* Answers of the protocol itself (key update). Data is not lost if they cannot go out. */
        int r = BIO_ctrl_pending(t->out) ? flush(t, deadline) : 0;
        if (o.result > 0)
            return o.result;
        if (o.verdict == SSL_ERROR_ZERO_RETURN)
            return 0;
        if (r < 0)
            return r;
        ssize_t got = feed(t, deadline, again);
        if (got == 0)
            return stream_fail(&t->base, IO_TLS, CAUSE_TRUNCATED, "closed without close_notify");
        if (got < 0)
            return got;
    }
}

static ssize_t tls_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    struct tls_stream *t = self_of(s);
    assert(!t->reading && "two tasks read one stream");
    t->reading = true;
    ssize_t got = read_plain(t, data, n, deadline);
    t->reading = false;
    return got;
}

static int write_plain(struct tls_stream *t, slice data, nsec deadline)
{
    while (data.n) {
        if (t->broken)
            return t->base.failure
                       ? stream_fail(&t->base, IO_TLS, t->base.cause, "%s", t->base.failure)
                       : stream_fail(&t->base, IO_TLS, CAUSE_TLS, "TLS session is over");
        slice part = slice_sub(data, 0, WRITE_CHUNK);
        struct outcome o = TLS_CALL(t, SSL_write(t->ssl, part.p, (int)part.n));
        int r = flush(t, deadline);
        if (o.result <= 0)
            return fail_tls(t, o);
        if (r < 0)
            return r;
        data = slice_skip(data, (size_t)o.result);
    }
    return 0;
}

static int tls_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    struct tls_stream *t = self_of(s);
    int r = stream_wake(s, turn_take(&t->writing, deadline));
    if (r < 0)
        return r;
    r = write_plain(t, slice_make(data, n), deadline);
    turn_give(&t->writing);
    return r;
}

int tls_close_notify(struct stream *s, nsec deadline)
{
    struct tls_stream *t = self_of(s);
    if (t->broken)
        return stream_fail(s, IO_TLS, CAUSE_TLS, "TLS session is over");
    int r = stream_wake(s, turn_take(&t->writing, deadline));
    if (r < 0)
        return r;
    (void)TLS_CALL(t, SSL_shutdown(t->ssl));
    r = flush(t, deadline);
    turn_give(&t->writing);
    return r;
}

static int tls_half_close(struct stream *s, nsec deadline)
{
    int r = tls_close_notify(s, deadline);
    return r < 0 ? r : stream_half_close_under(s, deadline);
}

static void tls_reset(struct stream *s)
{
    self_of(s)->broken = true;
    stream_reset(s->under);
}

static void tls_free(struct tls_stream *t)
{
    assert(!t->reading && !t->writing.taken && !t->flushing.taken && "closed while in use");
    SSL_free(t->ssl);
    tls_info_release(&t->info);
    free(t->verify_host);
    stream_release(&t->base);
    free(t);
}

static void tls_close(struct stream *s)
{
    struct tls_stream *t = self_of(s);
    if (!t->truncate && !t->broken) {
        bool was = task_shield(true);
        tls_close_notify(s, now() + MILLIS(CLOSE_NOTIFY_MILLIS));
        task_shield(was);
    }
    stream_close(s->under);
    tls_free(t);
}

static const struct stream_ops tls_ops = { "tls",          tls_read,  tls_write,
                                           tls_half_close, tls_reset, tls_close };

const struct tls_info *tls_info(struct stream *s)
{
    return s->ops == &tls_ops ? &self_of(s)->info : NULL;
}

SSL_SESSION *tls_session(struct stream *s)
{
    SSL_SESSION *session = SSL_get1_session(self_of(s)->ssl);
    if (session && SSL_SESSION_is_resumable(session))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

void tls_set_truncate(struct stream *s)
{
    self_of(s)->truncate = true;
}

int tls_renegotiate(struct stream *s, nsec deadline)
{
    struct tls_stream *t = self_of(s);
    char waste[READ_CHUNK];
    ERR_clear_error();
    if (SSL_renegotiate(t->ssl) != 1)
        return fail_tls(t, outcome_of(t->ssl, 0));
    /* By reading, since data may come in between. */
    for (bool again = false; SSL_renegotiate_pending(t->ssl); again = true) {
        struct outcome o = TLS_CALL(t, SSL_read(t->ssl, waste, sizeof waste));
        int r = flush(t, deadline);
        if (o.result <= 0 && o.verdict != SSL_ERROR_WANT_READ)
            return fail_tls(t, o);
        bool enough = r < 0 || o.result > 0 || !SSL_renegotiate_pending(t->ssl);
        ssize_t got = enough ? 1 : feed(t, deadline, again);
        if (got == 0)
            return stream_fail(s, IO_TLS, CAUSE_TRUNCATED, "closed without close_notify");
        if (r < 0 || got < 0)
            return r < 0 ? r : (int)got;
    }
    return 0;
}

/* --- opening --- */

static struct tls_stream *stream_new(struct stream *under, const struct tls_context *context,
                                     const struct tls_options *o)
{
    struct tls_stream *t = NEW(struct tls_stream);
    t->base.ops = &tls_ops;
    t->base.under = under;
    t->server = context->server;
    t->verify = o->verify;
    t->verify_host = o->verify_host ? xstrdup(o->verify_host) : NULL;
    t->choose = o->choose;
    t->refuse = o->refuse;
    t->choose_arg = o->choose_arg;
    t->info.alert_received = t->info.alert_sent = -1;
    t->info.chain_code = X509_V_ERR_UNSPECIFIED;
    t->info.chain_text = "no certificate";
    t->ssl = SSL_new(context->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->in || !t->out)
        abort(); /* out of memory */
    BIO_set_mem_eof_return(t->in, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_app_data(t->ssl, t);
    return t;
}

static bool set_versions(SSL *ssl, const struct tls_options *o)
{
    int min = o->min_version;
    if (o->legacy) {
        SSL_set_security_level(ssl, 0);
        SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
        min = min ? min : TLS1_VERSION;
    }
    SSL_set_options(ssl, o->set);
    SSL_clear_options(ssl, o->clear);
    const char *ciphers = o->ciphers ? o->ciphers : o->legacy ? "ALL:@SECLEVEL=0" : NULL;
    return (!min || SSL_set_min_proto_version(ssl, min) == 1) &&
           (!o->max_version || SSL_set_max_proto_version(ssl, o->max_version) == 1) &&
           (!ciphers || SSL_set_cipher_list(ssl, ciphers) == 1) &&
           (!o->ciphersuites || SSL_set_ciphersuites(ssl, o->ciphersuites) == 1) &&
           (!o->groups || SSL_set1_groups_list(ssl, o->groups) == 1) &&
           (!o->signatures || SSL_set1_sigalgs_list(ssl, o->signatures) == 1);
}

/* Called by OpenSSL's client when the server asks for a certificate. */
static int note_request(SSL *ssl, void *unused)
{
    (void)unused;
    tls_of(ssl)->info.certificate_requested = true;
    return 1;
}

static bool set_client(struct tls_stream *t, const struct tls_options *o)
{
    SSL_set_connect_state(t->ssl);
    SSL_set_cert_cb(t->ssl, note_request, NULL);
    if (o->sni && !is_numeric_address(o->sni)) {
        if (SSL_set_tlsext_host_name(t->ssl, o->sni) != 1)
            return false;
        snprintf(t->info.sni, sizeof t->info.sni, "%s", o->sni);
    }
    if (o->staple && SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp) != 1)
        return false;
    if (o->resume && SSL_set_session(t->ssl, o->resume) != 1)
        return false;
    if (!o->alpn)
        return true;
    auto_buf wire;
    buf_init(&wire, UINT16_MAX);
    return tls_alpn_encode(o->alpn, &wire) &&
           SSL_set_alpn_protos(t->ssl, (const unsigned char *)wire.p, (unsigned)wire.n) == 0;
}

/* One sentence on a handshake that OpenSSL refused. */
static void explain(struct tls_stream *t, struct outcome o)
{
    static const char not_tls[] = "the peer does not speak TLS here";
    const struct tls_info *info = &t->info;
    if (o.reason == SSL_R_CERTIFICATE_VERIFY_FAILED && info->chain_code != X509_V_OK)
        stream_fail(&t->base, IO_TLS, CAUSE_TLS, "the certificate is not trusted: %s",
                    info->chain_text);
    else if (o.reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        stream_fail(&t->base, IO_TLS, CAUSE_TLS, "the certificate is not for %s", t->verify_host);
    else if (info->alert_received >= 0)
        fail_alert(t);
    else if (o.reason == SSL_R_WRONG_VERSION_NUMBER || o.reason == SSL_R_HTTP_REQUEST)
        stream_fail(&t->base, IO_TLS, CAUSE_TLS, "%s", not_tls);
    else
        fail_tls(t, o);
}

static int handshake(struct tls_stream *t, nsec deadline)
{
    for (bool again = false;; again = true) {
        struct outcome o = TLS_CALL(t, SSL_do_handshake(t->ssl));
        int r = flush(t, deadline);
        /* A client that said all and left does not take the server's tickets; what it said is
           still to be read. */
        if (o.result == 1)
            return t->server && r == IO_ERROR ? 0 : r;
        if (o.verdict != SSL_ERROR_WANT_READ) {
            explain(t, o);
            return IO_TLS;
        }
        if (r < 0)
            return r;
        ssize_t got = feed(t, deadline, again);
        if (got == 0)
            return stream_fail(&t->base, IO_TLS, CAUSE_TRUNCATED, "closed by the peer");
        if (got < 0)
            return (int)got;
    }
}

static int open_failed(struct tls_stream *t, int r, const struct tls_options *o, struct error *err)
{
    tls_info_fill(t);
    int code = stream_error_set(&t->base, r, err);
    error_prefix(err, "TLS handshake failed");
    if (o->ret_failed) {
        *o->ret_failed = t->info;
        t->info.certificate = NULL;
        t->info.chain = NULL;
        t->info.staple = (slice) { 0 };
    }
    tls_free(t);
    return code;
}

static int open_session(struct stream *under, struct tls_context *context,
                        const struct tls_options *o, nsec deadline, struct error *err,
                        struct stream **ret)
{
    struct tls_stream *t = stream_new(under, context, o);
    ERR_clear_error();
    if (!set_versions(t->ssl, o) || (!t->server && !set_client(t, o))) {
        tls_free(t);
        return error_set(err, ERR_USAGE, "TLS options that OpenSSL does not accept");
    }
    if (t->server)
        SSL_set_accept_state(t->ssl);
    int r = handshake(t, deadline);
    if (r < 0)
        return open_failed(t, r, o, err);
    tls_info_fill(t);
    *ret = &t->base;
    return 0;
}

static const struct tls_options defaults = { .verify = TLS_VERIFY_CHAIN };

int tls_open_client(struct stream *under, struct tls_context *context,
                    const struct tls_options *options, nsec deadline, struct error *err,
                    struct stream **ret)
{
    const struct tls_options *o = options ? options : &defaults;
    assert(!context->server && (o->verify != TLS_VERIFY_FULL || o->verify_host));
    return open_session(under, context, o, deadline, err, ret);
}

int tls_open_server(struct stream *under, struct tls_context *context,
                    const struct tls_options *options, nsec deadline, struct error *err,
                    struct stream **ret)
{
    assert(context->server);
    return open_session(under, context, options ? options : &defaults, deadline, err, ret);
}
