/* The life of a play: needs, sanity, givens, leases, the order of steps, time, and what becomes of
   it all after a failure, a skip and an interruption. */
#include "test_engine.h"

#define PHONE "    devices: {phone: imap}\n    steps:\n"
#define TWO_PHONES "    devices: {phone: imap, laptop: imap}\n    steps:\n"
#define CLIENT "    devices: {client: smtp}\n    steps:\n"
#define NO_SAYS ((const struct say[]) { { 0 } })

/* ---- outcomes ---- */

START_TEST(outcomes_follow_the_level)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "FETCH", "{t} NO\r\n" }, { 0 } };
    engine_run(CHECK("a", PHONE "      - phone: NOOP\n")
                   CHECK("b", PHONE "      - phone: FETCH 1 FLAGS\n")
                       CHECK("c", "    level: should\n" PHONE "      - phone: FETCH 1 FLAGS\n")
                           CHECK("d", "    level: note\n" PHONE "      - phone: FETCH 1 FLAGS\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    engine_expect("t/a/b", OUTCOME_FAIL, "another reply");
    engine_expect("t/a/c", OUTCOME_WARN, "another reply");
    engine_expect("t/a/d", OUTCOME_NOTE, "another reply");
    ck_assert_int_eq(E.run.exit_code, 1);
}
END_TEST

/* ---- what a target must have ---- */

static const struct {
    const char *check, *reason;
} needs[] = {
    { "    needs: {imap: [QUOTA]}\n" PHONE "      - phone: NOOP\n", "does not offer QUOTA" },
    { "    needs: {imap: ['!IDLE']}\n" PHONE "      - phone: NOOP\n", "offers IDLE" },
    { "    needs: {imap: [QUOTA|IDLE, NAMESPACE]}\n" PHONE "      - phone: NOOP\n",
      "does not offer NAMESPACE" },
    { "    needs: {accounts: 3}\n" PHONE "      - phone: NOOP\n", "needs 3 accounts" },
    { "    needs: {services: [imaps]}\n" PHONE "      - phone: NOOP\n", "no service imaps" },
    { "    needs: {outside: true}\n" PHONE "      - phone: NOOP\n", "outside" },
    { "    needs: {next-hop: true}\n" PHONE "      - phone: NOOP\n", "relays nowhere" },
    { "    devices: {l: lmtp}\n    steps:\n      - l: NOOP\n", "no lmtp service" },
    { "    devices: {l: {service: pop3s}}\n    steps:\n      - l: NOOP\n", "no service pop3s" },
    { PHONE "      - pause: 11s\n", "--slow" },
    { PHONE "      - phone: {silence: 11s}\n", "--slow" },
    { PHONE "      - phone: {await: 1 EXISTS, within: 3m}\n", "--slow" },
    { PHONE "      - eventually: {within: 3m, steps: [phone: NOOP]}\n", "--slow" },
    { PHONE "      - restart: target\n", "restart" },
    { PHONE "      - phone: NOOP\n      - phone: {send: FETCH 1 FLAGS, expect: 'NO'}\n"
            "        or-skip: it may\n",
      "it may" },
    { PHONE "      - eventually: {within: 60s, steps: [phone: {send: NOOP, expect: 'NO'}]}\n"
            "        or-skip: it never does\n",
      "it never does" },
    { PHONE "      - parallel:\n        - - phone: {send: NOOP, expect: 'NO'}\n"
            "            or-skip: it may\n        - - pause: 1s\n",
      "it may" },
};

START_TEST(what_a_target_has_not_is_skipped_with_the_reason)
{
    engine_run(arena_printf(&E.arena, CHECK("a", "%s"), needs[_i].check), NO_SAYS);
    engine_expect("t/a/a", OUTCOME_SKIP, needs[_i].reason);
    ck_assert_int_eq(E.run.exit_code, 4);
}
END_TEST

START_TEST(accounts_without_an_address_get_no_mail)
{
    E.target.accounts[0].address = NULL;
    E.target.services[SERVICE_IMAP].present = false;
    engine_run(CHECK("a", CLIENT "      - client: VRFY $address\n")
                   CHECK("c", "    given: {inbox: [plain]}\n    devices: {r: pop3}\n"
                              "    steps:\n      - r: NOOP\n")
                       CHECK("d", CLIENT "      - client: VRFY $outside\n"),
               NO_SAYS);
    engine_expect("t/a/a", OUTCOME_SKIP, "no address of alice");
    engine_expect("t/a/c", OUTCOME_SKIP, "no address of alice");
    engine_expect("t/a/d", OUTCOME_SKIP, "outside");
}
END_TEST

START_TEST(mail_of_others_is_not_touched)
{
    E.target.disposable = false;
    engine_run(CHECK("a", PHONE "      - phone: SELECT INBOX\n")
                   CHECK("b", "    given: {inbox: [plain]}\n" PHONE "      - phone: NOOP\n")
                       CHECK("c", "    devices: {r: pop3}\n    steps:\n      - r: DELE 1\n")
                           CHECK("d", PHONE "      - phone: {raw: \"x dElEtE inbox\\r\\n\"}\n"),
               NO_SAYS);
    for (char id = 'a'; id <= 'd'; id++)
        engine_expect(arena_printf(&E.arena, "t/a/%c", id), OUTCOME_SKIP, "disposable");
    ck_assert_uint_eq(E.dialled, 0);
}
END_TEST

START_TEST(what_cannot_be_reached_is_an_error)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "LOGIN", "{t} NO bad password\r\n" },
                                       { 0 } };
    engine_run(CHECK("a", PHONE "      - phone: NOOP\n"), says);
    engine_expect("t/a/a", OUTCOME_ERROR, "bad password");
    ck_assert_int_eq(E.run.exit_code, 5);
}
END_TEST

/* ---- sane before and after ---- */

START_TEST(a_refusal_counts_only_where_a_plain_session_works)
{
    static const struct say before[] = { { PROTOCOL_IMAP, NULL, "* OK ready\r\n" },
                                         { PROTOCOL_IMAP, NULL, "* BYE no\r\n{close}" },
                                         { 0 } };
    static const struct say after[] = { { PROTOCOL_IMAP, NULL, "* OK probe\r\n" },
                                        { PROTOCOL_IMAP, NULL, "* OK before\r\n" },
                                        { PROTOCOL_IMAP, NULL, "* OK the device\r\n" },
                                        { PROTOCOL_IMAP, NULL, "* BYE no\r\n{close}" },
                                        { PROTOCOL_IMAP, "FOO", "{t} BAD what\r\n" },
                                        { 0 } };
    engine_run(CHECK("a", PHONE "      - phone: {send: FOO, expect: BAD}\n"), _i ? after : before);
    engine_expect("t/a/a", OUTCOME_ERROR, _i ? "after the check" : "before the check");
}
END_TEST

/* A variable may bring what no validation has seen. */
START_TEST(nothing_of_others_is_named_by_a_variable)
{
    E.target.disposable = false;
    engine_run(CHECK("a", "    each: {name: [inbox, '\"INBOX\"', Archive]}\n" PHONE
                          "      - phone: SELECT $name\n")
                   CHECK("b", "    devices: {r: pop3}\n    each: {verb: [DELE]}\n    steps:\n"
                              "      - r: $verb 1\n")
                       CHECK("c", "    devices: {phone: imap}\n    given: {mailbox: work}\n"
                                  "    steps:\n      - phone: SELECT {$work}\n"
                                  "      - phone: UID COPY 1 $work\n"
                                  "      - phone: {pipeline: [CREATE $work, EXAMINE INBOX]}\n"),
               NO_SAYS);
    engine_expect("t/a/a[inbox]", OUTCOME_SKIP, "disposable");
    engine_expect("t/a/a[\"INBOX\"]", OUTCOME_SKIP, "disposable");
    engine_expect("t/a/a[Archive]", OUTCOME_SKIP, "disposable");
    engine_expect("t/a/b[DELE]", OUTCOME_SKIP, "disposable");
    engine_expect("t/a/c", OUTCOME_PASS, NULL);
    ck_assert_uint_eq(engine_got("POP3: DELE"), 0);
    ck_assert_uint_eq(engine_got("IMAP: SELECT "), 1);
}
END_TEST

/* ---- givens ---- */

#define BROUGHT                                                                                    \
    "    devices: {phone: imap}\n    given: {mailboxes: [work, more]}\n    steps:\n"               \
    "      - phone: CREATE ${prefix}-own\n      - phone: CREATE ${prefix}-up/down\n"

static const struct {
    const char *step;
    enum outcome outcome;
    int interrupt_after;
} ends[] = {
    { "      - phone: NOOP\n", OUTCOME_PASS, 0 },
    { "      - phone: {send: NOOP, expect: BAD}\n", OUTCOME_FAIL, 0 },
    { "      - phone: {send: NOOP, expect: BAD}\n        or-skip: it may\n", OUTCOME_SKIP, 0 },
    { "      - phone: {close: reset}\n      - phone: NOOP\n", OUTCOME_FAIL, 0 },
    { "      - pause: 9s\n", OUTCOME_ERROR, 100 },
    { "      - phone: {await: 9 EXISTS, within: 9s}\n", OUTCOME_ERROR, 100 },
    { "      - parallel: [[pause: 9s], [phone: {silence: 9s}]]\n", OUTCOME_ERROR, 100 },
    { "      - wait: nothing\n      - signal: nothing\n", OUTCOME_ERROR, 100 },
};

START_TEST(what_was_brought_is_removed)
{
    E.options.jobs = _i % 2 ? 4 : 1;
    E.interrupt_after = ends[_i].interrupt_after;
    engine_run(arena_printf(&E.arena, CHECK("a", "%s%s") CHECK("b", "%s%s"), BROUGHT, ends[_i].step,
                            BROUGHT, ends[_i].step),
               NO_SAYS);
    engine_expect("t/a/a", ends[_i].outcome, NULL);
    ck_assert_uint_ge(engine_got("IMAP: CREATE"), 3);
    ck_assert_uint_eq(E.mailboxes.n, 0);
    ck_assert_uint_eq(E.run.left_behind.n, 0);
    ck_assert_uint_eq(E.open, 0);
    ck_assert_int_eq(E.run.interrupted, ends[_i].interrupt_after != 0);
    if (E.run.interrupted)
        ck_assert_int_eq(E.run.exit_code, 130);
}
END_TEST

START_TEST(what_cannot_be_removed_is_said)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "DELETE", "{t} NO never\r\n" }, { 0 } };
    engine_run(CHECK("a", BROUGHT), says);
    ck_assert_uint_eq(E.run.left_behind.n, 1);
    ck_assert_ptr_nonnull(strstr(E.run.left_behind.v[0], "never"));
}
END_TEST

/* ---- always ---- */

static const struct {
    const char *step;
    enum outcome outcome;
} before_always[] = {
    { "      - phone: NOOP\n", OUTCOME_PASS },
    { "      - phone: {send: NOOP, expect: BAD}\n", OUTCOME_FAIL },
    { "      - phone: {send: NOOP, expect: BAD}\n        or-skip: it may\n", OUTCOME_SKIP },
    { "      - phone: ODD\n", OUTCOME_FAIL }, /* breaks a rule that the check upholds */
};

START_TEST(always_runs_to_its_end)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "ODD", "* 2 EXISTS \r\n{t} OK done\r\n" },
                                       { 0 } };
    engine_run(arena_printf(&E.arena,
                            CHECK("a", "    upholds: [invariant/imap/grammar]\n" PHONE
                                       "%s    always:\n      - phone: FIRST\n"
                                       "      - phone: SECOND\n"),
                            before_always[_i].step),
               says);
    engine_expect("t/a/a", before_always[_i].outcome, NULL);
    ck_assert_uint_eq(engine_got("IMAP: FIRST"), 1);
    ck_assert_uint_eq(engine_got("IMAP: SECOND"), 1);
}
END_TEST

START_TEST(a_failure_in_always_does_not_hide_the_first)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "FIRST", "{t} NO one\r\n" },
                                       { PROTOCOL_IMAP, "SECOND", "{t} NO two\r\n" },
                                       { 0 } };
    engine_run(CHECK("a", PHONE "      - phone: FIRST\n    always:\n      - phone: SECOND\n")
                   CHECK("b", PHONE "      - phone: NOOP\n    always:\n      - phone: SECOND\n"),
               says);
    ck_assert_ptr_nonnull(strstr(engine_result("t/a/a")->failure->actual, "one"));
    ck_assert_ptr_nonnull(strstr(engine_result("t/a/b")->failure->actual, "two"));
}
END_TEST

/* ---- the order of steps ---- */

START_TEST(signals_fix_the_order_of_branches)
{
    engine_run(CHECK("a", TWO_PHONES "      - parallel:\n"
                                     "        - - wait: go\n          - phone: SECOND\n"
                                     "        - - laptop: FIRST\n          - signal: go\n"),
               NO_SAYS);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    ck_assert_str_eq(E.commands.v[E.commands.n - 2], "IMAP: FIRST");
    ck_assert_str_eq(E.commands.v[E.commands.n - 1], "IMAP: SECOND");
}
END_TEST

START_TEST(a_wait_that_nobody_ends_is_an_error)
{
    engine_run(CHECK("a", PHONE "      - wait: godot\n      - signal: godot\n"), NO_SAYS);
    engine_expect("t/a/a", OUTCOME_ERROR, "godot");
}
END_TEST

/* The branch that fails is the verdict, whatever the others do when they are stopped. */
static const struct {
    const char *branch;
    enum outcome outcome;
    const char *text;
} branches[] = {
    { "phone: {send: BAD, expect: OK}", OUTCOME_FAIL, "another reply" },
    { "phone: {send: RATE, expect: OK}", OUTCOME_ERROR, "rate limited" },
};

START_TEST(the_branch_that_fails_gives_the_verdict)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "BAD", "{wait}{t} BAD what\r\n" },
                                       { PROTOCOL_IMAP, "RATE", "{wait}{t} NO [LIMIT] no\r\n" },
                                       { 0 } };
    const char *other = "laptop: {await: 1 EXISTS, within: 9s}";
    bool first = _i % 2;
    engine_run(arena_printf(&E.arena, CHECK("a", TWO_PHONES "      - parallel: [[%s], [%s]]\n"),
                            first ? branches[_i / 2].branch : other,
                            first ? other : branches[_i / 2].branch),
               says);
    engine_expect("t/a/a", branches[_i / 2].outcome, branches[_i / 2].text);
    ck_assert_int_lt(engine_result("t/a/a")->duration, SECONDS(5));
}
END_TEST

START_TEST(eventually_tries_until_it_holds)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "LOOK", "* 1 EXISTS\r\n{t} OK\r\n" },
                                       { PROTOCOL_IMAP, "LOOK", "* 2 EXISTS\r\n{t} OK\r\n" },
                                       { PROTOCOL_IMAP, "LOOK", "* 3 EXISTS\r\n{t} OK\r\n" },
                                       { 0 } };
    engine_run(CHECK("a", PHONE
                     "      - eventually:\n          within: 5s\n          steps:\n"
                     "            - phone: {send: LOOK, untagged: $n EXISTS, where: $n == 3}\n")
                   CHECK("b", PHONE "      - eventually:\n          within: 5s\n          steps:\n"
                                    "            - phone: {send: LOOK, untagged: 9 EXISTS}\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    engine_expect("t/a/b", OUTCOME_FAIL, "did not get 9 EXISTS");
    ck_assert_ptr_nonnull(strstr(engine_result("t/a/b")->failure->more.v[0], "tried"));
}
END_TEST

START_TEST(eventually_does_not_try_again_what_was_skipped_or_broken)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "ODD", "* 2 EXISTS \r\n{t} OK done\r\n" },
                                       { 0 } };
    engine_run(CHECK("a", "    upholds: [invariant/imap/grammar]\n" PHONE
                          "      - eventually: {within: 60s, steps: [phone: ODD]}\n"),
               says);
    engine_expect("t/a/a", OUTCOME_FAIL, NULL);
    ck_assert_uint_eq(engine_got("IMAP: ODD"), 1);
}
END_TEST

START_TEST(if_goes_one_way)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "FOO", "{t} NO\r\n" }, { 0 } };
    engine_run(CHECK("a", PHONE "      - if:\n          steps: [phone: FOO]\n"
                                "          then: [phone: YES]\n          else: [phone: NO-WAY]\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    ck_assert_uint_eq(engine_got("IMAP: NO-WAY"), 1);
    ck_assert_uint_eq(engine_got("IMAP: YES"), 0);
}
END_TEST

/* What the condition got must not be taken for the reply to what follows. */
START_TEST(a_condition_that_does_not_hold_leaves_nothing_behind)
{
    static const struct say says[] = { { PROTOCOL_SMTP, "VRFY", "550 no\r\n" }, { 0 } };
    engine_run(CHECK("a", CLIENT "      - if:\n          steps: [client: VRFY x]\n"
                                 "          else: [client: {send: RSET, expect: 250}]\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    ck_assert_uint_eq(engine_got("SMTP: RSET"), 1);
}
END_TEST

START_TEST(an_included_file_gets_its_parameters_and_shows_its_failures)
{
    static const struct say says[] = { { PROTOCOL_IMAP, "FETCH 2", "{t} NO\r\n" }, { 0 } };
    engine_file("common/look.yaml", "topic: looks\nsteps:\n  - phone: FETCH $number $item\n");
    engine_run(CHECK("a", PHONE
                     "      - include: {file: common/look.yaml, with: {number: 1, item: UID}}\n")
                   CHECK("b", PHONE "      - set: {number: 2, item: $user}\n"
                                    "      - include: common/look.yaml\n"),
               says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    engine_expect("t/a/b", OUTCOME_FAIL, NULL);
    ck_assert_uint_eq(engine_got("IMAP: FETCH 1 UID"), 1);
    ck_assert_uint_eq(engine_got("IMAP: FETCH 2 alice"), 1);
    const struct result_failure *f = engine_result("t/a/b")->failure;
    ck_assert_str_eq(f->file, "scenarios/common/look.yaml");
    ck_assert_int_eq(f->line, 3);
    ck_assert_str_eq(f->source_line, "  - phone: FETCH $number $item");
}
END_TEST

START_TEST(devices_that_disagree_fail_a_checkpoint)
{
    static const struct say says[] = {
        { PROTOCOL_IMAP, "UID FETCH", "* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n{t} OK\r\n" },
        { PROTOCOL_IMAP, "UID FETCH", "* 1 FETCH (UID 3 FLAGS (\\Seen \\Recent))\r\n{t} OK\r\n" },
        { PROTOCOL_IMAP, "UID FETCH", "* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n{t} OK\r\n" },
        { PROTOCOL_IMAP, "UID FETCH", "* 1 FETCH (UID 3 FLAGS ())\r\n{t} OK\r\n" },
        { 0 }
    };
    engine_run(CHECK("a", TWO_PHONES "      - both: SELECT box\n"
                                     "      - checkpoint: [phone, laptop]\n"
                                     "      - checkpoint: [phone, laptop]\n"),
               says);
    engine_expect("t/a/a", OUTCOME_FAIL, "laptop does not see the same");
}
END_TEST

START_TEST(time_passes_on_the_virtual_clock)
{
    E.options.slow = true;
    engine_run(CHECK("a", PHONE "      - pause: 30m\n      - phone: NOOP\n"), NO_SAYS);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
    ck_assert_int_ge(engine_result("t/a/a")->duration, SECONDS(1800));
}
END_TEST

/* ---- several at once ---- */

#define LEASED                                                                                     \
    "    devices: {r: pop3}\n    steps:\n      - r: BEGIN\n      - pause: 1s\n      - r: END\n"

START_TEST(a_maildrop_is_used_by_one_check_at_a_time)
{
    E.options.jobs = 4;
    engine_run(CHECK("a", LEASED) CHECK("b", LEASED) CHECK("c", LEASED), NO_SAYS);
    bool inside = false;
    for (size_t i = 0; i < E.commands.n; i++) {
        bool begins = strcmp(E.commands.v[i], "POP3: BEGIN") == 0;
        bool ends_now = strcmp(E.commands.v[i], "POP3: END") == 0;
        ck_assert_msg(!(begins && inside), "two checks at once");
        inside = begins || (inside && !ends_now);
    }
    ck_assert_uint_eq(engine_got("POP3: END"), 3);
}
END_TEST

#define PAIR "    devices: {phone: imap, laptop: imap}\n    steps:\n      - both: NOOP\n"

START_TEST(no_more_connections_than_the_target_allows)
{
    E.options.jobs = 8;
    E.target.max_connections = 2;
    engine_run(CHECK("a", PAIR) CHECK("b", PAIR) CHECK("c", PAIR)
                   CHECK("d", "    devices: {p: imap, q: imap, r: imap}\n    steps:\n"
                              "      - all: NOOP\n"),
               NO_SAYS);
    for (char id = 'a'; id <= 'c'; id++)
        engine_expect(arena_printf(&E.arena, "t/a/%c", id), OUTCOME_PASS, NULL);
    engine_expect("t/a/d", OUTCOME_SKIP, "3 connections");
    ck_assert_uint_le(E.most_open, 2);
}
END_TEST

START_TEST(connections_keep_to_the_rate)
{
    E.options.jobs = 8;
    E.target.rate = 2;
    engine_run(CHECK("a", PAIR) CHECK("b", PAIR) CHECK("c", PAIR), NO_SAYS);
    engine_expect("t/a/c", OUTCOME_PASS, NULL);
    ck_assert_int_ge(E.run.duration, (nsec)(E.dialled - 1) * MILLIS(500));
}
END_TEST

START_TEST(each_kind_is_probed_once)
{
    E.options.jobs = 8;
    engine_run(CHECK("a", PHONE "      - phone: NOOP\n") CHECK("b", PHONE "      - phone: NOOP\n")
                   CHECK("c", PHONE "      - phone: NOOP\n"),
               NO_SAYS);
    ck_assert_uint_eq(E.dialled, 4);
}
END_TEST

START_TEST(results_are_told_in_the_order_of_the_plan)
{
    E.options.jobs = 3;
    engine_run(CHECK("a", PHONE "      - pause: 3s\n") CHECK("b", PHONE "      - pause: 1s\n")
                   CHECK("c", PHONE "      - phone: NOOP\n"),
               NO_SAYS);
    ck_assert_str_eq(E.told.v[0], "t/a/a");
    ck_assert_str_eq(E.told.v[1], "t/a/b");
    ck_assert_str_eq(E.told.v[2], "t/a/c");
}
END_TEST

/* ---- a target that has had enough ---- */

static const struct {
    const char *check;
    struct say say;
} limited[] = {
    { CLIENT "      - client: VRFY x\n", { PROTOCOL_SMTP, "VRFY", "421 too many\r\n{close}" } },
    { CLIENT "      - client: {send: VRFY x, expect: [4xx, 5xx]}\n",
      { PROTOCOL_SMTP, "VRFY", "421 too many\r\n{close}" } },
    { CLIENT "      - client: {send: VRFY x, expect: closed}\n",
      { PROTOCOL_SMTP, "VRFY", "421 too many\r\n{close}" } },
    { CLIENT "      - client: {pipeline: [VRFY x, NOOP]}\n",
      { PROTOCOL_SMTP, "VRFY", "421 too many\r\n{close}" } },
    { CLIENT "      - client: {mail: {from: $address, to: $address, message: hello}}\n",
      { PROTOCOL_SMTP, "RCPT", "421 too many\r\n{close}" } },
    { PHONE "      - phone: EXAMINE x\n",
      { PROTOCOL_IMAP, "EXAMINE", "* BYE [LIMIT] no\r\n{close}" } },
    { PHONE "      - phone: EXAMINE x\n", { PROTOCOL_IMAP, "EXAMINE", "{t} NO [LIMIT] no\r\n" } },
};

START_TEST(a_rate_limit_blames_nobody)
{
    struct say says[2] = { limited[_i].say };
    engine_run(arena_printf(&E.arena, CHECK("a", "%s") CHECK("b", CLIENT "      - client: NOOP\n"),
                            limited[_i].check),
               says);
    engine_expect("t/a/a", OUTCOME_ERROR, NULL);
    ck_assert(E.run.rate_limited);
    engine_expect("t/a/b", OUTCOME_PASS, NULL);
    ck_assert_int_eq(E.run.exit_code, 5);
}
END_TEST

/* A check may be about 421 itself. */
START_TEST(a_421_that_is_expected_is_no_limit)
{
    static const struct say says[] = { { PROTOCOL_SMTP, "VRFY", "421 bye\r\n{close}" }, { 0 } };
    engine_run(CHECK("a", CLIENT "      - client: {send: VRFY x, expect: [421, 5xx]}\n"), says);
    engine_expect("t/a/a", OUTCOME_PASS, NULL);
}
END_TEST

START_TEST(a_target_that_refuses_everybody_cannot_be_tested)
{
    static const struct say says[] = { { PROTOCOL_SMTP, NULL, "421 too many\r\n{close}" }, { 0 } };
    engine_run(CHECK("a", CLIENT "      - client: NOOP\n")
                   CHECK("b", CLIENT "      - client: RSET\n"),
               says);
    engine_expect("t/a/a", OUTCOME_ERROR, "too many");
    engine_expect("t/a/b", OUTCOME_ERROR, "too many");
    ck_assert(E.run.rate_limited);
    ck_assert_int_eq(E.run.exit_code, 5);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, engine_setup, engine_teardown);
    tcase_add_test(cases, outcomes_follow_the_level);
    tcase_add_loop_test(cases, what_a_target_has_not_is_skipped_with_the_reason, 0, COUNT(needs));
    tcase_add_test(cases, accounts_without_an_address_get_no_mail);
    tcase_add_test(cases, mail_of_others_is_not_touched);
    tcase_add_test(cases, nothing_of_others_is_named_by_a_variable);
    tcase_add_test(cases, what_cannot_be_reached_is_an_error);
    tcase_add_loop_test(cases, a_refusal_counts_only_where_a_plain_session_works, 0, 2);
    tcase_add_loop_test(cases, what_was_brought_is_removed, 0, COUNT(ends));
    tcase_add_test(cases, what_cannot_be_removed_is_said);
    tcase_add_loop_test(cases, always_runs_to_its_end, 0, COUNT(before_always));
    tcase_add_test(cases, a_failure_in_always_does_not_hide_the_first);
    tcase_add_test(cases, signals_fix_the_order_of_branches);
    tcase_add_test(cases, a_wait_that_nobody_ends_is_an_error);
    tcase_add_loop_test(cases, the_branch_that_fails_gives_the_verdict, 0, 2 * COUNT(branches));
    tcase_add_test(cases, eventually_tries_until_it_holds);
    tcase_add_test(cases, eventually_does_not_try_again_what_was_skipped_or_broken);
    tcase_add_test(cases, if_goes_one_way);
    tcase_add_test(cases, a_condition_that_does_not_hold_leaves_nothing_behind);
    tcase_add_test(cases, an_included_file_gets_its_parameters_and_shows_its_failures);
    tcase_add_test(cases, devices_that_disagree_fail_a_checkpoint);
    tcase_add_test(cases, time_passes_on_the_virtual_clock);
    tcase_add_test(cases, a_maildrop_is_used_by_one_check_at_a_time);
    tcase_add_test(cases, no_more_connections_than_the_target_allows);
    tcase_add_test(cases, connections_keep_to_the_rate);
    tcase_add_test(cases, each_kind_is_probed_once);
    tcase_add_test(cases, results_are_told_in_the_order_of_the_plan);
    tcase_add_loop_test(cases, a_rate_limit_blames_nobody, 0, COUNT(limited));
    tcase_add_test(cases, a_421_that_is_expected_is_no_limit);
    tcase_add_test(cases, a_target_that_refuses_everybody_cannot_be_tested);
}

int main(void)
{
    return run_tests("play", add);
}
