#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include "test_conn_driver.h"

/* ---- dates ---- */

static void looks_late(struct conn *c)
{
    task_sleep(SECONDS(10));
    auto_unit greeting = next_unit(c, NEVER);
    auto_unit exists = next_unit(c, NEVER);
    ck_assert_int_eq(greeting->at, 0);
    ck_assert_int_eq(exists->at, SECONDS(2));
    ck_assert_int_eq(now(), SECONDS(10));
    ck_assert_uint_eq(exists->number, 2);
    ck_assert(imap_response_is(exists->imap, "EXISTS"));
    ck_assert_uint_eq(exists->imap->number, 23);
    ck_assert(unit_is_valid(exists));
}

START_TEST(dated_on_arrival)
{
    static const struct move moves[] = {
        { SAY, "* OK hi\r\n" },
        { WAIT, .at = SECONDS(2) },
        { SAY, "* 23 EXISTS\r\n" },
        { DONE },
    };
    play(PROTOCOL_IMAP, moves, looks_late);
    ck_assert_int_eq(T.seen, 2);
}
END_TEST

static void times_out(struct conn *c)
{
    struct unit *u;
    struct error err;
    ck_assert_int_eq(conn_next(c, SECONDS(1), &u), CONN_TIMEOUT);
    ck_assert_int_eq(now(), SECONDS(1));
    ck_assert_int_eq(conn_result_error(c, CONN_TIMEOUT, "the greeting", &err), ERR_TIMEOUT);
    ck_assert_str_eq(err.text, "no answer in time while waiting for the greeting");
    const struct unit *peeked;
    ck_assert_int_eq(conn_peek(c, SECONDS(3), &peeked), CONN_UNIT);
    ck_assert_ptr_eq(peeked, conn_queue(c));
    auto_unit taken = next_unit(c, 0);
    ck_assert_ptr_eq(peeked, taken);
    ck_assert_ptr_null(conn_queue(c));
}

START_TEST(timeout_and_peek)
{
    static const struct move moves[] = {
        { WAIT, .at = SECONDS(2) },
        { SAY, "* OK hi\r\n" },
        { DONE },
    };
    play(PROTOCOL_IMAP, moves, times_out);
}
END_TEST

/* ---- framing ---- */

static void imap_bytes(struct conn *c)
{
    expect_raw(c, "* OK [CAPABILITY IMAP4rev1] {5}\r\n");
    auto_unit u = next_unit(c, NEVER);
    ck_assert_slice(u->raw, S("* 1 FETCH (BODY[] {7}\r\n1\r\n3\n56 UID 4)\r\n"));
    ck_assert_int_eq(u->at, now());
    ck_assert(unit_is_valid(u));
    ck_assert_uint_eq(u->bare_lf, NO_OFFSET);
    auto_unit lf = next_unit(c, NEVER);
    ck_assert_slice(lf->raw, S("* BYE\n"));
    ck_assert_uint_eq(lf->bare_lf, 5);
    ck_assert(!unit_is_valid(lf));
    ck_assert_uint_gt(lf->errors.n, 0);
}

static void smtp_bytes(struct conn *c)
{
    expect_raw(c, "220 hi\r\n");
    auto_unit u = next_unit(c, NEVER);
    ck_assert_slice(u->raw, S("250-a\r\n250-b\r\n250 c\r\n"));
    ck_assert_int_eq(u->smtp->code, 250);
    ck_assert_uint_eq(u->smtp->n_lines, 3);
    expect_raw(c, "221 bye\r\n");
}

static void pop3_bytes(struct conn *c)
{
    conn_expect_commands(c, S("NOOP\r\nLIST\r\nLIST 1\r\nuidl\r\nRETR 1\r\nCAPA\r\nQUIT\r\n"));
    expect_raw(c, "+OK hi\r\n");
    expect_raw(c, "+OK\r\n");
    expect_raw(c, "+OK 1\r\n1 20\r\n.\r\n");
    expect_raw(c, "+OK 1 20\r\n");
    expect_raw(c, "-ERR no\r\n");
    expect_raw(c, "+OK\r\n\n.\n..x\r\n.\r\n");
    expect_raw(c, "+OK\r\n.\r\n");
    expect_raw(c, "+OK bye\r\n");
    auto_unit u = next_unit(c, NEVER);
    ck_assert(u->unexpected);
    ck_assert_slice(u->pop3->text, S("again"));
}

static const struct {
    enum mail_protocol protocol;
    const char *text;
    void (*fn)(struct conn *c);
} framing_rows[] = {
    { PROTOCOL_IMAP,
      "* OK [CAPABILITY IMAP4rev1] {5}\r\n* 1 FETCH (BODY[] {7}\r\n1\r\n3\n56 UID 4)\r\n* BYE\n",
      imap_bytes },
    { PROTOCOL_SMTP, "220 hi\r\n250-a\r\n250-b\r\n250 c\r\n221 bye\r\n", smtp_bytes },
    { PROTOCOL_LMTP, "220 hi\r\n250-a\r\n250-b\r\n250 c\r\n221 bye\r\n", smtp_bytes },
    { PROTOCOL_POP3,
      "+OK hi\r\n+OK\r\n+OK 1\r\n1 20\r\n.\r\n+OK 1 20\r\n-ERR no\r\n+OK\r\n\n.\n..x\r\n.\r\n"
      "+OK\r\n.\r\n+OK bye\r\n+OK again\r\n",
      pop3_bytes },
};

START_TEST(framing_at_once)
{
    struct move moves[] = { { SAY, framing_rows[_i].text }, { DONE } };
    play(framing_rows[_i].protocol, moves, framing_rows[_i].fn);
}
END_TEST

START_TEST(framing_byte_by_byte)
{
    struct move moves[] = { { DRIP, framing_rows[_i].text }, { DONE } };
    play(framing_rows[_i].protocol, moves, framing_rows[_i].fn);
}
END_TEST

static void pop3_auth(struct conn *c)
{
    expect_raw(c, "+OK hi\r\n");
    conn_expect(c, EXPECT_AUTH);
    conn_expect(c, EXPECT_MULTI);
    expect_raw(c, "+ \r\n");
    expect_raw(c, "+ Zm9v\r\n");
    expect_raw(c, "+OK in\r\n");
    expect_raw(c, "+OK\r\nUIDL\r\n.\r\n");
    struct unit *u;
    ck_assert_int_eq(conn_next(c, NEVER, &u), CONN_CLOSED);
}

START_TEST(pop3_auth_then_capa)
{
    static const struct move moves[] = {
        { SAY, "+OK hi\r\n" },
        { WAIT, .at = SECONDS(1) },
        { SAY, "+ \r\n+ Zm9v\r\n+OK in\r\n+OK\r\nUIDL\r\n.\r\n" },
        { CLOSE },
    };
    play(PROTOCOL_POP3, moves, pop3_auth);
}
END_TEST

static void never_ends(struct conn *c)
{
    struct unit *u;
    expect_raw(c, "+OK hi\r\n");
    conn_expect_commands(c, S("RETR 1\r\n"));
    ck_assert_int_eq(conn_next(c, SECONDS(5), &u), CONN_TIMEOUT);
    ck_assert_slice(conn_tail(c), S("+OK\r\nx\r\n.\n"));
    ck_assert_uint_eq(conn_false_end(c), 8);
}

START_TEST(pop3_false_end)
{
    static const struct move moves[] = {
        { SAY, "+OK hi\r\n" }, { WAIT, .at = SECONDS(1) }, { SAY, "+OK\r\nx\r\n.\n" }, { DONE }
    };
    play(PROTOCOL_POP3, moves, never_ends);
}
END_TEST

static void ehlo_is_lenient(struct conn *c)
{
    conn_set_flags(c, SMTP_REPLY_ENHANCED);
    auto_unit greeting = next_unit(c, NEVER);
    ck_assert(unit_is_valid(greeting));
    send_text(c, "EHLO x\r\n");
    auto_unit ehlo = next_unit(c, NEVER);
    ck_assert(unit_is_valid(ehlo));
    send_text(c, "NOOP\r\n");
    auto_unit noop = next_unit(c, NEVER);
    ck_assert_ptr_nonnull(grammar_errors_find(&noop->errors, RULE_SMTP_ENHANCED_MISSING));
}

START_TEST(smtp_flags)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" },
        { READ },
        { SAY, "250 mail.example.test h\xc3\xa9llo\r\n" },
        { READ },
        { SAY, "250 ok\r\n" },
        { DONE },
    };
    play(PROTOCOL_SMTP, moves, ehlo_is_lenient);
}
END_TEST

/* ---- ends ---- */

static void fin_with_rest(struct conn *c)
{
    struct error err;
    expect_raw(c, "* OK hi\r\n");
    expect_end(c, CONN_FIN);
    ck_assert_slice(conn_tail(c), S("* BY"));
    ck_assert_int_eq(conn_ended_at(c), SECONDS(1));
    ck_assert_int_eq(conn_result_error(c, CONN_CLOSED, "BYE", &err), ERR_NETWORK);
    ck_assert_str_eq(err.text, "closed by the peer, while waiting for BYE");
}

START_TEST(end_fin)
{
    static const struct move moves[] = {
        { SAY, "* OK hi\r\n* BY" }, { WAIT, .at = SECONDS(1) }, { CLOSE }, { DONE }
    };
    play(PROTOCOL_IMAP, moves, fin_with_rest);
}
END_TEST

static void was_reset(struct conn *c)
{
    expect_raw(c, "* OK hi\r\n");
    expect_end(c, CONN_RESET);
}

START_TEST(end_reset)
{
    static const struct move moves[] = {
        { SAY, "* OK hi\r\n" }, { WAIT, .at = SECONDS(1) }, { RESET }, { DONE }
    };
    play(PROTOCOL_IMAP, moves, was_reset);
}
END_TEST

/* ---- limits ---- */

static void too_long(struct conn *c)
{
    struct error err;
    expect_raw(c, "* OK hi\r\n");
    expect_end(c, CONN_TOO_MUCH);
    ck_assert_int_eq(conn_result_error(c, CONN_CLOSED, "x", &err), ERR_LIMIT);
}

START_TEST(unit_limit)
{
    static const char *const endless[] = { "* X yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
                                           "* 1 FETCH (BODY[] {999999}\r\n" };
    struct move moves[] = { { SAY, "* OK hi\r\n" }, { FLOOD, endless[_i], 1000 }, { DONE } };
    play_with((struct conn_options) { .protocol = PROTOCOL_IMAP, .unit_max = 20000 }, moves,
              too_long);
}
END_TEST

static void gives_out_what_fits(struct conn *c)
{
    task_sleep(SECONDS(1));
    for (int i = 0; i < 101; i++)
        expect_raw(c, "* 1 EXISTS\r\n");
    expect_end(c, CONN_TOO_MUCH);
}

START_TEST(inbox_limit)
{
    static const struct move moves[] = { { FLOOD, "* 1 EXISTS\r\n", 1000 }, { DONE } };
    struct conn_options units = { .protocol = PROTOCOL_IMAP, .inbox_units = 100 };
    struct conn_options bytes = { .protocol = PROTOCOL_IMAP, .inbox_bytes = 1200 };
    play_with(_i ? units : bytes, moves, gives_out_what_fits);
}
END_TEST

static void eats_all(struct conn *c)
{
    struct unit *u;
    int n = 0;
    enum conn_result result;
    while ((result = conn_next(c, NEVER, &u)) == CONN_UNIT) {
        unit_free(u);
        n++;
    }
    ck_assert_int_eq(result, CONN_CLOSED);
    ck_assert_int_eq(conn_ended(c), CONN_TOO_MUCH);
    ck_assert_int_gt(n, 1000);
    ck_assert_uint_gt(conn_bytes_received(c), 100000);
}

START_TEST(total_limit)
{
    static const struct move moves[] = { { FLOOD, "* 1 EXISTS\r\n", 100000 }, { DONE } };
    play_with((struct conn_options) { .protocol = PROTOCOL_IMAP, .total_max = 100000 }, moves,
              eats_all);
}
END_TEST

/* ---- time ---- */

static void look_late(struct conn *c)
{
    task_sleep(SECONDS(5));
    ck_assert_int_eq(T.seen, 1);
    auto_unit late = next_unit(c, SECONDS(5));
    ck_assert_int_eq(late->at, SECONDS(2));
}

START_TEST(dated_when_it_came)
{
    static const struct move moves[] = { { WAIT, .at = SECONDS(2) },
                                         { SAY, "* OK hi\r\n" },
                                         { DONE } };
    play(PROTOCOL_IMAP, moves, look_late);
}
END_TEST

static void waits_in_vain(void *arg)
{
    struct unit *u;
    struct error err;
    ck_assert_int_eq(conn_next(arg, NEVER, &u), CONN_CANCELLED);
    ck_assert_int_eq(conn_result_error(arg, CONN_CANCELLED, "x", &err), ERR_CANCEL);
    ck_assert_int_eq(conn_send(arg, S("NOOP\r\n"), NEVER, &err), ERR_CANCEL);
}

static void cancelled(struct conn *c)
{
    struct task *t = task_spawn(waits_in_vain, c);
    task_sleep(SECONDS(1));
    task_cancel(t);
    task_join(t);
}

START_TEST(cancellation)
{
    static const struct move moves[] = { { DONE } };
    play(PROTOCOL_IMAP, moves, cancelled);
}
END_TEST

static void half_closed(struct conn *c)
{
    struct error err;
    expect_raw(c, "* OK hi\r\n");
    ck_assert_int_eq(conn_half_close(c, NEVER, &err), 0);
    ck_assert_int_eq(conn_send(c, S("x\r\n"), NEVER, &err), ERR_NETWORK);
    expect_end(c, CONN_FIN);
}

START_TEST(half_close)
{
    static const struct move moves[] = { { SAY, "* OK hi\r\n" }, { DONE } };
    play(PROTOCOL_IMAP, moves, half_closed);
}
END_TEST

static void ended_by_us(struct conn *c)
{
    const struct unit *u;
    ck_assert_int_eq(conn_peek(c, NEVER, &u), CONN_UNIT);
    conn_reset(c);
    expect_raw(c, "* OK hi\r\n");
    expect_end(c, CONN_OURS);
    conn_disconnect(c, false);
    ck_assert_ptr_null(conn_stream(c));
    expect_end(c, CONN_OURS);
}

START_TEST(reset_by_us)
{
    static const struct move moves[] = { { SAY, "* OK hi\r\n" }, { DONE } };
    play(PROTOCOL_IMAP, moves, ended_by_us);
}
END_TEST

static void says_secret(struct conn *c)
{
    expect_raw(c, "+OK hi\r\n");
    conn_expect_commands(c, S("PASS x\r\n"));
    send_text(c, "PASS c4n4ry-secret\r\n");
    expect_raw(c, "-ERR not c4n4ry-secret\r\n");
}

START_TEST(transcript_is_masked)
{
    static const struct move moves[] = {
        { SAY, "+OK hi\r\n" }, { READ }, { SAY, "-ERR not c4n4ry-secret\r\n" }, { DONE }
    };
    play(PROTOCOL_POP3, moves, says_secret);
    ck_assert_uint_eq(transcript_count(T.transcript), 4);
    ck_assert_slice(transcript_at(T.transcript, 1)->head, S("PASS ***\r\n"));
    ck_assert_slice(transcript_at(T.transcript, 2)->head, S("-ERR not ***\r\n"));
    ck_assert_slice(transcript_at(T.transcript, 3)->head, S("closed by us"));
    ck_assert_str_eq(transcript_at(T.transcript, 3)->device, "POP3");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, conn_setup, conn_teardown);
    tcase_add_test(cases, dated_on_arrival);
    tcase_add_test(cases, timeout_and_peek);
    tcase_add_loop_test(cases, framing_at_once, 0, sizeof framing_rows / sizeof *framing_rows);
    tcase_add_loop_test(cases, framing_byte_by_byte, 0, sizeof framing_rows / sizeof *framing_rows);
    tcase_add_test(cases, pop3_auth_then_capa);
    tcase_add_test(cases, pop3_false_end);
    tcase_add_test(cases, smtp_flags);
    tcase_add_test(cases, end_fin);
    tcase_add_test(cases, end_reset);
    tcase_add_loop_test(cases, unit_limit, 0, 2);
    tcase_add_loop_test(cases, inbox_limit, 0, 2);
    tcase_add_test(cases, total_limit);
    tcase_add_test(cases, dated_when_it_came);
    tcase_add_test(cases, cancellation);
    tcase_add_test(cases, half_close);
    tcase_add_test(cases, reset_by_us);
    tcase_add_test(cases, transcript_is_masked);
}

int main(void)
{
    return run_tests("conn", add);
}
