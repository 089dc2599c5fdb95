#!/usr/bin/env python3
"""mailassay discover against DNS (nsd), HTTPS and mail servers on loopback: sources that agree and
that do not, hostile answers, what is sent where, and never a success when nothing was found.

usage: test_discover.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from running import PROGRAM, ROOT, TESTS, environment, expect, run_tests, serving, test

CORPUS = ROOT / "harness/profile/corpus"
sys.path.insert(0, str(ROOT / "harness/net"))
import zone_fixture  # noqa: E402  (beside the tests of the DNS)
from zone_fixture import Zone, Zones  # noqa: E402

DOMAINS = ["agree", "differ", "srv", "guess", "hostile", "dot", "nothing", "half", "alias",
           "mxed", "pop", "clear", "signed", "dead", "wrongmode", "nohost", "nomail", "moved",
           "sends", "wild", "twomodes"]


# ---- zones ----

ALL = """_imaps._tcp SRV 0 1 993 imap.mail.test.
_imap._tcp SRV 10 1 143 imap.mail.test.
_pop3s._tcp SRV 10 1 995 pop.mail.test.
_submissions._tcp SRV 0 1 465 smtp.mail.test.
_submission._tcp SRV 10 1 587 smtp.mail.test.
"""
RECORDS = {
    "agree": ALL + "autoconfig A 127.0.0.1\nautodiscover A 127.0.0.1",
    "differ": ALL + "autoconfig A 127.0.0.1",
    "srv": ALL,
    "guess": "imap A 127.0.0.1\nsmtp A 127.0.0.1",
    "hostile": "autoconfig A 127.0.0.1",
    "dot": """_imaps._tcp SRV 0 1 993 imap.mail.test.
_imap._tcp SRV 0 0 0 .
_pop3s._tcp SRV 0 0 0 .
_pop3._tcp SRV 0 0 0 .
_submissions._tcp SRV 0 1 465 smtp.mail.test.
autoconfig A 127.0.0.1""",
    "nothing": "",
    "half": "_imaps._tcp SRV 0 1 993 imap.mail.test.",
    "alias": "_imaps._tcp SRV 0 1 993 imap\nimap CNAME imap.mail.test.\n"
             "_submissions._tcp SRV 0 1 465 smtp.mail.test.",
    "mxed": "@ MX 10 mx1.in.provider.test.",
    "pop": """_imaps._tcp SRV 20 1 993 imap.mail.test.
_pop3s._tcp SRV 10 1 995 pop.mail.test.
_submissions._tcp SRV 0 1 465 smtp.mail.test.""",
    "clear": "autoconfig A 127.0.0.1",
    "wild": "* A 127.0.0.1",
    "twomodes": "_submission._tcp SRV 0 1 587 smtp.mail.test.\n_submissions._tcp SRV 0 1 587 smtp.mail.test.",
    "signed": ALL,
    "dead": "_imaps._tcp SRV 0 1 9 imap.mail.test.\n_submissions._tcp SRV 0 1 465 smtp.mail.test.",
    "wrongmode": "_imaps._tcp SRV 0 1 143 imap.mail.test.\n"
                 "_submissions._tcp SRV 0 1 465 smtp.mail.test.",
    "nohost": "_imaps._tcp SRV 0 1 993 gone.mail.test.\n"
              "_submissions._tcp SRV 0 1 465 smtp.mail.test.",
    "nomail": "@ MX 0 .\n" + "".join(f"_{s}._tcp SRV 0 0 0 .\n" for s in
                                     ("imaps", "imap", "pop3s", "pop3", "submissions", "submission")),
    "moved": """_imaps._tcp SRV 0 1 993 gone.mail.test.
_imaps._tcp SRV 10 1 993 imap.mail.test.
_submissions._tcp SRV 0 1 465 smtp.mail.test.""",
    "sends": "_submissions._tcp SRV 0 1 465 smtp.mail.test.\nimap A 127.0.0.1\nsmtp A 127.0.0.1",
}


def zones():
    made = [Zone(f"{name}.test", RECORDS[name], signed=name == "signed") for name in DOMAINS]
    made.append(Zone("mail.test", "imap A 127.0.0.1\npop A 127.0.0.1\nsmtp A 127.0.0.1\n"
                                  "imap2 A 127.0.0.1"))
    made.append(Zone("provider.test", "mx1.in A 127.0.0.1\nautoconfig A 127.0.0.1\n"
                                      "_autodiscover._tcp SRV 0 0 443 autodiscover"))
    made.append(Zone("broken.test", ALL, broken="SRV"))
    made.append(Zone("brokenmx.test", "@ MX 10 mx1.in.provider.test.", broken="MX"))
    return Zones(*made)


# ---- the web ----

class Web:
    """HTTPS on a free port. pages[host, path] = (status, headers, body) or a function of the handler;
    `requests` are (host, path with query, body)."""

    def __init__(self, folder):
        self.pages, self.requests = {}, []
        self.ca = folder / "web-ca.pem"
        make_certificates(folder)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            scheme = ""

            def answer(self):
                host = self.scheme + self.headers.get("Host", "").split(":")[0]
                length = int(self.headers.get("Content-Length") or 0)
                web.requests.append((host, self.path, self.rfile.read(length).decode()))
                page = web.pages.get((host, self.path.split("?")[0]), (404, {}, b"nothing here"))
                if callable(page):
                    self.close_connection = True
                    return page(self)
                status, headers, body = page
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *unused):
                pass

        class PlainHandler(Handler):
            scheme = "http:"

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "web.pem", folder / "web.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.plain = Server(("127.0.0.1", 0), PlainHandler)
        self.threads = [threading.Thread(target=s.serve_forever, daemon=True)
                        for s in (self.server, self.plain)]
        for thread in self.threads:
            thread.start()

    def close(self):
        for server, thread in zip((self.server, self.plain), self.threads):
            server.shutdown()
            server.server_close()
            thread.join()

    def serve(self, host, path, body, status=200, **headers):
        if isinstance(body, str):
            body = body.encode()
        self.pages[host, path] = body if callable(body) else (status, headers, body)

    def clear(self):
        self.pages.clear()
        self.requests.clear()


def make_certificates(folder):
    names = [f"{prefix}{name}.test" for name in DOMAINS + ["provider", "in.provider"]
             for prefix in ("", "autoconfig.", "autodiscover.")]
    names.remove("autoconfig.half.test")
    names.remove("autoconfig.wild.test")
    (folder / "names").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
    run_tool(folder, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 "
                     "-subj /CN=web-ca -keyout ca.key -out web-ca.pem")
    run_tool(folder, "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                     "-subj /CN=web -keyout web.key -out web.csr")
    run_tool(folder, "openssl x509 -req -in web.csr -CA web-ca.pem -CAkey ca.key -CAcreateserial "
                     "-days 3 -extfile names -out web.pem")


def run_tool(folder, command):
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


def server(kind, host, port, mode, user="%EMAILADDRESS%"):
    tag = "outgoingServer" if kind == "smtp" else "incomingServer"
    return (f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port><socketType>{mode}'
            f"</socketType><username>{user}</username><authentication>password-cleartext"
            f"</authentication></{tag}>\n")


def autoconfig(*servers):
    return ('<?xml version="1.0"?>\n<clientConfig version="1.1"><emailProvider id="x"><domain>%EMAILDOMAIN%</domain>\n'
            + "".join(servers) + "</emailProvider></clientConfig>\n")


GOOD = autoconfig(server("imap", "imap.mail.test", 993, "SSL"),
                  server("imap", "imap.mail.test", 143, "STARTTLS"),
                  server("pop3", "pop.mail.test", 995, "SSL"),
                  server("smtp", "smtp.mail.test", 465, "SSL"),
                  server("smtp", "smtp.mail.test", 587, "STARTTLS"))
AUTODISCOVER = """<?xml version="1.0"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
<Account><AccountType>email</AccountType><Action>settings</Action>
<Protocol><Type>IMAP</Type><Server>imap.mail.test</Server><Port>993</Port>
<LoginName>me@agree.test</LoginName><SSL>on</SSL></Protocol>
<Protocol><Type>SMTP</Type><Server>smtp.mail.test</Server><Port>465</Port>
<LoginName>me@agree.test</LoginName><SSL>on</SSL></Protocol>
</Account></Response></Autodiscover>
"""
MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
POX = "/autodiscover/autodiscover.xml"

# ---- the mail servers ----

FLEET = """name: Everything on loopback
source: the test
checked: 2026-01-01
domains: [agree.test]
user: address
auth: password
offers:
  imap:
    - {host: imap.mail.test, port: 993, tls: implicit}
    - {host: imap.mail.test, port: 143, tls: starttls}
    - {host: imap2.mail.test, port: 993, tls: implicit}
    - {host: imap.guess.test, port: 993, tls: implicit}
    - {host: imap.alias.test, port: 993, tls: implicit}
  pop3: {host: pop.mail.test, port: 995, tls: implicit}
  submission:
    - {host: smtp.mail.test, port: 465, tls: implicit}
    - {host: smtp.mail.test, port: 587, tls: starttls}
    - {host: smtp.guess.test, port: 465, tls: implicit}
"""


def fleet(folder):
    (folder / "fleet.yaml").write_text(FLEET)
    return serving("--profile", str(folder / "fleet.yaml"))


# ---- running ----

class World:
    def __init__(self, folder, web, dns, state):
        self.folder, self.web, self.dns = folder, web, dns
        (folder / "roots.pem").write_text(web.ca.read_text() + (state / "ca.pem").read_text())
        self.mail = []
        for line in (state / "resolve").read_text().splitlines():
            if line and not line.startswith("#"):
                where, reached = line.split()
                self.mail += ["--connect-to", f"{where}:{reached}"]

    def run(self, subject, *args, web=(), plain=(), mail=True, status=None):
        """`web`: hosts whose HTTPS is ours; `plain`: whose HTTP."""
        command = [PROGRAM, "discover", subject, "--resolver", self.dns.resolver, "--trust-anchor",
                   self.dns.anchor, "--cacert", str(self.folder / "roots.pem"), "--timeout", "5s"]
        for host in web:
            command += ["--connect-to", f"{host}:443:127.0.0.1:{self.web.port}"]
        for host in plain:
            command += ["--connect-to", f"{host}:80:127.0.0.1:{self.web.plain.server_address[1]}"]
        command += (self.mail if mail else ["--no-check"]) + [str(a) for a in args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env=environment(), errors="replace")
        if status is not None:
            expect(done.returncode == status, "exit", done.returncode, "instead of", status, "\n",
                   done.stdout[-3000:], done.stderr[-1500:])
        for line in done.stdout.splitlines():
            # the summary of checks is one sentence, as in every command
            expect(len(line) <= 100 or " · seed " in line or "--json" in command,
                   "too wide:", line)
        return done

    def json(self, subject, *args, **how):
        done = self.run(subject, "--json", *args, **how)
        return json.loads(done.stdout)


def source(answer, name):
    return next(s for s in answer["sources"] if s["source"] == name)


def rows(answer, name):
    return [f"{r['service']} {r['host']}:{r['port']} {r['tls']}"
            for r in source(answer, name)["services"]]


# ---- all agree ----

@test
def all_sources_agree(w):
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    w.web.serve("agree.test", WELL_KNOWN, GOOD)
    w.web.serve("autodiscover.agree.test", POX, AUTODISCOVER)
    hosts = ["agree.test", "autoconfig.agree.test", "autodiscover.agree.test"]
    answer = w.json("me@agree.test", web=hosts, status=0)
    for name in ("srv", "autoconfig", "autoconfig-well-known", "autodiscover"):
        expect(source(answer, name)["state"] == "found", name, source(answer, name))
    expect(not answer["contradictions"], answer["contradictions"])
    expect(answer["fetch"]["host"] == "imap.mail.test" and answer["fetch"]["port"] == 993, answer)
    expect(answer["submit"]["port"] == 465 and answer["submit"]["tls"] == "implicit", answer)
    visits = {r["visit"] for s in answer["sources"] for r in s["services"]}
    expect(visits == {"pass"}, visits)
    shown = w.run("me@agree.test", web=hosts, status=0).stdout
    for words in ("SRV records", "imap.mail.test:993", "implicit", "works", "Found, and consistent"):
        expect(words in shown, words, "is missing in\n", shown)


@test
def one_endpoint_is_visited_once(w):
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    path = w.folder / "agree.json"
    w.run("me@agree.test", "--report", f"json={path}", web=["autoconfig.agree.test"], status=0)
    results = json.loads(path.read_text())["results"]
    ids = [r["id"] for r in results]
    expect(ids.count("ports/expect/imap.mail.test:993") == 1, ids)
    expect(sum(i.startswith("ports/expect/") for i in ids) == 5, ids)


@test
def what_each_source_says_of_logins_is_held(w):
    """The SRV records, which say nothing of them, name the same endpoints before."""
    w.web.serve("autoconfig.agree.test", MAIL, GOOD.replace("password-cleartext", "OAuth2"))
    answer = w.json("me@agree.test", web=["autoconfig.agree.test"], status=1)
    texts = [c["text"] for c in answer["checks"] if c["outcome"] == "fail"]
    expect(len(texts) == 5 and all("offers no login with OAuth2" in t for t in texts), texts)


@test
def a_port_in_two_modes_is_two_claims(w):
    answer = w.json("me@twomodes.test", status=1)
    visits = {r["tls"]: r["visit"] for r in source(answer, "srv")["services"]}
    expect(visits == {"implicit": "fail", "starttls": "pass"}, visits)
    expect(answer["submit"]["tls"] == "starttls", answer["submit"])


# ---- contradictions ----

@test
def contradictions_have_a_sentence_and_a_place(w):
    w.web.serve("autoconfig.differ.test", MAIL,
                autoconfig(server("imap", "imap2.mail.test", 993, "SSL"),
                           server("pop3", "pop.mail.test", 995, "SSL", "%EMAILLOCALPART%"),
                           server("smtp", "smtp.mail.test", 465, "STARTTLS")))
    done = w.run("me@differ.test", web=["autoconfig.differ.test"], status=1)
    for words in ("IMAP with implicit TLS: the SRV records say imap.mail.test:993, autoconfig says",
                  "imap2.mail.test:993; the hosts differ", "submission at smtp.mail.test:465",
                  "autoconfig.differ.test/mail/config-v1.1.xml:3:"):
        flat = " ".join(done.stdout.split())
        expect(words in flat, words, "is missing in\n", done.stdout)


@test
def user_names_are_compared(w):
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    w.web.serve("agree.test", WELL_KNOWN, GOOD.replace("%EMAILADDRESS%", "%EMAILLOCALPART%"))
    answer = w.json("me@agree.test", web=["autoconfig.agree.test", "agree.test"], mail=False,
                    status=1)
    texts = [c["text"] for c in answer["contradictions"]]
    expect(any("full address by autoconfig, the local part" in t for t in texts), texts)


@test
def a_file_is_a_source(w):
    answer = w.json("me@srv.test", "--mobileconfig", CORPUS / "good.mobileconfig", mail=False,
                    status=1)
    expect(rows(answer, "mobileconfig-file")[0] == "IMAP imap.example.test:993 implicit", answer)
    expect(any("the mobileconfig file says imap.example.test:993" in c["text"]
               for c in answer["contradictions"]), answer["contradictions"])


# ---- only one source ----

@test
def srv_alone_is_enough(w):
    answer = w.json("me@srv.test", status=0)
    expect(rows(answer, "srv")[0] == "IMAP imap.mail.test:993 implicit", rows(answer, "srv"))
    expect(len(rows(answer, "srv")) == 5, answer)
    expect(source(answer, "autoconfig")["state"] == "absent", source(answer, "autoconfig"))
    notes = " ".join(f["text"] for f in source(answer, "srv")["findings"])
    expect("out of the domain" in notes, notes)


@test
def signed_records_may_lead_out_of_the_domain(w):
    answer = w.json("signed.test", mail=False, status=0)
    expect(not source(answer, "srv")["findings"], source(answer, "srv"))
    expect("signed" in source(answer, "srv")["said"], source(answer, "srv"))


@test
def broken_signatures_are_no_answer(w):
    answer = w.json("broken.test", mail=False, status=1)
    expect(source(answer, "srv")["state"] == "broken", source(answer, "srv"))
    expect("signatures" in source(answer, "srv")["said"], source(answer, "srv"))


@test
def guesses_count_only_when_they_work(w):
    answer = w.json("me@guess.test", status=0)
    expect(answer["fetch"]["host"] == "imap.guess.test", answer["fetch"])
    expect(answer["submit"]["port"] == 465, answer["submit"])
    visits = {r["visit"] for r in source(answer, "guess")["services"] if "visit" in r}
    expect(visits == {"pass", "skip"}, visits)
    expect(not w.json("me@guess.test", mail=False, status=4)["found"], "found without a visit")
    expect(not w.json("me@guess.test", "--no-guess", status=4)["found"], "found without a guess")


@test
def guesses_are_not_visited_when_something_is_published(w):
    answer = w.json("me@half.test", status=0)
    guesses = [r for r in source(answer, "guess")["services"] if "visit" in r]
    expect(not guesses, guesses)
    texts = [c["text"] for c in answer["checks"] if c["id"] == "discover/complete"]
    expect("nowhere to submit mail" in texts[0], texts)
    answer = w.json("me@sends.test", status=0)
    guesses = {r["service"] for r in source(answer, "guess")["services"] if "visit" in r}
    expect(guesses == {"IMAP"}, guesses)
    texts = [c["text"] for c in answer["checks"] if c["id"] == "ports/expect/imap.sends.test:993"]
    expect(texts == ["a guess that does not work: connection refused"], texts)
    agreed = [c["id"] for c in answer["checks"] if c["id"].startswith("discover/agree/")]
    expect(not agreed, agreed)  # one source and a guess


# ---- RFC 6186 and RFC 8314 ----

@test
def a_dot_says_not_offered(w):
    answer = w.json("me@dot.test", status=0)
    expect(source(answer, "srv")["notOffered"] == ["POP3 starttls", "POP3 implicit",
                                                    "IMAP starttls"], source(answer, "srv"))
    w.web.serve("autoconfig.dot.test", MAIL, GOOD)
    answer = w.json("me@dot.test", web=["autoconfig.dot.test"], status=1)
    texts = " ".join(c["text"] for c in answer["contradictions"])
    expect("POP3 with implicit TLS: the SRV records say that it is (target \".\") not offered" in texts,
           texts)


@test
def priorities_can_prefer_pop3(w):
    answer = w.json("me@pop.test", status=0)
    expect(answer["fetch"]["service"] == "POP3" and "RFC 6186" in answer["fetch"]["why"],
           answer["fetch"])


@test
def aliases_as_targets_are_a_warning(w):
    answer = w.json("me@alias.test", status=0)
    expect(any("is an alias" in f["text"] for f in source(answer, "srv")["findings"]), answer)
    w.run("me@alias.test", "--strict", status=1)


@test
def clear_text_alone_is_warned_of(w):
    w.web.serve("autoconfig.clear.test", MAIL,
                autoconfig(server("imap", "imap.mail.test", 143, "plain"),
                           server("smtp", "smtp.mail.test", 587, "STARTTLS")))
    done = w.run("me@clear.test", web=["autoconfig.clear.test"], mail=False, status=0)
    flat = " ".join(done.stdout.split())
    for words in ("IMAP is published without TLS only", "the password can be read on the way"):
        expect(words in flat, words, "is missing in\n", done.stdout)


@test
def starttls_before_implicit_tls_is_a_warning(w):
    w.web.serve("autoconfig.agree.test", MAIL,
                autoconfig(server("imap", "imap.mail.test", 143, "STARTTLS"),
                           server("imap", "imap.mail.test", 993, "SSL"),
                           server("smtp", "smtp.mail.test", 465, "SSL")))
    answer = w.json("me@agree.test", web=["autoconfig.agree.test"], mail=False, status=0)
    preference = next(c for c in answer["checks"] if c["id"] == "discover/preference")
    expect(preference["outcome"] == "warn" and "143 before" in preference["text"], preference)


# ---- what is published does not work ----

@test
def a_dead_port_is_a_failure(w):
    done = w.run("me@dead.test", status=1)
    expect("nothing listens at imap.mail.test:9" in " ".join(done.stdout.split()), done.stdout)


@test
def a_wrong_mode_is_a_failure(w):
    done = w.run("me@wrongmode.test", status=1)
    flat = " ".join(done.stdout.split())
    expect("begins in clear text" in flat and "where implicit TLS is published" in flat, done.stdout)


@test
def a_host_without_address_is_a_failure(w):
    done = w.run("me@nohost.test", status=1)
    expect("has no address" in done.stdout, done.stdout)
    answer = w.json("me@moved.test", status=1)
    expect(answer["fetch"]["host"] == "imap.mail.test", "the next target is taken", answer["fetch"])
    expect([r["visit"] for r in source(answer, "srv")["services"]] == ["fail", "pass", "pass"], answer)


# ---- the fallback by MX ----

@test
def the_domain_of_the_mx_is_asked_without_the_address(w):
    w.web.serve("autoconfig.provider.test", MAIL, GOOD)
    answer = w.json("me@mxed.test", web=["autoconfig.provider.test"], status=0)
    expect(source(answer, "autoconfig-mx")["state"] == "found", source(answer, "autoconfig-mx"))
    asked = [r for r in w.web.requests if r[0].endswith("provider.test")]
    expect(asked and not any("me" in path.replace("mail", "") for _, path, _ in asked), asked)


# ---- what is sent where ----

@test
def the_address_goes_to_the_domain_itself(w):
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    hosts = ["autoconfig.agree.test", "agree.test", "autodiscover.agree.test"]
    w.run("m+e@agree.test", web=hosts, mail=False, status=0)
    paths = [path for host, path, _ in w.web.requests if host == "autoconfig.agree.test"]
    expect(paths == [MAIL + "?emailaddress=m%2Be%40agree.test"], paths)
    bodies = [body for _, path, body in w.web.requests if path == POX]
    expect(len(bodies) == 2 and all("<EMailAddress>m+e@agree.test<" in b for b in bodies), bodies)


@test
def no_address_leaves_it_out(w):
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    hosts = ["autoconfig.agree.test", "agree.test", "autodiscover.agree.test"]
    for args in (["canary@agree.test", "--no-address"], ["agree.test"]):
        w.web.requests.clear()
        w.run(*args, web=hosts, mail=False, status=0)
        expect(w.web.requests and not any("canary" in path + body or "emailaddress=" in path
                                          for _, path, body in w.web.requests), w.web.requests)


@test
def reports_do_not_hold_the_address_in_urls(w):
    w.web.serve("autoconfig.agree.test", MAIL, "<clientConfig/>")
    done = w.run("canary@agree.test", "--json", web=["autoconfig.agree.test"], mail=False, status=1)
    expect("canary" not in done.stdout, done.stdout)

    def hang_up(handler):
        handler.connection.close()
    w.web.serve("autoconfig.agree.test", MAIL, hang_up)
    done = w.run("canary@agree.test", "--json", web=["autoconfig.agree.test"], mail=False, status=5)
    expect("cannot fetch https://autoconfig.agree.test/mail/config-v1.1.xml:" in done.stdout, done.stdout)
    expect("canary" not in done.stdout, done.stdout)


# ---- hostile and broken answers ----

def broken(w, name, words):
    w.web.serve("autoconfig.hostile.test", MAIL, (CORPUS / name).read_bytes())
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], mail=False, status=1)
    got = source(answer, "autoconfig")
    expect(got["state"] == "broken" and words in got["said"], name, got)


@test
def hostile_xml_is_refused_with_a_sentence(w):
    for name, words in (("hostile-laughs.xml", "entities are refused"),
                        ("hostile-external.xml", "nothing is fetched"),
                        ("hostile-deep.xml", "nested too deeply"),
                        ("hostile-attribute.xml", "too long"),
                        ("nul-in-text.xml", "not well-formed"),
                        ("not-utf8.xml", "not well-formed"),
                        ("cut-in-text.xml", "cut off"),
                        ("empty.xml", "nothing in it")):
        broken(w, name, words)


@test
def every_finding_says_whose_it_is(w):
    w.web.serve("autoconfig.hostile.test", MAIL, "")
    done = w.run("me@hostile.test", web=["autoconfig.hostile.test"], mail=False, status=1)
    expect("autoconfig: there is nothing in it" in done.stdout, done.stdout)


@test
def a_terminal_is_not_steered(w):
    w.web.serve("autoconfig.hostile.test", MAIL,
                autoconfig(server("imap", "imap&#x9b;31m.test", 993, "SSL")))
    done = w.run("me@hostile.test", web=["autoconfig.hostile.test"], mail=False, status=1)
    expect("\x9b" not in done.stdout and "\x1b" not in done.stdout, repr(done.stdout))
    expect("this is no host name" in done.stdout, done.stdout)


@test
def one_bad_server_leaves_the_others(w):
    w.web.serve("autoconfig.hostile.test", MAIL,
                autoconfig(server("imap", "imap.mail.test", 0, "SSL"),
                           server("imap", "imap.mail.test", 993, "SSL"),
                           server("smtp", "smtp.mail.test", 465, "SSL")))
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], status=1)
    expect(answer["fetch"]["visit"] == "pass", answer["fetch"])
    expect("a port is a number" in source(answer, "autoconfig")["findings"][0]["text"], answer)


@test
def settings_do_not_name_a_whole_network(w):
    w.web.serve("autoconfig.hostile.test", MAIL,
                autoconfig(*(server("imap", "imap.mail.test", port, "SSL")
                             for port in range(2, 62))))
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], status=1)
    visited = [r for r in source(answer, "autoconfig")["services"] if r.get("visit")]
    expect(len(visited) == 24, len(visited))


@test
def a_web_page_is_no_settings(w):
    w.web.serve("autoconfig.hostile.test", MAIL, (CORPUS / "web-page.xml").read_bytes())
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], mail=False, status=4)
    expect(source(answer, "autoconfig")["state"] == "absent", source(answer, "autoconfig"))


def cannot_look(w, state, words, status=5):
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], mail=False, status=status)
    got = source(answer, "autoconfig")
    expect(got["state"] == state and words in got["said"], got)


@test
def http_errors_are_told_apart(w):
    host = "autoconfig.hostile.test"
    for status, state, words, code in ((404, "absent", "HTTP 404", 4), (403, "absent", "login", 4),
                                       (500, "unknown", "HTTP 500", 5),
                                       (429, "unknown", "too often", 5),
                                       (302, "blocked", "leads nowhere", 5)):
        w.web.serve(host, MAIL, "no", status=status)
        cannot_look(w, state, words, code)


@test
def redirects_are_followed_but_not_for_ever(w):
    host = "autoconfig.hostile.test"
    w.web.serve(host, MAIL, "", status=302, Location=f"https://{host}{MAIL}")
    cannot_look(w, "blocked", "redirects")
    expect(len([r for r in w.web.requests if r[0] == host]) == 6, len(w.web.requests))
    w.web.serve(host, MAIL, "", status=302, Location=f"http://{host}{MAIL}")
    cannot_look(w, "blocked", "not https")
    w.web.serve(host, MAIL, "", status=302, Location=f"https://{host}/elsewhere")
    w.web.serve(host, "/elsewhere", GOOD)
    w.json("me@hostile.test", web=[host], status=0)


@test
def a_huge_answer_is_cut_off(w):
    w.web.serve("autoconfig.hostile.test", MAIL, b"<a>" + b" " * (3 << 20) + b"</a>")
    cannot_look(w, "blocked", "too large")


@test
def a_slow_answer_does_not_hold_us(w):
    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    w.web.serve("autoconfig.hostile.test", MAIL, trickle)
    began = time.monotonic()
    done = w.run("me@hostile.test", "--timeout", "1s", web=["autoconfig.hostile.test"], mail=False,
                 status=5)
    expect(time.monotonic() - began < 8, "took", time.monotonic() - began)
    expect("Nothing was found" in done.stdout, done.stdout)


@test
def a_host_without_address_is_told_once(w):
    lost = autoconfig(server("imap", "gone.mail.test", 993, "SSL"),
                      server("smtp", "smtp.mail.test", 465, "SSL"))
    w.web.serve("autoconfig.hostile.test", MAIL, lost)
    answer = w.json("me@hostile.test", web=["autoconfig.hostile.test"], status=1)
    found = [f["text"] for f in source(answer, "autoconfig")["findings"] if "address" in f["text"]]
    expect(found == ["gone.mail.test has no address"], found)


@test
def a_certificate_that_clients_refuse_is_told(w):
    # the web server's certificate does not name it
    w.web.serve("autoconfig.half.test", MAIL, GOOD)
    done = w.run("me@half.test", web=["autoconfig.half.test"], status=0)
    expect("clients do not accept the certificate of" in " ".join(done.stdout.split()), done.stdout)


@test
def autodiscover_redirects_and_refusals(w):
    hosts = ["hostile.test", "autodiscover.hostile.test"]
    redirect = (CORPUS / "redirect-url.xml").read_text()
    w.web.serve("hostile.test", POX,
                redirect.replace("other.example.test", "autodiscover.hostile.test"))
    w.web.serve("autodiscover.hostile.test", POX, AUTODISCOVER)
    answer = w.json("me@hostile.test", web=hosts, status=0)
    expect(source(answer, "autodiscover")["state"] == "found", source(answer, "autodiscover"))
    w.web.serve("autodiscover.hostile.test", POX, (CORPUS / "autodiscover-error.xml").read_bytes())
    answer = w.json("me@hostile.test", web=hosts, mail=False, status=4)
    expect("error 600" in source(answer, "autodiscover")["said"], source(answer, "autodiscover"))


@test
def a_redirect_out_of_the_domain_takes_no_address_along(w):
    redirect = (CORPUS / "redirect-url.xml").read_text()
    w.web.serve("hostile.test", POX,
                redirect.replace("other.example.test", "autodiscover.provider.test"))
    w.web.serve("autodiscover.provider.test", POX, AUTODISCOVER)
    w.json("canary@hostile.test", web=["hostile.test", "autodiscover.provider.test"], mail=False,
           status=0)
    asked = [r for r in w.web.requests if r[0] == "autodiscover.provider.test"]
    expect(len(asked) == 1 and "postmaster@hostile.test" in asked[0][2] and
           "canary" not in asked[0][2], asked)


@test
def plain_http_is_believed_a_redirect_to_https_alone(w):
    host, target = "autodiscover.nothing.test", "autodiscover.provider.test"
    w.web.serve(target, POX, AUTODISCOVER)
    w.web.serve("http:" + host, POX, "", 302, Location=f"https://{target}{POX}?x=1")
    answer = w.json("canary@nothing.test", web=[target], plain=[host], mail=False, status=0)
    found = source(answer, "autodiscover")
    expect(found["state"] == "found" and found["where"] == f"https://{target}{POX}", found)
    expect(f"redirects to https://{target}{POX}; plain HTTP can be changed" in found["findings"][0]["text"], found)
    asked = [(h, path, body) for h, path, body in w.web.requests if h in ("http:" + host, target)]
    expect(asked[0] == ("http:" + host, POX, "") and len(asked) == 2, asked)
    expect("canary" not in asked[1][2] and "postmaster@nothing.test" in asked[1][2], asked)
    for status, headers, body, words in (
            (302, {"Location": f"http://{target}{POX}"}, "", "which is not https"),
            (200, {}, AUTODISCOVER, None), (404, {}, "", None), (500, {}, "", None)):
        w.web.serve("http:" + host, POX, body, status, **headers)
        w.web.requests.clear()
        answer = w.json("me@nothing.test", web=[target], plain=[host], mail=False, status=4)
        found = source(answer, "autodiscover")
        expect(found["state"] == "absent" and not found["services"], status, found)
        expect(not [h for h, *_ in w.web.requests if h == target], w.web.requests)
        expect(not words or words in found["said"], found)


@test
def a_wildcard_makes_no_settings(w):
    w.web.serve("autoconfig.wild.test", MAIL, GOOD)  # behind a certificate for another name
    answer = w.json("me@wild.test", web=["autoconfig.wild.test"], mail=False, status=4)
    expect("as every name of the domain has (a wildcard): imap.wild.test, pop.wild.test" in
           source(answer, "guess")["said"], source(answer, "guess"))
    expect(source(answer, "autoconfig")["state"] == "absent" and
           "(a wildcard), and no certificate of its own" in source(answer, "autoconfig")["said"], answer)
    answer = w.json("me@guess.test", mail=False, status=4)
    expect("wildcard" not in source(answer, "guess")["said"], source(answer, "guess"))


@test
def an_answer_for_somebody_else_is_read_as_theirs(w):
    """Who hides the address asks for the postmaster, and gets the postmaster's name."""
    w.web.serve("autoconfig.agree.test", MAIL, GOOD)
    hosts = ["autoconfig.agree.test", "autodiscover.agree.test"]
    for name, differs in (("postmaster@agree.test", False), ("postmaster", True)):
        w.web.serve("autodiscover.agree.test", POX, AUTODISCOVER.replace("me@agree.test", name))
        answer = w.json("me@agree.test", "--no-address", web=hosts, mail=False, status=int(differs))
        expect(bool(answer["contradictions"]) == differs, name, answer["contradictions"])


# ---- never a success ----

@test
def nothing_found_is_no_success(w):
    done = w.run("me@nothing.test", status=4)
    expect("Nothing was found for nothing.test" in done.stdout, done.stdout)
    path = w.folder / "nothing.json"
    w.run("me@nothing.test", "--report", f"json={path}", status=4)
    expect(json.loads(path.read_text())["run"]["exitCode"] == 4, "the report says otherwise")


@test
def saying_that_nothing_is_offered_is_no_success(w):
    done = w.run("me@nomail.test", status=4)
    for words in ("Nothing was found for nomail.test", "they say that it is not offered",
                  "the domain takes no mail"):
        expect(words in done.stdout, words, "is missing in\n", done.stdout)


@test
def a_broken_mx_is_not_said_to_be_missing(w):
    done = w.run("me@brokenmx.test", status=1)
    expect("the DNSSEC signatures of the MX of brokenmx.test do not hold" in done.stdout, done.stdout)


@test
def a_resolver_that_is_dead_is_no_success(w):
    port = zone_fixture.free_port()
    done = w.run("me@srv.test", "--resolver", f"127.0.0.1@{port}", "--timeout", "1s", status=5)
    expect("could not be looked up" in done.stdout, done.stdout)


@test
def wrong_command_lines_and_files(w):
    w.run("no-domain", status=2)
    for wrong in ("@srv.test", "a@b@srv.test", "mailto:me@srv.test", "me @srv.test", '""@srv.test'):
        w.run(wrong, status=2)
    for right in ("me+tag@srv.test", '"a b@c"@srv.test', "ümläut@SRV.test.", "o'neil@srv.test"):
        w.run(right, "--offline", "--autoconfig", CORPUS / "good-autoconfig.xml", mail=False, status=0)
    w.run("me@srv.test", "another", status=2)
    w.run("me@srv.test", "--resolver", "nonsense", status=2)
    for name in ("hostile-laughs.xml", "bad-port-zero.xml", "cut-in-tag.xml"):
        done = w.run("me@srv.test", "--autoconfig", CORPUS / name, mail=False, status=3)
        expect(f"{name}:" in done.stderr, done.stderr)
    w.run("me@srv.test", "--autoconfig", "/nonexistent.xml", status=3)


@test
def offline_asks_nothing(w):
    w.run("me@srv.test", "--offline", status=4)
    expect(not w.web.requests, w.web.requests)
    done = w.run("me@example.test", "--offline", "--autoconfig", CORPUS / "good-autoconfig.xml",
                 status=0)
    expect("nothing was visited" in done.stdout, done.stdout)


@test
def every_report_format_is_written(w):
    reports = [f"{f}={w.folder}/out.{f}" for f in
               ("json", "junit", "junit-strict", "tap", "html", "text", "markdown")]
    args = [x for r in reports for x in ("--report", r)]
    w.run("me@srv.test", *args, status=0)
    for r in reports:
        text = pathlib.Path(r.split("=")[1]).read_text()
        expect("imap.mail.test:993" in text, r, "lacks the endpoint")


@test
def check_lints_settings(w):
    def check(name):
        return subprocess.run([PROGRAM, "check", CORPUS / name], capture_output=True, text=True,
                              env=environment())
    done = check("suspicious-autoconfig.xml")
    expect(done.returncode == 3, done)
    for words in ("suspicious-autoconfig.xml:7:19", "suspicious-autoconfig.xml:8:17", "without its closing percent sign", "^^^^",
                  "is 587 meant?", "port 993 is that of IMAP, not of POP3"):
        expect(words in done.stderr, words, "is missing in\n", done.stderr)
    for name in ("good-autoconfig.xml", "good.mobileconfig", "good-autodiscover.xml",
                 "signed.mobileconfig"):
        expect(check(name).returncode == 0, name, check(name).stderr)
    expect(check("hostile-laughs.xml").returncode == 3, "hostile XML")


@test
def a_closed_standard_output_is_not_written_to(w):
    """The descriptor would be that of a socket."""
    command = [PROGRAM, "discover", "me@srv.test", "--no-check", "--resolver", w.dns.resolver,
               "--trust-anchor", w.dns.anchor]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], capture_output=True,
                          text=True, env=environment())
    expect(done.returncode == 6 and "standard output" in done.stderr, done)


def main():
    if zone_fixture.missing():
        print("1..0 # SKIP", "missing:", " ".join(zone_fixture.missing()))
        return 0
    with tempfile.TemporaryDirectory() as name, zones() as dns:
        folder = pathlib.Path(name)
        web = Web(folder)
        with fleet(folder) as state:
            status = run_tests(TESTS, World(folder, web, dns, state), before=web.clear)
        web.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
