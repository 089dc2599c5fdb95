#!/usr/bin/env python3
"""Sizes of functions and files against the limits of the house (functions 60 lines, files 600).

usage: sizes.py [SOURCE_FOLDER]
Prints the spread and the largest; exits with 1 when something passes a limit and is no exception."""
import pathlib
import statistics
import subprocess
import sys

FUNCTION_MAX = 60
FILE_MAX = 600
# name or file -> why it may be larger
EXCEPTIONS = {
}


def sources(root):
    for folder in ("harness", "servers-under-test", "reports"):
        yield from sorted((root / folder).rglob("*.[ch]"))


def functions(files):
    command = ["ctags", "-f", "-", "--fields=+ne", "--kinds-C=f", "--language-force=C", "-L", "-"]
    listing = "\n".join(str(f) for f in files if f.suffix == ".c")
    out = subprocess.run(command, input=listing, text=True, check=True, capture_output=True).stdout
    for line in out.splitlines():
        fields = line.split("\t")
        marks = dict(f.split(":", 1) for f in fields[3:] if ":" in f)
        if "end" in marks:
            yield int(marks["end"]) - int(marks["line"]) + 1, fields[0], fields[1]


def report(what, sizes, limit):
    ordered = sorted(sizes, reverse=True)
    numbers = [s[0] for s in ordered]
    p95 = numbers[len(numbers) // 20]
    print(f"{what}: {len(numbers)}, median {statistics.median(numbers):g}, 95% under {p95}, "
          f"largest {numbers[0]}")
    for size in ordered[:5]:
        print("  ", *size)
    return [s for s in ordered if s[0] > limit and s[1] not in EXCEPTIONS]


def main(root):
    files = list(sources(pathlib.Path(root)))
    lengths = [(len(f.read_bytes().splitlines()), str(f.relative_to(root))) for f in files]
    over = report("functions", list(functions(files)), FUNCTION_MAX)
    over += report("files", lengths, FILE_MAX)
    for size in over:
        print("too large:", *size)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
