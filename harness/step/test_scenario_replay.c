/* The fuzz target of scenario files gets rows that are nearly right, changed in every place. */
#include "array.h"
#include "fuzz_replay.h"
#include "testing.h"

#define HEAD "topic: t\nchecks:\n a:\n  title: t\n  clause: x\n  proved-by: y\n"

static const char *const rows[] = {
    HEAD
    "  devices: {p: imap}\n  steps:\n  - p: {send: NOOP, untagged: [1 EXISTS], where: $a == 1}\n",
    HEAD "  devices: {p: {service: $s, state: $t}}\n  each: [{s: imap, t: tls}]\n"
         "  steps:\n  - p: {login: {mechanism: PLAIN, tokens: [!raw '*']}}\n",
    HEAD "  devices: {p: {protocol: pop3, shape: {split: 3}}}\n  given: {inbox: [{size: 9}]}\n"
         "  steps:\n  - p: {send: RETR 1, body: {starts: $msg1.top3}, save: x}\n",
    HEAD
    "  devices: {p: smtp}\n  each: {a: [1, 2]}\n  steps:\n  - parallel: [[wait: g], [signal: g]]\n"
    "  - if: {steps: [p: NOOP], then: [set: {x: y}]}\n  - p: {raw: !hex '0d0a', expect: 5xx}\n",
    HEAD "  advertised: IDLE\n  devices: {p: imap}\n  needs: {imap: ['!A|B'], accounts: 2}\n"
         "  steps:\n  - include: {file: a, with: {b: c}}\n  - checkpoint: [p]\n",
};

START_TEST(no_file_breaks_the_reader)
{
    fuzz_replay(slice_of(rows[_i]));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, no_file_breaks_the_reader, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("scenario_replay", add);
}
