#!/usr/bin/env python3
"""Parts of the scenario language that only a whole run shows: invariants that a check upholds,
steps that skip, messages that a variant names, golden values. Each test has a scenario folder of
its own and runs it against the servers in memory.

usage: test_language.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
HEAD = """
    title: A title
    clause: rfc3501/9/fetch-list
    devices: {phone: imap}
"""


def run(checks, *args):
    """The program over one file imap/x.yaml with these checks: output, status."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for shared in ("clauses", "messages"):
            (folder / shared).symlink_to(ROOT / "scenarios" / shared)
        (folder / "imap").mkdir()
        (folder / "imap" / "x.yaml").write_text("topic: t\nchecks:\n" + checks)
        result = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, MAILASSAY_SCENARIOS=name, NO_COLOR="1"))
        return result.stdout + result.stderr, result.returncode


def check(body, fault="imap.fetch.trailing-space"):
    return f"  one:{HEAD}    proved-by: {fault}\n" + textwrap.indent(textwrap.dedent(body), "    ")


def expect(output, *parts):
    for part in parts:
        assert part in output, f"no {part!r} in: {output}"


FETCH = """
    given: {mailbox: work, messages: [plain]}
    steps:
      - phone: SELECT $work
      - phone: FETCH 1 FLAGS
"""


def an_upheld_invariant_fails_the_step():
    output, status = run(check("upholds: invariant/imap/grammar" + FETCH.replace("\n    ", "\n")),
                         "selftest", "-m", "imap/x")
    expect(output, "killed   imap.fetch.trailing-space", "imap/x/one: phone: expected no space")
    assert status == 0, output


def without_it_the_check_passes():
    output, status = run(check(FETCH), "selftest", "imap/x")
    expect(output, "SURVIVED imap.fetch.trailing-space")
    assert status == 1, output


def unknown_invariants_are_mistakes():
    for key in ("upholds", "waive"):
        output, status = run(check(f"{key}: invariant/imap/gramar" + FETCH.replace("\n    ", "\n")), "check")
        expect(output, "unknown invariant", "did you mean \"invariant/imap/grammar\"?")
        assert status == 3, output


def a_step_can_skip_the_check():
    output, status = run(check("""
        steps:
          - phone: {send: NOOP, expect: 'NO'}
            or-skip: NOOP works here
          - phone: {send: NOOP, expect: BAD}
        always:
          - phone: {send: CAPABILITY, untagged: CAPABILITY IMAP4rev1}
    """), "selftest", "-vv", "--clean-only", "imap/x")
    expect(output, "skip  imap/x/one NOOP works here")
    assert "FAIL" not in output, output


def a_step_that_does_not_fail_does_not_skip():
    output, _ = run(check("""
        steps:
          - phone: NOOP
            or-skip: NOOP fails here
          - phone: {send: NOOP, expect: BAD}
    """), "selftest", "--clean-only", "imap/x")
    expect(output, "FAIL  imap/x/one")


GOLDEN = """
    each: {message: [%s]}
    given: {mailbox: work, messages: [$message]}
    steps:
      - phone: SELECT $work
      - phone: {send: FETCH 1 ENVELOPE, untagged: '1 FETCH (ENVELOPE $msg1.golden.%s)'}
"""


def variants_name_messages():
    output, status = run(check(GOLDEN % ("simple, attachment", "envelope"), "imap.envelope.field-missing"),
                         "selftest", "-v", "imap/x")
    expect(output, "pass  imap/x/one[simple]", "pass  imap/x/one[attachment]",
           "killed   imap.envelope.field-missing")
    assert status == 0, output


def messages_that_do_not_exist_are_mistakes():
    output, status = run(check(GOLDEN % ("simple, nothing", "envelope")), "check")
    expect(output, "there is no message \"nothing\"")
    assert status == 3, output


def golden_values_belong_to_golden_messages():
    output, status = run(check(GOLDEN % ("simple, plain", "envelope")), "check")
    expect(output, "scenarios/messages/plain.yaml has no \"envelope\"")
    assert status == 3, output


def unknown_parts_of_messages_are_mistakes():
    output, status = run(check(GOLDEN % ("simple", "envelop")), "check")
    expect(output, "$msg1.golden.envelop: a message has")
    assert status == 3, output


TESTS = [an_upheld_invariant_fails_the_step, without_it_the_check_passes,
         unknown_invariants_are_mistakes, a_step_can_skip_the_check,
         a_step_that_does_not_fail_does_not_skip, variants_name_messages,
         messages_that_do_not_exist_are_mistakes, golden_values_belong_to_golden_messages,
         unknown_parts_of_messages_are_mistakes]


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception as error:  # a test that crashes is a test that fails
            failed += 1
            print(f"not ok {number} - {function.__name__}")
            print("\n".join("# " + line for line in str(error).splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
