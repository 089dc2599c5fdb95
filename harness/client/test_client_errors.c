/* The clients against servers that refuse, throttle or talk nonsense: scripted, in memory. */
#include "imap_client.h"
#include "pop3_client.h"
#include "smtp_client.h"
#include "testing.h"

static struct secrets secrets;
static struct transcript *transcript;

/* Stands for the server's end of the connection. */
static const char close_it[] = "";

/* answers[0] is the greeting; each other one follows one line of the client's. */
struct script {
    enum mail_protocol protocol;
    const char *const *answers;
    void (*fn)(struct conn *c);
    struct stream *theirs;
};

static bool read_line(struct stream *s)
{
    char c = 0;
    while (c != '\n')
        if (stream_read(s, &c, 1, NEVER) != 1)
            return false;
    return true;
}

static void peer(void *arg)
{
    struct script *s = arg;
    size_t i = 0;
    for (; s->answers[i] && s->answers[i] != close_it; i++) {
        if (i > 0 && !read_line(s->theirs))
            break;
        stream_write_slice(s->theirs, slice_of(s->answers[i]), NEVER);
    }
    while (s->answers[i] != close_it && read_line(s->theirs))
        ;
    stream_close(s->theirs);
}

static void run_script(void *arg)
{
    struct script *s = arg;
    struct stream *ends[2];
    pair_open(ends);
    s->theirs = ends[1];
    struct task *t = task_spawn(peer, s);
    struct conn_options options = { .protocol = s->protocol, .transcript = transcript };
    struct conn *c = conn_open(ends[0], &options);
    s->fn(c);
    conn_close(c);
    task_join(t);
}

static void play(enum mail_protocol protocol, const char *const *answers,
                 void (*fn)(struct conn *c))
{
    struct script s = { .protocol = protocol, .answers = answers, .fn = fn };
    sched_main(CLOCK_VIRTUAL, run_script, &s);
}

#define ANSWERS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void setup(void)
{
    transcript = transcript_new(&secrets);
}

static void teardown(void)
{
    transcript_free(transcript);
    secrets_release(&secrets);
}

static const struct credentials alice = {
    .user = S("alice"),
    .password = S("c4n4ry-secret"),
    .token = S("t0ken-c4n4ry"),
    .allow_clear = true,
};
static const struct session_plan plan = { .who = &alice };

static int begin(struct conn *c, struct error *err)
{
    int result;
    if (conn_protocol(c) == PROTOCOL_POP3) {
        struct pop3_client p;
        pop3_client_init(&p, c);
        result = pop3_begin(&p, &plan, NEVER, err);
        pop3_client_release(&p);
    } else if (conn_protocol(c) == PROTOCOL_IMAP) {
        struct imap_client i;
        imap_client_init(&i, c, NULL);
        result = imap_begin(&i, &plan, NEVER, err);
        imap_client_release(&i);
    } else {
        struct smtp_client s;
        smtp_client_init(&s, c, NULL);
        result = smtp_begin(&s, &plan, NEVER, err);
        smtp_client_release(&s);
    }
    return result;
}

static const struct {
    enum mail_protocol protocol;
    enum error_code code;
    const char *text;
    const char *const answers[8];
} begin_rows[] = {
    { PROTOCOL_SMTP,
      ERR_RATE,
      "our connection was refused: 421 4.7.0 mx.example.test too many connections",
      { "421 4.7.0 mx.example.test too many connections\r\n" } },
    { PROTOCOL_SMTP,
      ERR_REFUSED,
      "our connection was refused: 554 no service here",
      { "554 no service here\r\n" } },
    { PROTOCOL_SMTP,
      ERR_NETWORK,
      "closed by the peer, while waiting for the reply to EHLO",
      { "220 hi\r\n", "", close_it } },
    { PROTOCOL_SMTP,
      ERR_RATE,
      "going on was refused: 421 4.4.2 idle",
      { "220 hi\r\n421 4.4.2 idle\r\n", close_it } },
    { PROTOCOL_SMTP,
      ERR_RATE,
      "EHLO was refused: 450 4.3.2 busy",
      { "220 hi\r\n", "450 4.3.2 busy\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LOGIN,
      "the server offers no way to log in that we can use",
      { "220 hi\r\n", "500 what\r\n", "250 hello\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LOGIN,
      "login by PLAIN was refused: 535 5.7.8 no",
      { "220 hi\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 5.7.8 no\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LOGIN,
      "login by PLAIN was refused: 535 not ***",
      { "220 hi\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 not c4n4ry-secret\r\n" } },
    { PROTOCOL_SMTP,
      ERR_RATE,
      "login by PLAIN was refused: 454 4.7.0 Too many logins",
      { "220 hi\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "454 4.7.0 Too many logins\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LOGIN,
      "CRAM-MD5: the server's challenge makes no sense to us: it is no base64",
      { "220 hi\r\n", "250-x\r\n250 AUTH CRAM-MD5\r\n", "334 <1@x>\r\n", "501 ok\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LOGIN,
      "SCRAM-SHA-256: the server took our login without proving itself",
      { "220 hi\r\n", "250-x\r\n250 AUTH SCRAM-SHA-256\r\n", "235 2.7.0 in\r\n" } },
    { PROTOCOL_SMTP,
      ERR_LIMIT,
      "XOAUTH2: the server sent more than 20 challenges",
      { "220 hi\r\n", "250-x\r\n250 AUTH XOAUTH2\r\n",
        "334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n"
        "334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n"
        "334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n"
        "334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n334 VXNlcjo=\r\n"
        "334 VXNlcjo=\r\n" } },
    { PROTOCOL_POP3,
      ERR_RATE,
      "our connection was refused: -ERR [SYS/TEMP] later",
      { "-ERR [SYS/TEMP] later\r\n" } },
    { PROTOCOL_POP3,
      ERR_LOGIN,
      "PASS was refused: -ERR [AUTH] no",
      { "+OK hi\r\n", "-ERR no CAPA\r\n", "+OK\r\n", "-ERR [AUTH] no\r\n" } },
    { PROTOCOL_POP3,
      ERR_LOGIN,
      "PASS was refused: -ERR [IN-USE] locked",
      { "+OK hi\r\n", "+OK\r\nUSER\r\n.\r\n", "+OK\r\n", "-ERR [IN-USE] locked\r\n" } },
    { PROTOCOL_POP3,
      ERR_LOGIN,
      "APOP was refused: -ERR no",
      { "+OK hi <1.2@example.test>\r\n", "+OK\r\nUSER\r\n.\r\n", "-ERR no\r\n" } },
    { PROTOCOL_IMAP,
      ERR_RATE,
      "our connection was refused: * BYE [UNAVAILABLE] later",
      { "* BYE [UNAVAILABLE] later\r\n" } },
    { PROTOCOL_IMAP, ERR_REFUSED, "our connection was refused: hello", { "hello\r\n" } },
    { PROTOCOL_IMAP,
      ERR_LOGIN,
      "LOGIN was refused: A2 NO [AUTHENTICATIONFAILED] no",
      { "* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\nA1 OK\r\n",
        "A2 NO [AUTHENTICATIONFAILED] no\r\n" } },
    { PROTOCOL_IMAP,
      ERR_RATE,
      "LOGIN was refused: A1 NO [LIMIT] no",
      { "* OK [CAPABILITY IMAP4rev1] hi\r\n", "A1 NO [LIMIT] no\r\n" } },
    { PROTOCOL_IMAP,
      ERR_LOGIN,
      "the server offers no way to log in that we can use",
      { "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n" } },
    { PROTOCOL_IMAP,
      ERR_NETWORK,
      "going on was refused: * BYE idle",
      { "* OK hi\r\n", "* BYE idle\r\n", close_it } },
    { PROTOCOL_IMAP,
      ERR_REFUSED,
      "CAPABILITY brought no capabilities",
      { "* OK hi\r\n", "A1 OK\r\n" } },
};
static size_t begin_row;

static void begin_fails(struct conn *c)
{
    struct error err = { 0 };
    int code = begin(c, &err);
    ck_assert_str_eq(err.text, begin_rows[begin_row].text);
    ck_assert_int_eq(code, begin_rows[begin_row].code);
}

START_TEST(beginnings)
{
    begin_row = (size_t)_i;
    play(begin_rows[_i].protocol, begin_rows[_i].answers, begin_fails);
    ck_assert(secrets_found(&secrets, S("c4n4ry-secret")) == (secrets.values.n > 0));
    for (size_t i = 0; i < transcript_count(transcript); i++)
        ck_assert(!secrets_found(&secrets, transcript_at(transcript, i)->head));
}
END_TEST

static void no_password_in_clear(struct conn *c)
{
    struct smtp_client s;
    struct error err = { 0 };
    struct credentials careful = alice;
    careful.allow_clear = false;
    smtp_client_init(&s, c, NULL);
    ck_assert_int_eq(smtp_greeting(&s, NEVER, &err), 0);
    ck_assert_int_eq(smtp_login(&s, &careful, NEVER, &err), ERR_LOGIN);
    careful.mechanism = S("PLAIN");
    ck_assert_int_eq(smtp_login(&s, &careful, NEVER, &err), ERR_USAGE);
    careful.mechanism = S("NTLM");
    ck_assert_int_eq(smtp_login(&s, &careful, NEVER, &err), ERR_USAGE);
    smtp_client_release(&s);
}

START_TEST(clear_needs_leave)
{
    play(PROTOCOL_SMTP, ANSWERS("220 hi\r\n", "250-x\r\n250 AUTH PLAIN LOGIN\r\n", ""),
         no_password_in_clear);
}
END_TEST

static void some_recipients(struct conn *c)
{
    struct smtp_client s;
    struct error err = { 0 };
    struct smtp_recipient fates[3];
    slice to[] = { S("a@example.test"), S("b@example.test"), S("c@example.test") };
    struct smtp_message m = {
        .from = S("me@example.test"), .to = to, .n_to = 3, .content = S("Subject: x\r\n\r\n")
    };
    smtp_client_init(&s, c, NULL);
    ck_assert_int_eq(smtp_greeting(&s, NEVER, &err), 0);
    ck_assert_int_eq(smtp_hello(&s, NEVER, &err), 0);
    ck_assert_int_eq(smtp_deliver(&s, &m, NEVER, fates, &err), 0);
    ck_assert_int_eq(fates[0].rcpt_code, 250);
    ck_assert_int_eq(fates[1].rcpt_code, 550);
    ck_assert_str_eq(fates[1].text, "550 5.1.1 nobody");
    ck_assert_int_eq(fates[1].data_code, 0);
    ck_assert_int_eq(fates[0].data_code, conn_protocol(c) == PROTOCOL_LMTP ? 452 : 250);
    ck_assert_int_eq(fates[2].data_code, 250);
    smtp_client_release(&s);
}

START_TEST(lmtp_fates)
{
    play(PROTOCOL_LMTP,
         ANSWERS("220 hi\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 nobody\r\n",
                 "250 ok\r\n", "354 go\r\n", "", "", "452 full\r\n250 ok\r\n"),
         some_recipients);
}
END_TEST

START_TEST(smtp_fates)
{
    play(PROTOCOL_SMTP,
         ANSWERS("220 hi\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 nobody\r\n",
                 "250 ok\r\n", "354 go\r\n", "", "", "250 ok\r\n"),
         some_recipients);
}
END_TEST

static void no_recipient(struct conn *c)
{
    struct smtp_client s;
    struct error err = { 0 };
    slice to[] = { S("a@example.test") }, bad[] = { S("a\r\nDATA") };
    struct smtp_message m = { .to = to, .n_to = 1, .content = S("x\r\n") };
    smtp_client_init(&s, c, NULL);
    ck_assert_int_eq(smtp_greeting(&s, NEVER, &err), 0);
    ck_assert_int_eq(smtp_deliver(&s, &m, NEVER, NULL, &err), ERR_REFUSED);
    ck_assert_str_eq(err.text, "every recipient was refused: 550 nobody");
    m.to = bad;
    ck_assert_int_eq(smtp_deliver(&s, &m, NEVER, NULL, &err), ERR_USAGE);
    smtp_client_release(&s);
}

START_TEST(no_recipient_left)
{
    play(PROTOCOL_SMTP, ANSWERS("220 hi\r\n", "250 ok\r\n", "550 nobody\r\n", "250 reset\r\n"),
         no_recipient);
}
END_TEST

static void literal_refused(struct conn *c)
{
    struct imap_client i;
    struct error err = { 0 };
    imap_client_init(&i, c, "T");
    struct imap_piece pieces[] = { { IMAP_TEXT, S("APPEND INBOX ") },
                                   { IMAP_LITERAL_SYNC, S("x") },
                                   { IMAP_TEXT, S(" x") } };
    auto_imap_result r = { 0 };
    ck_assert_int_eq(imap_greeting(&i, NEVER, &err), 0);
    ck_assert_int_eq(imap_command(&i, pieces, 3, NEVER, &err, &r), 0);
    ck_assert_int_eq(r.status, IMAP_NO);
    ck_assert_uint_eq(r.n, 1);
    ck_assert_slice(r.first->raw, S("* 1 EXISTS\r\n"));
    ck_assert_slice(r.tagged->imap->tag, S("T1"));
    imap_client_release(&i);
}

START_TEST(refused_literal_ends_the_command)
{
    play(PROTOCOL_IMAP, ANSWERS("* OK hi\r\n", "* 1 EXISTS\r\nT1 NO [TOOBIG] too big\r\n"),
         literal_refused);
}
END_TEST

static void cancel_by_override(struct conn *c)
{
    struct imap_client i;
    struct error err = { 0 };
    struct sasl_outcome outcome;
    struct sasl_override cancel = { .round = 0, .cancel = true };
    struct credentials who = alice;
    who.mechanism = S("PLAIN");
    struct sasl_options options = {
        .who = &who, .initial = SASL_INITIAL_NEVER, .overrides = &cancel, .n_overrides = 1
    };
    imap_client_init(&i, c, "T");
    ck_assert_int_eq(imap_greeting(&i, NEVER, &err), 0);
    ck_assert_int_eq(sasl_login(c, S("T9"), &options, NULL, NEVER, &outcome, &err), ERR_LOGIN);
    ck_assert(outcome.refused && !outcome.accepted);
    ck_assert_uint_eq(outcome.challenges, 1);
    const struct transcript_entry *e = transcript_at(transcript, transcript_count(transcript) - 2);
    ck_assert_slice(e->head, S("*\r\n"));
    imap_client_release(&i);
}

START_TEST(cancelled_exchange)
{
    play(PROTOCOL_IMAP, ANSWERS("* OK hi\r\n", "+ \r\n", "T9 BAD cancelled\r\n", ""),
         cancel_by_override);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, beginnings, 0, sizeof begin_rows / sizeof *begin_rows);
    tcase_add_test(cases, clear_needs_leave);
    tcase_add_test(cases, smtp_fates);
    tcase_add_test(cases, lmtp_fates);
    tcase_add_test(cases, no_recipient_left);
    tcase_add_test(cases, refused_literal_ends_the_command);
    tcase_add_test(cases, cancelled_exchange);
}

int main(void)
{
    return run_tests("client_errors", add);
}
