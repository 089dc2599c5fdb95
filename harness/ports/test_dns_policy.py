#!/usr/bin/env python3
"""dns_policy.h end to end on loopback: nsd with signed, unsigned and broken zones, an MX with
STARTTLS, and the policy host of MTA-STS.

usage: test_dns_policy.py DNS_POLICY_ASK SOURCE_ROOT           (TAP on standard output)"""
import contextlib
import hashlib
import pathlib
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "harness/net"))
import zone_fixture  # noqa: E402
from zone_fixture import Zone, Zones  # noqa: E402

POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: mx1.{domain}\r\nmax_age: 604800\r\n"


# ---- certificates ----

def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


class Authority:
    def __init__(self, folder, name, days=30):
        self.folder, self.name = folder, name
        self.key, self.pem = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.pem, "-days", days, "-subj", f"/CN={name}")

    def issue(self, file, *names, with_root=False, common_name="Server"):
        """A certificate for the names; returns the file that holds chain and key."""
        key, csr, pem = (self.folder / f"{file}.{x}" for x in ("key", "csr", "pem"))
        ext = self.folder / f"{file}.ext"
        san = "subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\n" if names else ""
        ext.write_text(f"{san}extendedKeyUsage=serverAuth\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", csr, "-subj", f"/CN={common_name}")
        openssl("x509", "-req", "-in", csr, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial",
                "-days", 20, "-extfile", ext, "-out", pem)
        chain = pem.read_text() + (self.pem.read_text() if with_root else "")
        pem.write_text(chain + key.read_text())
        return pem


def key_digest(pem):
    key = openssl("x509", "-in", pem, "-noout", "-pubkey")
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def certificate_digest(pem):
    return hashlib.sha256(openssl("x509", "-in", pem, "-outform", "DER")).hexdigest()


def server_context(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


# ---- servers ----

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, request, address):
        pass  # clients that refuse a certificate hang up


class Smtp(socketserver.StreamRequestHandler):
    """As much of an MX as a visit needs."""

    def handle(self):
        sock, secure = self.request, False
        lines = sock.makefile("rwb", 0)
        lines.write(b"220 mx ESMTP\r\n")
        for line in lines:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                offer = self.server.context and not secure
                lines.write(b"250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n" if offer
                            else b"250-mx\r\n250 SIZE\r\n")
            elif verb == b"STARTTLS" and self.server.context and not secure:
                lines.write(b"220 go\r\n")
                sock = self.server.context.wrap_socket(sock, server_side=True)
                lines, secure = sock.makefile("rwb", 0), True
            elif verb == b"QUIT":
                lines.write(b"221 bye\r\n")
                return
            else:
                lines.write(b"250 ok\r\n" if verb in (b"MAIL", b"RSET", b"NOOP") else b"502 no\r\n")


class Web(socketserver.StreamRequestHandler):
    """Sends what it was told to, as the answer to everything."""

    def handle(self):
        sock = self.server.context.wrap_socket(self.request, server_side=True)
        with sock, sock.makefile("rwb", 0) as lines:
            for line in lines:
                if line == b"\r\n":
                    break
            lines.write(self.server.answer)


class Cut(socketserver.BaseRequestHandler):
    """Ends every handshake without a word."""

    def handle(self):
        self.request.recv(4096)


@contextlib.contextmanager
def serving(handler, context, answer=b""):
    with Server(("127.0.0.1", 0), handler) as server:
        server.context, server.answer = context, answer
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def page(text, status="200 OK", kind="text/plain", more=""):
    content = f"Content-Type: {kind}\r\n" if kind else ""
    return (f"HTTP/1.1 {status}\r\n{content}{more}Content-Length: {len(text.encode())}\r\n"
            f"Connection: close\r\n\r\n{text}").encode()


# ---- asking ----

def ask(zones, domain, mx=None, sts_port=9, anchor=None, resolver=None):
    mx = mx or {}
    done = subprocess.run(
        [ASK, resolver or zones.resolver, anchor or zones.anchor, ROOT / "scenarios/clauses", W.ca.pem,
         domain, str(sts_port), *[f"{h}={p}" for h, p in mx.items()]],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "ERROR" not in done.stderr, done
    assert "UNKNOWN CLAUSE" not in done.stdout, done.stdout
    return done.stdout


def of(output, name):
    """The lines of one result."""
    lines, on = [], False
    for line in output.splitlines():
        if not line.startswith("  "):
            on = line.startswith(f"ports/dns/{name} ")
        if on:
            lines.append(line)
    return "\n".join(lines)


def expect(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


class World:
    """Authorities and certificates that all tests share."""

    def __init__(self, folder):
        self.ca = Authority(folder, "authority")
        self.strange = Authority(folder, "strange")
        self.leaf = self.ca.issue("leaf", "mx1.one.test")
        self.with_root = self.ca.issue("with-root", "mx1.one.test", with_root=True)
        self.own_authority = self.strange.issue("own", "mx1.one.test", with_root=True)
        self.other_name = self.strange.issue("other", "other.test", with_root=True)
        self.only_cn = self.ca.issue("cn", common_name="mx1.one.test")
        self.policy = self.ca.issue("policy", "mta-sts.one.test")
        self.policy_cn = self.ca.issue("policy-cn", common_name="mta-sts.one.test")
        self.policy_strange = self.strange.issue("policy-strange", "mta-sts.one.test")
        self.policy_name = self.ca.issue("policy-name", "www.one.test")


MX1 = "@ MX 10 mx1\nmx1 A 127.0.0.1\n"


def dane(records, certificate="leaf", zone=MX1, signed=True, broken=(), domain="one.test", more=(),
         hosts=("mx1.one.test",)):
    """The verdict on DANE for one.test with these TLSA records of mx1."""
    text = zone + "".join(f"_25._tcp.mx1 TLSA {r}\n" for r in records)
    context = server_context(getattr(W, certificate)) if certificate else None
    with Zones(Zone("one.test", text, signed=signed, broken=broken), *more) as zones, \
            serving(Smtp, context) as port:
        return of(ask(zones, domain, {h: port for h in hosts}), "dane")


# ---- DANE ----

def dane_two_records_pass():
    text = dane([f"3 1 1 {key_digest(W.leaf)}", "3 1 1 " + "ab" * 32])
    expect(text, "dane pass\n", "clause rfc7672/5/digest-agility", "- _25._tcp.mx1.one.test: the TLSA record 3 1 1 names the certificate of")
    expect(text, "? _25._tcp.mx1.one.test TLSA\n", "= signed: 3 1 1 (32 octets); 3 1 1 (32 octets)")


def dane_single_record_is_a_note():
    expect(dane([f"3 1 1 {key_digest(W.leaf)}"]), "dane note: ", "there is one TLSA record")


def dane_mismatch_fails():
    expect(dane(["3 1 1 " + "ab" * 32]), "dane fail: _25._tcp.mx1.one.test: no TLSA record names 127.0.0.1",
           f"publish TLSA 3 1 1 {key_digest(W.leaf)}", "  clause rfc7672/3.2/server-authenticated\n")


def dane_usage_0_and_1_do_not_count():
    text = dane([f"0 0 1 {certificate_digest(W.leaf)}", f"1 1 1 {key_digest(W.leaf)}"])
    expect(text, "dane warn: ", "the TLSA record 0 0 1 has usage 0 or 1", "no TLSA record can be used")


def dane_usage_2_needs_the_authority_in_the_chain():
    digest = certificate_digest(W.ca.pem)
    two = ["2 1 1 " + "ab" * 32]
    expect(dane([f"2 0 1 {digest}", *two], "with_root"), "dane pass")
    expect(dane([f"2 0 1 {digest}", *two], "leaf"), "dane fail", "is not in the chain")


def dane_usage_2_needs_no_root_that_we_trust_but_a_name():
    records = [f"2 0 1 {certificate_digest(W.strange.pem)}", "2 1 1 " + "ab" * 32]
    expect(dane(records, "own_authority"), "dane pass")
    expect(dane(records, "other_name"), "dane fail", "does not carry the name mx1.one.test")


def dane_usage_3_needs_no_name():
    expect(dane([f"3 1 1 {key_digest(W.other_name)}", "3 1 1 " + "ab" * 32], "other_name"), "dane pass")


def dane_none_is_a_warning():
    expect(dane([]), "dane warn: no MX has TLSA records")


def dane_without_signatures_is_a_warning():
    text = dane([f"3 1 1 {key_digest(W.leaf)}"], signed=False)
    expect(text, "dane warn: _25._tcp.mx1.one.test has TLSA records, but they are not signed")


def dane_with_bogus_records_fails():
    text = dane([f"3 1 1 {key_digest(W.leaf)}"], broken="TLSA")
    expect(text, "dane fail: the signatures of _25._tcp.mx1.one.test TLSA do not hold (validation failure",
           "take the server for unreachable, and mail waits", "clause rfc7672/2.1.2/lookup-failure-delays")


def dane_without_starttls_fails():
    text = dane([f"3 1 1 {key_digest(W.leaf)}"], certificate=None)
    expect(text, "dane fail: ", "promises TLS", "does not do it", "switch STARTTLS on",
           "clause rfc7672/2.2/tlsa-promises-tls")


def dane_of_a_host_that_was_not_visited_is_no_pass():
    text = dane([f"3 1 1 {key_digest(W.leaf)}", "3 1 1 " + "ab" * 32], hosts=())
    expect(text, "dane skip: mx1.one.test was not visited")


def dane_of_a_host_that_cannot_be_reached_is_an_error():
    with Zones(Zone("one.test", MX1 + "_25._tcp.mx1 TLSA 3 1 1 " + "ab" * 32 + "\n"
                    "_25._tcp.mx1 TLSA 3 1 1 " + "cd" * 32, signed=True)) as zones:
        port = zone_fixture.free_port()
        expect(of(ask(zones, "one.test", {"mx1.one.test": port}), "dane"), "dane error: ",
               "no certificate came from")


def dane_alias_of_the_records():
    text = dane([], zone=MX1 + "_25._tcp.mx1 CNAME all\nall TLSA 3 1 1 " + key_digest(W.leaf) +
                "\nall TLSA 3 1 1 " + "ab" * 32)
    expect(text, "dane pass")


def dane_alias_of_the_host_moves_the_records():
    zone = "@ MX 10 mx1\nmx1 CNAME real\nreal A 127.0.0.1\n"
    good = f"TLSA 3 1 1 {key_digest(W.leaf)}\n"
    other = "TLSA 3 1 1 " + "ab" * 32 + "\n"
    expect(dane([], zone=zone + f"_25._tcp.real {good}_25._tcp.real {other}"), "dane pass")
    # the name behind the alias comes first
    expect(dane([], zone=zone + f"_25._tcp.real {other}_25._tcp.mx1 {good}"), "dane fail")
    # without records there, those of the name before it
    expect(dane([], zone=zone + f"_25._tcp.mx1 {good}_25._tcp.mx1 {other}"), "dane pass")


def dane_alias_into_an_unsigned_zone():
    zone = "@ MX 10 mx1\nmx1 CNAME real.two.test.\n"
    two = Zone("two.test", "real A 127.0.0.1")
    expect(dane([f"3 1 1 {key_digest(W.leaf)}", "3 1 1 " + "ab" * 32], zone=zone, more=[two]), "dane pass")


def dane_of_one_mx_among_two_is_a_warning():
    text = dane([f"3 1 1 {key_digest(W.leaf)}", "3 1 1 " + "ab" * 32],
                zone=MX1 + "@ MX 20 mx2\nmx2 A 127.0.0.1\n")
    expect(text, "dane warn: 1 of 2 MX have no TLSA records")


def dane_of_a_provider_behind_an_unsigned_domain():
    text = dane([f"3 1 1 {key_digest(W.leaf)}", "3 1 1 " + "ab" * 32], domain="two.test",
                more=[Zone("two.test", "@ MX 10 mx1.one.test.")])
    expect(text, "dane warn: the MX records of the domain are not signed")


# ---- MTA-STS ----

def sts(policy, records=("v=STSv1; id=1",), certificate="leaf", web="policy", zone=MX1, answer=None,
        broken=(), host="mta-sts A 127.0.0.1\n", visited=True):
    text = zone + host + "".join(f'_mta-sts TXT "{r}"\n' for r in records)
    context = server_context(getattr(W, certificate)) if certificate else None
    with Zones(Zone("one.test", text, signed=bool(broken), broken=broken)) as zones, \
            serving(Smtp, context) as port, \
            serving(Web, server_context(getattr(W, web)), answer or page(policy)) as web_port:
        return of(ask(zones, "one.test", {"mx1.one.test": port} if visited else {}, web_port), "mta-sts")


def policy_of(mode="enforce", domain="one.test"):
    return POLICY.format(mode=mode, domain=domain)


def sts_enforce_passes():
    text = sts(policy_of())
    expect(text, "mta-sts pass\n", "- mode enforce, max_age 604800, 1 mx", "is trusted and names it")


def sts_testing_is_a_note():
    expect(sts(policy_of("testing")), 'mta-sts note: the policy has mode "testing"')


def sts_none_is_a_note():
    expect(sts(policy_of("none"), certificate=None), 'mta-sts note: the policy has mode "none"')


def sts_absent_is_a_note():
    expect(sts("", records=()), "mta-sts note: the domain has no MTA-STS")


def sts_patterns_must_cover_every_mx():
    text = sts(policy_of(domain="two.test"))
    expect(text, "mta-sts fail: no mx of the policy covers the MX mx1.one.test", 'add "mx: mx1.one.test"',
           'note: "mx: mx1.two.test" of the policy covers none')
    expect(sts(policy_of("testing", "two.test")), "mta-sts warn: no mx of the policy covers")
    expect(sts(policy_of().replace("mx1.", "*.")), "mta-sts pass")


def sts_certificates_must_be_good():
    expect(sts(policy_of(), certificate="own_authority"), "mta-sts fail: the certificate of mx1.one.test",
           "senders that follow MTA-STS do not deliver to it")
    expect(sts(policy_of("testing"), certificate="own_authority"), "mta-sts warn: the certificate of mx1")
    expect(sts(policy_of(), certificate="only_cn"), "mta-sts fail: ", "as a DNS name")
    expect(sts(policy_of(), certificate=None), "mta-sts fail: mx1.one.test", "does no TLS")


def sts_of_a_host_that_was_not_visited_is_no_pass():
    expect(sts(policy_of(), visited=False), "mta-sts skip: mx1.one.test was not visited")


def sts_redirects_are_not_followed():
    answer = page("", "301 Moved", more="Location: https://www.one.test/x\r\n")
    expect(sts("", answer=answer), "mta-sts fail: https://mta-sts.one.test/.well-known/mta-sts.txt redirects "
           "(301 to https://www.one.test/x)")


def sts_other_statuses_fail():
    expect(sts("", answer=page("", "404 Not Found")), "mta-sts fail: ", "answers 404",
           "clause rfc8461/3.3/policy-status-200")
    expect(sts("", answer=page("", "429 Too Many Requests")), "mta-sts error: ", "we ask too often")


def sts_other_types_are_a_warning():
    expect(sts("", answer=page(policy_of(), kind="text/html")), "mta-sts warn: the policy is served as text/html")
    expect(sts("", answer=page(policy_of(), kind="")), "mta-sts warn: ", "no Content-Type")
    expect(sts("", answer=page(policy_of(), kind="Text/Plain ; charset=utf-8")), "mta-sts pass")


def sts_bad_policies_fail():
    expect(sts("version: STSv1\nmode: enforce\n"), "mta-sts fail: the policy cannot be used, has no \"max_age\"")
    expect(sts("<html>"), 'mta-sts fail: the policy cannot be used, line 1: this is no "NAME: VALUE"')
    expect(sts(policy_of() + "x: " + "y" * 70000), "mta-sts fail: ", "64 kilobytes")
    expect(sts(policy_of() + "x: " + "y" * (2 << 20)), "mta-sts fail: ", "1048576 octets")


def sts_small_things():
    expect(sts(policy_of() + "\r\n"), "mta-sts warn: line 5 of the policy is empty")
    expect(sts(policy_of() + "mode: none\r\n"), 'mta-sts warn: the policy has "mode" twice')
    expect(sts(policy_of().replace("604800", "60")), "mta-sts warn: max_age is 60 seconds")


def sts_bad_records_fail():
    expect(sts(policy_of(), ["v=STSv1; id=1", "v=STSv1; id=2"]), "mta-sts fail: _mta-sts.one.test has 2 MTA-STS")
    expect(sts(policy_of(), ["v=STSv1; id=1-2"]), "mta-sts fail: the MTA-STS record at _mta-sts.one.test has an id")
    expect(sts(policy_of(), ["v=stsv1; id=1"]), "mta-sts fail: no TXT record at _mta-sts.one.test begins with")
    expect(sts(policy_of(), ["v=STSv1; id=1", "something else"]), "mta-sts pass")


def sts_policy_hosts_need_a_good_certificate():
    expect(sts(policy_of(), web="policy_strange"), "mta-sts fail: cannot fetch https://mta-sts.one.test/",
           "the policy host needs a certificate")
    expect(sts(policy_of(), web="policy_cn"), "mta-sts fail: cannot fetch", "the policy host needs a certificate")
    expect(sts(policy_of(), web="policy_name"), "mta-sts fail: cannot fetch", "mta-sts.one.test")


def sts_policy_hosts_must_be_there():
    expect(sts(policy_of(), host=""), "mta-sts fail: the policy host mta-sts.one.test has no address")
    with Zones(Zone("one.test", MX1 + 'mta-sts A 127.0.0.1\n_mta-sts TXT "v=STSv1; id=1"')) as zones:
        text = of(ask(zones, "one.test", sts_port=zone_fixture.free_port()), "mta-sts")
        with serving(Cut, None) as port:
            cut = of(ask(zones, "one.test", sts_port=port), "mta-sts")
    expect(text, "mta-sts fail: cannot fetch", "refused")
    expect(cut, "mta-sts error: cannot fetch")


def sts_with_bogus_records_fails():
    expect(sts(policy_of(), broken="TXT"), "mta-sts fail: the signatures of _mta-sts.one.test TXT do not hold")


# ---- the others ----

def records(name, text, broken=(), signed=True, **how):
    with Zones(Zone("one.test", text, signed=signed, broken=broken)) as zones:
        return of(ask(zones, "one.test", **how), name)


def tlsrpt():
    good = 'v=TLSRPTv1; rua=mailto:tls@one.test'
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "{good}"'), "tlsrpt pass", "- reports go to 1 address")
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "{good[:20]}" "{good[20:]}"'), "tlsrpt pass")
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "{good}"\n_smtp._tls TXT "{good},mailto:a@b.test"'),
           "tlsrpt warn: _smtp._tls.one.test has 2 TLSRPT records")
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "v=TLSRPTv1; rua=tls@one.test"'),
           "tlsrpt warn: the TLSRPT record at _smtp._tls.one.test has a rua that is neither")
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "v=TLSRPTv1"'), "tlsrpt warn: no TXT record")
    expect(records("tlsrpt", MX1), "tlsrpt note: there is no TLSRPT record")
    expect(records("tlsrpt", f'{MX1}_smtp._tls TXT "{good}"', broken="TXT"), "tlsrpt fail: the signatures of")


def mx():
    expect(records("mx", MX1), "mx pass\n", "? mx1.one.test A\n", "= signed: 127.0.0.1")
    expect(records("mx", "@ MX 0 ."), "mx pass\n", "takes no mail")
    expect(records("mx", "@ MX 5 ."), "mx warn: the null MX has preference 5")
    expect(records("mx", "@ MX 0 .\n" + MX1), "mx fail: a null MX", "beside 1 other:",
           "clause rfc7505/3/null-mx-alone")
    expect(records("mx", "@ MX 10 mx1"), "mx fail: the MX mx1.one.test has no address")
    expect(records("mx", "@ MX 10 mx1\nmx1 CNAME ns"), "mx warn: the MX mx1.one.test is an alias (CNAME) of ns.one.test, which")
    expect(records("mx", "@ MX 10 192.0.2.1."), "mx fail: the MX 192.0.2.1 is an address")
    expect(records("mx", "@ A 127.0.0.1"), "mx note: the domain has no MX")
    expect(records("mx", ""), "mx fail: the domain has neither MX nor address")
    expect(records("mx", "".join(f"@ MX 10 mx{i}\nmx{i} A 127.0.0.1\n" for i in range(40))),
           "mx note: the domain has 40 MX, of which the first 32 are looked at", "? mx37.one.test AAAA\n  = none, signed")
    expect(records("mx", MX1, broken="MX"), "mx fail: the MX records are bogus")
    expect(records("mx", MX1, broken="A:mx1"), "mx fail: the signatures of mx1.one.test A do not hold")


def null_mx_leaves_out_the_rest():
    with Zones(Zone("one.test", "@ MX 0 .", signed=True)) as zones:
        output = ask(zones, "one.test")
    for name in ("dane", "mta-sts", "tlsrpt", "caa"):
        expect(of(output, name), f"{name} skip: the domain takes no mail (null MX)")


def missing_domain():
    with Zones(Zone("one.test", MX1, signed=True)) as zones:
        output = ask(zones, "two.one.test")
    expect(of(output, "mx"), "mx fail: the domain two.one.test does not exist")
    expect(of(output, "dane"), "dane skip: there is no domain")


def srv():
    a = "imap A 127.0.0.1\n"
    expect(records("srv", a + "_imaps._tcp SRV 0 1 993 imap\n_imap._tcp SRV 10 1 143 imap\n"
                   "_submissions._tcp SRV 0 1 465 imap\n_pop3._tcp SRV 0 0 0 .\n_pop3s._tcp SRV 0 0 0 ."),
           "srv pass\n")
    expect(records("srv", a + "_imap._tcp SRV 0 1 143 imap\n_submission._tcp SRV 0 1 587 imap"),
           "srv warn: submission is published for STARTTLS alone", "warn: IMAP is published for STARTTLS alone")
    expect(records("srv", a + "_imap._tcp SRV 0 1 143 imap\n_imaps._tcp SRV 1 1 993 imap"),
           "srv warn: IMAP prefers STARTTLS: _imap._tcp has priority 0 and _imaps._tcp 1")
    expect(records("srv", MX1), "srv warn: there are no SRV records")
    expect(records("srv", "_imaps._tcp SRV 0 1 993 imap"), "srv fail: _imaps leads to imap.one.test, which has no")
    expect(records("srv", "imap CNAME ns\n_imaps._tcp SRV 0 1 993 imap"), "srv warn: ", "is an alias")
    expect(records("srv", a + "_imaps._tcp SRV 0 1 993 imap\n_imaps._tcp SRV 0 0 0 ."),
           'srv fail: _imaps._tcp.one.test says "not offered"')
    expect(records("srv", a + "".join(f"_imaps._tcp SRV 0 {i} 993 imap\n" for i in range(20))),
           "srv note: _imaps._tcp.one.test has 20 records, of which the first 16 are looked at")
    expect(records("srv", a + "_imaps._tcp SRV 0 1 993 imap", signed=False), "srv note: the SRV records are not")
    expect(records("srv", a + "_imaps._tcp SRV 0 1 993 imap", broken="SRV"), "srv fail: the signatures of")


def caa():
    expect(records("caa", MX1 + '@ CAA 0 issue "ca.test"'), "caa pass")
    expect(records("caa", MX1 + 'mx1 CAA 0 issue "ca.test"'), "caa pass")
    expect(records("caa", MX1), "caa note: no CAA record stands at mx1.one.test or above")
    expect(records("caa", MX1 + '@ CAA 128 strange "x"'), 'caa note: ', 'critical property "strange"')
    expect(records("caa", MX1 + '@ MX 20 mx2\nmx2 A 127.0.0.1\nmx1 CAA 0 issue "ca.test"', broken="CAA:mx1"),
           "caa fail: the signatures of mx1.one.test CAA do not hold", "no CAA record stands at mx2.one.test")


def a_resolver_that_does_not_answer_gives_no_verdict():
    with Zones(Zone("one.test", MX1)) as zones:
        output = ask(zones, "elsewhere.test")
        for name in ("mx", "dane", "mta-sts", "tlsrpt", "srv", "caa"):
            expect(of(output, name), f"{name} error: ", "SERVFAIL")


TESTS = [dane_two_records_pass, dane_single_record_is_a_note, dane_mismatch_fails,
         dane_usage_0_and_1_do_not_count, dane_usage_2_needs_the_authority_in_the_chain,
         dane_usage_2_needs_no_root_that_we_trust_but_a_name, dane_usage_3_needs_no_name,
         dane_none_is_a_warning, dane_without_signatures_is_a_warning, dane_with_bogus_records_fails,
         dane_without_starttls_fails, dane_of_a_host_that_was_not_visited_is_no_pass,
         dane_of_a_host_that_cannot_be_reached_is_an_error, dane_alias_of_the_records,
         dane_alias_of_the_host_moves_the_records, dane_alias_into_an_unsigned_zone,
         dane_of_one_mx_among_two_is_a_warning, dane_of_a_provider_behind_an_unsigned_domain,
         sts_enforce_passes, sts_testing_is_a_note, sts_none_is_a_note, sts_absent_is_a_note,
         sts_patterns_must_cover_every_mx, sts_certificates_must_be_good,
         sts_of_a_host_that_was_not_visited_is_no_pass, sts_redirects_are_not_followed,
         sts_other_statuses_fail, sts_other_types_are_a_warning, sts_bad_policies_fail, sts_small_things,
         sts_bad_records_fail, sts_policy_hosts_need_a_good_certificate, sts_policy_hosts_must_be_there,
         sts_with_bogus_records_fails, tlsrpt, mx, null_mx_leaves_out_the_rest, missing_domain, srv, caa,
         a_resolver_that_does_not_answer_gives_no_verdict]


def main():
    global W
    if zone_fixture.missing():
        print(f"1..0 # SKIP without {', '.join(zone_fixture.missing())}")
        return 0
    failed = 0
    chosen = [t for t in TESTS if not sys.argv[3:] or t.__name__ in sys.argv[3:]]
    print(f"1..{len(chosen)}")
    with tempfile.TemporaryDirectory(prefix="dns-policy-") as folder:
        W = World(pathlib.Path(folder))
        for i, test in enumerate(chosen, 1):
            try:
                test()
                print(f"ok {i} {test.__name__}", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {i} {test.__name__}\n# " + traceback.format_exc().replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    ASK, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
    sys.exit(main())
