/* Layers that come up in mid-connection: STARTTLS with all that can go wrong, and deflate. */
#include "certs.h"
#include "test_conn_driver.h"

static const struct tls_options full = { .verify_host = "mail.example.test" };

static void go_tls(struct conn *c, slice want_leftover)
{
    auto_buf leftover = { 0 };
    struct error err = { 0 };
    buf_init(&leftover, 10000);
    expect_raw(c, "220 hi\r\n");
    send_text(c, "STARTTLS\r\n");
    expect_raw(c, "220 go\r\n");
    int result = conn_start_tls(c, T.client, &full, NEVER, &leftover, &err);
    ck_assert_msg(result == 0, "%s", err.text);
    ck_assert_slice(buf_slice(&leftover), want_leftover);
    ck_assert(conn_in_tls(c));
    ck_assert_str_eq(conn_tls_info(c)->version, "TLSv1.3");
}

static void in_tls(struct conn *c)
{
    go_tls(c, S(""));
    ck_assert_int_ge(now(), MILLIS(50));
    auto_unit u = next_unit(c, NEVER);
    ck_assert_slice(u->raw, S("250 private\r\n"));
    ck_assert(u->in_tls);
    expect_end(c, CONN_FIN);
}

START_TEST(tls_then_close)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" },
        { READ },
        { SAY, "220 go\r\n" },
        { TLS },
        { SAY, "250 private\r\n" },
        { CLOSE },
        { DONE },
    };
    need_tls();
    play(PROTOCOL_SMTP, moves, in_tls);
}
END_TEST

static void truncated(struct conn *c)
{
    struct error err;
    go_tls(c, S(""));
    expect_raw(c, "250 private\r\n");
    expect_end(c, CONN_TLS_TRUNCATED);
    ck_assert_int_eq(conn_result_error(c, CONN_CLOSED, "x", &err), ERR_TLS);
}

START_TEST(tls_then_truncated)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" }, { READ }, { SAY, "220 go\r\n" }, { TLS }, { SAY, "250 private\r\n" },
        { TRUNCATE },          { DONE },
    };
    need_tls();
    play(PROTOCOL_SMTP, moves, truncated);
}
END_TEST

static void alerted(struct conn *c)
{
    go_tls(c, S(""));
    expect_end(c, CONN_TLS_ALERT);
}

/* In TLS 1.3 the client is done before the server misses its certificate. */
START_TEST(tls_then_alert)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" }, { READ }, { SAY, "220 go\r\n" }, { TLS }, { DONE },
    };
    T.client_cert = TLS_CLIENT_CERT_REQUIRE;
    need_tls();
    play(PROTOCOL_SMTP, moves, alerted);
}
END_TEST

static void injected(struct conn *c)
{
    go_tls(c, S("250 injected\r\n250 par"));
    expect_raw(c, "250 private\r\n");
}

START_TEST(tls_leftover_at_once)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" },
        { READ },
        { SAY, "220 go\r\n250 injected\r\n250 par" },
        { WAIT, .at = MILLIS(60) },
        { TLS },
        { SAY, "250 private\r\n" },
        { DONE },
    };
    need_tls();
    play(PROTOCOL_SMTP, moves, injected);
}
END_TEST

START_TEST(tls_leftover_a_moment_later)
{
    static const struct move moves[] = {
        { SAY, "220 hi\r\n" },       { READ },
        { SAY, "220 go\r\n" },       { WAIT, .at = MILLIS(20) },
        { SAY, "250 injected\r\n" }, { WAIT, .at = MILLIS(40) },
        { SAY, "250 par" },          { TLS },
        { SAY, "250 private\r\n" },  { DONE },
    };
    need_tls();
    play(PROTOCOL_SMTP, moves, injected);
}
END_TEST

static void tls_fails(struct conn *c)
{
    struct error err = { 0 };
    expect_raw(c, "220 hi\r\n");
    struct tls_options wrong = { .verify_host = "other.example.test" };
    ck_assert_int_eq(conn_start_tls(c, T.client, &wrong, NEVER, NULL, &err), ERR_TLS);
    expect_end(c, CONN_TLS_BROKEN);
    ck_assert_int_eq(conn_send(c, S("NOOP\r\n"), NEVER, &err), ERR_NETWORK);
}

START_TEST(tls_failure_ends_it)
{
    static const struct move moves[] = { { SAY, "220 hi\r\n" }, { TLS }, { CLOSE } };
    need_tls();
    play(PROTOCOL_SMTP, moves, tls_fails);
}
END_TEST

static void closed_before_tls(struct conn *c)
{
    struct error err = { 0 };
    expect_raw(c, "220 hi\r\n");
    ck_assert_int_eq(conn_start_tls(c, T.client, &full, NEVER, NULL, &err), ERR_NETWORK);
    ck_assert_int_eq(conn_ended(c), CONN_FIN);
}

START_TEST(tls_but_closed)
{
    static const struct move moves[] = { { SAY, "220 hi\r\n" },
                                         { WAIT, .at = MILLIS(10) },
                                         { CLOSE } };
    need_tls();
    play(PROTOCOL_SMTP, moves, closed_before_tls);
}
END_TEST

static void compressed(struct conn *c)
{
    expect_raw(c, "* OK hi\r\n");
    send_text(c, "A1 COMPRESS DEFLATE\r\n");
    expect_raw(c, "A1 OK go\r\n");
    ck_assert_int_eq(conn_start_compress(c, NULL), 0);
    ck_assert(conn_compressed(c));
    send_text(c, "A2 NOOP\r\n");
    expect_raw(c, "A2 OK\r\n");
}

START_TEST(compression)
{
    static const struct move moves[] = {
        { SAY, "* OK hi\r\n" }, { READ }, { SAY, "A1 OK go\r\n" }, { DEFLATE }, { READ },
        { SAY, "A2 OK\r\n" },   { DONE },
    };
    play(PROTOCOL_IMAP, moves, compressed);
}
END_TEST

static void early_compressed(struct conn *c)
{
    expect_raw(c, "* OK hi\r\n");
    send_text(c, "A1 COMPRESS DEFLATE\r\n");
    expect_raw(c, "A1 OK go\r\n");
    task_sleep(SECONDS(2));
    ck_assert_int_eq(conn_start_compress(c, NULL), 0);
    expect_raw(c, "* 1 EXISTS\r\n");
}

/* What the server pushes, compressed, before we look belongs to the deflate stream. */
START_TEST(compression_leftover)
{
    static const struct move moves[] = {
        { SAY, "* OK hi\r\n" },
        { READ },
        { SAY, "A1 OK go\r\n" },
        { WAIT, .at = SECONDS(1) },
        { DEFLATE },
        { SAY, "* 1 EXISTS\r\n" },
        { DONE },
    };
    play(PROTOCOL_IMAP, moves, early_compressed);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, conn_setup, conn_teardown);
    tcase_add_test(cases, tls_then_close);
    tcase_add_test(cases, tls_then_truncated);
    tcase_add_test(cases, tls_then_alert);
    tcase_add_test(cases, tls_leftover_at_once);
    tcase_add_test(cases, tls_leftover_a_moment_later);
    tcase_add_test(cases, tls_failure_ends_it);
    tcase_add_test(cases, tls_but_closed);
    tcase_add_test(cases, compression);
    tcase_add_test(cases, compression_leftover);
}

int main(void)
{
    return run_tests("conn_layers", add);
}
