#!/usr/bin/env python3
"""`mailassay ports --full` on every real server: exactly what docs/interop/ports.md explains fails,
and nothing else. What is new is either a finding to be judged by hand, or a false accusation.

usage: test_ports.py MAILASSAY STATE_FOLDER [SERVER]..."""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
USERS = {"submission", "submissions", "pop3", "pop3s", "imap", "imaps"}
POSTFIX = {"smtp", "submission", "submissions"}
COURIER = USERS | {"smtp"}
CYRUS = {"pop3", "pop3s", "imap", "imaps"}

# Server: column: the services where it fails. An MTA's imap and pop3 belong to a Dovecot.
FAILS = {
    "dovecot": {},
    "postfix": {"old-versions": POSTFIX, "groups": POSTFIX - {"smtp"},
                "handshake-hash": POSTFIX - {"smtp"}},
    "postfix-hardened": {},
    "exim": {"old-versions": POSTFIX, "suite-order": POSTFIX - {"smtp"},
             "handshake-hash": POSTFIX - {"smtp"}},
    "courier": {"old-versions": COURIER, "suite-order": USERS, "handshake-hash": USERS,
                "injection": {"pop3", "imap"}},
    "cyrus": {"suite-order": CYRUS, "injection": {"pop3", "imap"}, "channel-binding": CYRUS},
    # An error, not a failure: nothing is behind nginx's submission that could take the message.
    "nginx": {"trace": {"submission"}},
}

# Warnings that must be there: a login goes in clear, so TLS is not mandatory, whatever MAIL is told.
WARNS = {
    "dovecot": {"tls-required": {"pop3", "imap"}},
    "nginx": {"tls-required": {"submission", "pop3", "imap"}},
}


def target(*words):
    return subprocess.run([HERE / "target", *words], stdout=subprocess.PIPE, text=True)


def failures(program, file):
    """{(service, column): message}, the same of warnings, and the number of results."""
    text = pathlib.Path(file).read_text()
    service = {port: name for name, port in
               re.findall(r"^  ([a-z0-9-]+): (?:\{port: )?(\d+)", text, re.M)}
    done = subprocess.run([program, "ports", "-t", file, "--full", "--format", "json",
                           "--no-progress"], stdout=subprocess.PIPE, text=True)
    results = json.loads(done.stdout)["results"]
    found, warned = {}, {}
    for r in results:
        if r["outcome"] in ("fail", "error", "warn"):
            _, port, column = r["id"].split("/")
            kind = warned if r["outcome"] == "warn" else found
            kind[service[port], column] = (r.get("failure") or {}).get("message", r["outcome"])
    return found, warned, len(results)


def pairs(table):
    return {(s, column) for column, services in table.items() for s in services}


def judge(name, program, file):
    """Prints what differs from the table; 0 or 1."""
    found, warned, n = failures(program, file)
    wanted, unwarned = pairs(FAILS[name]), pairs(WARNS.get(name, {})) - set(warned)
    for key in sorted(set(found) - wanted):
        print(f"not ok - {name}: {'/'.join(key)} fails: {found[key]}")
    for key in sorted(wanted - set(found)):
        print(f"not ok - {name}: {'/'.join(key)} does not fail any more")
    for key in sorted(unwarned):
        print(f"not ok - {name}: {'/'.join(key)} does not warn")
    good = set(found) == wanted and not unwarned and n
    if good:
        print(f"ok - {name}: {n} answers, {len(found)} failures, as explained")
    return not good


def main():
    program, state = sys.argv[1], pathlib.Path(sys.argv[2])
    bad = 0
    for name in sys.argv[3:] or FAILS:
        folder = str(state / name)
        started = target("start", name, "--state", folder)
        if started.returncode == SKIPPED:
            sys.exit(SKIPPED)
        try:
            if started.returncode:
                print(f"not ok - {name} did not start")
                bad += 1
            else:
                bad += judge(name, program, started.stdout.strip())
        finally:
            target("remove", name, "--state", folder)
    sys.exit(1 if bad else 0)


main()
