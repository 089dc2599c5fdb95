"""What the end-to-end tests share: the program and the sources from the command line, running it,
expecting, the reference servers, and TAP.

usage of every such test: test_NAME.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def environment(**more):
    return dict(os.environ, NO_COLOR="1", MAILASSAY_SCENARIOS=str(ROOT / "scenarios"), **more)


def run(*args, env=None, timeout=120, **kwargs):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True,
                          env=environment(**(env or {})), timeout=timeout, errors="replace", **kwargs)


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def expect_exit(result, status):
    expect(result.returncode == status, "exit", result.returncode, "instead of", status, "\n",
           result.stdout[-3000:], result.stderr[-1500:])


@contextlib.contextmanager
def serving(*args, password=None, prefix="mailassay-test-"):
    """`mailassay serve`; gives its state folder, with target.yaml, resolve and ca.pem."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        state = pathlib.Path(name)
        if password:
            (state / "canary").write_text(password + "\n")
            args = ("--password-file", str(state / "canary"), *args)
        process = subprocess.Popen([PROGRAM, "serve", "--state", name, *args],
                                   stdout=subprocess.DEVNULL, env=environment())
        try:
            deadline = time.monotonic() + 20
            while not (state / "target.yaml").exists():  # the last file that is written
                expect(process.poll() is None and time.monotonic() < deadline, "serve did not start")
                time.sleep(0.02)
            yield state
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            expect(process.returncode == 0, "serve ended with", process.returncode)


def port_of(state, service):
    text = (state / "target.yaml").read_text()
    return int(re.search(rf"^  {service}: {{port: (\d+)", text, re.M).group(1))


def dead_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_tests(tests, *args, before=lambda: None):
    """Calls each with args, before() in front of it; the exit status."""
    print(f"1..{len(tests)}")
    failed = 0
    for number, function in enumerate(tests, 1):
        before()
        try:
            function(*args)
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception as error:  # a test that crashes is a test that fails
            failed += 1
            lines = f"{type(error).__name__}: {error}".splitlines()
            print(f"not ok {number} - {function.__name__}", *("# " + line for line in lines),
                  sep="\n", flush=True)
    return 1 if failed or not tests else 0
