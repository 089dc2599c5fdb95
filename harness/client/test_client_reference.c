/* The clients against the reference servers: in memory, on the virtual clock; every mechanism, in
   clear, by STARTTLS and with implicit TLS. */
#include "certs.h"
#include "email_message.h"
#include "imap_client.h"
#include "pop3_client.h"
#include "reference.h"
#include "smtp_client.h"
#include "testing.h"

static struct {
    struct reference *ref;
    struct tls_context *tls;
    struct secrets secrets;
    struct transcript *transcript;
    struct tls_options tls_options;
    enum service_id service;
    struct stream *theirs;
    int row;
} W;

static const struct reference_account accounts[] = {
    { .user = "alice", .password = "w0nder\"land\\", .token = "t0ken-of-al1ce" },
    { .user = "bob", .password = "bu1lder" },
    { .user = "anonymous", .password = "n0body" },
};
static const struct credentials alice = {
    .user = S("alice"),
    .password = S("w0nder\"land\\"),
    .token = S("t0ken-of-al1ce"),
};

static void setup(void)
{
    struct error err = { 0 };
    struct reference_options options = { .accounts = accounts, .n_accounts = 3, .anonymous = true };
    ck_assert_msg(reference_new(&options, &err, &W.ref) == 0, "%s", err.text);
    struct tls_client_config config = { .ca_pem = reference_ca_pem(W.ref) };
    ck_assert_int_eq(tls_client_context_new(&config, &err, &W.tls), 0);
    W.tls_options = (struct tls_options) { .verify_host = reference_host_name(W.ref) };
    W.transcript = transcript_new(&W.secrets);
    secrets_add(&W.secrets, alice.password);
    secrets_add(&W.secrets, alice.token);
}

static void teardown(void)
{
    transcript_free(W.transcript);
    secrets_release(&W.secrets);
    tls_context_free(W.tls);
    reference_free(W.ref);
}

static void serve(void *arg)
{
    reference_serve(W.ref, W.service, W.theirs, "127.0.0.1");
}

/* A session of one service; the test's function works on the conn. */
static void with_service(enum service_id id, void (*fn)(struct conn *c))
{
    struct stream *ends[2], *mine;
    struct error err = { 0 };
    pair_open(ends);
    W.service = id;
    W.theirs = ends[1];
    struct task *server = task_spawn(serve, NULL);
    mine = ends[0];
    bool implicit = services[id].implicit_tls;
    if (implicit)
        ck_assert_msg(tls_open_client(ends[0], W.tls, &W.tls_options, NEVER, &err, &mine) == 0,
                      "%s", err.text);
    struct conn_options options = { .protocol = services[id].protocol,
                                    .transcript = W.transcript,
                                    .device = services[id].name,
                                    .tls = implicit ? mine : NULL };
    struct conn *c = conn_open(mine, &options);
    fn(c);
    conn_close(c);
    task_join(server);
}

static void no_secret_shown(void)
{
    for (size_t i = 0; i < transcript_count(W.transcript); i++) {
        const struct transcript_entry *e = transcript_at(W.transcript, i);
        ck_assert_msg(!secrets_found(&W.secrets, e->head), "%.*s", SLICE_ARG(e->head));
        ck_assert(!secrets_found(&W.secrets, e->tail));
    }
}

#define ck_assert_ok(call)                                                                         \
    do {                                                                                           \
        struct error *e_ = &err;                                                                   \
        int result_ = (call);                                                                      \
        ck_assert_msg(result_ == 0, "%s: %s", error_code_name((enum error_code)result_),           \
                      e_->text);                                                                   \
    } while (0)

/* ---- logins ---- */

static const enum service_id login_services[] = {
    SERVICE_SUBMISSION, SERVICE_SUBMISSIONS, SERVICE_POP3,
    SERVICE_POP3S,      SERVICE_IMAP,        SERVICE_IMAPS,
};
enum { LOGIN_SERVICES = sizeof login_services / sizeof *login_services };

/* Everything before the login; a SASL exchange follows. */
struct session {
    struct smtp_client smtp;
    struct pop3_client pop3;
    struct imap_client imap;
    enum mail_protocol protocol;
};

static int session_begin(struct session *s, struct conn *c, const struct session_plan *plan,
                         struct error *err)
{
    s->protocol = conn_protocol(c);
    if (s->protocol == PROTOCOL_POP3) {
        pop3_client_init(&s->pop3, c);
        return pop3_begin(&s->pop3, plan, NEVER, err);
    }
    if (s->protocol == PROTOCOL_IMAP) {
        imap_client_init(&s->imap, c, NULL);
        return imap_begin(&s->imap, plan, NEVER, err);
    }
    smtp_client_init(&s->smtp, c, NULL);
    return smtp_begin(&s->smtp, plan, NEVER, err);
}

static struct session_capabilities *session_of(struct session *s)
{
    return s->protocol == PROTOCOL_POP3   ? &s->pop3.caps
           : s->protocol == PROTOCOL_IMAP ? &s->imap.caps
                                          : &s->smtp.caps;
}

static int session_noop(struct session *s, struct error *err)
{
    if (s->protocol == PROTOCOL_POP3)
        return pop3_command_ok(&s->pop3, S("NOOP"), ERR_REFUSED, NEVER, err);
    if (s->protocol == PROTOCOL_IMAP)
        return imap_command_ok(&s->imap, S("NOOP"), ERR_REFUSED, NEVER, err, NULL);
    return smtp_command_expect(&s->smtp, S("NOOP"), 2, ERR_REFUSED, NEVER, err);
}

static void session_end(struct session *s)
{
    if (s->protocol == PROTOCOL_POP3)
        pop3_client_release(&s->pop3);
    else if (s->protocol == PROTOCOL_IMAP)
        imap_client_release(&s->imap);
    else
        smtp_client_release(&s->smtp);
}

static struct session_plan tls_plan(const struct credentials *who)
{
    return (struct session_plan) { .context = W.tls, .tls = &W.tls_options, .who = who };
}

static const struct {
    const char *mechanism;
    int max_version;
} mechanism_rows[] = {
    { "PLAIN", 0 },         { "LOGIN", 0 },
    { "CRAM-MD5", 0 },      { "SCRAM-SHA-1", 0 },
    { "SCRAM-SHA-256", 0 }, { "SCRAM-SHA-1-PLUS", 0 },
    { "XOAUTH2", 0 },       { "SCRAM-SHA-256-PLUS", TLS1_2_VERSION },
    { "OAUTHBEARER", 0 },   { "SCRAM-SHA-256-PLUS", TLS1_3_VERSION },
    { "ANONYMOUS", 0 },
};
enum { MECHANISMS = sizeof mechanism_rows / sizeof *mechanism_rows };

/* An initial response is then an error (RFC 4422 section 3, RFC 4954 section 4). */
static bool server_first(slice mechanism)
{
    return slice_eq(mechanism, S("LOGIN")) || slice_eq(mechanism, S("CRAM-MD5"));
}

static void login_one_way(struct conn *c)
{
    struct error err = { 0 };
    struct session s;
    struct sasl_outcome outcome;
    const char *mechanism = mechanism_rows[W.row % MECHANISMS].mechanism;
    enum sasl_initial initial = (enum sasl_initial)(W.row / MECHANISMS);
    struct session_plan plan = tls_plan(NULL);
    ck_assert_ok(session_begin(&s, c, &plan, &err));
    ck_assert(conn_in_tls(c));
    const struct capabilities *caps = session_caps(session_of(&s));
    ck_assert_msg(caps_has_mechanism(caps, slice_of(mechanism)), "%s", mechanism);
    struct credentials who = alice;
    who.mechanism = slice_of(mechanism);
    if (slice_eq(who.mechanism, S("ANONYMOUS")))
        who.user = S("trace@example.test");
    struct sasl_options options = { .who = &who, .initial = initial, .host = "mail.example.test" };
    int result = sasl_login(c, S("L1"), &options, caps, NEVER, &outcome, &err);
    if (initial == SASL_INITIAL_SEND && server_first(who.mechanism)) {
        ck_assert_int_eq(result, ERR_LOGIN);
        ck_assert(outcome.refused);
        session_end(&s);
        return;
    }
    ck_assert_msg(result == 0, "%s: %s", mechanism, err.text);
    ck_assert(outcome.accepted && !outcome.refused && !outcome.bad_base64);
    bool scram = slice_starts(who.mechanism, S("SCRAM"));
    ck_assert(outcome.mutual == scram);
    ck_assert(outcome.channel_bound == slice_ends(who.mechanism, S("-PLUS")));
    ck_assert_ok(session_noop(&s, &err));
    session_end(&s);
}

static void login_all_services(void *arg)
{
    W.tls_options.max_version = mechanism_rows[W.row % MECHANISMS].max_version;
    for (size_t i = 0; i < LOGIN_SERVICES; i++)
        with_service(login_services[i], login_one_way);
}

START_TEST(mechanisms)
{
    W.row = _i;
    sched_main(CLOCK_VIRTUAL, login_all_services, NULL);
    no_secret_shown();
}
END_TEST

static void refused_then_right(struct conn *c)
{
    struct error err = { 0 };
    struct session s;
    struct sasl_outcome outcome;
    struct session_plan plan = tls_plan(NULL);
    ck_assert_ok(session_begin(&s, c, &plan, &err));
    const struct capabilities *caps = session_caps(session_of(&s));
    struct credentials who = alice;
    who.mechanism = slice_of(mechanism_rows[W.row].mechanism);
    who.password = S("wrong");
    who.token = S("wrong");
    struct sasl_options options = { .who = &who };
    ck_assert_int_eq(sasl_login(c, S("L1"), &options, caps, NEVER, &outcome, &err), ERR_LOGIN);
    ck_assert(outcome.refused && !outcome.accepted && !outcome.bad_challenge);
    if (slice_ends(who.mechanism, S("OAUTH2")) || slice_starts(who.mechanism, S("OAUTH")))
        ck_assert_ptr_nonnull(strstr(outcome.server_error, "status"));
    struct sasl_override junk = { .round = 0, .bytes = S("!!"), .verbatim = true };
    options.overrides = &junk;
    options.n_overrides = 1;
    ck_assert_int_eq(sasl_login(c, S("L2"), &options, caps, NEVER, &outcome, &err), ERR_LOGIN);
    ck_assert(outcome.refused);
    struct sasl_options right = { .who = &alice };
    struct credentials best = alice;
    best.mechanism = sasl_choose(caps, &alice, true);
    ck_assert_slice(best.mechanism, S("SCRAM-SHA-256-PLUS"));
    right.who = &best;
    ck_assert_ok(sasl_login(c, S("L3"), &right, caps, NEVER, &outcome, &err));
    session_end(&s);
}

static void refused_all_services(void *arg)
{
    for (size_t i = 0; i < LOGIN_SERVICES; i++)
        with_service(login_services[i], refused_then_right);
}

START_TEST(refusals)
{
    W.row = _i;
    sched_main(CLOCK_VIRTUAL, refused_all_services, NULL);
    no_secret_shown();
}
END_TEST

static void best_login(struct conn *c)
{
    struct error err = { 0 };
    struct session s;
    auto_buf leftover = { 0 };
    buf_init(&leftover, 1000);
    struct session_plan plan = tls_plan(&alice);
    plan.leftover = &leftover;
    ck_assert_ok(session_begin(&s, c, &plan, &err));
    struct session_capabilities *caps = session_of(&s);
    slice starttls = slice_of(mail_protocol_starttls(s.protocol));
    ck_assert_int_eq(caps->state, CAPS_LOGIN);
    ck_assert(caps->in[CAPS_TLS].known && caps->in[CAPS_LOGIN].known);
    ck_assert(caps_has(&caps->in[CAPS_CLEAR], starttls) == caps->in[CAPS_CLEAR].known);
    ck_assert(!caps_has(&caps->in[CAPS_TLS], starttls));
    ck_assert_uint_eq(leftover.n, 0);
    ck_assert_ok(session_noop(&s, &err));
    session_end(&s);
}

/* POP3 and IMAP have ways of their own. */
static void own_login(struct conn *c)
{
    struct error err = { 0 };
    struct session s;
    struct credentials who = alice;
    who.mechanism = conn_protocol(c) == PROTOCOL_POP3 ? S("USER") : S("COMMAND");
    struct session_plan plan = tls_plan(&who);
    ck_assert_ok(session_begin(&s, c, &plan, &err));
    ck_assert_ok(session_noop(&s, &err));
    session_end(&s);
}

static void plans(void *arg)
{
    for (size_t i = 0; i < LOGIN_SERVICES; i++)
        with_service(login_services[i], best_login);
    for (size_t i = 2; i < LOGIN_SERVICES; i++)
        with_service(login_services[i], own_login);
}

START_TEST(whole_plans)
{
    sched_main(CLOCK_VIRTUAL, plans, NULL);
    no_secret_shown();
}
END_TEST

static void external_login(struct conn *c)
{
    struct error err = { 0 };
    struct session s;
    struct credentials who = { .mechanism = S("EXTERNAL") };
    struct session_plan plan = tls_plan(&who);
    ck_assert_ok(session_begin(&s, c, &plan, &err));
    ck_assert_ok(session_noop(&s, &err));
    session_end(&s);
}

static void external_all_services(void *arg)
{
    for (size_t i = 0; i < LOGIN_SERVICES; i++)
        with_service(login_services[i], external_login);
}

/* The certificate says who we are. */
START_TEST(external)
{
    struct error err = { 0 };
    struct reference_options options = { .accounts = accounts,
                                         .n_accounts = 3,
                                         .client_certificates = true };
    tls_context_free(W.tls);
    reference_free(W.ref);
    ck_assert_ok(reference_new(&options, &err, &W.ref));
    W.tls_options.verify_host = reference_host_name(W.ref);
    struct cert_spec spec = { .common_name = "alice", .client = true };
    auto_identity id = identity_new(reference_ca(W.ref), &spec);
    struct tls_client_config config = { .ca_pem = reference_ca_pem(W.ref),
                                        .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem) };
    ck_assert_ok(tls_client_context_new(&config, &err, &W.tls));
    sched_main(CLOCK_VIRTUAL, external_all_services, NULL);
}
END_TEST

/* ---- mail ---- */

static struct buf message;

static void make_message(enum email_ending ending)
{
    struct email_options options = { .ending = ending, .seed = (uint64_t)ending + 1 };
    buf_init(&message, BUF_OURS);
    ck_assert(email_message_build(&options, &message));
}

static void deliver(struct conn *c)
{
    struct error err = { 0 };
    struct smtp_client s;
    bool lmtp = conn_protocol(c) == PROTOCOL_LMTP;
    struct smtp_recipient fates[2];
    slice to[] = { S("alice@mailassay.test"), S("nobody@mailassay.test") };
    struct smtp_message m = { .from = S("sender@example.test"),
                              .to = to,
                              .n_to = 2,
                              .content = buf_slice(&message),
                              .how = (enum smtp_data)W.row,
                              .chunk = 100 };
    smtp_client_init(&s, c, "client.example.test");
    struct session_plan plan = { 0 };
    ck_assert_ok(smtp_begin(&s, &plan, NEVER, &err));
    ck_assert_ok(smtp_deliver(&s, &m, NEVER, fates, &err));
    ck_assert_int_eq(fates[0].rcpt_code, 250);
    ck_assert_int_eq(fates[0].data_code, 250);
    ck_assert_int_eq(fates[1].rcpt_code, 550);
    ck_assert_int_eq(fates[1].data_code, 0);
    ck_assert(s.extended);
    ck_assert_int_eq(lmtp, conn_protocol(c) == PROTOCOL_LMTP);
    ck_assert_ok(smtp_quit(&s, NEVER, &err));
    smtp_client_release(&s);
}

static void fetch_and_delete(struct conn *c)
{
    struct error err = { 0 };
    struct pop3_client p;
    struct pop3_drop drop;
    struct pop3_scan *scans;
    struct pop3_uid *uids;
    size_t n;
    auto_buf content = { 0 };
    buf_init(&content, BUF_OURS);
    pop3_client_init(&p, c);
    struct session_plan plan = tls_plan(&alice);
    ck_assert_ok(pop3_begin(&p, &plan, NEVER, &err));
    ck_assert_ok(pop3_stat(&p, NEVER, &err, &drop));
    ck_assert_uint_eq(drop.messages, 2);
    ck_assert_ok(pop3_list(&p, NEVER, &err, &scans, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(scans[0].octets + scans[1].octets, drop.octets);
    ck_assert_ok(pop3_uidl(&p, NEVER, &err, &uids, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_gt(uids[1].id.n, 0);
    for (uint64_t i = 1; i <= 2; i++) {
        buf_clear(&content);
        ck_assert_ok(pop3_retr(&p, i, NEVER, &content, &err));
        ck_assert_msg(slice_ends(buf_slice(&content), buf_slice(&message)), "%s", content.p);
    }
    ck_assert_ok(pop3_dele(&p, 1, NEVER, &err));
    ck_assert_ok(pop3_rset(&p, NEVER, &err));
    ck_assert_ok(pop3_dele(&p, 1, NEVER, &err));
    ck_assert_ok(pop3_dele(&p, 2, NEVER, &err));
    ck_assert_ok(pop3_quit(&p, NEVER, &err));
    pop3_client_release(&p);
}

static void smtp_to_pop3(void *arg)
{
    with_service(SERVICE_SMTP, deliver);
    with_service(SERVICE_LMTP, deliver);
    with_service(SERVICE_POP3, fetch_and_delete);
}

START_TEST(delivery)
{
    static const enum email_ending endings[] = { EMAIL_END_CRLF, EMAIL_END_BLANK, EMAIL_END_DOT,
                                                 EMAIL_END_DOTS };
    W.row = _i % 2;
    make_message(endings[_i / 2]);
    sched_main(CLOCK_VIRTUAL, smtp_to_pop3, NULL);
    buf_release(&message);
}
END_TEST

static void check_listed(struct imap_client *i, bool there)
{
    struct error err = { 0 };
    auto_arena a = { 0 };
    slice *names;
    size_t n;
    ck_assert_ok(imap_list(i, S("assay*"), &a, NEVER, &err, &names, &n));
    ck_assert_uint_eq(n, there);
    if (there)
        ck_assert_slice(names[0], S("assay \"one\""));
}

static void check_message(struct imap_client *i, uint64_t uid)
{
    struct error err = { 0 };
    auto_buf content = { 0 };
    buf_init(&content, BUF_OURS);
    ck_assert_ok(imap_fetch_whole(i, uid, NEVER, &content, &err));
    ck_assert_slice(buf_slice(&content), buf_slice(&message));
    ck_assert_int_eq(imap_fetch_whole(i, uid + 100, NEVER, &content, &err), ERR_REFUSED);
    auto_buf small = { 0 };
    buf_init(&small, 10);
    ck_assert_int_eq(imap_fetch_whole(i, uid, NEVER, &small, &err), ERR_LIMIT);
}

static void use_mailbox(struct imap_client *i)
{
    struct error err = { 0 };
    auto_arena a = { 0 };
    slice name = S("assay \"one\"");
    struct imap_mailbox box;
    uint64_t uid = 0, *uids;
    size_t n;
    ck_assert_ok(imap_create(i, name, NEVER, &err));
    check_listed(i, true);
    ck_assert_ok(imap_append(i, name, S("(\\Seen)"), S("\"01-Jan-2026 00:00:00 +0000\""),
                             buf_slice(&message), NEVER, &err, &uid));
    ck_assert_ok(imap_append(i, name, S(""), S(""), buf_slice(&message), NEVER, &err, NULL));
    ck_assert_ok(imap_select(i, name, true, NEVER, &err, &box));
    ck_assert(box.read_only);
    ck_assert_ok(imap_select(i, name, false, NEVER, &err, &box));
    ck_assert(!box.read_only && box.uidvalidity && box.uidnext > uid);
    ck_assert_uint_eq(box.exists, 2);
    ck_assert_ok(imap_uids(i, &a, NEVER, &err, &uids, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(uids[0], uid);
    check_message(i, uid);
    ck_assert_ok(imap_uid_store(i, S("1:*"), S("+FLAGS.SILENT (\\Deleted)"), NEVER, &err));
    ck_assert_ok(imap_expunge(i, NEVER, &err));
    ck_assert_ok(imap_uids(i, &a, NEVER, &err, &uids, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_ok(imap_command_ok(i, S("UNSELECT"), ERR_REFUSED, NEVER, &err, NULL));
    ck_assert_ok(imap_delete(i, name, NEVER, &err));
    check_listed(i, false);
}

static void literals(struct imap_client *i)
{
    static const enum imap_piece_form forms[] = { IMAP_LITERAL_SYNC, IMAP_LITERAL_NONSYNC,
                                                  IMAP_LITERAL_AUTO, IMAP_ASTRING };
    struct error err = { 0 };
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        struct imap_piece pieces[] = { { IMAP_TEXT, S("LIST ") },
                                       { forms[k], S("") },
                                       { IMAP_TEXT, S(" ") },
                                       { forms[k], S("INBOX") } };
        auto_imap_result r = { 0 };
        ck_assert_ok(imap_command(i, pieces, 4, NEVER, &err, &r));
        ck_assert_int_eq(r.status, IMAP_OK);
    }
}

static void mailboxes(struct conn *c)
{
    struct error err = { 0 };
    struct imap_client i;
    imap_client_init(&i, c, "M");
    struct session_plan plan = tls_plan(&alice);
    ck_assert_ok(imap_begin(&i, &plan, NEVER, &err));
    literals(&i);
    use_mailbox(&i);
    if (caps_has(session_caps(&i.caps), S("COMPRESS=DEFLATE"))) {
        ck_assert_ok(imap_compress(&i, NEVER, &err));
        use_mailbox(&i);
    }
    ck_assert_ok(imap_logout(&i, NEVER, &err));
    imap_client_release(&i);
}

static void use_imap(void *arg)
{
    with_service(SERVICE_IMAP, mailboxes);
    with_service(SERVICE_IMAPS, mailboxes);
}

START_TEST(imap_mail)
{
    make_message((enum email_ending)_i);
    sched_main(CLOCK_VIRTUAL, use_imap, NULL);
    buf_release(&message);
    no_secret_shown();
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, mechanisms, 0, 3 * MECHANISMS);
    tcase_add_loop_test(cases, refusals, 0, 7);
    tcase_add_test(cases, whole_plans);
    tcase_add_test(cases, external);
    tcase_add_loop_test(cases, delivery, 0, 8);
    tcase_add_loop_test(cases, imap_mail, 0, EMAIL_ENDINGS);
}

int main(void)
{
    return run_tests("client_reference", add);
}
