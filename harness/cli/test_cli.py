#!/usr/bin/env python3
"""The program as people run it: exit statuses, the ways to be green by accident, safety, secrets,
interruption, reports. Everything against the bundled servers on loopback.

usage: test_cli.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import base64
import contextlib
import imaplib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import running
from running import PROGRAM, ROOT, TESTS, dead_port, expect, expect_exit, port_of, run, run_tests, test

CANARY = "C4nary-pass+word/in:no=output"


def serving(*args):
    return running.serving(*args, password=CANARY)


def login(state, user="alice"):
    context = ssl.create_default_context(cafile=str(state / "ca.pem"))
    context.check_hostname = False
    box = imaplib.IMAP4_SSL("127.0.0.1", port_of(state, "imaps"), ssl_context=context)
    box.login(user, CANARY)
    return box


@contextlib.contextmanager
def mailbox(state):
    box = login(state)
    try:
        yield box
    finally:
        box.logout()


QUICK = "pop3/transaction/stat"


# ---- never green by accident: the six traps, each a test ----

@test
def unknown_selector_is_an_error_with_a_suggestion(state):
    result = run("run", "-t", state / "target.yaml", "pop3/transaction/stet")
    expect_exit(result, 2)
    expect("did you mean" in result.stderr, result.stderr)


@test
def empty_selection_is_not_success(state):
    result = run("run", "-t", state / "target.yaml", QUICK, "-x", QUICK, "--report", "json=-")
    expect_exit(result, 4)
    expect(json.loads(result.stdout)["run"]["exitCode"] == 4, "the report says otherwise")


@test
def dead_port_cannot_be_tested(state):
    result = run("run", "-t", f"imap://alice@127.0.0.1:{dead_port()}", "imap/*", "-k",
                 env={"MAILASSAY_PASSWORD": CANARY})
    expect_exit(result, 5)
    expect("refused" in result.stdout, result.stdout)


@test
def bad_scenario_file_is_refused_with_its_place(state):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("topic: x\nchecks:\n  a:\n    title: t\n    stepps: []\n")
        f.flush()
        result = run("run", "-t", state / "target.yaml", f.name)
        expect_exit(result, 3)
        expect(f"{f.name}:5:5" in result.stderr and 'did you mean "steps"' in result.stderr,
               result.stderr)


@test
def unwritable_report_is_our_fault(state):
    result = run("run", "-t", state / "target.yaml", QUICK, "--report", "json=/nonexistent/x.json")
    expect_exit(result, 6)


@test
def everything_skipped_is_not_success(state):
    port = port_of(state, "imaps")
    result = run("run", "-t", f"imaps://alice@127.0.0.1:{port}", QUICK, "-k",
                 env={"MAILASSAY_PASSWORD": CANARY})
    expect_exit(result, 4)
    expect("no pop3 service" in result.stdout, result.stdout)


# ---- exit statuses and the command line ----

@test
def reset_runs_on_disposable_targets_only(state):
    mark = state / "was-reset"
    text = (state / "target.yaml").read_text() + f"control: {{reset: 'touch {mark}'}}\n"
    (state / "reset.yaml").write_text(text.replace("disposable: true\n", ""))
    run("run", "-t", state / "reset.yaml", "imap/session/noop")
    expect(not mark.exists(), "it ran where mail matters")
    (state / "reset.yaml").write_text(text)
    expect_exit(run("run", "-t", state / "reset.yaml", "imap/session/noop"), 0)
    expect(mark.exists(), "it did not run")
    (state / "reset.yaml").write_text(text.replace("touch", "false"))
    expect_exit(run("run", "-t", state / "reset.yaml", "imap/session/noop"), 6)


@test
def wrong_command_lines_are_explained(state):
    for args in ([], ["rum"], ["run", "--tarbet", "x"], ["run"], ["run", "-t", "imap://a:b@h"],
                 ["run", "-t", "http://h"], ["list", "nothing-like-this"], ["explain"],
                 ["serve", "--fault", "imap.idle.drops-expunje"]):
        result = run(*args)
        expect_exit(result, 2)
        expect(result.stderr.strip(), args, "says nothing")


@test
def passing_run_exits_0_and_failing_run_1(state):
    expect_exit(run("run", "-t", state / "target.yaml", QUICK), 0)
    with serving("--fault", "pop3.stat.wrong-octets") as broken:
        result = run("run", "-t", broken / "target.yaml", QUICK)
        expect_exit(result, 1)
        for part in ("--> scenarios/pop3/transaction.yaml:", "^^^", "RFC 1939", "rerun", "+OK 1"):
            expect(part in result.stdout or part == "+OK 1", part, "is missing in\n", result.stdout)


@test
def the_command_that_is_shown_runs_the_check_again(state):
    with serving("--fault", "pop3.stat.wrong-octets") as broken:
        result = run("run", "-t", f"pop3://alice@mailassay.test@127.0.0.1:{port_of(broken, 'pop3')}",
                     "-t", f"lmtp://127.0.0.1:{port_of(broken, 'lmtp')}", "--starttls",
                     "--cacert", broken / "ca.pem", "--tls-name", "mail.mailassay.test",
                     "--password-file", broken / "canary", "--disposable", "--shape", "split=9",
                     QUICK, "--report", "json=-")
        expect_exit(result, 1)
        command = json.loads(result.stdout)["results"][0]["rerun"]
        for part in ("--shape 'split=9'", "--starttls", "--disposable", "--seed "):
            expect(part in command, part, "is missing in", command)
        again = subprocess.run(command.replace("mailassay", PROGRAM, 1), shell=True,
                               capture_output=True, text=True, timeout=60,
                               env=dict(os.environ, MAILASSAY_SCENARIOS=str(ROOT / "scenarios")))
        expect_exit(again, 1)
        expect("does not hold" in again.stdout, again.stdout)


@test
def wrong_password_cannot_be_tested(state):
    result = run("run", "-t", f"imaps://alice@127.0.0.1:{port_of(state, 'imaps')}", "-k", "imap",
                 env={"MAILASSAY_PASSWORD": "not-it"})
    expect_exit(result, 5)


@test
def help_list_explain_coverage_schema_completion_version(state):
    for args in (["--help"], ["run", "--help"], ["list"], ["list", "--json"], ["list", "--faults"],
                 ["list", "invariant"], ["explain", QUICK], ["explain", "pop3.stat.wrong-octets"],
                 ["explain", "invariant/imap/grammar"], ["coverage"], ["coverage", "rfc1939"],
                 ["schema", "scenario"], ["schema", "result"], ["schema", "target"],
                 ["completion", "bash"], ["version"], ["check"]):
        result = run(*args)
        expect_exit(result, 0)
        expect(result.stdout.strip(), args, "prints nothing")
    ids = [c["id"] for c in json.loads(run("list", "--json").stdout)]
    expect(len(ids) == len(set(ids)) and ids, "ids are not unique")


@test
def linter_names_every_mistake_of_a_file_at_once(state):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("""topic: mistakes
checks:
  a:
    title: t
    clause: rfc1939/5/stat-drop-listin
    proved-by: pop3.stat.wrong-octet
    devices: {reader: pop3}
    steps:
      - reader: {send: STAT $nowhere, expct: OK}
      - reeder: NOOP
      - reader: {send: NOOP, idle: start}
      - reader: {send: 'LIST ('}
      - reader: {send: LIST, lines: ['(1']}
    title: again
""")
        f.flush()
        result = run("check", f.name)
        expect_exit(result, 3)
        for words in ("stands twice", "unknown clause", "unknown fault", "$nowhere", '"expct"',
                      '"reeder"', "one verb", "not closed"):
            expect(words in result.stderr, words, "is missing in\n", result.stderr)


# ---- safety ----

def copy_target(state, name, change):
    path = state / name
    path.write_text(change((state / "target.yaml").read_text()))
    return path


@test
def deleting_is_refused_where_mail_matters(state):
    with mailbox(state) as box:
        box.append("INBOX", None, None, b"Subject: precious\r\n\r\nkeep me\r\n")
        target = copy_target(state, "precious.yaml", lambda t: t.replace("disposable: true\n", ""))
        result = run("run", "-t", target, "pop3", "--report", "json=-")
        report = json.loads(result.stdout)
        reasons = [c.get("reason") or "" for c in report["results"] if c["outcome"] == "skip"]
        expect(any("disposable" in r for r in reasons), "nothing was refused", reasons[:3])
        box.select("INBOX", readonly=True)
        expect(box.search(None, "SUBJECT", "precious")[1][0], "the message is gone")
        box.select("INBOX")
        box.store("1:*", "+FLAGS", "\\Deleted")
        box.expunge()


@test
def what_was_brought_is_removed(state):
    with mailbox(state) as box:
        before = sorted(box.list()[1])
        run("run", "-t", state / "target.yaml", "imap", "sync", "-j", "4")
        expect(sorted(box.list()[1]) == before, "mailboxes are left:", box.list()[1])


def interrupt_a_run(state, number):
    with mailbox(state) as box:
        before = sorted(box.list()[1])
        process = subprocess.Popen([PROGRAM, "run", "-t", state / "target.yaml", "--shape",
                                    "slow=20ms", "--report", f"json={state}/int.json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   # the tests themselves may run under nohup
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
                                   env=dict(os.environ, MAILASSAY_SCENARIOS=str(ROOT / "scenarios")))
        time.sleep(1.5)
        process.send_signal(number)
        process.communicate(timeout=60)
        expect(process.returncode == 130, "exit", process.returncode)
        expect(json.loads((state / "int.json").read_text())["run"]["interrupted"], "the report hides it")
        expect(sorted(box.list()[1]) == before, "mailboxes are left:", box.list()[1])


@test
def interrupted_run_cleans_up_and_says_130(state):
    interrupt_a_run(state, signal.SIGINT)


@test
def a_terminal_that_is_closed_interrupts(state):
    interrupt_a_run(state, signal.SIGHUP)


@test
def second_interruption_does_not_wait_for_the_target(state):
    """A server that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        process = subprocess.Popen([PROGRAM, "run", "-t", f"imap://a@127.0.0.1:{silent.getsockname()[1]}",
                                    "imap"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=dict(os.environ, MAILASSAY_PASSWORD=CANARY,
                                            MAILASSAY_SCENARIOS=str(ROOT / "scenarios")))
        silent.accept()[0].detach()
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
        expect(process.returncode == 130, "exit", process.returncode)


@test
def canary_password_is_in_no_output(state):
    forms = {CANARY, *(base64.b64encode(prefix + CANARY.encode()).decode().strip("=")[4:-4]
                       for prefix in (b"", b"\0alice\0", b"x", b"xy"))}
    names = ("json", "html", "junit", "junit-strict", "tap", "text", "markdown")
    args = [f"--report={n}={state}/report.{n}" for n in names]
    result = run("run", "-t", state / "target.yaml", "-vv", "pop3", "submission", "imap", *args)
    outputs = {"stdout": result.stdout, "stderr": result.stderr}
    outputs.update({n: (state / f"report.{n}").read_text() for n in names})
    for name, text in outputs.items():
        expect(len(text) > 100 or name == "stderr", name, "is empty")
        for form in forms:
            expect(form not in text, "the password is in", name)


# ---- verdicts ----

def outcomes(result):
    return [(c["id"], c["outcome"]) for c in json.loads(result.stdout)["results"]]


@test
def order_and_verdicts_do_not_depend_on_jobs(state):
    one = outcomes(run("run", "-t", state / "target.yaml", "pop3", "imap", "--report", "json=-"))
    many = outcomes(run("run", "-t", state / "target.yaml", "pop3", "imap", "-j", "8", "--report",
                        "json=-"))
    expect(one == many and one, [p for p in zip(one, many) if p[0] != p[1]][:5])


@test
def baseline_pins_the_reason(state):
    entry = "- {id: %s, match: '%s', reason: known}\n"
    with serving("--fault", "pop3.stat.wrong-octets") as broken:
        path = broken / "baseline.yaml"
        path.write_text(entry % (QUICK, "does not hold"))
        result = run("run", "-t", broken / "target.yaml", QUICK, "-b", path, "--report", "json=-")
        expect_exit(result, 0)
        expect(outcomes(result)[0][1] == "xfail", outcomes(result)[0])
        path.write_text(entry % (QUICK, "another message"))
        expect_exit(run("run", "-t", broken / "target.yaml", QUICK, "-b", path), 1)
    path = state / "baseline.yaml"
    path.write_text(entry % (QUICK, "does not hold"))
    result = run("run", "-t", state / "target.yaml", QUICK, "-b", path, "--report", "json=-")
    expect_exit(result, 1)
    expect(outcomes(result)[0][1] == "xpass", outcomes(result)[0])
    path.write_text(entry % ("pop3/transaction/stet", "x"))
    expect_exit(run("run", "-t", state / "target.yaml", QUICK, "-b", path), 3)


@test
def baseline_knows_invariants(state):
    with serving("--fault", "pop3.reply.bare-lf") as broken:
        path = broken / "baseline.yaml"
        path.write_text("- {id: invariant/pop3/line-ends, match: LF, reason: known}\n")
        result = run("run", "-t", broken / "target.yaml", QUICK, "-b", path, "--report", "json=-")
        found = dict(outcomes(result))["invariant/pop3/line-ends"]
        expect(found == "xfail", found)
    path = state / "baseline.yaml"  # it holds where nothing that breaks it was selected
    path.write_text("- {id: invariant/pop3/line-ends, match: LF, reason: known}\n")
    result = run("run", "-t", state / "target.yaml", QUICK, "-b", path, "--report", "json=-")
    expect_exit(result, 0)
    expect(dict(outcomes(result))["invariant/pop3/line-ends"] == "pass", outcomes(result))


@test
def same_seed_same_messages(state):
    def subjects(seed):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write("""topic: seeds
checks:
  seen:
    title: shows its messages by failing
    clause: rfc3501/6.1.2/noop-succeeds
    proved-by: pop3.stat.wrong-octets
    devices: {phone: imap}
    given: {mailbox: work, messages: [plain, {lines: 4}]}
    steps:
      - phone: SELECT $work
      - phone: 'FETCH 1:* BODY.PEEK[]'
      - phone: {send: NOOP, expect: 'NO'}
""")
            f.flush()
            out = run("selftest", "--clean-only", "-vv", f.name, "--seed", seed).stdout
            return re.findall(r"^(?:Subject|Message-ID): .*|^[a-z ]{40,}$", out, re.M)
    expect(len(subjects(7)) >= 6 and subjects(7) == subjects(7), "the same seed gives", subjects(7))
    expect(subjects(7) != subjects(8), "another seed changes nothing")


@test
def shapes_change_no_verdict(state):
    plain = outcomes(run("run", "-t", state / "target.yaml", "pop3", "--report", "json=-", "-j", "4"))
    for shape in ("bytes", "split=7"):
        shaped = outcomes(run("run", "-t", state / "target.yaml", "pop3", "--shape", shape,
                              "--report", "json=-", "-j", "4"))
        expect(plain == shaped, shape, [p for p in zip(plain, shaped) if p[0] != p[1]][:5])


@test
def mail_survives_a_restart_with_a_journal(state):
    with tempfile.NamedTemporaryFile() as journal:
        for round_number in (1, 2):
            with serving("--journal", journal.name) as own, mailbox(own) as box:
                if round_number == 1:
                    box.append("INBOX", "(\\Flagged)", None, b"Subject: kept\r\n\r\nx\r\n")
                else:
                    box.select("INBOX")
                    expect(box.search(None, "FLAGGED")[1] == [b"1"], "the message is gone")


def main():
    with serving() as state:
        return run_tests(TESTS, state)


if __name__ == "__main__":
    sys.exit(main())
