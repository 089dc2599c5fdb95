#!/usr/bin/env python3
"""Profiles as people use them: listing, fleets on loopback, published settings as a test.

usage: test_profiles.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import concurrent.futures
import contextlib
import imaplib
import json
import pathlib
import re
import smtplib
import socket
import ssl
import sys
import tempfile

from running import ROOT, TESTS, expect, expect_exit, run, run_tests, serving, test

PROFILES = sorted(f.stem for f in (ROOT / "scenarios/profiles").glob("*.yaml"))
PROVIDERS = [n for n in PROFILES if "\noffers:" in (ROOT / f"scenarios/profiles/{n}.yaml").read_text()]


def fleet(profile, *args):
    """A fleet on loopback; gives its state folder, whose name is no easy one."""
    return serving("--profile", str(profile), *args, prefix="state, with: {odd} name-")


def ports(state, subject, *args):
    """`ports` on a fleet: the exit status, and outcome and sentence of each expectation."""
    result = run("ports", subject, "--resolve-file", state / "resolve", "--cacert", state / "ca.pem",
                 "--format", "json", "--no-progress", *args)
    expect(result.stdout.startswith("{"), result.returncode, result.stdout, result.stderr)
    document = json.loads(result.stdout)
    found = {}
    for r in document["results"]:
        if r["id"].startswith("ports/expect/"):
            found[r["id"][len("ports/expect/"):]] = (
                r["outcome"], (r.get("failure") or {}).get("message") or r.get("reason") or "", r)
    return result.returncode, found


def resolved(state):
    lines = [l.split() for l in (state / "resolve").read_text().splitlines() if l and l[0] != "#"]
    return {published: int(where.rsplit(":", 1)[1]) for published, where in lines}


def several(function, names):
    """They mostly wait."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(function, names))


# ---- listing ----

@test
def the_list_fits_100_columns_and_names_all():
    result = run("profiles")
    expect_exit(result, 0)
    for line in result.stdout.splitlines():
        expect(len(line) <= 100, len(line), line)
    for name in PROFILES:
        expect(re.search(rf"^{name} ", result.stdout, re.M), name, "is missing")
    expect(re.search(r"^icloud +993 +none +587 STARTTLS", result.stdout, re.M), result.stdout)


@test
def one_profile_in_full():
    for word in ("icloud", "someone@me.com", "icloud.com", ROOT / "scenarios/profiles/icloud.yaml"):
        text = run("profiles", word).stdout
        for part in ("imap.mail.me.com:993, implicit TLS", "local part of the address", "app password",
                     "POP3        not offered", "ISPDB", "2026-03-12", "SMTP wants the full"):
            expect(part in text, word, part, text)


@test
def json_holds_everything():
    everything = json.loads(run("profiles", "--json").stdout)
    expect([p["name"] for p in everything] == sorted(PROFILES), everything)
    one = json.loads(run("profiles", "icloud", "--json").stdout)
    expect(one["notOffered"] == ["pop3"] and one["services"][0]["user"] == "local-part", one)
    expect(one["services"][1]["auth"] == ["app-password"] and one["kind"] == "offers", one)
    expect(json.loads(run("profiles", "hubspot", "--json").stdout)["services"][0]["host"] is None)


@test
def unknown_names():
    for args in (("profiles", "gmial"), ("serve", "--profile", "gmial"), ("ports", "localhost", "--expect", "gmial")):
        result = run(*args)
        expect_exit(result, 2)
        expect('did you mean "gmail"?' in result.stdout + result.stderr, args, result.stderr)
    expect_exit(run("profiles", "gmail", "yahoo"), 2)
    for command in (("profiles",), ("serve", "--profile")):
        result = run(*command, "./not-there.yaml")
        expect_exit(result, 3)
        expect("cannot open the file ./not-there.yaml: No such file" in result.stderr, result.stderr)


@test
def a_wrong_file_is_shown_with_its_place():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mine.yaml"
        file.write_text("name: x\noffers:\n  imap: {host: h.test, port: 993, tls: implict}\n")
        for args in (("check", file), ("profiles", file), ("serve", "--profile", file),
                     ("ports", "localhost", "--expect", file)):
            result = run(*args)
            expect_exit(result, 3)
            expect('did you mean "implicit"?' in result.stderr and "mine.yaml:3:40" in result.stderr,
                   args, result.stderr)


@test
def a_mistake_is_said_once_and_as_one_of_a_profile():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mine.yaml"
        row = "    - {host: h.test, port: 993, tls: implicit}\n"
        file.write_text("name: x\noffers:\n  imap:\n" + 3 * row
                        + 2 * "    - {host: h.test, port: 99300, tls: implicit}\n")
        result = run("check", file)
        expect(result.stderr.count("stands twice") == 2 and "4 mistakes" in result.stderr, result)
        file.write_text("name: x\ndomains: [h.test]\noffer:\n  imap:\n" + row)
        result = run("check", file)
        expect('unknown key "offer" in a profile; did you mean "offers"?' in result.stderr, result)
        file.write_text("- a\n")  # a baseline, released before its mistakes are shown
        expect("mine.yaml:1:3" in run("check", file).stderr, run("check", file))


@test
def check_covers_the_bundled_ones():
    expect(f"{len(PROFILES)} profiles" in run("check").stdout, run("check").stdout)
    expect_exit(run("check", ROOT / "scenarios/profiles/gmail.yaml"), 0)


@test
def the_schema_is_printed():
    result = run("schema", "profile")
    expect_exit(result, 0)
    expect(json.loads(result.stdout)["title"] == "mailassay profile", result.stdout[:200])


# ---- fleets ----

@test
def every_fleet_passes_its_own_profile():
    def passes(name):
        with fleet(name) as state:
            status, found = ports(state, name)
            expect(status == 0, name, status, found)
            expect(found and all(o == "pass" for o, *_ in found.values()), name, found)

    several(passes, PROVIDERS)


@test
def every_fleet_fails_another_profile():
    def fails(name):
        other = PROVIDERS[PROVIDERS.index(name) - 1]
        with fleet(name) as state:
            status, found = ports(state, name, "--expect", other)
            expect(status == 1, name, other, status, found)
            sentences = [s for o, s, _ in found.values() if o == "fail"]
            expect(any("does not carry the published host" in s for s in sentences), name, other, found)

    several(fails, PROVIDERS)


@test
def a_failure_points_at_the_line_of_the_profile():
    with fleet("gmail") as state:
        status, found = ports(state, "gmail", "--expect", "yahoo")
        outcome, sentence, result = found["pop.mail.yahoo.com:995"]
        failure = result["failure"]
        expect(status == 1 and outcome == "fail", found)
        expect("pop.mail.yahoo.com" in failure["sourceLine"] and result["file"].endswith("yahoo.yaml"), result)
        expect("it is for imap.gmail.com, pop.gmail.com, smtp.gmail.com" in sentence, sentence)


@test
def defects_are_told_in_a_sentence():
    for profile, fault, row, sentence in (
            ("gmail", "tls.implicit.speaks-plain", "imap.gmail.com:993",
             "speaks IMAP in clear text and offers STARTTLS, where implicit TLS is published"),
            ("icloud", "tls.plain.speaks-tls", "smtp.mail.me.com:587",
             "expects TLS from the first byte where STARTTLS is published"),
            ("icloud", "tls.starttls.not-offered", "smtp.mail.me.com:587",
             "does not offer STARTTLS, although it is published"),
            ("posteo", "tls.certificate.wrong-name", "posteo.de:993",
             "does not carry the published host posteo.de")):
        with fleet(profile, "--fault", fault) as state:
            status, found = ports(state, profile, "--timeout", "3s")
            expect(status == 1 and found[row][0] == "fail" and sentence in found[row][1], fault, found)


@test
def certificate_faults_are_those_of_all_hosts():
    for fault, sentence in (("expired", "certificate has expired; give the server a valid one"),
                            ("self-signed", "self-signed certificate"),
                            ("unknown-authority", "unable to get local issuer certificate"),
                            ("wildcard-inside", "does not carry the published host")):
        with fleet("gmail", "--fault", f"tls.certificate.{fault}") as state:
            status, found = ports(state, "gmail")
            sentences = [s for outcome, s, _ in found.values() if outcome == "fail"]
            expect(status == 1 and len(sentences) == 4 and all(sentence in s for s in sentences), fault, found)


@test
def what_is_not_offered_is_refused():
    with fleet("icloud") as state:
        expect({"imap.mail.me.com:110", "imap.mail.me.com:995"} <= set(resolved(state)), resolved(state))
        with contextlib.closing(socket.socket()) as s:
            expect(s.connect_ex(("127.0.0.1", resolved(state)["imap.mail.me.com:995"])) != 0)
        status, found = ports(state, "icloud")
        expect(status == 0 and found["no-POP3"][0] == "pass", found)
    with fleet("outlook") as state:
        status, found = ports(state, "outlook", "--expect", "icloud")
        expect(status == 1 and "answers as POP3" in found["no-POP3"][1], found)


@test
def logins_are_those_of_the_profile():
    with fleet("outlook") as state:
        where = resolved(state)
        context = ssl.create_default_context(cafile=str(state / "ca.pem"))
        context.check_hostname = False
        with contextlib.closing(socket.create_connection(
                ("127.0.0.1", where["outlook.office365.com:993"]))) as raw:
            tls = context.wrap_socket(raw, server_hostname="outlook.office365.com")
            tls.sendall(b"a CAPABILITY\r\nb LOGIN x y\r\n")
            said = b""
            while b"\r\nb " not in said:
                said += tls.recv(4096)
        expect(b"AUTH=XOAUTH2" in said and b"AUTH=PLAIN" not in said and b"b NO" in said, said)
    with fleet("gmx") as state:
        where = resolved(state)
        context = ssl.create_default_context(cafile=str(state / "ca.pem"))
        context.check_hostname = False
        password = (state / "alice@gmx.com.password").read_text().strip()
        with smtplib.SMTP("127.0.0.1", where["mail.gmx.com:587"], timeout=10) as client:
            client.starttls(context=context)
            client.login("alice@gmx.com", password)
            client.sendmail("alice@gmx.com", ["bob@gmx.com"], "Subject: fleet\r\n\r\nhello\r\n")
        box = imaplib.IMAP4_SSL("127.0.0.1", where["imap.gmx.com:993"], ssl_context=context)
        box.login("bob@gmx.com", (state / "bob@gmx.com.password").read_text().strip())
        box.select("INBOX")
        expect(b"Subject: fleet" in box.fetch("1", "(BODY[])")[1][0][1])
        box.logout()


@test
def a_fleet_is_a_target():
    with fleet("web-de") as state:
        result = run("run", "-t", state / "target.yaml", "pop3/transaction/stat")
        expect_exit(result, 0)


@test
def odd_names_and_numeric_hosts_can_be_played():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "odd, name: {x} \"y\".yaml"
        file.write_text("name: 'Odd: # x'\nauth: password\noffers:\n  imap:\n"
                        "    - {host: 192.0.2.7, port: 993, tls: implicit}\n"
                        "    - {host: '2001:db8::1', port: 993, tls: implicit}\n")
        with fleet(file) as state:
            expect_exit(run("check", state / "target.yaml"), 0)
            status, found = ports(state, file)
            expect(status == 0 and len(found) == 2, status, found)


@test
def mail_between_servers_has_no_port_of_implicit_tls():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mine.yaml"
        file.write_text("name: x\noffers:\n  mx: {host: mx.h.test, port: 25, tls: starttls}\n"
                        "  submission: {host: smtp.h.test, port: 587, tls: starttls}\n")
        for fault in ("tls.starttls.not-offered", "tls.starttls.offered-but-refused"):
            with fleet(file, "--fault", fault) as state:
                found = ports(state, file)[1]
            mx, submission = found["mx.h.test:25"], found["smtp.h.test:587"]
            expect(mx[0] == "fail" and "(465)" not in mx[1] and "password" not in mx[1], mx[1])
            expect(submission[0] == "fail" and "(465)" in submission[1], submission[1])


@test
def some_ports_of_a_profile_can_be_looked_at():
    with fleet("gmail") as state:
        status, found = ports(state, "gmail", "--ports", "993,submission")
        outcomes = {name: outcome for name, (outcome, *_) in found.items()}
        expect(status == 5 and outcomes == {"imap.gmail.com:993": "pass", "smtp.gmail.com:587": "pass",
                                            "pop.gmail.com:995": "error",
                                            "smtp.gmail.com:465": "error"}, status, found)
        for given in ("143", "nonsense"):
            expect_exit(run("ports", "gmail", "--ports", given), 2)


@test
def ports_can_be_chosen():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    with fleet("gmail", "--port", f"imap.gmail.com:993={free}") as state:
        expect(resolved(state)["imap.gmail.com:993"] == free, resolved(state))
    for wrong in ("imap.gmail.com:994=1993", "imap.gmail.com=1", "x"):
        expect_exit(run("serve", "--profile", "gmail", "--port", wrong), 2)


@test
def what_cannot_be_played():
    result = run("serve", "--profile", "thunderbird")
    expect_exit(result, 2)
    expect("thunderbird is a client" in result.stderr, result.stderr)
    expect_exit(run("serve", "--profile", "gmail", "imaps"), 2)
    expect_exit(run("serve", "--profile", "gmail", "--journal", "/tmp/x"), 2)


# ---- clients' demands, and settings of one's own ----

@test
def clients_find_what_they_need():
    with fleet("gmx") as state:
        for client in ("thunderbird", "apple-mail", "outlook-client", "hubspot"):
            status, found = ports(state, "gmx", "--expect", client)
            expect(status == 0 and found["imap"][0] == "pass" and found["submission"][0] == "pass",
                   client, status, found)
    with fleet("outlook") as state:
        status, found = ports(state, "outlook", "--expect", "thunderbird")
        expect(status == 1 and "offers none of the logins that are needed" in found["imap"][1], found)
    with fleet("icloud") as state:
        status, found = ports(state, "icloud", "--expect", "thunderbird")
        expect(found["imap"][0] == "pass" and found["pop3"][0] == "skip", found)


@test
def published_settings_of_ones_own():
    with tempfile.TemporaryDirectory() as folder:
        mine, wrong = pathlib.Path(folder) / "mine.yaml", pathlib.Path(folder) / "wrong.yaml"
        text = ("name: Mine\nauth: password\noffers:\n  imap: {host: mail.example.test, port: 993, tls: implicit}\n"
                "  submission: {host: mail.example.test, port: 587, tls: starttls}\n")
        mine.write_text(text)
        wrong.write_text(text.replace("587, tls: starttls", "587, tls: implicit").replace(
            "auth: password", "auth: oauth2"))
        with fleet(mine) as state:
            status, found = ports(state, mine)
            expect(status == 0 and len(found) == 2, status, found)
            status, found = ports(state, wrong)
            expect(status == 1, status, found)
            status, found = ports(state, "mail.example.test", "--expect", mine, "--ports", "993,587", "-4")
            expect(status == 0, status, found)
            status, found = ports(state, "mail.example.test", "--expect", wrong, "--ports", "993,587", "-4")
            expect(status == 1, status, found)
            expect("publish it as STARTTLS" in found["mail.example.test:587"][1], found)
            expect("offers no login with OAuth2" in found["mail.example.test:993"][1], found)
            status, found = ports(state, "mail.example.test", "--expect", mine, "--ports", "993", "-4")
            expect(found["mail.example.test:587"][0] == "error", found)
            expect("was not visited" in found["mail.example.test:587"][1], found)


@test
def check_looks_at_ports_and_modes():
    row = "name: x\noffers:\n  %s: {host: h.test, port: %d, tls: %s}\n"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mine.yaml"
        for service, port, tls, said in (("imap", 993, "starttls", "is TLS from the first byte, but tls is not implicit"),
                                         ("submission", 587, "implicit", "begins in clear text, but tls is not starttls"),
                                         ("imap", 1993, "starttls", None), ("pop3", 110, "none", None),
                                         ("mx", 25, "starttls", None)):
            file.write_text(row % (service, port, tls))
            result = run("check", file)
            expect_exit(result, 3 if said else 0)
            expect(not said or said in result.stderr and "mine.yaml:3:" in result.stderr, result.stderr)


@test
def a_host_is_not_the_domain_of_its_users():
    domains = "<domain>example.test</domain>"
    text = """<clientConfig version="1.1"><emailProvider id="x">%s<incomingServer type="imap">
        <hostname>imap.%%EMAILDOMAIN%%</hostname><port>993</port><socketType>SSL</socketType>
        <username>%%EMAILADDRESS%%</username><authentication>password-cleartext</authentication>
        </incomingServer></emailProvider></clientConfig>"""
    with tempfile.TemporaryDirectory() as folder:
        file, mine = pathlib.Path(folder) / "autoconfig.xml", pathlib.Path(folder) / "mine.yaml"
        mine.write_text("name: x\nauth: password\noffers:\n  imap: {host: imap.example.test, port: 993, tls: implicit}\n")
        with fleet(mine) as state:
            file.write_text(text % domains)
            status, found = ports(state, file)
            expect(status == 0 and list(found) == ["imap.example.test:993"], status, found)
            route = f"new.example.test:993:127.0.0.1:{resolved(state)['imap.example.test:993']}"
            status, found = ports(state, "new.example.test", "--expect", file, "--ports", "993", "--resolve", route)
            expect(list(found) == ["imap.example.test:993"], status, found)
            file.write_text(text % (domains + "<domain>other.test</domain>"))
            result = run("ports", "new.example.test", "--expect", file)
            expect_exit(result, 3)
            expect("name an address (me@example.org)" in result.stderr, result.stderr)


if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
