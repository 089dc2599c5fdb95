/* What steps expect, against what servers say. */
#include "test_engine.h"

#define PHONE "    devices: {phone: imap}\n    steps:\n      - phone: "
#define READER "    devices: {reader: pop3}\n    steps:\n      - reader: "
#define CLIENT "    devices: {client: smtp}\n    steps:\n      - client: "
#define SAY(text)                                                                                  \
    {                                                                                              \
        {                                                                                          \
            PROTOCOL_IMAP, "GO", text                                                              \
        }                                                                                          \
    }
#define POP(text)                                                                                  \
    {                                                                                              \
        {                                                                                          \
            PROTOCOL_POP3, "GO", text                                                              \
        }                                                                                          \
    }
#define SMTP(text)                                                                                 \
    {                                                                                              \
        {                                                                                          \
            PROTOCOL_SMTP, "GO", text                                                              \
        }                                                                                          \
    }
#define OK "{t} OK done\r\n"

static const struct {
    const char *step;
    struct say says[4];
    const char *fails; /* part of the message; NULL: passes */
} rows[] = {
    /* alternatives */
    { PHONE "GO\n", SAY(OK), NULL },
    { PHONE "GO\n", SAY("{t} NO\r\n"), "another reply than expected" },
    { PHONE "{send: GO, expect: ['NO', BAD]}\n", SAY("{t} BAD\r\n"), NULL },
    { PHONE "{send: GO, expect: 'NO [TRYCREATE]'}\n", SAY("{t} NO [TRYCREATE] x\r\n"), NULL },
    { PHONE "{send: GO, expect: 'NO [TRYCREATE]'}\n", SAY("{t} NO x\r\n"), "another reply" },
    { PHONE "{send: GO, expect: closed}\n", SAY("* BYE x\r\n{close}"), NULL },
    { PHONE "{send: GO, expect: closed}\n", SAY("{reset}"), NULL },
    { PHONE "{send: GO, expect: closed}\n", SAY(OK), "another reply" },
    { PHONE "{send: GO, expect: nothing, within: 1s}\n", SAY("{nothing}"), NULL },
    { PHONE "{send: GO, within: 1s}\n", SAY("{nothing}"), "no reply to phone within 1" },
    { PHONE "GO\n", SAY("{close}"), "no reply to phone: closed by the peer" },
    { PHONE "{send: GO, expect: +}\n", SAY("+ go\r\n"), NULL },
    { CLIENT "{send: GO, expect: 2xx}\n", SMTP("251 x\r\n"), NULL },
    { CLIENT "{send: GO, expect: [250, 550 5.1.x]}\n", SMTP("550 5.1.7 x\r\n"), NULL },
    { CLIENT "{send: GO, expect: 550 5.1.1}\n", SMTP("550 5.1.2 x\r\n"), "another reply" },
    { CLIENT "{send: GO, expect: 550 5.1.1}\n", SMTP("550 x\r\n"), "another reply" },
    { CLIENT "GO\n", SMTP("354 x\r\n"), NULL },
    { READER "{send: GO, expect: '-ERR [IN-USE]'}\n", POP("-ERR [IN-USE] x\r\n"), NULL },
    { READER "{send: GO, expect: '-ERR [IN-USE]'}\n", POP("-ERR x\r\n"), "another reply" },
    { READER "{send: GO, expect: '/^.OK \\d+$/'}\n", POP("+OK 12\r\n"), NULL },
    /* at least these */
    { PHONE "{send: GO, untagged: [2 EXISTS, 1 RECENT]}\n",
      SAY("* 1 RECENT\r\n* FLAGS ()\r\n* 2 EXISTS\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: 3 EXISTS}\n", SAY("* 2 EXISTS\r\n" OK), "did not get 3 EXISTS" },
    { PHONE "{send: GO, untagged: [1 EXISTS, 1 EXISTS]}\n", SAY("* 1 EXISTS\r\n" OK),
      "did not get" },
    /* the data of one FETCH in several responses */
    { PHONE "{send: GO, untagged: '1 FETCH (UID 5 FLAGS ())'}\n",
      SAY("* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n* 1 FETCH (FLAGS ())\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: '1 FETCH (UID 5 FLAGS ())'}\n",
      SAY("* 1 FETCH (UID 5)\r\n* 2 FETCH (FLAGS ())\r\n" OK), "did not get" },
    { PHONE "{send: GO, only: '1 FETCH (UID 5 FLAGS ())'}\n",
      SAY("* 1 FETCH (UID 5)\r\n* 1 FETCH (FLAGS ())\r\n" OK), NULL },
    /* only these, of their kinds */
    { PHONE "{send: GO, only: [1 FETCH (UID 5)]}\n", SAY("* 1 FETCH (UID 5)\r\n* 9 EXISTS\r\n" OK),
      NULL },
    { PHONE "{send: GO, only: [1 FETCH (UID 5)]}\n",
      SAY("* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n" OK), "not among those expected" },
    { READER "{send: LIST, only: [1 20]}\n",
      { { PROTOCOL_POP3, "LIST", "+OK\r\n1 20\r\n2 30\r\n.\r\n" } },
      "not among those expected" },
    { READER "{send: LIST, only: []}\n", { { PROTOCOL_POP3, "LIST", "+OK\r\n.\r\n" } }, NULL },
    { READER "{send: LIST, only: []}\n",
      { { PROTOCOL_POP3, "LIST", "+OK\r\n1 2\r\n.\r\n" } },
      "not among those expected" },
    /* in this order */
    { PHONE "{send: GO, in-order: [1 EXPUNGE, 2 EXISTS]}\n",
      SAY("* 1 EXPUNGE\r\n* 1 RECENT\r\n* 2 EXISTS\r\n" OK), NULL },
    { PHONE "{send: GO, in-order: [1 EXPUNGE, 2 EXISTS]}\n",
      SAY("* 2 EXISTS\r\n* 1 EXPUNGE\r\n" OK), "did not get 2 EXISTS" },
    /* none of these */
    { PHONE "{send: GO, without: $_ EXPUNGE}\n", SAY("* 2 EXISTS\r\n" OK), NULL },
    { PHONE "{send: GO, without: $_ EXPUNGE}\n", SAY("* 2 EXPUNGE\r\n" OK), "must not come here" },
    { CLIENT "{send: EHLO x, without: CHUNKING}\n",
      { { PROTOCOL_SMTP, "EHLO x", "250-a\r\n250 CHUNKING\r\n" } },
      "must not come here" },
    { CLIENT "{send: EHLO x, lines: SIZE}\n",
      { { PROTOCOL_SMTP, "EHLO x", "250-a\r\n250 SIZE 100\r\n" } },
      NULL },
    /* numbers are those of the moment of sending */
    { PHONE "{send: GO, untagged: '$3 FETCH (UID 7)'}\n",
      SAY("* 1 EXPUNGE\r\n* 2 FETCH (UID 7)\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: '$3 FETCH (UID 7)'}\n",
      SAY("* 3 FETCH (UID 7)\r\n* 1 EXPUNGE\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: '$3 FETCH (UID 7)'}\n",
      SAY("* 1 EXPUNGE\r\n* 3 FETCH (UID 7)\r\n" OK), "did not get" },
    { PHONE "{send: GO, untagged: [$2 EXPUNGE, $4 EXPUNGE]}\n",
      SAY("* 2 EXPUNGE\r\n* 3 EXPUNGE\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: [$2 EXPUNGE, $4 EXPUNGE]}\n",
      SAY("* 4 EXPUNGE\r\n* 2 EXPUNGE\r\n" OK), NULL },
    /* captures and comparisons */
    { PHONE "{send: GO, untagged: ['1 FETCH (UID $a)', '2 FETCH (UID $b)'], where: $b > $a}\n",
      SAY("* 1 FETCH (UID 9)\r\n* 2 FETCH (UID 10)\r\n" OK), NULL },
    { PHONE "{send: GO, untagged: ['1 FETCH (UID $a)', '2 FETCH (UID $b)'], where: $b == $a + 1}\n",
      SAY("* 1 FETCH (UID 9)\r\n* 2 FETCH (UID 11)\r\n" OK), "does not hold" },
    { PHONE "{send: GO, untagged: ['1 FETCH (UID $a)', '2 FETCH (UID $a)']}\n",
      SAY("* 1 FETCH (UID 9)\r\n* 2 FETCH (UID 11)\r\n" OK), "did not get" },
    { READER "{send: RETR 1, save: r, body: \"a\\r\\n.b\\r\\n\", where: $r.octets == 7}\n",
      { { PROTOCOL_POP3, "RETR", "+OK\r\na\r\n..b\r\n.\r\n" } },
      NULL },
    { READER "{send: RETR 1, body: \"a\\r\\nb\\r\\n\"}\n",
      { { PROTOCOL_POP3, "RETR", "+OK\r\na\r\nc\r\n.\r\n" } },
      "differs from octet 4" },
    { READER "{send: RETR 1, body: {starts: a}}\n",
      { { PROTOCOL_POP3, "RETR", "+OK\r\nabc\r\n.\r\n" } },
      NULL },
    /* pushes */
    { PHONE "{send: GO}\n      - phone: {await: 3 EXISTS, within: 5s}\n",
      SAY(OK "{split}* 3 EXISTS\r\n"), NULL },
    { PHONE "{send: GO}\n      - phone: {await: 3 EXISTS, within: 5s, without: 4 EXISTS}\n",
      SAY(OK "{split}* 4 EXISTS\r\n* 3 EXISTS\r\n"), "must not come" },
    { PHONE "{send: GO}\n      - phone: {await: 3 EXISTS, within: 5s}\n", SAY(OK), "within 5" },
    { PHONE "{send: GO}\n      - phone: {await: 3 EXISTS, within: 5s}\n", SAY(OK "{close}"),
      "closed by the peer" },
    { PHONE "{send: GO}\n      - phone: {silence: 1s}\n", SAY(OK "{split}* 3 EXISTS\r\n"),
      "where nothing may come" },
    { PHONE "{send: GO}\n      - phone: {silence: 1s}\n", SAY(OK "{close}"), "ended" },
    { PHONE "{send: GO}\n      - phone: {closed: 5s}\n", SAY(OK "{close}"), NULL },
    { PHONE "{send: GO}\n      - phone: {closed: 5s}\n", SAY(OK), "has not closed" },
    { PHONE "{idle: start, expect: 'NO'}\n      - phone: {send: FOO, expect: BAD}\n",
      { { PROTOCOL_IMAP, "IDLE", "{t} NO never\r\n" }, { PROTOCOL_IMAP, "FOO", "{t} BAD x\r\n" } },
      NULL },
    /* pipelines */
    { PHONE "{pipeline: [GO, FOO], expect: ['NO', OK], untagged: 1 EXISTS}\n",
      { { PROTOCOL_IMAP, "GO", "{t} NO\r\n" }, { PROTOCOL_IMAP, "FOO", "* 1 EXISTS\r\n" OK } },
      NULL },
    { CLIENT "{pipeline: [GO, FOO, NOOP], expect: [2xx, 550, 250]}\n",
      { { PROTOCOL_SMTP, "FOO", "550 no\r\n" } },
      NULL },
    { CLIENT "{pipeline: [GO, FOO, NOOP]}\n",
      { { PROTOCOL_SMTP, "FOO", "550 no\r\n" } },
      "another reply" },
};

START_TEST(what_comes_is_held_against_what_is_expected)
{
    engine_run(arena_printf(&E.arena, CHECK("a", "%s"), rows[_i].step), rows[_i].says);
    engine_expect("t/a/a", rows[_i].fails ? OUTCOME_FAIL : OUTCOME_PASS, rows[_i].fails);
}
END_TEST

/* A hostile server must not cost more memory and time than its octets. */
START_TEST(many_responses_are_looked_at_in_little_time)
{
    enum { N = 20000 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    for (int i = 0; i < N; i++)
        buf_addf(&text, "* %d FETCH (UID %d)\r\n", i + 1, i + 1);
    buf_adds(&text, "{t} OK done\r\n");
    struct say says[] = { { PROTOCOL_IMAP, "GO", text.p }, { 0 } };
    engine_run(CHECK("a", PHONE "{send: GO, untagged: '20000 FETCH (UID 20000)'}\n"), says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, engine_setup, engine_teardown);
    tcase_add_loop_test(cases, what_comes_is_held_against_what_is_expected, 0, COUNT(rows));
    tcase_add_test(cases, many_responses_are_looked_at_in_little_time);
}

int main(void)
{
    return run_tests("expect", add);
}
