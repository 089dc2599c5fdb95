#!/usr/bin/env python3
"""Talks to a running target as an ordinary client would: logins in every way, mail from SMTP or
LMTP to IMAP and POP3, mail that is relayed. Usage: talk.py TARGET.yaml. Prints what was shown;
the first thing that does not hold ends it with a traceback."""
import imaplib
import poplib
import re
import smtplib
import socket
import ssl
import sys
import threading
import time

DOMAIN = "mailassay.test"

# Where a server differs from the others: passwords in clear are taken, IMAP has few extensions, how
# many seconds a wrong password costs, RCPT TO:<postmaster> is refused (RFC 5321 4.5.1 wants it).
CLEAR = {"cyrus", "courier", "nginx"}
FEW_EXTENSIONS = {"courier"}
WAITS = {"courier": 6}
NO_POSTMASTER = {"courier"}
# A proxy whose server refuses the login ends the session.
ENDS = {"nginx"}


class Target:
    """The lines of a target file as target writes them (there is no YAML reader in Python)."""

    def __init__(self, path):
        text = open(path).read()
        self.server = re.search(r"^name: (.*)", text, re.M).group(1)
        self.port = {k: int(v) for k, v in re.findall(r"^  ([a-z0-9-]+): (\d+)$", text, re.M)}
        self.password = {user: open(file).read() for user, file in re.findall(
            r"user: (\w+)\n.*\n    password: {file: '(.*)'}", text)}
        self.ca = re.search(r"ca: '(.*)'", text).group(1)
        self.name = re.search(r"^  name: (.*)", text, re.M).group(1)
        self.source = re.search(r"^source: (.*)", text, re.M).group(1)
        hop = re.search(r"next-hop: '(.*):(\d+)'", text)
        self.next_hop = (hop.group(1), int(hop.group(2))) if hop else None
        self.tls = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.host = self.name
        self.tls.load_verify_locations(self.ca)


class NamedContext(ssl.SSLContext):
    """The libraries verify the host they connect to, which is an address here."""

    def wrap_socket(self, sock, server_hostname=None, **rest):
        return super().wrap_socket(sock, server_hostname=self.host, **rest)


def connect_from(source):
    plain = socket.create_connection

    def connect(address, timeout=10, source_address=None):
        return plain(address, 10, (source, 0))
    socket.create_connection = connect


def shown(text):
    print("  " + text)


def message(word):
    return (f"From: alice@{DOMAIN}\r\nTo: bob@{DOMAIN}\r\nSubject: {word}\r\n"
            f"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{word}@{DOMAIN}>\r\n\r\n.dots and\r\n..more dots\r\n").encode()


def imap_open(t, service):
    if service == "imaps":
        return imaplib.IMAP4_SSL("127.0.0.1", t.port["imaps"], ssl_context=t.tls)
    m = imaplib.IMAP4("127.0.0.1", t.port["imap"])
    assert ("LOGINDISABLED" in m.capabilities) != (t.server in CLEAR), m.capabilities
    m.starttls(t.tls)
    return m


def check_mailboxes(t, m):
    special = b" ".join(m.list()[1])
    for use in b"\\Sent", b"\\Drafts", b"\\Trash", b"\\Junk":
        assert use.lower() in special.lower(), special
    offered = m.capability()[1][0].split()
    for word in b"CONDSTORE", b"QRESYNC", b"LIST-STATUS", b"SPECIAL-USE", b"QUOTA":
        assert word in offered, offered


def check_imap(t):
    for service in "imap", "imaps":
        for user in t.password:
            m = imap_open(t, service)
            m.login(user, t.password[user])
            if t.server not in FEW_EXTENSIONS:
                check_mailboxes(t, m)
            m.logout()
    check_wrong_passwords(t)


def check_wrong_passwords(t):
    tries = 1 if t.server in set(WAITS) | ENDS else 3
    m = imap_open(t, "imaps")
    began = time.monotonic()
    for _ in range(tries):
        try:
            m.login("alice", "wrong")
            raise AssertionError("a wrong password was taken")
        except imaplib.IMAP4.error:
            pass
    if t.server in ENDS:
        m = imap_open(t, "imaps")
    m.login("alice", t.password["alice"])
    m.logout()
    limit = WAITS.get(t.server, 3)
    assert time.monotonic() - began < limit, "a wrong password makes logins wait"
    shown("IMAP: three accounts by STARTTLS and implicit TLS, wrong passwords refused "
          + (f"within {limit} s" if t.server in WAITS else "at once"))


def pop3_open(t, service):
    if service == "pop3s":
        return poplib.POP3_SSL("127.0.0.1", t.port["pop3s"], context=t.tls)
    p = poplib.POP3("127.0.0.1", t.port["pop3"])
    p.stls(t.tls)
    return p


def check_pop3(t):
    for service in "pop3", "pop3s":
        p = pop3_open(t, service)
        p.user("bob")
        p.pass_(t.password["bob"])
        p.quit()
    shown("POP3: login by STLS and implicit TLS")


def check_arrived(t, word, user="bob"):
    m = imap_open(t, "imaps")
    m.login(user, t.password[user])
    for _ in range(200):
        m.select("INBOX")
        found = m.search(None, "HEADER", "Message-ID", f"<{word}@{DOMAIN}>")[1][0].split()
        if found:
            break
        time.sleep(0.05)
    assert found, word + " did not arrive"
    data = m.fetch(found[0], "(RFC822)")[1][0][1]
    assert data.endswith(message(word)), data
    m.logout()
    p = pop3_open(t, "pop3s")
    p.user(user)
    p.pass_(t.password[user])
    last = p.retr(p.stat()[0])[1]
    assert b"\r\n".join(last).endswith(message(word).rstrip()), last
    p.quit()


def check_lmtp(t):
    c = smtplib.LMTP("127.0.0.1", t.port["lmtp"])
    assert not c.sendmail("alice@" + DOMAIN, ["bob@" + DOMAIN], message("by-lmtp"))
    assert c.mail("alice@" + DOMAIN)[0] == 250
    for unknown in "nobody@" + DOMAIN, "bob@other.example":
        assert c.rcpt(unknown)[0] == 550, unknown
    c.quit()
    check_arrived(t, "by-lmtp")
    shown("LMTP: delivered to IMAP and POP3, unknown users refused")


def refused(reply):
    """Servers differ in which reply a refusal is (before STARTTLS Courier's is a 400)."""
    return 400 <= reply[0] <= 599


def submit_open(t, service):
    if service == "submissions":
        s = smtplib.SMTP_SSL("127.0.0.1", t.port["submissions"], context=t.tls)
    else:
        s = smtplib.SMTP("127.0.0.1", t.port["submission"])
        assert refused(s.docmd("MAIL FROM:<alice@mailassay.test>")), "mail without TLS"
        s.starttls(context=t.tls)
    s.ehlo()
    assert refused(s.mail("alice@" + DOMAIN)) or refused(s.rcpt("bob@" + DOMAIN)), "no login"
    s.rset()
    s.login("alice", t.password["alice"])
    return s


def check_smtp(t):
    s = smtplib.SMTP("127.0.0.1", t.port["smtp"])
    s.starttls(context=t.tls)
    assert not s.sendmail("x@elsewhere.example", ["bob@" + DOMAIN], message("by-smtp"))
    s.mail("x@elsewhere.example")
    assert refused(s.rcpt("nobody@" + DOMAIN))
    assert refused(s.rcpt("someone@elsewhere.example")), "an open relay"
    assert s.rcpt("postmaster@" + DOMAIN)[0] == 250
    assert refused(s.docmd("RCPT TO:<postmaster>")) == (t.server in NO_POSTMASTER)
    s.quit()
    check_arrived(t, "by-smtp")
    shown("SMTP: delivered to IMAP and POP3, strangers' mail elsewhere refused, postmaster taken")


def sink(listener, got):
    """One SMTP session that takes all it is given."""
    with listener.accept()[0] as peer, peer.makefile("rwb", 0) as f:
        f.write(b"220 sink\r\n")
        while (line := f.readline()) and not line.upper().startswith(b"QUIT"):
            got.append(line)
            if line.upper().startswith(b"DATA"):
                f.write(b"354 go\r\n")
                while (line := f.readline()) not in (b".\r\n", b""):
                    got.append(line)
            f.write(b"250 ok\r\n")
        f.write(b"221 bye\r\n")


def check_relay(t):
    for service in "submission", "submissions":
        got = []
        with socket.create_server(t.next_hop) as listener:
            listener.settimeout(20)
            thread = threading.Thread(target=sink, args=(listener, got))
            thread.start()
            s = submit_open(t, service)
            word = "by-" + service
            assert not s.sendmail("alice@" + DOMAIN, ["someone@elsewhere.example"], message(word))
            s.quit()
            thread.join(30)
        text = b"".join(got).replace(b"\r\n..", b"\r\n.")
        assert b"RCPT TO:<someone@elsewhere.example>" in text, text
        assert b".dots and\r\n..more dots\r\n" in text, text
        shown(service + ": TLS and login required, mail relayed to the next hop")


def main():
    t = Target(sys.argv[1])
    connect_from(t.source)
    check_imap(t)
    check_pop3(t)
    if "lmtp" in t.port:
        check_lmtp(t)
    if "smtp" in t.port:
        check_smtp(t)
        check_relay(t)


main()
