/* What each fault of TLS and STARTTLS does, seen from the client: transcripts for what shows in
   the dialogue, handshakes for what shows in them. */
#include "array.h"
#include "certs.h"
#include "service.h"
#include "test_mail_driver.h"
#include "tls.h"

#define HELLO "M: 220", "C: EHLO client.example.org", "M: 250"
#define TLS "C: STARTTLS", "S: 220 ~", "T:", "C: EHLO client.example.org", "M: 250"

/* clang-format off */
static const struct transcript transcripts[] = {
    { "implicit, plain", "pop3s", "tls.implicit.speaks-plain", 0,
      { "S: +OK ~" } },
    { "plain, TLS", "pop3", "tls.plain.speaks-tls", 0,
      { "S-", "T:", "S: +OK ~" } },
    { "silent", "pop3", "tls.handshake.silent", 0,
      { "S: +OK ~", "C: STLS", "S: +OK ~", "T!" } },
    { "not offered", "submission", "tls.starttls.not-offered", 0,
      { HELLO, "L! STARTTLS", "C: STARTTLS", "S: 502 ~" } },
    { "hidden", "submission", "tls.starttls.hidden", 0,
      { HELLO, "L! STARTTLS", TLS } },
    { "refused", "submission", "tls.starttls.offered-but-refused", 0,
      { HELLO, "L: STARTTLS", "C: STARTTLS", "S: 454 ~" } },
    { "refused", "pop3", "tls.starttls.offered-but-refused", 0,
      { "S: +OK ~", "C: STLS", "S: -ERR ~" } },
    { "still offered", "smtp", "tls.starttls.still-offered", 0,
      { HELLO, TLS, "L: STARTTLS", "C: STARTTLS", "S: 503 ~" } },
    { "twice", "smtp", "tls.starttls.accepted-twice", 0,
      { HELLO, TLS, "L! STARTTLS", "C: STARTTLS", "S: 220 ~", "T:", "C: NOOP", "S: 250 ~" } },
    { "argument", "smtp", "tls.starttls.accepts-argument", 0,
      { HELLO, "C: STARTTLS x", "S: 220 ~", "T:", "C: NOOP", "S: 250 ~" } },
    { "argument", "pop3", "tls.starttls.accepts-argument", 0,
      { "S: +OK ~", "C: STLS x", "S: +OK ~", "T:" } },
    { "injection", "smtp", "tls.starttls.keeps-plaintext", 0,
      { HELLO, "R: STARTTLS\r\nNOOP\r\n", "S: 220 ~", "T:", "S: 250 ~" } },
    { "prefix", "smtp", "tls.starttls.keeps-plaintext", 0,
      { HELLO, "R: STARTTLS\r\nXPFX", "S: 220 ~", "T:", "C: NOOP", "S: 500 ~" } },
    { "injection", "pop3", "tls.starttls.keeps-plaintext", 0,
      { "S: +OK ~", "R: STLS\r\nQUIT\r\n", "S: +OK ~", "T:", "S: +OK bye" } },
    { "state", "smtp", "tls.starttls.keeps-state", 0,
      { HELLO, "C: MAIL FROM:<a@example.org>", "S: 250 ~", "C: STARTTLS", "S: 220 ~", "T:",
        "C: RCPT TO:<alice@mailassay.test>", "S: 250 ~" } },
    { "state", "pop3", "tls.starttls.keeps-state", 0,
      { "S: +OK ~", "C: USER alice", "S: +OK ~", "C: STLS", "S: +OK ~", "T:", "C: PASS $A",
        "S: +OK ~" } },
    { "extra line", "smtp", "tls.starttls.extra-plaintext", 0,
      { HELLO, "C: STARTTLS", "S: 220 ~", "S: 220 ~" } },
    { "greeting", "smtp", "tls.starttls.second-greeting", 0,
      { HELLO, "C: STARTTLS", "S: 220 ~", "T:", "S: 220 ~" } },
    { "falls back", "smtp", "tls.starttls.falls-back", 0,
      { HELLO, "C: STARTTLS", "S: 220 ~", "C: this is no handshake", "W: 1s", "C: NOOP",
        "S: 250 ~" } },
    { "after login", "pop3", "tls.starttls.after-login-accepted", 0,
      { "S: +OK ~", "C: USER alice", "S: +OK ~", "C: PASS $A", "S: +OK ~", "C: STLS", "S: +OK ~",
        "T:", "C: STAT", "S: +OK ~" } },
    { "after login", "submission", "tls.starttls.after-login-accepted", 0,
      { HELLO, "C: AUTH PLAIN $P", "S: 235 ~", "C: STARTTLS", "S: 220 ~", "T:", "C: EHLO x.org",
        "M: 250", "C: MAIL FROM:<a@example.org>", "S: 250 ~" } },
    { "in clear", "submission", "tls.login.accepted-in-clear", 0,
      { HELLO, "L: AUTH ~PLAIN~", "C: AUTH PLAIN $P", "S: 235 ~", "C: MAIL FROM:<a@example.org>",
        "S: 250 ~" } },
    { "in clear", "pop3", "tls.login.accepted-in-clear", 0,
      { "S: +OK ~", "C: USER alice", "S: +OK ~", "C: PASS $A", "S: +OK ~" } },
    { "tells", "submission", "tls.login.tells-in-clear", 0,
      { HELLO, "L! AUTH~", "C: AUTH PLAIN $P", "S: 530 ~", "C: AUTH PLAIN AGFsaWNlAHg=",
        "S: 535 ~" } },
    { "tells", "pop3", "tls.login.tells-in-clear", 0,
      { "S: +OK ~", "C: USER alice", "S: +OK ~", "C: PASS $A", "S: -ERR send STLS first",
        "C: USER alice", "S: +OK ~", "C: PASS x", "S: -ERR [AUTH] ~" } },
    { "refused in TLS", "submissions", "tls.login.refused-in-tls", 0,
      { HELLO, "L! AUTH~", "C: AUTH PLAIN $P", "S: 5~" } },
    { "refused in TLS", "pop3s", "tls.login.refused-in-tls", 0,
      { "S: +OK ~", "C: USER alice", "S: -ERR ~" } },
};
/* clang-format on */

START_TEST(transcript)
{
    transcript_run(&transcripts[_i]);
}
END_TEST

/* --- handshakes --- */

struct handshake {
    const char *fault;
    bool no_sni;
    int min_version, max_version;
    const char *ciphers;
    const char *alpn;
    int result;       /* 0 or ERR_TLS */
    const char *says; /* in the error, or the version or cipher that was agreed */
};

static const struct handshake handshakes[] = {
    { NULL, false, 0, 0, NULL, NULL, 0, "TLSv1.3" },
    { NULL, true, 0, 0, NULL, NULL, 0, "TLSv1.3" },
    { NULL, false, TLS1_VERSION, TLS1_1_VERSION, NULL, NULL, ERR_TLS, "" },
    { NULL, false, 0, TLS1_2_VERSION, NULL, NULL, 0, "TLSv1.2" },
    { NULL, false, 0, TLS1_2_VERSION, "eNULL:@SECLEVEL=0", NULL, ERR_TLS, "" },
    { NULL, false, 0, TLS1_2_VERSION, "aNULL:@SECLEVEL=0", NULL, ERR_TLS, "" },
    { NULL, false, 0, TLS1_2_VERSION, "kRSA", NULL, ERR_TLS, "" },
    { NULL, false, 0, 0, NULL, "http/1.1", ERR_TLS, "" },
    { NULL, false, 0, 0, NULL, "pop3", 0, "TLSv1.3" },
    { "tls.certificate.expired", false, 0, 0, NULL, NULL, ERR_TLS, "expired" },
    { "tls.certificate.not-yet-valid", false, 0, 0, NULL, NULL, ERR_TLS, "not yet valid" },
    { "tls.certificate.wrong-name", false, 0, 0, NULL, NULL, ERR_TLS, "" },
    { "tls.certificate.self-signed", false, 0, 0, NULL, NULL, ERR_TLS, "self-signed" },
    { "tls.certificate.unknown-authority", false, 0, 0, NULL, NULL, ERR_TLS, "issuer" },
    { "tls.certificate.incomplete-chain", false, 0, 0, NULL, NULL, ERR_TLS, "issuer" },
    { "tls.certificate.requested", false, 0, 0, NULL, NULL, 0, "TLSv1.3" },
    { "tls.sni.needed", false, 0, 0, NULL, NULL, 0, "TLSv1.3" },
    { "tls.sni.needed", true, 0, 0, NULL, NULL, ERR_TLS, "" },
    { "tls.versions.old-accepted", false, TLS1_VERSION, TLS1_1_VERSION, NULL, NULL, 0, "TLSv1.1" },
    { "tls.versions.old-accepted", false, 0, 0, NULL, NULL, 0, "TLSv1.3" },
    { "tls.versions.only-old", false, TLS1_2_VERSION, 0, NULL, NULL, ERR_TLS, "" },
    { "tls.versions.only-old", false, TLS1_VERSION, 0, NULL, NULL, 0, "TLSv1.1" },
    { "tls.versions.no-1.3", false, 0, 0, NULL, NULL, 0, "TLSv1.2" },
    { "tls.ciphers.null-accepted", false, 0, TLS1_2_VERSION, "eNULL:@SECLEVEL=0", NULL, 0, "NULL" },
    { "tls.ciphers.anonymous-accepted", false, 0, TLS1_2_VERSION, "aNULL:@SECLEVEL=0", NULL, 0,
      "A" },
    { "tls.ciphers.static-rsa", false, 0, TLS1_2_VERSION, "kRSA", NULL, 0, "AES" },
    { "tls.ciphers.static-rsa", false, 0, TLS1_2_VERSION, "ECDHE", NULL, ERR_TLS, "" },
    { "tls.alpn.foreign-accepted", false, 0, 0, NULL, "http/1.1", 0, "TLSv1.3" },
    { "tls.close.no-close-notify", false, 0, 0, NULL, NULL, 0, "TLSv1.3" },
};

struct run {
    const struct handshake *h;
    struct reference *ref;
    struct stream *client, *server;
};

static void serve(void *arg)
{
    struct run *r = arg;
    reference_serve(r->ref, SERVICE_POP3S, r->server, NULL);
}

/* How the server ends: QUIT, then read to the end. */
static void check_close(struct run *r)
{
    char text[512];
    ssize_t n;
    bool silent = r->h->fault && strcmp(r->h->fault, "tls.close.no-close-notify") == 0;
    ck_assert_int_eq(stream_write_slice(r->client, S("QUIT\r\n"), now() + SECONDS(1)), 0);
    while ((n = stream_read(r->client, text, sizeof text, now() + SECONDS(5))) > 0)
        ;
    ck_assert_int_eq(n, silent ? IO_TLS : 0);
    ck_assert_int_eq(stream_cause(r->client), silent ? CAUSE_TRUNCATED : CAUSE_END);
}

static void check_success(struct run *r)
{
    const struct tls_info *info = tls_info(r->client);
    ck_assert_msg(strstr(info->version, r->h->says) || strstr(info->cipher, r->h->says), "%s %s",
                  info->version, info->cipher);
    check_close(r);
}

static void shake(void *arg)
{
    struct run r = { .h = arg };
    struct reference_options o = { 0 };
    if (r.h->fault)
        ck_assert(fault_add(&o.faults, slice_of(r.h->fault)));
    ck_assert_int_eq(reference_new(&o, NULL, &r.ref), 0);
    struct stream *ends[2];
    pair_open(ends);
    r.client = ends[0];
    r.server = ends[1];
    struct task *server = task_spawn(serve, &r);
    const char *alpn[] = { r.h->alpn, NULL };
    bool anonymous = r.h->ciphers && strstr(r.h->ciphers, "aNULL");
    struct tls_options options = { .sni = r.h->no_sni ? NULL : "mail.mailassay.test",
                                   .verify_host = "mail.mailassay.test",
                                   .verify = anonymous ? TLS_VERIFY_RECORD : TLS_VERIFY_FULL,
                                   .min_version = r.h->min_version,
                                   .max_version = r.h->max_version,
                                   .ciphers = r.h->ciphers,
                                   .legacy = r.h->min_version || r.h->ciphers,
                                   .alpn = r.h->alpn ? alpn : NULL };
    struct tls_client_config config = { .ca_pem = reference_ca_pem(r.ref) };
    struct tls_context *trust;
    struct stream *top;
    struct error err = { 0 };
    ck_assert_int_eq(tls_client_context_new(&config, &err, &trust), 0);
    int got = tls_open_client(r.client, trust, &options, now() + SECONDS(10), &err, &top);
    ck_assert_msg(got == r.h->result, "%d %s", got, err.text);
    if (got == 0) {
        r.client = top;
        check_success(&r);
    } else {
        ck_assert_msg(strstr(err.text, r.h->says), "%s", err.text);
    }
    stream_close(r.client);
    task_join(server);
    tls_context_free(trust);
    reference_free(r.ref);
}

START_TEST(handshake)
{
    sched_main(CLOCK_VIRTUAL, shake, (void *)&handshakes[_i]);
}
END_TEST

/* Shown with SASL (test_sasl_server.c), and by a prober's hellos (test_tls_survey.c). */
static bool shown_elsewhere(slice name)
{
    return slice_eq(name, S("tls.channel-binding.wrong")) || slice_starts(name, S("tls.hello."));
}

START_TEST(every_fault_is_shown)
{
    struct transcript all[COUNT(transcripts) + COUNT(handshakes) + FAULT_COUNT];
    size_t n = 0, n_rows;
    const struct fault_row *rows = fault_rows(&n_rows);
    for (size_t i = 0; i < COUNT(transcripts); i++)
        all[n++] = (struct transcript) { .fault = transcripts[i].fault };
    for (size_t i = 0; i < COUNT(handshakes); i++)
        all[n++] = (struct transcript) { .fault = handshakes[i].fault };
    for (size_t i = 0; i < n_rows; i++)
        if (shown_elsewhere(slice_of(rows[i].name)))
            all[n++] = (struct transcript) { .fault = rows[i].name };
    transcripts_cover(all, n, "tls");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, transcript, 0, COUNT(transcripts));
    tcase_add_loop_test(t, handshake, 0, COUNT(handshakes));
    tcase_add_test(t, every_fault_is_shown);
}

int main(void)
{
    return run_tests("faults_tls", add);
}
