#!/usr/bin/env python3
"""Parts of the scenario language that are about several devices, response codes and pipelines, in
runs against the servers in memory.

usage: test_devices.py MAILASSAY SOURCE_ROOT           (TAP on standard output)"""
import sys

from running import run_tests
from test_language import check, expect, run

TWO = """
    devices: {phone: imap, laptop: imap}
    given: {mailbox: work, messages: [plain, plain, plain]}
    steps:
      - both: ENABLE CONDSTORE
      - both: SELECT $work
"""


def clean(steps, *more):
    body = check(TWO, "imap.noop.no-updates").replace("    devices: {phone: imap}\n", "", 1)
    return run(body + "".join(f"      - {line}\n" for line in steps), "selftest", "--clean-only", "-vv",
               "imap/x", *more)


def passes(*steps):
    output, status = clean(steps)
    assert "pass  imap/x/one" in output and status == 0, output


def fails(what, *steps):
    output, _ = clean(steps)
    expect(output, "FAIL  imap/x/one", what)


def codes_are_found_in_completions_and_untagged():
    passes("phone: STORE 1 +FLAGS.SILENT (\\Deleted)",
           "phone: {send: 'FETCH 1 (MODSEQ UID)', untagged: '1 FETCH (MODSEQ ($m))'}",
           "phone: {send: STATUS $work (UIDVALIDITY), untagged: STATUS $work (UIDVALIDITY $v)}",
           "phone: {send: 'APPEND $work {$msg1}', code: '[APPENDUID $v $uid]', where: $uid > 3}",
           "phone: {send: SELECT $work, code: ['[HIGHESTMODSEQ $h]', '[READ-WRITE]'], where: $h > $m}")


def a_code_that_does_not_come_fails():
    fails("phone did not get the response code [HIGHESTMODSEQ 1]",
          "phone: {send: SELECT $work, code: '[HIGHESTMODSEQ 1]'}")


def without_looks_at_the_code_of_the_completion():
    fails("phone got OK [READ-WRITE], which must not come here",
          "phone: {send: SELECT $work, without: 'OK [READ-WRITE]'}")
    passes("phone: {send: SELECT $work, without: 'OK [READ-ONLY]'}")


def comparisons_have_alternatives():
    passes("phone: {send: NOOP, where: 1 > 2 or 2 > 1}")
    fails("1 > 2 or 2 > 3 does not hold", "phone: {send: NOOP, where: 1 > 2 or 2 > 3}")


def bad_alternatives_are_mistakes():
    output, status = clean(["phone: {send: NOOP, where: 1 > 2 or 3}"])
    expect(output, "a comparison is A == B")
    assert status == 3, output


def pipelines_have_completions_and_captures():
    passes("phone: {pipeline: ['STORE 1 (UNCHANGEDSINCE 1) FLAGS ()', FETCH 2 UID],"
           " expect: [['OK [MODIFIED 1]', 'NO'], OK], untagged: '2 FETCH (UID $uid)'}",
           "phone: {send: FETCH 2 UID, untagged: '2 FETCH (UID $uid)'}")
    fails("another reply", "phone: {pipeline: [NOOP, NOOP], expect: [OK, 'NO']}")


def numbers_follow_expunges():
    passes("laptop: STORE 1 +FLAGS.SILENT (\\Deleted)", "laptop: EXPUNGE",
           "phone: {pipeline: [NOOP, 'UID FETCH 3 FLAGS'],"
           " untagged: [$1 EXPUNGE, '$3 FETCH (UID 3)'], without: '3 FETCH (UID 3)'}")


def branches_wait_for_signals():
    passes("parallel: [[{wait: ready}, {phone: 'STORE 1 +FLAGS.SILENT (\\Seen)'}],"
           " [{laptop: 'STORE 1 FLAGS.SILENT (\\Flagged)'}, {signal: ready}]]",
           "laptop: {send: FETCH 1 FLAGS, untagged: '1 FETCH (FLAGS (\\Seen \\Flagged))'}")


def a_checkpoint_compares_what_devices_see():
    passes("laptop: STORE 1 +FLAGS.SILENT (\\Seen)", "checkpoint: [phone, laptop]")
    output, _ = run(check(TWO, "sync.exists.needs-reselect").replace("    devices: {phone: imap}\n", "", 1)
                    + "      - laptop: 'APPEND $work {$msg1}'\n      - laptop: SELECT $work\n"
                    + "      - checkpoint: [phone, laptop]\n", "selftest", "-m", "imap/x")
    expect(output, "killed   sync.exists.needs-reselect", "laptop does not see the same messages and flags as phone")


def vanished_moves_numbers():
    steps = ["phone: ENABLE QRESYNC", "phone: FETCH 1:3 UID", "laptop: STORE 2 +FLAGS.SILENT (\\Deleted)",
             "laptop: EXPUNGE", "phone: NOOP", "phone: FETCH 1:2 UID"]
    passes(*steps)
    body = check("upholds: invariant/imap/expunge-allowed" + TWO.replace("\n    ", "\n"), "sync.expunge.during-fetch")
    body = body.replace("    devices: {phone: imap}\n", "", 1)
    output, _ = run(body + "".join(f"      - {line}\n" for line in steps if "NOOP" not in line),
                    "selftest", "-m", "imap/x")
    expect(output, "phone got VANISHED during FETCH")


def idle_ends_with_done():
    body = check(TWO, "imap.idle.ends-by-itself").replace("    devices: {phone: imap}\n", "", 1)
    output, status = run(body + "      - phone: {idle: start}\n      - pause: 90s\n      - phone: {idle: done}\n",
                         "selftest", "-m", "imap/x")
    expect(output, "phone: the server ended IDLE before DONE")
    assert status == 0, output


TESTS = [codes_are_found_in_completions_and_untagged, a_code_that_does_not_come_fails,
         without_looks_at_the_code_of_the_completion, comparisons_have_alternatives,
         bad_alternatives_are_mistakes, pipelines_have_completions_and_captures,
         numbers_follow_expunges, branches_wait_for_signals, a_checkpoint_compares_what_devices_see,
         vanished_moves_numbers, idle_ends_with_done]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
