#!/usr/bin/env python3
"""The port and TLS matrix on real servers, side by side with testssl.sh and sslscan.

usage: compare_ports.py [OPTION]... [SERVER[:SERVICE]]...

Starts the private targets, asks each tool which TLS versions and cipher suites each port takes,
counts its connections at a proxy on loopback, takes its time, and prints medians, agreements and
each disagreement as Markdown. The tools take turns, so that a busy minute hits all of them.

  --mailassay PROGRAM   what to run (build/mailassay); "none" leaves it out
  --rounds N            how often each tool looks at each port (5)
  --without TOOL        leave one out: testssl.sh takes its time (repeat for several)
  --whole               once more with everything that testssl.sh and sslscan do by themselves
  --state DIR           where the servers keep their state (a temporary folder)
  --out DIR             keep every tool's output there

Only protocols and ciphers are asked of testssl.sh (-p -E) and sslscan (no Heartbleed, renegotiation,
compression, fallback and groups): what the sets are compared by. mailassay ports answers all its
questions each time."""
import argparse
import asyncio
import collections
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parent
NAME = "mail.mailassay.test"
SERVERS = ["dovecot", "postfix", "postfix-hardened", "exim", "courier", "cyrus"]
# An MTA's imap and pop3 belong to the Dovecot beside it. testssl.sh and sslscan know no LMTP.
MTAS = {"postfix", "postfix-hardened", "exim"}
MTA_SERVICES = ["smtp", "submission", "submissions"]
SERVICES = MTA_SERVICES + ["pop3", "pop3s", "imap", "imaps"]
STARTTLS = {"smtp": "smtp", "submission": "smtp", "pop3": "pop3", "imap": "imap"}
VERSIONS = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
LIMIT = 900  # seconds for one look of one tool

# What one look found: the versions that are taken, and (version, number of the suite).
Seen = collections.namedtuple("Seen", "versions suites")
Look = collections.namedtuple("Look", "tool seconds connections seen")


class CountingProxy:
    """Listens on loopback, counts what is accepted, and passes it on from 127.0.0.5: a server
    trusts a client that has its own address."""

    def __init__(self, port):
        self.count = 0
        self.target = port
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def serve(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def accept(self, reader, writer):
        self.count += 1
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target,
                                                  local_addr=("127.0.0.5", 0))
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self.copy(reader, there[1]), self.copy(there[0], writer))

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class Servers:
    """The private targets that this run started."""

    def __init__(self, state):
        self.state = state
        self.started = []

    def target(self, *words):
        return subprocess.run([HERE / "target", *words], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()

    def start(self, name):
        file = self.target("start", name, "--state", str(self.state / name))
        self.started.append(name)
        text = pathlib.Path(file).read_text()
        ports = {k: int(v) for k, v in re.findall(r"^  ([a-z0-9-]+): (\d+)$", text, re.M)}
        return ports, re.search(r"ca: '(.*)'", text).group(1)

    def remove_all(self):
        for name in self.started:
            self.target("remove", name, "--state", str(self.state / name))


# ---- the tools ----

class Tool:
    def __init__(self, name, command, parse, whole=False):
        self.name, self.command, self.parse, self.whole = name, command, parse, whole


def sslscan_command(service, port, file, extra=()):
    start = [f"--starttls-{STARTTLS[service]}"] if service in STARTTLS else []
    return ["sslscan", "--no-colour", f"--xml={file}", f"--sni-name={NAME}", *start, *extra,
            f"127.0.0.1:{port}"]


def sslscan_asked(service, port, file, ca):
    return sslscan_command(service, port, file,
                           ["--no-heartbleed", "--no-renegotiation", "--no-compression",
                            "--no-fallback", "--no-groups", "--no-check-certificate"])


def sslscan_whole(service, port, file, ca):
    return sslscan_command(service, port, file)


def sslscan_seen(file):
    names = {("ssl", "2"): 0, ("ssl", "3"): 1, ("tls", "1.0"): 2, ("tls", "1.1"): 3,
             ("tls", "1.2"): 4, ("tls", "1.3"): 5}
    words = {"SSLv2": 0, "SSLv3": 1, "TLSv1.0": 2, "TLSv1.1": 3, "TLSv1.2": 4, "TLSv1.3": 5}
    test = ET.parse(file).getroot().find("ssltest")
    versions = {VERSIONS[names[p.get("type"), p.get("version")]]
                for p in test.findall("protocol") if p.get("enabled") == "1"}
    return Seen(versions, {(VERSIONS[words[c.get("sslversion")]], int(c.get("id"), 16))
                           for c in test.findall("cipher")})


def testssl_command(service, port, file, questions):
    start = ["--starttls", STARTTLS[service]] if service in STARTTLS else []
    return ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none",
            "--jsonfile", str(file), *questions, *start, "--ip", "127.0.0.1", f"{NAME}:{port}"]


def testssl_asked(service, port, file, ca):
    return testssl_command(service, port, file, ["-p", "-E"])


def testssl_whole(service, port, file, ca):
    return testssl_command(service, port, file, ["--add-ca", ca])


def testssl_seen(file):
    ids = {"SSLv2": 0, "SSLv3": 1, "TLS1": 2, "TLS1_1": 3, "TLS1_2": 4, "TLS1_3": 5}
    versions, suites = set(), set()
    for row in json.loads(file.read_text()):
        if row["id"] in ids and row["finding"].startswith("offered"):
            versions.add(VERSIONS[ids[row["id"]]])
        cipher = re.match(r"cipher-(ssl2|ssl3|tls1(?:_[123])?)_x([0-9a-f]+)$", row["id"])
        if cipher:
            word = cipher[1].upper().replace("SSL", "SSLv")
            suites.add((VERSIONS[ids[word]], int(cipher[2], 16)))
    return Seen(versions, suites)


def mailassay_command(program, service, port, file, ca, extra):
    return [program, "ports", NAME, "--resolve", f"{NAME}:{port}:127.0.0.1:{port}", "--ports",
            f"{service}={port}", "--cacert", ca, "--color", "never", "--no-progress", "--report",
            f"json={file}", *extra]


def mailassay_seen(file):
    """The second table of a full run: a row for each version and suite."""
    versions, suites = set(), set()
    for table in json.loads(file.read_text()).get("matrices", []):
        if "cipher suites" not in table["title"]:
            continue
        for row in table["rows"]:
            version, suite = (cell["text"] for cell in row[:2])
            if version in VERSIONS:
                versions.add(version)
                if suite:
                    suites.add((version, suite_number(suite)))
    return Seen(versions, suites)


def tools_of(program, whole):
    tools = [Tool("sslscan", sslscan_asked, sslscan_seen),
             Tool("testssl.sh", testssl_asked, testssl_seen)]
    if program != "none":
        for name, extra in ("mailassay", []), ("mailassay --full", ["--full"]):
            tools.append(Tool(name, lambda s, p, f, ca, e=extra:
                              mailassay_command(program, s, p, f, ca, e),
                              mailassay_seen if extra else None))
    if whole:
        tools += [Tool("sslscan, whole", sslscan_whole, None, True),
                  Tool("testssl.sh, whole", testssl_whole, None, True)]
    return tools


# ---- names of suites ----

def suite_names(folder=pathlib.Path("/etc/testssl")):
    """Numbers and IANA names, from the table that comes with testssl.sh."""
    names = {}
    for line in (folder / "cipher-mapping.txt").read_text().splitlines():
        words = line.split()
        if len(words) > 3 and re.fullmatch(r"(0x..,)+0x..", words[0]):
            number = int(words[0].replace(",0x", ""), 16)
            names[number] = words[3] if words[3] != "-" else words[2]
    return names


SUITES = {}


def suite_number(name):
    if name.startswith("0x"):
        return int(name, 16)
    return next((n for n, text in SUITES.items() if text == name), name)


def suite_name(number):
    return SUITES.get(number, number if isinstance(number, str) else f"0x{number:04x}")


# ---- one look ----

def look(tool, service, proxy, ca, file):
    proxy.count = 0
    file.unlink(missing_ok=True)
    command = tool.command(service, proxy.port, file, ca)
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT)
    seconds = time.monotonic() - began
    file.with_suffix(".out").write_text(" ".join(map(str, command)) + "\n" + done.stdout)
    if not file.exists():
        sys.exit(f"{tool.name} wrote nothing on {service}: exit {done.returncode}\n{done.stdout}")
    return Look(tool.name, seconds, proxy.count, tool.parse(file) if tool.parse else None)


def say(text):
    print(text, file=sys.stderr, flush=True)


def look_at_all(tools, ports, rounds, out):
    """{(server, service): {tool name: [Look, ...]}}; the tools take turns."""
    looks = collections.defaultdict(lambda: collections.defaultdict(list))
    for number in range(rounds):
        for (server, service), (proxy, ca) in ports.items():
            for tool in tools:
                if tool.whole and number:
                    continue
                suffix = "xml" if "sslscan" in tool.name else "json"
                word = re.sub(r"[^a-z]+", "-", tool.name)
                one = look(tool, service, proxy, ca,
                           out / f"{server}-{service}-{word}-{number}.{suffix}")
                looks[server, service][tool.name].append(one)
                say(f"{number + 1}/{rounds} {server} {service} {tool.name}: "
                    f"{one.connections} connections, {one.seconds:.1f} s")
    return looks


# ---- what comes out ----

def median_cells(rows):
    connections = statistics.median(r.connections for r in rows)
    return f"{connections:g}", f"{statistics.median(r.seconds for r in rows):.1f}"


def print_figures(looks, tools):
    print("| server | service |" + "".join(f" {t.name} |" for t in tools))
    print("|---|---|" + "---|" * len(tools))
    for (server, service), by_tool in looks.items():
        cells = [" / ".join(median_cells(by_tool[t.name])) for t in tools]
        print(f"| {server} | {service} | " + " | ".join(cells) + " |")
    print("\nMedians over all ports, connections / seconds: " + "; ".join(
        t.name + " " + " / ".join(median_cells([r for by in looks.values() for r in by[t.name]]))
        for t in tools))


def differences(server, service, by_tool):
    """Lines on what the tools, or the rounds of one tool, do not agree on."""
    seen = {name: [r.seen for r in rows] for name, rows in by_tool.items() if rows[0].seen}
    for name, all_seen in seen.items():
        if any(s != all_seen[0] for s in all_seen):
            yield f"{server} {service}: {name} differs from one round to the next"
    first = {name: all_seen[0] for name, all_seen in seen.items()}
    for title, pick, text in (
            ("version", lambda s: s.versions, str),
            ("suite", lambda s: s.suites, lambda v: f"{v[0]} {suite_name(v[1])}")):
        union = set().union(*(pick(s) for s in first.values()))
        for item in sorted(union, key=str):
            having = [name for name, s in first.items() if item in pick(s)]
            if len(having) < len(first):
                lacking = [name for name in first if name not in having]
                yield (f"{server} {service}: {title} {text(item)}: seen by {', '.join(having)}; "
                       f"not by {', '.join(lacking)}")


def print_agreement(looks):
    print("\n| server | service | versions | suites | agree |\n|---|---|---|---|---|")
    lines = []
    for (server, service), by_tool in looks.items():
        own = list(differences(server, service, by_tool))
        lines += own
        seen = [r.seen for rows in by_tool.values() for r in rows if r.seen]
        versions = sorted(set.union(*(set(s.versions) for s in seen)))
        suites = len(set.union(*(set(s.suites) for s in seen)))
        print(f"| {server} | {service} | {', '.join(versions)} | {suites} | "
              f"{'yes' if not own else len(own)} |")
    print("\n" + ("\n".join("- " + line for line in lines) if lines else "All agree."))


def chosen(words):
    """[(server, [service, ...])] from SERVER[:SERVICE] words."""
    wanted = collections.defaultdict(list)
    for word in words or SERVERS:
        server, _, service = word.partition(":")
        wanted[server] += [service] if service else (
            MTA_SERVICES if server in MTAS else SERVICES)
    return wanted


def arguments():
    p = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mailassay", default="build/mailassay")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--without", action="append", default=[])
    p.add_argument("--whole", action="store_true")
    p.add_argument("--state", type=pathlib.Path)
    p.add_argument("--out", type=pathlib.Path)
    p.add_argument("servers", nargs="*")
    return p.parse_args()


def main():
    a = arguments()
    # A terminated run removes its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    SUITES.update(suite_names())
    tools = [t for t in tools_of(a.mailassay, a.whole) if t.name not in a.without]
    with tempfile.TemporaryDirectory() as folder:
        out = a.out or pathlib.Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        servers = Servers(a.state or pathlib.Path(folder))
        ports = {}
        try:
            for server, services in chosen(a.servers).items():
                numbers, ca = servers.start(server)
                for service in services:
                    if service in numbers:
                        ports[server, service] = CountingProxy(numbers[service]), ca
            looks = look_at_all(tools, ports, a.rounds, out)
        finally:
            for proxy, _ in ports.values():
                proxy.close()
            servers.remove_all()
    print_figures(looks, tools)
    print_agreement(looks)


main()
