#!/usr/bin/env python3
"""Compares our MIME, address and date parsers with Python's `email`, an independent one.

usage: check_wire_dump.py WIRE_DUMP [ROUNDS [SEED]]

Makes messages, address lists and dates at random (a fixed seed unless given), has both read them and
prints TAP. Only forms on which the two have no reason to differ are made: equal boundaries of nested
multiparts, for one, are a matter of taste that test_mime.c settles.
"""
import calendar
import email
import email.policy
import email.utils
import random
import subprocess
import sys

WORDS = ["alpha", "beta", "gamma", "delta", "x", "Re:", "=?utf-8?Q?=C3=A9?=", "-- ", "--", "a.b"]
TYPES = ["text/plain", "TEXT/html", "image/png", "application/x-y", "message/delivery-status"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.boundaries = 0

    def text(self):
        r = self.r
        lines = [" ".join(r.choice(WORDS) for _ in range(r.randrange(6))) for _ in range(r.randrange(5))]
        body = "\r\n".join(lines)
        return body + r.choice(["", "\r\n", "\r\n\r\n", "\r\n.\r\n"])

    def fold(self, value):
        return self.r.choice([value, value.replace("; ", ";\r\n "), value.replace("; ", " ;\r\n\t")])

    def fields(self, extra):
        r = self.r
        fields = list(extra)
        if r.random() < 0.3:
            fields.append("Content-ID: <%d@x.example>" % r.randrange(999))
        if r.random() < 0.3:
            fields.append("Content-Description: " + r.choice(["a b", "a\r\n b", "  a  "]))
        if r.random() < 0.3:
            fields.append("Content-Disposition: " + r.choice(["inline", 'attachment; filename="a b"']))
        r.shuffle(fields)
        return "".join(f + "\r\n" for f in fields)

    def leaf(self, typed=True):
        r = self.r
        extra = []
        if typed and r.random() < 0.8:
            value = r.choice(TYPES[:4])
            if r.random() < 0.5:
                value += r.choice(["; charset=utf-8", '; charset="utf-8"; name="a;b\\"c"', "; a=1; b=2"])
            extra.append("Content-Type: " + self.fold(value))
        return self.fields(extra) + "\r\n" + self.text()

    def boundary(self):
        """Unlike all others, often with another one as its prefix."""
        self.boundaries += 1
        return "b" * self.boundaries if self.r.random() < 0.5 else "=_%d'?/" % self.boundaries

    def multipart(self, depth, inside):
        r = self.r
        boundary = self.boundary()
        quoted = '"%s"' % boundary
        subtype = r.choice(["mixed", "alternative", "Related", "digest"])
        head = self.fields(["Content-Type: " + self.fold("multipart/%s; boundary=%s; x=y" % (subtype, quoted))])
        out = head + "\r\n"
        if r.random() < 0.4:
            out += "preamble --" + boundary + "\r\n"
        for _ in range(r.randrange(1, 4)):
            out += "--" + boundary + r.choice(["", "", " ", "\t "]) + "\r\n"
            part = self.part(depth - 1, True) if subtype != "digest" else "\r\n" + self.message(depth - 1, True)
            out += part + "\r\n"
        # With nothing behind it, Python takes the last line end from an unclosed multipart.
        if not inside or r.random() < 0.8:
            out += "--" + boundary + "--" + r.choice(["", "\r\n", "\r\nepilogue\r\n", "\r\n--" + boundary + "x\r\n"])
        return out

    def part(self, depth, inside):
        r = self.r
        if depth <= 0 or r.random() < 0.4:
            return self.leaf()
        if r.random() < 0.25:
            return self.fields(["Content-Type: message/rfc822"]) + "\r\n" + self.message(depth - 1, inside)
        return self.multipart(depth, inside)

    def message(self, depth, inside=False):
        r = self.r
        head = "Subject: " + r.choice(["plain", "two\r\n lines", "=?utf-8?Q?=C3=A9?="]) + "\r\n"
        head += "Message-ID: <%d@x.example>\r\n" % r.randrange(999)
        return head + self.part(depth, inside)

    def address(self):
        r = self.r
        spec = r.choice(["a", "b.c", "d+e", "f_g-h"]) + "@" + r.choice(["x.example", "y", "z-1.example"])
        name = r.choice(["Ann", "Ann Cee", '"Cee, Ann"', '"a \\"b\\" c"', "Ann\r\n Cee", "=?utf-8?Q?=C3=A9?="])
        return r.choice([spec, "<%s>" % spec, "%s <%s>" % (name, spec), "%s (a note) <%s>" % (name, spec)])

    def addresses(self):
        r = self.r
        out = []
        for _ in range(r.randrange(1, 5)):
            if r.random() < 0.2:
                members = ", ".join(self.address() for _ in range(r.randrange(3)))
                out.append("%s: %s;" % (r.choice(["team", "A Team", '"B, Team"']), members))
            else:
                out.append(self.address())
        return r.choice([", ", ",", ",\r\n "]).join(out)

    def date(self):
        r = self.r
        year, month = r.randrange(1970, 2200), r.randrange(1, 13)
        day = r.randrange(1, calendar.monthrange(year, month)[1] + 1)
        week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][calendar.weekday(year, month, day)]
        zone = r.choice(["%s%02d%02d" % (r.choice("+-"), r.randrange(13), r.choice([0, 30, 45])), "GMT", "EST", "PDT", "UT"])
        name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1]
        text = "%d %s %d %02d:%02d:%02d %s" % (day, name, year, r.randrange(24), r.randrange(60), r.randrange(60), zone)
        return r.choice(["%s, %s" % (week, text), text, "%s,  %s (a note)" % (week, text)])


def octets(text):
    return text.encode("ascii", "surrogateescape")


def field(part, name):
    value = part.get(name)
    return None if value is None else value.replace("\r\n", "").replace("\n", "").strip()


def read_part(part, depth, out):
    children = part.get_payload() if part.is_multipart() else []
    declared = part.get("content-type")
    params = part.get_params() if declared else [("text/plain", ""), ("charset", "us-ascii")]
    if not declared and part.get_content_type() == "message/rfc822":
        params = []
    disposition = part.get_content_disposition()
    out.append((depth, part.get_content_type(), field(part, "content-id"), field(part, "content-description"),
                disposition, None if children else octets(part.get_payload()),
                [(name.lower(), value) for name, value in params[1:]]))
    for child in children:
        read_part(child, depth + 1, out)


def theirs_message(raw):
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    out = []
    read_part(message, 0, out)
    return field(message, "subject"), field(message, "message-id"), out


def text(word):
    return None if word == "-" else bytes.fromhex(word).decode("ascii")


def ours_message(line):
    head, *parts = line.split("|")
    out = []
    for part in parts:
        words = part.split(" ")
        values = [text(w) for w in words[1:]]
        type_ = (values[0] + "/" + values[1]).lower()
        params = list(zip([v.lower() for v in values[6::2]], values[7::2]))
        disposition = values[4].lower() if values[4] is not None else None
        out.append((int(words[0]), type_, values[2], values[3], disposition,
                    None if values[5] is None else octets(values[5]), params))
    words = head.split(" ")
    return text(words[1]), text(words[2]), out


def theirs_addresses(raw):
    header = email.policy.default.header_factory("To", raw.decode("ascii").replace("\r\n", ""))
    out = []
    for group in header.groups:
        if group.display_name is not None:
            out.append(("group", group.display_name))
        out += [(a.display_name or None, a.username, a.domain) for a in group.addresses]
        if group.display_name is not None:
            out.append(("end",))
    return out


def decoded(name):
    """Python decodes encoded words in names; ours stay as IMAP wants them."""
    if name is None or "=?" not in name:
        return name
    return str(email.header.make_header(email.header.decode_header(name)))


def ours_addresses(line):
    malformed, *items = line.split("|")
    assert malformed == "0", line
    out = []
    for item in items:
        kind, name, mailbox, host = item.split(" ")
        if kind == "0":
            out.append((decoded(text(name)), text(mailbox), text(host)))
        else:
            out.append(("group", text(mailbox)) if kind == "1" else ("end",))
    return out


def theirs_date(raw):
    return email.utils.mktime_tz(email.utils.parsedate_tz(raw.decode("ascii")))


KINDS = {
    "M": ("messages", lambda m: octets(m.message(4)), theirs_message, ours_message),
    "A": ("address lists", lambda m: octets(m.addresses()), theirs_addresses, ours_addresses),
    "D": ("dates", lambda m: octets(m.date()), theirs_date, int),
}


def compare(dump, kind, rounds, seed):
    _, make, theirs, ours = KINDS[kind]
    inputs = [make(Maker(seed + i)) for i in range(rounds)]
    data = b"".join(b"%c %d\n%s" % (ord(kind), len(raw), raw) for raw in inputs)
    lines = subprocess.run([dump], input=data, capture_output=True, check=True).stdout.decode().splitlines()
    assert len(lines) == rounds, (len(lines), rounds)
    for i, (raw, line) in enumerate(zip(inputs, lines)):
        want, got = theirs(raw), ours(line)
        if want != got:
            return "seed %d\n%r\nPython: %r\nours:   %r" % (seed + i, raw, want, got)
    return None


def main():
    dump = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print("1..%d" % len(KINDS))
    failed = False
    for number, kind in enumerate(KINDS, 1):
        difference = compare(dump, kind, rounds, seed)
        failed = failed or difference is not None
        print("%sok %d - %d %s read as Python reads them" % ("not " if difference else "", number, rounds, KINDS[kind][0]))
        if difference:
            print("# " + difference.replace("\n", "\n# "))
    return failed


sys.exit(main())
