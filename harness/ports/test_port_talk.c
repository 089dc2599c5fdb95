/* Which lines end a reply, in all protocols; what answers inside TLS say about a command that was sent
   in clear. */
#include "port_visit_private.h"
#include "testing.h"

struct line_case {
    enum port_protocol protocol;
    const char *tag, *line;
    enum talk_answer answer;
    bool more, not_first, multi;
};

/* clang-format off */
static const struct line_case lines[] = {
    { PORT_SMTP, "", "220 ready", TALK_YES },
    { PORT_SMTP, "", "220-ready", TALK_YES, true },
    { PORT_SMTP, "", "250", TALK_YES },
    { PORT_LMTP, "", "334 ", TALK_GO },
    { PORT_SMTP, "", "354 go", TALK_GO },
    { PORT_SMTP, "", "421 slow down", TALK_RATE },
    { PORT_SMTP, "", "451 4.7.0 too many connections", TALK_RATE },
    { PORT_SMTP, "", "450 try 421 again", TALK_NO },
    { PORT_SMTP, "", "500 too many arguments", TALK_NO },
    { PORT_SMTP, "", "530 first TLS", TALK_NO },
    { PORT_SMTP, "", "530-first TLS", TALK_NO, true },
    { PORT_SMTP, "", "53", TALK_NONSENSE },
    { PORT_SMTP, "", "5300 x", TALK_NONSENSE },
    { PORT_SMTP, "", "+OK", TALK_NONSENSE },
    { PORT_SMTP, "", "", TALK_NONSENSE },
    { PORT_POP3, "", "+OK ready", TALK_YES },
    { PORT_POP3, "", "+OK list", TALK_YES, true, false, true },
    { PORT_POP3, "", "USER", TALK_YES, true, true, true },
    { PORT_POP3, "", ".", TALK_YES, false, true, true },
    { PORT_POP3, "", "-ERR no", TALK_NO },
    { PORT_POP3, "", "-ERR no", TALK_NO, false, false, true },
    { PORT_POP3, "", "-ERR [LOGIN-DELAY] wait", TALK_RATE },
    { PORT_POP3, "", "+ ", TALK_GO },
    { PORT_POP3, "", "hello", TALK_NONSENSE },
    { PORT_IMAP, "", "* OK ready", TALK_YES },
    { PORT_IMAP, "", "* PREAUTH ready", TALK_YES },
    { PORT_IMAP, "", "* BYE no", TALK_NO },
    { PORT_IMAP, "", "* BYE [UNAVAILABLE] no", TALK_RATE },
    { PORT_IMAP, "", "a OK", TALK_NONSENSE },
    { PORT_IMAP, "v1", "* CAPABILITY IMAP4rev1", TALK_YES, true },
    { PORT_IMAP, "v1", "* BYE leaving", TALK_NO },
    { PORT_IMAP, "v1", "v1 OK done", TALK_YES },
    { PORT_IMAP, "v1", "v1 NO refused", TALK_NO },
    { PORT_IMAP, "v1", "v1 BAD what", TALK_NO },
    { PORT_IMAP, "v1", "v10 OK", TALK_YES, true },
    { PORT_IMAP, "v1", "v0 NO late", TALK_YES, true },
    { PORT_IMAP, "v1", "+ go on", TALK_GO },
    { PORT_IMAP, "v1", "v1 HUH", TALK_NONSENSE },
    { PORT_SIEVE, "", "\"SIEVE\" \"x\"", TALK_YES, true },
    { PORT_SIEVE, "", "{3}", TALK_YES, true },
    { PORT_SIEVE, "", "OK", TALK_YES },
    { PORT_SIEVE, "", "ok \"x\"", TALK_YES },
    { PORT_SIEVE, "", "NO \"x\"", TALK_NO },
    { PORT_SIEVE, "", "BYE (TRYLATER) \"x\"", TALK_RATE },
    { PORT_SIEVE, "", "hello", TALK_NONSENSE },
};

static const struct {
    enum port_protocol protocol;
    const char *text;
    enum injection injection;
    const char *said;
} injections[] = {
    { PORT_SMTP, "221 bye\n", INJECTION_DISCARDED, "" },
    { PORT_SMTP, "221-bye\n221 bye\n", INJECTION_DISCARDED, "" },
    { PORT_SMTP, "220 again\n221 bye\n", INJECTION_DISCARDED, "" },
    { PORT_SMTP, "250 ok\n221 bye\n", INJECTION_EXECUTED, "250 ok" },
    { PORT_SMTP, "500 NOOPQUIT?\n", INJECTION_EXECUTED, "500 NOOPQUIT?" },
    { PORT_SMTP, "", INJECTION_UNCLEAR, "" },
    { PORT_LMTP, "250 ok\n221 bye\n", INJECTION_EXECUTED, "250 ok" },
    { PORT_POP3, "+OK bye\n", INJECTION_DISCARDED, "" },
    { PORT_POP3, "-ERR what\n+OK bye\n", INJECTION_EXECUTED, "-ERR what" },
    { PORT_POP3, "+OK a second greeting\n+OK bye\n", INJECTION_DISCARDED, "" },
    { PORT_POP3, "+OK list\nUSER\n.\n+OK bye\n", INJECTION_EXECUTED, "USER" },
    { PORT_POP3, "+OK list\n.\n+OK bye\n", INJECTION_EXECUTED, "." },
    { PORT_POP3, "-ERR NOOPQUIT\n", INJECTION_EXECUTED, "-ERR NOOPQUIT" },
    { PORT_IMAP, "* BYE\nv2 OK bye\n", INJECTION_DISCARDED, "" },
    { PORT_IMAP, "* OK hello\n* BYE\nv2 OK bye\n", INJECTION_DISCARDED, "" },
    { PORT_IMAP, "injected1 OK\n* BYE\nv2 OK bye\n", INJECTION_EXECUTED, "injected1 OK" },
    { PORT_IMAP, "* BAD what\n* BYE\n", INJECTION_EXECUTED, "* BAD what" },
    { PORT_IMAP, "v2 BAD glued\n", INJECTION_EXECUTED, "v2 BAD glued" },
    { PORT_SIEVE, "\"SASL\" \"PLAIN\"\nOK hello\nOK bye\n", INJECTION_DISCARDED, "" },
    { PORT_SIEVE, "OK hello\nOK noop\nOK bye\n", INJECTION_EXECUTED, "OK bye" },
    { PORT_SIEVE, "OK hello\nNO noop\nOK bye\n", INJECTION_EXECUTED, "NO noop" },
};
/* clang-format on */

START_TEST(line_of_a_reply)
{
    const struct line_case *c = &lines[_i];
    bool more;
    enum talk_answer got = talk_read_line(c->protocol, slice_of(c->line), slice_of(c->tag),
                                          !c->not_first, c->multi, &more);
    ck_assert_msg(got == c->answer, "%s: %d", c->line, got);
    ck_assert_msg(got == TALK_NONSENSE || more == c->more, "%s: more %d", c->line, more);
}
END_TEST

START_TEST(injection_by_answers)
{
    slice said = S("");
    enum injection got = visit_injection_of(injections[_i].protocol, slice_of(injections[_i].text),
                                            S("injected1 "), &said);
    ck_assert_msg(got == injections[_i].injection, "%s: %d", injections[_i].text, got);
    ck_assert_slice(said, slice_of(injections[_i].said));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, line_of_a_reply, 0, COUNT(lines));
    tcase_add_loop_test(t, injection_by_answers, 0, COUNT(injections));
}

int main(void)
{
    return run_tests("port_talk", add);
}
