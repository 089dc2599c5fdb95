#!/usr/bin/env python3
"""Every header compiles alone, with the include folders that its own folder may see.

usage: headers.py SOURCE_FOLDER"""
import concurrent.futures
import pathlib
import subprocess
import sys

# The layers, each seeing itself and those before it.
LAYERS = ["harness/base", "harness/wire", "harness/task", "harness/net",
          "servers-under-test/reference", "harness/client", "reports", "harness/scenario",
          "harness/step", "harness/profile", "harness/ports", "harness/discover", "harness/cli"]


def compile_alone(job):
    root, header, folders = job
    command = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
               "-Wno-unused-parameter", "-fsyntax-only", "-x", "c"]
    command += [f"-I{root / f}" for f in folders] + [str(header)]
    result = subprocess.run(command, capture_output=True, text=True)
    noise = "-Wno-pragma-once-outside-header"
    return header, result.returncode, result.stderr.replace(noise, "")


def jobs(root):
    for i, layer in enumerate(LAYERS):
        seen = [f for f in LAYERS[:i + 1]
                if not (layer == "harness/client" and f == "servers-under-test/reference")]
        for header in sorted((root / layer).glob("*.h")):
            yield root, header, seen


def main(root):
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for header, status, errors in pool.map(compile_alone, jobs(pathlib.Path(root))):
            if status:
                bad += 1
                print(f"{header} does not compile alone:\n{errors}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
