#!/usr/bin/env python3
"""Counts the test cases of the last meson runs: every TAP line, and each test without TAP as one.

usage: count_tests.py BUILD_FOLDER...
Exits with 1 when something failed or when nothing ran at all."""
import json
import pathlib
import re
import sys

TAP = re.compile(r"^(ok|not ok)\b[^#\n]*(#\s*(SKIP|TODO)\b.*)?$", re.M | re.I)


def cases(test):
    """(passed, failed, skipped) of one entry of meson's log."""
    good, bad, skipped = 0, 0, 0
    for word, _, mark in TAP.findall(test.get("stdout") or ""):
        if (mark or "").upper() == "SKIP":
            skipped += 1
        elif word.lower() == "ok":
            good += 1
        else:
            bad += 1
    if test["result"] == "SKIP":
        return 0, 0, 1
    if test["result"] not in ("OK", "EXPECTEDFAIL"):
        return good, max(bad, 1), skipped
    if not good + bad + skipped:
        good = 1
    return good, bad, skipped


def main(folders):
    total = [0, 0, 0]
    for folder in folders:
        log = pathlib.Path(folder) / "meson-logs" / "testlog.json"
        sums = [0, 0, 0]
        with open(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                sums = [a + b for a, b in zip(sums, cases(json.loads(line)))]
        print(f"{folder}: {sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
        total = [a + b for a, b in zip(total, sums)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
