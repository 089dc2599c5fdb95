#!/usr/bin/env python3
"""DNS zones for tests: nsd on a free port of loopback, with zones that are signed, not signed, or
whose signatures do not hold. Needs the programs nsd, ldns-keygen and ldns-signzone.

    with zone_fixture.Zones(
            zone_fixture.Zone("example.test", "@ MX 10 mx\\nmx A 127.0.0.1", signed=True),
            zone_fixture.Zone("plain.test", "@ MX 10 mail.example.test.")) as zones:
        run(..., "--resolver", zones.resolver, "--trust-anchor", zones.anchor)

The server is authoritative only: it refuses what is in none of its zones. SOA and NS are added; the text is a zone file below $ORIGIN NAME and
$TTL 60. `broken` names the types whose signatures are altered after signing ("TLSA"), or "*" for
every one but DNSKEY; "TXT:_mta-sts" is the signature of that type at that name alone.

usage: zone_fixture.py NAME ZONEFILE [signed|broken]      serves one zone until it is interrupted"""
import atexit
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROGRAMS = ("nsd", "ldns-keygen", "ldns-signzone")
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
HEAD = """$ORIGIN {name}.
$TTL 60
@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 60
@ NS ns.{name}.
ns A 127.0.0.1
"""


def missing():
    """The programs that this needs and that are not there."""
    return [p for p in PROGRAMS if not shutil.which(p, path=PATH)]


class Zone:
    def __init__(self, name, text, signed=False, broken=()):
        self.name, self.text, self.signed = name, text, signed or bool(broken)
        self.broken = [broken] if isinstance(broken, str) else list(broken)
        self.anchor = ""

    def write(self, folder):
        """Writes the zone file, signed when it shall be, and returns its path."""
        plain = folder / f"{self.name}.zone"
        plain.write_text(HEAD.format(name=self.name) + self.text + "\n")
        if not self.signed:
            return plain
        key = tool(folder, "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", self.name).strip()
        tool(folder, "ldns-signzone", "-f", f"{plain}.signed", plain.name, key)
        self.anchor = (folder / f"{key}.ds").read_text()
        signed = pathlib.Path(f"{plain}.signed")
        if self.broken:
            signed.write_text("".join(self.spoil(line) for line in open(signed)))
        return signed

    def spoil(self, line):
        """An RRSIG that is to be broken gets another signature of the same length."""
        fields = line.split()
        if len(fields) < 13 or fields[3] != "RRSIG":
            return line
        kind, host = fields[4], fields[0].removesuffix(".").removesuffix(self.name).rstrip(".")
        every = "*" in self.broken and kind != "DNSKEY"
        if not every and not {kind, f"{kind}:{host}"} & set(self.broken):
            return line
        # `after` may end in padding and a remark; the fourth character is full of signature bits
        before, after = line.rstrip("\n").split(fields[12], 1)
        signature = fields[12]
        other = "A" if signature[3] != "A" else "B"
        return f"{before}{signature[:3]}{other}{signature[4:]}{after}\n"


def tool(folder, *command):
    program = shutil.which(command[0], path=PATH)
    done = subprocess.run([program, *command[1:]], cwd=folder, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def free_port():
    """A port of 127.0.0.1 that is free in UDP and in TCP."""
    for _ in range(100):
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]
    raise RuntimeError("no port is free in UDP and TCP")


def question(name, kind=6):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 4711, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


class Zones:
    """nsd with the given zones. resolver: "127.0.0.1@PORT"; anchor: path of a file with the DS
    records of the signed ones (an empty file when there is none); port; folder."""

    def __init__(self, *zones):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zones-"))
        self.process = None
        atexit.register(self.close)
        try:
            self.start(zones)
        except BaseException:
            self.close()
            raise

    def start(self, zones):
        self.port = free_port()
        self.resolver = f"127.0.0.1@{self.port}"
        files = {zone.name: zone.write(self.folder) for zone in zones}
        self.anchor = str(self.folder / "anchor")
        pathlib.Path(self.anchor).write_text("".join(zone.anchor for zone in zones))
        self.write_config(files)
        self.log = open(self.folder / "nsd.log", "w+")
        self.process = subprocess.Popen(
            [shutil.which("nsd", path=PATH), "-d", "-c", self.folder / "nsd.conf"],
            stdout=self.log, stderr=self.log, start_new_session=True)
        for zone in zones:
            self.await_answer(zone.name)

    def write_config(self, files):
        f = self.folder
        lines = ["server:", f"  ip-address: 127.0.0.1@{self.port}", "  server-count: 1",
                 '  username: ""', '  chroot: ""', f'  zonesdir: "{f}"', '  database: ""',
                 f'  pidfile: "{f}/nsd.pid"', f'  xfrdfile: "{f}/xfrd.state"', f'  xfrdir: "{f}"',
                 f'  zonelistfile: "{f}/zone.list"', f'  cookie-secret-file: "{f}/cookie"',
                 "  tcp-count: 50", "  rrl-ratelimit: 0", "  hide-version: yes", "  verbosity: 1",
                 "remote-control:", "  control-enable: no"]
        for name, file in files.items():
            lines += ["zone:", f'  name: "{name}"', f'  zonefile: "{file}"']
        (f / "nsd.conf").write_text("\n".join(lines) + "\n")

    def await_answer(self, name):
        """The zone is served when its SOA is answered with authority and without an error."""
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                break
            with socket.socket(type=socket.SOCK_DGRAM) as s:
                s.settimeout(0.2)
                try:
                    s.connect(("127.0.0.1", self.port))
                    s.send(question(name))
                    answer = s.recv(4096)
                except OSError:
                    time.sleep(0.02)
                    continue
            if answer[2] & 4 and not answer[3] & 15 and answer[6:8] != b"\0\0":
                return
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"nsd does not serve {name}: {self.log.read().strip()}")

    def close(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None
        if getattr(self, "log", None):
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def main(name, file, how=""):
    text = re.sub(r"(?m)^\$(ORIGIN|TTL).*$", "", pathlib.Path(file).read_text())
    with Zones(Zone(name, text, signed=bool(how), broken="*" if how == "broken" else ())) as zones:
        print(f"resolver {zones.resolver}\nanchor {zones.anchor}", flush=True)
        signal.pause()


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
