#!/usr/bin/env python3
"""Clients that none of us wrote do their normal work against the reference servers, in clear text,
with STARTTLS and in implicit TLS: swaks, msmtp, curl, fetchmail, getmail, mbsync, and Python's
imaplib, poplib and smtplib.

usage: test_clients.py MAILASSAY              (TAP on standard output)"""
import email.message
import imaplib
import os
import pathlib
import poplib
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
HOST = "mail.mailassay.test"
TESTS = []


class Servers:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.process = subprocess.Popen([PROGRAM, "serve", "--clear-login", "--state", self.state],
                                        stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (self.state / "target.yaml").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("serve did not start")
            time.sleep(0.02)
        text = (self.state / "target.yaml").read_text()
        self.ports = {name: int(port) for name, port in re.findall(r"^  (\S+): {port: (\d+)", text, re.M)}
        self.ca = str(self.state / "ca.pem")
        self.password = (self.state / "alice.password").read_text().strip()
        # Clients look the host name up; the certificate carries the name and the address.
        self.context = ssl.create_default_context(cafile=self.ca)
        self.context.check_hostname = False

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def imap(self):
        box = imaplib.IMAP4_SSL("127.0.0.1", self.ports["imaps"], ssl_context=self.context)
        box.login("alice", self.password)
        return box

    def empty(self):
        box = self.imap()
        if box.select("INBOX")[1] != [b"0"]:
            box.store("1:*", "+FLAGS.SILENT", "\\Deleted")
            box.expunge()
        box.logout()

    def subjects(self, mailbox="INBOX"):
        box = self.imap()
        box.select(mailbox, readonly=True)
        numbers = box.search(None, "ALL")[1][0].split()
        found = [re.search(rb"Subject: ([^\r]*)", box.fetch(n, "(BODY.PEEK[HEADER])")[1][0][1]).group(1)
                 for n in numbers]
        box.logout()
        return [f.decode() for f in found]

    def put(self, *subjects):
        box = self.imap()
        for subject in subjects:
            text = f"From: a@example.org\r\nTo: alice@mailassay.test\r\nSubject: {subject}\r\n" \
                   f"Message-ID: <{subject}@example.org>\r\n\r\n.dot first\r\nbody of {subject}\r\n"
            assert box.append("INBOX", None, None, text.encode())[0] == "OK"
        box.logout()

    def command(self, *args, stdin=None, status=0, env=None, timeout=60):
        home = dict(os.environ, HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder),
                    LC_ALL="C.UTF-8", **(env or {}))
        result = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, text=True,
                                env=home, timeout=timeout, cwd=self.folder)
        assert result.returncode == status, f"{args[0]} exit {result.returncode}: " \
            f"{result.stdout[-800:]} {result.stderr[-800:]}"
        return result.stdout + result.stderr


def test(name, *modes):
    def note(function):
        for mode in modes:
            TESTS.append((f"{name} {mode}", lambda s, f=function, m=mode: f(s, m)))
        return function
    return note


MAIL = "From: alice@mailassay.test\nTo: alice@mailassay.test\nSubject: {}\n\nhello\n.\n..two dots\nend\n"


def sent(servers, subject):
    assert subject in servers.subjects(), f"{subject} has not arrived: {servers.subjects()}"


# ---- sending ----

@test("swaks", "mx", "starttls", "implicit", "lmtp")
def swaks(servers, mode):
    port = {"mx": "smtp", "starttls": "submission", "implicit": "submissions", "lmtp": "lmtp"}[mode]
    args = ["--to", "alice@mailassay.test", "--from", "alice@mailassay.test", "--server", "127.0.0.1",
            "--port", servers.ports[port], "--header", f"Subject: swaks-{mode}", "--hide-all",
            "--helo", "client.mailassay.test"]
    if mode == "lmtp":
        args += ["--protocol", "LMTP"]
    elif mode != "mx":
        args += ["--auth", "PLAIN", "--auth-user", "alice", "--auth-password", servers.password]
        args += ["--tls" if mode == "starttls" else "--tls-on-connect"]
    servers.command("swaks", *args)
    sent(servers, f"swaks-{mode}")


@test("msmtp", "starttls", "implicit", "clear")
def msmtp(servers, mode):
    port = servers.ports["submissions" if mode == "implicit" else "submission" if mode == "starttls" else "smtp"]
    config = servers.folder / "msmtprc"
    lines = ["defaults", f"host 127.0.0.1\nport {port}\nfrom alice@mailassay.test",
             "domain client.mailassay.test"]
    if mode != "clear":
        lines += [f"tls on\ntls_trust_file {servers.ca}\ntls_host_override {HOST}",
                  f"tls_starttls {'on' if mode == 'starttls' else 'off'}",
                  f"auth on\nuser alice\npassword {servers.password}"]
    config.write_text("\n".join(lines + ["account default", ""]))
    config.chmod(0o600)
    servers.command("msmtp", "-C", config, "alice@mailassay.test", stdin=MAIL.format(f"msmtp-{mode}"))
    sent(servers, f"msmtp-{mode}")


@test("curl smtp", "starttls", "implicit")
def curl_smtp(servers, mode):
    scheme, service = ("smtps", "submissions") if mode == "implicit" else ("smtp", "submission")
    servers.command("curl", "-sS", "--resolve", f"{HOST}:{servers.ports[service]}:127.0.0.1", "--cacert",
                    servers.ca, *(["--ssl-reqd"] if mode == "starttls" else []),
                    f"{scheme}://{HOST}:{servers.ports[service]}/client.mailassay.test",
                    "-u", f"alice:{servers.password}", "--mail-from", "alice@mailassay.test",
                    "--mail-rcpt", "alice@mailassay.test", "--upload-file", "-",
                    stdin=MAIL.format(f"curl-{mode}").replace("\n", "\r\n"))
    sent(servers, f"curl-{mode}")


@test("smtplib", "mx", "starttls", "implicit")
def python_smtp(servers, mode):
    message = email.message.EmailMessage()
    message["From"] = message["To"] = "alice@mailassay.test"
    message["Subject"] = f"smtplib-{mode}"
    message.set_content("hello\n.\nend\n")
    if mode == "implicit":
        client = smtplib.SMTP_SSL("127.0.0.1", servers.ports["submissions"], context=servers.context)
    else:
        client = smtplib.SMTP("127.0.0.1", servers.ports["submission" if mode == "starttls" else "smtp"])
    with client:
        if mode == "starttls":
            client.starttls(context=servers.context)
        if mode != "mx":
            client.login("alice", servers.password)
        client.send_message(message)
    sent(servers, f"smtplib-{mode}")


# ---- fetching ----

@test("fetchmail", "pop3 starttls", "pop3 implicit", "imap starttls", "imap implicit", "pop3 clear")
def fetchmail(servers, mode):
    protocol, tls = mode.split()
    service = protocol + ("s" if tls == "implicit" else "")
    subject = "fetchmail-" + mode.replace(" ", "-")
    servers.put(subject)
    options = {"starttls": f"sslproto TLS1.2+ sslcertck sslcertfile {servers.ca} sslcommonname {HOST}",
               "implicit": f"ssl sslcertck sslcertfile {servers.ca} sslcommonname {HOST}",
               "clear": "sslproto ''"}[tls]
    out = servers.folder / "fetched"
    out.unlink(missing_ok=True)
    rc = servers.folder / "fetchmailrc"
    rc.write_text(f"poll 127.0.0.1 protocol {protocol} port {servers.ports[service]} "
                  f"auth password user alice password {servers.password} {options} "
                  f"fetchall no keep mda 'cat >>{out}'\n")
    rc.chmod(0o600)
    servers.command("fetchmail", "-f", rc, "--nosyslog", "--nodetach", "--pidfile",
                    servers.folder / "fetchmail.pid", "-i", servers.folder / "ids")
    text = out.read_text()
    assert f"Subject: {subject}" in text and "\n.dot first" in text, text
    assert subject not in servers.subjects(), "it is still on the server"


@test("getmail", "pop3s", "imaps", "pop3", "imap")
def getmail(servers, mode):
    subject = f"getmail-{mode}"
    servers.put(subject)
    config = servers.folder / "getmail"
    shutil.rmtree(config, ignore_errors=True)
    config.mkdir()
    keep = config / "keep"
    keep.write_text(f"#!/bin/sh\ncat >>{config}/mail\n")
    keep.chmod(0o755)
    kind = {"pop3s": "SimplePOP3SSLRetriever", "imaps": "SimpleIMAPSSLRetriever",
            "pop3": "SimplePOP3Retriever", "imap": "SimpleIMAPRetriever"}[mode]
    (config / "getmailrc").write_text(
        f"[retriever]\ntype = {kind}\nserver = 127.0.0.1\nport = {servers.ports[mode]}\n"
        f"username = alice\npassword = {servers.password}\n\n"
        f"[destination]\ntype = MDA_external\npath = {keep}\nallow_root_commands = true\n\n"
        "[options]\ndelete = true\nread_all = true\ndelivered_to = false\nreceived = false\n")
    servers.command("getmail", "--getmaildir", config, "--rcfile", "getmailrc")
    assert f"Subject: {subject}" in (config / "mail").read_text()
    assert subject not in servers.subjects(), "it is still on the server"


@test("curl fetch", "imaps", "imap starttls", "pop3s", "pop3 starttls")
def curl_fetch(servers, mode):
    scheme = mode.split()[0]
    servers.empty()
    subject = "curl-fetch-" + scheme
    servers.put(subject)
    port = servers.ports[scheme]
    path = "1" if scheme.startswith("pop3") else "INBOX;MAILINDEX=1"
    out = servers.command("curl", "-sS", "--resolve", f"{HOST}:{port}:127.0.0.1", "--cacert", servers.ca,
                          *(["--ssl-reqd"] if "starttls" in mode else []),
                          f"{scheme}://{HOST}:{port}/{path}", "-u", f"alice:{servers.password}")
    assert f"Subject: {subject}" in out and "\n.dot first" in out, out


@test("poplib", "clear", "starttls", "implicit")
def python_pop(servers, mode):
    servers.empty()
    servers.put("poplib-" + mode)
    if mode == "implicit":
        client = poplib.POP3_SSL("127.0.0.1", servers.ports["pop3s"], context=servers.context)
    else:
        client = poplib.POP3("127.0.0.1", servers.ports["pop3"])
    if mode == "starttls":
        client.stls(context=servers.context)
    client.user("alice")
    client.pass_(servers.password)
    assert client.stat()[0] == 1
    assert b".dot first" in client.retr(1)[1]
    assert b"Subject: poplib-" + mode.encode() in client.top(1, 0)[1]
    client.dele(1)
    client.quit()
    assert servers.subjects() == [], servers.subjects()


@test("imaplib", "clear", "starttls", "implicit")
def python_imap(servers, mode):
    if mode == "implicit":
        box = servers.imap()
    else:
        box = imaplib.IMAP4("127.0.0.1", servers.ports["imap"])
        if mode == "starttls":
            box.starttls(ssl_context=servers.context)
        box.login("alice", servers.password)
    assert box.create("imaplib")[0] == "OK"
    assert box.append("imaplib", "(\\Seen)", imaplib.Time2Internaldate(0), b"Subject: x\r\n\r\ny\r\n")[0] == "OK"
    assert box.select("imaplib")[1] == [b"1"]
    assert box.search(None, "SEEN", "SUBJECT", "x")[1] == [b"1"]
    assert box.copy("1", "INBOX")[0] == "OK"
    assert box.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
    assert box.expunge()[1] == [b"1"]
    assert box.close()[0] == "OK" and box.rename("imaplib", "imaplib2")[0] == "OK"
    assert box.delete("imaplib2")[0] == "OK" and box.logout()[0] == "BYE"


# ---- two-way synchronisation ----

def maildir_state(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
                  if p.is_file() and p.parent.name in ("cur", "new"))


@test("mbsync", "implicit", "starttls", "clear")
def mbsync(servers, mode):
    servers.empty()
    servers.put("far-1", "far-2")
    local = servers.folder / "mbsync"
    shutil.rmtree(local, ignore_errors=True)
    (local / "mail").mkdir(parents=True)
    rc = local / "rc"
    # It knows no other name for the host, so the server's own certificate is what it trusts.
    leaf = local / "leaf.pem"
    leaf.write_text(ssl.get_server_certificate(("127.0.0.1", servers.ports["imaps"])))
    kind = {"implicit": "IMAPS", "starttls": "STARTTLS", "clear": "None"}[mode]
    service = "imaps" if mode == "implicit" else "imap"
    rc.write_text(f"IMAPAccount a\nHost 127.0.0.1\nPort {servers.ports[service]}\nUser alice\n"
                  f"Pass {servers.password}\nSSLType {kind}\nCertificateFile {leaf}\n"
                  "AuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\n"
                  f"MaildirStore near\nPath {local}/mail/\nInbox {local}/mail/INBOX\nSubFolders Verbatim\n\n"
                  "Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Both\nExpunge Both\n"
                  "SyncState *\n")
    servers.command("mbsync", "-c", rc, "-a")
    inbox = local / "mail/INBOX"
    assert len(maildir_state(inbox)) == 2, maildir_state(inbox)
    (inbox / "new/1.near").write_text("From: a@b\nSubject: near-1\n\nnear\n")
    first = sorted((inbox / "cur").iterdir())[0] if list((inbox / "cur").iterdir()) else \
        sorted(p for p in (inbox / "new").iterdir() if "near" not in p.name)[0]
    first.rename(inbox / "cur" / (first.name.split(":")[0] + ":2,FS"))
    servers.command("mbsync", "-c", rc, "-a")
    assert "near-1" in servers.subjects()
    box = servers.imap()
    box.select("INBOX")
    assert box.search(None, "FLAGGED")[1] == [b"1"]
    before = (maildir_state(inbox), box.fetch("1:*", "(UID FLAGS)")[1])
    servers.command("mbsync", "-c", rc, "-a")
    box.noop()
    assert before == (maildir_state(inbox), box.fetch("1:*", "(UID FLAGS)")[1]), "a run without news changed something"
    box.logout()


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(folder)
        try:
            for number, (name, function) in enumerate(TESTS, 1):
                try:
                    function(servers)
                    print(f"ok {number} - {name}", flush=True)
                except Exception as error:  # whatever goes wrong is this test's failure
                    failed += 1
                    print(f"not ok {number} - {name}")
                    text = f"{type(error).__name__}: {error}".replace(servers.password, "***")
                    print("\n".join("# " + line for line in text.splitlines()), flush=True)
        finally:
            servers.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
