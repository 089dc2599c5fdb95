#include "first_bytes.h"
#include "testing.h"

/* ---- what speaks ---- */

struct first {
    slice octets;
    enum first_bytes kind;
    size_t decides; /* how many octets it takes to tell */
};

static const struct first firsts[] = {
    { S("220 mail.example.test ESMTP\r\n"), FIRST_SMTP, 4 },
    { S("220-mail.example.test\r\n220 x\r\n"), FIRST_SMTP, 4 },
    { S("220\r\n"), FIRST_SMTP, 4 },
    { S("220\n"), FIRST_SMTP, 4 },
    { S("554 no\r\n"), FIRST_SMTP, 4 },
    { S("421 busy\r\n"), FIRST_SMTP, 4 },
    { S("2200 x"), FIRST_OTHER, 4 },
    { S("120 x"), FIRST_OTHER, 1 },
    { S("22x"), FIRST_OTHER, 3 },
    { S("+OK ready\r\n"), FIRST_POP3, 3 },
    { S("+ok ready\r\n"), FIRST_POP3, 3 },
    { S("-ERR busy\r\n"), FIRST_POP3, 4 },
    { S("+NO"), FIRST_OTHER, 2 },
    { S("* OK IMAP4rev1\r\n"), FIRST_IMAP, 4 },
    { S("* ok IMAP4rev1\r\n"), FIRST_IMAP, 4 },
    { S("* PREAUTH x\r\n"), FIRST_IMAP, 9 },
    { S("* BYE x\r\n"), FIRST_IMAP, 5 },
    { S("* LIST"), FIRST_OTHER, 3 },
    { S("*OK"), FIRST_OTHER, 2 },
    { S("\"IMPLEMENTATION\" \"x\"\r\n"), FIRST_SIEVE, 16 },
    { S("\"SIEVE\" \"fileinto\"\r\n"), FIRST_SIEVE, 7 },
    { S("\"STARTTLS\"\r\n"), FIRST_SIEVE, 10 },
    { S("BYE \"busy\"\r\n"), FIRST_SIEVE, 4 },
    { S("NO \"busy\"\r\n"), FIRST_SIEVE, 3 },
    { S("\"quoted\""), FIRST_OTHER, 2 },
    { S("HTTP/1.1 400 Bad Request\r\n"), FIRST_HTTP, 5 },
    { S("<!doctype html>"), FIRST_HTTP, 9 },
    { S("<HTML>"), FIRST_HTTP, 5 },
    { S("<xml>"), FIRST_OTHER, 2 },
    { S("SSH-2.0-x\r\n"), FIRST_SSH, 4 },
    { S("\x15\x03\x01\x00\x02\x02\x28"), FIRST_TLS, 3 },
    { S("\x16\x03\x03\x00\x05"), FIRST_TLS, 3 },
    { S("\x15\x03\x00\x00\x02\x02\x28"), FIRST_TLS, 3 },
    { S("\x15\x03\x05"), FIRST_OTHER, 3 },
    { S("\x15\x02"), FIRST_OTHER, 2 },
    { S("\x16\x04"), FIRST_OTHER, 2 },
    { S("\0\0\0"), FIRST_OTHER, 1 },
    { S("\xff\xfd\x18"), FIRST_OTHER, 1 }, /* telnet */
    { S("hello"), FIRST_OTHER, 2 },
    { S("RFB 003.008\n"), FIRST_OTHER, 1 },
};

/* However the octets travel: unknown up to the one that decides, and the same from there on. */
START_TEST(octets_are_told_apart)
{
    const struct first *f = &firsts[_i];
    for (size_t n = 0; n <= f->octets.n; n++) {
        enum first_bytes want = n < f->decides ? FIRST_UNKNOWN : f->kind;
        enum first_bytes got = first_bytes_of(slice_sub(f->octets, 0, n));
        ck_assert_msg(got == want, "%zu of \"%.*s\": %s, not %s", n, SLICE_ARG(f->octets),
                      first_bytes_name(got), first_bytes_name(want));
    }
}
END_TEST

/* No octet makes it do anything but answer, and what is decided stays decided. */
START_TEST(any_two_octets_have_an_answer)
{
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++) {
            char text[2] = { (char)first, (char)second };
            enum first_bytes one = first_bytes_of(slice_make(text, 1));
            enum first_bytes two = first_bytes_of(slice_make(text, 2));
            ck_assert(one == FIRST_UNKNOWN || one == two);
            ck_assert(two == FIRST_UNKNOWN || two == FIRST_OTHER);
        }
}
END_TEST

START_TEST(protocols_of_greetings)
{
    static const struct {
        enum first_bytes kind;
        enum port_protocol expected, protocol;
        bool known;
    } rows[] = {
        { FIRST_SMTP, PORT_SMTP, PORT_SMTP, true },   { FIRST_SMTP, PORT_LMTP, PORT_LMTP, true },
        { FIRST_SMTP, PORT_IMAP, PORT_SMTP, true },   { FIRST_POP3, PORT_LMTP, PORT_POP3, true },
        { FIRST_IMAP, PORT_SMTP, PORT_IMAP, true },   { FIRST_SIEVE, PORT_IMAP, PORT_SIEVE, true },
        { FIRST_HTTP, PORT_IMAP, PORT_IMAP, false },  { FIRST_TLS, PORT_IMAP, PORT_IMAP, false },
        { FIRST_OTHER, PORT_IMAP, PORT_IMAP, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum port_protocol p = PORT_PROTOCOLS;
        ck_assert_int_eq(first_bytes_protocol(rows[i].kind, rows[i].expected, &p), rows[i].known);
        ck_assert_int_eq(p, rows[i].known ? rows[i].protocol : PORT_PROTOCOLS);
    }
}
END_TEST

START_TEST(alerts)
{
    static const slice alert = S("\x15\x03\x03\x00\x02\x02\x46");
    ck_assert_int_eq(first_bytes_alert(alert), 70);
    for (size_t n = 0; n < alert.n; n++)
        ck_assert_int_eq(first_bytes_alert(slice_sub(alert, 0, n)), -1);
    ck_assert_int_eq(first_bytes_alert(S("\x16\x03\x03\x00\x02\x02\x46")), -1);
    /* a warning: unrecognized_name */
    ck_assert_int_eq(first_bytes_alert(S("\x15\x03\x03\x00\x02\x01\x70")), -1);
    ck_assert_int_eq(first_bytes_alert(S("\x15\x03\x03\x00\x1a\x02\x46")), -1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, octets_are_told_apart, 0, COUNT(firsts));
    tcase_add_test(t, any_two_octets_have_an_answer);
    tcase_add_test(t, protocols_of_greetings);
    tcase_add_test(t, alerts);
}

int main(void)
{
    return run_tests("first_bytes", add);
}
