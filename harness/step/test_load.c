/* Mistakes in scenario files: each is found when the file is read, at its place, with its words. */
#include "test_engine.h"

#define PHONE "    devices: {phone: imap}\n    steps:\n      - phone: "
#define READER "    devices: {reader: pop3}\n    steps:\n      - reader: "
#define CLIENT "    devices: {client: smtp}\n    steps:\n      - client: "
#define STEP "    devices: {phone: imap, laptop: imap}\n    steps:\n      - "

static const struct {
    const char *check, *says;
} rows[] = {
    /* steps */
    { PHONE "{send: NOOP, idle: start}\n", "one step has one verb" },
    { PHONE "{sent: NOOP}\n", "did you mean \"send\"" },
    { PHONE "[NOOP]\n", "what a device does" },
    { PHONE "{send: NOOP, witin: 3s}\n", "did you mean \"within\"" },
    { STEP "phon: NOOP\n", "did you mean \"phone\"" },
    { STEP "phone: NOOP\n        laptop: NOOP\n", "a step has one actor" },
    { STEP "why: nobody\n", "who does what" },
    { "    devices: {phone: imap}\n    steps: []\n", "no steps" },
    { READER "{await: +OK}\n", "\"await\" is not for pop3 devices" },
    { PHONE "{mail: {from: x, to: y, message: z}}\n", "\"mail\" is not for imap devices" },
    { PHONE "\"NOOP\\r\\n\"\n", "a command is one line" },
    { PHONE "SELECT $wrok\n", "$wrok is not bound" },
    /* what is expected */
    { PHONE "{send: NOOP, expect: 'OK ('}\n", "not closed" },
    { PHONE "{send: NOOP, expect: ''}\n", "an empty pattern" },
    { PHONE "{send: NOOP, untagged: '1 FETCH (UID /(/)'}\n", "the expression /(/ is wrong" },
    { PHONE "{send: NOOP, expect: []}\n", "expect lists 1 to 64" },
    { PHONE "{send: NOOP, untagged: []}\n", "untagged lists 1 to 64" },
    { PHONE "{send: NOOP, only: []}\n", "only lists 1 to 64" },
    { PHONE "{send: NOOP, untagged: {a: b}}\n", "untagged" },
    { PHONE "{send: NOOP, expect: [[OK]]}\n", "expect" },
    { PHONE "{send: NOOP, lines: x}\n", "\"lines\" is not for imap devices" },
    { PHONE "{send: NOOP, body: x}\n", "\"body\" is not for imap devices" },
    { READER "{send: NOOP, untagged: x}\n", "\"untagged\" is not for pop3 devices" },
    { CLIENT "{send: NOOP, code: '[X]'}\n", "\"code\" is not for smtp devices" },
    { READER "{send: RETR 1, body: {start: x}}\n", "did you mean \"starts\"" },
    { READER "{send: RETR 1, body: {}}\n", "{starts: TEXT}" },
    { READER "{send: RETR 1, save: [a]}\n", "save" },
    { PHONE "{send: NOOP, where: 1 = 2}\n", "a comparison is" },
    { PHONE "{send: NOOP, where: 1 ==}\n", "a comparison is" },
    { PHONE "{send: NOOP, where: 1 == 2 3}\n", "a comparison is" },
    { PHONE "{send: NOOP, where: 1 == 2 * 3}\n", "a comparison is" },
    { PHONE "{send: NOOP, where: $x == 2}\n", "$x is not bound" },
    { PHONE "{send: NOOP, within: 3}\n", "within" },
    { PHONE "{await: $1 EXPUNGE}\n", "an await has none" },
    { PHONE "{await: []}\n", "await lists 1 to 64" },
    { PHONE "{silence: soon}\n", "silence" },
    /* where nothing is read, or not by this */
    { PHONE "{raw: x, untagged: 1 EXISTS}\n", "nothing is read here" },
    { PHONE "{raw: x, save: y}\n", "nothing is read here" },
    { READER "{raw: x, tag: y}\n", "only IMAP has tags" },
    { CLIENT "{data: {raw: x}, lines: y}\n", "nothing is read here" },
    { CLIENT "{data: {row: x}}\n", "did you mean \"raw\"" },
    { PHONE "{connect: {state: login}, expect: OK}\n", "unknown key \"expect\"" },
    { PHONE "{reply: +, expect: OK}\n", "unknown key \"expect\"" },
    { PHONE "{pipeline: [NOOP, NOOP], expect: [OK]}\n", "one entry for each of the 2" },
    { PHONE "{pipeline: [NOOP], save: x}\n", "unknown key \"save\"" },
    { CLIENT "{pipeline: [NOOP], lines: x}\n", "by \"expect\" alone" },
    { "    given: {mailbox: work, messages: [plain]}\n" PHONE
      "{pipeline: ['APPEND $work {$msg1}']}\n",
      "does not wait" },
    { PHONE "{idle: starts}\n", "idle" },
    { PHONE "{close: slowly}\n", "close" },
    { PHONE "{login: {mechanim: PLAIN}}\n", "did you mean \"mechanism\"" },
    { PHONE "{starttls: {expect: perhaps}}\n", "expect" },
    { PHONE "{capabilities: {hass: [IDLE]}}\n", "did you mean \"has\"" },
    { CLIENT "{mail: {from: x, to: []}}\n", "mail needs \"message\"" },
    /* steps without a device */
    { STEP "parallel: NOOP\n", "parallel" },
    { STEP "wait: go\n", "no step signals \"go\"" },
    { STEP "eventually: {within: 3s}\n", "eventually needs \"steps\"" },
    { STEP "if: {steps: [phone: NOOP]}\n", "if needs" },
    { STEP "include: nowhere.yaml\n", "nowhere.yaml" },
    { STEP "include: {file: common/loop.yaml}\n", "nested too deep" },
    { STEP "include: common/odd.yaml\n", "did you mean \"steps\"" },
    { STEP "checkpoint: [phone]\n", "at least two" },
    { STEP "checkpoint: [phone, tablet]\n", "\"tablet\" is no IMAP device" },
    { STEP "pause: long\n", "pause" },
    { STEP "restart: world\n", "restart" },
    { STEP "next-hop: {from: x}\n", "next-hop needs \"to\"" },
    { STEP "set: {a: $b}\n", "$b is not bound" },
    /* devices and givens */
    { "    devices: {a: {state: login}}\n    steps:\n      - a: NOOP\n", "needs \"protocol\"" },
    { "    devices: {a: imop}\n    steps:\n      - a: NOOP\n", "must be one of: imap" },
    { "    devices: {a: {protocol: imap, state: logn}}\n    steps:\n      - a: NOOP\n", "logn" },
    { "    devices: {a: {protocol: imap, state: $state}}\n    steps:\n      - a: NOOP\n",
      "no variable of \"each\"" },
    { "    each: {state: [login, logn]}\n    devices: {a: {protocol: imap, state: $state}}\n"
      "    steps:\n      - a: NOOP\n",
      "logn" },
    { "    devices: {a: {service: impa}}\n    steps:\n      - a: NOOP\n", "no service" },
    { "    devices: {a: {protocol: imap, account: 0}}\n    steps:\n      - a: NOOP\n",
      "count from 1" },
    { "    devices: {a: {protocol: imap, shape: byte}}\n    steps:\n      - a: NOOP\n", "shape" },
    { "    devices: {a: {protocol: imap, shape: {spilt: 3}}}\n    steps:\n      - a: NOOP\n",
      "did you mean \"split\"" },
    { "    devices: {a: {protocol: imap, shape: {split: 0}}}\n    steps:\n      - a: NOOP\n",
      "at least 1" },
    { "    given: {mailbx: work}\n" PHONE "NOOP\n", "did you mean \"mailbox\"" },
    { "    needs: {imap: [IDLE], disposable: perhaps}\n" PHONE "NOOP\n", "disposable" },
    { "    needs: {services: [impas]}\n" PHONE "NOOP\n", "unknown service" },
    /* variants */
    { "    each: []\n" PHONE "NOOP\n", "each must make 1 to 200" },
    { "    each: {a: []}\n" PHONE "NOOP\n", "each must make 1 to 200" },
    { "    each: [{a: 1, b: 2}, {a: 1}]\n" PHONE "NOOP\n", "has no \"b\"" },
    { "    each: [{a: 1}, {a: 2, b: 3}]\n" PHONE "NOOP\n", "more keys" },
    { "    each: {a: [1, 1]}\n" PHONE "NOOP\n", "two variants are called t/a/x[1]" },
    { "    advertised: IDLE\n" STEP "both: NOOP\n", "has one device" },
    /* the check itself */
    { "    level: shoud\n" PHONE "NOOP\n", "must be one of: must" },
    { "    waive: invariant/imap/gramar\n" PHONE "NOOP\n", "unknown invariant" },
};

START_TEST(a_mistake_is_found_at_its_place)
{
    engine_file("common/loop.yaml", "topic: loops\nsteps:\n  - include: common/loop.yaml\n");
    engine_file("common/odd.yaml", "topic: odd\nstep: []\n");
    ck_assert_msg(!engine_load(arena_printf(&E.arena, CHECK("x", "%s"), rows[_i].check)),
                  "no mistake is found");
    const char *found = engine_problems();
    ck_assert_msg(strstr(found, rows[_i].says), "%s", found);
    ck_assert_msg(strstr(found, "--> scenarios/") && strstr(found, "^"), "%s", found);
}
END_TEST

/* What is right, though it looks like one of those. */
static const char *const right[] = {
    READER "{send: LIST, only: []}\n",
    PHONE "{raw: \"x1 NOOP\\r\\n\", tag: x1, untagged: 1 EXISTS}\n",
    PHONE "{raw: x, where: 1 == 1}\n",
    CLIENT "{send: EHLO x, save: hello, where: $hello != 5 or 1 + 1 == 2}\n",
    CLIENT "{reply: 2xx, save: hello, where: $hello != x}\n",
    PHONE "{send: NOOP, untagged: $1 FETCH (FLAGS ())}\n",
    "    given: {mailbox: work, messages: [plain]}\n" PHONE
    "{pipeline: ['APPEND $work {$msg1+}']}\n",
    "    each: {state: [login, hello]}\n    devices: {a: {protocol: imap, state: $state}}\n"
    "    steps:\n      - a: NOOP\n",
    "    each: {service: [imap, pop3]}\n    devices: {a: {service: $service}}\n"
    "    steps:\n      - a: NOOP\n",
    "    each: [{a: 1, id: one}, {a: 1, id: two}]\n" PHONE "NOOP\n",
};

START_TEST(no_mistake_is_seen_where_there_is_none)
{
    engine_load(arena_printf(&E.arena, CHECK("x", "%s"), right[_i]));
    ck_assert_str_eq(engine_problems(), "");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, engine_setup, engine_teardown);
    tcase_add_loop_test(cases, a_mistake_is_found_at_its_place, 0, COUNT(rows));
    tcase_add_loop_test(cases, no_mistake_is_seen_where_there_is_none, 0, COUNT(right));
}

int main(void)
{
    return run_tests("load", add);
}
