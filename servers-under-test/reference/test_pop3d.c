#include "array.h"
#include "test_mail_driver.h"

#define LOGIN "S: +OK ~", "C: USER alice", "S: +OK ~", "C: PASS $A", "S: +OK ~"
#define REST "S: Received: x", "S: ", "S: line one", "S: ..dot", "S: line 3"

/* Each of the three messages: "Subject: n", "Received: x", an empty line, "line one", ".dot",
   "line 3": 12 + 13 + 2 + 10 + 6 + 8 = 51 octets. */
/* clang-format off */
static const struct transcript transcripts[] = {
    { "in clear", "pop3", NULL, 1,
      { "S: +OK mail.mailassay.test ~", "C: CAPA", "S: +OK ~", "S: TOP", "S: UIDL", "S: STLS",
        "S: RESP-CODES", "S: AUTH-RESP-CODE", "S: PIPELINING", "S: EXPIRE NEVER",
        "S: IMPLEMENTATION ~", "S: .", "C: USER alice", "S: -ERR ~", "C: PASS $A", "S: -ERR ~",
        "C: AUTH PLAIN $P", "S: -ERR ~", "C: STLS x", "S: -ERR ~", "C: STAT", "S: -ERR ~",
        "C: APOP alice c4c9334bac560ecc979e58001b3e22fb", "S: -ERR ~", "C: STLS", "S: +OK ~", "T:",
        "C: CAPA", "S: +OK ~", "S: TOP", "S: UIDL", "S: USER", "S: SASL SCRAM-SHA-256-PLUS ~",
        "S: RESP-CODES", "S: AUTH-RESP-CODE", "S: PIPELINING", "S: EXPIRE NEVER",
        "S: IMPLEMENTATION ~", "S: .", "C: STLS", "S: -ERR ~", "C: PASS $A", "S: -ERR ~",
        "C: USER alice", "S: +OK ~", "C: PASS wrong", "S: -ERR [AUTH] ~", "C: PASS $A", "S: -ERR ~",
        "C: USER nobody", "S: +OK ~", "C: PASS x", "S: -ERR [AUTH] ~", "C: USER alice", "S: +OK ~",
        "C: PASS $A", "S: +OK ~", "C: USER alice", "S: -ERR ~", "C: QUIT", "S: +OK ~", "SX",
        "B: 1" } },
    { "listings", "pop3s", NULL, 3,
      { LOGIN, "C: STAT", "S: +OK 3 153", "C: LIST", "S: +OK ~", "S: 1 51", "S: 2 51", "S: 3 51",
        "S: .", "C: list 2", "S: +OK 2 51", "C: LIST 0", "S: -ERR ~", "C: LIST 4", "S: -ERR ~",
        "C: LIST -1", "S: -ERR ~", "C: LIST 4294967297", "S: -ERR ~",
        "C: LIST 18446744073709551617", "S: -ERR ~", "C: LIST 1x", "S: -ERR ~", "C: UIDL 2",
        "S: +OK 2 ~", "C: UIDL", "S: +OK ~", "S: 1 ~", "S: 2 ~", "S: 3 ~", "S: .", "C: DELE 2",
        "S: +OK ~", "C: DELE 2", "S: -ERR ~", "C: RETR 2", "S: -ERR ~", "C: LIST 2", "S: -ERR ~",
        "C: UIDL 2", "S: -ERR ~", "C: STAT", "S: +OK 2 102", "C: LIST", "S: +OK ~", "S: 1 51",
        "S: 3 51", "S: .", "C: RSET", "S: +OK ~", "C: STAT", "S: +OK 3 153", "C: NOOP", "S: +OK ~",
        "C: NOOP x", "S: -ERR ~", "C: FOO", "S: -ERR ~", "C: RETR", "S: -ERR ~" } },
    { "RETR and TOP", "pop3s", NULL, 2,
      { LOGIN, "C: RETR 2", "S: +OK 51 octets", "S: Subject: 2", REST, "S: .", "C: TOP 1 0",
        "S: +OK ~", "S: Subject: 1", "S: Received: x", "S: ", "S: .", "C: TOP 1 2", "S: +OK ~",
        "S: Subject: 1", "S: Received: x", "S: ", "S: line one", "S: ..dot", "S: .",
        "C: TOP 1 99999999999", "S: +OK ~", "S: Subject: 1", REST, "S: .", "C: TOP 1", "S: -ERR ~",
        "C: TOP 1 -1", "S: -ERR ~", "C: TOP 3 1", "S: -ERR ~", "C: QUIT", "S: +OK ~", "B: 2" } },
    { "QUIT removes what is marked", "pop3s", NULL, 3,
      { LOGIN, "C: DELE 1", "S: +OK ~", "C: DELE 3", "S: +OK ~", "B: 3", "C: QUIT", "S: +OK ~",
        "SX", "B: 1", "I: Subject: 2" } },
    { "a broken connection removes nothing", "pop3s", NULL, 2,
      { LOGIN, "C: DELE 1", "S: +OK ~", "X:", "W: 1s", "B: 2" } },
    { "autologout after ten minutes removes nothing and says nothing", "pop3s", NULL, 2,
      { LOGIN, "C: DELE 1", "S: +OK ~", "W: 9m", "C: NOOP", "S: +OK ~", "W: 599s", "S-", "SX",
        "B: 2" } },
    { "the lock", "pop3s", NULL, 2,
      { LOGIN, "2S: +OK ~", "2C: USER alice", "2S: +OK ~", "2C: PASS $A", "2S: -ERR [IN-USE] ~",
        "C: DELE 1", "S: +OK ~", "C: QUIT", "S: +OK ~", "SX", "2C: USER alice", "2S: +OK ~",
        "2C: PASS $A", "2S: +OK ~", "2C: STAT", "2S: +OK 1 51", "2X:", "W: 1s", "3S: +OK ~",
        "3C: USER alice", "3S: +OK ~", "3C: PASS $A", "3S: +OK ~" } },
    { "pipelining", "pop3s", NULL, 1,
      { "S: +OK ~", "R: USER alice\r\nPASS open sesame\r\nSTAT\r\nLIST 1\r\nQUIT\r\n", "S: +OK ~",
        "S: +OK ~", "S: +OK 1 51", "S: +OK 1 51", "S: +OK ~", "SX" } },
    { "lines", "pop3s", NULL, 1,
      { "S: +OK ~", "R: NOOP\n", "S-", "R: \r\n", "S: -ERR ~", "C: USER $X", "S: -ERR ~", "R: ca",
        "R: pa\r", "S-", "R: \n", "S: +OK ~" } },
    { "SASL", "pop3s", NULL, 1,
      { "S: +OK ~", "C: AUTH", "S: -ERR ~", "C: AUTH FOO", "S: -ERR ~", "C: AUTH PLAIN", "S: + ",
        "C: *", "S: -ERR ~", "C: AUTH PLAIN", "S: + ", "C: ===", "S: -ERR ~", "C: AUTH PLAIN =",
        "S: -ERR ~", "C: AUTH LOGIN YWxpY2U=", "S: -ERR ~", "C: AUTH LOGIN", "S: + VXNlcm5hbWU6",
        "C: YWxpY2U=", "S: + UGFzc3dvcmQ6", "C: eA==", "S: -ERR [AUTH] ~", "C: AUTH PLAIN $P",
        "S: +OK ~", "C: AUTH PLAIN $P", "S: -ERR ~", "C: STAT", "S: +OK 1 51" } },
    { "failed logins end it", "pop3s", NULL, 1,
      { "S: +OK ~", "R: USER a\r\nPASS b\r\nUSER a\r\nPASS b\r\nUSER a\r\nPASS b\r\n", "S: +OK ~",
        "S: -ERR ~", "S: +OK ~", "S: -ERR ~", "S: +OK ~", "S: -ERR ~",
        "R: USER a\r\nPASS b\r\nUSER a\r\nPASS b\r\n", "S: +OK ~", "S: -ERR ~", "S: +OK ~",
        "S: -ERR ~", "SX" } },
};
/* clang-format on */

/* What comes in clear behind the go-ahead is no handshake; only along with the command it is
   dropped. */
/* clang-format off */
static const struct transcript in_one_write[] = {
    { "plaintext behind STLS is dropped", "pop3", NULL, 1,
      { "S: +OK ~", "R: STLS\r\nCAPA\r\nST", "S: +OK ~", "T:", "S-", "C: QUIT", "S: +OK ~",
        "SX" } },
};
/* clang-format on */

START_TEST(transcript_in_one_write)
{
    transcript_run(&in_one_write[_i]);
}
END_TEST

START_TEST(transcript)
{
    transcript_run(&transcripts[_i]);
}
END_TEST

START_TEST(transcript_by_octet)
{
    transcript_run_by_octet(&transcripts[_i]);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, transcript, 0, COUNT(transcripts));
    tcase_add_loop_test(t, transcript_by_octet, 0, COUNT(transcripts));
    tcase_add_loop_test(t, transcript_in_one_write, 0, COUNT(in_one_write));
}

int main(void)
{
    return run_tests("pop3d", add);
}
