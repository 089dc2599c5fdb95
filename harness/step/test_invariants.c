/* Every always-on rule, broken once by a scripted server; and servers that do odd things which
   conform, and must not be accused. */
#include "test_engine.h"

#define SELECTED "    devices: {phone: imap}\n    steps:\n      - phone: SELECT box\n"
#define READER "    devices: {reader: pop3}\n    steps:\n"
#define SENDER "    devices: {client: smtp}\n    steps:\n"
#define TWO "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n{t} OK done\r\n"

static const struct {
    const char *rule; /* that is broken; "" for none */
    const char *check;
    struct say says[6];
} rows[] = {
    { "imap/line-ends",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "{t} OK done\n" } } },
    { "imap/grammar",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 2 EXISTS \r\n{t} OK done\r\n" } } },
    { "imap/sequence-numbers",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 3 FETCH (FLAGS ())\r\n{t} OK done\r\n" } } },
    { "imap/sequence-numbers",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 3 EXPUNGE\r\n{t} OK done\r\n" } } },
    { "imap/exists-never-shrinks",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 1 EXISTS\r\n{t} OK done\r\n" } } },
    { "imap/expunge-allowed",
      SELECTED "      - phone: FETCH 1 FLAGS\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 EXPUNGE\r\n{t} OK done\r\n" } } },
    { "imap/expunge-allowed",
      SELECTED "      - phone: STORE 1 FLAGS ()\n",
      { { PROTOCOL_IMAP, "STORE", "* VANISHED 5\r\n{t} OK done\r\n" } } },
    { "imap/expunge-allowed",
      SELECTED "      - phone: NOOP\n      - phone: {silence: 1s}\n",
      { { PROTOCOL_IMAP, "NOOP", "{t} OK done\r\n{split}* 1 EXPUNGE\r\n" } } },
    { "imap/sequence-numbers",
      SELECTED "      - phone: UID FETCH 9 UID\n",
      { { PROTOCOL_IMAP, "UID FETCH", "* VANISHED 1:3\r\n{t} OK done\r\n" } } },
    { "imap/uid-stable",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 1 FETCH (UID 5)\r\n* 1 FETCH (UID 6)\r\n{t} OK done\r\n" } } },
    { "imap/uid-stable",
      SELECTED "      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "NOOP", "* 2 FETCH (UID 5)\r\n* 1 FETCH (UID 6)\r\n{t} OK done\r\n" } } },
    { "imap/uid-content-stable",
      SELECTED "      - phone: FETCH 1 UID\n      - phone: SELECT box\n"
               "      - phone: FETCH 1 UID\n",
      { { PROTOCOL_IMAP, "SELECT", TWO },
        { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 10)\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 11)\r\n{t} OK done\r\n" } } },
    { "imap/resync",
      SELECTED "      - phone: {send: FOO, expect: BAD}\n",
      { { PROTOCOL_IMAP, "FOO", "{t} BAD what\r\nxx BAD again\r\n" } } },
    { "imap/resync",
      SELECTED "      - phone: {send: FOO, expect: BAD}\n",
      { { PROTOCOL_IMAP, "FOO", "{t} BAD what\r\n" },
        { PROTOCOL_IMAP, "NOOP", "{t} OK of the probe\r\n" },
        { PROTOCOL_IMAP, "NOOP", "{t} OK of the plain session before\r\n" },
        { PROTOCOL_IMAP, "NOOP", "{nothing}" } } },
    { "pop3/line-ends",
      READER "      - reader: NOOP\n",
      { { PROTOCOL_POP3, "NOOP", "+OK done\n" } } },
    { "pop3/grammar",
      READER "      - reader: {send: NOOP, expect: [+OK, -ERR]}\n",
      { { PROTOCOL_POP3, "NOOP", "+ok done\r\n" } } },
    { "pop3/one-response-per-command",
      READER "      - reader: NOOP\n      - reader: NOOP\n",
      { { PROTOCOL_POP3, "NOOP", "+OK done\r\n+OK done\r\n" } } },
    { "pop3/resync",
      READER "      - reader: {send: FOO, expect: -ERR}\n",
      { { PROTOCOL_POP3, "FOO", "-ERR what\r\n-ERR again\r\n" } } },
    { "smtp/line-ends",
      SENDER "      - client: NOOP\n",
      { { PROTOCOL_SMTP, "NOOP", "250 done\n" } } },
    { "smtp/grammar",
      SENDER "      - client: {send: NOOP, expect: 2xx}\n",
      { { PROTOCOL_SMTP, "NOOP", "250-a\r\n251 b\r\n" } } },
    { "smtp/one-reply-per-command",
      SENDER "      - client: NOOP\n      - pause: 1s\n      - client: NOOP\n",
      { { PROTOCOL_SMTP, "NOOP", "250 done\r\n250 done\r\n" } } },
    { "smtp/resync",
      SENDER "      - client: {send: FOO, expect: 5xx}\n",
      { { PROTOCOL_SMTP, "FOO", "500 what\r\n500 again\r\n" } } },

    /* ---- what conforms ---- */
    { "",
      SELECTED "      - phone: UID FETCH 1 FLAGS\n",
      { { PROTOCOL_IMAP, "UID FETCH", "* 1 EXPUNGE\r\n{t} OK done\r\n" } } },
    { "",
      SELECTED "      - phone: UID STORE 1 FLAGS ()\n      - phone: UID SEARCH ALL\n",
      { { PROTOCOL_IMAP, "UID STORE", "* 1 EXPUNGE\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "UID SEARCH", "* 1 EXPUNGE\r\n* SEARCH\r\n{t} OK done\r\n" } } },
    /* one of these commands allows it, and which one it was cannot be told */
    { "",
      SELECTED "      - phone: {pipeline: [NOOP, FETCH 1 FLAGS]}\n",
      { { PROTOCOL_IMAP, "NOOP", "{nothing}" },
        { PROTOCOL_IMAP, "FETCH",
          "* 1 FETCH (FLAGS ())\r\n{t} OK done\r\n{split}* 1 EXPUNGE\r\nA4 OK done\r\n" } } },
    { "",
      SELECTED "      - phone: {idle: start}\n      - phone: {await: 1 EXPUNGE}\n"
               "      - phone: {idle: done}\n",
      { { PROTOCOL_IMAP, "IDLE", "+ idling\r\n{split}* 1 EXPUNGE\r\n" } } },
    { "",
      SELECTED "      - phone: NOTIFY SET (SELECTED (MessageNew MessageExpunge))\n"
               "      - phone: {await: 1 EXPUNGE}\n      - phone: FETCH 1 FLAGS\n",
      { { PROTOCOL_IMAP, "NOTIFY", "{t} OK done\r\n{split}* 1 EXPUNGE\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 1 EXPUNGE\r\n{t} OK done\r\n" } } },
    /* VANISHED makes the count smaller, and moves numbers */
    { "",
      SELECTED "      - phone: NOOP\n      - phone: NOOP\n",
      { { PROTOCOL_IMAP, "SELECT",
          "* 5 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n"
          "* 1 FETCH (UID 3 FLAGS ())\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "NOOP", "* VANISHED 3:5\r\n* 2 EXISTS\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "NOOP", "* 1 FETCH (UID 6 FLAGS ())\r\n{t} OK done\r\n" } } },
    { "",
      SELECTED "      - phone: UID FETCH 1:9 (FLAGS) (CHANGEDSINCE 1 VANISHED)\n"
               "      - phone: FETCH 2 UID\n",
      { { PROTOCOL_IMAP, "UID FETCH", "* VANISHED (EARLIER) 1:2\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 2 FETCH (UID 9)\r\n{t} OK done\r\n" } } },
    /* what is still said of the mailbox before, and the smaller one that follows */
    { "",
      SELECTED "      - phone: FETCH 2 UID\n      - phone: SELECT other\n"
               "      - phone: FETCH 1 UID\n",
      { { PROTOCOL_IMAP, "SELECT box", "* 9 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "SELECT other",
          "* 9 EXPUNGE\r\n* 8 EXISTS\r\n* 8 FETCH (UID 90 FLAGS ())\r\n* OK [CLOSED] closed\r\n"
          "* 1 EXISTS\r\n* OK [UIDVALIDITY 8] ok\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH 2", "* 2 FETCH (UID 80)\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH 1", "* 1 FETCH (UID 1)\r\n{t} OK done\r\n" } } },
    { "",
      SELECTED "      - phone: {pipeline: [SELECT other, SELECT box, FETCH 1 UID]}\n",
      { { PROTOCOL_IMAP, "SELECT box", TWO },
        { PROTOCOL_IMAP, "SELECT other", "* 9 EXISTS\r\n* 5 FETCH (UID 5)\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 2 FETCH (UID 3)\r\n* 1 FETCH (UID 2)\r\n{t} OK done\r\n" } } },
    { "",
      SELECTED "      - phone: CLOSE\n      - phone: SELECT box\n      - phone: FETCH 1 UID\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 2)\r\n{t} OK done\r\n" } } },
    /* another mailbox of the same moment, and of the same age */
    { "",
      "    devices: {phone: imap}\n    given: {mailboxes: [work, more]}\n    steps:\n"
      "      - phone: SELECT $work\n      - phone: FETCH 1 (UID RFC822.SIZE)\n"
      "      - phone: SELECT $more\n      - phone: FETCH 1 (UID RFC822.SIZE)\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 10)\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 11)\r\n{t} OK done\r\n" } } },
    /* the same value, written in another way; and what went away */
    { "",
      SELECTED "      - phone: FETCH 1 ENVELOPE\n      - phone: FETCH 1 ENVELOPE\n",
      { { PROTOCOL_IMAP, "FETCH",
          "* 1 FETCH (UID 5 RFC822.SIZE 10 ENVELOPE (NIL \"s\" NIL NIL NIL "
          "NIL NIL NIL NIL NIL))\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH",
          "* 1 FETCH (UID 5 RFC822.SIZE 0 ENVELOPE (NIL {1}\r\ns NIL NIL "
          "NIL NIL NIL NIL NIL NIL))\r\n{t} OK done\r\n" } } },
    { "",
      SELECTED "      - phone: LOGIN bob x\n      - phone: SELECT box\n"
               "      - phone: FETCH 1 (UID RFC822.SIZE)\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 10)\r\n{t} OK done\r\n" } } },
    /* octets of which nobody knows what they are */
    { "",
      SELECTED "      - phone: {raw: \"x1 SELECT other\\r\\nx2 EXPUNGE\\r\\n\"}\n"
               "      - phone: {silence: 1ms}\n      - phone: NOOP\n"
               "      - phone: {send: FOO, expect: BAD}\n",
      { { PROTOCOL_IMAP, "SELECT other", "{wait}* 1 EXISTS\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "EXPUNGE", "* 1 EXPUNGE\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FOO", "{t} BAD what\r\n" } } },
    { "",
      SELECTED "      - phone: {raw: \"x1 FETCH 1 UID\\r\\n\", tag: x1}\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 2)\r\n{t} OK done\r\n" } } },
    { "imap/expunge-allowed",
      SELECTED "      - phone: {raw: \"x1 FETCH 1 UID\\r\\n\", tag: x1}\n",
      { { PROTOCOL_IMAP, "FETCH", "* 1 EXPUNGE\r\n{t} OK done\r\n" } } },
    { "",
      READER "      - reader: {raw: \"NOOP\\n\"}\n      - reader: {send: NOOP, expect: +OK}\n"
             "      - reader: {send: FOO, expect: [-ERR, +OK]}\n      - reader: NOOP\n",
      { { PROTOCOL_POP3, "FOO", "-ERR what\r\n" } } },
    { "",
      READER "      - reader: {raw: \"LIST\\n\"}\n      - pause: 1s\n      - reader: NOOP\n",
      { { PROTOCOL_POP3, "LIST", "+OK\r\n1 20\r\n2 30\r\n.\r\n" } } },
    { "",
      READER "      - reader: NOOP\n      - reader: {closed: 5s}\n",
      { { PROTOCOL_POP3, "NOOP", "+OK\r\n{split}-ERR shutting down\r\n{close}" } } },
    { "",
      SENDER "      - client: {raw: \"FOO\\nFOO\\n\"}\n      - pause: 1s\n"
             "      - client: {send: NOOP, expect: [2xx, 5xx]}\n"
             "      - client: {send: FOO, expect: [2xx, 5xx]}\n      - client: {reply: 5xx}\n",
      { { PROTOCOL_SMTP, "FOO", "500 what\r\n" } } },
    { "",
      SENDER "      - client: {send: DATA, expect: 354}\n"
             "      - client: {data: {raw: \"a\\n.\\nFOO\\r\\n.\\r\\n\"}}\n      - pause: 1s\n"
             "      - client: {send: NOOP, expect: [2xx, 5xx]}\n",
      { { PROTOCOL_SMTP, "DATA", "354 go\r\n" } } },
    { "",
      SENDER "      - client: {send: FOO, expect: 5xx}\n",
      { { PROTOCOL_SMTP, "FOO", "500 what\r\n" },
        { PROTOCOL_SMTP, "NOOP", "421 too many errors\r\n{close}" } } },
    { "",
      SENDER "      - client: NOOP\n      - pause: 1s\n      - client: {closed: 5s}\n",
      { { PROTOCOL_SMTP, "NOOP", "250 done\r\n{split}421 shutting down\r\n{close}" } } },
};

START_TEST(rules_are_broken_by_what_breaks_them_and_by_nothing_else)
{
    const char *text = arena_printf(&E.arena, CHECK("a", "%s"), rows[_i].check);
    engine_run(text, rows[_i].says);
    ck_assert_str_eq(engine_broken(), rows[_i].rule);
}
END_TEST

START_TEST(huge_numbers_cost_no_memory)
{
    static const struct say says[] = {
        { PROTOCOL_IMAP, "NOOP",
          "* 4294967295 EXISTS\r\n* 4294967295 FETCH (UID 5)\r\n{t} OK done\r\n" },
        { 0 }
    };
    engine_run(CHECK("a", SELECTED "      - phone: NOOP\n      - phone: {raw: \"x\\r\\n\"}\n"
                                   "      - phone: NOOP\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    ck_assert_str_eq(engine_broken(), "");
}
END_TEST

/* The mailboxes of two checks have the same name in the scenario, and were made in one second. */
START_TEST(mailboxes_of_other_checks_are_others)
{
    static const struct say says[] = {
        { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 10)\r\n{t} OK done\r\n" },
        { PROTOCOL_IMAP, "FETCH", "* 1 FETCH (UID 5 RFC822.SIZE 11)\r\n{t} OK done\r\n" },
        { 0 }
    };
#define BODY                                                                                       \
    "    devices: {phone: imap}\n    given: {mailbox: work}\n    steps:\n"                         \
    "      - phone: SELECT $work\n      - phone: FETCH 1 (UID RFC822.SIZE)\n"
    engine_run(CHECK("a", BODY) CHECK("b", BODY), says);
    ck_assert_str_eq(engine_broken(), "");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, engine_setup, engine_teardown);
    tcase_add_loop_test(cases, rules_are_broken_by_what_breaks_them_and_by_nothing_else, 0,
                        COUNT(rows));
    tcase_add_test(cases, huge_numbers_cost_no_memory);
    tcase_add_test(cases, mailboxes_of_other_checks_are_others);
}

int main(void)
{
    return run_tests("invariants", add);
}
