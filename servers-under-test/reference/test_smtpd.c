#include "array.h"
#include "test_mail_driver.h"

#define HELLO "M: 220", "C: EHLO client.example.org", "M: 250"
#define MAIL "C: MAIL FROM:<a@example.org>", "S: 250 2.1.0 ~"
#define RCPT "C: RCPT TO:<alice@mailassay.test>", "S: 250 2.1.5 ~"
#define DATA "C: DATA", "S: 354 ~"

/* clang-format off */
static const struct transcript transcripts[] = {
    { "greeting and offers of the mx", "smtp", NULL, 0,
      { "S: 220 mail.mailassay.test ~", "C: EHLO client.example.org", "M: 250",
        "L: mail.mailassay.test greets ~", "L: PIPELINING", "L: SIZE 100000", "L: 8BITMIME",
        "L: SMTPUTF8", "L: CHUNKING", "L: BINARYMIME", "L: DSN", "L: ENHANCEDSTATUSCODES",
        "L: STARTTLS", "L! AUTH~", "C: QUIT", "S: 221 2.0.0 ~", "SX" } },
    { "HELO has no extensions", "smtp", NULL, 0,
      { "M: 220", "C: HELO client.example.org", "S: 250 mail.mailassay.test ~",
        "C: MAIL FROM:<a@example.org> SIZE=5", "S: 555 5.5.4 ~" } },
    { "a delivery with its trace fields", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, DATA, "C: Subject: hi", "C: ", "C: ..dot", "C: text", "C: .",
        "S: 250 2.0.0 ~", "B: 1", "I: Return-Path: <a@example.org>\r\nReceived: from client.",
        "I: ([192.0.2.7])\r\n\tby mail.mailassay.test with ESMTP id ",
        "I: for <alice@mailassay.test>;", "I= \r\nSubject: hi\r\n\r\n.dot\r\ntext\r\n",
        "C: MAIL FROM:<>", "S: 250 2.1.0 ~", "C: QUIT", "S: 221 ~" } },
    { "protocol word in TLS", "smtp", NULL, 0,
      { HELLO, "C: STARTTLS", "S: 220 2.0.0 ~", "T:", "C: EHLO x.example.org", "M: 250",
        "L! STARTTLS", MAIL, RCPT, DATA, "C: .", "S: 250 ~", "I: with ESMTPS id",
        "I: \r\n\ttls TLS_" } },
    { "order of commands", "smtp", NULL, 0,
      { "M: 220", "C: MAIL FROM:<a@example.org>", "S: 503 5.5.1 ~", "C: EHLO c.example.org",
        "M: 250", "C: RCPT TO:<alice@mailassay.test>", "S: 503 5.5.1 ~", "C: DATA", "S: 503 ~",
        MAIL, "C: MAIL FROM:<b@example.org>", "S: 503 5.5.1 ~", "C: DATA", "S: 503 ~", RCPT,
        "C: RSET", "S: 250 2.0.0 ~", "C: RCPT TO:<alice@mailassay.test>", "S: 503 ~", MAIL,
        "C: EHLO c.example.org", "M: 250", "C: RCPT TO:<alice@mailassay.test>", "S: 503 ~" } },
    { "recipients", "smtp", NULL, 0,
      { HELLO, MAIL, "C: RCPT TO:<nobody@mailassay.test>", "S: 550 5.1.1 ~",
        "C: RCPT TO:<bob@example.org>", "S: 550 5.7.1 ~", "C: RCPT TO:<Postmaster>",
        "S: 250 2.1.5 ~", "C: RCPT TO:<pOSTmaster@MAILASSAY.test>", "S: 250 2.1.5 ~",
        "C: RCPT TO:<alice+lists@mailassay.test>", "S: 250 ~",
        "C: RCPT TO:<@relay.example.org:alice@mailassay.test>", "S: 250 ~",
        "C: RCPT TO:<bob%example.org@mailassay.test>", "S: 550 5.1.1 ~",
        "C: RCPT TO:<\"bob@example.org\"@mailassay.test>", "S: 550 5.1.1 ~",
        "C: RCPT TO:<@mailassay.test:bob@example.org>", "S: 550 5.7.1 ~",
        "C: RCPT TO:bob@mailassay.test", "S: 501 5.1.3 ~", "C: RCPT TO: <bob@mailassay.test>",
        "S: 501 ~", "C: RCPT TO:<bob@mailassay.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+40x",
        "S: 250 ~", "C: RCPT TO:<bob@mailassay.test> NOTIFY=NEVER,DELAY", "S: 501 5.5.4 ~",
        "C: RCPT TO:<bob@mailassay.test> FOO=bar", "S: 555 5.5.4 ~" } },
    { "parameters of MAIL", "smtp", NULL, 0,
      { HELLO, "C: MAIL FROM:<a@example.org> SIZE=100001", "S: 552 5.3.4 ~",
        "C: MAIL FROM:<a@example.org> SIZE=99999999999999999999", "S: 552 5.3.4 ~",
        "C: MAIL FROM:<a@example.org> SIZE=999999999999999999999", "S: 501 ~",
        "C: MAIL FROM:<a@example.org> SIZE=-1", "S: 501 5.5.4 ~",
        "C: MAIL FROM:<a@example.org> BODY=9BIT", "S: 501 ~",
        "C: MAIL FROM:<a@example.org> RET=HDRS ENVID=x+2By BODY=8BITMIME SIZE=10", "S: 250 ~",
        "C: RSET", "S: 250 ~", "C: MAIL FROM:<a@example.org> AUTH=<>", "S: 555 5.5.4 ~",
        "C: MAIL FROM:<\xc3\xa9@example.org>", "S: 553 5.6.7 ~",
        "C: MAIL FROM:<\xc3\xa9@example.org> SMTPUTF8", "S: 250 ~", RCPT, DATA, "C: .", "S: 250 ~",
        "I: with UTF8SMTP id", "C: MAIL FROM:<\xe9@example.org>", "S: 500 5.5.2 ~" } },
    { "small commands", "smtp", NULL, 0,
      { HELLO, "C: noop with text", "S: 250 2.0.0 ~", "C: VRFY alice", "S: 252 2.1.5 ~",
        "C: VRFY nobody", "S: 252 2.1.5 ~", "C: EXPN list", "S: 252 2.1.5 ~", "C: HELP",
        "S: 214 2.0.0 ~", "C: FOO", "S: 500 5.5.2 ~", "C: RSET x", "S: 501 5.5.4 ~", "C: DATA x",
        "S: 503 ~", "C: AUTH PLAIN", "S: 502 5.5.1 ~", "C: LHLO x.example.org", "S: 500 5.5.1 ~",
        "C: EHLO", "S: 501 ~", "C: EHLO a b", "S: 501 ~" } },
    { "HTTP ends it", "smtp", NULL, 0,
      { "M: 220", "C: POST / HTTP/1.1", "S: 421 4.7.0 ~", "SX" } },
    { "errors end it", "smtp", NULL, 0,
      { "M: 220", "R: a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj\r\nk\r\nl\r\nm\r\nn\r\n",
        "R: o\r\np\r\nq\r\nr\r\ns\r\nt\r\nu\r\n", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~",
        "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~",
        "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~", "S: 500 ~",
        "S: 500 ~", "S: 421 4.7.0 ~", "SX" } },
    { "only CRLF ends a line", "smtp", NULL, 0,
      { "M: 220", "R: NOOP\n", "S-", "R: NOOP\r\n", "S: 500 5.5.2 ~", "S-", "R: NOOP\r", "S-",
        "R: \n", "S: 250 ~" } },
    { "octet by octet", "smtp", NULL, 0,
      { "M: 220", "R: N", "R: O", "R: O", "R: P", "R: \r", "S-", "R: \n", "S: 250 ~" } },
    { "pipelining", "smtp", NULL, 0,
      { HELLO, "R: MAIL FROM:<a@example.org>\r\nRCPT TO:<nobody@mailassay.test>\r\n"
        "RCPT TO:<alice@mailassay.test>\r\nDATA\r\n", "S: 250 2.1.0 ~", "S: 550 5.1.1 ~",
        "S: 250 2.1.5 ~", "S: 354 ~", "R: x: y\r\n\r\n.\r\nNOOP\r\n", "S: 250 2.0.0 ~",
        "S: 250 2.0.0 ok" } },
    { "end of data is CRLF.CRLF alone", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, DATA, "R: x: y\r\n\r\nA\n.\nB\n.\r\nC\r.\rD\r\n.\n", "S-",
        "R: \r\n.\r\n", "S: 550 5.6.0 ~", "B: 0", MAIL, RCPT, DATA, "R: .\r\n", "S: 250 2.0.0 ~",
        "B: 1" } },
    { "size and length of lines", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, DATA, "C: x: y", "C: ", "C: $X", "C: .", "S: 250 ~", MAIL, RCPT, DATA,
        "C: x: y", "C: ", "C: $Xx", "C: .", "S: 550 5.6.0 ~", MAIL, RCPT, DATA, "R: $B", "C: .",
        "S: 552 5.3.4 ~", MAIL, RCPT, "R: BDAT 120000\r\n$B", "S: 552 5.3.4 ~",
        "R: BDAT 5 LAST\r\nabcde", "S: 503 ~", "C: NOOP $X$X$X", "S: 500 5.5.2 ~", "B: 1" } },
    { "NUL and loops", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, DATA, "R: a: b\r\n\r\n$0\r\n.\r\n", "S: 550 5.6.0 ~", MAIL, RCPT, DATA,
        "R: $R\r\n.\r\n", "S: 554 5.4.6 ~", "B: 0" } },
    { "BDAT", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, "R: BDAT 7\r\na: b\r\n\r", "S: 250 2.0.0 7 ~", "C: DATA", "S: 503 ~",
        "C: MAIL FROM:<x@example.org>", "S: 503 ~", "R: BDAT 8 LAST\r\n\n.\r\n..\r", "S-", "R: \n",
        "S: 250 2.0.0 ~", "I= a: b\r\n\r\n.\r\n..\r\n", "C: BDAT 0 LAST", "S: 503 ~", MAIL, RCPT,
        "R: BDAT 5 LAST\r\na: b\n", "S: 550 5.6.0 ~", MAIL, RCPT,
        "R: BDAT 15 LAST\r\na: b\r\n\r\n.\r\n.c\r\nQUIT\r\n", "S: 250 2.0.0 ~", "S: 221 ~", "B: 2",
        "I= a: b\r\n\r\n.\r\n.c\r\n" } },
    { "a refused BDAT eats its octets", "smtp", NULL, 0,
      { HELLO, "R: BDAT 6 LAST\r\nRSET\r\nNOOP\r\n", "S: 503 5.5.1 ~", "S: 250 2.0.0 ok", "S-",
        MAIL, "C: RCPT TO:<nobody@mailassay.test>", "S: 550 ~", "R: BDAT 6\r\nQUIT\r\n", "S: 503 ~",
        "S-", "C: BDAT x", "S: 503 ~", RCPT, "C: BDAT x", "S: 501 5.5.4 ~", "C: BDAT 99999999999",
        "S: 421 ~", "SX" } },
    { "BINARYMIME needs BDAT", "smtp", NULL, 0,
      { HELLO, "C: MAIL FROM:<a@example.org> BODY=BINARYMIME", "S: 250 ~", RCPT, "C: DATA",
        "S: 503 5.5.1 ~", "R: BDAT 5 LAST\r\na\nb\rc", "S: 250 ~", "I= a\nb\rc" } },
    { "five minutes of silence", "smtp", NULL, 0,
      { HELLO, "W: 299s", "S-", "W: 1s", "S: 421 4.4.2 ~", "SX" } },
    { "a connection that breaks in DATA delivers nothing", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, DATA, "C: Subject: x", "X:", "W: 1s", "B: 0" } },
    { "submission wants TLS, then a login", "submission", NULL, 0,
      { HELLO, "L: STARTTLS", "L! AUTH~", "C: MAIL FROM:<a@example.org>", "S: 530 5.7.0 ~",
        "C: AUTH PLAIN $P", "S: 530 5.7.0 ~", "C: RSET", "S: 530 ~", "C: NOOP", "S: 250 ~",
        "C: STARTTLS x", "S: 501 5.5.4 ~", "C: STARTTLS", "S: 220 2.0.0 ~", "T:",
        "C: MAIL FROM:<a@example.org>", "S: 530 5.7.0 ~", "C: EHLO x.example.org", "M: 250",
        "L! STARTTLS", "L: AUTH SCRAM-SHA-256-PLUS ~ PLAIN ~", "C: STARTTLS", "S: 503 ~",
        "C: MAIL FROM:<a@example.org>", "S: 530 5.7.0 ~", "C: AUTH FOO", "S: 504 5.5.4 ~",
        "C: AUTH PLAIN", "S: 334 ", "C: *", "S: 501 5.0.0 ~", "C: AUTH PLAIN =", "S: 501 ~",
        "C: AUTH PLAIN AAA=BBB", "S: 501 5.5.2 ~", "C: AUTH PLAIN AGFsaWNlAHg=", "S: 535 5.7.8 ~",
        "C: AUTH PLAIN $P", "S: 235 2.7.0 ~", "C: AUTH PLAIN $P", "S: 503 ~",
        "C: EHLO x.example.org", "M: 250", "C: MAIL FROM:<a@example.org> AUTH=<>", "S: 250 ~" } },
    { "relaying", "submissions", NULL, 0,
      { HELLO, "C: AUTH PLAIN", "S: 334 ", "C: $P", "S: 235 ~",
        "C: MAIL FROM:<alice@mailassay.test> RET=FULL BODY=8BITMIME", "S: 250 ~",
        "C: RCPT TO:<x@example.org> NOTIFY=NEVER", "S: 250 ~", RCPT, DATA, "C: Subject: hi", "C: ",
        "C: ..", "C: \xc3\xa9", "C: .", "S: 250 2.0.0 ~", "B: 1",
        "N: <alice@mailassay.test> BODY=8BITMIME RET=FULL\n<x@example.org> NOTIFY=NEVER\n",
        "N: with ESMTPSA id", "N: \r\nSubject: hi\r\n\r\n..\r\n\xc3\xa9\r\n.\r\n",
        "N: Message-ID: <", "N! Return-Path", "I: Date: ", "I= \r\n\r\n.\r\n\xc3\xa9\r\n" } },
    { "failed logins end it", "submissions", NULL, 0,
      { HELLO, "C: AUTH PLAIN AGFsaWNlAHg=", "S: 535 ~", "C: AUTH PLAIN AGFsaWNlAHg=", "S: 535 ~",
        "C: AUTH PLAIN AG5vYm9keQB4", "S: 535 ~", "C: AUTH PLAIN AGFsaWNlAHg=", "S: 535 ~",
        "C: AUTH PLAIN AGFsaWNlAHg=", "S: 421 ~", "SX" } },
    { "LMTP", "lmtp", NULL, 0,
      { "S: 220 ~ LMTP ~", "C: EHLO x.example.org", "S: 500 5.5.1 ~", "C: LHLO x.example.org",
        "M: 250", "L: PIPELINING", "L: ENHANCEDSTATUSCODES", "L: 8BITMIME", MAIL,
        "C: RCPT TO:<nobody@mailassay.test>", "S: 550 ~", "C: DATA", "S: 503 ~", RCPT,
        "C: RCPT TO:<bob@mailassay.test>", "S: 250 ~", RCPT, DATA, "C: x: y", "C: .",
        "S: 250 2.0.0 ~", "S: 250 2.0.0 ~", "S: 250 2.0.0 ~", "S-", "B: 1", "I: with LMTP id",
        "I! for <", MAIL, RCPT, "C: RCPT TO:<bob@mailassay.test>", "S: 250 ~",
        "R: BDAT 2 LAST\r\n\r\n", "S: 250 ~", "S: 250 ~", "S-", "C: RCPT TO:<x@example.org>",
        "S: 503 ~" } },
    { "plaintext instead of a handshake ends it", "smtp", NULL, 0,
      { HELLO, "C: STARTTLS", "S: 220 ~", "W: 1s", "R: NOOP\r\n", "T!" } },
    { "STARTTLS ends a transaction", "smtp", NULL, 0,
      { HELLO, MAIL, "C: STARTTLS", "S: 220 ~", "T:", "C: EHLO x.example.org", "M: 250",
        "C: RCPT TO:<alice@mailassay.test>", "S: 503 ~" } },
    { "STARTTLS on an implicit port", "submissions", NULL, 0,
      { HELLO, "L! STARTTLS", "C: STARTTLS", "S: 503 ~" } },
};
/* clang-format on */

/* What a client says too early shows only when it comes along with the command before. */
/* clang-format off */
static const struct transcript in_one_write[] = {
    { "plaintext behind STARTTLS is dropped", "smtp", NULL, 0,
      { HELLO, "R: STARTTLS\r\nNOOP\r\nNO", "S: 220 ~", "T:", "S-", "C: NOOP", "S: 250 ~", "S-" } },
    { "content sent along with DATA", "smtp", NULL, 0,
      { HELLO, MAIL, RCPT, "R: DATA\r\nMAIL FROM:<x@example.org>\r\n.\r\n", "S: 421 4.7.0 ~", "SX",
        "B: 0" } },
    { "a command behind EHLO", "smtp", NULL, 0,
      { "M: 220", "R: EHLO x.example.org\r\nMAIL FROM:<a@example.org>\r\n", "S: 503 ~",
        "S: 503 5.5.1 ~", "C: EHLO x.example.org", "M: 250" } },
};
/* clang-format on */

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

START_TEST(transcript_in_one_write)
{
    transcript_run(&in_one_write[_i]);
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
    return run_tests("smtpd", add);
}
