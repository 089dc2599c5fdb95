#!/usr/bin/env python3
"""What `meson install` installs works without the source tree.

usage: test_install.py BUILD_FOLDER              (TAP on standard output)"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def main(build):
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root], check=True,
                       stdout=subprocess.DEVNULL)
        prefix = next(pathlib.Path(root).rglob("bin/mailassay")).parent.parent
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAILASSAY")}
        program = prefix / "bin/mailassay"

        def output(*args):
            return subprocess.run([program, *args], cwd="/", env=env, text=True, check=True,
                                  capture_output=True, timeout=60).stdout

        explained = output("explain", "pop3/transaction/stat")
        completion = (prefix / "share/bash-completion/completions/mailassay").read_text()
        checks = [
            ("the scenarios are installed", (prefix / "share/mailassay/scenarios/clauses/rfc1939.yaml").exists()),
            ("the program finds them", "STAT" in explained),
            ("schemas are found", '"$schema"' in output("schema", "target")),
            ("the man page is there", any(prefix.rglob("man1/mailassay.1*"))),
            ("the completion completes", "complete " in completion and "selftest" in completion),
            ("the selftest of one check works",
             bool(re.search(r"([1-9]\d*) checks, \1 passed, .* 0 survived, 0 unproved",
                            output("selftest", "pop3/transaction/stat")))),
        ]
    print(f"1..{len(checks)}")
    for number, (name, good) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
