#include "array.h"
#include "certs.h"
#include "sasl_oauth.h"
#include "sasl_server.h"
#include "store.h"
#include "testing.h"
#include "tls.h"
#include <gsasl.h>

/* One session over TLS against libgsasl's client. */
struct login {
    const char *mechanism;
    const char *user, *password, *authzid;
    int version; /* of TLS; 0: 1.3 */
    const char *fault;
    bool initial; /* the client sends its first message along */
    enum sasl_step result;
};

struct run {
    const struct login *login;
    struct reference *ref;
    struct server_conn conn;
    struct stream *client, *server_end;
    struct tls_context *trust;
    struct identity identity;
};

static void binding_property(Gsasl_session *session, struct stream *client)
{
    unsigned char data[TLS_BINDING_MAX];
    size_t n;
    char *text = NULL;
    bool exporter = strcmp(tls_info(client)->version, "TLSv1.3") == 0;
    if (!tls_channel_binding(client, exporter ? TLS_BINDING_EXPORTER : TLS_BINDING_UNIQUE, data,
                             &n))
        return;
    ck_assert_int_eq(gsasl_base64_to((char *)data, n, &text, NULL), GSASL_OK);
    gsasl_property_set(session, exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE, text);
    gsasl_free(text);
}

static Gsasl_session *client_session(Gsasl *library, struct run *r)
{
    Gsasl_session *session = NULL;
    const struct login *l = r->login;
    ck_assert_int_eq(gsasl_client_start(library, l->mechanism, &session), GSASL_OK);
    gsasl_property_set(session, GSASL_AUTHID, l->user);
    gsasl_property_set(session, GSASL_PASSWORD, l->password);
    gsasl_property_set(session, GSASL_ANONYMOUS_TOKEN, "trace");
    if (l->authzid)
        gsasl_property_set(session, GSASL_AUTHZID, l->authzid);
    /* With a binding at hand libgsasl would take a mechanism without -PLUS for a downgrade. */
    if (slice_ends(slice_of(l->mechanism), S("-PLUS")))
        binding_property(session, r->client);
    return session;
}

/* What the client answers; false when it has no more to say or gives up. */
static bool client_step(Gsasl_session *session, const struct buf *challenge, char **ret,
                        size_t *ret_n)
{
    int g = gsasl_step(session, challenge ? challenge->p : NULL, challenge ? challenge->n : 0, ret,
                       ret_n);
    return g == GSASL_OK || g == GSASL_NEEDS_MORE;
}

static enum sasl_step exchange(struct run *r, Gsasl_session *session, struct sasl_server *sasl)
{
    auto_buf challenge;
    buf_init(&challenge, BUF_OURS);
    char *out = NULL;
    size_t n = 0;
    enum sasl_step step;
    if (r->login->initial) {
        ck_assert(client_step(session, NULL, &out, &n));
        slice first = slice_make(out ? out : "", n);
        step = sasl_server_step(sasl, &first, &challenge);
        gsasl_free(out);
    } else {
        step = sasl_server_step(sasl, NULL, &challenge);
        ck_assert_int_eq(step, SASL_CHALLENGE);
    }
    while (step == SASL_CHALLENGE) {
        out = NULL;
        n = 0;
        ck_assert(client_step(session, &challenge, &out, &n));
        slice answer = slice_make(out ? out : "", n);
        step = sasl_server_step(sasl, &answer, &challenge);
        gsasl_free(out);
    }
    return step;
}

static void log_in(struct run *r)
{
    Gsasl *library = NULL;
    ck_assert_int_eq(gsasl_init(&library), GSASL_OK);
    Gsasl_session *session = client_session(library, r);
    struct sasl_server *sasl = sasl_server_new(&r->conn, slice_of(r->login->mechanism));
    ck_assert_ptr_nonnull(sasl);
    enum sasl_step step = exchange(r, session, sasl);
    ck_assert_int_eq(step, r->login->result);
    if (step == SASL_DONE && strcmp(r->login->mechanism, "ANONYMOUS") != 0)
        ck_assert_str_eq(sasl_server_account(sasl)->user, "alice");
    sasl_server_free(sasl);
    gsasl_finish(session);
    gsasl_done(library);
}

static void client_side(void *arg)
{
    struct run *r = arg;
    struct tls_client_config config = { .ca_pem = reference_ca_pem(r->ref),
                                        .chain_pem = slice_of(r->identity.chain_pem),
                                        .key_pem = slice_of(r->identity.key_pem) };
    struct tls_options options = { .sni = "mail.mailassay.test",
                                   .verify_host = "mail.mailassay.test",
                                   .max_version = r->login->version };
    struct stream *top;
    struct error err = { 0 };
    ck_assert_int_eq(tls_client_context_new(&config, &err, &r->trust), 0);
    ck_assert_msg(tls_open_client(r->client, r->trust, &options, NEVER, &err, &top) == 0, "%s",
                  err.text);
    r->client = top;
}

static void whole(void *arg)
{
    static const struct reference_account accounts[] = { { "alice", "open sesame", NULL, "token" },
                                                         { "bob", "builder", NULL, NULL } };
    struct run r = { .login = arg };
    struct ca *ca = ca_new("test authority");
    struct reference_options o = { .accounts = accounts,
                                   .n_accounts = COUNT(accounts),
                                   .ca = ca,
                                   .client_certificates = true,
                                   .anonymous = true };
    if (r.login->fault)
        ck_assert(fault_add(&o.faults, slice_of(r.login->fault)));
    ck_assert_int_eq(reference_new(&o, NULL, &r.ref), 0);
    r.identity = identity_new(ca, &(struct cert_spec) { .common_name = "alice", .client = true });
    struct stream *ends[2];
    pair_open(ends);
    r.client = ends[0];
    server_conn_init(&r.conn, r.ref, &services[SERVICE_SUBMISSIONS], ends[1], "127.0.0.1");
    struct task *client = task_spawn(client_side, &r);
    ck_assert(server_conn_begin(&r.conn));
    task_join(client);
    log_in(&r);
    stream_close(r.client);
    server_conn_close(&r.conn);
    tls_context_free(r.trust);
    identity_release(&r.identity);
    reference_free(r.ref);
    ca_free(ca);
}

#define GOOD "alice", "open sesame", NULL
#define WRONG "alice", "close sesame", NULL
#define NOBODY "mallory", "open sesame", NULL

static const struct login logins[] = {
    { "PLAIN", GOOD, 0, NULL, true, SASL_DONE },
    { "PLAIN", GOOD, 0, NULL, false, SASL_DONE },
    { "PLAIN", WRONG, 0, NULL, true, SASL_FAILED },
    { "PLAIN", NOBODY, 0, NULL, true, SASL_FAILED },
    { "PLAIN", "alice", "open sesame", "alice", 0, NULL, true, SASL_DONE },
    { "PLAIN", "alice", "open sesame", "bob", 0, NULL, true, SASL_FAILED },
    { "PLAIN", "alice@mailassay.test", "open sesame", NULL, 0, NULL, true, SASL_DONE },
    { "PLAIN", WRONG, 0, "smtp.auth.any-password", true, SASL_DONE },
    { "LOGIN", GOOD, 0, NULL, false, SASL_DONE },
    { "LOGIN", WRONG, 0, NULL, false, SASL_FAILED },
    { "CRAM-MD5", GOOD, 0, NULL, false, SASL_DONE },
    { "CRAM-MD5", WRONG, 0, NULL, false, SASL_FAILED },
    { "CRAM-MD5", NOBODY, 0, NULL, false, SASL_FAILED },
    { "SCRAM-SHA-1", GOOD, 0, NULL, true, SASL_DONE },
    { "SCRAM-SHA-1", WRONG, 0, NULL, true, SASL_FAILED },
    { "SCRAM-SHA-256", GOOD, 0, NULL, true, SASL_DONE },
    { "SCRAM-SHA-256", GOOD, 0, NULL, false, SASL_DONE },
    { "SCRAM-SHA-256", WRONG, 0, NULL, true, SASL_FAILED },
    { "SCRAM-SHA-256", NOBODY, 0, NULL, true, SASL_FAILED },
    { "SCRAM-SHA-256", "alice", "open sesame", "bob", 0, NULL, true, SASL_FAILED },
    { "SCRAM-SHA-1-PLUS", GOOD, 0, NULL, true, SASL_DONE },
    { "SCRAM-SHA-256-PLUS", GOOD, 0, NULL, true, SASL_DONE },
    { "SCRAM-SHA-256-PLUS", GOOD, TLS1_2_VERSION, NULL, true, SASL_DONE },
    { "SCRAM-SHA-256-PLUS", GOOD, 0, "tls.channel-binding.wrong", true, SASL_FAILED },
    { "EXTERNAL", NULL, NULL, "", 0, NULL, true, SASL_DONE },
    { "EXTERNAL", NULL, NULL, "alice", 0, NULL, false, SASL_DONE },
    { "EXTERNAL", NULL, NULL, "bob", 0, NULL, true, SASL_FAILED },
    { "ANONYMOUS", NULL, NULL, NULL, 0, NULL, true, SASL_DONE },
};

START_TEST(login_works)
{
    sched_main(CLOCK_VIRTUAL, whole, (void *)&logins[_i]);
}
END_TEST

/* What may be offered without TLS, by fault, and how SCRAM begins. */
static void run_in_clear(void *arg)
{
    static const struct reference_account accounts[] = { { "alice", "open sesame", NULL, NULL } };
    struct reference_options o = { .accounts = accounts, .n_accounts = 1 };
    fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    struct server_conn c;
    struct stream *ends[2];
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    pair_open(ends);
    server_conn_init(&c, ref, &services[SERVICE_POP3], ends[1], NULL);
    ck_assert_ptr_null(sasl_server_new(&c, S("SCRAM-SHA-256-PLUS")));
    ck_assert_ptr_null(sasl_server_new(&c, S("EXTERNAL")));
    ck_assert_ptr_null(sasl_server_new(&c, S("ANONYMOUS")));
    struct sasl_server *sasl = sasl_server_new(&c, S("scram-sha-256"));
    auto_buf challenge;
    buf_init(&challenge, BUF_OURS);
    slice first = S("n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL");
    ck_assert_int_eq(sasl_server_step(sasl, &first, &challenge), SASL_CHALLENGE);
    ck_assert(slice_starts(buf_slice(&challenge), S("r=fyko+d2lbbFgONRv9qkxdawL")));
    ck_assert(slice_ends(buf_slice(&challenge), S(",i=4096")));
    sasl_server_free(sasl);
    stream_close(ends[0]);
    server_conn_close(&c);
    reference_free(ref);
}

START_TEST(without_tls)
{
    sched_main(CLOCK_VIRTUAL, run_in_clear, NULL);
}
END_TEST

static const struct {
    bool bearer;
    const char *message;
    bool ok;
    const char *user, *token;
} oauth[] = {
    { true, "n,a=alice@example.org,\1host=h\1port=143\1auth=Bearer abc==\1\1", true,
      "alice@example.org", "abc==" },
    { true, "n,,\1auth=bearer abc\1\1", true, "", "abc" },
    { true, "n,a=a=2Cb=3D,\1auth=Bearer x\1\1", true, "a,b=", "x" },
    { true, "p=tls-exporter,,\1auth=Bearer x\1\1", false, NULL, NULL },
    { true, "n,a=alice,\1auth=Bearer x\1", false, NULL, NULL },
    { true, "n,a=alice,\1auth=Basic x\1\1", false, NULL, NULL },
    { true, "n,a=al=ice,\1auth=Bearer x\1\1", false, NULL, NULL },
    { true, "n,a=alice,\1\1", false, NULL, NULL },
    { true, "", false, NULL, NULL },
    { false, "user=alice\1auth=Bearer abc\1\1", true, "alice", "abc" },
    { false, "user=alice\1auth=Bearer abc\1", false, NULL, NULL },
    { false, "auth=Bearer abc\1user=alice\1\1", false, NULL, NULL },
    { false, "user=alice\1auth=Bearer \1\1", false, NULL, NULL },
};

START_TEST(oauth_messages)
{
    auto_buf user;
    buf_init(&user, BUF_OURS);
    struct oauth_message m;
    slice text = slice_of(oauth[_i].message);
    bool ok = oauth[_i].bearer ? oauthbearer_parse(text, &user, &m) : xoauth2_parse(text, &m);
    ck_assert_int_eq(ok, oauth[_i].ok);
    if (ok) {
        ck_assert_slice(m.user, slice_of(oauth[_i].user));
        ck_assert_slice(m.token, slice_of(oauth[_i].token));
    }
}
END_TEST

static const struct {
    const char *mechanism, *first, *second;
    enum sasl_step result;
    const char *challenge;
} tokens[] = {
    { "OAUTHBEARER", "n,a=alice,\1auth=Bearer token\1\1", NULL, SASL_DONE, NULL },
    { "OAUTHBEARER", "n,,\1auth=Bearer token\1\1", NULL, SASL_DONE, NULL },
    { "OAUTHBEARER", "n,a=bob,\1auth=Bearer token\1\1", "\1", SASL_FAILED, "invalid_token" },
    { "OAUTHBEARER", "n,a=alice,\1auth=Bearer wrong\1\1", "x", SASL_MALFORMED, "invalid_token" },
    { "OAUTHBEARER", "nonsense", NULL, SASL_MALFORMED, NULL },
    { "XOAUTH2", "user=alice\1auth=Bearer token\1\1", NULL, SASL_DONE, NULL },
    { "XOAUTH2", "user=alice\1auth=Bearer wrong\1\1", "", SASL_FAILED, "invalid_token" },
};

static void run_tokens(void *arg)
{
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, "token" },
                                                         { "bob", "builder", NULL, NULL } };
    size_t i = *(int *)arg;
    struct reference_options o = { .accounts = accounts, .n_accounts = 2 };
    fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    struct server_conn c;
    struct stream *ends[2];
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    pair_open(ends);
    server_conn_init(&c, ref, &services[SERVICE_IMAP], ends[1], NULL);
    struct sasl_server *sasl = sasl_server_new(&c, slice_of(tokens[i].mechanism));
    auto_buf challenge;
    buf_init(&challenge, BUF_OURS);
    slice first = slice_of(tokens[i].first), second = slice_of(tokens[i].second);
    enum sasl_step step = sasl_server_step(sasl, &first, &challenge);
    if (tokens[i].challenge) {
        ck_assert_int_eq(step, SASL_CHALLENGE);
        ck_assert_uint_ne(slice_find(buf_slice(&challenge), slice_of(tokens[i].challenge)),
                          SIZE_MAX);
        step = sasl_server_step(sasl, &second, &challenge);
    }
    ck_assert_int_eq(step, tokens[i].result);
    if (step == SASL_DONE)
        ck_assert_str_eq(sasl_server_account(sasl)->user, "alice");
    sasl_server_free(sasl);
    stream_close(ends[0]);
    server_conn_close(&c);
    reference_free(ref);
}

START_TEST(bearer_tokens)
{
    sched_main(CLOCK_VIRTUAL, run_tokens, &_i);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, login_works, 0, COUNT(logins));
    tcase_add_test(t, without_tls);
    tcase_add_loop_test(t, oauth_messages, 0, COUNT(oauth));
    tcase_add_loop_test(t, bearer_tokens, 0, COUNT(tokens));
}

int main(void)
{
    return run_tests("sasl_server", add);
}
