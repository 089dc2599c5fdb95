#!/usr/bin/env python3
"""`mailassay ports` as people run it: the reference servers, ports that speak something else, limits,
exit statuses, formats. Everything on loopback.

usage: test_ports.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import jsonschema

from running import (PROGRAM, ROOT, TESTS, dead_port, environment, expect, expect_exit, port_of, run,
                     run_tests, serving, test)

sys.path.insert(0, str(ROOT / "harness/net"))
import zone_fixture  # noqa: E402

HOST = "mail.mailassay.test"


class Script:
    """A server that does `talk(socket)` with every connection, and counts them."""

    def __init__(self, talk):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.socket.getsockname()[1]
        self.talk, self.accepted, self.early = talk, 0, b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.one, args=(peer,), daemon=True).start()

    def one(self, peer):
        with contextlib.suppress(OSError), peer:
            self.talk(self, peer)

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def scripted(talk):
    server = Script(talk)
    try:
        yield server
    finally:
        server.close()


def look(state, *args, host=HOST, **kwargs):
    return run("ports", host, "--resolve-file", state / "resolve", "--cacert", state / "ca.pem",
               "--no-progress", *args, **kwargs)


def one_port(service, port, *args, **kwargs):
    return run("ports", "127.0.0.1", "-p", f"{service}={port}", "--no-progress", "--timeout", "2s",
               *args, **kwargs)


def results(result):
    return json.loads(result.stdout)


# ---- the reference servers ----

@test
def the_reference_servers_pass(state):
    result = look(state, "--format", "json")
    expect_exit(result, 0)
    document = results(result)
    bad = [r["id"] for r in document["results"] if r["outcome"] not in ("pass", "skip", "note")]
    expect(not bad, bad)
    expect(document["summary"]["counts"]["pass"] >= 80, document["summary"]["counts"])


@test
def every_port_takes_five_connections_at_most(state):
    document = results(look(state, "--format", "json"))
    rows = document["matrices"][0]["rows"]
    at = document["matrices"][0]["columns"].index("conn")
    counts = [int(row[at]["text"]) for row in rows]
    expect(len(counts) == 8 and all(2 <= n <= 5 for n in counts), counts)
    expect(document["run"]["connections"] == sum(counts), document["run"]["connections"], counts)


@test
def connections_are_counted_as_the_server_counts_them(state):
    def greet(server, peer):
        peer.sendall(b"220 mx.example ESMTP\r\n")
        while line := peer.recv(4096):
            peer.sendall(b"250 mx.example\r\n" if line[:4] in (b"EHLO", b"RSET", b"NOOP") else
                         b"221 bye\r\n" if line[:4] == b"QUIT" else b"502 no\r\n")
    with scripted(greet) as server:
        document = results(one_port("smtp", server.port, "--format", "json"))
        expect(document["run"]["connections"] == server.accepted <= 5,
               document["run"]["connections"], server.accepted)


@test
def a_fault_is_found_with_its_fix(state):
    with serving("--fault", "tls.versions.old-accepted") as faulty:
        result = look(faulty)
        expect_exit(result, 1)
        expect("old-versions" in result.stdout and "RFC 8996" in result.stdout, result.stdout)


@test
def the_full_look_passes_too(state):
    result = look(state, "--full", "-p", "25,587,993", "--format", "json")
    expect_exit(result, 0)
    ids = {r["id"].split("/")[-1] for r in results(result)["results"] if r["outcome"] == "pass"}
    expect({"suites", "groups", "tolerance"} <= ids, ids)


@test
def the_table_fits_a_hundred_columns(state):
    result = look(state)
    long = [line for line in result.stdout.splitlines() if len(line) > 100]
    expect(not long, long)
    expect(re.search(r"^993 imaps +✔", result.stdout, re.M), result.stdout)


# ---- ports that speak something else: the sentence and the fix ----

def mismatch(result, *words):
    expect_exit(result, 1)
    text = " ".join(result.stdout.split())
    for word in words:
        expect(word in text, repr(word), "is missing in\n", result.stdout)


@test
def clear_text_on_an_implicit_port(state):
    mismatch(one_port("imaps", port_of(state, "imap"), "--cacert", state / "ca.pem"),
             "IMAP", "in clear", "STARTTLS")


@test
def tls_on_a_clear_text_port(state):
    mismatch(one_port("imap", port_of(state, "imaps"), "--cacert", state / "ca.pem"),
             "waits for a TLS handshake", "implicit TLS")


@test
def another_protocol(state):
    mismatch(one_port("imaps", port_of(state, "pop3s"), "--cacert", state / "ca.pem"), "POP3")


@test
def http_is_named(state):
    def http(server, peer):
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    with scripted(http) as server:
        mismatch(one_port("imaps", server.port), "HTTP")


@test
def silence_is_said(state):
    def silent(server, peer):
        while peer.recv(4096):
            pass
    with scripted(silent) as server:
        result = one_port("imap", server.port)
        expect(result.returncode in (1, 5), result.returncode)
        expect("says nothing" in result.stdout or "silen" in result.stdout, result.stdout)


@test
def servers_that_never_stop_sending_have_no_more_time_than_silent_ones(state):
    def flood(server, peer):
        peer.recv(4096)
        while True:  # HelloRequests, which are passed over in a handshake
            peer.sendall(b"\x16\x03\x03\x40\x00" + b"\0" * 16384)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(scripted(flood)) for _ in range(6)]
        began = time.monotonic()
        result = run("ports", "127.0.0.1", "-p", ",".join(f"imaps={s.port}" for s in servers),
                     "--timeout", "1s", "--no-progress")
        took = time.monotonic() - began
    expect_exit(result, 5)
    expect("no answer in time" in result.stdout, result.stdout)
    expect(took < 15, took, "s")


@test
def a_slow_banner_is_waited_for_and_not_spoken_over(state):
    def slow(server, peer):
        time.sleep(1.2)
        peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            server.early += peer.recv(4096)
        peer.setblocking(True)
        peer.sendall(b"* OK slow ready\r\n")
        while line := peer.recv(4096):
            tag = line.split()[0]
            if b"CAPABILITY" in line.upper():
                peer.sendall(b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" + tag + b" OK\r\n")
            elif b"LOGOUT" in line.upper():
                peer.sendall(b"* BYE\r\n" + tag + b" OK\r\n")
            else:
                peer.sendall(tag + b" BAD\r\n")
    with scripted(slow) as server:
        result = one_port("imap", server.port, "--timeout", "5s")
        expect(not server.early, server.early)
        expect("STARTTLS" in result.stdout, result.stdout)


# ---- what is no verdict ----

@test
def nothing_listens_is_not_success(state):
    result = one_port("imaps", dead_port())
    expect_exit(result, 5)
    expect("nothing listens" in result.stdout or "refused" in result.stdout, result.stdout)


@test
def a_rate_limit_is_no_verdict(state):
    def busy(server, peer):
        peer.sendall(b"421 4.7.0 too many connections, try again later\r\n")
    with scripted(busy) as server:
        result = one_port("smtp", server.port, "--format", "json")
        expect_exit(result, 5)
        document = results(result)
        expect(document["run"]["rateLimited"], "not said")
        expect(not document["summary"]["counts"]["fail"], document["summary"]["counts"])


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@test
def a_limit_in_the_middle_is_said_once(state):
    def limited(server, peer):
        if server.accepted > 2:
            peer.sendall(b"421 4.7.0 too many connections\r\n")
            return
        with socket.create_connection(("127.0.0.1", port_of(state, "submission"))) as behind:
            threading.Thread(target=pump, args=(peer, behind), daemon=True).start()
            pump(behind, peer)
    with scripted(limited) as server:
        result = run("ports", HOST, "-p", "587", "--no-progress", "--cacert", state / "ca.pem",
                     "--resolve", f"{HOST}:587:127.0.0.1:{server.port}")
    expect_exit(result, 5)
    expect(re.search(r"ERROR +\d questions: the server had enough of us", result.stdout), result.stdout)
    expect(result.stdout.count("had enough of us") == 2, result.stdout)
    expect("421 4.7.0" in result.stdout, result.stdout)


@test
def an_interruption_still_reports(state):
    def silent(server, peer):
        while peer.recv(4096):
            pass
    with scripted(silent) as server, tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "r.json"
        process = subprocess.Popen([PROGRAM, "ports", "127.0.0.1", "-p", f"imap={server.port}",
                                    "--timeout", "30s", "--report", f"json={report}"],
                                   env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not server.accepted:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        expect(process.wait(20) == 130, process.returncode)
        expect(json.loads(report.read_text())["run"]["interrupted"], "not said")


@test
def an_interruption_accuses_nobody(state):
    def hang_in_the_handshake(server, peer):
        peer.sendall(b"220 mx.example ESMTP\r\n")
        for line in peer.makefile("rb"):
            word = line[:4].upper()
            peer.sendall(b"250-mx.example\r\n250 STARTTLS\r\n" if word == b"EHLO" else
                         b"220 go\r\n" if word == b"STAR" else b"503 no\r\n")
            if word == b"STAR":
                server.hangs = True
                time.sleep(20)
    with tempfile.TemporaryDirectory() as folder, scripted(hang_in_the_handshake) as server:
        report = pathlib.Path(folder) / "report.json"
        server.hangs = False
        process = subprocess.Popen([PROGRAM, "ports", "127.0.0.1", "-p", f"smtp={server.port}",
                                    "--report", f"json={report}"], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not server.hangs:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        expect(process.wait(20) == 130, process.returncode)
        document = json.loads(report.read_text())
        expect(not document["summary"]["counts"]["fail"], document["summary"])
        expect("interrupted before all was known" in document["summary"]["verdict"], document["summary"])
        errors = {r.get("reason") for r in document["results"] if r["outcome"] == "error"}
        expect(errors == {"interrupted before it was known"}, errors)


# ---- domains ----

DOMAIN = "mailassay.test"
RECORDS = """@ MX 10 mail
mail A 127.0.0.1
_imaps._tcp SRV 0 1 993 mail
_submissions._tcp SRV 0 1 465 mail
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@mailassay.test"
@ CAA 0 issue "ca.example"
"""


def look_at_domain(state, zone, *args, word=DOMAIN):
    with zone_fixture.Zones(zone) as zones:
        return look(state, "--resolver", zones.resolver, "--trust-anchor", zones.anchor,
                    "--format", "json", *args, host=word)


@test
def an_account_answers_what_needs_a_login(state):
    """And nobody logs in at the ports of the file that are not looked at."""
    result = run("ports", "-t", state / "target.yaml", "--ports", "imap,submission", "--format", "json")
    expect_exit(result, 0)
    document = results(result)
    imap, submission = port_of(state, "imap"), port_of(state, "submission")
    expect(sorted(s["port"] for s in document["target"]["services"]) == sorted([imap, submission]), document["target"])
    by_id = {r["id"]: r["outcome"] for r in document["results"]}
    expect(by_id[f"ports/{imap}/channel-binding"] == "pass", by_id)
    expect(by_id[f"ports/{submission}/trace"] == "pass", by_id)
    everything = results(run("ports", "-t", state / "target.yaml", "--format", "json"))["run"]["connections"]
    # a quarter of the ports
    expect(document["run"]["connections"] < everything / 2, document["run"]["connections"], everything)
    expect_exit(run("ports", "-t", state / "target.yaml", "--ports", "4190"), 2)


@test
def a_domain_is_looked_up_and_its_policies_are_judged(state):
    result = look_at_domain(state, zone_fixture.Zone(DOMAIN, RECORDS, signed=True))
    expect_exit(result, 0)
    document = results(result)
    by_id = {r["id"]: r["outcome"] for r in document["results"]}
    expect(by_id.get("ports/dns/mx") == "pass" and by_id.get("ports/dns/tlsrpt") == "pass", by_id)
    expect(by_id.get("ports/dns/dane") == "warn", "no TLSA record was not noticed")
    ports = sorted(s["port"] for s in document["target"]["services"])
    expect(ports == [25, 465, 993], ports)


@test
def what_cannot_be_read_of_a_domain_is_said(state):
    """Its name has an address, so that autoconfig is asked for there; nothing but a silent port answers."""
    with scripted(lambda server, peer: peer.close()) as web:
        result = look_at_domain(state, zone_fixture.Zone(DOMAIN, RECORDS + "@ A 127.0.0.1\nautoconfig A 127.0.0.1\n"),
                                "--connect-to", f"autoconfig.{DOMAIN}:443:127.0.0.1:{web.port}",
                                "--connect-to", f"{DOMAIN}:443:127.0.0.1:{web.port}")
    said = [r["reason"] for r in results(result)["results"] if r["id"].startswith("ports/published/")]
    expect(any("could not be read" in s for s in said), result.stdout[-3000:])


@test
def hosts_are_looked_up_with_the_resolver_that_was_given(state):
    zone = zone_fixture.Zone("inside.test", "@ MX 10 mx\nmx A 127.0.0.1")
    with zone_fixture.Zones(zone) as zones:
        result = run("ports", "someone@inside.test", "--resolver", zones.resolver, "--trust-anchor",
                     zones.anchor, "--no-progress", "--format", "json", "-p", "25", "--timeout", "2s")
    row = next(r for r in results(result)["results"] if r["id"] == "ports/25/mode")
    expect("has no address" not in row["reason"], row)


@test
def an_address_names_its_domain(state):
    result = look_at_domain(state, zone_fixture.Zone(DOMAIN, RECORDS), word="someone@" + DOMAIN)
    expect_exit(result, 0)
    expect("someone@" in result.stdout, "the word is not in the report")


@test
def addresses_are_those_of_the_resolver_that_is_named(state):
    """No other resolver knows this name; nothing listens at the port."""
    zone = zone_fixture.Zone(DOMAIN, f"_imaps._tcp SRV 0 1 {dead_port()} only-here\nonly-here A 127.0.0.1\n")
    result = look_at_domain(state, zone, word="me@" + DOMAIN)
    texts = result.stdout
    expect("only-here.mailassay.test has no address" not in texts and "nothing listens on port" in texts, texts[-3000:])


@test
def what_is_expected_of_a_domain_is_visited(state):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mine.yaml"
        file.write_text("name: x\nauth: password\noffers:\n  imap: {host: mail.mailassay.test, port: 143, "
                        "tls: starttls}\n  submission: {host: mail.mailassay.test, port: 587, tls: starttls}\n")
        result = look_at_domain(state, zone_fixture.Zone(DOMAIN, RECORDS), "--expect", file, word="me@" + DOMAIN)
        by_id = {r["id"]: r["outcome"] for r in results(result)["results"]}
        for port in (143, 587):  # which no record names
            expect(by_id.get(f"ports/expect/mail.mailassay.test:{port}") == "pass", by_id)


@test
def a_bogus_zone_fails(state):
    result = look_at_domain(state, zone_fixture.Zone(DOMAIN, RECORDS, broken="*"))
    expect_exit(result, 1)
    by_id = {r["id"]: r["outcome"] for r in results(result)["results"]}
    expect(by_id.get("ports/dns/mx") == "fail", by_id)


@test
def a_domain_without_mail_is_not_success(state):
    zone = zone_fixture.Zone("empty.test", "@ TXT nothing", signed=True)
    with zone_fixture.Zones(zone) as zones:
        result = run("ports", "someone@empty.test", "--resolver", zones.resolver, "--trust-anchor",
                     zones.anchor, "--no-progress")
    expect_exit(result, 1)
    expect("neither MX nor address" in result.stdout, result.stdout)


@test
def a_name_of_which_nobody_knows_whether_it_is_a_domain_is_not_success(state):
    zone = zone_fixture.Zone("empty.test", "@ TXT nothing")
    with zone_fixture.Zones(zone) as zones:  # answers REFUSED for any other name
        result = look(state, "--resolver", zones.resolver, "--trust-anchor", zones.anchor)
    expect_exit(result, 5)
    expect("nobody knows whether" in result.stdout, result.stdout)


# ---- the command line ----

@test
def wrong_command_lines(state):
    for words, part in ((["ports"], "one host"), (["ports", "a", "b"], "one host"),
                        (["ports", "h", "--quick", "--full"], "exclude"),
                        (["ports", "h", "-4", "-6"], "exclude"),
                        (["ports", "h", "--format", "xml"], "table, json or nagios"),
                        (["ports", "h", "--policy", "rfc932"], "did you mean"),
                        (["ports", "h", "-p", "imapss"], "did you mean"),
                        (["ports", "h", "--expect", "gmial"], "did you mean"),
                        (["ports", "thunderbird"], "--expect thunderbird"),
                        (["ports", "h", "--resolve", "nonsense"], "HOST:PORT:ADDRESS")):
        result = run(*words)
        expect_exit(result, 2)
        expect(part in result.stderr, words, result.stderr)


@test
def bad_files_are_exit_3_with_their_place(state):
    with tempfile.TemporaryDirectory() as folder:
        bad = pathlib.Path(folder) / "bad.yaml"
        bad.write_text("name: x\nthis: is no policy\n")
        for words in (["--policy", bad], ["--expect", bad], ["--resolve-file", bad]):
            result = run("ports", "127.0.0.1", *words)
            expect_exit(result, 3)
            expect(re.search(r"bad\.yaml:\d+:\d+", result.stderr), words, result.stderr)


@test
def a_report_that_cannot_be_written_is_exit_6(state):
    expect_exit(run("ports", "127.0.0.1", "--report", "json=/nonexistent/x.json"), 6)


@test
def every_report_format_has_the_table_or_the_results(state):
    with tempfile.TemporaryDirectory() as folder:
        names = ("json", "junit", "junit-strict", "tap", "html", "text", "markdown")
        reports = [f"--report={name}={folder}/{name}" for name in names]
        expect_exit(look(state, "-p", "993", *reports), 0)
        for name in names:
            text = (pathlib.Path(folder) / name).read_text()
            expect("old-versions" in text or name in ("text", "markdown"), name, text[:500])
        expect(' line="0"' not in (pathlib.Path(folder) / "junit").read_text(), "a line of no file")
        document = json.loads((pathlib.Path(folder) / "json").read_text())
        jsonschema.validate(document, json.loads((ROOT / "reports/schemas/result.json").read_text()))
        for name in ("html", "text", "markdown"):
            expect("clear login" in (pathlib.Path(folder) / name).read_text(), name)


@test
def a_finding_is_looked_at_again_without_its_reports(state):
    with serving("--fault", "tls.certificate.expired") as faulty:
        document = json.loads(look(faulty, "-p", "993", "--format", "json",
                                   "--report", "junit=/dev/null").stdout)
    again = {result.get("rerun") for result in document["results"] if result["outcome"] == "fail"}
    expect(len(again) == 1 and "-p 993" in str(again) and "report" not in str(again), again)
    expect("junit=/dev/null" in document["run"]["commandLine"], document["run"])


@test
def ports_beyond_the_limit_are_not_passed_over(state):
    port = port_of(state, "imaps")
    more = ",".join(f"imaps={20000 + i}" for i in range(200))
    result = run("ports", "127.0.0.1", "-p", f"imaps={port},{more}", "--no-progress", "-q")
    expect("one look takes 200 ports, and 1 more were asked for" in re.sub(r"\s+", " ", result.stdout),
           result.stdout)
    expect(result.returncode in (1, 5), result.returncode)


@test
def monitoring_gets_one_line_and_its_own_statuses(state):
    good = look(state, "-p", "993", "--format", "nagios")
    expect_exit(good, 0)
    expect(re.fullmatch(r"PORTS OK - [^|\n]+ \| ports=1 failed=0;;0 .*days_left=\d+.*\n", good.stdout),
           good.stdout)
    dead = one_port("imaps", dead_port(), "--format", "nagios")
    expect_exit(dead, 3)
    for wrong in [("-p", "993", "--policy", "nonesuch"), ("-p", "nonesuch"), ("--nonesuch",),
                  ("--timeout", "nonesuch"),
                  ("-p", "993", "--report", "json=/nonexistent/report.json")]:
        said = look(state, "--format", "nagios", *wrong)
        expect_exit(said, 3)
        expect(re.fullmatch(r"PORTS UNKNOWN - [^|\n]+\n", said.stdout), said.stdout)
    with serving("--fault", "tls.certificate.expired") as faulty:
        bad = look(faulty, "-p", "993", "--format", "nagios")
        expect_exit(bad, 2)
        expect(bad.stdout.startswith("PORTS CRITICAL") and bad.stdout.count("\n") == 1, bad.stdout)


@test
def columns_are_listed_and_explained(state):
    listed = run("list", "ports")
    expect_exit(listed, 0)
    names = re.findall(r"^ports/(\S+)", listed.stdout, re.M)
    expect(len(names) >= 28, names)
    manual = (ROOT / "docs/ports.md").read_text()
    for name in names:
        explained = run("explain", "ports/" + name)
        expect_exit(explained, 0)
        expect("proved by" in explained.stdout, explained.stdout)
        expect(f"`{name}`" in manual, name, "is not in docs/ports.md")
    as_data = json.loads(run("list", "ports", "--json").stdout)
    expect([row["id"][6:] for row in as_data] == names, as_data)
    expect(all(row["clauses"] and row["provedBy"] for row in as_data), as_data)
    for what in ("--faults", "--invariants"):
        expect(all(row["clause"] for row in json.loads(run("list", "--json", what).stdout)), what)
    for word in ("mode", "T01", "ports/993/mode", "ports/mail.example.org:993/mode[v6]"):
        expect(run("explain", word).stdout.startswith("ports/mode (T01)"), word)
    expect_exit(run("explain", "ports/993/nonesuch"), 2)


@test
def a_name_that_the_server_refuses_is_no_good_tls(state):
    port = (state / "resolve").read_text().split(f"{HOST}:993 127.0.0.1:")[1].split()[0]
    result = run("ports", "other.example", "--resolve", f"other.example:993:127.0.0.1:{port}",
                 "-p", "993", "--no-progress")
    expect_exit(result, 1)
    row = next(line for line in result.stdout.splitlines() if line.startswith("993 imaps"))
    expect(re.fullmatch(r"993 imaps +✔ TLS +- +✖ refused .*", row), row)


def main():
    with serving() as state:
        return run_tests(TESTS, state)


if __name__ == "__main__":
    sys.exit(main())
