#include "array.h"
#include "buf.h"
#include "dial.h"
#include "next_hop.h"
#include "reference_listen.h"
#include "store.h"
#include "testing.h"
#include "tls.h"
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

/* --- the instance --- */

START_TEST(default_accounts_get_random_passwords)
{
    struct reference *a, *b;
    size_t n_a, n_b;
    struct reference_options o = { 0 };
    ck_assert_int_eq(reference_new(&o, NULL, &a), 0);
    ck_assert_int_eq(reference_new(&o, NULL, &b), 0);
    const struct reference_account *x = reference_accounts(a, &n_a);
    const struct reference_account *y = reference_accounts(b, &n_b);
    ck_assert_uint_eq(n_a, 3);
    ck_assert_uint_eq(n_b, 3);
    ck_assert_str_eq(x[0].user, "alice");
    ck_assert_str_eq(x[2].address, "carol@mailassay.test");
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_ge(strlen(x[i].password), 16);
        ck_assert_str_ne(x[i].password, y[i].password);
        ck_assert_str_ne(x[i].password, x[(i + 1) % 3].password);
    }
    reference_free(a);
    reference_free(b);
}
END_TEST

START_TEST(logins_and_addresses)
{
    static const struct reference_account accounts[] = {
        { "alice", "pw", NULL, "token" }, { "bob", "secret", "b@other.test", NULL }
    };
    struct reference_options o = { .accounts = accounts, .n_accounts = COUNT(accounts) };
    struct reference *r;
    ck_assert_int_eq(reference_new(&o, NULL, &r), 0);
    struct account *alice = reference_find_user(r, S("alice"));
    ck_assert_ptr_nonnull(alice);
    ck_assert_ptr_eq(reference_login(r, S("alice"), S("pw")), alice);
    ck_assert_ptr_eq(reference_login(r, S("alice@mailassay.test"), S("pw")), alice);
    ck_assert_ptr_null(reference_login(r, S("alice"), S("pW")));
    ck_assert_ptr_null(reference_login(r, S("alice"), S("")));
    ck_assert_ptr_null(reference_login(r, S("mallory"), S("pw")));
    ck_assert_ptr_eq(reference_login_token(r, S("alice"), S("token")), alice);
    ck_assert_ptr_eq(reference_login_token(r, S(""), S("token")), alice);
    ck_assert_ptr_null(reference_login_token(r, S("bob"), S("token")));
    ck_assert_ptr_null(reference_login_token(r, S("alice"), S("pw")));
    ck_assert_ptr_eq(reference_find_mailbox(r, S("alice"), S("MAILASSAY.TEST")), alice);
    ck_assert_ptr_eq(reference_find_mailbox(r, S("alice+x+y"), S("mailassay.test")), alice);
    ck_assert_ptr_null(reference_find_mailbox(r, S("+x"), S("mailassay.test")));
    ck_assert_ptr_null(reference_find_mailbox(r, S("alice"), S("example.org")));
    reference_free(r);
}
END_TEST

START_TEST(journal_that_cannot_be_written_is_an_error)
{
    struct reference_options o = { .journal_path = "/nonexistent/journal" };
    struct reference *r = NULL;
    struct error err = { 0 };
    ck_assert_int_lt(reference_new(&o, &err, &r), 0);
    ck_assert_ptr_null(r);
    ck_assert(err.text[0]);
}
END_TEST

/* --- connections in memory --- */

struct side {
    struct reference *ref;
    enum service_id service;
    struct stream *stream;
};

static void serve(void *arg)
{
    struct side *s = arg;
    reference_serve(s->ref, s->service, s->stream, "192.0.2.7");
}

/* Everything that a server says when it is sent `bytes` and then the end. */
static void talk(struct reference *ref, enum service_id service, slice bytes, struct buf *out)
{
    struct stream *ends[2];
    pair_open(ends);
    struct side side = { ref, service, ends[1] };
    struct task *t = task_spawn(serve, &side);
    struct stream *client = ends[0];
    struct tls_context *trust = NULL;
    struct error err = { 0 };
    if (services[service].implicit_tls) {
        struct tls_client_config config = { .ca_pem = reference_ca_pem(ref) };
        struct tls_options options = { .sni = "mail.mailassay.test", .verify = TLS_VERIFY_CHAIN };
        ck_assert_int_eq(tls_client_context_new(&config, &err, &trust), 0);
        ck_assert_int_eq(tls_open_client(client, trust, &options, NEVER, &err, &client), 0);
    }
    ssize_t n;
    /* A server may close before it has read it all. */
    if (stream_write_slice(client, bytes, NEVER) == 0)
        stream_half_close(client, NEVER);
    while ((n = stream_read(client, buf_room(out, 4096), 4096, NEVER)) > 0)
        buf_claim(out, (size_t)n);
    stream_close(client);
    task_join(t);
    tls_context_free(trust);
}

static void run_greetings(void *arg)
{
    struct reference_options o = { 0 };
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    size_t n;
    const struct reference_account *accounts = reference_accounts(ref, &n);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        auto_buf out;
        buf_init(&out, BUF_OURS);
        talk(ref, (enum service_id)i,
             S("EHLO x.org\r\nHELP\r\nCAPA\r\na CAPABILITY\r\na ID NIL\r\nQUIT\r\n"), &out);
        ck_assert_uint_gt(out.n, 10);
        for (size_t k = 0; k < n; k++) {
            ck_assert_uint_eq(slice_find(buf_slice(&out), slice_of(accounts[k].password)),
                              SIZE_MAX);
            ck_assert_uint_eq(slice_find(buf_slice(&out), slice_of(accounts[k].user)), SIZE_MAX);
        }
    }
    reference_free(ref);
}

START_TEST(nothing_said_before_a_login_reveals_accounts)
{
    sched_main(CLOCK_VIRTUAL, run_greetings, NULL);
}
END_TEST

static const struct {
    const char *mechanisms;
    enum service_id service;
    const char *asks, *says, *keeps_silent;
} restricted[] = {
    { "OAUTHBEARER XOAUTH2", SERVICE_IMAPS, "a CAPABILITY\r\na LOGIN alice pw\r\na LOGOUT\r\n",
      " AUTH=OAUTHBEARER AUTH=XOAUTH2 LOGINDISABLED", "AUTH=PLAIN" },
    { "OAUTHBEARER XOAUTH2", SERVICE_IMAPS, "a LOGIN alice pw\r\na LOGOUT\r\n", "a NO [CANNOT]",
      "a OK [" },
    { "XOAUTH2", SERVICE_POP3S, "CAPA\r\nUSER alice\r\nQUIT\r\n", "\r\nSASL XOAUTH2\r\n",
      "\r\nUSER" },
    { "XOAUTH2", SERVICE_POP3S, "USER alice\r\nPASS pw\r\nQUIT\r\n", "-ERR passwords are not",
      "+OK send" },
    { "XOAUTH2", SERVICE_SUBMISSIONS, "EHLO x.org\r\n", "AUTH XOAUTH2\r\n", "PLAIN" },
    { "PLAIN", SERVICE_IMAPS, "a CAPABILITY\r\na LOGIN alice pw\r\na LOGOUT\r\n", "a OK [",
      "LOGINDISABLED" },
    { "", SERVICE_SUBMISSIONS, "EHLO x.org\r\n", "250", "AUTH" },
    { "", SERVICE_POP3S, "CAPA\r\nQUIT\r\n", "UIDL", "SASL" },
};

static void run_restricted(void *arg)
{
    size_t i = (size_t) * (int *)arg;
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL } };
    struct reference_options o = { .accounts = accounts,
                                   .n_accounts = 1,
                                   .mechanisms = restricted[i].mechanisms };
    struct reference *ref;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    talk(ref, restricted[i].service, slice_of(restricted[i].asks), &out);
    ck_assert_msg(slice_find(buf_slice(&out), slice_of(restricted[i].says)) != SIZE_MAX, "%s",
                  out.p);
    ck_assert_msg(slice_find(buf_slice(&out), slice_of(restricted[i].keeps_silent)) == SIZE_MAX,
                  "%s", out.p);
    reference_free(ref);
}

START_TEST(mechanisms_can_be_restricted)
{
    sched_main(CLOCK_VIRTUAL, run_restricted, &_i);
}
END_TEST

static void run_names(void *arg)
{
    static const char *const names[] = { "imap.example.test", "pop.example.test", NULL };
    static const char *const good[] = { "mail.mailassay.test", "imap.example.test",
                                        "pop.example.test", "127.0.0.1" };
    struct reference_options o = { .names = names };
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    for (size_t i = 0; i < COUNT(good); i++) {
        struct stream *ends[2], *client;
        struct tls_context *trust;
        struct error err = { 0 };
        pair_open(ends);
        struct side side = { ref, SERVICE_IMAPS, ends[1] };
        struct task *t = task_spawn(serve, &side);
        struct tls_client_config config = { .ca_pem = reference_ca_pem(ref) };
        struct tls_options options = { .sni = good[i], .verify = TLS_VERIFY_CHAIN };
        ck_assert_int_eq(tls_client_context_new(&config, &err, &trust), 0);
        ck_assert_int_eq(tls_open_client(ends[0], trust, &options, NEVER, &err, &client), 0);
        X509 *certificate = tls_info(client)->certificate;
        bool fits = good[i][0] == '1' ? X509_check_ip_asc(certificate, good[i], 0) == 1
                                      : X509_check_host(certificate, good[i], 0, 0, NULL) == 1;
        ck_assert_msg(fits, "%s", good[i]);
        stream_close(client);
        task_join(t);
        tls_context_free(trust);
    }
    reference_free(ref);
}

START_TEST(a_certificate_carries_all_names)
{
    sched_main(CLOCK_VIRTUAL, run_names, NULL);
}
END_TEST

/* Whatever comes, a server ends and the next session works. Reproducible noise. */
static void run_noise(void *arg)
{
    static const char *const words[] = {
        "EHLO x.org\r\n",
        "LHLO x.org\r\n",
        "MAIL FROM:<>\r\n",
        "RCPT TO:<alice@mailassay.test>\r\n",
        "DATA\r\n",
        "BDAT 5\r\n",
        "BDAT 3 LAST\r\n",
        "STARTTLS\r\n",
        "STLS\r\n",
        "AUTH PLAIN\r\n",
        "USER alice\r\n",
        "PASS pw\r\n",
        "RETR 1\r\n",
        "TOP 1 1\r\n",
        "a LOGIN alice pw\r\n",
        "a SELECT INBOX\r\n",
        ".\r\n",
        "\r\n",
        "RSET\r\n",
        "*\r\n",
        "=\r\n",
        "AGFsaWNlAHB3\r\n",
        "\n",
        "\r",
        "x",
        " ",
        "UIDL\r\n",
        "AUTH PLAIN AGFsaWNlAHB3\r\n",
    };
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL } };
    struct next_hop *hop = next_hop_new();
    struct reference_options o = {
        .accounts = accounts, .n_accounts = 1, .dial_next_hop = next_hop_dial, .dial_arg = hop
    };
    fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    struct reference *ref;
    uint32_t seed = 12345 + (uint32_t)(uintptr_t)arg;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    for (int round = 0; round < 200; round++) {
        auto_buf in, out;
        buf_init(&in, BUF_OURS);
        buf_init(&out, BUF_OURS);
        for (int i = 0; i < 30; i++) {
            seed = seed * 1664525 + 1013904223;
            if (seed >> 28 == 0)
                buf_addc(&in, (char)(seed >> 16));
            else
                buf_adds(&in, words[(seed >> 16) % COUNT(words)]);
        }
        enum service_id service = (enum service_id)((seed >> 8) % SERVICE_COUNT);
        talk(ref, service, buf_slice(&in), &out);
        ck_assert_uint_gt(out.n, 0);
    }
    reference_free(ref);
    next_hop_free(hop);
}

static void run_quota(void *arg)
{
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL },
                                                         { "bob", "pw", NULL, NULL } };
    struct reference_options o = { .accounts = accounts, .n_accounts = 2 };
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    account_set_quota(reference_find_user(ref, S("alice")), 10, STORE_NO_LIMIT);
    struct mailbox *bob = account_inbox(reference_find_user(ref, S("bob")));
    slice dialogue = S("MAIL FROM:<a@x.org>\r\nRCPT TO:<bob@mailassay.test>\r\n"
                       "RCPT TO:<alice@mailassay.test>\r\nBDAT 2 LAST\r\n\r\nQUIT\r\n");
    auto_buf script, out;
    buf_init(&script, BUF_OURS);
    buf_init(&out, BUF_OURS);
    buf_addf(&script, "HELO x.org\r\n%.*s", SLICE_ARG(dialogue));
    talk(ref, SERVICE_SMTP, buf_slice(&script), &out);
    ck_assert_uint_ne(slice_find(buf_slice(&out), S("\r\n452 4.2.2 ")), SIZE_MAX);
    ck_assert_uint_eq(bob->messages.n, 0);
    reference_free(ref);
}

START_TEST(full_mailbox_of_one_recipient_refuses_the_message)
{
    sched_main(CLOCK_VIRTUAL, run_quota, NULL);
}
END_TEST

START_TEST(noise_ends_no_server)
{
    sched_main(CLOCK_VIRTUAL, run_noise, (void *)(uintptr_t)(_i * 7919));
}
END_TEST

/* --- across protocols --- */

static void run_delivery(void *arg)
{
    struct reference_options o = { 0 };
    struct reference *ref;
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL } };
    o.accounts = accounts;
    o.n_accounts = 1;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    auto_buf smtp, pop, imap, script;
    buf_init(&smtp, BUF_OURS);
    buf_init(&pop, BUF_OURS);
    buf_init(&imap, BUF_OURS);
    buf_init(&script, BUF_OURS);
    const char body[] = "Subject: hi\r\n\r\n.one\r\n\xc3\xa9\r\n";
    buf_addf(&script, "LHLO x.org\r\n");
    talk(ref, SERVICE_LMTP, buf_slice(&script), &smtp);
    buf_clear(&script);
    buf_addf(&script, "HELO x.org\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<alice@mailassay.test>\r\n");
    buf_addf(&script, "BDAT %zu LAST\r\n%sQUIT\r\n", sizeof body - 1, body);
    talk(ref, SERVICE_SMTP, buf_slice(&script), &smtp);
    ck_assert_uint_ne(slice_find(buf_slice(&smtp), S("250 2.0.0 delivered\r\n221 ")), SIZE_MAX);
    talk(ref, SERVICE_POP3S, S("USER alice\r\nPASS pw\r\nRETR 1\r\nQUIT\r\n"), &pop);
    ck_assert_uint_ne(
        slice_find(buf_slice(&pop), S("\r\nSubject: hi\r\n\r\n..one\r\n\xc3\xa9\r\n.\r\n+OK ")),
        SIZE_MAX);
    talk(ref, SERVICE_IMAPS, S("a LOGIN alice pw\r\nb SELECT INBOX\r\nc FETCH 1 BODY[TEXT]\r\n"),
         &imap);
    ck_assert_uint_ne(slice_find(buf_slice(&imap), S("{10}\r\n.one\r\n\xc3\xa9\r\n")), SIZE_MAX);
    reference_free(ref);
}

START_TEST(mail_comes_out_as_it_came_in)
{
    sched_main(CLOCK_VIRTUAL, run_delivery, NULL);
}
END_TEST

/* --- the next hop --- */

static const struct {
    const char *verb, *reply; /* what the next hop says */
    const char *wanted;       /* how the reply to the client begins */
    bool plain;
} refusals[] = {
    { NULL, NULL, "250 2.0.0 ", false },
    { NULL, NULL, "250 2.0.0 ", true },
    { "EHLO", "500 what?", "250 2.0.0 ", false },
    { "MAIL", "550 5.7.1 not you", "550 5.0.0 ", false },
    { "RCPT", "451 4.3.0 later", "451 4.0.0 ", false },
    { "DATA", "554 5.3.0 no", "550 5.0.0 ", false },
    { ".", "452 4.3.1 full", "451 4.0.0 ", false },
};

static void run_relay(void *arg)
{
    size_t i = (size_t) * (int *)arg;
    static const struct reference_account accounts[] = { { "alice", "pw", NULL, NULL } };
    struct next_hop *hop = next_hop_new();
    hop->plain = refusals[i].plain;
    if (refusals[i].verb)
        next_hop_refuse(hop, refusals[i].verb, refusals[i].reply);
    struct reference_options o = {
        .accounts = accounts, .n_accounts = 1, .dial_next_hop = next_hop_dial, .dial_arg = hop
    };
    struct reference *ref;
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    auto_buf out;
    buf_init(&out, BUF_OURS);
    struct stream *ends[2];
    pair_open(ends);
    struct side side = { ref, SERVICE_SUBMISSIONS, ends[1] };
    struct task *t = task_spawn(serve, &side);
    struct tls_client_config config = { .ca_pem = reference_ca_pem(ref) };
    struct tls_context *trust;
    struct stream *client;
    struct error err = { 0 };
    static const char *const lines[] = {
        "EHLO x.org\r\n",
        "AUTH PLAIN AGFsaWNlAHB3\r\n",
        ("MAIL FROM:<alice@mailassay.test>\r\nRCPT TO:<x@example.org>\r\n"
         "RCPT TO:<alice@mailassay.test>\r\nBDAT 22 LAST\r\nSubject: hi\r\n\r\n.\r\n.x\r\n"),
        "QUIT\r\n",
    };
    ck_assert_int_eq(tls_client_context_new(&config, &err, &trust), 0);
    ck_assert_int_eq(tls_open_client(ends[0], trust, NULL, NEVER, &err, &client), 0);
    for (size_t k = 0; k < COUNT(lines); k++) {
        ck_assert_int_eq(stream_write_slice(client, slice_of(lines[k]), NEVER), 0);
        ssize_t n;
        while ((n = stream_read(client, buf_room(&out, 4096), 4096, now() + SECONDS(1))) > 0)
            buf_claim(&out, (size_t)n);
    }
    char wanted[80];
    snprintf(wanted, sizeof wanted, "recipient ok\r\n%s", refusals[i].wanted);
    ck_assert_msg(slice_find(buf_slice(&out), slice_of(wanted)) != SIZE_MAX, "%s", out.p);
    bool good = refusals[i].wanted[0] == '2';
    struct mailbox *inbox = account_inbox(reference_find_user(ref, S("alice")));
    ck_assert_uint_eq(inbox->messages.n, good);
    ck_assert_int_eq(next_hop_wait(hop, 1, now() + SECONDS(1)), good);
    if (good) {
        const struct next_hop_mail *m = next_hop_find(hop, S("<x@example.org>"));
        ck_assert_ptr_nonnull(m);
        ck_assert_str_eq(m->from, "<alice@mailassay.test>");
        ck_assert(slice_ends(buf_slice(&m->raw), S("Subject: hi\r\n\r\n..\r\n..x\r\n.\r\n")));
        ck_assert(slice_ends(buf_slice(&m->data), S("Subject: hi\r\n\r\n.\r\n.x\r\n")));
        ck_assert(!m->bare);
    }
    stream_close(client);
    task_join(t);
    tls_context_free(trust);
    reference_free(ref);
    next_hop_free(hop);
}

START_TEST(relay_passes_on_and_passes_back)
{
    sched_main(CLOCK_VIRTUAL, run_relay, &_i);
}
END_TEST

/* --- sockets --- */

static void run_sockets(void *arg)
{
    struct reference_options o = { 0 };
    struct reference *ref;
    struct reference_ports *ports;
    struct error err = { 0 };
    static const struct reference_port wanted[] = { { SERVICE_SMTP, NULL, 0 },
                                                    { SERVICE_POP3, "127.0.0.1", 0 } };
    ck_assert_int_eq(reference_new(&o, NULL, &ref), 0);
    ck_assert_msg(reference_listen(ref, wanted, 2, &err, &ports) == 0, "%s", err.text);
    static const char *const greetings[] = { "220 mail.", "+OK mail." };
    for (size_t i = 0; i < 2; i++) {
        struct dial_options d = { .host = "127.0.0.1", .port = reference_ports_number(ports, i) };
        struct stream *s;
        char text[200];
        ck_assert_int_eq(dial(&d, now() + SECONDS(5), &err, &s), 0);
        ssize_t n = stream_read(s, text, sizeof text, now() + SECONDS(5));
        ck_assert(n > 0 && slice_starts(slice_make(text, (size_t)n), slice_of(greetings[i])));
        ck_assert_int_eq(stream_write_slice(s, S("QUIT\r\n"), now() + SECONDS(5)), 0);
        while ((n = stream_read(s, text, sizeof text, now() + SECONDS(5))) > 0)
            ;
        ck_assert_int_eq(n, 0);
        stream_close(s);
    }
    struct reference_port taken = { SERVICE_IMAP, NULL, reference_ports_number(ports, 0) };
    struct reference_ports *none = NULL;
    ck_assert_int_eq(reference_listen(ref, &taken, 1, &err, &none), ERR_NETWORK);
    ck_assert_ptr_nonnull(strstr(err.text, "imap"));
    reference_ports_close(ports);
    reference_free(ref);
}

START_TEST(services_listen)
{
    sched_main(CLOCK_REAL, run_sockets, NULL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, mechanisms_can_be_restricted, 0, COUNT(restricted));
    tcase_add_test(t, a_certificate_carries_all_names);
    tcase_add_test(t, default_accounts_get_random_passwords);
    tcase_add_test(t, logins_and_addresses);
    tcase_add_test(t, journal_that_cannot_be_written_is_an_error);
    tcase_add_test(t, nothing_said_before_a_login_reveals_accounts);
    tcase_add_test(t, full_mailbox_of_one_recipient_refuses_the_message);
    tcase_add_loop_test(t, noise_ends_no_server, 0, 10);
    tcase_add_test(t, mail_comes_out_as_it_came_in);
    tcase_add_loop_test(t, relay_passes_on_and_passes_back, 0, COUNT(refusals));
    tcase_add_test(t, services_listen);
}

int main(void)
{
    return run_tests("reference", add);
}
