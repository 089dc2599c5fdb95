#!/usr/bin/env python3
"""dns.h against nsd on loopback: types, trust, aliases, names that are not there, errors, questions
that are given up.

usage: test_dns.py DNS_ASK           (TAP on standard output)"""
import subprocess
import sys
import time
import traceback

import zone_fixture
from zone_fixture import Zone, Zones

RECORDS = """
@ MX 20 mx2
@ MX 10 MX1
mx1 A 127.0.0.1
mx1 AAAA ::1
mx2 CNAME mx1
out CNAME host.plain.test.
@ TXT "v=one " "two"
_imaps._tcp SRV 5 1 993 b
_imaps._tcp SRV 5 9 994 a
_pop3s._tcp SRV 0 0 0 .
_25._tcp.mx1 TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
@ CAA 128 issue "ca.test"
odd\\.label MX 1 a\\032b
"""


def ask(zones, *questions, wait="5000", anchor=None, resolver=None):
    done = subprocess.run([ASK, resolver or zones.resolver, anchor or zones.anchor, wait, *questions],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1) and "ERROR" not in done.stderr, done
    return done.stdout


def expect(output, *parts):
    for part in parts:
        assert part in output, f"{part!r} is not in:\n{output}"


def every_type_is_read(zones):
    output = ask(zones, *("example.test MX mx1.example.test A mx1.example.test AAAA example.test TXT "
                          "_imaps._tcp.example.test SRV _pop3s._tcp.example.test SRV "
                          "_25._tcp.mx1.example.test TLSA example.test CAA").split())
    lines = output.splitlines()
    expect(lines[0], "MX: secure [10 0 0 host=mx1.example.test", "[20 0 0 host=mx2.example.test")
    expect(lines[1], "A: secure [0 0 0 host=- address=127.0.0.1 ")
    expect(lines[2], "AAAA: secure", "address=::1 ")
    expect(lines[3], "TXT: secure", "text=v=one two ")
    expect(lines[4], "SRV: secure [5 9 994 host=a.example.test", "[5 1 993 host=b.example.test")
    expect(lines[5], "SRV: secure [0 0 0 host= ")
    expect(lines[6], "TLSA: secure", " 3/1/1+32 ")
    expect(lines[7], "CAA: secure", "text=ca.test", " 128 issue]")


def aliases_are_followed(zones):
    output = ask(zones, "mx2.example.test", "A", "out.example.test", "A", "out.example.test", "CNAME")
    lines = output.splitlines()
    expect(lines[0], "secure alias of mx1.example.test", "address=127.0.0.1")
    expect(lines[1], "insecure alias of host.plain.test", "address=127.0.0.2")
    expect(lines[2], "CNAME: secure", "host=host.plain.test")


def what_is_not_there_is_an_answer(zones):
    output = ask(zones, "none.example.test", "A", "mx1.example.test", "MX", "none.plain.test", "A",
                 "host.plain.test", "MX")
    assert output.splitlines() == ["none.example.test A: secure nxdomain", "mx1.example.test MX: secure",
                                   "none.plain.test A: insecure nxdomain",
                                   "host.plain.test MX: insecure"], output


def broken_signatures_are_bogus(zones):
    output = ask(zones, "_25._tcp.mx.bogus.test", "TLSA", "bogus.test", "MX")
    lines = output.splitlines()
    expect(lines[0], "TLSA: bogus (validation failure", "signature")
    assert "3/1/1" not in lines[0], lines[0]
    expect(lines[1], "MX: secure [10 0 0 host=mx.bogus.test")


def without_an_anchor_nothing_is_secure(zones):
    empty = zones.folder / "empty"
    empty.write_text("")
    expect(ask(zones, "example.test", "MX", "_25._tcp.mx.bogus.test", "TLSA", anchor=str(empty)),
           "example.test MX: insecure [10", "TLSA: insecure [")


def a_resolver_that_drops_signatures_is_an_error(zones):
    """Not every zone is bogus then: even the root is."""
    with Zones(Zone("one.test", "@ MX 10 mx")) as stripped:
        anchor = stripped.folder / "root"
        anchor.write_text("; the root\n.\tIN DS 20326 8 2 " + "ab" * 32 + "\n")
        expect(ask(stripped, "one.test", "MX", anchor=str(anchor)),
               "error network: 127.0.0.1@", "does not give the signatures of the root")


def odd_octets_are_escaped(zones):
    expect(ask(zones, "odd\\.label.example.test", "MX"), "host=a\\032b.example.test")


def a_zone_that_is_not_served_is_an_error(zones):
    expect(ask(zones, "elsewhere.test", "MX"), "error network: SERVFAIL for MX of elsewhere.test from 127")


def a_dead_resolver_times_out(zones):
    port = zone_fixture.free_port()
    began = time.monotonic()
    output = ask(zones, "example.test", "MX", "example.test", "A", wait="300",
                 resolver=f"127.0.0.1@{port}")
    assert time.monotonic() - began < 4
    assert output.count("error timeout: no answer from") + output.count("error network") == 2, output


def questions_can_be_cancelled(zones):
    port = zone_fixture.free_port()
    began = time.monotonic()
    output = ask(zones, *["a.example.test", "A", "b.example.test", "MX", "c.example.test", "TXT"],
                 wait="cancel", resolver=f"127.0.0.1@{port}")
    assert output.count("error cancel") == 3, output
    assert time.monotonic() - began < 4


def many_questions_at_once(zones):
    names = [f"{i}.example.test" for i in range(40)]
    output = ask(zones, *[x for name in names for x in (name, "A")])
    assert output.splitlines() == [f"{n} A: secure nxdomain" for n in names], output


def bad_settings_are_told(zones):
    bad = zones.folder / "bad"
    bad.write_text("this is no anchor\n")
    expect(ask(zones, "a", "A", anchor=str(bad)), "open: error file: ", "holds no DS or DNSKEY records")
    expect(ask(zones, "a", "A", anchor="/nonexistent/anchor"), "open: error file: cannot read the trust")
    for resolver in ("localhost", "127.0.0.1@", "127.0.0.1@99999", "", "300.1.1.1", "[::1]x"):
        output = ask(zones, "a", "A", resolver=resolver or " ")
        assert "is no resolver" in output, (resolver, output)


TESTS = [every_type_is_read, aliases_are_followed, what_is_not_there_is_an_answer,
         broken_signatures_are_bogus, without_an_anchor_nothing_is_secure,
         a_resolver_that_drops_signatures_is_an_error, odd_octets_are_escaped,
         a_zone_that_is_not_served_is_an_error, a_dead_resolver_times_out, questions_can_be_cancelled,
         many_questions_at_once, bad_settings_are_told]


def main():
    if zone_fixture.missing():
        print(f"1..0 # SKIP without {', '.join(zone_fixture.missing())}")
        return 0
    failed = 0
    print(f"1..{len(TESTS)}")
    with Zones(Zone("example.test", RECORDS, signed=True), Zone("plain.test", "host A 127.0.0.2"),
               Zone("bogus.test", "@ MX 10 mx\nmx A 127.0.0.1\n_25._tcp.mx TLSA 3 1 1 " + "ab" * 32,
                    broken="TLSA")) as zones:
        for i, test in enumerate(TESTS, 1):
            try:
                test(zones)
                print(f"ok {i} {test.__name__}")
            except Exception:
                failed += 1
                print(f"not ok {i} {test.__name__}\n# " + traceback.format_exc().replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    ASK = sys.argv[1]
    sys.exit(main())
