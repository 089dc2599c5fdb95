#!/usr/bin/env python3
"""Every clause that the program names in its own code (faults, rules, columns of the port matrix, DNS
policies) is one of scenarios/clauses.

usage: clauses.py SOURCE_FOLDER"""
import pathlib
import re
import sys

import yaml

NAMED = re.compile(r'"(rfc\d+/[0-9A-Za-z.]+/[a-z0-9-]+)"')


def known(root):
    ids = set()
    for path in sorted((root / "scenarios/clauses").glob("rfc*.yaml")):
        document = yaml.safe_load(path.read_text())
        ids |= {f"rfc{document['rfc']}/{name}" for name in document["clauses"]}
    return ids


def named(root):
    for folder in ("harness", "servers-under-test/reference"):
        for path in sorted((root / folder).rglob("*")):
            ours = path.suffix in (".c", ".h", ".def") and not path.name.startswith("test_")
            if not ours or path.parent.name == "wire":  # there rules of the grammar have names alike
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for clause in NAMED.findall(line):
                    yield path, number, clause


def main(folder):
    root = pathlib.Path(folder)
    ids, count, bad = known(root), 0, 0
    for path, number, clause in named(root):
        count += 1
        if clause not in ids:
            bad += 1
            print(f"{path}:{number}: no clause is called {clause}")
    print(f"{count} clauses named in code, {bad} unknown")
    return bad > 0 or count < 500


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
